"""What `prune`, `remove` or `clean` is about to do, before anybody agrees to it."""

from __future__ import annotations

import os

from central_venv.inventory.found import UNREACHABLE, UNRECORDED
from central_venv.removal.target import Target

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from central_venv.inventory.found import FoundEnvironment, FoundProject
    from central_venv.project_link.kernels import Kernel
    from central_venv.removal.target import Kept

#: Why a project in one of these states is left alone unless it is asked for by that state.
_DOUBTS = {
    UNREACHABLE: "its project cannot be seen now and may come back",
    UNRECORDED: "nobody can tell which project it is of",
}


class Plan:
    """What a command is about to do.

    Attributes:
        targets: what it removes.
        kept: what was asked for, too, and is not removed, with the reasons.
        homes: those whose leftovers are swept, too; absolute paths.
        kernels: those of Jupyter that name what is to be removed.
    """

    __slots__ = ("homes", "kept", "kernels", "targets")

    def __init__(self) -> None:
        self.targets: list[Target] = []
        self.kept: list[Kept] = []
        self.homes: list[str] = []
        self.kernels: list[Kernel] = []

    @property
    def environments(self) -> list[FoundEnvironment]:
        """Each environment that is to be removed."""
        return [environment for target in self.targets for environment in target.environments]

    def add(
        self,
        project: FoundProject,
        environments: Sequence[FoundEnvironment],
        *,
        whole: bool,
        state: str | None,
        option: str = "--state",
        forced: bool = False,
    ) -> None:
        """Plan to remove environments of a project, unless it is one that must be asked for by its state.

        Args:
            project: whose.
            environments: which.
            whole: whether the home goes, too.
            state: the state that was asked for.
            option: the option that asks for one.
            forced: whether a shared environment goes although projects use it.
        """
        doubtful = project.state == UNREACHABLE or (project.state == UNRECORDED and project.root is None)
        if doubtful and project.state != state:
            reason = f"{_DOUBTS[project.state]}: `{option} {project.state}` removes it"
            self.kept += [(project, environment, reason) for environment in environments]
            if not environments and os.path.lexists(project.home):
                self.kept.append((project, None, reason))
        elif os.path.lexists(project.home):
            self.targets.append(Target(project, environments, whole=whole, forced=forced))
