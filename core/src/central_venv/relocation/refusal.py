"""What speaks against a move."""

from __future__ import annotations

import os

from central_venv.errors import MoveError
from central_venv.inventory.occupancy import in_use_by, is_anything_claimed, other_owner
from central_venv.machine import files, host
from central_venv.machine.processes import Running
from central_venv.policy import layout
from central_venv.policy.project import LAST_RESORT_MARKER, MARKERS
from central_venv.relocation.move import is_moved, is_same
from central_venv.store import identity, leftovers, runner_leavings
from central_venv.store.move_record import has_move_record
from central_venv.store.project_record import read_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Container, Iterable

    from central_venv.inventory.found import FoundEnvironment
    from central_venv.relocation.move import Move


def refuse(move: Move, former: str) -> None:
    """Refuse what must not be moved; under the lock of the home, that stays so.

    Args:
        move: what is to follow the project.
        former: where the project was.

    Raises:
        MoveError: something speaks against it.
        HomeConflictError: the new home belongs to another project, or is not a directory of this user.
        StoreError: the store cannot be read.
    """
    if not is_moved(move.record, former, move.home.root):
        _refuse_copy(former, move.home.root)
    if move.record is not None and move.record.root != former and not has_move_record(move.old):
        raise MoveError(
            f"the home `{move.old}` is of `{move.record.root}` now", hint="`central-venv list` shows what is where"
        )
    refuse_users(move.environments, move.old, move.home.store.path)
    move.home.check()
    if os.path.lexists(move.home.path) and not can_be_replaced(move.home.path):
        if not os.path.lexists(move.old):
            raise MoveError(
                f"another process has just moved the environments of `{former}`",
                hint="`central-venv list` shows where they are",
            )
        _refuse_home_of_another(move, former)
        raise MoveError(
            f"`{move.home.root}` has environments in a home of its own already, `{move.home.path}`, so those in "
            f"`{move.old}` cannot follow it",
            hint=f"{removal_of_new(move)} removes the new ones; then run this command again",
        )


def refuse_strange_home(home: str) -> None:
    """Refuse a home that is a link, has one in the place of its records, or belongs to another user.

    Args:
        home: absolute path of the home.

    Raises:
        MoveError: it is such a home.
    """
    records = os.path.join(home, layout.RECORDS)
    for path in (home, records):
        if os.path.lexists(path) and not files.is_directory(os.lstat(path)):
            raise MoveError(f"`{path}` is a link, not a directory, so it cannot be moved", hint="remove the link")
    if (owner := other_owner(home)) is not None:
        raise MoveError(f"the home `{home}` belongs to another user (id {owner})", hint="that user can move it")


def used(environment: FoundEnvironment, user: str) -> MoveError:
    """The refusal to move an environment that somebody uses."""
    return MoveError(
        f"`{environment.path}` is in use by {user}, so nothing was moved",
        hint="run the command again when that has ended",
    )


def refuse_users(environments: Iterable[FoundEnvironment], home: str, store: str) -> None:
    """Refuse to change what is in use.

    Args:
        environments: what is to be changed in a home.
        home: absolute path of the home; of the store for what projects share.
        store: absolute path of the store.

    Raises:
        MoveError: a process has claimed one of them or makes one, uses it or runs from it.
        StoreError: that cannot be found out.
    """
    running = Running(store)
    for environment in environments:
        user = in_use_by(environment)
        if user is None and (pid := running.from_environment(environment.path)) is not None:
            user = f"process {pid}, which runs from it"
        if user is not None:
            raise used(environment, user)
    if is_anything_claimed(home):
        raise MoveError(
            f"another process is making an environment in `{home}`, so nothing was moved",
            hint="run the command again when that has ended",
        )


def removal_of_new(move: Move) -> str:
    """The command that removes the environments of the project at its new place, for a hint."""
    return removal_of(move.home.root)


def removal_of(root: str) -> str:
    """The command that removes the environments of a project, for a hint."""
    from shlex import join

    return f"`{join(['central-venv', 'clean', '--project', root])}`"


def can_be_replaced(home: str) -> bool:
    """Whether a home holds nothing but what is ours, left over or empty, or what runners leave that make nothing."""
    if is_anything_claimed(home):
        return False
    left = {*leftovers.find(home), *runner_leavings.find(home)}
    records = os.path.join(home, layout.RECORDS)
    ours = {layout.project_record_path(home), records, layout.home_lock_path(home)}
    return all(
        entry.path in ours
        or entry.path in left
        or (
            entry.is_dir(follow_symlinks=False)
            and (directory == records or layout.runner_of(entry.name) is not None)
            and all(child.path in left or _is_lock_of(child.path, left) for child in files.entries(entry.path))
        )
        for directory in (home, records)
        for entry in files.entries(directory)
    )


def _is_lock_of(path: str, left: Container[str]) -> bool:
    """Whether a file is the lock of what a runner left of an environment that it did not make."""
    records, name = os.path.split(path)
    home, runner = os.path.dirname(os.path.dirname(records)), os.path.basename(records)
    directory, kind = os.path.splitext(name)
    return kind == ".lock" and os.path.join(layout.runner_directory(home, runner), directory) in left


def _refuse_copy(former: str, root: str) -> None:
    if is_same(former, root) or not os.path.lexists(former):
        return
    markers = (*MARKERS, LAST_RESORT_MARKER)
    if not os.path.isdir(former) or any(os.path.lexists(os.path.join(former, marker)) for marker in markers):
        raise MoveError(
            f"the project `{former}` is still there, so its environments stay with it",
            hint=f"if `{root}` is a copy, let the runner make environments of its own; if the old one is not needed, "
            "remove it first",
        )


def _refuse_home_of_another(move: Move, former: str) -> None:
    """Refuse to clear the place for a project of which another one was there before, and has its environments yet."""
    from shlex import join

    root = move.home.root
    record = read_project(move.home.record_path)
    if record is None or record.root != root or record.host != host.name():
        return
    if record.inode is None or (record.inode == host.inode(root) and record.volume == host.volume(root)):
        return
    seen = identity.moved_to(record, ())
    if seen == former:
        hint = f"the two changed places: rename `{root}`, and let its environments follow it there first"
    elif seen is not None:
        hint = f"`{join(['central-venv', 'move', root, seen])}` lets them follow it; then run this command again"
    else:
        hint = (
            f"`{join(['central-venv', 'move', root])}` in that one, wherever it is, lets them follow it; if it is "
            f"gone, {removal_of_new(move)} removes them"
        )
    where = "" if seen is None else f", which is `{seen}` now"
    raise MoveError(
        f"`{move.home.path}` has the environments of the project that was `{root}` before{where}", hint=hint
    )
