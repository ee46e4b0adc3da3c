"""Real hatch: the oldest release that is supported and the newest, with the plugin installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.hatch import COLLECTOR, PYPROJECT, Hatch
from support.hosts import Host, make_host
from support.network import need_packages
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

#: hatch 1.16.0 does not know virtualenv's interface since 20.36.
RELEASES = {
    "oldest": ("hatch==1.16.0", "virtualenv<20.36", "uv"),
    "newest": ("hatch", "uv"),
}


@pytest.fixture(autouse=True)
def backends(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What builds the packages here, from the package index or from uv's cache."""
    need_packages(monkeypatch, "flit_core", "hatchling")


@pytest.fixture(scope="session", params=RELEASES)
def hatch(request: pytest.FixtureRequest) -> Hatch:
    """Each supported release in turn."""
    return _hatch(request.param)


@pytest.fixture(scope="session")
def newest_hatch() -> Hatch:
    """The newest release, where one is enough."""
    return _hatch("newest")


@pytest.fixture(scope="session")
def plain_hatch() -> Host:
    """The newest release without the plugin."""
    return make_host("hatch-plain", *RELEASES["newest"])


def _hatch(release: str) -> Hatch:
    return Hatch(release, make_host(f"hatch-{release}", *RELEASES[release], plugins=("plugins/hatch",)))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project that has all of its environments in the store."""
    return write_tree(tmp_path / "project", {"pyproject.toml": f"{PYPROJECT}{COLLECTOR}"})
