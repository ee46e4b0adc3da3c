"""One home directory on several machines: each has a store of its own, or knows what it cannot judge."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.trees import write_tree
from support.uv_projects import packages, write_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.hosts import Host

    from .conftest import Central

    Elsewhere = Callable[..., str]


@pytest.fixture
def elsewhere(programs: Host) -> Elsewhere:
    """Calls `central-venv` on a machine with another name."""
    renamed = ["unshare", "--uts", "sh", "-c", 'hostname workstation2 && exec "$@"', "sh"]
    can = shutil.which("unshare") and subprocess.run([*renamed, "true"], check=False, capture_output=True)
    if not can or can.returncode:
        pytest.skip("cannot give a process another name of the machine")

    def elsewhere(*arguments: str | Path, cwd: Path) -> str:
        command = [*renamed, programs.program("central-venv"), *map(str, arguments)]
        done = subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return elsewhere


def test_each_machine_has_environments_of_its_own(home: Path, central: Central, elsewhere: Elsewhere) -> None:
    write_tree(home / ".config", {"central-venv/config.toml": 'store = "~/venvs/{hostname}-{platform}"\n'})
    root = write_project(home / "project", "alpha")

    central("uv", "sync", cwd=root)
    elsewhere("create", cwd=root)

    here, there = Path(central("path", cwd=root).out.rstrip("\n")), Path(elsewhere("path", cwd=root).rstrip("\n"))
    name = os.uname().nodename.split(".")[0]
    assert here.parents[1].name.startswith(f"{name}-{sys.platform}-")
    assert there.parents[1].name.startswith(f"workstation2-{sys.platform}-")
    assert here.parents[2] == there.parents[2] == home / "venvs"
    assert (packages(here), packages(there)) == ({"alpha"}, set())


def test_a_machine_does_not_judge_what_only_another_one_can_see(
    base: Path,
    central: Central,
    elsewhere: Elsewhere,
    projects: Callable[..., list[dict[str, Any]]],
) -> None:
    root = write_project(base / "local disk" / "project")
    environment = elsewhere("create", cwd=root).rstrip("\n")
    shutil.rmtree(root)

    central("prune", "--yes", cwd=base)

    assert [project["state"] for project in projects(base)] == ["unreachable"]
    assert os.path.isdir(environment)
    elsewhere("prune", "--yes", cwd=base)
    assert not os.path.exists(environment)
