"""What a store's file system has to be able to do: doctor tries it, and nothing of that stays."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from central_venv import Store
from central_venv.doctor import NOTE, STORE, WRONG, Finding, examine
from support import crash
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.commands import Runner
    from support.mounts import Mounts

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux mounts so")


@pytest.fixture
def place(base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the store is; nothing is there yet."""
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(base / "disk" / "s"))
    (base / "disk").mkdir()
    return base / "disk" / "s"


def look(project: Path) -> dict[str, Finding]:
    """What is found in the store, by its code; but for its path, which is as long as tests have it."""
    found = {finding.code: finding for finding in examine(str(project)) if finding.topic == STORE}
    return {code: finding for code, finding in found.items() if not code.startswith("store-path-")}


def kept(store: Path) -> set[str]:
    """All that is in the directory of the store, which a look must not change."""
    return listing(store.parent)


def lacking(mounts: Mounts, place: Path, **refused: int) -> None:
    """Let the store lie where something is refused, but exist."""
    Store(str(place)).prepare()
    mounts.lacking(place.parent, place.parent, **refused)


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS])
def test_a_file_system_without_locks_is_wrong(number: int, project: Path, place: Path, mounts: Mounts) -> None:
    lacking(mounts, place, lock=number)
    before = kept(place)

    found = look(project)["locks-refused"]

    assert found.level == WRONG
    assert found.what.startswith(f"nothing can be locked in the store `{place}`: its file system knows no locks")
    assert kept(place) == before


def test_a_file_system_without_links_is_wrong(project: Path, place: Path, mounts: Mounts) -> None:
    lacking(mounts, place, link=errno.EPERM)
    before = kept(place)

    found = look(project)["links-refused"]

    assert (found.level, found.remedy) == (WRONG, "set `CENTRAL_VENV_HOME` to a directory on another file system")
    assert kept(place) == before


def test_a_file_system_that_does_not_rename_directories_is_a_note(project: Path, place: Path, mounts: Mounts) -> None:
    lacking(mounts, place, rename=errno.EXDEV)
    before = kept(place)

    found = look(project)["directories-not-renamed"]

    assert found.level == NOTE
    assert "cannot be renamed into its trash: invalid cross-device link" in found.what
    assert kept(place) == before


def test_a_quota_that_is_used_up_is_wrong(project: Path, place: Path, mounts: Mounts) -> None:
    lacking(mounts, place, make=errno.EDQUOT)

    found = look(project)["quota-used-up"]

    assert found.level == WRONG
    assert (found.remedy or "").startswith("your quota is used up")


def test_a_file_system_whose_server_is_gone_is_to_be_mounted_again(project: Path, place: Path, mounts: Mounts) -> None:
    lacking(mounts, place)
    with pytest.raises(OSError, match=r"abort|not connected"):
        os.stat(place.parent / ".end")

    found = look(project)["store-not-readable"]

    assert found.level == WRONG
    assert (found.remedy or "").startswith("what serves its file system is gone: unmount that and mount it again")


#: How a file system is mounted, the code of the finding, and how its remedy begins.
MOUNTED = {
    "on which nothing runs": ("noexec", "programs-not-run", "mount its file system without `noexec`"),
    "that follows no links": ("nosymfollow", "links-not-followed", "mount its file system without `nosymfollow`"),
    "without inodes": ("nr_inodes=5", "inodes-used-up", "its file system has no inodes left"),
}


@linux_only
@pytest.mark.parametrize(("option", "code", "remedy"), MOUNTED.values(), ids=MOUNTED)
def test_a_file_system_is_wrong(
    option: str, code: str, remedy: str, project: Path, place: Path, mounts: Mounts
) -> None:
    mounts.memory(place.parent, f"size=1m,{option}")
    Store(str(place)).prepare()
    before = kept(place)

    found = look(project)[code]

    assert found.level == WRONG
    assert (found.remedy or "").startswith(remedy)
    assert kept(place) == before


@linux_only
def test_a_full_disk_is_wrong(project: Path, place: Path, mounts: Mounts) -> None:
    mounts.memory(place.parent, "size=64k")
    Store(str(place)).prepare()
    with suppress(OSError), (place.parent / "fill").open("wb", buffering=0) as file:
        while True:
            file.write(bytes(4096))
    before = kept(place)

    found = look(project)["disk-full"]

    assert found.level == WRONG
    assert (found.remedy or "").startswith("free some space there")
    assert kept(place) == before


def test_what_a_store_lacks_is_told_before_there_is_one(project: Path, place: Path, mounts: Mounts) -> None:
    mounts.lacking(place.parent, place.parent, lock=errno.ENOLCK, link=errno.EPERM)

    assert list(look(project)) == ["store-missing", "locks-refused", "links-refused"]
    assert kept(place) == set()


def test_a_store_that_can_be_made_is_not_made(project: Path, place: Path) -> None:
    assert list(look(project)) == ["store-missing"]
    assert kept(place) == set()


def test_a_store_that_cannot_be_made_is_wrong(project: Path, place: Path, mounts: Mounts) -> None:
    mounts.memory(place.parent, "ro")

    found = look(project)["store-cannot-be-made"]

    assert (found.level, found.what) == (
        WRONG,
        f"there is no store, and you cannot make the store `{place}`: read-only file system",
    )
    assert (found.remedy or "").startswith("the file system is read-only: set `CENTRAL_VENV_HOME`")


@pytest.mark.skipif(sys.platform == "win32", reason="links are POSIX")
def test_no_store_can_be_made_below_a_link_to_nowhere(project: Path, place: Path) -> None:
    place.symlink_to("nowhere")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("CENTRAL_VENV_HOME", str(place / "below"))
        found = look(project)["store-cannot-be-made"]

    assert "not a directory" in found.what
    assert kept(place) == {"s"}


def test_nothing_is_tried_in_a_store_that_is_read_only(project: Path, place: Path, mounts: Mounts) -> None:
    Store(str(place)).prepare()
    mounts.memory(place.parent)
    Store(str(place)).prepare()
    subprocess.run(["mount", "-o", "remount,ro", str(place.parent)], check=True)

    assert not [code for code in look(project) if "refused" in code or "used-up" in code or "full" in code]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root gives directories away")
@pytest.mark.parametrize("there", [True, False], ids=["in a store", "where there is none"])
def test_root_tries_nothing_in_what_is_another_user_s(there: bool, project: Path, place: Path) -> None:  # noqa: FBT001
    if there:
        Store(str(place)).prepare()
    owned = place if there else place.parent
    os.chown(owned, 12345, 12345)
    before = owned.stat().st_mtime_ns

    found = look(project)

    assert owned.stat().st_mtime_ns == before
    assert ("store-cannot-be-made" in found) is not there


def test_a_killed_doctor_leaves_nothing_that_prune_does_not_remove(
    project: Path, place: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(str(place)).prepare()
    monkeypatch.chdir(project)
    before = kept(place)
    kills = 0
    for _ in crash.kills("doctor"):
        for left in place.glob(".*.tmp"):
            os.utime(left, (0, 0))
        run("prune", "-y")
        kills += 1
        assert kept(place) - {"s/.central-venv", "s/.central-venv/home.lock"} == before

    assert kills > 6


def test_a_directory_that_holds_something_stays_whatever_it_is_called(
    place: Path, run: Runner, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    Store(str(place)).prepare()
    precious = write_tree(place, {".1267-9f3c2a1b.tmp/precious": ""}) / ".1267-9f3c2a1b.tmp"
    os.utime(precious, (0, 0))
    monkeypatch.chdir(project)

    assert run("prune", "-y").status == 0
    assert os.listdir(precious) == ["precious"]
