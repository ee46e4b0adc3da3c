"""What hatch notes of the environments of a project, to know when their dependencies have to be synchronized."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypeGuard

from hatch.project.env import EnvironmentMetadata

if TYPE_CHECKING:
    from hatch.env.plugin.interface import EnvironmentInterface


class _Noted(Protocol):
    """What these notes ask of a central environment."""

    @property
    def noted(self) -> str:
        """The hash of the dependencies that were synchronized last; empty if unknown."""

    def settle(self, noted: str | None = None) -> None:
        """Note another hash, and let others have the environment."""


class CentralNotes(EnvironmentMetadata):
    """hatch's notes, but those of a central environment are in its record.

    hatch keeps them in its data directory, where they would outlive the environment, and say nothing of changes that
    somebody with another data directory made. Environments of other types keep theirs there.
    """

    def dependency_hash(self, environment: EnvironmentInterface) -> str:
        """The noted hash; empty if there is none."""
        if _is_central(environment):
            return environment.noted
        return str(super().dependency_hash(environment))

    def update_dependency_hash(self, environment: EnvironmentInterface, dependency_hash: str) -> None:
        """Note a hash: the last that hatch does before it uses an environment."""
        if _is_central(environment):
            environment.settle(dependency_hash)
        else:
            super().update_dependency_hash(environment, dependency_hash)

    def reset(self, environment: EnvironmentInterface) -> None:
        """Forget what was noted; a record forgets it when the environment is claimed."""
        if not _is_central(environment):
            super().reset(environment)


def _is_central(environment: EnvironmentInterface) -> TypeGuard[_Noted]:
    return getattr(environment, "is_central", False)
