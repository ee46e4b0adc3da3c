"""Who uses an environment right now, if several processes may at the same time.

Each process marks its use with a file of its own, locked for as long as the use lasts::

    <home>/.central-venv/<runner>/<directory>.uses/<process id>-<random>.lock

A mark whose lock is free is left over from a killed process. Marks are made and looked at only by the holder of the
environment's lock, so nobody takes one for a left-over that is about to be locked.
"""

from __future__ import annotations

import os

from central_venv.errors import StoreError
from central_venv.machine import files
from central_venv.store.lock import Lock
from central_venv.store.own_names import is_mark

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.store.lock import LockUser


def user_of(directory: str) -> str | None:
    """Which process marks that it uses an environment, in words; somebody unknown if nobody can tell. Changes nothing.

    Args:
        directory: absolute path of the directory with the marks.

    Raises:
        StoreError: the marks cannot be listed.
    """
    users = (Lock(mark.path).user_elsewhere() for mark in files.entries(directory))
    return next((str(user) for user in users if user is not None), None)


class Uses:
    """The marks of one environment.

    Attributes:
        directory: absolute path of the directory with the marks.
    """

    __slots__ = ("_mine", "directory")

    def __init__(self, directory: str) -> None:
        self.directory = directory
        self._mine: Lock | None = None

    def begin(self) -> None:
        """Mark that this process uses the environment; does nothing if that is marked already.

        Raises:
            StoreError: the mark cannot be made.
        """
        if self._mine is None:
            self.by_others()  # a command that took the place of a process leaves its mark, too
            mark = Lock(os.path.join(self.directory, f"{os.getpid()}-{os.urandom(4).hex()}.lock"))
            mark.acquire(on_wait=lambda: None, cancelled=lambda: False)
            self._mine = mark

    def make_inheritable(self) -> None:
        """Keep the mark if another program takes the place of this one."""
        if self._mine is not None:
            self._mine.make_inheritable()

    def end(self) -> None:
        """Take the mark away; does nothing if there is none."""
        mark, self._mine = self._mine, None
        if mark is not None:
            mark.remove()

    def leave(self) -> None:
        """Use the environment no longer, unlike those that inherited the mark; does nothing if there is none."""
        mark, self._mine = self._mine, None
        if mark is not None:
            mark.leave()

    def by_others(self) -> bool:
        """Whether another process uses the environment, or may; removes what killed processes left.

        Raises:
            StoreError: the marks cannot be listed.
        """
        return self.other_user() is not None

    def other_user(self) -> LockUser | None:
        """Another process that uses the environment, or may; removes what killed processes left.

        Raises:
            StoreError: the marks cannot be listed.
        """
        other = None
        for entry in files.entries(self.directory):
            if self._mine is not None and self._mine.path == entry.path:
                continue
            user = Lock(entry.path).user_elsewhere()
            if user is None and is_mark(entry.name):
                _remove(entry.path)
            other = other or user
        return other


def _remove(mark: str) -> None:
    """Remove a mark that says of no process that it uses the environment; it says so, too, if it has to stay."""
    try:
        files.remove(mark)
    except StoreError:  # not `suppress`: to load that takes as long as half of a lookup
        return
