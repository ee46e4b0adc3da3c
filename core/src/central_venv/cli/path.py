"""``central-venv path``: where an environment is or would be. Touches nothing on disk."""

from __future__ import annotations

import os

from central_venv.cli import DONE, FAILED, write_answer
from central_venv.policy.layout import PROJECT_RUNNER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from typing import Protocol

    from central_venv.store.home import Home

    class PathArguments(Protocol):
        """What ``path`` is asked."""

        project: str | None
        runner: str | None
        env: str | None
        python: str | None
        home: bool
        exists: bool


DESCRIPTION = "Print where an environment of this project is or would be. Touches nothing on disk."

#: Each option with its default, for `parse_quickly`.
QUICK = {"project": None, "runner": None, "env": None, "python": None, "home": False, "exists": False}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    from central_venv.cli.options import add_project

    add_project(parser)
    parser.add_argument(
        "--runner",
        metavar="RUNNER",
        help="runner, such as `tox`; without --env, print the directory of its environments",
    )
    parser.add_argument("--env", metavar="NAME", help="environment name or directory, such as `py312`")
    parser.add_argument("--python", metavar="PYTHON", help="Python of the project environment, such as `3.12`")
    parser.add_argument("--home", action="store_true", help="print the home of the project")
    parser.add_argument("--exists", action="store_true", help="exit with status 1 if the path does not exist")


def conflict(arguments: PathArguments) -> str | None:
    """What is wrong with a combination of options, if anything."""
    named = arguments.runner is not None or arguments.env is not None
    if arguments.home and (named or arguments.python is not None):
        return "--home goes with none of --runner, --env and --python"
    if arguments.python is not None and named:
        return "--python names a project environment: it goes with neither --runner nor --env"
    return None


def run(arguments: PathArguments) -> int:
    """Print the path as it is, byte for byte; with ``--exists``, fail if there is nothing there."""
    path = _path(arguments)
    write_answer(os.fsencode(path + os.linesep))
    return DONE if not arguments.exists or os.path.exists(path) else FAILED


def _path(arguments: PathArguments) -> str:
    from central_venv.cli.project import home_here
    from central_venv.project_environment.choice import choose

    home, settings = home_here(arguments.project)
    if arguments.home:
        return home.path
    if arguments.runner not in {None, PROJECT_RUNNER}:
        runner = str(arguments.runner)
        return home.runner_directory(runner) if arguments.env is None else _called(home, runner, arguments.env)
    if arguments.runner is not None and arguments.env is None:
        return home.path
    return choose(home, settings, env=arguments.env, python=arguments.python).path


def _called(home: Home, runner: str, name: str) -> str:
    """Where the environment lies whose directory has that name, or that its runner calls so; or where it would lie."""
    from central_venv.errors import EnvironmentNameError

    try:
        path = home.environment_path(runner, name)
    except EnvironmentNameError:  # no directory can have that name, but runners call their environments anything
        if (found := _recorded_as(home, runner, name)) is None:
            raise
        return found
    return path if os.path.lexists(path) else _recorded_as(home, runner, name) or path


def _recorded_as(home: Home, runner: str, name: str) -> str | None:
    if not os.path.isdir(home.runner_directory(runner)):
        return None
    from central_venv.inventory.search import environment_called

    return environment_called(home.path, runner, name)
