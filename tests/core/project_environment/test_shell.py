"""What a shell evaluates sets exactly what was meant, in the real shells, whatever the text."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from central_venv.cli.env import DIRENV
from central_venv.project_environment.shell import SHELLS, script, watching
from support.debian import Program, find_program

if TYPE_CHECKING:
    from pathlib import Path

#: How each shell evaluates its standard input, and what says the raw bytes of a variable.
RUN = {
    "bash": ["--norc", "--noprofile"],
    "zsh": ["-f"],
    "fish": ["--no-config"],
    "pwsh": ["-NoProfile", "-NonInteractive", "-Command", "-"],
}
RUN[DIRENV] = RUN["bash"]

#: How each shell has no path.
UNSET = {"bash": "unset PATH", "zsh": "unset PATH", "fish": "set -e PATH", "pwsh": "Remove-Item Env:PATH"}
UNSET[DIRENV] = UNSET["bash"]
EMPTY = {"bash": "export PATH=", "zsh": "export PATH=", "fish": "set -gx PATH", "pwsh": "$env:PATH = ''"}
EMPTY[DIRENV] = EMPTY["bash"]

DIRECTORIES = ["/store/.venv/bin", "/a 'quoted' $HOME/bin", "/日本/bin", "/a*[b]?/bin"]

TEXTS = [
    "plain",
    "",
    "with space",
    "it's",
    "''''",
    '"double"',
    "$HOME",
    "${HOME}",
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    "& touch pwned",
    "back\\slash",
    "ends with \\",
    "\\'",
    "two\nlines",
    "a\ttab",
    "!history",
    "* ? [a-z] {a,b} ~",
    "%PATH%",
    "\u2018curly\u2019 \u201alow\u201b",
    "日本語 naïve 🐍",
    "-n",
    "#comment",
]


@pytest.fixture(params=SHELLS)
def shell(request: pytest.FixtureRequest) -> tuple[str, Program]:
    """Each shell in turn, installed or from the system's archive."""
    program = find_program("bash" if request.param == DIRENV else request.param)
    if program is None:
        pytest.skip(f"there is no `{request.param}` here, and no archive that has it")
    return request.param, program


def evaluate(shell: tuple[str, Program], text: str, directory: Path, path: str | None = None) -> dict[str, str]:
    """The variables that a program has which the shell starts after it has evaluated a script."""
    name, program = shell
    variables = {
        "PATH": os.environ["PATH"] if path is None else path,
        "HOME": str(directory),
        "LC_ALL": "C.UTF-8",
        **program.variables,
    }
    printer = shutil.which("env")
    end = f"& '{printer}' -0\n" if name == "pwsh" else f"'{printer}' -0\n"
    done = subprocess.run(
        [program.path, *RUN[name]],
        input=os.fsencode(text + end),
        cwd=directory,
        env=variables,
        check=True,
        capture_output=True,
    )
    assert done.stderr == b""
    return dict(os.fsdecode(pair).split("=", 1) for pair in done.stdout.split(b"\0") if b"=" in pair)


@pytest.mark.parametrize("text", TEXTS, ids=ascii)
def test_a_value_comes_through_as_it_is(shell: tuple[str, Program], text: str, tmp_path: Path) -> None:
    found = evaluate(shell, script(shell[0], {"VALUE": text}, None), tmp_path)

    assert found["VALUE"] == text
    assert not (tmp_path / "pwned").exists()


def test_bytes_that_are_no_text_come_through(shell: tuple[str, Program], tmp_path: Path) -> None:
    if shell[0] == "pwsh":
        pytest.skip("PowerShell knows text only")
    text = os.fsdecode(b"caf\xe9 \xff")

    assert evaluate(shell, script(shell[0], {"VALUE": text}, None), tmp_path)["VALUE"] == text


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_a_directory_comes_first_on_the_path(shell: tuple[str, Program], directory: str, tmp_path: Path) -> None:
    found = evaluate(shell, script(shell[0], {}, directory), tmp_path)

    assert found["PATH"] == f"{directory}:{os.environ['PATH']}"


@pytest.mark.parametrize("directory", DIRECTORIES)
def test_twice_a_directory_is_on_the_path_once(shell: tuple[str, Program], directory: str, tmp_path: Path) -> None:
    found = evaluate(shell, script(shell[0], {}, directory) * 2, tmp_path)

    assert found["PATH"] == f"{directory}:{os.environ['PATH']}"


@pytest.mark.parametrize(
    "rest", ["/usr/bin:/store/bin", "/usr/bin:/store/bin:/bin", "/store/bin2:/store/bin", "/store"]
)
def test_a_directory_comes_first_although_it_is_on_the_path(
    shell: tuple[str, Program], rest: str, tmp_path: Path
) -> None:
    found = evaluate(shell, script(shell[0], {}, "/store/bin"), tmp_path, rest)

    assert found["PATH"] == f"/store/bin:{rest}"


@pytest.mark.parametrize("path", ["/store/bin", "/store/bin:/usr/bin"])
def test_a_path_that_begins_with_the_directory_stays(shell: tuple[str, Program], path: str, tmp_path: Path) -> None:
    if shell[0] == "pwsh":
        path = f"{path}:"

    assert evaluate(shell, script(shell[0], {}, "/store/bin"), tmp_path, path)["PATH"] == path


@pytest.mark.parametrize("state", [EMPTY, UNSET], ids=["empty", "unset"])
def test_without_a_path_the_directory_is_all_of_it(
    state: dict[str, str], shell: tuple[str, Program], tmp_path: Path
) -> None:
    found = evaluate(shell, f"{state[shell[0]]}\n{script(shell[0], {}, '/store/bin')}", tmp_path)

    assert found["PATH"] == ("/store/bin:" if shell[0] == "pwsh" else "/store/bin")


def test_a_script_works_where_unset_variables_are_errors(shell: tuple[str, Program], tmp_path: Path) -> None:
    if shell[0] not in {"bash", "zsh", DIRENV}:
        pytest.skip("this shell has no such option")

    found = evaluate(shell, f"set -eu\nunset PATH\n{script(shell[0], {}, '/store/bin')}", tmp_path)

    assert found["PATH"] == "/store/bin"


def test_direnv_watches_files_of_any_name(tmp_path: Path) -> None:
    program = find_program("bash")
    assert program is not None
    paths = ["/plain", "/with space", "/it's", "/$(touch pwned)", "/a*", "/two\nlines"]
    define = 'watch_file() { export WATCHED="$WATCHED$1:$#:"; }\n'

    found = evaluate((DIRENV, program), define + watching(paths), tmp_path)

    assert found["WATCHED"] == "".join(f"{path}:1:" for path in paths)


def test_an_empty_script_sets_nothing(shell: tuple[str, Program]) -> None:
    assert script(shell[0], {}, None) == ""
