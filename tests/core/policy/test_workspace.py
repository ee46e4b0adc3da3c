"""Members of uv workspaces, with the real uv to compare with."""

from __future__ import annotations

import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from central_venv.policy.project import find_root
from support.hosts import UV
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path


def workspace(members: str = "[]", exclude: str = "[]") -> str:
    return f"[tool.uv.workspace]\nmembers = {members}\nexclude = {exclude}\n"


STAR = workspace('["packages/*"]')

#: What is in each pyproject.toml, the directory that asks, and the directory that has the environment.
TREES = [
    pytest.param({".": STAR, "packages/a": ""}, "packages/a", ".", id="a member belongs to the root"),
    pytest.param({".": STAR, "packages/a": ""}, ".", ".", id="the root belongs to itself"),
    pytest.param({".": STAR, "other": ""}, "other", "other", id="what is not listed is on its own"),
    pytest.param({".": "", "a": ""}, "a", "a", id="a project within a project that is no workspace is on its own"),
    pytest.param({".": STAR, "packages/g/b": ""}, "packages/g/b", "packages/g/b", id="a star is one directory"),
    pytest.param({".": workspace('["packages/*/*"]'), "packages/g/b": ""}, "packages/g/b", ".", id="two stars"),
    pytest.param({".": workspace('["packages/**/b"]'), "packages/g/h/b": ""}, "packages/g/h/b", ".", id="any depth"),
    pytest.param({".": workspace('["**/b"]'), "b": ""}, "b", ".", id="any depth can be none"),
    pytest.param({".": workspace('["packages/?"]'), "packages/a": ""}, "packages/a", ".", id="one character"),
    pytest.param({".": workspace('["packages/[ab]"]'), "packages/a": ""}, "packages/a", ".", id="one of some"),
    pytest.param(
        {".": workspace('["packages/[!ab]"]'), "packages/a": ""}, "packages/a", "packages/a", id="none of some"
    ),
    pytest.param({".": STAR, "packages/.a": ""}, "packages/.a", ".", id="a star takes hidden directories"),
    pytest.param({".": workspace('["./packages/a/"]'), "packages/a": ""}, "packages/a", ".", id="needless slashes"),
    pytest.param({".": workspace('["packages//*"]'), "packages/a": ""}, "packages/a", ".", id="a doubled slash"),
    pytest.param({".": workspace("[]"), "packages/a": ""}, "packages/a", "packages/a", id="no members"),
    pytest.param(
        {".": "[tool.uv.workspace]\n", "packages/a": ""}, "packages/a", "packages/a", id="members are not mentioned"
    ),
    pytest.param(
        {".": workspace('["packages/*"]', '["packages/a"]'), "packages/a": ""},
        "packages/a",
        "packages/a",
        id="what is excluded is on its own",
    ),
    pytest.param(
        {".": workspace('["packages/*"]', '["packages/a*"]'), "packages/ab": ""},
        "packages/ab",
        "packages/ab",
        id="exclude takes globs",
    ),
    pytest.param(
        {".": workspace('["packages/*"]', '["packages/a"]'), "packages/b": ""},
        "packages/b",
        ".",
        id="what is beside the excluded is a member",
    ),
    pytest.param(
        {".": workspace('["packages/*/*"]'), "packages/g": "", "packages/g/b": ""},
        "packages/g/b",
        "packages/g/b",
        id="a project in between hides the workspace",
    ),
    pytest.param(
        {".": STAR, "packages/a": workspace()}, "packages/a", "packages/a", id="a workspace of its own is on its own"
    ),
    pytest.param(
        {".": STAR, "packages/a": "# workspace\n"}, "packages/a", ".", id="a mention of workspaces declares none"
    ),
    pytest.param(
        {".": "# workspace\n", "packages/a": ""}, "packages/a", "packages/a", id="a mention above declares none"
    ),
]


def make(base: Path, contents: dict[str, str]) -> None:
    for number, (directory, more) in enumerate(contents.items()):
        header = f'[project]\nname = "p{number}"\nversion = "0"\nrequires-python = ">=3.10"\n'
        write_tree(base / directory, {"pyproject.toml": header + more})


@pytest.mark.parametrize(("contents", "start", "root"), TREES)
def test_a_workspace_is_found_as_uv_documents_it(contents: dict[str, str], start: str, root: str, base: Path) -> None:
    make(base, contents)

    assert find_root(str(base / start)) == str(base / root)


@pytest.mark.parametrize(("contents", "start", "root"), TREES)
def test_uv_itself_makes_the_environment_there(contents: dict[str, str], start: str, root: str, base: Path) -> None:
    make(base, contents)
    environ = {**os.environ, "UV_PYTHON": sys.executable}

    subprocess.run([UV, "sync", "--offline", "--quiet"], cwd=base / start, env=environ, check=True)

    assert [made.parent.parent for made in base.rglob("pyvenv.cfg")] == [base / root]


def test_a_directory_in_a_member_belongs_to_the_root(base: Path) -> None:
    make(base, {".": STAR, "packages/a": ""})
    (base / "packages" / "a" / "src").mkdir()

    assert find_root(str(base / "packages" / "a" / "src")) == str(base)


def test_a_project_without_a_python_package_is_no_member(base: Path) -> None:
    make(base, {".": STAR})
    write_tree(base / "packages" / "a", {"tox.ini": ""})

    assert find_root(str(base / "packages" / "a")) == str(base / "packages" / "a")


@pytest.mark.parametrize(
    "root",
    [
        pytest.param("workspace = [", id="no TOML"),
        pytest.param("tool = 'workspace'", id="tool is no table"),
        pytest.param("[tool]\nuv = 'workspace'", id="uv is no table"),
        pytest.param("[tool.uv]\nworkspace = true", id="workspace is no table"),
        pytest.param("[tool.uv.workspace]\nmembers = 'packages/*'", id="members is no list"),
        pytest.param("[tool.uv.workspace]\nmembers = [1]", id="members holds no text"),
        pytest.param("[tool.other.workspace]\nmembers = ['packages/*']", id="another tool's"),
    ],
)
def test_what_is_no_workspace_has_no_members(root: str, base: Path) -> None:
    write_tree(base, {"pyproject.toml": root, "packages/a/pyproject.toml": ""})

    assert find_root(str(base / "packages" / "a")) == str(base / "packages" / "a")


def test_an_exclude_that_is_no_list_excludes_nothing(base: Path) -> None:
    root = "[tool.uv.workspace]\nmembers = ['packages/*']\nexclude = 'packages/a'"
    write_tree(base, {"pyproject.toml": root, "packages/a/pyproject.toml": ""})

    assert find_root(str(base / "packages" / "a")) == str(base)


WORKSPACE = "[tool.uv.workspace]\nmembers = {}\nexclude = {}\n"


@pytest.mark.parametrize(
    ("members", "exclude", "member", "root"),
    [
        pytest.param(
            "['packages/**']", "['packages/*']", "packages/g/a", "packages/g/a", id="what is below an excluded one"
        ),
        pytest.param("['x/../packages/*']", "[]", "packages/a", ".", id="steps up are taken first"),
        pytest.param("['packages/**']", "[]", "packages", "packages", id="two stars need a level"),
    ],
)
def test_globs_are_those_of_uv(members: str, exclude: str, member: str, root: str, base: Path) -> None:
    header = "[project]\nname = '{}'\nversion = '0'\nrequires-python = '>=3.10'\n"
    write_tree(base, {"pyproject.toml": header.format("a") + WORKSPACE.format(members, exclude)})
    write_tree(base / member, {"pyproject.toml": header.format("b")})
    (base / "x").mkdir()

    assert find_root(str(base / member)) == str(base / root)
