"""Carrying out what was planned: the home gets its new name, and what lies in it is mended."""

from __future__ import annotations

from contextlib import ExitStack, suppress

from central_venv.inventory.search import find_project
from central_venv.relocation.move import Move, Outcome, broken
from central_venv.relocation.whereabouts import Whereabouts
from central_venv.store.move_record import read_move

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.relocation.mending import Problems, Waits
    from central_venv.store.lock import Lock
    from central_venv.store.move_record import Key


def carry_out(move: Move, *, on_problem: Problems, on_wait: Waits, on_progress: Callable[[int], None]) -> list[Outcome]:
    """Let the environments of a project follow it.

    Args:
        move: what `plan` found.
        on_problem: told what could not be done beside the environments.
        on_wait: told who has an environment, if it has to be waited for.
        on_progress: told how many environments are done.

    Returns:
        What became of each environment in the home.

    Raises:
        MoveError: something is in the way.
        HomeConflictError: the new home belongs to another project, or is not a directory of this user.
        RecordError: a record is damaged or newer than this version understands.
        StoreError: the store cannot be written.
    """
    from central_venv.relocation.kernels import mend_kernels
    from central_venv.relocation.mending import end, mend_links, mend_one, mend_shared
    from central_venv.relocation.renaming import begin_again, rename
    from central_venv.store.home_lock import HomeGoneError

    home = move.home
    with ExitStack() as stack:
        locks: dict[Key, Lock] = {}
        with suppress(HomeGoneError):  # another process moves the same: what it has not mended yet is waited for
            locks = begin_again(move, stack) if move.former is None else rename(move, move.former, stack)
        ended = mend_links(move, on_problem)  # before what takes long: a link that leads nowhere is in everybody's way
        mend_kernels(move)
        reasons, where, note = {}, Whereabouts.of(home), read_move(home.path)
        for done, key in enumerate(note.environments, 1):
            reasons[key] = mend_one(where, key, note, lock=locks.get(key), on_wait=on_wait)
            on_progress(done)
    mend_shared(home, on_problem=on_problem, on_wait=on_wait)
    if ended:
        end(home.path)
    return [
        Outcome(environment, reasons.get((environment.runner, environment.directory)) or broken(environment))
        for environment in find_project(home.path, on_problem=on_problem).environments
    ]
