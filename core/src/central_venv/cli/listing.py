"""``central-venv list``: every environment of every project."""

from __future__ import annotations

import sys

from central_venv.cli import DONE, complain
from central_venv.cli.rows import environment_row, project_cell, size_cells
from central_venv.cli.text import on_terminal, print_columns, print_document
from central_venv.inventory.filters import is_called, matching
from central_venv.inventory.found import ENVIRONMENT_STATES, PROJECT_STATES, FoundProject
from central_venv.inventory.search import find_projects
from central_venv.machine.words import UNKNOWN, printable, size
from central_venv.policy.settings import load_settings
from central_venv.store.store import open_stores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterable, Iterator, Sequence

    from central_venv.store.store import Store

SCHEMA = 1

DESCRIPTION = "List every environment in the store, by project, the last used first."

#: Each option with its default, for `parse_quickly`, which leaves `--unused-for` to the real parser.
QUICK = {
    "json": False,
    "size": False,
    "summary": False,
    "state": None,
    "runner": None,
    "project": None,
    "unused_for": None,
}
_STATES = PROJECT_STATES + ENVIRONMENT_STATES

_HEADINGS = ("PROJECT", "RUNNER", "NAME", "PYTHON", "LAST USED", "SIZE", "SHARED", "STATE")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    from central_venv.cli.options import add_json, add_runner, add_unused_for

    add_json(parser)
    parser.add_argument("--summary", action="store_true", help="print one line for each project, with its disk use")
    parser.add_argument(
        "--size",
        action="store_true",
        help="show disk use, and the part shared through hard links; clones count in full",
    )
    parser.add_argument(
        "--state",
        metavar="STATE",
        choices=_STATES,
        help=f"show only projects ({', '.join(PROJECT_STATES)}) or environments ({', '.join(ENVIRONMENT_STATES)}) "
        "in this state",
    )
    add_runner(parser)
    parser.add_argument(
        "--project",
        metavar="DIR",
        help="show only this project: its directory, former directory or home name",
    )
    add_unused_for(parser, "show only environments unused for AGE")


def conflict(arguments: Namespace) -> str | None:
    """What is wrong with a combination of options, if anything."""
    if arguments.json and arguments.summary:
        return "--summary is for people; programs take --json --size"
    return None if arguments.state in {None, *_STATES} else f"no state: {arguments.state}"


def run(arguments: Namespace) -> int:
    """List what is in the store and matches the filters."""
    stores = open_stores(load_settings(None), on_problem=complain)
    projects = sorted((project for store in stores for project in _found(store, arguments)), key=_last_use_first)
    if arguments.size or arguments.summary:
        from central_venv.cli.progress import measure

        measure([environment for project in projects for environment in project.environments])
    if arguments.json:
        print_projects(stores, projects)
    elif not projects:
        print(f"nothing to list in {', '.join(f'`{printable(store.path)}`' for store in stores)}", file=sys.stderr)
    elif on_terminal():
        from central_venv.cli import table

        table.print_summary(projects) if arguments.summary else table.print_table(projects, sizes=arguments.size)
    else:
        print_columns(_summary(projects) if arguments.summary else _rows(projects, sizes=arguments.size))
    return DONE


def print_projects(stores: Sequence[Store], projects: Iterable[FoundProject], **more: str | None) -> None:
    """Print projects as programs read them.

    Args:
        stores: those that were looked through.
        projects: what was found in them.
        more: what else is to be said.
    """
    print_document(
        {
            "schema": SCHEMA,
            "store": stores[0].path,
            "stores": [store.path for store in stores],
            **more,
            "projects": [project.as_json() for project in projects],
        }
    )


def _found(store: Store, arguments: Namespace) -> Iterator[FoundProject]:
    """The projects of a store that match the filters, each with those of its environments that do."""
    asked = (arguments.runner, arguments.unused_for, arguments.state if arguments.state in ENVIRONMENT_STATES else None)
    about_environments = asked != (None, None, None)
    is_meant = is_called(arguments.project) if arguments.project is not None else lambda _: True
    for project in find_projects(store, on_problem=complain):
        if not is_meant(project):
            continue
        if arguments.state in PROJECT_STATES and project.state != arguments.state:
            continue
        found = matching(project, state=arguments.state, runner=arguments.runner, unused_for=arguments.unused_for)
        if found or not (about_environments or project.environments):
            project.environments = found
            yield project


def _last_use_first(project: FoundProject) -> tuple[float, str]:
    return -project.last_used, project.home


def _summary(projects: Iterable[FoundProject]) -> Sequence[Sequence[str]]:
    from central_venv.store.disk_usage import total

    rows = [["PROJECT", "ENVIRONMENTS", "SIZE"]]
    for project in projects:
        usages = [environment.usage for environment in project.environments if environment.usage is not None]
        rows.append([project_cell(project), str(len(project.environments)), size(total(usages))])
    return rows


def _rows(projects: Iterable[FoundProject], *, sizes: bool) -> Sequence[Sequence[str]]:
    rows = [[heading for heading in _HEADINGS if sizes or heading not in {"SIZE", "SHARED"}]]
    for project in projects:
        cell = project_cell(project)
        for environment in project.environments:
            counted = size_cells(environment) if sizes else []
            rows.append([cell, *environment_row(environment), *counted, environment.state])
        if not project.environments:
            rows.append([cell, *[UNKNOWN] * (len(rows[0]) - 2), "empty"])
    return rows
