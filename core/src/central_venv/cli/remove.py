"""``central-venv remove``: some environments of a project."""

from __future__ import annotations

from central_venv.cli import removing
from central_venv.cli.options import add_runner
from central_venv.cli.plan import Plan
from central_venv.cli.stored import add_project, stored_project
from central_venv.errors import EnvironmentNameError
from central_venv.inventory import UNREACHABLE
from central_venv.selection import matching

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

DESCRIPTION = "Remove environments of this project, by name, by runner or by both."


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "names", metavar="NAME", nargs="*", help="what the runner calls it, its directory, or a pattern such as 'py3*'"
    )
    add_runner(parser)
    add_project(parser)
    parser.add_argument(
        "--state", choices=[UNREACHABLE], help="also if the project cannot be seen now and may come back"
    )
    removing.add_arguments(parser)


def conflict(arguments: Namespace) -> str | None:
    """What is missing, if anything."""
    if not arguments.names and arguments.runner is None:
        return "give names, --runner or both; `central-venv clean` removes all environments of a project"
    return None


def run(arguments: Namespace) -> int:
    """Remove what was named; nothing if a name means nothing."""
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
    plan.add(project, chosen, whole=False, state=arguments.state)
    return removing.carry_out(store, plan, arguments)
