"""What is found in a store."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from central_venv import Home, Store
from central_venv.errors import CentralVenvError, DamagedRecordError, NewerRecordError, StoreError
from central_venv.inventory.found import FoundEnvironment, FoundProject
from central_venv.inventory.project_state import Moment, project_state
from central_venv.inventory.search import environment_directories, find_project, find_projects
from central_venv.machine import clock, host
from central_venv.policy.key import home_name
from central_venv.store.disk_usage import measure
from central_venv.store.identity import observed
from central_venv.store.lock import Lock
from support.environments import INTERPRETER, seal
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.store.environment import Environment
    from central_venv.store.project_record import ProjectRecord

    Maker = Callable[[Path], Path]

NOON = 1795521600.0

#: Where hatch puts an environment if a home's directory is its data directory.
NESTED = ".hatch/env/virtual/project/AbCd1234/default"

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, and names with line breaks, are POSIX")

HOLD = """
import sys
from central_venv import Home, Store
environment = Home(Store(sys.argv[1]), sys.argv[2]).environment("tox", "py312")
environment.claim("py312", on_wait=lambda holder: None)
print("claimed", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def home_of(home_of: Home) -> Home:
    """The home of the project, which is there."""
    home_of.prepare()
    return home_of


def complain(error: CentralVenvError) -> None:
    raise AssertionError("no problem was expected") from error


def search(store: Path) -> list[FoundProject]:
    return list(find_projects(Store(str(store)), on_problem=complain))


def found_names(project: FoundProject) -> list[tuple[str, str, str]]:
    return [(environment.runner, environment.name, environment.state) for environment in project.environments]


def change_record(environment: Environment, **changes: object) -> None:
    path = Path(environment.record_path)
    path.write_text(json.dumps({**json.loads(path.read_text()), **changes}))


def set_time(path: Path | str, time: float) -> None:
    try:
        os.utime(path, (time, time))
    except (OSError, OverflowError):
        pytest.skip("this file system has no such time")


def record(root: Path, **changes: Any) -> ProjectRecord:
    """What a home says of a project that is there, or would be."""
    made = observed(str(root), created=clock.now())
    for name, value in changes.items():
        setattr(made, name, value)
    return made


def test_a_store_that_does_not_exist_is_empty(store: Path) -> None:
    assert search(store) == []


def test_a_recorded_environment_is_found(home_of: Home, store: Path) -> None:
    seal(home_of, "a-b", name="a/b", used=NOON)
    os.utime(Path(home_of.environment_path("tox", "a-b"), "pyvenv.cfg"), (0, 86400))

    found = [project.as_json() for project in search(store)]

    assert found == [
        {
            "root": home_of.root,
            "home": home_of.path,
            "state": "active",
            "uses": None,
            "used_by": [],
            "environments": [
                {
                    "runner": "tox",
                    "name": "a/b",
                    "path": home_of.environment_path("tox", "a-b"),
                    "python": "3.12.1",
                    "state": "ready",
                    "created": "1970-01-02T00:00:00Z",
                    "last_used": "2026-11-24T12:00:00Z",
                    "size": None,
                    "shared_size": None,
                    "shared": None,
                }
            ],
        }
    ]


def test_environments_that_others_made_are_found(home_of: Home, store: Path, make_environment: Maker) -> None:
    for path in (".venv", ".venv-3.12", ".tox/py312", ".nox/tests"):
        make_environment(Path(home_of.path, path))

    (project,) = search(store)

    assert found_names(project) == [
        ("nox", "tests", "ready"),
        ("project", ".venv", "ready"),
        ("project", ".venv-3.12", "ready"),
        ("tox", "py312", "ready"),
    ]
    assert {(environment.recorded, environment.last_used) for environment in project.environments} == {(False, None)}


def test_a_home_without_a_record_is_unrecorded(store: Path, make_environment: Maker) -> None:
    make_environment(store / "foo-12345678" / ".venv")

    (project,) = search(store)

    assert (project.root, project.home, project.state) == (None, str(store / "foo-12345678"), "unrecorded")
    assert found_names(project) == [("project", ".venv", "ready")]


def test_a_home_without_environments_is_found(home_of: Home, store: Path) -> None:
    (project,) = search(store)

    assert (project.root, project.state, project.environments) == (home_of.root, "active", [])


def test_directories_that_are_no_environments_are_not_listed(home_of: Home, store: Path) -> None:
    write_tree(Path(home_of.path), {".tox/log/file": "", ".tox/file": "", "file": "", "other/pyvenv.cfg": ""})
    write_tree(Path(home_of.path), {".pkg/file": "", ".venv/file": ""})

    assert found_names(search(store)[0]) == []


def test_a_record_without_a_directory_is_not_listed(home_of: Home, store: Path) -> None:
    seal(home_of, "py312")
    shutil.rmtree(home_of.environment_path("tox", "py312"))

    assert found_names(search(store)[0]) == []


def test_a_directory_with_a_record_is_listed_even_if_it_is_no_environment_yet(home_of: Home, store: Path) -> None:
    environment = home_of.environment("tox", "py312")
    environment.claim("py312", on_wait=lambda _: None)
    os.makedirs(environment.path)

    during = found_names(search(store)[0])
    environment.release()

    assert during == [("tox", "py312", "creating")]
    assert found_names(search(store)[0]) == []


def test_an_environment_is_creating_while_it_is_claimed(home_of: Home, store: Path, make_environment: Maker) -> None:
    environment = home_of.environment("tox", "py312")
    environment.claim("py312", on_wait=lambda _: None)
    make_environment(Path(environment.path))

    assert found_names(search(store)[0]) == [("tox", "py312", "creating")]


def test_an_environment_is_ready_as_soon_as_it_is_sealed(home_of: Home, store: Path, make_environment: Maker) -> None:
    environment = home_of.environment("tox", "py312")
    environment.claim("py312", on_wait=lambda _: None)
    make_environment(Path(environment.path))
    environment.seal()

    assert environment.claimed
    assert found_names(search(store)[0]) == [("tox", "py312", "ready")]


def test_an_environment_that_was_released_half_made_is_broken(
    home_of: Home, store: Path, make_environment: Maker
) -> None:
    environment = home_of.environment("tox", "py312")
    environment.claim("py312", on_wait=lambda _: None)
    make_environment(Path(environment.path))

    environment.release()

    assert found_names(search(store)[0]) == [("tox", "py312", "broken")]


def test_an_environment_is_creating_as_long_as_its_process_lives(
    home_of: Home, store: Path, make_environment: Maker
) -> None:
    path = home_of.environment_path("tox", "py312")
    command = [sys.executable, "-c", HOLD, home_of.store.path, home_of.root]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        assert other.stdout.readline() == "claimed\n"
        make_environment(Path(path))
        during = found_names(search(store)[0])
        other.kill()
        other.wait()
        after = found_names(search(store)[0])

    assert (during, after) == ([("tox", "py312", "creating")], [("tox", "py312", "broken")])


@pytest.mark.parametrize("missing", ["pyvenv.cfg", INTERPRETER])
def test_a_recorded_environment_without_an_essential_file_is_broken(missing: str, home_of: Home, store: Path) -> None:
    path = seal(home_of, "py312")
    (path / missing).unlink()

    assert found_names(search(store)[0]) == [("tox", "py312", "broken")]


def test_an_unrecorded_environment_without_its_interpreter_is_broken(
    home_of: Home, store: Path, make_environment: Maker
) -> None:
    (make_environment(Path(home_of.path, ".venv")) / INTERPRETER).unlink()

    assert found_names(search(store)[0]) == [("project", ".venv", "broken")]


def test_a_claimed_environment_without_a_record_is_judged_by_its_directory(
    home_of: Home, store: Path, make_environment: Maker
) -> None:
    environment = home_of.environment("tox", "py312")
    environment.claim("py312", on_wait=lambda _: None)
    make_environment(Path(environment.path))
    os.unlink(environment.record_path)

    assert found_names(search(store)[0]) == [("tox", "py312", "ready")]


@posix_only
def test_a_conda_environment_is_ready(home_of: Home, store: Path) -> None:
    write_tree(Path(home_of.path, ".nox", "tests"), {"conda-meta/history": "", "bin/python": ""})

    assert found_names(search(store)[0]) == [("nox", "tests", "ready")]


def test_a_ready_environment_costs_no_look_at_its_lock(
    home_of: Home, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(home_of, "py312")

    def refuse(*_: object) -> NoReturn:
        raise AssertionError("no lock need be looked at")

    monkeypatch.setattr(Lock, "held_elsewhere", refuse)

    assert found_names(search(store)[0]) == [("tox", "py312", "ready")]


def test_environments_come_in_order_of_their_last_use(home_of: Home, store: Path, make_environment: Maker) -> None:
    make_environment(Path(home_of.path, ".venv"))
    seal(home_of, "a", used=NOON - 2)
    seal(home_of, "b", "nox", used=NOON)
    seal(home_of, "c", used=NOON - 1)

    (project,) = search(store)

    assert [(each.name, each.last_used) for each in project.environments] == [
        ("b", NOON),
        ("c", NOON - 1),
        ("a", NOON - 2),
        (".venv", None),
    ]
    assert project.last_used == NOON


def test_environments_that_were_used_at_the_same_time_come_in_order_of_their_names(home_of: Home, store: Path) -> None:
    for runner, name in [("tox", "b"), ("nox", "z"), ("tox", "a")]:
        seal(home_of, name, runner, used=NOON)

    assert [name for _, name, _ in found_names(search(store)[0])] == ["z", "a", "b"]


@pytest.mark.parametrize("environments", [[], [".venv"]], ids=["none", "one without a record"])
def test_the_last_use_of_a_project_that_nothing_tells_of_is_the_epoch(
    environments: list[str], home_of: Home, store: Path, make_environment: Maker
) -> None:
    for name in environments:
        make_environment(Path(home_of.path, name))

    assert search(store)[0].last_used == 0


def test_the_last_use_is_the_time_of_the_record(home_of: Home, store: Path) -> None:
    seal(home_of, "py312")
    os.utime(home_of.environment("tox", "py312").record_path, (0, NOON + 0.5))

    (found,) = search(store)[0].environments

    assert (found.recorded, found.last_used) == (True, NOON + 0.5)
    assert found.as_json()["last_used"] == "2026-11-24T12:00:00Z"


def test_the_python_of_an_environment_is_in_its_record(home_of: Home, store: Path) -> None:
    seal(home_of, "py312")
    change_record(home_of.environment("tox", "py312"), python="3.99.0")

    assert search(store)[0].environments[0].python == "3.99.0"


def test_the_python_of_an_environment_that_somebody_made_anew_is_that_of_the_new_one(
    home_of: Home, store: Path
) -> None:
    marker = seal(home_of, "py312") / "pyvenv.cfg"
    marker.write_text("version_info = 3.13.0\n")
    os.utime(marker, (NOON, NOON))

    (found,) = search(store)[0].environments

    assert (found.python, found.created) == ("3.13.0", NOON)


@pytest.mark.parametrize(
    "changes",
    [{"python": None}, {"created": None}, {"created": 1.5}, {"created": "2026-11-24T12:00:00Z"}],
    ids=str,
)
def test_the_python_that_no_record_tells_is_that_of_the_directory(
    changes: dict[str, object], home_of: Home, store: Path
) -> None:
    seal(home_of, "py312")
    change_record(home_of.environment("tox", "py312"), **{"python": "3.99.0", **changes})

    assert search(store)[0].environments[0].python == "3.12.1"


@pytest.mark.parametrize("time", [2.0**62, 1e15, 253402300800, -1, -(2.0**40), -(2.0**62)])
def test_insane_times_of_files_are_no_reason_to_fail(time: float, home_of: Home, store: Path) -> None:
    path = seal(home_of, "py312")
    set_time(home_of.environment("tox", "py312").record_path, time)
    set_time(path / "pyvenv.cfg", time)

    (project,) = search(store)

    (found,) = json.loads(json.dumps(project.as_json()))["environments"]
    assert found_names(project) == [("tox", "py312", "ready")]
    assert "1970-01-01T00:00:00Z" <= found["created"] <= "9999-12-31T23:59:59Z"
    assert "1970-01-01T00:00:00Z" <= found["last_used"] <= "9999-12-31T23:59:59Z"


def test_the_disk_that_an_environment_takes_is_told_once_it_was_counted(home_of: Home, store: Path) -> None:
    seal(home_of, "py312")
    (found,) = search(store)[0].environments
    before = (found.size, found.as_json()["size"], found.as_json()["shared_size"])

    (found.usage,) = measure([found.path])

    assert before == (None, None, None)
    assert found.size == found.usage.size == found.as_json()["size"]
    assert found.as_json()["shared_size"] == found.usage.shared
    assert found.as_json()["shared"] == found.usage.shared


def test_looking_changes_nothing(home_of: Home, store: Path) -> None:
    seal(home_of, "py312")
    before = {path: path.stat().st_mtime_ns for path in store.rglob("*")}

    search(store)

    assert {path: path.stat().st_mtime_ns for path in store.rglob("*")} == before


def test_the_name_of_a_project_environment_is_that_of_its_directory(home_of: Home, store: Path) -> None:
    seal(home_of, ".venv", "project", name="something else")

    assert found_names(search(store)[0]) == [("project", ".venv", "ready")]


@pytest.mark.parametrize(
    ("content", "kind"), [("{", DamagedRecordError), ('{"schema": 2}', NewerRecordError)], ids=["damaged", "newer"]
)
def test_an_environment_whose_record_cannot_be_used_is_found_and_told(
    content: str, kind: type[CentralVenvError], home_of: Home, store: Path
) -> None:
    seal(home_of, "py312", name="a name")
    Path(home_of.environment("tox", "py312").record_path).write_text(content)
    problems: list[CentralVenvError] = []

    (project,) = find_projects(Store(str(store)), on_problem=problems.append)

    assert found_names(project) == [("tox", "py312", "ready")]
    assert [type(problem) for problem in problems] == [kind]


def test_a_project_whose_record_is_damaged_is_found_and_told(
    home_of: Home, store: Path, make_environment: Maker
) -> None:
    make_environment(Path(home_of.path, ".venv"))
    Path(home_of.record_path).write_text("{")
    problems: list[CentralVenvError] = []

    (project,) = find_projects(Store(str(store)), on_problem=problems.append)

    assert (project.root, project.state, found_names(project)) == (None, "unrecorded", [("project", ".venv", "ready")])
    assert [type(problem) for problem in problems] == [DamagedRecordError]


def test_a_home_that_cannot_be_listed_is_told_and_the_search_goes_on(
    home_of: Home, store: Path, make_environment: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_environment(store / "zzz-12345678" / ".venv")
    real = os.scandir

    def scandir(path: str) -> object:
        if path == home_of.path:
            raise PermissionError(13, "")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)
    problems: list[CentralVenvError] = []

    projects = list(find_projects(Store(str(store)), on_problem=problems.append))

    assert [found_names(project) for project in projects] == [[], [("project", ".venv", "ready")]]
    assert [type(problem) for problem in problems] == [StoreError]


def test_a_home_that_was_renamed_by_hand_is_unrecorded(home_of: Home, store: Path, make_environment: Maker) -> None:
    make_environment(Path(home_of.path, ".venv"))
    os.rename(home_of.path, store / "renamed")

    (project,) = search(store)

    assert (project.root, project.state) == (None, "unrecorded")
    assert found_names(project) == [("project", ".venv", "ready")]


def test_a_home_that_was_copied_by_hand_is_unrecorded(home_of: Home, store: Path) -> None:
    shutil.copytree(home_of.path, store / "copy")

    assert {(Path(project.home).name, project.state) for project in search(store)} == {
        ("copy", "unrecorded"),
        (Path(home_of.path).name, "active"),
    }


@posix_only
def test_links_are_not_followed(home_of: Home, store: Path, base: Path, make_environment: Maker) -> None:
    elsewhere = make_environment(base / "elsewhere" / "py312")
    (Path(home_of.path) / ".venv").symlink_to(elsewhere)
    (Path(home_of.path) / ".tox").symlink_to(elsewhere.parent)
    (Path(home_of.path) / ".nox").mkdir()
    (Path(home_of.path) / ".nox" / "py312").symlink_to(elsewhere)

    assert found_names(search(store)[0]) == []


@posix_only
def test_a_link_with_a_record_is_not_followed_either(home_of: Home, store: Path, base: Path) -> None:
    seal(home_of, "py312")
    os.rename(home_of.environment_path("tox", "py312"), base / "elsewhere")
    os.symlink(base / "elsewhere", home_of.environment_path("tox", "py312"))

    assert found_names(search(store)[0]) == []


@posix_only
def test_names_of_any_characters_are_found(home_of: Home, store: Path, make_environment: Maker) -> None:
    names = ["a\nb", "\x1b[31m", "\udcff", "-a"] if sys.platform == "linux" else ["a\nb", "\x1b[31m", "-a"]
    for name in names:
        make_environment(Path(home_of.path, ".tox", name))

    (project,) = search(store)

    assert sorted(found_names(project)) == sorted(("tox", name, "ready") for name in names)


def test_a_shared_environment_is_a_project_of_its_own(store: Path, make_environment: Maker) -> None:
    make_environment(store / "@torch")
    write_tree(store / "@broken", {"pyvenv.cfg": ""})

    broken, torch = search(store)

    assert (torch.root, torch.home, torch.state) == (None, str(store / "@torch"), "shared")
    assert found_names(torch) == [("project", "@torch", "ready")]
    assert torch.environments[0].path == str(store / "@torch")
    assert (torch.record, torch.environments[0].recorded, torch.environments[0].last_used) == (None, False, None)
    assert (broken.state, found_names(broken)) == ("shared", [("project", "@broken", "broken")])


def test_homes_come_in_order_of_their_names(store: Path) -> None:
    write_tree(store, {"b-00000001/f": "", "a-00000002/f": "", "c-00000000/f": ""})

    assert [Path(project.home).name for project in search(store)] == ["a-00000002", "b-00000001", "c-00000000"]


def test_a_home_that_does_not_exist_has_no_environments(store: Path) -> None:
    project = find_project(str(store / "foo-12345678"), on_problem=complain)

    assert (project.root, project.state, project.environments) == (None, "unrecorded", [])


def test_what_a_home_says_of_its_project_is_told(home_of: Home, store: Path) -> None:
    (project,) = search(store)

    assert project.record is not None
    assert (project.record.root, project.record.inode) == (home_of.root, os.stat(home_of.root).st_ino or None)


def test_a_found_environment_can_be_one_without_a_record(home_of: Home, make_environment: Maker) -> None:
    path = make_environment(Path(home_of.path, ".tox", "py312"))

    found = FoundEnvironment(home_of.path, "tox", "py312", str(path), None)

    assert (found.runner, found.directory, found.name, found.state) == ("tox", "py312", "py312", "ready")
    assert found.created == (path / "pyvenv.cfg").stat().st_mtime


def test_the_directories_that_may_be_environments_are_those_of_the_layout(home_of: Home) -> None:
    home = Path(home_of.path)
    write_tree(
        home, {".tox/py312/file": "", ".tox/file": "", ".venv/file": "", ".venv-3.12/file": "", "other/file": ""}
    )
    write_tree(home, {".central-venv/tox/py312.uses/file": "", ".project/.venv/file": ""})

    assert list(environment_directories(home_of.path)) == [
        ("tox", "py312", str(home / ".tox" / "py312")),
        ("project", ".venv", str(home / ".venv")),
        ("project", ".venv-3.12", str(home / ".venv-3.12")),
    ]


# what hatch nests in its data directory


@pytest.mark.parametrize(
    ("directory", "name"),
    [
        ("env/virtual/project/AbCd1234/default", "default"),
        ("env/virtual/project/AbCd1234/test.py3.12", "test.py3.12"),
        ("env/virtual/.scripts/AbCd1234", "AbCd1234"),
        ("env/.internal/hatch-build/project/AbCd1234/hatch-build", "hatch-build"),
        ("env/pip-compile/project/AbCd1234/default", "default"),
    ],
    ids=["virtual", "matrix", "script", "internal", "another type"],
)
def test_an_environment_in_hatchs_data_directory_is_found(
    directory: str, name: str, home_of: Home, store: Path, make_environment: Maker
) -> None:
    path = make_environment(Path(home_of.path, ".hatch", directory))

    (found,) = search(store)[0].environments

    assert (found.runner, found.name, found.path, found.state) == ("hatch", name, str(path), "ready")
    assert (found.directory, found.python) == (directory.replace("/", os.sep), "3.12.1")
    assert (found.recorded, found.last_used) == (False, None)


def test_an_environment_in_hatchs_data_directory_without_its_interpreter_is_broken(
    home_of: Home, store: Path, make_environment: Maker
) -> None:
    path = make_environment(Path(home_of.path, NESTED))
    (path / INTERPRETER).unlink()

    assert found_names(search(store)[0]) == [("hatch", "default", "broken")]


def test_environments_in_hatchs_data_directory_are_found_beside_others(
    home_of: Home, store: Path, make_environment: Maker
) -> None:
    seal(home_of, "docs", "hatch", used=NOON)
    for name in (NESTED, f"{NESTED}-2", ".tox/py312"):
        make_environment(Path(home_of.path, name))

    assert found_names(search(store)[0]) == [
        ("hatch", "docs", "ready"),
        ("hatch", "default", "ready"),
        ("hatch", "default-2", "ready"),
        ("tox", "py312", "ready"),
    ]


def test_the_directories_in_hatchs_data_directory_that_are_no_environments_are_not_listed(
    home_of: Home, make_environment: Maker
) -> None:
    path = make_environment(Path(home_of.path, NESTED))
    write_tree(Path(home_of.path, ".hatch", "env"), {"file": "", "virtual/project/AbCd1234/half-made/bin/python": ""})

    assert list(environment_directories(home_of.path)) == [
        ("hatch", os.path.join("env", "virtual", "project", "AbCd1234", "default"), str(path))
    ]


@pytest.mark.parametrize(
    "directory",
    [
        "env/.metadata/project/default",
        "env/virtual/.pythons/3.12/python",
        "env/.internal/hatch-test/.pythons/3.12",
        "env/a/b/c/d/e/too-deep",
        "virtual/project/AbCd1234/default",
        "pythons/3.12/python",
    ],
)
def test_elsewhere_in_hatchs_directory_no_environment_is_looked_for(
    directory: str, home_of: Home, store: Path, make_environment: Maker
) -> None:
    make_environment(Path(home_of.path, ".hatch", directory))

    assert found_names(search(store)[0]) == []


def test_pythons_and_notes_of_hatch_are_not_even_listed(
    home_of: Home, store: Path, make_environment: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_environment(Path(home_of.path, NESTED))
    write_tree(Path(home_of.path, ".hatch", "env"), {"virtual/.pythons/3.12/file": "", ".metadata/project/file": ""})
    listed: list[str] = []
    real = os.scandir

    def scandir(path: str) -> object:
        listed.append(os.path.basename(path))
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)

    search(store)

    assert {"virtual", "project"} < set(listed)
    assert {".pythons", ".metadata"}.isdisjoint(listed)


@pytest.mark.parametrize("below", ["inner", f"lib{os.sep}inner"])
@pytest.mark.parametrize("directory", ["env/virtual/.scripts/AbCd1234", "env/virtual"])
def test_in_an_environment_no_other_one_is_looked_for(
    directory: str, below: str, home_of: Home, store: Path, make_environment: Maker
) -> None:
    path = make_environment(Path(home_of.path, ".hatch", directory))
    make_environment(path / below)

    assert [found.path for found in search(store)[0].environments] == [str(path)]


@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "unrecorded"])
def test_an_environment_that_is_called_like_hatchs_data_directory_is_one(
    recorded: bool,  # noqa: FBT001
    home_of: Home,
    store: Path,
    make_environment: Maker,
) -> None:
    path = seal(home_of, "env", "hatch") if recorded else make_environment(Path(home_of.path, ".hatch", "env"))
    make_environment(path / "virtual" / "project" / "AbCd1234" / "default")

    assert found_names(search(store)[0]) == [("hatch", "env", "ready")]
    assert list(environment_directories(home_of.path)) == [("hatch", "env", str(path))]


@pytest.mark.parametrize("made", [True, False], ids=["broken", "creating"])
def test_an_environment_that_is_called_like_hatchs_data_directory_is_found_in_every_state(
    made: bool,  # noqa: FBT001
    home_of: Home,
    store: Path,
) -> None:
    environment = home_of.environment("hatch", "env")
    if made:
        Path(seal(home_of, "env", "hatch"), "pyvenv.cfg").unlink()
    else:
        environment.claim("env", on_wait=lambda _: None)
        Path(environment.path).mkdir(parents=True)

    assert found_names(search(store)[0]) == [("hatch", "env", "broken" if made else "creating")]


def test_in_another_runners_directory_of_that_name_no_environment_is_looked_for(
    home_of: Home, store: Path, make_environment: Maker
) -> None:
    make_environment(Path(home_of.path, NESTED.replace(".hatch", ".tox")))

    assert found_names(search(store)[0]) == []
    assert list(environment_directories(home_of.path)) == [("tox", "env", os.path.join(home_of.path, ".tox", "env"))]


@posix_only
@pytest.mark.parametrize("part", range(1, 6), ids=lambda part: NESTED.split("/")[part])
def test_a_link_on_the_way_to_an_environment_in_hatchs_data_directory_is_not_followed(
    part: int, home_of: Home, store: Path, base: Path, make_environment: Maker
) -> None:
    make_environment(Path(home_of.path, NESTED))
    place = Path(home_of.path, *NESTED.split("/")[: part + 1])
    place.rename(base / "elsewhere")
    place.symlink_to(base / "elsewhere")

    assert found_names(search(store)[0]) == []


@posix_only
def test_a_link_in_hatchs_data_directory_that_leads_back_is_no_reason_to_fail(
    home_of: Home, store: Path, make_environment: Maker
) -> None:
    path = make_environment(Path(home_of.path, NESTED))
    (path.parent / "loop").symlink_to(Path(home_of.path, ".hatch", "env"))

    assert [found.path for found in search(store)[0].environments] == [str(path)]


def test_the_project_of_a_home_is_in_its_state(home_of: Home, store: Path) -> None:
    shutil.rmtree(home_of.root)

    assert [(project.root, project.state) for project in search(store)] == [(home_of.root, "orphan")]


def test_a_project_that_stands_is_active(project: Path) -> None:
    assert project_state(record(project, host="another", mount="/elsewhere", volume="0")) == "active"


def test_a_project_that_is_gone_from_its_place_is_an_orphan(base: Path) -> None:
    assert project_state(record(base / "gone")) == "orphan"


def test_a_script_is_a_project_that_stands(base: Path) -> None:
    write_tree(base, {"tool.py": ""})

    assert project_state(record(base / "tool.py", host="another", mount="/elsewhere", volume="0")) == "active"


def test_a_script_that_is_gone_from_its_place_is_an_orphan(base: Path) -> None:
    write_tree(base, {"tool.py": ""})
    found = record(base / "tool.py")

    (base / "tool.py").unlink()

    assert project_state(found) == "orphan"


@posix_only
def test_a_link_to_nothing_at_the_place_of_a_project_is_an_orphan(base: Path) -> None:
    found = record(base / "project")

    (base / "project").symlink_to(base / "nowhere")

    assert project_state(found) == "orphan"


def test_the_environment_of_a_script_is_found(base: Path, store: Path) -> None:
    write_tree(base, {"tool.py": ""})
    home = Home(Store(str(store)), str(base / "tool.py"))
    seal(home, "script", "hatch")

    (project,) = search(store)

    assert (project.root, project.state) == (str(base / "tool.py"), "active")
    assert found_names(project) == [("hatch", "script", "ready")]


@pytest.mark.parametrize(
    "change",
    [
        pytest.param({"host": "another"}, id="recorded on another machine"),
        pytest.param({"host": None}, id="recorded on an unknown machine"),
        pytest.param({"mount": os.path.abspath(os.sep + "elsewhere")}, id="recorded below another mount point"),
        pytest.param({"mount": None}, id="recorded below an unknown mount point"),
        pytest.param({"parent_volume": "another"}, id="in a directory on another volume"),
    ],
)
def test_a_project_that_may_be_elsewhere_is_unreachable(change: dict[str, str | None], base: Path) -> None:
    assert project_state(record(base / "gone", **change)) == "unreachable"


def directories_looked_at(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    real = os.path.isdir
    asked: list[str] = []

    def isdir(path: str) -> bool:
        asked.append(path)
        return real(path)

    monkeypatch.setattr(os.path, "isdir", isdir)
    return asked


def test_projects_with_a_common_parent_cost_one_look_at_it(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = directories_looked_at(monkeypatch)
    seen = Moment()

    states = [project_state(record(base / name), seen) for name in ("a", "b", "c")]

    assert states == ["orphan"] * 3
    assert asked.count(str(base)) == 1


def test_what_was_seen_of_one_parent_is_not_believed_of_another(base: Path) -> None:
    (base / "there").mkdir()
    seen = Moment()

    states = [project_state(record(base / parent / "gone"), seen) for parent in ("there", "missing", "there")]

    assert states == ["orphan", "unreachable", "orphan"]


def test_what_was_seen_of_one_volume_is_not_believed_of_another(base: Path) -> None:
    gone = base / "gone"
    seen = Moment()

    changes: list[dict[str, str | None]] = [
        {},
        {"parent_volume": "another"},
        {"mount": "/elsewhere"},
        {"host": "another"},
        {},
    ]
    states = [project_state(record(gone, **change), seen) for change in changes]

    assert states == ["orphan", "unreachable", "unreachable", "unreachable", "orphan"]


def test_a_project_that_stands_is_active_whatever_was_seen_of_its_parent(base: Path) -> None:
    (base / "project").mkdir()
    seen = Moment()

    states = [project_state(record(base / name), seen) for name in ("gone", "project")]

    assert states == ["orphan", "active"]


def test_nothing_is_remembered_from_one_search_to_the_next(home_of: Home, store: Path, base: Path) -> None:
    shutil.rmtree(home_of.root)
    before = [project.state for project in search(store)]
    os.rename(base, f"{base}-away")
    try:
        moved = Path(f"{base}-away", store.relative_to(base))
        after = [project.state for project in search(moved)]
    finally:
        os.rename(f"{base}-away", base)

    assert (before, after) == (["orphan"], ["unreachable"])


def test_a_project_whose_parent_is_gone_is_unreachable(base: Path) -> None:
    assert project_state(record(base / "gone" / "too")) == "unreachable"


def test_a_project_whose_parent_became_a_file_is_unreachable(base: Path) -> None:
    write_tree(base, {"file": ""})

    assert project_state(record(base / "file" / "project")) == "unreachable"


@pytest.mark.parametrize(
    "error", [PermissionError(13, ""), OSError(5, ""), TimeoutError(110, ""), ValueError("null byte")], ids=repr
)
def test_a_project_that_cannot_be_seen_is_unreachable(
    error: Exception, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = record(project)
    real = os.stat

    def stat(path: str, **options: bool) -> os.stat_result:
        if path == str(project):
            raise error
        return real(path, **options)

    monkeypatch.setattr(os, "stat", stat)

    assert project_state(found) == "unreachable"


@posix_only
def test_a_project_whose_disk_was_taken_out_is_unreachable(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    disk = base / "disk"
    disk.mkdir()
    mounted = {str(disk)}
    monkeypatch.setattr(host, "mount_point", lambda path: str(disk) if mounted and path.startswith(str(disk)) else "/")
    found = record(disk / "project")
    before = project_state(found)

    mounted.clear()

    assert (before, project_state(found)) == ("orphan", "unreachable")


def test_the_record_of_another_home_is_not_believed(store: Path, project: Path) -> None:
    write_tree(store / "foo-12345678", {"project.json": json.dumps({"schema": 1, "root": str(project)})})

    assert [(found.root, found.state) for found in search(store)] == [(None, "unrecorded")]
    assert home_name(str(project)) != "foo-12345678"
    assert listing(store) == {"foo-12345678", os.path.join("foo-12345678", "project.json")}


def test_a_directory_named_after_the_runner_of_project_environments_holds_none(store: Path) -> None:
    write_tree(store / "foo-12345678", {".venv/pyvenv.cfg": "", ".project/.venv/file": ""})

    project = find_project(str(store / "foo-12345678"), on_problem=lambda _: None)

    assert [environment.path for environment in project.environments] == [str(store / "foo-12345678" / ".venv")]
