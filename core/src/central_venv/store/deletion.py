"""Deleting what was renamed into the trash: all of it, nothing else, and knowing what that gave back.

Several processes share the work: two take half the time of one.
"""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import suppress

from central_venv.machine import host
from central_venv.machine.fork import fork, worker_count
from central_venv.store.deleted import Deleted
from central_venv.store.disk_usage import disk_usage
from central_venv.store.tree_deletion import TreeDeletion

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence


#: It takes this many directories to be worth another process.
_SHARE = 16


def delete(directory: str, names: Sequence[str], *, on_progress: Callable[[int], None]) -> Deleted:
    """Delete directories and everything in them.

    Args:
        directory: absolute path of the directory that they lie in, which nobody else may write.
        names: their names there; what is not there any more is no failure.
        on_progress: told how many are done, now and then.
    """
    deleted = Deleted()
    deleted.cloned = bool(names) and host.may_clone(os.path.realpath(directory))
    _delete_all(directory, names, deleted, on_progress)
    return deleted


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
            TreeDeletion(self._directory, deleted).delete(name)
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
        count = worker_count(len(names) // _SHARE)
        shares = [names[number::count] for number in range(count)]
        workers: list[_Worker] = []
        mine = list(shares[0])
        for share in shares[1:]:
            try:
                workers.append(_Worker(directory, share))
            except OSError:  # no more processes or descriptors: fewer will do
                mine += share
        for done, name in enumerate(mine, 1):
            TreeDeletion(directory, deleted).delete(name)
            on_progress(min(done * count, len(names)))
        for worker in workers:
            deleted.add(worker.result())
        on_progress(len(names))
