"""What is to change in the files of one environment, decided before anything is written.

No file is written in place, for it may be a hard link to uv's cache, and no link is followed.
"""

from __future__ import annotations

import os
import stat

from central_venv.machine import files
from central_venv.repair.places import UnrepairableError
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.repair.places import Places

_BEGINNING = 1024


class File:
    """A regular file of an environment, and what it is to hold.

    Attributes:
        path: absolute path.
        status: what the system knows of it.
        old: what it holds.
        new: what it is to hold.
    """

    __slots__ = ("new", "old", "path", "status")

    def __init__(self, path: str, status: os.stat_result, content: bytes) -> None:
        self.path = path
        self.status = status
        self.old = self.new = content


class Changes:
    """What is to change in an environment.

    Attributes:
        path: absolute path of the environment.
        places: what was where.
    """

    __slots__ = ("_files", "_links", "_plain", "_scratch", "path", "places")

    def __init__(self, path: str, places: Places, scratch: str) -> None:
        """Begin with none.

        Args:
            path: absolute path of the environment.
            places: what was where.
            scratch: absolute path of a directory on the same file system, where files are written before they are
                moved to their place.
        """
        self.path = path
        self.places = places
        self._scratch = scratch
        self._files: dict[str, File] = {}
        self._links: dict[str, str] = {}
        self._plain: dict[str, bool] = {}

    def read(self, path: str, wanted: Callable[[bytes], bool] | None = None) -> File | None:
        """A regular file; None if there is none, or if its beginning is not that of a wanted one.

        Args:
            path: absolute path of the file.
            wanted: whether a file that begins so is wanted; by default, each is.

        Raises:
            OSError: it cannot be read.
        """
        flags = files.READ_WITHOUT_WAITING | getattr(os, "O_NOFOLLOW", 0)
        if not self._is_plain(os.path.dirname(path)):
            return None
        try:
            status = os.lstat(path)
            if not stat.S_ISREG(status.st_mode):
                return None
            descriptor = os.open(path, flags)
        except (FileNotFoundError, NotADirectoryError):
            return None
        with open(descriptor, "rb") as stream:
            content = stream.read(_BEGINNING)
            if wanted is not None and not wanted(content):
                return None
            file = self._files[path] = File(path, status, content + stream.read())
        return file

    def file(self, path: str) -> File | None:
        """A file that was read."""
        return self._files.get(path)

    def change(self, path: str, rewrite: Callable[[bytes], bytes]) -> None:
        """Let a file be rewritten, unless it was read before.

        Args:
            path: absolute path of the file.
            rewrite: what it is to hold instead of what it holds.

        Raises:
            UnrepairableError: it cannot be rewritten.
            OSError: it cannot be read.
        """
        if path in self._files:
            return
        file = self.read(path)
        if file is None:
            return
        try:
            file.new = rewrite(file.old)
        except UnrepairableError as error:
            raise UnrepairableError(f"`{self.short(path)}`: {error}") from None

    def change_link(self, path: str) -> None:
        """Let a link lead to where its target is now."""
        target = os.readlink(path)
        new = self.places.of_path(target)
        if new != target:
            self._links[path] = new

    def changed(self) -> dict[str, File]:
        """The files that are to hold something else, by their paths."""
        return {path: file for path, file in self._files.items() if file.new != file.old}

    def write(self, file: File) -> None:
        """Put a file with its new content in the place of the old one.

        Raises:
            OSError: that is refused.
        """
        new = self._new_name()
        descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), files.PRIVATE_FILE)
        try:
            with open(descriptor, "wb") as stream:
                stream.write(file.new)
            os.chmod(new, stat.S_IMODE(file.status.st_mode))
            if os.path.basename(file.path) == venv.MARKER:  # its time says when the environment was made
                os.utime(new, ns=(file.status.st_atime_ns, file.status.st_mtime_ns))
            os.replace(new, file.path)
        except BaseException:
            os.unlink(new)
            raise

    def write_links(self) -> None:
        """Put the links that lead to where their targets are now in the places of the old ones.

        Raises:
            OSError: that is refused.
        """
        for path, target in self._links.items():
            new = self._new_name()
            os.symlink(target, new)
            os.replace(new, path)

    def short(self, path: str) -> str:
        """A path in the environment, from there on."""
        return os.path.relpath(path, self.path) if path.startswith(self.path + os.sep) else path

    def _is_plain(self, directory: str) -> bool:
        """Whether a directory lies in the environment, and behind no link."""
        if directory not in self._plain:
            above = os.path.dirname(directory)
            self._plain[directory] = directory == self.path or (
                self._is_plain(above) and os.path.isdir(directory) and not os.path.islink(directory)
            )
        return self._plain[directory]

    def _new_name(self) -> str:
        return os.path.join(self._scratch, f".{os.getpid():x}-{os.urandom(4).hex()}{files.UNFINISHED}")
