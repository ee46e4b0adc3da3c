"""What is known of the uv that is installed."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from central_venv.project_link import uv
from support.hosts import UV

if TYPE_CHECKING:
    from pathlib import Path


def test_the_version_is_the_one_of_the_uv_on_the_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(UV.parent))
    found = uv.version()
    monkeypatch.setenv("PATH", "")

    assert found is not None
    assert uv.follows(found)
    assert uv.version() is None


@pytest.mark.skipif(sys.platform == "win32", reason="a script without an extension is no program there")
@pytest.mark.parametrize("script", ["exit 3", "echo something else", "printf '\\377'"])
def test_of_a_program_that_tells_no_version_none_is_known(
    script: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "uv").write_text(f"#!/bin/sh\n{script}\n")
    (base / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(base))

    assert uv.version() is None


@pytest.mark.parametrize(
    ("version", "follows"), [("0.9.30", False), ("0.13.8", False), ("0.13.9", True), ("0.13.10", True), ("1.0.0", True)]
)
def test_versions_are_compared_by_their_numbers(version: str, follows: bool) -> None:  # noqa: FBT001
    assert uv.follows(version) is follows
