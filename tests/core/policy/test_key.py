"""The name of a project's home."""

from __future__ import annotations

import json
import ntpath
import os
import string
import sys
from pathlib import Path

import pytest
from central_venv.policy.key import digest, home_name, slug
from hypothesis import example, given
from hypothesis import strategies as st

VECTORS = json.loads(Path(__file__).with_name("key-vectors.json").read_text(encoding="utf-8"))["vectors"]
POSIX = [vector for vector in VECTORS if vector["flavour"] == "posix"]
WINDOWS = [vector for vector in VECTORS if vector["flavour"] == "windows"]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="paths with slashes, names of any bytes")
anything = st.text(st.characters(exclude_characters="\0", exclude_categories=()))
names = st.binary(min_size=1, max_size=255).map(lambda raw: os.fsdecode(raw.replace(b"\0", b"x").replace(b"/", b"x")))


def test_every_vector_has_a_flavour_that_is_checked() -> None:
    assert len(POSIX) + len(WINDOWS) == len(VECTORS) > 20


@posix_only
@pytest.mark.parametrize("vector", POSIX, ids=[ascii(vector["root"]) for vector in POSIX])
def test_the_home_of_a_posix_path_is_as_agreed(vector: dict[str, str]) -> None:
    assert home_name(vector["root"]) == vector["home"]


@pytest.mark.parametrize("vector", VECTORS, ids=[ascii(vector["root"]) for vector in VECTORS])
def test_the_halves_of_a_name_are_as_agreed_on_every_system(vector: dict[str, str]) -> None:
    name = ntpath.basename(vector["root"]) if vector["flavour"] == "windows" else vector["root"].rpartition("/")[2]

    halves = slug(name), digest(vector["root"])

    assert halves == (vector["slug"], vector["hash"])
    assert vector["home"] == "-".join(halves)


@pytest.mark.parametrize(
    ("component", "expected"),
    [
        pytest.param("foo", "foo", id="plain letters stay"),
        pytest.param("FooBar", "foobar", id="capitals become small"),
        pytest.param("a.b__c d", "a-b-c-d", id="each run of others becomes one dash"),
        pytest.param("--a--", "a", id="no dash at the ends"),
        pytest.param("0123456789abcdefghijklmnopqrst", "0123456789abcdefghijklmn", id="24 characters at most"),
        pytest.param("0123456789abcdefghijklm-opq", "0123456789abcdefghijklm", id="no dash where it is cut"),
        pytest.param("", "project", id="the root directory has no name"),
        pytest.param("..", "project", id="nothing to show"),
        pytest.param("٣", "project", id="digits of other scripts are no digits"),
        pytest.param("\u212aelvin", "kelvin", id="lower case is that of Unicode"),
        pytest.param("a\udcffb", "a-b", id="an undecodable byte is no letter"),
    ],
)
def test_a_slug_shows(component: str, expected: str) -> None:
    assert slug(component) == expected


@given(anything)
def test_a_slug_is_short_and_plain(component: str) -> None:
    text = slug(component)

    assert 1 <= len(text) <= 24
    assert set(text) <= set(string.ascii_lowercase + string.digits + "-")
    assert not text.startswith("-")
    assert not text.endswith("-")
    assert "--" not in text


@given(anything)
def test_the_slug_of_a_slug_is_itself(component: str) -> None:
    assert slug(slug(component)) == slug(component)


@posix_only
@given(names)
@example("\udcff\udcfe")
def test_every_name_that_a_file_can_have_makes_a_short_home_name(name: str) -> None:
    home = home_name(f"/srv/{name}")

    assert home == f"{slug(name)}-{digest(f'/srv/{name}')}"
    assert len(home) <= 24 + 1 + 8
    assert set(home) <= set(string.ascii_lowercase + string.digits + "-")
    assert set(home[-8:]) <= set(string.hexdigits.lower())


@posix_only
@given(names, names)
def test_two_names_have_one_home_only_if_they_are_one(first: str, second: str) -> None:
    assert (home_name(f"/srv/{first}") == home_name(f"/srv/{second}")) == (first == second)


@posix_only
def test_undecodable_bytes_are_hashed_as_they_are_on_disk() -> None:
    assert digest(os.fsdecode(b"/srv/\xff")) == "a43213b9"
