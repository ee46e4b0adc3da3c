"""What people call a project in the store: by its directory's name or a part of its path."""

from __future__ import annotations

import os

from central_venv.inventory.filters import is_called
from central_venv.inventory.found import ORPHAN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from central_venv.inventory.found import FoundProject


def called(name: str, projects: Iterable[FoundProject]) -> list[str]:
    """The roots of the projects that a name can mean; more than one if nobody can tell which.

    First what is exactly called that: by its home or its directory. Then the name of the directory, also in another
    case; then the end of its path, and then any part of that. Projects that are gone are not meant.

    Args:
        name: what somebody calls it.
        projects: those in the store.
    """
    known = list(_known(projects))
    for means in _ways(name):
        if meant := [root for root, project in known if means(root, project)]:
            return sorted(meant)
    return []


def names(projects: Iterable[FoundProject]) -> dict[str, str]:
    """The shortest end of each project's path that is no other's, and its root.

    Args:
        projects: those in the store; those that are gone have no name.
    """
    ends = {root: list(_ends(root)) for root, _ in _known(projects)}
    count: dict[str, int] = {}
    for end in (end for of_project in ends.values() for end in of_project):
        count[end] = count.get(end, 0) + 1
    return {next(end for end in of_project if count[end] == 1): root for root, of_project in ends.items()}


def _known(projects: Iterable[FoundProject]) -> Iterator[tuple[str, FoundProject]]:
    for project in projects:
        if project.root is not None and project.state != ORPHAN:
            yield project.root, project


def _ways(name: str) -> Iterator[Callable[[str, FoundProject], bool]]:
    part = os.path.normcase(name).strip(os.sep)
    if not part:
        return
    is_exactly = is_called(name)
    folded = part.casefold()
    yield lambda _, project: is_exactly(project)
    yield lambda root, _: os.path.basename(root) == part
    yield lambda root, _: os.path.basename(root).casefold() == folded
    yield lambda root, _: root.casefold().endswith(os.sep + folded)
    yield lambda root, _: folded in root.casefold()


def _ends(path: str) -> Iterator[str]:
    """The last component, the last two, and so on; at last the path."""
    position = len(path)
    while (position := path.rfind(os.sep, 0, position)) >= 0 and position + 1 < len(path):
        yield path[position + 1 :]
    yield path
