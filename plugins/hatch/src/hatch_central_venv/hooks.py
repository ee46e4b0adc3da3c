"""The hooks that hatch calls: imported whenever a project names any plugin, so that they import nothing themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatchling.plugin import hookimpl

if TYPE_CHECKING:
    from hatch_central_venv._collector import CentralCollector
    from hatch_central_venv._environment import CentralEnvironment


@hookimpl
def hatch_register_environment() -> type[CentralEnvironment]:
    """The environment type `central`."""
    from hatch_central_venv._environment import CentralEnvironment

    return CentralEnvironment


@hookimpl
def hatch_register_environment_collector() -> type[CentralCollector]:
    """The environment collector `central`."""
    from hatch_central_venv._collector import CentralCollector

    return CentralCollector
