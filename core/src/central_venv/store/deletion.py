"""Deleting what was renamed into the trash: all of it, nothing else, and knowing what that gave back.

No link is followed: each directory is opened as what it is and its entries are removed through it, so no name on the
way can be exchanged for a link. Several processes share the work.
"""

from __future__ import annotations

import errno
import marshal
import os
import stat
import sys
from contextlib import suppress

from central_venv.machine.files import DIRECTORY_ITSELF
from central_venv.machine.fork import fork, processes
from central_venv.store.disk_usage import disk_usage
from central_venv.store.disk_usage.usage import size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

#: Deeper than this, a directory is moved up first: neither open files nor the stack may run out.
_DEPTH = 64
#: It takes this many directories to be worth another process.
_SHARE = 16
_UNKNOWN = -1


class Deleted:
    """What a deletion gave back, and what it could not delete.

    Attributes:
        failures: path and reason of each thing that is still there.
        complete: whether everything that was freed was counted; not if a process that took part was killed.
    """

    __slots__ = ("_alone", "_linked", "complete", "failures")

    def __init__(self) -> None:
        self._alone = 0
        self._linked: dict[tuple[int, int], tuple[int, int, int]] = {}
        self.failures: list[tuple[str, str]] = []
        self.complete = True

    @property
    def freed(self) -> int:
        """Bytes that the file system has back: a file with several links counts if all of them are gone."""
        return self._alone + sum(size for size, links, here in self._linked.values() if links == here)

    def count(self, status: os.stat_result) -> None:
        """Count a file that is about to be unlinked, or a directory that is gone."""
        size = size_of(status)
        if status.st_nlink == 1 or stat.S_ISDIR(status.st_mode):
            self._alone += size
        else:
            self._add((status.st_dev, status.st_ino), size, status.st_nlink, 1)

    def knows(self, device: int, inode: int) -> bool:
        """Whether another link to a file was counted before."""
        return (device, inode) in self._linked

    def count_again(self, device: int, inode: int) -> None:
        """Count one more link to a file that is known."""
        size, links, here = self._linked[device, inode]
        self._linked[device, inode] = (size, links, here + 1)

    def discount(self, status: os.stat_result) -> None:
        """Leave out a file or directory that was made only for the removal, and goes with it."""
        self._alone -= size_of(status)

    def free(self, size: int) -> None:
        """Count bytes that are free now."""
        self._alone += size

    def add(self, other: Deleted) -> None:
        """Count what another process deleted."""
        self._alone += other._alone
        for inode, (size, links, here) in other._linked.items():
            self._add(inode, size, links, here)
        self.failures += other.failures
        self.complete = self.complete and other.complete

    def _add(self, inode: tuple[int, int], size: int, links: int, here: int) -> None:
        # Others unlink the same file meanwhile: the first who looked saw all of its links.
        _, most, before = self._linked.get(inode, (size, 0, 0))
        self._linked[inode] = (size, max(links, most), before + here)

    def dump(self) -> bytes:
        """All of it, for another process."""
        return marshal.dumps((self._alone, self._linked, self.failures, self.complete))

    @classmethod
    def load(cls, content: bytes) -> Deleted:
        """What another process dumped."""
        deleted = cls()
        deleted._alone, deleted._linked, deleted.failures, deleted.complete = marshal.loads(content)  # noqa: S302  # our own child
        return deleted


def delete(directory: str, names: Sequence[str], *, on_progress: Callable[[int], None]) -> Deleted:
    """Delete directories and everything in them.

    Args:
        directory: absolute path of the directory that they lie in, which nobody else may write.
        names: their names there; what is not there any more is no failure.
        on_progress: told how many are done, now and then.
    """
    deleted = Deleted()
    _delete_all(directory, names, deleted, on_progress)
    return deleted


class _Deletion:
    """The deletion of one directory."""

    __slots__ = ("_deep", "_deleted", "_device", "_directory", "_top")

    def __init__(self, directory: str, deleted: Deleted) -> None:
        self._directory = directory
        self._deleted = deleted
        self._deep: list[str] = []

    def of(self, name: str) -> None:
        try:
            self._top = os.open(self._directory, DIRECTORY_ITSELF)
        except OSError as error:
            self._fail(self._directory, error)
            return
        try:
            self._device = os.fstat(self._top).st_dev
            self._deep.append(name)
            while self._deep:
                name = self._deep.pop()
                self._entry(self._top, name, os.path.join(self._directory, name), 0, _UNKNOWN)
        finally:
            os.close(self._top)

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
            if depth > _DEPTH:
                self._deep.append(self._move_up(parent, name))
            else:
                self._tree(parent, name, path, depth, inode)
        except NotADirectoryError:
            self._file(parent, name, os.path.dirname(path), _UNKNOWN)
        except FileNotFoundError:  # somebody else deleted it
            return
        except OSError as error:
            self._fail(path, error)

    def _move_up(self, parent: int, name: str) -> str:
        """Rename a directory to one directly in the trash, and tell its name there."""
        deep = f"{os.getpid()}-{os.urandom(8).hex()}"
        try:
            os.rename(name, deep, src_dir_fd=parent, dst_dir_fd=self._top)
        except PermissionError:  # one that is read-only cannot get another parent
            os.chmod(name, stat.S_IRWXU, dir_fd=parent)
            os.rename(name, deep, src_dir_fd=parent, dst_dir_fd=self._top)
        return deep

    def _tree(self, parent: int, name: str, path: str, depth: int, inode: int) -> None:
        failures = len(self._deleted.failures)
        descriptor = _open(parent, name)
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


def _open(parent: int, name: str) -> int:
    """Open a directory, and nothing that only looks like one.

    Raises:
        NotADirectoryError: it is none, or a link.
    """
    try:
        return os.open(name, DIRECTORY_ITSELF, dir_fd=parent)
    except PermissionError:  # its owner locked it, who may open it again: this user
        os.chmod(name, stat.S_IRWXU, dir_fd=parent)
        return os.open(name, DIRECTORY_ITSELF, dir_fd=parent)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from error
        raise


class _Worker:
    """A process that deletes a share."""

    __slots__ = ("_directory", "_pid", "_pipe", "_share")

    def __init__(self, directory: str, share: Sequence[str]) -> None:
        self._directory = directory
        self._share = share
        self._pipe, answer = os.pipe()
        try:
            self._pid = fork(lambda: self._run(answer))
        except OSError:
            os.close(self._pipe)
            raise
        finally:
            os.close(answer)

    def _run(self, answer: int) -> None:
        with open(answer, "wb") as file:
            file.write(self._delete().dump())

    def _delete(self) -> Deleted:
        deleted = Deleted()
        for name in self._share:
            _Deletion(self._directory, deleted).of(name)
        return deleted

    def result(self) -> Deleted:
        """What it deleted; what it left undone because it was killed is done here."""
        with open(self._pipe, "rb") as file:
            content = file.read()
        try:
            _, status = os.waitpid(self._pid, 0)
        except ChildProcessError:  # who ignores SIGCHLD has no children to wait for
            status = 0 if content else 1
        if status == 0:
            with suppress(EOFError, ValueError, TypeError):  # it was cut off
                return Deleted.load(content)
        deleted = self._delete()
        deleted.complete = False
        return deleted


def _delete_on_windows(path: str, deleted: Deleted) -> None:
    """Delete a directory; what is read-only is made writable first. Junctions are removed, not followed."""
    import shutil

    if not os.path.isdir(path):
        with suppress(FileNotFoundError):
            os.unlink(path)
        return
    size = disk_usage(path)

    def make_writable(function: Callable[[str], object], path: str, _: object) -> None:
        try:
            os.chmod(path, stat.S_IWRITE)
            function(path)
        except OSError as error:
            if error.errno != errno.ENOTEMPTY:  # what is still in it was told already
                deleted.failures.append((path, error.strerror or str(error)))

    failures = len(deleted.failures)
    shutil.rmtree(path, onerror=make_writable)
    if len(deleted.failures) == failures:
        deleted.free(size)


if sys.platform == "win32":

    def _delete_all(directory: str, names: Sequence[str], deleted: Deleted, on_progress: Callable[[int], None]) -> None:
        for done, name in enumerate(names, 1):
            _delete_on_windows(os.path.join(directory, name), deleted)
            on_progress(done)

else:

    def _delete_all(directory: str, names: Sequence[str], deleted: Deleted, on_progress: Callable[[int], None]) -> None:
        count = processes(len(names) // _SHARE)
        shares = [names[number::count] for number in range(count)]
        workers: list[_Worker] = []
        mine = list(shares[0])
        for share in shares[1:]:
            try:
                workers.append(_Worker(directory, share))
            except OSError:  # no more processes or descriptors: fewer will do
                mine += share
        for done, name in enumerate(mine, 1):
            _Deletion(directory, deleted).of(name)
            on_progress(min(done * count, len(names)))
        for worker in workers:
            deleted.add(worker.result())
        on_progress(len(names))
