"""This machine: its name, and which file system is mounted where."""

from __future__ import annotations

import os
import sys

#: Every mount of this process's view of the file system; Linux alone has it. See proc_pid_mountinfo(5).
_MOUNTS = "/proc/self/mountinfo"

#: Links from the identifiers that file systems carry to the devices that they are on; Linux alone has it.
_IDENTIFIERS = "/dev/disk/by-uuid"


def name() -> str:
    """This machine's name on the network."""
    if sys.platform == "win32":
        return os.environ.get("COMPUTERNAME", "")
    else:  # noqa: RET505  # type checkers understand this form
        return os.uname().nodename


def mount_point(path: str) -> str:
    """Where the file system of a path is mounted.

    Linux tells it also of a directory that is mounted a second time within its own file system.

    Args:
        path: a true path; it need not exist.
    """
    points = {point for point, _ in _mounts()}
    directory = path
    while directory not in points and (points or not os.path.ismount(directory)):
        parent = os.path.dirname(directory)
        if parent == directory:
            break
        directory = parent
    return directory


def volume(mount: str) -> str | None:
    """What tells the file system mounted at a directory from another one mounted there; None if nothing does.

    Some file systems give the number of their device for an identifier, which the next drive gets, too; then it is the
    identifier that they carry, or the server that they come from.
    """
    try:
        device = os.stat(mount).st_dev
        number = _file_system_number(mount)
    except OSError:
        return None
    if number not in {0, device}:
        return f"{number:x}"
    return _identifier(device) or _server(mount)


if sys.platform == "win32":

    def _file_system_number(mount: str) -> int:
        """The serial number of the volume, which begins with a bit that no device's number has."""
        return os.stat(mount).st_dev | 1 << 64

else:

    def _file_system_number(mount: str) -> int:
        """What the file system tells of its identity; on some it is 0 or the number of the device."""
        return os.statvfs(mount).f_fsid


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
    return [point for point, _ in _mounts() if point == path or point.startswith(os.path.join(path, ""))]


def _mounts() -> list[tuple[str, str]]:
    """Where each file system is mounted, and what it comes from; nothing where the system does not tell."""
    if not os.path.exists(_MOUNTS):
        return []
    found = []
    with open(_MOUNTS, "rb") as file:
        for line in file:
            fields = line.split(b" ")
            source = fields[fields.index(b"-") + 2]  # behind any number of optional fields
            found.append((os.fsdecode(_unescaped(fields[4])), os.fsdecode(_unescaped(source))))
    return found


def _unescaped(field: bytes) -> bytes:
    """A field in which spaces, tabs, line breaks and backslashes are octal numbers."""
    first, *rest = field.split(b"\\")
    return first + b"".join(bytes([int(part[:3], 8)]) + part[3:] for part in rest)


def _identifier(device: int) -> str | None:
    """The identifier that the file system on a device carries."""
    try:
        with os.scandir(_IDENTIFIERS) as entries:
            return next((entry.name for entry in entries if getattr(entry.stat(), "st_rdev", None) == device), None)
    except OSError:
        return None


def _server(mount: str) -> str | None:
    """The server that a mounted file system comes from, such as ``server:/export`` or ``//server/share``."""
    source = next((source for point, source in reversed(_mounts()) if point == mount), "")
    return source if ":" in source or source.startswith("//") else None
