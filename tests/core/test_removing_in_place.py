"""Where nothing can be renamed: what is removed is deleted where it lies, and nothing else is."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.cli import main
from central_venv.errors import StoreError
from central_venv.inventory.search import find_project, find_projects
from central_venv.removal.removal import remove, sweep
from central_venv.removal.target import Removed, Target
from central_venv.store import descent
from central_venv.store.trash import Trash
from support import crash
from support.environments import INTERPRETER, seal, seal_shared
from support.mounts import btrfs_command
from support.trees import contents, listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from central_venv.errors import CentralVenvError
    from central_venv.inventory.found import FoundProject
    from support.commands import Runner
    from support.mounts import Mounts

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="there, what cannot be renamed is in use")


def fail(error: CentralVenvError) -> None:
    raise error


def look(home: Home) -> FoundProject:
    return find_project(home.path, on_problem=fail)


def states(store: Path) -> dict[str, str]:
    found = find_projects(Store(str(store)), on_problem=fail)
    return {environment.name: environment.state for project in found for environment in project.environments}


def carry_out(home: Home, *, whole: bool = False) -> Removed:
    project = look(home)
    return remove(home.store, [Target(project, project.environments, whole=whole)])


@pytest.fixture
def nothing_moves(monkeypatch: pytest.MonkeyPatch) -> None:
    """No directory of a store can be renamed; parts of an environment neither."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))

    monkeypatch.setattr(descent, "rename", refuse)


# real file systems


def in_a_lower_layer(base: Path, mounts: Mounts, fill: Callable[[Path], object]) -> Path:
    (base / "lower").mkdir()
    seen = mounts.bind(base / "lower", base / "seen")
    fill(seen / "store")
    mounts.unmount(seen)
    return mounts.overlay(seen, base / "lower", base / "upper") / "store"


def in_a_lower_layer_of_a_program(base: Path, mounts: Mounts, fill: Callable[[Path], object]) -> Path:
    (base / "lower").mkdir()
    seen = mounts.bind(base / "lower", base / "seen")
    fill(seen / "store")
    mounts.unmount(seen)
    for name in ("upper", "work"):
        (base / name).mkdir()
    options = f"lowerdir={base / 'lower'},upperdir={base / 'upper'},workdir={base / 'work'}"
    return mounts.program(seen, "fuse-overlayfs", "-o", options, seen) / "store"


def in_a_pool(base: Path, mounts: Mounts, fill: Callable[[Path], object]) -> Path:
    """The trash is on the first disk, the home on the second one."""
    first, second = base / "first", base / "second"
    (first / "store" / ".trash").mkdir(parents=True)
    second.mkdir()
    seen = mounts.bind(second, base / "seen")
    fill(seen / "store")
    os.rmdir(second / "store" / ".trash")
    mounts.unmount(seen)
    options = "category.create=epff,ignorepponrename=false"
    return mounts.program(seen, "mergerfs", "-o", options, f"{first}:{second}", seen) / "store"


def with_a_subvolume_for_each_home(base: Path, mounts: Mounts, fill: Callable[[Path], object]) -> Path:
    disk = mounts.loop(mounts.image("btrfs", base / "image"), base / "seen")
    (disk / "kept").mkdir()
    fill(disk / "store")
    for home in (disk / "store").glob("*-*"):
        shutil.move(home, disk / "kept" / home.name)
        btrfs_command("subvolume", "create", home)
        shutil.copytree(disk / "kept" / home.name, home, symlinks=True, dirs_exist_ok=True)
    return disk / "store"


def with_a_quota_that_is_used_up(base: Path, mounts: Mounts, fill: Callable[[Path], object]) -> Path:
    disk = mounts.loop(mounts.image("btrfs", base / "image", "200M"), base / "seen")
    btrfs_command("quota", "enable", disk)
    btrfs_command("subvolume", "create", disk / "volume")
    fill(disk / "volume" / "store")
    btrfs_command("qgroup", "limit", "2M", disk / "volume")
    btrfs_command("filesystem", "sync", disk)
    with suppress(OSError), open(disk / "volume" / "fill", "wb", buffering=0) as file:
        while True:
            file.write(os.urandom(4096))
    btrfs_command("filesystem", "sync", disk)
    with pytest.raises(OSError, match="quota"):
        os.mkdir(disk / "volume" / "more")
    return disk / "volume" / "store"


PLACES = pytest.mark.parametrize(
    "place",
    [
        in_a_lower_layer,
        in_a_lower_layer_of_a_program,
        in_a_pool,
        with_a_subvolume_for_each_home,
        with_a_quota_that_is_used_up,
    ],
)


@PLACES
@pytest.mark.parametrize(
    "command",
    [["remove", "py312", "other", "--yes"], ["clean", "--yes"], ["prune", "--yes", "--unused-for", "1h"]],
    ids=lambda command: command[0],
)
def test_what_cannot_be_renamed_is_removed_all_the_same(
    place: Callable[..., Path],
    command: Sequence[str],
    here: Path,
    mounts: Mounts,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fill(store: Path) -> None:
        home = Home(Store(str(store)), str(here))
        for name in ("py312", "other"):
            write_tree(seal(home, name, used=1_700_000_000), {"lib/a/b.py": "1", "lib/c.py": "2"})

    store = place(here.parent, mounts, fill)
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(store))

    said = run(*command)

    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("removed 2 environments and 1 home, freed ")
    assert not os.path.lexists(Home(Store(str(store)), str(here)).path)
    assert listing(store / ".trash") == set()


def test_an_environment_that_cannot_be_renamed_is_made_anew(
    base: Path, here: Path, mounts: Mounts, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fill(store: Path) -> None:
        monkeypatch.setenv("CENTRAL_VENV_HOME", str(store))
        assert main(["create"]) == 0
        (path,) = store.glob("*-*/.venv")
        (path / "old").touch()

    store = in_a_lower_layer(base, mounts, fill)
    (path,) = store.glob("*-*/.venv")

    said = run("create", "--clear")

    assert said.status == 0
    assert f"`{path}` cannot be renamed: " in said.err
    assert states(store) == {".venv": "ready"}
    assert not (path / "old").exists()
    assert listing(store / ".trash") == set()


# what is left after a kill, and what is put back


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "unrecorded"])
def test_a_removal_killed_at_any_step_leaves_what_is_whole_or_broken(
    base: Path,
    here: Path,
    mounts: Mounts,
    monkeypatch: pytest.MonkeyPatch,
    recorded: bool,  # noqa: FBT001
) -> None:
    def fill(store: Path) -> None:
        home = Home(Store(str(store)), str(here))
        path = write_tree(seal(home), {"lib/a/b.py": "1", ".tox-info.json": "{}"})
        if not recorded:
            os.unlink(home.environment("tox", path.name).record_path)

    store = in_a_lower_layer(base, mounts, fill)
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(store))
    path = Path(Home(Store(str(store)), str(here)).environment_path("tox", "py312"))
    whole = contents(path)

    broken = 0
    for _ in crash.kills("clean", "--yes"):
        state = states(store)
        assert state in ({}, {"py312": "ready"}, {"py312": "broken"})
        assert state != {"py312": "ready"} or contents(path) == whole, "only what is whole counts as ready"
        assert state or not path.exists() or listing(path) == set()
        broken += state == {"py312": "broken"}
        assert crash.run("clean", "--yes").status == 0
        assert not os.path.lexists(path.parent.parent)
        assert crash.run("prune", "--yes").status == 0
        assert listing(store / ".trash") == set()
        mounts.unmount(store.parent)
        shutil.rmtree(base / "upper")
        shutil.rmtree(base / "upper.work")
        mounts.overlay(store.parent, base / "lower", base / "upper")

    assert broken > 3


def test_nothing_changes_where_the_python_cannot_be_deleted(
    home_of: Home, nothing_moves: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_tree(seal(home_of), {"lib/a.py": "1"})
    before = contents(Path(home_of.path))
    refuse_to_unlink(monkeypatch, "python")

    removed = carry_out(home_of)

    assert [reason for _, _, reason in removed.kept] == ["it cannot be moved out of the way: operation not permitted"]
    assert contents(Path(home_of.path)) == before
    assert (path / INTERPRETER).exists()


@pytest.mark.parametrize("where", [".", ".."], ids=["the environment", "what it lies in"])
def test_nothing_changes_in_what_somebody_made_immutable(
    base: Path, here: Path, mounts: Mounts, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    disk = mounts.loop(mounts.image("ext4", base / "image"), base / "disk")
    home = Home(Store(str(disk / "store")), str(here))
    path = write_tree(seal(home), {"lib/a.py": "1"})
    before = contents(path)
    subprocess.run(["chattr", "+i", path / where], check=True)

    removed = carry_out(home)

    subprocess.run(["chattr", "-i", path / where], check=True)
    assert [reason for _, _, reason in removed.kept] == ["it cannot be moved out of the way: operation not permitted"]
    assert contents(path) == before


def test_a_discard_leaves_nothing(home_of: Home, nothing_moves: None) -> None:
    path = write_tree(seal(home_of), {"lib/a.py": "1"})
    environment = home_of.environment("tox", "py312")
    environment.claim("py312", on_wait=lambda _: None)

    environment.discard()

    assert not path.exists()
    assert environment.claimed


def refuse_to_unlink(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    unlink = os.unlink

    def refuse(path: str, *, dir_fd: int | None = None) -> None:
        if os.path.basename(path) == name:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", refuse)


def test_what_can_be_deleted_only_in_part_is_told_and_broken(
    home_of: Home, nothing_moves: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_tree(seal(home_of), {"lib/stuck": "1", "lib/a.py": "2"})
    with monkeypatch.context() as patch:
        refuse_to_unlink(patch, "stuck")
        removed = carry_out(home_of, whole=True)

    ((_, environment, reason),) = removed.kept
    assert (environment.name if environment else None, removed.environments) == ("py312", [])
    assert reason == (f"`{path}` was deleted only in part: cannot delete `{path}/lib/stuck`: operation not permitted")
    assert listing(path) == {"pyvenv.cfg", "lib", "lib/stuck"}
    assert [each.state for each in look(home_of).environments] == ["broken"]
    assert home_of.check()
    assert carry_out(home_of, whole=True).kept == []


def test_a_discard_that_fails_is_an_error(home_of: Home, nothing_moves: None, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(seal(home_of), {"lib/stuck": "1"})
    environment = home_of.environment("tox", "py312")
    environment.claim("py312", on_wait=lambda _: None)
    refuse_to_unlink(monkeypatch, "stuck")

    with pytest.raises(StoreError, match="deleted only in part"):
        environment.discard()


def test_a_new_environment_that_cannot_be_made_costs_none(
    home_of: Home, here: Path, nothing_moves: None, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("create").status == 0
    path = Path(home_of.path, ".venv")
    record = Path(home_of.environment("project", ".venv").record_path).read_bytes()
    before = contents(path)

    said = run("create", "--clear", "--python", "3.99")

    assert said.status == 1
    assert contents(path) == before
    assert Path(home_of.environment("project", ".venv").record_path).read_bytes() == record
    assert listing(Path(home_of.store.path, ".trash")) == set()


def test_a_record_stays_if_what_is_there_cannot_be_taken_away(
    home_of: Home, here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert run("create").status == 0

    def refuse(*_: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr(descent, "rename", refuse)

    assert run("create", "--clear").status == 1
    assert [each.state for each in look(home_of).environments] == ["ready"]


# what stays


def test_no_link_is_followed_on_the_way_or_inside(home_of: Home, base: Path, nothing_moves: None) -> None:
    precious = write_tree(base / "precious", {"bin/python": "1", "a/b": "2"})
    path = seal(home_of)
    shutil.rmtree(path / "bin")
    (path / "bin").symlink_to(precious / "bin")
    (path / "lib").symlink_to(precious)
    before = contents(precious)

    removed = carry_out(home_of, whole=True)

    assert (len(removed.environments), removed.homes, removed.kept) == (1, 1, [])
    assert contents(precious) == before


def test_what_is_mounted_inside_stays_with_a_discard(
    home_of: Home, base: Path, mounts: Mounts, nothing_moves: None
) -> None:
    precious = write_tree(base / "precious", {"a/b": "1"})
    path = seal(home_of)
    mounts.bind(precious, path / "data")
    environment = home_of.environment("tox", "py312")
    environment.claim("py312", on_wait=lambda _: None)

    with pytest.raises(StoreError, match=r"resource busy"):
        environment.discard()

    assert listing(precious) == {"a", "a/b"}
    assert (path / INTERPRETER).exists()


def test_a_home_with_something_foreign_stays_with_it(home_of: Home, nothing_moves: None) -> None:
    seal(home_of)
    Path(home_of.path, "mine").write_text("precious")

    removed = carry_out(home_of, whole=True)

    assert (len(removed.environments), removed.homes) == (1, 0)
    assert Path(home_of.path, "mine").read_text() == "precious"
    assert home_of.check()


def test_a_whole_home_goes_with_what_runners_and_desktops_left_in_it(home_of: Home, nothing_moves: None) -> None:
    seal(home_of)
    seal(home_of, ".venv", "project")
    write_tree(Path(home_of.path), {".tox/log/1.log": "", ".nox/.cache/x": "", ".DS_Store": ""})
    home_of.prepare_runner("nox")

    removed = carry_out(home_of, whole=True)

    assert (len(removed.environments), removed.homes, removed.kept) == (2, 1, [])
    assert not os.path.lexists(home_of.path)


def test_a_home_that_uses_a_shared_environment_goes_too(home_of: Home, store: Path, nothing_moves: None) -> None:
    seal_shared(Store(str(store)))
    seal(home_of)
    home_of.share("@torch")

    removed = carry_out(home_of, whole=True)

    assert (removed.homes, removed.kept) == (1, [])
    assert states(store) == {"@torch": "ready"}


def test_a_sweep_removes_a_home_in_which_nothing_is_left(home_of: Home, store: Path, nothing_moves: None) -> None:
    shutil.rmtree(seal(home_of))
    removed = Removed(Trash(str(store)))

    sweep(Store(str(store)), [home_of.path], removed)

    assert removed.homes == 1
    assert not os.path.lexists(home_of.path)


def test_a_tree_of_any_depth_goes_though_no_part_of_it_can_be_moved(
    home_of: Home, nothing_moves: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = seal(home_of)
    deep = path.joinpath(*["d"] * 150)
    deep.mkdir(parents=True)
    (deep / "file").touch()
    really = os.rename

    def refuse(*arguments: str, src_dir_fd: int | None = None, dst_dir_fd: int | None = None) -> None:
        if src_dir_fd is not None:
            raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
        really(*arguments)

    monkeypatch.setattr(os, "rename", refuse)

    assert carry_out(home_of, whole=True).kept == []
    assert not os.path.lexists(home_of.path)


def test_a_read_only_environment_goes(home_of: Home, nothing_moves: None) -> None:
    path = seal(home_of)
    for each in (path / "bin", path):
        each.chmod(0o500)
    if os.getuid() == 0:
        pytest.skip("nothing is read-only to root")

    assert carry_out(home_of, whole=True).kept == []
