"""The record of a project: a small JSON file that says which project a home is of.

``<home>/project.json``, written once, when the project begins or ends to use a shared environment, and when it is used
and one of the facts is not true any more::

    {"schema": 1,
     "root": "/home/joe/projects/foo",        the project's true path
     "created": "2026-11-21T09:00:00Z",
     "host": "laptop",                        the machine that knows this path
     "mount": "/",                            where the project's file system was mounted
     "volume": "8a6bf1d3",                    and which one it was; null if the system cannot tell
     "inode": 1234,                           which directory of it the root is; null likewise
     "generation": 99,                        and which one of those that had this number; null likewise
     "parent": 1200,                          the inode of the directory that the root lies in; null likewise
     "born": 1795251600.25,                   when the root was made, in seconds since the epoch; null likewise
     "parent_born": 1795200000.5,             and when that directory was
     "parent_volume": "8a6bf1d3",             the file system of that directory: it can be another one
     "recorded": "2026-11-22T09:00:00Z",      when all this was so
     "shared": "@torch"}                      the shared environment that the project uses; absent if it uses its own
"""

from __future__ import annotations

import os

from central_venv.machine import files
from central_venv.machine.json_text import json_text
from central_venv.policy.layout import is_shared_name
from central_venv.store.record_file import begins_with, damaged, decode, encode, text_in

TYPE_CHECKING = False


class ProjectRecord:
    """What a home says of its project.

    Attributes:
        root: true path of the project root.
        created: when the home was made, ISO 8601 in UTC; None if unknown.
        host: the machine on which the path means something; None if unknown.
        mount: the mount point above the root when the home was made; None if unknown.
        volume: the file system that was mounted there; None if unknown.
        inode: the number of the root's directory in it; None if unknown.
        generation: which one it is of the directories that had this number; None if unknown.
        born: when the root's directory was made, in seconds since the epoch; None if unknown.
        parent: the number of the directory that the root lies in; None if unknown, as to older versions.
        parent_born: when that directory was made; None if unknown.
        parent_volume: the file system that it is on; None if unknown.
        recorded: when these facts were written, ISO 8601 in UTC; None if only `created` tells.
        shared: the shared environment that the project uses instead of its own; None if it does not.
    """

    __slots__ = (
        "born",
        "created",
        "generation",
        "host",
        "inode",
        "mount",
        "parent",
        "parent_born",
        "parent_volume",
        "recorded",
        "root",
        "shared",
        "volume",
    )

    def __init__(  # noqa: PLR0913  # one for each field
        self,
        root: str,
        *,
        created: str | None = None,
        host: str | None = None,
        mount: str | None = None,
        volume: str | None = None,
        inode: int | None = None,
        generation: int | None = None,
        parent: int | None = None,
        born: float | None = None,
        parent_born: float | None = None,
        parent_volume: str | None = None,
        recorded: str | None = None,
        shared: str | None = None,
    ) -> None:
        self.root = root
        self.created = created
        self.host = host
        self.mount = mount
        self.volume = volume
        self.inode = inode
        self.generation = generation
        self.parent = parent
        self.born = born
        self.parent_born = parent_born
        self.parent_volume = parent_volume
        self.recorded = recorded
        self.shared = shared


def is_project_record_of(path: str, root: str) -> bool:
    """Whether a file is surely the project record of a root; False means that it must be looked at closely."""
    return begins_with(path, {"root": root})


def read_project(path: str) -> ProjectRecord | None:
    """The project record in a file, or None if there is none.

    Raises:
        DamagedRecordError: it is no such record.
        NewerRecordError: it was written by a newer central-venv.
        StoreError: it cannot be read.
    """
    remedy = "it is written anew when the project is next used"
    content = files.read(path)
    if content is None:
        return None
    fields = decode(path, content, remedy)
    root = text_in(fields, "root")
    if root is None or not os.path.isabs(root) or not _can_be_a_path(root):
        raise damaged(path, remedy)
    shared = fields.get("shared")
    if shared is not None and not (isinstance(shared, str) and is_shared_name(shared)):
        raise damaged(path, remedy)
    return ProjectRecord(
        root,
        created=text_in(fields, "created"),
        host=text_in(fields, "host"),
        mount=text_in(fields, "mount"),
        volume=text_in(fields, "volume"),
        inode=_number(fields, "inode"),
        generation=_number(fields, "generation"),
        parent=_number(fields, "parent"),
        born=_time(fields, "born"),
        parent_born=_time(fields, "parent_born"),
        parent_volume=text_in(fields, "parent_volume"),
        recorded=text_in(fields, "recorded"),
        shared=shared,
    )


def shared_environment_in(path: str) -> str | None:
    """The shared environment that the project of a project record uses; None if it uses its own.

    Raises:
        DamagedRecordError: it is no such record.
        NewerRecordError: it was written by a newer central-venv.
        StoreError: it cannot be read.
    """
    content = files.read(path)
    if content is None or b'"shared"' not in content:  # as of nearly all projects: parsing takes its time
        return None
    record = read_project(path)
    return None if record is None else record.shared


def is_current(path: str, root: str) -> bool:
    """Whether a project record surely says what is so; False means that it must be looked at closely.

    Each use of a project asks that, so it compares bytes, as `begins_with` does.

    Args:
        path: the record.
        root: true path of the project root.

    Raises:
        StoreError: the record cannot be read.
    """
    from central_venv.machine import host

    generation = host.generation(root)
    facts = {
        "host": host.name(),
        "mount": host.mount_point(root),
        "volume": host.volume(root),
        "inode": host.inode(root),
        "generation": generation,
        "parent": host.inode(os.path.dirname(root)),
    }
    text = json_text(facts)[1:-1]
    if generation is None:
        from central_venv.machine.birth import birth_time

        born = birth_time(root)
        text += f', "born": {born!r}, ' if born is not None else ', "born": null, '
    content = files.read(path)
    return content is not None and text.encode() in content


def write_project(path: str, record: ProjectRecord) -> None:
    """Write a project record; its key order is what `begins_with` and `is_current` rely on.

    Raises:
        StoreError: it cannot be written.
    """
    fields = {
        "root": record.root,
        "created": record.created,
        "host": record.host,
        "mount": record.mount,
        "volume": record.volume,
        "inode": record.inode,
        "generation": record.generation,
        "parent": record.parent,
        "born": record.born,
        "parent_born": record.parent_born,
        "parent_volume": record.parent_volume,
        "recorded": record.recorded,
    }
    if record.shared is not None:
        fields["shared"] = record.shared
    files.write(path, encode(fields), durable=True)


def _can_be_a_path(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def _number(fields: dict[str, object], key: str) -> int | None:
    value = fields.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _time(fields: dict[str, object], key: str) -> float | None:
    value = fields.get(key)
    return value if type(value) is float else None
