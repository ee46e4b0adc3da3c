"""Becoming another program: it has this process, so its exit status and the signals that it gets are its own."""

from __future__ import annotations

import os
import sys

from central_venv.errors import CommandError
from central_venv.machine import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import NoReturn


def exec_or_run(command: list[str], variables: Mapping[str, str]) -> int:
    """Become a program; on Windows, which cannot do that, run it to its end.

    Args:
        command: its name, which is looked for in its own `PATH`, or its path, and its arguments.
        variables: all that it finds in its environment.

    Returns:
        Its exit status.

    Raises:
        CommandError: it cannot be run.
    """
    for stream in (sys.stdout, sys.stderr):
        stream.flush()
    name = command[0]
    try:
        return _exec_or_run(command, variables)
    except (FileNotFoundError, NotADirectoryError) as error:
        if (program := _script(name, variables)) is not None:
            raise CommandError(
                f"cannot run `{program}`: what its first line names is not there", hint="repair it, or install it anew"
            ) from error
        raise CommandError(
            f"there is no program `{name}`, neither in the environment nor on the path",
            hint="install it into the environment, or check the spelling",
        ) from error
    except OSError as error:
        raise CommandError(
            f"cannot run `{name}`: {files.reason(error)}", hint="repair it, or install it anew"
        ) from error


def _script(name: str, variables: Mapping[str, str]) -> str | None:
    """Where a program is whose interpreter is not."""
    import shutil

    return shutil.which(name, path=variables.get("PATH"))


if sys.platform == "win32":
    import shutil
    import signal
    import subprocess

    def _exec_or_run(command: list[str], variables: Mapping[str, str]) -> int:
        program = shutil.which(command[0], path=variables.get("PATH"))
        if program is None:
            raise FileNotFoundError
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program
        return subprocess.call([program, *command[1:]], env=variables, close_fds=False)  # noqa: S603

else:
    try:
        # What `signal` wraps with enumerations: to load these takes almost half as long as Python's start.
        import _signal as signals  # type: ignore[import-not-found]
    except ImportError:
        import signal as signals

    def _exec_or_run(command: list[str], variables: Mapping[str, str]) -> NoReturn:
        for number in (signals.SIGPIPE, signals.SIGXFSZ):  # Python ignores these, and the program would, too
            signals.signal(number, signals.SIG_DFL)
        # As `os.execvpe`, which loads `warnings` for names in bytes: 3 % of what `central-venv run` takes.
        refused: OSError | None = None
        for path in _candidates(command[0], variables):
            try:
                os.execve(path, command, variables)  # noqa: S606
            except (FileNotFoundError, NotADirectoryError):
                continue
            except OSError as error:
                refused = refused or error
        raise refused or FileNotFoundError

    def _candidates(name: str, variables: Mapping[str, str]) -> list[str]:
        if os.path.dirname(name):
            return [name]
        paths = (os.path.join(directory, name) for directory in variables.get("PATH", os.defpath).split(os.pathsep))
        return [path for path in paths if os.path.exists(path)]  # each attempt would encode all variables anew
