"""What a deletion gave back, and what it could not delete."""

from __future__ import annotations

import marshal
import stat

from central_venv.store.disk_usage.usage import size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os


class Deleted:
    """What a deletion gave back, and what it could not delete.

    Attributes:
        cloned: whether less than that may be free, because other files may share blocks with what was deleted.
        failures: path and reason of each thing that is still there.
        complete: whether everything that was freed was counted; not if a process that took part was killed.
    """

    __slots__ = ("_alone", "_linked", "cloned", "complete", "failures")

    def __init__(self) -> None:
        self._alone = 0
        self._linked: dict[tuple[int, int], tuple[int, int, int]] = {}
        self.cloned = False
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

    def exclude(self, status: os.stat_result) -> None:
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
        self.cloned = self.cloned or other.cloned

    def _add(self, inode: tuple[int, int], size: int, links: int, here: int) -> None:
        # Others unlink the same file meanwhile: the first who looked saw all of its links.
        _, most, before = self._linked.get(inode, (size, 0, 0))
        self._linked[inode] = (size, max(links, most), before + here)

    def dump(self) -> bytes:
        """All of it, for another process."""
        return marshal.dumps((self._alone, self._linked, self.cloned, self.failures, self.complete))

    @classmethod
    def load(cls, content: bytes) -> Deleted:
        """What another process dumped."""
        deleted = cls()
        content_of = marshal.loads(content)  # noqa: S302  # our own child
        deleted._alone, deleted._linked, deleted.cloned, deleted.failures, deleted.complete = content_of
        return deleted
