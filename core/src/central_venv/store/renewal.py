"""Keeping a home's record of its project true, and noticing another project at the same path."""

from __future__ import annotations

import os

from central_venv.errors import HomeConflictError, StoreError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.store.project_record import read_project, write_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.store.project_record import ProjectRecord


def renew(home: str, root: str) -> str | None:
    """Let the record of a project that is being used say what is so.

    A record that cannot be written now stays as it is: whoever uses the project next renews it.

    Args:
        home: absolute path of the home.
        root: true path of the project root.

    Returns:
        What the user is to be told of it, if anything.

    Raises:
        HomeConflictError: the environments in it are those of another project that had or has this path.
        RecordError: the record is damaged or newer than this version understands.
        StoreError: it cannot be read.
    """
    from central_venv.store.lock import Lock

    if _compared(home, root) is None:
        return None
    lock = Lock(layout.home_lock_path(home))
    try:
        if not lock.try_acquire():  # as for whoever claims something in it just now, who came by here before
            return None
    except StoreError:
        return None
    try:
        found = _compared(home, root)
        if found is None:
            return None
        now, note = found
        try:
            write_project(layout.project_record_path(home), now)
        except StoreError:
            return None
        return note
    finally:
        lock.release()


def refuse_another_project(home: str, root: str) -> None:
    """Raise if the environments in a home are those of another project that had or has its project's path.

    Changes nothing.

    Args:
        home: absolute path of the home.
        root: true path of the project root.

    Raises:
        HomeConflictError: they are.
        RecordError: the record is damaged or newer than this version understands.
        StoreError: it cannot be read.
    """
    _compared(home, root)


def _compared(home: str, root: str) -> tuple[ProjectRecord, str | None] | None:
    """What is so now, and what is to be told of it; None if there is no record of the project."""
    from central_venv.store import identity

    record = read_project(layout.project_record_path(home))
    if record is None or record.root != root:
        return None
    now = identity.observed(root, created=record.created, shared=record.shared)
    if identity.is_same(record, now) is not False or not is_in_use(home):
        return now, None
    former = identity.moved_to(record, ())
    if former is not None or (identity.is_same_volume(record, now) and identity.lived_beside(record, now)):
        raise HomeConflictError(
            f"`{root}` is another project than the one that the environments in `{home}` were made for",
            hint=_remedy(root, former),
        )
    return now, (
        f"`{root}` is another directory than the one that the environments in `{home}` were made for; if they do not "
        f"fit, {_command('clean', '--project', root)} removes them"
    )


def is_in_use(home: str) -> bool:
    """Whether there is anything in a home besides its record, or whoever claims it has begun to make something.

    Args:
        home: absolute path of the home.

    Raises:
        StoreError: it cannot be listed.
    """
    records = os.path.join(home, layout.RECORDS)
    ours = {layout.project_record_path(home), layout.home_lock_path(home), records}
    return any(entry.path not in ours for directory in (home, records) for entry in files.entries(directory))


def _remedy(root: str, former: str | None) -> str:
    removal = f"{_command('clean', '--project', root)} removes them"
    follow = (
        f"{_command('move', root)} in that one, wherever it is now, lets them follow it"
        if former is None
        else f"that one is `{former}` now: {_command('move', root, former)} lets them follow it"
    )
    return (
        f"{follow}, {removal}; if two projects are mounted at this path in turn, mount each at a path of its own, or "
        "give each a store with `CENTRAL_VENV_HOME`"
    )


def _command(*words: str) -> str:
    from shlex import join

    return f"`{join(['central-venv', *words])}`"
