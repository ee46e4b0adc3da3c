"""``central-venv use`` and ``create @NAME``, with real environments."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from support.environments import BAD_SHARED_NAMES, seal, seal_shared
from support.hosts import Host, finish
from support.trees import contents, listing, write_tree

if TYPE_CHECKING:
    from support.commands import Runner

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links are POSIX")

MINOR = ".".join(map(str, sys.version_info[:2]))


@pytest.fixture
def torch(store: Path) -> Path:
    """An environment to share."""
    return seal_shared(Store(str(store)))


# use


def test_a_project_begins_to_use_it_and_ends(here: Path, home_of: Home, torch: Path, run: Runner) -> None:
    assert run("use", "@torch") == (0, f"`{here}` uses `{torch}`\n", "")
    assert home_of.shared == "@torch"

    assert run("use", "--none") == (0, f"`{here}` uses `{os.path.join(home_of.path, '.venv')}`\n", "")
    assert home_of.shared is None


def test_it_puts_nothing_into_the_project(here: Path, torch: Path, run: Runner) -> None:
    run("use", "@torch")

    assert listing(here) == {"pyproject.toml"}


def test_another_project_can_be_named(home_of: Home, torch: Path, base: Path, run: Runner) -> None:
    assert run("use", "@torch", "--project", home_of.root).status == 0

    assert home_of.shared == "@torch"


def test_one_can_take_the_place_of_another(here: Path, home_of: Home, torch: Path, store: Path, run: Runner) -> None:
    other = seal_shared(Store(str(store)), "@jax")
    run("use", "@torch")

    assert run("use", "@jax") == (0, f"`{here}` uses `{other}`\n", "")
    assert home_of.shared == "@jax"


def test_to_begin_again_changes_nothing(here: Path, store: Path, torch: Path, run: Runner) -> None:
    run("use", "@torch")
    before = contents(store)

    assert run("use", "@torch").status == 0
    assert contents(store) == before


def test_to_end_what_did_not_begin_writes_nothing(here: Path, store: Path, run: Runner) -> None:
    assert run("use", "--none").status == 0

    assert not store.exists()


def test_a_use_is_noted(here: Path, store: Path, run: Runner) -> None:
    whole = Store(str(store))
    seal_shared(whole, used=100)

    run("use", "@torch")

    assert Path(whole.shared_environment("@torch").record_path).stat().st_mtime > 100


@pytest.mark.parametrize("arguments", [[], ["@torch", "--none"], ["@torch", "@jax"]])
def test_it_takes_a_name_or_none(arguments: list[str], here: Path, torch: Path, home_of: Home, run: Runner) -> None:
    assert run("use", *arguments).status == 2
    assert not os.path.lexists(home_of.path)


def test_what_is_not_there_is_an_error_with_its_remedy(here: Path, store: Path, run: Runner) -> None:
    assert run("use", "@torch") == (
        1,
        "",
        "error: there is no shared environment `@torch`\nhint: make it with `central-venv create @torch`\n",
    )
    assert not store.exists()


@pytest.mark.parametrize("name", BAD_SHARED_NAMES)
def test_a_bad_name_is_an_error(name: str, here: Path, store: Path, run: Runner) -> None:
    said = run("use", name)

    assert (said.status, said.out) == (1, "")
    assert "shared environment" in said.err
    assert "hint: give" in said.err
    assert not store.exists()


def test_with_central_environments_turned_off_it_is_an_error(
    here: Path, torch: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV", "0")

    said = run("use", "@torch")

    assert (said.status, said.out) == (1, "")
    assert "are turned off" in said.err
    assert not os.path.lexists(home_of.path)


def test_outside_of_a_project_it_is_an_error(
    torch: Path, outside: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(outside)

    said = run("use", "@torch")

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith("error: no project in ")


def test_a_member_of_a_workspace_decides_for_all_of_it(
    base: Path, store: Path, torch: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_tree(
        base / "workspace",
        {
            "pyproject.toml": '[tool.uv.workspace]\nmembers = ["member"]\n',
            "member/pyproject.toml": "[project]\nname = 'member'\nversion = '0'\n",
        },
    )
    monkeypatch.chdir(root / "member")

    run("use", "@torch")

    assert Home(Store(str(store)), str(root)).shared == "@torch"


@posix_only
def test_the_link_of_the_project_follows(here: Path, home_of: Home, torch: Path, run: Runner) -> None:
    own, link = seal(home_of, ".venv", "project"), here / ".venv"
    link.symlink_to(own)

    run("use", "@torch")
    assert link.readlink() == torch
    run("use", "--none")
    assert link.readlink() == own


@posix_only
def test_a_link_is_made_if_the_settings_say_so(
    here: Path, torch: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_LINK", "symlink")

    run("use", "@torch")

    assert (here / ".venv").readlink() == torch


@posix_only
def test_no_link_is_left_that_the_removal_of_the_environment_would_not_find(
    here: Path, torch: Path, run: Runner
) -> None:
    run("use", "@torch")
    (here / ".venv").symlink_to(torch)

    said = run("use", "--none")

    assert said.out.splitlines()[0] == f"removed the link {here / '.venv'}"
    assert not os.path.lexists(here / ".venv")


@posix_only
@pytest.mark.parametrize("in_tree", ["link", "environment"])
def test_what_is_not_ours_stays(in_tree: str, here: Path, torch: Path, base: Path, run: Runner) -> None:
    if in_tree == "link":
        (here / ".venv").symlink_to(base)
    else:
        write_tree(here / ".venv", {"pyvenv.cfg": ""})
    before = contents(here)

    run("use", "@torch")
    run("use", "--none")

    assert contents(here) == before


# create


@pytest.fixture
def programs() -> Host:
    """What people call."""
    return Host(Path(sys.prefix))


def test_one_to_share_is_made_from_anywhere(programs: Host, store: Path, tmp_path: Path) -> None:
    said = programs.run("central-venv", "create", "@torch", "--python", sys.executable, cwd=tmp_path)

    assert (said.status, said.out) == (0, f"{store / '@torch'}\n")
    assert said.err == f"created, with Python {sys.version.split()[0]}\n"
    configuration = (store / "@torch" / "pyvenv.cfg").read_text(encoding="utf-8")
    assert "prompt = torch\n" in configuration
    again = programs.run("central-venv", "create", "@torch", cwd=tmp_path)
    assert (again.status, again.err) == (0, f"is there already, with Python {sys.version.split()[0]}\n")


def test_another_python_is_not_taken_for_the_one_that_is_asked_for(torch: Path, run: Runner) -> None:
    said = run("create", "@torch", "--python", "3.99")

    assert (said.status, said.out) == (1, "")
    assert said.err == (f"error: `{torch}` is there already, with Python 3.12.1\nhint: `--clear` makes it anew\n")


def test_making_it_anew_leaves_its_users(programs: Host, here: Path, home_of: Home, torch: Path, run: Runner) -> None:
    run("use", "@torch")

    said = programs.run("central-venv", "create", "@torch", "--clear", "--python", sys.executable, cwd=here)

    assert said.status == 0, said.text
    assert home_of.shared == "@torch"
    ran = programs.run("central-venv", "run", "python", "-c", "import sys; print(sys.prefix)", cwd=here)
    assert (ran.status, ran.out) == (0, f"{torch}\n")


def test_two_at_once_both_succeed(programs: Host, store: Path, tmp_path: Path) -> None:
    processes = [
        programs.start("central-venv", "create", "@torch", "--python", sys.executable, cwd=tmp_path) for _ in range(3)
    ]
    said = [finish(process) for process in processes]

    assert [(each.status, each.out) for each in said] == [(0, f"{store / '@torch'}\n")] * 3
    assert sum(each.err.startswith("created, ") or "\ncreated, " in each.err for each in said) == 1


@pytest.mark.parametrize("name", [name for name in BAD_SHARED_NAMES if name != "torch"])
def test_what_cannot_be_its_name_is_refused(name: str, store: Path, run: Runner) -> None:
    said = run("create", name)

    assert (said.status, said.out) == (1, "")
    assert "shared environment" in said.err
    assert not store.exists()


@pytest.mark.parametrize(
    "arguments", [["torch"], ["@torch", "--env", ".venv-x"], ["@torch", "--project", "."], ["@torch", "--from-in-tree"]]
)
def test_what_makes_no_sense_with_it_is_wrong_usage(arguments: list[str], here: Path, store: Path, run: Runner) -> None:
    assert run("create", *arguments).status == 2
    assert not store.exists()


def test_a_project_that_uses_it_does_not_make_its_own_by_accident(
    here: Path, home_of: Home, torch: Path, run: Runner
) -> None:
    run("use", "@torch")

    said = run("create")

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith("error: this project uses the shared environment `@torch`\nhint: ")
    assert not os.path.lexists(home_of.environment_path("project", ".venv"))


def test_one_of_a_project_cannot_be_shared(here: Path, torch: Path, run: Runner) -> None:
    assert run("create", "--env", "@torch") == (
        1,
        "",
        "error: `@torch` is shared, and not this project's own\nhint: make it with `central-venv create @torch`\n",
    )


def test_its_own_can_be_made_by_name_beside_it(programs: Host, here: Path, home_of: Home, torch: Path) -> None:
    home_of.share("@torch")

    said = programs.run("central-venv", "create", "--env", ".venv", "--python", sys.executable, cwd=here)

    assert (said.status, said.out) == (0, os.path.join(home_of.path, ".venv\n"))
    assert home_of.shared == "@torch"
