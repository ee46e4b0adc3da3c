"""The trash: what is renamed into it, who deletes it, and what may be wrong with it."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import tempfile
import time
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.errors import StoreError
from central_venv.store.lock import Lock
from central_venv.store.trash import Trash, empty_in_background, empty_leftovers, leftovers
from support.environments import seal
from support.mounts import mounted
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.commands import Runner

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, modes and signals are POSIX")

background = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")

PATIENCE = 60

TAKE = """
import sys
from central_venv.store.trash import Trash
trash = Trash(sys.argv[1])
for name in sys.argv[2:]:
    trash.take(name)
print("taken", flush=True)
sys.stdin.readline()
trash.empty()
"""
#: Removes all of a project as a user who is not root. What is loaded later may be closed to that user.
CLEAN_UNPRIVILEGED = """
import contextlib, json, locale, os, sys, threading, traceback
from central_venv.cli import main
store, project, *read_only = sys.argv[1:]
os.environ["CENTRAL_VENV_HOME"] = os.path.join(store, "nowhere")
with contextlib.redirect_stdout(open(os.devnull, 'w')):
    main(["clean", "--yes", "--project", project])
if os.getuid() == 0:
    for top in (store, project):
        for directory, directories, files in os.walk(top):
            for name in [".", *directories, *files]:
                os.chown(os.path.join(directory, name), 65534, 65534, follow_symlinks=False)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
for top in read_only:
    for directory, directories, files in os.walk(top, topdown=False):
        for name in [*files, "."]:
            os.chmod(os.path.join(directory, name), os.stat(os.path.join(directory, name)).st_mode & ~0o222)
os.environ["CENTRAL_VENV_HOME"] = store
status = main(["clean", "--yes", "--project", project])
sys.stdout.flush()
os._exit(status)  # whatever watches this process may not write as this user
"""


@pytest.fixture
def place(base: Path) -> Path:
    """A store."""
    Store(str(base / "store")).prepare()
    return base / "store"


def write_home(place: Path, name: str = "home") -> Path:
    return write_tree(place / name, {".tox/py312/pyvenv.cfg": "", ".tox/py312/lib/a.py": "x" * 5000})


@contextmanager
def taking(place: Path, *names: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that has renamed homes into the trash and has not deleted them yet."""
    process = subprocess.Popen(
        [sys.executable, "-c", TAKE, str(place), *names], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        yield process
    finally:
        process.kill()
        process.communicate()


def leave_behind(place: Path, name: str = "home") -> None:
    """A process is killed after it renamed a home into the trash."""
    write_home(place, name)
    with taking(place, name):
        pass


def trash_of(place: Path) -> set[str]:
    return listing(place / ".trash")


# names and places


def test_naming_a_place_writes_nothing(place: Path) -> None:
    before = listing(place)

    trash = Trash(str(place))

    assert list(trash.names) == []
    assert listing(place) == before


def test_what_is_taken_lies_under_numbers_in_a_place_of_its_own(place: Path) -> None:
    first, second = write_home(place, "a"), write_home(place, "b")
    trash = Trash(str(place))

    trash.take("a", ".tox", "py312")
    trash.take("b")

    (name,) = {each.partition(os.sep)[0] for each in trash_of(place)} - {
        f"{leftover}.lock" for leftover in places(place)
    }
    assert name.startswith(f"{os.getpid()}-")
    assert list(trash.names) == ["0", "1"]
    assert sorted(os.listdir(place / ".trash" / name)) == ["0", "1"]
    assert (place / ".trash" / name / "0" / "pyvenv.cfg").exists()
    assert (first / ".tox").is_dir()
    assert not second.exists()


def places(place: Path) -> list[str]:
    return [name for name in os.listdir(place / ".trash") if not name.endswith(".lock")]


def test_a_place_is_locked_while_its_process_uses_it(place: Path) -> None:
    write_home(place)
    trash = Trash(str(place))
    trash.take("home")

    (name,) = places(place)

    assert Lock(str(place / ".trash" / f"{name}.lock")).held_elsewhere()
    assert leftovers(str(place)) == []


@posix_only
def test_the_trash_is_private(place: Path) -> None:
    write_home(place)
    os.rmdir(place / ".trash")
    trash = Trash(str(place))

    trash.take("home")

    modes = {path.stat().st_mode & 0o777 for path in [place / ".trash", *(place / ".trash").iterdir()]}
    assert modes == {0o700, 0o600}


def test_emptying_it_leaves_an_empty_directory(place: Path) -> None:
    write_home(place)
    trash = Trash(str(place))
    trash.take("home")

    deleted = trash.empty()

    assert (deleted.failures, deleted.complete) == ([], True)
    assert deleted.freed > 0
    assert trash_of(place) == set()


def test_emptying_it_with_nothing_in_it_makes_nothing(place: Path) -> None:
    before = listing(place)

    deleted = Trash(str(place)).empty()

    assert (deleted.freed, deleted.failures) == (0, [])
    assert listing(place) == before


def test_a_closed_one_is_left_to_the_next_who_looks(place: Path) -> None:
    write_home(place)
    trash = Trash(str(place))
    trash.take("home")

    trash.close()

    assert leftovers(str(place)) == places(place)
    assert len(places(place)) == 1


def test_a_closed_one_that_took_nothing_leaves_nothing(place: Path) -> None:
    trash = Trash(str(place))

    trash.close()

    assert trash_of(place) == set()


def test_progress_counts_what_was_taken(place: Path) -> None:
    trash = Trash(str(place))
    for name in "abc":
        write_home(place, name)
        trash.take(name)
    seen: list[int] = []

    trash.empty(on_progress=seen.append)

    assert seen[-1] == 3


def test_what_is_not_there_cannot_be_taken(place: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Trash(str(place)).take("missing")


@posix_only
@pytest.mark.parametrize("link", ["home", "home/.tox", "home/.tox/py312"])
def test_nothing_is_taken_through_a_link(place: Path, base: Path, link: str) -> None:
    write_home(place)
    (place / link).rename(base / "elsewhere")
    (place / link).symlink_to(base / "elsewhere")
    before = listing(base / "elsewhere")

    with pytest.raises(OSError) as caught:  # noqa: PT011  # the number tells
        Trash(str(place)).take("home", ".tox", "py312")

    assert caught.value.errno in {errno.ENOTDIR, errno.ELOOP}
    assert listing(base / "elsewhere") == before


@posix_only
def test_a_file_cannot_be_taken(place: Path) -> None:
    (place / "file").write_text("precious")

    with pytest.raises(NotADirectoryError):
        Trash(str(place)).take("file")

    assert (place / "file").read_text() == "precious"


# what killed processes left


def test_what_a_killed_process_left_is_finished_and_counted(place: Path) -> None:
    home = write_home(place)
    expected = sum(path.lstat().st_blocks * 512 for path in [home, *home.rglob("*")]) if sys.platform != "win32" else 0
    with taking(place, "home"):
        pass

    count, deleted = empty_leftovers(str(place))

    assert (count, deleted.failures) == (1, [])
    assert deleted.freed >= expected
    assert trash_of(place) == set()


def test_two_who_look_at_once_count_each_once(place: Path) -> None:
    for number in range(20):
        write_tree(place / ".trash" / f"{number}-00000000", {f"{each}/a": "1" for each in range(5)})
        (place / ".trash" / f"{number}-00000000.lock").touch()
    script = "import sys; from central_venv.store.trash import empty_leftovers; print(empty_leftovers(sys.argv[1])[0])"

    processes = [
        subprocess.Popen([sys.executable, "-c", script, str(place)], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    counts = [int(process.communicate()[0]) for process in processes]

    assert sum(counts) == 20
    assert trash_of(place) == set()


def test_each_of_several_is_counted_once(place: Path) -> None:
    for name in "abc":
        leave_behind(place, name)

    assert empty_leftovers(str(place))[0] == 3


def test_what_a_live_process_has_taken_is_left_to_it(place: Path) -> None:
    write_home(place)
    with taking(place, "home") as process:
        before = trash_of(place)

        found = (empty_leftovers(str(place))[0], leftovers(str(place)))

        assert found == (0, [])
        assert trash_of(place) == before
        process.communicate("go on\n")
    assert trash_of(place) == set()


def test_a_store_without_a_trash_has_no_leftovers(place: Path) -> None:
    os.rmdir(place / ".trash")

    assert (empty_leftovers(str(place))[0], leftovers(str(place))) == (0, [])
    assert not (place / ".trash").exists()


def test_a_place_without_a_lock_is_left_behind(place: Path) -> None:
    write_tree(place / ".trash" / "4711-00000000", {"0/a": "1"})

    assert leftovers(str(place)) == ["4711-00000000"]
    assert empty_leftovers(str(place))[0] == 1
    assert trash_of(place) == set()


def test_a_lock_without_a_place_is_removed_and_is_no_removal(place: Path) -> None:
    (place / ".trash" / "4711-00000000.lock").touch()

    assert leftovers(str(place)) == []
    assert empty_leftovers(str(place))[0] == 0
    assert trash_of(place) == set()


@posix_only
@pytest.mark.parametrize("kind", ["link", "file", "pipe"])
def test_what_has_the_name_of_a_removal_is_deleted_and_not_followed(place: Path, base: Path, kind: str) -> None:
    precious = write_tree(base / "precious", {"a/b": "1"})
    path = place / ".trash" / "4711-00000000"
    if kind == "link":
        path.symlink_to(precious)
    elif kind == "file":
        path.touch()
    else:
        os.mkfifo(path)

    empty_leftovers(str(place))

    assert trash_of(place) == set()
    assert listing(precious) == {"a", "a/b"}


FOREIGN = [
    "photo.jpg",
    "4711",
    "4711-0000000",
    "4711-0000000g",
    "x4711-00000000",
    "4711-00000000.txt",
    "old.lock",
    ".lock",
]


@pytest.mark.parametrize("name", FOREIGN)
def test_what_is_called_otherwise_stays_in_the_trash_and_is_told(
    name: str, place: Path, here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(place))
    precious = write_tree(place / ".trash" / name, {"a/b": "precious"})
    (place / ".trash" / f"{name}.lock").touch()
    leave_behind(place)

    said = run("prune", "--yes")

    assert said.status == 0
    assert f"kept 2 entries in `{place / '.trash'}`, which no removal put there: `{name}`, `{name}.lock`\n" in said.err
    assert "finished 1 removal" in said.err
    assert (precious / "a" / "b").read_text() == "precious"
    assert (place / ".trash" / f"{name}.lock").exists()
    assert f"2 entries are in `{place / '.trash'}` that no removal put there" in run("doctor").out


def test_what_was_taken_without_a_place_of_its_own_is_finished(place: Path) -> None:
    """As on a disk without room for a directory."""
    write_tree(place / ".trash" / "4711-0123456789abcdef", {"a/b": "1"})

    assert empty_leftovers(str(place))[0] == 1
    assert trash_of(place) == set()


@posix_only
@pytest.mark.parametrize("kind", ["link", "directory"])
def test_a_lock_that_is_no_file_does_not_keep_the_rest(place: Path, base: Path, kind: str) -> None:
    precious = write_tree(base / "precious", {"file": "1"})
    lock = place / ".trash" / "1-00000000.lock"
    if kind == "link":
        lock.symlink_to(precious / "file")
    else:
        lock.mkdir()
    leave_behind(place)

    with suppress(StoreError):
        empty_leftovers(str(place))

    assert [name for name in places(place) if not name.startswith("1-")] == []
    assert (precious / "file").read_text() == "1"


def test_a_leftover_of_which_something_cannot_be_deleted_is_told(
    place: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_behind(place)
    refuse_to_unlink("a.py", monkeypatch)
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(place))

    said = run("prune", "--yes")

    assert (said.status, said.out) == (1, "nothing to remove\n")
    assert "a.py" in said.err
    assert "finished" not in said.err


def refuse_to_unlink(refused: str, monkeypatch: pytest.MonkeyPatch) -> None:
    unlink = os.unlink

    def refuse(path: str, *, dir_fd: int | None = None) -> None:
        if os.path.basename(path) == refused:
            raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))
        unlink(path, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", refuse)


def test_a_removal_that_leaves_something_does_not_say_that_it_finished_another(
    place: Path,
    project: Path,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    prepare_home(place, project)
    refuse_to_unlink("pyvenv.cfg", monkeypatch)
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(place))

    said = run("clean", "--yes", "--project", str(project))

    assert said.status == 1
    assert said.out.startswith("removed 1 environment and 1 home, freed ")
    assert "cannot delete `" in said.err
    assert "broken off" not in said.err


def prepare_home(place: Path, project: Path) -> Path:
    """A recorded environment in a project's home."""
    return seal(Home(Store(str(place)), str(project)))


# what may be wrong with the trash


@posix_only
@pytest.mark.parametrize("kind", ["link", "broken link", "file"])
def test_a_trash_that_is_no_directory_is_told_and_nothing_is_removed(
    place: Path,
    project: Path,
    base: Path,
    kind: str,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = prepare_home(place, project)
    precious = write_tree(base / "precious", {"a/b": "1"})
    os.rmdir(place / ".trash")
    if kind == "file":
        (place / ".trash").touch()
    else:
        (place / ".trash").symlink_to(precious if kind == "link" else base / "nowhere")
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(place))

    said = run("clean", "--yes", "--project", str(project))

    assert said.status == 1
    assert f"`{place / '.trash'}`" in said.err
    assert path.exists()
    assert listing(precious) == {"a", "a/b"}
    assert not os.path.lexists(base / "nowhere")


@posix_only
@pytest.mark.parametrize("look", [empty_leftovers, leftovers])
@pytest.mark.parametrize("kind", ["link", "file"])
def test_nobody_looks_into_a_trash_that_is_no_directory(
    place: Path, base: Path, look: Callable[[str], object], kind: str
) -> None:
    precious = write_tree(base / "precious", {"a/b": "1"})
    os.rmdir(place / ".trash")
    (place / ".trash").symlink_to(precious) if kind == "link" else (place / ".trash").touch()

    with pytest.raises(StoreError) as caught:
        look(str(place))

    assert caught.value.message == f"`{place / '.trash'}` is not a directory, so nothing can be removed"
    assert listing(precious) == {"a", "a/b"}


@pytest.mark.parametrize("option", ["size=256k", "nr_inodes=80"], ids=["no space", "no inodes"])
def test_a_full_disk_can_be_cleaned(
    base: Path,
    project: Path,
    option: str,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    try:
        with mounted(base / "disk", option) as disk:
            place = disk / "store"
            path = prepare_home(place, project)
            fill(path, inodes=option.startswith("nr"))
            with pytest.raises(OSError, match="No space left"):
                (disk / "more").write_text("x")
            with suppress(FileNotFoundError):
                os.unlink(disk / "more")
            monkeypatch.setenv("CENTRAL_VENV_HOME", str(place))
            before = os.statvfs(disk)

            said = run("clean", "--yes", "--json", "--project", str(project))

            after = os.statvfs(disk)
            assert (said.status, said.answer["kept"]) == (0, [])
            assert not os.path.lexists(path.parent.parent)
            assert trash_of(place) == set()
            assert said.answer["freed"] == (after.f_bfree - before.f_bfree) * after.f_frsize
    except PermissionError as error:
        pytest.skip(f"this user may not mount: {error}")


def fill(path: Path, *, inodes: bool) -> None:
    """Use all of a file system."""
    with suppress(OSError), open(path / "fill", "wb", buffering=0) as file:
        while not inodes:
            file.write(b"x" * 4096)
    if inodes:
        with suppress(OSError):
            for number in range(1000):
                (path / str(number)).touch()


# read-only and undeletable


@posix_only
@pytest.mark.parametrize("name", [".tox/py312", ".tox/py312/lib"], ids=["the environment", "a part of it"])
def test_a_read_only_environment_is_removed(name: str) -> None:
    directory = Path(os.path.realpath(tempfile.mkdtemp(dir="/tmp")))
    directory.chmod(0o755)
    try:
        place, project = directory / "store", directory / "project"
        write_tree(project, {"pyproject.toml": ""})
        path = prepare_home(place, project)
        write_tree(path, {"lib/python3.12/site-packages/a/b.py": "1", "lib/python3.12/c.py": "2"})

        done = subprocess.run(
            [sys.executable, "-c", CLEAN_UNPRIVILEGED, place, project, path.parent.parent / name],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )

        assert (done.returncode, done.stderr) == (0, "")
        assert done.stdout.startswith("removed 1 environment and 1 home, freed ")
        assert not os.path.lexists(path)
        assert trash_of(place) == set()
    finally:
        shutil.rmtree(directory)


@posix_only
def test_one_of_several_environments_is_removed_although_it_is_read_only() -> None:
    directory = Path(os.path.realpath(tempfile.mkdtemp(dir="/tmp")))
    directory.chmod(0o755)
    try:
        place, project = directory / "store", directory / "project"
        write_tree(project, {"pyproject.toml": ""})
        path = prepare_home(place, project)
        (path.parent.parent / "foreign").touch()  # so that each environment goes alone

        done = subprocess.run(
            [sys.executable, "-c", CLEAN_UNPRIVILEGED, place, project, path],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )

        assert done.stdout.startswith("removed 1 environment, freed ")
        assert not os.path.lexists(path)
        assert trash_of(place) == set()
    finally:
        shutil.rmtree(directory)


def test_what_cannot_be_deleted_is_told_and_the_rest_is_gone(
    place: Path,
    project: Path,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    path = prepare_home(place, project)
    write_tree(path, {"stuck": "1", "lib/a": "2"})
    stuck_for_good = path / "stuck"
    program = shutil.which("chattr")
    made = program and subprocess.run([program, "+i", stuck_for_good], check=False, capture_output=True).returncode == 0
    if not made:
        pytest.skip("this user or this file system cannot make a file immutable")
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(place))
    try:
        said = run("clean", "--yes", "--project", str(project))

        (stuck,) = [path for path in (place / ".trash").rglob("*") if path.name == "stuck"]
        assert said.status == 1
        assert said.out.startswith("removed 1 environment and 1 home, freed ")
        assert f"error: cannot delete `{stuck}`: operation not permitted\n" in said.err
        assert [path for path in (place / ".trash").rglob("*") if path.is_file() and path.suffix != ".lock"] == [stuck]
    finally:
        for path in place.rglob("stuck"):
            subprocess.run([str(program), "-i", path], check=True)

    assert empty_leftovers(str(place))[0] == 1
    assert trash_of(place) == set()


# in the background


def wait_until_empty(place: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while left := os.listdir(place / ".trash"):
        assert time.monotonic() < deadline, left
        time.sleep(0.01)


@background
def test_another_process_empties_the_trash(place: Path) -> None:
    leave_behind(place)

    empty_in_background(str(place))

    wait_until_empty(place)


@background
def test_the_other_process_loads_no_module_of_the_current_directory(
    place: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    leave_behind(place)
    trap = write_tree(
        base / "trap",
        {"errno.py": f"open({str(base / 'sprung')!r}, 'w')", "subprocess.py": f"open({str(base / 'sprung')!r}, 'w')"},
    )
    (trap / "central_venv.py").write_text(f"open({str(base / 'sprung')!r}, 'w')")
    monkeypatch.chdir(trap)

    empty_in_background(str(place))

    wait_until_empty(place)
    assert not (base / "sprung").exists()


def test_a_process_that_cannot_be_started_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "executable", str(place / "nowhere"))

    with pytest.raises(StoreError, match="cannot start a process in"):
        empty_in_background(str(place))
