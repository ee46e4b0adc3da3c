"""``central-venv unlink``: the project without the links that lead to its environments."""

from __future__ import annotations

import sys

from central_venv.cli import DONE
from central_venv.cli.project import settings_here
from central_venv.cli.text import print_safely
from central_venv.machine.words import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

DESCRIPTION = (
    "Remove the `.venv` in the project that leads into the store, and links `.tox` and `.nox` that do. "
    "The environments stay."
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    from central_venv.cli.options import add_project

    add_project(parser)


def run(arguments: Namespace) -> int:
    """Remove them, also where central environments are turned off."""
    from central_venv.project_link import removing
    from central_venv.project_link.found import path_in
    from central_venv.store.home import Home
    from central_venv.store.store import open_store

    root, settings = settings_here(arguments.project)
    nothing = True
    for path in removing.remove(Home(open_store(settings, root), root)):
        print_safely(f"removed {printable(path)}")
        nothing = False
    if nothing:
        print(f"there is no {printable(path_in(root))}", file=sys.stderr)
    return DONE
