"""Environments in a store, made without a runner."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from support.trees import write_tree

if TYPE_CHECKING:
    from central_venv import Home

INTERPRETER = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"


def write_environment(path: Path) -> Path:
    """Make what the store takes for a working environment of Python 3.12.1."""
    return write_tree(path, {"pyvenv.cfg": "version_info = 3.12.1\n", INTERPRETER: ""})


def seal(
    home: Home, directory: str = "py312", runner: str = "tox", *, name: str | None = None, used: float | None = None
) -> Path:
    """Make a recorded environment.

    Args:
        home: the home of its project.
        directory: what its directory is called.
        runner: the runner that it is of.
        name: its name; that of its directory by default.
        used: when it was last used; now by default.
    """
    environment = home.environment(runner, directory)
    environment.claim(name or directory, on_wait=lambda _: None)
    path = write_environment(Path(environment.path))
    environment.seal()
    environment.release()
    if used is not None:
        os.utime(environment.record_path, (used, used))
    return path
