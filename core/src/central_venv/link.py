"""A link in the project that leads to what lies in the store, for whoever looks for it in the project."""

from __future__ import annotations

import os
import stat
import sys

from central_venv import files
from central_venv.errors import LinkError
from central_venv.key import is_home_name

_UNFINISHED = ".central-venv-link"


def make_link(path: str, target: str) -> bool:
    """Let a path in a project lead to a directory in the project's home.

    A link that leads to the same name in another home, as after the project was moved, is replaced in one step.

    Args:
        path: absolute path of the link.
        target: absolute path of the directory, which exists.

    Returns:
        Whether something was changed.

    Raises:
        LinkError: something else is at that path, or no link can be made there.
    """
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        pass
    except OSError as error:
        raise _cannot(path, error) from error
    else:
        old = _target(path, status)
        if old == target:
            return False
        if old is None or not _is_ours(old, target):
            raise LinkError(
                f"`{path}` is taken, so it cannot lead to `{target}`",
                hint="move it away if nothing needs it; the link is made in its place",
            )
    try:
        _replace(path, target)
    except OSError as error:
        raise _cannot(path, error) from error
    return True


def _target(path: str, status: os.stat_result) -> str | None:
    """Where a link leads; None if it is no link."""
    if not stat.S_ISLNK(status.st_mode) and getattr(status, "st_reparse_tag", 0) != files.JUNCTION:
        return None
    return os.readlink(path).removeprefix("\\\\?\\")


def _is_ours(old: str, target: str) -> bool:
    """Whether a link leads to what the target is called, in some project's home."""
    home, name = os.path.split(old)
    return name == os.path.basename(target) and is_home_name(os.path.basename(home))


def _cannot(path: str, error: OSError) -> LinkError:
    return LinkError(
        f"cannot make the link `{path}`: {files.reason(error)}",
        hint="make its directory writable, or do without the link",
    )


if sys.platform == "win32":
    import _winapi

    def _replace(path: str, target: str) -> None:
        """Make a junction, for which no privilege is needed."""
        if os.path.lexists(path):
            os.rmdir(path)
        _winapi.CreateJunction(target, path)

else:

    def _replace(path: str, target: str) -> None:
        temporary = os.path.join(os.path.dirname(path), f"{_UNFINISHED}-{os.urandom(4).hex()}")
        os.symlink(target, temporary)
        try:
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
