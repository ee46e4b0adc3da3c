"""``central-venv prune``: what belongs to projects that are gone, and what has long been idle."""

from __future__ import annotations

from central_venv.cli import complain, removal_flow
from central_venv.cli.options import add_unused_for
from central_venv.cli.plan import Plan
from central_venv.inventory.filters import matching
from central_venv.inventory.found import ACTIVE, ORPHAN, PROJECT_STATES, SHARED, UNREACHABLE, UNRECORDED
from central_venv.inventory.search import find_projects
from central_venv.policy.settings import load_settings
from central_venv.store.environment_record import BROKEN
from central_venv.store.store import open_stores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from central_venv.inventory.found import FoundProject

DESCRIPTION = (
    "Remove the environments of deleted projects. With --unused-for, also remove idle ones. Remove a shared "
    "environment with its last project. Finish interrupted removals and delete stale files."
)

_STATES = (ORPHAN, UNREACHABLE, UNRECORDED, ACTIVE, BROKEN)


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    add_unused_for(parser, "also remove environments of existing projects unused for AGE")
    parser.add_argument(
        "--state",
        metavar="STATE",
        choices=_STATES,
        help=f"remove only projects in this state ({', '.join(_STATES[:-1])}), or only broken environments; with "
        "--unused-for, only the idle ones of these",
    )
    removal_flow.add_arguments(parser)


def conflict(arguments: Namespace) -> str | None:
    """What is wrong with a combination of options, if anything."""
    if arguments.state == ACTIVE and arguments.unused_for is None:
        return "--state active needs --unused-for: `central-venv clean` removes what is in use every day"
    return None


def run(arguments: Namespace) -> int:
    """Remove what nobody needs any more."""
    stores = open_stores(load_settings(None), on_problem=complain)
    plan = Plan()
    for store in stores:
        plan.homes.append(store.path)
        for project in find_projects(store, on_problem=complain):
            if project.record is not None and project.state != UNREACHABLE:
                plan.homes.append(project.home)
            _consider(project, arguments, plan)
    return removal_flow.carry_out(stores, plan, arguments)


def _consider(project: FoundProject, arguments: Namespace, plan: Plan) -> None:
    state, age = arguments.state, arguments.unused_for
    if project.state == SHARED:
        _consider_shared(project, arguments, plan)
        return
    if state is None and project.state == ORPHAN:
        plan.add(project, project.environments, whole=True, state=ORPHAN)
        return
    if state is None and (project.state != ACTIVE or age is None):
        return
    if state == BROKEN and project.state not in {ACTIVE, ORPHAN}:
        return
    chosen = matching(project, state=state, unused_for=age)
    whole = age is None and state in PROJECT_STATES and project.state == state
    if chosen or whole:
        plan.add(project, chosen, whole=whole, state=state)


def _consider_shared(project: FoundProject, arguments: Namespace, plan: Plan) -> None:
    """What several projects share goes with the last of them, or once it is idle; nothing while one of them lives."""
    if project.living_users or arguments.state is not None:
        return
    age = arguments.unused_for
    chosen = project.environments if project.users or age is None else matching(project, unused_for=age)
    if chosen and (project.users or age is not None):
        plan.add(project, chosen, whole=False, state=None)
