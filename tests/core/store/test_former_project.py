"""A project that was moved without a word is told how its environments follow it, when it gets a home of its own."""

from __future__ import annotations

import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.store import former_project
from central_venv.store.project_record import read_project, write_project
from support.environments import seal, seal_shared
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.commands import Runner

pytestmark = pytest.mark.usefixtures("births")
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")


@pytest.fixture
def said() -> list[str]:
    """What the user was told."""
    return []


@pytest.fixture
def old(base: Path, store: Path) -> Home:
    """The home of a project, with an environment."""
    home = Home(Store(str(store)), str(write_tree(base / "code" / "foo", {"pyproject.toml": ""})))
    seal(home)
    return home


def moved(old: Home, new: Path, said: list[str]) -> Home:
    """Move the project, and name the home that it gets there."""
    new.parent.mkdir(parents=True, exist_ok=True)
    os.rename(old.root, new)
    return Home(old.store, str(new), on_note=said.append)


def note(old: Home, new: Path | str) -> str:
    """What is said."""
    return f"the project `{new}` was `{old.root}` before; `central-venv move {old.root} {new}` keeps its environments"


@pytest.mark.parametrize("place", ["code/bar", "far/away/foo"])
def test_a_project_that_was_moved_is_told_once(place: str, old: Home, base: Path, said: list[str]) -> None:
    home = moved(old, base / place, said)

    for _ in range(2):
        home.environment("tox", "py312").use(on_wait=lambda _: None)

    assert said == [note(old, base / place)]


def test_a_project_that_shared_an_environment_is_told(old: Home, base: Path, said: list[str]) -> None:
    shutil.rmtree(os.path.join(old.path, ".tox"))
    seal_shared(old.store)
    old.share("@torch")

    moved(old, base / "bar", said).prepare()

    assert said == [note(old, base / "bar")]


@posix_only
def test_a_project_that_moved_behind_a_link_is_told(old: Home, base: Path, said: list[str]) -> None:
    (base / "code").rename(base / "data")
    (base / "code").symlink_to(base / "data")

    Home(old.store, str(base / "data" / "foo"), on_note=said.append).prepare()

    assert said == [note(old, base / "data" / "foo")]


def test_of_a_project_without_an_environment_nothing_is_said(old: Home, base: Path, said: list[str]) -> None:
    for name in (".tox", ".central-venv"):
        shutil.rmtree(os.path.join(old.path, name))

    moved(old, base / "bar", said).prepare()

    assert said == []


def test_of_a_copy_nothing_is_said(old: Home, base: Path, said: list[str]) -> None:
    shutil.copytree(old.root, base / "copy")

    Home(old.store, str(base / "copy"), on_note=said.append).prepare()

    assert said == []


@pytest.mark.parametrize("change", [{"host": "another"}, {"volume": "another"}, {"born": 1577836800.25}])
def test_a_directory_that_only_has_the_same_number_is_another_one(
    change: dict[str, object], old: Home, base: Path, said: list[str]
) -> None:
    record = read_project(old.record_path)
    assert record is not None
    for name, value in change.items():
        setattr(record, name, value)
    write_project(old.record_path, record)

    moved(old, base / "bar", said).prepare()

    assert said == []


def test_a_record_that_cannot_be_read_hides_no_other(old: Home, base: Path, said: list[str]) -> None:
    home = moved(old, base / "bar", said)
    record = read_project(old.record_path)
    assert record is not None
    for name in ("aaa-00000000", "zzz-00000000"):
        write_tree(type(base)(old.store.path) / name, {"project.json": f'{{"schema": 99, "inode": {record.inode}}}'})

    home.prepare()

    assert said == [note(old, base / "bar")]


def test_a_project_that_has_a_home_is_not_looked_for(
    old: Home, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(former_project, "note_of_move", lambda *_: pytest.fail("it is looked for"))

    Home(old.store, old.root, on_note=said.append).prepare()


def test_the_command_line_says_it_with_the_run_and_with_every_look(
    old: Home, base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = moved(old, base / "bar", [])
    monkeypatch.chdir(home.root)

    looks = [run("info"), run("info", "--json")]
    runs = [run("run", "no-such-program") for _ in range(2)]

    assert [look.err for look in looks] == [f"note: {note(old, home.root)}\n"] * 2
    assert [one.err.count("note: ") for one in runs] == [1, 0]
    assert run("info").err == looks[0].err


def test_its_hint_works_after_the_run_has_made_an_environment_too(
    old: Home, base: Path, run: Runner, said: list[str]
) -> None:
    home = moved(old, base / "bar", said)
    seal(home)
    words = said[0].split("`")[5].split()[1:]

    refused = run(*words)
    hint = refused.err.split("`")[-2].split()[1:]

    assert refused.status == 1
    assert refused.err.endswith("removes the new ones; then run this command again\n")
    assert run(*hint, "--yes").status == 0
    run(*words)
    assert not os.path.lexists(old.path)
    assert home.environment("tox", "py312").exists
