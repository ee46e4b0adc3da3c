"""Making a central environment of what is installed in another one.

The old environment is only read, and its Python not run. The new one is claimed until it was proved; whatever fails or
is killed before that leaves no environment that anybody takes for a complete one. Then it is marked as used, so that it
is there as long as the old one's removal is being decided.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress

from central_venv.adoption.frozen import UV, Frozen
from central_venv.adoption.installed import installed
from central_venv.adoption.proof import failure, prove
from central_venv.errors import AdoptionError, CreationError, StoreError
from central_venv.machine import files
from central_venv.machine.executable import find_program, variables_elsewhere
from central_venv.machine.foreground import run
from central_venv.project_environment.creation import CreationOptions, make
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.store.environment import Environment
    from central_venv.store.environment_record import Holder


def adopt(
    frozen: Frozen, environment: Environment, root: str, *, on_wait: Callable[[Holder | None], None]
) -> list[str]:
    """Let a central environment hold what another one holds: by making it, or by proving that it does so already.

    For the main thread: a signal that ends this process ends what it runs, too. The central one is marked as used then,
    so that nobody removes it before the old one is gone: the caller ends `environment.uses`, also after an error.

    Args:
        frozen: what it has to hold.
        environment: the central one.
        root: true path of the project.
        on_wait: told who has the environment, if it has to be waited for.

    Returns:
        What is not as it was all the same, in sentences: packages that are built from a directory which has changed.

    Raises:
        AdoptionError: it does not hold that; if it was not there before, it is not there now either.
        CreationError: it cannot be made, or something cannot be installed in it.
        StoreError: the store cannot be written.
        HomeConflictError: the home belongs to another project.
        RecordError: a record is newer than this version understands, or the home's is damaged.
    """
    if os.path.lexists(environment.path) and os.path.samefile(environment.path, frozen.path):
        raise AdoptionError(f"`{frozen.path}` is the central environment itself", hint="there is nothing to adopt")
    if environment.held_by_outer_run:
        raise AdoptionError(
            f"`{environment.path}` belongs to the run that this command is part of", hint="run it outside of that"
        )
    if environment.use(on_wait=on_wait):
        return prove(frozen, environment.path, made=False)
    environment.uses.end()
    environment.claim(environment.directory, on_wait=on_wait)
    try:
        if environment.is_ready():  # somebody made it meanwhile
            environment.restore_record()
            environment.use(on_wait=on_wait)
            return prove(frozen, environment.path, made=False)
        changes = _make(frozen, environment, root)
        environment.seal()
        environment.use(on_wait=on_wait)
        return changes
    finally:
        environment.release()


def _make(frozen: Frozen, environment: Environment, root: str) -> list[str]:
    uv = find_program(UV)
    # nox reuses only what was made by the same kind of program, so that is done if its Python is still there.
    with_uv = uv is not None and (frozen.by_uv or frozen.interpreter is None)
    arguments = (
        *(["--system-site-packages"] if frozen.system else []),
        *(["--without-pip"] if uv is not None and not with_uv else []),
    )
    files.make_private_directory(os.path.dirname(environment.path))
    make(environment, CreationOptions(root, frozen.interpreter or frozen.python, arguments=arguments, uv=with_uv))
    try:
        _install(frozen, environment.path, uv)
        changes = prove(frozen, environment.path, made=True)
        if frozen.note is not None:
            name, content = frozen.note
            files.write(os.path.join(environment.path, name), content)
    except BaseException:
        with suppress(StoreError):  # whatever comes of a failure is nobody's work
            environment.discard()
        raise
    return changes


def _install(frozen: Frozen, path: str, uv: str | None) -> None:
    """Install what is wanted, and nothing else: what came with the environment goes if it is not."""
    python = os.path.join(path, venv.PYTHON)
    pip = [python, "-I", "-m", "pip", "--quiet", "--disable-pip-version-check", "--no-input"]
    with tempfile.TemporaryDirectory(prefix="central-venv-") as directory:
        if frozen.wanted:
            lines = [each.requirement(for_uv=uv is not None) for _, each in sorted(frozen.wanted.items())]
            requirements = os.path.join(directory, "requirements.txt")
            files.write(requirements, "".join(f"{line}\n" for line in lines).encode())
            ways = pip if uv is None else [uv, "pip", "--quiet"]
            place = [] if uv is None else ["--python", python]
            _run([*ways, "install", "--no-deps", *place, "-r", requirements], directory)
        if uv is None and (surplus := sorted(installed(path).distributions.keys() - frozen.wanted)):
            _run([*pip, "uninstall", "--yes", *surplus], directory)


def _run(command: list[str], directory: str) -> None:
    try:
        status, said = run(command, directory, variables_elsewhere())
    except OSError as error:
        raise CreationError(f"cannot run `{command[0]}`: {files.reason(error)}", hint="repair it") from error
    if status:
        program = os.path.basename(command[0])
        raise CreationError(
            f"`{program}` could not install what is in the old one: {failure(status, said)}",
            hint=f"fix what `{program}` reports, then run the command again; an index of your own can be named in the "
            "configuration of uv or pip",
        )
    if said:
        sys.stderr.write(f"{said}\n")
