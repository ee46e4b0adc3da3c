"""``mise-central-venv``: put the plugin where mise looks for it, or print what does without it."""

from __future__ import annotations

import argparse
import json
import sys
from importlib.metadata import version
from typing import TYPE_CHECKING

from central_venv import report_errors

from mise_central_venv.plugin import State, install, plugin_directory, state, uninstall
from mise_central_venv.template import global_template, project_template

if TYPE_CHECKING:
    from collections.abc import Sequence

_DONE, _FAILED = 0, 1


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command.

    Args:
        argv: what follows the program's name; None for this process's own.

    Returns:
        The exit status: 0 done, 1 "no" or failed.
    """
    arguments = _parser().parse_args(argv)
    return report_errors(lambda: int(arguments.run(arguments)))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="mise-central-venv", description=__doc__.partition(": ")[2])
    parser.add_argument("--version", action="version", version=f"%(prog)s {version('mise-central-venv')}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    command = commands.add_parser("install", help="put the plugin where mise looks for it, or bring it up to date")
    command.set_defaults(run=_install)
    command = commands.add_parser("uninstall", help="take it away")
    command.set_defaults(run=_uninstall)
    command = commands.add_parser("status", help="whether it is there and up to date; status 1 if not")
    command.add_argument("--json", action="store_true", help="print JSON")
    command.set_defaults(run=_status)
    command = commands.add_parser("template", help="print lines for mise's configuration that need no plugin")
    command.add_argument("--global", dest="everywhere", action="store_true", help="for the user's own configuration")
    command.set_defaults(run=_template)
    return parser


def _install(_: argparse.Namespace) -> int:
    install()
    print(f"installed in `{plugin_directory()}`")
    print(
        "next: put `_.central-venv = {}` into the table `[env]` of a project's mise.toml, "
        "or `_.central-venv = { tools = true }` into that of your own configuration",
        file=sys.stderr,
    )
    return _DONE


def _uninstall(_: argparse.Namespace) -> int:
    gone = uninstall()
    print(f"removed `{plugin_directory()}`" if gone else "it is not installed")
    if gone:
        print(
            "next: take `_.central-venv` out of mise's configurations, or its commands will fail there",
            file=sys.stderr,
        )
    return _DONE


def _status(arguments: argparse.Namespace) -> int:
    found = state()
    if arguments.json:
        print(json.dumps({"schema": 1, "directory": str(plugin_directory()), "state": found.value}))
    else:
        print(f"{found.value}: `{plugin_directory()}`")
    return _DONE if found is State.CURRENT else _FAILED


def _template(arguments: argparse.Namespace) -> int:
    print(global_template() if arguments.everywhere else project_template(), end="")
    return _DONE


if __name__ == "__main__":
    sys.exit(main())
