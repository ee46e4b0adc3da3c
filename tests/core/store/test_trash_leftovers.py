"""What killed removals left in the trash, who deletes it, and what is nobody's."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
import time
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.errors import StoreError
from central_venv.store.trash_leftovers import empty_in_background, empty_leftovers, leftovers
from support.environments import seal
from support.trash import leave_behind, places, taking, trash_of, write_home
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.commands import Runner

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, modes and signals are POSIX")

background = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")

PATIENCE = 60


@pytest.fixture
def place(base: Path) -> Path:
    """A store."""
    Store(str(base / "store")).prepare()
    return base / "store"


# what killed processes left


def test_what_a_killed_process_left_is_finished_and_counted(place: Path) -> None:
    home = write_home(place)
    expected = sum(path.lstat().st_blocks * 512 for path in [home, *home.rglob("*")]) if sys.platform != "win32" else 0
    with taking(place, "home"):
        pass

    count, deleted = empty_leftovers(str(place))

    assert (count, deleted.failures) == (1, [])
    assert deleted.freed >= expected
    assert trash_of(place) == set()


def test_two_who_look_at_once_count_each_once(place: Path) -> None:
    for number in range(20):
        write_tree(place / ".trash" / f"{number}-00000000", {f"{each}/a": "1" for each in range(5)})
        (place / ".trash" / f"{number}-00000000.lock").touch()
    script = "import sys; from central_venv.store import trash_leftovers as t; print(t.empty_leftovers(sys.argv[1])[0])"

    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(place)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    counts = [int(process.communicate()[0]) for process in processes]

    assert sum(counts) == 20
    assert trash_of(place) == set()


def test_each_of_several_is_counted_once(place: Path) -> None:
    for name in "abc":
        leave_behind(place, name)

    assert empty_leftovers(str(place))[0] == 3


def test_what_a_live_process_has_taken_is_left_to_it(place: Path) -> None:
    write_home(place)
    with taking(place, "home") as process:
        before = trash_of(place)

        found = (empty_leftovers(str(place))[0], leftovers(str(place)))

        assert found == (0, [])
        assert trash_of(place) == before
        process.communicate("go on\n")
    assert trash_of(place) == set()


def test_a_store_without_a_trash_has_no_leftovers(place: Path) -> None:
    os.rmdir(place / ".trash")

    assert (empty_leftovers(str(place))[0], leftovers(str(place))) == (0, [])
    assert not (place / ".trash").exists()


def test_a_place_without_a_lock_is_left_behind(place: Path) -> None:
    write_tree(place / ".trash" / "4711-00000000", {"0/a": "1"})

    assert leftovers(str(place)) == ["4711-00000000"]
    assert empty_leftovers(str(place))[0] == 1
    assert trash_of(place) == set()


def test_a_lock_without_a_place_is_removed_and_is_no_removal(place: Path) -> None:
    (place / ".trash" / "4711-00000000.lock").touch()

    assert leftovers(str(place)) == []
    assert empty_leftovers(str(place))[0] == 0
    assert trash_of(place) == set()


@posix_only
@pytest.mark.parametrize("kind", ["link", "file", "pipe"])
def test_what_has_the_name_of_a_removal_is_deleted_and_not_followed(place: Path, base: Path, kind: str) -> None:
    precious = write_tree(base / "precious", {"a/b": "1"})
    path = place / ".trash" / "4711-00000000"
    if kind == "link":
        path.symlink_to(precious)
    elif kind == "file":
        path.touch()
    else:
        os.mkfifo(path)

    empty_leftovers(str(place))

    assert trash_of(place) == set()
    assert listing(precious) == {"a", "a/b"}


FOREIGN = [
    "photo.jpg",
    "4711",
    "4711-0000000",
    "4711-0000000g",
    "x4711-00000000",
    "4711-00000000.txt",
    "old.lock",
    ".lock",
]


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_called_otherwise_stays_in_the_trash_and_is_told(
    name: str, place: Path, here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(place))
    precious = write_tree(place / ".trash" / name, {"a/b": "precious"})
    (place / ".trash" / f"{name}.lock").touch()
    leave_behind(place)

    said = run("prune", "--yes")

    assert said.status == 0
    assert f"kept 2 entries in `{place / '.trash'}`, which no removal put there: `{name}`, `{name}.lock`\n" in said.err
    assert "finished 1 removal" in said.err
    assert (precious / "a" / "b").read_text() == "precious"
    assert (place / ".trash" / f"{name}.lock").exists()
    assert f"2 entries are in `{place / '.trash'}` that no removal put there" in run("doctor").out


def test_what_was_taken_without_a_place_of_its_own_is_finished(place: Path) -> None:
    """As on a disk without room for a directory."""
    write_tree(place / ".trash" / "4711-0123456789abcdef", {"a/b": "1"})

    assert empty_leftovers(str(place))[0] == 1
    assert trash_of(place) == set()


@posix_only
@pytest.mark.parametrize("kind", ["link", "directory"])
def test_a_lock_that_is_no_file_does_not_keep_the_rest(place: Path, base: Path, kind: str) -> None:
    precious = write_tree(base / "precious", {"file": "1"})
    lock = place / ".trash" / "1-00000000.lock"
    if kind == "link":
        lock.symlink_to(precious / "file")
    else:
        lock.mkdir()
    leave_behind(place)

    with suppress(StoreError):
        empty_leftovers(str(place))

    assert [name for name in places(place) if not name.startswith("1-")] == []
    assert (precious / "file").read_text() == "1"


def test_a_leftover_of_which_something_cannot_be_deleted_is_told(
    place: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_behind(place)
    refuse_to_unlink("a.py", monkeypatch)
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(place))

    said = run("prune", "--yes")

    assert (said.status, said.out) == (1, "")
    assert "a.py" in said.err
    assert "finished" not in said.err


def refuse_to_unlink(refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink = os.unlink

    def refuse(path: str, *, dir_fd: int | None = None) -> None:
        if os.path.basename(path) == refused:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", refuse)


def test_a_removal_that_leaves_something_does_not_say_that_it_finished_another(
    place: Path,
    project: Path,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    seal(Home(Store(str(place)), str(project)))
    refuse_to_unlink("pyvenv.cfg", monkeypatch)
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(place))

    said = run("clean", "--yes", "--project", str(project))

    assert said.status == 1
    assert said.out.startswith("removed 1 environment and 1 home, freed ")
    assert "cannot delete `" in said.err
    assert "broken off" not in said.err


# in the background


def wait_until_empty(place: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while left := os.listdir(place / ".trash"):
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


@background
def test_another_process_empties_the_trash(place: Path) -> None:
    leave_behind(place)

    empty_in_background(str(place))

    wait_until_empty(place)


@background
def test_the_other_process_loads_no_module_of_the_current_directory(
    place: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_behind(place)
    trap = write_tree(
        base / "trap",
        {"errno.py": f"open({str(base / 'sprung')!r}, 'w')", "subprocess.py": f"open({str(base / 'sprung')!r}, 'w')"},
    )
    (trap / "central_venv.py").write_text(f"open({str(base / 'sprung')!r}, 'w')")
    monkeypatch.chdir(trap)

    empty_in_background(str(place))

    wait_until_empty(place)
    assert not (base / "sprung").exists()


def test_a_process_that_cannot_be_started_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(place / "nowhere"))

    with pytest.raises(StoreError, match="cannot start a process in"):
        empty_in_background(str(place))
