"""Environments in a store, made without a runner."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from central_venv.store.project_record import read_project, write_project

from support.trees import write_tree

if TYPE_CHECKING:
    from central_venv import Environment, Home, Store
    from central_venv.store.project_record import ProjectRecord

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


def make_older(home: Home, **changes: object) -> ProjectRecord:
    """Let a home say that it was made long ago, and for a directory that was older than the one at the project's path.

    Args:
        home: one with a record.
        changes: what else it is to say.

    Returns:
        What it says.
    """
    record = read_project(home.record_path)
    assert record is not None
    record.created = record.recorded = "2020-01-01T00:00:00Z"
    record.generation, record.born = 1, 1577836800.25
    for name, value in changes.items():
        setattr(record, name, value)
    write_project(home.record_path, record)
    return record


def _seal(environment: Environment, name: str, used: float | None) -> Path:
    environment.claim(name, on_wait=lambda _: None)
    path = write_environment(Path(environment.path))
    environment.seal()
    environment.release()
    if used is not None:
        os.utime(environment.record_path, (used, used))
    return path
