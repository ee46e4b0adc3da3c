"""A network's file system that does not answer: commands give it its time, tell of it and go on."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.store.project_record import read_project, write_project
from support.commands import Said
from support.environments import seal, seal_shared
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.mounts import Mounts

#: Runs a command that gives a mount so many seconds.
PROGRAM = """
import sys
from central_venv.cli import main
from central_venv.machine import hung_mounts
hung_mounts.ANSWER_TIMEOUT = float(sys.argv[1])
sys.exit(main(sys.argv[2:]))
"""
#: A program that does nothing for as long as it is told.
SLEEP = shutil.which("sleep") or ""
#: Seconds after which a command hangs, too.
PATIENCE = 30

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of which kind a mount is")


@pytest.fixture
def nas(base: Path, store: Path, here: Path, mounts: Mounts) -> Path:
    """A mount with two projects that the store knows, beside one that is here and one that is gone."""
    share = write_tree(base / "share", {"one/pyproject.toml": "", "two/pyproject.toml": "", "x": ""})
    nas = mounts.remote(base / "nas", share, "dir_cache=no,attr_timeout=0,entry_timeout=0")
    seal_shared(Store(str(store)))
    for root in (nas / "one", nas / "two", here, base / "gone"):
        root.mkdir(exist_ok=True)
        home = Home(Store(str(store)), str(root))
        seal(home, "py312" if root != here else ".venv", "tox" if root != here else "project")
        if root.parent == nas:
            record = read_project(home.record_path)
            assert record is not None
            record.volume = "server:/share"  # as for NFS, which can be told from another one
            write_project(home.record_path, record)
        if root == nas / "one":
            home.share("@torch")
    shutil.rmtree(base / "gone")
    return nas


@pytest.fixture
def ask(mounts: Mounts) -> Callable[..., Said]:
    """Runs a command; one that hangs cannot be killed before the mount is."""

    def ask(*arguments: str, seconds: float = 0.2) -> Said:
        command = [sys.executable, "-c", PROGRAM, str(seconds), *arguments]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            try:
                out, err = process.communicate(timeout=PATIENCE)
            except subprocess.TimeoutExpired:
                mounts.give_up()
                process.kill()
                pytest.fail(f"`{' '.join(arguments)}` hangs")
        return Said(process.returncode, out, err)

    return ask


def complaint(nas: Path) -> str:
    """What is said once of a mount."""
    return (
        f"error: what is mounted at `{nas}` does not answer, so the projects there cannot be seen\n"
        "hint: see to its server or program, or unmount it\n"
    )


def test_a_list_goes_on_and_calls_projects_on_a_hung_mount_unreachable(
    nas: Path, here: Path, base: Path, mounts: Mounts, ask: Callable[..., Said]
) -> None:
    before = ask("list", "--json", seconds=PATIENCE)

    mounts.hang(nas)
    said = ask("list", "--json")

    assert (said.status, said.err) == (0, complaint(nas))
    states = {project["root"]: project["state"] for project in said.answer["projects"] if project["root"]}
    there = {str(here): "active", str(base / "gone"): "orphan"}
    assert states == there | dict.fromkeys([str(nas / "one"), str(nas / "two")], "unreachable")
    assert before.err == ""
    assert {project["state"] for project in before.answer["projects"]} == {"active", "orphan", "shared"}


@pytest.mark.usefixtures("here")
@pytest.mark.parametrize(
    ("command", "expected"),
    [
        (["list", "--project", "."], "project"),
        (["prune", "--yes"], "removed 1 environment and 1 home"),
        (["activate", "project", "--shell", "bash"], "_central_venv_activate "),
        (["remove", "--yes", "--force", "@torch"], "removed 1 environment"),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_a_hung_mount_is_told_of_and_does_not_stop_a_command(
    command: list[str], expected: str, nas: Path, mounts: Mounts, ask: Callable[..., Said]
) -> None:
    mounts.hang(nas)

    said = ask(*command)

    assert said.status == 0
    assert complaint(nas) in said.err
    assert expected in said.out


def test_a_program_that_runs_from_a_hung_mount_does_not_stop_a_removal(
    nas: Path, mounts: Mounts, ask: Callable[..., Said]
) -> None:
    shutil.copy(SLEEP, nas / "sleep")
    with subprocess.Popen([nas / "sleep", "1000"]) as program:
        try:
            mounts.hang(nas)

            said = ask("prune", "--yes")
        finally:
            program.kill()
            mounts.give_up()

    assert said.out.startswith("removed 1 environment and 1 home, freed ")


def test_doctor_finds_a_hung_mount(nas: Path, mounts: Mounts, ask: Callable[..., Said]) -> None:
    mounts.hang(nas)

    said = ask("doctor", "--json")

    found = {finding["code"]: finding["what"] for finding in json.loads(said.out)["findings"]}
    assert str(nas) in found["mount-hung"]
    assert "2 projects cannot be seen now" in found["projects-unreachable"]
    assert str(nas / "one") in found["projects-unreachable"]
