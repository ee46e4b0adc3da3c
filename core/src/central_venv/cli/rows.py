"""A project and an environment in words, as every table shows them; nothing in them can forge a line or a colour."""

from __future__ import annotations

import os

from central_venv.inventory.found import ACTIVE, SHARED
from central_venv.machine.words import UNKNOWN, ago, printable, size

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.inventory.found import FoundEnvironment, FoundProject


def environment_row(environment: FoundEnvironment) -> list[str]:
    """An environment's runner, name, Python and last use, for people."""
    return [
        printable(environment.runner),
        printable(environment.name),
        printable(environment.python or UNKNOWN),
        ago(environment.last_used),
    ]


def size_cells(environment: FoundEnvironment) -> list[str]:
    """What an environment takes on disk and what of it is shared, if that was counted, for people."""
    usage = environment.usage
    return [UNKNOWN, UNKNOWN] if usage is None else [size(usage.size), size(usage.shared) if usage.shared else UNKNOWN]


def project_cell(project: FoundProject) -> str:
    """Which project it is, and its state if that is not the usual one, for people."""
    where = project_name(project)
    return where if project.state == ACTIVE else f"{where} ({state_words(project)})"


def project_name(project: FoundProject) -> str:
    """Where a project is or, of what several share, its name, for people."""
    shared = os.path.basename(project.home) if project.state == SHARED else None
    return printable(project.root or shared or project.home)


def state_words(project: FoundProject) -> str:
    """A project's state, and of what several projects share, who they are, for people."""
    if project.state != SHARED:
        return project.state
    return f"{SHARED} by {', '.join(printable(str(user.root)) for user in project.users) or 'nobody yet'}"
