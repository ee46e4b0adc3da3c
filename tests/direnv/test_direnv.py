"""`layout central-venv` in an .envrc, with the real direnv."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from support.debian import find_program
from support.trees import listing, write_tree

PYPROJECT = '[project]\nname = "demo"\nversion = "1"\n'


class Direnv:
    """direnv, as far as a shell's prompt uses it."""

    def __init__(self, program: str) -> None:
        self._program = program

    def run(self, *arguments: str, cwd: Path, **variables: str) -> subprocess.CompletedProcess[str]:
        """Run it to its end."""
        environment = {**os.environ, **variables}
        command = [self._program, *arguments]
        return subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)

    def enter(self, directory: Path, **variables: str) -> dict[str, Any]:
        """What a shell sets, or unsets with None, that enters a directory."""
        done = self.run("export", "json", cwd=directory, **variables)
        assert done.returncode == 0, done.stderr
        found: dict[str, Any] = json.loads(done.stdout or "{}")
        return found


@pytest.fixture
def direnv(home: Path) -> Direnv:
    """direnv with the layout."""
    program = find_program("direnv")
    if program is None:
        pytest.skip("there is no `direnv` here, and no archive that has it")
    hook = subprocess.run(["central-venv", "hook", "direnv"], check=True, capture_output=True, text=True).stdout
    write_tree(home / ".config" / "direnv" / "lib", {"central-venv.sh": hook})
    return Direnv(program.path)


def project_with(direnv: Direnv, tmp_path: Path, line: str, name: str = "project") -> Path:
    """A project whose .envrc is allowed."""
    root = write_tree(tmp_path / name, {"pyproject.toml": PYPROJECT, ".envrc": f"{line}\n"})
    assert direnv.run("allow", cwd=root).returncode == 0
    return root


def variables(found: dict[str, Any]) -> dict[str, str]:
    """Those that are set in a shell that entered a directory."""
    return {key: value for key, value in found.items() if value is not None}


def environment_of(project: Path) -> str:
    """Where the store has a project's environment, as the command line says."""
    command = ["central-venv", "path", "--project", str(project)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip("\n")


def make_environment(project: Path) -> Path:
    path = Path(environment_of(project))
    subprocess.run(["uv", "venv", "--quiet", str(path)], check=True, cwd=project)
    return path


def change(path: Path, content: str) -> None:
    """Write a file, at a moment that is not the present one: direnv knows seconds only."""
    write_tree(path.parent, {path.name: content})
    os.utime(path, (9, 9))


def test_without_an_environment_uv_is_told_where_to_make_it(direnv: Direnv, tmp_path: Path, store: Path) -> None:
    project = project_with(direnv, tmp_path, "layout central-venv")

    found = direnv.enter(project)

    assert found["UV_PROJECT_ENVIRONMENT"].startswith(f"{store}/project-")
    assert "VIRTUAL_ENV" not in found
    assert not store.exists()


def test_with_create_the_environment_is_made_and_active(direnv: Direnv, tmp_path: Path) -> None:
    project = project_with(direnv, tmp_path, "layout central-venv --create")

    found = direnv.enter(project)

    assert os.path.exists(f"{found['VIRTUAL_ENV']}/pyvenv.cfg")
    assert found["PATH"].startswith(f"{found['VIRTUAL_ENV']}/bin:")
    assert listing(project) == {"pyproject.toml", ".envrc"}


def test_an_environment_that_comes_is_noticed(direnv: Direnv, tmp_path: Path) -> None:
    project = project_with(direnv, tmp_path, "layout central-venv")
    before = {key: value for key, value in direnv.enter(project).items() if value is not None}
    subprocess.run(["uv", "venv", "--quiet", before["UV_PROJECT_ENVIRONMENT"]], check=True, cwd=project)

    after = direnv.enter(project, **before)

    assert after["VIRTUAL_ENV"] == before["UV_PROJECT_ENVIRONMENT"]


@pytest.mark.parametrize("exported", ["VIRTUAL_ENV", "PATH", "HATCH_DATA_DIR,VIRTUAL_ENV"])
def test_an_environment_that_comes_is_noticed_whatever_is_exported(
    exported: str, direnv: Direnv, tmp_path: Path
) -> None:
    project = project_with(direnv, tmp_path, f"layout central-venv --export {exported}")
    inside = variables(direnv.enter(project))
    make_environment(project)

    after = direnv.enter(project, **inside)

    name = exported.rpartition(",")[2]
    assert environment_of(project) in after[name]


def test_an_environment_that_goes_is_noticed(direnv: Direnv, tmp_path: Path) -> None:
    project = project_with(direnv, tmp_path, "layout central-venv --export VIRTUAL_ENV")
    path = make_environment(project)
    inside = variables(direnv.enter(project))
    shutil.rmtree(path)

    assert direnv.enter(project, **inside)["VIRTUAL_ENV"] is None


def test_where_nothing_changes_nothing_is_done_again(direnv: Direnv, tmp_path: Path) -> None:
    project = project_with(direnv, tmp_path, "layout central-venv")
    inside = variables(direnv.enter(project))

    assert direnv.enter(project, **inside) == {}


@pytest.mark.parametrize("line", ["layout central-venv", "layout central-venv --export UV_PROJECT_ENVIRONMENT"])
def test_a_project_that_is_configured_is_noticed_from_a_directory_in_it(
    line: str, direnv: Direnv, tmp_path: Path
) -> None:
    project = write_tree(tmp_path / "project", {"pyproject.toml": PYPROJECT, ".python-version": "3.12\n"})
    inner = write_tree(project / "src" / "deep", {".envrc": f"{line}\n"})
    assert direnv.run("allow", cwd=inner).returncode == 0
    inside = variables(direnv.enter(inner))
    change(project / "pyproject.toml", f"{PYPROJECT}[tool.central-venv]\nper-python = true\n")

    after = direnv.enter(inner, **inside)

    assert after["UV_PROJECT_ENVIRONMENT"] == f"{inside['UV_PROJECT_ENVIRONMENT']}-3.12"


def test_a_nearer_project_that_comes_is_noticed(direnv: Direnv, tmp_path: Path, store: Path) -> None:
    project = write_tree(tmp_path / "project", {"pyproject.toml": PYPROJECT})
    inner = write_tree(project / "inner", {".envrc": "layout central-venv\n"})
    assert direnv.run("allow", cwd=inner).returncode == 0
    inside = variables(direnv.enter(inner))
    write_tree(inner, {"noxfile.py": ""})

    after = direnv.enter(inner, **inside)

    assert after["UV_PROJECT_ENVIRONMENT"].startswith(f"{store}/inner-")


def test_a_python_that_the_project_asks_for_from_now_on_is_noticed(direnv: Direnv, tmp_path: Path) -> None:
    project = project_with(direnv, tmp_path, "layout central-venv")
    per_python = {"CENTRAL_VENV_PER_PYTHON": "1"}
    inside = variables(direnv.enter(project, **per_python))
    write_tree(project, {".python-version": "3.12\n"})

    after = direnv.enter(project, **inside, **per_python)

    assert after["UV_PROJECT_ENVIRONMENT"].endswith("/.venv-3.12")


@pytest.mark.parametrize("there", [False, True], ids=["comes", "changes"])
@pytest.mark.parametrize("whose", ["home/.config", "site"])
def test_a_configuration_that_comes_or_changes_is_noticed(
    whose: str, there: object, direnv: Direnv, tmp_path: Path
) -> None:
    configuration = tmp_path / whose / "central-venv" / "config.toml"
    project = project_with(direnv, tmp_path, "layout central-venv")
    if there:
        change(configuration, "")
    inside = variables(direnv.enter(project))
    configuration.parent.mkdir(parents=True, exist_ok=True)
    configuration.write_text(f"store = '{tmp_path}/elsewhere'\n")

    after = direnv.enter(project, **inside)

    assert after["UV_PROJECT_ENVIRONMENT"].startswith(f"{tmp_path}/elsewhere/project-")


@pytest.mark.parametrize("name", ["with space", "it's", "日本"])
def test_a_project_of_any_name_is_watched(name: str, direnv: Direnv, tmp_path: Path) -> None:
    project = project_with(direnv, tmp_path, "layout central-venv", name)
    inside = variables(direnv.enter(project))
    make_environment(project)

    assert "VIRTUAL_ENV" in direnv.enter(project, **inside)


def test_a_project_whose_mistake_is_mended_is_activated(direnv: Direnv, tmp_path: Path) -> None:
    project = project_with(direnv, tmp_path, "layout central-venv")
    change(project / "pyproject.toml", f"{PYPROJECT}[tool.central-venv]\nunknown = 1\n")
    failed = direnv.run("export", "json", cwd=project)
    assert "error: unknown key" in failed.stderr
    inside = variables(json.loads(failed.stdout))
    assert "UV_PROJECT_ENVIRONMENT" not in inside
    write_tree(project, {"pyproject.toml": PYPROJECT})

    assert "UV_PROJECT_ENVIRONMENT" in direnv.enter(project, **inside)


@pytest.mark.parametrize("mistake", ["configuration", "project above"])
def test_a_mistake_elsewhere_that_is_mended_is_noticed(
    mistake: str, direnv: Direnv, tmp_path: Path, home: Path
) -> None:
    project = write_tree(tmp_path / "project", {"pyproject.toml": PYPROJECT})
    inner = write_tree(project / "src", {".envrc": "layout central-venv\n"})
    assert direnv.run("allow", cwd=inner).returncode == 0
    wrong, right = {
        "configuration": (home / ".config" / "central-venv" / "config.toml", ""),
        "project above": (project / "pyproject.toml", PYPROJECT),
    }[mistake]
    change(wrong, f"{right}[tool.central-venv]\nunknown = 1\n")
    failed = direnv.run("export", "json", cwd=inner)
    assert "error: unknown key" in failed.stderr
    wrong.write_text(right)

    assert "UV_PROJECT_ENVIRONMENT" in direnv.enter(inner, **variables(json.loads(failed.stdout)))


def test_a_script_that_is_evaluated_again_leaves_the_path_as_it_is(direnv: Direnv, tmp_path: Path) -> None:
    project = project_with(direnv, tmp_path, "layout central-venv --create\nlayout central-venv")

    found = direnv.enter(project)

    assert found["PATH"] == f"{found['VIRTUAL_ENV']}/bin:{os.environ['PATH']}"


def test_leaving_restores_everything(direnv: Direnv, tmp_path: Path) -> None:
    project = project_with(direnv, tmp_path, "layout central-venv --create")
    inside = {key: value for key, value in direnv.enter(project).items() if value is not None}

    left = direnv.enter(tmp_path, **inside)

    assert (left["VIRTUAL_ENV"], left["UV_PROJECT_ENVIRONMENT"]) == (None, None)
    assert left["PATH"] == os.environ["PATH"]


@pytest.mark.parametrize("name", ["with space", "quo'te", "semi;colon", "日本語"])  # of others direnv makes commands
def test_a_project_of_any_name_that_direnv_can_enter_is_activated(name: str, direnv: Direnv, tmp_path: Path) -> None:
    project = project_with(direnv, tmp_path, "layout central-venv --create", name)

    assert "VIRTUAL_ENV" in direnv.enter(project)


def test_nothing_in_the_path_of_the_store_is_executed(direnv: Direnv, tmp_path: Path) -> None:
    project = project_with(direnv, tmp_path, "layout central-venv --create")
    store = tmp_path / "a 'store' `touch pwned`"

    found = direnv.enter(project, CENTRAL_VENV_HOME=str(store))

    assert found["VIRTUAL_ENV"].startswith(str(store))
    assert not list(tmp_path.rglob("pwned"))


def test_turned_off_is_one_clear_error(direnv: Direnv, tmp_path: Path) -> None:
    project = project_with(direnv, tmp_path, "layout central-venv")

    done = direnv.run("export", "json", cwd=project, CENTRAL_VENV="0")

    assert "error: central environments are turned off" in done.stderr
    assert "UV_PROJECT_ENVIRONMENT" not in done.stdout
