"""What of another user's is safe to run from: only what no user but root can write.

Whoever can write an environment chooses what is run from it, and root can write everything anyway.
"""

from __future__ import annotations

import os
import stat
import sys

from central_venv.errors import HomeConflictError, StoreError

_WRITABLE_BY_OTHERS = stat.S_IWGRP | stat.S_IWOTH
_HINT = (
    "give each user a store of their own with `CENTRAL_VENV_HOME`; in a configuration file, `{user}` stands for the "
    "user's name"
)


def refuse_unsafe(path: str, what: str, status: os.stat_result) -> None:
    """Refuse another user's directory unless only root can write it.

    Args:
        path: absolute path of what lies in the store.
        what: what it is, in words.
        status: from `os.lstat`.

    Raises:
        HomeConflictError: some other user can write it.
    """
    if is_only_for_root_to_write(path, status):
        return
    if status.st_uid == 0:
        from shlex import join

        raise HomeConflictError(
            f"the {what} `{path}` belongs to root, but others may write it, too",
            hint=f"let root run `{join(['chmod', '-R', 'go-w', path])}`, or {_HINT}",
        )
    raise HomeConflictError(_words(path, what, status), hint=_HINT)


def refuse_change(path: str, what: str) -> None:
    """Refuse to change another user's directory.

    Args:
        path: absolute path of what lies in the store.
        what: what it is, in words.

    Raises:
        StoreError: in any case.
    """
    raise StoreError(_words(path, what, os.lstat(path)), hint=_HINT)


def _words(path: str, what: str, status: os.stat_result) -> str:
    return f"the {what} `{path}` belongs to another user (id {status.st_uid})"


def is_only_for_root_to_write(path: str, status: os.stat_result) -> bool:
    """Whether a directory is root's and only root can write it.

    Args:
        path: absolute path of the directory.
        status: from `os.lstat` or `os.stat`.
    """
    return not status.st_mode & _WRITABLE_BY_OTHERS and is_roots(path, status)


if sys.platform == "win32":

    def is_roots(path: str, status: os.stat_result) -> bool:  # noqa: ARG001  # nothing tells there
        """False: there is no root."""
        return False

else:

    def is_roots(path: str, status: os.stat_result) -> bool:
        """Whether something is root's, or as good as that.

        In a user namespace without root, such as Apptainer's, the owner of root's files is unknown. There it has to be
        enough that the file system is read-only.

        Args:
            path: absolute path of it.
            status: from `os.lstat` or `os.stat`.
        """
        return status.st_uid == 0 or (_is_unknown(status.st_uid) and bool(os.statvfs(path).f_flag & os.ST_RDONLY))

    def _is_unknown(user: int) -> bool:
        """Whether an id stands for all users that this user namespace does not know."""
        try:
            with open("/proc/sys/kernel/overflowuid", "rb") as file:
                unknown = int(file.read())
            with open("/proc/self/uid_map", "rb") as file:
                known = [(int(first), int(count)) for first, _, count in map(bytes.split, file)]
        except (OSError, ValueError):
            return False
        return user == unknown and not any(first <= user < first + count for first, count in known)
