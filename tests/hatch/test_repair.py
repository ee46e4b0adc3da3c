"""What is interrupted, fails or is broken: nothing that is half made is ever used, and nothing good is made anew."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from support.hatch import BARE, COLLECTOR, PACKAGE
from support.hosts import SCRIPTS, finish, interrupt
from support.pipes import Rendezvous
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from subprocess import Popen

    from support.hatch import Hatch
    from support.hosts import Result

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="named pipes, signals and shell scripts")

#: Says whether a package can be imported.
FOUND = ("run", "python", "-c", "import one; print('found')")


def kill(process: Popen[str]) -> Result:
    """End a program and what it started at once."""
    os.killpg(process.pid, signal.SIGKILL)
    return finish(process)


@pytest.fixture
def dependent(tmp_path: Path) -> str:
    """The configuration of a project with a dependency."""
    metadata = PACKAGE.partition("[tool")[0].replace('"demo"', '"one"')
    one = write_tree(tmp_path / "one", {"pyproject.toml": metadata, "one.py": ""})
    return f"{BARE}dependencies = {json.dumps([f'one @ {one.as_uri()}'])}\n{COLLECTOR}"


@pytest.fixture
def slow_uv(tmp_path: Path, newest_hatch: Hatch) -> str:
    """A uv that waits for the test before it installs something."""
    uv = tmp_path / "uv"
    wait = f'{sys.executable} -c "{Rendezvous.COMMAND}"'
    uv.write_text(f'#!/bin/sh\nif [ "$1" = pip ]; then {wait}; fi\nexec {newest_hatch.host.program("uv")} "$@"\n')
    uv.chmod(0o755)
    return str(uv)


@pytest.fixture
def failing_uv(tmp_path: Path, newest_hatch: Hatch) -> str:
    """A uv that cannot install anything."""
    uv = tmp_path / "uv"
    uv.write_text(f'#!/bin/sh\nif [ "$1" = pip ]; then exit 2; fi\nexec {newest_hatch.host.program("uv")} "$@"\n')
    uv.chmod(0o755)
    return str(uv)


@pytest.mark.parametrize("end", [kill, interrupt])
@pytest.mark.parametrize("made_before", [True, False], ids=["later", "first"])
def test_an_interrupted_synchronization_is_repaired_by_the_next_run(  # noqa: PLR0913, PLR0917  # fixtures
    made_before: bool,  # noqa: FBT001
    end: Callable[[Popen[str]], Result],
    newest_hatch: Hatch,
    project: Path,
    dependent: str,
    slow_uv: str,
    tmp_path: Path,
) -> None:
    if made_before:
        newest_hatch.run("env", "create", cwd=project)
    write_tree(project, {"pyproject.toml": dependent})
    rendezvous = Rendezvous(tmp_path)

    running = newest_hatch.start(*FOUND, cwd=project, HATCH_ENV_TYPE_CENTRAL_UV_PATH=slow_uv, **rendezvous.variables)
    rendezvous.wait()
    end(running)
    interrupted = newest_hatch.environments(project)
    result = newest_hatch.run(*FOUND, cwd=project)

    assert interrupted == {"default": "broken"}
    assert (result.status, result.out) == (0, "found\n"), result.text
    assert newest_hatch.environments(project) == {"default": "ready"}


def test_a_synchronization_that_fails_leaves_the_environment(
    newest_hatch: Hatch, project: Path, dependent: str, failing_uv: str
) -> None:
    newest_hatch.run("env", "create", cwd=project)
    mark = newest_hatch.directory(project) / "default" / "mark"
    mark.touch()
    write_tree(project, {"pyproject.toml": dependent})

    failed = newest_hatch.run(*FOUND, cwd=project, HATCH_ENV_TYPE_CENTRAL_UV_PATH=failing_uv)
    left = newest_hatch.environments(project)
    result = newest_hatch.run(*FOUND, cwd=project)

    assert failed.status == 2, failed.text
    assert left == {"default": "ready"}
    assert (result.status, result.out) == (0, "found\n"), result.text
    assert mark.exists()


def test_what_was_installed_is_known_with_every_data_directory(
    newest_hatch: Hatch, project: Path, dependent: str, tmp_path: Path
) -> None:
    other = str(tmp_path / "other")
    newest_hatch.run("env", "create", cwd=project)
    write_tree(project, {"pyproject.toml": dependent})
    newest_hatch.run("env", "create", cwd=project)
    newest_hatch.run("--data-dir", other, "run", "true", cwd=project)
    write_tree(project, {"pyproject.toml": f"{BARE}{COLLECTOR}"})
    newest_hatch.run("--data-dir", other, "run", "uv", "pip", "uninstall", "one", cwd=project)
    write_tree(project, {"pyproject.toml": dependent})

    result = newest_hatch.run(*FOUND, cwd=project)

    assert (result.status, result.out) == (0, "found\n"), result.text


@pytest.mark.parametrize("command", ["remove", "prune"])
def test_a_broken_environment_can_be_removed(command: str, hatch: Hatch, project: Path) -> None:
    hatch.run("env", "create", cwd=project)
    environment = hatch.directory(project) / "default"
    for python in (environment / SCRIPTS).glob("python*"):
        python.unlink()

    result = hatch.run("env", command, cwd=project)

    assert result.status == 0, result.text
    assert not environment.exists()
    assert hatch.environments(project) == {}


def test_an_environment_of_another_python_can_be_removed(newest_hatch: Hatch, project: Path) -> None:
    newest_hatch.run("env", "create", cwd=project)
    other = f"{BARE}python = {json.dumps(sys.executable)}\n{COLLECTOR}"
    write_tree(project, {"pyproject.toml": other})

    result = newest_hatch.run("env", "remove", cwd=project)

    assert result.status == 0, result.text
    assert newest_hatch.environments(project) == {}


def test_what_is_no_environment_is_not_removed(newest_hatch: Hatch, project: Path) -> None:
    precious = newest_hatch.directory(project) / "default" / "precious"
    write_tree(precious.parent, {"precious": ""})

    result = newest_hatch.run("env", "remove", cwd=project)

    assert result.status == 0, result.text
    assert precious.exists()


def test_a_refused_removal_of_an_unrecorded_environment_leaves_it_as_it_was(
    newest_hatch: Hatch, project: Path, tmp_path: Path
) -> None:
    rendezvous = Rendezvous(tmp_path)
    running = newest_hatch.start("run", "python", "-c", Rendezvous.COMMAND, cwd=project, **rendezvous.variables)
    rendezvous.wait()
    (newest_hatch.directory(project).parent / ".central-venv" / "hatch" / "default.json").unlink()

    refused = newest_hatch.run("env", "remove", cwd=project)
    left = newest_hatch.environments(project)
    with rendezvous.go_on():
        finish(running)

    assert refused.status == 1, refused.text
    assert "which must end first" in refused.err
    assert left == {"default": "ready"}


def test_the_environment_of_a_command_whose_hatch_was_killed_is_not_removed(
    newest_hatch: Hatch, project: Path, tmp_path: Path
) -> None:
    rendezvous = Rendezvous(tmp_path)
    running = newest_hatch.start("run", "python", "-c", Rendezvous.COMMAND, cwd=project, **rendezvous.variables)
    rendezvous.wait()
    os.kill(running.pid, signal.SIGKILL)

    refused = newest_hatch.run("env", "remove", cwd=project)
    left = newest_hatch.environments(project)
    with rendezvous.go_on():
        finish(running)

    assert refused.status == 1, refused.text
    assert "in use by process " in refused.err
    assert left == {"default": "ready"}


def test_a_removal_from_the_installation_is_one_clear_message(newest_hatch: Hatch, tmp_path: Path) -> None:
    commands = "post-install-commands = ['env -u HATCH_ENV_ACTIVE hatch env remove default']\n"
    text = f"{BARE.replace('skip-install = true', '')}{commands}{COLLECTOR}"
    project = write_tree(tmp_path / "installed", {"pyproject.toml": text, "demo.py": ""})

    result = newest_hatch.run("env", "create", cwd=project)

    assert result.status == 1, result.text
    assert "Environment `default` is being changed by the run that this one belongs to" in result.text


def test_the_words_of_a_command_are_not_recorded(newest_hatch: Hatch, project: Path) -> None:
    newest_hatch.run("run", "true", "--password", "secret", cwd=project)

    assert newest_hatch.records(project)["default"]["holder"]["command"] == "hatch run"
