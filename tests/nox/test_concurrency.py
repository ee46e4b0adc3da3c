"""Two noxes at once: one environment at a time, and disjoint environments without waiting."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from support.hosts import Result, finish, read_until
from support.nox import ENABLED
from support.pipes import Rendezvous
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.nox import Nox

posix = pytest.mark.skipif(sys.platform == "win32", reason="named pipes and signals")

#: Each session runs what a variable says.
CODE = f"""{ENABLED}
import os

@nox.session(venv_backend="uv")
def a(session):
    session.run("python", "-c", os.environ["CODE"])

@nox.session(venv_backend="uv")
def b(session):
    session.run("python", "-c", os.environ["CODE"])

@nox.session(python=False)
def bare(session):
    session.run("python", "-c", os.environ["CODE"])
"""

WAIT = {"CODE": Rendezvous.COMMAND}
SPEAK = {"CODE": "print('spoke')"}

#: Each of two runs waits until the other one runs, too.
MEET = (
    "import os; open(os.environ['PIPE'], 'w').write('met')",
    "import os; assert open(os.environ['PIPE']).read() == 'met'",
)


@pytest.fixture
def open_project(tmp_path: Path) -> Path:
    """A project whose sessions run what a variable says."""
    return write_tree(tmp_path / "project", {"noxfile.py": CODE})


def together(nox: Nox, project: Path, *commands: list[str]) -> list[Result]:
    """The results of noxes that were started at the same time."""
    running = [nox.start(*command, cwd=project) for command in commands]
    with ThreadPoolExecutor(len(running)) as pool:
        return list(pool.map(finish, running))


def meet(nox: Nox, project: Path, pipe: Path, sessions: tuple[str, str]) -> list[Result]:
    """The results of two runs whose sessions end only if both run at the same time."""
    os.mkfifo(pipe)
    running = [
        nox.start("-s", session, cwd=project, PIPE=str(pipe), CODE=code)
        for session, code in zip(sessions, MEET, strict=True)
    ]
    return [finish(each) for each in running]


@pytest.mark.every_release
@pytest.mark.parametrize("arguments", [["-s", "a"], ["-r", "-s", "a"]], ids=" ".join)
def test_four_runs_of_one_session_all_succeed(nox: Nox, project: Path, arguments: list[str]) -> None:
    results = together(nox, project, *[arguments] * 4)

    assert [result.status for result in results] == [0] * 4, "\n".join(result.text for result in results)
    assert all("in a" in result.out for result in results)
    assert nox.environments(project) == {"a": "ready"}


def test_four_runs_of_one_session_of_uv_all_succeed(newest_nox: Nox, tmp_path: Path) -> None:
    session = '\n@nox.session(venv_backend="uv")\ndef a(session):\n    session.run("python", "-c", "print(\'in a\')")\n'
    project = write_tree(tmp_path / "project", {"noxfile.py": f"{ENABLED}{session}"})

    results = together(newest_nox, project, ["-s", "a"], ["-r", "-s", "a"], ["-R", "-s", "a"], ["-s", "a"])

    assert [result.status for result in results] == [0] * 4, "\n".join(result.text for result in results)
    assert all("in a" in result.out for result in results)


@pytest.mark.every_release
@posix
def test_the_second_run_says_what_it_waits_for(nox: Nox, open_project: Path, tmp_path: Path) -> None:
    rendezvous = Rendezvous(tmp_path)

    first = nox.start("-s", "a", cwd=open_project, **rendezvous.variables, **WAIT)
    rendezvous.wait()
    second = nox.start("-r", "-s", "a", cwd=open_project, **SPEAK)
    said = read_until(second, "waiting for", warnings=True)
    with rendezvous.go_on():
        results = finish(first), finish(second)

    assert [result.status for result in results] == [0, 0], "\n".join(result.text for result in results)
    environment = nox.directory(open_project) / "a"
    assert f"waiting for environment {environment}, in use by `nox -s a` (process {first.pid} on" in said


@posix
def test_an_environment_in_use_is_not_rebuilt(nox: Nox, open_project: Path, tmp_path: Path) -> None:
    # Releases of nox in the middle let uv build over what is there.
    write_tree(open_project, {"noxfile.py": CODE.replace('venv_backend="uv"', 'venv_backend="virtualenv"')})
    rendezvous = Rendezvous(tmp_path)

    first = nox.start("-s", "a", cwd=open_project, **rendezvous.variables, **WAIT)
    rendezvous.wait()
    mark = nox.directory(open_project) / "a" / "mark"
    mark.touch()
    second = nox.start("-s", "a", cwd=open_project, **SPEAK)
    read_until(second, "waiting for", warnings=True)
    meanwhile = mark.exists()
    with rendezvous.go_on():
        results = finish(first), finish(second)

    assert [result.status for result in results] == [0, 0]
    assert (meanwhile, mark.exists()) == (True, False)


@posix
def test_after_a_kill_of_the_first_the_second_goes_on(nox: Nox, open_project: Path, tmp_path: Path) -> None:
    rendezvous = Rendezvous(tmp_path)

    first = nox.start("-s", "a", cwd=open_project, **rendezvous.variables, **WAIT)
    rendezvous.wait()
    second = nox.start("-s", "a", cwd=open_project, **SPEAK)
    read_until(second, "waiting for", warnings=True)
    first.kill()
    with rendezvous.go_on():
        finish(first)
    result = finish(second)

    assert result.status == 0, result.text
    assert nox.environments(open_project) == {"a": "ready"}


@posix
def test_different_sessions_do_not_wait(nox: Nox, open_project: Path, tmp_path: Path) -> None:
    results = meet(nox, open_project, tmp_path / "pipe", ("a", "b"))

    assert [result.status for result in results] == [0, 0], "\n".join(result.text for result in results)
    assert not any("waiting for" in result.text for result in results)


@posix
def test_sessions_without_an_environment_do_not_wait(nox: Nox, open_project: Path, tmp_path: Path) -> None:
    results = meet(nox, open_project, tmp_path / "pipe", ("bare", "bare"))

    assert [result.status for result in results] == [0, 0], "\n".join(result.text for result in results)
    assert not any("waiting for" in result.text for result in results)


@posix
def test_an_environment_is_free_as_soon_as_its_session_ended(nox: Nox, open_project: Path, tmp_path: Path) -> None:
    rendezvous = Rendezvous(tmp_path)
    sessions = CODE.replace('os.environ["CODE"]', '"pass"', 1)  # that of `a`
    write_tree(open_project, {"noxfile.py": sessions})

    first = nox.start("-s", "a", "b", cwd=open_project, **rendezvous.variables, **WAIT)
    rendezvous.wait()
    second = nox.run("-s", "a", cwd=open_project, **SPEAK)
    with rendezvous.go_on():
        result = finish(first)

    assert (second.status, result.status) == (0, 0), second.text + result.text
    assert "waiting for" not in second.text


@posix
def test_an_environment_is_free_after_a_session_that_failed(
    newest_nox: Nox, open_project: Path, tmp_path: Path
) -> None:
    rendezvous = Rendezvous(tmp_path)
    sessions = CODE.replace('os.environ["CODE"]', '"raise SystemExit(os.EX_USAGE)"', 1)  # that of `a`
    write_tree(open_project, {"noxfile.py": sessions})

    first = newest_nox.start("-s", "a", "b", cwd=open_project, **rendezvous.variables, **WAIT)
    rendezvous.wait()
    second = newest_nox.run("-s", "a", cwd=open_project, **SPEAK)
    with rendezvous.go_on():
        result = finish(first)

    assert (second.status, result.status) == (1, 1)
    assert "waiting for" not in second.text


#: `a` runs `b`, which runs `a` again, which then only speaks.
CIRCLE = f"""{ENABLED}
import os

@nox.session(venv_backend="uv")
def a(session):
    inner = os.environ.get("INNER")
    session.run("python", "-c", f"print('in a', {{inner}})")
    if not inner:
        session.run(os.environ["NOX"], "-R", "-s", "b", external=True)

@nox.session(venv_backend="uv")
def b(session):
    session.run(os.environ["NOX"], "-R", "-s", "a", external=True, env={{"INNER": "1"}})
"""


@pytest.mark.every_release
@pytest.mark.parametrize("start", ["a", "b"])
def test_sessions_that_run_themselves_do_not_wait_for_themselves(nox: Nox, tmp_path: Path, start: str) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": CIRCLE})

    result = nox.run("-s", start, cwd=project, NOX=nox.host.program("nox"))

    assert result.status == 0, result.text
    assert "waiting for" not in result.text
    assert "in a 1" in result.text


def test_a_session_that_runs_itself_leaves_a_ready_environment(newest_nox: Nox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": CIRCLE})

    newest_nox.run("-s", "a", cwd=project, NOX=newest_nox.host.program("nox"))

    assert newest_nox.environments(project) == {"a": "ready", "b": "ready"}
    assert newest_nox.records(project)["a"]["holder"]["command"] == "nox -s a"


@posix
def test_an_environment_stays_claimed_after_a_run_in_its_session(
    newest_nox: Nox, tmp_path: Path, open_project: Path
) -> None:
    session = f"""{ENABLED}
import os

@nox.session(venv_backend="uv")
def a(session):
    if "INNER" not in os.environ:
        session.run(os.environ["NOX"], "-R", "-s", "a", external=True, env={{"INNER": "1"}})
        session.run("python", "-c", os.environ["CODE"])
"""
    write_tree(open_project, {"noxfile.py": session})
    rendezvous = Rendezvous(tmp_path)
    program = {"NOX": newest_nox.host.program("nox")}

    first = newest_nox.start("-s", "a", cwd=open_project, **rendezvous.variables, **WAIT, **program)
    rendezvous.wait()
    second = newest_nox.start("-s", "a", cwd=open_project, **SPEAK, **program)
    said = read_until(second, "waiting for", warnings=True)
    with rendezvous.go_on():
        results = finish(first), finish(second)

    assert [result.status for result in results] == [0, 0], "\n".join(result.text for result in results)
    assert f"in use by `nox -s a` (process {first.pid} on" in said


def test_sessions_that_others_notify_run(nox: Nox, tmp_path: Path) -> None:
    sessions = f"""{ENABLED}
@nox.session(venv_backend="uv")
def a(session):
    session.notify("b")

@nox.session(venv_backend="uv")
def b(session):
    session.run("python", "-c", "print('in b')")
"""
    project = write_tree(tmp_path / "project", {"noxfile.py": sessions})

    results = together(nox, project, ["-s", "a"], ["-s", "a"])

    assert [result.status for result in results] == [0, 0], "\n".join(result.text for result in results)
    assert all("in b" in result.out for result in results)
    assert nox.environments(project) == {"a": "ready", "b": "ready"}
