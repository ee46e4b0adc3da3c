"""Real projects, as their authors released them, with each style of configuration."""

from __future__ import annotations

import json
import os
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.hatch import COLLECTOR
from support.hosts import CONSTRAINTS
from support.sdists import unpack_sdist
from support.trees import listing

if TYPE_CHECKING:
    from support.hatch import Hatch
    from support.hosts import Host

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
#: What these projects' tests run with, as far as ours do, too: they need not pass with each new pytest.
PINNED = {"UV_CONSTRAINT": str(CONSTRAINTS), "PIP_CONSTRAINT": str(CONSTRAINTS)}


@dataclass(frozen=True)
class RealProject:
    """A project that keeps hatch's environments and its tests in its source distribution.

    Attributes:
        command: what runs a part of their tests that takes seconds and passes without Git.
        environments: the names of the environments that it has.
        config: where the environments are configured.
        leaves: what the project's own tools leave in the tree, whoever runs them.
    """

    name: str
    version: str
    command: tuple[str, ...]
    environments: frozenset[str]
    config: str = "pyproject.toml"
    leaves: frozenset[str] = field(default=frozenset({".pytest_cache", "__pycache__"}))

    def unpack(self, directory: Path) -> Path:
        """Unpack it; returns its root."""
        return unpack_sdist(self.name, self.version, directory)

    def enable(self, tree: Path) -> None:
        """Do to its configuration what a user would do."""
        path = tree / self.config
        table = COLLECTOR if self.config == "pyproject.toml" else COLLECTOR.replace("[tool.hatch.", "[")
        path.write_text(path.read_text(encoding="utf-8") + table, encoding="utf-8")


#: A hatch.toml, a matrix of Pythons, a detached environment; virtualenv and pip.
MATRIX = RealProject(
    "hatch-vcs",
    "0.5.0",
    ("run", f"+py={MINOR}", "all:test", "tests/test_build_config.py"),
    frozenset({f"all.py{MINOR}"}),
    config="hatch.toml",
)
#: A pyproject.toml, an environment for each of several extras, variables.
EXTRAS = RealProject(
    "hatch-jupyter-builder",
    "0.10.0",
    ("run", "test:test", "tests/test_is_stale.py"),
    frozenset({"test"}),
)
#: An environment of hatch's own with the project's dependencies, and uv; a version that only the build backend knows.
INTERNAL = RealProject(
    "hatch-docstring-description",
    "1.1.1",
    ("test", "tests/test_basic.py"),
    frozenset({f"hatch-test.py{MINOR}"}),
)
PROJECTS = {project.name: project for project in (MATRIX, EXTRAS, INTERNAL)}


@pytest.fixture(params=PROJECTS)
def real_project(request: pytest.FixtureRequest) -> RealProject:
    """Each project in turn."""
    return PROJECTS[request.param]


@pytest.fixture(autouse=True)
def running_python_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """For an environment that names the running version, and never download one."""
    base = Path(sys.base_prefix, "" if sys.platform == "win32" else "bin")
    monkeypatch.setenv("PATH", os.pathsep.join([os.environ["PATH"], str(base)]))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")


def newcomers(tree: Path, before: set[str]) -> set[str]:
    """The names of what is new in the tree, but not of what is in there."""
    new = listing(tree) - before
    return {os.path.basename(path) for path in new if os.path.dirname(path) not in new}


def environments_below(directory: Path) -> set[Path]:
    """Every virtual environment below a directory."""
    return {path.parent for path in directory.rglob("pyvenv.cfg")}


def states(hatch: Hatch, tree: Path) -> dict[str, str]:
    """The state of each environment of the project, which is the only one, with the Python that runs this."""
    (listed,) = hatch.listed(tree)
    assert listed["root"] == str(tree)
    assert {each["runner"] for each in listed["environments"]} == {"hatch"}
    assert {each["python"] for each in listed["environments"]} == {".".join(map(str, sys.version_info[:3]))}
    return {each["name"]: each["state"] for each in listed["environments"]}


def shown(host: Host, tree: Path) -> dict[str, dict[str, Any]]:
    """The environments as hatch shows them to programs."""
    answer = host.run("hatch", "env", "show", "--json", cwd=tree)
    assert (answer.status, answer.err) == (0, ""), answer.text
    environments: dict[str, dict[str, Any]] = json.loads(answer.out)
    return environments


def test_environments_differ_from_plain_hatch_s_by_nothing_but_the_type(
    newest_hatch: Hatch, plain_hatch: Host, real_project: RealProject, tmp_path: Path
) -> None:
    tree = real_project.unpack(tmp_path / "unpacked")

    plain = shown(plain_hatch, tree)
    real_project.enable(tree)
    ours = shown(newest_hatch.host, tree)

    assert set(plain) >= {"default", "hatch-build", *real_project.environments}
    assert ours == {name: {**config, "type": "central"} for name, config in plain.items()}


def test_showing_the_environments_writes_nothing(
    newest_hatch: Hatch, real_project: RealProject, tmp_path: Path, store: Path
) -> None:
    tree = real_project.unpack(tmp_path / "unpacked")
    real_project.enable(tree)
    before = listing(tree)

    shown(newest_hatch.host, tree)

    assert not store.exists()
    assert listing(tree) == before


#: The one with extras installs all of Jupyter.
RUN = [
    MATRIX.name,
    pytest.param(EXTRAS.name, marks=pytest.mark.exhaustive(reason="extras are but other dependencies")),
    INTERNAL.name,
]


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("real_project", RUN, indirect=True)
def test_real_tests_pass_and_leave_nothing_of_hatch_in_the_tree(
    newest_hatch: Hatch, real_project: RealProject, tmp_path: Path, home: Path, store: Path
) -> None:
    tree = real_project.unpack(tmp_path / "unpacked")
    real_project.enable(tree)
    before = listing(tree)

    result = newest_hatch.run(*real_project.command, cwd=tree, **PINNED)

    assert result.status == 0, result.text
    assert newcomers(tree, before) == real_project.leaves
    assert states(newest_hatch, tree) == dict.fromkeys(real_project.environments, "ready")
    assert environments_below(home) == environments_below(store)  # none among hatch's own data


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("hatch", ["oldest"], indirect=True)  # the newest has run all projects
def test_real_tests_pass_on_old_releases(hatch: Hatch, tmp_path: Path, home: Path, store: Path) -> None:
    tree = INTERNAL.unpack(tmp_path / "unpacked")
    INTERNAL.enable(tree)
    before = listing(tree)

    result = hatch.run(*INTERNAL.command, cwd=tree, **PINNED)

    assert result.status == 0, result.text
    assert newcomers(tree, before) == INTERNAL.leaves
    assert states(hatch, tree) == dict.fromkeys(INTERNAL.environments, "ready")
    assert environments_below(home) == environments_below(store)
