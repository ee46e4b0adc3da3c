"""Real mise, from npm, with the plugin, and a command line that counts how often it is called."""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import signal
import subprocess
import sys
import time
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from filelock import FileLock

from support.hosts import CONSTRAINTS, HOSTS, SCRIPTS, Host, Result
from support.network import CACHE
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Each system's package.
_SYSTEM = {"linux": "linux", "darwin": "macos"}.get(sys.platform, sys.platform)
_MACHINE = {"x86_64": "x64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())
PACKAGE = f"@jdxcode/mise-{_SYSTEM}-{_MACHINE}"
NPM = shutil.which("npm")
#: Seconds that npm may take, and until it is tried again.
PATIENCE, RETRY = 200, 3600

#: What a project is.
PYPROJECT = '[project]\nname = "demo"\nversion = "1"\nrequires-python = ">=3.10"\n'
#: What activates its environment.
ENABLED = "[env]\n_.central-venv = {}\n"
#: What makes it, too.
CREATE = "[env]\n_.central-venv = { create = true }\n"
#: What the command line may answer.
ANSWER: dict[str, Any] = {
    "schema": 1,
    "active": True,
    "root": "/project",
    "environment": "/nowhere/.venv",
    "record": "/nowhere/.venv.json",
    "exists": False,
    "lasting": True,
    "env": {"UV_PROJECT_ENVIRONMENT": "/nowhere/.venv"},
    "path": [],
    "watch": ["/"],
    "inputs": {},
}

_HOUR = 3600


def pinned_mise() -> str:
    """The release that stands beside the pins of the other hosts, in a comment."""
    (release,) = re.findall(r"^# From npm: mise==(\S+)$", CONSTRAINTS.read_text(encoding="utf-8"), re.MULTILINE)
    return str(release)


def install_mise(version: str) -> Path:
    """The program of a release of mise, which is downloaded once; without it, the test is skipped."""
    directory = HOSTS / f"mise-{version}"
    HOSTS.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{directory}.lock"):
        program = directory / "node_modules" / PACKAGE / "bin" / "mise"
        failure = directory / "failure"
        if program.exists():
            return program
        if not (failure.exists() and time.time() - failure.stat().st_mtime < RETRY):
            directory.mkdir(exist_ok=True)
            if _download(version, directory, failure):
                return program
        pytest.skip(f"npm has no mise {version} for us: {failure.read_text(encoding='utf-8')}")


def _download(version: str, directory: Path, failure: Path) -> bool:
    """Whether npm installed a release; if not, a file says why."""
    options = ("--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--loglevel=error")
    places = ("--cache", str(CACHE / "npm"), "--prefix", str(directory))
    command = [str(NPM), "install", *options, *places, f"{PACKAGE}@{version}"]
    # Certificates of a site's own, which others are told of by `SSL_CERT_FILE`, npm wants in a variable of its own.
    certificates = {"NODE_EXTRA_CA_CERTS": os.environ.get("SSL_CERT_FILE", "")}
    variables = {**certificates, **os.environ}
    try:
        subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE, env=variables)
    except subprocess.CalledProcessError as error:
        failure.write_text(" ".join(error.stderr.split())[:300] or f"status {error.returncode}", encoding="utf-8")
    except subprocess.TimeoutExpired:
        failure.write_text(f"no answer within {PATIENCE} s", encoding="utf-8")
    else:
        return True
    return False


@dataclass(frozen=True)
class Mise:
    """A release of mise, and the calls that it makes.

    Attributes:
        program: its path.
        calls: a file with a line for each call of the command line.
        plugin: where mise has the plugin.
    """

    program: Path
    calls: Path
    plugin: Path

    def run(self, *arguments: str | Path, cwd: Path, **variables: str) -> Result:
        """Run it to its end."""
        return _Program(self.program).run("mise", *arguments, cwd=cwd, **variables)

    def env(self, cwd: Path, **variables: str) -> dict[str, Any]:
        """What it sets in a directory."""
        result = self.run("env", "--json", cwd=cwd, **variables)
        assert result.status == 0, result.text
        found: dict[str, Any] = json.loads(result.out)
        return found

    @contextmanager
    def watched(self, *arguments: str, cwd: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
        """Start it in a process group of its own; at the end, wait until everything that it started has ended."""
        reading, writing = os.pipe()  # whatever it starts holds the other end
        with (
            os.fdopen(reading) as pipe,
            subprocess.Popen(
                [self.program, *arguments],
                cwd=cwd,
                env={**os.environ, **variables},
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
                pass_fds=[writing],
                start_new_session=True,
            ) as process,
        ):
            os.close(writing)
            try:
                yield process
                pipe.read()
            except BaseException:
                with suppress(ProcessLookupError):
                    os.killpg(process.pid, signal.SIGKILL)
                raise

    def called(self) -> int:
        """How often the command line was called since this was asked last."""
        count = len(self.calls.read_text(encoding="utf-8").splitlines()) if self.calls.exists() else 0
        self.calls.unlink(missing_ok=True)
        return count

    @property
    def command(self) -> Path:
        """What stands for the command line."""
        return self.calls.parent / "central-venv"

    def answer_with(self, script: str) -> None:
        """Let a shell script stand for the command line."""
        self.command.write_text(f"#!/bin/sh\necho called >> '{self.calls}'\n{script}\n", encoding="utf-8")
        self.command.chmod(0o755)
        (self.plugin / "lib" / "command.lua").write_text(f'return {{ "{self.command}" }}\n', encoding="utf-8")

    def limit(self, **seconds: int) -> None:
        """Let the plugin have other limits of time, by the names of its constants."""
        for name, value in seconds.items():
            changed = 0
            for module in (self.plugin / "lib").glob("*.lua"):
                text, count = re.subn(
                    rf"^(local {name} =) \d+$", rf"\1 {value}", module.read_text(), flags=re.MULTILINE
                )
                module.write_text(text)
                changed += count
            assert changed == 1, name


@dataclass(frozen=True)
class _Program(Host):
    """One program by its path, whatever it is called."""

    def program(self, name: str) -> str:  # noqa: ARG002  # there is only one
        return str(self.path)


def isolated(home: Path, tmp_path: Path) -> dict[str, str]:
    """The variables that keep mise to a temporary directory, and from asking."""
    return {
        "MISE_DATA_DIR": str(home / "mise"),
        "MISE_CACHE_DIR": str(home / "mise-cache"),
        "MISE_STATE_DIR": str(home / "mise-state"),
        "MISE_CEILING_PATHS": str(tmp_path),
        "MISE_TRUSTED_CONFIG_PATHS": str(tmp_path),
        "MISE_OFFLINE": "1",
        "MISE_YES": "1",
    }


def command_line() -> str:
    """The real command line of central-venv, as a shell has to call it."""
    return f"exec '{Path(sys.prefix, SCRIPTS, 'central-venv')}' \"$@\""


def settle(root: Path) -> Path:
    """Make everything in a directory look as if it was written an hour ago: what is new is not relied on."""
    then = time.time() - _HOUR
    for path in root.rglob("*"):
        os.utime(path, (then, then))
    return root


def old_tree(root: Path, files: dict[str, str]) -> Path:
    """Make a directory with files that were written an hour ago."""
    write_tree(root, files)
    then = time.time() - _HOUR
    for name in files:
        os.utime(root / name, (then, then))
    return root


def kept_answers() -> list[Path]:
    """The files with what the command line answered."""
    return sorted(Path(os.environ["HOME"], ".cache", "central-venv", "mise").iterdir())


def change_kept(change: Callable[[dict[str, Any]], object]) -> None:
    """Change what is kept."""
    for path in kept_answers():
        kept = json.loads(path.read_text(encoding="utf-8"))
        change(kept)
        path.write_text(json.dumps(kept), encoding="utf-8")


def let_pass(seconds: int) -> None:
    """Make what is kept older."""
    change_kept(lambda kept: kept.update(given=kept["given"] - seconds))
