"""Work trees of one repository: each is a project with an environment of its own."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.git import git, make_repository, needs_git, shown
from support.uv_projects import packages, write_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Central

pytestmark = [needs_git, pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")]


@pytest.fixture
def trees(base: Path) -> list[Path]:
    """The repository and a work tree of it, with a branch of its own."""
    root = make_repository(write_project(base / "project", "alpha"))
    git("worktree", "add", "--quiet", "-b", "feature", base / "feature", cwd=root)
    return [root, base / "feature"]


def sync(central: Central, root: Path) -> Path:
    """Make the environment of a work tree; its path."""
    central("uv", "sync", cwd=root)
    return Path(central("path", cwd=root).out.rstrip("\n"))


def test_each_work_tree_has_an_environment_of_its_own(trees: list[Path], central: Central) -> None:
    root, feature = trees
    one, other = sync(central, root), sync(central, feature)
    central("uv", "add", "beta", cwd=feature)

    assert one != other
    assert (packages(one), packages(other)) == ({"alpha"}, {"alpha", "beta"})


def test_a_link_in_a_work_tree_is_hidden_from_git(trees: list[Path], central: Central) -> None:
    for tree in trees:
        central("create", cwd=tree)
        central("link", cwd=tree)

        assert (tree / ".venv").is_symlink()
        assert shown(tree) == []
    central("unlink", cwd=trees[1])
    assert [os.path.lexists(tree / ".venv") for tree in trees] == [True, False]
    assert shown(trees[0]) == []


def test_a_work_tree_that_is_removed_takes_its_environment_along(
    base: Path, trees: list[Path], central: Central, projects: Callable[..., list[dict[str, Any]]]
) -> None:
    root, feature = trees
    one, other = sync(central, root), sync(central, feature)
    (feature / "uv.lock").unlink()  # git keeps a work tree with what nobody committed
    git("worktree", "remove", feature, cwd=root)

    assert {project["root"]: project["state"] for project in projects(base)} == {
        str(root): "active",
        str(feature): "orphan",
    }
    central("prune", "--yes", cwd=root)
    assert [one.exists(), other.exists()] == [True, False]
