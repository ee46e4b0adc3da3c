"""Removing environments from a project's tree: only this user's, never what is in use, never through a link.

What goes is renamed first, in one step, into a directory of ours beside it. If that took what was looked at, the
directory is renamed, and deleted then. Whoever is killed in between leaves one of the two, which git does not show: the
next adoption puts back what is in the first, and deletes the second.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import suppress

from central_venv.adoption.in_tree import DIRECTORIES, identity, is_removed, new_names, taken_by
from central_venv.errors import AdoptionError, CentralVenvError, StoreError
from central_venv.machine import clock, files, host
from central_venv.machine.processes import Running
from central_venv.store.deleted import Deleted
from central_venv.store.deletion import delete
from central_venv.store.leftovers import UNFINISHED_AGE
from central_venv.store.lock import Lock
from central_venv.store.own_names import is_unfinished

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from central_venv.adoption.in_tree import Identity

#: The variables that say which environment is active.
_ACTIVE = ("VIRTUAL_ENV", "CONDA_PREFIX")
#: uv locks this file in an environment while it changes that.
_LOCK_OF_UV = ".lock"
_GITIGNORE = ".gitignore"
_BEGINNING = ".central-venv-"


def objection(root: str, path: str) -> str | None:
    """What speaks against removing a directory of a project's tree, in words.

    Args:
        root: true path of the project.
        path: absolute path of the directory.

    Raises:
        FileNotFoundError: it is not there any more.
    """
    try:
        status = os.lstat(path)
    except NotADirectoryError:
        status = None
    if status is None or not files.is_directory(status):
        return "what it lay in is a file now" if status is None else "it is a link or a file now"
    if files.is_strangers(status):
        return f"it belongs to another user (id {status.st_uid})"
    place = os.path.join(os.path.realpath(path), "")
    active = (sys.prefix, *(os.environ.get(name, "") for name in _ACTIVE))
    if any(os.path.join(os.path.realpath(each), "").startswith(place) for each in active if each):
        return "it is active here"
    if (user := Lock(os.path.join(path, _LOCK_OF_UV)).user_elsewhere()) is not None:
        return "in use by uv" if user.doubt is None else f"in use by {user}"
    if (pid := Running(root).from_environment(path)) is not None:
        return f"process {pid} runs from it"
    mount = next(iter(host.mounts_below(os.path.realpath(path))), None)
    return None if mount is None else f"a file system is mounted at `{mount}`"


def take_away(path: str, known: Mapping[str, Identity | None]) -> str:
    """Rename a directory out of the way, and back if something else has come into its place since it was looked at.

    Args:
        path: its absolute path.
        known: which directories were looked at, it and others in it, by their absolute paths.

    Returns:
        The absolute path of the directory that it is in then, which is to be deleted.

    Raises:
        FileNotFoundError: it is not there any more.
        AdoptionError: it cannot be renamed, or is another one.
    """
    parent, name = os.path.split(path)
    taken, removed = (os.path.join(parent, each) for each in new_names())
    try:
        if not files.is_directory(os.lstat(path)):
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        os.mkdir(taken, files.PRIVATE_DIRECTORY)
        try:
            with suppress(StoreError):  # on a full disk, git shows it until it is gone
                files.write(os.path.join(taken, _GITIGNORE), b"*\n")
            os.rename(path, os.path.join(taken, name))
            _refuse_another(path, os.path.join(taken, name), known)
            os.rename(taken, removed)
        except BaseException:
            _give_back(taken)
            raise
    except FileNotFoundError:
        raise
    except OSError as error:
        raise AdoptionError(
            f"`{path}` cannot be moved out of the way: {files.reason(error)}",
            hint=f"make it and `{parent}` writable, or remove it yourself",
        ) from error
    return removed


def _refuse_another(path: str, there: str, known: Mapping[str, Identity | None]) -> None:
    """Refuse what is not what was looked at, now that it is called otherwise."""
    if any(identity(there + each[len(path) :]) != known[each] for each in known):
        raise AdoptionError(f"`{path}` is another one than was looked at, so it stays", hint="try again")


def give_back_leftovers(root: str) -> Iterator[AdoptionError]:
    """Put back what killed processes were looking at for the last time before they would have deleted it.

    Args:
        root: true path of the project.

    Yields:
        What cannot be put back.

    Raises:
        StoreError: a directory cannot be listed.
    """
    for entry in _ours(root):
        process = taken_by(entry.name)
        if process is None or _is_at_work(entry, process):
            continue
        try:
            _give_back(entry.path)
        except OSError as error:
            yield AdoptionError(
                f"`{entry.path}` cannot be put back: {files.reason(error)}", hint="put it back yourself"
            )
        except CentralVenvError as error:
            yield AdoptionError(error.message, hint=error.hint)


def _give_back(taken: str) -> None:
    """Rename what was taken back to where it was, where nothing must be now."""
    for entry in files.entries(taken):
        path = os.path.join(os.path.dirname(taken), entry.name)
        if entry.name == _GITIGNORE or is_unfinished(entry.name):
            files.remove(entry.path)
        elif os.path.lexists(path):
            raise AdoptionError(
                f"`{entry.path}` was `{path}`, where something else is now", hint="keep what you need of the two"
            )
        else:
            os.rename(entry.path, path)
    with suppress(FileNotFoundError):  # another process was faster
        os.rmdir(taken)


def _is_at_work(taken: os.DirEntry[str], process: int) -> bool:
    """Whether a process that took something may be about to rename it: that takes a moment."""
    if clock.seconds() - taken.stat(follow_symlinks=False).st_mtime > UNFINISHED_AGE:
        return False
    if sys.platform != "win32":
        try:
            os.kill(process, 0)
        except ProcessLookupError:
            return False
        except OSError:  # another user's
            pass
    return process != os.getpid()


def delete_all(paths: Sequence[str], *, on_progress: Callable[[int], None]) -> Deleted:
    """Delete what was renamed out of the way; what hides it from git goes last.

    Args:
        paths: what `take_away` returned.
        on_progress: told how many are done.
    """
    deleted = Deleted()
    for done, path in enumerate(paths, 1):
        names = [entry.name for entry in files.entries(path) if entry.name != _GITIGNORE]
        content = delete(path, names, on_progress=lambda _: None)
        deleted.add(content)
        if not content.failures:
            deleted.add(delete(os.path.dirname(path), [os.path.basename(path)], on_progress=lambda _: None))
        on_progress(done)
    return deleted


def leftovers(root: str) -> list[str]:
    """What killed removals left in a project's tree, by the absolute paths.

    Args:
        root: true path of the project.

    Raises:
        StoreError: a directory cannot be listed.
    """
    return [entry.path for entry in _ours(root) if is_removed(entry.name)]


def _ours(root: str) -> Iterator[os.DirEntry[str]]:
    """This user's own directories where those of ours are that a removal makes."""
    for directory in (root, *(os.path.join(root, name) for name in DIRECTORIES)):
        for entry in files.entries(directory):
            if entry.name.startswith(_BEGINNING) and _is_ours(entry.path):
                yield entry


def _is_ours(path: str) -> bool:
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return files.is_directory(status) and not files.is_strangers(status)
