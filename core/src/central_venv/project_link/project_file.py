"""Writing a file that lies in the project or its repository, where others read it, too.

As in the store, a reader sees the old content or the new. But such a file has the mode that others expect of it.
"""

from __future__ import annotations

import os
import stat

from central_venv.machine.files import UNFINISHED

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
    temporary = _write(path, content)
    try:
        try:
            os.link(temporary, path)
        except FileExistsError:
            raise
        except OSError as error:  # a file system without hard links: what somebody makes in this moment is replaced
            if os.path.lexists(path):
                raise FileExistsError(path) from error
            os.replace(temporary, path)
        else:
            os.unlink(temporary)
    except BaseException:
        os.unlink(temporary)
        raise


def replace(path: str, content: bytes) -> None:
    """Replace a file's content as one step, or make the file.

    Args:
        path: the file; its directory must exist.
        content: the new content.

    Raises:
        OSError: it cannot be written; the old content is untouched.
    """
    temporary = _write(path, content)
    try:
        if os.path.exists(path):
            os.chmod(temporary, stat.S_IMODE(os.stat(path).st_mode))
        os.replace(temporary, path)
    except BaseException:
        os.unlink(temporary)
        raise


def _write(path: str, content: bytes) -> str:
    """Write a temporary file beside a path; what it is called."""
    temporary = os.path.join(os.path.dirname(path), f".central-venv-{os.urandom(4).hex()}{UNFINISHED}")
    descriptor = os.open(temporary, _FLAGS, _MODE)
    try:
        with open(descriptor, "wb") as file:
            file.write(content)
    except BaseException:
        os.unlink(temporary)
        raise
    return temporary
