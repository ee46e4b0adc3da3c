"""A project and an environment to start from."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

INTERPRETER = "Scripts/python.exe" if sys.platform == "win32" else "bin/python"


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A directory whose path is its true path."""
    return type(tmp_path)(os.path.realpath(tmp_path))


@pytest.fixture
def project(base: Path) -> Path:
    """The root of a project without any setting."""
    return write_tree(base / "project", {"pyproject.toml": "[project]\nname = 'project'\nversion = '0'\n"})


@pytest.fixture
def make_environment() -> Callable[[Path], Path]:
    """Makes what the store takes for a working environment of Python 3.12.1."""

    def make(path: Path) -> Path:
        return write_tree(path, {"pyvenv.cfg": "version_info = 3.12.1\n", INTERPRETER: ""})

    return make
