"""Looking at directories and all below them."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from central_venv.store.disk_usage import Usage, disk_usage, team, walk
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="blocks and links are POSIX")


def blocks(*paths: Path) -> int:
    return sum(os.lstat(path).st_blocks * 512 for path in paths)


@posix_only
@pytest.mark.parametrize("sibling", [False, True], ids=["a chain", "with siblings"])
@pytest.mark.parametrize("patience", [0, 10])
def test_depth_has_no_limit(base: Path, monkeypatch: pytest.MonkeyPatch, sibling: bool, patience: int) -> None:  # noqa: FBT001
    monkeypatch.setattr(team, "worker_count", lambda _: 1)
    monkeypatch.setattr(walk, "_SLICE", patience)
    depth = 300 if sibling else 2000
    root = base / "root"
    root.mkdir()
    expected = blocks(root)
    descriptor = os.open(root, os.O_RDONLY)
    name = "x" * 20
    for _ in range(depth):
        for made in (name, "sibling") if sibling else (name,):
            os.mkdir(made, dir_fd=descriptor)
            expected += os.stat(made, dir_fd=descriptor).st_blocks * 512
        descriptor, parent = os.open(name, os.O_RDONLY, dir_fd=descriptor), descriptor
        os.close(parent)
    os.close(descriptor)

    try:
        assert disk_usage(str(root)) == expected
    finally:
        subprocess.run(["rm", "-rf", root], check=True)


@posix_only
def test_few_directories_are_open_at_once(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(walk, "_MAXIMUM_OPEN", 3)
    monkeypatch.setattr(walk, "_SLICE", 10)
    root = write_tree(base / "root", {f"{'d/' * depth}{name}/file": "x" for depth in range(30) for name in "ab"})
    opened: set[int] = set()
    most = 0
    os_open, os_close = os.open, os.close

    def counted(*arguments: Any, **options: Any) -> int:
        nonlocal most
        descriptor = os_open(*arguments, **options)
        opened.add(descriptor)
        most = max(most, len(opened))
        return descriptor

    def closed(descriptor: int) -> None:
        opened.discard(descriptor)
        os_close(descriptor)

    monkeypatch.setattr(os, "open", counted)
    monkeypatch.setattr(os, "close", closed)

    size = disk_usage(str(root))

    assert not opened
    assert most <= 3 + 2
    assert size == blocks(root, *root.rglob("*"))


@posix_only
def test_a_directory_that_cannot_be_opened_counts_for_what_its_parent_knows(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_tree(base / "root", {"closed/file": "x" * 10_000})
    os_open = os.open

    def refuse(path: str, *arguments: Any, **options: Any) -> int:
        if os.path.basename(path) == "closed":
            raise PermissionError(13, "", path)
        return os_open(path, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)

    assert disk_usage(str(root)) == blocks(root, root / "closed")
    assert disk_usage(str(root / "closed")) == blocks(root / "closed")


@posix_only
@pytest.mark.parametrize("swapped", [False, True], ids=["gone", "a link now"])
@pytest.mark.parametrize("patience", [0, 10])
def test_a_directory_that_vanished_meanwhile_counts_nothing(
    base: Path,
    monkeypatch: pytest.MonkeyPatch,
    swapped: bool,  # noqa: FBT001
    patience: int,
) -> None:
    monkeypatch.setattr(walk, "_SLICE", patience)
    monkeypatch.setattr(team, "worker_count", lambda _: 1)
    big = write_tree(base / "big", {"deep/file": "x" * 100_000})
    root = write_tree(base / "root", {"gone/deep/file": "x" * 10_000})
    scandir = os.scandir

    @contextmanager
    def swap(descriptor: int) -> Iterator[list[os.DirEntry[str]]]:
        with scandir(descriptor) as entries:
            yield list(entries)
        if not (base / "aside").exists():
            (root / "gone").rename(base / "aside")
            if swapped:
                (root / "gone").symlink_to(big)

    monkeypatch.setattr(os, "scandir", swap)

    assert disk_usage(str(root)) == blocks(root, *([root / "gone"] if swapped else []))


@posix_only
def test_a_way_that_vanished_leads_to_nothing(base: Path) -> None:
    root = write_tree(base / "root", {"a/b/file": "x"})
    usage = Usage({})

    for names in (("a", "gone"), ("gone", "b"), ("a", "gone", "b")):
        assert walk.walk([str(root)], [(0, names, 1)], lambda _: usage) == []

    assert usage.size == 0


@posix_only
def test_inodes_that_a_listing_makes_up_are_not_believed(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree(base / "root", {"sub/a": "x" * 10_000, "sub/b": "x" * 20_000, "sub/c": "x" * 30_000})
    for name in "abc":
        os.link(root / "sub" / name, base / name)
    scandir = os.scandir
    wrong = (root / "sub" / "a").stat().st_ino

    class Entry:
        def __init__(self, entry: os.DirEntry[str]) -> None:
            self.name, self.stat, self.is_dir = entry.name, entry.stat, entry.is_dir

        def inode(self) -> int:
            return wrong

    @contextmanager
    def lie(descriptor: int) -> Iterator[list[Entry]]:
        with scandir(descriptor) as entries:
            yield sorted(map(Entry, entries), key=lambda entry: entry.name)

    expected = blocks(root, *root.rglob("*"))
    monkeypatch.setattr(os, "scandir", lie)

    assert disk_usage(str(root)) == expected


@posix_only
@pytest.mark.parametrize("number", [errno.EMFILE, errno.ENFILE, errno.ENOMEM])
def test_an_error_of_ours_is_no_small_number(base: Path, monkeypatch: pytest.MonkeyPatch, number: int) -> None:
    root = write_tree(base / "root", {"file": "x" * 10_000})

    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError(number, "")

    for name in ("open", "scandir", "stat"):
        with monkeypatch.context() as patch:
            patch.setattr(os, name, fail)
            with pytest.raises(OSError, match=f"{number}"):
                disk_usage(str(root))


@posix_only
def test_nothing_stays_open_after_an_error(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree(base / "root", {"a/file": "", "b/file": ""})
    before = os.dup(0)
    os.close(before)
    calls = 0

    def fail(*_: object) -> NoReturn:
        nonlocal calls
        calls += 1
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "scandir", fail)
    with pytest.raises(KeyboardInterrupt):
        disk_usage(str(root))
    after = os.dup(0)
    os.close(after)

    assert calls
    assert after == before


@pytest.mark.parametrize("tag", [0, 0xA0000003], ids=["a directory", "a junction"])
def test_a_junction_is_a_link(tag: int) -> None:
    class Status:
        st_mode = stat.S_IFDIR
        st_reparse_tag = tag

    assert walk._is_link(Status()) == bool(tag)  # type: ignore[arg-type]
