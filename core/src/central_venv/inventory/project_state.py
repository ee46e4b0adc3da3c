"""Whether a project is there, surely gone, or cannot be seen now."""

from __future__ import annotations

import os

from central_venv.errors import HungMountError
from central_venv.inventory.found import ACTIVE, ORPHAN, UNREACHABLE
from central_venv.machine import host
from central_venv.machine.birth import birth_time
from central_venv.machine.hung_mounts import HungMounts
from central_venv.store import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.store.project_record import ProjectRecord

    Listener = Callable[[HungMountError], None]


class Parent:
    """The directory in which projects lie or lay, as it is now.

    Attributes:
        mount: where its file system is mounted.
        volume: which file system that is; None if unknown.
        inode: its number there; None if unknown.
        born: when it was made, in seconds since the epoch; None if unknown.
    """

    __slots__ = ("born", "inode", "mount", "path", "volume")

    def __init__(self, path: str) -> None:
        """Look at a directory.

        Args:
            path: its true path.
        """
        self.path = path
        self.mount = host.mount_point(path)
        self.volume = host.volume(path)
        self.inode = host.inode(path)
        self.born = birth_time(path)


class Moment:
    """What is remembered from one project to the next, for many at one moment.

    Attributes:
        parents: the directories that were looked at, by their true paths; None for one that is not there.
        hung: the mounts that do not answer.
    """

    __slots__ = ("hung", "parents")

    def __init__(self, on_problem: Listener = lambda _: None) -> None:
        """Begin with nothing.

        Args:
            on_problem: told of each mount that does not answer.
        """
        self.parents: dict[str, Parent | None] = {}
        self.hung = HungMounts(lambda point: on_problem(_hung(point)))


def _hung(point: str) -> HungMountError:
    return HungMountError(
        f"what is mounted at `{point}` does not answer, so the projects there cannot be seen",
        hint="see to its server or program, or unmount it",
    )


def project_state(record: ProjectRecord, seen: Moment | None = None) -> str:
    """``active``, ``orphan`` or ``unreachable``.

    An orphan is surely gone: its parent directory still stands, the same one on the file system that it was recorded on
    and on the machine that recorded it. Whatever cannot be seen for another reason is unreachable.

    Args:
        record: what the home says.
        seen: what is remembered from one call to the next.
    """
    if seen is None:
        seen = Moment()
    if seen.hung.holds(record.root):
        return UNREACHABLE
    try:
        os.stat(record.root)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError):  # no permission, a dead network drive, a path that this system cannot have
        return UNREACHABLE
    else:
        return ACTIVE  # a script is a project, too
    if record.host != host.name():
        return UNREACHABLE
    path = os.path.dirname(record.root)
    if path not in seen.parents:
        seen.parents[path] = Parent(path) if os.path.isdir(path) else None
    parent = seen.parents[path]
    return ORPHAN if parent is not None and _is_parent(record, parent) else UNREACHABLE


def _is_parent(record: ProjectRecord, parent: Parent) -> bool:
    """Whether a directory is surely the one that a project lay in."""
    if parent.mount != record.mount:
        return False
    is_old = record.parent is None  # of an older version, which recorded nothing of it but the volume of its mount
    volume = host.volume(parent.mount) if is_old else parent.volume
    recorded = record.volume if is_old else record.parent_volume
    # Of a drive that nothing tells from the next one, nobody can say that it is still there; of the root, anybody.
    if recorded != volume if recorded is not None else os.path.dirname(parent.mount) != parent.mount:
        return False
    if is_old:
        return identity.is_born_before(parent.born, record) is True
    if record.parent != parent.inode:
        return False
    born = identity.same_moment(record.parent_born, parent.born)
    if born is None and record.parent_born is None and parent.born is None:
        return host.keeps_numbers(parent.path)
    return born is True
