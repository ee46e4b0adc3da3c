"""The TOML parser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from central_venv.machine.toml import NotTOMLError, load

if TYPE_CHECKING:
    from pathlib import Path
import os
import sys


def test_a_file_is_read_as_utf_8(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_bytes('key = "é"\n'.encode())

    assert load(str(path)) == {"key": "é"}


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(b"key = ", "Invalid value", id="no TOML"),
        pytest.param(b'key = "\xff"', "not UTF-8: invalid start byte at byte 7", id="no UTF-8"),
    ],
)
def test_what_is_no_toml_is_refused(content: bytes, reason: str, tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_bytes(content)

    with pytest.raises(NotTOMLError, match=reason):
        load(str(path))


def test_a_missing_file_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        load(str(tmp_path / "missing"))


def test_a_number_with_more_digits_than_python_converts_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_text(f"key = {'1' * 5000}\n")

    with pytest.raises(NotTOMLError):
        load(str(path))


@pytest.mark.skipif(sys.platform == "win32", reason="named pipes are POSIX")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "file.toml")

    with pytest.raises(NotTOMLError, match="not a regular file"):
        load(str(tmp_path / "file.toml"))
