"""Projects whose dependencies uv installs without any index."""

from __future__ import annotations

import os
import sys
from pathlib import Path

import pytest

from support.trees import write_tree
from support.wheels import write_wheel

#: The packages that there are to depend on.
PACKAGES = ("alpha", "beta", "gamma")

_PROJECT = """\
[project]
name = "{name}"
version = "0"
requires-python = "{python}"
dependencies = [{needs}]

[tool.uv]
package = false
no-index = true
find-links = ["{wheels}"]
"""


def write_project(root: Path, *needs: str, python: str = ">=3.8") -> Path:
    """Write a project.

    Args:
        root: its directory; the packages are put beside it.
        needs: which of them it depends on.
        python: the versions of Python that it works with.
    """
    wheels = root.parent / "wheels"
    for name in PACKAGES:
        write_wheel(wheels, name)
    quoted = ", ".join(f'"{need}"' for need in needs)
    file = _PROJECT.format(name="project", python=python, needs=quoted, wheels=wheels.as_posix())
    return write_tree(root, {"pyproject.toml": file, "module.py": "GREETING = 'hello'\n"})


def packages(environment: Path) -> set[str]:
    """Those that are installed in an environment."""
    modules = [*environment.glob("lib/*/site-packages/*.py"), *environment.glob("Lib/site-packages/*.py")]
    return {path.stem for path in modules} & set(PACKAGES)


def other_python() -> Path:
    """An interpreter of another minor version than the one that runs the tests."""
    for path in sorted(Path(sys.base_prefix).parent.glob("*/bin/python3.1[0-9]")):
        if path.name != f"python3.{sys.version_info.minor}" and os.access(path, os.X_OK):
            return path
    pytest.skip("there is only one Python")
