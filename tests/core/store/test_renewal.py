"""The record of a home follows its project, and another project at the same path is noticed."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.errors import HomeConflictError, StoreError
from central_venv.machine import birth, clock, host
from central_venv.policy import layout
from central_venv.store import renewal
from central_venv.store.lock import Lock
from central_venv.store.project_record import ProjectRecord, is_current, read_project, write_project
from support import crash
from support.environments import make_older, seal, seal_shared
from support.trees import write_tree
from support.virtualenvs import make_recorded

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.commands import Runner

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="the environments of POSIX")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="elsewhere a time of birth can be set")


@pytest.fixture
def said() -> list[str]:
    """What the user was told."""
    return []


@pytest.fixture
def used(project: Path, store: Path, said: list[str]) -> Home:
    """The home of a project with an environment."""
    home = Home(Store(str(store)), str(project), on_note=said.append)
    seal(home)
    return home


def recorded(home: Home) -> ProjectRecord:
    """What a home says of its project."""
    record = read_project(home.record_path)
    assert record is not None
    return record


def facts(record: ProjectRecord) -> dict[str, object]:
    """All that it says."""
    return {name: getattr(record, name) for name in ProjectRecord.__slots__}


def change(home: Home, **changes: object) -> None:
    """Let a home say something else."""
    record = recorded(home)
    for name, value in changes.items():
        setattr(record, name, value)
    write_project(home.record_path, record)


def remake(project: Path) -> None:
    """Put another directory, which is made now, in the place of a project that goes."""
    project.rename(project.with_name("going"))
    write_tree(project, {"pyproject.toml": ""})
    shutil.rmtree(project.with_name("going"))


# renewal


@pytest.mark.parametrize(
    "old",
    [{"host": "another"}, {"mount": "/elsewhere"}, {"volume": "another"}, {"volume": None}, {"parent": 1}],
    ids=str,
)
def test_what_is_not_so_any_more_is_renewed_with_the_next_use(
    old: dict[str, object], used: Home, said: list[str]
) -> None:
    before = facts(recorded(used))
    change(used, shared="@torch", **old)

    used.environment("tox", "py312").use(on_wait=lambda _: None)

    after = facts(recorded(used))
    assert {**after, "recorded": None} == {**before, "shared": "@torch", "recorded": None}
    assert said == []


def test_the_record_of_an_older_version_learns_what_is_new(used: Home, said: list[str]) -> None:
    before = facts(recorded(used))
    new = ("generation", "parent", "born", "parent_born", "parent_volume", "recorded")
    change(used, **dict.fromkeys(new))

    used.prepare()

    assert facts(recorded(used)) == {**before, "recorded": recorded(used).recorded}
    assert said == []


def test_a_directory_of_another_generation_is_looked_at_closely(used: Home) -> None:
    assert is_current(used.record_path, used.root)
    change(used, generation=1)

    assert not is_current(used.record_path, used.root)


@pytest.mark.parametrize(("born", "current"), [(1795521600.25, True), (1795521600.5, False), (None, False)])
def test_without_generations_the_time_of_birth_tells(
    born: float | None,
    current: bool,  # noqa: FBT001
    used: Home,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(host, "generation", lambda _: None)
    monkeypatch.setattr(birth, "birth_time", lambda _: 1795521600.25)
    change(used, generation=None, born=born)

    assert is_current(used.record_path, used.root) is current


@pytest.mark.parametrize("words", [("path",), ("path", "--exists"), ("env", "--shell", "json"), ("info",), ("list",)])
def test_whoever_only_looks_renews_nothing(
    words: tuple[str, ...], used: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(used.root)
    change(used, host="another")

    run(*words)

    assert recorded(used).host == "another"


@pytest.mark.parametrize("what", ["lock", "record"])
def test_a_record_that_cannot_be_written_stays(
    what: str, used: Home, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    make_older(used)

    def fail(*_: object) -> None:
        raise StoreError("the disk is full", hint="")

    if what == "lock":
        monkeypatch.setattr(Lock, "try_acquire", fail)
    else:
        monkeypatch.setattr(renewal, "write_project", fail)
    used.prepare()

    assert recorded(used).created == recorded(used).recorded
    assert said == []


def test_nobody_waits_to_renew_a_record(used: Home) -> None:
    change(used, host="another")
    lock = Lock(layout.home_lock_path(used.path))
    assert lock.try_acquire()

    used.prepare()
    lock.release()

    assert recorded(used).host == "another"


def test_a_project_with_a_shared_environment_is_renewed_when_that_is_used(
    project: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from central_venv.cli.project import home_here
    from central_venv.cli.provision import enter
    from central_venv.project_environment.choice import choose

    seal_shared(Store(str(store)))
    Home(Store(str(store)), str(project)).share("@torch")
    monkeypatch.chdir(project)
    home, settings = home_here(None)
    change(home, host="another")

    enter(choose(home, settings), settings)

    assert (recorded(home).host, recorded(home).shared) == (host.name(), "@torch")


@posix_only
def test_whoever_is_killed_while_a_record_is_renewed_leaves_the_old_one_or_the_new_one(used: Home) -> None:
    now, old = host.inode(used.root), facts(make_older(used, inode=1))
    seen = []
    for _ in crash.kills("create", used.store.path, used.root, "py312"):
        found = recorded(used)
        seen.append(facts(found) == old)
        assert seen[-1] or (found.inode, found.created) == (now, old["created"])
        make_older(used, inode=1)

    assert True in seen
    assert False in seen


# another directory


def test_of_a_project_that_was_cloned_anew_the_first_run_says_so_once(
    births: None, project: Path, used: Home, said: list[str]
) -> None:
    remake(project)

    for _ in range(2):
        used.environment("tox", "py312").use(on_wait=lambda _: None)

    (note,) = said
    assert note == (
        f"`{project}` is another directory than the one that the environments in `{used.path}` were made for; if they "
        f"do not fit, `central-venv clean --project {project}` removes them"
    )
    assert recorded(used).inode == host.inode(str(project))


def test_the_command_line_tells_it_as_a_note(
    used: Home, make_environment: Callable[[Path], Path], here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from central_venv.cli.project import home_here
    from central_venv.cli.provision import enter
    from central_venv.project_environment.choice import choose

    seal(used, ".venv", "project")
    make_older(used)
    home, settings = home_here(None)

    enter(choose(home, settings), settings)

    assert capsys.readouterr().err.startswith(f"note: `{used.root}` is another directory than the one that")


def test_a_directory_with_the_number_of_the_former_one_is_another_one(used: Home, said: list[str]) -> None:
    make_older(used)

    used.prepare()

    assert len(said) == 1


def test_a_clone_before_the_first_use_with_this_version_is_noticed(births: None, used: Home, said: list[str]) -> None:
    new = ("generation", "parent", "born", "parent_born", "parent_volume", "recorded")
    change(used, **dict.fromkeys(new), created="2020-01-01T00:00:00Z")

    used.prepare()

    assert len(said) == 1


def test_a_home_without_environments_takes_another_directory_without_a_word(
    home_of: Home, store: Path, said: list[str]
) -> None:
    home_of.prepare()
    make_older(home_of)

    Home(Store(str(store)), home_of.root, on_note=said.append).prepare()

    assert said == []
    assert recorded(home_of).inode == host.inode(home_of.root)


def test_a_script_is_saved_as_another_file_without_a_word(base: Path, store: Path, said: list[str]) -> None:
    write_tree(base, {"tool.py": "old"})
    home = Home(Store(str(store)), str(base / "tool.py"), on_note=said.append)
    seal(home, "script", "hatch")
    write_tree(base, {"tool.py.new": "new"})
    os.replace(base / "tool.py.new", base / "tool.py")

    home.prepare()

    assert said == []
    assert recorded(home).inode == host.inode(home.root)


@linux_only
def test_where_numbers_and_births_are_made_up_nothing_is_said(
    used: Home, said: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(host, "keeps_numbers", lambda _: False)
    make_older(used, inode=1)

    used.prepare()

    assert said == []
    assert recorded(used).inode == host.inode(used.root)


# another project


@pytest.fixture
def swapped(births: None, base: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home of a project in whose place there is another one now."""
    for name in ("a", "c"):
        write_tree(base / name, {"pyproject.toml": "[project]\nname = 'x'\nversion = '0'\n"})
    now = clock.seconds
    monkeypatch.setattr(clock, "seconds", lambda: now() + 60)
    home = Home(Store(str(store)), str(base / "a"))
    make_recorded(home)
    make_recorded(home, "project", ".venv")
    (base / "a").rename(base / "b")
    (base / "c").rename(base / "a")
    return home


@posix_only
@pytest.mark.parametrize(
    "act",
    [
        lambda home: home.prepare(),
        lambda home: home.environment("tox", "py").claim("py", on_wait=lambda _: None),
        lambda home: home.environment("tox", "py").use(on_wait=lambda _: None),
        lambda home: home.environment("tox", "new").record_existing(on_wait=lambda _: None),
    ],
    ids=["prepare", "claim", "use", "record"],
)
def test_another_project_at_the_same_path_is_refused_before_anything_is_changed(
    act: Callable[[Home], object], swapped: Home
) -> None:
    before = facts(recorded(swapped))

    with pytest.raises(HomeConflictError):
        act(swapped)

    assert facts(recorded(swapped)) == before
    assert swapped.environment("tox", "py").is_ready()


@posix_only
@pytest.mark.parametrize(
    "words",
    [
        ("create",),
        ("link",),
        ("env", "--shell", "bash"),
        ("env", "--shell", "json"),
        ("activate", "--shell", "bash"),
        ("uv", "pip", "uninstall", "x"),
    ],
    ids=" ".join,
)
def test_no_command_hands_out_the_environment_of_another_project_at_the_same_path(
    words: tuple[str, ...], swapped: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(swapped.root)

    result = run(*words)

    assert (result.status, result.out) == (1, "")
    assert f"error: `{swapped.root}` is another project than the one" in result.err
    assert not os.path.lexists(os.path.join(swapped.root, ".venv"))


@posix_only
def test_the_refusal_names_the_other_project_and_its_remedy_works(
    swapped: Home, base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(HomeConflictError) as caught:
        swapped.prepare()

    assert caught.value.hint.startswith(
        f"that one is `{base / 'b'}` now: `central-venv move {base / 'a'} {base / 'b'}` lets them follow it, "
        f"`central-venv clean --project {base / 'a'}` removes them"
    )
    assert run("move", str(base / "a"), str(base / "b")).status == 0
    swapped.prepare()


@posix_only
def test_the_environments_of_the_other_project_can_be_removed(swapped: Home, base: Path, run: Runner) -> None:
    assert run("clean", "--project", str(base / "a"), "--yes").status == 0

    swapped.prepare()

    assert recorded(swapped).inode == host.inode(swapped.root)


@posix_only
@linux_only
def test_a_project_that_lies_far_from_its_former_place_is_told_to_move_from_there(
    swapped: Home, base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "far").mkdir()
    (base / "b").rename(base / "far" / "b")

    with pytest.raises(HomeConflictError) as caught:
        swapped.prepare()

    assert caught.value.hint.startswith(f"`central-venv move {base / 'a'}` in that one, wherever it is now")
    monkeypatch.chdir(base / "far" / "b")
    assert run("move", str(base / "a")).status == 0
    swapped.prepare()


@linux_only
def test_a_directory_that_is_older_than_the_recorded_one_is_another_project_at_once(
    births: None, base: Path, store: Path
) -> None:
    write_tree(base / "older", {"pyproject.toml": ""})
    deadline = time.monotonic() + 1
    while not (base / "a").exists() or birth.birth_time(str(base / "a")) == birth.birth_time(str(base / "older")):
        assert time.monotonic() < deadline
        shutil.rmtree(base / "a", ignore_errors=True)
        write_tree(base / "a", {"pyproject.toml": ""})  # until the clock of births goes on
    home = Home(Store(str(store)), str(base / "a"))
    seal(home)
    shutil.rmtree(base / "a")
    (base / "older").rename(base / "a")

    with pytest.raises(HomeConflictError):
        home.prepare()


@posix_only
@linux_only
def test_another_project_is_noticed_by_the_record_of_an_older_version(swapped: Home) -> None:
    new = ("generation", "parent", "born", "parent_born", "parent_volume", "recorded")
    change(swapped, **dict.fromkeys(new))

    with pytest.raises(HomeConflictError):
        swapped.prepare()


@posix_only
def test_a_directory_on_another_volume_is_not_taken_for_another_project(swapped: Home) -> None:
    change(swapped, volume="another")

    swapped.prepare()

    assert recorded(swapped).inode == host.inode(swapped.root)


@posix_only
def test_doctor_tells_of_another_project_at_the_same_path(swapped: Home, run: Runner) -> None:
    said = run("doctor")

    assert said.status == 1
    assert f"wrong: `{swapped.root}` is another project than the one" in said.out
