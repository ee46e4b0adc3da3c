"""A project in a folder that is synchronized with a cloud: nothing but its sources may lie there."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.trees import contents
from support.uv_projects import packages, write_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Central

needs_bash = pytest.mark.skipif(sys.platform == "win32" or shutil.which("bash") is None, reason="there is no bash")

ACTIVATION = """
eval "$(central-venv hook bash)"
central-venv activate
python -c 'import alpha, module, sys; print(sys.prefix)'
deactivate
"""


@pytest.fixture
def folder(base: Path) -> Path:
    """As such folders are called."""
    return base / "OneDrive - Müller & Söhne"


@needs_bash
def test_a_day_of_work_leaves_nothing_in_the_folder(
    folder: Path, central: Central, assert_only_sources: Callable[[Path], None]
) -> None:
    root = write_project(folder / "my project")
    path = central("create", cwd=root).out.rstrip("\n")
    central("uv", "add", "alpha", cwd=root)
    central("uv", "sync", cwd=root)
    central("uv", "run", "python", "-c", "import alpha, module", cwd=root)
    central("run", "python", "-c", "import alpha, module", cwd=root)
    central("uv", "venv", "--clear", cwd=root)
    central("uv", "sync", cwd=root)
    central("info", cwd=root)

    shell = subprocess.run(["bash", "-c", ACTIVATION], cwd=root, capture_output=True, text=True, check=False)

    assert (shell.returncode, shell.stderr, shell.stdout) == (0, "", f"{path}\n")
    assert str(root) in central("list", cwd=root).out
    assert packages(Path(path)) == {"alpha"}
    assert_only_sources(root)
    assert {each.name for each in folder.iterdir()} == {"my project", "wheels"}


def test_what_the_cloud_brings_to_another_computer_is_a_project_there(
    folder: Path, base: Path, central: Central, assert_only_sources: Callable[[Path], None]
) -> None:
    root = write_project(folder / "project", "alpha")
    central("uv", "sync", cwd=root)
    shutil.copytree(folder, base / "other" / "folder")
    there = base / "other" / "folder" / "project"
    (there / "uv.lock").unlink()  # it names the place of the packages
    file = (there / "pyproject.toml").read_text(encoding="utf-8")
    (there / "pyproject.toml").write_text(file.replace(folder.as_posix(), there.parent.as_posix()), encoding="utf-8")

    other = {"CENTRAL_VENV_HOME": str(base / "other-computer" / "store")}
    central("uv", "run", "python", "-c", "import alpha", cwd=there, **other)

    assert "other-computer" in central("path", cwd=there, **other).out
    assert_only_sources(there)


def test_what_a_removal_takes_was_never_in_the_folder(folder: Path, central: Central) -> None:
    root = write_project(folder / "project", "alpha")
    before = contents(root)
    central("create", cwd=root)

    central("clean", "--yes", cwd=root)

    assert contents(root) == before
