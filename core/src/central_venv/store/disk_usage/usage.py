"""What directories take, alone and together, and what removing them gives back."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    import os
    from collections.abc import Iterable

    #: Of files with several links, bytes and how many links there are; by device and inode.
    Files = dict[int, dict[int, tuple[int, int]]]


class Usage:
    """The disk use of one directory and all in it.

    Attributes:
        own: bytes of what has no other hard link.
        links: the inode of each link in here to a file with several links, by device.
        files: bytes and links, wherever they are, of at least those files; by device and inode.
    """

    __slots__ = ("files", "links", "own")

    def __init__(self, files: Files) -> None:
        self.own = 0
        self.links: dict[int, list[int]] = {}
        self.files = files

    @property
    def size(self) -> int:
        """Bytes on disk; hard links count once."""
        size = self.own
        for device, links in self.links.items():
            if links:
                files = self.files[device]
                size += sum([files[inode][0] for inode in set(links)])
        return size

    @property
    def shared(self) -> int:
        """The part of `size` in files that have links elsewhere, too."""
        return self.size - freed((self,))

    def add(self, status: os.stat_result) -> None:
        """Count something that is no directory."""
        if status.st_nlink <= 1:
            self.own += size_of(status)
            return
        self.files.setdefault(status.st_dev, {})[status.st_ino] = (size_of(status), status.st_nlink)
        self.links.setdefault(status.st_dev, []).append(status.st_ino)


def total(usages: Iterable[Usage]) -> int:
    """Bytes that several directories take together; hard links count once.

    Args:
        usages: of directories of which none is in another.
    """
    result = 0
    inodes: dict[int, set[int]] = {}
    for usage in usages:
        result += usage.own
        for device, links in usage.links.items():
            if not links:
                continue
            files = usage.files[device]
            counted = inodes.setdefault(device, set())
            new = set(links) - counted if counted else set(links)
            result += sum([files[inode][0] for inode in new])
            counted |= new
    return result


def freed(usages: Iterable[Usage]) -> int:
    """Bytes that removing several directories gives back: a file goes with the last of its links.

    Args:
        usages: of directories of which none is in another.
    """
    result = 0
    elsewhere: dict[int, dict[int, int]] = {}
    for usage in usages:
        result += usage.own
        for device, links in usage.links.items():
            files = usage.files[device]
            left = elsewhere.setdefault(device, {})
            for inode in links:
                left[inode] = others = (left[inode] if inode in left else files[inode][1]) - 1
                if not others:
                    result += files[inode][0]
    return result


def size_of(status: os.stat_result) -> int:
    """Bytes on disk of a file or directory itself."""
    blocks = getattr(status, "st_blocks", None)  # in units of 512 bytes wherever it exists; Windows has none
    return status.st_size if blocks is None else int(blocks) * 512
