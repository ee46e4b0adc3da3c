"""A file system that shows a directory and refuses some of what others do, as those of networks and drives can.

    python lacking.py DIRECTORY AT [OPERATION=NUMBER ...]

Each operation, one of `_OPERATIONS`, fails with an error of that number. Whoever looks for `_END` ends the program as
if it had crashed: the file system is dead then.

It speaks the protocol of <linux/fuse.h> itself: a library would have to be installed, and has another form on each
machine. The program goes to the background when the file system is there, and ends when it is unmounted. For Linux, and
a user who may mount.
"""

from __future__ import annotations

import ctypes
import os
import stat
import struct
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

#: What can be refused, by the numbers of the requests; renaming only of directories, as pools of disks do.
_OPERATIONS = {"link": (6,), "make": (9, 35), "rename": (12, 45), "lock": (32, 33)}

_END = b".end"

_HEAD = struct.Struct("<IIQQIIIHH")
_ANSWER = struct.Struct("<IiQ")
_ATTRIBUTES = struct.Struct("<6Q10I")
_ROOM = 1 << 20
_LOCKS_OF_FILES = 1 << 10  # FUSE_FLOCK_LOCKS
_NO_SUCH_REQUEST = 38  # ENOSYS: the kernel does without it from then on


class Served:
    """The directory that is shown; each file that the kernel knows is open, so that renaming does not matter."""

    def __init__(self, directory: str, refused: dict[int, int]) -> None:
        self._refused = refused
        self._files = {1: os.open(directory, os.O_PATH)}
        self._numbers = {self._key(os.fstat(self._files[1])): 1}

    def answer(self, request: int, node: int, body: bytes) -> bytes:
        """What a request is answered; an error is raised."""
        number = self._refused.get(request)
        if request in _OPERATIONS["rename"] and not self._is_directory(request, node, body):
            number = None
        if number is not None:
            raise OSError(number, os.strerror(number))
        handle: Callable[[int, bytes], bytes] | None = getattr(self, f"on_{request}", None)
        if handle is None:
            raise OSError(_NO_SUCH_REQUEST, "")
        return handle(node, body)

    def on_26(self, node: int, body: bytes) -> bytes:  # noqa: ARG002
        """INIT."""
        minor = struct.unpack_from("<II", body)[1]
        # Otherwise the kernel keeps the locks itself.
        flags = _LOCKS_OF_FILES if self._refused.keys() & set(_OPERATIONS["lock"]) else 0
        return struct.pack("<IIIIHHIIHH28x", 7, min(minor, 31), 0, flags, 12, 9, _ROOM >> 1, 1, 0, 0)

    def on_1(self, node: int, body: bytes) -> bytes:
        """LOOKUP."""
        if _name(body) == _END:
            os._exit(1)
        return self._entry(node, _name(body))

    def on_3(self, node: int, body: bytes) -> bytes:  # noqa: ARG002
        """GETATTR."""
        return struct.pack("<QII", 0, 0, 0) + _attributes(os.stat(self._path(node)))

    def on_4(self, node: int, body: bytes) -> bytes:
        """SETATTR."""
        path = self._path(node)
        valid, _, _, size, _, atime, mtime = struct.unpack_from("<IIQQQQQ", body)
        atime_part, mtime_part, _, mode, _, user, group = struct.unpack_from("<7I", body, 56)
        if valid & 1:
            os.chmod(path, stat.S_IMODE(mode))
        if valid & 6:
            os.chown(path, user if valid & 2 else -1, group if valid & 4 else -1)
        if valid & 8:
            os.truncate(path, size)
        if valid & (1 << 7 | 1 << 8):
            os.utime(path)
        elif valid & (1 << 4 | 1 << 5):
            os.utime(path, ns=(atime * 10**9 + atime_part, mtime * 10**9 + mtime_part))
        return self.on_3(node, b"")

    def on_5(self, node: int, body: bytes) -> bytes:  # noqa: ARG002
        """READLINK."""
        return os.fsencode(os.readlink("", dir_fd=self._files[node]))

    def on_6(self, node: int, body: bytes) -> bytes:
        """SYMLINK."""
        name, target = body.split(b"\0")[:2]
        os.symlink(target, name, dir_fd=self._files[node])
        return self._entry(node, name)

    def on_9(self, node: int, body: bytes) -> bytes:
        """MKDIR."""
        os.mkdir(_name(body[8:]), struct.unpack_from("<I", body)[0] & 0o7777, dir_fd=self._files[node])
        return self._entry(node, _name(body[8:]))

    def on_10(self, node: int, body: bytes) -> bytes:
        """UNLINK."""
        os.unlink(_name(body), dir_fd=self._files[node])
        return b""

    def on_11(self, node: int, body: bytes) -> bytes:
        """RMDIR."""
        os.rmdir(_name(body), dir_fd=self._files[node])
        return b""

    def on_12(self, node: int, body: bytes) -> bytes:
        """RENAME."""
        return self._rename(node, struct.unpack_from("<Q", body)[0], body[8:])

    def on_45(self, node: int, body: bytes) -> bytes:
        """RENAME2."""
        return self._rename(node, struct.unpack_from("<Q", body)[0], body[16:])

    def on_14(self, node: int, body: bytes) -> bytes:
        """OPEN."""
        flags = struct.unpack_from("<I", body)[0] & ~(os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW)
        return struct.pack("<QII", os.open(self._path(node), flags), 0, 0)

    def on_15(self, node: int, body: bytes) -> bytes:  # noqa: ARG002
        """READ."""
        handle, offset, size = struct.unpack_from("<QQI", body)
        return os.pread(handle, size, offset)

    def on_16(self, node: int, body: bytes) -> bytes:  # noqa: ARG002
        """WRITE."""
        handle, offset, size = struct.unpack_from("<QQI", body)
        return struct.pack("<II", os.pwrite(handle, body[40 : 40 + size], offset), 0)

    def on_17(self, node: int, body: bytes) -> bytes:  # noqa: ARG002
        """STATFS."""
        found = os.statvfs(self._path(node))
        numbers = (found.f_blocks, found.f_bfree, found.f_bavail, found.f_files, found.f_ffree)
        return struct.pack("<5QIII28x", *numbers, found.f_bsize, found.f_namemax, found.f_frsize)

    def on_18(self, node: int, body: bytes) -> bytes:  # noqa: ARG002
        """RELEASE."""
        os.close(struct.unpack_from("<Q", body)[0])
        return b""

    def on_27(self, node: int, body: bytes) -> bytes:  # noqa: ARG002
        """OPENDIR: what it holds is read at once, for the handle is its number."""
        return struct.pack("<QII", 0, 0, 0)

    def on_28(self, node: int, body: bytes) -> bytes:
        """READDIR."""
        offset, size = struct.unpack_from("<QI", body, 8)
        entries = b""
        for number, name in enumerate(sorted(os.listdir(self._path(node))), 1):
            encoded = os.fsencode(name)
            entry = struct.pack("<QQII", number, number, len(encoded), 0) + encoded
            entry += bytes(-len(entry) % 8)
            if number > offset and len(entries) + len(entry) <= size:
                entries += entry
        return entries

    def on_29(self, node: int, body: bytes) -> bytes:  # noqa: ARG002
        """RELEASEDIR."""
        return b""

    def on_35(self, node: int, body: bytes) -> bytes:
        """CREATE."""
        flags, mode = struct.unpack_from("<II", body)
        handle = os.open(_name(body[16:]), flags | os.O_CREAT, mode & 0o7777, dir_fd=self._files[node])
        return self._entry(node, _name(body[16:])) + struct.pack("<QII", handle, 0, 0)

    def _rename(self, node: int, to: int, names: bytes) -> bytes:
        old, new = names.split(b"\0")[:2]
        os.rename(old, new, src_dir_fd=self._files[node], dst_dir_fd=self._files[to])
        return b""

    def _is_directory(self, request: int, node: int, body: bytes) -> bool:
        old = body[8 if request == _OPERATIONS["rename"][0] else 16 :].split(b"\0")[0]
        return stat.S_ISDIR(os.stat(old, dir_fd=self._files[node], follow_symlinks=False).st_mode)

    def _entry(self, node: int, name: bytes) -> bytes:
        descriptor = os.open(name, os.O_PATH | os.O_NOFOLLOW, dir_fd=self._files[node])
        status = os.fstat(descriptor)
        number = self._numbers.setdefault(self._key(status), len(self._numbers) + 1)
        if number in self._files:
            os.close(descriptor)
        else:
            self._files[number] = descriptor
        return struct.pack("<QQQQII", number, 0, 0, 0, 0, 0) + _attributes(status)

    @staticmethod
    def _key(status: os.stat_result) -> tuple[int, int]:
        return status.st_dev, status.st_ino

    def _path(self, node: int) -> str:
        return f"/proc/self/fd/{self._files[node]}"


def _name(body: bytes) -> bytes:
    return body.split(b"\0", 1)[0]


def _attributes(status: os.stat_result) -> bytes:
    times = (status.st_atime_ns, status.st_mtime_ns, status.st_ctime_ns)
    return _ATTRIBUTES.pack(
        status.st_ino,
        status.st_size,
        status.st_blocks,
        *(time // 10**9 for time in times),
        *(time % 10**9 for time in times),
        status.st_mode,
        status.st_nlink,
        status.st_uid,
        status.st_gid,
        status.st_rdev,
        status.st_blksize,
        0,
    )


def serve(device: int, served: Served) -> None:
    """Answer requests until the file system is unmounted."""
    while True:
        try:
            request = os.read(device, _ROOM + 4096)
        except OSError:  # it is unmounted
            return
        _, code, unique, node, *_ = _HEAD.unpack_from(request)
        try:
            answer, status = served.answer(code, node, request[_HEAD.size :]), 0
        except OSError as error:
            answer, status = b"", -(error.errno or 5)
        if code not in {2, 36, 42}:  # FORGET, INTERRUPT and BATCH_FORGET wait for no answer
            os.write(device, _ANSWER.pack(_ANSWER.size + len(answer), status, unique) + answer)


def main(directory: str, at: str, *refusals: str) -> None:
    """Mount it, and answer in the background."""
    refused = {
        request: int(number)
        for operation, _, number in (each.partition("=") for each in refusals)
        for request in _OPERATIONS[operation]
    }
    served = Served(directory, refused)  # before it is hidden, if it is shown where it is
    device = os.open("/dev/fuse", os.O_RDWR)
    options = f"fd={device},rootmode=40000,user_id=0,group_id=0,allow_other,default_permissions"
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.mount(b"lacking", os.fsencode(at), b"fuse.lacking", 0, options.encode()):
        sys.exit(os.strerror(ctypes.get_errno()))
    if os.fork() == 0:
        os.setsid()
        for stream in (0, 1, 2):
            os.dup2(os.open(os.devnull, os.O_RDWR), stream)
        serve(device, served)
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
