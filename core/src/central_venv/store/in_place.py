"""Deleting where it lies what cannot be renamed into the trash.

A directory cannot be renamed in a lower layer of an image, in a pool that keeps directories on their disks, out of a
subvolume or a mount of its own, and where a quota is used up.

An environment's Python goes first, and last what makes it an environment: whoever is killed in between leaves one that
is `broken`, recorded or not. No space is needed for that.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from central_venv.errors import StoreError
from central_venv.machine import files, host
from central_venv.policy import layout
from central_venv.store import venv
from central_venv.store.deleted import Deleted
from central_venv.store.descent import open_itself, opened
from central_venv.store.tree_deletion import TreeDeletion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

#: What makes a directory an environment.
_MARKERS = {venv.MARKER, venv.CONDA_MARKER}


class PartlyDeletedError(StoreError):
    """Something in a directory could not be deleted."""


def delete_environment(store: str, parts: Sequence[str], deleted: Deleted) -> None:
    """Delete an environment that nobody uses.

    Args:
        store: absolute path of the store.
        parts: the names on the way from it to the environment, none of which may be a link.
        deleted: where it is counted.

    Raises:
        PartlyDeletedError: something in it could not be deleted; it is broken then.
        OSError: nothing was deleted.
    """
    _delete(store, parts, deleted, python=True)


def delete_tree(store: str, parts: Sequence[str], deleted: Deleted) -> None:
    """Delete a directory that is no environment.

    Args:
        store: absolute path of the store.
        parts: the names on the way from it to the directory, none of which may be a link.
        deleted: where it is counted.

    Raises:
        PartlyDeletedError: something in it could not be deleted.
        OSError: nothing was deleted.
    """
    _delete(store, parts, deleted, python=False)


def delete_bare_home(store: str, name: str, deleted: Deleted) -> None:
    """Delete a home in which nothing is left but its records.

    What says whose it is goes before its lock: whoever waits for that makes a new home.

    Args:
        store: absolute path of the store.
        name: the home's name.
        deleted: where it is counted.

    Raises:
        OSError: it is not bare, or cannot be deleted.
    """
    home = os.path.join(store, name)
    _refuse_mounts(home)
    with opened(store, ()) as parent, opened(store, (name,)) as directory:
        if _removed_empty(parent, name):
            return
        with suppress(FileNotFoundError):
            _unlink(directory, layout.PROJECT_RECORD, deleted)
        with suppress(FileNotFoundError):
            _delete_records(store, name, home, deleted)
            os.rmdir(layout.RECORDS, dir_fd=directory)
        status = os.fstat(directory)
        os.rmdir(name, dir_fd=parent)
        deleted.count(status)


def _delete_records(store: str, name: str, home: str, deleted: Deleted) -> None:
    with opened(store, (name, layout.RECORDS)) as records:
        for path in (layout.move_record_path(home), layout.home_lock_path(home)):
            with suppress(FileNotFoundError):
                _unlink(records, os.path.basename(path), deleted)


def _delete(store: str, parts: Sequence[str], deleted: Deleted, *, python: bool) -> None:
    path, here = os.path.join(store, *parts), Deleted()
    _refuse_mounts(path)
    here.cloned = host.may_clone(os.path.realpath(path))
    with opened(store, parts[:-1]) as parent:
        if _removed_empty(parent, parts[-1]):
            return
        directory = open_itself(parent, parts[-1])
        try:
            status = _make_writable(directory)
            if python:
                _remove_python(directory, here)
            _delete_content(directory, path, here)
        finally:
            os.close(directory)
        if not here.failures:
            try:
                os.rmdir(parts[-1], dir_fd=parent)
            except OSError as error:
                here.failures.append((path, files.reason(error)))
            else:
                here.count(status)
    failures, here.failures = here.failures, []
    deleted.add(here)
    if failures:
        place, reason = failures[0]
        raise PartlyDeletedError(
            f"`{path}` was deleted only in part: cannot delete `{place}`: {reason[:1].lower()}{reason[1:]}",
            hint="make that deletable, and run the command again",
        )


def _removed_empty(parent: int, name: str) -> bool:
    """Remove a directory if it is empty; otherwise nothing is changed.

    Raises:
        OSError: it could not be removed even if it were empty, as if it or its parent is immutable or another user's.
    """
    try:
        os.rmdir(name, dir_fd=parent)
    except OSError as error:
        if error.errno in {errno.ENOTEMPTY, errno.EEXIST}:
            return False
        raise
    return True


def _refuse_mounts(path: str) -> None:
    if host.mounts_below(os.path.realpath(path)):
        raise OSError(errno.EBUSY, os.strerror(errno.EBUSY))


def _remove_python(environment: int, deleted: Deleted) -> None:
    directory_name, name = os.path.split(venv.PYTHON)
    try:
        directory = open_itself(environment, directory_name)
    except FileNotFoundError:
        return
    except NotADirectoryError:
        _unlink(environment, directory_name, deleted)
        return
    try:
        _make_writable(directory)
        with suppress(FileNotFoundError):
            _unlink(directory, name, deleted)
    finally:
        os.close(directory)


def _delete_content(directory: int, path: str, deleted: Deleted) -> None:
    for name in sorted(os.listdir(directory), key=_MARKERS.__contains__):
        if name in _MARKERS and deleted.failures:
            return
        TreeDeletion(path, deleted).delete_from(directory, name)


def _make_writable(directory: int) -> os.stat_result:
    status = os.fstat(directory)
    if status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
        with suppress(OSError):  # what that prevents is told for what cannot be deleted
            os.chmod(directory, stat.S_IRWXU)
    return status


def _unlink(directory: int, name: str, deleted: Deleted) -> None:
    status = os.stat(name, dir_fd=directory, follow_symlinks=False)
    os.unlink(name, dir_fd=directory)
    deleted.count(status)
