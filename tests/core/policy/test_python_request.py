"""What a Python is called in the name of an environment, and which one a project asks for."""

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
from central_venv.policy.python_request import (
    allows,
    file_request,
    find_version,
    is_version,
    newest_in_range,
    project_request,
    python_name,
)
from support.hosts import UV
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="fake programs are shell scripts")

VARIANT = "t" if sysconfig.get_config_var("Py_GIL_DISABLED") else ""
THIS = f"{sys.version_info.major}.{sys.version_info.minor}{VARIANT}"


def program(path: Path, script: str) -> str:
    write_tree(path.parent, {path.name: f"#!/bin/sh\n{script}\n"})
    path.chmod(0o755)
    return str(path)


@pytest.mark.parametrize(
    ("request_", "name"),
    [
        ("3.12", "3.12"),
        ("3.9", "3.9"),
        ("2.7", "2.7"),
        ("312", "3.12"),
        ("39", "3.9"),
        ("3.12.4", "3.12"),
        ("3.12.0rc1", "3.12"),
        ("3.14b2", "3.14"),
        ("3.13t", "3.13t"),
        ("3.13.1t", "3.13t"),
        ("313t", "3.13t"),
        ("3.13+freethreaded", "3.13t"),
        ("python3.12", "3.12"),
        ("Python3.12", "3.12"),
        ("py312", "3.12"),
        ("cp312", "3.12"),
        ("cpython3.12", "3.12"),
        ("cpython@3.12", "3.12"),
        ("cpython-3.12", "3.12"),
        ("cpython-3.12.4-linux-x86_64", "3.12"),
        ("cpython-3.12.4-linux-x86_64-gnu", "3.12"),
        ("cpython-3.13.0+freethreaded-linux-x86_64-gnu", "3.13t"),
        ("pypy3.10", "pypy3.10"),
        ("pypy@3.10", "pypy3.10"),
        ("pp310", "pypy3.10"),
        ("graalpy-3.11", "graalpy3.11"),
        ("gp311", "graalpy3.11"),
        ("  3.12\n", "3.12"),
    ],
)
def test_a_request_comes_to_a_name(request_: str, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")  # nothing is asked

    assert python_name(request_) == name


def test_an_interpreter_is_asked_what_it_is() -> None:
    assert python_name(sys.executable) == THIS


@posix_only
def test_a_program_of_the_path_is_asked_what_it_is(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(base / "snake", "echo pypy,3,10,")
    monkeypatch.setenv("PATH", str(base))

    assert python_name("snake") == "pypy3.10"


def test_uv_is_asked_what_a_range_means() -> None:
    version = f"=={sys.version_info.major}.{sys.version_info.minor}.*"
    found = subprocess.run(
        [UV, "python", "find", "--system", "--no-project", version], capture_output=True, check=False
    )
    if found.returncode != 0:
        pytest.skip("uv finds no such Python outside of environments")

    assert python_name(version) == f"{sys.version_info.major}.{sys.version_info.minor}"


@posix_only
def test_uv_is_asked_for_one_of_the_system_and_without_a_project(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    answer = program(base / "found" / "python", "echo cpython,3,13,t")
    program(base / "uv", f'echo "$@" > "{base}/asked"; echo "{answer}"')
    monkeypatch.setenv("PATH", str(base))

    name = python_name(">=3.13")

    assert name == "3.13t"
    assert (base / "asked").read_text() == "python find --system --no-project >=3.13\n"


@posix_only
@pytest.mark.parametrize("script", ["exit 2", "echo found; exit 1", "echo", ":"], ids=["2", "1", "blank", "nothing"])
def test_what_uv_does_not_know_is_no_python(script: str, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    program(base / "uv", script)
    monkeypatch.setenv("PATH", str(base))

    with pytest.raises(PythonRequestError) as caught:
        python_name("the best")

    assert caught.value.message == "cannot tell which Python `the best` is"
    assert caught.value.hint == "give a version such as `3.12`, or the path of an interpreter"


@pytest.mark.parametrize("request_", ["", "3", "4.1", "latest", "3.12.x", "3.", ">=3.12", "3.12 3.13", "/missing"])
def test_without_uv_nobody_can_tell_more(request_: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "")

    with pytest.raises(PythonRequestError):
        python_name(request_)


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
        python_name(path)

    assert caught.value.message == f"`{path}`, which `{path}` means, does not say which Python it is"


@posix_only
def test_a_program_that_cannot_be_started_is_refused(base: Path) -> None:
    path = program(base / "fake", "")
    write_tree(base, {"fake": "#!/missing/interpreter\n"})

    with pytest.raises(PythonRequestError):
        python_name(path)


@posix_only
def test_a_program_is_what_it_says(base: Path) -> None:
    assert python_name(program(base / "fake", "echo cpython,3,99,")) == "3.99"


@posix_only
def test_a_program_that_does_not_end_is_refused(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from central_venv.policy import python_request

    monkeypatch.setattr(python_request, "_PROBE_TIMEOUT", 0.05)

    with pytest.raises(PythonRequestError):
        python_name(program(base / "fake", "echo cpython,3,99,; exec sleep 60"))


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


@posix_only
def test_uv_says_which_python_is_meant(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = program(base / "fake", "echo cpython,3,99,")
    program(base / "uv", f"echo '{found}'")
    monkeypatch.setenv("PATH", str(base))

    assert python_name("the best") == "3.99"


@posix_only
def test_uv_that_does_not_end_is_an_error_of_ours(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from central_venv.policy import python_request

    found = program(base / "fake", "echo cpython,3,99,")
    program(base / "uv", f"echo '{found}'; exec {shutil.which('sleep')} 60")
    monkeypatch.setenv("PATH", str(base))
    monkeypatch.setattr(python_request, "_PROBE_TIMEOUT", 0.05)

    with pytest.raises(PythonRequestError):
        python_request.python_name("the best")


def test_uv_that_cannot_be_started_is_an_error_of_ours(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from central_venv.policy import python_request

    write_tree(base, {"uv": "#!/missing/interpreter\n"})
    (base / "uv").chmod(0o755)
    monkeypatch.setenv("PATH", str(base))

    with pytest.raises(PythonRequestError):
        python_request.python_name("the best")


@posix_only
@pytest.mark.parametrize(
    "request_",
    [
        "evil",
        "./evil",
        "~/evil",
        "=evil",
        "=x/evil",
        "<evil/x",
        ">=3.11;evil",
        ">=3.11,./evil",
        ">=3.11 evil",
        ">=3.11/../evil",
        ">=",
        ">=3.11,,",
        "3.12/evil",
        "latest",
        "{base}/evil",
    ],
)
def test_a_project_that_asks_for_neither_a_version_nor_a_range_is_refused(
    request_: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("evil", "~/evil", "=evil", "=x/evil", "<evil/x", ">=3.11;evil", "3.12/evil", "latest", "uv"):
        program(base / name, f"touch '{base}/ran'; echo '{sys.executable}'")
    monkeypatch.setenv("PATH", os.pathsep.join([str(base), os.environ["PATH"]]))
    monkeypatch.setenv("HOME", str(base))
    monkeypatch.chdir(base)

    with pytest.raises(PythonRequestError, match="which is no version"):
        python_name(request_.format(base=base), trusted=False)

    assert not (base / "ran").exists()


RANGES = [
    ">=3.11",
    ">3.10",
    "<4",
    "<=3.13.1",
    "!=3.12",
    "~=3.11",
    "==3.12.*",
    "===3.12.1",
    ">=3.10,<3.13",
    " >= 3.11 , < 3.14 ",
    ">=3.11,!=3.12.0,<4",
    ">=3.13.0rc1",
]


@pytest.mark.skipif(sys.platform != "linux", reason="names of any bytes are Linux")
def test_uv_may_find_a_python_in_a_directory_of_any_name(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    directory = os.path.join(base, os.fsdecode(b"caf\xe9"))
    os.mkdir(directory)
    os.symlink(os.path.realpath(sys.executable), os.path.join(directory, "python"))
    program(base / "uv", f"printf '%s/caf\\351/python\\n' '{base}'")
    monkeypatch.setenv("PATH", str(base))

    assert python_name(">=3") == THIS


@posix_only
@pytest.mark.parametrize("request_", RANGES)
def test_uv_is_asked_what_a_range_of_the_project_means(
    request_: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program(base / "uv", f"echo '{sys.executable}'")
    monkeypatch.setenv("PATH", str(base))

    assert python_name(request_, trusted=False) == THIS


@pytest.mark.parametrize(
    "request_", ["3.12", "  3.12\n", "cpython-3.12.4-linux-x86_64", "pypy@3.10", "python3.12", "3.13t"]
)
def test_a_version_is_one(request_: str) -> None:
    assert is_version(request_)


@pytest.mark.parametrize(
    "request_", [*RANGES, "", "3", "python3", "python", "./python3.12", "/bin/python3.12", "latest"]
)
def test_what_is_no_version_is_none(request_: str) -> None:
    assert not is_version(request_)


def required(range_: str) -> str:
    return f"[project]\nrequires-python = '{range_}'\n"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        pytest.param({}, None, id="nothing"),
        pytest.param({".python-version": "3.12\n"}, "3.12", id="a file with a version"),
        pytest.param({".python-version": ">=3.12\n"}, ">=3.12", id="a file with a range"),
        pytest.param({"pyproject.toml": required(">=3.11,<3.14")}, ">=3.11,<3.14", id="a range"),
        pytest.param({".python-version": "3.12", "pyproject.toml": required(">=3.9")}, "3.12", id="the file wins"),
        pytest.param({".python-version": "# no\n", "pyproject.toml": required(">=3.9")}, ">=3.9", id="no line"),
        pytest.param({".python-version": "3.12", "pyproject.toml": "[broken"}, "3.12", id="the other is not read"),
        pytest.param({"pyproject.toml": ""}, None, id="an empty pyproject.toml"),
        pytest.param({"pyproject.toml": "project = 1"}, None, id="no table"),
        pytest.param({"pyproject.toml": "[project]\nrequires-python = 3"}, None, id="no text"),
        pytest.param({"pyproject.toml": required(" ")}, None, id="no range"),
    ],
)
def test_a_project_asks_for_a_python(files: dict[str, str], expected: str | None, base: Path) -> None:
    write_tree(base, files)

    assert project_request(str(base)) == expected


@pytest.mark.parametrize("files", [{".python-version": "./evil"}, {"pyproject.toml": required("^3.11")}])
def test_a_project_cannot_ask_for_more(files: dict[str, str], base: Path) -> None:
    write_tree(base, files)

    with pytest.raises(PythonRequestError, match="which is no version"):
        project_request(str(base))


@pytest.mark.parametrize(
    ("files", "reason"),
    [
        pytest.param({"pyproject.toml": "[project\nrequires-python"}, "Expected ", id="broken"),
        pytest.param({"pyproject.toml/file": ""}, "", id="a directory"),
    ],
)
def test_a_pyproject_that_cannot_be_read_is_one_clear_error(files: dict[str, str], reason: str, base: Path) -> None:
    write_tree(base, files)

    with pytest.raises(PythonRequestError) as caught:
        project_request(str(base))

    assert caught.value.message.startswith(f"cannot read `{base / 'pyproject.toml'}`: {reason}")


@posix_only
def test_a_pipe_that_should_ask_for_a_python_is_not_waited_for(base: Path) -> None:
    os.mkfifo(base / ".python-version")

    assert file_request(str(base)) is None


@posix_only
def test_a_pipe_in_the_place_of_pyproject_is_not_waited_for(base: Path) -> None:
    os.mkfifo(base / "pyproject.toml")

    with pytest.raises(PythonRequestError, match="not a regular file"):
        project_request(str(base))


@posix_only
def test_a_device_is_not_read(base: Path) -> None:
    (base / ".python-version").symlink_to("/dev/zero")

    assert file_request(str(base)) is None


@posix_only
def test_a_link_to_a_file_asks_for_a_python(base: Path) -> None:
    write_tree(base, {"shared": "3.12\n"})
    (base / ".python-version").symlink_to("shared")

    assert file_request(str(base)) == "3.12"


@pytest.mark.parametrize("request_", ["tool3.7", "x3.11-foo", "evil3.12"])
def test_a_name_with_a_version_is_no_version(request_: str, tmp_path: Path) -> None:
    (tmp_path / ".python-version").write_text(request_)

    assert not is_version(request_)
    with pytest.raises(PythonRequestError, match="which is no version"):
        project_request(str(tmp_path))


def test_what_a_project_asks_for_at_length_is_refused_in_short(tmp_path: Path) -> None:
    (tmp_path / "pyproject.toml").write_text(f'[project]\nrequires-python = ">={"3" * 100_000}"\n')

    with pytest.raises(PythonRequestError) as caught:
        project_request(str(tmp_path))

    assert len(caught.value.message) < 200


@pytest.mark.parametrize("name", [".python-version", "pyproject.toml"])
def test_a_file_of_any_size_is_not_read_to_its_end(name: str, tmp_path: Path) -> None:
    with (tmp_path / name).open("wb") as file:
        file.truncate(1 << 40)

    assert project_request(str(tmp_path)) is None


def test_a_link_to_a_file_is_followed(tmp_path: Path) -> None:
    (tmp_path / "versions").write_text("3.12\n")
    (tmp_path / ".python-version").symlink_to("versions")

    assert project_request(str(tmp_path)) == "3.12"


# without uv


def pythons(directory: Path, **versions: str) -> dict[str, str]:
    """Puts programs on the path that say that they are Pythons; the paths, by their names."""
    return {name: program(directory / name.replace("_", "."), f"echo {version}") for name, version in versions.items()}


@posix_only
@pytest.mark.parametrize(
    ("range_", "name"),
    [
        (">=3.10", "python3_13"),
        (">=3.10,<3.13", "python3_9"),
        ("<3.12", "python3"),
        ("==3.11.*", "python3"),
        ("==3.13.0", "python3_13"),
        ("<3", "python"),
        (">=3.99", None),
        ("3.12", None),
        ("./evil", None),
    ],
)
def test_the_newest_python_in_a_range_is_found_whatever_it_is_called(
    range_: str, name: str | None, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # One whose version is another than its name says, one from a repository, and one that does not work.
    found = pythons(base, python3_13="3.13.0+", python3_9="3.12.4", python3="3.11.2rc1", python="2.7.18")
    program(base / "python3.14", "exit 127")
    monkeypatch.setenv("PATH", str(base))

    assert newest_in_range(range_) == (None if name is None else found[name])


@posix_only
@pytest.mark.parametrize(
    ("version", "name"),
    [
        ("3.13", "python3_13"),
        ("3.13.7", "python3_13"),
        ("cp313", "python3_13"),
        ("3.13t", "python3_13t"),
        ("3.11", "python3"),
        ("3.11t", None),
        ("pypy3.10", "pypy3_10"),
        ("pypy3.11", None),
        ("3.12", None),
    ],
)
def test_the_python_of_a_version_is_found_by_its_name_or_by_what_it_says(
    version: str, name: str | None, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = pythons(base, python3_13="3.13.0", python3_13t="3.13.0", python3="3.11.2", pypy3_10="3.10.14")
    monkeypatch.setenv("PATH", str(base))

    assert find_version(version) == (None if name is None else found[name])


@pytest.mark.parametrize(
    ("request_", "version", "expected"),
    [
        ("3.12", "3.12.4", True),
        ("3.12.1", "3.12.4", True),
        ("python3.12", "3.12.4", True),
        ("3.13t", "3.13.0", True),
        ("3.13", "3.12.4", False),
        ("pypy3.10", "pypy3.10.14", True),
        ("pypy3.10", "3.10.14", False),
        ("3.10", "pypy3.10.14", False),
        (">=3.11", "3.12.4", True),
        (">=3.11,<3.12", "3.12.4", False),
        (">=3.10", "pypy3.10.14", False),
        ("3.12", "graalvm3.12.0", True),
        ("3.12", "unknown", True),
    ],
)
def test_an_environment_is_taken_if_its_python_is_what_is_asked_for(
    request_: str,
    version: str,
    expected: bool,  # noqa: FBT001
) -> None:
    assert allows(request_, version) is expected


def test_the_path_of_a_python_is_compared_by_what_it_is() -> None:
    assert allows(sys.executable, f"{sys.version_info.major}.{sys.version_info.minor}.99")
    assert not allows(sys.executable, "3.99.0")


@posix_only
def test_what_is_asked_elsewhere_means_the_same_paths(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    names = ("UV_PROJECT", "UV_WORKING_DIR", "UV_CACHE_DIR", "UV_CONFIG_FILE")
    shown = " ".join(f'"${{{name}-unset}}"' for name in names)
    program(base / "uv", f"echo {shown} > '{base}/told'; exit 1")
    monkeypatch.setenv("PATH", str(base))
    monkeypatch.chdir(base)
    for name in names[:3]:
        monkeypatch.setenv(name, "here")

    with pytest.raises(PythonRequestError):
        python_name("the best")

    assert (base / "told").read_text() == f"unset unset {base}/here unset\n"
