"""Which directory a project is, and its one spelling."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn
from unicodedata import normalize

import pytest
from central_venv import project_home
from central_venv.errors import ProjectNotFoundError, SettingsError
from central_venv.policy.project import LAST_RESORT_MARKER, MARKERS, find_root, true_path
from support.faults import UNREADABLE, needs_unreadable
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from support.mounts import Mounts

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, and names of any bytes, are POSIX")


@pytest.fixture
def forgetful(base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A directory on what looks like a file system that ignores case and Unicode form but remembers both."""
    real = os.lstat

    def fold(name: str) -> str:
        return normalize("NFD", normalize("NFD", name).casefold())

    def lstat(path: str) -> os.stat_result:
        try:
            return real(path)
        except FileNotFoundError:
            parent, name = os.path.split(path)
            for entry in os.listdir(parent):
                if fold(entry) == fold(name):
                    return real(os.path.join(parent, entry))
            raise

    monkeypatch.setattr(os, "lstat", lstat)
    monkeypatch.setattr(os.path, "realpath", os.path.abspath)
    return base


@pytest.fixture
def caseless_mount(base: Path) -> Iterator[Path]:
    """A directory that ignores case and Unicode form for real."""
    directory = base / "mount"
    directory.mkdir()
    if (base / "MOUNT").exists():  # as usual on macOS and Windows
        yield directory
        return
    mount = ["mount", "-t", "tmpfs", "-o", "casefold", "none", str(directory)]
    try:
        mounted = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    except FileNotFoundError:
        mounted = False
    if not mounted:
        pytest.skip("no file system here can ignore case: it takes root and Linux >= 6.13 with CONFIG_UNICODE")
    try:
        folding = directory / "folding"
        folding.mkdir()
        subprocess.run(["chattr", "+F", str(folding)], check=True)
        yield folding
    finally:
        subprocess.run(["umount", str(directory)], check=True)


def test_a_true_path_is_its_own_true_path(base: Path) -> None:
    assert true_path(str(base)) == str(base)


@posix_only
def test_the_root_directory_is_its_own_true_path() -> None:
    assert (true_path("/"), true_path("//"), true_path("/..")) == ("/", "/", "/")


@pytest.mark.parametrize(
    "spelling",
    [
        pytest.param("project", id="relative"),
        pytest.param("./project/", id="with a dot and a slash at the end"),
        pytest.param("project//.", id="with a doubled slash"),
        pytest.param("other/../project", id="with a step up"),
        pytest.param("link", id="a link"),
        pytest.param("links/link", id="a link below a link"),
        pytest.param("other/up/project", id="a link to a directory above"),
    ],
)
@posix_only
def test_every_spelling_of_a_directory_has_one_true_path(
    spelling: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for directory in ("project", "other"):
        (base / directory).mkdir()
    for link, target in {"link": "project", "links": "other", "other/link": "../link", "other/up": str(base)}.items():
        (base / link).symlink_to(target)
    monkeypatch.chdir(base)

    assert true_path(spelling) == f"{base}/project"


@posix_only
def test_a_step_up_leaves_the_target_of_a_link_and_not_the_link(base: Path) -> None:
    (base / "a" / "b").mkdir(parents=True)
    (base / "link").symlink_to("a/b")

    assert true_path(f"{base}/link/..") == f"{base}/a"


def test_a_missing_path_is_made_absolute(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(base)

    assert true_path(os.path.join("Missing", "Deeper")) == str(base / "Missing" / "Deeper")


@posix_only
def test_a_dangling_link_and_a_loop_of_links_have_true_paths(base: Path) -> None:
    (base / "dangling").symlink_to("Missing")
    (base / "loop").symlink_to("loop")

    assert (true_path(f"{base}/dangling"), true_path(f"{base}/loop")) == (f"{base}/Missing", f"{base}/loop")


@posix_only
@pytest.mark.parametrize("name", [b"\xff\xfe", b"a\nb", b"\x1b[31m", "日本".encode(), "e\u0301".encode(), b"a\\b"])
def test_every_name_keeps_its_bytes(name: bytes, base: Path) -> None:
    if sys.platform == "darwin" and name == b"\xff\xfe":
        pytest.skip("macOS refuses names that are not UTF-8")
    path = os.path.join(os.fsencode(base), name)
    os.mkdir(path)

    assert os.fsencode(true_path(os.fsdecode(path))) == path


@posix_only
def test_names_that_differ_in_case_are_two_directories_where_they_can_be(base: Path) -> None:
    (base / "foo").mkdir()
    if (base / "FOO").exists():
        pytest.skip("this file system ignores case")
    (base / "FOO").mkdir()

    assert (true_path(f"{base}/foo"), true_path(f"{base}/FOO")) == (f"{base}/foo", f"{base}/FOO")


def test_a_directory_that_is_not_there_is_not_one_that_differs_in_case(base: Path) -> None:
    (base / "foo").mkdir()
    if (base / "FOO").exists():
        pytest.skip("this file system ignores case")

    assert true_path(str(base / "FOO")) == str(base / "FOO")


@posix_only
def test_a_name_with_two_stored_ones_that_differ_only_to_some_is_left_as_it_is(
    forgetful: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "listdir", lambda _: ["STRASSE", "stra\u00dfe"])
    monkeypatch.setattr(os, "lstat", lambda _: os.stat_result(range(10)))

    assert true_path("/STRA\u00dfE") == "/STRA\u00dfE"


@pytest.mark.parametrize("asked", ["Proj", "PROJ", "proj", "pROJ"])
def test_where_each_spelling_has_a_number_of_its_own_the_stored_one_counts(
    asked: str, base: Path, mounts: Mounts
) -> None:
    image = mounts.image("vfat", base / "image")
    drive = mounts.program(base / "drive", "fusefat", "-o", "rw+", image, base / "drive")
    (drive / "Proj").mkdir()
    assert len({(drive / name).stat().st_ino for name in ("Proj", "PROJ")}) == 2

    assert true_path(str(drive / asked)) == str(drive / "Proj")


@posix_only
def test_another_spelling_that_is_a_link_to_the_directory_does_not_confuse(base: Path) -> None:
    (base / "FOO").mkdir()
    if (base / "foo").exists():
        pytest.skip("this file system ignores case")
    (base / "foo").symlink_to("FOO")

    assert (true_path(f"{base}/foo"), true_path(f"{base}/FOO")) == (f"{base}/FOO", f"{base}/FOO")


SPELLINGS = [
    pytest.param("Foo", "fOO", id="swapped case"),
    pytest.param("Foo", "FOO", id="capitals"),
    pytest.param("Foo", "Foo", id="the stored spelling"),
    pytest.param("caf\u00e9", "CAF\u00c9", id="case beyond ASCII"),
    pytest.param("caf\u00e9", "cafe\u0301", id="decomposed for composed"),
    pytest.param("cafe\u0301", "caf\u00e9", id="composed for decomposed"),
    pytest.param("\ud55c\uae00", normalize("NFD", "\ud55c\uae00"), id="a script without case"),
    pytest.param("12-3", "12-3", id="a name without another spelling"),
    pytest.param("\u65e5\u672c", "\u65e5\u672c", id="a name of one form without another spelling"),
]


@posix_only
@pytest.mark.parametrize(("stored", "asked"), SPELLINGS)
def test_a_name_is_spelled_as_its_file_system_lists_it(stored: str, asked: str, forgetful: Path) -> None:
    (forgetful / stored / "Below").mkdir(parents=True)

    assert true_path(f"{forgetful}/{asked}/BELOW") == f"{forgetful}/{stored}/Below"


@pytest.mark.parametrize(("stored", "asked"), SPELLINGS)
def test_a_name_is_spelled_as_its_real_file_system_lists_it(stored: str, asked: str, caseless_mount: Path) -> None:
    (caseless_mount / stored / "Below").mkdir(parents=True)

    assert true_path(str(caseless_mount / asked / "BELOW")) == str(caseless_mount / stored / "Below")


@posix_only
def test_a_directory_that_cannot_be_listed_leaves_the_spelling(
    forgetful: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> NoReturn:
        raise PermissionError(errno.EACCES, "", path)

    (forgetful / "Foo").mkdir()
    monkeypatch.setattr(os, "lstat", lambda _: os.stat_result(range(10)))
    monkeypatch.setattr(os, "listdir", refuse)

    assert true_path(f"{forgetful}/foo") == f"{forgetful}/foo"


@posix_only
def test_a_name_that_no_listing_shows_is_left_as_it_is(forgetful: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "lstat", lambda _: os.stat_result(range(10)))
    monkeypatch.setattr(os, "listdir", lambda _: ["another"])

    assert true_path("/Hidden") == "/Hidden"


@posix_only
def test_directories_are_not_listed_on_a_file_system_that_knows_case(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "Foo").mkdir()
    if (base / "fOO").exists():
        pytest.skip("this file system ignores case")
    listed: list[str] = []
    monkeypatch.setattr(os, "listdir", listed.append)

    true_path(f"{base}/Foo")

    assert listed == []


@posix_only
def test_a_project_behind_a_symlink_has_the_home_of_its_target(project: Path, base: Path) -> None:
    (base / "link").symlink_to(project)

    home, same = project_home(project), project_home(base / "link")

    assert home is not None
    assert same is not None
    assert (home.root, home.path) == (same.root, same.path)


@pytest.mark.parametrize("marker", MARKERS)
def test_the_nearest_directory_with_a_marker_is_the_project(marker: str, base: Path) -> None:
    write_tree(base, {"pyproject.toml": "", f"inner/{marker}": "", "inner/.git/HEAD": "", "inner/a/b/file": ""})

    assert find_root(str(base / "inner" / "a" / "b")) == str(base / "inner")


def test_a_directory_with_a_marker_is_a_project_itself(project: Path) -> None:
    assert find_root(str(project)) == str(project)


def test_a_repository_is_a_project_if_nothing_else_is(outside: Path) -> None:
    write_tree(outside, {f"{LAST_RESORT_MARKER}/HEAD": "", "a/b/file": ""})

    assert find_root(str(outside / "a" / "b")) == str(outside)


def test_a_marker_above_a_repository_goes_before_the_repository(base: Path) -> None:
    write_tree(base, {"tox.ini": "", "inner/.git/HEAD": ""})

    assert find_root(str(base / "inner")) == str(base)


def test_a_worktree_whose_git_is_a_file_is_a_repository(outside: Path) -> None:
    write_tree(outside, {".git": "gitdir: elsewhere", "a/file": ""})

    assert find_root(str(outside / "a")) == str(outside)


@posix_only
def test_the_search_goes_up_from_the_target_of_a_link(project: Path, base: Path) -> None:
    write_tree(base, {"tox.ini": ""})
    (project / "sub").mkdir()
    (base / "link").symlink_to(project / "sub")

    assert find_root(str(base / "link")) == str(project)


def test_no_marker_anywhere_is_no_project(outside: Path) -> None:
    with pytest.raises(ProjectNotFoundError) as caught:
        find_root(str(outside))

    assert caught.value.message == f"no project in `{outside}` or above it"
    assert caught.value.hint == (
        "go to a directory with one of `pyproject.toml`, `tox.ini`, `tox.toml`, `noxfile.py`, `setup.py`, `setup.cfg`, "
        "`mise.toml`"
    )
    assert listing(outside) == set()


@needs_unreadable
def test_a_pyproject_that_may_be_a_workspace_s_is_not_taken_for_none(base: Path) -> None:
    member = write_tree(base / "member", {"pyproject.toml": ""})
    (base / "pyproject.toml").symlink_to(UNREADABLE)

    with pytest.raises(SettingsError, match=f"cannot read `{base}/pyproject.toml`"):
        find_root(str(member))
