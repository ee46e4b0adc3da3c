"""A project, its home and an environment to start from, and the command line in this process."""

from __future__ import annotations

import io
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.cli import main
from support.commands import Said
from support.environments import write_environment
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.commands import Runner


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A directory whose path is its true path."""
    return type(tmp_path)(os.path.realpath(tmp_path))


@pytest.fixture
def births(base: Path) -> None:
    """Needs a file system that knows when a directory was made."""
    if sys.platform == "linux":
        asked = subprocess.run(["stat", "--format=%W", base], check=True, capture_output=True, text=True)
        if not asked.stdout.strip().isdigit() or int(asked.stdout) == 0:
            pytest.skip("nothing here tells when a directory was made")


@pytest.fixture
def project(base: Path) -> Path:
    """The root of a project without any setting."""
    return write_tree(base / "project", {"pyproject.toml": "[project]\nname = 'project'\nversion = '0'\n"})


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory is a project."""
    monkeypatch.chdir(project)
    return project


@pytest.fixture
def home_of(project: Path, store: Path) -> Home:
    """The home of the project; nothing is there yet."""
    return Home(Store(str(store)), str(project))


@pytest.fixture
def make_environment() -> Callable[[Path], Path]:
    """Makes what the store takes for a working environment of Python 3.12.1."""
    return write_environment


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Runs a command in this process, with an answer to its question."""

    def run(*arguments: str, answer: str = "") -> Said:
        capfd.readouterr()
        monkeypatch.setattr(sys, "stdin", io.StringIO(answer))
        try:
            status: object = main(arguments)
        except SystemExit as end:
            status = end.code
        return Said(status, *capfd.readouterr())

    return run
