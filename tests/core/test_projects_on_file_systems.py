"""Which project a home is of, where drives, layers, pools and subvolumes come and go."""

from __future__ import annotations

import os
import shutil
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.errors import HomeConflictError
from central_venv.inventory.found import ACTIVE, ORPHAN, UNREACHABLE
from central_venv.inventory.project_state import project_state
from central_venv.machine import clock
from central_venv.store import identity
from central_venv.store.project_record import ProjectRecord, read_project
from support.environments import seal
from support.mounts import Mounts, btrfs_command
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.commands import Runner

MARKED = {"pyproject.toml": "[project]\nname = 'x'\nversion = '0'\n"}


@pytest.fixture
def later(monkeypatch: pytest.MonkeyPatch) -> Callable[[], None]:
    """Let a minute pass for what is recorded from now on; what is on disk is as old as it is."""
    now = clock.seconds

    def pass_time() -> None:
        monkeypatch.setattr(clock, "seconds", lambda: now() + 60)

    return pass_time


@pytest.fixture
def home_at(store: Path) -> Callable[[Path], Home]:
    """The home of a project with an environment, which is being used now."""

    def home_at(root: Path) -> Home:
        home = Home(Store(str(store)), str(root))
        seal(home)
        return home

    return home_at


def recorded(home: Home) -> ProjectRecord:
    """What a home says of its project."""
    record = read_project(home.record_path)
    assert record is not None
    return record


def state(home: Home) -> str:
    """Whether the project of a home is there."""
    return project_state(recorded(home))


def disk(mounts: Mounts, kind: str, at: Path) -> Path:
    """A file system of a kind that is made for it."""
    return mounts.loop(mounts.image(kind, at.with_name(f"{at.name}.image")), at)


# the record follows the project


def test_a_project_whose_drive_was_mounted_there_later_is_unreachable_without_it(
    base: Path, home_at: Callable[[Path], Home], mounts: Mounts
) -> None:
    home_at(write_tree(base / "drive" / "project", MARKED))
    drive = disk(mounts, "ext4", base / "drive")
    home = home_at(write_tree(drive / "project", MARKED))
    mounts.unmount(drive)
    shutil.rmtree(base / "drive" / "project")

    assert state(home) == UNREACHABLE


def test_a_project_whose_disk_was_replaced_is_an_orphan_once_it_is_removed(
    base: Path, home_at: Callable[[Path], Home], mounts: Mounts
) -> None:
    for name in ("old", "new"):
        drive = mounts.loop(mounts.image("xfs", base / name), base / "drive")
        home = home_at(write_tree(drive / "project", MARKED))
        if name == "old":
            mounts.unmount(drive)
    shutil.rmtree(drive / "project")

    assert state(home) == ORPHAN


def test_a_project_that_was_moved_behind_a_second_mount_is_unreachable_without_it(
    base: Path, home_at: Callable[[Path], Home], mounts: Mounts
) -> None:
    root = write_tree(base / "project", MARKED)
    home_at(root)
    root.rename(base / "elsewhere")
    home = home_at(mounts.bind(base / "elsewhere", root))
    mounts.unmount(root)
    root.rmdir()

    assert state(home) == UNREACHABLE


def test_a_subvolume_that_was_rolled_back_is_renewed(
    base: Path, home_at: Callable[[Path], Home], mounts: Mounts
) -> None:
    top = disk(mounts, "btrfs", base / "top")
    btrfs_command("subvolume", "create", top / "volume")
    root = write_tree(top / "volume" / "project", MARKED)
    before = recorded(home_at(root))
    btrfs_command("subvolume", "snapshot", top / "volume", top / "snapshot")
    (top / "volume").rename(top / "gone")
    btrfs_command("subvolume", "delete", top / "gone")
    (top / "snapshot").rename(top / "volume")
    home = home_at(root)
    after = recorded(home)
    shutil.rmtree(root)

    assert before.volume != after.volume
    assert (after.created, after.inode, after.born) == (before.created, before.inode, before.born)
    assert state(home) == ORPHAN


# the same parent


def test_where_another_directory_of_the_drive_is_mounted_a_project_is_unreachable(
    base: Path, home_at: Callable[[Path], Home], mounts: Mounts
) -> None:
    drive = disk(mounts, "ext4", base / "drive")
    for name in ("one", "two"):
        (drive / name).mkdir()
    place = mounts.bind(drive / "one", base / "place")
    home = home_at(write_tree(place / "project", MARKED))
    mounts.unmount(place)
    mounts.bind(drive / "two", place)

    assert state(home) == UNREACHABLE


@pytest.mark.parametrize("kind", ["btrfs", "ext4", "xfs"])
def test_a_project_whose_parent_was_renamed_and_made_anew_is_unreachable(
    kind: str, base: Path, home_at: Callable[[Path], Home], mounts: Mounts
) -> None:
    drive = disk(mounts, kind, base / "drive")
    home = home_at(write_tree(drive / "parent" / "project", MARKED))
    (drive / "parent").rename(drive / "renamed")
    (drive / "parent").mkdir()

    assert state(home) == UNREACHABLE


@pytest.mark.parametrize("kind", ["btrfs", "ext4", "xfs"])
def test_a_parent_that_has_the_number_of_the_former_one_is_another_one(
    kind: str, base: Path, home_at: Callable[[Path], Home], mounts: Mounts
) -> None:
    drive = disk(mounts, kind, base / "drive")
    home = home_at(write_tree(drive / "parent" / "project", MARKED))
    shutil.rmtree(drive / "parent")
    (drive / "parent").mkdir()

    assert state(home) == UNREACHABLE


def test_where_another_subvolume_took_the_place_of_the_parent_a_project_is_unreachable(
    base: Path, home_at: Callable[[Path], Home], mounts: Mounts
) -> None:
    top = disk(mounts, "btrfs", base / "top")
    btrfs_command("subvolume", "create", top / "parent")
    btrfs_command("subvolume", "snapshot", top / "parent", top / "snapshot")
    home = home_at(write_tree(top / "parent" / "project", MARKED))
    (top / "parent").rename(top / "renamed")
    (top / "snapshot").rename(top / "parent")

    assert state(home) == UNREACHABLE


@pytest.mark.parametrize("kind", ["btrfs", "ext4", "xfs", "memory"])
def test_on_each_kind_of_drive_a_removed_project_is_an_orphan(
    kind: str, base: Path, home_at: Callable[[Path], Home], mounts: Mounts
) -> None:
    drive = mounts.memory(base / "drive") if kind == "memory" else disk(mounts, kind, base / "drive")
    home = home_at(write_tree(drive / "project", MARKED))
    before = state(home)
    shutil.rmtree(drive / "project")

    assert (before, state(home)) == (ACTIVE, ORPHAN)


def test_a_removed_subvolume_is_an_orphan(base: Path, home_at: Callable[[Path], Home], mounts: Mounts) -> None:
    top = disk(mounts, "btrfs", base / "top")
    btrfs_command("subvolume", "create", top / "project")
    home = home_at(write_tree(top / "project", MARKED))
    btrfs_command("subvolume", "delete", top / "project")

    assert state(home) == ORPHAN


# pools and servers


def test_of_a_pool_with_a_drive_missing_a_project_is_unreachable(
    base: Path, home_at: Callable[[Path], Home], mounts: Mounts
) -> None:
    (base / "1" / "projects").mkdir(parents=True)
    second = disk(mounts, "ext4", base / "2")
    (second / "projects" / "big").mkdir(parents=True)
    pool = mounts.program(
        base / "pool",
        "mergerfs",
        "-o",
        "minfreespace=1M,cache.entry=0,cache.attr=0",
        f"{base}/1:{second}",
        base / "pool",
    )
    home = home_at(write_tree(pool / "projects" / "big", MARKED))
    mounts.unmount(second)

    assert not (pool / "projects" / "big").exists()
    assert state(home) == UNREACHABLE


def test_of_a_server_whose_drive_is_gone_a_project_is_unreachable(
    base: Path, home_at: Callable[[Path], Home], mounts: Mounts
) -> None:
    (base / "server" / "drive").mkdir(parents=True)
    drive = disk(mounts, "ext4", base / "server" / "drive")
    write_tree(drive / "project", MARKED)
    remote = mounts.remote(base / "remote", base / "server")
    home = home_at(remote / "drive" / "project")
    before = state(home)
    mounts.unmount(remote)
    mounts.unmount(drive)
    mounts.remote(remote, base / "server")

    assert (before, state(home)) == (ACTIVE, UNREACHABLE)


# where a project is now


def test_a_subvolume_is_not_the_one_that_is_gone(
    base: Path, home_at: Callable[[Path], Home], mounts: Mounts, run: Runner, later: Callable[[], None]
) -> None:
    top = disk(mounts, "btrfs", base / "top")
    for name in ("other", "mine"):
        btrfs_command("subvolume", "create", top / name)
        write_tree(top / name, MARKED)
    later()
    home = home_at(top / "mine")
    btrfs_command("subvolume", "delete", top / "mine")

    assert identity.moved_to(recorded(home), [str(top / "other")]) is None
    said = run("move", home.root, str(top / "other"))
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(
        f"the directory `{top}/other` was there already when `{home.root}` was still in its place"
    )
    assert os.path.isdir(home.environment_path("tox", "py312"))


def test_a_snapshot_of_a_project_that_stands_is_a_copy(
    base: Path, home_at: Callable[[Path], Home], mounts: Mounts, run: Runner
) -> None:
    top = disk(mounts, "btrfs", base / "top")
    btrfs_command("subvolume", "create", top / "volume")
    home = home_at(write_tree(top / "volume" / "project", MARKED))
    btrfs_command("subvolume", "snapshot", top / "volume", top / "snapshot")

    said = run("move", home.root, str(top / "snapshot" / "project"))

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(f"error: the project `{home.root}` is still there, so its environments stay with it\n")
    assert os.path.isdir(home.environment_path("tox", "py312"))


def test_a_project_that_is_seen_at_a_second_place_has_not_moved(
    base: Path, home_at: Callable[[Path], Home], mounts: Mounts
) -> None:
    home = home_at(write_tree(base / "project", MARKED))
    second = mounts.bind(base / "project", base / "second")

    assert identity.moved_to(recorded(home), [str(second)]) is None


# two projects at one path


def test_of_two_projects_that_are_mounted_at_one_path_in_turn_the_second_is_refused(
    base: Path, home_at: Callable[[Path], Home], mounts: Mounts, later: Callable[[], None]
) -> None:
    for name in ("one", "two"):
        write_tree(base / name, MARKED)
    later()
    place = mounts.bind(base / "one", base / "place")
    home = home_at(place)
    before = recorded(home)
    mounts.unmount(place)
    mounts.bind(base / "two", place)

    with pytest.raises(HomeConflictError) as caught:
        home_at(place)

    assert caught.value.message == (
        f"`{place}` is another project than the one that the environments in `{home.path}` were made for"
    )
    assert "mount each at a path of its own" in caught.value.hint
    assert recorded(home).inode == before.inode
    mounts.unmount(place)
    mounts.bind(base / "one", place)
    home_at(place)


def test_a_container_that_was_rebuilt_goes_on_without_a_word(
    base: Path, home_at: Callable[[Path], Home], mounts: Mounts, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from central_venv.machine import host

    root = write_tree(base / "one", MARKED)
    place = mounts.bind(root, base / "place")
    home = home_at(place)
    before = recorded(home)
    monkeypatch.setattr(host, "name", lambda: "another")
    said: list[str] = []

    Home(Store(str(store)), str(place), on_note=said.append).prepare()

    assert said == []
    assert recorded(home).host == "another"
    assert recorded(home).created == before.created
