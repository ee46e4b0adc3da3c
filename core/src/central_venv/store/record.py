"""The records: small JSON files that say what a directory in the store is.

``<home>/project.json``, written once, and when the project begins or ends to use a shared environment::

    {"schema": 1,
     "root": "/home/joe/projects/foo",        the project's true path
     "created": "2026-11-21T09:00:00Z",
     "host": "laptop",                        the machine that knows this path
     "mount": "/",                            where the project's file system was mounted
     "volume": "8a6bf1d3",                    and which one it was; null if the system cannot tell
     "inode": 1234,                           which directory of it the root is; null likewise
     "shared": "@torch"}                      the shared environment that the project uses; absent if it uses its own

``<home>/.central-venv/<runner>/<directory>.json``, one beside each environment::

    {"schema": 1,
     "runner": "tox",
     "name": "py312",                         as the runner calls it
     "state": "ready",                        or "creating": its creation began and has not ended
     "created": 1795251600.25,                the time of its `pyvenv.cfg`, in seconds since the epoch, when that
     "python": "3.12.1",                      file said that it is of this Python; both null before it is ready
     "holder": {"pid": 123, "host": "laptop", "command": "tox run -e py312"},
     "request": "3.12",                       the Python that was asked for, in the runner's words
     "note": "9f86d081884c"}                  what the runner wants to know of it the next time, in its own words;
                                              each of the two is absent if it says nothing

The time of the file itself is when the environment was used last: a use that is recorded replaces nothing that another
process is writing.

Directories are the truth and records annotate them: a reader believes nothing in a record that the directories or the
key can tell, and treats whatever does not look like the above as damaged.
"""

from __future__ import annotations

import os

# The escape that `json` itself uses. `json` loads the regular expressions, half of Python's start-up time.
try:
    from _json import encode_basestring_ascii as _quote
except ImportError:  # pragma: no cover  # no C accelerator, as on PyPy
    from json.encoder import py_encode_basestring_ascii as _quote

from central_venv.errors import DamagedRecordError, NewerRecordError
from central_venv.machine import files
from central_venv.policy.layout import is_shared_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

SCHEMA = 1

READY = "ready"
CREATING = "creating"
#: What an environment is found to be whose creation did not end, or whose interpreter is gone. No record says so.
BROKEN = "broken"


class ProjectRecord:
    """What a home says of its project.

    Attributes:
        root: true path of the project root.
        created: when the home was made, ISO 8601 in UTC; None if unknown.
        host: the machine on which the path means something; None if unknown.
        mount: the mount point above the root when the home was made; None if unknown.
        volume: the file system that was mounted there; None if unknown.
        inode: the number of the root's directory in it; None if unknown.
        shared: the shared environment that the project uses instead of its own; None if it does not.
    """

    __slots__ = ("created", "host", "inode", "mount", "root", "shared", "volume")

    def __init__(  # noqa: PLR0913  # one for each field
        self,
        root: str,
        *,
        created: str | None = None,
        host: str | None = None,
        mount: str | None = None,
        volume: str | None = None,
        inode: int | None = None,
        shared: str | None = None,
    ) -> None:
        self.root = root
        self.created = created
        self.host = host
        self.mount = mount
        self.volume = volume
        self.inode = inode
        self.shared = shared


class Holder:
    """The process that claimed an environment last.

    Attributes:
        pid: its process id on its host.
        host: the machine it runs on.
        command: how it was called.
    """

    __slots__ = ("command", "host", "pid")

    def __init__(self, pid: int, host: str, command: str) -> None:
        self.pid = pid
        self.host = host
        self.command = command

    def __str__(self) -> str:
        return f"`{self.command}` (process {self.pid} on {self.host})"


class EnvironmentRecord:
    """What is known of an environment beside what its directory tells.

    Attributes:
        runner: what asked for it.
        name: as the runner calls it; its directory's name can differ.
        state: `READY`, or `CREATING` from the beginning of a creation or change to its success.
        created: when the environment was made that is meant, in seconds since the epoch; None if unknown.
        python: its Python; None if unknown.
        last_used: when the record was written or touched, in seconds since the epoch; None before that.
        request: the Python that the runner asked for, in its own words; None if it does not say.
        note: what the runner noted, in its own words; None if it noted nothing.
    """

    __slots__ = ("_holder", "created", "last_used", "name", "note", "python", "request", "runner", "state")

    def __init__(  # noqa: PLR0913  # one for each field
        self,
        runner: str,
        name: str,
        *,
        state: str,
        created: float | None = None,
        python: str | None = None,
        holder: Holder | object = None,
        last_used: float | None = None,
        request: str | None = None,
        note: str | None = None,
    ) -> None:
        self.runner = runner
        self.name = name
        self.state = state
        self.created = created
        self.python = python
        self.last_used = last_used
        self.request = request
        self.note = note
        self._holder = holder

    @property
    def half_moved(self) -> bool:
        """Whether it was complete when its project was moved, and has not been mended since."""
        return self.state == CREATING and self.created is not None

    @property
    def holder(self) -> Holder | None:
        """The process that claimed it last; None if unknown."""
        return self._holder if isinstance(self._holder, Holder) else _holder(self._holder)


def is_project_record_of(path: str, root: str) -> bool:
    """Whether a file is surely the project record of a root; False means that it must be looked at closely.

    This is the check of every lookup, so it takes the short way: it compares the bytes that we would write.
    """
    content = files.read(path)
    if content is None:
        return False
    begin = f'{{"schema": {SCHEMA}, "root": {_quote(root)}, '.encode()
    return content.startswith(begin) and content.rstrip().endswith(b"}")


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
    fields = _decode(path, content, remedy)
    root = _text(fields, "root")
    if root is None or not os.path.isabs(root) or not _can_be_a_path(root):
        raise _damaged(path, remedy)
    shared = fields.get("shared")
    if shared is not None and not (isinstance(shared, str) and is_shared_name(shared)):
        raise _damaged(path, remedy)
    return ProjectRecord(
        root,
        created=_text(fields, "created"),
        host=_text(fields, "host"),
        mount=_text(fields, "mount"),
        volume=_text(fields, "volume"),
        inode=_number(fields, "inode"),
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


def write_project(path: str, record: ProjectRecord) -> None:
    """Write a project record; its key order is what `is_project_record_of` relies on.

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
    }
    if record.shared is not None:
        fields["shared"] = record.shared
    files.write(path, _encode(fields), durable=True)


def read_environment(path: str) -> EnvironmentRecord | None:
    """The environment record in a file, or None if there is none.

    Raises:
        DamagedRecordError: it is no such record.
        NewerRecordError: it was written by a newer central-venv.
        StoreError: it cannot be read.
    """
    found = files.read_dated(path)
    if found is None:
        return None
    remedy = "it is written anew when the environment is next used"
    fields = _decode(path, found[0], remedy)
    runner, name = _text(fields, "runner"), _text(fields, "name")
    state, created, request = fields.get("state"), fields.get("created"), fields.get("request")
    if runner is None or name is None or state not in (READY, CREATING):  # it may be no hashable value
        raise _damaged(path, remedy)
    return EnvironmentRecord(
        runner,
        name,
        state=str(state),
        created=created if type(created) is float else None,
        python=_text(fields, "python"),
        holder=fields.get("holder"),  # looked at only if somebody has to wait for it
        last_used=found[1],
        request=request if isinstance(request, str) else None,  # it may be empty: any Python
        note=_text(fields, "note"),
    )


def is_ready_record_of(path: str, runner: str, name: str) -> bool:
    """Whether a file is surely the record of a complete environment; False means that it must be looked at closely.

    This is the check of every command that is run in one, so it takes the short way, as `is_project_record_of`.
    """
    content = files.read(path)
    if content is None:
        return False
    begin = f'{{"schema": {SCHEMA}, "runner": {_quote(runner)}, "name": {_quote(name)}, "state": "{READY}", '.encode()
    return content.startswith(begin) and content.rstrip().endswith(b"}")


def write_environment(path: str, record: EnvironmentRecord) -> None:
    """Write an environment record; its key order is what `is_ready_record_of` relies on.

    Raises:
        StoreError: it cannot be written.
    """
    holder = record.holder
    fields = {
        "runner": record.runner,
        "name": record.name,
        "state": record.state,
        "created": record.created,
        "python": record.python,
        "holder": None if holder is None else {"pid": holder.pid, "host": holder.host, "command": holder.command},
    }
    said = {"request": record.request, "note": record.note}
    fields |= {key: value for key, value in said.items() if value is not None}
    files.write(path, _encode(fields))


def _holder(fields: object) -> Holder | None:
    if not isinstance(fields, dict):
        return None
    pid, host, command = fields.get("pid"), _text(fields, "host"), _text(fields, "command")
    if not isinstance(pid, int) or host is None or command is None:
        return None
    return Holder(pid, host, command)


def _text(fields: dict[str, object], key: str) -> str | None:
    value = fields.get(key)
    return value if type(value) is str and value and "\0" not in value else None


def _can_be_a_path(text: str) -> bool:
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return False
    return True


def _number(fields: dict[str, object], key: str) -> int | None:
    value = fields.get(key)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _encode(fields: Mapping[str, object]) -> bytes:
    import json

    return f"{json.dumps({'schema': SCHEMA, **fields})}\n".encode()


def _decode(path: str, content: bytes, remedy: str) -> dict[str, object]:
    import json

    try:
        fields: object = json.loads(content.decode())
    except (ValueError, RecursionError) as error:  # no JSON, no Unicode, or thousands of brackets
        raise _damaged(path, remedy) from error
    if not isinstance(fields, dict):
        raise _damaged(path, remedy)
    schema = fields.get("schema")
    if type(schema) is int and schema == SCHEMA:
        return fields
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < SCHEMA:
        raise _damaged(path, remedy)
    raise NewerRecordError(
        f"`{path}` was written by a newer central-venv (schema {schema}, known is {SCHEMA})",
        hint="upgrade central-venv here; nothing was changed",
    )


def _damaged(path: str, remedy: str) -> DamagedRecordError:
    return DamagedRecordError(f"the record `{path}` is damaged", hint=f"remove that file: {remedy}")
