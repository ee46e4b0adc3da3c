"""The command line, ``central-venv`` or ``cvenv`` for short.

stdout carries only the answer, everything else goes to stderr. Exit status: 0 done, 1 "no" or failed, 2 wrong usage,
and as in a shell 126 if a program that was asked for cannot be run, 127 if there is none.
"""

from __future__ import annotations

import os
import sys

from central_venv.errors import CentralVenvError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from typing import Any, Protocol, TextIO

    class QuickCommand(Protocol):
        """What the module of such a command holds."""

        @property
        def QUICK(self) -> Mapping[str, object]:  # noqa: N802  # a constant of a module
            """Each option with its default, for `parse_quickly`."""

        def conflict(self, arguments: Any, /) -> str | None:
            """What is wrong with a combination of options, if anything."""

        def run(self, arguments: Any, /) -> int:
            """Do it; returns the exit status."""


DONE = 0
FAILED = 1
INTERRUPTED = 130


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        arguments: what follows the program's name; None for this process's own.

    Returns:
        The exit status.
    """
    if arguments is not None:
        return report_errors(lambda: _run(list(arguments)))
    import gc

    gc.disable()  # a command ends long before its rubbish matters
    status = report_errors(lambda: _run(sys.argv[1:]))
    gc.freeze()  # or Python looks through all its modules once more at its end, for 7 % of the time of a lookup
    return status


def report_errors(command: Callable[[], int]) -> int:
    """Run a command of a command line: if it fails, print `error:` and `hint:` to stderr, never a traceback.

    Args:
        command: prints its output to stdout, and returns the exit status.

    Returns:
        The exit status; that of the error if it failed, 130 if the user interrupted it.
    """
    if sys.stderr is None:  # closed: what would go there is for nobody
        sys.stderr = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115  # until the end
    if sys.stdout is None:
        complain(CentralVenvError("cannot write the answer: stdout is closed", hint="leave it open"))
        return FAILED
    stdout = sys.stdout
    sys.stdout = _Answer(stdout)
    try:
        status = command()
        sys.stdout.flush()
    except CentralVenvError as error:
        complain(error)
        return error.status
    except _UnansweredError as error:
        _complain_unanswered(error.__cause__)
    except OSError as error:
        _complain_of_system(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    else:
        return status
    finally:
        sys.stdout = stdout
    return FAILED


class _UnansweredError(Exception):
    """The answer cannot be written; the cause says why."""


class _Answer:
    """stdout, whose errors are told from all others."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)

    def write(self, text: str) -> int:
        """Write what is printed."""
        try:
            return self._stream.write(text)
        except OSError as error:
            raise _UnansweredError from error

    def flush(self) -> None:
        """Let nothing be kept."""
        try:
            self._stream.flush()
        except OSError as error:
            raise _UnansweredError from error


def write_answer(content: bytes) -> None:
    """Write bytes to stdout: paths need not be text."""
    sys.stdout.flush()
    try:
        sys.stdout.buffer.write(content)
        sys.stdout.buffer.flush()
    except OSError as error:
        raise _UnansweredError from error


def _complain_unanswered(cause: BaseException | None) -> None:
    # What is left of it must not be written at exit.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    if isinstance(cause, OSError) and not isinstance(cause, BrokenPipeError):  # nobody reads to the end, as `head`
        reason = cause.strerror or cause
        complain(CentralVenvError(f"cannot write the answer: {reason}", hint="make room for it there"))


def _complain_of_system(error: OSError) -> None:
    """Say what the system refused, and of which file."""
    from central_venv.machine.files import reason
    from central_venv.machine.remedies import remedy

    if isinstance(error, FileNotFoundError) and not error.filename:  # nothing else than a relative path has no name
        complain(CentralVenvError("the current directory is gone", hint="go to a directory that exists"))
        return
    names = " and ".join(f"`{os.fsdecode(name)}`" for name in (error.filename, error.filename2) if name)
    message = f"cannot use {names}: {reason(error)}" if names else f"cannot go on: {reason(error)}"
    complain(CentralVenvError(message, hint=remedy(error.errno or 0, str(error.filename or ""))))


def _run(argv: list[str]) -> int:
    if (quick := _quick(argv)) is not None:
        return quick()
    from central_venv.cli.parser import parse

    arguments = parse(argv)
    status: int = arguments.run(arguments)
    return status


def _quick(argv: list[str]) -> Callable[[], int] | None:
    """What is called at every shell prompt, from every Makefile or by programs, without `argparse` if possible."""
    if argv[:1] == ["path"]:
        from central_venv.cli import path

        return _understood(path, argv[1:])
    if argv[:1] == ["run"]:
        from central_venv.cli import run

        return _understood(run, argv[1:], run.REST)
    if argv[:1] == ["env"]:
        from central_venv.cli import env

        return _understood(env, argv[1:])
    if argv[:1] == ["uv"]:
        from central_venv.cli import uv

        return (lambda: uv.run_quickly(argv[1:])) if uv.is_for_uv(argv[1:]) else None
    if argv[:1] == ["list"]:
        from central_venv.cli import listing

        return _understood(listing, argv[1:])
    return None


def _understood(command: QuickCommand, argv: list[str], rest_name: str | None = None) -> Callable[[], int] | None:
    arguments = parse_quickly(argv, command.QUICK, rest_name)
    return None if arguments is None or command.conflict(arguments) else lambda: command.run(arguments)


class Arguments:
    """What a command is asked: an attribute for each option."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self.__dict__.update(values)


def parse_quickly(argv: Sequence[str], defaults: Mapping[str, object], rest_name: str | None = None) -> Any:
    """Read a command line whose options are spelled out in full: `argparse` takes half of Python's start-up time.

    It knows nothing of help and complains of nothing.

    Args:
        argv: what follows the command's name.
        defaults: each option with its default: False for a flag, None for what takes a value.
        rest_name: what the words from the first that is no option on are called, if the command takes any.

    Returns:
        An object with an attribute for each option; None to leave the line to the real parser.
    """
    values = dict(defaults)
    rest = list(argv)
    while rest:
        if rest_name is not None and not (rest[0].startswith("-") and rest[0] != "--"):
            break
        name, equals, value = rest.pop(0).partition("=")
        key = name[2:] if name.startswith("--") else ""
        if key not in defaults or "_" in key or (equals and defaults[key] is False):
            return None
        if defaults[key] is False:
            values[key] = True
        elif equals:
            values[key] = value
        elif rest and not rest[0].startswith("-"):
            values[key] = rest.pop(0)
        else:
            return None
    if rest_name is not None:
        values[rest_name] = rest
    return Arguments(values)


def complain(error: CentralVenvError) -> None:
    """Say on stderr what failed, and the remedy."""
    from central_venv.machine.words import printable

    print(f"error: {printable(error.message)}", file=sys.stderr)
    print(f"hint: {printable(error.hint)}", file=sys.stderr)
