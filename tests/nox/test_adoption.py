"""Environments that nox made in the project's tree, adopted and then used by nox with the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.nox import ENABLED, tree
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.nox import Nox

BACKENDS = ("uv", "virtualenv", "venv")

SESSION = """
@nox.session(venv_backend={0!r}, name={0!r})
def session_{0}(session):
    session.install("iniconfig")
    session.run("python", "-c", "import iniconfig, sys; print('prefix', sys.prefix)")
"""


@pytest.mark.usefixtures("index")
def test_nox_reuses_the_environments_that_were_adopted(nox: Nox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": ENABLED + "".join(map(SESSION.format, BACKENDS))})
    before = tree(project)
    made = nox.run(cwd=project, CENTRAL_VENV="0")
    assert made.status == 0, made.text
    assert (project / ".nox" / "uv" / "pyvenv.cfg").exists()

    adopted = nox.host.run("central-venv", "adopt", "--yes", cwd=project)

    assert adopted.status == 0, adopted.text
    assert tree(project) == before
    assert nox.environments(project) == dict.fromkeys(BACKENDS, "ready")

    used = nox.run("-R", cwd=project)

    assert used.status == 0, used.text
    for backend in BACKENDS:
        path = nox.directory(project) / backend
        assert f"prefix {path}\n" in used.text
        assert f"sing existing virtual environment at {path}." in used.text
    assert "Creating" not in used.text
    assert "install iniconfig" not in used.text
