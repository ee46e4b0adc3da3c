"""Disk usage."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest
from central_venv import disk_usage as module
from central_venv.disk_usage import disk_usage
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="blocks and links are POSIX")


def blocks(*paths: Path) -> int:
    return sum(os.lstat(path).st_blocks * 512 for path in paths)


@posix_only
def test_a_directory_counts_with_all_in_it(base: Path) -> None:
    root = write_tree(base / "root", {"file": "x" * 10_000, "sub/file": "x", "sub/deep/file": ""})

    assert disk_usage(str(root)) == blocks(root, *root.rglob("*"))
    assert disk_usage(str(root)) >= 10_000


@posix_only
@pytest.mark.skipif(shutil.which("du") is None, reason="`du` is missing")
def test_the_size_is_that_of_du(base: Path) -> None:
    root = write_tree(base / "root", {f"{number % 7}/{number}": "x" * number * 100 for number in range(50)})
    (root / "link").symlink_to("0")
    os.link(root / "1" / "1", root / "again")

    kilobytes = int(subprocess.run(["du", "-sk", root], capture_output=True, check=True).stdout.split()[0])

    assert -(-disk_usage(str(root)) // 1024) == kilobytes


@posix_only
def test_hard_links_count_once(base: Path) -> None:
    root = write_tree(base / "root", {"a/file": "x" * 10_000, "b/other": ""})
    before = disk_usage(str(root))

    os.link(root / "a" / "file", root / "b" / "link")

    assert disk_usage(str(root)) == before


@posix_only
def test_a_file_linked_from_elsewhere_counts(base: Path) -> None:
    root = write_tree(base / "root", {"file": "x" * 10_000})
    os.link(root / "file", base / "elsewhere")

    assert disk_usage(str(root)) == blocks(root, root / "file")


@posix_only
def test_links_are_not_followed(base: Path) -> None:
    big = write_tree(base / "big", {"file": "x" * 100_000})
    root = write_tree(base / "root", {})
    (root / "file").symlink_to(big / "file")
    (root / "directory").symlink_to(big)
    (root / "loop").symlink_to(root)

    assert disk_usage(str(root)) < 100_000


@posix_only
def test_holes_take_no_disk(base: Path) -> None:
    root = write_tree(base / "root", {})
    with (root / "sparse").open("wb") as file:
        file.truncate(1 << 30)

    assert disk_usage(str(root)) < 1 << 20


def test_a_directory_that_cannot_be_listed_counts_for_itself(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree(base / "root", {"file": "x" * 10_000})

    def refuse(path: str) -> NoReturn:
        raise PermissionError(13, "", path)

    monkeypatch.setattr(os, "scandir", refuse)

    assert disk_usage(str(root)) < 10_000


@posix_only
def test_an_entry_that_vanished_counts_nothing(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree(base / "root", {"file": "x" * 10_000})
    listed: list[os.DirEntry[str]] = []

    @contextmanager
    def scandir(_: str) -> Iterator[list[os.DirEntry[str]]]:
        yield listed
        (root / "file").unlink()

    with os.scandir(root) as entries:
        listed.extend(entries)
    monkeypatch.setattr(os, "scandir", scandir)

    assert disk_usage(str(root)) == blocks(root)


def test_without_blocks_the_length_counts(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.stat_result(range(10))  # as on Windows

    assert module._size(status) == 6


def test_a_directory_that_vanished_takes_nothing(base: Path) -> None:
    assert disk_usage(str(base / "missing")) == 0
