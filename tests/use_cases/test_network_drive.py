"""A project on a network drive, and the store on the disk of the computer."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.mounts import mounted
from support.uv_projects import packages, write_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from .conftest import Central

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="file systems are mounted as on POSIX")


@contextmanager
def drive(base: Path) -> Iterator[Path]:
    """The drive, as long as it is mounted."""
    try:
        with mounted(base / "drive", "size=4m") as mount:
            yield mount
    except PermissionError as error:
        pytest.skip(f"cannot mount a file system: {error}")


def test_nothing_but_sources_is_written_to_the_drive(
    base: Path, store: Path, central: Central, assert_only_sources: Callable[[Path], None]
) -> None:
    with drive(base) as mount:
        root = write_project(mount / "project", "alpha")
        path = central("create", cwd=root).out.rstrip("\n")
        central("uv", "sync", cwd=root)
        central("run", "python", "-c", "import alpha, module", cwd=root)

        assert os.path.commonpath([path, store]) == str(store)
        assert packages(Path(path)) == {"alpha"}
        assert_only_sources(root)


def test_what_is_there_when_the_drive_is_not_mounted_is_kept(
    base: Path, central: Central, projects: Callable[..., list[dict[str, Any]]]
) -> None:
    with drive(base) as mount:
        root = write_project(mount / "project")
        path = central("create", cwd=root).out.rstrip("\n")
    (base / "project").mkdir()

    central("prune", "--yes", cwd=base)
    (found,) = projects(base)

    assert (found["root"], found["state"]) == (str(root), "unreachable")
    assert os.path.isdir(path)
    central("clean", "--project", root, "--yes", cwd=base, status=1)
    assert os.path.isdir(path)
    central("clean", "--project", root, "--include-state", "unreachable", "--yes", cwd=base)
    assert not os.path.exists(path)


def test_a_project_that_may_only_be_read_is_worked_on(base: Path, central: Central) -> None:
    with drive(base) as mount:
        root = write_project(mount / "project", "alpha")
        central("uv", "lock", cwd=root)
        subprocess.run(["mount", "-o", "remount,ro", mount], check=True)

        central("uv", "sync", "--frozen", cwd=root)
        said = central("run", "python", "-c", "import alpha, module", cwd=root)

        assert said.err == ""
