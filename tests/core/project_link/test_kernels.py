"""Kernels of Jupyter that name an environment, wherever they are and however they name it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pytest
from central_venv.project_link import kernel_places
from central_venv.project_link.kernels import mend, naming
from support.jupyter import named_by, write_kernel
from support.trees import contents, write_tree

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="paths, links and modes of POSIX")


@pytest.fixture
def old(base: Path) -> Path:
    """What a kernel names."""
    return base / "store" / "foo-12345678" / ".venv"


@pytest.fixture
def new(base: Path) -> Path:
    """What it is to name."""
    return base / "store" / "bar-87654321" / ".venv"


def named(environment: Path, *stores: Path) -> list[str]:
    """The files of the kernels that name an environment."""
    return [kernel.path for kernel in naming([str(environment)], map(str, stores))]


def reasons(old: Path, new: Path) -> list[str | None]:
    """Mend kernels; why each that names the place cannot be."""
    return [kernel.reason for kernel in mend({str(old): str(new)}, [])]


def write(data: Path, content: str | bytes) -> Path:
    path = write_tree(data / "kernels" / "foo", {"kernel.json": ""}) / "kernel.json"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


# where kernels are


@pytest.mark.parametrize(
    ("variable", "below"),
    [
        ("JUPYTER_PATH", ""),
        ("JUPYTER_DATA_DIR", ""),
        ("JUPYTER_CONFIG_DIR", "data"),
        ("IPYTHONDIR", ""),
        ("XDG_DATA_HOME", "jupyter"),
        ("XDG_DATA_DIRS", "jupyter"),
        ("APPDATA", "jupyter"),
        ("LOCALAPPDATA", "jupyter"),
        ("PROGRAMDATA", "jupyter"),
        ("PYTHONUSERBASE", "share/jupyter"),
        ("VIRTUAL_ENV", "share/jupyter"),
        ("CONDA_PREFIX", "share/jupyter"),
    ],
)
def test_a_kernel_is_found_where_a_variable_says(
    variable: str, below: str, base: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kernel = write_kernel(base / "place" / below, old)
    assert named(old) == []

    monkeypatch.setenv(variable, str(base / "place"))

    assert named(old) == [str(kernel)]


@pytest.mark.parametrize("variable", ["JUPYTER_PATH", "XDG_DATA_DIRS"])
def test_each_directory_of_a_list_is_looked_at(
    variable: str, base: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    below = "jupyter" if variable == "XDG_DATA_DIRS" else ""
    kernels = [write_kernel(base / name / below, old) for name in ("a", "b")]

    monkeypatch.setenv(variable, os.pathsep.join(str(base / name) for name in ("a", "gone", "b")))

    assert named(old) == list(map(str, kernels))


@pytest.mark.parametrize("place", [".local/share/jupyter", ".ipython"])
def test_a_kernel_is_found_in_the_users_home(place: str, home: Path, old: Path) -> None:
    kernel = write_kernel(home / place, old)

    assert named(old) == [str(kernel)]


@pytest.mark.parametrize("place", ["Library/Jupyter", "Library/Application Support/Jupyter"])
def test_a_kernel_is_found_in_the_users_library_on_macos(
    place: str, home: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    kernel = write_kernel(home / place, old)

    assert named(old) == [str(kernel)]


def test_a_kernel_of_all_users_is_found(base: Path, old: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert {"/usr/local/share/jupyter", "/usr/share/jupyter"} < set(kernel_places._SYSTEM)
    monkeypatch.setattr(kernel_places, "_SYSTEM", (str(base / "usr" / "share" / "jupyter"),))
    kernel = write_kernel(base / "usr" / "share" / "jupyter", old)

    assert named(old) == [str(kernel)]


def test_a_kernel_is_found_beside_the_programs_on_the_path(
    base: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(base / "prefix" / "bin"))
    kernel = write_kernel(base / "prefix" / "share" / "jupyter", old)

    assert named(old) == [str(kernel)]


def test_a_kernel_is_found_in_the_environment_of_the_jupyter_on_the_path(
    base: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    program = write_tree(base / "tools" / "jupyterlab", {"bin/jupyter": ""}) / "bin" / "jupyter"
    program.chmod(0o755)
    (base / "bin").mkdir()
    (base / "bin" / "jupyter").symlink_to(program)
    monkeypatch.setenv("PATH", str(base / "bin"))
    kernel = write_kernel(base / "tools" / "jupyterlab" / "share" / "jupyter", old)

    assert named(old) == [str(kernel)]


@pytest.mark.parametrize("place", ["bar-87654321/.venv", "bar-87654321/.nox/lab", "@lab"])
def test_a_kernel_is_found_in_another_environment_of_the_store(place: str, base: Path, old: Path) -> None:
    kernel = write_kernel(base / "store" / place / "share" / "jupyter", old)

    assert named(old, base / "store") == [str(kernel)]


def test_a_kernel_in_the_environment_itself_goes_with_it(base: Path, old: Path) -> None:
    write_kernel(old / "share" / "jupyter", old)

    assert named(old, base / "store") == []


def test_a_kernel_that_is_found_twice_is_named_once(
    data: Path, base: Path, old: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_kernel(data, old)
    (base / "link").symlink_to(data)
    monkeypatch.setenv("JUPYTER_PATH", f"{data}:{base / 'link'}:relative:")

    assert len(named(old)) == 1


# how they name an environment


@pytest.mark.parametrize(
    "content",
    [
        {"argv": ["OLD/bin/python", "-m", "ipykernel_launcher", "-f", "{connection_file}"]},
        {"argv": ["OLD/bin/xpython", "-f", "{connection_file}"]},
        {"argv": ["/opt/conda/bin/conda", "run", "-p", "OLD", "python", "-m", "ipykernel"]},
        {"argv": ["bash", "-c", "source OLD/bin/activate && exec python -m ipykernel -f {connection_file}"]},
        {"argv": ["bash", "-c", "PATH='OLD/bin':$PATH python -m bash_kernel"]},
        {"argv": ["bash", "-c", "OLD/bin/python -m ipykernel -f {connection_file}"]},
        {"argv": ["bash", "-c", "PATH=OLD/bin:OLD/libexec exec OLD/bin/python -m bash_kernel"]},
        {"argv": ["python"], "env": {"VIRTUAL_ENV": "OLD"}},
        {"argv": ["python"], "env": {"PATH": "OLD/bin:/usr/bin"}},
        {"argv": ["python", "--prefix=OLD"]},
        {"argv": ["python"], "metadata": {"interpreter": {"path": "OLD/bin/python"}}},
    ],
    ids=[
        *("ipykernel", "xeus", "conda", "a line of a shell", "quoted", "a line that begins with it", "list in a line"),
        *("variable", "path", "option", "metadata"),
    ],
)
def test_a_kernel_names_an_environment_by_any_of_its_strings(
    content: dict[str, Any], data: Path, old: Path, new: Path
) -> None:
    kernel = write(data, json.dumps(content).replace("OLD", str(old)))

    assert named(old) == [str(kernel)]
    assert reasons(old, new) == [None]
    assert json.loads(kernel.read_text()) == json.loads(json.dumps(content).replace("OLD", str(new)))


def test_a_longer_name_is_another_environment(data: Path, old: Path, new: Path) -> None:
    write(data, json.dumps({"argv": [f"{old}-3.13/bin/python", f"cd {old}2", f"x{old}/bin", f"{old}.bak"]}))
    before = contents(data)

    assert named(old) == []
    assert reasons(old, new) == []
    assert contents(data) == before


def test_an_environment_is_named_through_a_link(data: Path, base: Path, old: Path) -> None:
    old.mkdir(parents=True)
    (base / "link").symlink_to(base / "store")
    (base / ".venv").symlink_to(old)
    kernels = [
        write_kernel(data, base / "link" / "foo-12345678" / ".venv", "a"),
        write_kernel(data, base / ".venv", "b"),
    ]

    assert named(old) == list(map(str, kernels))


def test_a_former_place_is_named_through_a_link(data: Path, base: Path, old: Path, new: Path) -> None:
    (base / "store").mkdir()
    (base / "link").symlink_to(base / "store")
    kernel = write_kernel(data, base / "link" / "foo-12345678" / ".venv")

    assert reasons(old, new) == [None]

    assert named_by(kernel) == str(new / "bin" / "python")


def test_a_link_can_be_taken_out_of_the_way_of_a_kernel(data: Path, base: Path, old: Path) -> None:
    old.mkdir(parents=True)
    (base / ".venv").symlink_to(old)
    through, direct = write_kernel(data, base / ".venv", "a"), write_kernel(data, old, "b")

    assert reasons(base / ".venv", old) == [None]

    assert named_by(through) == named_by(direct) == str(old / "bin" / "python")


# what is written


def test_only_what_names_the_place_changes_in_the_file(data: Path, old: Path, new: Path) -> None:
    text = '{ "argv" : ["OLD\\/bin\\/python",\t"-m","x"],\r\n "display_name":"\\u00e9 é", "n":1e3 , "n": 2}\n\n'
    text = text.replace("OLD", str(old).replace("/", "\\/"))
    kernel = write(data, text)
    kernel.chmod(0o640)

    assert reasons(old, new) == [None]

    argv = str(old).replace("/", "\\/") + "\\/bin\\/python"
    assert kernel.read_bytes().decode() == text.replace(argv, f"{new}/bin/python")
    assert kernel.stat().st_mode & 0o777 == 0o640
    assert os.listdir(kernel.parent) == ["kernel.json"]


@pytest.mark.parametrize("name", ["ü b", "\udcff", 'a"b\\c', "a\nb"], ids=ascii)
def test_a_path_of_any_name_is_written_as_jupyter_reads_it(name: str, data: Path, old: Path, base: Path) -> None:
    kernel = write_kernel(data, old)

    assert reasons(old, base / name) == [None]

    assert os.fsencode(named_by(kernel)) == os.fsencode(base / name / "bin" / "python")


@pytest.mark.parametrize("line", ["source OLD/bin/activate", "OLD/bin/python -m ipykernel"])
def test_a_line_of_a_shell_is_not_changed_if_the_path_had_to_be_quoted(
    line: str, data: Path, old: Path, base: Path
) -> None:
    write(data, json.dumps({"argv": ["bash", "-c", line.replace("OLD", str(old))]}))
    before = contents(data)

    assert reasons(old, base / "with space") == [
        "it names that within a text, where the new path would have to be quoted"
    ]

    assert contents(data) == before


def test_mending_twice_changes_nothing(data: Path, old: Path, new: Path) -> None:
    write_kernel(data, old)
    assert reasons(old, new) == [None]
    before = contents(data)

    assert reasons(old, new) == []

    assert contents(data) == before


@pytest.mark.parametrize("what", ["the file", "its directory"])
def test_what_a_link_leads_to_is_not_changed_but_told(what: str, data: Path, base: Path, old: Path, new: Path) -> None:
    kernel = write_kernel(base / "dotfiles", old)
    place = data / "kernels" / "foo"
    if what == "the file":
        place.mkdir(parents=True)
        place = place / "kernel.json"
    else:
        place.parent.mkdir(parents=True)
        kernel = kernel.parent
    place.symlink_to(kernel)
    before = contents(base / "dotfiles")

    assert reasons(old, new) == [f"`{place}` is a link"]

    assert contents(base / "dotfiles") == before


def test_what_cannot_be_written_is_told(
    small_disk: Path, old: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(small_disk))
    kernel = write_kernel(small_disk, old)
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    assert reasons(old, new) == [f"`{kernel.parent}` cannot be written"]


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give a file away")
def test_another_users_kernel_is_told(data: Path, old: Path, new: Path) -> None:
    kernel = write_kernel(data, old)
    os.chown(kernel, 12345, -1)
    before = contents(data)

    assert reasons(old, new) == [f"`{kernel}` belongs to another user (id 12345)"]

    assert contents(data) == before


def test_a_full_disk_is_told_and_leaves_the_kernel_whole(
    small_disk: Path, old: Path, new: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("JUPYTER_PATH", str(small_disk))
    write_kernel(small_disk, old, metadata={"much": "x" * 5000})
    with suppress(OSError), open(small_disk / "rest", "wb", buffering=0) as rest:
        while rest.write(b"x" * 4096):
            pass
    before = contents(small_disk)

    assert reasons(old, new) == ["no space left on device"]

    assert contents(small_disk) == before


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b'["OLD', b'"\\ud800 \\x"', b'"/\\ud800/x"', b'"/\\u0000/x"', b"[" * 10000],
    ids=ascii,
)
def test_what_is_no_kernel_is_left_alone(content: bytes, data: Path, old: Path, new: Path) -> None:
    write(data, content.replace(b"OLD", os.fsencode(old)))
    write_tree(data / "kernels", {"file": "", "empty/x": ""})
    os.mkfifo(data / "kernels" / "empty" / "kernel.json")
    before = contents(data)

    assert (named(old), reasons(old, new)) == ([], [])

    assert contents(data) == before
