"""The real uv on an environment that several projects share."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.hosts import SCRIPTS, Host, Result, finish
from support.trees import contents, write_tree
from support.uv_projects import packages, write_project

if TYPE_CHECKING:
    from collections.abc import Callable

    ProjectMaker = Callable[..., Path]


@pytest.fixture(autouse=True)
def no_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")


@pytest.fixture
def programs() -> Host:
    """What people call."""
    return Host(Path(sys.prefix))


@pytest.fixture
def torch(programs: Host, store: Path, tmp_path: Path) -> Path:
    """An environment to share."""
    done(programs.run("central-venv", "create", "@torch", "--python", sys.executable, cwd=tmp_path))
    return store / "@torch"


@pytest.fixture
def make_user(base: Path, programs: Host, torch: Path) -> ProjectMaker:
    """Makes a project that shares it, and needs packages."""

    def make(name: str, *needs: str, python: str = ">=3.8") -> Path:
        root = write_project(base / name, *needs, python=python)
        done(programs.run("central-venv", "use", "@torch", cwd=root))
        return root

    return make


@pytest.fixture
def uv(programs: Host) -> Callable[..., Result]:
    """Runs uv on the environment of a project."""

    def uv(*arguments: str, cwd: Path, **variables: str) -> Result:
        return programs.run("central-venv", "uv", *arguments, cwd=cwd, **variables)

    return uv


def done(result: Result) -> Result:
    assert result.status == 0, result.text
    return result


def test_a_synchronization_keeps_what_other_projects_need(
    torch: Path, make_user: ProjectMaker, uv: Callable[..., Result]
) -> None:
    for root in (make_user("one", "alpha"), make_user("two", "beta")):
        done(uv("sync", cwd=root))

    assert packages(torch) == {"alpha", "beta"}


def test_whoever_asks_for_an_exact_one_gets_it(torch: Path, make_user: ProjectMaker, uv: Callable[..., Result]) -> None:
    one, two = make_user("one", "alpha"), make_user("two", "beta")
    done(uv("sync", cwd=one))

    done(uv("sync", "--exact", cwd=two))

    assert packages(torch) == {"beta"}


def test_a_package_that_one_project_removes_stays_for_the_others(
    torch: Path, make_user: ProjectMaker, uv: Callable[..., Result]
) -> None:
    root = make_user("one", "alpha", "beta")
    done(uv("sync", cwd=root))

    done(uv("remove", "alpha", cwd=root))

    assert packages(torch) == {"alpha", "beta"}
    assert "alpha" not in (root / "pyproject.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "arguments", [["add", "gamma"], ["pip", "install", "gamma"], ["run", "--with", "gamma", "python"]]
)
def test_whatever_installs_takes_nothing_away(
    arguments: list[str], torch: Path, make_user: ProjectMaker, uv: Callable[..., Result]
) -> None:
    one, two = make_user("one", "alpha"), make_user("two")
    done(uv("sync", cwd=one))

    done(uv(*arguments, cwd=two))

    assert packages(torch) >= {"alpha"}
    assert ("gamma" in packages(torch)) == (arguments[0] != "run")


def test_a_program_runs_in_it(torch: Path, make_user: ProjectMaker, uv: Callable[..., Result]) -> None:
    root = make_user("one", "alpha")

    said = done(uv("run", "python", "-c", "import alpha, sys; print(sys.prefix)", cwd=root))

    assert said.out == f"{torch}\n"
    assert not (root / ".venv").exists()


@pytest.mark.parametrize("command", [["sync"], ["run", "python"], ["add", "gamma"], ["remove", "alpha"]])
def test_it_is_not_made_anew_for_a_project_that_needs_another_python(
    command: list[str], torch: Path, make_user: ProjectMaker, uv: Callable[..., Result]
) -> None:
    done(uv("sync", cwd=make_user("one", "beta")))
    root = make_user("two", "alpha", python=">=3.99")
    before = contents(torch)

    said = uv(*command, cwd=root)

    assert said.status != 0
    assert "3.99" in said.err
    assert contents(torch) == before


@pytest.mark.parametrize("how", ["variable", "file"])
def test_it_is_not_made_anew_for_another_python_that_is_asked_for(
    how: str, torch: Path, make_user: ProjectMaker, uv: Callable[..., Result]
) -> None:
    root = make_user("one", "alpha")
    if how == "file":
        write_tree(root, {".python-version": "3.99\n"})
    made = (torch / "pyvenv.cfg").stat().st_ino

    done(uv("sync", cwd=root, **({"UV_PYTHON": "3.99"} if how == "variable" else {})))

    assert packages(torch) == {"alpha"}
    assert (torch / "pyvenv.cfg").stat().st_ino == made


def test_to_look_into_it_means_it_whatever_python_the_variable_names(
    torch: Path, make_user: ProjectMaker, uv: Callable[..., Result]
) -> None:
    root = make_user("one", "alpha")
    done(uv("sync", cwd=root))

    said = done(uv("pip", "list", "--format", "json", cwd=root, UV_PYTHON="3.99"))

    assert [each["name"] for each in json.loads(said.out)] == ["alpha"]


def test_what_is_not_about_it_is_not_tied_to_its_python(
    torch: Path, make_user: ProjectMaker, uv: Callable[..., Result]
) -> None:
    root = make_user("one", "alpha")

    said = done(uv("run", "--no-project", "--isolated", "python", "-c", "import os; print(dict(os.environ))", cwd=root))
    assert "'UV_PYTHON'" not in said.out
    done(uv("lock", cwd=root))
    assert packages(torch) == set()


def test_a_python_that_is_asked_for_has_an_environment_of_its_own(
    torch: Path, make_user: ProjectMaker, uv: Callable[..., Result], programs: Host
) -> None:
    root = make_user("one", "alpha")
    minor = f"{sys.version_info.major}.{sys.version_info.minor}"

    done(uv("sync", "--python", sys.executable, cwd=root))

    own = Path(programs.run("central-venv", "path", "--python", minor, cwd=root).out.rstrip("\n"))
    assert (packages(own), packages(torch)) == ({"alpha"}, set())
    assert own.name == f".venv-{minor}"


@pytest.mark.parametrize("arguments", [[], ["--clear"], ["--python", "3"]])
def test_uv_does_not_make_it_anew(
    arguments: list[str], torch: Path, make_user: ProjectMaker, uv: Callable[..., Result]
) -> None:
    root = make_user("one")
    before = contents(torch)

    said = uv("venv", *arguments, cwd=root)

    if "--python" in arguments:  # that is the project's own
        done(said)
    else:
        assert (said.status, said.out) == (1, "")
        assert said.err.startswith("error: `@torch` is shared with other projects\nhint: make it anew with ")
    assert contents(torch) == before


def test_two_projects_at_once_both_succeed(torch: Path, make_user: ProjectMaker, programs: Host) -> None:
    roots = [make_user("one", "alpha"), make_user("two", "beta"), make_user("three", "gamma", "alpha")]

    for process in [programs.start("central-venv", "uv", "sync", cwd=root) for root in roots]:
        done(finish(process))

    assert packages(torch) == {"alpha", "beta", "gamma"}


def test_nobody_removes_it_while_uv_runs_something_in_it(
    torch: Path, make_user: ProjectMaker, programs: Host, uv: Callable[..., Result]
) -> None:
    root = make_user("one")
    command = ["run", "python", "-c", "print('here', flush=True); input()"]
    with subprocess.Popen(
        [programs.program("central-venv"), "uv", *command], cwd=root, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"here\n"

        said = programs.run("central-venv", "remove", "@torch", "--force", "--yes", cwd=root)

        process.communicate(b"\n")
    assert said.status == 1
    assert "in use by " in said.err
    assert (torch / SCRIPTS).is_dir()


def test_without_it_uv_makes_none(
    torch: Path, make_user: ProjectMaker, programs: Host, uv: Callable[..., Result]
) -> None:
    root = make_user("one", "alpha")
    done(programs.run("central-venv", "remove", "@torch", "--force", "--yes", cwd=root))

    said = uv("sync", cwd=root)

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith("error: the shared environment `@torch` is not there, or broken\nhint: make it with ")
    assert not os.path.lexists(torch)


def test_uv_in_a_command_that_runs_in_it_does_not_make_it_anew_either(
    torch: Path, make_user: ProjectMaker, programs: Host
) -> None:
    root = make_user("one", "alpha")
    write_tree(root, {".python-version": "3.99\n"})
    made = (torch / "pyvenv.cfg").stat().st_ino

    done(programs.run("central-venv", "run", "uv", "sync", cwd=root, UV_PYTHON="3.98"))

    assert packages(torch) == {"alpha"}
    assert (torch / "pyvenv.cfg").stat().st_ino == made


def test_its_python_is_not_asked_for_in_another_project_in_turn(
    base: Path, torch: Path, make_user: ProjectMaker, programs: Host
) -> None:
    root, other = make_user("one"), write_tree(base / "other", {"pyproject.toml": ""})

    said = done(programs.run("central-venv", "run", "central-venv", "path", "--project", other, cwd=root))

    assert Path(said.out.rstrip("\n")).name == ".venv"
