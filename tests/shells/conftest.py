"""Real shells that have loaded their hook, and projects with an environment to activate in them."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import pexpect
import pytest
from central_venv import Home, Store
from central_venv.cli import main
from central_venv.cli.activate import LOADING
from central_venv.policy.layout import PROJECT_RUNNER
from central_venv.project_environment.shell import QUOTED
from support.commands import Said
from support.debian import find_program
from support.environments import INTERPRETER, seal, write_environment
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from support.commands import Runner

#: How each shell carries out a file, and how it is started at a terminal.
SCRIPT = {
    "bash": ["--norc", "--noprofile"],
    "zsh": ["-f"],
    "fish": ["--no-config"],
    "pwsh": ["-NoProfile", "-NonInteractive", "-File"],
}
TERMINAL = {
    "bash": ["--norc", "--noprofile", "-i"],
    "zsh": ["-f", "-i"],
    "fish": ["--no-config", "-i"],
    "pwsh": ["-NoProfile"],
}
#: What fails where each shell can be told to be strict.
STRICT = {
    "bash": "set -eu",
    "zsh": "setopt errexit nounset ksharrays shwordsplit globsubst noclobber",
    "fish": "",
    "pwsh": "Set-StrictMode -Version Latest; $ErrorActionPreference = 'Stop'",
}

_MARK = "--8<--"


@dataclass(frozen=True)
class Shell:
    """A shell that has loaded its hook."""

    name: str
    path: str
    variables: dict[str, str]
    directory: Path

    def quoted(self, text: str | Path) -> str:
        """Text as the shell takes it for one word."""
        return QUOTED[self.name](str(text))

    def run(
        self, *lines: str, check: bool = True, load: bool = True, variables: Mapping[str, str] | None = None
    ) -> Said:
        """Carry out lines behind the hook, or without it."""
        hook = [LOADING[self.name]] if load else []
        script = self.directory / f"script.{'ps1' if self.name == 'pwsh' else self.name}"
        script.write_bytes(os.fsencode("\n".join([*self._prelude(), *hook, *lines, ""])))
        done = subprocess.run(
            [self.path, *SCRIPT[self.name], script],
            cwd=self.directory,
            env={**self._variables(), **(variables or {})},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
            timeout=120,
        )
        if check:
            assert (done.returncode, done.stderr) == (0, ""), done.stderr
        return Said(done.returncode, done.stdout, done.stderr)

    def visit(self, *lines: str, **variables: str) -> list[dict[str, str]]:
        """The variables that a program gets after each of these lines."""
        say = f"& env -0; '{_MARK}'" if self.name == "pwsh" else f"env -0; echo '{_MARK}'"
        said = self.run(*(f"{line}\n{say}" for line in lines), variables=variables).out
        parts = said.split(f"{_MARK}\n")[:-1]
        assert len(parts) == len(lines)
        return [dict(pair.lstrip("\n").split("=", 1) for pair in part.split("\0") if "=" in pair) for part in parts]

    def open(self, *lines: str, **variables: str) -> Terminal:
        """Start it at a terminal."""
        program = pexpect.spawn(
            self.path,
            TERMINAL[self.name],
            cwd=str(self.directory),
            env={**self._variables(), "TERM": "dumb", "COLUMNS": "2000", **variables},
            encoding="utf-8",
            timeout=60,
            dimensions=(24, 2000),
            echo=False,
        )
        terminal = Terminal(self, program)
        for line in [*self._prelude(), *lines, LOADING[self.name]]:
            terminal.type(line)
        return terminal

    def _variables(self) -> dict[str, str]:
        return {**os.environ, "LC_ALL": "C.UTF-8", **self.variables}

    def _prelude(self) -> list[str]:
        """What lets a shell that is only unpacked find what belongs to it."""
        if not self.variables:
            return []
        top = next(parent for parent in Path(self.path).parents if (parent / "done").exists())
        if self.name == "fish":
            return [f"set -p fish_function_path '{top}/usr/share/fish/functions'"]
        if self.name == "zsh":
            modules = next(top.glob("usr/lib/*/zsh/*/zsh")).parent
            functions = sorted(str(path) for path in top.glob("usr/share/zsh/functions/**/") if path.is_dir())
            return [f"module_path=('{modules}')", f"fpath=({' '.join(map(repr, functions))})"]
        return []


class Terminal:
    """A shell at a terminal."""

    def __init__(self, shell: Shell, program: pexpect.spawn) -> None:
        self._shell = shell
        self._program = program

    def begin(self, line: str) -> None:
        """Type a line without ending it."""
        self._program.send(line)

    def type(self, line: str) -> None:
        """Type a line, and what ends it."""
        self.begin(f"{line}\r")

    def value(self, variable: str) -> str:
        """What a program that the shell starts finds in a variable; ``none`` if it is not set."""
        # What is typed does not hold the words that are looked for.
        program = f'import os; print("SA" + "ID<" + os.environ.get("{variable}", "none") + ">")'
        self.type(f"'{sys.executable}' -c '{program}'")
        self._program.expect("SAID<(.*?)>")
        return str(self._program.match.group(1))

    def show(self, words: str) -> str:
        """What the terminal shows up to certain words, with them."""
        self._program.expect_exact(words)
        return f"{self._program.before}{words}"

    def close(self) -> None:
        """End the shell."""
        self._program.close(force=True)


@pytest.fixture(params=["bash", "zsh", "fish", "pwsh"])
def shell(request: pytest.FixtureRequest, base: Path) -> Shell:
    """Each shell in turn, installed or from the system's archive."""
    return find_shell(request.param, base)


def find_shell(name: str, directory: Path) -> Shell:
    """A shell; the test is skipped where there is none."""
    program = find_program(name)
    if program is None:
        pytest.skip(f"there is no `{name}` here, and no archive that has it")
    return Shell(name, program.path, program.variables, directory)


@pytest.fixture
def base(tmp_path: Path) -> Path:
    """A directory whose path is its true path."""
    return Path(os.path.realpath(tmp_path))


@pytest.fixture
def terminals() -> Iterator[list[Terminal]]:
    """Each that is put here is closed at the end."""
    opened: list[Terminal] = []
    yield opened
    for terminal in opened:
        terminal.close()


@pytest.fixture
def make_project(base: Path, store: Path) -> Callable[..., Path]:
    """Makes a project below a directory of its own, with project environments."""

    def make(name: str, *environments: str) -> Path:
        root = write_tree(base / "projects" / name, {"pyproject.toml": ""})
        for directory in environments or (".venv",):
            path = seal(Home(Store(str(store)), str(root)), directory, PROJECT_RUNNER)
            make_runnable(path)
        return root

    return make


@pytest.fixture
def make_shared(store: Path) -> Callable[[str], Path]:
    """Makes an environment that several projects share."""

    def make(name: str) -> Path:
        environment = Store(str(store)).shared_environment(name)
        environment.claim(name, on_wait=lambda _: None)
        path = write_environment(Path(environment.path))
        environment.seal()
        environment.release()
        make_runnable(path)
        return path

    return make


def make_runnable(environment: Path) -> None:
    """Let its Python be one that can be started."""
    python = environment / INTERPRETER
    python.unlink()
    python.symlink_to("/bin/sh")


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Runner:
    """Runs a command in this process."""

    def run(*arguments: str) -> Said:
        capfd.readouterr()
        try:
            status: object = main(arguments)
        except SystemExit as end:
            status = end.code
        return Said(status, *capfd.readouterr())

    return run


def environment_of(root: Path, store: Path, directory: str = ".venv") -> str:
    """Where the environment of a project is."""
    return Home(Store(str(store)), str(root)).environment_path(PROJECT_RUNNER, directory)
