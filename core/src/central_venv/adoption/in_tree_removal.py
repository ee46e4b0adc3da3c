"""Removing environments from a project's tree: only this user's, never what is in use, never through a link.

What goes is renamed first, in one step, into a directory of ours beside it, and deleted then. Whoever is killed in
between leaves that directory, which git does not show and the next adoption deletes.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

from central_venv.adoption.in_tree import DIRECTORIES, is_removed, removed_name
from central_venv.errors import AdoptionError, StoreError
from central_venv.machine import files, host
from central_venv.machine.processes import Running
from central_venv.store.deleted import Deleted
from central_venv.store.deletion import delete
from central_venv.store.lock import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: The variables that say which environment is active.
_ACTIVE = ("VIRTUAL_ENV", "CONDA_PREFIX")
#: uv locks this file in an environment while it changes that.
_LOCK_OF_UV = ".lock"
_GITIGNORE = ".gitignore"


def objection(root: str, path: str) -> str | None:
    """What speaks against removing a directory of a project's tree, in words.

    Args:
        root: true path of the project.
        path: absolute path of the directory.

    Raises:
        FileNotFoundError: it is not there any more.
    """
    status = os.lstat(path)
    if not files.is_directory(status):
        return "it is a link or a file now"
    if files.is_strangers(status):
        return f"it belongs to another user (id {status.st_uid})"
    place = os.path.join(os.path.realpath(path), "")
    active = (sys.prefix, *(os.environ.get(name, "") for name in _ACTIVE))
    if any(os.path.join(os.path.realpath(each), "").startswith(place) for each in active if each):
        return "it is active here"
    if (user := Lock(os.path.join(path, _LOCK_OF_UV)).user_elsewhere()) is not None:
        return "in use by uv" if user.doubt is None else f"in use by {user}"
    if (pid := Running(root).from_environment(path)) is not None:
        return f"process {pid} runs from it"
    mount = next(iter(host.mounts_below(os.path.realpath(path))), None)
    return None if mount is None else f"a file system is mounted at `{mount}`"


def take_away(path: str) -> str:
    """Rename a directory out of the way.

    Returns:
        The absolute path of the directory that it is in then, which is to be deleted.

    Raises:
        FileNotFoundError: it is not there any more.
        AdoptionError: it cannot be renamed.
    """
    parent, name = os.path.split(path)
    away = os.path.join(parent, removed_name())
    try:
        if not files.is_directory(os.lstat(path)):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        os.mkdir(away, files.PRIVATE_DIRECTORY)
        try:
            with suppress(StoreError):  # on a full disk, git shows it until it is gone
                files.write(os.path.join(away, _GITIGNORE), b"*\n")
            os.rename(path, os.path.join(away, name))
        except BaseException:
            delete_all([away], on_progress=lambda _: None)
            raise
    except FileNotFoundError:
        raise
    except OSError as error:
        raise AdoptionError(
            f"`{path}` cannot be moved out of the way: {files.reason(error)}",
            hint=f"make it and `{parent}` writable, or remove it yourself",
        ) from error
    return away


def delete_all(paths: Sequence[str], *, on_progress: Callable[[int], None]) -> Deleted:
    """Delete what was renamed out of the way; what hides it from git goes last.

    Args:
        paths: what `take_away` returned.
        on_progress: told how many are done.
    """
    deleted = Deleted()
    for done, path in enumerate(paths, 1):
        names = [entry.name for entry in files.entries(path) if entry.name != _GITIGNORE]
        content = delete(path, names, on_progress=lambda _: None)
        deleted.add(content)
        if not content.failures:
            deleted.add(delete(os.path.dirname(path), [os.path.basename(path)], on_progress=lambda _: None))
        on_progress(done)
    return deleted


def leftovers(root: str) -> list[str]:
    """What killed removals left in a project's tree, by the absolute paths.

    Args:
        root: true path of the project.

    Raises:
        StoreError: a directory cannot be listed.
    """
    return [
        entry.path
        for directory in (root, *(os.path.join(root, name) for name in DIRECTORIES))
        for entry in files.entries(directory)
        if is_removed(entry.name) and _is_ours(entry.path)
    ]


def _is_ours(path: str) -> bool:
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return files.is_directory(status) and not files.is_strangers(status)
