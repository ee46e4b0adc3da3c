"""The projects and environments that were found in a store, and the states that they can be in."""

from __future__ import annotations

import os

from central_venv.machine import clock
from central_venv.policy import layout
from central_venv.policy.layout import PROJECT_RUNNER
from central_venv.store import origin, venv
from central_venv.store.environment_record import BROKEN, CREATING, MOVED, READY, EnvironmentRecord
from central_venv.store.lock import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.errors import CentralVenvError
    from central_venv.store.disk_usage import Usage
    from central_venv.store.project_record import ProjectRecord

    Listener = Callable[[CentralVenvError], None]


ACTIVE = "active"
ORPHAN = "orphan"
UNREACHABLE = "unreachable"
UNRECORDED = "unrecorded"
SHARED = "shared"
#: What a project in the store can be.
PROJECT_STATES = (ACTIVE, ORPHAN, UNREACHABLE, UNRECORDED, SHARED)
#: What an environment in the store can be.
ENVIRONMENT_STATES = (READY, CREATING, BROKEN, MOVED)


class FoundEnvironment:
    """An environment that is in the store.

    Attributes:
        home: absolute path of what holds its record: its home, or the store for one that several projects share.
        runner: what asked for it.
        directory: the name of its directory; several names where a runner nests them in a data directory of its own.
        name: as its runner calls it.
        path: absolute path of its directory.
        python: its Python, such as ``3.12.1``; None if nobody can tell.
        state: ``ready``, ``creating``, ``broken`` or ``moved``.
        former_path: where it was made, if it is ``moved``.
        created: in seconds since the epoch; None if nobody can tell.
        recorded: whether there is a record of it.
        last_used: in seconds since the epoch; None if it was never recorded.
        usage: what it takes on disk; None if that was not counted.
    """

    __slots__ = (
        "created",
        "directory",
        "former_path",
        "home",
        "last_used",
        "name",
        "path",
        "python",
        "recorded",
        "runner",
        "state",
        "usage",
    )

    def __init__(self, home: str, runner: str, directory: str, path: str, record: EnvironmentRecord | None) -> None:
        """Look at an environment.

        Args:
            home: absolute path of what holds its record.
            runner: what asked for it.
            directory: its path below the runner's directory: for nearly all of them a name.
            path: absolute path of its directory.
            record: what is recorded of it.
        """
        self.home = home
        self.runner = runner
        self.directory = directory
        self.name = os.path.basename(directory) if record is None or runner == PROJECT_RUNNER else record.name
        self.path = path
        made = venv.created(path)
        self.former_path: str | None = None
        if record is not None and record.state == CREATING:
            lock = Lock(layout.environment_lock_path(home, runner, directory))
            self.state = CREATING if lock.held_elsewhere() else BROKEN
        elif made is not None and (former := origin.former_path(path, record, made)) is not None:
            self.state, self.former_path = MOVED, former
        else:
            self.state = READY if made is not None and venv.has_interpreter(path) else BROKEN
        self.recorded = record is not None
        self.last_used = None if record is None else record.last_used
        self.created = made
        if record is not None and record.python is not None and record.created == made:
            self.python: str | None = record.python
        else:  # somebody made it anew without telling
            self.python = venv.python_version(path)
        self.usage: Usage | None = None

    @property
    def size(self) -> int | None:
        """Bytes on disk; None if they were not counted."""
        return None if self.usage is None else self.usage.size

    def as_json(self) -> dict[str, object]:
        """The environment as programs read it.

        ``shared`` is the former name of ``shared_size``; it stays until 1.0.
        """
        shared = None if self.usage is None else self.usage.shared
        return {
            "runner": self.runner,
            "name": self.name,
            "path": self.path,
            "python": self.python,
            "state": self.state,
            "created": _iso(self.created),
            "last_used": _iso(self.last_used),
            "size": self.size,
            "shared_size": shared,
            "shared": shared,
        }


class FoundProject:
    """A home that is in the store.

    Attributes:
        root: true path of its project; None if nobody can tell.
        home: absolute path of the home.
        state: one of `PROJECT_STATES`.
        environments: those in it, the one that was used last before the others.
        record: what the home says of its project, if that is true of this home.
        users: of an environment that several projects share, the projects that use it; `find_projects` knows them.
    """

    __slots__ = ("environments", "home", "record", "root", "state", "users")

    def __init__(
        self, home: str, *, state: str, environments: list[FoundEnvironment], record: ProjectRecord | None = None
    ) -> None:
        self.home = home
        self.state = state
        self.environments = environments
        self.record = record
        self.root = None if record is None else record.root
        self.users: list[FoundProject] = []

    @property
    def living_users(self) -> list[FoundProject]:
        """Those of its users that are not surely gone."""
        return [user for user in self.users if user.state != ORPHAN]

    @property
    def last_used(self) -> float:
        """When one of its environments was used last, in seconds since the epoch; 0 if that is not known."""
        return max((environment.last_used or 0 for environment in self.environments), default=0)

    def as_json(self) -> dict[str, object]:
        """The project as programs read it."""
        return {
            "root": self.root,
            "home": self.home,
            "state": self.state,
            "uses": None if self.record is None else self.record.shared,
            "used_by": [user.root for user in self.users],
            "environments": [environment.as_json() for environment in self.environments],
        }


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else clock.from_timestamp(seconds)
