"""Gigabytes that several projects need alike: one environment for all of them."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING, Any

from support.uv_projects import packages, write_project

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from .conftest import Central


def test_from_the_first_project_to_the_last(
    base: Path,
    store: Path,
    central: Central,
    projects: Callable[..., list[dict[str, Any]]],
    assert_only_sources: Callable[[Path], None],
) -> None:
    central("create", "@torch", "--python", sys.executable, cwd=base)
    roots = [write_project(base / "bert", "alpha"), write_project(base / "gpt", "beta")]
    for root in roots:
        central("use", "@torch", cwd=root)
        central("uv", "sync", cwd=root)
    central("uv", "pip", "install", "gamma", cwd=roots[0])

    for root in roots:
        said = central("run", "python", "-c", "import alpha, beta, gamma, module, sys; print(sys.prefix)", cwd=root)
        assert said.out == f"{store / '@torch'}\n"
        assert_only_sources(root)
    assert {path.name for path in store.iterdir() if path.name.startswith((".venv", "@"))} == {"@torch"}
    (shared,) = [project for project in projects(base) if project["state"] == "shared"]
    assert sorted(shared["used_by"]) == sorted(map(str, roots))

    central("remove", "@torch", "--yes", cwd=base, status=1)
    shutil.rmtree(roots[0])
    central("prune", "--yes", cwd=base)
    assert packages(store / "@torch") == {"alpha", "beta", "gamma"}
    shutil.rmtree(roots[1])
    central("prune", "--yes", cwd=base)
    assert projects(base) == []
    assert not (store / "@torch").exists()


def test_a_project_that_leaves_has_its_own_again(base: Path, store: Path, central: Central) -> None:
    central("create", "@torch", "--python", sys.executable, cwd=base)
    root = write_project(base / "bert", "alpha")
    central("use", "@torch", cwd=root)
    central("uv", "sync", cwd=root)

    central("use", "--none", cwd=root)
    said = central("uv", "run", "python", "-c", "import alpha, sys; print(sys.prefix)", cwd=root)

    assert said.out == central("path", cwd=root).out
    assert said.out != f"{store / '@torch'}\n"
    assert packages(store / "@torch") == {"alpha"}
