"""What helps if the system refuses to do something with a file of a store."""

from __future__ import annotations

import errno
import os
import sys

#: The end of a remedy, where the file system itself is at fault.
ELSEWHERE = "set `CENTRAL_VENV_HOME` to a directory on another file system"

_NOT_PERMITTED = (
    "make it yours and writable, set `CENTRAL_VENV_HOME` to a directory that is, or turn central-venv off with "
    "`CENTRAL_VENV=0`"
)
_INCAPABLE = f"its file system cannot do that: {ELSEWHERE}"
_GONE = f"what serves its file system is gone: unmount that and mount it again, or {ELSEWHERE}"
_TOO_MANY = "close programs with many open files, or raise the limit, as with `ulimit -n 4096`"
_REMEDIES = {
    errno.EACCES: _NOT_PERMITTED,
    errno.EPERM: _NOT_PERMITTED,
    errno.ENOSPC: "free some space there, or set `CENTRAL_VENV_HOME` to a directory on another disk",
    errno.EDQUOT: "your quota is used up: remove something, or set `CENTRAL_VENV_HOME` to a directory on another disk",
    errno.EROFS: "the file system is read-only: set `CENTRAL_VENV_HOME` to a directory that you can write",
    errno.ENAMETOOLONG: "set `CENTRAL_VENV_HOME` to a shorter path",
    errno.ENOTDIR: "something in that path is not a directory: set `CENTRAL_VENV_HOME` to another path",
    errno.ENOSYS: _INCAPABLE,
    errno.EOPNOTSUPP: _INCAPABLE,
    errno.ENOTSUP: _INCAPABLE,  # another number than the one before on macOS
    errno.EXDEV: "let the whole store lie on one file system, without mounts or subvolumes in it",
    errno.ENOTCONN: _GONE,
    errno.ESTALE: _GONE,
    errno.EMFILE: _TOO_MANY,
    errno.ENFILE: _TOO_MANY,
    errno.EIO: f"the disk or the server failed, as the system's log says: mend it, or {ELSEWHERE}",
}


def remedy(number: int, path: str) -> str:
    """What helps, in words.

    Args:
        number: of the error that the system gave; 0 if it gave none.
        path: of the file.
    """
    if number == errno.ENOSPC and lacks_inodes(path):
        return f"its file system has no inodes left for further files: remove some there, or {ELSEWHERE}"
    return _REMEDIES.get(number, f"look what is at that path, or {ELSEWHERE}")


if sys.platform == "win32":

    def lacks_inodes(path: str) -> bool:  # noqa: ARG001  # there, nothing counts files
        """Never."""
        return False

else:

    def lacks_inodes(path: str) -> bool:
        """Whether the file system of a path can hold no more files, whatever space is left.

        Args:
            path: an absolute path; it need not exist.
        """
        while path:
            try:
                status = os.statvfs(path)
            except OSError:
                path = "" if os.path.dirname(path) == path else os.path.dirname(path)
            else:
                return status.f_files > 0 and status.f_favail == 0  # those that do not count say 0 of 0
        return False
