"""The user's own `UV_PROJECT_ENVIRONMENT`: one answer for all commands, and nothing of it is the store's."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from central_venv.store.venv import programs_directory
from support.environments import seal, write_environment
from support.trees import contents, write_tree
from support.uv import PROGRAMS, WHERE

if TYPE_CHECKING:
    from pathlib import Path

    from central_venv import Home
    from support.commands import Runner

VARIABLE = "UV_PROJECT_ENVIRONMENT"

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="the answer is for a POSIX shell")


@pytest.fixture
def own(here: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the user's variable puts the environment; nothing is there yet."""
    assert here.exists()
    monkeypatch.setenv(VARIABLE, str(base / "own"))
    return base / "own"


@pytest.fixture
def made(own: Path) -> Path:
    """The same, with an environment."""
    return write_environment(own)


# which one is meant


def test_the_path_is_the_users(own: Path, store: Path, run: Runner) -> None:
    assert run("path").out == f"{own}\n"
    assert not store.exists()


@pytest.mark.parametrize("told", ["own", "./own/", "inner/../own"])
def test_a_relative_path_starts_at_the_root(
    told: str, here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, told)
    (here / "src").mkdir()
    monkeypatch.chdir(here / "src")

    assert run("path").out == f"{here / 'own'}\n"


def test_a_relative_path_starts_at_the_root_of_the_workspace(
    here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(
        here,
        {"pyproject.toml": "[tool.uv.workspace]\nmembers = ['member']\n", "member/pyproject.toml": "[project]\n"},
    )
    monkeypatch.setenv(VARIABLE, "own")
    monkeypatch.chdir(here / "member")

    assert run("path").out == f"{here / 'own'}\n"


@pytest.mark.usefixtures("own")
@pytest.mark.parametrize(
    ("asked", "name"), [(["--env", ".venv-docs"], ".venv-docs"), (["--python", "3.12"], ".venv-3.12")]
)
def test_what_the_command_line_names_is_in_the_store(asked: list[str], name: str, home_of: Home, run: Runner) -> None:
    assert run("path", *asked).out == f"{os.path.join(home_of.path, name)}\n"


@pytest.mark.parametrize("whose", ["this project's", "another project's", "a shared one"])
def test_what_leads_to_a_project_in_the_store_is_no_choice(
    whose: str, here: Path, home_of: Home, store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here.exists()
    told = {"this project's": home_of.path + "/.venv", "another project's": f"{store}/a-12345678/.venv"}
    monkeypatch.setenv(VARIABLE, told.get(whose, f"{store}/@torch"))

    assert run("path").out == f"{os.path.join(home_of.path, '.venv')}\n"


def test_what_leads_to_a_home_in_yet_another_store_is_no_choice(
    here: Path, base: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here.exists()
    write_tree(base, {"fast/a-12345678/project.json": "{}"})
    monkeypatch.setenv(VARIABLE, str(base / "fast" / "a-12345678" / ".venv"))

    assert run("path").out == f"{os.path.join(home_of.path, '.venv')}\n"


def test_a_project_json_of_somebody_else_makes_no_home(
    here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(here, {"project.json": "{}"})
    monkeypatch.setenv(VARIABLE, ".venv")

    assert run("path").out == f"{here / '.venv'}\n"


def test_an_empty_variable_says_nothing(
    here: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert here.exists()
    monkeypatch.setenv(VARIABLE, "")

    assert run("path").out == f"{os.path.join(home_of.path, '.venv')}\n"


def test_it_wins_over_a_shared_one(own: Path, home_of: Home, run: Runner) -> None:
    seal(home_of, ".venv", "project")
    write_environment(type(own)(home_of.store.path) / "@torch")
    run("use", "@torch")

    assert run("path").out == f"{own}\n"


# what the commands do with it


@posix_only
def test_the_shell_gets_it_and_keeps_the_variable(made: Path, store: Path, run: Runner) -> None:
    said = run("env", "--shell", "bash").out

    assert f"VIRTUAL_ENV='{made}'" in said
    assert f"PATH='{programs_directory(str(made))}'" in said
    assert VARIABLE not in said
    assert not store.exists()


def test_a_program_gets_it_without_a_record(made: Path, store: Path, run: Runner) -> None:
    found = json.loads(run("env", "--shell", "json").out)

    assert (found["environment"], found["exists"], found["record"]) == (str(made), True, "")
    assert found["env"] == {"VIRTUAL_ENV": str(made)}
    assert not store.exists()


@posix_only
def test_activation_enters_it_and_tells_uv_nothing(made: Path, store: Path, run: Runner) -> None:
    said = run("activate", "--shell", "bash")

    assert said.out == f"_central_venv_activate '' '{made}' '{made}/bin' 'project'\n"
    assert not store.exists()


def test_info_names_it(own: Path, run: Runner) -> None:
    assert run("info", "--json").answer["environment"] == str(own)
    assert f"{own} (environment: {VARIABLE})" in run("info").out


def test_a_link_leads_to_it(made: Path, here: Path, run: Runner) -> None:
    assert run("link").status == 0

    assert os.path.realpath(here / ".venv") == str(made)


def test_it_is_no_link_to_itself(here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    write_environment(here / ".venv")
    monkeypatch.setenv(VARIABLE, ".venv")
    before = contents(here)

    said = run("link")

    assert (said.status, contents(here)) == (1, before)
    assert said.err.startswith(f"error: `{here / '.venv'}` is to be the environment itself")


@pytest.mark.parametrize("there", ["nothing", "an empty directory"])
def test_it_is_made_where_it_is_to_be(there: str, own: Path, store: Path, run: Runner) -> None:
    if there != "nothing":
        own.mkdir()

    said = run("create")

    assert (said.status, said.out) == (0, f"{own}\n"), said.err
    assert (own / "pyvenv.cfg").exists()
    assert not store.exists()


def test_one_that_is_there_stays_as_it_is(made: Path, run: Runner) -> None:
    before = contents(made)

    assert run("create").status == 0
    assert run("create", "--clear").status == 1
    assert contents(made) == before


@pytest.mark.parametrize("what", ["a directory", "a file", "a link", "a dead environment"])
def test_nothing_that_is_there_is_replaced(what: str, own: Path, base: Path, run: Runner) -> None:
    if what == "a file":
        own.write_text("work")
    elif what == "a link":
        own.symlink_to(base / "gone")
    else:
        write_tree(own, {"work" if what == "a directory" else "pyvenv.cfg": "home = /gone\n"})

    said = run("create")

    assert said.status == 1
    assert said.err.startswith(f"error: `{own}`, which `{VARIABLE}` names, is ")
    assert os.path.lexists(own)
    assert not (own / "bin").exists()


def test_a_command_runs_in_it(own: Path, here: Path, store: Path) -> None:
    said = PROGRAMS.run("central-venv", "run", *WHERE, cwd=here)

    assert said.out == f"{own}\n", said.err
    assert not store.exists()


def test_pip_of_uv_works_on_it(own: Path, here: Path, store: Path) -> None:
    PROGRAMS.run("central-venv", "create", cwd=here)

    said = PROGRAMS.run("central-venv", "uv", "pip", "list", "-v", cwd=here)

    assert str(own) in said.err, said
    assert not store.exists()


def test_adopting_is_refused_while_nothing_would_use_the_result(
    own: Path, here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv(VARIABLE)
    PROGRAMS.run("uv", "venv", cwd=here)
    monkeypatch.setenv(VARIABLE, str(own))

    said = run("adopt", "--yes")

    assert said.status == 1
    assert f"`{VARIABLE}` names `{own}`" in said.err
    assert (here / ".venv" / "pyvenv.cfg").exists()
