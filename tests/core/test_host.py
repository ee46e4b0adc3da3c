"""This machine."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest
from central_venv import host

if TYPE_CHECKING:
    from pathlib import Path

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="mounts are POSIX")


def test_the_name_is_that_of_the_machine() -> None:
    assert host.name() == platform.node()


@posix_only
@pytest.mark.parametrize("name", ["", "/missing/deeper"])
def test_the_mount_point_of_a_path_is_the_nearest_above(name: str, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda path: path in {"/", str(base)})

    assert host.mount_point(f"{base}{name}") == str(base)


@posix_only
def test_what_lies_on_no_other_file_system_lies_on_the_root_directory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os.path, "ismount", lambda _: False)

    assert host.mount_point("/a/b") == "/"


@posix_only
def test_a_mounted_file_system_has_a_mount_point_and_volume_of_its_own(base: Path) -> None:
    directory = base / "mount"
    directory.mkdir()
    try:
        mounted = subprocess.run(["mount", "-t", "tmpfs", "none", str(directory)], capture_output=True, check=False)
    except FileNotFoundError:
        pytest.skip("`mount` is missing")
    if mounted.returncode != 0:
        pytest.skip("this user may not mount a tmpfs")
    try:
        (directory / "below").mkdir()

        found = host.mount_point(str(directory / "below" / "missing"))
        volumes = host.volume(str(directory)), host.volume("/")
    finally:
        subprocess.run(["umount", str(directory)], check=True)

    assert found == str(directory)
    assert volumes[0] != volumes[1]


@posix_only
def test_a_volume_is_shown_in_hexadecimal(monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.statvfs("/")
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result([*status][:10], {"f_fsid": 0xABC}))

    assert host.volume("/") == "abc"


@posix_only
def test_a_volume_without_a_number_is_unknown(monkeypatch: pytest.MonkeyPatch) -> None:
    status = os.statvfs("/")
    monkeypatch.setattr(os, "statvfs", lambda _: os.statvfs_result([*status][:10], {"f_fsid": 0}))

    assert host.volume("/") is None


@posix_only
def test_a_volume_that_cannot_be_asked_is_unknown(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> NoReturn:
        raise OSError

    missing = host.volume(str(base / "missing"))
    monkeypatch.setattr(os, "statvfs", fail)

    assert (missing, host.volume("/")) == (None, None)
