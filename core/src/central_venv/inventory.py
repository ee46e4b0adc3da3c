"""What is in a store: every project and every environment, whoever made them.

Directories are the truth. An environment that a template made without us is found, and a record without a directory is
not; a record that cannot be read costs its environment nothing but what only the record knew.
"""

from __future__ import annotations

import os
import stat

from central_venv import clock, files, host, layout, venv
from central_venv.environment import Environment
from central_venv.errors import CentralVenvError
from central_venv.key import home_name
from central_venv.layout import PROJECT_ENVIRONMENT, PROJECT_RUNNER, SHARED_PREFIX
from central_venv.record import ProjectRecord, read_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from central_venv.store import Store

ACTIVE = "active"
ORPHAN = "orphan"
UNREACHABLE = "unreachable"
UNRECORDED = "unrecorded"
SHARED = "shared"

#: What a project in the store can be.
PROJECT_STATES = (ACTIVE, ORPHAN, UNREACHABLE, UNRECORDED, SHARED)
#: What an environment in the store can be.
ENVIRONMENT_STATES = ("ready", "creating", "broken")


class FoundEnvironment:
    """An environment that is in the store.

    Attributes:
        runner: what asked for it.
        name: as its runner calls it.
        path: absolute path of its directory.
        python: its Python, such as ``3.12.1``; None if nobody can tell.
        state: ``ready``, ``creating`` or ``broken``.
        created: ISO 8601 in UTC; None if nobody can tell.
        last_used: ISO 8601 in UTC; None if it was never recorded.
        size: bytes on disk; None if they were not counted.
    """

    __slots__ = ("created", "last_used", "name", "path", "python", "runner", "size", "state")

    def __init__(self, runner: str, name: str, path: str, *, state: str, last_used: str | None) -> None:
        self.runner = runner
        self.name = name
        self.path = path
        self.state = state
        self.last_used = last_used
        self.python = venv.python_version(path)
        created = venv.created(path)
        self.created = None if created is None else clock.from_timestamp(created)
        self.size: int | None = None

    def as_json(self) -> dict[str, object]:
        """The environment as programs read it."""
        return {
            "runner": self.runner,
            "name": self.name,
            "path": self.path,
            "python": self.python,
            "state": self.state,
            "created": self.created,
            "last_used": self.last_used,
            "size": self.size,
        }


class FoundProject:
    """A home that is in the store.

    Attributes:
        root: true path of its project; None if nobody can tell.
        home: absolute path of the home.
        state: one of `PROJECT_STATES`.
        environments: those in it.
    """

    __slots__ = ("environments", "home", "root", "state")

    def __init__(self, root: str | None, home: str, state: str, environments: list[FoundEnvironment]) -> None:
        self.root = root
        self.home = home
        self.state = state
        self.environments = environments

    def as_json(self) -> dict[str, object]:
        """The project as programs read it."""
        return {
            "root": self.root,
            "home": self.home,
            "state": self.state,
            "environments": [environment.as_json() for environment in self.environments],
        }


def find_projects(store: Store, *, on_problem: Callable[[CentralVenvError], None]) -> Iterator[FoundProject]:
    """Every project in the store, in order of the names of their homes.

    Args:
        store: where to look.
        on_problem: told what could not be read; the search goes on.

    Raises:
        StoreError: the store itself cannot be listed.
    """
    for home in store.homes():
        yield find_project(home, on_problem=on_problem)


def find_project(home: str, *, on_problem: Callable[[CentralVenvError], None]) -> FoundProject:
    """The project of one home, with its environments.

    Args:
        home: absolute path of the home, which need not exist.
        on_problem: told what could not be read.
    """
    name = os.path.basename(home)
    if name.startswith(SHARED_PREFIX):
        state = "ready" if venv.is_environment(home) and venv.has_interpreter(home) else "broken"
        return FoundProject(
            None, home, SHARED, [FoundEnvironment(PROJECT_RUNNER, name, home, state=state, last_used=None)]
        )
    record = None
    try:
        record = read_project(layout.project_record_path(home))
    except CentralVenvError as error:
        on_problem(error)
    if record is not None and home_name(record.root) != name:
        record = None  # renamed or copied by hand: what the record says is true of another home
    return FoundProject(
        None if record is None else record.root,
        home,
        UNRECORDED if record is None else project_state(record),
        list(_environments(home, on_problem)),
    )


def project_state(record: ProjectRecord) -> str:
    """``active``, ``orphan`` or ``unreachable``.

    An orphan is surely gone: its parent directory still stands, on the file system that it was recorded on and on the
    machine that recorded it. Whatever cannot be seen for another reason is unreachable.
    """
    try:
        if stat.S_ISDIR(os.stat(record.root).st_mode):
            return ACTIVE
    except (FileNotFoundError, NotADirectoryError):
        pass
    except (OSError, ValueError):  # no permission, a dead network drive, a path that this system cannot have
        return UNREACHABLE
    if record.host != host.name() or record.mount is None:
        return UNREACHABLE
    parent = os.path.dirname(record.root)
    seen = os.path.isdir(parent) and host.mount_point(parent) == record.mount
    return ORPHAN if seen and host.volume(record.mount) == record.volume else UNREACHABLE


def _environments(home: str, on_problem: Callable[[CentralVenvError], None]) -> Iterator[FoundEnvironment]:
    try:
        for runner, directory in _candidates(home):
            found = _environment(home, runner, directory, on_problem)
            if found is not None:
                yield found
    except CentralVenvError as error:
        on_problem(error)


def _candidates(home: str) -> Iterator[tuple[str, str]]:
    """The runner and name of each directory that may be an environment."""
    for entry in files.entries(home):
        if not entry.is_dir(follow_symlinks=False):
            continue
        if entry.name.startswith(PROJECT_ENVIRONMENT):
            yield PROJECT_RUNNER, entry.name
        elif (runner := layout.runner_of(entry.name)) is not None:
            for child in files.entries(entry.path):
                if child.is_dir(follow_symlinks=False):
                    yield runner, child.name


def _environment(
    home: str, runner: str, directory: str, on_problem: Callable[[CentralVenvError], None]
) -> FoundEnvironment | None:
    environment = Environment(home, runner, directory, prepare=lambda: None)
    record = None
    try:
        record = environment.read()
    except CentralVenvError as error:
        on_problem(error)
    if record is None and not venv.is_environment(environment.path):
        return None
    return FoundEnvironment(
        runner,
        directory if record is None or runner == PROJECT_RUNNER else record.name,
        environment.path,
        state=environment.state(record),
        last_used=None if record is None else record.last_used,
    )
