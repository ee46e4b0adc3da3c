"""Measuring with other processes."""

from __future__ import annotations

import errno
import marshal
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from central_venv.store import disk_usage as module
from central_venv.store.disk_usage import Usage, disk_usage, freed, measure, team, total, walk
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="blocks and links are POSIX")
forks = pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")  # those of pytest's plugins

SCRIPT = f"""
import os, sys
sys.path.insert(0, {str(Path(module.__file__).parents[2])!r})
from central_venv.store import disk_usage
from central_venv.store.disk_usage import team, walk
team.worker_count = lambda _: 3
disk_usage._SINGLE_PROCESS_TIME = walk._SLICE = 0
paths = [entry.path for entry in os.scandir(sys.argv[1])]
"""


def inodes(*roots: Path) -> dict[tuple[int, int], int]:
    """The plain way: what everything takes, by device and inode."""
    statuses = [path.lstat() for root in roots if root.exists() for path in (root, *root.rglob("*"))]
    return {(status.st_dev, status.st_ino): status.st_blocks * 512 for status in statuses}


def summary(usages: Sequence[Usage]) -> list[tuple[int, int, int]]:
    return [(usage.own, usage.size, usage.shared) for usage in usages]


def many(base: Path) -> list[str]:
    """Directories with enough in them to be shared among processes, and files that they share."""
    roots = []
    for number in range(12):
        root = write_tree(base / f"root{number}", {f"{name}/{name}/file{name}": "x" * 5000 for name in range(12)})
        os.link(base / "root0" / "1" / "1" / "file1", root / "linked")
        roots.append(str(root))
    os.link(base / "root0" / "2" / "2" / "file2", base / "outside")
    return roots


@pytest.fixture
def forked(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Three processes whatever there is to do; the ids of the others."""
    monkeypatch.setattr(team, "worker_count", lambda _: 3)
    monkeypatch.setattr(module, "_SINGLE_PROCESS_TIME", 0)
    monkeypatch.setattr(walk, "_SLICE", 0)
    processes = []
    fork = os.fork

    def counted() -> int:
        process = fork()
        processes.append(process)
        return process

    monkeypatch.setattr(os, "fork", counted)
    return processes


def in_workers(monkeypatch: pytest.MonkeyPatch, name: str, what: Callable[..., object]) -> None:
    """Replace a function, but only in other processes."""
    this = os.getpid()
    original = getattr(team, name)

    def replaced(*arguments: Any) -> object:
        return (original if os.getpid() == this else what)(*arguments)

    monkeypatch.setattr(team, name, replaced)


@posix_only
@forks
def test_processes_find_what_one_finds(base: Path, forked: list[int]) -> None:
    paths = [*many(base), str(base / "missing")]
    done: list[int] = []
    alone = team.Job(paths, None)
    while alone.waiting:
        alone.work()

    usages = measure(paths, on_progress=done.append)

    assert len(forked) == 2
    assert summary(usages) == summary(alone.usages)
    assert total(usages) == total(alone.usages) == sum(inodes(*map(Path, paths)).values())
    assert freed(usages) == freed(alone.usages) == total(usages) - sum(inodes(base / "outside").values())
    assert done[-1] == len(paths)
    assert done == sorted(set(done))


@posix_only
@forks
def test_one_large_directory_is_shared_too(base: Path, forked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    many(base)
    answers = []
    add = team.Job.add

    def counted(self: team.Job, units: list[tuple[int, tuple[str, ...], int]], content: bytes) -> None:
        answers.append(units)
        add(self, units, content)

    monkeypatch.setattr(team.Job, "add", counted)

    size = disk_usage(str(base))

    assert len(forked) == 1  # more was not to be seen
    assert answers
    assert size == sum(inodes(base).values())


@posix_only
@forks
def test_processes_are_gone_afterwards(base: Path, forked: list[int]) -> None:
    measure(many(base))

    for process in forked:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


def die(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def stop_halfway(descriptor: int, content: bytes) -> NoReturn:
    os.write(descriptor, (len(content).to_bytes(team._LENGTH, "big") + content)[:-1])
    os._exit(0)


def fail(*_: object) -> NoReturn:
    raise MemoryError


@posix_only
@forks
@pytest.mark.parametrize(
    ("function", "what"),
    [("walk", die), ("_receive", die), ("_send", die), ("_send", stop_halfway), ("walk", fail)],
    ids=["at work", "at once", "before it answers", "amid its answer", "with an exception"],
)
def test_what_a_process_did_that_died_is_done_here(
    base: Path, forked: list[int], monkeypatch: pytest.MonkeyPatch, function: str, what: Callable[..., object]
) -> None:
    paths = many(base)
    in_workers(monkeypatch, function, what)

    usages = measure(paths)

    assert forked
    assert [usage.size for usage in usages] == [sum(inodes(Path(path)).values()) for path in paths]
    assert total(usages) == sum(inodes(*map(Path, paths)).values())


@posix_only
@forks
def test_a_process_that_hangs_ends_with_this_one(
    base: Path, forked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = many(base)
    in_workers(monkeypatch, "walk", lambda *_: signal.pause())

    def interrupt(_: int) -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        measure(paths, on_progress=interrupt)

    assert forked
    for process in forked:
        with pytest.raises(ProcessLookupError):
            os.kill(process, 0)


@posix_only
@forks
@pytest.mark.parametrize("failing", ["fork", "pipe"])
def test_without_processes_it_is_done_here(
    base: Path, forked: list[int], monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    paths = many(base)

    def refuse() -> NoReturn:
        raise BlockingIOError(errno.EAGAIN, "")

    monkeypatch.setattr(os, failing, refuse)

    assert total(measure(paths)) == sum(inodes(*map(Path, paths)).values())


@posix_only
@forks
def test_no_children_need_be_waited_for(base: Path, forked: list[int]) -> None:
    paths = many(base)
    before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    try:
        assert total(measure(paths)) == sum(inodes(*map(Path, paths)).values())
    finally:
        signal.signal(signal.SIGCHLD, before)


@posix_only
@forks
def test_a_long_way_is_told_only_to_who_waits(base: Path, forked: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    paths = many(base)
    monkeypatch.setattr(team, "_FITS", 1)

    assert total(measure(paths)) == sum(inodes(*map(Path, paths)).values())


@posix_only
def test_a_request_is_answered(base: Path) -> None:
    paths = many(base)
    requests, ask = os.pipe()
    answers, answer = os.pipe()
    for number in range(12):
        team._send(ask, marshal.dumps([(number, (), -1)]))
    os.close(ask)
    job = team.Job(paths, None)

    team.Job(paths, None).serve(requests, answer)
    os.close(answer)
    for unit in job.take(1):
        content = team._receive(answers)
        assert content is not None
        job.add([unit], content)
    assert team._receive(answers) is None
    while job.waiting:
        job.work()
    os.close(requests)
    os.close(answers)

    assert total(job.usages) == sum(inodes(*map(Path, paths)).values())
    assert freed(job.usages) == total(job.usages) - sum(inodes(base / "outside").values())


@posix_only
def test_other_processes_leave_no_trace(base: Path) -> None:
    many(base / "roots")
    script = """
import atexit
atexit.register(print, "bye")
sys.stdout.write("once ")
print(disk_usage.total(disk_usage.measure(paths)))
"""

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT + script, base / "roots"], capture_output=True, text=True, check=True
    )

    assert done.stdout == f"once {sum(inodes(*(base / 'roots').iterdir()).values())}\nbye\n"
    assert done.stderr == ""


@posix_only
@pytest.mark.parametrize("number", ["SIGKILL", "SIGINT", "SIGTERM"])
def test_other_processes_end_with_this_one_whatever_ends_it(base: Path, number: str) -> None:
    many(base / "roots")
    script = f"""
import signal
def end(done):
    os.kill(os.getpid(), signal.{number})
disk_usage.measure(paths, on_progress=end)
"""

    done = subprocess.run([sys.executable, "-c", SCRIPT + script, base / "roots"], stdout=subprocess.PIPE, check=False)

    # `run` came back, so nobody has its output open anymore.
    assert done.returncode in {-getattr(signal, number), 1}


@posix_only
def test_an_interrupt_from_the_terminal_ends_all_of_them_silently(base: Path) -> None:
    many(base / "roots")
    script = """
import signal
def end(done):
    os.killpg(0, signal.SIGINT)
try:
    disk_usage.measure(paths, on_progress=end)
except KeyboardInterrupt:
    print("interrupted")
"""

    done = subprocess.run(
        [sys.executable, "-c", SCRIPT + script, base / "roots"],
        capture_output=True,
        text=True,
        check=True,
        start_new_session=True,
    )

    assert (done.stdout, done.stderr) == ("interrupted\n", "")


@posix_only
def test_little_is_done_by_one_process(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SINGLE_PROCESS_TIME", 1000)
    monkeypatch.setattr(team, "worker_count", lambda _: pytest.fail("it asks for others"))

    measure(many(base))


@posix_only
def test_nothing_is_forked_where_directories_have_no_descriptors(
    base: Path, forked: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = many(base)
    monkeypatch.setattr(walk, "BY_DESCRIPTOR", False)
    monkeypatch.setattr(team, "BY_DESCRIPTOR", False)

    assert total(measure(paths)) == sum(inodes(*map(Path, paths)).values())
    assert not forked
