"""Real interactive shells that enter projects and leave them."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest
from support.debian import Program, find_program
from support.hosts import UV
from support.mise import CREATE, ENABLED, PYPROJECT, old_tree

if TYPE_CHECKING:
    from support.mise import Mise

OPTIONS = {"bash": ["--norc", "--noprofile", "-i"], "zsh": ["-f", "-i"]}
#: Says what is set, between marks that the typed line itself does not hold.
SAY = 'printf "SA%s:%s:%s:ID\\n" ID "${VIRTUAL_ENV-none}" "$(command -v python)"'
SAID = re.compile(r"SAID:(.*?):(.*?):ID")


@pytest.fixture(params=OPTIONS)
def shell(request: pytest.FixtureRequest) -> tuple[str, Program]:
    """Each shell in turn."""
    program = find_program(request.param)
    if program is None:
        pytest.skip(f"there is no `{request.param}` here, and no archive that has it")
    return request.param, program


def visit(mise: Mise, shell: tuple[str, Program], *steps: Path | str, **variables: str) -> list[tuple[str, str]]:
    """What is set at the prompt after each step of an interactive shell: the environment and the Python.

    A step is a directory to go to, or a line to type.
    """
    name, program = shell
    environment = {**os.environ, **program.variables, **variables, "TERM": "dumb", "COLUMNS": "2000"}
    terminal = pexpect.spawn(
        program.path, OPTIONS[name], env=environment, encoding="utf-8", timeout=60, dimensions=(24, 2000), echo=False
    )
    said = []
    try:
        terminal.sendline(f'eval "$("{mise.program}" activate {name})"')
        for step in steps:
            terminal.sendline(f'cd "{step}"' if isinstance(step, Path) else step)
            terminal.sendline(SAY)
            terminal.expect(SAID)
            said.append((str(terminal.match.group(1)), str(terminal.match.group(2))))
        terminal.sendline("exit")
        terminal.expect(pexpect.EOF)
    finally:
        terminal.close(force=True)
    return said


def test_projects_are_entered_and_left(mise: Mise, shell: tuple[str, Program], tmp_path: Path) -> None:
    one, two = (
        old_tree(tmp_path / name, {"pyproject.toml": PYPROJECT, "mise.toml": CREATE}) for name in ("one", "two")
    )

    outside, in_one, in_two, back, left = visit(mise, shell, tmp_path, one, two, one, tmp_path)

    assert outside[0] == left[0] == "none"
    assert outside[1] == left[1]
    assert "/one-" in in_one[0]
    assert in_one[1] == f"{in_one[0]}/bin/python"
    assert "/two-" in in_two[0]
    assert in_two[1] == f"{in_two[0]}/bin/python"
    assert back == in_one
    assert mise.called() == 2


def test_what_the_user_had_set_comes_back(mise: Mise, shell: tuple[str, Program], tmp_path: Path) -> None:
    project = old_tree(tmp_path / "one", {"pyproject.toml": PYPROJECT, "mise.toml": CREATE})

    outside, inside, left = visit(mise, shell, tmp_path, project, tmp_path, VIRTUAL_ENV="/my/own")

    assert (outside[0], left[0]) == ("/my/own", "/my/own")
    assert "/one-" in inside[0]


def test_prompts_cost_no_call(mise: Mise, shell: tuple[str, Program], tmp_path: Path) -> None:
    project = old_tree(tmp_path / "one", {"pyproject.toml": PYPROJECT, "mise.toml": CREATE})
    visit(mise, shell, project)
    mise.called()

    visit(mise, shell, *[project] * 5)

    assert mise.called() == 0


@pytest.mark.parametrize(
    "make",
    [
        "central-venv env --shell json --create >/dev/null",
        f'"{UV}" venv --quiet --offline "$UV_PROJECT_ENVIRONMENT"',
    ],
    ids=["central-venv", "uv"],
)
def test_an_environment_that_is_made_or_removed_meanwhile_is_noticed_at_the_next_prompt(
    make: str, mise: Mise, shell: tuple[str, Program], tmp_path: Path, store: Path
) -> None:
    project = old_tree(tmp_path / "one", {"pyproject.toml": PYPROJECT, "mise.toml": ENABLED})
    assert not store.exists()

    said = visit(mise, shell, project, make, ":", ":", 'rm -r "$VIRTUAL_ENV"', ":", ":")

    before, made, again, once_more, removed, *after = [environment for environment, _ in said]
    assert "/one-" in made
    assert (again, once_more) == (made, made)
    assert [before, removed, *after] == ["none"] * 4
    assert mise.called() == 3  # when it was entered, and for each of the two changes
