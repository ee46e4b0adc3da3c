"""Finding where a project was before it was moved, if its environments were left there.

That reads the record of each home, about 10 µs for one: a run asks only when it makes a home.
"""

from __future__ import annotations

from central_venv.errors import CentralVenvError
from central_venv.machine import files, host
from central_venv.policy import layout
from central_venv.store import identity
from central_venv.store.project_record import read_project
from central_venv.store.renewal import is_in_use

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.store.project_record import ProjectRecord
    from central_venv.store.store import Store


def note_of_move(store: Store, root: str) -> str | None:
    """What to tell the user of a project whose environments belong to the path that it had before; None if none do.

    Args:
        store: where to look for them.
        root: true path of the project root.
    """
    former = _former_root(store, root)
    if former is None:
        return None
    from shlex import join

    command = join(["central-venv", "move", former, root])
    return f"the project `{root}` was `{former}` before; `{command}` keeps its environments"


def _former_root(store: Store, root: str) -> str | None:
    """Where a project surely was before, and has a home with something in it; None if nobody can tell."""
    number = host.inode(root)
    if number is None:
        return None
    mark = b'"inode": %d' % number  # the record of a longer number holds that, too
    try:
        homes = list(store.homes())
    except CentralVenvError:
        return None
    records = (record for home in homes if (record := _record_with(home, number, mark)) is not None)
    return next((each.root for each in records if each.root != root and identity.moved_to(each, (root,)) == root), None)


def _record_with(home: str, number: int, mark: bytes) -> ProjectRecord | None:
    """The record of a home with something in it, if its project has that inode number.

    That of any other project is not looked at: it may lie on a mount that does not answer.
    """
    path = layout.project_record_path(home)
    try:
        record = read_project(path) if mark in (files.read(path) or b"") else None
        is_meant = record is not None and record.inode == number and (record.shared is not None or is_in_use(home))
    except CentralVenvError:
        return None
    return record if is_meant else None
