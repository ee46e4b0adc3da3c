"""Real environments, made by each program that makes them, with a real project in them."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from support.hosts import SCRIPTS, UV
from support.network import download
from support.trees import write_tree

if TYPE_CHECKING:
    from central_venv import Home

MAKERS = {
    "uv": [str(UV), "venv", "--quiet", "--no-project", "--python", sys.executable],
    "venv": [sys.executable, "-m", "venv", "--without-pip"],
    "virtualenv": [sys.executable, "-m", "virtualenv", "--quiet", "--no-seed"],
}

_PROJECT = """
[build-system]
requires = ["{backend}"]
build-backend = "{module}"
[project]
name = "demo"
version = "1"
[project.scripts]
demo-say = "demo:say"
"""
_CODE = "def say() -> None:\n    print(__file__)\n"

SETUPTOOLS = {
    "pyproject.toml": _PROJECT.format(backend="setuptools", module="setuptools.build_meta"),
    "src/demo/__init__.py": _CODE,
}
#: The package has another name than its directory, so setuptools installs a finder.
SETUPTOOLS_WITH_FINDER = {
    "pyproject.toml": SETUPTOOLS["pyproject.toml"]
    + "[tool.setuptools]\npackages = ['demo']\npackage-dir = {demo = 'lib'}\n",
    "lib/__init__.py": _CODE,
}
HATCHLING = {
    "pyproject.toml": _PROJECT.format(backend="hatchling", module="hatchling.build"),
    "src/demo/__init__.py": _CODE,
}
HATCHLING_WITH_FINDER = {
    "pyproject.toml": HATCHLING["pyproject.toml"].replace('"1"', '"1"\ndependencies = ["editables"]')
    + "[tool.hatch.build]\ndev-mode-exact = true\n",
    "src/demo/__init__.py": _CODE,
}


def make(maker: str, path: Path) -> Path:
    """Make an environment.

    Args:
        maker: one of `MAKERS`.
        path: where.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    call(*MAKERS[maker], path)
    return path


def make_recorded(home: Home, runner: str = "tox", directory: str = "py", *, name: str | None = None) -> Path:
    """Make an environment as a runner does.

    Args:
        home: the home of its project.
        runner: the runner that it is of.
        directory: what its directory is called.
        name: what the runner calls it; as its directory by default.
    """
    environment = home.environment(runner, directory)
    environment.claim(name or directory, on_wait=lambda _: None, request="3")
    path = make("uv", Path(environment.path))
    write_tree(path, {"bin/say": f"#!/bin/sh\nexec '{path}/bin/python' -c 'import sys; print(sys.prefix)'\n"})
    (path / "bin" / "say").chmod(0o755)
    environment.seal("a note")
    environment.release()
    return path


def install(environment: Path, project: Path) -> None:
    """Install a project into an environment, editable, by uv."""
    download(UV, "pip", "install", "--quiet", "--python", environment, "--editable", project)


def call(*command: str | Path, cwd: Path | None = None, variables: dict[str, str] | None = None) -> str:
    """What a program says that must not fail."""
    ended = subprocess.run(
        [str(word) for word in command],
        cwd=cwd,
        env={**os.environ, **(variables or {})},
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        errors="surrogateescape",
        check=False,
    )
    assert ended.returncode == 0, f"{command}: {ended.stdout}{ended.stderr}"
    return ended.stdout


def python(environment: Path, code: str) -> str:
    """What code prints that an environment runs."""
    return call(environment / SCRIPTS / "python", "-I", "-c", code).rstrip("\n")


def mentions(environment: Path, *places: Path | str) -> list[str]:
    """The files of an environment that hold one of several paths, but for what Python compiled.

    A path in hexadecimal, in octal or as numbers of its letters is one, too: virtualenv writes them.
    """
    words = [spelling for place in map(str, places) for spelling in _spellings(place)]
    return sorted(
        str(path.relative_to(environment))
        for path in environment.rglob("*")
        if path.is_file()
        and not path.is_symlink()
        and path.suffix != ".pyc"
        and any(word in path.read_bytes() for word in words)
    )


def _spellings(path: str) -> list[bytes]:
    raw = os.fsencode(path)
    octal, apart = (
        b"".join(bytes([byte]) if byte < 128 else form % byte for byte in raw) for form in (b"\\0%03o", b"%c''")
    )
    return [raw, raw.hex().encode(), ", ".join(str(ord(letter)) for letter in path).encode(), octal, apart]
