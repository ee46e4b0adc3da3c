"""Real uv: the oldest release that is supported and the newest, called through the command line."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from support.hosts import SCRIPTS, UV, make_host
from support.pythons import MINOR, find_pythons, other_python
from support.trees import write_tree
from support.uv import Uv, configure_uv, pyproject

RELEASES = {"oldest": "uv==0.9.30", "newest": None}


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A directory whose path is its true path."""
    return type(tmp_path)(os.path.realpath(tmp_path))


@pytest.fixture(params=RELEASES)
def uv(request: pytest.FixtureRequest, home: Path, base: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> Uv:
    """Each supported release in turn, which finds packages and Pythons of this machine only."""
    return _uv(request.param, home, base, store, monkeypatch)


@pytest.fixture
def newest_uv(home: Path, base: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> Uv:
    """The newest release, where one is enough."""
    return _uv("newest", home, base, store, monkeypatch)


def _uv(release: str, home: Path, base: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> Uv:
    requirement = RELEASES[release]
    program = UV if requirement is None else Path(make_host(f"uv-{release}", requirement).program("uv"))
    configure_uv(home, base / "wheels")
    pythons = [path.parent for path in find_pythons().values()]
    first = [Path(sys.base_prefix, SCRIPTS), *pythons]
    monkeypatch.setenv("PATH", os.pathsep.join([str(program.parent), *map(str, first), os.environ["PATH"]]))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    return Uv(release, program, Path(os.path.realpath(store)))


@pytest.fixture
def project(base: Path) -> Path:
    """The root of a project that needs nothing."""
    return write_tree(base / "project", {"pyproject.toml": pyproject()})


@pytest.fixture
def two_pythons() -> tuple[str, str]:
    """The minor versions of two Pythons that uv finds."""
    return MINOR, other_python()
