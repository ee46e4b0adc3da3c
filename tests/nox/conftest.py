"""Real nox: the oldest release that is supported, one in the middle and the newest, with the plugin installed."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.hosts import Host, make_host
from support.nox import ENABLED, SESSIONS, Nox
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

#: nox before 2026.2.9 does not understand uv 0.10 and later.
RELEASES = {
    "oldest": ("nox==2024.4.15", "uv<0.10"),
    "middle": ("nox==2025.11.12", "uv<0.10"),
    "newest": ("nox", "uv"),
}


#: What differs between releases differs between the oldest and the newest; the one in the middle runs the tests that
#: are marked for every release, and all only if asked to.
_BETWEEN = pytest.mark.exhaustive(reason="the oldest and the newest nox run each way that the plugin takes")
_PARAMETERS = ["oldest", pytest.param("middle", marks=_BETWEEN), "newest"]


@pytest.fixture(scope="session", params=_PARAMETERS)
def nox(request: pytest.FixtureRequest) -> Nox:
    """Each supported release in turn."""
    return _nox(request.param)


@pytest.fixture(scope="session")
def newest_nox() -> Nox:
    """The newest release, where one is enough."""
    return _nox("newest")


@pytest.fixture(scope="session")
def plain_nox() -> Host:
    """The newest release without the plugin."""
    return make_host("nox-plain", *RELEASES["newest"])


def _nox(release: str) -> Nox:
    host = make_host(f"nox-{release}", *RELEASES[release], plugins=("plugins/nox",))
    return Nox(release, host)


@pytest.fixture
def short_store() -> Iterator[Path]:
    """A store whose path is as short as that of a user: nox hashes names and complains where it is longer."""
    short = None if sys.platform == "win32" else "/tmp"
    with tempfile.TemporaryDirectory(dir=short, ignore_cleanup_errors=True) as directory:
        yield Path(directory).resolve() / "s"


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose noxfile enables central environments."""
    return write_tree(tmp_path / "project", {"noxfile.py": f"{ENABLED}{SESSIONS}"})


@pytest.fixture
def untouched(tmp_path: Path) -> Path:
    """A project whose noxfile does not know about central environments."""
    return write_tree(tmp_path / "untouched", {"noxfile.py": f"import nox\n{SESSIONS}"})
