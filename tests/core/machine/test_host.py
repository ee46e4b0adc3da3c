"""This machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NoReturn

import pytest
from central_venv.machine import host
from support.mounts import btrfs_command

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.mounts import Mounts

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells its mounts")
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="mounts are POSIX")


def test_the_name_is_that_of_the_machine() -> None:
    assert host.name() == platform.node()


@posix_only
@pytest.mark.parametrize("name", ["", "/missing/deeper"])
def test_the_mount_point_of_a_path_is_the_nearest_above(name: str, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_MOUNTS", "/missing")
    monkeypatch.setattr(os.path, "ismount", lambda path: path in {"/", str(base)})

    assert host.mount_point(f"{base}{name}") == str(base)


@posix_only
def test_what_lies_on_no_other_file_system_lies_on_the_root_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_MOUNTS", "/missing")
    monkeypatch.setattr(os.path, "ismount", lambda _: False)

    assert host.mount_point("/a/b") == "/"


@contextmanager
def mounted(*arguments: str, at: Path) -> Iterator[None]:
    """Something mounted at a directory, which is made for it."""
    at.mkdir(parents=True)
    try:
        mounting = subprocess.run(["mount", *arguments, str(at)], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("`mount` is missing")
    if mounting.returncode != 0:
        pytest.skip("this user may not mount that")
    try:
        yield
    finally:
        subprocess.run(["umount", str(at)], check=True)


@posix_only
def test_a_mounted_file_system_has_a_mount_point_and_volume_of_its_own(base: Path) -> None:
    with mounted("-t", "tmpfs", "none", at=base / "mount"):
        (base / "mount" / "below").mkdir()

        found = host.mount_point(str(base / "mount" / "below" / "missing"))
        volumes = host.volume(str(base / "mount")), host.volume("/")

    assert found == str(base / "mount")
    assert volumes[0] != volumes[1]


@linux_only
@pytest.mark.parametrize("name", ["plain", "a b\tc", "a\nb", "a\\b", "\\040", "é", "#"], ids=ascii)
def test_what_is_mounted_below_a_directory_is_known(name: str, base: Path) -> None:
    with mounted("-t", "tmpfs", "none", at=base / "deep" / name):
        found = host.mounts_below(str(base))

    assert found == [str(base / "deep" / name)]
    assert host.mounts_below(str(base)) == []


@linux_only
def test_a_directory_that_is_mounted_a_second_time_within_its_own_file_system_is_known(base: Path) -> None:
    (base / "source").mkdir()
    with mounted("--bind", str(base / "source"), at=base / "target"):
        found = host.mounts_below(str(base)), host.mounts_below(str(base / "target"))

    assert found == ([str(base / "target")], [str(base / "target")])


@linux_only
def test_what_is_mounted_beside_a_directory_is_not_below_it(base: Path) -> None:
    with mounted("-t", "tmpfs", "none", at=base / "directory-2"):
        assert host.mounts_below(str(base / "directory")) == []


@linux_only
def test_everything_is_mounted_below_the_root_directory() -> None:
    found = host.mounts_below("/")

    assert {"/", "/proc"} <= set(found)


@pytest.mark.skipif(sys.platform == "linux", reason="Linux tells")
def test_a_system_that_does_not_tell_its_mounts_has_none(base: Path) -> None:
    assert host.mounts_below(str(base)) == []


def test_the_inode_of_a_directory_stays_when_it_is_renamed(base: Path) -> None:
    (base / "old").mkdir()
    before = host.inode(str(base / "old"))
    os.rename(base / "old", base / "new")

    assert before == host.inode(str(base / "new")) == os.stat(base / "new").st_ino


def test_what_is_not_there_has_no_inode(base: Path) -> None:
    assert host.inode(str(base / "missing")) is None


def test_an_inode_without_a_number_is_unknown(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "stat", lambda _: os.stat_result([0] * 10))

    assert host.inode(str(base)) is None


@posix_only
def test_a_volume_is_shown_in_hexadecimal(monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.statvfs("/")
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result([*status][:10], {"f_fsid": 0xABC}))

    assert host.volume("/") == "abc"


@posix_only
def test_a_volume_without_a_number_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.statvfs("/")
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result([*status][:10], {"f_fsid": 0}))
    monkeypatch.setattr(host, "_carried_identifier", lambda _: None)

    assert host.volume("/") is None


@posix_only
def test_a_volume_that_cannot_be_asked_is_unknown(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> NoReturn:
        raise OSError

    missing = host.volume(str(base / "missing"))
    monkeypatch.setattr(os, "statvfs", fail)

    assert (missing, host.volume("/")) == (None, None)


@linux_only
def test_a_directory_that_is_mounted_a_second_time_is_a_mount_point(base: Path) -> None:
    (base / "source").mkdir()
    with mounted("--bind", str(base / "source"), at=base / "target"):
        assert host.mount_point(str(base / "target" / "below")) == str(base / "target")


@posix_only
def test_the_number_of_a_device_is_no_volume(monkeypatch: pytest.MonkeyPatch) -> None:
    device, status = os.stat("/").st_dev, os.statvfs("/")
    monkeypatch.setattr(host, "_IDENTIFIERS", "/missing")
    monkeypatch.setattr(host, "_MOUNTS", "/missing")
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result([*status][:10], {"f_fsid": device}))

    assert host.volume("/") is None


@linux_only
def test_a_device_is_known_by_the_identifier_of_its_file_system(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (base / "by-uuid").mkdir()
    (base / "by-uuid" / "1234-ABCD").symlink_to("/dev/null")
    monkeypatch.setattr(host, "_IDENTIFIERS", str(base / "by-uuid"))
    status = os.statvfs("/")
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result([*status][:10], {"f_fsid": 0}))
    null = os.stat("/dev/null")
    fields = list(null)
    fields[2] = null.st_rdev  # as a directory on that device has it
    on_it = os.stat_result(fields)
    monkeypatch.setattr(os, "stat", lambda _: on_it)

    assert host.volume("/media/stick") == "1234-ABCD"


def mountinfo(directory: Path, kind: str, source: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the system say what is mounted at a directory, and nothing else of it."""
    (directory / "mountinfo").write_text(f"22 1 0:21 / {directory} rw,relatime shared:1 - {kind} {source} rw\n")
    monkeypatch.setattr(host, "_MOUNTS", str(directory / "mountinfo"))
    monkeypatch.setattr(host, "_IDENTIFIERS", "/missing")
    monkeypatch.setattr(host, "_carried_identifier", lambda _: None)
    status = os.statvfs("/")
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result([*status][:10], {"f_fsid": 0}))


@linux_only
@pytest.mark.parametrize(
    ("kind", "source"), [("nfs", "server:/export/home"), ("nfs4", "[fe80::1]:/"), ("cifs", "//server/share")]
)
def test_a_network_drive_is_known_by_its_server(
    kind: str, source: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mountinfo(base, kind, source, monkeypatch)

    assert host.volume(str(base / "mountinfo")) == source


@linux_only
@pytest.mark.parametrize(
    ("kind", "source"),
    [
        ("nfs", "/dev/loop0"),
        ("ext4", "/dev/disk/by-path/pci-0000:00"),
        ("fuse.mergerfs", "1:2"),
        ("fuse.sshfs", "server:/home"),
    ],
)
def test_no_other_source_is_a_server(kind: str, source: str, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    mountinfo(base, kind, source, monkeypatch)

    assert host.volume(str(base)) is None


@pytest.mark.parametrize("kind", ["btrfs", "ext4", "xfs"])
def test_a_drive_and_the_next_one_at_its_place_are_two_volumes(
    kind: str, tmp_path: Path, mounts: Mounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "_IDENTIFIERS", "/missing")
    images = [mounts.image(kind, tmp_path / name) for name in ("one", "two")]
    found = []
    for image in (*images, images[0]):
        disk = mounts.loop(image, tmp_path / "disk")
        (disk / "directory").mkdir(exist_ok=True)
        found.append(host.volume(str(disk / "directory")))
        mounts.unmount(disk)

    assert None not in found
    assert found[0] != found[1]
    assert found[0] == found[2]


def test_two_file_systems_in_memory_are_two_volumes(tmp_path: Path, mounts: Mounts) -> None:
    found = []
    for _ in range(2):
        found.append(host.volume(str(mounts.memory(tmp_path / "memory"))))
        mounts.unmount(tmp_path / "memory")

    assert None not in found
    assert found[0] != found[1]


def test_a_subvolume_is_a_volume_of_its_own(tmp_path: Path, mounts: Mounts) -> None:
    disk = mounts.loop(mounts.image("btrfs", tmp_path / "image"), tmp_path / "disk")
    btrfs_command("subvolume", "create", disk / "one")
    (disk / "one" / "directory").mkdir()
    btrfs_command("subvolume", "snapshot", disk / "one", disk / "two")

    found = [host.volume(str(disk / name)) for name in (".", "one", "two", "one/directory", "two/directory")]

    assert len(set(found)) == 3
    assert found[1:3] == found[3:]


@linux_only
def test_an_identifier_of_zeros_says_nothing(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def ioctl(_: int, request: int, answer: bytearray) -> None:
        assert request == 0x80111500
        answer[0] = 16

    monkeypatch.setattr(fcntl, "ioctl", ioctl)

    assert host._carried_identifier(str(base)) is None


@linux_only
def test_an_identifier_is_spelled_as_that_of_a_device(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    def ioctl(_: int, __: int, answer: bytearray) -> None:
        answer[:] = bytes([16, *range(16)])

    monkeypatch.setattr(fcntl, "ioctl", ioctl)

    assert host._carried_identifier(str(base)) == "00010203-0405-0607-0809-0a0b0c0d0e0f"


@linux_only
@pytest.mark.parametrize(
    ("kind", "kept"), [("ext4", True), ("nfs4", True), ("fuse.sshfs", False), ("vfat", False), ("exfat", False)]
)
def test_numbers_that_are_written_down_are_kept(
    kind: str,
    kept: bool,  # noqa: FBT001
    base: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    mountinfo(base, kind, "source", monkeypatch)

    assert host.keeps_numbers(str(base / "below")) is kept


@posix_only
def test_where_the_system_tells_no_mounts_no_number_is_known_to_be_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(host, "_MOUNTS", "/missing")

    assert not host.keeps_numbers("/")


@linux_only
def test_a_directory_that_is_only_the_source_of_a_mount_is_no_mount_point(base: Path) -> None:
    (base / "source" / "below").mkdir(parents=True)
    with mounted("--bind", str(base / "source"), at=base / "target"):
        assert host.mount_point(str(base / "source" / "below")) == host.mount_point(str(base))


# generation


@pytest.mark.parametrize("kind", ["btrfs", "ext4", "xfs"])
def test_a_directory_with_the_number_of_one_that_is_gone_is_of_another_generation(
    kind: str, tmp_path: Path, mounts: Mounts
) -> None:
    disk = mounts.loop(mounts.image(kind, tmp_path / "image"), tmp_path / "disk")
    seen = set()
    for _ in range(3):
        (disk / "directory").mkdir()
        seen.add((os.stat(disk / "directory").st_ino, host.generation(str(disk / "directory"))))
        (disk / "directory").rmdir()

    assert len(seen) == 3


def test_the_generation_of_a_directory_stays_when_it_is_renamed(base: Path) -> None:
    (base / "old").mkdir()
    before = host.generation(str(base / "old"))
    (base / "old").rename(base / "new")

    assert host.generation(str(base / "new")) == before


def test_what_cannot_be_asked_for_its_generation_has_none(base: Path) -> None:
    assert host.generation(str(base / "missing")) is None
    assert host.generation("/proc") is None
    assert host.generation("/\0") is None
