"""Looking at directories and all below them, for as long as one may.

Nothing is followed, and nothing but directories is opened. What vanishes meanwhile or cannot be listed counts for what
its parent knows of it.
"""

from __future__ import annotations

import errno
import os
import stat
import time

from central_venv.machine.files import DIRECTORY_ITSELF, JUNCTION
from central_venv.store.disk_usage.usage import size_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from central_venv.store.disk_usage.usage import Usage

    #: A directory to be measured: the index of the path that it is in, the names that lead there from that path, and
    #: its inode as its parent lists it.
    Unit = tuple[int, tuple[str, ...], int]
    #: A directory with some in it that are yet to be measured: its descriptor and device, the names that lead there.
    _Level = tuple[int, int, "_Trail | None", list[os.DirEntry[str]]]
    #: Names that lead to a directory, the last one at hand.
    _Trail = tuple["_Trail | None", str]

#: An inode or device that nobody has told.
UNKNOWN = -1
#: For how many seconds a process measures before it looks around.
_SLICE = 0.001
#: How many directories are open at once, at most.
_MAXIMUM_OPEN = 64

#: Whether a directory can be reached through the one that it is in.
BY_DESCRIPTOR = os.scandir in os.supports_fd and {os.open, os.stat} <= os.supports_dir_fd
_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOMEM})


def walk(paths: Sequence[str], units: list[Unit], usage: Callable[[int], Usage]) -> list[Unit]:
    """Measure directories and all below them for about `_SLICE`, one at least.

    Args:
        paths: where the directories are.
        units: the directories.
        usage: where to count what is in a path, given its index.

    Returns:
        What remains to be measured.
    """
    deadline = time.monotonic() + _SLICE
    rest = units[::-1]
    while rest:
        unit = rest.pop()
        index = unit[0]
        if BY_DESCRIPTOR:
            rest += _walk_down(usage(index), paths[index], unit, deadline)
        else:
            _walk_paths(usage(index), paths[index])
        if time.monotonic() > deadline:
            break
    return rest


def _walk_down(usage: Usage, path: str, unit: Unit, deadline: float) -> list[Unit]:
    """Measure a directory and all below it, each opened from its parent: nothing that is swapped is followed.

    Returns:
        What remains to be measured.
    """
    index, names, inode = unit
    begin = time.monotonic()
    descriptor, parent = _enter(usage, path, names)
    if names:  # whoever went far may stay long, or the way to a deep one takes all the time
        now = time.monotonic()
        deadline = max(deadline, 2 * now - begin)
    rest: list[Unit] = []
    levels: list[_Level] = []
    trail: _Trail | None = None
    try:
        while descriptor >= 0:
            device, directories = _list(usage, descriptor, inode, parent)
            if directories:
                levels.append((descriptor, device, trail, directories))
            else:
                os.close(descriptor)
            descriptor = -1
            keep = 0 if time.monotonic() > deadline else _MAXIMUM_OPEN
            while len(levels) > keep:
                level = levels.pop(0)
                os.close(level[0])
                before = names + _names(level[2])
                rest += [(index, (*before, entry.name), entry.inode()) for entry in level[3]]
            while levels and descriptor < 0:
                opened, parent, trail, directories = levels[-1]
                entry = directories.pop()
                descriptor = _open(entry.name, opened)
                if descriptor < 0:
                    _count_closed(usage, entry.name, opened)
                inode = entry.inode()
                trail = (trail, entry.name)
                if not directories:
                    levels.pop()
                    os.close(opened)
    finally:
        if descriptor >= 0:
            os.close(descriptor)
        for opened, _, _, _ in levels:
            os.close(opened)
    return rest


def _names(trail: _Trail | None) -> tuple[str, ...]:
    names: list[str] = []
    while trail is not None:
        trail, name = trail
        names.append(name)
    return tuple(reversed(names))


def _enter(usage: Usage, path: str, names: tuple[str, ...]) -> tuple[int, int]:
    """Open a directory, name by name; one that cannot be opened is counted.

    Returns:
        Its descriptor, negative if there is none, and the device of its parent.
    """
    way = (_bare(path), *names)
    last = len(way) - 1
    parent: int | None = None
    device = UNKNOWN
    for position, name in enumerate(way):
        try:
            if parent is not None and position == last:
                device = os.stat(parent).st_dev
            descriptor = _open(name, parent)
            if descriptor < 0:
                if position == last:
                    _count_closed(usage, name, parent)
                break
        finally:
            if parent is not None:
                os.close(parent)
        parent = descriptor
    return descriptor, device


def _open(name: str, parent: int | None) -> int:
    """A directory's descriptor; negative if there is none."""
    try:
        return os.open(name, DIRECTORY_ITSELF, dir_fd=parent)
    except OSError as error:
        _tolerate(error)
        return -1


def _count_closed(usage: Usage, name: str, parent: int | None) -> None:
    """Count a directory that cannot be opened, or whatever took its place meanwhile."""
    try:
        status = os.stat(name, dir_fd=parent, follow_symlinks=False)
    except OSError as error:
        _tolerate(error)
        return
    if stat.S_ISDIR(status.st_mode):
        usage.own += size_of(status)
    elif parent is not None or not stat.S_ISLNK(status.st_mode):
        usage.add(status)


def _list(usage: Usage, descriptor: int, inode: int, parent: int) -> tuple[int, list[os.DirEntry[str]]]:
    """Count a directory and what is in it, but for directories.

    Args:
        usage: where to.
        descriptor: the directory.
        inode: that of the directory, as its parent lists it.
        parent: the device of its parent.

    Returns:
        Its device, and the directories in it.
    """
    directories: list[os.DirEntry[str]] = []
    own = 0
    device = UNKNOWN
    try:
        status = os.stat(descriptor)
        own = size_of(status)
        device = status.st_dev
        # Some file systems make inodes up when they list; there, that of the directory itself is wrong, too.
        files = usage.files.setdefault(device, {})
        links = usage.links.setdefault(device, [])
        known = files if inode == status.st_ino and device == parent else {}
        with os.scandir(descriptor) as entries:
            for entry in entries:
                if entry.is_dir(follow_symlinks=False):
                    directories.append(entry)
                elif known and (number := entry.inode()) in known:
                    links.append(number)
                else:
                    try:
                        status = entry.stat(follow_symlinks=False)
                    except OSError as error:  # it vanished
                        _tolerate(error)
                        continue
                    if status.st_nlink == 1:
                        own += size_of(status)
                    elif status.st_dev != device:  # a file can be the top of a file system, too
                        usage.add(status)
                    else:
                        files[status.st_ino] = (size_of(status), status.st_nlink)
                        links.append(status.st_ino)
    except OSError as error:  # it vanished, or is closed to us
        _tolerate(error)
    usage.own += own
    return device, directories


def _walk_paths(usage: Usage, path: str) -> None:
    """Measure a directory and all below it where directories have no descriptors."""
    top = _bare(path)
    try:
        status = os.lstat(top)
    except OSError as error:
        _tolerate(error)
        return
    if _is_link(status):
        return
    if not stat.S_ISDIR(status.st_mode):
        usage.add(status)
        return
    usage.own += size_of(status)
    directories = [top]
    while directories:
        try:
            with os.scandir(directories.pop()) as entries:
                for entry in entries:
                    try:
                        status = os.lstat(entry.path)  # what the entry itself knows is without links and inode there
                    except OSError as error:  # it vanished
                        _tolerate(error)
                        continue
                    if not stat.S_ISDIR(status.st_mode):
                        usage.add(status)
                    else:
                        usage.own += size_of(status)
                        if not _is_link(status):
                            directories.append(entry.path)
        except OSError as error:  # it vanished, or is closed to us
            _tolerate(error)


def _bare(path: str) -> str:
    """A path without slashes at its end: behind a link, they would follow it."""
    if not path.endswith(os.sep):
        return path
    bare = path.rstrip(os.sep)
    return bare if os.path.basename(bare) else path  # of `/` and `C:\`, they are the point


def _is_link(status: os.stat_result) -> bool:
    """Whether something is a link or a junction."""
    return stat.S_ISLNK(status.st_mode) or getattr(status, "st_reparse_tag", 0) == JUNCTION


def _tolerate(error: OSError) -> None:
    """Raise what is our own fault: without it, the result would be wrong."""
    if error.errno in _EXHAUSTED:
        raise error
