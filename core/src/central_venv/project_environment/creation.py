"""Making a project environment: with uv if it is there, else with virtualenv, else with Python's own `venv`.

It may be enough to enter a project's directory. So nothing that belongs to a project that nobody vouched for is run:
the programs run elsewhere, and of the project's wishes only versions are obeyed.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from central_venv.errors import CreationError, StoreError, UnmovableError
from central_venv.machine import files
from central_venv.machine.executable import find_program, variables_elsewhere
from central_venv.machine.foreground import run
from central_venv.policy.layout import SHARED_PREFIX
from central_venv.policy.python_request import find_version, is_version, newest_in_range, project_request
from central_venv.project_environment.choice import PYTHON_VARIABLES, UV_PROJECT_ENVIRONMENT, uv_python
from central_venv.project_link.removing import drop_dangling
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.store.environment import Environment
    from central_venv.store.environment_record import Holder
    from central_venv.store.home import Home
    from central_venv.store.trash import Trash

#: What a prompt may hold besides letters and digits.
_HARMLESS = frozenset(" -_.,+@")


class CreationOptions:
    """How an environment is to be.

    Attributes:
        root: true path of the project that it is for; None for one that several projects share.
        python: its Python, as uv takes it; None for that of `UV_PYTHON`, or else the one that the project asks for.
        trusted: whether the user vouches for the project: then uv runs in it, and takes for its Python whatever it
            says.
        arguments: further arguments for uv and virtualenv.
        uv: whether uv may make it: some runners tell who did.
    """

    __slots__ = ("arguments", "python", "root", "trusted", "uv")

    def __init__(
        self,
        root: str | None,
        python: str | None = None,
        *,
        trusted: bool = False,
        arguments: tuple[str, ...] = (),
        uv: bool = True,
    ) -> None:
        self.root = root
        self.python = python
        self.trusted = trusted
        self.arguments = arguments
        self.uv = uv


def create(
    environment: Environment, options: CreationOptions, *, on_wait: Callable[[Holder | None], None], anew: bool = False
) -> bool:
    """Make an environment unless there is one that is complete; what was interrupted is made anew.

    For the main thread: a signal that ends this process ends what it runs, too. What outlives it all the same keeps the
    claim until it ends.

    Args:
        environment: the one to make.
        options: how it is to be.
        on_wait: told who has the environment, if it has to be waited for.
        anew: whether one that is complete is made again; it is removed once that has succeeded.

    Returns:
        Whether it was made.

    Raises:
        CreationError: it could not be made, or what would be removed is in use.
        MovedEnvironmentError: it lies elsewhere than where it was made, and is not to be made anew.
        PythonRequestError: the project asks for something that is neither a version nor a range.
        StoreError: the store cannot be written.
        HomeConflictError: the home belongs to another project.
        RecordError: a record is newer than this version understands, or the home's is damaged.
    """
    if not anew:
        if environment.is_ready() and (environment.recorded or _adopted(environment, on_wait)):
            return False
        environment.refuse_moved()
    try:
        environment.claim(environment.directory, on_wait=on_wait, replaced=anew)
    except StoreError:
        if not anew and environment.is_ready():  # what cannot be recorded can be used all the same
            return False
        raise
    try:
        made = anew or not environment.is_ready()  # somebody may have made it meanwhile
        if made:
            make(environment, options)
        environment.seal()
        return made
    finally:
        environment.release()


def create_foreign(path: str, home: Home, options: CreationOptions) -> bool:
    """Make an environment where the user's `UV_PROJECT_ENVIRONMENT` says, unless there is one; replace nothing there.

    It is not the store's: it is not recorded, locked or removed, whatever comes of it.

    Args:
        path: absolute path of the environment.
        home: the home of the project that it is for.
        options: how it is to be.

    Returns:
        Whether it was made.

    Raises:
        CreationError: it could not be made, or something else is there.
        PythonRequestError: the project asks for something that is neither a version nor a range.
    """
    named = f"`{path}`, which `{UV_PROJECT_ENVIRONMENT}` names,"
    elsewhere = f"or let `{UV_PROJECT_ENVIRONMENT}` name another place"
    if os.pathsep in path:
        raise CreationError(f"{named} cannot be on the search path, because of a `{os.pathsep}`", hint=elsewhere[3:])
    if venv.is_environment(os.path.realpath(path)):
        if venv.has_interpreter(path):
            return False
        raise CreationError(f"{named} is an environment without its Python", hint=f"remove it, {elsewhere}")
    if not _is_free(path):
        raise CreationError(f"{named} is no environment, and in the way", hint=f"move it away, {elsewhere}")
    request = _request(home.path, home.store.path, options)
    # A project that nobody vouched for must not tell uv anything, not even by a configuration beside the environment.
    directory = str(options.root) if _asks_project(options) else os.path.abspath(os.sep)
    command = _command(f"--prompt={_harmless(os.path.basename(home.root))}", request, options)
    _run(command, path, directory)
    return True


def _is_free(path: str) -> bool:
    """Whether nothing is there, or nothing but an empty directory."""
    if not os.path.lexists(path):
        return True
    try:
        return not os.path.islink(path) and not os.listdir(path)
    except OSError:  # no directory, or one that nobody can look into
        return False


def _adopted(environment: Environment, on_wait: Callable[[Holder | None], None]) -> bool:
    """Whether what somebody made without us can be used as it is: recorded if possible, and untouched."""
    try:
        return environment.record_existing(on_wait=on_wait)
    except StoreError:  # what cannot be recorded can be used all the same
        return True


def make(environment: Environment, options: CreationOptions) -> None:
    """Make an environment that this process has claimed, in the place of whatever is there.

    One that is complete is put back if that fails.

    Args:
        environment: the one to make.
        options: how it is to be.

    Raises:
        CreationError: it could not be made, or what would be removed is in use.
        PythonRequestError: the project asks for something that is neither a version nor a range.
        StoreError: the store cannot be written.
    """
    directory = str(options.root) if _asks_project(options) else os.path.dirname(environment.path)
    try:
        request = _request(os.path.dirname(environment.path), environment.store, options)
        prompt = f"--prompt={prompt_of(environment, options.root)}"
        command = _command(prompt, request, options)
        _check_room(environment)
        keep = environment.is_ready() or environment.former_path is not None
        old = _make_room(environment, command, directory, keep=keep)
    except BaseException:
        with suppress(StoreError):  # nothing was changed
            environment.restore_record()
        raise
    environment.make_inheritable()
    try:
        if not keep:
            old.empty()
        _run(command, environment.path, directory)
    except BaseException:
        with suppress(StoreError, OSError):  # whatever comes of a failure is nobody's work
            environment.discard()
        with suppress(StoreError, OSError):
            if keep:
                old.give_back(environment.path)
                keep = False
                environment.restore_record()
        if options.root is not None:
            drop_dangling(options.root, environment.path)
        raise
    else:
        keep = False
    finally:
        old.close() if keep else old.empty()  # what cannot be given back is not deleted, either


def _asks_project(options: CreationOptions) -> bool:
    """Whether uv is to find out which Python the project wants."""
    return options.trusted and options.uv and options.root is not None and find_program("uv") is not None


def _check_room(environment: Environment) -> None:
    """Refuse to replace what is in use, and what nobody recorded: it may be somebody's work."""
    if not environment.recorded and os.path.lexists(environment.path) and not venv.is_environment(environment.path):
        raise CreationError(
            f"`{environment.path}` is in the way: it is no environment, and nobody recorded it", hint="move it away"
        )
    venv.refuse_unfollowed(environment.path)
    if venv.is_environment(environment.path) and (user := environment.in_use_by()) is not None:
        raise CreationError(
            f"`{environment.path}` cannot be made anew: it is in use by {user}",
            hint="end that process, then run the command again",
        )


def _make_room(environment: Environment, command: list[str], directory: str, *, keep: bool) -> Trash:
    """Take away what is there. What cannot be renamed goes for good, once the same command has succeeded elsewhere.

    Args:
        environment: the one to make.
        command: what makes it, but for the place.
        directory: where that runs.
        keep: whether what is there is worth keeping.
    """
    try:
        return environment.set_aside()
    except UnmovableError as error:
        from central_venv.store.trash import Trash

        trash = Trash(environment.store)
        try:
            if keep:
                _run(command, trash.scratch(), directory)
                sys.stderr.write(f"{error.message}; it is deleted before the new one is made\n")
            environment.discard()
        finally:
            trash.empty()
        return trash


def prompt_of(environment: Environment, root: str | None) -> str:
    """What a shell shows of an environment: its project, without what could become code in the scripts that hold it.

    Args:
        environment: the one that is made.
        root: true path of its project; None if several share it.
    """
    name = environment.directory.removeprefix(SHARED_PREFIX) if root is None else os.path.basename(root)
    return _harmless(name)


def _harmless(name: str) -> str:
    return "".join(character if character.isalnum() or character in _HARMLESS else "_" for character in name)


def _request(home: str, store: str, options: CreationOptions) -> str | None:
    request = options.python or uv_python(home, store)
    if not request:
        return None if options.root is None or _asks_project(options) else project_request(options.root)
    # A path means the same in whatever directory the programs run.
    return os.path.abspath(request) if os.path.dirname(request) and os.path.exists(request) else request


def _command(prompt: str, request: str | None, options: CreationOptions) -> list[str]:
    """What makes the environment, but for the place, which comes last."""
    if options.uv and (uv := find_program("uv")):
        python = [] if request is None else [f"--python={request}"]
        alone = [] if _asks_project(options) else ["--no-project"]
        return [uv, "venv", "--quiet", *alone, prompt, *python, *options.arguments]
    interpreter = _interpreter(request)
    if virtualenv := find_program("virtualenv"):
        return [virtualenv, "--quiet", f"--python={interpreter}", prompt, *options.arguments]
    return [interpreter, "-I", "-m", "venv", prompt, *options.arguments]


def _interpreter(request: str | None) -> str:
    """The interpreter that is asked for."""
    if request is None:
        return find_program("python3") or sys.executable
    found = find_version(request) if is_version(request) else find_program(request) or newest_in_range(request)
    if found is None:
        raise CreationError(f"there is no Python `{request}` here", hint="install it, or uv, which finds it")
    return found


def _run(command: list[str], path: str, directory: str) -> None:
    program = os.path.basename(command[0])
    try:
        # Which Python is asked for, the command says.
        variables = {name: value for name, value in variables_elsewhere().items() if name not in PYTHON_VARIABLES}
        status, said = run([*command, "--", path], directory, variables)
    except OSError as error:
        raise CreationError(f"cannot run `{program}`: {files.reason(error)}", hint="repair it") from error
    if status:
        lines = filter(None, (" ".join(line.split()) for line in said.removeprefix("error: ").splitlines()))
        reason = "; ".join(lines) or f"status {status}"
        raise CreationError(
            f"`{program}` could not make the environment: {reason}",
            hint="the file system there knows no symbolic links: choose a directory on another one"
            if files.lacks_links(os.path.dirname(path))
            else f"fix what `{program}` reports, then run the command again",
        )
    if not venv.is_environment(path):
        raise CreationError(f"`{program}` made no environment at `{path}`", hint="try again")
    if not venv.has_interpreter(path):  # or whoever waits for a complete one would have it made again and again
        venv.refuse_unfollowed(path)
        raise CreationError(
            f"`{os.path.join(path, venv.PYTHON)}` cannot be reached: what it was made from is not there, or not for "
            "this user",
            hint="set `UV_PYTHON` to another Python, or let this user read the one that it was made from",
        )
    if said:
        sys.stderr.write(f"{said}\n")
