"""What can be wrong with a store, each made for a test that has a `project` and knows the `home_of_project`."""

from __future__ import annotations

import json
import os
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import pytest

from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

#: A file that is there, and that nobody can read from its beginning, root neither.
UNREADABLE = "/proc/self/mem"
needs_unreadable = pytest.mark.skipif(not os.path.exists(UNREADABLE), reason="no file here is unreadable to everybody")


@dataclass(frozen=True)
class Fault:
    """What is wrong with a store, and what is said then."""

    message: str
    hint: str
    variables: dict[str, str] = field(default_factory=dict)


def _below_a_file(request: pytest.FixtureRequest, tmp_path: Path) -> Fault:
    (tmp_path / "file").touch()
    store = tmp_path / "file" / "store"
    return Fault(f"cannot create `{store}`", "`CENTRAL_VENV_HOME`", {"CENTRAL_VENV_HOME": str(store)})


def _read_only_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Fault:
    store = request.getfixturevalue("read_only_disk") / "store"
    message = f"cannot create `{store}`: read-only file system"
    return Fault(message, "`CENTRAL_VENV_HOME`", {"CENTRAL_VENV_HOME": str(store)})


def _full_disk(request: pytest.FixtureRequest, tmp_path: Path) -> Fault:
    disk: Path = request.getfixturevalue("small_disk")
    with (disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(b"x" * 4096)
    return Fault("no space left on device", "free some space", {"CENTRAL_VENV_HOME": str(disk / "store")})


def _relative_store(request: pytest.FixtureRequest, tmp_path: Path) -> Fault:
    message = "the store 'store' from `CENTRAL_VENV_HOME` is not an absolute path"
    return Fault(message, "must begin", {"CENTRAL_VENV_HOME": "store"})


def _component_too_long(request: pytest.FixtureRequest, tmp_path: Path) -> Fault:
    store = tmp_path / ("x" * 300)
    return Fault("file name too long", "a shorter path", {"CENTRAL_VENV_HOME": str(store)})


def _path_too_long(request: pytest.FixtureRequest, tmp_path: Path) -> Fault:
    store = tmp_path.joinpath(*["x" * 200] * 25)
    return Fault("file name too long", "a shorter path", {"CENTRAL_VENV_HOME": str(store)})


def _switch_that_says_neither(request: pytest.FixtureRequest, tmp_path: Path) -> Fault:
    return Fault("the variable `CENTRAL_VENV` is 'maybe'", "it must be 1 or 0", {"CENTRAL_VENV": "maybe"})


def _configuration(content: str, message: str, hint: str) -> Callable[[pytest.FixtureRequest, Path], Fault]:
    def make(request: pytest.FixtureRequest, tmp_path: Path) -> Fault:
        write_tree(tmp_path / "config", {"central-venv/config.toml": content})
        return Fault(message, hint, {"XDG_CONFIG_HOME": str(tmp_path / "config")})

    return make


def _project_that_chooses_the_store(request: pytest.FixtureRequest, tmp_path: Path) -> Fault:
    file: Path = request.getfixturevalue("project") / "pyproject.toml"
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f'\n[tool.central-venv]\nstore = "{tmp_path.as_posix()}/evil"\n')
    return Fault("a project must not choose it", "config.toml")


def _record(content: str, message: str, hint: str) -> Callable[[pytest.FixtureRequest, Path], Fault]:
    def make(request: pytest.FixtureRequest, tmp_path: Path) -> Fault:
        write_tree(tmp_path / "other", {})
        text = content.replace("ROOT", json.dumps(str(request.getfixturevalue("project"))))
        text = text.replace("OTHER", json.dumps(str(tmp_path / "other")))
        write_tree(request.getfixturevalue("home_of_project"), {"project.json": text})
        return Fault(message, hint)

    return make


FAULTS: dict[str, Callable[[pytest.FixtureRequest, Path], Fault]] = {
    "below a file": _below_a_file,
    "read-only disk": _read_only_disk,
    "full disk": _full_disk,
    "relative store": _relative_store,
    "component too long": _component_too_long,
    "path too long": _path_too_long,
    "switch that says neither": _switch_that_says_neither,
    "no TOML": _configuration("store = ", "as TOML", "correct it"),
    "unknown key": _configuration("stoer = 'x'\n", "unknown key `stoer`", "the keys are `enabled`"),
    "project that chooses the store": _project_that_chooses_the_store,
    "another project's home": _record(
        '{"schema": 1, "root": OTHER, "created": null}', "belongs to another project", "CENTRAL_VENV_HOME"
    ),
    "newer home": _record('{"schema": 2, "root": ROOT}', "was written by a newer central-venv", "upgrade"),
    "damaged home": _record('{"schema": 1, "roo', "is damaged", "remove that file"),
}
