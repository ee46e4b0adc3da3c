"""Real tox: the oldest release that is supported, one in the middle and the newest, with the plugin installed."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.hosts import Host, Result, make_host
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable

RELEASES = {"oldest": "tox==4.24.0", "middle": "tox==4.46.3", "newest": "tox"}

#: Two environments that need no package, no network and a second.
TWO_ENVIRONMENTS = """
[tox]
env_list = a, b
skipsdist = true
[testenv]
skip_install = true
commands = python -c "print('in {env_name}')"
"""

#: A package with a build backend that needs nothing else, and three environments.
PACKAGE = {
    "tox.ini": """
[tox]
env_list = a, b, c
[testenv]
set_env = PYTHONDONTWRITEBYTECODE = 1
commands = python -c "import demo; print(demo.__doc__)"
""",
    "pyproject.toml": """
[build-system]
requires = ["flit_core>=3.9"]
build-backend = "flit_core.buildapi"
[project]
name = "demo"
version = "1"
dynamic = ["description"]
""",
    "demo.py": '"""It works."""\n',
}


@dataclass(frozen=True)
class Tox:
    """A release of tox with the plugin."""

    release: str
    host: Host

    @property
    def version(self) -> tuple[int, ...]:
        """Such as (4, 24, 0)."""
        answer = self.host.run("python", "-c", "import tox; print(tox.__version__)", cwd=self.host.path)
        return tuple(map(int, answer.out.strip().split(".")[:3]))

    def run(self, *arguments: str | Path, cwd: Path, **variables: str) -> Result:
        """Run tox to its end."""
        return self.host.run("tox", *arguments, cwd=cwd, **variables)

    def start(self, *arguments: str | Path, cwd: Path, **variables: str) -> subprocess.Popen[str]:
        """Start tox."""
        return self.host.start("tox", *arguments, cwd=cwd, **variables)

    def listed(self, cwd: Path) -> list[dict[str, Any]]:
        """The projects that ``central-venv list --json`` shows."""
        answer = self.host.run("central-venv", "list", "--json", cwd=cwd)
        assert answer.status == 0, answer.text
        projects: list[dict[str, Any]] = json.loads(answer.out)["projects"]
        return projects

    def environments(self, cwd: Path) -> dict[str, str]:
        """The state of each environment that is listed, by its name."""
        return {each["name"]: each["state"] for project in self.listed(cwd) for each in project["environments"]}


@pytest.fixture(scope="session", params=RELEASES)
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
    return Tox(release, make_host(f"tox-{release}", RELEASES[release], plugins=("plugins/tox",)))


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

    def ask(project: Path) -> Path:
        answer = newest_tox.host.run("central-venv", "path", "--runner", "tox", "--project", project, cwd=project)
        assert answer.status == 0, answer.text
        return Path(answer.out.rstrip("\n"))

    return ask
