"""Deleting what was renamed out of the way: all of it, nothing else, and what that gives back."""

from __future__ import annotations

import json
import os
import shutil
import socket
import stat
import subprocess
import sys
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from central_venv.store import deletion
from central_venv.store.deleted import Deleted
from central_venv.store.deletion import delete
from support.mounts import mounted
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="blocks, links, modes and pipes are POSIX")
forks = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # those of pytest's plugins

pytestmark = [posix_only, pytest.mark.timeout(60)]

BLOCK = 512
MANY = 40  # enough to be shared by two processes

#: Deletes as a user who is not root, and tells what it knows.
UNPRIVILEGED = """
import json, os, stat, sys, threading
from central_venv.store.deletion import delete
if os.getuid() == 0:
    os.chown(sys.argv[1], 65534, 65534)
    for directory, directories, files in os.walk(sys.argv[1]):
        for name in directories + files:
            os.chown(os.path.join(directory, name), 65534, 65534, follow_symlinks=False)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
os.chdir(sys.argv[1])
for path, mode in json.loads(sys.argv[2]):
    os.chmod(path, mode)
deleted = delete(os.getcwd(), os.listdir(), on_progress=lambda _: None)
print(json.dumps([deleted.failures, deleted.freed, os.listdir()]))
"""
#: Deletes with two processes, whatever this machine has, and tells what it knows.
SHARED = """
import json, os, signal, sys
from central_venv.store import deletion, tree_deletion
deletion.worker_count = lambda maximum: min(2, maximum)
{}
deleted = deletion.delete(sys.argv[1], os.listdir(sys.argv[1]), on_progress=lambda _: None)
print(json.dumps([deleted.failures, deleted.freed, deleted.complete, os.listdir(sys.argv[1])]))
"""


@pytest.fixture
def trash(base: Path) -> Path:
    directory = base / "trash"
    directory.mkdir()
    return directory


def empty(trash: Path) -> Deleted:
    return delete(str(trash), os.listdir(trash), on_progress=lambda _: None)


def blocks(path: Path) -> int:
    """Bytes on disk of a tree, each inode once."""
    seen: dict[tuple[int, int], int] = {}
    for each in [path, *path.rglob("*")]:
        status = each.lstat()
        seen[status.st_dev, status.st_ino] = status.st_blocks * BLOCK
    return sum(seen.values())


def shared(trash: Path, code: str = "", **options: Any) -> tuple[list[list[str]], int, bool, list[str]]:
    """What two processes say that delete everything in a directory."""
    done = subprocess.run(
        [sys.executable, "-c", SHARED.format(code), str(trash)], check=True, stdout=subprocess.PIPE, **options
    )
    failures, freed, complete, left = json.loads(done.stdout)
    return failures, freed, complete, left


def write_many(trash: Path) -> None:
    for number in range(MANY):
        write_tree(trash / str(number), {"a/b": "x" * 5000, "c": "y"})


# everything


def test_everything_goes(trash: Path) -> None:
    write_tree(trash / "0", {"a/b/c": "1", "a/d": "2", "e": ""})
    (trash / "0" / "empty").mkdir()
    (trash / "0" / "link").symlink_to("a")
    (trash / "0" / "nowhere").symlink_to("missing")

    deleted = empty(trash)

    assert os.listdir(trash) == []
    assert (deleted.failures, deleted.complete) == ([], True)


def test_only_what_is_named_goes(trash: Path) -> None:
    write_tree(trash / "0", {"a": "1"})
    write_tree(trash / "1", {"a": "1"})

    delete(str(trash), ["0"], on_progress=lambda _: None)

    assert listing(trash) == {"1", "1/a"}


def test_what_is_not_there_is_no_failure(trash: Path) -> None:
    deleted = delete(str(trash), ["missing"], on_progress=lambda _: None)

    assert (deleted.failures, deleted.freed, deleted.complete) == ([], 0, True)


def test_a_directory_that_is_gone_itself_is_told(trash: Path) -> None:
    trash.rmdir()

    deleted = delete(str(trash), ["0"], on_progress=lambda _: None)

    assert deleted.failures == [(str(trash), os.strerror(2))]


def test_pipes_and_sockets_go_without_being_opened(trash: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (trash / "0").mkdir()
    os.mkfifo(trash / "0" / "pipe")
    monkeypatch.chdir(trash / "0")
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind("socket")
        monkeypatch.undo()

        deleted = empty(trash)

    assert (os.listdir(trash), deleted.failures) == ([], [])


def test_files_where_directories_are_expected_go_too(trash: Path, base: Path) -> None:
    (trash / "file").write_text("1")
    (trash / "link").symlink_to(write_tree(base / "outside", {"precious": "1"}))

    deleted = empty(trash)

    assert (os.listdir(trash), deleted.failures) == ([], [])
    assert listing(base / "outside") == {"precious"}


def test_a_tree_of_any_depth_goes(trash: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(trash)
    for _ in range(3000):
        os.mkdir("d")
        os.chdir("d")
        with open("f", "w") as file:
            file.write("1")
    os.chdir(trash)
    expected = 0
    for _ in range(3000):
        os.chdir("d")
        expected += (os.stat(".").st_blocks + os.stat("f").st_blocks) * BLOCK
    os.chdir(trash)

    deleted = empty(trash)

    assert (os.listdir(trash), deleted.failures, deleted.freed) == ([], [], expected)


@pytest.mark.parametrize("name", ["line\nbreak", "\x1b[31m", "ü", " ", "-rf", "a" * 255])
def test_a_name_can_be_any(trash: Path, name: str) -> None:
    write_tree(trash / "0" / name, {name: "1"})

    deleted = empty(trash)

    assert (os.listdir(trash), deleted.failures) == ([], [])


@pytest.mark.skipif(sys.platform == "darwin", reason="file names are UTF-8 there")
def test_a_name_need_not_be_text(trash: Path) -> None:
    write_tree(trash / "0" / os.fsdecode(b"\xff"), {os.fsdecode(b"\xfe"): "1"})

    deleted = empty(trash)

    assert (os.listdir(trash), deleted.failures) == ([], [])


def test_what_goes_meanwhile_is_no_failure(trash: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(trash / "0", {"a/b": "1", "c": "2"})

    def remove() -> None:
        shutil.rmtree(trash / "0" / "a")
        (trash / "0" / "c").unlink()

    meddle(monkeypatch, remove)

    deleted = empty(trash)

    assert (os.listdir(trash), deleted.failures) == ([], [])


def meddle(monkeypatch: pytest.MonkeyPatch, change: Callable[[], object]) -> None:
    """Change something right after the next directory was listed."""
    scandir = os.scandir

    def scan_and_change(directory: int) -> Any:
        monkeypatch.setattr(os, "scandir", scandir)
        with scandir(directory) as found:
            entries = list(found)
        change()
        return nullcontext(entries)

    monkeypatch.setattr(os, "scandir", scan_and_change)


# links


def test_links_go_and_what_they_name_stays(trash: Path, base: Path) -> None:
    outside = write_tree(base / "outside", {"a/b": "1", "c": "2"})
    (trash / "0").mkdir()
    (trash / "0" / "directory").symlink_to(outside)
    (trash / "0" / "file").symlink_to(outside / "c")
    before = {path: path.read_text() for path in outside.rglob("*") if path.is_file()}

    deleted = empty(trash)

    assert (os.listdir(trash), deleted.failures) == ([], [])
    assert {path: path.read_text() for path in outside.rglob("*") if path.is_file()} == before


def test_a_directory_that_became_a_link_is_not_followed(
    trash: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    outside = write_tree(base / "outside", {"a/b": "1", "c": "2"})
    outside.chmod(0o750)
    write_tree(trash / "0", {"directory/a": "1"})

    def swap() -> None:
        shutil.rmtree(trash / "0" / "directory")
        (trash / "0" / "directory").symlink_to(outside)

    meddle(monkeypatch, swap)

    deleted = empty(trash)

    assert (os.listdir(trash), deleted.failures) == ([], [])
    assert listing(outside) == {"a", "a/b", "c"}
    assert stat.S_IMODE(outside.stat().st_mode) == 0o750


def test_a_file_with_links_elsewhere_keeps_its_content_and_mode(trash: Path, base: Path) -> None:
    outside = base / "outside"
    outside.write_text("precious")
    outside.chmod(0o400)
    (trash / "0").mkdir()
    os.link(outside, trash / "0" / "link")

    empty(trash)

    assert (outside.read_text(), stat.S_IMODE(outside.stat().st_mode)) == ("precious", 0o400)


# permissions


def unprivileged(trash: Path, modes: list[tuple[str, int]]) -> tuple[list[list[str]], int, list[str]]:
    """What a process that is not root says that deletes everything in a directory."""
    # Its parents may be closed to it, so that it goes there first.
    done = subprocess.run(
        [sys.executable, "-c", UNPRIVILEGED, trash.name, json.dumps(modes)],
        cwd=trash.parent,
        check=True,
        stdout=subprocess.PIPE,
    )
    failures, freed, left = json.loads(done.stdout)
    return failures, freed, left


@pytest.fixture
def open_trash() -> Any:
    """A directory whose path every user may go."""
    import tempfile

    directory = Path(tempfile.mkdtemp(dir="/tmp"))
    directory.chmod(0o755)
    (directory / "trash").mkdir()
    yield directory / "trash"
    for path in [directory, *directory.rglob("*")]:
        if path.is_dir() and not path.is_symlink():
            path.chmod(0o700)
    shutil.rmtree(directory)


@pytest.mark.parametrize("mode", [0o000, 0o100, 0o200, 0o300, 0o400, 0o500, 0o600], ids=oct)
def test_a_directory_with_fewer_permissions_goes_with_all_in_it(open_trash: Path, mode: int) -> None:
    write_tree(open_trash / "0", {"a/b/c/d": "1", "a/e": "2"})
    (open_trash / "0" / "a" / "b" / "empty").mkdir()
    expected = blocks(open_trash / "0")

    said = unprivileged(open_trash, [(path, mode) for path in ("0/a/b/empty", "0/a/b/c", "0/a/b", "0/a", "0")])

    assert said == ([], expected, [])


@pytest.mark.parametrize("mode", [0o000, 0o100, 0o200, 0o300, 0o400, 0o500, 0o600], ids=oct)
def test_one_directory_with_fewer_permissions_goes_with_all_in_it(open_trash: Path, mode: int) -> None:
    write_tree(open_trash / "0", {"a/b/c/d": "1", "a/e": "2"})

    said = unprivileged(open_trash, [("0/a/b", mode)])

    assert (said[0], said[2]) == ([], [])


def test_a_read_only_directory_that_holds_only_directories_goes(open_trash: Path) -> None:
    (open_trash / "0" / "a" / "b").mkdir(parents=True)

    said = unprivileged(open_trash, [("0/a/b", 0o500), ("0/a", 0o500), ("0", 0o500)])

    assert (said[0], said[2]) == ([], [])


def test_a_deep_tree_of_read_only_directories_goes(open_trash: Path) -> None:
    paths = ["/".join("0" * depth) for depth in range(1, 140)]
    (open_trash / paths[-1]).mkdir(parents=True)

    said = unprivileged(open_trash, [(path, 0o500) for path in reversed(paths)])

    assert (said[0], said[2]) == ([], [])


def test_what_cannot_be_deleted_is_told_and_the_rest_goes(trash: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(trash / "0", {"a/stuck": "1", "a/b": "2", "c": "3"})
    write_tree(trash / "1", {"d": "4"})
    unlink = os.unlink

    def refuse_one(name: str, *, dir_fd: int) -> None:
        if name == "stuck":
            raise PermissionError(1, "Operation not permitted")
        unlink(name, dir_fd=dir_fd)

    monkeypatch.setattr(os, "unlink", refuse_one)

    deleted = empty(trash)

    assert deleted.failures == [(str(trash / "0" / "a" / "stuck"), "Operation not permitted")]
    assert listing(trash) == {"0", "0/a", "0/a/stuck"}


def test_a_file_system_mounted_within_is_not_entered(trash: Path) -> None:
    write_tree(trash / "0", {"a": "1"})
    try:
        with mounted(trash / "0" / "mount", "size=1m") as mount:
            (mount / "precious").write_text("1")

            deleted = empty(trash)

            assert deleted.failures == [(str(mount), "another file system is mounted there")]
            assert listing(trash) == {"0", "0/mount", "0/mount/precious"}
    except PermissionError as error:
        pytest.skip(f"this user may not mount: {error}")


# what is freed


def test_freed_is_what_the_blocks_say(trash: Path) -> None:
    write_tree(trash / "0", {"a/b": "x" * 10_000, "c": "1", "empty": ""})
    with open(trash / "0" / "hole", "wb") as file:
        file.truncate(1 << 20)
    (trash / "0" / "link").symlink_to("a")
    expected = blocks(trash / "0")

    assert empty(trash).freed == expected


def test_freed_is_what_the_file_system_has_back(base: Path) -> None:
    try:
        with mounted(base / "mount", "size=8m") as mount:
            write_tree(mount / "0", {"a/b": "x" * 10_000, "c": "y", "d/e/f": "z" * 100_000})
            write_tree(mount / "kept", {"a": "x" * 5000})
            os.link(mount / "0" / "a" / "b", mount / "0" / "a" / "b2")
            os.link(mount / "0" / "c", mount / "1")
            os.link(mount / "0" / "d" / "e" / "f", mount / "kept" / "f")
            before = os.statvfs(mount)

            deleted = delete(str(mount), ["0", "1"], on_progress=lambda _: None)

            after = os.statvfs(mount)
            assert deleted.freed == (after.f_bfree - before.f_bfree) * after.f_frsize > 0
    except PermissionError as error:
        pytest.skip(f"this user may not mount: {error}")


def test_a_file_with_several_links_within_is_freed_once(trash: Path) -> None:
    write_tree(trash / "0", {"a": "x" * 10_000})
    (trash / "1").mkdir()
    for link in ("0/b", "0/c", "1/d"):
        os.link(trash / "0" / "a", trash / link)
    expected = blocks(trash) - trash.stat().st_blocks * BLOCK

    assert empty(trash).freed == expected


def test_a_file_with_a_link_elsewhere_is_not_freed(trash: Path, base: Path) -> None:
    write_tree(trash / "0", {"a": "x" * 10_000})
    os.link(trash / "0" / "a", trash / "0" / "b")
    os.link(trash / "0" / "a", base / "elsewhere")
    expected = (trash / "0").stat().st_blocks * BLOCK

    assert empty(trash).freed == expected


def test_a_file_that_cannot_be_deleted_is_not_freed(trash: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(trash / "0", {"stuck": "x" * 10_000})

    def refuse(name: str, *, dir_fd: int) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "unlink", refuse)

    assert empty(trash).freed == 0


# several processes


def test_processes_delete_what_one_deletes(trash: Path) -> None:
    write_many(trash)
    expected = blocks(trash) - trash.stat().st_blocks * BLOCK

    assert shared(trash) == ([], expected, True, [])


def test_a_file_linked_into_the_shares_of_several_processes_is_freed_once(trash: Path, base: Path) -> None:
    write_many(trash)
    (base / "elsewhere").write_text("x" * 10_000)
    write_tree(base, {"within": "x" * 20_000})
    for number in range(MANY):
        os.link(base / "within", trash / str(number) / "within")
        os.link(base / "elsewhere", trash / str(number) / "elsewhere")
    (base / "within").unlink()
    status = (base / "elsewhere").stat()
    expected = blocks(trash) - trash.stat().st_blocks * BLOCK - status.st_blocks * BLOCK

    assert shared(trash) == ([], expected, True, [])


def test_failures_of_each_process_are_told(trash: Path) -> None:
    write_many(trash)
    for number in range(MANY):
        (trash / str(number) / "stuck").write_text("")
    code = """
unlink = os.unlink
def refuse(name, *, dir_fd):
    if name == "stuck":
        raise OSError(16, "Device or resource busy")
    unlink(name, dir_fd=dir_fd)
os.unlink = refuse
"""

    failures, _, complete, left = shared(trash, code)

    expected = [[str(trash / name / "stuck"), "Device or resource busy"] for name in sorted(left)]
    assert (len(left), complete) == (MANY, True)
    assert sorted(failures) == expected


def test_a_killed_process_leaves_nothing_behind_but_the_count(trash: Path) -> None:
    write_many(trash)
    everything = blocks(trash)
    code = """
parent, of, done = os.getpid(), tree_deletion.TreeDeletion.delete, []
def delete_three_and_die(self, name):
    of(self, name)
    done.append(name)
    if os.getpid() != parent and len(done) == 3:
        os.kill(os.getpid(), signal.SIGKILL)
tree_deletion.TreeDeletion.delete = delete_three_and_die
"""

    failures, freed, complete, left = shared(trash, code)

    assert (failures, complete, left) == ([], False, [])
    assert 0 < freed < everything


def test_processes_are_gone_afterwards(trash: Path) -> None:
    write_many(trash)
    code = """
import atexit
(reader, writer), wait, leave = os.pipe(), os.waitpid, os._exit
def wait_from_now(process, options):
    os.write(writer, b"x")
    return wait(process, options)
def leave_when_waited_for(status):
    os.read(reader, 1)
    leave(status)
def fail_with_children():
    try:
        wait(-1, os.WNOHANG)
    except ChildProcessError:
        return
    leave(3)
os.waitpid, os._exit = wait_from_now, leave_when_waited_for
atexit.register(fail_with_children)
"""

    failures, _, complete, left = shared(trash, code)

    assert (failures, complete, left) == ([], True, [])


def test_everything_goes_if_there_is_no_room_for_another_process(trash: Path) -> None:
    write_many(trash)
    expected = blocks(trash) - trash.stat().st_blocks * BLOCK
    code = """
def refuse():
    raise BlockingIOError(11, "Resource temporarily unavailable")
os.fork = refuse
"""

    assert shared(trash, code) == ([], expected, True, [])


def test_everything_goes_if_there_are_no_descriptors_for_another_process(trash: Path) -> None:
    write_many(trash)
    expected = blocks(trash) - trash.stat().st_blocks * BLOCK
    code = """
def refuse():
    raise OSError(24, "Too many open files")
os.pipe = refuse
"""

    assert shared(trash, code) == ([], expected, True, [])


def test_a_parent_that_ignores_the_end_of_its_children_is_none_the_worse(trash: Path) -> None:
    write_many(trash)
    expected = blocks(trash) - trash.stat().st_blocks * BLOCK

    said = shared(trash, "signal.signal(signal.SIGCHLD, signal.SIG_IGN)")

    assert said == ([], expected, True, [])


def test_a_process_with_threads_is_not_copied(trash: Path) -> None:
    write_many(trash)
    code = """
import threading
from central_venv.machine.fork import worker_count
deletion.worker_count = worker_count
os.fork = None
go_on = threading.Event()
threading.Thread(target=go_on.wait, daemon=True).start()
"""

    failures, _, complete, left = shared(trash, code)

    assert (failures, complete, left) == ([], True, [])


@forks
def test_progress_ends_with_everything(trash: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(deletion, "worker_count", lambda maximum: min(2, maximum))
    write_many(trash)
    seen: list[int] = []

    delete(str(trash), os.listdir(trash), on_progress=seen.append)

    assert seen == sorted(seen)
    assert seen[-1] == max(seen) == MANY


def test_what_another_process_deleted_can_be_added(trash: Path) -> None:
    write_tree(trash / "0", {"a": "x" * 10_000})
    (trash / "1").mkdir()
    os.link(trash / "0" / "a", trash / "1" / "b")
    expected = blocks(trash) - trash.stat().st_blocks * BLOCK
    first = delete(str(trash), ["0"], on_progress=lambda _: None)
    second = delete(str(trash), ["1"], on_progress=lambda _: None)

    first.add(Deleted.load(second.dump()))

    assert first.freed == expected


# Windows: what of it can run anywhere


def on_windows(path: Path) -> Deleted:
    deleted = Deleted()
    deletion._delete_on_windows(str(path), deleted)
    return deleted


def test_on_windows_a_directory_goes_and_is_counted(trash: Path) -> None:
    write_tree(trash / "0", {"a/b": "x" * 10_000, "c": "1"})
    expected = blocks(trash / "0")

    deleted = on_windows(trash / "0")

    assert (os.listdir(trash), deleted.failures, deleted.freed) == ([], [], expected)


def test_on_windows_what_is_not_there_is_no_failure(trash: Path) -> None:
    assert on_windows(trash / "missing").failures == []


def test_on_windows_what_cannot_be_deleted_is_told_once(trash: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(trash / "0", {"a/stuck": "1", "b": "2"})
    unlink = os.unlink

    def refuse(path: str, **options: Any) -> None:
        if os.path.basename(path) == "stuck":
            raise PermissionError(13, "Permission denied")
        unlink(path, **options)

    monkeypatch.setattr(os, "unlink", refuse)

    deleted = on_windows(trash / "0")

    assert [os.path.basename(path) for path, _ in deleted.failures] == ["stuck"]
    assert deleted.freed == 0
