"""The collector that makes every environment of a project a central one."""

from __future__ import annotations

from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any

from central_venv import CentralVenvError, is_enabled
from hatch.env.collectors.plugin.interface import EnvironmentCollectorInterface

if TYPE_CHECKING:
    from collections.abc import Iterator

_STOCK, _CENTRAL = "virtual", "central"


class CentralCollector(EnvironmentCollectorInterface):
    """Gives stock environments the type `central`, hatch's internal ones included.

    hatch resolves templates, matrices and overrides between the two calls. The first one is what ``env show`` prints of
    matrices; the second one sees what was inherited.
    """

    PLUGIN_NAME = "central"

    def finalize_config(self, config: dict[str, dict[str, Any]]) -> None:
        """Change what is a stock environment by itself."""
        for environment in self._meant(config):
            environment["type"] = _CENTRAL

    def finalize_environments(self, config: dict[str, dict[str, Any]]) -> None:
        """Change what is one by inheritance, and give back what must not be central."""
        for environment in self._meant(config):
            environment["type"] = _CENTRAL
        for name, environment in config.items():
            if environment.get("type") == _CENTRAL and self._is_excluded(name):
                environment["type"] = _STOCK

    def _meant(self, config: dict[str, dict[str, Any]]) -> Iterator[dict[str, Any]]:
        try:
            if not is_enabled(self.root):
                return
        except CentralVenvError as error:
            raise SystemExit(str(error)) from error  # hatch shows a traceback of whatever else a collector raises
        for name, environment in config.items():
            if _is_stock(name, environment) and not environment.get("path") and not self._is_excluded(name):
                yield environment

    def _is_excluded(self, name: str) -> bool:
        """Whether the project excludes an environment, or the matrix that it was generated from."""
        patterns = self.config.get("exclude", [])
        if not isinstance(patterns, list) or not all(isinstance(pattern, str) for pattern in patterns):
            raise SystemExit("Field `tool.hatch.env.collectors.central.exclude` must be an array of strings")
        return any(fnmatchcase(name, each) for pattern in patterns for each in (pattern, f"{pattern}.*"))


def _is_stock(name: str, environment: dict[str, Any]) -> bool:
    """Whether an environment is of hatch's own type; without a word of its own, one that inherits nothing is."""
    if "type" in environment:
        return bool(environment["type"] == _STOCK)
    return bool(environment.get("detached")) or environment.get("template") == name
