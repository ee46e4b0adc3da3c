"""Which of what is in a store is meant."""

from __future__ import annotations

import os

from central_venv.inventory.found import PROJECT_STATES, FoundEnvironment, FoundProject
from central_venv.machine import clock
from central_venv.policy.project import true_path

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence


def is_called(name: str) -> Callable[[FoundProject], bool]:
    """Tells of projects in the store whether one is what somebody calls it; its directory may be long gone.

    Args:
        name: a directory in any spelling, the project's former path, or the name or the path of its home.
    """
    if not name:  # a variable that is not set
        return lambda _: False
    path = true_path(name)
    home = os.path.basename(path)

    def tells(project: FoundProject) -> bool:
        if name in {project.root, os.path.basename(project.home)} or project.root == path:
            return True
        return os.path.basename(project.home) == home and true_path(project.home) == path

    return tells


def is_idle(environment: FoundEnvironment, age: int) -> bool:
    """Whether an environment was surely not used for so long; one whose last use is unknown is not idle.

    Args:
        environment: an environment in the store.
        age: in seconds.
    """
    return environment.last_used is not None and clock.seconds() - environment.last_used >= age


def matching(
    project: FoundProject,
    *,
    names: Sequence[str] = (),
    runner: str | None = None,
    state: str | None = None,
    unused_for: int | None = None,
) -> list[FoundEnvironment]:
    """The environments of a project for which all that is given holds.

    Args:
        project: a project in the store.
        names: what they are called: by the runner, by their directory, or a pattern such as ``py3*``.
        runner: whose they are.
        state: of the environment or of its project.
        unused_for: for how many seconds they have not been used.
    """
    if state in PROJECT_STATES and project.state != state:
        return []
    return [
        environment
        for environment in (_named(project, names) if names else project.environments)
        if (state is None or state in {project.state, environment.state})
        and (runner is None or runner == environment.runner)
        and (unused_for is None or is_idle(environment, unused_for))
    ]


def _named(project: FoundProject, names: Sequence[str]) -> list[FoundEnvironment]:
    called = {name for environment in project.environments for name in (environment.name, environment.directory)}
    patterns = [name for name in names if name not in called]
    return [environment for environment in project.environments if _is_named(environment, names, patterns)]


def _is_named(environment: FoundEnvironment, names: Iterable[str], patterns: Iterable[str]) -> bool:
    """Whether an environment has one of the names, or matches one that nothing is called."""
    from fnmatch import fnmatchcase

    called = (environment.name, environment.directory)
    return any(name in called for name in names) or any(
        fnmatchcase(name, pattern) for pattern in patterns for name in called
    )
