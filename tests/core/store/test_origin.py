"""An environment knows where it was made, and what lies elsewhere is never taken for ready."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.errors import MovedEnvironmentError
from central_venv.store import origin
from support.environments import seal, seal_shared
from support.trees import write_tree
from support.virtualenvs import MAKERS, make, make_recorded

if TYPE_CHECKING:
    from central_venv import Environment

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the environments of POSIX")


@pytest.fixture
def moved(home_of: Home, store: Path) -> Environment:
    """A recorded environment in a store that was moved."""
    seal(home_of)
    return moved_environment(home_of, store)


def moved_environment(home: Home, store: Path) -> Environment:
    """The environment in a store after that was moved."""
    store.rename(store.with_name("new"))
    return Home(Store(str(store.with_name("new"))), home.root).environment("tox", "py312")


def forget_path(environment: Environment) -> None:
    """Let a record be one of an older version."""
    path = Path(environment.record_path)
    fields = json.loads(path.read_text())
    del fields["path"]
    path.write_text(json.dumps(fields))


def claim(environment: Environment, *, replaced: bool = False) -> None:
    environment.claim(environment.directory, on_wait=lambda _: None, replaced=replaced)


def test_a_record_says_where_the_environment_was_made(home_of: Home) -> None:
    path = seal(home_of)

    record = home_of.environment("tox", "py312").read()

    assert record is not None
    assert record.path == str(path)


def test_an_environment_in_a_store_that_was_moved_is_not_ready(moved: Environment, store: Path) -> None:
    assert (moved.is_ready(), moved.is_surely_ready()) == (False, False)
    assert moved.former_path == moved.path.replace(str(store.with_name("new")), str(store))


def test_a_claim_of_what_was_moved_is_refused_with_the_remedy_and_changes_nothing(
    moved: Environment, store: Path
) -> None:
    before = Path(moved.record_path).read_bytes()

    with pytest.raises(MovedEnvironmentError) as refusal:
        claim(moved)

    assert refusal.value.message.startswith(f"the environment `{moved.path}` was made at `{moved.former_path}`")
    assert refusal.value.hint == f"`central-venv move --store {store}` mends what was moved with it"
    assert Path(moved.record_path).read_bytes() == before
    assert not moved.claimed


def test_the_use_of_what_was_moved_is_refused(moved: Environment) -> None:
    with pytest.raises(MovedEnvironmentError):
        moved.use(on_wait=lambda _: None)

    assert not moved.uses.by_others()


def test_what_was_moved_can_be_replaced(moved: Environment) -> None:
    claim(moved, replaced=True)

    assert moved.seal()
    moved.release()
    assert moved.is_ready()


def test_a_shared_environment_is_moved_with_the_store(store: Path) -> None:
    seal_shared(Store(str(store)))
    store.rename(store.with_name("new"))

    with pytest.raises(MovedEnvironmentError, match=r"was made at"):
        Store(str(store.with_name("new"))).shared_environment("@torch").refuse_moved()


@pytest.mark.parametrize("way", ["link to the store", "link where the store was", "detour"])
def test_another_spelling_of_a_store_is_no_move(way: str, home_of: Home, store: Path, base: Path) -> None:
    seal(home_of)
    new = base / "new"
    if way == "link to the store":
        new.symlink_to(store)
    elif way == "link where the store was":
        store.rename(new)
        store.symlink_to(new)
    else:
        new = store / ".." / store.name

    environment = Home(Store(str(new)), home_of.root).environment("tox", "py312")

    assert environment.is_ready()
    environment.refuse_moved()


def test_a_copy_is_moved_and_the_original_is_not(home_of: Home, store: Path) -> None:
    from shutil import copytree

    seal(home_of)
    copytree(store, store.with_name("copy"), symlinks=True)

    copy = Home(Store(str(store.with_name("copy"))), home_of.root).environment("tox", "py312")

    assert copy.former_path == home_of.environment("tox", "py312").path
    assert home_of.environment("tox", "py312").is_ready()


@pytest.mark.parametrize("name", ["plain", "with space", "it's", "né"])
@pytest.mark.parametrize("maker", MAKERS)
def test_what_activates_an_environment_says_where_it_was_made(maker: str, name: str, base: Path) -> None:
    path = make(maker, base / name / "environment")

    assert origin.made_at(str(path)) == str(path)


def test_what_can_be_moved_was_made_nowhere(base: Path) -> None:
    write_tree(base, {"bin/activate": 'VIRTUAL_ENV="$(dirname "$0")"\nexport VIRTUAL_ENV\n'})

    assert origin.made_at(str(base)) is None


def test_a_record_of_an_older_version_is_completed_by_the_next_use(home_of: Home) -> None:
    make_recorded(home_of, directory="py312")
    environment = home_of.environment("tox", "py312")
    forget_path(environment)

    assert environment.use(on_wait=lambda _: None)
    environment.uses.end()

    record = environment.read()
    assert record is not None
    assert (record.path, record.note) == (environment.path, "a note")
    assert environment.is_surely_ready()


def test_of_a_record_of_an_older_version_the_environment_itself_says_that_it_was_moved(
    home_of: Home, store: Path
) -> None:
    made = make_recorded(home_of, directory="py312")
    forget_path(home_of.environment("tox", "py312"))

    moved = moved_environment(home_of, store)

    assert moved.former_path == str(made)


def test_what_nobody_recorded_says_itself_that_it_was_moved(home_of: Home, store: Path) -> None:
    made = make("uv", Path(home_of.path, ".tox", "py312"))

    moved = moved_environment(home_of, store)

    assert moved.former_path == str(made)
    assert not moved.record_existing(on_wait=lambda _: None)


def test_what_was_made_anew_after_the_move_is_ready(home_of: Home, store: Path) -> None:
    from shutil import rmtree

    make_recorded(home_of, directory="py312")
    moved = moved_environment(home_of, store)
    rmtree(moved.path)
    os.utime(make("uv", Path(moved.path)) / "pyvenv.cfg", (1, 1))

    assert moved.is_ready()


@pytest.mark.parametrize(
    ("path", "made", "expected"),
    [
        ("/new/a-1/.tox/py", "/old/a-1/.tox/py", "/old"),
        ("/new/a-1/.tox/py", "/old/b-1/.tox/py", None),
        ("/new/@torch", "/old/@torch", "/old"),
        ("/new/a-1/.venv", "/project/.venv", None),
        ("/new/a-1/.venv", "/a-1/.venv", None),
    ],
)
def test_the_former_store_is_what_stood_before_the_same_path(path: str, made: str, expected: str | None) -> None:
    assert origin.former_store(path, made, "/new") == expected
