"""Reading and writing small files."""

from __future__ import annotations

import errno
import os
import socket
import stat
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest
from central_venv.errors import SettingsError, StoreError
from central_venv.machine import files
from central_venv.machine.files import make_private_directory
from support.faults import UNREADABLE, needs_unreadable
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.mounts import Mounts

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="modes, links, pipes and sockets are POSIX")

FAULTS = [
    pytest.param(errno.ENOSPC, "no space left on device", "free some space there", id="disk full"),
    pytest.param(errno.EDQUOT, os.strerror(errno.EDQUOT).lower(), "your quota is used up", id="quota used up"),
    pytest.param(errno.EROFS, "read-only file system", "the file system is read-only", id="read-only"),
    pytest.param(errno.EACCES, "permission denied", "make it yours and writable", id="no permission"),
    pytest.param(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG).lower(), "a shorter path", id="too long"),
    pytest.param(errno.ENOSYS, "function not implemented", "its file system cannot do that", id="incapable"),
    pytest.param(errno.EXDEV, os.strerror(errno.EXDEV).lower(), "lie on one file system", id="across file systems"),
    pytest.param(errno.ENOTCONN, os.strerror(errno.ENOTCONN).lower(), "unmount that and mount it", id="server gone"),
    pytest.param(errno.EMFILE, "too many open files", "ulimit -n", id="few descriptors"),
    pytest.param(errno.EINVAL, "invalid argument", "look what is at that path", id="anything else"),
]


def failing(number: int) -> Callable[..., NoReturn]:
    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError(number, os.strerror(number))

    return fail


def test_what_was_written_is_read(tmp_path: Path) -> None:
    path = str(tmp_path / "file")

    files.write(path, b"content\n\r\n\0")

    assert files.read(path) == b"content\n\r\n\0"
    assert listing(tmp_path) == {"file", "home"}


def test_writing_replaces_the_old_content_entirely(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old and longer")

    files.write(str(path), b"new")

    assert path.read_bytes() == b"new"


@posix_only
def test_a_written_file_is_its_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "file"

    files.write(str(path), b"")

    assert stat.S_IMODE(path.stat().st_mode) == 0o600


@posix_only
def test_writing_over_a_link_replaces_the_link_and_not_its_target(tmp_path: Path) -> None:
    target, link = tmp_path / "target", tmp_path / "link"
    target.write_text("precious")
    link.symlink_to(target)

    files.write(str(link), b"new")

    assert (link.is_symlink(), link.read_text(), target.read_text()) == (False, "new", "precious")


def test_content_is_written_to_its_end_however_little_the_system_takes_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = os.write
    monkeypatch.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:3]))

    files.write(str(tmp_path / "file"), b"ten bytes.")

    assert (tmp_path / "file").read_bytes() == b"ten bytes."


@pytest.mark.parametrize(
    ("durable", "flushes"), [(True, 1), (False, 0)], ids=["durable content is", "other content is not"]
)
def test_is_flushed_to_disk(durable: bool, flushes: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_size))

    files.write(str(tmp_path / "file"), b"content", durable=durable)

    assert flushed == [len(b"content")] * flushes


@pytest.mark.parametrize("call", ["open", "write", "fsync", "replace"])
@pytest.mark.parametrize(("number", "reason", "remedy"), FAULTS)
def test_a_failed_write_keeps_the_old_content_and_leaves_nothing_else(
    call: str, number: int, reason: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "file"
    path.write_text("old")
    monkeypatch.setattr(os, call, failing(number))

    with pytest.raises(StoreError) as caught:
        files.write(str(path), b"new", durable=True)

    monkeypatch.undo()
    assert caught.value.message == f"cannot write `{path}`: {reason}"
    assert remedy in caught.value.hint
    assert path.read_text() == "old"
    assert listing(tmp_path) == {"file", "home"}


def test_an_interrupted_write_keeps_the_old_content_and_leaves_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    path = tmp_path / "file"
    path.write_text("old")
    monkeypatch.setattr(os, "replace", interrupt)

    with pytest.raises(KeyboardInterrupt):
        files.write(str(path), b"new")

    assert path.read_text() == "old"
    assert listing(tmp_path) == {"file", "home"}


@posix_only
def test_nothing_is_written_through_what_lies_where_new_content_is_prepared(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "urandom", bytes)
    precious, trap = tmp_path / "precious", tmp_path / f".{os.getpid():x}-00000000{files.UNFINISHED}"
    precious.write_text("precious")
    trap.symlink_to(precious)

    with pytest.raises(StoreError, match="file exists"):
        files.write(str(tmp_path / "file"), b"new")

    assert precious.read_text() == "precious"
    assert trap.readlink() == precious
    assert not (tmp_path / "file").exists()


def test_a_file_system_without_inodes_has_another_remedy_than_a_full_one(tmp_path: Path, mounts: Mounts) -> None:
    disk = mounts.memory(tmp_path / "disk", "size=1m,nr_inodes=2")
    (disk / "last").touch()

    with pytest.raises(StoreError, match="no space left on device") as caught:
        files.write(f"{disk}/file", b"new")

    assert caught.value.hint.startswith("its file system has no inodes left")


@posix_only
def test_writing_below_a_file_says_what_is_wrong(tmp_path: Path) -> None:
    write_tree(tmp_path, {"file": ""})

    with pytest.raises(StoreError) as caught:
        files.write(f"{tmp_path}/file/below", b"")

    assert caught.value.message == f"cannot write `{tmp_path}/file/below`: not a directory"
    assert caught.value.hint == "something in that path is not a directory: set `CENTRAL_VENV_HOME` to another path"


def test_writing_where_a_directory_is_leaves_the_directory(tmp_path: Path) -> None:
    write_tree(tmp_path / "directory", {"file": "precious"})

    with pytest.raises(StoreError, match="cannot write"):
        files.write(str(tmp_path / "directory"), b"")

    assert listing(tmp_path) == {"directory", "directory/file".replace("/", os.sep), "home"}


def test_a_fault_without_a_number_is_told_as_it_is() -> None:
    error = files.store_error(OSError("strange"), "read", "/file")

    assert error.message == "cannot read `/file`: strange"


@pytest.mark.parametrize("name", ["missing", "missing/below", "file/below"])
@posix_only
def test_a_missing_file_has_no_content(name: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"file": ""})

    assert files.read(f"{tmp_path}/{name}") is None


@posix_only
def test_a_link_is_not_followed(tmp_path: Path) -> None:
    write_tree(tmp_path, {"secret": "secret"})
    (tmp_path / "link").symlink_to("secret")

    assert files.read(f"{tmp_path}/link") == b""


@posix_only
def test_a_dangling_link_counts_as_damaged_and_not_as_missing(tmp_path: Path) -> None:
    (tmp_path / "link").symlink_to("nowhere")

    assert files.read(f"{tmp_path}/link") == b""


@posix_only
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    if sys.platform != "win32":
        os.mkfifo(tmp_path / "pipe")

    assert files.read(f"{tmp_path}/pipe") == b""


@posix_only
def test_a_socket_counts_as_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the name of a socket must be short
    with socket.socket(socket.AF_UNIX) as server:
        server.bind("socket")

        content = files.read(f"{tmp_path}/socket")

    assert content == b""


@posix_only
def test_a_directory_counts_as_damaged(tmp_path: Path) -> None:
    assert files.read(str(tmp_path)) == b""


@posix_only
def test_a_device_without_end_is_not_read() -> None:
    assert files.read("/dev/zero") == b""


def test_a_huge_file_is_none_of_ours_and_not_read_to_its_end(tmp_path: Path) -> None:
    path = tmp_path / "huge"
    with path.open("wb") as file:
        file.truncate(1 << 36)

    content = files.read(str(path))

    assert content == b""


def test_a_file_is_read_with_the_time_at_which_it_was_written(tmp_path: Path) -> None:
    path = write_tree(tmp_path, {"file": "content"}) / "file"
    os.utime(path, (86400, 1795521600.5))

    assert files.read_dated(str(path)) == (b"content", 1795521600.5)


def test_a_missing_file_has_no_time(tmp_path: Path) -> None:
    assert files.read_dated(str(tmp_path / "missing")) is None


@posix_only
def test_what_is_no_file_of_ours_has_neither_content_nor_a_time(tmp_path: Path) -> None:
    write_tree(tmp_path, {"secret": "secret"})
    (tmp_path / "link").symlink_to("secret")

    found = [files.read_dated(path) for path in (f"{tmp_path}/link", str(tmp_path), "/dev/zero")]

    assert found == [(b"", 0)] * 3


@pytest.mark.parametrize("call", ["open", "read", "fstat"])
def test_a_file_that_cannot_be_read_says_why(call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tree(tmp_path, {"file": ""}) / "file"
    monkeypatch.setattr(os, call, failing(errno.EACCES))

    with pytest.raises(StoreError) as caught:
        files.read(str(path))

    monkeypatch.undo()
    assert caught.value.message == f"cannot read `{path}`: permission denied"


@posix_only
def test_a_made_directory_and_those_above_it_are_private(tmp_path: Path) -> None:
    made = files.make_private_directory(f"{tmp_path}/a/b/c")

    assert made
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in ("a", "a/b", "a/b/c")] == [0o700] * 3


@posix_only
def test_a_directory_that_exists_is_left_as_it_is(tmp_path: Path) -> None:
    directory = tmp_path / "directory"
    directory.mkdir()
    directory.chmod(0o755)

    made = files.make_private_directory(str(directory))

    assert not made
    assert stat.S_IMODE(directory.stat().st_mode) == 0o755


@posix_only
@pytest.mark.parametrize("below", ["", "/below", "/deep/below"])
@pytest.mark.parametrize("what", ["file", "dangling link"])
def test_no_directory_can_be_made_where_something_else_is(below: str, what: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"file": ""})
    (tmp_path / "dangling link").symlink_to("nowhere")
    before = listing(tmp_path)

    with pytest.raises(StoreError) as caught:
        files.make_private_directory(f"{tmp_path}/{what}{below}")

    assert "not a directory" in caught.value.message
    assert "something in that path is not a directory" in caught.value.hint
    assert listing(tmp_path) == before


@pytest.mark.parametrize(("number", "reason", "remedy"), FAULTS)
def test_a_directory_that_cannot_be_made_says_why(
    number: int, reason: str, remedy: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "mkdir", failing(number))

    with pytest.raises(StoreError) as caught:
        files.make_private_directory(str(tmp_path / "new"))

    assert caught.value.message == f"cannot create `{tmp_path / 'new'}`: {reason}"
    assert remedy in caught.value.hint


@posix_only
def test_a_name_that_is_too_long_says_so(tmp_path: Path) -> None:
    with pytest.raises(StoreError) as caught:
        files.make_private_directory(f"{tmp_path}/{'x' * 256}")

    assert caught.value.hint == "set `CENTRAL_VENV_HOME` to a shorter path"


def test_entries_come_in_order_of_their_names(tmp_path: Path) -> None:
    write_tree(tmp_path / "directory", dict.fromkeys(["b", "a", "C", ".d"], ""))

    assert [entry.name for entry in files.entries(str(tmp_path / "directory"))] == [".d", "C", "a", "b"]


@pytest.mark.parametrize("name", ["missing", "file"])
def test_what_is_no_directory_has_no_entries(name: str, tmp_path: Path) -> None:
    write_tree(tmp_path, {"file": ""})

    assert list(files.entries(str(tmp_path / name))) == []


def test_a_directory_that_cannot_be_listed_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "scandir", failing(errno.EACCES))

    with pytest.raises(StoreError) as caught:
        list(files.entries(str(tmp_path)))

    assert caught.value.message == f"cannot list `{tmp_path}`: permission denied"


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="no file system here refuses directories like /proc")
def test_a_file_system_that_has_no_place_for_directories_is_an_error_of_the_store() -> None:
    with pytest.raises(StoreError, match="cannot create `/proc/central-venv-test"):
        make_private_directory("/proc/central-venv-test/below")


@posix_only
@pytest.mark.parametrize("kind", ["a pipe", "a device without end", "a directory", "a link to itself", "nothing"])
def test_what_is_no_regular_file_mentions_nothing_and_is_not_waited_for(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    if kind == "a pipe":
        os.mkfifo(path)
    elif kind == "a device without end":
        path.symlink_to("/dev/zero")
    elif kind == "a directory":
        path.mkdir()
    elif kind == "a link to itself":
        path.symlink_to(path)

    assert files.mentions(str(path), b"central-venv") is None


@needs_unreadable
def test_a_file_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.symlink_to(UNREADABLE)

    with pytest.raises(SettingsError) as caught:
        files.mentions(str(path), b"central-venv")

    assert caught.value.message == f"cannot read `{path}`: input/output error"


def test_a_file_mentions_the_words_that_it_holds(tmp_path: Path) -> None:
    path = tmp_path / "pyproject.toml"
    path.write_text("[tool.central-venv]\n")

    assert (files.mentions(str(path), b"central-venv"), files.mentions(str(path), b"workspace")) == (True, False)
