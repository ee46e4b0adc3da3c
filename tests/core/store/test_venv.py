"""What directories of real tools tell."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from typing import TYPE_CHECKING, NoReturn

import pytest
from central_venv.store import venv
from support.hosts import UV
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links are POSIX")

TOOLS = {
    "venv": [sys.executable, "-m", "venv", "--without-pip"],
    "uv": [str(UV), "venv", "--quiet", "--offline", "--python", sys.executable],
    "virtualenv": [sys.executable, "-m", "virtualenv", "--quiet", "--no-seed", "--no-periodic-update"],
}

CONDA = {"conda-meta/history": "", "conda-meta/python-3.12.1-h996f2a0_1_cpython.json": "", "bin/python": ""}


@pytest.mark.parametrize("tool", TOOLS)
def test_an_environment_of_a_real_tool_is_known(tool: str, base: Path) -> None:
    path = base / "environment"
    subprocess.run([*TOOLS[tool], str(path)], check=True, stdout=subprocess.DEVNULL)

    found = (venv.is_environment(str(path)), venv.has_interpreter(str(path)), venv.python_version(str(path)))

    assert found == (True, True, platform.python_version())
    assert venv.created(str(path)) == (path / "pyvenv.cfg").stat().st_mtime


@posix_only
def test_an_environment_whose_python_is_gone_has_no_interpreter(base: Path) -> None:
    (base / "python").symlink_to(sys.executable)
    path = base / "environment"
    subprocess.run([*TOOLS["uv"], str(path)], check=True)
    (path / "bin" / "python").unlink()
    (path / "bin" / "python").symlink_to(base / "removed")

    assert (venv.is_environment(str(path)), venv.has_interpreter(str(path))) == (True, False)


@posix_only
def test_a_conda_environment_is_known(base: Path) -> None:
    path = str(write_tree(base / "environment", CONDA))

    found = (venv.is_environment(path), venv.has_interpreter(path), venv.python_version(path))

    assert found == (True, True, "3.12.1")
    assert venv.created(path) == os.stat(f"{path}/conda-meta").st_mtime


def test_a_conda_environment_with_its_python_at_the_top_has_an_interpreter(base: Path) -> None:
    name = "python.exe" if sys.platform == "win32" else "python"
    path = write_tree(base / "environment", {"conda-meta/history": "", name: ""})

    assert venv.has_interpreter(str(path))


@pytest.mark.parametrize("name", ["python-dateutil-2.9.json", "python-3.12.1.txt", "python_abi-3.12-4.json", "python"])
def test_a_conda_environment_without_python_has_no_version(name: str, base: Path) -> None:
    path = write_tree(base / "environment", {f"conda-meta/{name}": ""})

    assert (venv.is_environment(str(path)), venv.has_interpreter(str(path)), venv.python_version(str(path))) == (
        True,
        False,
        None,
    )


@pytest.mark.parametrize(
    "files",
    [
        pytest.param({}, id="empty"),
        pytest.param({"bin/python": "", "Scripts/python.exe": ""}, id="an interpreter alone"),
        pytest.param({"pyvenv.cfg/file": ""}, id="a directory in place of its file"),
        pytest.param({"conda-meta": ""}, id="a file in place of its directory"),
    ],
)
def test_another_directory_is_no_environment(files: dict[str, str], base: Path) -> None:
    path = write_tree(base / "directory", files)

    assert not venv.is_environment(str(path))


def test_what_does_not_exist_is_no_environment(base: Path) -> None:
    path = str(base / "missing")

    found = (venv.is_environment(path), venv.has_interpreter(path), venv.python_version(path), venv.created(path))

    assert found == (False, False, None, None)


@posix_only
def test_a_link_to_an_environment_is_none(base: Path, make_environment: Callable[[Path], Path]) -> None:
    (base / "link").symlink_to(make_environment(base / "environment"))

    assert not venv.is_environment(str(base / "link"))


@pytest.mark.parametrize(
    ("content", "version"),
    [
        pytest.param("version = 3.12.1", "3.12.1", id="venv"),
        pytest.param("version_info = 3.12.1", "3.12.1", id="uv"),
        pytest.param("version_info = 3.12.1.final.0\nversion = 3.0.0", "3.12.1", id="virtualenv"),
        pytest.param("implementation = CPython\nversion_info = 3.12.1", "3.12.1", id="an implementation by name"),
        pytest.param(
            "implementation = PyPy\nversion_info = 3.10.14.final.0", "pypy3.10.14", id="another implementation"
        ),
        pytest.param("VERSION=3.12.1", "3.12.1", id="capitals without spaces"),
        pytest.param("version = 3.13.0rc1+", "3.13.0rc1+", id="a version in development"),
        pytest.param("home = /usr/bin\r\nversion = 3.12.1\r\n", "3.12.1", id="line ends of Windows"),
        pytest.param("prompt = a = b\nversion = 3.12.1", "3.12.1", id="more than one equals sign"),
        pytest.param("version = 3.12", "3.12", id="without a patch release"),
        pytest.param("", None, id="empty"),
        pytest.param("nothing of interest", None, id="without fields"),
        pytest.param("version =", None, id="an empty version"),
        pytest.param("version = \x1b[31m3.12", None, id="an escape sequence"),
        pytest.param("version = ../../etc", None, id="something else"),
        pytest.param("implementation = \x1b[31m\nversion = 3.12.1", "3.12.1", id="an unspeakable implementation"),
    ],
)
def test_the_python_of_an_environment_is_in_its_file(content: str, version: str | None, base: Path) -> None:
    path = base / "environment"
    path.mkdir()
    (path / "pyvenv.cfg").write_bytes(content.encode())

    assert venv.python_version(str(path)) == version


@posix_only
@pytest.mark.parametrize(
    ("files", "version"),
    [
        pytest.param(["lib/pypy3.10/x", "bin/python"], "pypy3.10.14", id="PyPy"),
        pytest.param(["site-packages/x", "bin/pypy3", "bin/python"], "pypy3.10.14", id="PyPy before 3.8"),
        pytest.param(["lib/python3.10/x", "bin/graalpy", "bin/python"], "graalpy3.10.14", id="GraalPy"),
        pytest.param(["lib/python3.10/x", "bin/python", "bin/pypy-news"], "3.10.14", id="CPython"),
    ],
)
def test_the_implementation_that_venv_does_not_tell_is_in_the_names_of_files(
    files: list[str], version: str, base: Path
) -> None:
    write_tree(base / "environment", {"pyvenv.cfg": "home = /x/bin\nversion = 3.10.14\n", **dict.fromkeys(files, "")})

    assert venv.python_version(str(base / "environment")) == version


def test_a_file_that_is_no_text_has_no_version(base: Path) -> None:
    path = base / "environment"
    path.mkdir()
    (path / "pyvenv.cfg").write_bytes(b"\xff\xfe\0v\0e")

    assert venv.python_version(str(path)) is None


def test_a_file_that_cannot_be_read_has_no_version(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tree(base / "environment", {"pyvenv.cfg": "version = 3.12.1"})

    def refuse(*_: object) -> int:
        raise PermissionError(13, "")

    monkeypatch.setattr(os, "open", refuse)

    assert venv.python_version(str(path)) is None


def test_a_conda_environment_with_a_marker_of_both_kinds_is_as_old_as_its_file(base: Path) -> None:
    path = write_tree(base / "environment", {"pyvenv.cfg": "", "conda-meta/history": ""})
    os.utime(path / "pyvenv.cfg", (0, 86400))

    assert venv.created(str(path)) == 86400


def test_a_directory_in_place_of_the_file_does_not_hide_the_other_marker(base: Path) -> None:
    path = write_tree(base / "environment", {"pyvenv.cfg/file": "", "conda-meta/history": ""})

    assert venv.created(str(path)) == (path / "conda-meta").stat().st_mtime


@pytest.mark.parametrize("files", [{"pyvenv.cfg/file": ""}, {"conda-meta": ""}], ids=["file", "directory"])
def test_what_only_looks_like_a_marker_has_no_age(files: dict[str, str], base: Path) -> None:
    assert venv.created(str(write_tree(base / "directory", files))) is None


def test_an_environment_that_cannot_be_looked_at_has_no_age(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write_tree(base / "environment", {"pyvenv.cfg": "", "conda-meta/history": ""})

    def refuse(path: str) -> NoReturn:
        raise PermissionError(13, "", path)

    monkeypatch.setattr(os, "stat", refuse)

    assert venv.created(str(path)) is None
