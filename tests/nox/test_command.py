"""The command `nox-central-venv`, for a noxfile that nobody wants to edit."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from support.hosts import finish
from support.messages import assert_one_clear_message
from support.nox import ENABLED, tree
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.hosts import Result
    from support.nox import Nox

COMMAND = "nox-central-venv"

#: Two sessions that need no package.
SESSIONS = """
@nox.session(venv_backend="uv")
def a(session):
    session.run("python", "-c", "import sys; print('in a with', *sys.argv[1:])", *session.posargs)

@nox.session(venv_backend="uv", default=False)
def b(session):
    session.run("python", "-c", "raise SystemExit(3)" if session.posargs else "print('in b')")
"""

#: Without an environment of its own: says what uv would take for the project's environment.
BARE = """
@nox.session(python=False)
def bare(session):
    session.run("python", "-c", "import os; print('uv has', os.environ.get('UV_PROJECT_ENVIRONMENT'))")
"""

#: What nox before 2025.2.9 does not know.
NO_SCRIPTS = "script mode came with nox 2025.2.9"


@pytest.fixture(autouse=True)
def store(short_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store of every test here."""
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(short_store))
    return short_store


@pytest.fixture
def untouched(tmp_path: Path) -> Path:
    """A project whose noxfile does not know about central environments."""
    return write_tree(tmp_path / "untouched", {"noxfile.py": f"import nox\n{SESSIONS}"})


def run(nox: Nox, *arguments: str | Path, cwd: Path, **variables: str) -> Result:
    """Run the command."""
    return nox.host.run(COMMAND, *arguments, cwd=cwd, **variables)


def script(nox: Nox, sessions: str, *, needs: tuple[str, ...] = ("iniconfig",), python: str = ">=3.10") -> str:
    """A noxfile that needs a package which the host does not have."""
    release = ".".join(map(str, nox.version))
    dependencies = ", ".join(f'"{name}"' for name in (f"nox=={release}", *needs))
    block = f'# /// script\n# requires-python = "{python}"\n# dependencies = [{dependencies}]\n# ///\n'
    return f"{block}import nox\n{''.join(f'import {name}' for name in needs)}\n{sessions}"


#: Ways to call it.
WAYS = {"program": [COMMAND], "module": ["python", "-m", "nox_central_venv"]}


@pytest.mark.every_release
@pytest.mark.parametrize("way", WAYS)
def test_sessions_of_an_untouched_noxfile_move_by(way: str, nox: Nox, untouched: Path) -> None:
    program, *arguments = WAYS[way]

    result = nox.host.run(program, *arguments, "-s", "a", "b", cwd=untouched)

    assert result.status == 0, result.text
    assert tree(untouched) == {"noxfile.py"}
    assert nox.environments(untouched) == {"a": "ready", "b": "ready"}
    assert (nox.directory(untouched) / "a" / "pyvenv.cfg").is_file()


#: Ways to name a noxfile in `sub` from its parent directory.
NOXFILES = {
    "-f": ["-fsub/noxfile.py"],
    "-rf": ["-rf", "sub/noxfile.py"],
    "absolute": ["--noxfile=TOP/sub/noxfile.py"],
    "variable": ["-f", "$SUB/noxfile.py"],
    "last": ["-s", "a", "-f", "sub/noxfile.py", "--", "-f", "noxfile.py"],
}


@pytest.mark.parametrize("way", NOXFILES)
def test_the_project_is_the_noxfiles_directory_by(way: str, nox: Nox, tmp_path: Path) -> None:
    top = write_tree(tmp_path / "top", {"sub/noxfile.py": f"import nox\n{SESSIONS}"})

    result = run(nox, *(word.replace("TOP", str(top)) for word in NOXFILES[way]), cwd=top, SUB="sub")

    assert result.status == 0, result.text
    assert [each["root"] for each in nox.listed(top)] == [str(top / "sub")]
    assert nox.environments(top) == {"a": "ready"}
    assert tree(top) == {"sub", "sub/noxfile.py"}


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_linked_noxfile_belongs_to_the_directory_that_nox_goes_to(nox: Nox, untouched: Path, tmp_path: Path) -> None:
    linked = write_tree(tmp_path / "linked", {})
    (linked / "noxfile.py").symlink_to(untouched / "noxfile.py")

    result = run(nox, cwd=linked)

    assert result.status == 0, result.text
    root = untouched if nox.version < (2025, 2, 9) else linked
    assert [each["root"] for each in nox.listed(untouched)] == [str(root)]
    assert nox.environments(untouched) == {"a": "ready"}


def test_what_follows_two_dashes_is_the_sessions(nox: Nox, untouched: Path, tmp_path: Path) -> None:
    result = run(nox, "-s", "a", "--", "--envdir", tmp_path / "mine", cwd=untouched)

    assert result.status == 0, result.text
    assert f"in a with --envdir {tmp_path / 'mine'}\n" in result.out
    assert nox.environments(untouched) == {"a": "ready"}
    assert not (tmp_path / "mine").exists()


def test_the_users_envdir_wins(nox: Nox, untouched: Path, tmp_path: Path, store: Path) -> None:
    result = run(nox, "--envdir", tmp_path / "mine", cwd=untouched)

    assert result.status == 0, result.text
    assert (tmp_path / "mine" / "a" / "pyvenv.cfg").is_file()
    assert not store.exists()


def test_it_beats_the_noxfiles_envdir(nox: Nox, untouched: Path) -> None:
    write_tree(untouched, {"noxfile.py": f'import nox\nnox.options.envdir = "mine"\n{SESSIONS}'})

    result = run(nox, cwd=untouched)

    assert result.status == 0, result.text
    assert tree(untouched) == {"noxfile.py"}
    assert nox.environments(untouched) == {"a": "ready"}


def test_a_noxfile_that_enables_by_itself_may_be_run_by_it(nox: Nox, untouched: Path) -> None:
    write_tree(untouched, {"noxfile.py": ENABLED + SESSIONS})

    result = run(nox, cwd=untouched)

    assert result.status == 0, result.text
    assert tree(untouched) == {"noxfile.py"}
    assert nox.environments(untouched) == {"a": "ready"}
    assert set(nox.records(untouched)) == {"a"}


@pytest.mark.parametrize("arguments", [["--version"], ["--help"], ["-l"], ["-l", "--json"]], ids=" ".join)
def test_it_writes_nothing_and_says_what_nox_says_for(
    arguments: list[str], nox: Nox, untouched: Path, store: Path
) -> None:
    ours = run(nox, *arguments, cwd=untouched)
    plain = nox.run(*arguments, cwd=untouched)

    assert ours.status == plain.status == 0, ours.text
    assert ours.text.replace(COMMAND, "nox").split() == plain.text.split()  # the usage is broken into other lines
    assert not store.exists()
    assert tree(untouched) == {"noxfile.py"}


def test_completion_writes_nothing_and_offers_the_sessions(
    nox: Nox, untouched: Path, store: Path, tmp_path: Path
) -> None:
    ours = nox.complete(f"{COMMAND} -s ", cwd=untouched, into=tmp_path / "offered")
    plain = nox.complete("nox -s ", cwd=untouched, into=tmp_path / "offered-by-plain-nox")

    assert ours == plain
    assert {"a", "b"} <= {word.strip() for word in ours}
    assert not store.exists()


@pytest.mark.parametrize("noxfile", ["noxfile.py", "missing/noxfile.py"])
def test_without_a_noxfile_it_fails_as_nox_does(noxfile: str, nox: Nox, tmp_path: Path, store: Path) -> None:
    empty = write_tree(tmp_path / "empty", {})

    ours = run(nox, "-f", noxfile, cwd=empty)
    plain = nox.run("-f", noxfile, cwd=empty)

    assert ours.status == plain.status != 0, ours.text  # 2, but for the releases that show a traceback
    assert ours.err.splitlines()[-1] == plain.err.splitlines()[-1]
    assert not store.exists()
    assert listing(empty) == set()


@pytest.mark.parametrize("arguments", [["--frobnicate"], ["--reuse-venv", "perhaps"], ["-f"]], ids=" ".join)
def test_a_mistake_in_the_arguments_is_said_once(arguments: list[str], nox: Nox, untouched: Path, store: Path) -> None:
    ours = run(nox, *arguments, cwd=untouched)
    plain = nox.run(*arguments, cwd=untouched)

    assert ours.status == plain.status == 2, ours.text
    assert ours.text.replace(COMMAND, "nox").split() == plain.text.split()
    assert not store.exists()


def test_a_session_that_fails_makes_it_fail_as_nox_does(nox: Nox, untouched: Path, tmp_path: Path) -> None:
    ours = run(nox, "-s", "b", "--", "fail", cwd=untouched)
    plain = nox.run("--envdir", tmp_path / "mine", "-s", "b", "--", "fail", cwd=untouched)

    assert ours.status == plain.status == 1, ours.text
    assert nox.environments(untouched) == {"b": "ready"}


SWITCHES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "variable": ({}, {"CENTRAL_VENV": "0"}),
    "project": ({"pyproject.toml": "[tool.central-venv]\nenabled = false\n"}, {}),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_switched_off_it_is_plain_nox_by(switch: str, nox: Nox, untouched: Path, store: Path) -> None:
    files, variables = SWITCHES[switch]
    write_tree(untouched, files)

    result = run(nox, cwd=untouched, **variables)

    assert result.status == 0, result.text
    assert (untouched / ".nox" / "a" / "pyvenv.cfg").is_file()
    assert not store.exists()


#: The ways in which central environments are asked for: what a noxfile begins with, and the program.
ASKED = {"the noxfile": (ENABLED, "nox"), "the command": ("import nox\n", COMMAND)}


@pytest.mark.parametrize("way", ASKED)
def test_sessions_in_parallel_are_recorded_by(way: str, newest_nox: Nox, tmp_path: Path) -> None:
    beginning, program = ASKED[way]
    project = write_tree(tmp_path / "project", {"noxfile.py": beginning + SESSIONS})

    result = newest_nox.host.run(program, "-j2", "--allow-parallel", "-s", "a", "b", cwd=project)

    assert result.status == 0, result.text
    assert "in a" in result.text
    assert "in b" in result.text
    assert tree(project) == {"noxfile.py"}
    assert newest_nox.environments(project) == {"a": "ready", "b": "ready"}


def test_in_parallel_the_users_envdir_wins(newest_nox: Nox, untouched: Path, tmp_path: Path, store: Path) -> None:
    mine = tmp_path / "mine"

    result = run(newest_nox, "-j2", "--allow-parallel", "--envdir", mine, "-s", "a", "b", cwd=untouched)

    assert result.status == 0, result.text
    assert len(list(mine.glob("*/pyvenv.cfg"))) == 2
    assert not store.exists()


@pytest.mark.usefixtures("index")
@pytest.mark.every_release
def test_a_script_has_its_own_environment_in_the_store_too(nox: Nox, tmp_path: Path) -> None:
    if nox.version < (2025, 2, 9):
        pytest.skip(NO_SCRIPTS)
    project = write_tree(tmp_path / "project", {"noxfile.py": script(nox, SESSIONS)})

    first = run(nox, cwd=project)
    second = run(nox, "-r", cwd=project)

    assert (first.status, second.status) == (0, 0), first.text + second.text
    assert "in a" in first.text
    assert tree(project) == {"noxfile.py"}
    central = nox.directory(project)
    assert nox.environments(project)["_nox_script_mode"] == "ready"
    assert nox.records(project)["_nox_script_mode"]["name"] == "_nox_script_mode"
    assert (central / "a" / "pyvenv.cfg").is_file()
    assert f"Creating virtual environment (uv) using python in {central / '_nox_script_mode'}" in first.text
    assert f"existing virtual environment at {central / '_nox_script_mode'}" in second.text


@pytest.mark.usefixtures("index")
@pytest.mark.every_release
def test_a_script_lists_its_sessions_from_an_environment_in_the_store(nox: Nox, tmp_path: Path) -> None:
    if nox.version < (2025, 2, 9):
        pytest.skip(NO_SCRIPTS)
    project = write_tree(tmp_path / "project", {"noxfile.py": script(nox, SESSIONS)})

    result = run(nox, "-l", cwd=project)

    assert result.status == 0, result.text
    assert "* a\n" in result.out
    assert tree(project) == {"noxfile.py"}
    assert nox.environments(project) == {"_nox_script_mode": "ready"}


@pytest.mark.usefixtures("index")
def test_a_script_outside_of_its_directory_has_the_same_home(newest_nox: Nox, tmp_path: Path) -> None:
    top = write_tree(tmp_path / "top", {"sub/noxfile.py": script(newest_nox, BARE)})

    result = run(newest_nox, "-f", "sub/noxfile.py", cwd=top)

    assert result.status == 0, result.text
    assert [each["root"] for each in newest_nox.listed(top)] == [str(top / "sub")]
    assert tree(top) == {"sub", "sub/noxfile.py"}


def test_a_script_that_needs_nothing_more_runs_as_any_noxfile(newest_nox: Nox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": script(newest_nox, SESSIONS, needs=())})

    result = run(newest_nox, cwd=project)

    assert result.status == 0, result.text
    assert tree(project) == {"noxfile.py"}
    assert newest_nox.environments(project) == {"a": "ready"}


def test_a_script_runs_without_an_environment_of_its_own_if_told_so(newest_nox: Nox, tmp_path: Path) -> None:
    noxfile = script(newest_nox, SESSIONS).replace("import iniconfig", "")
    project = write_tree(tmp_path / "project", {"noxfile.py": noxfile})

    result = run(newest_nox, cwd=project, NOX_SCRIPT_MODE="none")

    assert result.status == 0, result.text
    assert tree(project) == {"noxfile.py"}
    assert newest_nox.environments(project) == {"a": "ready"}


@pytest.mark.usefixtures("index")
@pytest.mark.every_release
def test_the_developers_uv_environment_does_not_reach_a_scripts_sessions(nox: Nox, tmp_path: Path) -> None:
    if nox.version < (2025, 2, 9):
        pytest.skip(NO_SCRIPTS)
    project = write_tree(tmp_path / "project", {"noxfile.py": script(nox, BARE)})
    mine = tmp_path / "mine"

    result = run(nox, cwd=project, UV_PROJECT_ENVIRONMENT=str(mine))

    assert result.status == 0, result.text
    assert "uv has " in result.out
    assert str(mine) not in result.text
    assert not mine.exists()


@pytest.mark.every_release
def test_a_script_says_what_is_wrong_with_the_store(nox: Nox, tmp_path: Path) -> None:
    if nox.version < (2025, 2, 9):
        pytest.skip(NO_SCRIPTS)
    project = write_tree(tmp_path / "project", {"noxfile.py": script(nox, BARE)})
    file = tmp_path / "file"
    file.touch()

    result = run(nox, cwd=project, CENTRAL_VENV_HOME=str(file / "store"))

    assert result.status == 1
    assert_one_clear_message(result, f"cannot create `{file / 'store'}`", "CENTRAL_VENV_HOME")
    assert tree(project) == {"noxfile.py"}


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("switch", SWITCHES)
def test_switched_off_a_script_is_that_of_plain_nox_by(
    switch: str, newest_nox: Nox, tmp_path: Path, store: Path
) -> None:
    files, variables = SWITCHES[switch]
    project = write_tree(tmp_path / "project", {"noxfile.py": script(newest_nox, BARE), **files})

    result = run(newest_nox, cwd=project, **variables)

    assert result.status == 0, result.text
    assert (project / ".nox" / "_nox_script_mode" / "pyvenv.cfg").is_file()
    assert not store.exists()


@pytest.mark.usefixtures("index")
def test_for_a_script_the_users_envdir_wins(newest_nox: Nox, tmp_path: Path, store: Path) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": script(newest_nox, BARE)})

    result = run(newest_nox, "--envdir", tmp_path / "mine", cwd=project)

    assert result.status == 0, result.text
    assert (tmp_path / "mine" / "_nox_script_mode" / "pyvenv.cfg").is_file()
    assert not store.exists()


#: What makes no environment although the noxfile is a script: its needs, arguments, variables.
NOTHING_TO_MAKE: dict[str, tuple[tuple[str, ...], list[str], dict[str, str]]] = {
    "version": (("iniconfig",), ["--version"], {}),
    "help": (("iniconfig",), ["--help"], {}),
    "nothing missing": ((), ["-l"], {}),
    "NOX_SCRIPT_MODE": ((), ["-l"], {"NOX_SCRIPT_MODE": "none"}),
    "--script-mode": ((), ["-l", "--script-mode", "none"], {}),
}


@pytest.mark.parametrize("way", NOTHING_TO_MAKE)
def test_a_script_that_makes_no_environment_writes_nothing_by(
    way: str, newest_nox: Nox, tmp_path: Path, store: Path
) -> None:
    needs, arguments, variables = NOTHING_TO_MAKE[way]
    project = write_tree(tmp_path / "project", {"noxfile.py": script(newest_nox, BARE, needs=needs)})

    result = run(newest_nox, *arguments, cwd=project, **variables)

    assert result.status == 0, result.text
    assert not store.exists()
    assert tree(project) == {"noxfile.py"}


def test_completion_for_a_script_writes_nothing(newest_nox: Nox, tmp_path: Path, store: Path) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": script(newest_nox, BARE, needs=())})

    offered = newest_nox.complete(f"{COMMAND} -s ", cwd=project, into=tmp_path / "offered")

    assert "bare" in {word.strip() for word in offered}
    assert not store.exists()


@pytest.mark.usefixtures("index")
@pytest.mark.every_release
def test_a_script_whose_python_is_no_longer_right_does_not_wait_for_itself(newest_nox: Nox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": script(newest_nox, BARE)})
    made = run(newest_nox, "-l", cwd=project)
    write_tree(project, {"noxfile.py": script(newest_nox, BARE, python=">=3.99")})

    process = newest_nox.host.start(COMMAND, "-l", cwd=project, NOX_SCRIPT_DOWNLOAD_PYTHON="never")
    assert process.stderr is not None
    waiting = next((line for line in process.stderr if "waiting for environment" in line), None)

    assert made.status == 0, made.text
    assert waiting is None
    assert finish(process).status == 1
