"""Disk usage."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, NoReturn

import pytest
from central_venv.store import disk_usage as module
from central_venv.store.disk_usage import disk_usage, freed, measure, team, total, walk
from central_venv.store.disk_usage.usage import size_of
from hypothesis import given, settings
from hypothesis import strategies as st
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="blocks and links are POSIX")


def blocks(*paths: Path) -> int:
    return sum(os.lstat(path).st_blocks * 512 for path in paths)


def inodes(*roots: Path) -> dict[tuple[int, int], int]:
    """The plain way: what everything takes, by device and inode."""
    statuses = [path.lstat() for root in roots if root.exists() for path in (root, *root.rglob("*"))]
    return {(status.st_dev, status.st_ino): status.st_blocks * 512 for status in statuses}


@pytest.fixture(params=["one process", "small portions", "by path"])
def any_way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way to measure, in this process."""
    monkeypatch.setattr(team, "worker_count", lambda _: 1)
    if request.param == "small portions":
        monkeypatch.setattr(module, "_SINGLE_PROCESS_TIME", 0)
        monkeypatch.setattr(walk, "_SLICE", 0)
    elif request.param == "by path":
        monkeypatch.setattr(walk, "BY_DESCRIPTOR", False)


# What counts


@posix_only
@pytest.mark.usefixtures("any_way")
def test_a_directory_counts_with_all_in_it(base: Path) -> None:
    root = write_tree(base / "root", {"file": "x" * 10_000, "sub/file": "x", "sub/deep/file": ""})

    assert disk_usage(str(root)) == blocks(root, *root.rglob("*"))
    assert disk_usage(str(root)) >= 10_000


@posix_only
@pytest.mark.usefixtures("any_way")
@pytest.mark.skipif(shutil.which("du") is None, reason="`du` is missing")
def test_the_size_is_that_of_du(base: Path) -> None:
    root = write_tree(base / "root", {f"{number % 7}/{number}": "x" * number * 100 for number in range(50)})
    (root / "link").symlink_to("0")
    (root / "long").symlink_to("x" * 1000)  # takes a block of its own
    os.link(root / "1" / "1", root / "again")
    os.link(root / "1" / "8", base / "outside")

    kilobytes = int(subprocess.run(["du", "-sk", root], capture_output=True, check=True).stdout.split()[0])

    assert -(-disk_usage(str(root)) // 1024) == kilobytes


@pytest.mark.usefixtures("any_way")
def test_a_directory_that_vanished_takes_nothing(base: Path) -> None:
    assert disk_usage(str(base / "missing")) == 0


@pytest.mark.usefixtures("any_way")
def test_nothing_takes_nothing() -> None:
    assert measure([]) == []
    assert total([]) == freed([]) == 0


@posix_only
@pytest.mark.usefixtures("any_way")
def test_a_file_in_the_place_of_a_directory_counts(base: Path) -> None:
    root = write_tree(base, {"file": "x" * 10_000})

    assert disk_usage(str(root / "file")) == blocks(root / "file")


@posix_only
@pytest.mark.usefixtures("any_way")
def test_links_are_not_followed(base: Path) -> None:
    big = write_tree(base / "big", {"file": "x" * 100_000})
    root = write_tree(base / "root", {})
    (root / "file").symlink_to(big / "file")
    (root / "directory").symlink_to(big)
    (root / "loop").symlink_to(root)

    assert disk_usage(str(root)) < 100_000


@posix_only
@pytest.mark.usefixtures("any_way")
@pytest.mark.parametrize("slash", ["", "/"])
def test_a_link_in_the_place_of_a_directory_takes_nothing(base: Path, slash: str) -> None:
    write_tree(base / "big", {"file": "x" * 100_000})
    (base / "link").symlink_to("big")

    assert disk_usage(str(base / "link") + slash) == 0


@posix_only
@pytest.mark.usefixtures("any_way")
def test_holes_take_no_disk(base: Path) -> None:
    root = write_tree(base / "root", {})
    with (root / "sparse").open("wb") as file:
        file.truncate(1 << 30)

    assert disk_usage(str(root)) < 1 << 20


@posix_only
@pytest.mark.usefixtures("any_way")
def test_pipes_and_sockets_are_not_opened(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree(base / "root", {})
    os.mkfifo(root / "fifo")
    monkeypatch.chdir(root)  # a socket's path must be short
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind("socket")

        assert disk_usage(str(root)) == blocks(root, root / "fifo", root / "socket")
        assert disk_usage(str(root / "fifo")) == disk_usage(str(root / "socket")) == 0


@posix_only
@pytest.mark.skipif(sys.platform == "darwin", reason="file names are UTF-8 there")
@pytest.mark.usefixtures("any_way")
@pytest.mark.parametrize("name", [b"\xff\xfe", b"new\nline", b"-", "\u00e9".encode(), b" "])
def test_any_name_will_do(base: Path, name: bytes) -> None:
    root = write_tree(base / "root", {})
    directory = root / os.fsdecode(name)
    write_tree(directory, {f"deep/{os.fsdecode(name)}": "x" * 10_000})

    assert disk_usage(str(root)) == blocks(root, *root.rglob("*")) >= 10_000
    assert disk_usage(str(directory)) == disk_usage(str(root)) - blocks(root)


# What cannot be seen


@pytest.mark.usefixtures("any_way")
def test_a_directory_that_cannot_be_listed_counts_for_itself(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree(base / "root", {"file": "x" * 10_000})

    def refuse(path: object) -> NoReturn:
        raise PermissionError(13, "", path)

    monkeypatch.setattr(os, "scandir", refuse)

    assert disk_usage(str(root)) < 10_000


@posix_only
@pytest.mark.usefixtures("any_way")
@pytest.mark.parametrize("mode", [0o000, 0o300, 0o400])
def test_a_closed_directory_counts_for_what_its_parent_knows(base: Path, mode: int) -> None:
    root = write_tree(base / "root", {"closed/file": "x" * 10_000})
    closed = root / "closed"
    closed.chmod(mode)
    try:
        if os.access(closed, os.R_OK | os.X_OK):
            pytest.skip("this user may read everything")
        assert disk_usage(str(root)) == blocks(root, closed)
        assert disk_usage(str(closed)) == blocks(closed)
    finally:
        closed.chmod(0o700)


@posix_only
@pytest.mark.usefixtures("any_way")
def test_an_entry_that_vanished_counts_nothing(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = write_tree(base / "root", {"file": "x" * 10_000})
    scandir = os.scandir

    @contextmanager
    def swap(where: int | str) -> Iterator[list[os.DirEntry[str]]]:
        with scandir(where) as entries:
            found = list(entries)
        (root / "file").unlink()
        yield found

    monkeypatch.setattr(os, "scandir", swap)

    assert disk_usage(str(root)) == blocks(root)


def test_without_blocks_the_length_counts() -> None:
    status = os.stat_result(range(10))  # as on Windows

    assert size_of(status) == 6


# Hard links


@posix_only
@pytest.mark.usefixtures("any_way")
def test_hard_links_count_once(base: Path) -> None:
    root = write_tree(base / "root", {"a/file": "x" * 10_000, "b/other": ""})
    before = disk_usage(str(root))

    os.link(root / "a" / "file", root / "b" / "link")

    assert disk_usage(str(root)) == before


@posix_only
@pytest.mark.usefixtures("any_way")
def test_a_file_linked_from_elsewhere_counts_as_shared(base: Path) -> None:
    root = write_tree(base / "root", {"sub/file": "x" * 10_000, "sub/other": "x"})
    os.link(root / "sub" / "file", base / "elsewhere")

    (usage,) = measure([str(root)])

    assert usage.size == blocks(root, *root.rglob("*"))
    assert usage.shared == blocks(root / "sub" / "file")
    assert freed([usage]) == usage.size - usage.shared


@posix_only
@pytest.mark.usefixtures("any_way")
def test_links_within_a_directory_are_not_shared(base: Path) -> None:
    root = write_tree(base / "root", {"a/file": "x" * 10_000, "b/other": ""})
    os.link(root / "a" / "file", root / "b" / "link")

    (usage,) = measure([str(root)])

    assert usage.shared == 0
    assert freed([usage]) == usage.size


@posix_only
@pytest.mark.usefixtures("any_way")
def test_what_two_directories_share_goes_with_both(base: Path) -> None:
    one = write_tree(base / "one", {"sub/file": "x" * 10_000})
    two = write_tree(base / "two", {"sub/other": ""})
    os.link(one / "sub" / "file", two / "sub" / "link")
    shared = blocks(one / "sub" / "file")

    first, second = measure([str(one), str(two)])

    assert first.shared == second.shared == shared
    assert total([first, second]) == freed([first, second]) == first.size + second.size - shared
    assert freed([first]) == first.size - shared


@posix_only
def test_measurements_can_be_put_together(base: Path) -> None:
    one = write_tree(base / "one", {"file": "x" * 10_000})
    two = write_tree(base / "two", {})
    os.link(one / "file", two / "link")

    usages = measure([str(one)]) + measure([str(two)])

    assert total(usages) == freed(usages) == blocks(one, two, one / "file")


OUTSIDE = 3
FILES = st.lists(st.tuples(st.integers(0, OUTSIDE), st.sampled_from(["", "a", "b", "a/c"]), st.integers(0, 20_000)))
LINKS = st.lists(st.tuples(st.integers(0, 100), st.integers(0, OUTSIDE), st.sampled_from(["", "a", "b", "a/c"])))


@posix_only
@settings(max_examples=60)
@given(files=FILES, links=LINKS, removed=st.sets(st.integers(0, OUTSIDE - 1)))
def test_sizes_are_those_of_the_plain_way_and_freed_is_what_is_freed(
    files: list[tuple[int, str, int]], links: list[tuple[int, int, str]], removed: set[int]
) -> None:
    with TemporaryDirectory() as directory:
        base = Path(directory)
        roots = [write_tree(base / str(number), {}) for number in range(OUTSIDE + 1)]
        made = []
        for number, (root, where, size) in enumerate(files):
            write_tree(roots[root] / where, {f"file{number}": "x" * size})
            made.append(roots[root] / where / f"file{number}")
        for number, (source, root, where) in enumerate(links if made else []):
            (roots[root] / where).mkdir(parents=True, exist_ok=True)
            os.link(made[source % len(made)], roots[root] / where / f"link{number}")

        usages = measure([str(root) for root in roots[:OUTSIDE]])

        for place, usage in zip(roots[:OUTSIDE], usages, strict=True):
            assert usage.size == sum(inodes(place).values())
            others = inodes(*(other for other in roots if other != place))
            assert usage.shared == sum(size for inode, size in inodes(place).items() if inode in others)
        chosen = [usages[number] for number in removed]
        assert total(chosen) == sum(inodes(*(roots[number] for number in removed)).values())
        before = sum(inodes(*roots).values())
        for number in removed:
            shutil.rmtree(roots[number])
        assert freed(chosen) == before - sum(inodes(*roots).values())


# Progress


@pytest.mark.usefixtures("any_way")
def test_progress_ends_with_all_of_them(base: Path) -> None:
    paths = [str(write_tree(base / str(number), {"sub/file": ""})) for number in range(5)]
    done: list[int] = []

    measure([*paths, str(base / "missing")], on_progress=done.append)

    assert done == sorted(set(done))
    assert done[-1] == 6


@posix_only
def test_progress_counts_what_is_done(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(team, "worker_count", lambda _: 1)
    monkeypatch.setattr(module, "_SINGLE_PROCESS_TIME", 0)
    monkeypatch.setattr(walk, "_SLICE", 0)
    paths = [str(write_tree(base / str(number), {"sub/file": ""})) for number in range(5)]
    done: list[int] = []

    measure(paths, on_progress=done.append)

    assert done == [1, 2, 3, 4, 5]
