"""What of another user's is safe to run from: only what no user but root can write; and where nothing is to be made.

Whoever can write an environment chooses what is run from it, and root can write everything anyway.
"""

from __future__ import annotations

import os
import stat
import sys

from central_venv.errors import HomeConflictError, StoreError
from central_venv.machine import files

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
        HomeConflictError: some other user can write it, or put something else in its place.
    """
    if is_only_for_root_to_write(path, status):
        if _others_may_exchange(path):
            raise HomeConflictError(
                f"the {what} `{path}` belongs to root, but others may put something else in its place", hint=_HINT
            )
        return
    if status.st_uid == 0:
        from shlex import join

        raise HomeConflictError(
            f"the {what} `{path}` belongs to root, but others may write it, too",
            hint=f"let root run `{join(['chmod', '-R', 'go-w', path])}`, or {_HINT}",
        )
    raise HomeConflictError(_words(path, what, status), hint=remedy(path))


def refuse_change(path: str, what: str) -> None:
    """Refuse to change another user's directory.

    Args:
        path: absolute path of what lies in the store.
        what: what it is, in words.

    Raises:
        StoreError: in any case.
    """
    raise StoreError(_words(path, what, os.lstat(path)), hint=remedy(path))


def _words(path: str, what: str, status: os.stat_result) -> str:
    return f"the {what} `{path}` {belongs(status)}"


def _others_may_exchange(path: str) -> bool:
    """Whether a user who is neither this one nor root may rename what is at a path."""
    directory = os.path.dirname(path)
    status = os.stat(directory)
    if not files.is_strangers(status):
        return False
    return not is_roots(directory, status) or bool(status.st_mode & _WRITABLE_BY_OTHERS and not _is_sticky(status))


def _is_sticky(status: os.stat_result) -> bool:
    """Whether in a directory that others may write, they may not rename what is not theirs."""
    return bool(status.st_mode & stat.S_ISVTX)


def is_only_for_root_to_write(path: str, status: os.stat_result) -> bool:
    """Whether a directory is root's and only root can write it.

    Args:
        path: absolute path of the directory.
        status: from `os.lstat` or `os.stat`.
    """
    return not status.st_mode & _WRITABLE_BY_OTHERS and is_roots(path, status)


if sys.platform == "win32":

    def refuse_place(store: str) -> None:
        """Do nothing: nothing tells whose a directory is."""

    def belongs(status: os.stat_result) -> str:
        """Whose something is, in words that follow its name."""
        return f"belongs to another user (id {status.st_uid})"

    def remedy(path: str) -> str:  # noqa: ARG001  # nothing tells there
        """What helps where a directory in the store is another user's."""
        return _HINT

    def is_roots(path: str, status: os.stat_result) -> bool:  # noqa: ARG001  # nothing tells there
        """False: there is no root."""
        return False

else:

    def refuse_place(store: str) -> None:
        """Refuse to make anything in another user's store, or as root below another user's directory.

        What root makes there, as under a `sudo` that keeps `HOME`, that user can neither use nor remove. Other users
        can only make something where they were let.

        Args:
            store: absolute path of the store, which need not exist.

        Raises:
            StoreError: it is such a place.
        """
        directory = store
        while (status := _status(directory)) is None and directory != os.path.dirname(directory):
            directory = os.path.dirname(directory)
        if status is None or not files.is_strangers(status) or is_roots(directory, status):
            return
        if directory == store:
            raise StoreError(f"the store `{store}` {belongs(status)}", hint=remedy(store))
        if os.getuid() == 0:
            raise StoreError(
                f"the store `{store}` would be in `{directory}`, which {belongs(status)}", hint=remedy(store)
            )

    def belongs(status: os.stat_result) -> str:
        """Whose something is, in words that follow its name.

        Args:
            status: from `os.lstat` or `os.stat`, of what is another user's.
        """
        home = _status(os.environ.get("HOME", ""))
        cause = ""
        if os.getuid() == 0 and home is not None and home.st_uid == status.st_uid:
            cause = ", and root has that user's `HOME` here, as under `sudo`"
        return f"belongs to another user (id {status.st_uid}){cause}"

    def remedy(path: str) -> str:
        """What helps where a directory in the store, or the store, is another user's.

        Args:
            path: its absolute path.
        """
        user = os.getuid()
        above = _status(os.path.dirname(path))
        if above is not None and not files.is_strangers(above):  # it lies in this user's own store
            from shlex import join

            give = join([*(["sudo"] if user else []), "chown", "-R", f"{user}:{os.getgid()}", path])
            return f"`{give}` makes it yours, if it was made under `sudo`; else {_HINT}"
        if user == 0:
            return "run it without `sudo`, or with `sudo -H`, or set `CENTRAL_VENV_HOME` to a directory of root's own"
        return _HINT

    def _status(path: str) -> os.stat_result | None:
        try:
            return os.stat(path)
        except OSError:
            return None

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
