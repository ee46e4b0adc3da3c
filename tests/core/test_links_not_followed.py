"""Where a file system's links are not followed, no Python can be reached: one error says so, and nothing is remade."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from support.trees import listing

if TYPE_CHECKING:
    from support.commands import Runner
    from support.mounts import Mounts

COMMANDS = pytest.mark.parametrize(
    "command",
    [["create"], ["run", "python", "-V"], ["uv", "sync"], ["uv", "run", "python", "-V"]],
    ids=lambda command: " ".join(command[:2]),
)


@COMMANDS
def test_no_environment_is_made(
    command: list[str], base: Path, here: Path, mounts: Mounts, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = mounts.memory(base / "disk", "nosymfollow") / "store"
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(store))
    path = Home(Store(str(store)), str(here)).environment_path("project", ".venv")

    said = run(*command)

    python = os.path.join(path, "bin", "python")
    assert said.status == 1
    assert said.err.splitlines()[0] == (
        f"error: `{python}` cannot be reached: it is a link, and none is followed on that file system"
    )
    assert said.err.splitlines()[1].startswith("hint: mount it without `nosymfollow`")
    assert len(said.err.splitlines()) == 2
    assert not os.path.lexists(path)


@COMMANDS
def test_one_that_is_a_good_one_to_others_stays(
    command: list[str], base: Path, here: Path, mounts: Mounts, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = mounts.memory(base / "disk")
    store = disk / "store"
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(store))
    assert run("create").status == 0
    path = Path(Home(Store(str(store)), str(here)).environment_path("project", ".venv"))
    before = listing(path)
    subprocess.run(["mount", "-o", "remount,nosymfollow", str(disk)], check=True)

    said = run(*command)

    assert said.status == 1
    assert said.err.startswith(f"error: `{path}/bin/python` cannot be reached: ")
    assert listing(path) == before
    subprocess.run(["mount", "-o", "remount,symfollow", str(disk)], check=True)
    assert Home(Store(str(store)), str(here)).environment("project", ".venv").is_ready()
