"""This machine: its name, and which file system is mounted where."""

from __future__ import annotations

import os
import sys


def name() -> str:
    """This machine's name on the network."""
    if sys.platform == "win32":
        return os.environ.get("COMPUTERNAME", "")
    else:  # noqa: RET505  # type checkers understand this form
        return os.uname().nodename


def mount_point(path: str) -> str:
    """Where the file system of a path is mounted.

    Args:
        path: a true path; it need not exist.
    """
    directory = path
    while not os.path.ismount(directory):
        parent = os.path.dirname(directory)
        if parent == directory:
            break
        directory = parent
    return directory


def volume(mount: str) -> str | None:
    """What tells the file system mounted at a directory from another one mounted there; None if nothing does."""
    try:
        if sys.platform == "win32":
            number = os.stat(mount).st_dev
        else:
            number = os.statvfs(mount).f_fsid
    except OSError:
        return None
    return f"{number:x}" if number else None
