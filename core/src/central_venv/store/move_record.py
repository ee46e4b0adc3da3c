"""What a home notes of a move of its project, until all that is in it has been mended.

``<home>/.central-venv/move.json``::

    {"schema": 1,
     "environments": [                        those that may hold paths of other places
         {"runner": "tox", "directory": "py312",
          "roots": ["/home/joe/foo"]}],       where the project was since the environment was whole
     "shared": ["/home/joe/foo"],             likewise for the shared environment that the project uses
     "stores": ["/home/joe/venvs"]}           where the store was since then; absent if it was nowhere else
"""

from __future__ import annotations

import json
import os

from central_venv.errors import DamagedRecordError, MovedEnvironmentError, NewerRecordError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.policy.key import home_name
from central_venv.store.project_record import read_project
from central_venv.store.record_file import SCHEMA

TYPE_CHECKING = False
if TYPE_CHECKING:
    #: The name of an environment's runner, and that of its directory.
    Key = tuple[str, str]


class MoveRecord:
    """Where a project was.

    Attributes:
        environments: the project's former roots since each environment was whole.
        shared: likewise for the shared environment that the project uses; none once a move ended, whatever is left.
        stores: where the store was since then.
    """

    __slots__ = ("environments", "shared", "stores")

    def __init__(self) -> None:
        self.environments: dict[Key, list[str]] = {}
        self.shared: list[str] = []
        self.stores: list[str] = []

    @property
    def roots(self) -> list[str]:
        """All former roots of the project."""
        return list(dict.fromkeys(root for roots in (*self.environments.values(), self.shared) for root in roots))

    @property
    def homes(self) -> list[str]:
        """The names that the home had."""
        return [home_name(root) for root in self.roots]


def has_move_record(home: str) -> bool:
    """Whether a move of a home's project has begun and not ended.

    Args:
        home: absolute path of the home.
    """
    return os.path.lexists(layout.move_record_path(home))


def read_move(home: str) -> MoveRecord:
    """What a home notes of a move; an empty note if it does not.

    Args:
        home: absolute path of the home.

    Raises:
        DamagedRecordError: it is no such note.
        NewerRecordError: it was written by a newer central-venv.
        StoreError: it cannot be read.
    """
    path = layout.move_record_path(home)
    record = MoveRecord()
    content = files.read(path)
    if content is None:
        return record
    try:
        fields = json.loads(content)
        if type(fields["schema"]) is int and fields["schema"] > SCHEMA:
            raise NewerRecordError(
                f"`{path}` was written by a newer central-venv (schema {fields['schema']}, known is {SCHEMA})",
                hint="upgrade central-venv here; nothing was changed",
            )
        for each in fields["environments"]:
            record.environments[_text(each["runner"]), _text(each["directory"])] = [
                _text(root) for root in each["roots"]
            ]
        record.shared = [_text(root) for root in fields["shared"]]
        record.stores = [_text(store) for store in fields.get("stores", [])]
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise DamagedRecordError(
            f"the record `{path}` is damaged",
            hint="remove that file: environments that were not mended yet are made anew when they are next used",
        ) from error
    return record


def former_root(home: str) -> str | None:
    """Where the project was that a home is called after, if a move from there has begun.

    Args:
        home: absolute path of the home.

    Raises:
        RecordError: its note of the move cannot be used.
        StoreError: that cannot be read.
    """
    return next((root for root in read_move(home).roots if home_name(root) == os.path.basename(home)), None)


def refuse_half_moved(home: str, key: Key, path: str) -> None:
    """Refuse to change an environment that a move of its project has not come to yet, and that it can mend.

    Args:
        home: absolute path of the home.
        key: which environment is recorded as half moved.
        path: absolute path of that environment.

    Raises:
        MovedEnvironmentError: that move did not end.
        RecordError: a record of the home cannot be used.
        StoreError: that cannot be read.
    """
    note, project = read_move(home), read_project(layout.project_record_path(home))
    if not note.shared or not note.environments.get(key) or project is None:
        return  # the move ended without it
    from shlex import join

    raise MovedEnvironmentError(
        f"a move of `{note.shared[-1]}` to `{project.root}` did not end, so `{path}` may have paths of both",
        hint=f"`{join(['central-venv', 'move', note.shared[-1], project.root])}` ends it",
    )


def write_move(home: str, record: MoveRecord) -> None:
    """Write the note, or remove it if nothing is left to be mended.

    Args:
        home: absolute path of the home.
        record: what is left.

    Raises:
        StoreError: it cannot be written.
    """
    path = layout.move_record_path(home)
    if not record.environments and not record.shared:
        files.remove(path)
        return
    environments = [
        {"runner": runner, "directory": directory, "roots": roots}
        for (runner, directory), roots in record.environments.items()
    ]
    fields = {"schema": SCHEMA, "environments": environments, "shared": record.shared}
    if record.stores:
        fields["stores"] = record.stores
    files.write(path, f"{json.dumps(fields)}\n".encode(), durable=True)


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(value)
    os.fsencode(value)  # what is no path on this system is none of ours
    return value
