"""The trash: what is renamed into it, who deletes it, and what may be wrong with it."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.errors import StoreError
from central_venv.store.lock import Lock
from central_venv.store.trash import Trash
from central_venv.store.trash_leftovers import empty_leftovers, leftovers
from support.environments import seal
from support.mounts import mounted
from support.trash import places, trash_of, write_home
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.commands import Runner

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, modes and signals are POSIX")

#: Removes all of a project as a user who is not root. What is loaded later may be closed to that user.
CLEAN_UNPRIVILEGED = """
import contextlib, json, locale, os, sys, threading, traceback
from central_venv.cli import main
store, project, *read_only = sys.argv[1:]
os.environ["CENTRAL_VENV_HOME"] = os.path.join(store, "nowhere")
with contextlib.redirect_stdout(open(os.devnull, 'w')):
    main(["clean", "--yes", "--project", project])
if os.getuid() == 0:
    for top in (store, project):
        for directory, directories, files in os.walk(top):
            for name in [".", *directories, *files]:
                os.chown(os.path.join(directory, name), 65534, 65534, follow_symlinks=False)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for top in read_only:
    for directory, directories, files in os.walk(top, topdown=False):
        for name in [*files, "."]:
            os.chmod(os.path.join(directory, name), os.stat(os.path.join(directory, name)).st_mode & ~0o222)
os.environ["CENTRAL_VENV_HOME"] = store
status = main(["clean", "--yes", "--project", project])
sys.stdout.flush()
os._exit(status)  # whatever watches this process may not write as this user
"""


@pytest.fixture
def place(base: Path) -> Path:
    """A store."""
    Store(str(base / "store")).prepare()
    return base / "store"


# names and places


def test_naming_a_place_writes_nothing(place: Path) -> None:
    before = listing(place)

    trash = Trash(str(place))

    assert list(trash.names) == []
    assert listing(place) == before


def test_what_is_taken_lies_under_numbers_in_a_place_of_its_own(place: Path) -> None:
    first, second = write_home(place, "a"), write_home(place, "b")
    trash = Trash(str(place))

    trash.take("a", ".tox", "py312")
    trash.take("b")

    (name,) = {each.partition(os.sep)[0] for each in trash_of(place)} - {
        f"{leftover}.lock" for leftover in places(place)
    }
    assert name.startswith(f"{os.getpid()}-")
    assert list(trash.names) == ["0", "1"]
    assert sorted(os.listdir(place / ".trash" / name)) == ["0", "1"]
    assert (place / ".trash" / name / "0" / "pyvenv.cfg").exists()
    assert (first / ".tox").is_dir()
    assert not second.exists()


def test_a_place_is_locked_while_its_process_uses_it(place: Path) -> None:
    write_home(place)
    trash = Trash(str(place))
    trash.take("home")

    (name,) = places(place)

    assert Lock(str(place / ".trash" / f"{name}.lock")).held_elsewhere()
    assert leftovers(str(place)) == []


@posix_only
def test_the_trash_is_private(place: Path) -> None:
    write_home(place)
    os.rmdir(place / ".trash")
    trash = Trash(str(place))

    trash.take("home")

    modes = {path.stat().st_mode & 0o777 for path in [place / ".trash", *(place / ".trash").iterdir()]}
    assert modes == {0o700, 0o600}


def test_emptying_it_leaves_an_empty_directory(place: Path) -> None:
    write_home(place)
    trash = Trash(str(place))
    trash.take("home")

    deleted = trash.empty()

    assert (deleted.failures, deleted.complete) == ([], True)
    assert deleted.freed > 0
    assert trash_of(place) == set()


def test_emptying_it_with_nothing_in_it_makes_nothing(place: Path) -> None:
    before = listing(place)

    deleted = Trash(str(place)).empty()

    assert (deleted.freed, deleted.failures) == (0, [])
    assert listing(place) == before


def test_a_closed_one_is_left_to_the_next_who_looks(place: Path) -> None:
    write_home(place)
    trash = Trash(str(place))
    trash.take("home")

    trash.close()

    assert leftovers(str(place)) == places(place)
    assert len(places(place)) == 1


def test_a_closed_one_that_took_nothing_leaves_nothing(place: Path) -> None:
    trash = Trash(str(place))

    trash.close()

    assert trash_of(place) == set()


def test_progress_counts_what_was_taken(place: Path) -> None:
    trash = Trash(str(place))
    for name in "abc":
        write_home(place, name)
        trash.take(name)
    seen: list[int] = []

    trash.empty(on_progress=seen.append)

    assert seen[-1] == 3


def test_what_is_not_there_cannot_be_taken(place: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Trash(str(place)).take("missing")


@posix_only
@pytest.mark.parametrize("link", ["home", "home/.tox", "home/.tox/py312"])
def test_nothing_is_taken_through_a_link(place: Path, base: Path, link: str) -> None:
    write_home(place)
    (place / link).rename(base / "elsewhere")
    (place / link).symlink_to(base / "elsewhere")
    before = listing(base / "elsewhere")

    with pytest.raises(OSError) as caught:  # noqa: PT011  # the number tells
        Trash(str(place)).take("home", ".tox", "py312")

    assert caught.value.errno in {errno.ENOTDIR, errno.ELOOP}
    assert listing(base / "elsewhere") == before


@posix_only
def test_a_file_cannot_be_taken(place: Path) -> None:
    (place / "file").write_text("precious")

    with pytest.raises(NotADirectoryError):
        Trash(str(place)).take("file")

    assert (place / "file").read_text() == "precious"


def prepare_home(place: Path, project: Path) -> Path:
    """A recorded environment in a project's home."""
    return seal(Home(Store(str(place)), str(project)))


# what may be wrong with the trash


@posix_only
@pytest.mark.parametrize("kind", ["link", "broken link", "file"])
def test_a_trash_that_is_no_directory_is_told_and_nothing_is_removed(
    place: Path,
    project: Path,
    base: Path,
    kind: str,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = prepare_home(place, project)
    precious = write_tree(base / "precious", {"a/b": "1"})
    os.rmdir(place / ".trash")
    if kind == "file":
        (place / ".trash").touch()
    else:
        (place / ".trash").symlink_to(precious if kind == "link" else base / "nowhere")
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(place))

    said = run("clean", "--yes", "--project", str(project))

    assert said.status == 1
    assert f"`{place / '.trash'}`" in said.err
    assert path.exists()
    assert listing(precious) == {"a", "a/b"}
    assert not os.path.lexists(base / "nowhere")


@posix_only
@pytest.mark.parametrize("look", [empty_leftovers, leftovers])
@pytest.mark.parametrize("kind", ["link", "file"])
def test_nobody_looks_into_a_trash_that_is_no_directory(
    place: Path, base: Path, look: Callable[[str], object], kind: str
) -> None:
    precious = write_tree(base / "precious", {"a/b": "1"})
    os.rmdir(place / ".trash")
    (place / ".trash").symlink_to(precious) if kind == "link" else (place / ".trash").touch()

    with pytest.raises(StoreError) as caught:
        look(str(place))

    assert caught.value.message == f"`{place / '.trash'}` is not a directory, so nothing can be removed"
    assert listing(precious) == {"a", "a/b"}


@pytest.mark.parametrize("option", ["size=256k", "nr_inodes=80"], ids=["no space", "no inodes"])
def test_a_full_disk_can_be_cleaned(
    base: Path,
    project: Path,
    option: str,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    try:
        with mounted(base / "disk", option) as disk:
            place = disk / "store"
            path = prepare_home(place, project)
            fill(path, inodes=option.startswith("nr"))
            with pytest.raises(OSError, match="No space left"):
                (disk / "more").write_text("x")
            with suppress(FileNotFoundError):
                os.unlink(disk / "more")
            monkeypatch.setenv("CENTRAL_VENV_HOME", str(place))
            before = os.statvfs(disk)

            said = run("clean", "--yes", "--json", "--project", str(project))

            after = os.statvfs(disk)
            assert (said.status, said.answer["kept"]) == (0, [])
            assert not os.path.lexists(path.parent.parent)
            assert trash_of(place) == set()
            assert said.answer["freed"] == (after.f_bfree - before.f_bfree) * after.f_frsize
    except PermissionError as error:
        pytest.skip(f"this user may not mount: {error}")


def fill(path: Path, *, inodes: bool) -> None:
    """Use all of a file system."""
    with suppress(OSError), open(path / "fill", "wb", buffering=0) as file:
        while not inodes:
            file.write(b"x" * 4096)
    if inodes:
        with suppress(OSError):
            for number in range(1000):
                (path / str(number)).touch()


# read-only and undeletable


@posix_only
@pytest.mark.parametrize("name", [".tox/py312", ".tox/py312/lib"], ids=["the environment", "a part of it"])
def test_a_read_only_environment_is_removed(name: str) -> None:
    directory = Path(os.path.realpath(tempfile.mkdtemp(dir="/tmp")))
    directory.chmod(0o755)
    try:
        place, project = directory / "store", directory / "project"
        write_tree(project, {"pyproject.toml": ""})
        path = prepare_home(place, project)
        write_tree(path, {"lib/python3.12/site-packages/a/b.py": "1", "lib/python3.12/c.py": "2"})

        done = subprocess.run(
            [sys.executable, "-c", CLEAN_UNPRIVILEGED, place, project, path.parent.parent / name],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("removed 1 environment and 1 home, freed ")
        assert not os.path.lexists(path)
        assert trash_of(place) == set()
    finally:
        shutil.rmtree(directory)


@posix_only
def test_one_of_several_environments_is_removed_although_it_is_read_only() -> None:
    directory = Path(os.path.realpath(tempfile.mkdtemp(dir="/tmp")))
    directory.chmod(0o755)
    try:
        place, project = directory / "store", directory / "project"
        write_tree(project, {"pyproject.toml": ""})
        path = prepare_home(place, project)
        (path.parent.parent / "foreign").touch()  # so that each environment goes alone

        done = subprocess.run(
            [sys.executable, "-c", CLEAN_UNPRIVILEGED, place, project, path],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )

        assert done.stdout.startswith("removed 1 environment, freed ")
        assert not os.path.lexists(path)
        assert trash_of(place) == set()
    finally:
        shutil.rmtree(directory)


def test_what_cannot_be_deleted_is_told_and_the_rest_is_gone(
    place: Path,
    project: Path,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = prepare_home(place, project)
    write_tree(path, {"stuck": "1", "lib/a": "2"})
    stuck_for_good = path / "stuck"
    program = shutil.which("chattr")
    made = program and subprocess.run([program, "+i", stuck_for_good], check=False, capture_output=True).returncode == 0
    if not made:
        pytest.skip("this user or this file system cannot make a file immutable")
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(place))
    try:
        said = run("clean", "--yes", "--project", str(project))

        (stuck,) = [path for path in (place / ".trash").rglob("*") if path.name == "stuck"]
        assert said.status == 1
        assert said.out.startswith("removed 1 environment and 1 home, freed ")
        assert f"error: cannot delete `{stuck}`: operation not permitted\n" in said.err
        assert [path for path in (place / ".trash").rglob("*") if path.is_file() and path.suffix != ".lock"] == [stuck]
    finally:
        for path in place.rglob("stuck"):
            subprocess.run([str(program), "-i", path], check=True)

    assert empty_leftovers(str(place))[0] == 1
    assert trash_of(place) == set()
