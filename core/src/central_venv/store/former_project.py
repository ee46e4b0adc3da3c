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
    mark = b'"inode": %d' % number  # that of a longer number, too: what is found is looked at closely
    try:
        homes = list(store.homes())
    except CentralVenvError:
        return None
    return next((former for home in homes if (former := _place_on_record(home, mark, root)) is not None), None)


def _place_on_record(home: str, mark: bytes, root: str) -> str | None:
    """Where a project was by the record of a home, if that surely is about it."""
    path = layout.project_record_path(home)
    try:
        if mark not in (files.read(path) or b""):
            return None
        record = read_project(path)
        if record is None or record.root == root or not (record.shared is not None or is_in_use(home)):
            return None
    except CentralVenvError:
        return None
    return record.root if identity.moved_to(record, (root,)) == root else None
