"""A project is moved or renamed: its environments follow it."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.uv_projects import packages, write_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Central

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")


@pytest.fixture
def old(base: Path, central: Central) -> Path:
    """A project with an environment that works."""
    root = write_project(base / "old", "alpha")
    central("uv", "sync", cwd=root)
    return root


def path_of(central: Central, root: Path) -> Path:
    return Path(central("path", cwd=root).out.rstrip("\n"))


@pytest.mark.parametrize("place", ["new", "elsewhere/with a space/old"], ids=["renamed", "moved"])
def test_its_environment_works_at_its_new_place(
    place: str, base: Path, old: Path, central: Central, projects: Callable[..., list[dict[str, Any]]]
) -> None:
    before, new = path_of(central, old), base / place
    new.parent.mkdir(parents=True, exist_ok=True)
    old.rename(new)

    central("move", old, cwd=new)

    now = path_of(central, new)
    assert (before.exists(), now.exists(), packages(now)) == (False, True, {"alpha"})
    said = central("run", "python", "-c", "import alpha, module, sys; print(sys.prefix)", cwd=new)
    assert said.out == f"{now}\n"
    made = (now / "pyvenv.cfg").stat().st_ino
    central("uv", "sync", cwd=new)
    assert (now / "pyvenv.cfg").stat().st_ino == made
    assert [(project["root"], project["state"]) for project in projects(base)] == [(str(new), "active")]


def test_doctor_says_what_to_do_and_that_is_enough(base: Path, old: Path, central: Central) -> None:
    new = old.rename(base / "new")

    findings = json.loads(central("doctor", "--json", cwd=new, status=1).out)["findings"]

    remedies = [each["remedy"] for each in findings if each["what"].startswith(f"project `{old}`")]
    if not remedies:
        pytest.skip("nothing here tells when a directory was made")
    (remedy,) = remedies
    assert remedy == f"`central-venv move {old} {new}`"
    central(*remedy.strip("`").split()[1:], cwd=base)
    central("run", "python", "-c", "import alpha", cwd=new)


@posix_only
def test_the_link_for_the_editor_follows(base: Path, old: Path, central: Central) -> None:
    central("link", cwd=old)
    new = old.rename(base / "new")

    central("move", old, cwd=new)

    assert (new / ".venv").readlink() == path_of(central, new)
    assert (new / ".venv" / "pyvenv.cfg").is_file()


def test_a_shared_environment_is_still_used(
    base: Path, old: Path, store: Path, central: Central, projects: Callable[..., list[dict[str, Any]]]
) -> None:
    central("create", "@torch", "--python", sys.executable, cwd=base)
    central("use", "@torch", cwd=old)
    new = old.rename(base / "new")

    central("move", old, cwd=new)

    assert path_of(central, new) == store / "@torch"
    (shared,) = [project for project in projects(base) if project["state"] == "shared"]
    assert shared["used_by"] == [str(new)]
    central("prune", "--yes", cwd=base)
    assert (store / "@torch").is_dir()


def test_what_is_not_moved_can_be_pruned_and_made_anew(base: Path, old: Path, central: Central) -> None:
    before = path_of(central, old)
    new = old.rename(base / "new")

    central("prune", "--yes", cwd=base)
    central("uv", "run", "python", "-c", "import alpha", cwd=new)

    assert not before.exists()
