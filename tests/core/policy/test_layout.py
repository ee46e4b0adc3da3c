"""What lies where in a home."""

from __future__ import annotations

import os
import sys

import pytest
from central_venv.errors import EnvironmentNameError
from central_venv.policy import layout

HOME = "C:\\store\\foo" if sys.platform == "win32" else "/store/foo"
SEP = os.sep


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        (layout.project_record_path(HOME), "project.json"),
        (layout.runner_directory(HOME, "tox"), ".tox"),
        (layout.environment_path(HOME, "tox", "py312"), ".tox/py312"),
        (layout.environment_path(HOME, "project", ".venv-3.12"), ".venv-3.12"),
        (layout.environment_record_path(HOME, "tox", "py312"), ".central-venv/tox/py312.json"),
        (layout.environment_record_path(HOME, "project", ".venv"), ".central-venv/project/.venv.json"),
        (layout.environment_lock_path(HOME, "tox", "py312"), ".central-venv/tox/py312.lock"),
        (layout.home_lock_path(HOME), ".central-venv/home.lock"),
        (layout.environment_uses_path(HOME, "tox", "py312"), ".central-venv/tox/py312.uses"),
    ],
    ids=lambda value: value.removeprefix(HOME),
)
def test_the_layout_of_a_home(found: str, expected: str) -> None:
    assert found == f"{HOME}{SEP}{expected.replace('/', SEP)}"


def test_what_is_being_deleted_lies_in_the_store() -> None:
    assert layout.trash_directory(HOME) == f"{HOME}{SEP}.trash"


def test_project_environments_lie_in_the_home_itself() -> None:
    assert layout.runner_directory(HOME, "project") == HOME


@pytest.mark.parametrize("name", ["", ".", "..", "a/b", "/a", "a/", "../up", "a\0b"])
def test_what_cannot_be_a_directory_is_no_name(name: str) -> None:
    with pytest.raises(EnvironmentNameError) as runner:
        layout.runner_directory(HOME, name)
    with pytest.raises(EnvironmentNameError) as environment:
        layout.environment_path(HOME, "tox", name)

    assert runner.value.message == f"{name!r} cannot be the name of a directory, so it is no runner"
    assert environment.value.message == f"{name!r} cannot be the name of a directory, so it is no environment"
    assert environment.value.hint == (
        "name the environment without slashes; `central-venv list` shows those that there are"
    )


@pytest.mark.parametrize("name", ["...", ".hidden", "a b", "a\nb", "-a", "é", "{envname}"])
def test_every_other_name_is_one(name: str) -> None:
    assert layout.environment_path(HOME, "tox", name) == SEP.join([HOME, ".tox", name])


@pytest.mark.parametrize(
    ("name", "runner"),
    [
        (".tox", "tox"),
        (".nox", "nox"),
        (".a b", "a b"),
        (".central-venv", None),
        (".venv", None),
        (".venv-3.12", None),
        ("tox", None),
        ("project.json", None),
    ],
)
def test_the_runner_of_a_directory(name: str, runner: str | None) -> None:
    assert layout.runner_of(name) == runner


@pytest.mark.parametrize("runner", ["venv", "venv-3.12", "central-venv"])
def test_a_runner_whose_directory_is_taken_is_refused(runner: str) -> None:
    with pytest.raises(EnvironmentNameError):
        layout.runner_directory("/store/foo", runner)


@pytest.mark.parametrize("directory", [".tox", ".central-venv", "project.json", "foo", f".venv-a{os.pathsep}b"])
def test_a_project_environment_has_the_name_of_one(directory: str) -> None:
    with pytest.raises(EnvironmentNameError):
        layout.environment_path("/store/foo", "project", directory)


@pytest.mark.parametrize(
    ("runner", "name", "expected"),
    [
        ("hatch", "env", True),
        ("hatch", "default", False),
        ("hatch", "environment", False),
        ("hatch", "Env", False),
        ("tox", "env", False),
        ("project", "env", False),
    ],
)
def test_only_hatch_nests_environments_and_only_in_one_directory(
    runner: str,
    name: str,
    expected: bool,  # noqa: FBT001
) -> None:
    assert layout.is_data_directory(runner, name) is expected
