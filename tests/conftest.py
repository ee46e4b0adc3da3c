"""Isolation: no test sees or touches the real home directory, configuration, store or host settings."""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from support.hosts import SCRIPTS, end_all
from support.mounts import MountRefusedError, Mounts
from support.network import CACHE, CACHES, need_index

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator

if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    # A job that a shell starts in the background ignores Ctrl-C, and so would every host that a test interrupts.
    signal.signal(signal.SIGINT, signal.default_int_handler)

settings.register_profile("central-venv", deadline=None, max_examples=200)
settings.load_profile("central-venv")

#: Variables of ours, of the hosts and of the directories they use: none of them reaches a test from outside.
FOREIGN = (
    "CI",
    "CENTRAL_VENV",
    "HATCH",
    "MISE",
    "NOX",
    "TOX",
    "_TOX",
    "XDG_",
    "UV_PROJECT",
    "UV_PYTHON",
    "VIRTUAL_ENV",
    "PYTHONDONTWRITEBYTECODE",
    "COVERAGE_FILE",
)


def pytest_addoption(parser: pytest.Parser) -> None:
    """What the test command's own option asks for."""
    parser.addoption("--exhaustive", action="store_true", help="also run what only repeats other tests")


def pytest_configure(config: pytest.Config) -> None:
    """Declare the marker."""
    config.addinivalue_line("markers", "exhaustive(reason): repeats others, for the reason that it may be left out")
    config.addinivalue_line("markers", "every_release: runs on each release of a host all the same")


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what only repeats other tests, unless it is asked for."""
    if config.getoption("exhaustive"):
        return
    left_out = {item for item in items if repeats_others(item)}
    if left_out:
        config.hook.pytest_deselected(items=list(left_out))
        items[:] = [item for item in items if item not in left_out]


def repeats_others(item: pytest.Item) -> bool:
    """Whether the other tests see the same."""
    return item.get_closest_marker("exhaustive") is not None and item.get_closest_marker("every_release") is None


@pytest.fixture(scope="session")
def running_python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A directory with the Python that runs the tests, outside of its environment and by the name of its version."""
    python = Path(os.path.realpath(sys.executable))
    if sys.platform == "win32":
        return Path(sys.base_prefix)
    directory = tmp_path_factory.mktemp("running-python")
    (directory / f"python{sys.version_info.major}.{sys.version_info.minor}").symlink_to(python)
    return directory


@pytest.fixture(autouse=True)
def home(tmp_path: Path, running_python: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An empty home directory for each test; downloads are kept for all of them. No host outlives its test.

    The running Python is found on `PATH` behind all others: it may have been started by its path alone.
    """
    for name in os.environ:
        if name.startswith(FOREIGN):
            monkeypatch.delenv(name)
    directory = tmp_path / "home"
    directory.mkdir()
    for name in ("HOME", "USERPROFILE"):
        monkeypatch.setenv(name, str(directory))
    for name in ("APPDATA", "LOCALAPPDATA", "PROGRAMDATA"):
        monkeypatch.setenv(name, str(directory / name))
    monkeypatch.setenv("XDG_CONFIG_DIRS", str(tmp_path / "site"))
    for name, place in CACHES.items():
        monkeypatch.setenv(name, place)
    monkeypatch.setenv("VIRTUALENV_OVERRIDE_APP_DATA", str(CACHE / "virtualenv"))
    monkeypatch.setenv("VIRTUALENV_SYMLINK_APP_DATA", "1")
    path = [str(Path(sys.prefix, SCRIPTS)), os.environ["PATH"], str(running_python)]
    monkeypatch.setenv("PATH", os.pathsep.join(path))
    yield directory
    end_all()


@pytest.fixture
def index(home: Path) -> None:
    """Needs the package index, for a program that itself downloads."""
    need_index()


@pytest.fixture
def store(home: Path) -> Path:
    """Where the default store is; nothing is there yet."""
    return home / ("LOCALAPPDATA/central-venv" if sys.platform == "win32" else ".local/share/central-venv")


@pytest.fixture
def mounts() -> Iterator[Mounts]:
    """Real file systems; what cannot be mounted here skips the test that asks for it, with the reason."""
    mounted = Mounts()
    try:
        yield mounted
    finally:
        mounted.unmount_all()


@pytest.fixture
def small_disk(tmp_path: Path, mounts: Mounts) -> Path:
    """A disk of 64 KiB."""
    return mounts.memory(tmp_path / "small", "size=64k")


@pytest.fixture
def read_only_disk(tmp_path: Path, mounts: Mounts) -> Path:
    """A disk that nobody can write."""
    return mounts.memory(tmp_path / "read-only", "ro")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup() -> Generator[None]:
    """Skip a test whose fixtures could not be mounted."""
    yield from _skipping_unmountable()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call() -> Generator[None]:
    """Skip a test that needs a file system which cannot be mounted."""
    yield from _skipping_unmountable()


def _skipping_unmountable() -> Generator[None]:
    try:
        yield
    except MountRefusedError as error:
        pytest.skip(f"cannot mount a file system: {error}")
