"""Real projects, as their authors released them, with each style of configuration."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest
from support.sdists import unpack_sdist
from support.trees import listing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.hosts import Host
    from support.tox import Tox


@dataclass(frozen=True)
class RealProject:
    """A project that keeps its tox configuration in its source distribution.

    Attributes:
        in_work_dir: the file that a run leaves in `{work_dir}`, if it does.
    """

    name: str
    version: str
    environment: str
    posargs: tuple[str, ...] = ()
    in_work_dir: str = ""


MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
COMPACT = MINOR.replace(".", "")
AS_ROOT = "not dumb_path_no"  # two of its tests take a permission away, which nobody can from root

PROJECTS = {
    # Files of coverage in `{work_dir}`, erased, written and combined there; a wheel built in `.pkg`.
    "tox.ini": RealProject("pytest-print", "1.1.0", MINOR, in_work_dir=f".coverage.{MINOR}"),
    "tox.toml": RealProject("toml-fmt-common", "1.0.1", MINOR, ("--", "tests", "-k", AS_ROOT)),
    "pyproject.toml": RealProject("wheel", "0.48.0", f"py{COMPACT}"),
    # An editable package, for which tox >= 4.64 would leave its `.venv` file.
    "editable package": RealProject("exceptiongroup", "1.3.1", MINOR),
}

#: What test runs, build backends and tools leave in a tree by themselves, with or without tox.
LITTER = re.compile(r"(^|/)(__pycache__|\.pytest_cache|\.hypothesis|\.ruff_cache|\.mypy_cache|[^/]*\.egg-info)(/|$)")


@pytest.fixture(params=PROJECTS)
def real_project(request: pytest.FixtureRequest) -> RealProject:
    """Each project in turn."""
    return PROJECTS[request.param]


@pytest.fixture
def tree(real_project: RealProject, tmp_path: Path) -> Path:
    """The project, unpacked."""
    return unpack_sdist(real_project.name, real_project.version, tmp_path / "unpacked")


def same_but_for_the_path(text: str, work_dir: Path, root: Path) -> list[str]:
    """What tox shows, with the central directory spelled as the one in the tree, and without what differs each time."""
    text = text.replace(str(work_dir), str(root / ".tox"))
    return re.sub(r"PYTHONHASHSEED=\d+", "PYTHONHASHSEED=", text).splitlines()


#: The plain tox provisions the latter two for itself, too, which takes half a minute.
LISTED = [
    *("tox.ini", "tox.toml"),
    *(
        pytest.param(name, marks=pytest.mark.exhaustive(reason="its run reads the same configuration"))
        for name in ("pyproject.toml", "editable package")
    ),
]


@pytest.mark.parametrize("real_project", LISTED, indirect=True)
def test_list_and_configuration_differ_from_plain_tox_by_nothing_but_the_path(
    newest_tox: Tox, plain_tox: Host, real_project: RealProject, tree: Path, work_dir: Callable[[Path], Path]
) -> None:
    for command in (["list"], ["config", "--core", "-e", real_project.environment]):
        ours = newest_tox.run(*command, cwd=tree)
        plain = plain_tox.run("tox", *command, cwd=tree)

        assert (ours.status, ours.err) == (plain.status, plain.err) == (0, "")
        plain_out = plain.out.replace(str(plain_tox.path), str(newest_tox.host.path))
        assert same_but_for_the_path(ours.out, work_dir(tree), tree) == same_but_for_the_path(
            plain_out, work_dir(tree), tree
        )


@pytest.mark.usefixtures("index")
def test_a_real_run_passes_and_leaves_nothing_of_tox_in_the_tree(
    newest_tox: Tox, real_project: RealProject, tree: Path, work_dir: Callable[[Path], Path]
) -> None:
    before = listing(tree)

    result = newest_tox.run("run", "-e", real_project.environment, *real_project.posargs, cwd=tree)

    assert result.status == 0, result.text
    assert {path for path in listing(tree) - before if not LITTER.search(path)} == set()
    (project,) = newest_tox.listed(tree)
    assert project["root"] == str(tree)
    python = ".".join(map(str, sys.version_info[:3]))
    found = {(each["runner"], each["name"], each["python"], each["state"]) for each in project["environments"]}
    assert ("tox", real_project.environment, python, "ready") in found
    assert {name for _, name, _, _ in found} <= {real_project.environment, ".pkg"}
    assert (work_dir(tree) / real_project.in_work_dir).exists()


#: The releases before the newest, which runs all projects.
OLD = ["oldest", pytest.param("middle", marks=pytest.mark.exhaustive(reason="the oldest runs it, too"))]


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("tox", OLD, indirect=True)
def test_a_real_run_passes_on_old_releases(tox: Tox, tmp_path: Path) -> None:
    project = PROJECTS["tox.ini"]
    tree = unpack_sdist(project.name, project.version, tmp_path / "unpacked")
    before = listing(tree)

    result = tox.run("run", "-e", project.environment, cwd=tree)

    assert result.status == 0, result.text
    assert {path for path in listing(tree) - before if not LITTER.search(path)} == set()
    assert tox.environments(tree) == {project.environment: "ready", ".pkg": "ready"}
