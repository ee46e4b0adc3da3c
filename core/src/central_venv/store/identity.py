"""Whether a directory is still the one that a home was made for, and where that one is now.

A path says nothing of that: a project can be renamed, and another one can be made in its place. What tells them apart
is when a directory was born and its number in the file system. The number alone does not: file systems give the number
of a directory that is gone to one that is new.
"""

from __future__ import annotations

import os
import stat
import sys

from central_venv.machine import clock, host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from central_venv.store.project_record import ProjectRecord

#: Seconds by which a directory must be younger than an environment to be another one: some clocks are that coarse.
TOLERANCE = 2
# A record says the second in which a home was made, so a directory that was there may be younger by a part of it.
_RESOLUTION = 1

# From <linux/stat.h>: `struct statx` is 256 bytes long.
_STATX_SIZE = 256
_STATX_BTIME = 0x800
_STATX_BTIME_OFFSET = 80
_AT_FDCWD = -100


def birth_time(path: str) -> float | None:
    """When a directory was made, in seconds since the epoch; None if the system does not know.

    Args:
        path: the directory; a link at its end is followed.
    """
    try:
        status = os.stat(path)
    except (OSError, ValueError):
        return None
    if sys.platform == "win32":  # before Python 3.12 the one name, since then the other
        born = getattr(status, "st_birthtime", status.st_ctime)
    else:
        born = getattr(status, "st_birthtime", None)
        if born is None and sys.platform == "linux":
            born = _statx_birth_time(path)
    return born or None  # file systems without birth times answer with zero


def replaced(record: ProjectRecord, made: Iterable[float | None]) -> bool:
    """Whether an environment was made for another directory than the one that stands at the project's path now.

    Args:
        record: of the home.
        made: when the environments in it were made, in seconds since the epoch; None for one of which nobody can tell.
    """
    if record.host != host.name():
        return False
    created, born = clock.to_timestamp(record.created), birth_time(record.root)
    if created is None or born is None:
        return False
    # A home that is younger than the directory was made for it, whatever lies in the home: it may have been copied.
    earliest = born - TOLERANCE
    return created < earliest and any(moment is not None and moment < earliest for moment in made)


def moved_to(record: ProjectRecord, candidates: Iterable[str]) -> str | None:
    """Where the directory that a home was made for is now; None if nobody can tell for sure.

    Args:
        record: of a home whose project is gone from its path.
        candidates: true paths of directories to look at, beside those in the parent directory of the old path.
    """
    if record.host != host.name() or record.inode is None or record.volume is None:
        return None
    paths = (*_siblings(record.root, record.inode), *candidates)
    return next((path for path in paths if path != record.root and _is_root_of(record, path)), None)


def _siblings(root: str, inode: int) -> Iterator[str]:
    """What lies where a root lay, and has its number."""
    try:
        with os.scandir(os.path.dirname(root)) as entries:
            yield from [entry.path for entry in entries if entry.inode() == inode]
    except (OSError, ValueError):
        return


def _is_root_of(record: ProjectRecord, path: str) -> bool:
    try:
        status = os.lstat(path)
    except (OSError, ValueError):
        return False
    if not stat.S_ISDIR(status.st_mode) or status.st_ino != record.inode or _volume(path) != record.volume:
        return False
    created, born = clock.to_timestamp(record.created), birth_time(path)
    return created is not None and born is not None and born < created + _RESOLUTION


def _volume(path: str) -> str | None:
    return host.volume(host.mount_point(path))


def _statx_birth_time(path: str) -> float | None:
    """What the system call says that Python has no name for."""
    try:
        import ctypes

        statx = ctypes.CDLL(None, use_errno=True).statx
        answer = ctypes.create_string_buffer(_STATX_SIZE)
        if statx(_AT_FDCWD, os.fsencode(path), 0, _STATX_BTIME, answer) != 0:
            return None
    except (ImportError, OSError, AttributeError, ValueError):  # a system or C library without it
        return None
    from struct import unpack_from

    (known,) = unpack_from("=I", answer)
    if not known & _STATX_BTIME:
        return None
    seconds, nanoseconds = unpack_from("=qI", answer, _STATX_BTIME_OFFSET)
    return float(seconds + nanoseconds / 1e9)
