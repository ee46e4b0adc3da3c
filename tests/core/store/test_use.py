"""Marks of processes that use an environment at the same time."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from central_venv.errors import StoreError
from central_venv.store.use import Uses
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

USE = """
import sys
from central_venv.store.use import Uses
uses = Uses(sys.argv[1])
uses.begin()
print("used", flush=True)
sys.stdin.readline()
uses.end()
print("ended", flush=True)
"""

#: Marks a use and becomes another program, which waits for a line.
BECOME_ANOTHER = """
import os, sys
from central_venv.store.use import Uses
uses = Uses(sys.argv[1])
uses.begin()
if sys.argv[2] == "survives":
    uses.make_inheritable()
os.execv(sys.executable, [sys.executable, "-c", "print('another', flush=True); input()"])
"""

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="no program takes the place of another on Windows")


@pytest.fixture
def uses(tmp_path: Path) -> Uses:
    return Uses(str(tmp_path / "py312.uses"))


@contextmanager
def user(directory: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that uses the environment until it is told to end."""
    process = subprocess.Popen(
        [sys.executable, "-c", USE, directory], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "used\n"
        yield process
        process.kill()


def test_nobody_uses_what_was_never_used(uses: Uses, tmp_path: Path) -> None:
    assert not uses.by_others()
    assert listing(tmp_path) == {"home"}


def test_ones_own_use_is_marked_and_is_not_by_others(uses: Uses) -> None:
    uses.begin()

    marks = os.listdir(uses.directory)
    assert len(marks) == 1
    assert marks[0].startswith(f"{os.getpid()}-")
    assert not uses.by_others()
    assert os.listdir(uses.directory) == marks


def test_a_use_is_marked_once(uses: Uses) -> None:
    uses.begin()
    marks = os.listdir(uses.directory)

    uses.begin()

    assert os.listdir(uses.directory) == marks


def test_the_end_of_a_use_takes_its_mark_away(uses: Uses) -> None:
    uses.begin()

    uses.end()

    assert os.listdir(uses.directory) == []


def test_ending_what_was_not_begun_does_nothing(uses: Uses, tmp_path: Path) -> None:
    uses.end()

    assert listing(tmp_path) == {"home"}


def test_a_use_can_begin_again(uses: Uses) -> None:
    uses.begin()
    uses.end()

    uses.begin()

    assert len(os.listdir(uses.directory)) == 1
    assert Uses(uses.directory).by_others()


def test_a_use_by_another_process_is_seen_until_it_ends(uses: Uses) -> None:
    with user(uses.directory) as other:
        during = uses.by_others()
        other.communicate("\n")
        after = uses.by_others()

    assert (during, after) == (True, False)
    assert os.listdir(uses.directory) == []


def test_ones_own_use_does_not_hide_anothers(uses: Uses) -> None:
    with user(uses.directory):
        uses.begin()

        assert uses.by_others()


def test_the_mark_of_a_killed_process_is_removed(uses: Uses) -> None:
    with user(uses.directory) as other:
        other.kill()
        other.wait()
        assert len(os.listdir(uses.directory)) == 1

        used = uses.by_others()

    assert not used
    assert os.listdir(uses.directory) == []


def test_of_several_marks_only_the_dead_are_removed(uses: Uses) -> None:
    write_tree(Path(uses.directory), {"1-dead0000.lock": "", "2-dead0000.lock": ""})
    with user(uses.directory):
        used = uses.by_others()
        left = os.listdir(uses.directory)

    assert used
    assert [name for name in left if "dead" in name] == []
    assert len(left) == 1


def test_dead_marks_are_removed_wherever_ones_own_is_among_them(uses: Uses) -> None:
    uses.begin()
    write_tree(Path(uses.directory), {"0-00000000.lock": "", "99999999-ffffffff.lock": ""})

    used = uses.by_others()

    assert not used
    assert [name for name in os.listdir(uses.directory) if "dead" in name] == []


def test_a_mark_that_vanished_is_no_error(uses: Uses) -> None:
    uses.begin()
    os.unlink(os.path.join(uses.directory, os.listdir(uses.directory)[0]))

    uses.end()

    assert os.listdir(uses.directory) == []


def test_a_mark_that_cannot_be_removed_is_an_error_of_the_store(uses: Uses, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> NoReturn:
        raise PermissionError(13, "", path)

    uses.begin()
    monkeypatch.setattr(os, "unlink", refuse)

    with pytest.raises(StoreError, match="cannot remove"):
        uses.end()


def test_a_mark_that_cannot_be_made_is_an_error_of_the_store(tmp_path: Path) -> None:
    write_tree(tmp_path, {"file": ""})

    with pytest.raises(StoreError):
        Uses(str(tmp_path / "file" / "py312.uses")).begin()


@contextmanager
def another_program(directory: str, how: str) -> Iterator[subprocess.Popen[str]]:
    """A program that took the place of one that uses the environment; a line ends it."""
    process = subprocess.Popen(
        [sys.executable, "-c", BECOME_ANOTHER, directory, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        assert process.stdout is not None
        assert process.stdout.readline() == "another\n"
        yield process
        process.kill()


@posix_only
@pytest.mark.parametrize(("how", "used"), [("survives", True), ("does not", False)])
def test_a_mark_outlives_its_program_only_if_it_is_told_to(how: str, used: bool, uses: Uses) -> None:  # noqa: FBT001
    with another_program(uses.directory, how):
        assert uses.by_others() is used


@posix_only
def test_a_mark_that_outlived_its_program_still_names_its_process(uses: Uses) -> None:
    with another_program(uses.directory, "survives") as other:
        (mark,) = os.listdir(uses.directory)

    assert mark.startswith(f"{other.pid}-")


@posix_only
def test_a_mark_that_outlived_its_program_ends_with_the_next_one(uses: Uses) -> None:
    with another_program(uses.directory, "survives") as other:
        other.communicate("\n")

        used = uses.by_others()

    assert not used
    assert os.listdir(uses.directory) == []


def test_a_use_that_would_outlive_its_program_can_end(uses: Uses) -> None:
    uses.begin()
    uses.make_inheritable()

    uses.end()

    assert os.listdir(uses.directory) == []
    assert not Uses(uses.directory).by_others()


def test_a_use_that_was_not_begun_does_not_outlive_anything(uses: Uses, tmp_path: Path) -> None:
    uses.make_inheritable()

    assert not uses.by_others()
    assert listing(tmp_path) == {"home"}


def test_what_is_not_called_as_a_mark_stays(uses: Uses) -> None:
    write_tree(Path(uses.directory), {"1-dead0000.lock": "", "notes.txt": "precious", "mine.lock": ""})

    assert not uses.by_others()

    assert sorted(os.listdir(uses.directory)) == ["mine.lock", "notes.txt"]
