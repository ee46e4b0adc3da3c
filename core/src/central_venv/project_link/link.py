"""A link in the project that leads to what lies in the store, for whoever looks for it in the project."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress

from central_venv.errors import LinkError
from central_venv.machine import files
from central_venv.policy.key import is_home_name


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
        old = target_of(path)
        if old == target:
            return False
        from central_venv.project_link import temporary

        temporary.sweep(os.path.dirname(path))
        if old is None:
            place(path, target)
        elif _is_ours(old, target):
            replace(path, target)
        else:
            raise LinkError(
                f"`{path}` is taken, so it cannot lead to `{target}`",
                hint=f"{clearance(path)}; the link is made in its place",
            )
    except FileExistsError:  # since we looked: another run was faster
        return make_link(path, target)
    except OSError as error:
        raise LinkError(
            f"cannot make the link `{path}`: {files.reason(error)}",
            hint="make its directory writable, or do without the link",
        ) from error
    return True


def clearance(path: str) -> str:
    """How somebody can clear a place in a project, for a hint.

    Args:
        path: absolute path of what is there.
    """
    from central_venv.machine import host

    if host.is_mounted_at(path):
        return (
            "unmount the file system that is mounted there, or start the container without that volume, and remove the "
            "directory"
        )
    return "move it away if nothing needs it"


def target_of(path: str) -> str | None:
    """Where a link leads, as it says so; empty if it is no link, and None if nothing is there.

    Args:
        path: absolute path of what may be a link.

    Raises:
        OSError: it cannot be looked at.
    """
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

    def place(path: str, target: str) -> None:
        """Make a junction, for which no privilege is needed, where nothing is.

        Raises:
            OSError: something is there, or none can be made.
        """
        _winapi.CreateJunction(target, path)

    def replace(path: str, target: str) -> None:
        """Put a junction in the place of a link or a file.

        Raises:
            OSError: it cannot be made.
        """
        remove(path)
        place(path, target)

    def remove(path: str) -> None:
        """Remove a junction, a link or a file, and nothing that it leads to.

        Raises:
            OSError: it cannot be removed.
        """
        if stat.S_ISREG(os.lstat(path).st_mode):
            os.unlink(path)
        else:
            os.rmdir(path)

else:

    def place(path: str, target: str) -> None:
        """Make a link where nothing is.

        Raises:
            OSError: something is there, or none can be made.
        """
        os.symlink(target, path)

    def replace(path: str, target: str) -> None:
        """Put a link in the place of a link or a file, in one step.

        Raises:
            OSError: it cannot be made.
        """
        from central_venv.project_link import temporary

        for last in (False, False, True):
            new = temporary.link_beside(path)
            place(new, target)
            try:
                os.replace(new, path)
            except BaseException as error:
                with suppress(FileNotFoundError):
                    os.unlink(new)
                if last or not isinstance(error, FileNotFoundError):  # else, another process has just swept it away
                    raise
            else:
                return

    def remove(path: str) -> None:
        """Remove a link or a file, and nothing that it leads to.

        Raises:
            OSError: it cannot be removed.
        """
        os.unlink(path)
