"""Real mise: the oldest release that npm has of those that are supported, and the newest, with the plugin installed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from mise_central_venv.plugin import install, plugin_directory
from support.mise import ENABLED, NPM, PYPROJECT, Mise, command_line, install_mise, isolated, old_tree, pinned_mise

if TYPE_CHECKING:
    from pathlib import Path

RELEASES = {"oldest": "2026.5.18", "newest": pinned_mise()}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """The plugin calls a POSIX shell, and mise comes from npm."""
    reason = "the plugin is for POSIX shells" if sys.platform == "win32" else None if NPM else "there is no `npm`"
    for item in items:
        if reason is not None and "mise" in item.path.parent.name:
            item.add_marker(pytest.mark.skip(reason=reason))


@pytest.fixture(params=RELEASES)
def mise(request: pytest.FixtureRequest, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mise:
    """Each supported release in turn, with the plugin, and nothing else in its directories."""
    return _mise(request.param, home, tmp_path, monkeypatch)


@pytest.fixture
def newest_mise(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mise:
    """The newest release, where one is enough."""
    return _mise("newest", home, tmp_path, monkeypatch)


def _mise(release: str, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Mise:
    for name, value in isolated(home, tmp_path).items():
        monkeypatch.setenv(name, value)
    install()
    (tmp_path / "calls").mkdir()
    mise = Mise(install_mise(RELEASES[release]), tmp_path / "calls" / "log", plugin_directory())
    mise.answer_with(command_line())
    return mise


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose own configuration asks for its environment."""
    return old_tree(tmp_path / "project", {"pyproject.toml": PYPROJECT, "mise.toml": ENABLED})
