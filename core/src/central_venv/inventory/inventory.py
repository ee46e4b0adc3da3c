"""What is in a store: every project and every environment, whoever made them.

Directories are the truth. An environment that a template made without us is found, and a record without a directory is
not; a record that cannot be read costs its environment nothing but what only the record knew.

A store can hold thousands of environments, so each costs no more than a handful of system calls.
"""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError
from central_venv.machine import clock, files, host
from central_venv.policy import layout
from central_venv.policy.key import home_name
from central_venv.policy.layout import PROJECT_ENVIRONMENT, PROJECT_RUNNER, SHARED_PREFIX
from central_venv.store import venv
from central_venv.store.lock import Lock
from central_venv.store.record import (
    BROKEN,
    CREATING,
    READY,
    EnvironmentRecord,
    ProjectRecord,
    read_environment,
    read_project,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from central_venv.store.disk_usage import Usage
    from central_venv.store.store import Store

    Listener = Callable[[CentralVenvError], None]

ACTIVE = "active"
ORPHAN = "orphan"
UNREACHABLE = "unreachable"
UNRECORDED = "unrecorded"
SHARED = "shared"

#: What a project in the store can be.
PROJECT_STATES = (ACTIVE, ORPHAN, UNREACHABLE, UNRECORDED, SHARED)
#: What an environment in the store can be.
ENVIRONMENT_STATES = (READY, CREATING, BROKEN)


#: How deep in its data directory hatch keeps environments: `.internal/<environment>/<project>/<id>/<environment>`.
_DEEPEST = 5
#: What else hatch keeps there: notes, and Pythons with thousands of directories.
_NO_ENVIRONMENTS = frozenset({".metadata", ".pythons"})


class FoundEnvironment:
    """An environment that is in the store.

    Attributes:
        home: absolute path of what holds its record: its home, or the store for one that several projects share.
        runner: what asked for it.
        directory: the name of its directory; several names where a runner nests them in a data directory of its own.
        name: as its runner calls it.
        path: absolute path of its directory.
        python: its Python, such as ``3.12.1``; None if nobody can tell.
        state: ``ready``, ``creating`` or ``broken``.
        created: in seconds since the epoch; None if nobody can tell.
        recorded: whether there is a record of it.
        last_used: in seconds since the epoch; None if it was never recorded.
        usage: what it takes on disk; None if that was not counted.
    """

    __slots__ = (
        "created",
        "directory",
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
        if record is not None and record.state == CREATING:
            lock = Lock(layout.environment_lock_path(home, runner, directory))
            self.state = CREATING if lock.held_elsewhere() else BROKEN
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
        """The environment as programs read it."""
        return {
            "runner": self.runner,
            "name": self.name,
            "path": self.path,
            "python": self.python,
            "state": self.state,
            "created": _iso(self.created),
            "last_used": _iso(self.last_used),
            "size": self.size,
            "shared": None if self.usage is None else self.usage.shared,
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


def find_projects(store: Store, *, on_problem: Listener) -> Iterator[FoundProject]:
    """Every project in the store, in order of the names of their homes; after them, what several projects share.

    Args:
        store: where to look.
        on_problem: told what could not be read; the search goes on.

    Raises:
        StoreError: the store itself cannot be listed.
    """
    seen: dict[tuple[str, str | None, str | None], bool] = {}
    shared: list[FoundProject] = []
    users: dict[str, list[FoundProject]] = {}
    for home in store.homes():
        project = find_project(home, on_problem=on_problem, seen=seen)
        if project.state == SHARED:
            shared.append(project)
            continue
        if project.record is not None and project.record.shared is not None:
            users.setdefault(project.record.shared, []).append(project)
        yield project
    for project in shared:
        project.users = users.get(os.path.basename(project.home), [])
        yield project


def find_project(
    home: str, *, on_problem: Listener, seen: dict[tuple[str, str | None, str | None], bool] | None = None
) -> FoundProject:
    """The project of one home, with its environments.

    Args:
        home: absolute path of the home, which need not exist.
        on_problem: told what could not be read.
        seen: what `project_state` remembers from one project to the next.
    """
    name = os.path.basename(home)
    if name.startswith(SHARED_PREFIX):
        found = _environment(os.path.dirname(home), PROJECT_RUNNER, name, home, on_problem)
        return FoundProject(home, state=SHARED, environments=[] if found is None else [found])
    record = None
    try:
        record = read_project(layout.project_record_path(home))
    except CentralVenvError as error:
        on_problem(error)
    if record is not None and home_name(record.root) != name:
        record = None  # renamed or copied by hand: what the record says is true of another home
    return FoundProject(
        home,
        state=UNRECORDED if record is None else project_state(record, seen),
        environments=sorted(_environments(home, on_problem), key=_last_use_first),
        record=record,
    )


def project_state(record: ProjectRecord, seen: dict[tuple[str, str | None, str | None], bool] | None = None) -> str:
    """``active``, ``orphan`` or ``unreachable``.

    An orphan is surely gone: its parent directory still stands, on the file system that it was recorded on and on the
    machine that recorded it. Whatever cannot be seen for another reason is unreachable.

    Args:
        record: what the home says.
        seen: remembers from one call to the next which parents stand where they were; for many calls at one moment.
    """
    try:
        os.stat(record.root)
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError):  # no permission, a dead network drive, a path that this system cannot have
        return UNREACHABLE
    else:
        return ACTIVE  # a script is a project, too
    if record.host != host.name() or record.mount is None:
        return UNREACHABLE
    place = os.path.dirname(record.root), record.mount, record.volume
    stands = None if seen is None else seen.get(place)
    if stands is None:
        stands = _stands(*place)
        if seen is not None:
            seen[place] = stands
    return ORPHAN if stands else UNREACHABLE


def _stands(parent: str, mount: str, volume: str | None) -> bool:
    if not os.path.isdir(parent) or host.mount_point(parent) != mount or host.volume(mount) != volume:
        return False
    # Of a drive that nothing tells from the next one, nobody can say that it is still there; of the root, anybody.
    return volume is not None or os.path.dirname(mount) == mount


def _iso(seconds: float | None) -> str | None:
    return None if seconds is None else clock.from_timestamp(seconds)


def _last_use_first(environment: FoundEnvironment) -> tuple[float, str, str]:
    return -(environment.last_used or 0), environment.runner, environment.name


def _environments(home: str, on_problem: Listener) -> Iterator[FoundEnvironment]:
    try:
        for runner, directory, path in environment_directories(home):
            found = _environment(home, runner, directory, path, on_problem)
            if found is not None:
                yield found
    except CentralVenvError as error:
        on_problem(error)


def environment_directories(home: str) -> Iterator[tuple[str, str, str]]:
    """Each directory of a home that may be an environment: its runner, its path below the runner's, and its whole path.

    Raises:
        StoreError: the home cannot be listed.
    """
    for entry in files.entries(home):
        if not entry.is_dir(follow_symlinks=False):
            continue
        if entry.name.startswith(PROJECT_ENVIRONMENT):
            yield PROJECT_RUNNER, entry.name, entry.path
        elif (runner := layout.runner_of(entry.name)) is not None:
            for child in files.entries(entry.path, follow=True):  # it is no link, as was just seen
                if not child.is_dir(follow_symlinks=False):
                    continue
                if _is_data_directory(home, runner, child):
                    for path in _environments_below(child.path, _DEEPEST):
                        yield runner, os.path.relpath(path, entry.path), path
                else:
                    yield runner, child.name, child.path


def _is_data_directory(home: str, runner: str, entry: os.DirEntry[str]) -> bool:
    """Whether a runner's own data directory is meant, not an environment that is called as that is."""
    return (
        layout.is_data_directory(runner, entry.name)
        and not venv.is_environment(entry.path)
        and not os.path.lexists(layout.environment_record_path(home, runner, entry.name))
    )


def _environments_below(directory: str, levels: int) -> Iterator[str]:
    for entry in files.entries(directory):
        if entry.is_dir(follow_symlinks=False) and entry.name not in _NO_ENVIRONMENTS:
            if venv.is_environment(entry.path):
                yield entry.path
            elif levels > 1:
                yield from _environments_below(entry.path, levels - 1)


def _environment(home: str, runner: str, directory: str, path: str, on_problem: Listener) -> FoundEnvironment | None:
    record = None
    try:
        record = read_environment(layout.environment_record_path(home, runner, directory))
    except CentralVenvError as error:
        on_problem(error)
    if record is None and not venv.is_environment(path):
        return None
    return FoundEnvironment(home, runner, directory, path, record)
