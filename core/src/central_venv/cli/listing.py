"""``central-venv list``: every environment of every project."""

from __future__ import annotations

import json
import sys

from central_venv.cli import DONE, complain
from central_venv.cli.text import UNKNOWN, ago, print_columns, printable, size
from central_venv.inventory import PROJECT_STATES, FoundEnvironment, FoundProject, find_projects
from central_venv.location import open_store
from central_venv.settings import load_settings

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterable, Iterator

SCHEMA = 1

_HEADINGS = ("PROJECT", "RUNNER", "NAME", "PYTHON", "LAST USED", "SIZE", "STATE")


def run(arguments: Namespace) -> int:
    """List what is in the store and matches the filters."""
    store = open_store(load_settings(None), None)
    projects = list(_filtered(find_projects(store, on_problem=complain), arguments.state, arguments.runner))
    if arguments.size:
        from central_venv.disk_usage import disk_usage

        for project in projects:
            for environment in project.environments:
                environment.size = disk_usage(environment.path)
    if arguments.json:
        print_json(store.path, projects)
    elif projects:
        _print_table(projects, sizes=arguments.size)
    else:
        print(f"nothing to list in `{printable(store.path)}`", file=sys.stderr)
    return DONE


def print_json(store: str, projects: Iterable[FoundProject]) -> None:
    """Print projects as programs read them."""
    document = {"schema": SCHEMA, "store": store, "projects": [project.as_json() for project in projects]}
    print(json.dumps(document, indent=2))


def environment_row(environment: FoundEnvironment) -> list[str]:
    """An environment's runner, name, Python, last use and state, for people."""
    return [
        printable(environment.runner),
        printable(environment.name),
        printable(environment.python or UNKNOWN),
        ago(environment.last_used),
        environment.state,
    ]


def _filtered(projects: Iterable[FoundProject], state: str | None, runner: str | None) -> Iterator[FoundProject]:
    environment_state = state if state is not None and state not in PROJECT_STATES else None
    for project in projects:
        if state in PROJECT_STATES and project.state != state:
            continue
        project.environments = [
            environment
            for environment in project.environments
            if environment_state in {None, environment.state} and runner in {None, environment.runner}
        ]
        if project.environments or (environment_state is None and runner is None):
            yield project


def _print_table(projects: Iterable[FoundProject], *, sizes: bool) -> None:
    rows = [list(_HEADINGS)]
    for project in projects:
        where = printable(project.root or project.home)
        marker = "" if project.state == "active" else f" ({project.state})"
        for environment in project.environments:
            runner, name, python, used, state = environment_row(environment)
            rows.append([where + marker, runner, name, python, used, size(environment.size), state])
        if not project.environments:
            rows.append([where + marker, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, UNKNOWN, "empty"])
    if not sizes:
        for row in rows:
            del row[_HEADINGS.index("SIZE")]
    print_columns(rows)
