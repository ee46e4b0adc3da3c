"""Real tox: the oldest release that is supported, one in the middle and the newest, with the plugin installed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.hosts import Host, make_host
from support.tox import PACKAGE, TWO_ENVIRONMENTS, Tox
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

RELEASES = {"oldest": "tox==4.24.0", "middle": "tox==4.46.3", "newest": "tox"}


#: What differs between releases differs between the oldest and the newest; the one in the middle runs the tests that
#: are marked for every release, and all only if asked to.
_BETWEEN = pytest.mark.exhaustive(reason="the oldest and the newest tox run each way that the plugin takes")
_PARAMETERS = ["oldest", pytest.param("middle", marks=_BETWEEN), "newest"]


@pytest.fixture(scope="session", params=_PARAMETERS)
def tox(request: pytest.FixtureRequest) -> Tox:
    """Each supported release in turn."""
    return _tox(request.param)


@pytest.fixture(scope="session")
def newest_tox() -> Tox:
    """The newest release, where one is enough."""
    return _tox("newest")


@pytest.fixture(scope="session")
def plain_tox() -> Host:
    """The newest release without the plugin."""
    return make_host("tox-plain", RELEASES["newest"])


def _tox(release: str) -> Tox:
    host = make_host(f"tox-{release}", RELEASES[release], plugins=("plugins/tox",))
    return Tox(release, host)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with two environments."""
    return write_tree(tmp_path / "project", {"tox.ini": TWO_ENVIRONMENTS})


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A project that is built and installed into its environments."""
    return write_tree(tmp_path / "package", PACKAGE)


@pytest.fixture
def work_dir(newest_tox: Tox) -> Callable[[Path], Path]:
    """Where tox's files of a project belong, as the command line says."""
    return newest_tox.directory
