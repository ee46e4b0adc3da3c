"""This machine: its name, and which file system is mounted where."""

from __future__ import annotations

import os
import sys

from central_venv.machine.files import READ_WITHOUT_WAITING

#: Every mount of this process's view of the file system; Linux alone has it. See proc_pid_mountinfo(5).
_MOUNTS = "/proc/self/mountinfo"

#: Links from the identifiers that file systems carry to the devices that they are on; Linux alone has it.
_IDENTIFIERS = "/dev/disk/by-uuid"

# `FS_IOC_GETFSUUID` of <linux/fs.h>: the length of an identifier in one byte, and room for 16 more.
_GET_UUID = 0x80111500
_UUID_ROOM = 17

# `FS_IOC_GETVERSION`, likewise: an `int`, whatever its number says.
_GET_GENERATION = 0x80087601
_GENERATION_ROOM = 8  # a number of half of that, whatever the name of the request says

#: Kinds of file systems whose source is a server, and tells them apart.
OF_SERVERS = frozenset({"afs", "ceph", "cifs", "lustre", "nfs", "nfs4", "smb3"})

#: Kinds of file systems in which the number of a directory is written down, on a disk or a server.
_KEEP_NUMBERS = frozenset(
    {"bcachefs", "btrfs", "ceph", "ext2", "ext3", "ext4", "f2fs", "gpfs", "jfs", "lustre", "nfs", "nfs4", "tmpfs"}
    | {"xfs", "zfs"}
)

#: Kinds of file systems in which no two files share a block.
_NEVER_CLONE = frozenset({"exfat", "ext2", "ext3", "ext4", "f2fs", "jfs", "ramfs", "tmpfs", "vfat"})


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
    mounts = _mountinfo()
    directory = path
    while not (_mounted_at(directory, mounts) if mounts else os.path.ismount(directory)):
        parent = os.path.dirname(directory)
        if parent == directory:
            break
        directory = parent
    return directory


def is_mounted_at(path: str) -> bool:
    """Whether a file system is mounted right at a path, so that nobody can remove, rename or replace what is there.

    Args:
        path: a true path.
    """
    return mount_point(path) == path


def volume(path: str) -> str | None:
    """What tells the file system that a directory itself is on from another one; None if nothing does.

    Of several file systems in one, such as the subvolumes of btrfs, each is one of its own. Some file systems give the
    number of their device for an identifier, which the next drive gets, too; then it is the identifier that they carry,
    or the server that they come from.

    Args:
        path: a true path.
    """
    try:
        device = os.stat(path).st_dev
        number = _file_system_number(path)
    except OSError:
        return None
    if number not in {0, device}:
        return f"{number:x}"
    return _carried_identifier(path) or _identifier(device) or _server(path)


def keeps_numbers(path: str) -> bool:
    """Whether the file system of a path is known to give a directory the same number for as long as it exists.

    Others make the numbers up, and may do so anew whenever they are mounted.

    Args:
        path: a true path.
    """
    return file_system(path)[0] in _KEEP_NUMBERS


def may_clone(path: str) -> bool:
    """Whether files can share blocks without a link on the file system of a path, as clones do; unknown counts as yes.

    Args:
        path: a true path.
    """
    return file_system(path)[0] not in _NEVER_CLONE


def links_across(path: str, other: str) -> bool:
    """Whether a file at one path can be a link or a clone of one at another path.

    Between subvolumes of one btrfs, and between two mounts of it, files can be clones.

    Args:
        path: a true path, which exists.
        other: another one.
    """
    if os.stat(path).st_dev == os.stat(other).st_dev:
        return True
    (kind, source, _), other_file_system = file_system(path), file_system(other)
    return kind == "btrfs" and (kind, source) == other_file_system[:2]


if sys.platform == "win32":

    def _file_system_number(path: str) -> int:
        """The serial number of the volume, which begins with a bit that no device's number has."""
        return os.stat(path).st_dev | 1 << 64

else:

    def _file_system_number(path: str) -> int:
        """What the file system tells of its identity; on some it is 0 or the number of the device."""
        return os.statvfs(path).f_fsid


if sys.platform == "linux":

    def _carried_identifier(path: str) -> str | None:
        """The identifier in the file system, as Linux >= 6.9 tells it; spelled as in `_IDENTIFIERS`."""
        from itertools import pairwise

        answer = _asked(path, _GET_UUID, _UUID_ROOM)
        if answer is None:
            return None
        digits = answer[1 : 1 + answer[0]].hex()
        if not digits.strip("0"):  # an image that somebody made without one
            return None
        ends = (0, 8, 12, 16, 20, len(digits))
        return "-".join(filter(None, (digits[i:j] for i, j in pairwise(ends))))

else:

    def _carried_identifier(path: str) -> str | None:  # noqa: ARG001  # nothing tells
        """Nothing: only Linux tells."""
        return None


def inode(path: str) -> int | None:
    """The number of a directory in its file system, which it keeps when it is renamed; None if nobody can tell."""
    try:
        return os.stat(path).st_ino or None
    except OSError:
        return None


def file_system(path: str) -> tuple[str, str, frozenset[str]]:
    """The kind of the file system that a path is on, what it comes from, and its options; empty where nothing tells.

    Args:
        path: a true path.
    """
    mounts = _mountinfo()
    line = _mounted_at(mount_point(path), mounts) if mounts else None
    if line is None:
        return "", "", frozenset()
    mount, _, volume = line.partition(b" - ")
    kind, source, options = volume.split(b" ", 2)
    all_options = b"%b,%b" % (mount.split(b" ")[5], options)
    return (
        os.fsdecode(_unescaped(kind)),
        os.fsdecode(_unescaped(source)),
        frozenset(os.fsdecode(all_options).split(",")),
    )


if sys.platform == "linux":

    def generation(path: str) -> int | None:
        """What a file system counts with each directory to which it gives one number; None if nobody can tell.

        Asking for the time of birth would load a library, which takes a sixth of Python's start-up time.

        Args:
            path: the directory; a link at its end is followed.
        """
        answer = _asked(path, _GET_GENERATION, _GENERATION_ROOM)
        return None if answer is None else int.from_bytes(answer[:4], sys.byteorder) or None

    def _asked(path: str, request: int, room: int) -> bytearray | None:
        """What a file system answers to a request about a directory; None if it knows no such request."""
        import fcntl

        answer = bytearray(room)
        try:
            descriptor = os.open(path, READ_WITHOUT_WAITING)
            try:
                fcntl.ioctl(descriptor, request, answer)
            finally:
                os.close(descriptor)
        except (OSError, ValueError):  # a path can hold what no path can
            return None
        return answer

else:

    def generation(path: str) -> int | None:  # noqa: ARG001  # nothing tells
        """Nothing: only Linux tells."""
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
    return [point for point, _ in mounts() if point == path or point.startswith(os.path.join(path, ""))]


def mounts() -> list[tuple[str, str]]:
    """Where file systems are mounted, and the kind of each; none where the system does not tell.

    Raises:
        OSError: Linux does not tell.
    """
    found = []
    for line in _mountinfo().splitlines():
        mount, _, volume = line.partition(b" - ")
        found.append((mount.split(b" ", 5)[4], volume.split(b" ", 1)[0]))
    return [(os.fsdecode(_unescaped(point)), os.fsdecode(_unescaped(kind))) for point, kind in found]


def _mountinfo() -> bytes:
    """A line for each mount; nothing where the system does not tell."""
    if not os.path.exists(_MOUNTS):
        return b""
    with open(_MOUNTS, "rb") as file:
        return file.read()


def _mounted_at(directory: str, mounts: bytes) -> bytes | None:
    """The line of what is mounted at a directory, the topmost if there are several; None if nothing is.

    There may be thousands of lines, and each directory above a project is asked for: only those that name it are read.

    Args:
        directory: its true path.
        mounts: from `_mountinfo`.
    """
    field = b" " + _escaped(os.fsencode(directory)) + b" "
    end = len(mounts)
    while (found := mounts.rfind(field, 0, end)) >= 0:
        start = mounts.rfind(b"\n", 0, found) + 1
        line = mounts[start : mounts.find(b"\n", found)]
        if line.split(b" ", 5)[4] == field[1:-1]:
            return line
        end = start
    return None


def _escaped(field: bytes) -> bytes:
    for character in (b"\\", b" ", b"\t", b"\n"):
        field = field.replace(character, b"\\%03o" % ord(character))
    return field


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


def _server(path: str) -> str | None:
    """The server that a network's file system comes from, such as ``server:/export`` or ``//server/share``.

    Other file systems can call their source anything: a pool of two drives may be called ``1:2``.
    """
    kind, source, _ = file_system(path)
    return source if kind in OF_SERVERS and (":" in source or source.startswith("//")) else None
