"""One lock per environment, across processes and threads.

The lock is the operating system's, so it ends with its process however that ends. The file stays: removing it would
let two processes lock two files of one name.
"""

from __future__ import annotations

import os

from central_venv import files
from central_venv.errors import WaitCancelledError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from filelock import BaseFileLock

#: Seconds between two looks at whether a waiting caller still wants to wait.
PATIENCE = 0.2


class Lock:
    """An exclusive lock on a file beside an environment.

    Any thread of the process may release what another one acquired: runners clean up from where a signal arrives.
    """

    __slots__ = ("_lock", "path")

    def __init__(self, path: str) -> None:
        self.path = path
        self._lock: BaseFileLock | None = None

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._lock is not None

    def acquire(self, *, on_wait: Callable[[], None], cancelled: Callable[[], bool]) -> None:
        """Take the lock, waiting for whoever has it.

        Args:
            on_wait: called once if there is something to wait for, before the wait.
            cancelled: asked again and again during the wait, to give it up.

        Raises:
            WaitCancelledError: `cancelled` said so.
            StoreError: the lock file cannot be made or opened.
        """
        from filelock import Timeout

        files.make_private_directory(os.path.dirname(self.path))
        lock = self._file_lock()
        try:
            try:
                lock.acquire(blocking=False)
            except Timeout:
                on_wait()
                self._wait(lock, cancelled)
        except OSError as error:
            if isinstance(error, Timeout):  # pragma: no cover  # a kind of OSError, and handled above
                raise
            raise files.store_error(error, "lock", self.path) from error
        self._lock = lock

    def _wait(self, lock: BaseFileLock, cancelled: Callable[[], bool]) -> None:
        from filelock import Timeout

        while True:
            if cancelled():
                raise WaitCancelledError(f"gave up waiting for `{self.path}`", hint="run the command again")
            try:
                lock.acquire(timeout=PATIENCE)
            except Timeout:
                continue
            return

    def release(self) -> None:
        """Give the lock back; does nothing if it is not held."""
        lock, self._lock = self._lock, None
        if lock is not None:
            lock.release()

    def held_elsewhere(self) -> bool:
        """Whether another process, or another object in this one, holds the lock now."""
        from filelock import Timeout

        if self.held or not os.path.exists(self.path):
            return False
        lock = self._file_lock()
        try:
            lock.acquire(blocking=False)
        except Timeout:
            return True
        except OSError:  # not ours to open: nobody can tell, and a reader must not fail for it
            return False
        lock.release()
        return False

    def _file_lock(self) -> BaseFileLock:
        from filelock import FileLock

        return FileLock(self.path, mode=files.PRIVATE_FILE, thread_local=False)
