"""What a killed process leaves in a project before it takes the place of something."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from central_venv.project_link import link, project_file, temporary
from support.trees import contents, listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links to anything and owners are POSIX")

OURS = (".central-venv-link-0123abcd", ".central-venv-0123abcd.tmp")


@pytest.fixture
def place(base: Path) -> Path:
    """A directory with one link and one file that were left."""
    directory = write_tree(base / "project", {"precious": "mine", OURS[1]: ""})
    (directory / OURS[0]).symlink_to("/nowhere")
    return directory


@posix_only
def test_what_was_left_is_removed(place: Path) -> None:
    assert sorted(temporary.find(str(place))) == [str(place / name) for name in sorted(OURS)]

    temporary.sweep(str(place))

    assert listing(place) == {"precious"}


@posix_only
@pytest.mark.parametrize(
    "name",
    [
        ".central-venv-link-0123abcdef",
        ".central-venv-link-0123abcg",
        ".central-venv-link-",
        ".central-venv-link-0123abcd.tmp",
        "central-venv-link-0123abcd",
        ".central-venv-0123abcd",
        ".central-venv-0123ABCD.tmp",
        ".central-venv-.tmp",
    ],
)
def test_what_is_called_otherwise_stays(name: str, base: Path) -> None:
    place = write_tree(base / "project", {f"file/{name}": ""})
    (place / "link").mkdir()
    (place / "link" / name).symlink_to("/nowhere")

    for kind in ("file", "link"):
        temporary.sweep(str(place / kind))

    assert listing(place) == {"file", f"file/{name}", "link", f"link/{name}"}


@posix_only
def test_what_is_of_another_kind_stays(base: Path) -> None:
    place = write_tree(base / "project", {OURS[0]: "mine", f"directory/{OURS[1]}/mine": ""})
    (place / OURS[1]).symlink_to("/nowhere")
    before = contents(place)

    for directory in (place, place / "directory"):
        temporary.sweep(str(directory))

    assert contents(place) == before


@posix_only
@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root can give files away")
def test_what_belongs_to_another_user_stays(place: Path) -> None:
    for name in OURS:
        os.chown(place / name, 12345, -1, follow_symlinks=False)

    temporary.sweep(str(place))

    assert listing(place) == {"precious", *OURS}


def test_nothing_is_left_where_nothing_is(base: Path) -> None:
    assert list(temporary.find(str(base / "missing"))) == []


@posix_only
@pytest.mark.parametrize(
    ("change", "call"),
    [
        (lambda path: link.replace(path, "/target"), "replace"),
        (lambda path: project_file.replace(path, b"/target"), "replace"),
        (lambda path: project_file.create(path, b"/target"), "link"),
    ],
    ids=["link", "file", "new file"],
)
def test_what_another_process_took_for_left_is_made_anew(
    change: Callable[[str], None], call: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = getattr(os, call)

    def sweep_first(source: str, target: str) -> None:
        monkeypatch.undo()
        temporary.sweep(str(base))
        real(source, target)

    monkeypatch.setattr(os, call, sweep_first)

    change(str(base / ".venv"))

    assert os.readlink(base / ".venv") == "/target" if os.path.islink(base / ".venv") else (base / ".venv").read_text()
    assert not list(temporary.find(str(base)))
