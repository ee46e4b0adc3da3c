"""Removal beside running toxes: no environment that runs disappears, and what is free goes."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from support.hosts import finish
from support.packages import build_files
from support.pipes import Rendezvous
from support.trees import contents, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.tox import Tox

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="named pipes")

#: Environment `a` says that it runs and then waits for a word; `b` only runs. Both install the package.
PROJECT = {
    "tox.ini": f"""
[tox]
env_list = a, b
[testenv]
package = wheel
pass_env = STARTED, GO_ON
commands = python -c "import demo"
[testenv:a]
commands =
    python -c "{Rendezvous.COMMAND}"
    python -c "import demo"
""",
    **build_files("demo", "1"),
    "demo.py": "",
}


@pytest.fixture
def built(tox: Tox, tmp_path: Path) -> Path:
    """A project whose environments are there."""
    project = write_tree(tmp_path / "projects" / "project", PROJECT)
    result = tox.run("run", "-e", "a,b", cwd=project, STARTED=os.devnull, GO_ON=os.devnull)
    assert result.status == 0, result.text
    return project


def central_venv(tox: Tox, cwd: Path, *arguments: str) -> tuple[int, dict[str, str | None]]:
    """The status of a removal, and each environment that it speaks of with the reason why it was kept."""
    result = tox.host.run("central-venv", *arguments, "--yes", "--json", cwd=cwd)
    report = json.loads(result.out)
    return result.status, {each["name"]: each.get("reason") for each in report["removed"] + report["kept"]}


@pytest.mark.every_release
def test_what_runs_stays_and_the_rest_goes(
    tox: Tox, built: Path, tmp_path: Path, work_dir: Callable[[Path], Path]
) -> None:
    rendezvous = Rendezvous(tmp_path)
    running = tox.start("run", "-e", "a", cwd=built, **rendezvous.variables)
    rendezvous.wait()
    before = contents(work_dir(built) / "a")

    status, said = central_venv(tox, built, "clean")

    after = contents(work_dir(built) / "a")
    with rendezvous.go_on():
        result = finish(running)
    assert result.status == 0, result.text
    assert status == 1
    assert said.keys() == {"a", "b", ".pkg"}
    assert said["b"] is None
    assert str(said["a"]).startswith(f"in use by `tox run -e a` (process {running.pid} on")
    assert str(said[".pkg"]).startswith("in use by ")
    assert after == before


def test_a_prune_beside_a_run_of_a_project_that_goes_away_takes_nothing(
    tox: Tox, built: Path, tmp_path: Path, work_dir: Callable[[Path], Path]
) -> None:
    rendezvous = Rendezvous(tmp_path)
    running = tox.start("run", "-e", "a", cwd=built, **rendezvous.variables)
    rendezvous.wait()
    environment = work_dir(built) / "a"
    built.rename(tmp_path / "projects" / "renamed")

    status, said = central_venv(tox, tmp_path, "prune")

    there = environment.is_dir()
    (tmp_path / "projects" / "renamed").rename(built)
    with rendezvous.go_on():
        result = finish(running)
    assert result.status == 0, result.text
    assert (status, there) == (1, True)
    assert str(said["a"]).startswith("in use by ")


def test_what_was_removed_is_made_again_by_the_next_run(
    tox: Tox, built: Path, work_dir: Callable[[Path], Path]
) -> None:
    status, said = central_venv(tox, built, "clean")
    gone = not work_dir(built).parent.exists()

    result = tox.run("run", "-e", "b", cwd=built)

    assert (status, set(said), gone) == (0, {"a", "b", ".pkg"}, True)
    assert result.status == 0, result.text
    assert tox.environments(built) == {".pkg": "ready", "b": "ready"}


def test_a_home_goes_with_the_last_environment_though_tox_left_more(tox: Tox, built: Path, store: Path) -> None:
    tox.run("run", "-e", "py27", "--skip-pkg-install", cwd=built)

    status, _ = central_venv(tox, built, "remove", "--runner", "tox")

    assert status == 0
    assert list(store.glob("project-*")) == []


def test_a_home_goes_in_which_tox_only_listed_environments(newest_tox: Tox, tmp_path: Path, store: Path) -> None:
    project = write_tree(tmp_path / "projects" / "project", PROJECT)
    newest_tox.run("list", cwd=project)
    assert len(list(store.glob("project-*"))) == 1

    status, _ = central_venv(newest_tox, project, "clean")

    assert status == 0
    assert list(store.glob("project-*")) == []


def test_runs_and_removals_that_come_together_all_end_well(tox: Tox, built: Path, tmp_path: Path) -> None:
    runs = [tox.start("run", "-e", "b", cwd=built) for _ in range(2)]
    removals = [
        tox.host.start("central-venv", command, "--yes", *arguments, cwd=built)
        for command, *arguments in (["prune", "--unused-for", "90d"], ["prune"], ["remove", "a"])
    ]

    results = [finish(process) for process in [*runs, *removals]]

    assert [result.status for result in results[:4]] == [0] * 4, "\n".join(result.text for result in results)
    assert tox.environments(built)["b"] == "ready"
