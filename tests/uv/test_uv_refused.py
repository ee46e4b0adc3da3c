"""What uv refuses leaves nothing behind that was not there before."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from support.trees import write_tree
from support.uv import PROGRAMS, packages, pyproject

if TYPE_CHECKING:
    from pathlib import Path

    from support.uv import Uv

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="`sh` and background processes are POSIX")

REFUSED = {
    "a typo in an extra": ["sync", "--extra", "nosuch"],
    "a typo in a group": ["run", "--group", "nosuch", "python"],
    "a Python that the project forbids": ["sync", "--python", "{other}"],
    "a Python that nobody has": ["run", "--python", "3.99", "python"],
    "an environment of a Python that nobody has": ["venv", "--python", "3.99"],
    "a package that no index has": ["add", "nosuch"],
    "a requirement that cannot be had": ["pip", "install", "nosuch"],
    "a program that is not there": ["run", "nosuch"],
}


def left(root: Path, store: Path) -> list[str]:
    """What there is of a project, and what doctor has to say of the store."""
    findings = json.loads(PROGRAMS.run("central-venv", "doctor", "--json", cwd=root).out)["findings"]
    said = [finding["what"] for finding in findings if finding["code"] in {"leftovers", "removals-not-finished"}]
    return [*sorted(path.name for path in store.glob("[!.]*-*")), *said]


@pytest.mark.parametrize("arguments", REFUSED.values(), ids=REFUSED)
def test_what_uv_refuses_leaves_no_environment_lock_or_home(
    arguments: list[str], newest_uv: Uv, project: Path, store: Path, two_pythons: tuple[str, str]
) -> None:
    this, other = two_pythons
    write_tree(project, {"pyproject.toml": pyproject(python=f"=={this}.*")})

    said = newest_uv.run(*(argument.format(other=other) for argument in arguments), cwd=project)

    assert said.status != 0
    assert left(project, store) == []


def test_what_was_there_stays(newest_uv: Uv, project: Path) -> None:
    newest_uv("sync", cwd=project)

    assert newest_uv.run("sync", "--extra", "nosuch", cwd=project).status == 2

    assert newest_uv.environments(project) == {".venv"}


def test_what_was_installed_stays_when_the_command_fails(newest_uv: Uv, base: Path) -> None:
    root = write_tree(base / "needing", {"pyproject.toml": pyproject("needing", "alpha")})

    assert newest_uv.run("run", "python", "-c", "raise SystemExit(3)", cwd=root).status == 3

    assert set(packages(newest_uv.home(root) / ".venv")) == {"alpha"}


@posix_only
def test_what_a_program_put_into_the_environment_stays_when_it_fails(newest_uv: Uv, project: Path) -> None:
    assert newest_uv.run("run", "sh", "-c", 'echo > "$VIRTUAL_ENV/bin/tool"; exit 3', cwd=project).status == 3

    assert (newest_uv.home(project) / ".venv" / "bin" / "tool").exists()


@posix_only
def test_what_a_process_still_uses_stays(newest_uv: Uv, project: Path) -> None:
    said = newest_uv.run("run", "sh", "-c", "sleep 60 >/dev/null 2>&1 & echo $!; exit 3", cwd=project)

    try:
        assert said.status == 3
        assert newest_uv.environments(project) == {".venv"}
    finally:
        os.kill(int(said.out), 9)


def test_a_creation_that_fails_leaves_nothing(newest_uv: Uv, project: Path, store: Path) -> None:
    for more in ([], ["@shared"]):
        assert PROGRAMS.run("central-venv", "create", "--python", "3.99", *more, cwd=project).status == 1

    assert left(project, store) == []
    assert newest_uv.environments(project) == set()
