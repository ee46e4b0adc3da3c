"""What a command of the command line says, asked in this process: to start Python takes hundreds of times as long."""

from __future__ import annotations

import json
import os
import tempfile
from collections.abc import Callable
from contextlib import redirect_stdout
from typing import TYPE_CHECKING, Any, NamedTuple

from central_venv.cli import main

if TYPE_CHECKING:
    from pathlib import Path


class Said(NamedTuple):
    """What a command said, and its exit status."""

    status: object
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """What it said to a program."""
        return json.loads(self.out)


Runner = Callable[..., Said]


def ask(*words: str | Path, cwd: Path) -> str:
    """What the command line answers in a directory, which must not fail."""
    before = os.getcwd()
    os.chdir(cwd)
    try:
        # A file, because some answers go past Python's own buffer.
        with tempfile.TemporaryFile("w+", encoding="utf-8", errors="surrogateescape", newline="") as file:
            with redirect_stdout(file):
                status = main(list(map(str, words)))
            file.seek(0)
            answer = file.read()
    finally:
        os.chdir(before)
    assert status == 0, answer
    return answer


def listed(cwd: Path) -> list[dict[str, Any]]:
    """The projects that ``central-venv list --json`` shows."""
    projects: list[dict[str, Any]] = json.loads(ask("list", "--json", cwd=cwd))["projects"]
    return projects
