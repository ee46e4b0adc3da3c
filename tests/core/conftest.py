"""A project, its home and an environment to start from, and the command line in this process."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import tempfile
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.cli import main
from central_venv.policy.project import LAST_RESORT_MARKER, MARKERS
from support.commands import Said
from support.environments import write_environment
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from support.commands import Runner


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A directory whose path is its true path."""
    return type(tmp_path)(os.path.realpath(tmp_path))


@pytest.fixture
def outside(base: Path) -> Iterator[Path]:
    """An empty directory that lies in no project, by its true path: the directories for tests may lie in one."""
    for parent in (str(base), tempfile.gettempdir(), "/var/tmp", "/dev/shm"):
        above = [os.path.realpath(parent), *map(str, type(base)(os.path.realpath(parent)).parents)]
        marked = (os.path.join(each, marker) for each in above for marker in (*MARKERS, LAST_RESORT_MARKER))
        if os.access(parent, os.W_OK) and not any(map(os.path.lexists, marked)):
            with tempfile.TemporaryDirectory(dir=above[0]) as directory:
                yield type(base)(directory)
            return
    pytest.skip("every temporary directory lies in a project here")


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
def data(home: Path) -> Path:
    """The user's own directory of Jupyter."""
    return home / ("Library/Jupyter" if sys.platform == "darwin" else ".local/share/jupyter")


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
