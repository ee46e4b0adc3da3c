"""The records of environments whose project is moved."""

from __future__ import annotations

import os

from central_venv.errors import DamagedRecordError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.store.environment_record import EnvironmentRecord, read_environment, write_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.inventory.found import FoundEnvironment
    from central_venv.store.move_record import Key


def key_of(environment: FoundEnvironment) -> Key:
    """What names an environment in the note of a move."""
    return environment.runner, environment.directory


def can_have_record(directory: str) -> bool:
    """Whether an environment lies right in its runner's directory.

    hatch, in a data directory of its own, nests environments, and finds them by the project's path: not any more.
    """
    return os.sep not in directory


def read_record(home: str, key: Key) -> EnvironmentRecord | None:
    """A record as far as it can be used: a damaged one is replaced, a newer one is not."""
    try:
        return read_environment(layout.environment_record_path(home, *key))
    except DamagedRecordError:
        return None


def write_record(home: str, key: Key, record: EnvironmentRecord) -> None:
    """Write a record whose time stays as it is: a move is no use."""
    path = layout.environment_record_path(home, *key)
    write_environment(path, record)
    if record.last_used is not None:
        try:
            os.utime(path, (record.last_used, record.last_used))
        except OSError as error:
            raise files.store_error(error, "write", path) from error
