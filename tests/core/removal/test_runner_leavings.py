"""What runners leave beside their environments goes with the last of them, and nothing that anybody else put there."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Store
from central_venv.inventory.search import find_project
from central_venv.removal.removal import remove, sweep
from central_venv.removal.target import Removed, Target
from central_venv.store.trash import Trash
from support.environments import seal
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from central_venv import Home
    from central_venv.errors import CentralVenvError

TAG = "Signature: 8a477f597d28d172789f06886806bc55\n# of a runner\n"
#: What tox 4.67 and nox 2026.10 leave.
OF_TOX = {
    ".tox/CACHEDIR.TAG": TAG,
    ".tox/.gitignore": "*\n",
    ".tox/.tmp/package/1/x.tar.gz": "",
    ".tox/.pkg/file.lock": "",
    ".tox/py27/.tox-info.json": "{}",
    ".tox/py27/log/1.log": "",
    ".tox/.virtualenv-bootstrap/0123456789abcdef/pyvenv.cfg": "",
}
OF_NOX = {".nox/CACHEDIR.TAG": TAG, ".nox/.gitignore": "*\n"}


def fail(error: CentralVenvError) -> None:
    raise error


def remove_all(home: Home, *names: str) -> Removed:
    project = find_project(home.path, on_problem=fail)
    chosen = [each for each in project.environments if not names or each.name in names]
    removed = remove(home.store, [Target(project, chosen, whole=False)])
    removed.trash.empty()
    return removed


@pytest.mark.parametrize(("runner", "left"), [("tox", OF_TOX), ("nox", OF_NOX)])
def test_what_a_runner_leaves_goes_with_its_last_environment(home_of: Home, runner: str, left: dict[str, str]) -> None:
    seal(home_of, runner=runner)
    write_tree(Path(home_of.path), left)
    Path(home_of.path, ".nox", ".cache").mkdir(parents=True, exist_ok=True)

    removed = remove_all(home_of)

    assert (removed.homes, removed.kept) == (1, [])
    assert not os.path.lexists(home_of.path)


def test_it_stays_as_long_as_there_is_another_environment(home_of: Home) -> None:
    seal(home_of)
    seal(home_of, "other")
    write_tree(Path(home_of.path), OF_TOX)

    remove_all(home_of, "py312")

    assert listing(Path(home_of.path)) >= OF_TOX.keys()


@pytest.mark.parametrize(
    "mine",
    [
        ".tox/notes.txt",
        ".tox/py27/notes.txt",
        ".tox/py27/lib/mine.py",
        ".nox/.cache/download",
        ".nox/.tmp/file",
        ".nox/tests/log",
        ".hatch/CACHEDIR.TAG",
    ],
)
def test_with_something_of_the_users_it_stays(home_of: Home, mine: str) -> None:
    seal(home_of)
    write_tree(Path(home_of.path), {**OF_TOX, **OF_NOX, mine: TAG})

    removed = remove_all(home_of)

    assert removed.homes == 0
    assert Path(home_of.path, mine).read_text() == TAG


@pytest.mark.parametrize("name", [".gitignore", "CACHEDIR.TAG"])
def test_a_file_of_the_same_name_that_says_something_else_stays(home_of: Home, name: str) -> None:
    seal(home_of)
    path = write_tree(Path(home_of.path), {f".tox/{name}": "mine\n"}) / ".tox" / name

    assert remove_all(home_of).homes == 0
    assert path.read_text() == "mine\n"


def test_a_link_in_its_place_is_not_followed(home_of: Home, base: Path) -> None:
    precious = write_tree(base / "precious", {"a/b": "1"})
    seal(home_of)
    (Path(home_of.path, ".tox") / ".tmp").symlink_to(precious)

    assert remove_all(home_of).homes == 0
    assert listing(precious) == {"a", "a/b"}


def test_a_home_with_nothing_else_in_it_is_swept(home_of: Home, store: Path) -> None:
    home_of.prepare()
    write_tree(Path(home_of.path), {**OF_TOX, **OF_NOX})
    removed = Removed(Trash(str(store)))

    sweep(Store(str(store)), [home_of.path], removed)

    assert removed.homes == 1
    assert not os.path.lexists(home_of.path)


def test_it_stays_while_an_environment_is_being_made(home_of: Home, store: Path) -> None:
    home_of.prepare()
    write_tree(Path(home_of.path), OF_TOX)
    environment = home_of.environment("tox", "new")
    environment.claim("new", on_wait=lambda _: None)

    sweep(Store(str(store)), [home_of.path], Removed(Trash(str(store))))

    assert listing(Path(home_of.path)) >= OF_TOX.keys()
