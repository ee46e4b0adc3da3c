"""The file `.venv` that holds the path of an environment (PEP 832)."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

import pytest
from central_venv.errors import LinkError
from central_venv.machine.files import MAXIMUM_SIZE
from central_venv.project_link import redirect
from support.trees import contents, write_tree

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="pipes, links and odd names are POSIX")


# what is read


@pytest.mark.parametrize(
    ("content", "target"),
    [
        ("/store/.venv\n", "/store/.venv"),
        ("/store/.venv", "/store/.venv"),
        ("/store/.venv\r\n", "/store/.venv"),
        ("/store/.venv\r\r\n", "/store/.venv\r"),
        ("../store/.venv\n", "../store/.venv"),
        ("/store/.venv\nmore\n", "/store/.venv"),
        ("/a b/é\n", "/a b/é"),
    ],
)
def test_the_first_line_is_the_path(content: str, target: str, project: Path) -> None:
    (project / ".venv").write_bytes(content.encode())

    assert redirect.read(str(project / ".venv")) == target


@pytest.mark.parametrize(
    "content",
    [b"", b"\n/store\n", b"\r\n", b"/a\0b\n", b"/\xff\n", b"/x\n" + b"x" * MAXIMUM_SIZE],
    ids=["empty", "an empty line", "only an end of line", "NUL", "no UTF-8", "large"],
)
def test_what_holds_no_path_is_no_redirect(content: bytes, project: Path) -> None:
    (project / ".venv").write_bytes(content)

    assert redirect.read(str(project / ".venv")) is None


@posix_only
@pytest.mark.parametrize("kind", ["nothing", "directory", "pipe", "link"])
def test_what_is_no_file_is_no_redirect(kind: str, project: Path) -> None:
    path = project / ".venv"
    if kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "link":
        write_tree(project, {"file": "/store/.venv\n"})
        path.symlink_to("file")

    assert redirect.read(str(path)) is None


def test_a_second_redirect_is_not_followed(project: Path, base: Path) -> None:
    (project / ".venv").write_text(f"{base / 'second'}\n")
    (base / "second").write_text("/third\n")

    assert redirect.read(str(project / ".venv")) == str(base / "second")


# what is written


@pytest.mark.parametrize("name", ["env", "a b", "é", "a:b'\"$(x)"])
def test_what_is_written_is_one_line_with_the_path(name: str, project: Path) -> None:
    redirect.place(str(project / ".venv"), f"/store/{name}")

    assert (project / ".venv").read_bytes() == f"/store/{name}\n".encode()
    assert redirect.read(str(project / ".venv")) == f"/store/{name}"


@posix_only
def test_others_may_read_it(project: Path) -> None:
    old = os.umask(0o022)
    redirect.place(str(project / ".venv"), "/store/.venv")
    os.umask(old)

    assert stat.S_IMODE((project / ".venv").stat().st_mode) == 0o644


def test_a_redirect_is_replaced_in_one_step(project: Path) -> None:
    redirect.place(str(project / ".venv"), "/store/.venv")
    before = (project / ".venv").stat().st_ino

    redirect.replace(str(project / ".venv"), "/store/.venv-3.13")

    assert redirect.read(str(project / ".venv")) == "/store/.venv-3.13"
    assert (project / ".venv").stat().st_ino != before
    assert set(os.listdir(project)) == {".venv", "pyproject.toml"}


def test_what_is_there_is_not_replaced_by_a_new_one(project: Path) -> None:
    (project / ".venv").write_text("precious")

    with pytest.raises(FileExistsError):
        redirect.place(str(project / ".venv"), "/store/.venv")

    assert (project / ".venv").read_text() == "precious"


@pytest.mark.parametrize(
    "target",
    [*(f"/a{sign}b" for sign in "\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029"), "/a ", "/a\t", " /a", "/a\xa0", "/\udcff"],
    ids=ascii,
)
def test_a_path_that_readers_would_take_for_another_is_not_written(target: str, project: Path) -> None:
    before = contents(project)

    for write in (redirect.place, redirect.replace):
        with pytest.raises(LinkError) as caught:
            write(str(project / ".venv"), target)

    assert contents(project) == before
    assert caught.value.message.startswith(f"the path `{target}` cannot be written into a redirect")
    assert caught.value.hint == "make a link: remove such a file, then call `central-venv link`"


# the tools that it is not for


@pytest.fixture(autouse=True)
def uv_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """There is no uv."""
    monkeypatch.setattr("central_venv.project_link.uv.version", lambda: None)


@pytest.mark.parametrize(
    ("version", "said"),
    [
        ("0.13.8", ["uv 0.13.8 fails on such a file unless `UV_PROJECT_ENVIRONMENT` says where to look"]),
        ("0.13.9", []),
    ],
)
def test_of_uv_is_told_what_the_one_that_is_there_does(
    version: str, said: list[str], project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central_venv.project_link.uv.version", lambda: version)
    write_tree(project, {"uv.lock": ""})

    assert list(redirect.tools_at_odds(str(project))) == said


@pytest.mark.parametrize(
    ("files", "tool"),
    [
        ({"uv.lock": ""}, "uv before 0.13.9 fails"),
        ({"uv.toml": ""}, "uv before 0.13.9 fails"),
        ({"pyproject.toml": "[tool.uv]\n"}, "uv before 0.13.9 fails"),
        ({"pyproject.toml": "[tool.uv.sources]\n"}, "uv before 0.13.9 fails"),
        ({"poetry.lock": ""}, "poetry removes"),
        ({"pyproject.toml": "[tool.poetry]\n"}, "poetry removes"),
        ({"pdm.lock": ""}, "pdm replaces"),
        ({"pyproject.toml": "[tool.pdm]\n"}, "pdm replaces"),
        ({"Pipfile": ""}, "pipenv gives"),
        ({"mise.toml": ""}, "mise takes"),
    ],
)
def test_a_tool_of_the_project_that_it_is_not_for_is_told(files: dict[str, str], tool: str, project: Path) -> None:
    write_tree(project, files)

    (what,) = redirect.tools_at_odds(str(project))

    assert what.startswith(tool)


@pytest.mark.parametrize("content", ["[tool.ruff]\n", "tool = 3\n", "[tool", "", "[project]\nname = 'uv'\n"])
def test_of_other_projects_nothing_is_told(content: str, project: Path) -> None:
    write_tree(project, {"pyproject.toml": content, "uv.md": ""})

    assert list(redirect.tools_at_odds(str(project))) == []


def test_without_a_pyproject_toml_the_lock_files_tell(base: Path) -> None:
    write_tree(base / "p", {"uv.lock": "", "pdm.lock": ""})

    assert [what.split()[0] for what in redirect.tools_at_odds(str(base / "p"))] == ["uv", "pdm"]
    assert list(redirect.tools_at_odds(str(Path(base, "gone")))) == []
