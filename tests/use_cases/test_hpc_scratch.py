"""A cluster: the site puts every user's store on the scratch file system, away from the quota of the home directory."""

from __future__ import annotations

import getpass
import json
import platform
import shutil
import stat
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.mounts import mounted
from support.trees import listing, write_tree
from support.uv_projects import packages, write_project

if TYPE_CHECKING:
    from collections.abc import Iterator

    from .conftest import Central

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="clusters run Linux")


@pytest.fixture
def scratch(base: Path) -> Iterator[Path]:
    """A file system of its own, which the site's configuration names."""
    try:
        with mounted(base / "scratch", "size=256m") as mount:
            text = f'store = "{mount}/{{user}}/venvs/{{platform}}"\n'
            write_tree(base / "site", {"central-venv/config.toml": text})
            yield mount
    except PermissionError as error:
        pytest.skip(f"cannot mount a file system: {error}")


def test_environments_go_to_the_users_own_place_for_this_platform(
    base: Path, home: Path, scratch: Path, central: Central
) -> None:
    root = write_project(home / "project", "alpha")
    store = scratch / getpass.getuser() / "venvs" / f"linux-{platform.machine().lower()}"

    path = Path(central("create", cwd=root).out.rstrip("\n"))
    central("uv", "sync", cwd=root)
    settings = json.loads(central("config", "--json", cwd=root).out)["settings"]

    assert path.parents[1] == store
    assert packages(path) == {"alpha"}
    assert stat.S_IMODE(store.stat().st_mode) == 0o700
    (origin,) = [each["origin"] for each in settings if each["key"] == "store"]
    assert origin == {"kind": "site", "name": str(base / "site/central-venv/config.toml")}


def test_the_home_directory_takes_nothing(home: Path, scratch: Path, central: Central) -> None:
    root = write_project(home / "project", "alpha")
    before = listing(home)

    central("uv", "sync", cwd=root)
    central("run", "python", "-c", "import alpha", cwd=root)
    central("list", cwd=root)

    assert listing(home) - before == {"project/uv.lock"}


@pytest.mark.parametrize("purged", ["bin/python", "pyvenv.cfg", "everything"])
def test_what_the_cleaner_of_the_site_took_is_made_anew(
    purged: str, home: Path, scratch: Path, central: Central
) -> None:
    root = write_project(home / "project", "alpha")
    environment = Path(central("create", cwd=root).out.rstrip("\n"))
    central("uv", "sync", cwd=root)
    if purged == "everything":
        shutil.rmtree(environment)
    else:
        (environment / purged).unlink()

    central("run", "python", "-c", "", cwd=root)
    central("uv", "run", "python", "-c", "import alpha", cwd=root)

    assert packages(environment) == {"alpha"}


def test_a_user_can_choose_another_place(base: Path, home: Path, scratch: Path, central: Central) -> None:
    root = write_project(home / "project")
    write_tree(home / ".config", {"central-venv/config.toml": f'store = "{base}/mine"\n'})

    assert central("path", cwd=root).out.startswith(f"{base}/mine/")


def test_a_job_finds_what_the_login_node_made(home: Path, scratch: Path, central: Central) -> None:
    root = write_project(home / "project", "alpha")
    central("uv", "sync", cwd=root)

    job = central("run", "python", "-c", "import alpha, module, sys; print(sys.prefix)", cwd=root)

    assert Path(job.out.rstrip("\n")).is_relative_to(scratch)
