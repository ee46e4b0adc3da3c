"""The trash: where a removal renames directories to, in one step each, before it deletes them at leisure.

::

    <store>/.trash/
    ├── 4711-9f3c2a1b/       what one process removes: 0, 1, 2 …
    └── 4711-9f3c2a1b.lock   held by that process; if it was killed, the next removal finishes the work
"""

from __future__ import annotations

import errno
import os
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

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
        refuse_link(self._directory)
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


def refuse_link(directory: str) -> None:
    """Raise if the trash is not a directory itself.

    Args:
        directory: absolute path of the trash, which exists.

    Raises:
        StoreError: it is a link, or something else.
    """
    if not files.is_directory(os.lstat(directory)):
        raise StoreError(f"`{directory}` is not a directory, so nothing can be removed", hint="remove it")


def _remove_place(path: str, lock: Lock) -> None:
    try:
        os.rmdir(path)
    except OSError:  # something in it could not be deleted: the lock stays with it
        lock.release()
        return
    lock.remove()
