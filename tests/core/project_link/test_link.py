"""A link in the project that leads to what lies in the store."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple, NoReturn

import pytest
from central_venv.errors import LinkError
from central_venv.project_link import link
from central_venv.project_link.runner_link import make_link
from support.git import make_repository, needs_git, shown
from support.mounts import mounted
from support.trees import contents, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links to anything, pipes and modes are POSIX")

#: Makes the link as soon as there is something to read.
MAKE = """
import sys
from central_venv.project_link.runner_link import make_link
print("ready", flush=True)
sys.stdin.readline()
print(make_link(*sys.argv[1:]))
"""


class Place(NamedTuple):
    """Where a link belongs, and where it is to lead."""

    path: Path
    target: Path

    def make(self) -> bool:
        return make_link(str(self.path), str(self.target))


@pytest.fixture
def place(project: Path, base: Path) -> Place:
    target = base / "store" / "project-12345678" / ".nox"
    write_tree(target, {"tests/pyvenv.cfg": ""})
    return Place(project / ".nox", target)


def refused(place: Place) -> LinkError:
    """The error of a link that cannot be made; nothing has changed in the project."""
    before = contents(place.path.parent)
    with pytest.raises(LinkError) as caught:
        place.make()
    assert contents(place.path.parent) == before
    return caught.value


def leads_to(path: Path) -> str:
    return os.readlink(path).removeprefix("\\\\?\\")


def test_the_environments_are_found_through_the_link(place: Place) -> None:
    assert place.make() is True

    assert leads_to(place.path) == str(place.target)
    assert (place.path / "tests" / "pyvenv.cfg").is_file()


def test_nothing_but_the_link_is_made(place: Place) -> None:
    before = contents(place.path.parent)

    place.make()

    assert set(contents(place.path.parent)) - {".nox/tests", ".nox/tests/pyvenv.cfg"} == {*before, ".nox"}


@needs_git
def test_git_does_not_show_the_link(place: Place) -> None:
    make_repository(place.path.parent)

    place.make()

    assert shown(place.path.parent) == []


@posix_only
@needs_git
def test_a_link_that_cannot_be_made_leaves_git_alone(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: str) -> NoReturn:
        raise PermissionError(13, "")

    make_repository(place.path.parent)
    monkeypatch.setattr(link, "place", refuse)

    refused(place)


def test_a_link_that_is_right_is_left_alone(place: Place) -> None:
    place.make()
    before = os.lstat(place.path)

    assert place.make() is False

    assert os.lstat(place.path) == before


def test_the_environments_stay_when_the_link_is_replaced(place: Place, base: Path) -> None:
    make_link(str(place.path), str(write_tree(base / "store" / "old-87654321" / ".nox", {"a/pyvenv.cfg": ""})))

    place.make()

    assert (base / "store" / "old-87654321" / ".nox" / "a" / "pyvenv.cfg").is_file()
    assert leads_to(place.path) == str(place.target)


@posix_only
@pytest.mark.parametrize(
    "old",
    [
        "{base}/store/old-87654321/.nox",
        "{base}/another/old-87654321/.nox",
        "{base}/another/project-12345678/.nox",
        "../store/old-87654321/.nox",
        "../store/project-12345678/.nox",
    ],
    ids=["another home", "another store", "the home in another store", "relative", "relative to the same"],
)
def test_a_link_to_what_is_called_so_in_a_home_is_replaced(old: str, place: Place, base: Path) -> None:
    place.path.symlink_to(old.format(base=base))

    assert place.make() is True

    assert leads_to(place.path) == str(place.target)
    assert set(os.listdir(place.path.parent)) == {".nox", "pyproject.toml"}


@posix_only
@pytest.mark.parametrize(
    "old",
    [
        "{base}/store/old-87654321/.tox",
        "{base}/store/old-87654321",
        "{base}/elsewhere/.nox",
        "{base}/old-87654321/deeper/.nox",
        "elsewhere",
        ".nox",
    ],
    ids=["another name", "a home itself", "no home", "deeper than a home", "relative", "a loop"],
)
def test_somebody_elses_link_stays(old: str, place: Place, base: Path) -> None:
    old = old.format(base=base)
    place.path.symlink_to(old)

    error = refused(place)

    assert (error.message, error.hint) == (
        f"`{place.path}` is taken, so it cannot lead to `{place.target}`",
        "move it away if nothing needs it; the link is made in its place",
    )


@pytest.mark.parametrize("kind", ["file", "empty directory", "environments", pytest.param("pipe", marks=posix_only)])
def test_whatever_else_is_there_stays(kind: str, place: Place) -> None:
    if kind == "file":
        place.path.write_text("precious")
    elif kind == "pipe":
        os.mkfifo(place.path)
    else:
        write_tree(place.path, {"tests/pyvenv.cfg": "precious"} if kind == "environments" else {})

    assert refused(place).message.startswith(f"`{place.path}` is taken, ")


@posix_only
def test_a_link_can_be_made_where_the_project_is_reached_through_one(place: Place, base: Path) -> None:
    (base / "link").symlink_to(place.path.parent)

    make_link(str(base / "link" / ".nox"), str(place.target))

    assert leads_to(place.path) == str(place.target)


@posix_only
@pytest.mark.parametrize("name", ["a b", "a:b", "a\nb", "é", *(["\udcff"] if sys.platform == "linux" else [])])
def test_a_projects_directory_can_be_called_anything(name: str, place: Place, base: Path) -> None:
    (base / name).mkdir()

    make_link(str(base / name / ".nox"), str(place.target))

    assert leads_to(base / name / ".nox") == str(place.target)


# where no link can be made


def test_a_projects_directory_that_is_gone_is_told(place: Place, base: Path) -> None:
    with pytest.raises(LinkError) as caught:
        make_link(str(base / "gone" / ".nox"), str(place.target))

    assert caught.value.message.startswith(f"cannot make the link `{base / 'gone' / '.nox'}`: ")
    assert caught.value.hint == "make its directory writable, or do without the link"
    assert not (base / "gone").exists()


@posix_only
def test_a_file_in_the_place_of_the_projects_directory_is_told(place: Place, base: Path) -> None:
    (base / "file").touch()

    with pytest.raises(LinkError, match="not a directory"):
        make_link(str(base / "file" / ".nox"), str(place.target))


@posix_only
def test_a_projects_directory_that_is_a_loop_is_told(place: Place, base: Path) -> None:
    (base / "loop").symlink_to("loop")

    with pytest.raises(LinkError, match="too many levels of symbolic links"):
        make_link(str(base / "loop" / ".nox"), str(place.target))


def test_a_read_only_project_is_told(place: Place, read_only_disk: Path) -> None:
    with pytest.raises(LinkError, match="read-only file system"):
        make_link(str(read_only_disk / ".nox"), str(place.target))


@posix_only
def test_a_link_that_is_right_in_a_read_only_project_is_fine(place: Place, base: Path) -> None:
    with mount(base / "disk") as disk:
        make_link(str(disk / ".nox"), str(place.target))
        remount(disk, "ro")

        assert make_link(str(disk / ".nox"), str(place.target)) is False


@posix_only
def test_a_link_that_cannot_be_replaced_stays(place: Place, base: Path) -> None:
    with mount(base / "disk") as disk:
        (disk / ".nox").symlink_to(base / "store" / "old-87654321" / ".nox")
        remount(disk, "ro")

        with pytest.raises(LinkError, match="read-only file system"):
            make_link(str(disk / ".nox"), str(place.target))

        assert leads_to(disk / ".nox") == str(base / "store" / "old-87654321" / ".nox")


@contextmanager
def mount(directory: Path) -> Iterator[Path]:
    try:
        with mounted(directory, "size=64k") as disk:
            yield disk
    except PermissionError as error:
        pytest.skip(f"cannot mount a file system: {error}")


def remount(disk: Path, option: str) -> None:
    subprocess.run(["mount", "-o", f"remount,{option}", disk], check=True)


def test_a_directory_that_may_not_be_looked_into_is_told(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> NoReturn:
        raise PermissionError(13, "", path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "lstat", refuse)
        with pytest.raises(LinkError) as caught:
            place.make()

    assert caught.value.message == f"cannot make the link `{place.path}`: permission denied"


@posix_only
@pytest.mark.parametrize("function", ["symlink", "replace"])
def test_a_failed_replacement_leaves_what_was_there(
    function: str, place: Place, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: str) -> NoReturn:
        raise PermissionError(1, "")

    place.path.symlink_to(base / "store" / "old-87654321" / ".nox")
    monkeypatch.setattr(os, function, refuse)

    error = refused(place)

    assert error.message == f"cannot make the link `{place.path}`: operation not permitted"


@posix_only
def test_an_interrupted_replacement_leaves_nothing_of_its_own(
    place: Place, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: str) -> NoReturn:
        raise KeyboardInterrupt

    place.path.symlink_to(base / "store" / "old-87654321" / ".nox")
    before = contents(place.path.parent)
    monkeypatch.setattr(os, "replace", interrupt)

    with pytest.raises(KeyboardInterrupt):
        place.make()

    assert contents(place.path.parent) == before


# what others do meanwhile


def after_a_look(act: Callable[[], object], monkeypatch: pytest.MonkeyPatch) -> None:
    """Lets something happen between the first look at the path and what follows."""
    look, looked = link.target_of, False

    def target(path: str) -> str | None:
        nonlocal looked
        found = look(path)
        if not looked:
            looked = True
            act()
        return found

    monkeypatch.setattr(link, "target_of", target)


def test_a_run_that_made_the_same_link_meanwhile_did_the_work(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    after_a_look(place.make, monkeypatch)

    assert place.make() is False

    assert leads_to(place.path) == str(place.target)


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_what_somebody_put_there_meanwhile_stays(kind: str, place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    after_a_look(place.path.touch if kind == "file" else place.path.mkdir, monkeypatch)

    with pytest.raises(LinkError, match="is taken"):
        place.make()

    assert place.path.is_file() == (kind == "file")
    assert not place.path.is_symlink()


@posix_only
def test_an_old_link_that_was_replaced_meanwhile_is_right(
    place: Place, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.path.symlink_to(base / "store" / "old-87654321" / ".nox")
    after_a_look(place.make, monkeypatch)

    place.make()

    assert leads_to(place.path) == str(place.target)
    assert set(os.listdir(place.path.parent)) == {".nox", "pyproject.toml"}


@posix_only
@pytest.mark.parametrize("now", ["nothing", "directory"])
def test_a_link_that_is_gone_when_it_is_read_is_no_crash(
    now: str, place: Place, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.path.symlink_to(base / "store" / "old-87654321" / ".nox")
    real = os.readlink

    def readlink(path: str) -> str:
        place.path.unlink()
        if now == "directory":
            place.path.mkdir()
        return real(path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "readlink", readlink)
        with pytest.raises(LinkError, match="cannot make the link"):
            place.make()

    assert place.make() is True if now == "nothing" else refused(place)


@posix_only
@pytest.mark.parametrize("old", [False, True], ids=["a first link", "a replacement"])
def test_several_processes_at_once_make_one_link(
    old: bool,  # noqa: FBT001
    place: Place,
    base: Path,
) -> None:
    if old:
        place.path.symlink_to(base / "store" / "old-87654321" / ".nox")
    command = [sys.executable, "-c", MAKE, str(place.path), str(place.target)]
    processes = [
        subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(6)
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    said = [process.communicate() for process in processes]

    assert {(out.strip(), err) for out, err in said} <= {("True", ""), ("False", "")}
    assert old or [out.strip() for out, _ in said].count("True") == 1
    assert leads_to(place.path) == str(place.target)
    assert set(os.listdir(place.path.parent)) == {".nox", "pyproject.toml"}
