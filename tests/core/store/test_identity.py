"""Whether a directory is the one that a home was made for."""

from __future__ import annotations

import shutil
import sys
import time
from typing import TYPE_CHECKING, Any

import pytest
from central_venv.machine import clock, host
from central_venv.machine.birth import birth_time
from central_venv.store import identity
from central_venv.store.identity import moved_to, replaced
from central_venv.store.project_record import ProjectRecord

if TYPE_CHECKING:
    from pathlib import Path

DAY = 86400


@pytest.fixture
def no_births(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(identity, "birth_time", lambda _: None)


def record(root: Path, age: float = 0, **changes: Any) -> ProjectRecord:
    """What a home says that was made some seconds ago."""
    mount = host.mount_point(str(root))
    fields: dict[str, Any] = {
        "created": clock.from_timestamp(time.time() - age),
        "host": host.name(),
        "mount": mount,
        "volume": host.volume(mount),
        "inode": host.inode(str(root)),
        **changes,
    }
    return ProjectRecord(str(root), **fields)


def remake(directory: Path) -> None:
    """Put another directory in the place of one, with another number."""
    other = directory.with_name("other")
    other.mkdir()
    shutil.rmtree(directory)
    other.rename(directory)


# replaced


def test_a_project_is_not_replaced_by_itself(project: Path) -> None:
    assert not replaced(record(project), [time.time()])


def test_a_directory_younger_than_an_environment_of_its_home_has_replaced_the_project(
    births: None, project: Path
) -> None:
    assert replaced(record(project, age=DAY), [None, time.time(), time.time() - DAY])


@pytest.mark.parametrize("made", [[], [None], [time.time() + DAY]], ids=["none", "unknown", "younger"])
def test_a_younger_directory_without_an_older_environment_has_not_replaced_the_project(
    made: list[float | None], births: None, project: Path
) -> None:
    assert not replaced(record(project, age=DAY), made)


def test_a_home_that_was_made_for_the_directory_may_hold_older_environments(births: None, project: Path) -> None:
    assert not replaced(record(project), [time.time() - DAY])


def test_a_directory_as_old_as_an_environment_has_not_replaced_the_project(births: None, project: Path) -> None:
    born = birth_time(str(project))
    assert born is not None
    made = record(project, age=DAY)

    assert not replaced(made, [born])
    assert not replaced(made, [born - 1.9])
    assert replaced(made, [born - 2.1])


def test_a_directory_as_old_as_the_home_has_not_replaced_the_project(births: None, project: Path) -> None:
    born = birth_time(str(project))
    assert born is not None

    assert not replaced(record(project, created=clock.from_timestamp(born - 1)), [born - DAY])
    assert replaced(record(project, created=clock.from_timestamp(born - 4)), [born - DAY])


def test_neither_a_reused_nor_a_new_number_says_anything(births: None, project: Path) -> None:
    assert replaced(record(project, age=DAY), [time.time() - DAY])
    assert not replaced(record(project, inode=1), [time.time() - DAY])


def test_without_birth_times_nobody_can_tell(no_births: None, project: Path) -> None:
    made = record(project, age=DAY)
    remake(project)

    assert not replaced(made, [time.time() - DAY])


def test_what_another_machine_recorded_says_nothing_of_the_project(project: Path) -> None:
    assert not replaced(record(project, age=DAY, host="another"), [time.time() - DAY])


def test_a_record_without_facts_says_nothing_of_the_project(project: Path) -> None:
    assert not replaced(ProjectRecord(str(project)), [time.time() - DAY])


def test_without_the_homes_birth_nobody_can_tell_by_age(births: None, project: Path) -> None:
    assert not replaced(record(project, created=None), [time.time() - DAY])


def test_a_project_that_is_gone_has_not_been_replaced(project: Path) -> None:
    made = record(project, age=DAY)
    shutil.rmtree(project)

    assert not replaced(made, [time.time() - DAY])


# moved


def test_a_project_at_its_place_has_not_moved(births: None, project: Path) -> None:
    assert moved_to(record(project), [str(project)]) is None


def test_a_renamed_project_is_found_beside_its_old_place(births: None, project: Path) -> None:
    made = record(project)
    project.rename(project.with_name("renamed"))

    assert moved_to(made, []) == str(project.with_name("renamed"))


def test_a_moved_project_is_found_among_the_candidates(births: None, project: Path, base: Path) -> None:
    made = record(project)
    (base / "deep").mkdir()
    project.rename(base / "deep" / "project")

    assert moved_to(made, [str(base), str(base / "deep" / "project")]) == str(base / "deep" / "project")
    assert moved_to(made, [str(base), str(base / "missing")]) is None


def test_a_removed_project_is_nowhere(births: None, project: Path, base: Path) -> None:
    made = record(project)
    (base / "other").mkdir()
    shutil.rmtree(project)

    assert moved_to(made, [str(base / "other"), "/\0"]) is None


def test_a_younger_directory_with_the_same_number_is_not_the_project(births: None, project: Path, base: Path) -> None:
    made = record(project, age=DAY)
    project.rename(base / "renamed")

    assert moved_to(made, [str(base / "renamed")]) is None


@pytest.mark.parametrize(("later", "found"), [(0.9, True), (1.1, False)])
def test_a_directory_made_right_after_the_home_is_not_the_project(
    later: float,
    found: bool,  # noqa: FBT001
    project: Path,
    base: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(identity, "birth_time", lambda _: 1795521600.0 + later)
    made = record(project, created=clock.from_timestamp(1795521600.0))
    project.rename(base / "renamed")

    assert (moved_to(made, []) is not None) is found


def test_without_birth_times_nobody_can_tell_where_a_project_is(no_births: None, project: Path) -> None:
    made = record(project)
    project.rename(project.with_name("renamed"))

    assert moved_to(made, []) is None


@pytest.mark.parametrize(
    "change",
    [{"host": "another"}, {"host": None}, {"volume": "another"}, {"volume": None}, {"inode": None}, {"created": None}],
    ids=str,
)
def test_a_project_is_not_looked_for_if_a_fact_is_missing_or_of_another_place(
    change: dict[str, Any], births: None, project: Path
) -> None:
    made = record(project, **change)
    project.rename(project.with_name("renamed"))

    assert moved_to(made, [str(project.with_name("renamed"))]) is None


def test_a_project_whose_parent_is_gone_is_looked_for_among_the_candidates(births: None, base: Path) -> None:
    root = base / "parent" / "project"
    root.mkdir(parents=True)
    made = record(root)
    root.rename(base / "project")
    root.parent.rmdir()

    assert moved_to(made, []) is None
    assert moved_to(made, [str(base / "project")]) == str(base / "project")


def test_on_a_file_system_without_a_number_nobody_can_tell_where_a_project_is(
    births: None, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "volume", lambda _: None)
    made = record(project)
    project.rename(project.with_name("renamed"))

    assert moved_to(made, []) is None


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_to_the_project_is_not_where_it_is(births: None, base: Path) -> None:
    root = base / "parent" / "project"
    root.mkdir(parents=True)
    made = record(root)
    root.rename(base / "project")
    (base / "link").symlink_to(base / "project")

    assert moved_to(made, [str(base / "link")]) is None
