"""What an environment holds, and what a new one has to hold in its place."""

from __future__ import annotations

import os
import sys

from central_venv.adoption.in_tree import identity
from central_venv.adoption.installed import installed
from central_venv.adoption.strays import TOX_INFO, strays
from central_venv.errors import AdoptionError
from central_venv.machine import files
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

    from central_venv.adoption.distribution import Distribution
    from central_venv.adoption.in_tree import InTree
    from central_venv.adoption.installed import Installed


#: The key of `pyvenv.cfg` that lets an environment see the packages of its Python.
_SYSTEM = "include-system-site-packages"
#: The program, and the key of `pyvenv.cfg` that says that it made an environment.
UV = "uv"
#: What runners know only by a file of theirs in the environment: that it is there, and what they installed in it.
_NOTES = {"tox": TOX_INFO}


class Frozen:
    """What an environment holds, and what a new one has to hold.

    Attributes:
        path: absolute path of the environment.
        identity: which directory it is.
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

    __slots__ = (
        "by_uv",
        "identity",
        "interpreter",
        "left_out",
        "note",
        "path",
        "python",
        "runner",
        "strays",
        "system",
        "wanted",
    )

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
        self.identity = identity(old.path)
        self.runner = old.runner
        self.note = note
        self.python = found.python
        self.wanted = wanted
        self.left_out = sorted(found.distributions.keys() - wanted)
        self.strays = strays(old.path, found, old.runner)
        self.system = sees_system(fields)
        self.by_uv = UV in fields
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
            not differences(self.wanted, kept)
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
    before = identity(old.path)
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
    if frozen.identity != before:
        raise AdoptionError(f"`{old.path}` was replaced while it was looked at", hint="try again")
    return frozen


def differences(wanted: dict[str, Distribution], there: dict[str, Distribution]) -> list[str]:
    """List, in words, what is wanted and is missing or another one in an environment."""
    problems = []
    for name, each in sorted(wanted.items()):
        other = there.get(name)
        if other is None:
            problems.append(f"`{name}` is missing")
        elif not each.is_like(other):
            problems.append(f"`{name}` is {other} instead of {each}")
        elif (path := each.other_file(other)) is not None:
            problems.append(f"`{name}` {each} has another content: `{path}` is not the same file")
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


def sees_system(fields: Mapping[str, str]) -> bool:
    """Whether a `pyvenv.cfg` lets its environment see the packages of the Python that it was made from."""
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
