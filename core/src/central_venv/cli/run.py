"""``central-venv run``: a command in the environment of this project."""

from __future__ import annotations

from central_venv.cli.project import home_here

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from typing import Protocol

    class RunArguments(Protocol):
        """What ``run`` is asked."""

        project: str | None
        env: str | None
        python: str | None
        command: list[str]


DESCRIPTION = """Run a command in the environment of this project, which is created if there is none. The command takes
the place of this program: its exit status and the signals that it gets are its own."""

#: Each option with its default, for `parse_quickly`; what follows them is the command.
QUICK = {"project": None, "env": None, "python": None}
REST = "command"


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    from argparse import REMAINDER

    from central_venv.cli.options import add_environment, add_project

    parser.usage = "central-venv run [-h] [--project DIR] [--env NAME] [-p PYTHON] [--] COMMAND [ARGUMENT ...]"
    add_project(parser)
    add_environment(parser)
    parser.add_argument(REST, metavar="COMMAND", nargs=REMAINDER, help="the command, with all that it takes")


def conflict(arguments: RunArguments) -> str | None:
    """What is wrong with a combination of options, if anything."""
    if arguments.command[:1] == ["--"]:
        del arguments.command[0]
    if arguments.env is not None and arguments.python is not None:
        return "--env and --python both name the environment"
    return None if arguments.command and arguments.command[0] else "give a command to run, such as `python`"


def run(arguments: RunArguments) -> int:
    """Become the command; on Windows, run it and return its exit status."""
    from central_venv.cli.provision import enter
    from central_venv.machine.replacement import exec_or_run
    from central_venv.project_environment.choice import choose, python_variables
    from central_venv.store.venv import programs_directory

    home, settings = home_here(arguments.project)
    choice = choose(home, settings, env=arguments.env, python=arguments.python)
    variables = enter(choice, settings)
    if (python := choice.python_for_uv) is not None:  # what the command runs in turn means the same
        variables |= python_variables(home.path, python)
    return exec_or_run(arguments.command, variables, programs_directory(choice.path))
