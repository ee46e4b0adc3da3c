"""A project with a link to its real environment, in which there is a package that is nowhere else."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest
from support.editors import Linked, make_linked


@pytest.fixture
def linked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Linked:
    """A project with a link."""
    if sys.platform == "win32":
        pytest.skip("links and the layout of environments are POSIX here")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    return make_linked(Path(os.path.realpath(tmp_path)) / "demo")
