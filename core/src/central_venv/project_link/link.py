"""A link in the project that leads to what lies in the store, for whoever looks for it in the project."""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress

from central_venv.machine import files


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
