"""The file systems that other tests mount are what they are said to be."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from central_venv.machine import host
from support.mounts import MountRefusedError, Mounts, btrfs_command

if TYPE_CHECKING:
    from pathlib import Path


@pytest.mark.parametrize("kind", ["btrfs", "ext4", "xfs"])
def test_a_file_system_in_a_file_is_one_of_its_own(tmp_path: Path, mounts: Mounts, kind: str) -> None:
    disk = mounts.loop(mounts.image(kind, tmp_path / "image"), tmp_path / "disk")
    (disk / "file").write_text("")
    assert host.mount_point(str(disk / "file")) == str(disk)


def test_one_that_is_unmounted_is_empty(tmp_path: Path, mounts: Mounts) -> None:
    disk = mounts.memory(tmp_path / "disk")
    (disk / "file").write_text("")
    mounts.unmount(disk)
    assert os.listdir(disk) == []


def test_a_layer_above_takes_the_changes(tmp_path: Path, mounts: Mounts) -> None:
    (tmp_path / "lower").mkdir()
    seen = mounts.overlay(tmp_path / "seen", tmp_path / "lower", tmp_path / "upper")
    (seen / "file").write_text("")
    assert os.listdir(tmp_path / "lower") == []
    assert os.listdir(tmp_path / "upper") == ["file"]


def test_a_pool_shows_what_its_branches_hold(tmp_path: Path, mounts: Mounts) -> None:
    (tmp_path / "branch").mkdir()
    (tmp_path / "branch" / "file").write_text("")
    pool = mounts.program(tmp_path / "pool", "mergerfs", f"{tmp_path / 'branch'}", tmp_path / "pool")
    assert os.listdir(pool) == ["file"]


def test_subvolumes_are_made(tmp_path: Path, mounts: Mounts) -> None:
    disk = mounts.loop(mounts.image("btrfs", tmp_path / "image"), tmp_path / "disk")
    btrfs_command("subvolume", "create", disk / "volume")
    assert (disk / "volume").stat().st_ino == 256


def test_one_without_case_lists_small_letters(tmp_path: Path, mounts: Mounts) -> None:
    disk = mounts.without_case(tmp_path / "image", tmp_path / "disk")
    (disk / "NAME").write_text("")
    assert (os.listdir(disk), (disk / "Name").exists()) == (["name"], True)


def test_what_cannot_be_mounted_is_told(tmp_path: Path, mounts: Mounts) -> None:
    with pytest.raises(MountRefusedError, match="no-such-program"):
        mounts.program(tmp_path / "at", "no-such-program")
