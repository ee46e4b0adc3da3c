"""``central-venv info``: this project's home and environments."""

from __future__ import annotations

import os

from central_venv.cli import DONE, complain
from central_venv.cli.listing import print_projects
from central_venv.cli.options import add_json, add_project
from central_venv.cli.project import say_note, settings_here, store_origin
from central_venv.cli.rows import environment_row
from central_venv.cli.text import print_columns, print_safely
from central_venv.inventory.found import ACTIVE
from central_venv.inventory.search import find_project
from central_venv.machine.words import printable
from central_venv.project_environment.choice import UV_PROJECT_ENVIRONMENT, told_by_user
from central_venv.store.former_project import note_of_move
from central_venv.store.home import Home
from central_venv.store.store import open_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

DESCRIPTION = "Show what is known of this project."


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    add_project(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Show the project that the current directory lies in, or that was named."""
    root, settings = settings_here(arguments.project)
    store = open_store(settings, root)
    home = Home(store, root)
    home.check()
    project = find_project(home.path, on_problem=complain)
    project.root = root  # its home may not say so yet
    if not os.path.lexists(home.path):
        project.state = ACTIVE
    told = told_by_user(root, store.path, settings.store)
    if (moved := note_of_move(store, root)) is not None:
        say_note(moved)
    if arguments.json:
        print_projects([store], [project], environment=told)
        return DONE
    print_columns(
        [
            ["project", printable(root)],
            ["home", printable(home.path)],
            ["state", project.state],
            ["central", f"{'on' if settings.enabled else 'off'} ({printable(str(settings.origins['enabled']))})"],
            ["store", f"{printable(store.path)} ({printable(str(store_origin(settings, store)))})"],
            *([] if told is None else [["environment", f"{printable(told)} (environment: {UV_PROJECT_ENVIRONMENT})"]]),
            *([] if project.record is None or project.record.shared is None else [["uses", project.record.shared]]),
        ]
    )
    if project.environments:
        print_safely("environments")
        print_columns([[*environment_row(each), each.state] for each in project.environments], indent="  ")
    else:
        print_safely("environments: none yet")
    return DONE
