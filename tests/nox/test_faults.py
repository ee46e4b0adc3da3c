"""What can go wrong with a store: one clear message with its remedy, before any session, and nothing lost."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.faults import FAULTS, Fault
from support.messages import assert_one_clear_message
from support.nox import ENABLED, tree
from support.trees import contents, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.mounts import Mounts
    from support.nox import Nox

#: Two sessions, whose functions say that they were called.
SESSIONS = """
@nox.session(venv_backend="uv")
def a(session):
    print("in a")
    session.run("python", "-c", "pass")

@nox.session(venv_backend="uv")
def b(session):
    print("in b")

@nox.session(python=False)
def bare(session):
    print("in bare")
"""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project whose sessions say that they were called."""
    return write_tree(tmp_path / "project", {"noxfile.py": f"{ENABLED}{SESSIONS}"})


@pytest.fixture
def home_of_project(newest_nox: Nox, project: Path) -> Path:
    """The project's home, which nothing has made yet."""
    return newest_nox.directory(project).parent


@pytest.fixture(params=FAULTS)
def fault(request: pytest.FixtureRequest, tmp_path: Path) -> Fault:
    """What is wrong with the store, each in turn."""
    return FAULTS[request.param](request, tmp_path)


def test_nothing_runs_before_one_clear_message(nox: Nox, project: Path, fault: Fault) -> None:
    before = tree(project)

    result = nox.run(cwd=project, **fault.variables)

    assert result.status == 1
    assert_one_clear_message(result, fault.message, fault.hint)
    assert result.err.count("error: ") == 1, result.err
    assert result.out == ""
    assert tree(project) == before


def test_a_session_that_reuses_its_environment_runs_on_a_read_only_store(
    nox: Nox, project: Path, store: Path, mounts: Mounts
) -> None:
    assert nox.run("-s", "a", cwd=project).status == 0
    mounts.read_only(store)

    reused = nox.run("-R", "-s", "a", "bare", cwd=project)
    anew = nox.run("-s", "a", cwd=project)

    assert reused.status == 0, reused.text
    assert reused.out.splitlines() == ["in a", "in bare"]
    assert anew.status == 1
    assert_one_clear_message(anew, "read-only file system", "`CENTRAL_VENV_HOME`")


def test_nothing_is_lost(newest_nox: Nox, project: Path, fault: Fault, home: Path, tmp_path: Path) -> None:
    before = contents(home)

    newest_nox.run("-s", "a", cwd=project, **fault.variables)

    assert contents(home) == before
    assert not (tmp_path / "evil").exists()


def test_sessions_without_an_environment_do_not_run_either(newest_nox: Nox, project: Path) -> None:
    result = newest_nox.run("-s", "bare", cwd=project, CENTRAL_VENV_HOME="relative")

    assert (result.status, result.out) == (1, "")
    assert_one_clear_message(result, "is not an absolute path", "must begin")


def test_sessions_are_listed_all_the_same(newest_nox: Nox, project: Path, fault: Fault) -> None:
    before = tree(project)

    result = newest_nox.run("-l", cwd=project, **fault.variables)

    assert result.status == 0, result.text
    assert "* bare" in result.out
    assert result.err == ""
    assert tree(project) == before


def test_a_place_of_the_users_own_does_without_the_store(newest_nox: Nox, project: Path, fault: Fault) -> None:
    mine = project.parent / "mine"

    result = newest_nox.run("-s", "a", "--envdir", mine, cwd=project, **fault.variables)

    assert result.status == 0, result.text
    assert (mine / "a" / "pyvenv.cfg").is_file()


def test_a_disk_that_fills_up_during_the_creation_loses_no_record(nox: Nox, project: Path, small_disk: Path) -> None:
    noxfile = project / "noxfile.py"
    noxfile.write_text(noxfile.read_text().replace('"uv"', '"virtualenv"'))
    variables = {"CENTRAL_VENV_HOME": str(small_disk / "store")}

    result = nox.run("-s", "a", cwd=project, **variables)  # pip does not fit

    assert result.status == 1
    (record,) = small_disk.glob("store/*/project.json")
    assert json.loads(record.read_text())["root"] == str(project)


def test_what_a_creation_left_on_a_full_disk_is_made_anew(nox: Nox, project: Path, small_disk: Path) -> None:
    noxfile = project / "noxfile.py"
    noxfile.write_text(noxfile.read_text().replace('"uv"', '"virtualenv"'))
    variables = {"CENTRAL_VENV_HOME": str(small_disk / "store")}
    failed = nox.run("-s", "a", cwd=project, **variables)  # pip does not fit
    left = list(small_disk.glob("store/*/.nox/a"))
    subprocess.run(["mount", "-o", "remount,size=100m", str(small_disk)], check=True)

    result = nox.run("-R", "-s", "a", cwd=project, **variables)

    assert (failed.status, left) == (1, [])
    assert result.status == 0, result.text
    assert list(small_disk.glob("store/*/.nox/a/lib/python*/site-packages/pip/__main__.py")) != []


@pytest.mark.parametrize("lost", ["bin/python", "pyvenv.cfg"])
@pytest.mark.skipif(sys.platform == "win32", reason="names of POSIX")
def test_an_environment_that_lost_what_makes_it_one_is_not_reused(newest_nox: Nox, project: Path, lost: str) -> None:
    newest_nox.run("-s", "a", cwd=project)
    path = newest_nox.directory(project) / "a"
    (path / lost).unlink()
    (path / "old").touch()

    result = newest_nox.run("-R", "-s", "a", cwd=project)

    assert result.status == 0, result.text
    assert (path / lost).exists()
    assert not (path / "old").exists()


def test_a_repaired_home_is_used_again(newest_nox: Nox, project: Path, home_of_project: Path) -> None:
    newest_nox.run("-s", "a", cwd=project)
    (home_of_project / "project.json").write_text("{")
    newest_nox.run("-s", "a", cwd=project)
    (home_of_project / "project.json").unlink()

    result = newest_nox.run("-s", "a", cwd=project)

    assert result.status == 0, result.text
    assert [each["root"] for each in newest_nox.listed(project)] == [str(project)]


def test_a_record_of_a_newer_schema_fails_its_session_only(nox: Nox, project: Path, home_of_project: Path) -> None:
    nox.run(cwd=project)
    record = home_of_project / ".central-venv" / "nox" / "a.json"
    record.write_text(record.read_text().replace('"schema": 1', '"schema": 2'))
    before = record.read_bytes()

    result = nox.run(cwd=project)

    assert result.status == 1
    assert_one_clear_message(result, f"`{record}` was written by a newer central-venv", "upgrade")
    assert result.out.split("\n") == ["in b", "in bare", ""]
    assert record.read_bytes() == before


def test_a_damaged_record_is_written_anew(nox: Nox, project: Path, home_of_project: Path) -> None:
    nox.run("-s", "a", cwd=project)
    (home_of_project / ".central-venv" / "nox" / "a.json").write_text('{"schema": 1, "runn')

    result = nox.run("-s", "a", cwd=project)

    assert result.status == 0, result.text
    assert nox.records(project)["a"]["state"] == "ready"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_in_place_of_the_records_fails_every_session(
    nox: Nox, project: Path, home_of_project: Path, tmp_path: Path
) -> None:
    nox.run("-s", "a", cwd=project)
    records = home_of_project / ".central-venv"
    records.rename(tmp_path / "elsewhere")
    records.symlink_to(tmp_path / "elsewhere")
    before = contents(tmp_path / "elsewhere")

    result = nox.run("-s", "a", cwd=project)

    assert (result.status, result.out) == (1, "")
    assert_one_clear_message(result, "is a link, not a directory", "remove the link")
    assert contents(tmp_path / "elsewhere") == before


def test_a_long_path_is_warned_of_once_before_the_first_session(nox: Nox, project: Path, tmp_path: Path) -> None:
    store = tmp_path / ("x" * 100)

    result = nox.run(cwd=project, CENTRAL_VENV_HOME=str(store))

    assert result.status == 0, result.text
    assert_one_clear_message(result, "characters long, which is too long for nox", "`CENTRAL_VENV_HOME`")
    assert result.err.index("characters long") < result.err.index("Running session a")
    assert result.out.split("\n") == ["in a", "in b", "in bare", ""]


def test_a_long_path_is_not_warned_of_in_a_listing(nox: Nox, project: Path, tmp_path: Path) -> None:
    result = nox.run("-l", cwd=project, CENTRAL_VENV_HOME=str(tmp_path / ("x" * 100)))

    assert (result.status, result.err) == (0, "")


#: Takes names away that the plugin asks for, while nox itself goes on as before.
RENAMED = {
    "execute": """
from functools import partial
from nox.sessions import SessionRunner

def renamed(self, name, execute=SessionRunner.execute):
    if name == "execute":
        return partial(execute, self)
    raise AttributeError(name)

del SessionRunner.execute
SessionRunner.__getattr__ = renamed
""",
    "ALL_VENVS": """
from types import FunctionType
import nox.sessions, nox.virtualenv

old = nox.virtualenv.get_virtualenv
new = FunctionType(old.__code__, dict(old.__globals__), old.__name__, old.__defaults__, old.__closure__)
new.__kwdefaults__ = old.__kwdefaults__
nox.sessions.get_virtualenv = new
del nox.virtualenv.ALL_VENVS
""",
}


@pytest.mark.parametrize("name", RENAMED)
def test_a_nox_of_the_future_runs_with_one_warning(newest_nox: Nox, tmp_path: Path, name: str) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": f"{RENAMED[name]}{ENABLED}{SESSIONS}"})

    result = newest_nox.run(cwd=project)

    assert result.status == 0, result.text
    assert_one_clear_message(result, "this nox is newer than nox-central-venv knows", "upgrade nox-central-venv")
    assert result.out.split("\n") == ["in a", "in b", "in bare", ""]
    assert (newest_nox.directory(project) / "a" / "pyvenv.cfg").is_file()


@pytest.mark.parametrize("name", RENAMED)
def test_a_nox_of_the_future_keeps_what_others_made(newest_nox: Nox, tmp_path: Path, name: str) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": f"{ENABLED}{SESSIONS}"})
    newest_nox.run("-s", "a", cwd=project)
    write_tree(project, {"noxfile.py": f"{RENAMED[name]}{ENABLED}{SESSIONS}"})

    result = newest_nox.run("-r", "-s", "a", cwd=project)

    assert result.status == 0, result.text
    assert newest_nox.environments(project) == {"a": "ready"}
