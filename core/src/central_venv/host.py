"""This machine: its name, and which file system is mounted where."""

from __future__ import annotations

import os
import sys

_MOUNTS = "/proc/self/mountinfo"  # Linux alone has it


def name() -> str:
    """This machine's name on the network."""
    if sys.platform == "win32":
        return os.environ.get("COMPUTERNAME", "")
    else:  # noqa: RET505  # type checkers understand this form
        return os.uname().nodename


def mount_point(path: str) -> str:
    """Where the file system of a path is mounted.

    Args:
        path: a true path; it need not exist.
    """
    directory = path
    while not os.path.ismount(directory):
        parent = os.path.dirname(directory)
        if parent == directory:
            break
        directory = parent
    return directory


def volume(mount: str) -> str | None:
    """What tells the file system mounted at a directory from another one mounted there; None if nothing does."""
    try:
        if sys.platform == "win32":
            number = os.stat(mount).st_dev
        else:
            number = os.statvfs(mount).f_fsid
    except OSError:
        return None
    return f"{number:x}" if number else None


def inode(path: str) -> int | None:
    """The number of a directory in its file system, which it keeps when it is renamed; None if nobody can tell."""
    try:
        return os.stat(path).st_ino or None
    except OSError:
        return None


def mounts_below(path: str) -> list[str]:
    """Where file systems are mounted at or below a directory, as far as the system tells.

    On Linux that is all of them, also a directory that is mounted a second time within its own file system. Elsewhere
    nothing tells; a deletion notices there that it would enter another file system.

    Args:
        path: a true path.

    Raises:
        OSError: Linux does not tell.
    """
    if not os.path.exists(_MOUNTS):
        return []
    with open(_MOUNTS, "rb") as file:
        points = [os.fsdecode(_unescaped(line.split(b" ")[4])) for line in file]  # proc_pid_mountinfo(5): field 5
    return [point for point in points if point == path or point.startswith(os.path.join(path, ""))]


def _unescaped(field: bytes) -> bytes:
    """A field in which spaces, tabs, line breaks and backslashes are octal numbers."""
    first, *rest = field.split(b"\\")
    return first + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in rest)
