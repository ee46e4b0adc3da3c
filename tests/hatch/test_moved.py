"""An environment that was moved with its project, but not mended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from support.hatch import BARE, COLLECTOR
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.hatch import Hatch


@pytest.mark.skipif(sys.platform == "win32", reason="launchers there hold their place")
def test_an_environment_whose_move_did_not_end_is_made_anew(hatch: Hatch, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "foo", {"pyproject.toml": f"{BARE}{COLLECTOR}"})
    first = hatch.run("env", "create", cwd=project)
    assert first.status == 0, first.text
    launcher = hatch.directory(project) / "default" / "bin" / "launcher.exe"
    launcher.write_text(f"{launcher.parent}/python")
    moved = project.rename(tmp_path / "bar")
    said = hatch.host.run("central-venv", "move", "../foo", cwd=moved)
    assert (said.status, "launcher.exe" in said.err) == (1, True), said.text
    half_moved = hatch.records(moved)["default"]
    assert (half_moved["state"], half_moved["created"] is None) == ("creating", False)
    assert hatch.environments(moved) == {"default": "broken"}

    again = hatch.run("run", "python", "-c", "import sys; print(sys.prefix)", cwd=moved)

    environment = hatch.directory(moved) / "default"
    assert (again.status, again.out) == (0, f"{environment}\n"), again.text
    assert not (environment / "bin" / "launcher.exe").exists()
    assert hatch.environments(moved) == {"default": "ready"}
