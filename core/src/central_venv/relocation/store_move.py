"""Mending what is in a store that was moved or copied as a whole.

Each home is mended by itself, in the steps of a moved project but for the new name: whoever is killed on the way leaves
homes that are mended, one that says so, and some that nobody has touched; and the same command does the rest. Nothing
outside of the store is changed but links in projects that lead nowhere, and kernels of Jupyter that name what is gone.
"""

from __future__ import annotations

import os
from contextlib import ExitStack

from central_venv.errors import CentralVenvError, MoveError
from central_venv.inventory.found import SHARED
from central_venv.inventory.search import find_project, find_projects
from central_venv.policy import layout
from central_venv.policy.key import home_name
from central_venv.policy.project import true_path
from central_venv.relocation.mending import end, leads_to_store, mend_links_to_store, mend_one
from central_venv.relocation.move import Outcome, broken
from central_venv.relocation.moved_records import can_have_record, key_of, read_record
from central_venv.relocation.refusal import refuse_strange_home, refuse_users
from central_venv.relocation.renaming import claimed, mark, note_stores
from central_venv.relocation.whereabouts import Whereabouts, former_places
from central_venv.store import origin
from central_venv.store.environment_record import CREATING, MOVED
from central_venv.store.home_lock import HomeGoneError, locked, make_records
from central_venv.store.move_record import has_move_record, read_move, write_move
from central_venv.store.project_record import read_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from central_venv.inventory.found import FoundEnvironment
    from central_venv.relocation.mending import Problems, Waits
    from central_venv.store.lock import Lock
    from central_venv.store.move_record import Key
    from central_venv.store.store import Store


class MovedHome:
    """A home in a store that was moved, with what is to be mended there.

    Attributes:
        where: where it is.
        environments: what was made where the store was; none if only links in the project lead there, or if nothing
            but the note of a repair is left.
    """

    __slots__ = ("environments", "where")

    def __init__(self, where: Whereabouts, environments: list[FoundEnvironment]) -> None:
        self.where = where
        self.environments = environments

    def foreseen(self) -> list[Outcome]:
        """What is to be expected, as far as that can be told without a change."""
        from central_venv.repair.repair import refuse_conda

        return [
            Outcome(environment, refuse_conda(environment.path) or broken(environment))
            for environment in self.environments
        ]


class StoreMove:
    """What in a store is to be mended.

    Attributes:
        store: the store, where it is.
        former: every absolute path by which its former place can be known.
        homes: those with something to be mended, in order.
    """

    __slots__ = ("former", "homes", "store")

    def __init__(self, store: Store, former: list[str], homes: list[MovedHome]) -> None:
        self.store = store
        self.former = former
        self.homes = homes


def plan_stores(stores: Sequence[Store], old: str, *, on_problem: Problems) -> list[StoreMove]:
    """Find out what was made where one of several stores was before. Changes nothing.

    Args:
        stores: at least one.
        old: the directory that one of them was, or of which it is a copy.
        on_problem: told what could not be read.

    Raises:
        MoveError: nothing in them was made there.
        StoreError: a store cannot be listed.
    """
    moves, refusals = [], []
    for store in stores:
        try:
            moves.append(plan_store(store, old, on_problem=on_problem))
        except MoveError as error:
            refusals.append(error)
    if not moves:
        raise refusals[0]
    return moves


def plan_store(store: Store, old: str, *, on_problem: Problems) -> StoreMove:
    """Find out what in a store was made where that was before. Changes nothing.

    Args:
        store: the store.
        old: the directory that it was.
        on_problem: told what could not be read.

    Raises:
        MoveError: it is the same store, or nothing in it was made there.
        StoreError: the store cannot be listed.
    """
    if not origin.is_elsewhere(store.path, os.path.abspath(old)):
        raise MoveError(
            f"`{old}` is the store `{store.path}` itself, so there is nothing to mend",
            hint="name the directory that it was before; `central-venv list --state moved` shows what was moved",
        )
    directory, base = os.path.split(os.path.abspath(old))
    former = list(dict.fromkeys((os.path.abspath(old), os.path.join(true_path(directory), base), true_path(old))))
    homes, others = [], set()
    for where, environments in _by_home(store, on_problem):
        try:
            meant = [environment for environment in environments if _was_in(former, where, environment)]
            is_noted = not set(read_move(where.path).stores).isdisjoint(former)
        except CentralVenvError as error:  # its note cannot be used
            on_problem(error)
            continue
        others |= {
            place.store
            for environment in environments
            if environment.state == MOVED and environment not in meant
            for place in former_places(where, environment.path, environment.former_path)
        }
        if meant or is_noted or (where.root is not None and any(leads_to_store(where.root, former, store.path))):
            homes.append(MovedHome(where, meant))
    if not homes:
        raise MoveError(
            f"nothing in the store `{store.path}` was made in `{old}`",
            hint=f"what was moved was made in {', '.join(f'`{each}`' for each in sorted(others))}"
            if others
            else "nothing that was moved is in it; `central-venv list` shows what is",
        )
    return StoreMove(store, former, homes)


def carry_out_store(
    move: StoreMove, *, on_problem: Problems, on_wait: Waits, on_progress: Callable[[int], None]
) -> list[tuple[Whereabouts, list[Outcome]]]:
    """Mend what in a store was made where that was before. What cannot be touched stays as it is, and is told.

    Args:
        move: what `plan_store` found.
        on_problem: told what could not be done.
        on_wait: told who has an environment, if it has to be waited for.
        on_progress: told how many environments are done.

    Returns:
        What became of each environment, by home.
    """
    from central_venv.relocation.kernels import mend_kernels_of_store

    done, outcomes = 0, []
    mend_kernels_of_store(move.former, move.store.path)
    for home in move.homes:
        reasons: dict[Key, str | None] = {}
        try:
            _mend(move, home, reasons, on_problem, on_wait)
        except HomeGoneError:
            continue
        except CentralVenvError as error:
            on_problem(error)
            for environment in home.environments:
                reasons.setdefault(key_of(environment), error.message)
        done += len(home.environments)
        on_progress(done)
        meant = {key_of(environment) for environment in home.environments} | reasons.keys()
        outcomes.append(
            (
                home.where,
                [
                    Outcome(environment, reasons.get(key_of(environment)) or broken(environment))
                    for environment in _environments(home.where, on_problem)
                    if key_of(environment) in meant
                ],
            )
        )
    return outcomes


def _by_home(store: Store, on_problem: Problems) -> Iterator[tuple[Whereabouts, list[FoundEnvironment]]]:
    """Where each home is, with its environments; at last the store itself, with what projects share."""
    shared: list[FoundEnvironment] = []
    for project in find_projects(store, on_problem=on_problem):
        if project.state == SHARED:
            shared += project.environments
        else:
            yield Whereabouts(project.home, store.path, project.root), project.environments
    yield Whereabouts(store.path, store.path, None), shared


def _environments(where: Whereabouts, on_problem: Problems) -> list[FoundEnvironment]:
    if where.path != where.store:
        return find_project(where.path, on_problem=on_problem).environments
    from central_venv.store.store import Store

    return next(found for place, found in _by_home(Store(where.store), on_problem) if place.path == where.store)


def _was_in(former: Sequence[str], where: Whereabouts, environment: FoundEnvironment) -> bool:
    """Whether an environment that is complete, or was until its repair began, has been where the store was."""
    record = read_record(where.path, key_of(environment)) if can_have_record(environment.directory) else None
    if environment.state == CREATING or (record is not None and record.state == CREATING and not record.half_moved):
        return False
    recorded = None if record is None else record.path
    stores = {place.store for place in former_places(where, environment.path, recorded)}
    if record is not None and record.half_moved:
        stores.update(read_move(where.path).stores)
    true = {os.path.join(true_path(os.path.dirname(store)), os.path.basename(store)) for store in stores}
    return not (stores | true).isdisjoint(former)


def _mend(
    move: StoreMove, home: MovedHome, reasons: dict[Key, str | None], on_problem: Problems, on_wait: Waits
) -> None:
    """Mend one home; tells in `reasons` why an environment cannot be mended."""
    where = home.where
    with ExitStack() as stack:
        locks = _begin(move, home, stack) if home.environments else {}
        if where.root is not None:
            mend_links_to_store(where.root, move.former, where.store, on_problem)
        note = read_move(where.path)
        for key in note.environments:
            reasons[key] = mend_one(where, key, note, lock=locks.get(key), on_wait=on_wait)
    if has_move_record(where.path):
        end(where.path)


def _begin(move: StoreMove, home: MovedHome, stack: ExitStack) -> dict[Key, Lock]:
    """Note in a home what there is to mend; returns the locks of those environments."""
    where = home.where
    for path in (each.path for each in home.environments) if where.path == where.store else (where.path,):
        refuse_strange_home(path)
    make_records(where.path)
    with locked(where.path):
        _refuse_half_renamed(where)
        found = {key_of(environment): environment for environment in _environments(where, _ignore)}
        meant = [found[key] for key in map(key_of, home.environments) if key in found]
        meant = [environment for environment in meant if _was_in(move.former, where, environment)]
        refuse_users(meant, where.path, where.store)
        marked = [environment for environment in meant if can_have_record(environment.directory)]
        locks = {key_of(each): stack.enter_context(claimed(where.path, each)) for each in marked}
        records = {key: read_record(where.path, key) for key in locks}
        note = read_move(where.path)
        for environment in meant:
            note.environments.setdefault(key_of(environment), [])
            note_stores(note, where, environment, records.get(key_of(environment)))
        write_move(where.path, note)
        for environment in marked:
            mark(where.path, environment, records[key_of(environment)])
    return locks


def _refuse_half_renamed(where: Whereabouts) -> None:
    """Refuse a home that a broken off move of its project has not given its name yet."""
    from shlex import join

    if where.path == where.store or not has_move_record(where.path):
        return
    record = read_project(layout.project_record_path(where.path))
    if record is None or home_name(record.root) == where.name:
        return
    former = next((root for root in read_move(where.path).roots if home_name(root) == where.name), where.name)
    raise MoveError(
        f"a move of `{former}` to `{record.root}` did not end",
        hint=f"`{join(['central-venv', 'move', former, record.root])}` does the rest, also for the store",
    )


def _ignore(_: CentralVenvError) -> None:
    """What cannot be read was told when the store was looked through."""
