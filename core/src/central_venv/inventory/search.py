"""Finding every project and every environment in a store, whoever made them.

Directories are the truth. An environment that a template made without us is found, and a record without a directory is
not; a record that cannot be read costs its environment nothing but what only the record knew.

A store can hold thousands of environments, so each costs no more than a handful of system calls.
"""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError
from central_venv.inventory.found import SHARED, UNRECORDED, FoundEnvironment, FoundProject
from central_venv.inventory.project_state import Moment, project_state
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.policy.key import home_name
from central_venv.policy.layout import PROJECT_ENVIRONMENT, PROJECT_RUNNER, SHARED_PREFIX
from central_venv.store import venv
from central_venv.store.environment_record import read_environment
from central_venv.store.project_record import read_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from central_venv.store.store import Store

    Listener = Callable[[CentralVenvError], None]


#: How deep in its data directory hatch keeps environments: `.internal/<environment>/<project>/<id>/<environment>`.
_DEEPEST = 5
#: What else hatch keeps there: notes, and Pythons with thousands of directories.
_NO_ENVIRONMENTS = frozenset({".metadata", ".pythons"})


def find_projects(store: Store, *, on_problem: Listener) -> Iterator[FoundProject]:
    """Every project in the store, in order of the names of their homes; after them, what several projects share.

    Args:
        store: where to look.
        on_problem: told what could not be read; the search goes on.

    Raises:
        StoreError: the store itself cannot be listed.
    """
    seen = Moment(on_problem)
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


def find_project(home: str, *, on_problem: Listener, seen: Moment | None = None) -> FoundProject:
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
        state=UNRECORDED if record is None else project_state(record, seen or Moment(on_problem)),
        environments=sorted(_environments(home, on_problem), key=_last_use_first),
        record=record,
    )


def environment_called(home: str, runner: str, name: str) -> str | None:
    """The path of the environment that a runner calls by a name, or that lies in a directory of it; None if none does.

    Of several, it is the one that was used last.

    Args:
        home: absolute path of the home, which need not exist.
        runner: the runner.
        name: such as ``tests-3.12``, whose directory is ``tests-3-12``.

    Raises:
        StoreError: the home cannot be listed.
    """
    directories = (found for found in environment_directories(home) if found[0] == runner)
    environments = (_environment(home, *found, lambda _: None) for found in directories)
    called = [each for each in environments if each is not None and name in {each.name, each.directory}]
    return min(called, key=_last_use_first).path if called else None


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
                if layout.is_data_directory(runner, child.name) and not _is_called_so(home, runner, child):
                    for path in _environments_below(child.path, _DEEPEST):
                        yield runner, os.path.relpath(path, entry.path), path
                else:
                    yield runner, child.name, child.path


def _is_called_so(home: str, runner: str, entry: os.DirEntry[str]) -> bool:
    """Whether an environment is called as a runner's own data directory is."""
    record = layout.environment_record_path(home, runner, entry.name)
    return venv.is_environment(entry.path) or os.path.lexists(record)


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
