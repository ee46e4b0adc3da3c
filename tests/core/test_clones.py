"""Files that share their blocks without a link, as those that uv clones from its cache on btrfs, xfs and APFS."""

from __future__ import annotations

import subprocess
import zipfile
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.cli.removal_report import freed_words
from central_venv.doctor import examine
from central_venv.store.deleted import Deleted
from support.environments import seal
from support.hosts import UV
from support.mounts import Mounts, btrfs_command
from support.trees import write_tree
from support.wheels import write_wheel

if TYPE_CHECKING:
    from pathlib import Path

    from support.commands import Runner

#: A file of less than this is in btrfs's metadata, and has no blocks to share.
SHARABLE = 1 << 16
#: The id of no process.
NO_PROCESS = 0x7FFFFFFF


@pytest.fixture
def disk(base: Path, mounts: Mounts) -> Path:
    """A disk with btrfs."""
    return mounts.loop(mounts.image("btrfs", base / "image"), base / "disk")


def exclusive(path: Path) -> int:
    """Bytes of a file on btrfs that no other file shares."""
    subprocess.run(["sync", "--file-system", path], check=True)
    done = subprocess.run(
        ["btrfs", "filesystem", "du", "--raw", "--summarize", path], check=True, capture_output=True, text=True
    )
    return int(done.stdout.splitlines()[-1].split()[1])


@pytest.mark.parametrize("mounted_alone", [False, True], ids=["in the same mount", "in a mount of its own"])
def test_doctor_does_not_say_that_uv_copies_between_subvolumes_where_it_clones(
    disk: Path, base: Path, mounts: Mounts, monkeypatch: pytest.MonkeyPatch, *, mounted_alone: bool
) -> None:
    btrfs_command("subvolume", "create", disk / "volume")
    place = mounts.loop(base / "image", base / "second", "subvol=volume") if mounted_alone else disk / "volume"
    monkeypatch.setenv("UV_CACHE_DIR", str(disk / "cache"))
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(place / "store"))
    wheel = write_wheel(base, "alpha")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.writestr("alpha_data", "x" * SHARABLE)
    install = ["pip", "install", "--offline", "--no-deps", "--python-preference=only-system"]

    subprocess.run([UV, *install, "--target", place / "store" / "x", wheel], check=True)

    assert (place / "store" / "x" / "alpha_data").stat().st_dev != (disk / "cache").stat().st_dev
    assert exclusive(place / "store" / "x" / "alpha_data") == 0
    assert "uv-cache-on-another-file-system" not in {finding.code for finding in examine(None)}


def test_doctor_says_that_uv_copies_from_one_btrfs_to_another(
    disk: Path, base: Path, mounts: Mounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = mounts.loop(mounts.image("btrfs", base / "image2"), base / "other")
    (other / "cache").mkdir()
    monkeypatch.setenv("UV_CACHE_DIR", str(other / "cache"))
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(disk / "store"))

    assert "uv-cache-on-another-file-system" in {finding.code for finding in examine(None)}


@pytest.mark.parametrize("in_place", [False, True], ids=["renamed away", "deleted where it lies"])
def test_a_removal_says_up_to_where_files_may_be_clones(
    disk: Path, here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch, *, in_place: bool
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(disk / "store"))
    home = Home(Store(str(disk / "store")), str(here))
    if in_place:  # nothing can be renamed out of a subvolume
        (disk / "store").mkdir()
        btrfs_command("subvolume", "create", home.path)
    seal(home)
    seal(home, "other")

    said = run("remove", "--yes", "py312")

    assert said.out.startswith("removed 1 environment, freed up to ")


def test_a_removal_says_what_it_freed_where_no_file_is_a_clone(
    base: Path, here: Path, run: Runner, mounts: Mounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    disk = mounts.memory(base / "disk")
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(disk / "store"))
    seal(Home(Store(str(disk / "store")), str(here)))

    said = run("remove", "--yes", "py312")

    assert said.out.startswith("removed 1 environment and 1 home, freed ")
    assert "up to" not in said.out


def test_an_adoption_says_up_to_where_files_may_be_clones(
    disk: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = f".central-venv-removed-{NO_PROCESS:x}-12345678"
    write_tree(disk / "project", {"pyproject.toml": "", f"{begun}/.gitignore": "*\n", f"{begun}/lib/a": ""})
    monkeypatch.chdir(disk / "project")

    said = run("adopt", "--yes")

    assert said.out.startswith("removed 0 environments from the tree, freed up to ")


def test_what_was_counted_in_part_may_be_more_or_less_than_was_freed() -> None:
    part = Deleted()
    part.complete = False
    part.cloned = True
    whole = Deleted()

    whole.add(Deleted.load(part.dump()))

    assert freed_words(whole) == "about 0 B"
