"""Selections of packages, extras and groups: shared with everything else as uv does it, or each on its own."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.trees import write_tree
from support.uv import PROGRAMS, WHERE, packages, pyproject

if TYPE_CHECKING:
    from pathlib import Path

    from support.uv import Uv

ISOLATED = "--isolated-selection"
TRUE = "\n[tool.central-venv]\nisolated-selection = true\n"

ROOT = """
[dependency-groups]
dev = ["gamma"]
[tool.uv.workspace]
members = ["packages/*"]
"""
BERT = """
[project.optional-dependencies]
torch = ["beta"]
My_Extra = ["gamma"]
"""
CONFLICTING = """
[project.optional-dependencies]
old = ["alpha==1.0"]
new = ["alpha==2.0"]
[tool.uv]
conflicts = [[{ extra = "old" }, { extra = "new" }]]
"""


@pytest.fixture
def workspace(project: Path) -> Path:
    """A workspace with two members."""
    return write_tree(
        project,
        {
            "pyproject.toml": pyproject(more=ROOT),
            "packages/bert/pyproject.toml": pyproject("bert", "alpha", more=BERT),
            "packages/tail/pyproject.toml": pyproject("tail", "alpha"),
        },
    )


def test_members_share_the_environment_of_the_root(uv: Uv, workspace: Path) -> None:
    said = {
        uv("run", *WHERE, cwd=directory)
        for directory in (workspace, workspace / "packages" / "bert", workspace / "packages" / "tail")
    }

    assert said == {f"{uv.home(workspace) / '.venv'}\n"}
    assert uv.environments(workspace) == {".venv"}


def test_a_selection_has_an_environment_of_its_own_with_nothing_else_in_it(uv: Uv, workspace: Path) -> None:
    uv("sync", "--all-packages", "--all-extras", cwd=workspace)
    selected = ("--package", "bert", "--extra", "torch")

    said = uv(ISOLATED, "run", *selected, *WHERE, cwd=workspace)
    again = uv.run(ISOLATED, "run", *selected, *WHERE, cwd=workspace)

    environment = uv.home(workspace) / ".venv+extra.torch+package.bert"
    assert said == again.out == f"{environment}\n"
    assert again.err == ""
    assert set(packages(environment)) == {"alpha", "beta"}
    assert set(packages(uv.home(workspace) / ".venv")) == {"alpha", "beta", "gamma"}


@pytest.mark.parametrize("way", ["option", "variable", "project", "user"])
def test_it_is_asked_for_in_each_way(way: str, newest_uv: Uv, workspace: Path, home: Path) -> None:
    options = [ISOLATED] if way == "option" else []
    variables = {"CENTRAL_VENV_ISOLATED_SELECTION": "1"} if way == "variable" else {}
    if way == "project":
        write_tree(workspace, {"pyproject.toml": pyproject(more=ROOT + TRUE)})
    elif way == "user":
        for place in (".config/central-venv", "Library/Application Support/central-venv", "LOCALAPPDATA/central-venv"):
            write_tree(home / place, {"config.toml": "isolated-selection = true\n"})

    newest_uv(*options, "sync", "--extra", "torch", "--package", "bert", cwd=workspace, **variables)

    assert newest_uv.environments(workspace) == {".venv+extra.torch+package.bert"}


def test_without_it_a_selection_shares_the_environment(uv: Uv, workspace: Path) -> None:
    uv("run", "--package", "bert", "--extra", "torch", "python", "-V", cwd=workspace)

    assert uv.environments(workspace) == {".venv"}


@pytest.mark.parametrize(
    "spelling",
    [
        ["--package", "bert", "--extra", "my-extra", "--extra", "torch"],
        ["--extra", "torch", "--extra", "My.Extra", "--package", "bert"],
        ["--extra=torch,my_extra", "--package=Bert"],
        ["--extra", "My_Extra,torch", "--extra=torch", "--package", "bert"],
    ],
    ids=" ".join,
)
def test_order_and_spelling_do_not_matter(spelling: list[str], newest_uv: Uv, workspace: Path) -> None:
    newest_uv(ISOLATED, "run", *spelling, "python", "-V", cwd=workspace)

    assert newest_uv.environments(workspace) == {".venv+extra.my-extra+extra.torch+package.bert"}


def test_the_member_that_uv_works_in_is_selected(newest_uv: Uv, workspace: Path) -> None:
    bert = workspace / "packages" / "bert"

    newest_uv(ISOLATED, "run", "--extra", "torch", "python", "-V", cwd=bert)
    newest_uv(ISOLATED, "run", "--extra", "torch", "--package", "bert", "python", "-V", cwd=workspace)
    newest_uv(ISOLATED, "run", "python", "-V", cwd=workspace / "packages" / "tail")
    newest_uv(ISOLATED, "--project", str(bert), "sync", cwd=workspace)

    assert newest_uv.environments(workspace) == {
        ".venv+extra.torch+package.bert",
        ".venv+package.bert",
        ".venv+package.tail",
    }


def test_what_is_no_longer_needed_is_gone_at_the_next_run(uv: Uv, project: Path) -> None:
    extras = "\n[project.optional-dependencies]\ntorch = [{}]\n"
    environment = uv.home(project) / ".venv+extra.torch"
    write_tree(project, {"pyproject.toml": pyproject(more=extras.format('"alpha", "beta"'))})
    uv(ISOLATED, "run", "--extra", "torch", "python", "-V", cwd=project)
    assert set(packages(environment)) == {"alpha", "beta"}

    write_tree(project, {"pyproject.toml": pyproject(more=extras.format('"alpha"'))})
    uv(ISOLATED, "run", "--extra", "torch", "python", "-V", cwd=project)

    assert set(packages(environment)) == {"alpha"}


def test_conflicting_extras_live_side_by_side(uv: Uv, project: Path) -> None:
    write_tree(project, {"pyproject.toml": pyproject(more=CONFLICTING)})
    for _ in range(2):
        for extra in ("old", "new"):
            uv(ISOLATED, "run", "--extra", extra, "python", "-c", "import alpha", cwd=project)
    again = uv.run(ISOLATED, "run", "--extra", "old", "python", "-c", "import alpha; print(alpha.VERSION)", cwd=project)

    assert (again.out, again.err) == ("1.0\n", "")
    assert packages(uv.home(project) / ".venv+extra.old") == {"alpha": "1.0"}
    assert packages(uv.home(project) / ".venv+extra.new") == {"alpha": "2.0"}


def test_groups_and_variables_select_too(newest_uv: Uv, workspace: Path) -> None:
    newest_uv(ISOLATED, "sync", "--only-group", "dev", cwd=workspace)
    newest_uv(ISOLATED, "run", "python", "-V", cwd=workspace, UV_NO_DEV="1")
    newest_uv(ISOLATED, "sync", cwd=workspace)

    home = newest_uv.home(workspace)
    assert newest_uv.environments(workspace) == {".venv", ".venv+no-group.dev", ".venv+only-group.dev"}
    assert [set(packages(home / f".venv{each}")) for each in ("", "+no-group.dev", "+only-group.dev")] == [
        {"gamma"},
        set(),
        {"gamma"},
    ]


def test_whoever_asks_for_an_inexact_run_gets_it(newest_uv: Uv, workspace: Path) -> None:
    environment = newest_uv.home(workspace) / ".venv+package.tail"
    run = (ISOLATED, "run", "--package", "tail", "--inexact", "python", "-V")
    newest_uv(*run, cwd=workspace)
    assert newest_uv.alone("pip", "install", "--python", environment, "beta", cwd=workspace).status == 0

    newest_uv(*run, cwd=workspace)

    assert set(packages(environment)) >= {"alpha", "beta"}


def test_a_python_and_a_selection_name_an_environment_together(
    newest_uv: Uv, workspace: Path, two_pythons: tuple[str, str]
) -> None:
    _, other = two_pythons

    newest_uv(ISOLATED, "run", "-p", other, "--package", "bert", "python", "-V", cwd=workspace)

    assert newest_uv.environments(workspace) == {f".venv-{other}+package.bert"}


def test_a_selection_does_not_empty_an_environment_that_projects_share(newest_uv: Uv, workspace: Path) -> None:
    for words in (["create", "@team"], ["use", "@team"]):
        assert PROGRAMS.run("central-venv", *words, cwd=workspace).status == 0
    newest_uv("pip", "install", "gamma==1.0", cwd=workspace)

    newest_uv(ISOLATED, "run", "--package", "tail", "python", "-V", cwd=workspace)

    assert packages(newest_uv.store / "@team").get("gamma") is not None
    assert newest_uv.environments(workspace) == set()


def test_the_name_can_be_given_to_other_commands(newest_uv: Uv, workspace: Path) -> None:
    newest_uv(ISOLATED, "sync", "--package", "bert", cwd=workspace)

    ran = PROGRAMS.run("central-venv", "run", "--env", ".venv+package.bert", *WHERE, cwd=workspace)
    removed = PROGRAMS.run("central-venv", "remove", "--yes", ".venv+package.bert", cwd=workspace)

    assert ran.out == f"{newest_uv.home(workspace) / '.venv+package.bert'}\n"
    assert removed.status == 0
    assert newest_uv.environments(workspace) == set()
