"""The TOML parser."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from central_venv.machine.files import MAXIMUM_SIZE
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


DEEP = ".".join("a" * 33)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(f"{DEEP} = 1", id="a key"),
        pytest.param(f"[{DEEP}]", id="a table"),
        pytest.param(" . ".join("a" * 33) + " = 1", id="with blanks"),
        pytest.param(".".join(['"a"', "'.'", '"\\"="'] * 11) + " = 1", id="in quotes"),
        pytest.param(f"a = {{{DEEP} = 1}}", id="in an inline table"),
        pytest.param(f'a = ["""\n""", {{{DEEP} = 1}}]', id="on a line on which a text ends"),
        pytest.param(f'a = ["""\n"""", {{{DEEP} = 1}}]', id="on a line on which a text ends in a quote"),
    ],
)
def test_a_key_of_very_many_parts_is_refused(content: str, tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_text(content)

    with pytest.raises(NotTOMLError, match="it has a key of more than 32 parts"):
        load(str(path))


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(f"{DEEP[2:]} = 1", id="32 parts"),
        pytest.param(f"a = '{DEEP}' # {DEEP}", id="a text and a comment"),
        pytest.param(f"a = '''\n{DEEP}\n'''", id="a text of several lines"),
        pytest.param(f"a = [{', '.join(['1.5', '2026-12-01T00:00:00.5'] * 40)}]", id="numbers"),
        pytest.param("a = [" + "'pip>=1.2.3', " * 40 + "]", id="requirements on one line"),
    ],
)
def test_many_dots_in_anything_but_a_key_are_no_matter(content: str, tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_text(content)

    assert load(str(path))


def test_what_is_larger_than_all_that_is_ours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "file.toml"
    path.write_text("#" * MAXIMUM_SIZE + "#")

    with pytest.raises(NotTOMLError, match="it is larger than 1 MiB"):
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
