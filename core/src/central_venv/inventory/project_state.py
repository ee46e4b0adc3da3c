"""Whether a project is there, surely gone, or cannot be seen now."""

from __future__ import annotations

import os

from central_venv.inventory.found import ACTIVE, ORPHAN, UNREACHABLE
from central_venv.machine import host
from central_venv.machine.birth import birth_time
from central_venv.store import identity

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.errors import CentralVenvError
    from central_venv.store.project_record import ProjectRecord

    Listener = Callable[[CentralVenvError], None]


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


def project_state(record: ProjectRecord, seen: dict[str, Parent | None] | None = None) -> str:
    """``active``, ``orphan`` or ``unreachable``.

    An orphan is surely gone: its parent directory still stands, the same one on the file system that it was recorded on
    and on the machine that recorded it. Whatever cannot be seen for another reason is unreachable.

    Args:
        record: what the home says.
        seen: remembers parents from one call to the next; for many calls at one moment.
    """
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
    if seen is None:
        seen = {}
    if path not in seen:
        seen[path] = Parent(path) if os.path.isdir(path) else None
    parent = seen[path]
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
