"""Several Pythons side by side, and which one a project gets."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from support.pythons import MINOR, find_pythons
from support.trees import write_tree
from support.uv import WHERE, packages, program, pyproject, python_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.uv import Uv

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links")

PER_PYTHON = "\n[tool.central-venv]\nper-python = true\n"


def test_a_python_that_is_asked_for_stands_beside_the_other(
    uv: Uv, project: Path, two_pythons: tuple[str, str]
) -> None:
    for version in two_pythons:
        uv("run", "-p", version, *WHERE, cwd=project)

    environments = {version: uv.home(project) / f".venv-{version}" for version in two_pythons}
    assert {version: python_of(path) for version, path in environments.items()} == {each: each for each in two_pythons}
    assert not (project / ".venv").exists()


def test_switching_back_installs_nothing(uv: Uv, project: Path, two_pythons: tuple[str, str]) -> None:
    write_tree(project, {"pyproject.toml": pyproject("project", "alpha")})
    for version in two_pythons:
        uv("run", "--python", version, "python", "-V", cwd=project)

    for version in (*two_pythons, *two_pythons):
        said = uv.run("run", f"--python={version}", "python", "-c", "import alpha, sys; print(sys.prefix)", cwd=project)

        assert said.out == f"{uv.home(project) / f'.venv-{version}'}\n"
        assert (said.status, said.err) == (0, "")


def test_the_projects_own_environment_stays_when_another_python_is_used(
    uv: Uv, project: Path, two_pythons: tuple[str, str]
) -> None:
    this, other = two_pythons
    write_tree(project, {".python-version": f"{this}\n"})
    uv("sync", cwd=project)

    uv("run", "-p", other, "python", "-V", cwd=project)
    said = uv.run("run", "python", "-V", cwd=project)

    assert said.out.startswith(f"Python {this}.")
    assert "Creating" not in said.err
    assert uv.environments(project) == {".venv", f".venv-{other}"}


@posix_only
def test_the_link_follows(newest_uv: Uv, project: Path, two_pythons: tuple[str, str]) -> None:
    for version in (*two_pythons, *two_pythons):
        newest_uv("run", "-p", version, "python", "-V", cwd=project, CENTRAL_VENV_LINK="symlink")

        assert (project / ".venv").readlink() == newest_uv.home(project) / f".venv-{version}"


def test_uv_in_uv_does_not_make_the_environment_anew(uv: Uv, project: Path, two_pythons: tuple[str, str]) -> None:
    this, other = two_pythons
    write_tree(project, {".python-version": f"{this}\n"})

    said = uv("run", "-p", other, "uv", "run", *WHERE, cwd=project)

    assert said == f"{uv.home(project) / f'.venv-{other}'}\n"
    assert python_of(uv.home(project) / f".venv-{other}") == other


def test_the_variable_asks_for_a_python(newest_uv: Uv, project: Path, two_pythons: tuple[str, str]) -> None:
    _, other = two_pythons

    newest_uv("sync", cwd=project, UV_PYTHON=other)
    newest_uv("pip", "install", "alpha", cwd=project, UV_PYTHON=other)

    environment = newest_uv.home(project) / f".venv-{other}"
    assert newest_uv.environments(project) == {environment.name}
    assert (python_of(environment), packages(environment)) == (other, {"alpha": "2.0"})


def test_pip_for_a_version_works_in_the_environment_of_that_version(
    newest_uv: Uv, project: Path, two_pythons: tuple[str, str]
) -> None:
    this, other = two_pythons
    newest_uv("sync", cwd=project)
    early = newest_uv.run("pip", "list", "-p", other, cwd=project)
    newest_uv("pip", "install", "-p", other, "alpha", cwd=project)

    listed = newest_uv("pip", "list", "-p", other, cwd=project)

    assert early.err == (
        f"error: `{project}` has no environment `.venv-{other}` yet\n"
        f"hint: make it with `central-venv create --python {other}` or `central-venv uv sync --python {other}`\n"
    )
    assert "alpha" in listed
    assert set(packages(newest_uv.home(project) / f".venv-{other}")) == {"alpha"}
    assert packages(newest_uv.home(project) / ".venv") == {}
    assert this != other


def test_venv_makes_the_one_of_the_python_that_is_asked_for(
    newest_uv: Uv, project: Path, two_pythons: tuple[str, str]
) -> None:
    _, other = two_pythons

    newest_uv("venv", "-p", other, cwd=project)

    assert python_of(newest_uv.home(project) / f".venv-{other}") == other
    assert not (project / ".venv").exists()


@pytest.mark.parametrize("request_", ["{other}", "python{other}", "cp{compact}", "cpython@{other}", "{path}"])
def test_every_spelling_of_a_python_is_one_environment(
    request_: str, newest_uv: Uv, project: Path, two_pythons: tuple[str, str]
) -> None:
    _, other = two_pythons
    asked = request_.format(other=other, compact=other.replace(".", ""), path=find_pythons()[other])

    newest_uv("run", "-p", asked, "python", "-V", cwd=project)

    assert newest_uv.environments(project) == {f".venv-{other}"}
    assert python_of(newest_uv.home(project) / f".venv-{other}") == other


@posix_only
def test_the_relative_path_of_a_python_is_below_the_directory_that_uv_goes_to(
    newest_uv: Uv, project: Path, two_pythons: tuple[str, str]
) -> None:
    _, other = two_pythons
    write_tree(project, {"sub/file": ""})
    (project / "sub" / "snake").symlink_to(find_pythons()[other])

    newest_uv("run", "--directory", "sub", "-p", "./snake", "python", "-V", cwd=project)

    assert newest_uv.environments(project) == {f".venv-{other}"}
    assert python_of(newest_uv.home(project) / f".venv-{other}") == other


def test_a_project_that_asks_for_another_python_gets_it(uv: Uv, project: Path, two_pythons: tuple[str, str]) -> None:
    _, other = two_pythons
    write_tree(project, {"pyproject.toml": pyproject(python=f"=={other}.*")})

    said = uv.run("run", "python", "-V", cwd=project)

    assert said.out.startswith(f"Python {other}.")
    assert "Removed virtual environment" not in said.err
    assert uv.environments(project) == {".venv"}


@pytest.mark.parametrize("per_python", [False, True])
def test_the_file_of_the_project_names_the_environment_if_that_is_configured(
    per_python: bool,  # noqa: FBT001
    uv: Uv,
    project: Path,
    two_pythons: tuple[str, str],
) -> None:
    _, other = two_pythons
    more = PER_PYTHON if per_python else ""
    write_tree(project, {"pyproject.toml": pyproject(more=more), ".python-version": f"{other}\n"})

    said = uv("run", "python", "-V", cwd=project)

    assert said.startswith(f"Python {other}.")
    assert uv.environments(project) == {f".venv-{other}" if per_python else ".venv"}


def test_a_file_that_names_an_interpreter_is_obeyed_because_the_user_calls_uv(
    uv: Uv, project: Path, two_pythons: tuple[str, str]
) -> None:
    _, other = two_pythons
    write_tree(project, {".python-version": f"{find_pythons()[other]}\n"})

    said = uv.run("run", "python", "-V", cwd=project)

    assert said.out.startswith(f"Python {other}.")
    assert "Removed virtual environment" not in said.err
    assert uv.environments(project) == {".venv"}


def test_a_file_that_names_an_interpreter_names_no_environment(
    newest_uv: Uv, project: Path, two_pythons: tuple[str, str]
) -> None:
    _, other = two_pythons
    files = {"pyproject.toml": pyproject(more=PER_PYTHON), ".python-version": f"{find_pythons()[other]}\n"}
    write_tree(project, files)

    refused = newest_uv.run("sync", cwd=project)

    assert (refused.status, refused.out) == (1, "")
    assert "which is no version" in refused.err
    assert "hint: give a version in `.python-version`, or set `UV_PYTHON` to an interpreter" in refused.err
    interpreter = str(find_pythons()[other])
    assert newest_uv("run", "-p", interpreter, "python", "-V", cwd=project).startswith(f"Python {other}.")
    assert newest_uv("run", "python", "-V", cwd=project, UV_PYTHON=interpreter).startswith(f"Python {other}.")


def test_a_python_that_nobody_has_is_one_clear_error(newest_uv: Uv, project: Path) -> None:
    refused = newest_uv.run("run", "-p", "3.99", "python", "-V", cwd=project)

    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith("error: `uv` could not make the environment: ")
    assert newest_uv.environments(project) == set()


def test_an_environment_that_lost_its_python_is_made_anew(newest_uv: Uv, project: Path) -> None:
    newest_uv("sync", cwd=project)
    python = program(newest_uv.home(project) / ".venv", "python")
    python.unlink()
    python.symlink_to(python.parent / "gone")

    assert newest_uv("run", "python", "-V", cwd=project).startswith(f"Python {MINOR[0]}.")


def test_a_named_environment_keeps_its_name_beside_a_python(
    newest_uv: Uv, project: Path, two_pythons: tuple[str, str]
) -> None:
    _, other = two_pythons
    write_tree(project, {"pyproject.toml": pyproject(more='\n[tool.central-venv]\nname = ".venv-docs"\n')})

    newest_uv("sync", cwd=project)
    newest_uv("sync", "-p", other, cwd=project)

    assert newest_uv.environments(project) == {".venv-docs", f".venv-docs-{other}"}
