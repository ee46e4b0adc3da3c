"""Making a central environment of what is installed in another one, and proving that nothing is missing.

The old environment is only read, and its Python not run. The new one is claimed until it was proved; whatever fails or
is killed before that leaves no environment that anybody takes for a complete one. Then it is marked as used, so that it
is there as long as the old one's removal is being decided.
"""

from __future__ import annotations

import os
import sys
import tempfile
from contextlib import suppress

from central_venv.adoption.in_tree import strays
from central_venv.adoption.installed import installed, program_path
from central_venv.errors import AdoptionError, CreationError, StoreError
from central_venv.machine import files
from central_venv.machine.executable import find_program, variables_elsewhere
from central_venv.machine.foreground import run
from central_venv.project_environment.creation import Wish, make
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from central_venv.adoption.in_tree import InTree
    from central_venv.adoption.installed import Distribution, Installed
    from central_venv.store.environment import Environment
    from central_venv.store.record import Holder

_PREFIX = "import sys; print(sys.prefix)"
_SYSTEM = "include-system-site-packages"
_UV = "uv"
#: What runners know only by a file of theirs in the environment: that it is there, and what they installed in it.
_NOTES = {"tox": ".tox-info.json"}
#: How many differences are told.
_SHOWN = 5


class Frozen:
    """What an environment holds, and what a new one has to hold.

    Attributes:
        path: absolute path of the environment.
        runner: what made it, or `PROJECT_RUNNER`.
        python: its Python, as the names of project environments have it.
        wanted: what a new one has to hold, by normal names.
        left_out: the names of packages that its runner builds and installs on each run.
        note: the name and the content of the file in it by which its runner knows it; None if there is none.
        strays: what lies in it that neither its maker, its runner nor a package put there, by the path in it.
        system: whether it sees the packages of the Python that it was made from.
        by_uv: whether uv made it.
        interpreter: absolute path of the Python that it was made from; None if that is gone, or lies in the project.
    """

    __slots__ = ("by_uv", "interpreter", "left_out", "note", "path", "python", "runner", "strays", "system", "wanted")

    def __init__(
        self,
        old: InTree,
        root: str,
        found: Installed,
        wanted: dict[str, Distribution],
        note: tuple[str, bytes] | None,
    ) -> None:
        fields = venv.configuration(old.path) or {}
        self.path = old.path
        self.runner = old.runner
        self.note = note
        self.python = found.python
        self.wanted = wanted
        self.left_out = sorted(found.distributions.keys() - wanted)
        self.strays = strays(old.path, found, old.runner)
        self.system = _sees_system(fields)
        self.by_uv = _UV in fields
        self.interpreter = _base(fields.get("home", ""), found.python, root)

    @property
    def programs(self) -> set[str]:
        """The names of the programs that its packages brought."""
        return {program for distribution in self.wanted.values() for program in distribution.programs}

    def is_still_true(self) -> bool:
        """Whether it still is what it was, so that nothing is lost with it that is not in a new one.

        Raises:
            AdoptionError: nobody can tell.
        """
        now = installed(self.path)
        kept = {name: each for name, each in now.distributions.items() if name not in self.left_out}
        return (
            not _differences(self.wanted, kept)
            and not kept.keys() - self.wanted
            and strays(self.path, now, self.runner) == self.strays
        )


def freeze(old: InTree, tree: str, root: str) -> Frozen:
    """What an environment in a project's tree holds.

    Args:
        old: the environment.
        tree: absolute path of the directory that it is removed with.
        root: true path of the project.

    Raises:
        FileNotFoundError: it went away meanwhile.
        AdoptionError: nobody can tell, or something that it holds could not be installed again.
        StoreError: a directory cannot be listed.
    """
    if os.path.isdir(os.path.join(old.path, venv.CONDA_MARKER)):
        raise AdoptionError(f"`{old.path}` is an environment of conda", hint="let conda make one elsewhere")
    note = _note(old)
    found = installed(old.path)
    wanted = {name: each for name, each in found.distributions.items() if not _is_the_runners(each, old, tree)}
    for name, each in wanted.items():
        path = None if each.origin is None else each.origin.path
        if path is None:
            continue
        if not os.path.exists(path):
            raise AdoptionError(
                f"`{name}` was installed from `{path}`, which is gone",
                hint=f"install `{name}` in `{old.path}` from where it is now, or uninstall it there",
            )
        if os.path.isdir(path) and _is_in(path, tree):
            raise AdoptionError(
                f"`{name}` is installed from `{path}`, which would go with `{tree}`",
                hint=f"move that directory out of `{tree}` and install it from there",
            )
    frozen = Frozen(old, root, found, wanted, note)
    os.lstat(old.path)  # what was read is whole: it goes in one step
    return frozen


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
        return _proved(frozen, environment.path, made=False)
    environment.uses.end()
    environment.claim(environment.directory, on_wait=on_wait)
    try:
        if environment.is_ready():  # somebody made it meanwhile
            environment.restore()
            environment.use(on_wait=on_wait)
            return _proved(frozen, environment.path, made=False)
        changes = _make(frozen, environment, root)
        environment.seal()
        environment.use(on_wait=on_wait)
        return changes
    finally:
        environment.release()


def _make(frozen: Frozen, environment: Environment, root: str) -> list[str]:
    uv = find_program(_UV)
    # nox reuses only what was made by the same kind of program, so that is done if its Python is still there.
    with_uv = uv is not None and (frozen.by_uv or frozen.interpreter is None)
    options = (
        *(["--system-site-packages"] if frozen.system else []),
        *(["--without-pip"] if uv is not None and not with_uv else []),
    )
    files.make_private_directory(os.path.dirname(environment.path))
    make(environment, Wish(root, frozen.interpreter or frozen.python, options=options, uv=with_uv))
    try:
        _install(frozen, environment.path, uv)
        changes = _proved(frozen, environment.path, made=True)
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


def _proved(frozen: Frozen, path: str, *, made: bool) -> list[str]:
    """Make sure that an environment works and holds what is wanted.

    Args:
        frozen: what is wanted.
        path: absolute path of the environment.
        made: whether it was made for that, and so has to hold nothing else.

    Returns:
        What was built from directories that have changed, in sentences.

    Raises:
        AdoptionError: it does not.
    """
    python = os.path.join(path, venv.PYTHON)
    status, said = _started([python, "-I", "-c", _PREFIX])
    if status or os.path.realpath(said) != os.path.realpath(path):
        raise AdoptionError(f"`{python}` does not work: {_reason(status, said)}", hint="remove that environment")
    now = installed(path)
    problems = [] if now.python == frozen.python else [f"its Python is {now.python} instead of {frozen.python}"]
    if frozen.system and not _sees_system(venv.configuration(path) or {}):
        problems.append("it does not see the packages of its Python")
    problems += _differences(frozen.wanted, now.distributions)
    if made:
        problems += [f"`{name}` is there, too" for name in sorted(now.distributions.keys() - frozen.wanted)]
    problems += [
        f"the program `{name}` is missing"
        for name in sorted(frozen.programs)
        if not os.path.lexists(program_path(path, name))
    ]
    if problems:
        more = f" and {len(problems) - _SHOWN} more differences" if len(problems) > _SHOWN else ""
        raise AdoptionError(
            f"`{path}` is not what `{frozen.path}` is: {'; '.join(problems[:_SHOWN])}{more}",
            hint="make the old one as it should be, then try again"
            if made
            else "install there what is missing, or remove one of the two",
        )
    return [
        f"`{name}` is {now.distributions[name].version} now, and was {each.version}: its directory has changed"
        for name, each in frozen.wanted.items()
        if now.distributions[name].version != each.version
    ]


def _differences(wanted: dict[str, Distribution], there: dict[str, Distribution]) -> list[str]:
    problems = []
    for name, each in sorted(wanted.items()):
        other = there.get(name)
        if other is None:
            problems.append(f"`{name}` is missing")
        elif not each.is_like(other):
            problems.append(f"`{name}` is {other} instead of {each}")
    return problems


def _note(old: InTree) -> tuple[str, bytes] | None:
    name = _NOTES.get(old.runner)
    if name is None:
        return None
    content = files.read(os.path.join(old.path, name))
    if not content:
        raise AdoptionError(
            f"`{old.path}` has no `{name}`, so {old.runner} does not know it and would make it anew",
            hint=f"remove it: {old.runner} makes a central one",
        )
    return name, content


def _is_the_runners(distribution: Distribution, old: InTree, tree: str) -> bool:
    """Whether a runner built a package for a run and deleted that then: tox does so each time."""
    origin = distribution.origin
    return (
        old.runner == "tox"
        and origin is not None
        and origin.path is not None
        and not origin.is_directory
        and _is_in(origin.path, tree)
    )


def _is_in(path: str, directory: str) -> bool:
    return os.path.join(os.path.realpath(path), "").startswith(os.path.join(os.path.realpath(directory), ""))


def _sees_system(fields: Mapping[str, str]) -> bool:
    return fields.get(_SYSTEM, "").lower() == "true"


def _base(home: str, python: str, root: str) -> str | None:
    """The Python that an environment was made from, by the directory that it names.

    None if it is gone, and if it lies in the project: it is run, and whoever wrote the project could have put any
    program there.
    """
    name = "python.exe" if sys.platform == "win32" else f"python{python}" if python[0].isdigit() else python
    path = os.path.join(home, name)
    if not os.path.isabs(path) or not os.access(path, os.X_OK):
        return None
    # a link there does not help: Python looks for its configuration beside the path that it was started by
    return None if any(_is_in(each, root) for each in (os.path.dirname(home), home, path)) else path


def _run(command: list[str], directory: str) -> None:
    try:
        status, said = run(command, directory, variables_elsewhere())
    except OSError as error:
        raise CreationError(f"cannot run `{command[0]}`: {files.reason(error)}", hint="repair it") from error
    if status:
        raise CreationError(
            f"`{os.path.basename(command[0])}` could not install what is in the old one: {_reason(status, said)}",
            hint="mend that, then try again; an index of your own can be named in the configuration of uv or pip",
        )
    if said:
        sys.stderr.write(f"{said}\n")


def _started(command: list[str]) -> tuple[int, str]:
    try:
        return run(command, os.sep)
    except OSError as error:
        return 1, files.reason(error)


def _reason(status: int, said: str) -> str:
    lines = filter(None, (" ".join(line.split()) for line in said.removeprefix("error: ").splitlines()))
    return "; ".join(lines) or f"status {status}"
