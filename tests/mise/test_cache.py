"""What the plugin keeps is the user's own, and whatever else is there is neither believed nor touched."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
from support.mise import change_kept, kept_answers
from support.trees import contents, listing, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.mise import Mise

#: The user and group of somebody else.
STRANGER = 12345


@pytest.fixture
def cache(home: Path) -> Path:
    """Where the plugin keeps answers."""
    return home / ".cache" / "central-venv" / "mise"


def forge(kept: dict[str, Any]) -> None:
    """Let a kept answer lead elsewhere."""
    kept["answer"]["env"]["UV_PROJECT_ENVIRONMENT"] = "/forged"


def test_what_is_kept_is_believed(newest_mise: Mise, project: Path) -> None:
    newest_mise.env(project)
    change_kept(forge)

    assert newest_mise.env(project)["UV_PROJECT_ENVIRONMENT"] == "/forged"


def test_where_nothing_can_be_kept_it_still_works(newest_mise: Mise, project: Path, home: Path) -> None:
    write_tree(home, {".cache": "a file in the way"})

    found = [newest_mise.env(project) for _ in range(2)]

    assert all("UV_PROJECT_ENVIRONMENT" in each for each in found)


def test_a_damaged_answer_is_asked_for_again(newest_mise: Mise, project: Path) -> None:
    expected = newest_mise.env(project)
    for kept in kept_answers():
        kept.write_text('{"key": 3')

    found = newest_mise.env(project)

    assert found == expected


@pytest.mark.parametrize(
    "change",
    [
        {"env": {"LD_PRELOAD": "/tmp/evil.so"}},
        {"env": {"UV_PROJECT_ENVIRONMENT": 5}},
        {"path": [5]},
        {"inputs": {"/": "now"}},
        {"schema": 2},
    ],
    ids=str,
)
def test_a_kept_answer_that_is_none_is_not_believed(change: dict[str, Any], newest_mise: Mise, project: Path) -> None:
    expected = newest_mise.env(project)
    newest_mise.called()
    change_kept(lambda kept: kept["answer"].update(change))

    found = newest_mise.env(project)

    assert found == expected
    assert newest_mise.called() == 1


def test_an_answer_to_another_question_is_not_believed(newest_mise: Mise, project: Path) -> None:
    expected = newest_mise.env(project)
    change_kept(forge)
    change_kept(lambda kept: kept.update(key="another"))

    assert newest_mise.env(project) == expected


def test_a_cache_that_is_a_link_is_neither_read_nor_written(newest_mise: Mise, project: Path, cache: Path) -> None:
    expected = newest_mise.env(project)
    change_kept(forge)
    elsewhere = cache.rename(cache.with_name("elsewhere"))
    cache.symlink_to(elsewhere)
    before = contents(elsewhere)

    found = newest_mise.env(project)

    assert found == expected
    assert contents(elsewhere) == before


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() != 0, reason="only root gives files away")
def test_a_cache_of_another_user_is_neither_read_nor_written(newest_mise: Mise, project: Path, cache: Path) -> None:
    expected = newest_mise.env(project)
    change_kept(forge)
    os.chown(cache, STRANGER, STRANGER)
    before = contents(cache)

    found = newest_mise.env(project)

    assert found == expected
    assert contents(cache) == before


@pytest.mark.parametrize("umask", [0o000, 0o077], ids=oct)
def test_the_cache_is_closed_to_others(umask: int, newest_mise: Mise, project: Path, home: Path) -> None:
    subprocess.run([newest_mise.program, "env"], cwd=project, check=True, capture_output=True, umask=umask)

    made = [path for path in (home / ".cache", *(home / ".cache").rglob("*")) if path.is_dir()]
    assert len(made) == 3
    assert [path for path in made if path.stat().st_mode & 0o077] == []


@pytest.mark.parametrize("value", ["cache", ""])
def test_a_cache_directory_without_a_root_is_not_used(
    value: str, newest_mise: Mise, project: Path, cache: Path
) -> None:
    before = listing(project)

    newest_mise.env(project, XDG_CACHE_HOME=value)

    assert listing(project) == before
    assert len(listing(cache)) == 1
