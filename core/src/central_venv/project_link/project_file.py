"""Writing a file that lies in the project or its repository, where others read it, too.

As in the store, a reader sees the old content or the new. But such a file has the mode that others expect of it.
"""

from __future__ import annotations

import os
import stat
from contextlib import suppress

from central_venv.project_link import temporary

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

#: What the user's own mask is applied to.
_MODE = 0o666
_FLAGS = os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0)


def create(path: str, content: bytes) -> None:
    """Make a file where nothing is, as one step.

    Args:
        path: the file; its directory must exist.
        content: all of it.

    Raises:
        FileExistsError: something is there.
        OSError: it cannot be made.
    """
    _put(path, content, _place)


def replace(path: str, content: bytes) -> None:
    """Replace a file's content as one step, or make the file.

    Args:
        path: the file; its directory must exist.
        content: the new content.

    Raises:
        OSError: it cannot be written; the old content is untouched.
    """
    _put(path, content, _replace)


def _put(path: str, content: bytes, into_place: Callable[[str, str], None]) -> None:
    """Write a file under another name, then let it be called by a path."""
    for last in (False, False, True):
        new = _write(path, content)
        try:
            into_place(new, path)
        except FileNotFoundError:  # another process has just swept it away
            if last:
                raise
        else:
            return
        finally:
            _discard(new)


def _replace(new: str, path: str) -> None:
    """Let a file take the place of another, with its mode."""
    if os.path.exists(path):
        os.chmod(new, stat.S_IMODE(os.stat(path).st_mode))
    os.replace(new, path)


def _place(new: str, path: str) -> None:
    """Let a file be called by a path where nothing is."""
    try:
        os.link(new, path)
    except (FileExistsError, FileNotFoundError):
        raise
    except OSError as error:  # a file system without hard links: what somebody makes in this moment is replaced
        if os.path.lexists(path):
            raise FileExistsError(path) from error
        os.replace(new, path)


def _discard(new: str) -> None:
    with suppress(FileNotFoundError):  # it has taken its place
        os.unlink(new)


def _write(path: str, content: bytes) -> str:
    """Write a new file beside a path; what it is called."""
    new = temporary.file_beside(path)
    descriptor = os.open(new, _FLAGS, _MODE)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
    except BaseException:
        _discard(new)
        raise
    return new
