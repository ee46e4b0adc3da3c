"""``central-venv config``: each setting and where it came from."""

from __future__ import annotations

import json
import os

from central_venv.cli import DONE
from central_venv.cli.options import add_json, add_project
from central_venv.cli.project import settings_here, store_origin
from central_venv.cli.text import print_columns, print_document, print_safely
from central_venv.errors import ProjectNotFoundError
from central_venv.machine.words import printable
from central_venv.policy.settings import config_files, load_settings
from central_venv.store.store import open_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

SCHEMA = 1

DESCRIPTION = "Show the settings in force, and where each came from."


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    add_project(parser)
    add_json(parser)


def run(arguments: Namespace) -> int:
    """Show the settings in force for this project; outside of any, those for none."""
    try:
        root, settings = settings_here(arguments.project)
    except ProjectNotFoundError:
        if arguments.project is not None:
            raise
        root, settings = None, load_settings(None)
    store = open_store(settings, root)
    in_force = [
        (key, store.path, store_origin(settings, store)) if key == "store" else (key, value, origin)
        for key, value, origin in settings.items()
    ]
    files = {
        "project": None if root is None else os.path.join(root, "pyproject.toml"),
        **{kind: config_files().get(kind) for kind in ("user", "site")},
    }
    if arguments.json:
        listed = [
            {"key": key, "value": value, "origin": {"kind": origin.kind, "name": origin.name}}
            for key, value, origin in in_force
        ]
        print_document({"schema": SCHEMA, "settings": listed, "files": files})
        return DONE
    print_columns([[key, printable(_shown(value)), f"({printable(str(origin))})"] for key, value, origin in in_force])
    print_safely("files, the first one wins")
    print_columns([[kind, printable(path)] for kind, path in files.items() if path is not None], indent="  ")
    return DONE


def _shown(value: bool | str | list[str]) -> str:  # noqa: FBT001
    return value if isinstance(value, str) else json.dumps(value)
