"""The lock of one environment, which a removal of the home that it lies in does not take away."""

from __future__ import annotations

import os

from central_venv.errors import HomeConflictError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.store.lock import Lock, wait

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


class ClaimLock(Lock):
    """The lock of one environment, taken while no process can remove the home that it lies in."""

    __slots__ = ("_home_lock", "_key", "_make")

    def __init__(self, home: str, runner: str, directory: str, *, make: Callable[[], None]) -> None:
        """Name the lock of an environment.

        Args:
            home: absolute path of its home; of the store for one that several projects share.
            runner: what asks for it.
            directory: the name of its directory.
            make: makes sure that the home exists and is its project's.
        """
        super().__init__(layout.environment_lock_path(home, runner, directory))
        self._home_lock = layout.home_lock_path(home)
        self._key = home, runner, directory
        self._make = make

    def acquire(self, *, on_wait: Callable[[], None], cancelled: Callable[[], bool]) -> None:
        """Take the lock, waiting for whoever has it.

        Args:
            on_wait: called once if there is something to wait for, before the wait.
            cancelled: asked again and again during the wait, to give it up.

        Raises:
            WaitCancelledError: `cancelled` said so.
            HomeConflictError: the home belongs to another project, or a link lies among its records.
            RecordError: the home's record is damaged or newer than this version understands.
            StoreError: the store cannot be written.
        """
        wait(lambda: self._attempt(cancelled), path=self.path, on_wait=on_wait, cancelled=cancelled)

    def _attempt(self, cancelled: Callable[[], bool]) -> bool:
        refuse_links(*self._key)
        if not os.path.isdir(os.path.dirname(self._home_lock)):
            self._make()  # the lock would make the store, too, but without what tells backups of it
        home_lock = Lock(self._home_lock)
        home_lock.acquire(on_wait=lambda: None, cancelled=cancelled)
        try:
            self._make()  # again: the home may have been removed since
            return self.try_acquire()
        finally:
            home_lock.release()


def refuse_links(home: str, runner: str, directory: str) -> None:
    """Refuse a link among the records of an environment: it would have us write wherever it points to.

    Args:
        home: absolute path of its home; of the store for one that several projects share.
        runner: what asked for it.
        directory: the name of its directory.

    Raises:
        HomeConflictError: there is one.
        StoreError: they cannot be looked at.
    """
    records = layout.records_directory(home, runner)
    for path in (os.path.dirname(records), records, layout.environment_uses_path(home, runner, directory)):
        try:
            status = os.lstat(path)
        except FileNotFoundError:
            return
        except OSError as error:
            raise files.store_error(error, "look at", path) from error
        if not files.is_directory(status):
            raise HomeConflictError(
                f"`{path}` is a link, not a directory", hint="remove the link; a directory is made in its place"
            )
