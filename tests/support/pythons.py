"""The Pythons of this machine."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

import pytest

from support.hosts import SCRIPTS

#: The minor version of the Python that runs the tests.
MINOR = ".".join(map(str, sys.version_info[:2]))
#: The reason to skip what needs two.
ONLY_ONE = "there is only one Python"
#: What uv would not take for one of the system.
_MARKER = "import sys; print(sys.prefix == sys.base_prefix)"


@cache
def find_pythons() -> dict[str, Path]:
    """A working interpreter of each minor version that is here: on the path, or beside the one that runs the tests."""
    found = {}
    for minor in range(10, 15):
        name = f"python3.{minor}"
        beside = Path(sys.base_prefix).parent.glob(f"*/{SCRIPTS}/{name}")
        for candidate in (Path(sys.base_prefix, SCRIPTS, name), *beside, shutil.which(name)):
            if candidate is not None and _works(Path(candidate)):
                found[f"3.{minor}"] = Path(candidate)
                break
    return found


def other_python() -> str:
    """The minor version of another Python than the one that runs the tests; skips the test if there is none."""
    others = [version for version in find_pythons() if version != MINOR]
    if MINOR not in find_pythons() or not others:
        pytest.skip(ONLY_ONE)
    return others[-1]


def _works(interpreter: Path) -> bool:
    if not interpreter.exists():
        return False
    answer = subprocess.run([interpreter, "-I", "-c", _MARKER], capture_output=True, check=False)
    return (answer.returncode, answer.stdout.strip()) == (0, b"True")
