"""When a directory was made."""

from __future__ import annotations

import os
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from central_venv.machine import birth
from central_venv.machine.birth import birth_time

if TYPE_CHECKING:
    from pathlib import Path


def test_the_birth_time_is_when_a_directory_was_made(births: None, base: Path) -> None:
    before = time.time()
    (base / "new").mkdir()

    born = birth_time(str(base / "new"))

    assert born is not None
    assert before - 1 <= born <= time.time() + 1


def test_the_birth_time_stays_when_a_directory_changes(births: None, project: Path) -> None:
    born = birth_time(str(project))

    os.utime(project, (0, 0))
    (project / "file").write_text("")
    project.rename(project.with_name("renamed"))

    assert birth_time(str(project.with_name("renamed"))) == born


def test_the_birth_time_of_nothing_is_unknown(base: Path) -> None:
    assert birth_time(str(base / "missing")) is None


def test_the_birth_time_of_what_can_be_no_path_is_unknown() -> None:
    assert birth_time("/\0") is None
    assert birth_time("/\ud800") is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked through the C library")
@pytest.mark.parametrize("problem", ["no C library", "no such function", "an error", "an unknown time"])
def test_the_birth_time_is_unknown_where_the_c_library_cannot_tell(
    problem: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import ctypes

    class Library:
        def __init__(self, *_: object, **__: object) -> None:
            if problem == "no C library":
                raise OSError("no such library")
            if problem != "no such function":
                self.statx = lambda *_: -1 if problem == "an error" else 0

    monkeypatch.setattr(ctypes, "CDLL", Library)

    assert birth._statx_birth_time(str(project)) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked through the C library")
def test_the_birth_time_is_unknown_where_python_has_no_ctypes(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ctypes", None)

    assert birth._statx_birth_time(str(project)) is None


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux is asked through the C library")
def test_a_birth_time_of_zero_is_none(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import ctypes
    import struct

    class Library:
        def __init__(self, *_: object, **__: object) -> None:
            pass

        def statx(self, *arguments: Any) -> int:
            struct.pack_into("=I", arguments[-1], 0, 0x800)
            return 0

    monkeypatch.setattr(ctypes, "CDLL", Library)

    assert birth_time(str(project)) is None
