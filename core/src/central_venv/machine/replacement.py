"""Becoming another program: it has this process, so its exit status and the signals that it gets are its own."""

from __future__ import annotations

import os
import sys

from central_venv.errors import CommandError, ProgramNotFoundError
from central_venv.machine import files
from central_venv.machine.executable import find_in, find_named

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn

#: What a kernel reads of a script at most to find its interpreter.
_FIRST_LINE = 512


def exec_or_run(command: list[str], variables: Mapping[str, str], programs: str | None = None) -> int:
    """Become a program; on Windows, which cannot do that, run it to its end.

    As in a shell, the first that can be meant is started or nothing is: never one of the same name further on.

    Args:
        command: its name, which is looked for in its own `PATH`, or its path, and its arguments.
        variables: all that it finds in its environment.
        programs: absolute path of a directory; what has the name there is meant, whatever it is, before all of `PATH`.

    Returns:
        Its exit status.

    Raises:
        ProgramNotFoundError: there is none.
        CommandError: it cannot be run.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    path = _find(command[0], variables.get("PATH", os.defpath).split(os.pathsep), programs)
    if path is None:
        raise ProgramNotFoundError(
            f"there is no program `{command[0]}`, neither in the environment nor on the path",
            hint="install it into the environment, or check the spelling",
        )
    try:
        return _exec_or_run(path, command, variables)
    except OSError as error:
        if os.path.isdir(path):
            raise CommandError(f"cannot run `{path}`: it is a directory", hint="name a program") from error
        raise _refusal(path, error) from error


def _find(name: str, directories: list[str], programs: str | None) -> str | None:
    if directory := os.path.dirname(name):
        return find_in(os.path.basename(name), [directory]) or name
    own = None if programs is None else find_named(name, [programs])
    # One that cannot be run tells why there is none, if there is no other.
    return own or find_in(name, directories) or find_named(name, directories)


def _refusal(path: str, error: OSError) -> CommandError:
    """What to say of a program that the system does not start."""
    again = "install the package that it comes from once more"
    interpreter = _interpreter(path)
    if isinstance(error, (FileNotFoundError, NotADirectoryError)):
        if not os.path.lexists(path):
            return ProgramNotFoundError(f"there is no program `{path}`", hint="check the spelling")
        if not os.path.exists(path):
            return CommandError(f"cannot run `{path}`: it is a link that leads nowhere", hint=again)
        missing = "what loads it" if interpreter is None else f"`{interpreter}`, which its first line names,"
        return CommandError(f"cannot run `{path}`: {missing} is not there", hint=again)
    if isinstance(error, PermissionError) and _lets_nothing_run(path):
        return CommandError(
            f"cannot run `{path}`: nothing can be run on that file system",
            hint="mount it without `noexec`, or set `CENTRAL_VENV_HOME` to a directory on another one",
        )
    if isinstance(error, PermissionError) and not os.access(path, os.X_OK):
        from shlex import quote

        return CommandError(f"cannot run `{path}`: it is not executable", hint=f"run `chmod +x {quote(path)}`")
    through = "" if interpreter is None else f"`{interpreter}`, which its first line names: "
    return CommandError(f"cannot run `{path}`: {through}{files.reason(error)}", hint=again)


if sys.platform == "win32":

    def _lets_nothing_run(path: str) -> bool:  # noqa: ARG001  # there, no file system is mounted so
        return False

else:

    def _lets_nothing_run(path: str) -> bool:
        """Whether a file system is mounted with `noexec`."""
        try:
            return bool(os.statvfs(path).f_flag & getattr(os, "ST_NOEXEC", 0))  # which macOS does not know
        except OSError:  # it is out of reach
            return False


def _interpreter(path: str) -> str | None:
    """What the first line of a script names; None if it is no script."""
    try:
        with open(os.open(path, files.READ_WITHOUT_WAITING), "rb") as file:
            first = file.read(_FIRST_LINE).partition(b"\n")[0]
    except OSError:
        return None
    words = first[2:].split() if first.startswith(b"#!") else []
    return os.fsdecode(words[0]) if words else None


if sys.platform == "win32":
    from central_venv.machine.child import run_as_child

    def _exec_or_run(path: str, command: list[str], variables: Mapping[str, str]) -> int:
        return run_as_child([path, *command[1:]], variables)

else:
    try:
        # What `signal` wraps with enumerations: to load these takes almost half as long as Python's start.
        import _signal as signals  # type: ignore[import-not-found]
    except ImportError:
        import signal as signals

    def _exec_or_run(path: str, command: list[str], variables: Mapping[str, str]) -> NoReturn:
        for number in (signals.SIGPIPE, signals.SIGXFSZ):  # Python ignores these, and the program would, too
            signals.signal(number, signals.SIG_DFL)
        # Not `os.execvpe`: that loads `warnings` for names in bytes, 3 % of what `central-venv run` takes, and goes on
        # along the path behind a script whose interpreter is gone.
        os.execve(path, command, variables)  # noqa: S606
