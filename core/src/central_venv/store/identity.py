"""Whether a directory is still the one that a home was made for, and where that one is now.

A path says nothing of that: a project can be renamed, and another one can be made in its place. What tells them apart
is when a directory was born and its number in the file system. The number alone does not: file systems give the number
of a directory that is gone to one that is new.
"""

from __future__ import annotations

import os
import stat
import sys

from central_venv.machine import clock, host
from central_venv.machine.birth import birth_time
from central_venv.policy.project import true_path
from central_venv.store.project_record import ProjectRecord

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

#: Seconds by which a directory must be younger than an environment to be another one: some clocks are that coarse.
TOLERANCE = 2
# A record says the second in which a home was made, so a directory that was there may be younger by a part of it.
_RESOLUTION = 1
# Whether nobody can set a time of birth.
_BIRTHS_STAND = sys.platform == "linux"
# Seconds by which two births differ that are one, read in two ways.
_ROUNDING = 1e-3


def observed(root: str, *, created: str | None, shared: str | None = None) -> ProjectRecord:
    """What a home has to say of a project as it is now.

    Args:
        root: true path of the project root.
        created: when the home was made, ISO 8601 in UTC.
        shared: the shared environment that the project uses.
    """
    parent = os.path.dirname(root)
    return ProjectRecord(
        root,
        created=created,
        host=host.name(),
        mount=host.mount_point(root),
        volume=host.volume(root),
        inode=host.inode(root),
        generation=host.generation(root),
        parent=host.inode(parent),
        born=birth_time(root),
        parent_born=birth_time(parent),
        parent_volume=host.volume(parent),
        recorded=clock.now(),
        shared=shared,
    )


def same_moment(born: float | None, other: float | None) -> bool | None:
    """Whether two births are one; None if one of them is unknown."""
    return None if born is None or other is None else abs(born - other) < _ROUNDING


def is_same(record: ProjectRecord, now: ProjectRecord) -> bool | None:
    """Whether the directory at a project's path is the one that a home was recorded for; None if nobody can tell.

    Args:
        record: what the home says.
        now: what `observed` says.
    """
    if os.path.isfile(now.root) or None in (record.inode, now.inode):  # a script is another file whenever it is saved
        return None
    numbered = record.inode == now.inode
    born = same_moment(record.born, now.born)
    if born is None and record.born is None and numbered:  # an older version recorded no birth
        born = is_born_before(now.born, record)
    if numbered and born:
        return True
    # Elsewhere a number says nothing, and a layer above others may give a directory another birth when it changes.
    if sys.platform == "linux" and not host.keeps_numbers(now.root):
        return None
    return False if born is False or not numbered else None


def is_same_volume(record: ProjectRecord, now: ProjectRecord) -> bool:
    """Whether two records are surely of one file system.

    Args:
        record: what the home says.
        now: what `observed` says.
    """
    if record.volume is None or record.volume == now.volume:
        return record.volume is not None
    # Older versions recorded that of the mount point, which can be another one.
    return record.parent is None and now.mount is not None and record.volume == host.volume(now.mount)


def lived_beside(record: ProjectRecord, now: ProjectRecord) -> bool:
    """Whether a directory surely is another one than the project, and was there when that was recorded.

    Only Linux keeps a time of birth that nobody can set: macOS and Windows let whoever copies or unpacks something
    give it another one.

    Args:
        record: what the home says.
        now: what `observed` says of the directory, at the project's path or at another one.
    """
    recorded = clock.to_timestamp(record.recorded or record.created)
    if not _BIRTHS_STAND or now.born is None or recorded is None:
        return False
    # Two births are told by one clock; the record's time may be that of another machine.
    return is_same(record, now) is False and now.born < max(record.born or 0, recorded - TOLERANCE)


def replaced(record: ProjectRecord, made: Iterable[float | None]) -> bool:
    """Whether an environment was made for another directory than the one that stands at the project's path now.

    Args:
        record: of the home.
        made: when the environments in it were made, in seconds since the epoch; None for one of which nobody can tell.
    """
    if record.host != host.name():
        return False
    created, born = clock.to_timestamp(record.created), birth_time(record.root)
    if created is None or born is None:
        return False
    # A home that is younger than the directory was made for it, whatever lies in the home: it may have been copied.
    earliest = born - TOLERANCE
    return created < earliest and any(moment is not None and moment < earliest for moment in made)


def moved_to(record: ProjectRecord, candidates: Iterable[str]) -> str | None:
    """Where the directory that a home was made for is now; None if it did not move, or if nobody can tell for sure.

    Args:
        record: of a home.
        candidates: true paths of directories to look at, beside those that it has if it, or the directory that it was
            in, was only renamed.
    """
    if record.host != host.name() or record.inode is None or record.volume is None:
        return None
    if _is_root_of(record, record.root) and true_path(record.root) == record.root:  # else a link was left there
        return None
    paths = (*_renamed(record.root, record.inode, record.parent), *candidates)
    return next((path for path in paths if path != record.root and _is_root_of(record, path)), None)


def _renamed(root: str, inode: int, parent: int | None) -> Iterator[str]:
    """What a root can be called now, if only that or the directory that it lay in was renamed."""
    directory, name = os.path.split(root)
    yield from _numbered(directory, inode)
    if parent is not None and not os.path.lexists(directory):
        yield from (os.path.join(path, name) for path in _numbered(os.path.dirname(directory), parent))


def _numbered(directory: str, inode: int) -> Iterator[str]:
    """What lies in a directory and has a number."""
    try:
        with os.scandir(directory) as entries:
            yield from [entry.path for entry in entries if entry.inode() == inode]
    except (OSError, ValueError):
        return


def _is_root_of(record: ProjectRecord, path: str) -> bool:
    try:
        status = os.lstat(path)
    except (OSError, ValueError):
        return False
    if not stat.S_ISDIR(status.st_mode) or status.st_ino != record.inode or host.volume(path) != record.volume:
        return False
    born = birth_time(path)
    same = is_born_before(born, record) if record.born is None else same_moment(record.born, born)
    return same is True


def is_born_before(born: float | None, record: ProjectRecord) -> bool | None:
    """Whether a directory was there when a home was made; None if nobody can tell."""
    created = clock.to_timestamp(record.created)
    return None if created is None or born is None else born < created + _RESOLUTION
