"""A project and an environment in words, as every table shows them; nothing in them can forge a line or a colour."""

from __future__ import annotations

from central_venv.cli.text import UNKNOWN, ago, printable, size
from central_venv.inventory import ACTIVE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.inventory import FoundEnvironment, FoundProject


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
    where = printable(project.root or project.home)
    return where if project.state == ACTIVE else f"{where} ({project.state})"
