"""Which mounts are asked, and how often; those that hang are in `tests/core/test_hung_mounts.py`."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import pytest
from central_venv.machine import host, hung_mounts
from central_venv.machine.hung_mounts import HungMounts

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no mount is asked there")

MOUNTS = [("/", "ext4"), ("/nas", "nfs4"), ("/nas/mine", "fuse.sshfs"), ("/disk", "xfs"), ("/na", "9p")]


@pytest.fixture
def asked(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The mounts that are asked; only the one at ``/nas/mine`` does not answer."""
    asked: list[str] = []

    def answers(point: str, path: str) -> bool:
        assert path.startswith(point)
        asked.append(point)
        return point != "/nas/mine"

    monkeypatch.setattr(host, "mounts", lambda: MOUNTS)
    monkeypatch.setattr(hung_mounts, "_answers", answers)
    return asked


def test_each_mount_is_asked_and_told_of_once(asked: list[str]) -> None:
    told: list[str] = []
    mounts = HungMounts(told.append)

    found = [mounts.holds(path) for path in ("/nas/a", "/nas/mine/b", "/nas/b", "/nas/mine", "/nas/mine/b/c")]

    assert found == [False, True, False, True, True]
    assert sorted(asked) == ["/nas", "/nas/mine"]
    assert told == ["/nas/mine"]


def test_no_disk_is_asked(asked: list[str]) -> None:
    mounts = HungMounts(lambda _: None)

    assert not any(mounts.holds(path) for path in ("/a", "/disk/a", "/nasa"))
    assert asked == []


@pytest.mark.parametrize("name", ["missing", "a\0b", "\ud800", ""])
def test_a_path_of_which_nothing_is_there_says_nothing_of_its_mount(
    name: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "mounts", lambda: [(str(base), "nfs")])

    assert not HungMounts(lambda _: None).holds(f"{base}/{name}")
