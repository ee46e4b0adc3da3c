"""Environments in a store, made without a runner."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from support.trees import write_tree

if TYPE_CHECKING:
    from central_venv import Environment, Home, Store

#: What no environment that several projects share can be called.
BAD_SHARED_NAMES = [
    *("torch", "@", "@Torch", "@a/b", "@../x", "@.x", "@-x", "@a b", "@törch", "@a\n"),
    f"@{'x' * 64}",
]

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
    return _seal(home.environment(runner, directory), name or directory, used)


def seal_shared(store: Store, name: str = "@torch", *, used: float | None = None) -> Path:
    """Make a recorded environment that projects can share.

    Args:
        store: where.
        name: what it is called.
        used: when it was last used; now by default.
    """
    return _seal(store.shared_environment(name), name, used)


def _seal(environment: Environment, name: str, used: float | None) -> Path:
    environment.claim(name, on_wait=lambda _: None)
    path = write_environment(Path(environment.path))
    environment.seal()
    environment.release()
    if used is not None:
        os.utime(environment.record_path, (used, used))
    return path
