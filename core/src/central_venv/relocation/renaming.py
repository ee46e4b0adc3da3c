"""Giving a home its new name, and noting before that what there is to mend in it."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager, suppress

from central_venv.errors import MoveError, StoreError
from central_venv.machine import clock, files, host
from central_venv.policy import layout
from central_venv.relocation.moved_records import can_have_record, key_of, read_record, write_record
from central_venv.relocation.refusal import can_be_replaced, refuse, removal_of, removal_of_new, used
from central_venv.relocation.whereabouts import Whereabouts, former_places
from central_venv.store import leftovers
from central_venv.store.claim_lock import refuse_links
from central_venv.store.deleted import Deleted
from central_venv.store.descent import is_refusal
from central_venv.store.environment_record import CREATING, EnvironmentRecord, Holder
from central_venv.store.home_lock import HomeGoneError, locked, make_records
from central_venv.store.identity import observed
from central_venv.store.lock import Lock
from central_venv.store.move_record import read_move, write_move
from central_venv.store.project_record import ProjectRecord, read_project, write_project
from central_venv.store.trash import Trash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from contextlib import ExitStack

    from central_venv.inventory.found import FoundEnvironment
    from central_venv.relocation.move import Move
    from central_venv.store.move_record import Key, MoveRecord

_COMMAND = "central-venv move"


def begin_again(move: Move, stack: ExitStack) -> dict[Key, Lock]:
    """Let a home that has its name say what a move that was broken off had no time for, or that name was given back.

    Args:
        move: what is to follow.
        stack: holds the locks of the environments.

    Returns:
        Those locks, if there was anything to say.
    """
    make_records(move.old)
    with locked(move.old):
        move.look()
        if move.record is not None and move.record.root == move.home.root:
            return {}
        locks = _claim_all(move, stack)
        _say(move, _project_record(move), {key: read_record(move.old, key) for key in locks})
    return locks


def rename(move: Move, former: str, stack: ExitStack) -> dict[Key, Lock]:
    """Give a home its new name, and note what there is to mend in it.

    Args:
        move: what is to follow.
        former: where the project was.
        stack: holds the locks of the environments.

    Returns:
        Those locks, as far as they can be kept.

    Raises:
        HomeGoneError: another process renamed it.
    """
    make_records(move.old)
    with locked(move.old) as lock:
        move.look()
        refuse(move, former)
        locks = _claim_all(move, stack)
        records = {key: read_record(move.old, key) for key in locks}
        project = _project_record(move)
        before = files.read(layout.move_record_path(move.old))
        _note(move, former, records)
        if sys.platform == "win32":  # there, what is open cannot be renamed
            lock.release()
            stack.close()
            locks = {}
        try:
            _rename_home(move, former)
        except BaseException:
            with suppress(StoreError):
                _put_back(layout.move_record_path(move.old), before)
            raise
        _say(move, project, records)
    return locks


def _claim_all(move: Move, stack: ExitStack) -> dict[Key, Lock]:
    return {
        key_of(environment): stack.enter_context(claimed(move.old, environment))
        for environment in move.environments
        if can_have_record(environment.directory)
    }


def _put_back(path: str, content: bytes | None) -> None:
    if content is None:
        files.remove(path)
    else:
        files.write(path, content)


def _say(move: Move, project: ProjectRecord, records: dict[Key, EnvironmentRecord | None]) -> None:
    """Let the home say whose it is now, and before that each environment that it has to be mended.

    Until then nobody can use it: it says another project than it is called after.
    """
    for environment in move.environments:
        if key_of(environment) in records:
            mark(move.home.path, environment, records[key_of(environment)])
    write_project(move.home.record_path, project)


@contextmanager
def claimed(home: str, environment: FoundEnvironment) -> Iterator[Lock]:
    """Hold the lock of an environment, which nobody else has.

    Args:
        home: absolute path of what holds its record.
        environment: which it is.

    Yields:
        The lock.

    Raises:
        MoveError: another process has it.
        StoreError: it cannot be made.
    """
    refuse_links(home, *key_of(environment))
    lock = Lock(layout.environment_lock_path(home, *key_of(environment)))
    if not lock.try_acquire():
        raise used(environment, "another process")
    try:
        yield lock
    finally:
        lock.release()


def _note(move: Move, former: str, records: dict[Key, EnvironmentRecord | None]) -> None:
    """Note where the project was: of an environment that was not mended after an older move, both places."""
    note = read_move(move.old)
    known, note.environments = note.environments, {}
    for environment in move.environments:
        key = key_of(environment)
        record = records.get(key)
        older = known.get(key, []) if record is not None and record.half_moved else []
        note.environments[key] = list(dict.fromkeys((*older, former)))
        note_stores(note, Whereabouts(move.old, move.home.store.path, None), environment, record)
    note.shared = list(dict.fromkeys((*note.shared, former)))
    write_move(move.old, note)


def _project_record(move: Move) -> ProjectRecord:
    """What the home says from now on.

    It counts as made now: it is for this directory, which may be younger than the home.
    """
    root, old = move.home.root, move.record
    replaced = None if move.old == move.home.path else read_project(move.home.record_path)
    shared = [None if record is None else record.shared for record in (old, replaced)]
    return observed(root, created=clock.now(), shared=shared[0] or shared[1])


def note_stores(
    note: MoveRecord, where: Whereabouts, environment: FoundEnvironment, record: EnvironmentRecord | None
) -> None:
    """Note where the store was, if an environment was made elsewhere than in this one; and this one, for the next move.

    Args:
        note: the note of its home.
        where: where that is.
        environment: which it is.
        record: what is recorded of it.
    """
    recorded = None if record is None else record.path
    stores = {place.store for place in former_places(where, environment.path, recorded)} - {where.store}
    if stores:
        note.stores = list(dict.fromkeys((*note.stores, *sorted(stores), where.store)))


def mark(home: str, environment: FoundEnvironment, record: EnvironmentRecord | None) -> None:
    """Record that an environment has to be mended, unless its making did not end.

    Args:
        home: absolute path of what holds its record.
        environment: which it is.
        record: what is recorded of it.

    Raises:
        StoreError: that cannot be written.
    """
    if environment.created is None or (record is not None and record.state == CREATING):
        return
    marked = EnvironmentRecord(
        environment.runner,
        environment.name if record is None else record.name,
        state=CREATING,
        path=None if record is None else record.path,
        created=environment.created,
        python=environment.python,
        holder=Holder(os.getpid(), host.name(), _COMMAND),
        last_used=None if record is None else record.last_used,
        request=None if record is None else record.request,
        note=None if record is None else record.note,
    )
    write_record(home, key_of(environment), marked)


def _rename_home(move: Move, former: str) -> None:
    new, trash = move.home.path, Trash(move.home.store.path)
    if os.path.lexists(new):
        _take_bare(new, trash)
    try:
        os.rename(move.old, new)
    except FileNotFoundError:
        raise HomeGoneError from None
    except OSError as error:
        if os.path.lexists(new):
            raise MoveError(
                f"somebody has just made environments of `{move.home.root}` in `{new}`",
                hint=f"{removal_of_new(move)} removes them; then run this command again",
            ) from error
        with suppress(OSError):
            trash.give_back(new)
        if is_refusal(error):
            raise MoveError(
                f"the home `{move.old}` cannot be renamed, so nothing was moved: {files.reason(error)}",
                hint=f"{removal_of(former)} removes its environments; then let the runners make new ones",
            ) from error
        raise files.store_error(error, "rename", move.old) from error
    finally:
        trash.empty()


def _take_bare(home: str, trash: Trash) -> None:
    with suppress(HomeGoneError):
        make_records(home)
        with locked(home) as lock:
            leftovers.sweep(home, Deleted())
            if not can_be_replaced(home):
                return  # then it cannot be replaced, either
            if sys.platform == "win32":
                lock.release()
            try:
                trash.take(os.path.basename(home))
            except OSError as error:
                raise files.store_error(error, "remove", home) from error
