"""uv on the central environment of a project: every command, from everywhere, and when it is none of our affair."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.git import git, make_repository, needs_git
from support.trees import contents, listing, write_tree
from support.uv import PROGRAMS, WHERE, packages, program, pyproject

if TYPE_CHECKING:
    from pathlib import Path

    from support.uv import Uv

MEMBERS = '\n[tool.uv.workspace]\nmembers = ["packages/*"]\n'

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links and shell scripts")


@pytest.fixture
def environment(uv: Uv, project: Path) -> Path:
    """Where the project's environment belongs; nothing is there yet."""
    return uv.home(project) / ".venv"


def in_git(project: Path) -> set[str]:
    """Everything in a repository's tree."""
    said = git("status", "--porcelain", "-z", "--ignored", "--untracked-files=all", cwd=project)
    return {line[3:] for line in said.split("\0") if line}


# every command


@needs_git
def test_a_projects_whole_life_leaves_nothing_in_its_tree_but_uvs_own_files(uv: Uv, base: Path) -> None:
    project = base / "project"
    project.mkdir()
    make_repository(project)
    environment = uv.home(project) / ".venv"

    uv("init", "--bare", "--vcs", "none", "--name", "demo", cwd=project)
    assert not environment.exists()
    uv("lock", cwd=project)
    assert "demo" in uv("tree", cwd=project)
    assert not environment.exists()
    uv("add", "alpha==1.0", "beta", cwd=project)
    assert packages(environment) == {"alpha": "1.0", "beta": "2.0"}
    assert "alpha==1.0" in uv("export", "--no-hashes", cwd=project)
    assert uv("run", *WHERE, cwd=project) == f"{environment}\n"
    uv("pip", "install", "gamma", cwd=project)
    assert "gamma" in uv("pip", "list", cwd=project)
    uv("pip", "uninstall", "alpha", cwd=project)
    assert packages(environment) == {"beta": "2.0", "gamma": "2.0"}
    uv("sync", cwd=project)
    assert packages(environment) == {"alpha": "1.0", "beta": "2.0"}
    uv("remove", "beta", cwd=project)
    assert packages(environment) == {"alpha": "1.0"}
    assert uv("python", "find", cwd=project).startswith(str(program(environment, "python")))
    uv("venv", "--clear", cwd=project)
    assert packages(environment) == {}

    assert in_git(project) == {"pyproject.toml", "uv.lock"}


def test_init_makes_what_uv_makes(uv: Uv, base: Path) -> None:
    for name in ("with", "without"):
        (base / name).mkdir()
    assert uv.alone("init", "--vcs", "none", "demo", cwd=base / "without").status == 0

    uv("init", "--vcs", "none", "demo", cwd=base / "with")

    assert contents(base / "with") == contents(base / "without")


@pytest.mark.parametrize("directory", ["", "src/deep"])
def test_venv_makes_the_central_one_in_whatever_directory(
    directory: str, uv: Uv, project: Path, environment: Path
) -> None:
    write_tree(project, {"src/deep/module.py": ""})
    before = listing(project)

    uv("venv", cwd=project / directory)

    assert (environment / "pyvenv.cfg").exists()
    assert "prompt = project" in (environment / "pyvenv.cfg").read_text(encoding="utf-8")
    assert listing(project) == before


def test_venv_with_a_path_makes_that(uv: Uv, project: Path, environment: Path) -> None:
    uv("venv", "mine", cwd=project)

    assert (project / "mine" / "pyvenv.cfg").exists()
    assert not environment.exists()


def test_venv_refuses_an_environment_that_is_there_as_uv_does(uv: Uv, project: Path, environment: Path) -> None:
    uv("sync", cwd=project)
    uv("pip", "install", "alpha", cwd=project)

    refused = uv.run("venv", cwd=project, UV_VENV_CLEAR="")

    assert refused.status != 0
    assert packages(environment) == {"alpha": "2.0"}


def test_venv_takes_a_prompt(newest_uv: Uv, project: Path) -> None:
    newest_uv("venv", "--prompt", "mine", cwd=project)

    assert "prompt = mine" in (newest_uv.home(project) / ".venv" / "pyvenv.cfg").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    "command",
    [
        ["lock"],
        ["tree"],
        ["export"],
        ["sync", "--dry-run"],
        ["sync", "--help"],
        ["run", "--help"],
        ["run", "--no-project", "python", "-V"],
        ["run", "--isolated", "python", "-V"],
        ["pip", "list"],
        ["pip", "install", "--dry-run", "--target", "elsewhere", "alpha"],
        ["python", "find"],
        ["cache", "dir"],
        ["tool", "list"],
        ["--version"],
        ["help", "sync"],
    ],
    ids=" ".join,
)
def test_what_needs_no_environment_makes_none(command: list[str], newest_uv: Uv, project: Path) -> None:
    newest_uv.run(*command, cwd=project)

    assert newest_uv.environments(project) == set()
    assert listing(project) <= {"pyproject.toml", "uv.lock", "elsewhere", "elsewhere/.lock"}


def test_a_script_with_its_own_dependencies_has_its_own_environment(uv: Uv, project: Path, environment: Path) -> None:
    script = '# /// script\n# dependencies = ["alpha"]\n# ///\nimport alpha, sys; print(sys.prefix)\n'
    write_tree(project, {"tools/script.py": script})

    said = uv("run", "script.py", cwd=project / "tools")
    elsewhere = uv("run", "--directory", "tools", "script.py", cwd=project)

    assert str(environment) not in said + elsewhere
    assert not environment.exists()


# from everywhere


@pytest.fixture
def workspace(project: Path) -> Path:
    """The project, with a member and a directory in it."""
    return write_tree(
        project,
        {
            "pyproject.toml": pyproject("project", "alpha", more=MEMBERS),
            "packages/one/pyproject.toml": pyproject("one", "beta"),
            "packages/one/src/module.py": "",
            "docs/index.md": "",
        },
    )


@pytest.mark.parametrize(
    ("directory", "options", "variables"),
    [
        pytest.param("project", [], {}, id="the root"),
        pytest.param("project/docs", [], {}, id="a sub directory"),
        pytest.param("project/packages/one", [], {}, id="a member"),
        pytest.param("project/packages/one/src", [], {}, id="a sub directory of a member"),
        pytest.param(".", ["--project", "project"], {}, id="--project"),
        pytest.param(".", ["--project=project/packages/one"], {}, id="--project of a member"),
        pytest.param(".", ["--directory", "project/docs"], {}, id="--directory"),
        pytest.param("project/docs", ["--directory", "..", "--project", "packages/one"], {}, id="both"),
        pytest.param(".", [], {"UV_PROJECT": "project"}, id="UV_PROJECT"),
        pytest.param(".", [], {"UV_WORKING_DIR": "project/docs"}, id="UV_WORKING_DIR"),
        pytest.param(".", ["--project", "project"], {"UV_PROJECT": "elsewhere"}, id="the option wins"),
    ],
)
def test_the_environment_is_that_of_the_root(
    directory: str, options: list[str], variables: dict[str, str], newest_uv: Uv, workspace: Path, base: Path
) -> None:
    before = listing(workspace)

    said = newest_uv(*options, "run", *WHERE, cwd=base / directory, **variables)

    assert said == f"{newest_uv.home(workspace)}{os.sep}.venv\n"
    assert listing(workspace) == before | {"uv.lock"}


@pytest.mark.parametrize("options", [["--project", "project"], ["--directory", "project/docs"]], ids=" ".join)
def test_options_behind_the_command_count_as_well(
    options: list[str], newest_uv: Uv, workspace: Path, base: Path
) -> None:
    said = newest_uv("run", *options, *WHERE, cwd=base)

    assert said == f"{newest_uv.home(workspace)}{os.sep}.venv\n"


@pytest.mark.parametrize("way", ["--project", "--directory", "UV_PROJECT", "UV_WORKING_DIR"])
def test_each_release_finds_a_project_that_is_named(way: str, uv: Uv, project: Path, base: Path) -> None:
    options, variables = ([way, "project"], {}) if way.startswith("-") else ([], {way: "project"})

    uv(*options, "sync", cwd=base, **variables)

    assert uv.environments(project) == {".venv"}
    assert listing(project) == {"pyproject.toml", "uv.lock"}


def test_a_project_that_is_not_there_makes_nothing_in_the_tree(uv: Uv, project: Path) -> None:
    said = uv.run("sync", "--project", "missing", cwd=project)

    # the older release takes the project that the missing directory would lie in
    assert said.status == (0 if uv.release == "oldest" else 2)
    assert listing(project) <= {"pyproject.toml", "uv.lock"}


@posix_only
@pytest.mark.parametrize(
    "name",
    [
        b"a b",
        b"a\nb",
        b'it\'s "quoted"',
        b"$(touch pwned)`touch pwned`",
        b"-n",
        b"x" * 200,
        "日本 é".encode(),
        pytest.param(b"\xff", marks=pytest.mark.skipif(sys.platform == "darwin", reason="names are UTF-8 there")),
    ],
)
def test_a_project_in_a_directory_of_any_name_has_its_environment(name: bytes, newest_uv: Uv, base: Path) -> None:
    project = write_tree(base / os.fsdecode(name), {"pyproject.toml": pyproject("project", "alpha")})
    environment = newest_uv.home(project) / ".venv"

    said = newest_uv.run("run", *WHERE, cwd=project)

    assert (said.status, said.out) == (0, f"{environment}\n"), said.err
    assert packages(environment) == {"alpha": "2.0"}
    assert listing(project) == {"pyproject.toml", "uv.lock"}
    assert not (base / "pwned").exists()


@posix_only
def test_a_project_that_cannot_be_written_is_synchronized_all_the_same(uv: Uv, small_disk: Path) -> None:
    project = write_tree(small_disk / "project", {"pyproject.toml": pyproject("project", "alpha")})
    uv("lock", cwd=project)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    said = uv("run", "--frozen", *WHERE, cwd=project)

    environment = uv.home(project) / ".venv"
    assert said == f"{environment}\n"
    assert packages(environment) == {"alpha": "2.0"}


# none of our affair


def test_outside_of_any_project_uv_runs_as_it_is(uv: Uv, base: Path) -> None:
    uv("venv", "plain", cwd=base)
    alone = uv.alone("sync", cwd=base)

    refused = uv.run("sync", cwd=base)

    assert (base / "plain" / "pyvenv.cfg").exists()
    assert (refused.status, refused.text) == (alone.status, alone.text)
    assert not uv.store.exists()


def test_outside_of_any_project_venv_without_a_path_is_an_error(uv: Uv, base: Path) -> None:
    refused = uv.run("venv", cwd=base)

    assert (refused.status, refused.out) == (1, "")
    assert refused.err.startswith(f"error: no project in `{base}` or above it\nhint: ")
    assert not (base / ".venv").exists()


@pytest.mark.parametrize("where", ["variable", "project"])
def test_turned_off_uv_runs_as_it_is(where: str, uv: Uv, project: Path) -> None:
    variables = {"CENTRAL_VENV": "0"} if where == "variable" else {}
    if where == "project":
        write_tree(project, {"pyproject.toml": pyproject(more="\n[tool.central-venv]\nenabled = false\n")})

    said = uv("run", *WHERE, cwd=project, **variables)

    assert said == f"{project / '.venv'}\n"
    assert not uv.store.exists()


@pytest.mark.parametrize("value", ["absolute", "relative"])
def test_an_environment_that_was_chosen_otherwise_wins(value: str, uv: Uv, project: Path, base: Path) -> None:
    path = str(base / "mine") if value == "absolute" else "mine"

    said = uv("run", *WHERE, cwd=project, UV_PROJECT_ENVIRONMENT=path)

    assert said == f"{project / path}\n"
    assert not uv.store.exists()


def test_the_active_environment_wins_if_that_is_asked_for(uv: Uv, project: Path, base: Path) -> None:
    said = uv("run", "--active", *WHERE, cwd=project, VIRTUAL_ENV=str(base / "mine"))

    assert said == f"{base / 'mine'}\n"
    assert not uv.store.exists()


def test_another_projects_central_environment_is_none_that_was_chosen(newest_uv: Uv, project: Path, base: Path) -> None:
    other = write_tree(base / "other", {"pyproject.toml": pyproject("other")})
    newest_uv("sync", cwd=other)

    said = newest_uv("run", *WHERE, cwd=project, UV_PROJECT_ENVIRONMENT=f"{newest_uv.home(other) / '.venv'}{os.sep}")

    assert said == f"{newest_uv.home(project) / '.venv'}\n"


@pytest.mark.parametrize("made", [True, False], ids=["own one there", "own one missing"])
def test_what_another_projects_environment_left_active_is_not_used(
    made: bool,  # noqa: FBT001
    uv: Uv,
    project: Path,
    base: Path,
) -> None:
    stale = base / "stale"
    assert uv.alone("venv", "stale", cwd=base).status == 0
    assert uv.alone("pip", "install", "--python", stale, "alpha", cwd=base).status == 0
    if made:
        uv("sync", cwd=project)
    active = {"VIRTUAL_ENV": str(stale)}

    listed = uv.run("pip", "list", cwd=project, **active)
    found = uv.run("python", "find", cwd=project, **active)
    uv.run("pip", "uninstall", "alpha", cwd=project, **active)
    uv("pip", "install", "beta", cwd=project, **active)
    synchronized = uv.run("sync", cwd=project, **active)

    assert "alpha" not in listed.text
    assert str(stale) not in found.text
    assert packages(stale) == {"alpha": "2.0"}
    assert "VIRTUAL_ENV" not in synchronized.err


@pytest.mark.parametrize("command", [["tool", "list"], ["cache", "dir"], ["self", "version"], ["help"]], ids=" ".join)
def test_commands_without_a_project_do_not_ask_for_one(command: list[str], newest_uv: Uv, project: Path) -> None:
    write_tree(project, {"pyproject.toml": "[tool.central-venv]\nunknown = 1\n"})

    said = newest_uv.run(*command, cwd=project, UV_PYTHON="nonsense")

    assert said.text == newest_uv.alone(*command, cwd=project, UV_PYTHON="nonsense").text


def test_a_python_for_something_else_names_no_environment(newest_uv: Uv, base: Path) -> None:
    project = write_tree(base / "project", {"tox.ini": ""})

    said = newest_uv.run("init", "--bare", "--python", "nonsense", cwd=project)

    assert said.text == newest_uv.alone("init", "--bare", "--python", "nonsense", cwd=project).text


# how it is called


def test_without_uv_there_is_one_clear_error(project: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(base))

    refused = PROGRAMS.run("central-venv", "uv", "sync", cwd=project)

    assert (refused.status, refused.out) == (127, "")
    assert refused.err == (
        "error: there is no `uv` on the path\nhint: install uv, or use `central-venv run` without it\n"
    )


@pytest.mark.parametrize("arguments", [[], ["--isolated-selection"]], ids=["nothing", "an option"])
def test_without_anything_for_uv_it_is_wrong_usage(arguments: list[str], newest_uv: Uv, project: Path) -> None:
    refused = newest_uv.run(*arguments, cwd=project)

    assert (refused.status, refused.out) == (2, "")
    assert refused.err.splitlines()[-1] == "central-venv uv: error: give what uv is to do, such as `sync`"


def test_help_is_our_own_and_behind_a_command_uvs(newest_uv: Uv, project: Path) -> None:
    assert "--isolated-selection" in newest_uv("--help", cwd=project)
    assert newest_uv("sync", "--help", cwd=project) == newest_uv.alone("sync", "--help", cwd=project).out


def test_what_uv_makes_is_recorded_as_the_projects(newest_uv: Uv, project: Path) -> None:
    newest_uv("sync", cwd=project)

    listed = PROGRAMS.run("central-venv", "list", "--json", cwd=project)

    assert f'"root": "{project.as_posix()}"' in listed.out
    assert '"state": "ready"' in listed.out


@posix_only
def test_a_link_is_made_if_that_is_configured(newest_uv: Uv, project: Path) -> None:
    environment = newest_uv.home(project) / ".venv"

    newest_uv("sync", cwd=project, CENTRAL_VENV_LINK="symlink")

    assert (project / ".venv").readlink() == environment
    assert newest_uv("run", *WHERE, cwd=project) == f"{environment}\n"
