"""The package index, and what becomes of the tests that need it where it is out of reach."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path

import pytest

#: Where downloads are kept for all tests.
CACHE = Path(__file__).resolve().parents[2] / ".dev" / "cache"
CACHES = {"UV_CACHE_DIR": str(CACHE / "uv"), "PIP_CACHE_DIR": str(CACHE / "pip")}

#: What is small, and what some tests install.
_SAMPLE = "iniconfig"
_PATIENCE = 60


def need_index() -> None:
    """Skip the test if the package index is out of reach."""
    reason = _out_of_reach()
    if reason is not None:
        pytest.skip(f"the package index is out of reach: {reason}")


def need_packages(monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Let every uv look into its cache only if the index is out of reach; skip the test if a package is not there."""
    if _out_of_reach() is not None:
        if not _are_kept(names):
            need_index()
        monkeypatch.setenv("UV_OFFLINE", "1")


def download(*command: str | Path) -> None:
    """Run a command of uv, or pip, that may download: without the index, from uv's cache; if it has not all, skip.

    Raises:
        subprocess.CalledProcessError: it fails, though the index can be reached.
    """
    variables = {**os.environ, **CACHES}  # it may be asked before the first test
    try:
        subprocess.run(command, check=True, env=variables)
    except subprocess.CalledProcessError:
        if _out_of_reach() is None:
            raise
        if subprocess.run(command, check=False, env={**variables, "UV_OFFLINE": "1"}).returncode:
            need_index()


@cache
def _out_of_reach() -> str | None:
    """Why a download fails; None if it does not. Asked once by each process that runs tests."""
    with tempfile.TemporaryDirectory() as directory:
        # As the tests see it: without the user's own configuration, and whatever a test says.
        variables = {name: value for name, value in os.environ.items() if name != "PIP_NO_INDEX"}
        variables |= dict.fromkeys(("HOME", "USERPROFILE", "APPDATA"), directory)
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-cache-dir", "--retries", "0"]
        command = [*pip, "--dest", directory, _SAMPLE]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=_PATIENCE, env=variables
            )
        except subprocess.TimeoutExpired:
            return f"no answer within {_PATIENCE} s"
    said = done.stderr.strip().splitlines() or [f"status {done.returncode}"]
    return said[-1] if done.returncode else None


@cache
def _are_kept(names: tuple[str, ...]) -> bool:
    """Whether uv's cache has packages."""
    with tempfile.TemporaryDirectory() as directory:
        install = ["uv", "pip", "install", "--quiet", "--offline", "--python", sys.executable, "--target", directory]
        return subprocess.run([*install, *names], capture_output=True, check=False).returncode == 0
