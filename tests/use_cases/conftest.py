"""What a user has at hand: the installed command line, uv and git; each program is a process of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.hosts import Host, Result
from support.trees import listing

if TYPE_CHECKING:
    from collections.abc import Callable

    Central = Callable[..., Result]

#: What belongs to a project.
SOURCES = {"pyproject.toml", "module.py", "uv.lock"}


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is downloaded but by the tests' own tools, and Python leaves nothing beside the modules it imports."""
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setenv("PYTHONDONTWRITEBYTECODE", "1")


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A directory whose path is its true path."""
    return type(tmp_path)(os.path.realpath(tmp_path))


@pytest.fixture
def programs() -> Host:
    """Where the installed programs are."""
    return Host(Path(sys.prefix))


@pytest.fixture
def central(programs: Host) -> Central:
    """Calls `central-venv`, which is to succeed unless another status is told."""

    def central(*arguments: str | Path, cwd: Path, status: int = 0, **variables: str) -> Result:
        said = programs.run("central-venv", *arguments, cwd=cwd, **variables)
        assert said.status == status, said.text
        return said

    return central


@pytest.fixture
def projects(central: Central) -> Callable[..., list[dict[str, Any]]]:
    """What ``central-venv list`` tells a program."""
    import json

    def projects(cwd: Path, **variables: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = json.loads(central("list", "--json", cwd=cwd, **variables).out)["projects"]
        return found

    return projects


@pytest.fixture
def assert_only_sources() -> Callable[[Path], None]:
    """Nothing lies in a project's tree but what belongs there."""

    def assert_only_sources(root: Path) -> None:
        assert listing(root) <= SOURCES

    return assert_only_sources
