"""The trash: where a removal renames directories to, in one step each, before it deletes them at leisure.

::

    <store>/.trash/
    ├── 4711-9f3c2a1b/       what one process removes: 0, 1, 2 …
    └── 4711-9f3c2a1b.lock   held by that process; if it was killed, the next removal finishes the work
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import contextmanager

from central_venv.errors import StoreError, UnmovableError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.store import descent
from central_venv.store.deleted import Deleted
from central_venv.store.deletion import delete
from central_venv.store.in_place import delete_environment
from central_venv.store.lock import Lock
from central_venv.store.own_names import LOCK as _LOCK
from central_venv.store.own_names import is_mark, is_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from typing import Any

#: What the process in the background runs.
_BACKGROUND = """
import sys
sys.path[:] = sys.argv[2:]
from central_venv.store.trash import empty_leftovers
empty_leftovers(sys.argv[1])
"""
_NO_ROOM = {errno.ENOSPC, errno.EDQUOT}


class Trash:
    """What this process removes from a store."""

    __slots__ = ("_deleted", "_directory", "_lock", "_names", "_path", "_store")

    def __init__(self, store: str) -> None:
        """Name a place in the trash that nobody else uses; it is made when it is needed.

        Args:
            store: absolute path of the store.
        """
        self._store = store
        self._directory = layout.trash_directory(store)
        self._path: str | None = None
        self._lock: Lock | None = None
        self._names: list[str] = []
        self._deleted = Deleted()

    @property
    def names(self) -> Sequence[str]:
        """What was taken, by the names that it has now."""
        return self._names

    def take(self, *parts: str) -> None:
        """Rename a directory into the trash.

        Args:
            parts: the names on the way from the store to the directory, none of which may be a link.

        Raises:
            StoreError: there is no place for it in the trash.
            OSError: it could not be renamed.
        """
        place, name = self._next()
        descent.rename(self._store, parts, place, name)
        self._names.append(name)

    def remove(self, *parts: str) -> None:
        """Rename an environment into the trash, or delete it where it lies if it cannot be renamed.

        Args:
            parts: the names on the way from the store to the environment, none of which may be a link.

        Raises:
            PartlyDeletedError: something in it could not be deleted.
            StoreError: there is no place for it in the trash.
            OSError: it is as it was.
        """
        try:
            self.take(*parts)
        except OSError as error:
            if not descent.is_refusal(error):
                raise
            delete_environment(self._store, parts, self._deleted)

    def scratch(self) -> str:
        """Absolute path of a directory in the trash that the caller may make, and that is deleted with the rest.

        Raises:
            StoreError: there is no place for it.
        """
        place, name = self._next()
        self._names.append(name)
        return os.path.join(place, name)

    def give_back(self, path: str) -> None:
        """Rename what was taken last back to where it was, where nothing is now; does nothing if there is nothing.

        Args:
            path: absolute path of the directory that it was.

        Raises:
            OSError: it could not be renamed.
        """
        if self._path is not None and self._names:
            os.rename(os.path.join(self._path, self._names[-1]), path)
            self._names.pop()

    def empty(self, *, on_progress: Callable[[int], None] = lambda _: None) -> Deleted:
        """Delete what was taken.

        Args:
            on_progress: told how many directories are done, now and then.
        """
        deleted, self._deleted = self._deleted, Deleted()
        if self._path is not None:
            deleted.add(delete(self._path, self._names, on_progress=on_progress))
            self.close()
        return deleted

    def close(self) -> None:
        """Leave what was taken to whoever looks into the trash next."""
        if self._lock is not None and self._path is not None:
            _remove_place(self._path, self._lock)
        self._path = self._lock = None

    def _next(self) -> tuple[str, str]:
        """Where the next directory goes, and what it is called there."""
        if self._path is None:
            self._path = self._make_place()
        return self._path, str(len(self._names)) if self._lock else f"{os.getpid()}-{os.urandom(8).hex()}"

    def _make_place(self) -> str:
        try:
            files.make_private_directory(self._directory)
        except StoreError as error:
            if isinstance(cause := error.__cause__, OSError) and descent.is_refusal(cause):
                raise cause from None  # what goes there can be deleted where it lies
            raise
        _refuse_link(self._directory)
        path = os.path.join(self._directory, f"{os.getpid()}-{os.urandom(4).hex()}")
        lock = Lock(f"{path}{_LOCK}")
        try:
            lock.try_acquire()
            files.make_private_directory(path)
        except StoreError as error:
            lock.release()
            if isinstance(cause := error.__cause__, OSError) and cause.errno in _NO_ROOM:
                return self._directory  # whoever wants to free space may have none, not even for a directory
            raise
        self._lock = lock
        return path


def set_aside(store: str, path: str) -> Trash:
    """Take away what is at an environment's place; the trash can give it back until it is emptied.

    Args:
        store: absolute path of the store.
        path: absolute path of the environment, which this process has claimed.

    Raises:
        UnmovableError: it cannot be renamed.
        StoreError: it cannot be taken away.
    """
    trash = Trash(store)
    with _put_into_words(trash, path):
        trash.take(*os.path.relpath(path, store).split(os.sep))
    return trash


def discard(store: str, path: str) -> None:
    """Delete what is at an environment's place, whether it can be renamed or not.

    Args:
        store: absolute path of the store.
        path: absolute path of the environment, which this process has claimed.

    Raises:
        StoreError: it cannot be deleted.
    """
    trash = Trash(store)
    with _put_into_words(trash, path):
        trash.remove(*os.path.relpath(path, store).split(os.sep))
    trash.empty()


@contextmanager
def _put_into_words(trash: Trash, path: str) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        pass
    except BaseException as error:
        trash.empty()
        if isinstance(error, OSError):
            raise _not_removed(path, error) from error
        raise


def _not_removed(path: str, error: OSError) -> StoreError:
    if error.errno in {errno.ENOTDIR, errno.ELOOP}:
        return StoreError(
            f"`{path}` is no directory, or behind a link, so it cannot be removed",
            hint="remove that file or link; a directory is made in its place",
        )
    if descent.is_refusal(error):
        return UnmovableError(f"`{path}` cannot be renamed: {files.reason(error)}", hint="remove it yourself")
    return files.store_error(error, "remove", path)


def empty_leftovers(store: str) -> tuple[int, Deleted]:
    """Delete what removals left in the trash whose processes were killed.

    Args:
        store: absolute path of the store.

    Returns:
        How many there were, and what that gave back.

    Raises:
        StoreError: the trash cannot be listed.
    """
    directory = layout.trash_directory(store)
    count, deleted = 0, Deleted()
    for name in leftovers(store):
        place = os.path.join(directory, name)
        lock = Lock(f"{place}{_LOCK}", make_directories=False)
        if _is_file(lock.path) and not lock.try_acquire():
            continue  # somebody else finishes it
        if os.path.lexists(place):  # nobody else has finished it since
            this = delete(directory, [name], on_progress=lambda _: None)
            deleted.add(this)
            count += not this.failures
        if lock.held and not os.path.lexists(place):
            lock.remove()
        lock.release()
    for entry in files.entries(directory):  # locks of removals that ended just before theirs was removed
        alone = is_mark(entry.name) and not os.path.lexists(entry.path.removesuffix(_LOCK))
        if alone and not Lock(entry.path).held_elsewhere():
            deleted.add(delete(directory, [entry.name], on_progress=lambda _: None))
    return count, deleted


def empty_in_background(store: str) -> None:
    """Start a process that deletes what is in the trash, and do not wait for it.

    Args:
        store: absolute path of the store.

    Raises:
        StoreError: it cannot be started; the next removal empties the trash.
    """
    import subprocess

    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        options = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    try:
        subprocess.Popen(  # noqa: S603  # ourselves
            [sys.executable, "-c", _BACKGROUND, store, *_module_places()],
            cwd=store,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **options,
        )
    except OSError as error:
        raise files.store_error(error, "start a process in", store) from error


def _module_places() -> list[str]:
    """Where this process finds modules: its copy finds the same ones, and none in the directory that it runs in."""
    return [os.path.abspath(place) for place in sys.path if place]


def leftovers(store: str) -> list[str]:
    """The names of what killed removals left in the trash.

    Args:
        store: absolute path of the store.

    Raises:
        StoreError: the trash cannot be listed, or is a link.
    """
    return [
        entry.name
        for entry in _entries(store)
        if is_place(entry.name) and not Lock(f"{entry.path}{_LOCK}").held_elsewhere()
    ]


def foreign(store: str) -> list[str]:
    """The names of what is in the trash and no removal put there: it stays.

    Args:
        store: absolute path of the store.

    Raises:
        StoreError: the trash cannot be listed, or is a link.
    """
    return [entry.name for entry in _entries(store) if not is_place(entry.name) and not is_mark(entry.name)]


def _entries(store: str) -> list[os.DirEntry[str]]:
    directory = layout.trash_directory(store)
    if not os.path.lexists(directory):
        return []
    _refuse_link(directory)
    return files.entries(directory)


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False


def _refuse_link(directory: str) -> None:
    if not files.is_directory(os.lstat(directory)):
        raise StoreError(f"`{directory}` is not a directory, so nothing can be removed", hint="remove it")


def _remove_place(path: str, lock: Lock) -> None:
    try:
        os.rmdir(path)
    except OSError:  # something in it could not be deleted: the lock stays with it
        lock.release()
        return
    lock.remove()
