"""``central-venv use``: an environment that several projects share."""

from __future__ import annotations

import os

from central_venv.cli import DONE
from central_venv.cli.options import add_project
from central_venv.cli.project import home_here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

DESCRIPTION = "Let this project use an environment that several projects share, instead of one of its own."


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "name", metavar="@NAME", nargs="?", help="such as `@torch`, made by `central-venv create @torch`"
    )
    parser.add_argument("--none", action="store_true", help="use one of its own again")
    add_project(parser)


def conflict(arguments: Namespace) -> str | None:
    """What is missing or too much, if anything."""
    return None if (arguments.name is None) is arguments.none else "give either a name such as `@torch`, or --none"


def run(arguments: Namespace) -> int:
    """Note it, and let the project's link lead there."""
    from central_venv.cli.provision import keep_link, note_use
    from central_venv.cli.text import print_safely
    from central_venv.machine.words import printable
    from central_venv.project_environment.choice import choose

    home, settings = home_here(arguments.project)
    before = home.shared
    home.share(arguments.name)
    choice = choose(home, settings)
    if choice.exists and not choice.is_foreign:
        note_use(choice)
        keep_link(choice, settings)
    elif before is not None:
        _remove_link(home.root, os.path.join(home.store.path, before))
    print_safely(f"`{printable(home.root)}` uses `{printable(choice.path)}`")
    return DONE


def _remove_link(root: str, environment: str) -> None:
    """Whoever removes that environment some day does not know of this project any more."""
    from central_venv.cli.text import print_safely
    from central_venv.machine.words import printable
    from central_venv.project_link.removing import withdrawn

    with withdrawn(root, [environment]) as links:
        for link in links:
            print_safely(f"removed the link {printable(link)}")
