"""One lock, several processes and threads."""

from __future__ import annotations

import errno
import os
import stat
import subprocess
import sys
import threading
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from central_venv.errors import StoreError, WaitCancelledError
from central_venv.machine import lock_holders
from central_venv.store.lock import Lock
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.mounts import Mounts

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="modes and permissions are POSIX")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells who has a lock")
exec_only = pytest.mark.skipif(sys.platform == "win32", reason="no program takes the place of another on Windows")

HOLD = """
import sys
from central_venv.store.lock import Lock
lock = Lock(sys.argv[1])
lock.acquire(on_wait=lambda: print("waiting", flush=True), cancelled=lambda: False)
print("held", flush=True)
sys.stdin.readline()
lock.release()
print("released", flush=True)
sys.stdin.readline()
"""


FORK = """
import os, sys
from central_venv.store.lock import Lock
lock, other = Lock(sys.argv[1]), Lock(sys.argv[1])
lock.acquire(on_wait=lambda: None, cancelled=lambda: False)
reader, writer = os.pipe()
if os.fork() == 0:
    os.close(writer)
    os.read(reader, 1)  # until the parent ends or says so
    os._exit(0)
if sys.argv[2] == "parent releases":
    lock.release()
else:
    os.close(writer)
    os.wait()
print(other.held_elsewhere())
"""

#: Takes a lock and becomes another program, which waits for a line.
BECOME_ANOTHER = """
import os, sys
from central_venv.store.lock import Lock
lock = Lock(sys.argv[1])
lock.acquire(on_wait=lambda: None, cancelled=lambda: False)
if sys.argv[2] == "survives":
    lock.make_inheritable()
print("held", flush=True)
sys.stdin.readline()
os.execv(sys.executable, [sys.executable, "-c", "print('another', flush=True); input()"])
"""


#: Leaves a lock to a program that waits for a line.
LEAVE = """
import subprocess, sys
from central_venv.store.lock import Lock
lock = Lock(sys.argv[1])
lock.acquire(on_wait=lambda: None, cancelled=lambda: False)
lock.make_inheritable()
print(subprocess.Popen(["sh", "-c", "read line"], close_fds=False).pid, flush=True)
"""

#: What Linux calls the process of a test.
COMMAND = os.path.basename(sys.executable)[:15]


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


@posix_only
@pytest.mark.parametrize(("call", "number"), [("open", errno.EROFS), ("flock", errno.EIO), ("flock", errno.EACCES)])
def test_a_lock_that_the_system_refuses_is_an_error_of_the_store(
    call: str, number: int, lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    def fail(*_: object, **__: object) -> NoReturn:
        raise OSError(number, "")

    monkeypatch.setattr(os if call == "open" else fcntl, call, fail)

    with pytest.raises(StoreError) as caught:
        lock.acquire(on_wait=refuse_to_wait, cancelled=never)

    monkeypatch.undo()
    reason = os.strerror(number)
    assert caught.value.message == f"cannot lock `{lock.path}`: {reason[0].lower()}{reason[1:]}"
    assert not lock.held


@pytest.mark.parametrize("number", [errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_told_as_such(number: int, tmp_path: Path, mounts: Mounts) -> None:
    (tmp_path / "source").mkdir()
    disk = mounts.lacking(tmp_path / "disk", tmp_path / "source", lock=number)

    with pytest.raises(StoreError, match=r"cannot lock .*: its file system knows no locks") as caught:
        Lock(f"{disk}/file.lock").try_acquire()

    assert "on another file system" in caught.value.hint


def failing(number: int) -> Callable[..., NoReturn]:
    def fail(*_: object) -> NoReturn:
        raise OSError(number, "")

    return fail


@posix_only
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO, errno.EACCES], ids=errno.errorcode.get)
def test_somebody_may_hold_what_cannot_be_locked(number: int, lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    write_tree(Path(lock.path).parent, {"environment.lock": ""})
    monkeypatch.setattr(fcntl, "flock", failing(number))

    assert lock.held_elsewhere()


@pytest.mark.parametrize("number", [errno.EACCES, errno.EIO, errno.EMFILE, errno.ESTALE], ids=errno.errorcode.get)
def test_somebody_may_hold_what_cannot_be_opened(number: int, lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "open", failing(number))

    assert lock.held_elsewhere()
    reason = os.strerror(number)
    user = f"an unknown process: `{lock.path}` cannot be looked at: {reason[0].lower()}{reason[1:]}"
    assert str(lock.user_elsewhere()) == user


def test_nobody_holds_what_is_not_there(lock: Lock, tmp_path: Path) -> None:
    write_tree(tmp_path, {"file": ""})

    assert lock.user_elsewhere() is None
    assert Lock(str(tmp_path / "file" / "environment.lock")).user_elsewhere() is None


@linux_only
def test_who_holds_a_lock_is_named(lock: Lock) -> None:
    with holder(lock.path) as other:
        assert says(other) == "held"

        assert str(lock.user_elsewhere()) == f"process {other.pid} (`{COMMAND}`)"


@linux_only
def test_a_program_that_was_left_a_lock_is_named(lock: Lock) -> None:
    """Who took it is gone."""
    process = subprocess.Popen(
        [sys.executable, "-c", LEAVE, lock.path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        child = says(process)
        process.wait()
        user = str(lock.user_elsewhere())
        process.communicate("\n")

    assert user == f"process {child} (`sh`)"


@linux_only
def test_where_nothing_tells_who_holds_a_lock_it_is_another_process(
    lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(lock_holders, "_PROCESSES", "/nowhere")
    with holder(lock.path) as other:
        assert says(other) == "held"

        assert str(lock.user_elsewhere()) == "another process"


def test_an_attempt_takes_a_free_lock(lock: Lock) -> None:
    assert lock.try_acquire()
    assert lock.held


def test_an_attempt_does_not_wait(lock: Lock) -> None:
    with holder(lock.path) as other:
        assert says(other) == "held"
        taken = lock.try_acquire()

    assert not taken
    assert not lock.held


def test_a_failed_attempt_leaves_the_lock_to_its_holder(lock: Lock) -> None:
    with holder(lock.path) as other:
        assert says(other) == "held"

        lock.try_acquire()

        assert Lock(lock.path).held_elsewhere()


@pytest.mark.parametrize("names", [("locks",), ("locks", "deep")], ids="/".join)
def test_without_leave_no_directory_is_made(names: tuple[str, ...], tmp_path: Path) -> None:
    lock = Lock(str(tmp_path.joinpath(*names, "environment.lock")), make_directories=False)

    with pytest.raises(StoreError) as caught:
        lock.try_acquire()

    assert caught.value.message.startswith(f"cannot lock `{lock.path}`: ")
    assert not lock.held
    assert listing(tmp_path) == {"home"}


def test_without_leave_to_make_directories_the_file_is_made_all_the_same(tmp_path: Path) -> None:
    lock = Lock(str(tmp_path / "environment.lock"), make_directories=False)

    assert lock.try_acquire()
    assert os.path.exists(lock.path)


def test_a_directory_that_goes_away_is_made_again(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open
    directory = Path(lock.path).parent

    def remove_first(*arguments: Any, **options: Any) -> int:
        monkeypatch.undo()
        directory.rmdir()
        return real(*arguments, **options)

    monkeypatch.setattr(os, "open", remove_first)

    assert lock.try_acquire()
    assert listing(directory) == {"environment.lock"}


def test_a_removed_lock_is_free_and_has_no_file(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)

    lock.remove()

    assert not lock.held
    assert not os.path.exists(lock.path)
    assert not Lock(lock.path).held_elsewhere()


def test_a_removed_lock_can_be_taken_again(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)
    lock.remove()

    assert lock.try_acquire()
    assert Lock(lock.path).held_elsewhere()


def test_removing_a_lock_without_a_file_does_nothing(lock: Lock, tmp_path: Path) -> None:
    lock.remove()

    assert listing(tmp_path) == {"home"}


def test_a_lock_that_cannot_be_removed_is_given_back(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> NoReturn:
        raise PermissionError(13, "", path)

    lock.acquire(on_wait=refuse_to_wait, cancelled=never)
    monkeypatch.setattr(os, "unlink", refuse)

    with pytest.raises(StoreError, match="cannot remove"):
        lock.remove()

    assert not lock.held
    assert not Lock(lock.path).held_elsewhere()


def unlink(path: str) -> None:
    os.unlink(path)


def rename(path: str) -> None:
    os.rename(path, f"{path}.away")


def rename_directory(path: str) -> None:
    directory = os.path.dirname(path)
    os.rename(directory, f"{directory}.away")


def replace(path: str) -> None:
    os.unlink(path)
    Path(path).touch()


GOES_AWAY = [unlink, rename, rename_directory, replace]


@posix_only
@pytest.mark.parametrize("goes_away", GOES_AWAY)
def test_a_waiting_process_takes_the_file_that_is_at_the_path_now(goes_away: Callable[[str], None], lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)
    with holder(lock.path) as other:
        assert says(other) == "waiting"

        goes_away(lock.path)

        assert says(other) == "held"
        assert Lock(lock.path).held_elsewhere()


@posix_only
@pytest.mark.parametrize("goes_away", GOES_AWAY)
def test_a_file_that_goes_away_before_it_is_locked_is_not_taken_for_the_current_one(
    goes_away: Callable[[str], None], lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    import fcntl

    real = fcntl.flock

    def go_away_first(descriptor: int, operation: int) -> None:
        monkeypatch.undo()
        goes_away(lock.path)
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", go_away_first)

    assert lock.try_acquire()
    assert Lock(lock.path).held_elsewhere()


@posix_only
def test_a_waiting_process_is_not_taken_in_by_the_file_of_a_removed_lock(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)
    with holder(lock.path) as other:
        assert says(other) == "waiting"

        lock.remove()

        assert says(other) == "held"
        assert Lock(lock.path).held_elsewhere()
        assert not lock.try_acquire()


@posix_only
def test_a_lock_that_cannot_be_taken_keeps_no_file_open(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)
    other = Lock(lock.path)
    before = os.dup(0)
    os.close(before)

    other.try_acquire()
    other.held_elsewhere()

    after = os.dup(0)
    os.close(after)
    assert after == before


@posix_only
def test_a_program_that_is_started_does_not_inherit_the_lock(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as other:
        lock.release()

        held = Lock(lock.path).held_elsewhere()
        other.communicate()

    assert not held


@posix_only
@pytest.mark.parametrize(("event", "held"), [("parent releases", False), ("child ends", True)])
def test_a_forked_process_has_no_part_in_the_lock(event: str, held: bool, lock: Lock) -> None:  # noqa: FBT001
    done = subprocess.run([sys.executable, "-c", FORK, lock.path, event], capture_output=True, text=True, check=True)

    assert done.stdout == f"{held}\n"


@posix_only
def test_a_lock_is_removed_while_it_is_held(lock: Lock, monkeypatch: pytest.MonkeyPatch) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)
    real = os.unlink
    during: list[bool] = []

    def unlink(path: str) -> None:
        during.append(Lock(lock.path).held_elsewhere())
        real(path)

    monkeypatch.setattr(os, "unlink", unlink)

    lock.remove()

    assert during == [True]


@contextmanager
def becoming_another(path: str, how: str) -> Iterator[subprocess.Popen[str]]:
    """A process that takes the lock and, when it is told to, becomes another program; a second line ends that."""
    process = subprocess.Popen(
        [sys.executable, "-c", BECOME_ANOTHER, path, how], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with process:
        yield process
        process.kill()


@exec_only
@pytest.mark.parametrize(("how", "held"), [("survives", True), ("does not", False)])
def test_a_lock_outlives_its_program_only_if_it_is_told_to(how: str, held: bool, lock: Lock) -> None:  # noqa: FBT001
    with becoming_another(lock.path, how) as other:
        assert says(other) == "held"
        before = lock.held_elsewhere()
        tell(other)
        assert says(other) == "another"
        after = lock.held_elsewhere()

    assert (before, after) == (True, held)


@exec_only
@pytest.mark.parametrize("end", ["by itself", "killed"])
def test_a_lock_that_outlived_its_program_ends_with_the_next_one(end: str, lock: Lock) -> None:
    with becoming_another(lock.path, "survives") as other:
        assert says(other) == "held"
        tell(other)
        assert says(other) == "another"
        if end == "killed":
            other.kill()
        other.communicate("\n" if end == "by itself" else None)

        lock.acquire(on_wait=refuse_to_wait, cancelled=never)

    assert lock.held


@exec_only
def test_a_lock_that_would_outlive_its_program_can_be_given_back(lock: Lock) -> None:
    lock.acquire(on_wait=refuse_to_wait, cancelled=never)
    lock.make_inheritable()
    with subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False) as heir:
        lock.release()

        held = Lock(lock.path).held_elsewhere()
        heir.communicate()

    assert not held


def test_what_is_not_held_does_not_outlive_anything(lock: Lock, tmp_path: Path) -> None:
    lock.make_inheritable()

    assert not lock.held
    assert listing(tmp_path) == {"home"}


def test_a_file_system_that_makes_numbers_up_is_an_error_and_nobody_waits_for_ever(
    lock: Lock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As some programs that serve one: what was opened has another number than what is at its path."""
    monkeypatch.setattr(os.path, "samestat", lambda *_: False)

    with pytest.raises(StoreError, match="whenever it is looked at, it is another file"):
        lock.try_acquire()

    assert not lock.held
