"""Removal beside running noxes: no environment that runs disappears, and what is free goes."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from support.git import make_repository, needs_git, shown
from support.hosts import finish
from support.nox import ENABLED
from support.pipes import Rendezvous
from support.trees import contents, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.hosts import Host
    from support.nox import Nox

posix = pytest.mark.skipif(sys.platform == "win32", reason="named pipes")

#: Session `a` says that it runs and then waits for a word; `b(x=1)` only runs.
B = """
@nox.session(venv_backend="uv")
@nox.parametrize("x", [1])
def b(session, x):
    session.run("python", "-c", "print('in b')")
"""
SESSIONS = f"""{ENABLED}
@nox.session(venv_backend="uv")
def a(session):
    session.run("python", "-c", {Rendezvous.COMMAND!r})
{B}"""
UNBOUND = {"STARTED": os.devnull, "GO_ON": os.devnull}

#: A session without an environment that uses the directories that nox has for it.
UNTIDY = """
@nox.session(python=False)
def untidy(session):
    session.create_tmp()
    (session.cache_dir / "left").touch()
"""


@pytest.fixture
def built(nox: Nox, tmp_path: Path) -> Path:
    """A project whose environments are there."""
    project = write_tree(tmp_path / "projects" / "project", {"noxfile.py": SESSIONS})
    result = nox.run(cwd=project, **UNBOUND)
    assert result.status == 0, result.text
    return project


def central_venv(nox: Nox, cwd: Path, *arguments: str) -> tuple[int, dict[str | None, str | None]]:
    """The status of a removal, and each environment that it speaks of with the reason why it was kept."""
    result = nox.host.run("central-venv", *arguments, "--yes", "--json", cwd=cwd)
    report = json.loads(result.out)
    return result.status, {each["name"]: each.get("reason") for each in report["removed"] + report["kept"]}


@pytest.mark.every_release
@posix
def test_what_runs_stays_and_the_rest_goes(nox: Nox, built: Path, tmp_path: Path) -> None:
    rendezvous = Rendezvous(tmp_path)
    running = nox.start("-s", "a", cwd=built, **rendezvous.variables)
    rendezvous.wait()
    before = contents(nox.directory(built) / "a")

    status, said = central_venv(nox, built, "clean")

    after = contents(nox.directory(built) / "a")
    with rendezvous.go_on():
        result = finish(running)
    assert result.status == 0, result.text
    assert status == 1
    assert said.keys() == {"a", "b(x=1)"}
    assert said["b(x=1)"] is None
    assert str(said["a"]).startswith(f"in use by `nox -s a` (process {running.pid} on")
    assert after == before


@posix
def test_an_environment_in_use_is_not_removed_by_its_name(nox: Nox, built: Path, tmp_path: Path) -> None:
    rendezvous = Rendezvous(tmp_path)
    running = nox.start("-r", "-s", "a", cwd=built, **rendezvous.variables)
    rendezvous.wait()

    status, said = central_venv(nox, built, "remove", "--runner", "nox", "a")

    there = (nox.directory(built) / "a" / "pyvenv.cfg").is_file()
    with rendezvous.go_on():
        result = finish(running)
    assert result.status == 0, result.text
    assert (status, there) == (1, True)
    assert str(said["a"]).startswith(f"in use by `nox -s a` (process {running.pid} on")


@posix
def test_a_prune_beside_a_run_of_a_project_that_goes_away_spares_what_runs(
    nox: Nox, built: Path, tmp_path: Path
) -> None:
    rendezvous = Rendezvous(tmp_path)
    running = nox.start("-s", "a", cwd=built, **rendezvous.variables)
    rendezvous.wait()
    directory = nox.directory(built)
    built.rename(tmp_path / "projects" / "renamed")

    status, said = central_venv(nox, tmp_path, "prune")

    left = {path.parent.name for path in directory.glob("*/pyvenv.cfg")}
    (tmp_path / "projects" / "renamed").rename(built)
    with rendezvous.go_on():
        result = finish(running)
    assert result.status == 0, result.text
    assert (status, left) == (1, {"a"})
    assert str(said["a"]).startswith("in use by ")


def test_an_environment_is_removed_by_the_name_of_its_session(nox: Nox, built: Path) -> None:
    status, said = central_venv(nox, built, "remove", "b(x=1)")

    assert (status, said) == (0, {"b(x=1)": None})
    assert nox.environments(built) == {"a": "ready"}


def test_what_was_removed_is_made_again_by_the_next_run(nox: Nox, built: Path) -> None:
    status, said = central_venv(nox, built, "clean")
    gone = not nox.directory(built).parent.exists()

    result = nox.run("-r", "-s", "b(x=1)", cwd=built)

    assert (status, set(said), gone) == (0, {"a", "b(x=1)"}, True)
    assert result.status == 0, result.text
    assert nox.environments(built) == {"b(x=1)": "ready"}


def test_what_nox_left_beside_environments_goes_with_them(nox: Nox, tmp_path: Path) -> None:
    session = '\n@nox.session(venv_backend="uv")\ndef a(session):\n    pass\n'
    project = write_tree(tmp_path / "project", {"noxfile.py": f"{ENABLED}{UNTIDY}{session}"})
    result = nox.run(cwd=project)
    directory = nox.directory(project)
    there = (directory / ".cache" / "left").exists(), (directory / "untidy" / "tmp").is_dir()

    status, said = central_venv(nox, project, "clean")

    assert result.status == 0, result.text
    assert there == (True, True)
    assert (status, said) == (0, {"a": None})
    assert not directory.parent.exists()


def test_a_home_goes_with_the_last_environment_though_nox_left_more(nox: Nox, built: Path, store: Path) -> None:
    result = nox.host.run("central-venv", "remove", "--runner", "nox", "--yes", cwd=built)

    assert result.status == 0, result.text
    assert list(store.glob("*-*")) == []


def test_what_nox_left_without_any_environment_goes_too(nox: Nox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": f"{ENABLED}{UNTIDY}"})
    result = nox.run(cwd=project)
    directory = nox.directory(project)
    there = (directory / ".cache" / "left").exists(), (directory / "untidy" / "tmp").is_dir()

    status, said = central_venv(nox, project, "clean")

    assert result.status == 0, result.text
    assert there == (True, True)
    assert (status, said) == (0, {})
    assert not directory.parent.exists()


def test_runs_and_removals_that_come_together_all_end_well(nox: Nox, built: Path) -> None:
    runs = [nox.start("-s", "b(x=1)", cwd=built) for _ in range(2)]
    removals = [
        nox.host.start("central-venv", command, "--yes", *arguments, cwd=built)
        for command, *arguments in (["prune", "--unused-for", "90d"], ["prune"], ["remove", "a"])
    ]

    results = [finish(process) for process in [*runs, *removals]]

    assert [result.status for result in results[:4]] == [0] * 4, "\n".join(result.text for result in results)
    assert nox.environments(built)["b(x=1)"] == "ready"


@needs_git
def test_a_removal_takes_the_link_along_so_nox_without_the_plugin_runs(
    newest_nox: Nox, plain_nox: Host, tmp_path: Path
) -> None:
    linked = f"{ENABLED.replace('enable()', 'enable(link=True)')}{B}"
    project = make_repository(write_tree(tmp_path / "project", {"noxfile.py": linked, ".gitignore": "__pycache__\n"}))
    made = newest_nox.run(cwd=project)
    seen = shown(project)

    removed = newest_nox.host.run("central-venv", "remove", "--runner", "nox", "--yes", cwd=project)
    write_tree(project, {"noxfile.py": f"import nox\n{B}"})
    plain = plain_nox.run("nox", cwd=project)

    assert made.status == 0, made.text
    assert seen == []
    assert removed.status == 0, removed.text
    assert f"removed the link {project / '.nox'}\n" in removed.out
    assert plain.status == 0, plain.text
    assert (project / ".nox").is_dir()
