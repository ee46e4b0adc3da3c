"""Run the command line, or make an environment, and be killed in the middle.

What is run is a fork of one process, the mill, which has imported everything already: a start of Python for each of
some hundred steps would take most of the time. The fork is killed before its step-th change to the file system: Python
tells of each before it makes it.

    command …               central-venv with these arguments
    central-venv command …  the same, also for those commands that are called like what follows
    create STORE ROOT NAME  an environment of tox
    renew STORE ROOT NAME   the same without what an interrupted creation left
    make-link PATH TARGET   a link in a project
"""

from __future__ import annotations

import atexit
import importlib
import itertools
import json
import os
import pkgutil
import signal
import subprocess
import sys
import tempfile
from functools import cache
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple, NoReturn

if TYPE_CHECKING:
    from collections.abc import Iterator

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from support import drives

CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.utime", "os.chmod"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

#: The exit status of a process that was not killed because there were fewer steps.
SURVIVED = 42


class Ended(NamedTuple):
    """The exit status of a process, negative for a signal, and what it said."""

    status: int
    out: str
    err: str


def run(*words: str, step: int = 0) -> Ended:
    """Run a process here and now, with the test's variables; with a step, kill it before that one."""
    variables = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    return _mill().run({"step": step, "words": words, "variables": variables, "directory": os.getcwd()})


def kills(*words: str, first: int = 1, stride: int = 1) -> Iterator[int]:
    """Kill a process before its first change, its second … until it has no more.

    Args:
        words: what it does.
        first: the change that it is killed before at first.
        stride: how many changes later it is killed next.

    Yields:
        After each kill, the change before which it came.
    """
    for step in itertools.count(first, stride):
        killed = run(*words, step=step)
        if killed.status == SURVIVED:
            return
        assert killed.status == -signal.SIGKILL, killed.err
        yield step


class _Mill:
    """The process that is forked for each run; it ends with the one that started it."""

    def __init__(self) -> None:
        # What is killed never tells coverage what it did.
        variables = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        self._process = subprocess.Popen(
            [sys.executable, __file__],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**variables, "PYTHONDONTWRITEBYTECODE": "1"},
        )

    def run(self, job: dict[str, Any]) -> Ended:
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(f"{json.dumps(job)}\n")
        self._process.stdin.flush()
        return Ended(*json.loads(self._process.stdout.readline()))

    def end(self) -> None:
        self._process.communicate()


@cache
def _mill() -> _Mill:
    mill = _Mill()
    atexit.register(mill.end)
    return mill


def arm(step: int) -> None:
    """Die before the step-th change from now on."""
    left = step

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        writing = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        if event in CHANGES or writing:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def create(store: str, root: str, name: str, *, anew: bool = False) -> None:
    """Make an environment as a runner does; anew if its creation was interrupted."""
    from central_venv import Home, Store

    environment = Home(Store(store), root).environment("tox", name)
    environment.claim(name, on_wait=lambda _: None)
    if anew and environment.interrupted:
        environment.discard()
    path = Path(environment.path)
    (path / "bin").mkdir(parents=True, exist_ok=True)
    (path / "pyvenv.cfg").write_text("version_info = 3.12.1\n", encoding="utf-8")
    (path / "bin" / "python").write_text("", encoding="utf-8")
    environment.seal()
    environment.release()


def _serve() -> None:
    """Fork for each job that is a line of stdin, and answer with a line how it ended."""
    _import_everything()
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w")
    for line in sys.stdin:
        with tempfile.TemporaryFile("w+b") as out, tempfile.TemporaryFile("w+b") as err:
            child = os.fork()
            if child == 0:
                _become(json.loads(line), out, err)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            print(json.dumps([status, _text(out), _text(err)]), file=answers, flush=True)


def _import_everything() -> None:
    import central_venv

    for module in pkgutil.walk_packages(central_venv.__path__, "central_venv."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode("utf-8", "surrogateescape")


def _become(job: dict[str, Any], out: IO[bytes], err: IO[bytes]) -> NoReturn:
    """Be the process of a job to its end."""
    os.environ.clear()
    os.environ.update(job["variables"])
    os.chdir(job["directory"])
    nothing = os.open(os.devnull, os.O_RDWR)
    for source, target in ((nothing, 0), (out.fileno(), 1), (err.fileno(), 2)):
        os.dup2(source, target)
    status = _do(job["step"], *job["words"])
    sys.stdout.flush()
    os._exit(status)  # Python's own end would take longer than everything before it


def _do(step: int, job: str, *arguments: str) -> int:
    from central_venv.cli import main
    from central_venv.project_link.runner_link import make_link

    if drives.VARIABLE in os.environ:
        drives.simulate(os.environ[drives.VARIABLE])
    if step:
        arm(step)
    status = 0
    if job in {"create", "renew"}:
        create(*arguments, anew=job == "renew")
    elif job == "make-link":
        make_link(*arguments)
    elif job == "central-venv":
        status = main(arguments)
    else:
        status = main([job, *arguments])
    return SURVIVED if step else status


if __name__ == "__main__":
    _serve()
