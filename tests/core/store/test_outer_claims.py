"""Which environments the runs around this one have claimed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
from central_venv import load_settings
from central_venv.store import outer_claims
from support.trees import write_tree

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, and names that Windows does not allow")

#: Says of each path whether it is claimed around it.
ASK = """
import sys
from central_venv.store.outer_claims import by_outer_run
print([by_outer_run(path) for path in sys.argv[1:]])
"""


def run_in(path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """From here on, this is a command in an environment."""
    for name, value in outer_claims.variables(str(store), str(path)).items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def place(base: Path) -> Path:
    """A store with two environments."""
    return write_tree(base / "store", {"a-12345678/.tox/py312/pyvenv.cfg": "", "a-12345678/.nox/tests/pyvenv.cfg": ""})


def test_outside_of_any_run_nothing_is_claimed(place: Path) -> None:
    assert not outer_claims.by_outer_run(str(place / "a-12345678/.tox/py312"))


def test_an_empty_variable_claims_nothing(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(outer_claims.VARIABLE, "")

    assert not outer_claims.by_outer_run(str(place / "a-12345678/.tox/py312"))


def test_a_command_knows_that_its_environment_is_claimed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_in(place / "a-12345678/.tox/py312", place, monkeypatch)

    assert outer_claims.by_outer_run(str(place / "a-12345678/.tox/py312"))


@pytest.mark.parametrize(
    "other",
    [
        "a-12345678/.nox/tests",
        "a-12345678/.tox",
        "a-12345678/.tox/py312/lib",
        "a-12345678/.tox/py31",
        "a-12345678/.tox/py3123",
        "",
    ],
    ids=["another environment", "what it lies in", "what lies in it", "a shorter name", "a longer name", "the store"],
)
def test_nothing_but_the_claimed_environment_is_claimed(
    other: str, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_in(place / "a-12345678/.tox/py312", place, monkeypatch)

    assert not outer_claims.by_outer_run(str(place / other))


def test_runs_in_runs_have_all_of_their_environments_claimed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    paths = [place / f"a-12345678/.tox/{name}" for name in ("a", "b", "c")]
    for path in paths:
        run_in(path, place, monkeypatch)

    assert [outer_claims.by_outer_run(str(path)) for path in paths] == [True, True, True]
    assert not outer_claims.by_outer_run(str(place / "a-12345678/.tox/d"))


def test_a_run_does_not_count_its_own_claims_as_those_around_it(place: Path) -> None:
    path = str(place / "a-12345678/.tox/py312")

    outer_claims.variables(str(place), path)

    assert not outer_claims.by_outer_run(path)


def test_another_process_is_told(place: Path) -> None:
    paths = [str(place / "a-12345678/.tox/py312"), str(place / "a-12345678/.nox/tests")]
    variables = {**os.environ, **outer_claims.variables(str(place), paths[0])}

    said = subprocess.run(
        [sys.executable, "-c", ASK, *paths], env=variables, capture_output=True, text=True, check=True
    )

    assert said.stdout == "[True, False]\n"


@posix_only
@pytest.mark.parametrize("claimed", ["store", "link"])
def test_a_store_is_the_same_one_through_a_link(
    claimed: str, place: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "link").symlink_to(place)
    asked = "link" if claimed == "store" else "store"

    run_in(base / claimed / "a-12345678/.tox/py312", base / claimed, monkeypatch)

    assert outer_claims.by_outer_run(str(base / asked / "a-12345678/.tox/py312"))


def test_an_environment_that_does_not_exist_yet_can_be_claimed(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_in(place / "a-12345678/.tox/new", place, monkeypatch)

    assert outer_claims.by_outer_run(str(place / "a-12345678/.tox/new"))


@pytest.mark.parametrize(
    "name",
    [
        f"a{os.pathsep}b",
        f"{os.pathsep}",
        "a b",
        " a ",
        pytest.param("a\nb", marks=posix_only),
        pytest.param('"a"', marks=posix_only),
        pytest.param("a\\\\b", marks=posix_only),
        pytest.param("\udcff", marks=posix_only),
    ],
)
def test_any_name_can_be_claimed(name: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run_in(place / name / "py312", place, monkeypatch)
    run_in(place / "other", place, monkeypatch)

    assert outer_claims.by_outer_run(str(place / name / "py312"))
    assert outer_claims.by_outer_run(str(place / "other"))


def test_no_part_of_a_name_is_taken_for_a_claimed_path(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = Path(f"{base}{os.pathsep}{base}")

    run_in(path, base, monkeypatch)

    assert not outer_claims.by_outer_run(str(base))


def test_no_two_claims_make_a_third(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("a", "b"):
        run_in(base / name, base, monkeypatch)

    assert not outer_claims.by_outer_run(f"{base / 'a'}{base / 'b'}")
    assert not outer_claims.by_outer_run(f"{base / 'a'}{os.sep * 4}{base / 'b'}")


# the store and the switch


def test_a_command_finds_the_store_of_the_run_around_it(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = load_settings(None).store

    run_in(place / "a-12345678/.tox/py312", place, monkeypatch)

    assert (load_settings(None).store, before != str(place)) == (str(place), True)


@pytest.mark.parametrize("switch", ["0", "1", ""])
def test_the_switch_reaches_commands_as_it_is(switch: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRAL_VENV", switch)

    assert outer_claims.variables(str(place), str(place / "a"))["CENTRAL_VENV"] == switch


def test_a_switch_that_is_not_set_is_not_told(place: Path) -> None:
    assert set(outer_claims.variables(str(place), str(place / "a"))) == {outer_claims.VARIABLE, "CENTRAL_VENV_HOME"}


def test_telling_changes_nothing_here(place: Path) -> None:
    before = dict(os.environ)

    outer_claims.variables(str(place), str(place / "a"))

    assert dict(os.environ) == before
