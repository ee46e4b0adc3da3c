"""Real git repositories."""

from __future__ import annotations

import os
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pathlib import Path

needs_git = pytest.mark.skipif(shutil.which("git") is None, reason="there is no git")

_USER = ("-c", "user.name=A", "-c", "user.email=a@example.org", "-c", "protocol.file.allow=always")


def git(*arguments: str | Path, cwd: Path) -> str:
    """What git answers."""
    variables = {**os.environ, "GIT_CONFIG_NOSYSTEM": "1"}
    command = ["git", *_USER, *map(str, arguments)]
    done = subprocess.run(command, cwd=cwd, env=variables, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return os.fsdecode(done.stdout)


def make_repository(directory: Path) -> Path:
    """Make a repository of what is in a directory, with everything committed."""
    directory.mkdir(exist_ok=True)
    git("init", "--quiet", cwd=directory)
    git("add", "--all", cwd=directory)
    git("commit", "--quiet", "--allow-empty", "--message=first", cwd=directory)
    return directory


def shown(directory: Path) -> list[str]:
    """What git shows as new or changed."""
    return git("status", "--porcelain", "-z", "--untracked-files=all", cwd=directory).split("\0")[:-1]
