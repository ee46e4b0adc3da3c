"""uv takes the place of central-venv: exit status, signals, and the mark that keeps its environment."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.hosts import finish, read_until
from support.pipes import Rendezvous
from support.uv import PROGRAMS

if TYPE_CHECKING:
    from pathlib import Path

    from support.uv import Uv

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes are POSIX")


@pytest.fixture
def rendezvous(tmp_path: Path) -> Rendezvous:
    """Where this test and a command that uv runs wait for each other."""
    return Rendezvous(tmp_path)


def test_the_exit_status_is_the_commands(uv: Uv, project: Path) -> None:
    assert uv.run("run", "python", "-c", "raise SystemExit(7)", cwd=project).status == 7
    assert uv.run("sync", "--nonsense", cwd=project).status == 2


def test_uv_has_the_process_that_was_started_once_there_is_an_environment(uv: Uv, project: Path) -> None:
    uv("sync", cwd=project)
    process = uv.start("run", "python", "-c", "import os; print(os.getppid(), flush=True); input()", cwd=project)

    said = finish(process)

    assert said.out == f"{process.pid}\n"


def test_the_input_reaches_the_command(uv: Uv, project: Path) -> None:
    command = [PROGRAMS.program("central-venv"), "uv", "run", "python", "-c", "print(input()[::-1])"]

    done = subprocess.run(command, cwd=project, input="abc\n", capture_output=True, text=True, check=True)

    assert done.stdout == "cba\n"


@pytest.mark.parametrize("made", [[], ["sync"]], ids=["new", "there already"])
@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_reaches_the_command(name: str, made: list[str], newest_uv: Uv, project: Path) -> None:
    uv = newest_uv
    for command in made:
        uv(command, cwd=project)
    code = (
        "import signal, time\n"
        f"signal.signal(signal.{name}, lambda *_: exit(9))\n"
        "print('ready', flush=True)\n"
        "while True: time.sleep(1)\n"
    )
    process = uv.start("run", "python", "-c", code, cwd=project)
    read_until(process, "ready")

    # Ctrl-C goes to everything in the foreground, another signal to the one that was started
    if name == "SIGINT":
        os.killpg(process.pid, signal.SIGINT)
    else:
        process.terminate()

    assert finish(process).status == 9


def test_nobody_removes_the_environment_while_a_command_runs_in_it(
    uv: Uv, project: Path, rendezvous: Rendezvous
) -> None:
    process = uv.start("run", "python", "-c", rendezvous.COMMAND, cwd=project, **rendezvous.variables)
    rendezvous.wait()

    refused = PROGRAMS.run("central-venv", "remove", "--yes", ".venv", cwd=project)
    remade = uv.run("venv", "--clear", cwd=project)
    with rendezvous.go_on():
        assert finish(process).status == 0
    removed = PROGRAMS.run("central-venv", "remove", "--yes", ".venv", cwd=project)

    assert (refused.status, remade.status, removed.status) == (1, 1, 0)
    assert "in use" in refused.text
    assert "in use" in remade.err


def test_an_active_environment_can_be_made_anew(uv: Uv, project: Path) -> None:
    uv("sync", cwd=project)
    environment = uv.home(project) / ".venv"
    active = {"VIRTUAL_ENV": str(environment), "PATH": f"{environment}/bin:{os.environ['PATH']}"}

    uv("venv", "--clear", cwd=project, **active)
    made = PROGRAMS.run("central-venv", "create", "--clear", cwd=project, **active)

    assert made.status == 0, made.text


def test_two_at_once_make_one_environment(uv: Uv, project: Path) -> None:
    both = [uv.start("run", "python", "-c", "import sys; print(sys.prefix)", cwd=project) for _ in range(2)]

    said = [finish(process) for process in both]

    assert [result.status for result in said] == [0, 0]
    assert {result.out for result in said} == {f"{uv.home(project) / '.venv'}\n"}
    listed = json.loads(PROGRAMS.run("central-venv", "list", "--json", cwd=project).out)
    assert [each["state"] for found in listed["projects"] for each in found["environments"]] == ["ready"]
