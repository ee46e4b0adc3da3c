"""The record of an environment: a small JSON file beside it that says what it is.

``<home>/.central-venv/<runner>/<directory>.json``::

    {"schema": 1,
     "runner": "tox",
     "name": "py312",                         as the runner calls it
     "state": "ready",                        or "creating": its creation began and has not ended
     "path": "/home/joe/.local/…/py312",      where it was made, or mended after a move; absent before
                                              it is ready, and in records of older versions
     "created": 1795251600.25,                the time of its `pyvenv.cfg`, in seconds since the epoch, when that
     "python": "3.12.1",                      file said that it is of this Python; both null before it is ready
     "holder": {"pid": 123, "host": "laptop", "command": "tox run -e py312"},
     "request": "3.12",                       the Python that was asked for, in the runner's words
     "note": "9f86d081884c"}                  what the runner wants to know of it the next time, in its own words;
                                              each of the two is absent if it says nothing

The time of the file itself is when the environment was used last: a use that is recorded replaces nothing that another
process is writing.
"""

from __future__ import annotations

import os
import stat
import sys

from central_venv.machine import clock, files
from central_venv.store.record_file import begins_with, damaged, decode, encode, text_in

TYPE_CHECKING = False


READY = "ready"
CREATING = "creating"
#: What an environment is found to be whose creation did not end, or whose interpreter is gone. No record says so.
BROKEN = "broken"
#: What an environment is found to be that lies elsewhere than where it was made. No record says so, either.
MOVED = "moved"

#: A use is recorded if the last one that was recorded is older, in seconds.
TOUCH_INTERVAL = 3600


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
        path: where the environment was made that is meant, as an absolute path; None if unknown.
        created: when the environment was made that is meant, in seconds since the epoch; None if unknown.
        python: its Python; None if unknown.
        last_used: when the record was written or touched, in seconds since the epoch; None before that.
        request: the Python that the runner asked for, in its own words; None if it does not say.
        note: what the runner noted, in its own words; None if it noted nothing.
    """

    __slots__ = ("_holder", "created", "last_used", "name", "note", "path", "python", "request", "runner", "state")

    def __init__(  # noqa: PLR0913  # one for each field
        self,
        runner: str,
        name: str,
        *,
        state: str,
        path: str | None = None,
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
        self.path = path
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
    fields = decode(path, found[0], remedy)
    runner, name = text_in(fields, "runner"), text_in(fields, "name")
    state, created, request = fields.get("state"), fields.get("created"), fields.get("request")
    if runner is None or name is None or state not in (READY, CREATING):  # it may be no hashable value
        raise damaged(path, remedy)
    return EnvironmentRecord(
        runner,
        name,
        state=str(state),
        path=text_in(fields, "path"),
        created=created if type(created) is float else None,
        python=text_in(fields, "python"),
        holder=fields.get("holder"),  # looked at only if somebody has to wait for it
        last_used=found[1],
        request=request if isinstance(request, str) else None,  # it may be empty: any Python
        note=text_in(fields, "note"),
    )


def is_ready_record_of(path: str, runner: str, name: str, made: str) -> bool:
    """Whether a file is surely the record of a complete environment; False means that it must be looked at closely.

    Args:
        path: the file.
        runner: what asked for the environment.
        name: as the runner calls it.
        made: where it was made.
    """
    return begins_with(path, {"runner": runner, "name": name, "state": READY, "path": made})


def write_environment(path: str, record: EnvironmentRecord) -> None:
    """Write an environment record; its key order is what `begins_with` relies on.

    Raises:
        StoreError: it cannot be written.
    """
    holder = record.holder
    fields = {
        "runner": record.runner,
        "name": record.name,
        "state": record.state,
        **({} if record.path is None else {"path": record.path}),
        "created": record.created,
        "python": record.python,
        "holder": None if holder is None else {"pid": holder.pid, "host": holder.host, "command": holder.command},
    }
    said = {"request": record.request, "note": record.note}
    fields |= {key: value for key, value in said.items() if value is not None}
    files.write(path, encode(fields))


def _holder(fields: object) -> Holder | None:
    if not isinstance(fields, dict):
        return None
    pid, host, command = fields.get("pid"), text_in(fields, "host"), text_in(fields, "command")
    if not isinstance(pid, int) or host is None or command is None:
        return None
    return Holder(pid, host, command)


def note_use(path: str) -> None:
    """Record in a record's time that its environment is in use now, at most once in `TOUCH_INTERVAL`.

    Does nothing if there is no record.

    Args:
        path: absolute path of the record.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        now, status = clock.seconds(), os.lstat(path)
        if stat.S_ISREG(status.st_mode) and abs(now - status.st_mtime) > TOUCH_INTERVAL:
            os.utime(path, (now, now), follow_symlinks=os.utime not in os.supports_follow_symlinks)
    except FileNotFoundError:
        return
    except OSError as error:
        raise files.store_error(error, "write", path) from error


def this_process(command: str | None) -> Holder:
    """This process, as others are told of it.

    Args:
        command: how it is called; its command line by default, without what may be a password.
    """
    from central_venv.machine import host

    if command is not None:
        return Holder(os.getpid(), host.name(), command)
    words = sys.argv or [sys.executable]
    program, arguments = os.path.basename(words[0]), words[1:]
    if "--" in arguments:  # what follows is the user's own, and may be a password
        arguments = arguments[: arguments.index("--")]
    shown = [argument if "=" not in argument else f"{argument.partition('=')[0]}=…" for argument in arguments]
    return Holder(os.getpid(), host.name(), " ".join([program, *shown]))
