"""A session's environment that was moved with its project, but not mended."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from support.nox import ENABLED
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.nox import Nox

SESSION = """
@nox.session(venv_backend="uv", reuse_venv=True)
def a(session):
    session.run("python", "-c", "import sys; print(sys.prefix)")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="launchers there hold their place")
def test_an_environment_whose_move_did_not_end_is_made_anew(nox: Nox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "foo", {"noxfile.py": f"{ENABLED}{SESSION}"})
    first = nox.run("-s", "a", cwd=project)
    assert first.status == 0, first.text
    launcher = nox.directory(project) / "a" / "bin" / "launcher.exe"
    launcher.write_text(f"{launcher.parent}/python")
    moved = project.rename(tmp_path / "bar")
    said = nox.host.run("central-venv", "move", "../foo", cwd=moved)
    assert (said.status, "launcher.exe" in said.err) == (1, True), said.text
    half_moved = nox.records(moved)["a"]
    assert (half_moved["state"], half_moved["created"] is None) == ("creating", False)
    assert nox.environments(moved) == {"a": "broken"}

    again = nox.run("-s", "a", cwd=moved)

    environment = nox.directory(moved) / "a"
    assert (again.status, again.out) == (0, f"{environment}\n"), again.text
    assert not (environment / "bin" / "launcher.exe").exists()
    assert nox.environments(moved) == {"a": "ready"}
