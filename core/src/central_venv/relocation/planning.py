"""What is to follow a project that was moved, found out without a change."""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError, MoveError
from central_venv.inventory.filters import is_called
from central_venv.inventory.search import find_projects
from central_venv.policy import layout
from central_venv.policy.key import home_name
from central_venv.policy.project import true_path
from central_venv.relocation.move import Move
from central_venv.relocation.refusal import refuse, refuse_strange_home
from central_venv.store.move_record import former_root, has_move_record, read_move
from central_venv.store.project_record import read_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.store.home import Home


def plan(home: Home, name: str) -> Move:
    """Find out what is to follow a project. Changes nothing.

    Args:
        home: the home of the project at its new place, whether it exists or not.
        name: what the project is called that was moved: the directory that it had, or the name or path of its home.

    Raises:
        MoveError: it was not moved, or its environments cannot follow it.
        HomeConflictError: the new home belongs to another project, or is not a directory of this user.
        RecordError: a record is damaged or newer than this version understands.
        StoreError: the store cannot be read.
    """
    found = find_old_home(home, name)
    if found is None or found[0] == home.path:
        if has_move_record(home.path) and _is_about(home, name):
            refuse_strange_home(home.path)
            return Move(home, home.path, None)
        if found is not None:
            raise MoveError(
                f"`{name}` and `{home.root}` are one project, so there is nothing to move",
                hint="name the directory that it had, and then the one that it has now",
            )
        raise MoveError(
            f"the store `{home.store.path}` knows no project `{name}`",
            hint="name the directory that it had, or its home; `central-venv list` shows them",
        )
    old, former = found
    refuse_strange_home(old)
    move = Move(home, old, former)
    refuse(move, former)
    return move


def find_old_home(home: Home, name: str) -> tuple[str, str] | None:
    """The home of a project that was moved, and where that project was; None if the store knows no such project.

    Args:
        home: the home of the project at its new place.
        name: what the project is called that was moved.

    Raises:
        RecordError: a record is damaged or newer than this version understands.
        StoreError: the store cannot be read.
    """
    paths = _spellings(name)
    for path in paths:
        old = os.path.join(home.store.path, home_name(path))
        if old == home.path or not os.path.lexists(old):
            continue
        record = read_project(layout.project_record_path(old))
        if record is None or record.root == path or has_move_record(old):
            return old, path
    is_meant = is_called(name)
    for project in find_projects(home.store, on_problem=_ignore):
        if is_meant(project) and (former := project.root or former_root(project.home)) is not None:
            return project.home, former
    return (home.path, home.root) if home.root in paths else None


def _spellings(name: str) -> list[str]:
    """The paths that a former directory can be recorded by: where it was, there may be a link to where it is now."""
    path = os.path.abspath(name)
    directory, base = os.path.split(path)
    return list(dict.fromkeys((os.path.join(true_path(directory), base), true_path(path), path)))


def _is_about(home: Home, name: str) -> bool:
    """Whether a move that has begun is that of the project that is called so."""
    known = read_move(home.path)
    record = read_project(home.record_path)
    roots = [*known.roots, home.root, *([] if record is None else [record.root])]
    return os.path.basename(name) in known.homes or any(path in roots for path in _spellings(name))


def _ignore(_: CentralVenvError) -> None:
    """What cannot be read is not what is looked for, or says so itself."""
