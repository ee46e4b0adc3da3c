"""What the records say after everything that can happen to an environment."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from support.hosts import finish, interrupt
from support.network import need_index
from support.pipes import Rendezvous
from support.runners import CLONED_ANEW
from support.tox import PACKAGE, SOURCE_PACKAGE
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.tox import Tox

BUSY = f"""
[tox]
env_list = a, b
[testenv]
skip_install = true
pass_env = STARTED, GO_ON
commands = python -c "{Rendezvous.COMMAND}"
"""

posix = pytest.mark.skipif(sys.platform == "win32", reason="named pipes and signals")


@pytest.mark.every_release
def test_each_environment_of_a_run_is_recorded(tox: Tox, project: Path) -> None:
    result = tox.run("run", cwd=project)

    assert result.status == 0, result.text
    (listed,) = tox.listed(project)
    assert (listed["root"], listed["state"]) == (str(project), "active")
    python = ".".join(map(str, sys.version_info[:3]))
    found = {(each["runner"], each["name"], each["python"], each["state"]) for each in listed["environments"]}
    assert found == {("tox", "a", python, "ready"), ("tox", "b", python, "ready")}
    assert all(each["created"] and each["last_used"] for each in listed["environments"])


def test_a_record_tells_which_environment_it_is_of(tox: Tox, project: Path, work_dir: Callable[[Path], Path]) -> None:
    tox.run("run", "-e", "a", cwd=project)

    record = tox.records(project)["a"]
    assert record["python"] == ".".join(map(str, sys.version_info[:3]))
    assert record["created"] == (work_dir(project) / "a" / "pyvenv.cfg").stat().st_mtime
    assert "last_used" not in record


def test_each_run_is_a_use(tox: Tox, project: Path, work_dir: Callable[[Path], Path]) -> None:
    tox.run("run", "-e", "a", cwd=project)
    path = work_dir(project).parent / ".central-venv" / "tox" / "a.json"
    os.utime(path, (86400, 86400))
    before = [each["last_used"] for (listed,) in [tox.listed(project)] for each in listed["environments"]]

    result = tox.run("run", "-e", "a", cwd=project)

    assert result.status == 0, result.text
    assert before == ["1970-01-02T00:00:00Z"]
    assert path.stat().st_mtime > 86400


def test_the_run_that_finds_environments_of_an_older_clone_says_so_once(tox: Tox, project: Path) -> None:
    tox.run("run", "-e", "a", cwd=project)
    tox.make_older(project)

    said = [tox.run("run", "-e", "a", cwd=project) for _ in range(2)]

    assert [(each.status, each.text.count(CLONED_ANEW)) for each in said] == [(0, 1), (0, 0)]


def test_the_home_names_its_project(tox: Tox, project: Path, work_dir: Callable[[Path], Path]) -> None:
    tox.run("run", "-e", "a", cwd=project)

    home = work_dir(project).parent
    assert json.loads((home / "project.json").read_text())["root"] == str(project)
    if sys.platform != "win32":
        assert [directory.stat().st_mode & 0o777 for directory in (home.parent, home)] == [0o700, 0o700]


@pytest.mark.every_release
@pytest.mark.parametrize("command", [["run", "-p", "all"], ["run-parallel"], ["p", "-r"]], ids=" ".join)
def test_parallel_runs_record_each_environment(tox: Tox, project: Path, command: list[str]) -> None:
    if command[:2] == ["run", "-p"]:
        command = ["-p", "all"]  # the spelling without a sub command
    result = tox.run(*command, cwd=project)

    assert result.status == 0, result.text
    assert tox.environments(project) == {"a": "ready", "b": "ready"}


def test_a_run_without_tests_is_recorded(tox: Tox, project: Path) -> None:
    tox.run("run", "-e", "a", "--notest", cwd=project)

    assert tox.environments(project) == {"a": "ready"}


@pytest.mark.every_release
@pytest.mark.parametrize("files", [PACKAGE, SOURCE_PACKAGE], ids=["wheel", "source distribution"])
def test_the_packaging_environment_is_recorded(tox: Tox, tmp_path: Path, files: dict[str, str]) -> None:
    if files is SOURCE_PACKAGE:
        need_index()
    package = write_tree(tmp_path / "package", files)

    result = tox.run("run", "-e", "a", cwd=package)

    assert result.status == 0, result.text
    assert "It works." in result.out
    assert tox.environments(package) == {".pkg": "ready", "a": "ready"}


def test_recreation_on_demand_leaves_a_ready_environment(
    tox: Tox, project: Path, work_dir: Callable[[Path], Path]
) -> None:
    tox.run("run", "-e", "a", cwd=project)
    leftover = work_dir(project) / "a" / "leftover"
    leftover.touch()

    result = tox.run("run", "-r", "-e", "a", cwd=project)

    assert result.status == 0, result.text
    assert not leftover.exists()
    assert tox.environments(project) == {"a": "ready"}


@pytest.mark.every_release
def test_automatic_recreation_leaves_a_ready_environment(
    tox: Tox, project: Path, work_dir: Callable[[Path], Path]
) -> None:
    tox.run("run", "-e", "a", cwd=project)
    leftover = work_dir(project) / "a" / "leftover"
    leftover.touch()
    info = work_dir(project) / "a" / ".tox-info.json"
    info.write_text(info.read_text().replace('"name": "a"', '"name": "another"'))

    result = tox.run("run", "-e", "a", cwd=project)

    assert result.status == 0, result.text
    assert "recreate env because" in result.text
    assert not leftover.exists()
    assert tox.environments(project) == {"a": "ready"}


def test_a_failing_command_leaves_a_ready_environment(tox: Tox, tmp_path: Path) -> None:
    ini = '[tox]\nenv_list = a\n[testenv]\nskip_install = true\ncommands = python -c "raise SystemExit(3)"\n'
    project = write_tree(tmp_path / "project", {"tox.ini": ini})

    result = tox.run("run", "-e", "a", cwd=project)

    assert result.status == 3
    assert tox.environments(project) == {"a": "ready"}


def test_a_failing_installation_leaves_a_broken_environment(tox: Tox, tmp_path: Path) -> None:
    ini = "[tox]\nenv_list = a\n[testenv]\nskip_install = true\ndeps = ./missing\ncommands = python -c pass\n"
    project = write_tree(tmp_path / "project", {"tox.ini": ini})

    result = tox.run("run", "-e", "a", cwd=project)

    assert result.status == 1
    assert tox.environments(project) == {"a": "broken"}


def test_a_repaired_installation_leaves_a_ready_environment(tox: Tox, tmp_path: Path) -> None:
    ini = "[tox]\nenv_list = a\n[testenv]\nskip_install = true\ncommands = python -c pass\n"
    project = write_tree(tmp_path / "project", {"tox.ini": f"{ini}deps = ./missing\n"})
    tox.run("run", "-e", "a", cwd=project)
    write_tree(project, {"tox.ini": ini})

    result = tox.run("run", "-e", "a", cwd=project)

    assert result.status == 0, result.text
    assert tox.environments(project) == {"a": "ready"}


def test_a_missing_interpreter_leaves_nothing(tox: Tox, tmp_path: Path, work_dir: Callable[[Path], Path]) -> None:
    ini = "[tox]\nenv_list = py399\nskip_missing_interpreters = true\n[testenv]\nskip_install = true\n"
    project = write_tree(tmp_path / "project", {"tox.ini": ini})

    tox.run("run", "-e", "py399", cwd=project)

    assert tox.environments(project) == {}
    assert tox.records(project) == {}


@posix
def test_a_kill_during_the_commands_leaves_a_ready_environment(tox: Tox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"tox.ini": BUSY})
    rendezvous = Rendezvous(tmp_path)

    running = tox.start("run", "-e", "a", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    running.kill()
    with rendezvous.go_on():
        result = finish(running)

    assert result.status == -signal.SIGKILL
    assert tox.environments(project) == {"a": "ready"}


@pytest.mark.every_release
@posix
def test_an_interrupt_during_the_commands_leaves_a_ready_environment(tox: Tox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"tox.ini": BUSY})
    rendezvous = Rendezvous(tmp_path)

    running = tox.start("run", "-e", "a", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    result = interrupt(running)

    assert result.status not in {0, -signal.SIGKILL}
    assert tox.environments(project) == {"a": "ready"}


@pytest.mark.every_release
@posix
def test_a_kill_during_the_creation_is_repaired_by_the_next_run(tox: Tox, tmp_path: Path) -> None:
    # The installation of a dependency whose build waits: the environment is half made.
    ini = "[tox]\nenv_list = a\n[testenv]\nskip_install = true\npass_env = STARTED, GO_ON\ncommands = python -c pass\n"
    backend = f"def build_wheel(*args, **kwargs):\n    {Rendezvous.COMMAND}\n"
    pyproject = '[build-system]\nrequires = []\nbuild-backend = "backend"\nbackend-path = ["."]\n'
    pyproject += '[project]\nname = "slow"\nversion = "1"\n'
    files = {"tox.ini": f"{ini}deps = ./slow\n", "slow/pyproject.toml": pyproject, "slow/backend.py": backend}
    project = write_tree(tmp_path / "project", files)
    rendezvous = Rendezvous(tmp_path)

    running = tox.start("run", "-e", "a", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    during = tox.environments(project)
    running.kill()
    with rendezvous.go_on():
        finish(running)
    killed = tox.environments(project)
    write_tree(project, {"tox.ini": ini})
    result = tox.run("run", "-e", "a", cwd=project)

    assert (during, killed) == ({"a": "creating"}, {"a": "broken"})
    assert result.status == 0, result.text
    assert tox.environments(project) == {"a": "ready"}


def test_an_environment_without_a_record_is_adopted(tox: Tox, project: Path, work_dir: Callable[[Path], Path]) -> None:
    tox.run("run", "-e", "a", cwd=project)
    home = work_dir(project).parent
    (home / "project.json").unlink()
    (home / ".central-venv" / "tox" / "a.json").unlink()

    result = tox.run("run", "-e", "a", cwd=project)

    assert result.status == 0, result.text
    assert set(tox.records(project)) == {"a"}
    assert [each["root"] for each in tox.listed(project)] == [str(project)]


@posix
def test_an_environment_that_lost_its_python_is_made_anew(
    tox: Tox, project: Path, work_dir: Callable[[Path], Path]
) -> None:
    tox.run("run", "-e", "a", cwd=project)
    python = work_dir(project) / "a" / "bin" / "python"
    python.unlink()

    result = tox.run("run", "-e", "a", cwd=project)

    assert result.status == 0, result.text
    assert python.exists()
    assert tox.environments(project) == {"a": "ready"}


def test_a_damaged_record_is_written_anew(tox: Tox, project: Path, work_dir: Callable[[Path], Path]) -> None:
    tox.run("run", "-e", "a", cwd=project)
    (work_dir(project).parent / ".central-venv" / "tox" / "a.json").write_text('{"schema": 1, "runn')

    result = tox.run("run", "-e", "a", cwd=project)

    assert result.status == 0, result.text
    assert tox.records(project)["a"]["state"] == "ready"
