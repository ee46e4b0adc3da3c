"""A project's home: made, recognized, refused."""

from __future__ import annotations

import json
import multiprocessing
import os
import stat
import sys
import threading
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store, project_home
from central_venv.errors import (
    DamagedRecordError,
    EnvironmentNameError,
    HomeConflictError,
    NewerRecordError,
    SettingsError,
    StoreError,
)
from central_venv.machine import clock, host
from central_venv.machine.birth import birth_time
from central_venv.policy.key import home_name
from central_venv.store.location import is_enabled
from central_venv.store.project_record import ProjectRecord, write_project
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path


posix_only = pytest.mark.skipif(sys.platform == "win32", reason="modes, owners and links are POSIX")

MADE = {"CACHEDIR.TAG", ".gitignore", ".trash"}


def mode(path: str | Path) -> int:
    return stat.S_IMODE(os.stat(path).st_mode)


def test_the_home_of_a_project_is_named_after_it(project: Path, store: Path) -> None:
    home = project_home(project)

    assert home is not None
    assert (home.root, home.path) == (str(project), str(store / home_name(str(project))))
    assert home.store.path == str(store)
    assert home.record_path == os.path.join(home.path, "project.json")


def test_asking_for_a_home_writes_nothing(project: Path, tmp_path: Path) -> None:
    before = listing(tmp_path)

    project_home(project)

    assert listing(tmp_path) == before


def test_a_home_that_does_not_exist_does_not_say_its_project(home_of: Home) -> None:
    assert not home_of.check()


def test_environments_lie_in_the_home(home_of: Home) -> None:
    environment = home_of.environment("tox", "py312")

    assert home_of.runner_directory("tox") == os.path.join(home_of.path, ".tox")
    assert home_of.environment_path("tox", "py312") == os.path.join(home_of.path, ".tox", "py312")
    assert environment.path == os.path.join(home_of.path, ".tox", "py312")
    assert (environment.runner, environment.directory) == ("tox", "py312")


@pytest.mark.parametrize(("runner", "directory"), [("tox", ".."), ("../tox", "py312"), ("tox", "")])
def test_no_environment_lies_outside_of_the_home(runner: str, directory: str, home_of: Home) -> None:
    with pytest.raises(EnvironmentNameError):
        home_of.environment(runner, directory)


@pytest.mark.parametrize(
    ("runner", "directory", "reserved"),
    [
        ("hatch", "env", True),
        ("hatch", "pythons", True),
        ("hatch", ".config", True),
        ("hatch", "default", False),
        ("tox", "env", False),
    ],
)
def test_a_runners_own_data_has_names_that_no_environment_can_have(
    runner: str,
    directory: str,
    reserved: bool,  # noqa: FBT001
    home_of: Home,
) -> None:
    assert home_of.is_reserved(runner, directory) is reserved


def test_preparing_makes_the_store_and_the_home(home_of: Home, store: Path) -> None:
    home_of.prepare()

    name = os.path.basename(home_of.path)
    assert listing(store) == {*MADE, name, os.path.join(name, "project.json")}
    assert (store / ".gitignore").read_bytes() == b"*\n"
    assert (store / "CACHEDIR.TAG").read_bytes().startswith(b"Signature: 8a477f597d28d172789f06886806bc55\n")
    assert home_of.check()


@posix_only
def test_what_preparing_makes_is_private(home_of: Home, store: Path) -> None:
    home_of.prepare()

    assert (mode(store), mode(store / ".trash")) == (0o700, 0o700)
    assert (mode(home_of.path), mode(home_of.record_path)) == (0o700, 0o600)


def test_the_record_of_a_home_tells_its_project_and_where_that_was(
    home_of: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "seconds", lambda: 1795510800.0)

    home_of.prepare()

    with open(home_of.record_path, encoding="utf-8") as file:
        assert json.load(file) == {
            "schema": 1,
            "root": home_of.root,
            "created": "2026-11-24T09:00:00Z",
            "host": host.name(),
            "mount": host.mount_point(home_of.root),
            "volume": host.volume(home_of.root),
            "inode": host.inode(home_of.root),
            "generation": host.generation(home_of.root),
            "parent": host.inode(os.path.dirname(home_of.root)),
            "born": birth_time(home_of.root),
            "parent_born": birth_time(os.path.dirname(home_of.root)),
            "parent_volume": host.volume(os.path.dirname(home_of.root)),
            "recorded": "2026-11-24T09:00:00Z",
        }


def test_preparing_again_changes_nothing(home_of: Home, store: Path) -> None:
    home_of.prepare()
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*")}

    home_of.prepare()

    assert {path: path.stat().st_mtime_ns for path in store.rglob("*")} == before


def test_a_change_right_after_a_home_was_made_is_seen_in_whole_seconds(home_of: Home) -> None:
    home_of.prepare()
    made = int(os.stat(home_of.record_path).st_mtime)

    write_project(home_of.record_path, ProjectRecord(home_of.root))

    assert int(os.stat(home_of.record_path).st_mtime) > made


def test_what_frees_space_is_there_before_any_environment(store: Path) -> None:
    Store(str(store)).prepare()

    assert listing(store) == MADE
    assert listing(store / ".trash") == set()


def test_a_directory_for_what_is_being_deleted_that_was_removed_is_not_missed(home_of: Home, store: Path) -> None:
    home_of.prepare()
    (store / ".trash").rmdir()

    home_of.prepare()

    assert home_of.check()


def test_files_of_the_store_that_the_user_changed_stay(home_of: Home, store: Path) -> None:
    write_tree(store, {".gitignore": "!*", "CACHEDIR.TAG": ""})

    home_of.prepare()

    assert ((store / ".gitignore").read_text(), (store / "CACHEDIR.TAG").read_text()) == ("!*", "")


def test_a_home_that_a_template_made_is_adopted(home_of: Home, store: Path) -> None:
    write_tree(store / os.path.basename(home_of.path), {".venv/pyvenv.cfg": "made by a template"})

    before = home_of.check()
    home_of.prepare()

    assert (before, home_of.check()) == (False, True)
    assert (store / os.path.basename(home_of.path) / ".venv" / "pyvenv.cfg").read_text() == "made by a template"


def other_record(home: Home) -> str:
    os.makedirs(home.path)
    other = f"{home.root}-other"
    write_project(home.record_path, ProjectRecord(other))
    return other


@pytest.mark.parametrize("act", [lambda home: home.check(), lambda home: home.prepare()], ids=["check", "prepare"])
def test_another_projects_home_is_refused(act: Callable[[Home], object], home_of: Home) -> None:
    other = other_record(home_of)
    with open(home_of.record_path, "rb") as file:
        before = file.read()

    with pytest.raises(HomeConflictError) as caught:
        act(home_of)

    with open(home_of.record_path, "rb") as file:
        assert file.read() == before
    assert caught.value.message == (
        f"the home `{home_of.path}` of `{home_of.root}` belongs to another project, `{other}`"
    )
    assert "remove this home" in caught.value.hint


def test_asking_for_a_home_that_is_another_projects_is_refused(project: Path, home_of: Home) -> None:
    other_record(home_of)

    with pytest.raises(HomeConflictError):
        project_home(project)


@pytest.mark.parametrize(
    ("content", "kind"), [(b"{", DamagedRecordError), (b'{"schema": 2}', NewerRecordError)], ids=["damaged", "newer"]
)
@pytest.mark.parametrize("act", [lambda home: home.check(), lambda home: home.prepare()], ids=["check", "prepare"])
def test_a_home_whose_record_cannot_be_used_is_refused(
    act: Callable[[Home], object], content: bytes, kind: type[Exception], home_of: Home
) -> None:
    os.makedirs(home_of.path)
    with open(home_of.record_path, "wb") as file:
        file.write(content)

    with pytest.raises(kind):
        act(home_of)

    with open(home_of.record_path, "rb") as file:
        assert file.read() == content


def test_a_record_in_another_spelling_of_json_is_recognized(home_of: Home) -> None:
    os.makedirs(home_of.path)
    with open(home_of.record_path, "w", encoding="utf-8") as file:
        json.dump({"root": home_of.root, "schema": 1}, file, indent=4)

    assert home_of.check()


@posix_only
def test_a_link_is_no_home(home_of: Home, store: Path, tmp_path: Path) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    store.mkdir(parents=True)
    os.symlink(elsewhere, home_of.path)

    with pytest.raises(HomeConflictError) as caught:
        home_of.prepare()

    assert caught.value.message == f"the home `{home_of.path}` is a link, not a directory"
    assert listing(elsewhere) == set()


@posix_only
def test_another_users_directory_is_no_home(home_of: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    os.makedirs(home_of.path)
    real = os.lstat

    def lstat(path: str) -> os.stat_result:
        status = list(real(path))
        if path == home_of.path:
            status[stat.ST_UID] = 4242
        return os.stat_result(status)

    monkeypatch.setattr(os, "lstat", lstat)

    with pytest.raises(HomeConflictError) as caught:
        home_of.prepare()

    monkeypatch.undo()
    assert caught.value.message == f"the home `{home_of.path}` belongs to another user (id 4242)"
    assert "`{user}`" in caught.value.hint
    assert os.listdir(home_of.path) == []


@posix_only
def test_a_home_that_cannot_be_looked_at_says_why(home_of: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.lstat

    def lstat(path: str) -> os.stat_result:
        if path == home_of.path:
            raise PermissionError(13, "")
        return real(path)

    monkeypatch.setattr(os, "lstat", lstat)

    with pytest.raises(StoreError, match="cannot look at"):
        home_of.prepare()


@posix_only
@pytest.mark.parametrize("in_the_way", ["store", "home"])
def test_a_file_in_the_way_is_left_there(in_the_way: str, home_of: Home, store: Path) -> None:
    path = str(store) if in_the_way == "store" else home_of.path
    os.makedirs(os.path.dirname(path))
    with open(path, "w", encoding="utf-8") as file:
        file.write("precious")

    with pytest.raises(StoreError) as caught:
        home_of.prepare()

    with open(path, encoding="utf-8") as file:
        assert file.read() == "precious"
    assert caught.value.message == f"cannot create a directory at `{path}`: not a directory"


def test_of_two_projects_that_begin_at_once_the_recorded_one_goes_on(
    home_of: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    from central_venv.store import home

    def write(path: str, _: ProjectRecord) -> None:
        write_project(path, ProjectRecord(f"{home_of.root}-other"))

    monkeypatch.setattr(home, "write_project", write)

    with pytest.raises(HomeConflictError):
        home_of.prepare()


def test_threads_that_prepare_at_once_all_succeed(home_of: Home, store: Path) -> None:
    start = threading.Barrier(8)
    failed: list[BaseException] = []

    def prepare() -> None:
        start.wait()
        try:
            home_of.prepare()
        except BaseException as error:  # noqa: BLE001
            failed.append(error)

    threads = [threading.Thread(target=prepare) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    name = os.path.basename(home_of.path)
    assert failed == []
    assert listing(store) == {*MADE, name, os.path.join(name, "project.json")}


def prepare_in_process(store: str, root: str, start: threading.Barrier) -> None:
    start.wait()
    Home(Store(store), root).prepare()


def test_processes_that_prepare_at_once_all_succeed(home_of: Home, store: Path) -> None:
    context = multiprocessing.get_context("spawn")
    start = context.Barrier(4)
    arguments = (str(store), home_of.root, start)
    processes = [context.Process(target=prepare_in_process, args=arguments) for _ in range(4)]
    for process in processes:
        process.start()
    for process in processes:
        process.join()

    name = os.path.basename(home_of.path)
    assert [process.exitcode for process in processes] == [0] * 4
    assert listing(store) == {*MADE, name, os.path.join(name, "project.json")}


def test_homes_are_the_directories_that_are_called_so_or_name_a_project(store: Path) -> None:
    homes = {"b-01234567/file": "", "a-89abcdef/file": "", "@shared/file": "", "renamed/project.json": ""}
    others = {"Documents/file": "", "a-b/file": "", "A-01234567/file": "", "-01234567/file": "", "a-0123456G/file": ""}
    write_tree(store, {**homes, **others, ".trash/file": "", "CACHEDIR.TAG": "", "c-01234567": ""})

    found = [os.path.basename(home) for home in Store(str(store)).homes()]

    assert found == ["@shared", "a-89abcdef", "b-01234567", "renamed"]


def test_a_store_that_does_not_exist_has_no_homes(store: Path) -> None:
    assert list(Store(str(store)).homes()) == []


@posix_only
def test_a_link_in_the_store_is_no_home(store: Path, project: Path) -> None:
    store.mkdir(parents=True)
    (store / "link").symlink_to(project)

    assert list(Store(str(store)).homes()) == []


def test_checking_refuses_a_link(project: Path, store: Path, tmp_path: Path) -> None:
    home = Home(Store(str(store)), str(project))
    store.mkdir(parents=True)
    (tmp_path / "elsewhere").mkdir()
    os.symlink(tmp_path / "elsewhere", home.path)

    with pytest.raises(HomeConflictError):
        home.check()


def test_a_store_in_a_directory_with_other_things_leaves_them_to_git_and_backups(tmp_path: Path, project: Path) -> None:
    mine = write_tree(tmp_path / "mine", {"thesis.txt": ""})

    Home(Store(str(mine)), str(project)).prepare()

    assert {path.name for path in mine.iterdir()} == {"thesis.txt", home_name(str(project)), ".trash"}


def test_a_disk_of_its_own_is_marked_although_its_file_system_put_something_there(tmp_path: Path) -> None:
    disk = write_tree(tmp_path / "disk", {"lost+found/#1": ""})

    Store(str(disk)).prepare()

    assert {path.name for path in disk.iterdir()} == {"lost+found", ".trash", "CACHEDIR.TAG", ".gitignore"}


# whether a project's environments go to the store


def disable(project: Path) -> None:
    with open(project / "pyproject.toml", "a", encoding="utf-8") as file:
        file.write("[tool.central-venv]\nenabled = false\n")


def test_a_projects_environments_go_to_the_store(project: Path) -> None:
    assert is_enabled(project)


def test_a_variable_keeps_environments_out_of_the_store(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRAL_VENV", "0")

    assert not is_enabled(project)


def test_a_project_keeps_its_environments_out_of_the_store(project: Path) -> None:
    disable(project)

    assert not is_enabled(project)


def test_what_one_project_wants_is_not_asked_of_another(project: Path, base: Path) -> None:
    disable(project)
    write_tree(base / "other", {"pyproject.toml": ""})

    assert is_enabled(base / "other")


def test_a_variable_that_switches_off_is_obeyed_before_settings_are_read(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(project, {"pyproject.toml": "[tool.central-venv]\nenabled = 'no'\n"})
    monkeypatch.setenv("CENTRAL_VENV", "0")

    assert not is_enabled(project)


def test_whether_a_project_is_enabled_cannot_be_told_from_wrong_settings(project: Path) -> None:
    write_tree(project, {"pyproject.toml": "[tool.central-venv]\nenabled = 'no'\n"})

    with pytest.raises(SettingsError):
        is_enabled(project)


@posix_only
def test_a_project_may_be_asked_for_by_a_link(project: Path, base: Path) -> None:
    disable(project)
    (base / "link").symlink_to(project)

    assert not is_enabled(str(base / "link"))


def test_asking_whether_a_project_is_enabled_writes_nothing(project: Path, tmp_path: Path) -> None:
    before = listing(tmp_path)

    is_enabled(project)

    assert listing(tmp_path) == before


def test_a_script_is_a_project_that_is_enabled(project: Path) -> None:
    write_tree(project, {"tool.py": ""})

    assert is_enabled(project / "tool.py")
