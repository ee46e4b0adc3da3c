"""Reaching a directory from the store through its parents, opened one by one: none can be exchanged for a link."""

from __future__ import annotations

import errno
import os
import stat
import sys
from contextlib import contextmanager

from central_venv.machine import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence


#: How systems refuse to rename a directory whose content can be deleted all the same.
_REFUSALS = {errno.EXDEV, errno.EDQUOT, errno.ENOSPC, errno.EPERM, errno.ENOSYS, errno.EOPNOTSUPP}


def is_refusal(error: BaseException | None) -> bool:
    """Whether a directory cannot be renamed, but perhaps deleted where it lies.

    On Windows, what cannot be renamed is in use.

    Args:
        error: how its renaming failed.
    """
    return isinstance(error, OSError) and error.errno in _REFUSALS and sys.platform != "win32"


@contextmanager
def opened(store: str, parts: Sequence[str]) -> Iterator[int]:
    """Open a directory in a store.

    Args:
        store: absolute path of the store.
        parts: the names on the way from it to the directory; none for the store itself.

    Yields:
        Its descriptor.

    Raises:
        OSError: there is no such directory, or a link on the way.
    """
    directory = os.open(store, os.O_RDONLY | getattr(os, "O_DIRECTORY", 0) | getattr(os, "O_CLOEXEC", 0))
    try:
        for part in parts:
            child = os.open(part, files.DIRECTORY_ITSELF, dir_fd=directory)
            os.close(directory)
            directory = child
        yield directory
    finally:
        os.close(directory)


def open_itself(parent: int, name: str) -> int:
    """Open a directory, and nothing that only looks like one.

    Args:
        parent: descriptor of the directory that it is in.
        name: its name there.

    Raises:
        NotADirectoryError: it is none, or a link.
        OSError: it cannot be opened.
    """
    try:
        return os.open(name, files.DIRECTORY_ITSELF, dir_fd=parent)
    except PermissionError:  # its owner locked it, who may open it again: this user
        os.chmod(name, stat.S_IRWXU, dir_fd=parent)
        return os.open(name, files.DIRECTORY_ITSELF, dir_fd=parent)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR)) from error
        raise


if sys.platform == "win32":

    def rename(store: str, parts: Sequence[str], to: str, name: str) -> None:
        """Rename a directory of a store.

        Args:
            store: absolute path of the store.
            parts: the names on the way from it to the directory.
            to: absolute path of the directory that it goes to.
            name: its name there.

        Raises:
            OSError: it is no directory, behind a link, or cannot be renamed.
        """
        path = store
        for part in parts:
            path = os.path.join(path, part)
            if not files.is_directory(os.lstat(path)):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        os.rename(path, os.path.join(to, name))

else:

    def rename(store: str, parts: Sequence[str], to: str, name: str) -> None:
        """Rename a directory of a store.

        Args:
            store: absolute path of the store.
            parts: the names on the way from it to the directory.
            to: absolute path of the directory that it goes to.
            name: its name there.

        Raises:
            OSError: it is no directory, behind a link, or cannot be renamed.
        """
        with opened(store, parts[:-1]) as parent:
            if not stat.S_ISDIR(os.stat(parts[-1], dir_fd=parent, follow_symlinks=False).st_mode):
                raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
            target = os.open(to, files.DIRECTORY_ITSELF)
            try:
                try:
                    os.rename(parts[-1], name, src_dir_fd=parent, dst_dir_fd=target)
                except PermissionError:  # one that is read-only cannot get another parent
                    _make_writable(parent, parts[-1])
                    os.rename(parts[-1], name, src_dir_fd=parent, dst_dir_fd=target)
            finally:
                os.close(target)

    def _make_writable(parent: int, name: str) -> None:
        directory = os.open(name, files.DIRECTORY_ITSELF, dir_fd=parent)
        try:
            os.fchmod(directory, stat.S_IRWXU)
        finally:
            os.close(directory)
