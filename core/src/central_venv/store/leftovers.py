"""What killed processes and removed environments leave in a home: records, locks, marks of use, unfinished files.

None of it does harm, but each takes an inode.
"""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError
from central_venv.machine import clock, files
from central_venv.policy import layout
from central_venv.store.lock import Lock
from central_venv.store.own_names import is_mark, is_unfinished
from central_venv.store.use import user_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from central_venv.store.deleted import Deleted

#: Seconds after which a file that is being written has been left behind: writing one takes a moment.
UNFINISHED_AGE = 60

_RECORD, _LOCK, _USES = ".json", ".lock", ".uses"


def find(home: str) -> Iterator[str]:
    """The absolute path of each file and directory that nobody needs any more.

    Args:
        home: absolute path of a home.

    Raises:
        StoreError: something in it cannot be listed.
    """
    return _find(home, shared=False)


def find_shared(store: str) -> Iterator[str]:
    """What is left of environments that several projects shared; a store can hold other things, too.

    Args:
        store: absolute path of the store.

    Raises:
        StoreError: something in it cannot be listed.
    """
    return _find(store, shared=True)


def sweep(home: str, deleted: Deleted) -> None:
    """Remove what is left in a home, with the directories that are empty then.

    Args:
        home: absolute path of a home whose lock is held, so nobody claims anything in it meanwhile.
        deleted: where it is counted.

    Raises:
        StoreError: something cannot be removed.
    """
    _remove_all(find(home), deleted)
    for parent in (os.path.join(home, layout.RECORDS), home):
        for entry in _directories(parent):
            if parent != home or layout.runner_of(entry.name) is not None:
                _remove_empty(entry.path, deleted)


def sweep_shared(store: str, deleted: Deleted) -> None:
    """Remove what is left of environments that several projects shared.

    Args:
        store: absolute path of a store whose lock is held, so nobody claims any of them meanwhile.
        deleted: where it is counted.

    Raises:
        StoreError: something cannot be removed.
    """
    _remove_all(find_shared(store), deleted)
    _remove_empty(layout.records_directory(store, layout.PROJECT_RUNNER), deleted)


def _remove_all(paths: Iterable[str], deleted: Deleted) -> None:
    for path in list(paths):
        if path.endswith(_USES):
            for entry in list(files.entries(path)):
                if is_mark(entry.name):
                    remove(entry.path, deleted)
            _remove_empty(path, deleted)
        elif path.endswith(files.UNFINISHED) and files.is_directory(os.lstat(path)):  # in which nothing was tried yet
            _remove_empty(path, deleted)
        else:
            remove(path, deleted)


def _find(home: str, *, shared: bool) -> Iterator[str]:
    """What is left in a home, or in a store of what several projects shared."""
    records = os.path.join(home, layout.RECORDS)
    yield from _unfinished(home)
    yield from _unfinished(records)
    for runner in _directories(records):
        if shared and runner.name != layout.PROJECT_RUNNER:
            continue
        yield from _unfinished(runner.path)
        for entry in files.entries(runner.path):
            is_ours = not shared or layout.is_shared_name(os.path.splitext(entry.name)[0])
            if is_ours and _is_left(home, runner.name, entry):
                yield entry.path


def _is_left(home: str, runner: str, entry: os.DirEntry[str]) -> bool:
    """Whether a record, lock or mark is of an environment that is not there and that nobody makes."""
    directory, kind = os.path.splitext(entry.name)
    if kind not in {_RECORD, _LOCK, _USES}:
        return False
    try:
        os.lstat(layout.environment_path(home, runner, directory))
    except CentralVenvError:  # a name that no environment can have
        return True
    except (FileNotFoundError, NotADirectoryError):
        pass
    except OSError:  # nobody can tell
        return False
    else:
        return False
    lock = layout.environment_lock_path(home, runner, directory)
    if Lock(lock).held_elsewhere() and not os.path.islink(lock):  # nobody locks what a link leads to
        return False
    return kind != _USES or (user_of(entry.path) is None and _holds_only_marks(entry.path))


def _holds_only_marks(directory: str) -> bool:
    return all(is_mark(entry.name) for entry in files.entries(directory))


def _unfinished(directory: str) -> Iterator[str]:
    for entry in files.entries(directory):
        if is_unfinished(entry.name):
            try:
                written = entry.stat(follow_symlinks=False).st_mtime
            except OSError:  # it is finished now
                continue
            if clock.seconds() - written > UNFINISHED_AGE:
                yield entry.path


def _directories(path: str) -> Iterator[os.DirEntry[str]]:
    return (entry for entry in files.entries(path) if entry.is_dir(follow_symlinks=False))


def remove(path: str, deleted: Deleted) -> None:
    """Remove a file.

    Args:
        path: its absolute path.
        deleted: where it is counted.

    Raises:
        StoreError: it cannot be removed.
    """
    try:
        status = os.lstat(path)
        os.unlink(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise files.store_error(error, "remove", path) from error
    deleted.count(status)


def _remove_empty(directory: str, deleted: Deleted) -> None:
    try:
        status = os.lstat(directory)
        os.rmdir(directory)
    except OSError:  # it is not empty, or gone
        return
    deleted.count(status)
