"""Which environment of a project is meant."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from central_venv.errors import EnvironmentNameError, PythonRequestError
from central_venv.policy.settings import load_settings
from central_venv.project_environment.choice import choose
from support.environments import write_environment
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from central_venv import Home
    from central_venv.project_environment.choice import Choice

MINOR = ".".join(map(str, sys.version_info[:2]))


def chosen(home: Home, **asked: str | None) -> Choice:
    return choose(home, load_settings(home.root), **asked)  # type: ignore[arg-type]  # each takes some text


@pytest.fixture
def shared(home_of: Home) -> str:
    """An environment that the project uses together with others."""
    home_of.prepare()
    environment = home_of.store.shared_environment("@torch")
    environment.claim("@torch", on_wait=lambda _: None)
    write_environment(type_of(home_of)(environment.path))
    environment.seal()
    environment.release()
    home_of.share("@torch")
    return "@torch"


def type_of(_: Home) -> type[Path]:
    import pathlib

    return pathlib.Path


@pytest.mark.parametrize(
    ("files", "variables", "asked", "directory"),
    [
        pytest.param("", {}, {}, ".venv", id="the default one"),
        pytest.param("", {}, {"env": ".venv-docs"}, ".venv-docs", id="by its name"),
        pytest.param("", {}, {"python": "3.12"}, ".venv-3.12", id="by its Python"),
        pytest.param("", {"UV_PYTHON": "3.13"}, {}, ".venv-3.13", id="by the variable"),
        pytest.param("", {"UV_PYTHON": "3.13"}, {"python": "3.12"}, ".venv-3.12", id="the option wins"),
        pytest.param("", {"UV_PYTHON": "3.13"}, {"python": ""}, ".venv", id="the variable left aside"),
        pytest.param("", {"UV_PYTHON": ""}, {}, ".venv", id="an empty variable"),
        pytest.param("", {"UV_PYTHON": "3.13"}, {"env": ".venv-docs"}, ".venv-docs", id="the name wins"),
        pytest.param("", {}, {"selection": "+extra.a"}, ".venv+extra.a", id="a selection"),
        pytest.param("", {}, {"selection": "+extra.a", "python": "3.12"}, ".venv-3.12+extra.a", id="both"),
        pytest.param("name = '.venv-x'", {}, {}, ".venv-x", id="a configured name"),
        pytest.param("name = '.venv-x'", {}, {"python": "3.12"}, ".venv-x-3.12", id="that with a Python"),
        pytest.param("per-python = true", {}, {}, ".venv-3.11", id="the file, if configured"),
        pytest.param("per-python = true", {"UV_PYTHON": "3.13"}, {}, ".venv-3.13", id="the variable before the file"),
        pytest.param("per-python = true", {"UV_PYTHON": "3.13"}, {"python": ""}, ".venv-3.11", id="the file behind it"),
    ],
)
def test_the_first_that_says_something_wins(  # noqa: PLR0913, PLR0917
    files: str,
    variables: dict[str, str],
    asked: dict[str, str],
    directory: str,
    home_of: Home,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_tree(project, {"pyproject.toml": f"[tool.central-venv]\n{files}\n", ".python-version": "3.11\n"})
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    choice = chosen(home_of, **asked)

    assert (choice.directory, choice.path) == (directory, os.path.join(home_of.path, directory))
    assert choice.environment.path == choice.path
    assert not choice.is_shared


@pytest.mark.parametrize(
    ("variables", "asked", "directory"),
    [
        ({}, {}, "@torch"),
        ({"UV_PYTHON": "3.13"}, {}, "@torch"),
        ({}, {"selection": "+extra.a"}, "@torch"),
        ({}, {"python": ""}, "@torch"),
        ({}, {"python": "3.12"}, ".venv-3.12"),
        ({}, {"env": ".venv"}, ".venv"),
    ],
)
def test_a_project_uses_what_it_shares_unless_something_else_is_asked_for(
    variables: dict[str, str],
    asked: dict[str, str],
    directory: str,
    home_of: Home,
    shared: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    choice = chosen(home_of, **asked)

    assert choice.directory == directory
    assert choice.is_shared == (directory == shared)
    assert choice.environment.path == choice.path


def test_a_shared_one_can_be_named(home_of: Home) -> None:
    choice = chosen(home_of, env="@torch")

    assert choice.path == os.path.join(home_of.store.path, "@torch")


@pytest.mark.parametrize("name", ["docs", "..", ".venv/x", "@", "@../x", ""])
def test_what_can_be_no_name_is_an_error(name: str, home_of: Home) -> None:
    with pytest.raises(EnvironmentNameError):
        assert chosen(home_of, env=name).path


@pytest.mark.parametrize(
    ("variables", "asked", "python"),
    [
        ({}, {"python": "3.12"}, "3.12"),
        ({"UV_PYTHON": "3.13"}, {}, "3.13"),
        ({}, {}, None),
    ],
)
def test_only_the_user_is_asked_for_a_python(
    variables: dict[str, str],
    asked: dict[str, str],
    python: str | None,
    home_of: Home,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    write_tree(project, {"pyproject.toml": "[tool.central-venv]\nper-python = true\n", ".python-version": "3.11\n"})
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert chosen(home_of, **asked).asked == python


def test_the_path_of_a_python_is_run_only_for_the_user(
    home_of: Home, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(
        project, {"pyproject.toml": "[tool.central-venv]\nper-python = true\n", ".python-version": sys.executable}
    )

    with pytest.raises(PythonRequestError, match="which is no version"):
        chosen(home_of)

    assert chosen(home_of, python=sys.executable).directory == f".venv-{MINOR}"
    monkeypatch.setenv("UV_PYTHON", sys.executable)
    assert chosen(home_of).directory == f".venv-{MINOR}"


def test_the_python_of_an_environment_in_the_store_is_none_that_the_user_asks_for(
    home_of: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PYTHON", os.path.join(home_of.store.path, "@torch", "bin", "python"))

    assert chosen(home_of).directory == ".venv"


def test_to_choose_writes_nothing(home_of: Home, store: Path) -> None:
    chosen(home_of, python="3.12")

    assert not store.exists()
