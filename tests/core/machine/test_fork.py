"""Copies of this process."""

from __future__ import annotations

import errno
import os
import signal
import subprocess
import sys
import threading
from typing import TYPE_CHECKING, NoReturn

import pytest
from central_venv.machine import fork as module
from central_venv.machine.fork import fork, worker_count

if TYPE_CHECKING:
    from collections.abc import Callable

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="processes are forked on POSIX")
forks = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # those of pytest's plugins


def test_there_is_one_process_where_none_can_be_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "fork", raising=False)

    assert worker_count(8) == 1


@posix_only
@pytest.mark.parametrize("visible", [True, False], ids=["as the system says", "as Python says"])
def test_nothing_is_forked_beside_other_threads(monkeypatch: pytest.MonkeyPatch, visible: bool) -> None:  # noqa: FBT001
    def refuse(path: str) -> NoReturn:
        raise FileNotFoundError(errno.ENOENT, "", path)

    if not visible:
        monkeypatch.setattr(os, "listdir", refuse)
    event = threading.Event()
    thread = threading.Thread(target=event.wait)
    thread.start()
    try:
        assert worker_count(8) == 1
    finally:
        event.set()
        thread.join()


@posix_only
def test_where_the_system_does_not_tell_of_threads_one_that_is_alone_is_forked(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> NoReturn:
        raise FileNotFoundError(errno.ENOENT, "", path)

    monkeypatch.setattr(os, "listdir", refuse)
    monkeypatch.setattr(threading, "active_count", lambda: 1)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1}, raising=False)

    assert worker_count(8) == 2


@posix_only
@pytest.mark.parametrize("processors", [1, 2, 4, 100])
@pytest.mark.parametrize("affinity", [True, False])
def test_there_are_as_many_processes_as_processors(
    monkeypatch: pytest.MonkeyPatch,
    processors: int,
    affinity: bool,  # noqa: FBT001
) -> None:
    monkeypatch.setattr(module, "is_alone", lambda: True)
    if affinity:
        monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(processors)), raising=False)
    else:
        monkeypatch.delattr(os, "sched_getaffinity", raising=False)
        monkeypatch.setattr(os, "cpu_count", lambda: processors)

    assert worker_count(8) == min(processors, 8)


@pytest.mark.parametrize("maximum", [0, 1])
def test_nobody_helps_who_has_nothing_to_do(monkeypatch: pytest.MonkeyPatch, maximum: int) -> None:
    monkeypatch.setattr(module, "is_alone", lambda: pytest.fail("it looks for threads"))

    assert worker_count(maximum) == 1


def nothing() -> None:
    pass


def fail() -> NoReturn:
    raise MemoryError


def leave() -> NoReturn:
    raise SystemExit(0)


def die() -> None:
    os.kill(os.getpid(), signal.SIGKILL)


@posix_only
@forks
@pytest.mark.parametrize(
    ("run", "expected"), [(nothing, 0), (fail, 1), (leave, 1), (die, -9)], ids=["done", "failed", "left", "killed"]
)
def test_the_status_says_whether_it_was_done(run: Callable[[], None], expected: int) -> None:
    _, status = os.waitpid(fork(run), 0)

    assert os.waitstatus_to_exitcode(status) == expected


@posix_only
@forks
def test_it_happens_in_another_process_with_all_that_this_one_knows() -> None:
    reading, writing = os.pipe()
    known = os.urandom(8)

    def tell() -> None:
        os.write(writing, known + str(os.getpid()).encode())

    process = fork(tell)
    os.close(writing)
    with open(reading, "rb") as file:
        assert file.read() == known + str(process).encode()
    os.waitpid(process, 0)


@posix_only
@pytest.mark.parametrize("end", ["pass", "raise MemoryError", "sys.exit('no')", "os.kill(os.getpid(), signal.SIGINT)"])
def test_nothing_else_is_left_of_it(end: str) -> None:
    script = f"""
import atexit, os, signal, sys
from central_venv.machine.fork import fork
output = open(1, "w", closefd=False)  # has a buffer even if PYTHONUNBUFFERED is set
def run():
    output.write("twice ")
    {end}
atexit.register(print, "bye", file=output)
output.write("once ")
try:
    os.waitpid(fork(run), 0)
finally:
    output.write("here ")
"""

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("once here bye\n", "")


@posix_only
def test_an_interrupt_while_modules_learn_of_the_copy_is_not_told() -> None:
    script = """
import os, signal, sys
from central_venv.machine.fork import fork
os.register_at_fork(after_in_child=lambda: os.kill(os.getpid(), signal.SIGINT))
hook = sys.unraisablehook
os.waitpid(fork(lambda: None), 0)
print(sys.unraisablehook is hook)
"""

    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)

    assert (done.stdout, done.stderr) == ("True\n", "")


@posix_only
def test_a_process_that_cannot_be_copied_goes_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse() -> NoReturn:
        raise BlockingIOError(errno.EAGAIN, "")

    monkeypatch.setattr(os, "fork", refuse)

    with pytest.raises(BlockingIOError):
        fork(fail)
