"""Mending what a home holds, once it has its new name, and what leads there."""

from __future__ import annotations

import os
from contextlib import suppress

from central_venv.errors import LinkError, MoveError, RepositoryError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.policy.key import home_name
from central_venv.project_link import link, link_target, redirect, temporary
from central_venv.project_link.found import NAME, NOTHING, find, path_in
from central_venv.relocation.move_record import read_move, write_move
from central_venv.relocation.moved_records import can_have_record, read_record, write_record
from central_venv.repair.link_paths import LinkPaths
from central_venv.repair.places import Places, UnrepairableError, is_below
from central_venv.repair.repair import repair, repair_packages, repair_programs
from central_venv.repair.starting import start
from central_venv.store import venv
from central_venv.store.claim_lock import refuse_links
from central_venv.store.environment_record import READY
from central_venv.store.home_lock import HomeGoneError, locked, make_records
from central_venv.store.lock import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from central_venv.errors import CentralVenvError
    from central_venv.relocation.move import Move
    from central_venv.relocation.move_record import Key
    from central_venv.store.environment_record import Holder
    from central_venv.store.home import Home

    Problems = Callable[[CentralVenvError], None]
    Waits = Callable[[Holder | None], None]

#: What in a project can lead to its environments.
_LINKS = (NAME, ".tox", ".nox")


def mend_one(home: Home, key: Key, roots: Sequence[str], *, lock: Lock | None, on_wait: Waits) -> str | None:
    """Mend an environment, unless somebody else has done so or makes it anew.

    Args:
        home: its home.
        key: which it is.
        roots: where the project was.
        lock: the environment's lock if this process has had it all along; otherwise another one may have begun.
        on_wait: told who has the environment, if it has to be waited for.

    Returns:
        Why it cannot be mended; None if it could or need not.
    """
    path = os.path.join(layout.runner_directory(home.path, key[0]), key[1])
    if not can_have_record(key[1]):
        return _mended(home, path, roots, again=lock is None)
    again = lock is None
    lock = lock or _waited_for(home.path, key, on_wait)
    try:
        record = read_record(home.path, key)
        if record is None or not record.half_moved:
            return None
        reason = _mended(home, path, roots, again=again)
        if reason is None:
            record.state = READY
            record.created = venv.created(path)
            write_record(home.path, key, record)
        return reason
    finally:
        lock.release()


def mend_shared(home: Home, *, on_problem: Problems, on_wait: Waits) -> None:
    """Mend what is installed from the project's directory in the environment that it shares with others."""
    name, roots = home.shared, read_move(home.path).shared
    if name is None or not roots:
        return
    environment = home.store.shared_environment(name)
    if not venv.is_environment(environment.path):
        return
    lock = _waited_for(home.store.path, (environment.runner, environment.directory), on_wait)
    try:
        places = Places(home.store.path, (), "", roots, home.root)
        repair_packages(environment.path, places, os.path.dirname(lock.path))
        if _led_to(home, environment.path):
            places.link = _link_paths(roots, environment.path)
            repair_programs(environment.path, places, os.path.dirname(lock.path))
    except UnrepairableError as error:
        on_problem(
            MoveError(
                f"what is installed from `{home.root}` in the shared environment `{name}` cannot be mended: {error}",
                hint="install it anew there",
            )
        )
    finally:
        lock.release()


def mend_links(move: Move, on_problem: Problems) -> bool:
    """Let what in the project leads to the former home lead to the new one.

    Returns:
        Whether the same can do no more when it is called again.
    """
    temporary.sweep(move.home.root)
    ended = True
    new = move.home.path
    former = {move.old, *(os.path.join(move.home.store.path, name) for name in read_move(new).homes)} - {new}
    for name in _LINKS:
        path = os.path.join(move.home.root, name)
        try:
            target = link.target_of(path)
            lead = redirect.read_whole(path) if target == "" else target
            old = next((old for old in former if lead is not None and lead.startswith(old + os.sep)), None)
            if name == NAME and lead is not None and (old is not None or is_below(lead, new)):
                _carry_hiding(move, path, on_problem)
            if lead is not None and old is not None:
                replace = link.replace if target else redirect.replace
                replace(path, new + lead[len(old) :])
        except NotADirectoryError:  # a script is a project, too
            break
        except LinkError as error:
            on_problem(error)
        except OSError as error:
            ended = False
            on_problem(
                LinkError(
                    f"`{path}` still leads to the former home: {files.reason(error)}",
                    hint="make its directory writable, then run the command again",
                )
            )
    return ended


def end(home: Home) -> None:
    """Forget where the project was, but for environments that still have to be mended."""
    with suppress(HomeGoneError):
        make_records(home.path)
        _forget(home)


def _forget(home: Home) -> None:
    with locked(home.path):
        note = read_move(home.path)
        records = {key: read_record(home.path, key) for key in note.environments if can_have_record(key[1])}
        left = {key for key, record in records.items() if record is not None and record.half_moved}
        note.environments = {key: roots for key, roots in note.environments.items() if key in left}
        note.shared = []
        write_move(home.path, note)


def _mended(home: Home, path: str, roots: Sequence[str], *, again: bool) -> str | None:
    """Mend an environment and start it; returns the reason why that cannot be done."""
    names = [home_name(root) for root in roots]
    places = Places(home.store.path, names, os.path.basename(home.path), roots, home.root)
    if places.overlap(again=again):
        return (
            "one place of the project lies in another, and its repair was broken off, so nobody can tell what is left"
        )
    if os.path.dirname(path) == home.path and _led_to(home, path):
        places.link = _link_paths(roots, path)
    try:
        repair(path, places, os.path.join(home.path, layout.RECORDS))
        start(path, [*roots, home.root, home.store.path])
    except UnrepairableError as error:
        return str(error)
    return None


def _led_to(home: Home, environment: str) -> bool:
    """Whether the project's `.venv` led to an environment when something was installed there by that name.

    Of the project's own environments, it may have led to each; that of others has to be the one that it leads to.
    """
    try:
        found = find(home.root)
    except LinkError:
        return False
    if os.path.dirname(environment) != home.path:
        return found.target == environment
    return found.kind == NOTHING or link_target.is_in_store(home, found.target)


def _link_paths(roots: Sequence[str], environment: str) -> LinkPaths:
    return LinkPaths([path_in(root) for root in roots], environment)


def _carry_hiding(move: Move, path: str, on_problem: Problems) -> None:
    """Let git not show the link at its new place; what it was told of the former one is taken back."""
    from central_venv.project_link import repository

    for change, place in [
        (repository.hide, path),
        *((repository.show, path_in(root)) for root in read_move(move.home.path).roots),
    ]:
        try:
            change(place)
        except RepositoryError as error:
            on_problem(error)


def _waited_for(home: str, key: Key, on_wait: Waits) -> Lock:
    refuse_links(home, *key)
    lock = Lock(layout.environment_lock_path(home, *key))

    def say() -> None:
        record = read_record(home, key)
        on_wait(None if record is None else record.holder)

    lock.acquire(on_wait=say, cancelled=lambda: False)
    return lock
