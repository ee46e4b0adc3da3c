"""The parser of the command line: which commands there are, and what each takes.

Each command is a module with `DESCRIPTION`, `add_arguments`, `run` and, if options can contradict each other,
`conflict`, which says how. Only the module that was asked for is loaded.
"""

from __future__ import annotations

import argparse
import os
from argparse import Namespace
from importlib import import_module

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Protocol

    class Command(Protocol):
        """What a command's module holds."""

        DESCRIPTION: str

        @staticmethod
        def add_arguments(parser: argparse.ArgumentParser) -> None:
            """Declare what the command takes."""

        @staticmethod
        def run(arguments: Namespace) -> int:
            """Do it; returns the exit status."""


#: Each command's name, its module and what it does, in the order in which a newcomer needs them.
COMMANDS = {
    "create": ("create", "create this project's environment, or one that several projects share"),
    "run": ("run", "run a command in this project's environment"),
    "uv": ("uv", "run uv on this project's environment"),
    "activate": ("activate", "activate the environment of this or of another project in the shell"),
    "link": ("link", "let `.venv` in the project lead to its environment, for editors"),
    "unlink": ("unlink", "remove that link"),
    "use": ("use", "let this project use an environment that several projects share"),
    "path": ("path", "where an environment is or would be"),
    "env": ("env", "what activates this project's environment, for shells, direnv and mise"),
    "info": ("info", "this project: its home and environments"),
    "list": ("listing", "every environment of every project"),
    "prune": ("prune", "remove what belongs to projects that are gone, and what has long been idle"),
    "remove": ("remove", "remove environments of this project"),
    "clean": ("clean", "remove all environments of this project, or of the whole store"),
    "adopt": ("adopt", "replace environments in the project's tree by central ones"),
    "move": ("move", "let a project, or a whole store, that was moved keep its environments"),
    "doctor": ("doctor", "what is wrong or could be better, each with its remedy"),
    "hook": ("hook", "a script that hooks central environments into a shell or direnv"),
    "config": ("config", "each setting and where it came from"),
}

#: What nobody types, and the overview does not show.
HIDDEN = {"complete": ("complete", "what can stand at the end of a command line")}


def parse(argv: Sequence[str]) -> Namespace:
    """Parse a command line; exits with status 2 and a usage message if it is wrong.

    Returns:
        The arguments, among them `run`, which does what was asked.
    """
    if not argv or argv[0] not in COMMANDS | HIDDEN:
        return _overview().parse_args(argv)
    command = _command(argv[0])
    parser = argparse.ArgumentParser(
        prog=f"central-venv {argv[0]}", description=command.DESCRIPTION, formatter_class=_Formatter
    )
    command.add_arguments(parser)
    arguments = parser.parse_args(argv[1:], Namespace(run=command.run))
    conflict = getattr(command, "conflict", None)
    if conflict is not None and (problem := conflict(arguments)):
        parser.error(problem)
    return arguments


def _command(name: str) -> Command:
    command: Command = import_module(f"central_venv.cli.{(COMMANDS | HIDDEN)[name][0]}")  # type: ignore[assignment]  # each is one
    return command


def _overview() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="central-venv",
        description="One central store for the virtual environments of all projects.",
        epilog="`central-venv COMMAND --help` tells more about a command.",
    )
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name, (_, summary) in COMMANDS.items():
        commands.add_parser(name, help=summary)
    return parser


class _Formatter(argparse.HelpFormatter):
    """As wide as the terminal; the one it is made from loads the compression modules to find that out."""

    def __init__(self, prog: str) -> None:
        try:
            columns = int(os.environ.get("COLUMNS", "0")) or os.get_terminal_size(1).columns
        except (ValueError, OSError):  # no number, no terminal
            columns = 80
        super().__init__(prog, width=columns - 2)


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: `importlib.metadata` is slow to load."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"central-venv {version('central-venv')}")
        parser.exit()
