"""A project is deleted: its environments are found and removed, and nothing else."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

from support.trees import contents
from support.uv_projects import write_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Central


def test_what_belonged_to_it_goes_and_nothing_else(
    base: Path, central: Central, projects: Callable[..., list[dict[str, Any]]]
) -> None:
    roots = [write_project(base / name, "alpha") for name in ("gone", "stays")]
    environments = [Path(central("create", cwd=root).out.rstrip("\n")) for root in roots]
    for root in roots:
        central("uv", "sync", cwd=root)
    shutil.rmtree(roots[0])
    before = contents(environments[1])

    states = {project["root"]: project["state"] for project in projects(base)}
    planned = json.loads(central("prune", "--dry-run", "--json", cwd=base).out)
    removed = json.loads(central("prune", "--yes", "--json", cwd=base).out)

    assert states == {str(roots[0]): "orphan", str(roots[1]): "active"}
    assert (
        {each["root"] for each in planned["removed"]}
        == {each["root"] for each in removed["removed"]}
        == {str(roots[0])}
    )
    assert removed["freed"] > 0
    assert [environment.parent.exists() for environment in environments] == [False, True]
    assert contents(environments[1]) == before
    central("run", "python", "-c", "import module", cwd=roots[1])


def test_a_project_that_comes_back_in_time_keeps_them(base: Path, central: Central) -> None:
    root = write_project(base / "project")
    path = Path(central("create", cwd=root).out.rstrip("\n"))
    root.rename(base / "backup")
    planned = central("prune", "--dry-run", cwd=base).out
    (base / "backup").rename(root)

    central("prune", "--yes", cwd=base)

    assert "would remove 1 environment" in planned
    assert path.exists()
