"""Measuring with other processes, in small portions: whoever meets a large tree hands on what took too long."""

from __future__ import annotations

import marshal
import os
import sys

from central_venv.machine.fork import fork, worker_count
from central_venv.store.disk_usage.usage import Usage
from central_venv.store.disk_usage.walk import BY_DESCRIPTOR, UNKNOWN, walk

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from central_venv.store.disk_usage.usage import Files
    from central_venv.store.disk_usage.walk import Unit

#: More processes than this wait for one another in the kernel.
_MAXIMUM_PROCESSES = 8
#: How many directories are entrusted to a process at once, at most.
_BATCH = 64
#: How many portions a process may have, so that it need not wait for the next one.
_PORTIONS = 3
#: Two messages as short as this fit into any pipe.
_FITS = 2048

_SIGKILL = 9  # everywhere; `signal` takes longer to load than most stores to be measured
_LENGTH = 8
_CHUNK = 1 << 16


class Job:
    """Directories to be measured, and what is known of them so far."""

    __slots__ = ("_done", "_files", "_found", "_next", "_on_progress", "_open", "_paths", "usages")

    def __init__(self, paths: Sequence[str], on_progress: Callable[[int], None] | None) -> None:
        self._paths = paths
        self._on_progress = on_progress
        self._next = 0  # the first path that nobody has begun with
        self._found: list[Unit] = []  # what waits in the paths before that one
        self._open = [1] * len(paths)  # how many directories of each path wait or are being measured
        self._done = 0  # how many paths are measured
        self._files: Files = {}
        self.usages = [Usage(self._files) for _ in paths]

    @property
    def waiting(self) -> int:
        """How many directories wait to be measured; nobody knows yet what is in them."""
        return len(self._found) + len(self._paths) - self._next

    def take(self, processes: int) -> list[Unit]:
        """What one of several processes shall measure next: the less, the less waits."""
        count = _BATCH if processes == 1 else min(_BATCH, self.waiting // (2 * processes) + 1)
        units = self._found[-count:]
        del self._found[-count:]
        begin = self._next
        self._next = min(len(self._paths), begin + count - len(units))
        units += [(index, (), UNKNOWN) for index in range(begin, self._next)]
        return units

    def give_back(self, units: list[Unit]) -> None:
        """Let what was taken wait again."""
        self._found += units

    def work(self, processes: int = 1) -> None:
        """Measure something in this process."""
        units = self.take(processes)
        self._record(units, walk(self._paths, units, self.usages.__getitem__))

    def serve(self, requests: int, results: int) -> None:
        """Measure what another process asks for until it asks no more.

        Args:
            requests: descriptor to read from.
            results: descriptor to write to.
        """
        known = self._files
        told = {device: set(files) for device, files in known.items()}
        while (content := _receive(requests)) is not None:
            found: dict[int, Usage] = {}

            def usage(index: int, found: dict[int, Usage] = found) -> Usage:
                return found.get(index) or found.setdefault(index, Usage(known))

            rest = walk(self._paths, marshal.loads(content), usage)  # noqa: S302 - from our own process
            news: Files = {}
            for one in found.values():
                for device, links in one.links.items():
                    before = told.setdefault(device, set())
                    new = set(links) - before
                    news.setdefault(device, {}).update({inode: known[device][inode] for inode in new})
                    before |= new
            _send(results, marshal.dumps((news, [(index, one.own, one.links) for index, one in found.items()], rest)))

    def add(self, units: list[Unit], content: bytes) -> None:
        """Take what another process has found.

        Args:
            units: what it was to measure.
            content: what it says.
        """
        news, found, rest = marshal.loads(content)  # noqa: S302 - from a process that is a copy of this one
        for device, files in news.items():
            self._files.setdefault(device, {}).update(files)
        for index, own, links in found:
            usage = self.usages[index]
            usage.own += own
            for device, inodes in links.items():
                usage.links.setdefault(device, []).extend(inodes)
        self._record(units, rest)

    def _record(self, units: list[Unit], rest: list[Unit]) -> None:
        """Note what is measured, and what of it is not."""
        before = self._done
        for index, _, _ in rest:
            self._open[index] += 1
        for index, _, _ in units:
            self._open[index] -= 1
            if not self._open[index]:
                self._done += 1
        self._found += rest
        if self._on_progress is not None and self._done > before:
            self._on_progress(self._done)


class _Worker:
    """A process that measures for this one."""

    __slots__ = ("_buffer", "_job", "_portions", "_process", "_requests", "_results")

    def __init__(self, job: Job, others: list[_Worker]) -> None:
        """Start it.

        Raises:
            OSError: there are no more processes or descriptors.
        """
        self._job = job
        self._buffer = bytearray()
        self._portions: list[list[Unit]] = []  # what it was asked for and has not answered
        pipes: list[int] = []
        try:
            pipes += os.pipe()
            pipes += os.pipe()
            requests, self._requests, self._results, results = pipes
            _stop_waiting_for(self._results)
            self._process = fork(lambda: self._run(requests, results, others))
        except BaseException:
            for descriptor in pipes:
                os.close(descriptor)
            raise
        os.close(requests)
        os.close(results)

    @property
    def busy(self) -> bool:
        """Whether it has not answered yet."""
        return bool(self._portions)

    def fileno(self) -> int:
        """Where its answers come from."""
        return self._results

    def ask(self, processes: int) -> None:
        """Give it something to do, if it has not enough."""
        while self._requests >= 0 and len(self._portions) < _PORTIONS and self._job.waiting:
            units = self._job.take(processes)
            content = marshal.dumps(units)
            # It may be answering, and reads the two after that one later: waiting for it could be waiting forever.
            if self._portions and len(content) + _LENGTH > _FITS:
                self._job.give_back(units)
                return
            try:
                _send(self._requests, content)
            except OSError:  # it died; `listen` will see
                self._job.give_back(units)
                self._hang_up()
            else:
                self._portions.append(units)

    def listen(self) -> None:
        """Take what it says; if it died, others shall do what it was asked for."""
        while self._portions:
            try:
                chunk = os.read(self._results, _CHUNK)
            except BlockingIOError:
                return
            if not chunk:
                while self._portions:
                    self._job.give_back(self._portions.pop())
                self._hang_up()
            self._buffer += chunk
            while len(self._buffer) >= _LENGTH:
                end = _LENGTH + int.from_bytes(self._buffer[:_LENGTH], "big")
                if len(self._buffer) < end:
                    break
                content = bytes(self._buffer[_LENGTH:end])
                del self._buffer[:end]
                self._job.add(self._portions.pop(0), content)

    def dismiss(self) -> None:
        """End it."""
        self.leave()
        try:
            if self._portions:
                os.kill(self._process, _SIGKILL)
            os.waitpid(self._process, 0)
        except (ProcessLookupError, ChildProcessError):  # who ignores SIGCHLD has no children to wait for
            pass

    def leave(self) -> None:
        """Neither ask it for anything more nor listen."""
        self._hang_up()
        os.close(self._results)

    def _hang_up(self) -> None:
        if self._requests >= 0:
            os.close(self._requests)
            self._requests = -1

    def _run(self, requests: int, results: int, others: list[_Worker]) -> None:
        for worker in (self, *others):  # or they would not notice that their parent is gone
            worker.leave()
        self._job.serve(requests, results)


def share(job: Job) -> None:
    """Do what is left of a job, with other processes if there can be any."""
    count = worker_count(_MAXIMUM_PROCESSES) if BY_DESCRIPTOR else 1
    workers: list[_Worker] = []
    try:
        while len(workers) < min(count - 1, job.waiting):
            try:
                workers.append(_Worker(job, workers))
            except OSError:  # fewer will do
                break
        while True:
            for worker in workers:
                worker.listen()
                worker.ask(count)
            if job.waiting:
                job.work(count)
            elif busy := [worker for worker in workers if worker.busy]:
                _wait(busy)
            else:
                break
    finally:
        for worker in workers:
            worker.dismiss()


if sys.platform == "win32":  # a process cannot be forked there, so neither of these is called

    def _wait(workers: list[_Worker]) -> None:
        raise NotImplementedError

    def _stop_waiting_for(descriptor: int) -> None:
        raise NotImplementedError

else:

    def _wait(workers: list[_Worker]) -> None:
        """Wait until one of them says something."""
        from select import poll

        polled = poll()
        for worker in workers:
            polled.register(worker)
        polled.poll()

    def _stop_waiting_for(descriptor: int) -> None:
        """Let a read return at once if there is nothing to read yet."""
        os.set_blocking(descriptor, False)


def _send(descriptor: int, content: bytes) -> None:
    content = len(content).to_bytes(_LENGTH, "big") + content
    while content:
        content = content[os.write(descriptor, content) :]


def _receive(descriptor: int) -> bytes | None:
    """What was sent; None if nothing comes anymore."""
    length = _read(descriptor, _LENGTH)
    return None if length is None else _read(descriptor, int.from_bytes(length, "big"))


def _read(descriptor: int, length: int) -> bytes | None:
    content = b""
    while len(content) < length:
        chunk = os.read(descriptor, min(_CHUNK, length - len(content)))
        if not chunk:
            return None
        content += chunk
    return content
