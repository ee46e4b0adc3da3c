"""``central-venv unlink``: the project without the `.venv` that leads to its environment."""

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
    """Remove the `.venv` in the project that leads into the store, and nothing else: the environment stays."""
)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    from central_venv.cli.options import add_project

    add_project(parser)


def run(arguments: Namespace) -> int:
    """Remove it, also where central environments are turned off."""
    from central_venv.project_link import removing
    from central_venv.project_link.found import path_in
    from central_venv.store.home import Home
    from central_venv.store.store import open_store

    root, settings = settings_here(arguments.project)
    path = path_in(root)
    if removing.remove(Home(open_store(settings, root), root)):
        print_safely(f"removed {printable(path)}")
    else:
        print(f"there is no {printable(path)}", file=sys.stderr)
    return DONE
