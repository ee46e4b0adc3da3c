"""A real kernel of Jupyter, whose environment lies in the store."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from central_venv import Home, Store
from support.commands import ask
from support.environments import INTERPRETER
from support.jupyter import let_run_kernels, named_by, start_kernels, write_kernel
from support.trees import write_tree
from support.virtualenvs import call


@pytest.mark.skipif(sys.platform != "linux", reason="kernels are elsewhere on other systems")
def test_a_kernel_starts_wherever_its_project_moves(
    tmp_path: Path, store: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    base = Path(os.path.realpath(tmp_path))
    project = write_tree(base / "foo", {"pyproject.toml": ""})
    environment = Home(Store(str(store)), str(project)).environment("project", ".venv")
    environment.claim(".venv", on_wait=lambda _: None)
    let_run_kernels(Path(environment.path))
    environment.seal()
    environment.release()
    ask("link", cwd=project)
    data = base / "home" / ".local" / "share" / "jupyter"
    call(Path(environment.path) / INTERPRETER, "-m", "ipykernel", "install", "--user", "--name", "direct", cwd=project)
    linked = write_kernel(data, project / ".venv", "linked")

    project.rename(base / "bar")
    ask("move", str(project), cwd=base / "bar")

    moved = Home(Store(str(store)), str(base / "bar")).environment("project", ".venv").path
    link = base / "bar" / ".venv"
    assert named_by(linked) == str(link / INTERPRETER)
    assert start_kernels("direct", "linked", cwd=base) in ([moved, moved], [moved, str(link)])
    capfd.readouterr()
    ask("clean", "--yes", cwd=base / "bar")
    warnings = [line for line in capfd.readouterr().err.splitlines() if line.startswith("warning: ")]
    assert [line.split("`")[1] for line in warnings] == [
        str(data / "kernels" / name / "kernel.json") for name in ("direct", "linked")
    ]
