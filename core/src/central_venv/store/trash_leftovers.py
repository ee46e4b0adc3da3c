"""What killed removals left in the trash, and what no removal put there."""

from __future__ import annotations

import os
import stat
import sys

from central_venv.machine import files
from central_venv.policy import layout
from central_venv.store.deleted import Deleted
from central_venv.store.deletion import delete
from central_venv.store.lock import Lock
from central_venv.store.own_names import LOCK as _LOCK
from central_venv.store.own_names import is_mark, is_place
from central_venv.store.trash import refuse_link

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

#: What the process in the background runs.
_BACKGROUND = """
import sys
sys.path[:] = sys.argv[2:]
from central_venv.store.trash_leftovers import empty_leftovers
empty_leftovers(sys.argv[1])
"""


def empty_leftovers(store: str) -> tuple[int, Deleted]:
    """Delete what removals left in the trash whose processes were killed.

    Args:
        store: absolute path of the store.

    Returns:
        How many there were, and what that gave back.

    Raises:
        StoreError: the trash cannot be listed.
    """
    directory = layout.trash_directory(store)
    count, deleted = 0, Deleted()
    for name in leftovers(store):
        place = os.path.join(directory, name)
        lock = Lock(f"{place}{_LOCK}", make_directories=False)
        if _is_file(lock.path) and not lock.try_acquire():
            continue  # somebody else finishes it
        if os.path.lexists(place):  # nobody else has finished it since
            this = delete(directory, [name], on_progress=lambda _: None)
            deleted.add(this)
            count += not this.failures
        if lock.held and not os.path.lexists(place):
            lock.remove()
        lock.release()
    for entry in files.entries(directory):  # locks of removals that ended just before theirs was removed
        alone = is_mark(entry.name) and not os.path.lexists(entry.path.removesuffix(_LOCK))
        if alone and not Lock(entry.path).held_elsewhere():
            deleted.add(delete(directory, [entry.name], on_progress=lambda _: None))
    return count, deleted


def empty_in_background(store: str) -> None:
    """Start a process that deletes what is in the trash, and do not wait for it.

    Args:
        store: absolute path of the store.

    Raises:
        StoreError: it cannot be started; the next removal empties the trash.
    """
    import subprocess

    options: dict[str, Any] = {"start_new_session": True}
    if sys.platform == "win32":
        options = {"creationflags": subprocess.DETACHED_PROCESS | subprocess.CREATE_NEW_PROCESS_GROUP}
    try:
        subprocess.Popen(  # noqa: S603  # ourselves
            [sys.executable, "-c", _BACKGROUND, store, *_module_places()],
            cwd=store,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            **options,
        )
    except OSError as error:
        raise files.store_error(error, "start a process in", store) from error


def _module_places() -> list[str]:
    """Where this process finds modules: its copy finds the same ones, and none in the directory that it runs in."""
    return [os.path.abspath(place) for place in sys.path if place]


def leftovers(store: str) -> list[str]:
    """The names of what killed removals left in the trash.

    Args:
        store: absolute path of the store.

    Raises:
        StoreError: the trash cannot be listed, or is a link.
    """
    return [
        entry.name
        for entry in _entries(store)
        if is_place(entry.name) and not Lock(f"{entry.path}{_LOCK}").held_elsewhere()
    ]


def foreign(store: str) -> list[str]:
    """The names of what is in the trash and no removal put there: it stays.

    Args:
        store: absolute path of the store.

    Raises:
        StoreError: the trash cannot be listed, or is a link.
    """
    return [entry.name for entry in _entries(store) if not is_place(entry.name) and not is_mark(entry.name)]


def _entries(store: str) -> list[os.DirEntry[str]]:
    directory = layout.trash_directory(store)
    if not os.path.lexists(directory):
        return []
    refuse_link(directory)
    return files.entries(directory)


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(path).st_mode)
    except FileNotFoundError:
        return False
