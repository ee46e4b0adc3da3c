"""Keeping backups away from a store."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from central_venv import Store
from central_venv.machine import backups

if TYPE_CHECKING:
    from pathlib import Path

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="the tool that stands in is a shell script")


def replace_tool(monkeypatch: pytest.MonkeyPatch, base: Path, script: str) -> Path:
    """Take this machine for a Mac whose tool is a script; what it is called with is in the file that is returned."""
    tool, calls = base / "tmutil", base / "calls"
    tool.write_text(f'#!/bin/sh\nprintf "%s\\n" "$@" >> "{calls}"\n{script}\n')
    tool.chmod(0o755)
    monkeypatch.setattr(sys, "platform", "darwin")
    monkeypatch.setattr(backups, "TMUTIL", str(tool))
    return calls


@pytest.mark.skipif(sys.platform == "darwin", reason="macOS has Time Machine")
def test_where_there_is_no_time_machine_nothing_is_called(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = replace_tool(monkeypatch, base, "")
    monkeypatch.setattr(sys, "platform", "linux")

    backups.exclude(str(base))

    assert backups.is_excluded(str(base))
    assert not calls.exists()


@posix_only
def test_a_directory_is_excluded_by_the_systems_own_tool(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = replace_tool(monkeypatch, base, "")

    backups.exclude(str(base / "a store"))

    assert calls.read_text() == f"addexclusion\n{base / 'a store'}\n"


@posix_only
@pytest.mark.parametrize(("says", "expected"), [("[Excluded]", True), ("[Included]", False), ("", False)])
def test_the_tool_tells_whether_a_directory_is_excluded(
    base: Path,
    monkeypatch: pytest.MonkeyPatch,
    says: str,
    expected: bool,  # noqa: FBT001
) -> None:
    replace_tool(monkeypatch, base, f'echo "{says}    $2"')

    assert backups.is_excluded(str(base)) is expected


@posix_only
@pytest.mark.parametrize("missing", [True, False], ids=["missing", "failing"])
def test_a_tool_that_fails_is_no_failure(
    base: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
    missing: bool,  # noqa: FBT001
) -> None:
    replace_tool(monkeypatch, base, "echo failed >&2; exit 1")
    if missing:
        os.unlink(backups.TMUTIL)

    backups.exclude(str(base))

    assert not backups.is_excluded(str(base))
    assert capfd.readouterr() == ("", "")


@posix_only
def test_a_tool_that_does_not_answer_is_not_waited_for(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import subprocess

    def never_answer(*_: object, timeout: float, **__: object) -> None:
        raise subprocess.TimeoutExpired("tmutil", timeout)

    replace_tool(monkeypatch, base, "")
    monkeypatch.setattr(subprocess, "run", never_answer)

    backups.exclude(str(base))

    assert not backups.is_excluded(str(base))


@posix_only
def test_a_store_is_excluded_once_when_it_is_made(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = replace_tool(monkeypatch, base, "")
    store = Store(str(base / "store"))

    store.prepare()
    store.prepare()

    assert calls.read_text() == f"addexclusion\n{store.path}\n"


@posix_only
def test_a_directory_with_other_things_in_it_is_not_excluded(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = replace_tool(monkeypatch, base, "")
    (base / "store").mkdir()
    (base / "store" / "precious").write_text("")

    Store(str(base / "store")).prepare()

    assert not calls.exists()
