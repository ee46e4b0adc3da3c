"""What a store holds, drawn for a person at a terminal."""

from __future__ import annotations

import sys

from rich.cells import cell_len
from rich.console import Console
from rich.text import Text

from central_venv.cli.rows import environment_row, project_name, size_cells, state_words
from central_venv.machine.words import counted, size
from central_venv.store.disk_usage import total

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from central_venv.inventory.found import FoundEnvironment, FoundProject

_HEADINGS = ("runner", "name", "python", "last used", "state")
_SIZE_HEADINGS = ("size", "shared")
_STYLES = {
    "ready": "green",
    "creating": "yellow",
    "broken": "red",
    "moved": "red",
    "active": "green",
    "orphan": "red",
    "unreachable": "yellow",
    "unrecorded": "yellow",
    "shared": "cyan",
}
_BAR = 30  # cells
_PARTS = " ▏▎▍▌▋▊▉█"


def print_table(projects: Sequence[FoundProject], *, sizes: bool) -> None:
    """Print each project with its environments below it.

    Args:
        projects: what to show, in this order.
        sizes: whether their sizes were counted and are shown.
    """
    console = _console()
    groups = [[_cells(environment, sizes=sizes) for environment in project.environments] for project in projects]
    headings = [*_HEADINGS, *(_SIZE_HEADINGS if sizes else ())]
    rows = [headings, *(row for group in groups for row in group)]
    widths = [max(map(cell_len, column)) for column in zip(*rows, strict=True)]
    console.print(_line(headings, widths, ["dim"] * len(headings)), soft_wrap=True)
    for project, group in zip(projects, groups, strict=True):
        console.print(_heading(project), soft_wrap=True)
        for environment, row in zip(project.environments, group, strict=True):
            styles = ["", "bold", "", "dim", _STYLES[environment.state], "", "dim"]
            console.print(_line(row, widths, styles), soft_wrap=True)
    if sizes:
        console.print(_total(projects), soft_wrap=True)


def print_summary(projects: Sequence[FoundProject]) -> None:
    """Print a bar for each project: how much of the disk its environments take.

    Args:
        projects: what to show; their sizes were counted.
    """
    console = _console()
    sums = {project.home: _size(project.environments) for project in projects}
    most = max(sums.values(), default=0)
    width = max((len(size(number)) for number in sums.values()), default=0)
    for project in sorted(projects, key=lambda project: (-sums[project.home], project.home)):
        number = sums[project.home]
        line = Text(f"{size(number):>{width}} ")
        line.append(_bar(number, most, ascii_only=not console.encoding.startswith("utf")), style="cyan")
        line.append(" ").append_text(_heading(project))
        console.print(line, soft_wrap=True)
    console.print(_total(projects), soft_wrap=True)


def _console() -> Console:
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")  # as `print_safely` does
    return Console(highlight=False)


def _cells(environment: FoundEnvironment, *, sizes: bool) -> list[str]:
    return [*environment_row(environment), environment.state, *(size_cells(environment) if sizes else ())]


def _line(cells: Sequence[str], widths: Sequence[int], styles: Sequence[str]) -> Text:
    line = Text()
    for cell, width, style in zip(cells, widths, styles, strict=False):
        line.append("  ").append(cell, style=style).append(" " * (width - cell_len(cell)))
    line.rstrip()
    return line


def _heading(project: FoundProject) -> Text:
    line = Text(project_name(project), style="bold")
    line.append("  ").append(state_words(project), style=f"not bold {_STYLES[project.state]}")
    return line.append(f"  {counted(len(project.environments), 'environment')}", style="not bold dim")


def _total(projects: Sequence[FoundProject]) -> Text:
    environments = [environment for project in projects for environment in project.environments]
    return Text(
        f"{size(_size(environments))} in {counted(len(environments), 'environment')} of "
        f"{counted(len(projects), 'project')}",
        style="bold",
    )


def _size(environments: Iterable[FoundEnvironment]) -> int:
    return total(environment.usage for environment in environments if environment.usage is not None)


def _bar(number: int, most: int, *, ascii_only: bool) -> str:
    """A bar of `_BAR` cells, filled to an eighth of a cell by the share of a number in the largest one."""
    if ascii_only:
        return ("#" * round(_BAR * number / max(most, 1))).ljust(_BAR)
    eighths = round(_BAR * 8 * number / max(most, 1))
    full, part = divmod(eighths, 8)
    return (_PARTS[8] * full + (_PARTS[part] if part else "")).ljust(_BAR)
