"""Which process has a file locked, for whoever is told to wait for it or to end it. Linux alone tells."""

from __future__ import annotations

import os

from central_venv.machine.words import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_PROCESSES = "/proc"
#: The locks of this machine. See proc_locks(5).
_LOCKS = os.path.join(_PROCESSES, "locks")
#: Where a line of these has the process, and the file's device and inode; one that waits for a lock begins otherwise.
_PROCESS, _FILE, _WAITING = 4, 5, b"->"


def locked_by(path: str) -> int | None:
    """The id of a process that has a file locked; None if nothing tells.

    Args:
        path: absolute path of the file.
    """
    try:
        status = os.lstat(path)
        named = list(_named(status.st_ino))
        # Whoever took it may have ended, and a program that it started have it still.
        for pid in (*named, *map(int, filter(str.isdigit, os.listdir(_PROCESSES)))):
            if _has_open(pid, status):
                return pid
        return next((pid for pid in named if _has_open(pid, status) is None), None)
    except OSError:
        return None


def in_words(pid: int) -> str:
    """A process by its id and the name of its program."""
    try:
        with open(os.path.join(_PROCESSES, str(pid), "comm"), "rb") as file:
            name = os.fsdecode(file.read().strip())
    except OSError:
        return f"process {pid}"
    return f"process {pid} (`{printable(name)}`)"


def _named(inode: int) -> Iterator[int]:
    """The processes that are said to have locked a file of a number; it can be of another file system."""
    with open(_LOCKS, "rb") as file:
        for line in file:
            fields = line.split()
            if fields[1] != _WAITING and fields[_FILE].rpartition(b":")[2] == b"%d" % inode:
                yield int(fields[_PROCESS])


def _has_open(pid: int, status: os.stat_result) -> bool | None:
    """Whether a process has a file open; None if it hides that."""
    directory = os.path.join(_PROCESSES, str(pid), "fd")
    try:
        names = os.listdir(directory)
    except PermissionError:
        return None
    except OSError:  # it ended
        return False
    return any(_is_same(os.path.join(directory, name), status) for name in names)


def _is_same(path: str, status: os.stat_result) -> bool:
    try:
        return os.path.samestat(os.stat(path), status)
    except OSError:  # closed since
        return False
