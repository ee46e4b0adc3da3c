"""What a command of uv must not change, whatever variables and files say."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.hosts import finish, read_until
from support.trees import write_tree
from support.uv import PROGRAMS, WHERE, packages, pyproject, python_of

if TYPE_CHECKING:
    from pathlib import Path

    from support.uv import Uv

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="shells are POSIX")


def make_shared(uv: Uv, python: str, *users: Path) -> Path:
    """An environment that projects share."""
    assert PROGRAMS.run("central-venv", "create", "@torch", "--python", python, cwd=users[0]).status == 0
    for root in users:
        assert PROGRAMS.run("central-venv", "use", "@torch", cwd=root).status == 0
    return uv.store / "@torch"


@pytest.mark.parametrize("arguments", [["version", "--bump", "patch"], ["run", "python", "-c", "pass"], ["sync"]])
def test_a_shared_environment_keeps_its_python_whatever_the_project_asks_for(
    arguments: list[str], newest_uv: Uv, project: Path, two_pythons: tuple[str, str]
) -> None:
    this, other = two_pythons
    torch = make_shared(newest_uv, this, project)
    write_tree(project, {".python-version": other})
    marker = write_tree(torch, {"kept": ""}) / "kept"

    newest_uv(*arguments, cwd=project)

    assert python_of(torch) == this
    assert marker.exists()


@posix_only
def test_a_command_in_a_shared_environment_leaves_that_of_another_project_alone(
    newest_uv: Uv, base: Path, project: Path, two_pythons: tuple[str, str]
) -> None:
    this, other = two_pythons
    make_shared(newest_uv, this, project)
    root = write_tree(base / "other", {"pyproject.toml": pyproject("other"), ".python-version": other})
    newest_uv("sync", cwd=root)

    said = PROGRAMS.run("central-venv", "run", "sh", "-c", f"cd '{root}' && central-venv uv sync", cwd=project)

    assert said.status == 0, said.text
    assert newest_uv.environments(root) == {".venv"}
    assert python_of(newest_uv.home(root) / ".venv") == other


def test_an_interpreter_in_a_variable_is_not_what_pip_changes(newest_uv: Uv, base: Path, project: Path) -> None:
    newest_uv.alone("venv", base / "elsewhere", cwd=base)
    interpreter = base / "elsewhere" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")

    newest_uv("pip", "install", "alpha", cwd=project, UV_PYTHON=str(interpreter))

    assert packages(base / "elsewhere") == {}
    (environment,) = newest_uv.environments(project)
    assert set(packages(newest_uv.home(project) / environment)) == {"alpha"}


def test_an_interpreter_in_a_variable_is_not_what_pip_tells_of(newest_uv: Uv, base: Path, project: Path) -> None:
    newest_uv.alone("venv", base / "elsewhere", cwd=base)
    interpreter = base / "elsewhere" / ("Scripts/python.exe" if os.name == "nt" else "bin/python")
    newest_uv("pip", "install", "alpha", cwd=project, UV_PYTHON=str(interpreter))

    said = newest_uv.run("pip", "install", "--dry-run", "alpha", cwd=project, UV_PYTHON=str(interpreter))

    assert "Would make no changes" in said.err


@posix_only
def test_what_is_in_use_is_not_made_anew_under_it(newest_uv: Uv, project: Path, two_pythons: tuple[str, str]) -> None:
    this, other = two_pythons
    newest_uv("sync", "--quiet", cwd=write_tree(project, {".python-version": this}))
    process = PROGRAMS.start("central-venv", "run", "sh", "-c", "echo ready; exec sleep 60", cwd=project)
    read_until(process, "ready")
    write_tree(project, {".python-version": other})

    newest_uv("sync", cwd=project)

    assert python_of(newest_uv.home(project) / ".venv") == this
    process.terminate()
    finish(process)


@pytest.mark.parametrize("marker", ["noxfile.py", "tox.ini", "setup.cfg"])
def test_for_uv_only_a_pyproject_makes_a_project(marker: str, newest_uv: Uv, project: Path) -> None:
    inner = write_tree(project / "examples", {marker: ""})

    said = newest_uv("run", *WHERE, cwd=inner)

    assert said.rstrip("\n") == str(newest_uv.home(project) / ".venv")


def test_a_chosen_environment_may_be_called_like_one_of_ours(newest_uv: Uv, base: Path, project: Path) -> None:
    chosen = base / "run-20240101" / ".venv"

    newest_uv("sync", cwd=project, UV_PROJECT_ENVIRONMENT=str(chosen))

    assert (chosen / "pyvenv.cfg").exists()
    assert newest_uv.environments(project) == set()


@pytest.mark.parametrize("command", ["uninstall", "list", "freeze", "show"])
def test_without_an_environment_pip_takes_no_other_one(command: str, newest_uv: Uv, project: Path) -> None:
    newest_uv.alone("venv", cwd=project)
    newest_uv.alone("pip", "install", "alpha", cwd=project)

    said = newest_uv.run("pip", command, *(["alpha"] if command in {"uninstall", "show"} else []), cwd=project)

    assert said.status == 1
    assert f"`{project}` has no environment `.venv` yet" in said.err
    assert set(packages(project / ".venv")) == {"alpha"}


def test_a_frozen_project_leaves_a_shared_environment(newest_uv: Uv, base: Path) -> None:
    root = write_tree(base / "project", {"pyproject.toml": pyproject("project", "alpha")})
    torch = make_shared(newest_uv, f"{sys.version_info.major}.{sys.version_info.minor}", root)
    newest_uv("sync", cwd=root)

    newest_uv("remove", "--frozen", "alpha", cwd=root)

    assert set(packages(torch)) == {"alpha"}


def test_pip_does_not_synchronize_what_is_shared(newest_uv: Uv, project: Path) -> None:
    make_shared(newest_uv, f"{sys.version_info.major}.{sys.version_info.minor}", project)
    write_tree(project, {"requirements.txt": "alpha\n"})

    said = newest_uv.run("pip", "sync", "requirements.txt", cwd=project)

    assert said.status == 1
    assert "hint: `central-venv uv pip install -r` adds what this one needs" in said.err


@posix_only
def test_a_script_that_opens_files_keeps_the_environment_from_removal(newest_uv: Uv, project: Path) -> None:
    newest_uv("sync", cwd=project)
    process = PROGRAMS.start(
        "central-venv", "run", "bash", "-c", "exec 3>/dev/null; echo ready; exec sleep 60", cwd=project
    )
    read_until(process, "ready")

    said = PROGRAMS.run("central-venv", "remove", ".venv", "--yes", cwd=project)

    assert said.status == 1
    assert "in use" in said.err
    process.terminate()
    finish(process)


@posix_only
def test_a_range_is_no_program(base: Path) -> None:
    root = write_tree(
        base / "evil",
        {
            "pyproject.toml": "[tool.central-venv]\nper-python = true\n",
            ".python-version": ">=3.10\n",
            ">=3.10": f"#!/bin/sh\ntouch '{base}/ran'\n",
        },
    )
    (root / ">=3.10").chmod(0o755)

    subprocess.run(
        [PROGRAMS.program("central-venv"), "path"],
        cwd=root,
        env={**os.environ, "PATH": os.pathsep.join(["", os.environ["PATH"]])},
        check=False,
        capture_output=True,
    )

    assert not (base / "ran").exists()
