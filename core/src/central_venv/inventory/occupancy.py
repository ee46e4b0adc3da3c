"""Who uses what lies in a home, and whether anything does at all."""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError, RecordError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.store.environment_record import read_environment
from central_venv.store.lock import Lock
from central_venv.store.project_record import shared_environment_in
from central_venv.store.use import user_of

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.inventory.found import FoundEnvironment

#: uv locks this file in an environment while it changes that.
_LOCK_OF_UV = ".lock"


def in_use_by(environment: FoundEnvironment) -> str | None:
    """Who has claimed an environment or marked that it uses it, in words; somebody unknown if nobody can tell.

    Args:
        environment: one in the store.

    Raises:
        StoreError: the marks cannot be listed.
    """
    home, runner, directory = environment.home, environment.runner, environment.directory
    user = Lock(os.path.join(environment.path, _LOCK_OF_UV)).user_elsewhere()
    if user is not None:
        return "uv" if user.doubt is None else str(user)
    user = Lock(layout.environment_lock_path(home, runner, directory)).user_elsewhere()
    if user is not None:
        try:
            record = read_environment(layout.environment_record_path(home, runner, directory))
        except CentralVenvError:
            record = None
        holder = None if record is None else record.holder
        # Who has it need not be who recorded that: a claim passes on to what was started under it.
        is_holder = holder is not None and user.doubt is None and user.pid in {None, holder.pid}
        return str(holder if is_holder else user)
    return user_of(layout.environment_uses_path(home, runner, directory))


def is_anything_claimed(home: str) -> bool:
    """Whether somebody has claimed an environment that need not be there yet.

    Args:
        home: absolute path of the home.

    Raises:
        StoreError: the locks cannot be listed.
    """
    records = os.path.join(home, layout.RECORDS)
    return any(
        Lock(entry.path).held_elsewhere()
        for runner in files.entries(records)
        for entry in files.entries(runner.path)
        if entry.is_file(follow_symlinks=False) and entry.name.endswith(".lock")
    )


def is_bare(home: str) -> bool:
    """Whether nothing is left in a home but what we put there, and its project does without.

    Args:
        home: absolute path of the home.

    Raises:
        StoreError: it cannot be listed.
    """
    try:
        if shared_environment_in(layout.project_record_path(home)) is not None:
            return False
    except RecordError:  # it says nothing that anybody could need
        pass
    return is_empty(home)


def is_empty(home: str) -> bool:
    """Whether nothing is left in a home but what we put there, whatever its project wants.

    Args:
        home: absolute path of the home.

    Raises:
        StoreError: it cannot be listed.
    """
    records = os.path.join(home, layout.RECORDS)
    ours = {layout.project_record_path(home), layout.home_lock_path(home), layout.move_record_path(home)}
    return all(
        entry.is_dir(follow_symlinks=False)
        if entry.path == records
        else entry.path in ours and entry.is_file(follow_symlinks=False)
        for directory in (home, records)
        for entry in files.entries(directory)
    )


def other_owner(path: str) -> int | None:
    """The id of the user whom a directory belongs to, if it is another one.

    Raises:
        StoreError: it cannot be looked at.
    """
    try:
        status = os.lstat(path)
    except OSError as error:
        raise files.store_error(error, "look at", path) from error
    return status.st_uid if files.is_strangers(status) else None
