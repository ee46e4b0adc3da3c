"""One lock, several processes and threads."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import filelock
import pytest
from central_venv.errors import StoreError, WaitCancelledError
from central_venv.lock import Lock
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="modes and permissions are POSIX")

HOLD = """
import sys
from central_venv.lock import Lock
lock = Lock(sys.argv[1])
lock.acquire(on_wait=lambda: print("waiting", flush=True), cancelled=lambda: False)
print("held", flush=True)
sys.stdin.readline()
lock.release()
print("released", flush=True)
sys.stdin.readline()
"""


def refuse_to_wait() -> None:
    raise AssertionError("nobody should have to wait")


def never() -> bool:
    return False


@pytest.fixture
def lock(tmp_path: Path) -> Lock:
    return Lock(str(tmp_path / "locks" / "environment.lock"))


@contextmanager
def holder(path: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that takes the lock, and gives it back when it is told to."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.kill()


def says(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def tell(process: subprocess.Popen[str]) -> None:
    assert process.stdin is not None
    process.stdin.write("\n")
    process.stdin.flush()


def test_a_free_lock_is_taken_without_a_wait(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)

    assert lock.held


def test_a_new_lock_is_not_held(lock: Lock, tmp_path: Path) -> None:
    assert (lock.held, lock.held_elsewhere()) == (False, False)
    assert listing(tmp_path) == {"home"}


@posix_only
def test_a_lock_file_is_its_owners_alone(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)

    assert stat.S_IMODE(os.stat(lock.path).st_mode) == 0o600
    assert stat.S_IMODE(os.stat(os.path.dirname(lock.path)).st_mode) == 0o700


def test_the_file_of_a_released_lock_stays(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)

    lock.release()

    assert os.path.exists(lock.path)
    assert not lock.held


def test_a_released_lock_can_be_taken_again(lock: Lock) -> None:
    for _ in range(3):
        lock.acquire(on_wait=refuse_to_wait, cancelled=never)
        lock.release()

    assert not lock.held_elsewhere()


def test_releasing_what_is_not_held_does_nothing(lock: Lock) -> None:
    lock.release()

    assert not lock.held


def test_another_process_has_it(lock: Lock) -> None:
    with holder(lock.path) as other:
        said = says(other)
        during = (lock.held_elsewhere(), lock.held)
        tell(other)
        assert says(other) == "released"
        after = lock.held_elsewhere()

    assert (said, during, after) == ("held", (True, False), False)


def test_what_this_object_holds_is_not_held_elsewhere(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)

    assert not lock.held_elsewhere()
    assert Lock(lock.path).held_elsewhere()


def test_looking_takes_nothing_away(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)
    lock.release()

    lock.held_elsewhere()

    with holder(lock.path) as other:
        assert says(other) == "held"


def test_another_process_waits_for_its_turn(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)
    with holder(lock.path) as other:
        first = says(other)
        lock.release()
        second = says(other)

    assert (first, second) == ("waiting", "held")


def test_a_wait_is_announced_once_and_ends_with_the_release(lock: Lock) -> None:
    announced: list[str] = []
    asked: list[str] = []

    with holder(lock.path) as other:
        assert says(other) == "held"

        def cancelled() -> bool:
            asked.append("asked")
            if len(asked) == 3:  # two attempts later
                tell(other)
            return False

        lock.acquire(on_wait=lambda: announced.append("wait"), cancelled=cancelled)

    assert lock.held
    assert announced == ["wait"]
    assert len(asked) >= 3


def test_a_cancelled_wait_takes_nothing(lock: Lock) -> None:
    with holder(lock.path) as other:
        assert says(other) == "held"
        with pytest.raises(WaitCancelledError) as caught:
            lock.acquire(on_wait=lambda: None, cancelled=lambda: True)
        held = lock.held
        tell(other)
        assert says(other) == "released"

    assert caught.value.message == f"gave up waiting for `{lock.path}`"
    assert not held
    assert not Lock(lock.path).held_elsewhere()


def test_a_wait_is_announced_before_it_can_be_cancelled(lock: Lock) -> None:
    events: list[str] = []

    def cancelled() -> bool:
        events.append("asked")
        return True

    with holder(lock.path) as other:
        assert says(other) == "held"
        with pytest.raises(WaitCancelledError):
            lock.acquire(on_wait=lambda: events.append("announced"), cancelled=cancelled)

    assert events == ["announced", "asked"]


def test_an_announcement_that_fails_ends_the_wait(lock: Lock) -> None:
    with holder(lock.path) as other:
        assert says(other) == "held"
        with pytest.raises(AssertionError, match="nobody should have to wait"):
            lock.acquire(on_wait=refuse_to_wait, cancelled=never)

    assert not lock.held


def test_a_killed_process_has_no_lock(lock: Lock) -> None:
    with holder(lock.path) as other:
        assert says(other) == "held"
        other.kill()
        other.wait()

        lock.acquire(on_wait=refuse_to_wait, cancelled=never)

    assert lock.held


def test_a_waiting_process_is_freed_by_the_death_of_the_holder(lock: Lock) -> None:
    with holder(lock.path) as other:
        assert says(other) == "held"

        lock.acquire(on_wait=other.kill, cancelled=never)

    assert lock.held


def test_another_thread_may_release_it(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)

    thread = threading.Thread(target=lock.release)
    thread.start()
    thread.join()

    assert not lock.held
    assert not Lock(lock.path).held_elsewhere()


def test_two_objects_of_one_process_exclude_each_other(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)

    with pytest.raises(WaitCancelledError):
        Lock(lock.path).acquire(on_wait=lambda: None, cancelled=lambda: True)


def test_locks_on_different_files_are_independent(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)
    other = Lock(f"{lock.path}2")

    other.acquire(on_wait=refuse_to_wait, cancelled=never)

    assert other.held


@posix_only
def test_a_file_in_place_of_the_directory_is_an_error_of_the_store(tmp_path: Path) -> None:
    write_tree(tmp_path, {"file": "precious"})

    with pytest.raises(StoreError):
        Lock(f"{tmp_path}/file/environment.lock").acquire(on_wait=refuse_to_wait, cancelled=never)

    assert (tmp_path / "file").read_text() == "precious"


def test_a_directory_in_place_of_the_file_is_an_error_of_the_store(lock: Lock) -> None:
    os.makedirs(lock.path)

    with pytest.raises(StoreError) as caught:
        lock.acquire(on_wait=refuse_to_wait, cancelled=never)

    assert caught.value.message.startswith(f"cannot lock `{lock.path}`: ")
    assert not lock.held


@posix_only
def test_a_link_in_place_of_the_file_is_not_followed(lock: Lock, tmp_path: Path) -> None:
    write_tree(tmp_path, {"target": "precious", "locks/other": ""})
    os.symlink(tmp_path / "target", lock.path)

    with pytest.raises(StoreError):
        lock.acquire(on_wait=refuse_to_wait, cancelled=never)

    assert (tmp_path / "target").read_text() == "precious"


def test_a_lock_that_cannot_be_written_is_an_error_of_the_store(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise OSError(errno.EROFS, "")

    monkeypatch.setattr(filelock.FileLock, "_acquire", fail)

    with pytest.raises(StoreError) as caught:
        lock.acquire(on_wait=refuse_to_wait, cancelled=never)

    assert caught.value.message == f"cannot lock `{lock.path}`: read-only file system"
    assert not lock.held


def test_nobody_holds_what_cannot_be_opened(lock: Lock) -> None:
    os.makedirs(lock.path)

    assert not lock.held_elsewhere()
