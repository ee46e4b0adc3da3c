"""Which project is meant by what people call it."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, NoReturn

import pytest
from central_venv import Home, Store
from central_venv.cli.activate import LOADING
from central_venv.project_environment.shell import QUOTED
from support.environments import write_environment
from support.trees import write_tree

from .conftest import environment_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.commands import Runner, Said

    Projects = Callable[..., Path]
    Shared = Callable[[str], Path]


def meant(said: Said) -> str:
    """The environment that is activated."""
    assert (said.status, said.err) == (0, "")
    return str(said.out).split("' '")[1]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("api", "work/api"),
        ("API", "work/api"),
        ("work/api", "work/api"),
        ("ork/ap", "work/api"),
        ("web", "web"),
        ("ui/", "web-ui"),
        ("projects/web", "web"),
    ],
)
def test_a_project_is_found_by_its_name_or_a_part_of_its_path(
    name: str, expected: str, run: Runner, make_project: Projects, store: Path
) -> None:
    roots = {each: make_project(each) for each in ("work/api", "web", "web-ui")}

    assert meant(run("activate", "--shell", "bash", name)) == environment_of(roots[expected], store)


def test_a_project_is_found_by_its_directory_and_by_its_home(
    run: Runner, make_project: Projects, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_project("one/api")
    make_project("two/api")
    monkeypatch.chdir(root.parent)

    for name in (str(root), "api", "./api", os.path.basename(Home(Store(str(store)), str(root)).path)):
        assert meant(run("activate", "--shell", "bash", name)) == environment_of(root, store)


def test_the_name_in_its_own_case_goes_before_another_case(run: Runner, make_project: Projects, store: Path) -> None:
    make_project("one/API")
    root = make_project("two/Api")

    assert meant(run("activate", "--shell", "bash", "Api")) == environment_of(root, store)
    assert run("activate", "--shell", "bash", "api").status == 1


def test_a_name_that_means_several_projects_lists_them(run: Runner, make_project: Projects) -> None:
    roots = [make_project(name) for name in ("one/api", "two/a\npi", "two/api")]

    said = run("activate", "--shell", "bash", "api")

    assert (said.status, said.out) == (1, "")
    assert said.err.splitlines() == [
        "error: `api` can be any of 2 projects",
        "hint: give more of the path of one of them",
        f"  {roots[0]}",
        f"  {roots[2]}",
    ]


def test_what_is_listed_forges_no_line(run: Runner, make_project: Projects) -> None:
    make_project("one\nerror: /api")
    make_project("two/api")

    said = run("activate", "--shell", "bash", "api")

    assert len(said.err.splitlines()) == 4
    assert "one\\nerror: /api" in said.err


def test_a_project_that_is_gone_is_not_meant(run: Runner, make_project: Projects, store: Path) -> None:
    root = make_project("one/api")
    gone = make_project("two/api")
    gone.rename(gone.parent / "moved")

    assert meant(run("activate", "--shell", "bash", "api")) == environment_of(root, store)
    assert run("activate", "--shell", "bash", "two").status == 1


@pytest.mark.parametrize("name", ["zebra", "", "no/such/path"])
def test_a_name_that_means_nothing_is_an_error(name: str, run: Runner, make_project: Projects, store: Path) -> None:
    make_project("api")

    said = run("activate", "--shell", "bash", name)

    assert (said.status, said.out) == (1, "")
    assert said.err.splitlines() == [
        f"error: the store `{store}` knows no project `{name}`",
        "hint: `central-venv list` shows those that it knows",
    ]


def test_a_project_that_uv_made_its_environment_for_is_found_by_its_directory(
    run: Runner, base: Path, store: Path
) -> None:
    root = write_tree(base / "api", {"pyproject.toml": ""})
    path = environment_of(root, store)
    write_environment(type(base)(path))

    assert meant(run("activate", "--shell", "bash", str(root))) == path


def test_without_an_environment_the_hint_makes_it(run: Runner, base: Path, make_project: Projects) -> None:
    root = make_project("with space", ".venv", ".venv-3.12")

    said = run("activate", "--shell", "bash", "with space", "--python", "3.13")

    assert (said.status, said.out) == (1, "")
    assert said.err.splitlines() == [
        f"error: `{root}` has no environment `.venv-3.13`",
        f"hint: make it with `central-venv create --project '{root}' --python 3.13`; it has `.venv`, `.venv-3.12`",
    ]


def test_the_python_of_uv_chooses_the_environment(
    run: Runner, make_project: Projects, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = make_project("api", ".venv", ".venv-3.12")
    monkeypatch.setenv("UV_PYTHON", "3.12")

    assert meant(run("activate", "--shell", "bash", "api")) == environment_of(root, store, ".venv-3.12")


def test_the_python_of_uv_that_has_none_is_an_error_though_there_is_another_one(
    run: Runner, make_project: Projects, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_project("api")
    monkeypatch.setenv("UV_PYTHON", "3.13")

    said = run("activate", "--shell", "bash", "api")

    assert said.status == 1
    assert "no environment `.venv-3.13`" in said.err
    assert said.err.endswith("; it has `.venv`\n")


def test_a_shared_environment_that_a_project_uses_is_activated_with_it(
    run: Runner, make_project: Projects, make_shared: Shared, store: Path
) -> None:
    root = make_project("api")
    path = make_shared("@torch")
    Home(Store(str(store)), str(root)).share("@torch")

    said = run("activate", "--shell", "bash", "api")

    assert meant(said) == str(path)
    assert said.out.startswith(f"_central_venv_activate '{root}/' ")


def test_a_shared_environment_whose_use_cannot_be_noted_is_activated_all_the_same(
    run: Runner, make_shared: Shared, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, *_: object, **__: object) -> NoReturn:
        raise PermissionError(13, "Permission denied", path)

    path = make_shared("@torch")
    os.utime(Store(str(store)).shared_environment("@torch").record_path, (9, 9))
    monkeypatch.setattr(os, "utime", refuse)

    assert meant(run("activate", "--shell", "bash", "@torch")) == str(path)


def test_a_shared_environment_that_is_not_there_is_an_error(run: Runner) -> None:
    said = run("activate", "--shell", "bash", "@torch")

    assert (said.status, said.out) == (1, "")
    assert said.err == "error: there is no environment `@torch`\nhint: make it with `central-venv create @torch`\n"


def test_a_name_that_no_shared_environment_can_have_is_an_error(run: Runner) -> None:
    assert "cannot be the name of a shared environment" in run("activate", "--shell", "bash", "@../x").err


def test_a_python_goes_without_a_shared_environment(run: Runner) -> None:
    assert run("activate", "--shell", "bash", "@torch", "--python", "3.12").status == 2


def test_a_project_for_which_central_environments_are_off_is_an_error(run: Runner, make_project: Projects) -> None:
    write_tree(make_project("api"), {"pyproject.toml": "[tool.central-venv]\nenabled = false\n"})

    assert "turned off" in run("activate", "--shell", "bash", "api").err


@pytest.mark.parametrize(("shell", "line"), [("/bin/bash", "bash"), ("/usr/bin/fish", "fish"), ("/bin/ksh", "bash")])
def test_without_its_hook_the_hint_tells_how_to_load_it(
    shell: str, line: str, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SHELL", shell)

    said = run("activate", "api")

    assert (said.status, said.out) == (1, "")
    assert f"`{LOADING[line]}`" in said.err


def test_activation_notes_the_use(run: Runner, make_project: Projects, store: Path) -> None:
    root = make_project("api")
    record = Home(Store(str(store)), str(root)).environment("project", ".venv").record_path
    os.utime(record, (9, 9))

    run("activate", "--shell", "bash", "api")

    assert os.stat(record).st_mtime > 9


@pytest.mark.parametrize("shell", QUOTED)
def test_each_shell_has_a_hook(shell: str, run: Runner) -> None:
    said = run("hook", shell)

    assert LOADING[shell] in said.out
    assert said.out.isascii()
    assert "\r" not in said.out
