"""What runners leave beside their environments: it is no use without them, and nobody else put it there."""

from __future__ import annotations

import os

from central_venv.errors import StoreError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.store import venv
from central_venv.store.store import SIGNATURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: What tox (`tox.util.path`) and nox (`nox.virtualenv`) write into the directory of their environments.
_TAG, _IGNORE = "CACHEDIR.TAG", ".gitignore"
#: Directories that are a runner's own: tox's `temp_dir`, and what it makes environments of old Pythons with.
_DIRECTORIES = {"tox": {".tmp", ".virtualenv-bootstrap"}}
#: Where a session may keep things; what is in it is not the runner's.
_EMPTY = {"nox": {".cache"}}
#: What tox puts into an environment's directory before it makes one: there may be no such Python.
_BEGINNINGS = {"tox": {".tox-info.json", "file.lock", "log", "tmp"}}


def find(home: str) -> Iterator[str]:
    """What is left in the directory of each runner that has nothing else there.

    Args:
        home: absolute path of a home in which nothing is claimed.

    Yields:
        The absolute path of each file and directory.

    Raises:
        StoreError: something cannot be listed.
    """
    for runner, directory in runner_directories(home):
        found = list(files.entries(directory))
        if all(is_left(home, runner, each) for each in found):
            yield from (each.path for each in found)


def runner_directories(home: str) -> Iterator[tuple[str, str]]:
    """Each directory in which a runner has its environments: the runner's name, and the absolute path.

    Args:
        home: absolute path of a home.

    Raises:
        StoreError: the home cannot be listed.
    """
    for entry in files.entries(home):
        runner = layout.runner_of(entry.name)
        if runner is not None and entry.is_dir(follow_symlinks=False):
            yield runner, entry.path


def is_left(home: str, runner: str, entry: os.DirEntry[str]) -> bool:
    """Whether a runner left something in the directory of its environments.

    Args:
        home: absolute path of the home.
        runner: the runner's name.
        entry: what is there.

    Raises:
        StoreError: it cannot be read or listed.
    """
    if not entry.is_dir(follow_symlinks=False):
        return runner in {"tox", "nox"} and _is_written(entry)
    if entry.name in _DIRECTORIES.get(runner, ()):
        return True
    if os.path.lexists(layout.environment_record_path(home, runner, entry.name)) or venv.is_environment(entry.path):
        return False
    names = {each.name for each in files.entries(entry.path)}
    if entry.name in _EMPTY.get(runner, ()):
        return not names
    return runner in _BEGINNINGS and names <= _BEGINNINGS[runner]


def _is_written(entry: os.DirEntry[str]) -> bool:
    """Whether a file says what tox and nox write into it, and nothing else."""
    try:
        content = files.read(entry.path) or b""
    except StoreError:
        return False
    return content.startswith(SIGNATURE) if entry.name == _TAG else entry.name == _IGNORE and content.strip() == b"*"
