"""Deleting one directory tree, descriptor by descriptor.

No link is followed: each directory is opened as what it is and its entries are removed through it, so no name on the
way can be exchanged for a link.
"""

from __future__ import annotations

import errno
import os
import stat
from contextlib import suppress

from central_venv.machine import host
from central_venv.machine.files import DIRECTORY_ITSELF
from central_venv.store.descent import is_refusal, open_itself

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.store.deleted import Deleted


#: Deeper than this, a directory is moved up first: neither open files nor the stack may run out.
_DEPTH = 64
#: Where no directory can be moved, this deep is deep enough.
_DEEPEST = 200
_UNKNOWN = -1


class TreeDeletion:
    """The deletion of one directory."""

    __slots__ = ("_deep", "_deleted", "_device", "_directory", "_top")

    def __init__(self, directory: str, deleted: Deleted) -> None:
        self._directory = directory
        self._deleted = deleted
        self._deep: list[str] = []

    def delete(self, name: str) -> None:
        """Delete a directory; what cannot be deleted is noted as a failure.

        Args:
            name: its name in the directory that it lies in.
        """
        try:
            top = os.open(self._directory, DIRECTORY_ITSELF)
        except OSError as error:
            self._fail(self._directory, error)
            return
        try:
            device = os.fstat(top).st_dev
            if (other := self._device_of(top, name)) != device and _is_subvolume(os.path.join(self._directory, name)):
                device = other
            self._delete(top, name, device)
        finally:
            os.close(top)

    def delete_from(self, top: int, name: str) -> None:
        """Delete a directory or file; what cannot be deleted is noted as a failure.

        Args:
            top: descriptor of the directory that it lies in.
            name: its name there.
        """
        self._delete(top, name, os.fstat(top).st_dev)

    def _delete(self, top: int, name: str, device: int) -> None:
        self._top, self._device = top, device
        self._deep.append(name)
        while self._deep:
            name = self._deep.pop()
            self._entry(top, name, os.path.join(self._directory, name), 0, _UNKNOWN)

    def _device_of(self, top: int, name: str) -> int:
        try:
            return os.stat(name, dir_fd=top, follow_symlinks=False).st_dev
        except OSError:
            return _UNKNOWN

    def _entry(self, parent: int, name: str, path: str, depth: int, inode: int) -> None:
        """Delete a directory, or whatever took its place.

        Args:
            parent: descriptor of the directory that it is in.
            name: its name there.
            path: its path, for complaints.
            depth: how many directories are open above it.
            inode: its inode as its parent lists it.
        """
        try:
            if depth <= _DEPTH or not self._moved_up(parent, name, depth):
                self._tree(parent, name, path, depth, inode)
        except NotADirectoryError:
            self._file(parent, name, os.path.dirname(path), _UNKNOWN)
        except FileNotFoundError:  # somebody else deleted it
            return
        except OSError as error:
            self._fail(path, error)

    def _moved_up(self, parent: int, name: str, depth: int) -> bool:
        """Rename a directory to one directly in the top, to be deleted next; says whether that was possible."""
        deep = f"{os.getpid()}-{os.urandom(8).hex()}"
        try:
            try:
                os.rename(name, deep, src_dir_fd=parent, dst_dir_fd=self._top)
            except PermissionError:  # one that is read-only cannot get another parent
                os.chmod(name, stat.S_IRWXU, dir_fd=parent)
                os.rename(name, deep, src_dir_fd=parent, dst_dir_fd=self._top)
        except OSError as error:
            if depth > _DEEPEST or not is_refusal(error):
                raise
            return False
        self._deep.append(deep)
        return True

    def _tree(self, parent: int, name: str, path: str, depth: int, inode: int) -> None:
        failures = len(self._deleted.failures)
        descriptor = open_itself(parent, name)
        try:
            status = os.fstat(descriptor)
            if status.st_dev != self._device:
                raise OSError(errno.EBUSY, "another file system is mounted there")
            if status.st_mode & stat.S_IRWXU != stat.S_IRWXU:
                with suppress(OSError):  # what that prevents is told for what cannot be deleted
                    os.chmod(descriptor, stat.S_IRWXU)
            # Some file systems make inodes up when they list; there, that of the directory itself is wrong, too.
            self._content(descriptor, path, depth, trusted=inode == status.st_ino)
        finally:
            os.close(descriptor)
        if len(self._deleted.failures) == failures:
            os.rmdir(name, dir_fd=parent)
            self._deleted.count(status)

    def _content(self, directory: int, path: str, depth: int, *, trusted: bool) -> None:
        with os.scandir(directory) as found:
            entries = [(entry.name, entry.is_dir(follow_symlinks=False), entry.inode()) for entry in found]
        for name, is_directory, inode in entries:
            if is_directory:
                self._entry(directory, name, f"{path}{os.sep}{name}", depth + 1, inode)
            else:
                self._file(directory, name, path, inode if trusted else _UNKNOWN)

    def _file(self, directory: int, name: str, path: str, inode: int) -> None:
        status = None
        try:
            if not self._deleted.knows(self._device, inode):
                status = os.stat(name, dir_fd=directory, follow_symlinks=False)
            os.unlink(name, dir_fd=directory)
        except FileNotFoundError:
            return
        except OSError as error:
            self._fail(os.path.join(path, name), error)
        else:
            if status is None:
                self._deleted.count_again(self._device, inode)
            else:
                self._deleted.count(status)

    def _fail(self, path: str, error: OSError) -> None:
        self._deleted.failures.append((path, error.strerror or str(error)))


def _is_subvolume(path: str) -> bool:
    """Whether a directory is surely no mount, although it has a device of its own."""
    points = host.mounts_below(os.path.abspath(os.sep))
    return bool(points) and os.path.realpath(path) not in points
