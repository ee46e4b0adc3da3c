"""The project environment for a Python."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
from typing import TYPE_CHECKING

import pytest
from central_venv.cli import main
from central_venv.errors import PythonRequestError
from central_venv.python_request import environment_directory, file_request
from support.hosts import UV
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="fake programs are shell scripts")

VARIANT = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
THIS = f".venv-{sys.version_info.major}.{sys.version_info.minor}{VARIANT}"


def program(path: Path, script: str) -> str:
    write_tree(path.parent, {path.name: f"#!/bin/sh\n{script}\n"})
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("request_", "directory"),
    [
        ("3.12", ".venv-3.12"),
        ("3.9", ".venv-3.9"),
        ("2.7", ".venv-2.7"),
        ("312", ".venv-3.12"),
        ("39", ".venv-3.9"),
        ("3.12.4", ".venv-3.12"),
        ("3.12.0rc1", ".venv-3.12"),
        ("3.14b2", ".venv-3.14"),
        ("3.13t", ".venv-3.13t"),
        ("3.13.1t", ".venv-3.13t"),
        ("313t", ".venv-3.13t"),
        ("3.13+freethreaded", ".venv-3.13t"),
        ("python3.12", ".venv-3.12"),
        ("Python3.12", ".venv-3.12"),
        ("py312", ".venv-3.12"),
        ("cp312", ".venv-3.12"),
        ("cpython3.12", ".venv-3.12"),
        ("cpython@3.12", ".venv-3.12"),
        ("cpython-3.12", ".venv-3.12"),
        ("cpython-3.12.4-linux-x86_64", ".venv-3.12"),
        ("cpython-3.12.4-linux-x86_64-gnu", ".venv-3.12"),
        ("cpython-3.13.0+freethreaded-linux-x86_64-gnu", ".venv-3.13t"),
        ("pypy3.10", ".venv-pypy3.10"),
        ("pypy@3.10", ".venv-pypy3.10"),
        ("pp310", ".venv-pypy3.10"),
        ("graalpy-3.11", ".venv-graalpy3.11"),
        ("gp311", ".venv-graalpy3.11"),
        ("  3.12\n", ".venv-3.12"),
    ],
)
def test_a_request_comes_to_a_directory(request_: str, directory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # nothing is asked

    assert environment_directory(request_) == directory


def test_an_interpreter_is_asked_what_it_is() -> None:
    assert environment_directory(sys.executable) == THIS


@posix_only
def test_a_program_of_the_path_is_asked_what_it_is(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(base / "snake", "echo pypy,3,10,")
    monkeypatch.setenv("PATH", str(base))

    assert environment_directory("snake") == ".venv-pypy3.10"


def test_uv_is_asked_what_a_range_means() -> None:
    version = f"=={sys.version_info.major}.{sys.version_info.minor}.*"
    found = subprocess.run(
        [UV, "python", "find", "--system", "--no-project", version], capture_output=True, check=False
    )
    if found.returncode != 0:
        pytest.skip("uv finds no such Python outside of environments")

    assert environment_directory(version) == f".venv-{sys.version_info.major}.{sys.version_info.minor}"


@posix_only
def test_uv_is_asked_for_one_of_the_system_and_without_a_project(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = program(base / "found" / "python", "echo cpython,3,13,t")
    program(base / "uv", f'echo "$@" > "{base}/asked"; echo "{answer}"')
    monkeypatch.setenv("PATH", str(base))

    directory = environment_directory(">=3.13")

    assert directory == ".venv-3.13t"
    assert (base / "asked").read_text() == "python find --system --no-project >=3.13\n"


@posix_only
@pytest.mark.parametrize("script", ["exit 2", "echo found; exit 1", "echo", ":"], ids=["2", "1", "blank", "nothing"])
def test_what_uv_does_not_know_is_no_python(script: str, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(base / "uv", script)
    monkeypatch.setenv("PATH", str(base))

    with pytest.raises(PythonRequestError) as caught:
        environment_directory("the best")

    assert caught.value.message == "cannot tell which Python `the best` is"
    assert caught.value.hint == "give a version such as `3.12`, or the path of an interpreter"


@pytest.mark.parametrize("request_", ["", "3", "4.1", "latest", "3.12.x", "3.", ">=3.12", "3.12 3.13", "/missing"])
def test_without_uv_nobody_can_tell_more(request_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(PythonRequestError):
        environment_directory(request_)


@posix_only
@pytest.mark.parametrize(
    "script",
    [
        pytest.param("exit 1", id="it fails"),
        pytest.param("echo hello", id="it says something else"),
        pytest.param(":", id="it says nothing"),
        pytest.param("kill -9 $$", id="it dies"),
    ],
)
def test_a_program_that_is_no_python_is_refused(script: str, base: Path) -> None:
    path = program(base / "fake", script)

    with pytest.raises(PythonRequestError) as caught:
        environment_directory(path)

    assert caught.value.message == f"`{path}`, which `{path}` means, does not say which Python it is"


@posix_only
def test_a_program_that_cannot_be_started_is_refused(base: Path) -> None:
    path = program(base / "fake", "")
    write_tree(base, {"fake": "#!/missing/interpreter\n"})

    with pytest.raises(PythonRequestError):
        environment_directory(path)


@posix_only
def test_a_program_that_does_not_end_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from central_venv import python_request

    monkeypatch.setattr(python_request, "_PATIENCE", 0.05)

    with pytest.raises(PythonRequestError):
        environment_directory(program(base / "fake", "exec sleep 60"))


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        pytest.param("3.12\n", "3.12", id="one line"),
        pytest.param("3.12", "3.12", id="without a line end"),
        pytest.param("  pypy@3.10  \r\n", "pypy@3.10", id="spaces around"),
        pytest.param("# why\n\n3.12\n3.13\n", "3.12", id="the first line that is no comment"),
        pytest.param("", None, id="empty"),
        pytest.param("# nothing\n\n", None, id="comments only"),
    ],
)
def test_a_file_of_the_project_asks_for_a_python(content: str, expected: str | None, base: Path) -> None:
    write_tree(base, {".python-version": content})

    assert file_request(str(base)) == expected


def test_a_file_that_is_no_text_asks_for_something_unknown(base: Path) -> None:
    (base / ".python-version").write_bytes(b"\xff3.12\n")

    assert file_request(str(base)) == "\ufffd3.12"


@pytest.mark.parametrize("files", [{}, {".python-version/file": ""}], ids=["no file", "a directory"])
def test_without_a_file_nothing_is_asked_for(files: dict[str, str], base: Path) -> None:
    write_tree(base, files)

    assert file_request(str(base)) is None
    assert os.path.isdir(base)


def test_a_project_does_not_choose_a_program_that_is_run(
    project: Path, base: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(
        project,
        {
            "pyproject.toml": "[tool.central-venv]\nper-python = true\n",
            ".python-version": "./evil\n",
            "evil": f"#!/bin/sh\ntouch {base}/ran\n",
        },
    )
    (project / "evil").chmod(0o755)
    monkeypatch.chdir(project)

    status = main(["path"])

    assert status == 1
    assert not (base / "ran").exists()


def test_uv_that_does_not_end_is_an_error_of_ours(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from central_venv import python_request

    write_tree(base, {"uv": f"#!/bin/sh\nexec {shutil.which('sleep')} 60\n"})
    (base / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(base))
    monkeypatch.setattr(python_request, "_PATIENCE", 0.05)

    with pytest.raises(PythonRequestError):
        python_request.environment_directory("the best")


def test_uv_that_cannot_be_started_is_an_error_of_ours(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from central_venv import python_request

    write_tree(base, {"uv": "#!/missing/interpreter\n"})
    (base / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(base))

    with pytest.raises(PythonRequestError):
        python_request.environment_directory("the best")
