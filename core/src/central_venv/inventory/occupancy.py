"""Who uses what lies in a home, and whether anything does at all."""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError, RecordError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.store.environment_record import read_environment
from central_venv.store.lock import Lock
from central_venv.store.project_record import shared_environment_in
from central_venv.store.use import is_used

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.inventory.found import FoundEnvironment

#: uv locks this file in an environment while it changes that.
_LOCK_OF_UV = ".lock"


def in_use_by(environment: FoundEnvironment) -> str | None:
    """Who has claimed an environment or marked that it uses it, in words.

    Args:
        environment: one in the store.

    Raises:
        StoreError: the marks cannot be listed.
    """
    home, runner, directory = environment.home, environment.runner, environment.directory
    if Lock(os.path.join(environment.path, _LOCK_OF_UV)).held_elsewhere(unknown=True):
        return "uv"
    if Lock(layout.environment_lock_path(home, runner, directory)).held_elsewhere(unknown=True):
        try:
            record = read_environment(layout.environment_record_path(home, runner, directory))
        except CentralVenvError:
            record = None
        return str(record.holder) if record is not None and record.holder is not None else "another process"
    return "another process" if is_used(layout.environment_uses_path(home, runner, directory)) else None


def is_anything_claimed(home: str) -> bool:
    """Whether somebody has claimed an environment that need not be there yet.

    Args:
        home: absolute path of the home.

    Raises:
        StoreError: the locks cannot be listed.
    """
    records = os.path.join(home, layout.RECORDS)
    return any(
        Lock(entry.path).held_elsewhere(unknown=True)
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
    """The id of the user whom a directory belongs to, if it is another one."""
    status = os.lstat(path)
    return status.st_uid if files.is_strangers(status) else None
