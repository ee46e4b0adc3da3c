"""The store itself is moved, by whoever ran out of room: nothing runs in it until one command has mended it."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from support.hatch import COLLECTOR, PYPROJECT
from support.nox import ENABLED
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.hosts import Host, Result

    from .conftest import Central

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the environments of POSIX")

FILES = {
    "pyproject.toml": f"{PYPROJECT}{COLLECTOR}",
    "tox.ini": "[testenv]\npackage = skip\ncommands = python -c 'import sys; print(sys.prefix)'\n",
    "noxfile.py": f"{ENABLED}\n@nox.session(venv_backend='virtualenv')\ndef a(session):\n"
    "    session.run('python', '-c', 'import sys; print(sys.prefix)')\n",
}
#: Each prints in which environment it runs.
RUNS = {
    "run": ["central-venv", "run", "python", "-c", "import sys; print(sys.prefix)"],
    "tox": ["tox", "run", "-q", "-e", "py"],
    "nox": ["nox", "-R"],
    "hatch": ["hatch", "run", "python", "-c", "import sys; print(sys.prefix)"],
}


@pytest.fixture
def root(base: Path) -> Path:
    """A project that uses each runner."""
    return write_tree(base / "project", FILES)


def call(programs: Host, name: str, root: Path, store: Path) -> Result:
    return programs.run(*RUNS[name], cwd=root, CENTRAL_VENV_HOME=str(store))


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("name", RUNS)
def test_nothing_runs_in_a_store_that_was_moved_until_it_is_mended(
    name: str, root: Path, base: Path, programs: Host, central: Central
) -> None:
    assert call(programs, name, root, base / "old").status == 0
    (base / "old").rename(base / "new")
    before = {path: os.lstat(path).st_mtime_ns for path in (base / "new").glob("*/.??*/**/pyvenv.cfg")}

    refused = call(programs, name, root, base / "new")

    assert refused.status not in {0, None}
    assert "was made at" in refused.text
    assert f"central-venv move --store {base}/old" in refused.text
    assert str(base / "new") not in [line.strip() for line in refused.out.splitlines()]
    assert {path: os.lstat(path).st_mtime_ns for path in (base / "new").glob("*/.??*/**/pyvenv.cfg")} == before

    central("move", "--store", base / "old", cwd=base, CENTRAL_VENV_HOME=str(base / "new"))

    said = call(programs, name, root, base / "new")
    assert said.status == 0, said.text
    assert f"{base}/new/" in said.text
    assert f"{base}/old/" not in said.text
    assert {path: os.lstat(path).st_mtime_ns for path in (base / "new").glob("*/.??*/**/pyvenv.cfg")} == before


def test_every_command_that_would_use_it_says_what_to_do(root: Path, base: Path, central: Central) -> None:
    def new(*words: str, status: int) -> Result:
        return central(*words, cwd=root, status=status, CENTRAL_VENV_HOME=str(base / "new"))

    central("create", cwd=root, CENTRAL_VENV_HOME=str(base / "old"))
    central("link", cwd=root, CENTRAL_VENV_HOME=str(base / "old"))
    (base / "old").rename(base / "new")
    remedy = f"central-venv move --store {base}/old"

    for words in (
        ["run", "true"],
        ["env", "--shell", "bash"],
        ["env", "--shell", "json"],
        ["activate", "--shell", "bash"],
        ["activate", "--shell", "bash", "project"],
        ["uv", "pip", "list"],
        ["uv", "sync"],
        ["create"],
    ):
        said = new(*words, status=1)
        assert (said.out, remedy in said.err) == ("", True), words

    assert "moved" in new("info", status=0).out
    assert new("list", "--state", "moved", status=0).out.rstrip().endswith("moved")
    assert new("doctor", status=1).out.count(f"remedy: `{remedy}`") == 2  # of the environment, and of the link to it

    new("move", "--store", str(base / "old"), status=0)
    assert new("run", "python", "-c", "import sys; print(sys.prefix)", status=0).out.startswith(f"{base}/new/")
    assert os.readlink(root / ".venv").startswith(f"{base}/new/")


@pytest.mark.usefixtures("index")
def test_what_was_moved_can_be_removed_by_its_runner(root: Path, base: Path, programs: Host, central: Central) -> None:
    assert call(programs, "hatch", root, base / "old").status == 0
    (base / "old").rename(base / "new")

    said = programs.run("hatch", "env", "remove", "default", cwd=root, CENTRAL_VENV_HOME=str(base / "new"))

    assert said.status == 0, said.text
    assert central("list", cwd=root, CENTRAL_VENV_HOME=str(base / "new")).out.rstrip().endswith("empty")


def test_it_can_be_made_anew_instead(root: Path, base: Path, central: Central) -> None:
    central("create", cwd=root, CENTRAL_VENV_HOME=str(base / "old"))
    (base / "old").rename(base / "new")

    said = central("create", "--clear", cwd=root, CENTRAL_VENV_HOME=str(base / "new"))

    assert said.out.startswith(f"{base}/new/")
    assert "ready" in central("list", cwd=root, CENTRAL_VENV_HOME=str(base / "new")).out
