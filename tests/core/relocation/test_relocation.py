"""A project that was moved finds its environments again, whatever happens on the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from central_venv import Home, Store
from central_venv.cli import main
from central_venv.errors import (
    CentralVenvError,
    DamagedRecordError,
    HomeConflictError,
    MovedEnvironmentError,
    MoveError,
    NewerRecordError,
    StoreError,
)
from central_venv.inventory.search import find_project, find_projects
from central_venv.machine import host
from central_venv.policy import layout
from central_venv.policy.key import home_name
from central_venv.project_link import link, making, redirect
from central_venv.project_link.runner_link import make_link
from central_venv.relocation import mending
from central_venv.relocation.execution import carry_out
from central_venv.relocation.planning import plan
from central_venv.store.environment_record import read_environment
from central_venv.store.lock import Lock
from central_venv.store.move_record import MoveRecord, has_move_record, write_move
from central_venv.store.project_record import ProjectRecord, read_project, write_project
from support import crash, virtualenvs
from support.environments import seal, write_environment
from support.git import make_repository, needs_git
from support.jupyter import named_by, write_kernel
from support.trees import contents, listing, write_tree
from support.users import user_words
from support.virtualenvs import call, install, make, make_recorded, mentions, python

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from central_venv.relocation.move import Outcome
    from central_venv.store.environment_record import EnvironmentRecord
    from support.mounts import Mounts

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the environments and links of POSIX")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process uses")

PROJECT = {"pyproject.toml": "[project]\nname = 'x'\nversion = '0'\n"}
NOON = 1_795_521_600.0
#: Into how many tests the steps are divided at which a move is killed.
STRIDE = 4

CLAIM = """
import sys
from central_venv import Home, Store
sys.argv[0] = "tox"
environment = Home(Store(sys.argv[1]), sys.argv[2]).environment("tox", sys.argv[3])
environment.claim(sys.argv[3], on_wait=lambda holder: None)
"""
USE = f"{CLAIM}environment.uses.begin()\nenvironment.seal()\nenvironment.release()\n"
WAIT = "print('ready', flush=True)\ninput()\n"


@pytest.fixture
def old(base: Path, store: Path) -> Home:
    """The home of a project before it is moved."""
    return home_of(store, write_tree(base / "foo", PROJECT))


@pytest.fixture
def new(base: Path, store: Path) -> Home:
    """Its home at the new place; nothing is there yet."""
    return home_of(store, base / "bar")


def home_of(store: Path, root: Path) -> Home:
    return Home(Store(str(store)), str(root))


def move(new: Home, name: str | Home, **listeners: Callable[..., None]) -> dict[str, str | None]:
    """Move what belongs to a project; returns why each environment is broken."""
    name = name.root if isinstance(name, Home) else name
    outcomes = carry_out(
        plan(new, name),
        **{"on_problem": fail, "on_wait": nobody_waits, "on_progress": lambda _: None, **listeners},
    )
    return reasons(outcomes)


def reasons(outcomes: list[Outcome]) -> dict[str, str | None]:
    return {f"{each.environment.runner} {each.environment.name}": each.reason for each in outcomes}


def fail(error: CentralVenvError) -> None:
    raise error


def nobody_waits(holder: object) -> None:
    raise AssertionError(f"waits for {holder}")


def rename(old: Home, new: Home) -> None:
    os.rename(old.root, new.root)


def forget_inode(home: Home) -> None:
    """Let nobody be able to tell by its directory where the project is."""
    write_project(home.record_path, ProjectRecord(home.root))


def record(home: Home, runner: str = "tox", directory: str = "py") -> EnvironmentRecord:
    found = read_environment(layout.environment_record_path(home.path, runner, directory))
    assert found is not None
    return found


def listed(store: Path) -> dict[str | None, dict[str, str]]:
    """The state of each environment, by project."""
    return {
        project.root: {environment.name: environment.state for environment in project.environments}
        for project in find_projects(Store(str(store)), on_problem=fail)
    }


def refused(new: Home, name: str | Home, store: Path) -> CentralVenvError:
    """Why nothing is moved; and nothing is."""
    before = contents(store)
    with pytest.raises(CentralVenvError) as refusal:
        move(new, name)
    after = contents(store)
    assert {path: content for path, content in after.items() if not path.endswith(".lock")} == {
        path: content for path, content in before.items() if not path.endswith(".lock")
    }
    return refusal.value


# what becomes of a home


def test_a_home_gets_the_key_of_its_new_project(old: Home, new: Home, store: Path) -> None:
    make_recorded(old)
    rename(old, new)

    assert move(new, old) == {"tox py": None}

    assert listed(store) == {new.root: {"py": "ready"}}
    assert not os.path.lexists(old.path)
    assert new.check()
    assert call(os.path.join(new.path, ".tox", "py", "bin", "say")) == f"{new.path}/.tox/py\n"
    assert sorted(listing(Path(new.path, ".central-venv"))) == ["home.lock", "tox", "tox/py.json", "tox/py.lock"]


def test_a_record_keeps_all_that_it_knew(old: Home, new: Home) -> None:
    make_recorded(old, directory="tests-3-12", runner="nox", name="tests-3.12")
    path = layout.environment_record_path(old.path, "nox", "tests-3-12")
    os.utime(path, (NOON, NOON))
    before = json.loads(Path(path).read_text())
    rename(old, new)

    move(new, old)

    path = layout.environment_record_path(new.path, "nox", "tests-3-12")
    after = json.loads(Path(path).read_text())
    assert os.stat(path).st_mtime == NOON
    assert (before.pop("holder"), after.pop("holder")["command"])[1] == "central-venv move"
    assert (before.pop("path"), after.pop("path"))[1] == f"{new.path}/.nox/tests-3-12"
    assert after == before
    assert (after["state"], after["name"], after["request"], after["note"]) == ("ready", "tests-3.12", "3", "a note")


def test_the_home_says_what_is_true_of_the_new_directory(old: Home, new: Home) -> None:
    make_recorded(old)
    write_project(
        old.record_path, ProjectRecord(old.root, created="2001-01-01T00:00:00Z", host=host.name(), shared="@torch")
    )
    rename(old, new)

    move(new, old)

    found = read_project(new.record_path)
    assert found is not None
    assert (found.root, found.host, found.shared) == (new.root, host.name(), "@torch")
    assert found.inode == os.stat(new.root).st_ino
    assert found.created is not None
    assert found.created > "2020", "what is made for this directory cannot be older than it"


@pytest.mark.parametrize("way", ["path", "relative", "with a slash", "name of the home", "path of the home", "link"])
def test_the_old_project_is_known_by_what_it_was_called(
    way: str, old: Home, new: Home, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_recorded(old)
    rename(old, new)
    monkeypatch.chdir(new.root)
    (base / "link").symlink_to(base)
    name = {
        "path": old.root,
        "relative": "../foo",
        "with a slash": f"{old.root}/",
        "name of the home": os.path.basename(old.path),
        "path of the home": old.path,
        "link": str(base / "link" / "foo"),
    }[way]

    assert move(new, name) == {"tox py": None}


@pytest.mark.parametrize("name", ["foo", "link"])
def test_a_link_may_be_left_where_the_project_was(name: str, old: Home, new: Home, base: Path) -> None:
    make_recorded(old)
    rename(old, new)
    (base / "foo").symlink_to("bar")
    (base / "link").symlink_to("foo")

    if name == "foo":
        assert move(new, str(base / name)) == {"tox py": None}
    else:
        with pytest.raises(MoveError, match=r"are one project"):
            move(new, str(base / name))


def test_a_script_keeps_its_environments(base: Path, store: Path) -> None:
    write_tree(base, {"script.py": "", "deep/x": ""})
    old, new = home_of(store, base / "script.py"), home_of(store, base / "deep" / "other.py")
    make_recorded(old)
    rename(old, new)

    assert move(new, old) == {"tox py": None}
    assert listed(store) == {new.root: {"py": "ready"}}


def test_every_kind_of_environment_follows(old: Home, new: Home, store: Path) -> None:
    for runner, directory in (("project", ".venv"), ("project", ".venv-3.12"), ("nox", "a"), ("hatch", "default")):
        make_recorded(old, runner, directory)
    nested = make("uv", Path(old.path, ".hatch", "env", "virtual", "foo", "AbCd1234", "docs"))
    rename(old, new)

    moved = move(new, old)

    assert moved == dict.fromkeys(["project .venv", "project .venv-3.12", "nox a", "hatch default", "hatch docs"])
    assert mentions(Path(new.path), old.path) == []
    assert not nested.exists()
    assert set(os.listdir(os.path.join(new.path, ".central-venv"))) == {"home.lock", "project", "nox", "hatch"}


def test_an_environment_that_nobody_recorded_is_adopted(old: Home, new: Home, store: Path) -> None:
    make("uv", Path(old.path, ".tox", "py"))
    rename(old, new)

    assert move(new, old) == {"tox py": None}
    assert (record(new).state, record(new).name) == ("ready", "py")
    assert listed(store) == {new.root: {"py": "ready"}}


def test_a_damaged_record_of_an_environment_is_written_anew(old: Home, new: Home) -> None:
    make_recorded(old)
    Path(layout.environment_record_path(old.path, "tox", "py")).write_text("{")
    rename(old, new)

    assert move(new, old, on_problem=lambda _: None) == {"tox py": None}
    assert record(new).state == "ready"


def test_editable_installs_lead_to_the_new_directory(base: Path, old: Home, new: Home) -> None:
    write_tree(Path(old.root), virtualenvs.SETUPTOOLS)
    install(make_recorded(old, "project", ".venv"), Path(old.root))
    rename(old, new)

    move(new, old)

    environment = Path(new.path, ".venv")
    assert call(environment / "bin" / "demo-say") == f"{new.root}/src/demo/__init__.py\n"
    assert mentions(environment, old.path, old.root) == []


def test_a_home_can_be_moved_again_and_back(old: Home, new: Home, store: Path) -> None:
    write_tree(Path(old.root), virtualenvs.SETUPTOOLS)
    install(make_recorded(old), Path(old.root))
    before = contents(Path(old.path))
    rename(old, new)
    move(new, old)
    rename(new, old)

    assert move(old, new) == {"tox py": None}

    after = contents(Path(old.path))
    different = {name.rpartition("/")[2] for name in before.keys() | after if before.get(name) != after.get(name)}
    assert {name for name in different if not name.endswith((".pyc", "__pycache__"))} == {"project.json", "py.json"}


# what cannot follow


def test_an_environment_whose_python_is_gone_is_broken(old: Home, new: Home, store: Path) -> None:
    path = make_recorded(old)
    make_recorded(old, directory="good")
    for name in ("python", "python3"):
        (path / "bin" / name).unlink()
    (path / "bin" / "python").symlink_to("/no/such/python")
    rename(old, new)

    assert move(new, old) == {"tox py": "the Python that it was made from is gone", "tox good": None}

    assert listed(store) == {new.root: {"py": "broken", "good": "ready"}}
    environment = new.environment("tox", "py")
    environment.claim("py", on_wait=nobody_waits)
    assert environment.interrupted
    assert environment.half_moved
    assert not environment.is_ready()
    environment.release()


def test_an_environment_of_conda_is_broken(old: Home, new: Home, store: Path) -> None:
    make_recorded(old)
    write_tree(Path(old.path, ".nox", "conda"), {"conda-meta/history": "", "bin/python": ""})
    rename(old, new)

    moved = move(new, old)

    assert moved["tox py"] is None
    assert str(moved["nox conda"]).startswith("conda writes paths")
    assert listed(store) == {new.root: {"py": "ready", "conda": "broken"}}


def test_a_making_that_did_not_end_stays_so(old: Home, new: Home, store: Path) -> None:
    environment = old.environment("tox", "half")
    environment.claim("half", on_wait=nobody_waits)
    make("uv", Path(environment.path))
    environment.release()
    rename(old, new)

    assert move(new, old) == {"tox half": "its making did not end"}
    assert listed(store) == {new.root: {"half": "broken"}}
    assert not record(new, directory="half").half_moved


def test_what_is_mended_later_is_moved_by_the_same_command(old: Home, new: Home, store: Path) -> None:
    path = make_recorded(old)
    target = os.readlink(path / "bin" / "python")
    (path / "bin" / "python").unlink()
    (path / "bin" / "python").symlink_to("/no/such/python")
    rename(old, new)
    move(new, old)
    link.replace(os.path.join(new.path, ".tox", "py", "bin", "python"), target)

    assert move(new, old) == {"tox py": None}
    assert listed(store) == {new.root: {"py": "ready"}}
    with pytest.raises(MoveError, match=r"knows no project"):
        move(new, old)


def test_what_a_runner_made_anew_meanwhile_is_left_alone(base: Path, old: Home, new: Home, store: Path) -> None:
    for name in ("py", "other"):
        path = make_recorded(old, directory=name)
        (path / "bin" / "python").unlink()
    rename(old, new)
    move(new, old)
    shutil.rmtree(os.path.join(new.path, ".tox", "py"))
    made = make_recorded(new)
    write_tree(made, {"bin/mine": f"'{old.path}'\n"})

    move(new, old)

    assert (made / "bin" / "mine").read_text() == f"'{old.path}'\n"
    assert listed(store) == {new.root: {"py": "ready", "other": "broken"}}


# what is refused


def test_a_project_that_is_still_there_keeps_its_environments(base: Path, old: Home, new: Home, store: Path) -> None:
    make_recorded(old)
    shutil.copytree(old.root, new.root)

    said = refused(new, old, store)

    assert said.message == f"the project `{old.root}` is still there, so its environments stay with it"
    assert "copy" in said.hint
    assert listed(store) == {old.root: {"py": "ready"}}


@pytest.mark.parametrize("left", ["pyproject.toml", ".git", "tox.ini"])
def test_a_project_is_there_as_long_as_something_makes_it_one(
    left: str, old: Home, new: Home, store: Path, base: Path
) -> None:
    make_recorded(old)
    forget_inode(old)
    rename(old, new)
    write_tree(base / "foo", {left: ""})

    assert "is still there" in refused(new, old, store).message


@pytest.mark.usefixtures("births")
def test_a_project_follows_one_into_its_former_place(base: Path, old: Home, new: Home, store: Path) -> None:
    make_recorded(old)
    other = home_of(store, write_tree(base / "other", PROJECT))
    make_recorded(other, directory="py2")
    rename(old, new)
    rename(other, old)

    said = refused(old, other, store)

    assert said.message == (
        f"`{old.path}` has the environments of the project that was `{old.root}` before, which is `{new.root}` now"
    )
    assert said.hint.startswith(f"`central-venv move {old.root} {new.root}` ")
    assert plan(new, old.root).doubt is None
    assert move(new, old) == {"tox py": None}
    assert move(old, other) == {"tox py2": None}
    assert listed(store) == {new.root: {"py": "ready"}, old.root: {"py2": "ready"}}


@pytest.mark.usefixtures("births")
def test_projects_that_changed_places_lose_nothing(base: Path, old: Home, new: Home, store: Path) -> None:
    other = home_of(store, write_tree(base / "other", PROJECT))
    make_recorded(old)
    make_recorded(other)
    rename(old, new)
    rename(other, old)
    rename(new, other)

    assert refused(old, other, store).hint == (
        f"the two changed places: rename `{old.root}`, and let its environments follow it there first"
    )


@pytest.mark.usefixtures("births")
def test_the_environments_of_a_project_that_is_out_of_sight_are_not_removed_for_another(
    base: Path, old: Home, store: Path
) -> None:
    make_recorded(old)
    other = home_of(store, write_tree(base / "other", PROJECT))
    make_recorded(other)
    (base / "far").mkdir()
    os.rename(old.root, base / "far" / "foo")
    rename(other, old)

    assert refused(old, other, store).hint.startswith(f"`central-venv move {old.root}` in that one, wherever it is")


def test_a_directory_that_looks_like_no_project_is_a_doubt(old: Home, new: Home, base: Path) -> None:
    make_recorded(old)
    forget_inode(old)
    rename(old, new)
    assert plan(new, old.root).doubt is None
    write_tree(base / "foo", {".idea/x": ""})

    found = plan(new, old.root)

    assert found.doubt == f"the directory `{old.root}` is still there, though it looks like no project"


def test_a_path_of_another_machine_is_a_doubt(old: Home, new: Home) -> None:
    make_recorded(old)
    write_project(old.record_path, ProjectRecord(old.root, host="elsewhere"))
    rename(old, new)

    found = plan(new, old.root)

    assert found.doubt == f"`{old.root}` was recorded on the machine `elsewhere`, and may still be there"


def test_a_new_home_with_environments_stays(old: Home, new: Home, store: Path) -> None:
    make_recorded(old)
    rename(old, new)
    seal(new)

    said = refused(new, old, store)

    assert said.message == (
        f"`{new.root}` has environments in a home of its own already, `{new.path}`, so those in `{old.path}` cannot "
        "follow it"
    )
    assert said.hint.startswith(f"`central-venv clean --project {new.root}` removes the new ones")


@pytest.mark.parametrize(
    "left",
    [
        {},
        {".central-venv/home.lock": ""},
        {".central-venv/tox/gone.json": "{}", ".central-venv/tox/gone.lock": "", ".central-venv/nox/.keep.lock": ""},
        {
            ".central-venv/tox/py21.lock": "",
            ".tox/CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n",
            ".tox/.gitignore": "*\n",
            ".tox/.tmp/x": "",
            ".tox/py21/.tox-info.json": "{}",
            ".tox/py21/log/1-python.log": "",
            ".central-venv/nox/bad.lock": "",
            ".nox/.gitignore": "*\n",
        },
    ],
    ids=["a record", "and a lock", "left-overs", "what tox and nox leave that find no Python"],
)
def test_a_new_home_in_which_nothing_was_made_is_replaced(
    left: dict[str, str], old: Home, new: Home, store: Path
) -> None:
    make_recorded(old)
    rename(old, new)
    new.prepare()
    os.makedirs(os.path.join(new.path, ".tox"))
    write_tree(Path(new.path), left)

    assert move(new, old) == {"tox py": None}
    assert listed(store) == {new.root: {"py": "ready"}}
    assert os.listdir(store / ".trash") == []


def test_the_choice_of_a_shared_environment_is_kept_from_a_replaced_home(old: Home, new: Home) -> None:
    make_recorded(old)
    rename(old, new)
    new.prepare()
    write_project(new.record_path, ProjectRecord(new.root, shared="@torch"))

    move(new, old)

    assert new.shared == "@torch"


def test_a_new_home_in_which_somebody_is_making_something_stays(old: Home, new: Home, store: Path) -> None:
    make_recorded(old)
    rename(old, new)
    write_tree(Path(new.path), {".tox/py21/.tox-info.json": "{}"})
    lock = Lock(layout.environment_lock_path(new.path, "tox", "py21"))
    new.prepare_runner("tox")
    assert lock.try_acquire()

    try:
        assert "in a home of its own already" in refused(new, old, store).message
    finally:
        lock.release()


@pytest.mark.parametrize(
    "name", ["notes.txt", ".tox/log/1.log", ".tox/py21/x", ".central-venv/file", ".central-venv/tox/x", "directory/x"]
)
def test_a_new_home_with_something_else_in_it_stays(name: str, old: Home, new: Home, store: Path) -> None:
    make_recorded(old)
    rename(old, new)
    write_tree(Path(new.path), {name: ""})

    assert "in a home of its own already" in refused(new, old, store).message


def test_a_new_home_of_another_project_stays(base: Path, old: Home, new: Home, store: Path) -> None:
    make_recorded(old)
    rename(old, new)
    os.makedirs(new.path)
    write_project(new.record_path, ProjectRecord(str(base)))

    said = refused(new, old, store)

    assert isinstance(said, HomeConflictError)


def test_a_project_that_nobody_knows_is_said(old: Home, new: Home, store: Path) -> None:
    rename(old, new)

    said = refused(new, old, store)

    assert said.message == f"the store `{store}` knows no project `{old.root}`"


def test_a_project_that_was_not_moved_is_said(old: Home, store: Path) -> None:
    make_recorded(old)

    assert (
        refused(old, old, store).message
        == f"`{old.root}` and `{old.root}` are one project, so there is nothing to move"
    )


@pytest.mark.parametrize("what", ["home", ".central-venv"])
def test_no_link_is_followed(what: str, base: Path, old: Home, new: Home, store: Path) -> None:
    make_recorded(old)
    rename(old, new)
    path = Path(old.path) if what == "home" else Path(old.path, what)
    path.rename(base / "away")
    path.symlink_to(base / "away")

    assert refused(new, old, store).message == f"`{path}` is a link, not a directory, so it cannot be moved"


@pytest.mark.parametrize("what", ["tox", "tox/py.uses"])
def test_nothing_is_written_through_a_link_among_the_records(
    what: str, base: Path, old: Home, new: Home, store: Path
) -> None:
    make_recorded(old)
    rename(old, new)
    path = Path(old.path, ".central-venv", what)
    path.mkdir(exist_ok=True)
    path.rename(base / "away")
    path.symlink_to(base / "away")
    before = contents(base / "away")

    assert refused(new, old, store).message == f"`{path}` is a link, not a directory"
    assert contents(base / "away") == before


def test_a_home_whose_records_became_a_link_is_not_mended(
    base: Path, old: Home, new: Home, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_recorded(old)
    rename(old, new)
    monkeypatch.setattr(mending, "end", lambda _: None)
    move(new, old)
    records = Path(new.path, ".central-venv")
    records.rename(base / "away")
    records.symlink_to(base / "away")

    assert refused(new, old, store).message == f"`{records}` is a link, not a directory, so it cannot be moved"


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give files away")
def test_the_home_of_another_user_stays(old: Home, new: Home, store: Path) -> None:
    make_recorded(old)
    rename(old, new)
    os.chown(old.path, 12345, 12345)

    assert refused(new, old, store).message == f"the home `{old.path}` belongs to another user (id 12345)"


@pytest.mark.parametrize(
    ("content", "kind"), [('{"schema": 2, "root": "/x"}', NewerRecordError), ("{", DamagedRecordError)]
)
@pytest.mark.parametrize("name", ["project.json", ".central-venv/move.json"])
def test_a_record_that_cannot_be_used_is_an_error(
    name: str, content: str, kind: type[CentralVenvError], old: Home, new: Home, store: Path
) -> None:
    make_recorded(old)
    rename(old, new)
    write_tree(Path(old.path), {name: content})

    assert isinstance(refused(new, old, store), kind)


def test_a_newer_record_of_an_environment_is_an_error(old: Home, new: Home, store: Path) -> None:
    make_recorded(old)
    rename(old, new)
    write_tree(Path(old.path), {".central-venv/tox/py.json": '{"schema": 2}'})

    assert isinstance(refused(new, old, store), NewerRecordError)


def test_a_home_without_a_record_is_known_by_its_name(old: Home, new: Home, store: Path) -> None:
    make_recorded(old)
    os.unlink(old.record_path)
    rename(old, new)

    assert move(new, old) == {"tox py": None}
    assert listed(store) == {new.root: {"py": "ready"}}


# what is in use


def started(code: str, *arguments: str, program: str = sys.executable) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [program, "-c", code + WAIT, *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


@pytest.fixture
def end() -> Iterator[list[subprocess.Popen[str]]]:
    """Ends processes with the test."""
    processes: list[subprocess.Popen[str]] = []
    yield processes
    for process in processes:
        process.communicate("\n", timeout=30)


def test_what_another_process_has_claimed_is_not_moved(
    old: Home, new: Home, store: Path, end: list[subprocess.Popen[str]]
) -> None:
    make_recorded(old)
    rename(old, new)
    end.append(started(CLAIM, str(store), old.root, "py"))

    said = refused(new, old, store)

    assert said.message.startswith(f"`{old.path}/.tox/py` is in use by `tox ")
    assert said.message.endswith(f"(process {end[0].pid} on {host.name()}), so nothing was moved")


def test_what_another_process_has_marked_is_not_moved(
    old: Home, new: Home, store: Path, end: list[subprocess.Popen[str]]
) -> None:
    make_recorded(old)
    rename(old, new)
    end.append(started(USE, str(store), old.root, "py"))

    assert f"is in use by {user_words(end[0].pid)}, so nothing" in refused(new, old, store).message


@linux_only
def test_what_a_process_runs_from_is_not_moved(
    old: Home, new: Home, store: Path, end: list[subprocess.Popen[str]]
) -> None:
    path = make_recorded(old)
    rename(old, new)
    end.append(started("", program=str(path / "bin" / "python")))

    assert f"is in use by process {end[0].pid}, which runs from it" in refused(new, old, store).message


def test_what_is_just_being_made_is_not_moved(
    old: Home, new: Home, store: Path, end: list[subprocess.Popen[str]]
) -> None:
    make_recorded(old)
    rename(old, new)
    end.append(started(CLAIM, str(store), old.root, "other"))
    shutil.rmtree(Path(old.path, ".tox", "other"), ignore_errors=True)

    assert "another process is making an environment in" in refused(new, old, store).message


def test_a_home_that_somebody_keeps_locked_is_given_up(
    old: Home, new: Home, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_recorded(old)
    rename(old, new)
    monkeypatch.setattr("central_venv.store.home_lock.LOCK_TIMEOUT", 0.1)
    lock = Lock(layout.home_lock_path(old.path))
    assert lock.try_acquire()

    assert "another process has held the lock of the home" in refused(new, old, store).message
    lock.release()


def test_two_moves_at_once_end_well(old: Home, new: Home, store: Path) -> None:
    for name in ("a", "b", "c"):
        make_recorded(old, directory=name)
    rename(old, new)
    command = [sys.executable, "-m", "central_venv", "move", old.root, new.root]

    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [(process.communicate(timeout=60), process.returncode) for process in both]

    assert 0 in [status for _, status in said], said
    for (out, err), status in said:
        if status:
            assert out == ""
            assert any(words in err for words in ("knows no project", "in use by", "another process has just moved")), (
                err
            )
    assert listed(store) == {new.root: {"a": "ready", "b": "ready", "c": "ready"}}
    assert mentions(Path(new.path), old.path) == []
    assert not os.path.lexists(old.path)


def test_a_move_waits_for_the_one_that_mends(old: Home, new: Home, store: Path) -> None:
    """The home has its name already, but an environment is being mended."""
    make_recorded(old)
    rename(old, new)
    half_done(new, old)
    lock = Lock(layout.environment_lock_path(new.path, "tox", "py"))
    assert lock.try_acquire()
    waited = []

    def on_wait(holder: object) -> None:
        waited.append(str(holder))
        lock.release()

    assert move(new, old, on_wait=on_wait) == {"tox py": None}
    assert waited == [f"`central-venv move` (process {os.getpid()} on {host.name()})"]


def half_done(new: Home, old: Home, *, broken_off_at: str = "mending.mend_one") -> None:
    """Move until a step, and no further."""

    def stop(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(f"central_venv.relocation.{broken_off_at}", stop)
        with pytest.raises(KeyboardInterrupt):
            move(new, old)


# what is broken off


def test_a_project_that_moves_on_before_its_move_ended_is_mended_all_the_same(
    base: Path, old: Home, new: Home, store: Path
) -> None:
    write_tree(Path(old.root), virtualenvs.SETUPTOOLS)
    for name in ("a", "b"):
        install(make_recorded(old, directory=name), Path(old.root))
    rename(old, new)
    half_done(new, old, broken_off_at="mending.start")  # the first is mended, but nobody knows
    third = home_of(store, base / "third")
    rename(new, third)

    assert move(third, new) == {"tox a": None, "tox b": None}

    for name in ("a", "b"):
        environment = Path(third.path, ".tox", name)
        assert call(environment / "bin" / "demo-say") == f"{third.root}/src/demo/__init__.py\n"
        assert mentions(environment, old.path, new.path, f"{old.root}/", f"{new.root}/") == []
    assert listed(store) == {third.root: {"a": "ready", "b": "ready"}}


@pytest.mark.parametrize(
    "step",
    ["renaming._say", "renaming.mark", "renaming.write_project", "mending.mend_one", "mending.start", "mending.end"],
)
def test_a_project_that_goes_back_before_its_move_ended_has_its_environments(
    step: str, old: Home, new: Home, store: Path
) -> None:
    make_recorded(old)
    rename(old, new)
    half_done(new, old, broken_off_at=step)
    rename(new, old)

    move(old, new)

    assert listed(store) == {old.root: {"py": "ready"}}
    assert mentions(Path(old.path), new.path) == []


def test_a_half_moved_home_is_not_removed_unasked(old: Home, new: Home, store: Path) -> None:
    make_recorded(old)
    rename(old, new)
    half_done(new, old, broken_off_at="renaming.write_project")

    (project,) = find_projects(Store(str(store)), on_problem=fail)
    assert (project.state, [each.state for each in project.environments]) == ("unrecorded", ["broken"])


def test_a_half_moved_home_is_not_used_and_its_project_is_told_what_ends_the_move(old: Home, new: Home) -> None:
    make_recorded(old)
    rename(old, new)
    half_done(new, old, broken_off_at="renaming._say")

    with pytest.raises(HomeConflictError, match=rf"`central-venv move {old.root} {new.root}` ends it"):
        new.prepare()


@pytest.mark.parametrize("step", ["mending.mend_one", "mending.start"])
def test_what_a_broken_off_move_has_not_mended_is_not_made_anew_and_the_hint_mends_it(
    step: str, old: Home, new: Home
) -> None:
    make_recorded(old)
    rename(old, new)
    half_done(new, old, broken_off_at=step)
    environment = new.environment("tox", "py")
    half_moved = record(new).created

    for enter in (partial(environment.claim, "py"), environment.use):
        with pytest.raises(MovedEnvironmentError) as refusal:
            enter(on_wait=nobody_waits)

    assert record(new).created == half_moved
    assert not environment.claimed
    assert main(str(refusal.value.hint).split("`")[1].split()[1:]) == 0
    assert environment.use(on_wait=nobody_waits)
    environment.uses.end()
    assert mentions(Path(environment.path), old.path, old.root) == []


def test_what_a_broken_off_move_has_not_mended_can_be_made_anew_on_purpose(old: Home, new: Home) -> None:
    make_recorded(old)
    rename(old, new)
    half_done(new, old)
    environment = new.environment("tox", "py")

    environment.claim("py", on_wait=nobody_waits, replaced=True)

    assert environment.half_moved
    environment.release()


def test_what_a_move_could_not_mend_is_made_anew(old: Home, new: Home) -> None:
    path = make_recorded(old)
    write_tree(path, {"bin/launcher.exe": f"{path}/bin/python"})
    rename(old, new)
    assert move(new, old)["tox py"] is not None
    environment = new.environment("tox", "py")

    environment.claim("py", on_wait=nobody_waits)

    assert environment.half_moved
    environment.release()


def test_of_a_project_that_moved_into_itself_a_half_mended_environment_is_broken(
    base: Path, old: Home, store: Path
) -> None:
    write_tree(Path(old.root), virtualenvs.SETUPTOOLS)
    install(make_recorded(old), Path(old.root))
    os.rename(old.root, base / "away")
    os.mkdir(old.root)
    inner = home_of(store, Path(old.root, "foo"))
    os.rename(base / "away", inner.root)
    half_done(inner, old, broken_off_at="mending.start")

    assert "nobody can tell what is left" in str(move(inner, old)["tox py"])


def test_a_project_that_moved_into_itself_keeps_its_environments(base: Path, old: Home, store: Path) -> None:
    write_tree(Path(old.root), virtualenvs.SETUPTOOLS)
    install(make_recorded(old), Path(old.root))
    os.rename(old.root, base / "away")
    os.mkdir(old.root)
    inner = home_of(store, Path(old.root, "foo"))
    os.rename(base / "away", inner.root)

    assert move(inner, old) == {"tox py": None}
    assert python(Path(inner.path, ".tox", "py"), "import demo; print(demo.__file__)").startswith(inner.root)


@pytest.mark.parametrize("first", range(1, STRIDE + 1))
def test_a_move_killed_at_any_step_is_finished_by_the_same_command(
    base: Path, store: Path, first: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every so manieth step each, beginning with the first ones: together, all of them."""
    project = write_tree(base / "foo", {**PROJECT, **virtualenvs.SETUPTOOLS})
    old, new = home_of(store, project), home_of(store, base / "bar")
    make_recorded(old, "project", ".venv")
    install(make_recorded(old), project)
    (project / ".venv").symlink_to(os.path.join(old.path, ".venv"))
    write_kernel(base / "jupyter", Path(old.path, ".tox", "py"))
    monkeypatch.setenv("JUPYTER_PATH", str(base / "jupyter"))
    kept = base / "kept"
    shutil.copytree(store, kept, symlinks=True)
    rename(old, new)
    last, renamed = 0, 0
    for step in crash.kills("move", old.root, new.root, first=first, stride=STRIDE):
        last = step
        renamed += os.path.lexists(new.path)
        for found in find_projects(Store(str(store)), on_problem=fail):
            begun = any(each.state == "broken" for each in found.environments)
            assert found.state in {"active", "unrecorded"} or not begun, "nothing half moved is an orphan"
            for environment in found.environments:
                if environment.state == "ready" and found.state == "active":
                    assert call(os.path.join(environment.path, "bin", "say")) == f"{environment.path}\n"
                    assert mentions(Path(environment.path), old.path) == []

        again = crash.run("move", old.root, new.root)

        done = "knows no project" in again.err  # it was killed after its last step
        said = [line for line in again.err.splitlines() if not line.startswith("note: the kernel `foo` ")]
        assert (again.status, said) == (0, []) or done, again.err
        assert listed(store) == {new.root: {"py": "ready", ".venv": "ready"}}
        left = mentions(Path(new.path), old.path, f"{old.root}/")
        assert [path for path in left if not path.endswith(".tmp")] == [], "a record that was not written to its end"
        assert call(os.path.join(new.path, ".tox", "py", "bin", "demo-say")) == f"{new.root}/src/demo/__init__.py\n"
        assert not os.path.lexists(old.path)
        assert not os.path.lexists(layout.move_record_path(new.path)) or done
        assert not any(name.startswith(".central-venv") for name in os.listdir(new.root))
        leads = os.readlink(os.path.join(new.root, ".venv"))
        assert leads == os.path.join(new.path, ".venv")
        kernel = base / "jupyter" / "kernels" / "foo"
        assert os.listdir(kernel) == ["kernel.json"]
        assert named_by(kernel / "kernel.json").startswith(f"{new.path}/.tox/py/")
        write_kernel(base / "jupyter", Path(old.path, ".tox", "py"))
        shutil.rmtree(store)
        shutil.copytree(kept, store, symlinks=True)
        link.replace(os.path.join(new.root, ".venv"), os.path.join(old.path, ".venv"))

    assert last + STRIDE > 40
    assert renamed > 20 // STRIDE


# what leads to the home


@pytest.mark.parametrize("name", [".venv", ".tox", ".nox"])
def test_a_link_in_the_project_leads_to_the_new_home(name: str, old: Home, new: Home) -> None:
    make_recorded(old, "project", ".venv-3.12")
    target = {".venv": ".venv-3.12"}.get(name, name)
    os.symlink(os.path.join(old.path, target), os.path.join(old.root, name))
    rename(old, new)

    move(new, old)

    assert os.readlink(os.path.join(new.root, name)) == os.path.join(new.path, target)


def test_programs_that_were_installed_through_the_link_belong_to_their_environment(
    base: Path, store: Path, new: Home
) -> None:
    old = home_of(store, write_tree(base / "foo", virtualenvs.SETUPTOOLS))
    path = make_recorded(old, "project", ".venv")
    through = Path(old.root, ".venv")
    through.symlink_to(path)
    install(through, Path(old.root))
    for script in (path / "bin").glob("activate*"):
        script.write_bytes(script.read_bytes().replace(os.fsencode(path), os.fsencode(through)))
    assert "bin/demo-say" in mentions(path, through)
    rename(old, new)

    assert move(new, old) == {"project .venv": None}

    moved = Path(new.path, ".venv")
    assert mentions(moved, old.root, old.path) == []
    assert call(moved / "bin" / "demo-say") == f"{new.root}/src/demo/__init__.py\n"
    assert call("sh", "-c", '. "$0"; printf %s "$VIRTUAL_ENV"', moved / "bin" / "activate") == str(moved)


def test_a_program_that_does_not_find_its_python_is_broken(old: Home, new: Home) -> None:
    path = make_recorded(old, "project", ".venv")
    lost = os.path.join(old.root, "venv", "bin", "python")
    write_tree(path, {"bin/hi": f"#!{lost}\n", "bin/theirs": "#!/opt/gone/bin/python\n"})
    rename(old, new)

    assert move(new, old) == {"project .venv": f"its program `hi` names the Python `{lost}`, which is not there"}


def test_a_local_environment_of_the_project_is_not_taken_for_a_link(old: Home, new: Home) -> None:
    path = make_recorded(old, "project", ".venv")
    lost = os.path.join(old.root, ".venv", "bin", "python")
    write_tree(path, {"bin/hi": f"#!{lost}\n"})
    write_environment(Path(old.root, ".venv"))
    rename(old, new)

    assert lost in (move(new, old)["project .venv"] or "")


def test_a_link_leads_to_the_new_home_before_anything_is_mended(
    old: Home, new: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_recorded(old, "project", ".venv")
    os.symlink(os.path.join(old.path, ".venv"), os.path.join(old.root, ".venv"))
    rename(old, new)

    def kill(*_: object, **__: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(mending, "mend_one", kill)
    with pytest.raises(KeyboardInterrupt):
        move(new, old)

    assert os.readlink(os.path.join(new.root, ".venv")) == os.path.join(new.path, ".venv")


@needs_git
def test_what_hides_a_link_from_git_follows_it(base: Path, old: Home, new: Home) -> None:
    make_repository(base)
    path = make_recorded(old, "project", ".venv")
    making.make(old, str(path))
    make_link(os.path.join(old.root, ".nox"), str(seal(old, "a", "nox").parent))
    exclude = base / ".git" / "info" / "exclude"
    before = exclude.read_text(encoding="utf-8")
    rename(old, new)

    move(new, old)

    assert {"/foo/.venv", "/foo/.nox"} < set(before.splitlines())
    assert exclude.read_text(encoding="utf-8").splitlines() == [
        line.replace("/foo/", "/bar/") for line in before.splitlines()
    ]


def test_a_redirect_in_the_project_leads_to_the_new_home(old: Home, new: Home) -> None:
    make_recorded(old, "project", ".venv")
    redirect.place(os.path.join(old.root, ".venv"), os.path.join(old.path, ".venv"))
    rename(old, new)

    move(new, old)

    assert Path(new.root, ".venv").read_text() == f"{new.path}/.venv\n"


@pytest.mark.parametrize("target", ["/elsewhere", "OLD-other/.venv", "env"])
def test_another_link_in_the_project_stays(target: str, old: Home, new: Home) -> None:
    make_recorded(old)
    target = target.replace("OLD", old.path)
    os.symlink(target, os.path.join(old.root, ".venv"))
    rename(old, new)

    move(new, old)

    assert os.readlink(os.path.join(new.root, ".venv")) == target


def test_what_is_no_link_in_the_project_stays(old: Home, new: Home) -> None:
    make_recorded(old)
    write_environment(Path(old.root, ".venv"))
    Path(old.root, ".tox").write_bytes(b"\xff\n")
    os.mkfifo(os.path.join(old.root, ".nox"))
    rename(old, new)
    before = contents(Path(new.root))

    move(new, old)

    assert contents(Path(new.root)) == before


def test_a_link_that_cannot_be_replaced_is_told(old: Home, new: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    make_recorded(old, "project", ".venv")
    path = os.path.join(old.root, ".venv")
    os.symlink(os.path.join(old.path, ".venv"), path)
    rename(old, new)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "")

    monkeypatch.setattr(link, "replace", refuse)
    problems: list[CentralVenvError] = []

    assert move(new, old, on_problem=problems.append) == {"project .venv": None}
    assert [problem.message for problem in problems] == [
        f"`{new.root}/.venv` still leads to the former home: permission denied"
    ]


@pytest.mark.parametrize("name", [".venv", ".tox"])
def test_a_link_that_could_not_be_replaced_is_replaced_by_the_same_command(
    name: str, old: Home, new: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_recorded(old)
    path = os.path.join(old.root, name)
    os.symlink(os.path.join(old.path, name), path)
    rename(old, new)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "")

    with monkeypatch.context() as patch:
        patch.setattr(link, "replace", refuse)
        move(new, old, on_problem=lambda _: None)

    assert move(new, old) == {"tox py": None}
    assert os.readlink(os.path.join(new.root, name)) == os.path.join(new.path, name)
    assert not has_move_record(new.path)


# shared environments


def test_the_shared_environment_of_the_project_finds_it_again(base: Path, old: Home, new: Home, store: Path) -> None:
    shared = old.store.shared_environment("@torch")
    old.store.prepare()
    shared.claim("@torch", on_wait=nobody_waits)
    make("uv", Path(shared.path))
    shared.seal()
    shared.release()
    write_tree(Path(old.root), virtualenvs.SETUPTOOLS)
    install(Path(shared.path), Path(old.root))
    make_recorded(old)
    old.share("@torch")
    rename(old, new)
    before = read_environment(shared.record_path)

    assert move(new, old) == {"tox py": None}

    assert new.shared == "@torch"
    assert call(os.path.join(shared.path, "bin", "demo-say")) == f"{new.root}/src/demo/__init__.py\n"
    after = read_environment(shared.record_path)
    assert before is not None
    assert after is not None
    assert (after.state, after.last_used) == (before.state, before.last_used)


def test_a_shared_environment_that_cannot_be_mended_is_told(base: Path, old: Home, store: Path) -> None:
    shared = write_environment(store / "@torch")
    write_tree(shared, {"lib/python3.12/site-packages/x.pth": f"{old.root}/src\n"})
    make_recorded(old)
    old.share("@torch")
    new = home_of(store, base / "two\nlines")
    rename(old, new)
    problems: list[CentralVenvError] = []

    assert move(new, old, on_problem=problems.append) == {"tox py": None}
    assert len(problems) == 1
    assert "in the shared environment `@torch` cannot be mended" in problems[0].message


def test_a_shared_environment_that_is_gone_does_no_harm(old: Home, new: Home) -> None:
    make_recorded(old)
    write_project(old.record_path, ProjectRecord(old.root, host=host.name(), shared="@torch"))
    rename(old, new)

    assert move(new, old) == {"tox py": None}


def test_what_is_foreseen_is_what_comes(old: Home, new: Home) -> None:
    make_recorded(old)
    (make_recorded(old, directory="gone") / "bin" / "python").unlink()
    write_tree(Path(old.path, ".nox", "conda"), {"conda-meta/history": "", "bin/python": ""})
    rename(old, new)
    foreseen = reasons(plan(new, old.root).foreseen())

    assert foreseen == move(new, old)
    assert home_name(new.root) == os.path.basename(new.path)
    assert find_project(new.path, on_problem=fail).state == "active"


# what others do meanwhile


def test_a_move_that_another_one_was_faster_with_ends_well(old: Home, new: Home, store: Path) -> None:
    make_recorded(old)
    rename(old, new)
    planned = plan(new, old.root)
    move(new, old)

    outcomes = carry_out(planned, on_problem=fail, on_wait=nobody_waits, on_progress=lambda _: None)

    assert reasons(outcomes) == {"tox py": None}
    assert listed(store) == {new.root: {"py": "ready"}}
    assert not os.path.lexists(old.path)


def test_environments_that_somebody_makes_in_the_last_moment_stay(
    old: Home, new: Home, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_recorded(old)
    rename(old, new)

    def make_environment(home: str, record: MoveRecord) -> None:
        write_move(home, record)
        seal(new, "mine")

    monkeypatch.setattr("central_venv.relocation.renaming.write_move", make_environment)
    with pytest.raises(MoveError, match=r"somebody has just made environments"):
        move(new, old)
    monkeypatch.undo()
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(store))
    assert os.listdir(os.path.join(new.path, ".tox")) == ["mine"]
    shutil.rmtree(new.path)

    assert move(new, old) == {"tox py": None}


def test_a_home_that_cannot_be_renamed_stays_as_it_was(old: Home, new: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    make_recorded(old)
    rename(old, new)
    new.prepare()
    before = contents(Path(old.path))
    really = os.rename

    def refuse(source: str, *arguments: Any, **options: Any) -> None:
        if source == old.path:
            raise PermissionError(13, "")
        really(source, *arguments, **options)

    with monkeypatch.context() as patch:
        patch.setattr("central_venv.relocation.renaming.os.rename", refuse)
        with pytest.raises(StoreError, match=rf"cannot rename `{old.path}`: permission denied"):
            move(new, old)

    assert contents(Path(old.path)) == before
    assert new.check()
    assert move(new, old) == {"tox py": None}


def test_a_home_in_a_layer_that_cannot_be_renamed_stays_as_it_was_and_the_hint_helps(
    base: Path, mounts: Mounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "lower").mkdir()
    store = mounts.bind(base / "lower", base / "seen")
    old, new = home_of(store, write_tree(base / "foo", PROJECT)), home_of(store, base / "bar")
    make_recorded(old)
    mounts.unmount(store)
    mounts.overlay(store, base / "lower", base / "upper")
    rename(old, new)
    before = contents(store)

    with pytest.raises(MoveError, match=r"cannot be renamed, so nothing was moved") as caught:
        move(new, old)

    assert contents(store) == before
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(store))
    assert caught.value.hint.startswith(f"`central-venv clean --project {old.root}` removes")
    assert main(["clean", "--yes", "--project", old.root]) == 0
    assert not os.path.lexists(old.path)


def test_a_home_that_says_another_project_is_not_known_by_its_name(
    base: Path, old: Home, new: Home, store: Path
) -> None:
    make_recorded(old)
    write_project(old.record_path, ProjectRecord(str(base)))
    rename(old, new)

    assert "knows no project" in refused(new, old, store).message
