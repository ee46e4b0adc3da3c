"""Real hosts, each release in an environment of its own that is made once and kept in `.dev/hosts`."""

from __future__ import annotations

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import distributions
from pathlib import Path

from filelock import FileLock

from support.network import download

ROOT = Path(__file__).resolve().parents[2]
HOSTS = ROOT / ".dev" / "hosts"
SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"
UV = Path(sys.prefix, SCRIPTS, "uv")
PATIENCE = 240
#: The versions of all that is not asked for in one version.
CONSTRAINTS = Path(os.environ.get("TEST_CONSTRAINTS") or ROOT / "constraints.txt")

_running: list[subprocess.Popen[str]] = []


@dataclass(frozen=True)
class Result:
    """What a program did."""

    status: int
    out: str
    err: str

    @property
    def text(self) -> str:
        """Everything it said."""
        return self.out + self.err

    def __bool__(self) -> bool:
        raise TypeError("compare the status")


@dataclass(frozen=True)
class Host:
    """An environment with a host, and perhaps our plugin, in it."""

    path: Path

    def program(self, name: str) -> str:
        """The path of one of its programs."""
        return str(self.path / SCRIPTS / name)

    def version(self, name: str) -> str:
        """The release of what is installed there."""
        places = [*self.path.glob("lib/*/site-packages"), *self.path.glob("Lib/site-packages")]
        (found,) = distributions(name=name, path=list(map(str, places)))
        return found.version

    def run(self, name: str, *arguments: str | Path, cwd: Path, **variables: str) -> Result:
        """Run one of its programs to its end."""
        process = self.start(name, *arguments, cwd=cwd, **variables)
        return finish(process)

    def start(self, name: str, *arguments: str | Path, cwd: Path, **variables: str) -> subprocess.Popen[str]:
        """Start one of its programs; the test's end is its end, too."""
        process = subprocess.Popen(
            [self.program(name), *map(str, arguments)],
            cwd=cwd,
            env={**os.environ, **variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            encoding="utf-8",
            errors="surrogateescape",
            start_new_session=True,  # a group of its own, as a shell gives it, so that Ctrl-C reaches its commands, too
        )
        _running.append(process)
        return process


def end_all() -> None:
    """Kill what is still running, for a test that failed on its way."""
    while _running:
        process = _running.pop()
        if process.poll() is None:
            process.kill()
            process.communicate()


def finish(process: subprocess.Popen[str]) -> Result:
    """Wait for a program's end; a program that does not end is killed."""
    try:
        out, err = process.communicate(timeout=PATIENCE)
    except subprocess.TimeoutExpired:
        process.kill()
        out, err = process.communicate()
        raise AssertionError(f"{process.args!r} did not end\n{out}\n{err}") from None
    return Result(process.returncode, out, err)


def interrupt(process: subprocess.Popen[str]) -> Result:
    """Press Ctrl-C until a program ends: old releases of tox can miss one in the moment they start a thread."""
    for _ in range(60):
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGINT)
        with suppress(subprocess.TimeoutExpired):
            process.wait(1)
            break
    return finish(process)


def read_until(process: subprocess.Popen[str], words: str, *, warnings: bool = False) -> str:
    """What a program says, or warns of, up to and with the line that holds certain words."""
    stream = process.stderr if warnings else process.stdout
    assert stream is not None
    said = ""
    for line in stream:
        said += line
        if words in line:
            return said
    raise AssertionError(f"never said {words!r}:\n{said}")


def make_host(name: str, *requirements: str, plugins: tuple[str, ...] = ()) -> Host:
    """An environment with requirements, core and plugins of this checkout, for the running Python.

    Args:
        name: what to call it.
        requirements: what to install, as pip takes it.
        plugins: folders of this checkout to install.
    """
    members = ["core", *plugins] if plugins else []
    pinned = not (requirements and "==" in requirements[0])
    pins = [CONSTRAINTS.read_text(encoding="utf-8")] if pinned else []
    recipe = "\n".join([sys.version, *requirements, *pins, *(_declared(member) for member in members)])
    stamp = hashlib.sha256(recipe.encode()).hexdigest()
    path = HOSTS / f"{name}-py{sys.version_info.major}.{sys.version_info.minor}"
    HOSTS.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{path}.lock"):
        made = path / "stamp"
        if not made.exists() or made.read_text() != stamp:
            shutil.rmtree(path, ignore_errors=True)
            _uv("venv", "--python", sys.executable, str(path))
            editable = [argument for member in members for argument in ("--editable", str(ROOT / member))]
            constraints = ["--constraint", CONSTRAINTS] if pinned else []
            install = ["pip", "install", "--python", path, "--compile-bytecode", *constraints]
            # Coverage counts what runs there in a run that is measured, and is not even loaded in another one.
            _uv(*map(str, install), "coverage", *requirements, *editable)
            made.write_text(stamp)
    return Host(path)


def _declared(member: str) -> str:
    return (ROOT / member / "pyproject.toml").read_text(encoding="utf-8")


def _uv(*arguments: str) -> None:
    download(UV, "--quiet", *arguments)
