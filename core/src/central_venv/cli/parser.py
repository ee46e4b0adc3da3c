"""The parser of the command line: what each command takes, and its help."""

from __future__ import annotations

import argparse

from central_venv.cli import config, info, listing, path
from central_venv.inventory import ENVIRONMENT_STATES, PROJECT_STATES

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence


def parse(argv: Sequence[str]) -> argparse.Namespace:
    """Parse a command line; exits with status 2 and a usage message if it is wrong."""
    parser = argparse.ArgumentParser(
        prog="central-venv",
        description="One central store for the virtual environments of all projects.",
        epilog="`central-venv COMMAND --help` tells more about a command.",
    )
    parser.add_argument("--version", action=_Version)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    _add_path(commands)
    _add_info(commands)
    _add_list(commands)
    _add_config(commands)
    arguments = parser.parse_args(argv)
    if hasattr(arguments, "exists") and (problem := path.conflict(arguments)):
        commands.choices["path"].error(problem)
    return arguments


class _Version(argparse.Action):
    """Looks the version up only when it is asked for: `importlib.metadata` is slow to load."""

    def __init__(self, option_strings: Sequence[str], dest: str) -> None:
        super().__init__(option_strings, dest, nargs=0, help="show the version and exit")

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        from importlib.metadata import version

        print(f"central-venv {version('central-venv')}")
        parser.exit()


_Commands = argparse._SubParsersAction  # noqa: SLF001  # argparse has no public name for it


def _add_path(commands: _Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "path",
        help="where an environment is or would be",
        description="Print where an environment of this project is or would be. Touches nothing on disk.",
    )
    _add_project(parser)
    parser.add_argument("--runner", metavar="R", help="the runner, such as `tox`; alone: the directory of all of its")
    parser.add_argument("--env", metavar="E", help="the environment's directory, such as `py312`")
    parser.add_argument("--python", metavar="X", help="the project environment for this Python, such as `3.12`")
    parser.add_argument("--home", action="store_true", help="the project's home itself")
    parser.add_argument("--exists", action="store_true", help="exit with status 1 if there is nothing there")
    parser.set_defaults(run=path.run)


def _add_info(commands: _Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "info", help="this project: its home and environments", description="Show what is known of this project."
    )
    _add_project(parser)
    _add_json(parser)
    parser.set_defaults(run=info.run)


def _add_list(commands: _Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "list", help="every environment of every project", description="List every environment in the store."
    )
    _add_json(parser)
    parser.add_argument("--size", action="store_true", help="count the disk that each takes")
    parser.add_argument(
        "--state",
        metavar="S",
        choices=PROJECT_STATES + ENVIRONMENT_STATES,
        help=f"only projects ({', '.join(PROJECT_STATES)}) or environments ({', '.join(ENVIRONMENT_STATES)}) "
        "in this state",
    )
    parser.add_argument("--runner", metavar="R", help="only environments of this runner")
    parser.set_defaults(run=listing.run)


def _add_config(commands: _Commands[argparse.ArgumentParser]) -> None:
    parser = commands.add_parser(
        "config",
        help="each setting and where it came from",
        description="Show the settings in force, and where each came from.",
    )
    _add_project(parser)
    _add_json(parser)
    parser.set_defaults(run=config.run)


def _add_project(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--project", metavar="DIR", help="the project's directory, instead of the current one's")


def _add_json(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--json", action="store_true", help="print JSON")
