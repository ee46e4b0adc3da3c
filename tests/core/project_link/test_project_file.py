"""Files in a project that are written in one step."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest
from central_venv.project_link import project_file
from support.trees import contents

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="modes and links are POSIX")


@pytest.fixture
def mask() -> Iterator[None]:
    """The mask that most users have."""
    old = os.umask(0o022)
    yield
    os.umask(old)


@posix_only
@pytest.mark.parametrize("write", [project_file.create, project_file.replace])
def test_a_new_file_has_the_mode_of_the_users_own(write: Callable[[str, bytes], None], base: Path, mask: None) -> None:
    write(str(base / "file"), b"a\n")

    assert contents(base)["file"] == b"a\n"
    assert stat.S_IMODE((base / "file").stat().st_mode) == 0o644


@posix_only
@pytest.mark.parametrize("mode", [0o600, 0o664])
def test_a_file_that_is_replaced_keeps_its_mode(mode: int, base: Path, mask: None) -> None:
    (base / "file").write_bytes(b"old")
    (base / "file").chmod(mode)

    project_file.replace(str(base / "file"), b"new")

    assert (base / "file").read_bytes() == b"new"
    assert stat.S_IMODE((base / "file").stat().st_mode) == mode


@pytest.mark.parametrize("links", [True, False], ids=["with hard links", "without hard links"])
def test_what_is_there_is_never_replaced_by_a_new_file(
    links: bool,  # noqa: FBT001
    base: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (base / "file").write_bytes(b"old")
    before = contents(base)
    if not links:
        monkeypatch.setattr(os, "link", refuse)

    with pytest.raises(FileExistsError):
        project_file.create(str(base / "file"), b"new")

    assert contents(base) == before


def test_a_new_file_can_be_made_where_there_are_no_hard_links(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = contents(base)
    monkeypatch.setattr(os, "link", refuse)

    project_file.create(str(base / "file"), b"new")

    assert contents(base) == {**before, "file": b"new"}


def refuse(*_: str) -> NoReturn:
    raise PermissionError(errno.EPERM, "")


@posix_only
@pytest.mark.parametrize("write", [project_file.create, project_file.replace])
def test_a_full_disk_leaves_what_was_there(write: Callable[[str, bytes], None], small_disk: Path) -> None:
    if write is project_file.replace:
        (small_disk / "file").write_bytes(b"old")
    before = contents(small_disk)

    with pytest.raises(OSError, match="No space left"):
        write(str(small_disk / "file"), b"x" * 100_000)

    assert contents(small_disk) == before


@posix_only
@pytest.mark.parametrize("write", [project_file.create, project_file.replace])
def test_an_interruption_leaves_what_was_there(
    write: Callable[[str, bytes], None], base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: str) -> NoReturn:
        raise KeyboardInterrupt

    before = contents(base)
    monkeypatch.setattr(os, "link", interrupt)
    monkeypatch.setattr(os, "replace", interrupt)

    with pytest.raises(KeyboardInterrupt):
        write(str(base / "file"), b"new")

    assert contents(base) == before


def test_of_several_that_make_a_file_at_once_one_does(base: Path) -> None:
    program = """
import sys
from central_venv.project_link import project_file
print("ready", flush=True)
sys.stdin.readline()
try:
    project_file.create(sys.argv[1], sys.argv[2].encode())
except FileExistsError:
    sys.exit(1)
"""
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(base / "file"), str(number)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for number in range(4)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()
    for process in processes:
        process.communicate()

    (winner,) = [number for number, process in enumerate(processes) if process.returncode == 0]
    assert contents(base)["file"] == str(winner).encode()
    assert sorted(name for name in os.listdir(base) if "central-venv" in name) == []
