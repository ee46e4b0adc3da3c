"""Making a project environment: with uv if it is there, else with Python's own `venv`.

Nothing that belongs to the project is run, for it may be enough to enter its directory: the programs run elsewhere, and
of the project's wishes only versions are obeyed.
"""

from __future__ import annotations

import os
import shutil
import sys
from contextlib import suppress

from central_venv import files, venv
from central_venv.errors import CreationError, StoreError
from central_venv.foreground import run
from central_venv.layout import PROJECT_ENVIRONMENT
from central_venv.python_request import environment_directory, is_version, project_request

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.environment import Environment
    from central_venv.record import Holder

#: What a prompt may hold besides letters and digits.
_HARMLESS = frozenset(" -_.,+@")


def create(
    environment: Environment, root: str, python: str | None, *, on_wait: Callable[[Holder | None], None]
) -> None:
    """Make an environment unless there is one that is complete; what was interrupted is made anew.

    For the main thread: a signal that ends this process ends what it runs, too. What outlives it all the same keeps the
    claim until it ends.

    Args:
        environment: the one to make.
        root: true path of its project.
        python: the Python, as uv takes it; None for that of `UV_PYTHON`, or else the one that the project asks for.
        on_wait: told who has the environment, if it has to be waited for.

    Raises:
        CreationError: it could not be made.
        PythonRequestError: the project asks for something that is neither a version nor a range.
        StoreError: the store cannot be written.
        HomeConflictError: the home belongs to another project.
        RecordError: a record is newer than this version understands, or the home's is damaged.
    """
    if environment.is_ready() and environment.recorded:
        return
    try:
        environment.claim(environment.directory, on_wait=on_wait)
    except StoreError:
        if environment.is_ready():  # what cannot be recorded can be used all the same
            return
        raise
    try:
        if not environment.is_ready():  # nobody made it meanwhile
            command = _command(environment.path, _prompt(root), _request(python, root))
            _make_room(environment)
            _fill(environment, command)
        environment.seal()
    finally:
        environment.release()


def _fill(environment: Environment, command: list[str]) -> None:
    """Make what was not there; whatever comes of a failure is nobody's work."""
    environment.survive()
    try:
        _make(command, environment.path)
    except BaseException:
        with suppress(StoreError):
            environment.discard()
        raise


def _make_room(environment: Environment) -> None:
    """Remove an older attempt; what nobody recorded may be somebody's work."""
    if not environment.recorded and os.path.lexists(environment.path) and not venv.is_environment(environment.path):
        raise CreationError(
            f"`{environment.path}` is in the way: it is no environment, and nobody recorded it", hint="move it away"
        )
    environment.discard()


def _prompt(root: str) -> str:
    """The project's name, without what could become code: it is written into scripts as it is."""
    return "".join(
        character if character.isalnum() or character in _HARMLESS else "_" for character in os.path.basename(root)
    )


def _request(python: str | None, root: str) -> str | None:
    request = python or os.environ.get("UV_PYTHON")
    if not request:
        return project_request(root)
    # A path means the same in whatever directory the programs run.
    return os.path.abspath(request) if os.path.dirname(request) and os.path.exists(request) else request


def _command(path: str, prompt: str, request: str | None) -> list[str]:
    if uv := _program("uv"):
        python = [] if request is None else [f"--python={request}"]
        return [uv, "venv", "--quiet", "--no-project", f"--prompt={prompt}", *python, "--", path]
    return [_interpreter(request), "-I", "-m", "venv", f"--prompt={prompt}", "--", path]


def _program(name: str) -> str | None:
    """Where a program is, but not in a directory whose path is relative: that may be the project's."""
    directories = filter(os.path.isabs, os.environ.get("PATH", os.defpath).split(os.pathsep))
    return shutil.which(name, path=os.pathsep.join(directories))


def _interpreter(request: str | None) -> str:
    """The interpreter that is asked for; without uv, a range gets what `python3` is."""
    name = "python3"
    if request is not None and is_version(request):
        version = environment_directory(request).removeprefix(f"{PROJECT_ENVIRONMENT}-")
        name = f"python{version}" if version[0].isdigit() else version
    elif request is not None and _program(request):
        name = request
    found = _program(name)
    if found is None and request is not None:
        raise CreationError(f"there is no Python `{request}` here", hint="install it, or uv, which finds it")
    return found or sys.executable


def _make(command: list[str], path: str) -> None:
    program = os.path.basename(command[0])
    try:
        status, said = run(command, os.path.dirname(path))
    except OSError as error:
        raise CreationError(f"cannot run `{program}`: {files.reason(error)}", hint="repair it") from error
    if status:
        lines = filter(None, (" ".join(line.split()) for line in said.removeprefix("error: ").splitlines()))
        reason = "; ".join(lines) or f"status {status}"
        raise CreationError(f"`{program}` could not make the environment: {reason}", hint="mend that, then try again")
    if not venv.is_environment(path):
        raise CreationError(f"`{program}` made no environment at `{path}`", hint="try again")
    if said:
        sys.stderr.write(f"{said}\n")
