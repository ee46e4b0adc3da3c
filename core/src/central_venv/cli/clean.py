"""``central-venv clean``: all environments of a project, or of the store."""

from __future__ import annotations

from central_venv.cli import complain, removal_flow
from central_venv.cli.plan import Plan
from central_venv.cli.stored import DOUBTFUL, INCLUDE_STATE, add_include_state, add_project, stored_project
from central_venv.inventory.found import SHARED
from central_venv.inventory.search import find_projects
from central_venv.policy.settings import load_settings
from central_venv.store.store import open_stores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

DESCRIPTION = "Remove all environments of this project, or with --all those of every project."


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    add_project(parser)
    parser.add_argument(
        "--all", action="store_true", help="remove the environments of every project, except shared ones"
    )
    add_include_state(parser)
    parser.add_argument(
        "--state",
        metavar="STATE",
        choices=DOUBTFUL,
        help=f"with --all, remove only projects in this state: {' or '.join(DOUBTFUL)}",
    )
    removal_flow.add_arguments(parser)


def conflict(arguments: Namespace) -> str | None:
    """What is wrong with a combination of options, if anything."""
    if arguments.all and arguments.project is not None:
        return "--all goes without --project"
    if arguments.all and arguments.include_state is not None:
        return "--all takes --state, which removes only projects in that state"
    if arguments.state is not None and not arguments.all:
        return "--state goes with --all; --include-state removes a project that is in that state"
    return None


def run(arguments: Namespace) -> int:
    """Remove everything of one project, or of all of them."""
    plan = Plan()
    if not arguments.all:
        store, project = stored_project(arguments.project)
        plan.add(project, project.environments, whole=True, state=arguments.include_state, option=INCLUDE_STATE)
        return removal_flow.carry_out([store], plan, arguments)
    stores = open_stores(load_settings(None), on_problem=complain)
    for project in (project for store in stores for project in find_projects(store, on_problem=complain)):
        if project.state != SHARED and arguments.state in {None, project.state}:
            plan.add(project, project.environments, whole=True, state=arguments.state)
    return removal_flow.carry_out(stores, plan, arguments, agreement=str(len(plan.environments)))
