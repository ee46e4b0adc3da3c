"""The variables that uv obeys, as they are told to and by central-venv."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from support.trees import listing, write_tree
from support.uv import PROGRAMS, WHERE, packages, pyproject

if TYPE_CHECKING:
    from pathlib import Path

    from support.uv import Uv

SHOW = ("python", "-c", "import os; print(os.environ.get('{}'))")


def shown(uv: Uv, name: str, *options: str, cwd: Path, **variables: str) -> str:
    """What a command that uv runs finds in a variable."""
    return uv("run", *options, *(word.format(name) for word in SHOW), cwd=cwd, **variables).rstrip("\n")


def test_what_uv_runs_is_told_of_the_environment(uv: Uv, project: Path) -> None:
    environment = str(uv.home(project) / ".venv")

    assert shown(uv, "UV_PROJECT_ENVIRONMENT", cwd=project) == environment
    assert shown(uv, "VIRTUAL_ENV", cwd=project) == environment
    assert shown(uv, "PATH", cwd=project).startswith(environment)


def test_a_python_that_nobody_asked_for_is_not_told(newest_uv: Uv, project: Path) -> None:
    assert shown(newest_uv, "UV_PYTHON", cwd=project) == "None"


@pytest.mark.parametrize("value", ["1", "true", "Yes"])
def test_an_isolated_run_makes_no_environment(value: str, newest_uv: Uv, project: Path) -> None:
    newest_uv("run", "python", "-V", cwd=project, UV_ISOLATED=value)

    assert newest_uv.environments(project) == set()


def test_a_run_that_is_not_isolated_has_one(newest_uv: Uv, project: Path) -> None:
    newest_uv("run", "python", "-V", cwd=project, UV_ISOLATED="0")

    assert newest_uv.environments(project) == {".venv"}


def test_what_is_installed_into_the_system_makes_no_environment(newest_uv: Uv, project: Path) -> None:
    newest_uv.run("pip", "install", "--dry-run", "alpha", cwd=project, UV_SYSTEM_PYTHON="1")

    assert newest_uv.environments(project) == set()


def test_an_empty_variable_is_none(uv: Uv, project: Path, base: Path) -> None:
    empty = ("UV_PROJECT_ENVIRONMENT", "UV_PYTHON", "CENTRAL_VENV", "CENTRAL_VENV_ISOLATED_SELECTION")

    said = uv("run", *WHERE, cwd=project, **dict.fromkeys(empty, ""))

    assert said == f"{uv.home(project) / '.venv'}\n"


def test_a_relative_cache_stays_where_it_is_meant(newest_uv: Uv, project: Path) -> None:
    write_tree(project, {"pyproject.toml": pyproject("project", "alpha"), "sub/file": ""})

    newest_uv("sync", cwd=project / "sub", UV_CACHE_DIR="cache")

    assert (project / "sub" / "cache" / "CACHEDIR.TAG").exists()
    assert {path.split(os.sep)[0] for path in listing(project)} == {"pyproject.toml", "uv.lock", "sub"}
    assert not [path for path in newest_uv.home(project).iterdir() if path.name == "cache"]


@pytest.mark.parametrize("name", ["UV_PROJECT", "UV_WORKING_DIR"])
@pytest.mark.parametrize("command", ["create", "env", "run"])
def test_where_uv_goes_does_not_matter_to_the_making_of_an_environment(
    command: str, name: str, newest_uv: Uv, project: Path, base: Path
) -> None:
    words = {"create": [], "env": ["--shell", "json", "--create"], "run": ["python", "-V"]}[command]
    (base / "elsewhere").mkdir()

    said = PROGRAMS.run("central-venv", command, *words, cwd=project, **{name: "elsewhere"})

    assert said.status == 0, said.text
    assert newest_uv.environments(project) == {".venv"}


def test_commands_in_the_environment_find_uv_at_work_there(uv: Uv, project: Path) -> None:
    write_tree(project, {"pyproject.toml": pyproject("project", "alpha")})

    said = PROGRAMS.run("central-venv", "run", "uv", "run", *WHERE, cwd=project)

    assert said.out == f"{uv.home(project) / '.venv'}\n"
    assert packages(uv.home(project) / ".venv") == {"alpha": "2.0"}
    assert listing(project) == {"pyproject.toml", "uv.lock"}


def test_central_uv_in_a_command_works_on_its_own_project(uv: Uv, project: Path, base: Path) -> None:
    other = write_tree(base / "other", {"pyproject.toml": pyproject("other", "beta")})
    here = PROGRAMS.program("central-venv")

    said = PROGRAMS.run("central-venv", "run", here, "uv", "--directory", str(other), "run", *WHERE, cwd=project)

    assert said.out == f"{uv.home(other) / '.venv'}\n"
    assert packages(uv.home(project) / ".venv") == {}
