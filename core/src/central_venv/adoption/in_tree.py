"""The environments in a project's tree, where runners and people put them, and what else lies there."""

from __future__ import annotations

import os
import re

from central_venv.adoption.strays import MARKS, NOTES, TOX_INFO, is_true_directory
from central_venv.errors import AdoptionError
from central_venv.machine import files
from central_venv.machine.spelling import comparable
from central_venv.policy.layout import PROJECT_ENVIRONMENT, PROJECT_RUNNER
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    Identity = tuple[int, int]


#: The directories in a project that hold environments, each with the runner that they are of.
DIRECTORIES = {PROJECT_ENVIRONMENT: PROJECT_RUNNER, "venv": PROJECT_RUNNER, ".tox": "tox", ".nox": "nox"}
#: Those that are looked for if none is named.
USUAL = (PROJECT_ENVIRONMENT, ".tox", ".nox")
_REMOVED = re.compile(r"\.central-venv-removed-[0-9a-f]+-[0-9a-f]{8}")
_TAKEN = re.compile(r"\.central-venv-taken-([0-9a-f]+)-[0-9a-f]{8}")
#: What runners put beside their environments.
_BESIDE = {"tox": frozenset({"log", "dist", ".tmp", ".package.lock"}), "nox": frozenset()}


class InTree:
    """An environment in a project's tree.

    Attributes:
        path: its absolute path.
        runner: what made it, or `PROJECT_RUNNER` for the project's own.
        name: what it is called, from the project's root on, such as ``.tox/py312``.
    """

    __slots__ = ("name", "path", "runner")

    def __init__(self, path: str, runner: str, name: str) -> None:
        self.path = path
        self.runner = runner
        self.name = name


class Tree:
    """A directory in a project that is an environment, or that holds a runner's.

    Attributes:
        path: its absolute path.
        identity: which directory it is.
        environments: those in it that are asked for.
        going: the names of what else in it is the runner's, and goes with it.
        staying: the names of what else is in it, because of which it stays.
    """

    __slots__ = ("environments", "going", "identity", "path", "staying")

    def __init__(
        self, path: str, environments: list[InTree], going: Sequence[str] = (), staying: Sequence[str] = ()
    ) -> None:
        self.path = path
        self.identity = identity(path)
        self.environments = environments
        self.going = going
        self.staying = staying


def find(root: str, names: Sequence[str], store: str) -> list[Tree]:
    """The environments in a project's tree: no links, and nothing that has to do with the store.

    Args:
        root: true path of the project.
        names: those that are asked for, such as ``.venv``, ``.tox`` or ``.tox/py312``; none for all that are usual.
        store: absolute path of the store.

    Raises:
        AdoptionError: one that was asked for is not there.
        StoreError: a directory cannot be listed.
    """
    trees = []
    for top in dict.fromkeys(name.partition("/")[0] for name in names or USUAL):
        children = {name.partition("/")[2] for name in names if name.partition("/")[0] == top}
        path = os.path.join(root, top)
        tree = None
        if is_true_directory(path) and not _is_within(store, path) and not _is_within(path, store):
            tree = _tree(path, top, DIRECTORIES[top])
        found = set() if tree is None else {environment.name for environment in tree.environments}
        for child in children:
            name = f"{top}/{child}" if child else top
            if (name not in found) if child else not found:
                raise AdoptionError(
                    f"there is no environment `{os.path.join(root, name)}`",
                    hint="links do not count; `central-venv adopt --dry-run` shows those there are",
                )
        if tree is None or not tree.environments:
            continue
        if children and "" not in children:
            asked = [each for each in tree.environments if each.name.partition("/")[2] in children]
            others = [each.name.partition("/")[2] for each in tree.environments if each not in asked]
            tree = Tree(path, asked, tree.going, sorted([*tree.staying, *others]))
        trees.append(tree)
    return trees


def holds_more(tree: Tree) -> bool:
    """Whether a directory holds something by now that is not to go with it: it came after that was looked at.

    Raises:
        StoreError: a directory cannot be listed.
    """
    name = os.path.basename(tree.path)
    now = _tree(tree.path, name, DIRECTORIES[name])
    known = {environment.name for environment in tree.environments}
    return bool(now.staying) or any(environment.name not in known for environment in now.environments)


def identity(path: str) -> Identity | None:
    """Which directory is at a path, as its device and its number tell; None if none is."""
    try:
        status = os.lstat(path)
    except OSError:
        return None
    return status.st_dev, status.st_ino


def is_removed(name: str) -> bool:
    """Whether a directory is one of ours, with what is to be deleted.

    Args:
        name: its name.
    """
    return _REMOVED.fullmatch(name) is not None


def taken_by(name: str) -> int | None:
    """Which process made a directory for what it is about to look at before it is to be deleted; None if none did.

    Args:
        name: the directory's name.
    """
    found = _TAKEN.fullmatch(name)
    return None if found is None else int(found[1], 16)


def new_names() -> tuple[str, str]:
    """Names for a directory of ours: with what is looked at for the last time, and with what is to be deleted."""
    end = f"{os.getpid():x}-{os.urandom(4).hex()}"
    return f".central-venv-taken-{end}", f".central-venv-removed-{end}"


def _is_within(path: str, directory: str) -> bool:
    return os.path.join(os.path.realpath(path), "").startswith(os.path.join(os.path.realpath(directory), ""))


def _tree(path: str, name: str, runner: str) -> Tree:
    if runner == PROJECT_RUNNER:
        return Tree(path, [InTree(path, runner, name)] if venv.is_environment(path) else [])
    environments, going, staying = [], [], []
    fold = comparable(path)
    beside = set(map(fold, MARKS | _BESIDE[runner]))
    for entry in files.entries(path):
        if is_true_directory(entry.path) and venv.is_environment(entry.path):
            environments.append(InTree(entry.path, runner, f"{name}/{entry.name}"))
        elif fold(entry.name) in beside or (
            is_true_directory(entry.path) and (is_removed(entry.name) or _is_left_by(runner, entry.path))
        ):
            going.append(entry.name)
        else:
            staying.append(entry.name)
    return Tree(path, environments, going, staying)


def _is_left_by(runner: str, path: str) -> bool:
    """Whether a directory in which no environment was made holds only what its runner left there."""
    names = {each.name for each in files.entries(path)}
    return names <= NOTES[runner] and (TOX_INFO in names or all(map(_is_log, _files(path))))


def _is_log(path: str) -> bool:
    return path.endswith(".log") and os.path.basename(os.path.dirname(path)) == "log"


def _files(path: str) -> Iterator[str]:
    for entry in files.entries(path):
        if is_true_directory(entry.path):
            yield from _files(entry.path)
        else:
            yield entry.path
