"""Mending what a home holds, once it has its new name, and what leads there."""

from __future__ import annotations

import os
from contextlib import suppress

from central_venv.errors import LinkError, MoveError, RepositoryError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.policy.key import home_name
from central_venv.project_link import link, link_target, redirect, temporary
from central_venv.project_link.found import NAME, NOTHING, RUNNERS, find, path_in
from central_venv.relocation.moved_records import can_have_record, read_record, write_record
from central_venv.relocation.whereabouts import Whereabouts, former_places
from central_venv.repair.link_paths import LinkPaths
from central_venv.repair.places import Places, UnrepairableError, is_below
from central_venv.repair.repair import repair, repair_packages, repair_programs
from central_venv.repair.starting import start
from central_venv.store import venv
from central_venv.store.claim_lock import refuse_links
from central_venv.store.environment_record import READY
from central_venv.store.home import Home
from central_venv.store.home_lock import HomeGoneError, locked, make_records
from central_venv.store.lock import Lock
from central_venv.store.move_record import read_move, write_move
from central_venv.store.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterator, Sequence

    from central_venv.errors import CentralVenvError
    from central_venv.relocation.move import Move
    from central_venv.store.environment_record import Holder
    from central_venv.store.move_record import Key, MoveRecord

    Problems = Callable[[CentralVenvError], None]
    Waits = Callable[[Holder | None], None]

#: What in a project can lead to its environments.
_LINKS = (NAME, *RUNNERS)


def mend_one(where: Whereabouts, key: Key, note: MoveRecord, *, lock: Lock | None, on_wait: Waits) -> str | None:
    """Mend an environment, unless somebody else has done so or makes it anew.

    Args:
        where: where its home is.
        key: which it is.
        note: where the project and the store were.
        lock: the environment's lock if this process has had it all along; otherwise another one may have begun.
        on_wait: told who has the environment, if it has to be waited for.

    Returns:
        Why it cannot be mended; None if it could or need not.
    """
    path, roots = os.path.join(layout.runner_directory(where.path, key[0]), key[1]), note.environments[key]
    if not can_have_record(key[1]):
        return _mended(where, path, roots, note.stores, made=None, again=lock is None)
    again = lock is None
    lock = lock or _waited_for(where.path, key, on_wait)
    try:
        record = read_record(where.path, key)
        if record is None or not record.half_moved:
            return None
        reason = _mended(where, path, roots, note.stores, made=record.path, again=again)
        if reason is None:
            record.state = READY
            record.path = path
            record.created = venv.created(path)
            write_record(where.path, key, record)
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
        if _led_to(Whereabouts.of(home), environment.path):
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


def mend_links_to_store(root: str, stores: Sequence[str], store: str, on_problem: Problems) -> None:
    """Let what in a project leads to where the store was lead to where it is, unless something is left there.

    Args:
        root: true path of the project.
        stores: absolute paths of where the store was.
        store: absolute path of where it is.
        on_problem: told what could not be done.
    """
    temporary.sweep(root)
    for path, new in leads_to_store(root, stores, store):
        replace = link.replace if link.target_of(path) else redirect.replace
        try:
            replace(path, new)
        except LinkError as error:
            on_problem(error)
        except OSError as error:
            on_problem(_link_left(path, error))


def leads_to_store(root: str, stores: Sequence[str], store: str) -> Iterator[tuple[str, str]]:
    """What in a project leads to where the store was, and has to lead to where it is.

    Of a store that was copied, the original may still be there; then nothing has to lead elsewhere.

    Args:
        root: true path of the project.
        stores: absolute paths of where the store was.
        store: absolute path of where it is.

    Yields:
        The path of a link or redirect, and where it has to lead.
    """
    for name in _LINKS:
        path = os.path.join(root, name)
        try:
            lead = link.target_of(path) or redirect.read_whole(path)
        except OSError:
            continue
        old = next((old for old in stores if lead is not None and lead.startswith(old + os.sep)), None)
        if lead is not None and old is not None and not os.path.lexists(lead):
            new = store + lead[len(old) :]
            if os.path.lexists(new):
                yield path, new


def _link_left(path: str, error: OSError) -> LinkError:
    return LinkError(
        f"`{path}` still leads to the former home: {files.reason(error)}",
        hint="make its directory writable, then run the command again",
    )


def mend_links(move: Move, on_problem: Problems) -> bool:
    """Let what in the project leads to the former home lead to the new one.

    Returns:
        Whether the same can do no more when it is called again.
    """
    temporary.sweep(move.home.root)
    ended = True
    new, former = move.home.path, former_homes(move)
    for name in _LINKS:
        path = os.path.join(move.home.root, name)
        try:
            target = link.target_of(path)
            lead = redirect.read_whole(path) if target == "" else target
            old = None if lead is None else _former_home(lead, former)
            if lead is not None and (old is not None or is_below(lead, new)):
                _carry_hiding(move, name, on_problem)
            if lead is not None and old is not None:
                replace = link.replace if target else redirect.replace
                replace(path, new + lead[len(old) :])
        except NotADirectoryError:  # a script is a project, too
            break
        except LinkError as error:
            on_problem(error)
        except OSError as error:
            ended = False
            on_problem(_link_left(path, error))
    return ended


def former_homes(move: Move) -> set[str]:
    """The absolute paths that a home had, in each store that it was in."""
    note = read_move(move.home.path)
    stores = (move.home.store.path, *note.stores)
    return {move.old, *(os.path.join(store, name) for store in stores for name in note.homes)} - {move.home.path}


def _former_home(lead: str, former: Collection[str]) -> str | None:
    """The former home that a lead is into, wherever the store was then; None if it leads elsewhere."""
    home = os.path.dirname(lead)
    if not os.path.lexists(lead) and os.path.basename(home) in map(os.path.basename, former):
        return home  # the store was moved and mended before the project, whose link nobody could find
    return next((old for old in former if lead.startswith(old + os.sep)), None)


def end(home: str) -> None:
    """Forget where the project and the store were, but for environments that still have to be mended.

    Args:
        home: absolute path of the home; of the store for what projects share.
    """
    with suppress(HomeGoneError):
        make_records(home)
        _forget(home)


def _forget(home: str) -> None:
    with locked(home):
        note = read_move(home)
        records = {key: read_record(home, key) for key in note.environments if can_have_record(key[1])}
        left = {key for key, record in records.items() if record is not None and record.half_moved}
        note.environments = {key: roots for key, roots in note.environments.items() if key in left}
        note.shared = []
        write_move(home, note)


def _mended(
    where: Whereabouts, path: str, roots: Sequence[str], stores: Sequence[str], *, made: str | None, again: bool
) -> str | None:
    """Mend an environment and start it; returns the reason why that cannot be done."""
    former = list(former_places(where, path, made))
    stores = list(dict.fromkeys([*stores, *(place.store for place in former)]))
    names = list(dict.fromkeys([*map(home_name, roots), *(place.home for place in former if place.home)]))
    places = Places(where.store, names, where.name, roots, where.root or "", stores)
    if places.overlap(again=again):
        return (
            "one place of the project lies in another, and its repair was broken off, so nobody can tell what is left"
        )
    links = [path_in(root) for root in roots] if os.path.dirname(path) == where.path and _led_to(where, path) else []
    if not places.is_plain:  # it is quoted where it stands, as the path of such a link is
        below = path.removeprefix(where.path)
        homes = [os.path.join(store, name) for store in (where.store, *stores) for name in (where.name, *names)]
        links += [home.rstrip(os.sep) + below for home in homes if home.rstrip(os.sep) != where.path]
    if links:
        places.link = LinkPaths(links, path)
    try:
        repair(path, places, os.path.join(where.path, layout.RECORDS))
        start(path, [*roots, *([] if where.root is None else [where.root]), where.store])
    except UnrepairableError as error:
        return str(error)
    left = next(former_places(where, path), None)
    return None if left is None else f"its `{left.said_by}` still names `{left.path}`, where it was before"


def _led_to(where: Whereabouts, environment: str) -> bool:
    """Whether the project's `.venv` led to an environment when something was installed there by that name.

    Of the project's own environments, it may have led to each; that of others has to be the one that it leads to.
    """
    if where.root is None:
        return False
    try:
        found = find(where.root)
    except LinkError:
        return False
    if os.path.dirname(environment) != where.path:
        return found.target == environment
    home = Home(Store(where.store), where.root)
    return found.kind == NOTHING or link_target.is_in_store(home, found.target)


def _link_paths(roots: Sequence[str], environment: str) -> LinkPaths:
    return LinkPaths([path_in(root) for root in roots], environment)


def _carry_hiding(move: Move, name: str, on_problem: Problems) -> None:
    """Let git not show the link at its new place; what it was told of the former one is taken back."""
    from central_venv.project_link import repository

    for change, place in [
        (repository.hide, os.path.join(move.home.root, name)),
        *((repository.show, os.path.join(root, name)) for root in read_move(move.home.path).roots),
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
