"""When a directory was made, which tells it from another one that had its path or its number before."""

from __future__ import annotations

import os
import sys

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
