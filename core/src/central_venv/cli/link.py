"""``central-venv link``: a `.venv` in the project that leads to its environment."""

from __future__ import annotations

import sys

from central_venv.cli import DONE
from central_venv.cli.project import home_here
from central_venv.cli.text import print_safely
from central_venv.machine.words import printable

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from central_venv.project_environment.choice import Choice

DESCRIPTION = """Let `.venv` in the project lead to its environment, for editors and type checkers that look for it
there: a symbolic link, on Windows a junction. What is there already and is not ours stays."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    from central_venv.cli.options import add_environment, add_project

    add_project(parser)
    add_environment(parser)
    parser.add_argument(
        "--redirect", action="store_true", help="make a file with the environment's path (PEP 832) instead of a link"
    )


def conflict(arguments: Namespace) -> str | None:
    """What is wrong with a combination of options, if anything."""
    both = arguments.env is not None and arguments.python is not None
    return "--env and --python both name the environment" if both else None


def run(arguments: Namespace) -> int:
    """Make it, unless it is there, and say where it leads."""
    from central_venv.cli.provision import renew
    from central_venv.errors import LinkError
    from central_venv.project_environment.choice import choose
    from central_venv.project_link import making, redirect
    from central_venv.project_link.found import path_in

    home, settings = home_here(arguments.project)
    choice = choose(home, settings, env=arguments.env, python=arguments.python)
    environment = choice.path
    if environment == path_in(home.root):
        raise LinkError(
            f"`{environment}` is to be the environment itself: `UV_PROJECT_ENVIRONMENT` says so",
            hint="unset that variable for a central one",
        )
    if not choice.exists:
        raise LinkError(
            f"there is no environment at `{environment}`, so nothing can lead there",
            hint=f"make it with `central-venv create{_options(choice, arguments)}`",
        )
    if not choice.is_foreign:
        choice.environment.refuse_moved()
        renew(home)
    making.make(home, environment, redirect=arguments.redirect)
    if arguments.redirect:
        for what in redirect.tools_at_odds(home.root):
            print(f"warning: {what}", file=sys.stderr)
    print_safely(f"{printable(path_in(home.root))} -> {printable(environment)}")
    return DONE


def _options(choice: Choice, arguments: Namespace) -> str:
    """What makes the environment that is meant, behind the command."""
    if choice.is_shared:
        return f" {choice.directory}"
    if arguments.env is not None:
        return f" --env {arguments.env}"
    return "" if arguments.python is None else f" --python {arguments.python}"
