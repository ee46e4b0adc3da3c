"""``central-venv remove``: some environments of a project, or what several projects share."""

from __future__ import annotations

import os

from central_venv.cli import complain, removal_flow
from central_venv.cli.options import add_runner
from central_venv.cli.plan import Plan
from central_venv.cli.stored import INCLUDE_STATE, add_include_state, add_project, stored_project
from central_venv.errors import EnvironmentNameError
from central_venv.inventory.filters import matching
from central_venv.inventory.search import find_projects
from central_venv.policy.layout import SHARED_PREFIX
from central_venv.policy.settings import load_settings
from central_venv.store.store import open_stores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from central_venv.inventory.found import FoundProject

DESCRIPTION = """Remove environments of this project, by name, by runner or by both; or, by a name such as `@torch`,
what several projects share, unless one of them still uses it."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help="what the runner calls it, its directory, or a pattern such as 'py3*'"
    )
    add_runner(parser)
    add_project(parser)
    add_include_state(parser)
    parser.add_argument("--force", action="store_true", help="remove a shared environment although projects use it")
    removal_flow.add_arguments(parser)


def conflict(arguments: Namespace) -> str | None:
    """What is missing, if anything."""
    if not arguments.names and arguments.runner is None:
        return "give names, --runner or both; `central-venv clean` removes all environments of a project"
    shared = [name.startswith(SHARED_PREFIX) for name in arguments.names]
    if any(shared) and not (all(shared) and {arguments.runner, arguments.project, arguments.include_state} == {None}):
        return "what several projects share is of no runner, project or state: name it alone"
    return "--force is for what several projects share" if arguments.force and not any(shared) else None


def run(arguments: Namespace) -> int:
    """Remove what was named; nothing if a name means nothing."""
    if any(name.startswith(SHARED_PREFIX) for name in arguments.names):
        return _remove_shared(arguments)
    store, project = stored_project(arguments.project)
    chosen = matching(project, names=arguments.names, runner=arguments.runner)
    for name in arguments.names or [None]:
        if not matching(project, names=[] if name is None else [name], runner=arguments.runner):
            kind = "environment" if arguments.runner is None else f"`{arguments.runner}` environment"
            named = "" if name is None else f" `{name}`"
            raise EnvironmentNameError(
                f"`{project.root or project.home}` has no {kind}{named}, so nothing was removed",
                hint="`central-venv list` shows those that there are",
            )
    plan = Plan()
    plan.add(project, chosen, whole=False, state=arguments.include_state, option=INCLUDE_STATE)
    return removal_flow.carry_out([store], plan, arguments)


def _remove_shared(arguments: Namespace) -> int:
    stores = open_stores(load_settings(None), on_problem=complain)
    plan = Plan()
    projects: dict[str, FoundProject] = {}
    for project in (project for store in stores for project in find_projects(store, on_problem=complain)):
        projects.setdefault(os.path.basename(project.home), project)
    for name in dict.fromkeys(arguments.names):
        found = projects.get(name)
        if found is None:
            raise EnvironmentNameError(
                f"there is no shared environment `{name}`, so nothing was removed",
                hint="`central-venv list --state shared` shows those that there are",
            )
        if found.living_users and not arguments.force:
            users = ", ".join(str(user.root) for user in found.living_users)
            reason = f"it is used by {users}: `--force` removes it all the same"
            plan.kept += [(found, environment, reason) for environment in found.environments]
        else:
            plan.add(found, found.environments, whole=False, state=None, forced=arguments.force)
    return removal_flow.carry_out(stores, plan, arguments)
