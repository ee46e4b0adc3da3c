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
        old = _target(path)
        if old == target:
            return False
        if old is None:
            _make(path, target)
        elif _is_ours(old, target):
            _replace(path, target)
        else:
            raise LinkError(
                f"`{path}` is taken, so it cannot lead to `{target}`",
                hint="move it away if nothing needs it; the link is made in its place",
            )
    except FileExistsError:  # since we looked: another run was faster
        return make_link(path, target)
    except OSError as error:
        raise LinkError(
            f"cannot make the link `{path}`: {files.reason(error)}",
            hint="make its directory writable, or do without the link",
        ) from error
    return True


def _target(path: str) -> str | None:
    """Where a link leads; nowhere if it is no link, and None if nothing is there."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:
        return None
    if not stat.S_ISLNK(status.st_mode) and getattr(status, "st_reparse_tag", 0) != files.JUNCTION:
        return ""
    return os.readlink(path).removeprefix("\\\\?\\")


def _is_ours(old: str, target: str) -> bool:
    """Whether a link leads to what the target is called, in some project's home."""
    home, name = os.path.split(old)
    return name == os.path.basename(target) and is_home_name(os.path.basename(home))


if sys.platform == "win32":
    import _winapi

    def _make(path: str, target: str) -> None:
        """Make a junction, for which no privilege is needed."""
        _winapi.CreateJunction(target, path)

    def _replace(path: str, target: str) -> None:
        os.rmdir(path)
        _make(path, target)

else:

    def _make(path: str, target: str) -> None:
        os.symlink(target, path)

    def _replace(path: str, target: str) -> None:
        temporary = os.path.join(os.path.dirname(path), f"{_UNFINISHED}-{os.urandom(4).hex()}")
        _make(temporary, target)
        try:
            os.replace(temporary, path)
        except BaseException:
            os.unlink(temporary)
            raise
