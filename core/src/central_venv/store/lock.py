"""One lock per environment, and one per home, across processes and threads.

The lock is the operating system's, so it ends with its process however that ends.

A lock's file can go away: it is deleted with the home that it lies in. So whoever locked a file makes sure that it is
still the one at its path, and tries the one that is there now if it is not. No library does this, and a removal looks
at thousands of locks; so the system calls are made here.
"""

from __future__ import annotations

import os
import sys
import time

from central_venv.errors import StoreError, WaitCancelledError
from central_venv.machine import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds between two attempts to take a lock that somebody has.
POLL_INTERVAL = 0.05

_NO_LINK = getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_CLOEXEC", 0)
#: How often a lock's file can be removed by others between two looks; more often, the file system makes numbers up.
_ATTEMPTS = 100

_OPEN = os.O_RDWR | os.O_CREAT | _NO_LINK
#: Who only looks need not be able to write.
_LOOK = os.O_RDONLY | _NO_LINK
#: Shell scripts give their files small numbers.
_HIGH = 100
#: Windows does not remove a file that is open.
_OPEN_FILES_GO = sys.platform != "win32"


class Lock:
    """An exclusive lock on a file.

    Any thread of the process may release what another one acquired: runners clean up from where a signal arrives.
    """

    __slots__ = ("_descriptor", "_make_directories", "_owner", "path")

    def __init__(self, path: str, *, make_directories: bool = True) -> None:
        """Name a lock.

        Args:
            path: absolute path of its file, which is made if it is missing.
            make_directories: whether the directories above are made, too.
        """
        self.path = path
        self._make_directories = make_directories
        self._descriptor: int | None = None
        self._owner = 0

    @property
    def held(self) -> bool:
        """Whether this object holds the lock."""
        return self._descriptor is not None

    def acquire(self, *, on_wait: Callable[[], None], cancelled: Callable[[], bool]) -> None:
        """Take the lock, waiting for whoever has it.

        Args:
            on_wait: called once if there is something to wait for, before the wait.
            cancelled: asked again and again during the wait, to give it up.

        Raises:
            WaitCancelledError: `cancelled` said so.
            StoreError: the lock file cannot be made or opened.
        """
        wait(self.try_acquire, path=self.path, on_wait=on_wait, cancelled=cancelled)

    def try_acquire(self) -> bool:
        """Take the lock if nobody has it.

        Returns:
            Whether this object holds it now.

        Raises:
            StoreError: the lock file cannot be made or opened.
        """
        for _ in range(_ATTEMPTS):
            if self._make_directories:
                files.make_private_directory(os.path.dirname(self.path))
            try:
                descriptor = os.open(self.path, _OPEN, files.PRIVATE_FILE)
            except OSError as error:
                if self._make_directories and not os.path.isdir(os.path.dirname(self.path)):
                    continue  # it went away since
                raise files.store_error(error, "lock", self.path) from error
            try:
                taken = _lock(descriptor)
                if taken and _is_at(self.path, descriptor):
                    self._descriptor, self._owner = descriptor, os.getpid()
                    return True
            except OSError as error:
                raise _refusal(error, self.path) from error
            finally:
                if self._descriptor != descriptor:
                    os.close(descriptor)
            if not taken:
                return False
        raise StoreError(
            f"cannot lock `{self.path}`: whenever it is looked at, it is another file",
            hint="its file system gives one file several numbers: set `CENTRAL_VENV_HOME` to a directory elsewhere",
        )

    def make_inheritable(self) -> None:
        """Hand the lock on to a program that takes the place of this one, or is started without closing files.

        `release` frees it for all of them. Does nothing if it is not held.
        """
        if self._descriptor is not None:
            self._descriptor = _out_of_the_way(self._descriptor)
            os.set_inheritable(self._descriptor, True)

    def release(self) -> None:
        """Give the lock back; does nothing if it is not held.

        In a copy of the process that holds it, the lock stays with the original.
        """
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            if self._owner == os.getpid():
                _unlock(descriptor)
            os.close(descriptor)

    def leave(self) -> None:
        """Leave the lock to those that inherited it, if there are any; does nothing if it is not held."""
        descriptor, self._descriptor = self._descriptor, None
        if descriptor is not None:
            os.close(descriptor)

    def remove(self) -> None:
        """Give the lock back and remove its file.

        Raises:
            StoreError: the file cannot be removed; the lock is given back all the same.
        """
        try:
            if not _OPEN_FILES_GO:
                self.release()
            files.remove(self.path)
        finally:
            self.release()

    def held_elsewhere(self) -> bool:
        """Whether another process, or another object in this one, holds the lock now; also if nobody can tell."""
        try:
            return self._is_held_elsewhere()
        except OSError:
            return True

    def user_elsewhere(self) -> LockUser | None:
        """Who holds the lock now, if another process or another object in this one does, or if nobody can tell."""
        try:
            return LockUser(self.path) if self._is_held_elsewhere() else None
        except OSError as error:
            return LockUser(self.path, doubt=error)

    def _is_held_elsewhere(self) -> bool:
        if self.held:
            return False
        try:
            descriptor = os.open(self.path, _LOOK)
        except (FileNotFoundError, NotADirectoryError):
            return False
        try:
            if not _lock(descriptor, shared=True):
                return True
            _unlock(descriptor)
        finally:
            os.close(descriptor)
        return False


class LockUser:
    """Who holds a lock; its text is for the end of "in use by".

    Attributes:
        doubt: what the system said to the question whether somebody does; None if somebody does.
    """

    __slots__ = ("_path", "doubt")

    def __init__(self, path: str, *, doubt: OSError | None = None) -> None:
        self._path = path
        self.doubt = doubt

    @property
    def pid(self) -> int | None:
        """The id of the process; None if nothing tells."""
        from central_venv.machine.lock_holders import locked_by

        return locked_by(self._path) if self.doubt is None else None

    def __str__(self) -> str:
        if self.doubt is not None:
            return f"an unknown process: `{self._path}` cannot be looked at: {files.reason(self.doubt)}"
        from central_venv.machine.lock_holders import in_words

        pid = self.pid
        return "another process" if pid is None else in_words(pid)


def wait(attempt: Callable[[], bool], *, path: str, on_wait: Callable[[], None], cancelled: Callable[[], bool]) -> None:
    """Repeat an attempt to take a lock until it succeeds.

    Args:
        attempt: takes the lock, or says that somebody has it.
        path: the lock's file, for the error.
        on_wait: called once if the first attempt fails.
        cancelled: asked before each further attempt, to give it up.

    Raises:
        WaitCancelledError: `cancelled` said so.
    """
    if attempt():
        return
    on_wait()
    while not cancelled():
        if attempt():
            return
        time.sleep(POLL_INTERVAL)
    raise WaitCancelledError(f"gave up waiting for `{path}`", hint="run the command again")


def _refusal(error: OSError, path: str) -> StoreError:
    """What to say of a file that the system does not lock, whoever has it."""
    import errno

    from central_venv.machine.remedies import ELSEWHERE

    if error.errno in {errno.ENOLCK, errno.ENOSYS, errno.ENOTSUP, errno.EOPNOTSUPP}:
        return StoreError(
            f"cannot lock `{path}`: its file system knows no locks ({files.reason(error)})",
            hint=f"mount it so that it does, on NFS with a server that runs the lock service, or {ELSEWHERE}",
        )
    return files.store_error(error, "lock", path)


def _is_at(path: str, descriptor: int) -> bool:
    """Whether the file that was opened is still the one at its path."""
    try:
        return os.path.samestat(os.fstat(descriptor), os.lstat(path))
    except FileNotFoundError:
        return False


if sys.platform == "win32":
    import errno
    import msvcrt

    #: What the C library says of a lock that another process has.
    _HELD = {errno.EACCES, errno.EDEADLK, errno.EAGAIN}

    def _lock(descriptor: int, *, shared: bool = False) -> bool:  # noqa: ARG001  # it knows no other way
        try:
            msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
        except OSError as error:
            if error.errno in _HELD:
                return False
            raise
        return True

    def _out_of_the_way(descriptor: int) -> int:
        return descriptor

    def _unlock(descriptor: int) -> None:
        msvcrt.locking(descriptor, msvcrt.LK_UNLCK, 1)

else:
    import fcntl

    def _lock(descriptor: int, *, shared: bool = False) -> bool:
        """Lock a file, or say that somebody has it; a shared lock is for looking, so that two who look do not meet."""
        try:
            fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:  # another process has it; whatever else is said is no answer: see flock(2)
            return False
        return True

    def _out_of_the_way(descriptor: int) -> int:
        """The same under a number that no script uses for a file of its own."""
        try:
            other = fcntl.fcntl(descriptor, fcntl.F_DUPFD_CLOEXEC, _HIGH)
        except OSError:  # so many files cannot be open here
            return descriptor
        os.close(descriptor)
        return other

    def _unlock(descriptor: int) -> None:
        """Unlock a file, also for processes that are copies of this one: closing it would not."""
        fcntl.flock(descriptor, fcntl.LOCK_UN)
