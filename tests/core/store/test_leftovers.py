"""What killed processes and removed environments leave in a home."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv.errors import StoreError
from central_venv.machine import clock
from central_venv.store import leftovers
from central_venv.store.deleted import Deleted
from central_venv.store.leftovers import UNFINISHED_AGE
from support.environments import seal
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from central_venv import Home

    Maker = Callable[[Path], Path]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links are POSIX")

HOLD = """
import sys
from central_venv.store.lock import Lock
lock = Lock(sys.argv[1])
lock.acquire(on_wait=lambda: None, cancelled=lambda: False)
print("held", flush=True)
sys.stdin.readline()
"""
RECORDS = ".central-venv"


@pytest.fixture
def home_of(home_of: Home) -> Home:
    """The home of the project, which is there."""
    home_of.prepare()
    return home_of


@contextmanager
def held(path: Path) -> Iterator[None]:
    """Another process holds a lock."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "held\n"
        yield
    finally:
        process.kill()
        process.communicate()


def found(home: Home) -> list[str]:
    return sorted(os.path.relpath(path, home.path).replace(os.sep, "/") for path in leftovers.find(home.path))


def sweep(home: Home) -> set[str]:
    """What is there afterwards."""
    leftovers.sweep(home.path, Deleted())
    return {path.replace(os.sep, "/") for path in listing(Path(home.path))}


def write_old(path: Path, age: float = UNFINISHED_AGE + 1) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("{")
    os.utime(path, (clock.seconds() - age,) * 2)
    return path


def test_nothing_is_left_in_a_home_that_nobody_disturbed(home_of: Home) -> None:
    seal(home_of, "py312")
    seal(home_of, ".venv", "project")
    before = listing(Path(home_of.path))

    assert found(home_of) == []
    assert sweep(home_of) == before


def test_a_home_that_is_gone_has_no_leftovers(home_of: Home) -> None:
    shutil.rmtree(home_of.path)

    assert found(home_of) == []
    assert sweep(home_of) == set()


def test_the_record_lock_and_marks_of_an_environment_that_is_gone_are_left(home_of: Home) -> None:
    shutil.rmtree(seal(home_of, "gone"))
    seal(home_of, "there")
    write_tree(Path(home_of.path, RECORDS, "tox", "gone.uses"), {"4711-00000000.lock": ""})

    assert found(home_of) == [f"{RECORDS}/tox/gone{end}" for end in (".json", ".lock", ".uses")]
    assert f"{RECORDS}/tox/there.json" in sweep(home_of)
    assert found(home_of) == []


def test_the_directories_that_are_empty_then_go_too(home_of: Home) -> None:
    shutil.rmtree(seal(home_of, "gone"))

    assert sweep(home_of) == {"project.json", RECORDS, f"{RECORDS}/home.lock"}


def test_a_project_environment_that_is_gone_leaves_as_much_as_any(home_of: Home) -> None:
    shutil.rmtree(seal(home_of, ".venv-3.12", "project"))

    assert found(home_of) == [f"{RECORDS}/project/.venv-3.12{end}" for end in (".json", ".lock")]


def test_a_name_that_no_environment_can_have_is_left(home_of: Home) -> None:
    write_tree(Path(home_of.path, RECORDS), {"project/foo.json": "{}", "venv/a.lock": "", "central-venv/b.json": ""})

    assert found(home_of) == [
        f"{RECORDS}/{name}" for name in ("central-venv/b.json", "project/foo.json", "venv/a.lock")
    ]


def test_what_is_claimed_is_not_left_although_nothing_is_there_yet(home_of: Home) -> None:
    lock = Path(home_of.path, RECORDS, "tox", "new.lock")
    with held(lock):
        lock.with_suffix(".json").write_text("{}")
        lock.with_suffix(".uses").mkdir()

        assert found(home_of) == []
        assert f"{RECORDS}/tox/new.lock" in sweep(home_of)


def test_marks_of_which_one_is_held_are_not_left(home_of: Home) -> None:
    marks = write_tree(Path(home_of.path, RECORDS, "tox", "gone.uses"), {"1-00000000.lock": ""})
    with held(marks / "2-00000000.lock"):
        assert found(home_of) == []

    assert found(home_of) == [f"{RECORDS}/tox/gone.uses"]


def test_the_lock_of_the_home_is_never_left(home_of: Home) -> None:
    write_tree(Path(home_of.path, RECORDS), {"home.lock": ""})

    assert found(home_of) == []


def test_what_we_do_not_write_is_not_ours_to_sweep(home_of: Home) -> None:
    names = {f"{RECORDS}/tox/notes.txt", f"{RECORDS}/file.json", f"{RECORDS}/tox/a", ".tox/x.json", "b.json", "c.lock"}
    write_tree(Path(home_of.path), dict.fromkeys(names, ""))

    assert found(home_of) == []
    assert sweep(home_of) > names


@pytest.mark.parametrize("where", ["", RECORDS, f"{RECORDS}/tox"], ids=["home", "records", "runner"])
def test_a_file_that_was_not_written_to_its_end_is_left_after_a_while(home_of: Home, where: str) -> None:
    old = write_old(Path(home_of.path, where, ".1a2b-0a1b2c3d.tmp"))
    new = write_old(Path(home_of.path, where, ".1a2c-0a1b2c3d.tmp"), UNFINISHED_AGE - 30)

    assert found(home_of) == [os.path.relpath(old, home_of.path).replace(os.sep, "/")]
    leftovers.sweep(home_of.path, Deleted())
    assert (old.exists(), new.exists()) == (False, True)


@pytest.mark.parametrize("age", [UNFINISHED_AGE, UNFINISHED_AGE + 1], ids=["not yet", "now"])
def test_the_while_is_a_minute(home_of: Home, monkeypatch: pytest.MonkeyPatch, age: int) -> None:
    now = 1795521600
    monkeypatch.setattr(clock, "seconds", lambda: now)
    path = Path(home_of.path, ".1a2b-0a1b2c3d.tmp")
    path.write_text("")
    os.utime(path, (now - age, now - age))

    assert len(found(home_of)) == (age > UNFINISHED_AGE)


def test_only_what_we_name_so_is_unfinished(home_of: Home) -> None:
    for name in ("a.tmp", ".tmp-a", ".a.tmp.bak"):
        write_old(Path(home_of.path, name))

    assert found(home_of) == []


def test_empty_directories_of_runners_go_and_others_stay(home_of: Home) -> None:
    for name in (".tox", ".nox", "mine", ".venv", ".tox/log"):
        Path(home_of.path, name).mkdir(exist_ok=True)

    assert sweep(home_of) == {"project.json", "mine", ".venv", ".tox", ".tox/log"}


@posix_only
@pytest.mark.parametrize("link", [RECORDS, f"{RECORDS}/tox", f"{RECORDS}/tox/gone.uses"])
def test_nothing_is_found_through_a_link(home_of: Home, base: Path, link: str) -> None:
    precious = write_tree(base / "precious", {"tox/gone.json": "", "gone.lock": "", "gone.uses/a": "", "b": ""})
    write_old(precious / ".a.tmp")
    path = Path(home_of.path, link)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.symlink_to(precious)
    before = listing(precious)

    leftovers.sweep(home_of.path, Deleted())

    assert listing(precious) == before


@posix_only
def test_a_link_in_place_of_a_record_goes_and_what_it_names_stays(home_of: Home, base: Path) -> None:
    precious = write_tree(base / "precious", {"file": "1"})
    records = Path(home_of.path, RECORDS, "tox")
    records.mkdir(parents=True)
    (records / "gone.json").symlink_to(precious / "file")
    (records / "gone.lock").symlink_to(precious)

    assert sweep(home_of) == {"project.json", RECORDS}
    assert (precious / "file").read_text() == "1"


@posix_only
def test_an_environment_that_is_a_link_keeps_its_record(home_of: Home, base: Path) -> None:
    path = seal(home_of, "py312")
    path.rename(base / "elsewhere")
    path.symlink_to(base / "elsewhere")

    assert found(home_of) == []


def test_what_cannot_be_removed_is_told(home_of: Home) -> None:
    Path(home_of.path, RECORDS, "tox", "gone.json").mkdir(parents=True)

    with pytest.raises(StoreError, match=r"cannot remove `.*gone\.json`"):
        leftovers.sweep(home_of.path, Deleted())


@posix_only
def test_what_was_removed_is_counted(home_of: Home) -> None:
    shutil.rmtree(seal(home_of, "gone"))
    records = Path(home_of.path, RECORDS, "tox")
    write_tree(records / "gone.uses", {"1-00000000.lock": "x"})
    gone = [records, *records.rglob("*"), Path(home_of.path, ".tox")]
    expected = sum(path.lstat().st_blocks * 512 for path in gone)
    deleted = Deleted()

    leftovers.sweep(home_of.path, deleted)

    assert deleted.freed == expected > 0


@pytest.mark.parametrize("name", ["tox/gone.uses/notes.txt", "tox/gone.txt"])
def test_what_only_lies_where_ours_does_stays(home_of: Home, name: str) -> None:
    write_tree(Path(home_of.path, RECORDS), {name: "precious"})

    assert found(home_of) == []
    assert f"{RECORDS}/{name}" in sweep(home_of)
