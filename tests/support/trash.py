"""The trash of a store, and processes that are killed while they have something in it."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

_TAKE = """
import sys
from central_venv.store.trash import Trash
trash = Trash(sys.argv[1])
for name in sys.argv[2:]:
    trash.take(name)
print("taken", flush=True)
sys.stdin.readline()
trash.empty()
"""


def write_home(place: Path, name: str = "home") -> Path:
    return write_tree(place / name, {".tox/py312/pyvenv.cfg": "", ".tox/py312/lib/a.py": "x" * 5000})


@contextmanager
def taking(place: Path, *names: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has renamed homes into the trash and has not deleted them yet."""
    process = subprocess.Popen(
        [sys.executable, "-c", _TAKE, str(place), *names], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def leave_behind(place: Path, name: str = "home") -> None:
    """A process is killed after it renamed a home into the trash."""
    write_home(place, name)
    with taking(place, name):
        pass


def trash_of(place: Path) -> set[str]:
    return listing(place / ".trash")


def places(place: Path) -> list[str]:
    return [name for name in os.listdir(place / ".trash") if not name.endswith(".lock")]
