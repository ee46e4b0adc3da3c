"""Whether a project is there, surely gone, or cannot be seen now."""

from __future__ import annotations

import os

from central_venv.inventory.found import ACTIVE, ORPHAN, UNREACHABLE
from central_venv.machine import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.errors import CentralVenvError
    from central_venv.store.project_record import ProjectRecord

    Listener = Callable[[CentralVenvError], None]


def project_state(record: ProjectRecord, seen: dict[tuple[str, str | None, str | None], bool] | None = None) -> str:
    """``active``, ``orphan`` or ``unreachable``.

    An orphan is surely gone: its parent directory still stands, on the file system that it was recorded on and on the
    machine that recorded it. Whatever cannot be seen for another reason is unreachable.

    Args:
        record: what the home says.
        seen: remembers from one call to the next which parents stand where they were; for many calls at one moment.
    """
    try:
        os.stat(record.root)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError):  # no permission, a dead network drive, a path that this system cannot have
        return UNREACHABLE
    else:
        return ACTIVE  # a script is a project, too
    if record.host != host.name() or record.mount is None:
        return UNREACHABLE
    place = os.path.dirname(record.root), record.mount, record.volume
    stands = None if seen is None else seen.get(place)
    if stands is None:
        stands = _stands(*place)
        if seen is not None:
            seen[place] = stands
    return ORPHAN if stands else UNREACHABLE


def _stands(parent: str, mount: str, volume: str | None) -> bool:
    if not os.path.isdir(parent) or host.mount_point(parent) != mount or host.volume(mount) != volume:
        return False
    # Of a drive that nothing tells from the next one, nobody can say that it is still there; of the root, anybody.
    return volume is not None or os.path.dirname(mount) == mount
