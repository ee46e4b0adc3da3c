"""Which project in the store the command line is asked about, be its directory there or not."""

from __future__ import annotations

import os

from central_venv.cli import complain
from central_venv.cli.project import settings_here
from central_venv.errors import ProjectNotFoundError
from central_venv.inventory.filters import is_called
from central_venv.inventory.found import SHARED, UNREACHABLE, UNRECORDED
from central_venv.inventory.search import find_project, find_projects
from central_venv.policy.project import true_path
from central_venv.policy.settings import load_settings
from central_venv.store.home import Home
from central_venv.store.store import open_store, open_stores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from collections.abc import Sequence

    from central_venv.inventory.found import FoundProject
    from central_venv.store.store import Store


#: The option that lets a command remove a project which may come back, or whose owner is unknown.
INCLUDE_STATE = "--include-state"
#: The states of such a project.
DOUBTFUL = (UNREACHABLE, UNRECORDED)


def add_project(parser: ArgumentParser) -> None:
    """``--project DIR``, of a project that need not be there any more."""
    parser.add_argument(
        "--project",
        metavar="DIR",
        help="project directory, former directory or home name (default: current project)",
    )


def add_include_state(parser: ArgumentParser) -> None:
    """``--include-state STATE``, of a project that a command leaves alone otherwise."""
    parser.add_argument(
        INCLUDE_STATE,
        metavar="STATE",
        choices=DOUBTFUL,
        help=f"include a project that is {UNREACHABLE} (may return) or {UNRECORDED} (owner unknown)",
    )


def stored_project(name: str | None) -> tuple[Store, FoundProject]:
    """The store, and the project in it that was named, or else the one that the current directory lies in.

    Args:
        name: what `add_project` takes; None if nothing was named.

    Raises:
        CentralVenvError: there is none, or its home is another project's.
    """
    stores = open_stores(load_settings(None), on_problem=complain)
    if name is None or (os.path.isdir(name) and not _is_in_one_of(stores, name)):
        root, settings = settings_here(name)
        home = Home(open_store(settings, root), root)
        home.check()
        project = find_project(home.path, on_problem=complain)
        project.root = root  # its home may not say so yet
        return home.store, project
    is_meant = is_called(name)
    for store in stores:
        for project in find_projects(store, on_problem=complain):
            if project.state != SHARED and is_meant(project):
                return store, project
    raise ProjectNotFoundError(
        f"the store `{stores[0].path}` knows no project `{name}`",
        hint="name its directory, the one that it had, or its home; `central-venv list` shows them",
    )


def _is_in_one_of(stores: Sequence[Store], name: str) -> bool:
    """Whether a directory can be a home, by where it lies."""
    parent = os.path.dirname(true_path(name))
    return any(parent == true_path(store.path) for store in stores)
