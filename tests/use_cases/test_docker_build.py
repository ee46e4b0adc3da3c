"""An image is built: as root, perhaps without a home directory, with the store in a cache that outlives the build."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.mounts import mounted
from support.trees import listing
from support.uv_projects import packages, write_project

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.hosts import Host

    Build = Callable[..., subprocess.CompletedProcess[str]]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="images are built on Linux")
#: What the other tests set, too.
QUIET = ("UV_PYTHON_DOWNLOADS", "PYTHONDONTWRITEBYTECODE")

superuser_only = pytest.mark.skipif(sys.platform == "win32" or os.getuid() != 0, reason="only root may")

#: A user whom nobody knows, as some platforms let containers run, but who may read what is needed here.
NOBODY = [
    *("setpriv", "--reuid", "54321", "--regid", "54321", "--clear-groups"),
    *("--inh-caps", "+dac_override,+dac_read_search", "--ambient-caps", "+dac_override,+dac_read_search"),
]


@pytest.fixture
def cache(base: Path) -> Iterator[Path]:
    """A cache that is mounted for the build."""
    try:
        with mounted(base / "cache", "size=256m") as mount:
            yield mount
    except PermissionError as error:
        pytest.skip(f"cannot mount a file system: {error}")


@pytest.fixture
def build(programs: Host, base: Path, cache: Path) -> Build:
    """Runs one step of a build: with few variables, and no home directory."""
    kept = {name: os.environ[name] for name in ("PATH", "UV_CACHE_DIR", *QUIET)}
    kept |= {"CENTRAL_VENV_HOME": str(cache / "venvs"), "XDG_CONFIG_HOME": str(base / "config")}

    def build(
        *arguments: str | Path, cwd: Path, user: list[str] | None = None, status: int = 0, **variables: str
    ) -> subprocess.CompletedProcess[str]:
        command = [*(user or []), programs.program("central-venv"), *map(str, arguments)]
        done = subprocess.run(command, cwd=cwd, env={**kept, **variables}, capture_output=True, text=True, check=False)
        assert done.returncode == status, done.stderr
        return done

    return build


def test_the_store_lies_in_the_cache_and_nothing_in_the_image(base: Path, cache: Path, build: Build) -> None:
    root = write_project(base / "app", "alpha")

    path = Path(build("create", cwd=root).stdout.rstrip("\n"))
    build("uv", "sync", cwd=root)
    said = build("run", "python", "-c", "import alpha, module; print(module.GREETING)", cwd=root)

    assert path.is_relative_to(cache / "venvs")
    assert packages(path) == {"alpha"}
    assert said.stdout == "hello\n"
    assert listing(root) == {"pyproject.toml", "module.py", "uv.lock"}


def test_the_next_build_finds_what_the_last_one_made(base: Path, cache: Path, build: Build) -> None:
    root = write_project(base / "app", "alpha")
    path = Path(build("create", cwd=root).stdout.rstrip("\n"))
    build("uv", "sync", cwd=root)
    made = (path / "pyvenv.cfg").stat().st_ino
    shutil.rmtree(root)
    write_project(root, "alpha", "beta")  # another image, with the cache that was kept

    said = build("uv", "sync", cwd=root)

    assert packages(path) == {"alpha", "beta"}
    assert (path / "pyvenv.cfg").stat().st_ino == made
    assert "Creating virtual environment" not in said.stderr


def test_an_environment_can_be_made_for_the_image_itself(base: Path, build: Build) -> None:
    root = write_project(base / "app", "alpha")

    build("uv", "sync", cwd=root, UV_PROJECT_ENVIRONMENT=str(base / "image"))

    assert packages(base / "image") == {"alpha"}


@superuser_only
@pytest.mark.parametrize("what", ["home", "store"])
def test_what_belongs_to_another_user_is_refused(what: str, base: Path, cache: Path, build: Build) -> None:
    root = write_project(base / "app")
    path = Path(build("create", cwd=root).stdout.rstrip("\n"))
    home = path.parent
    os.chown(home, 54321, 54321)
    if what == "store":
        os.chown(cache / "venvs", 54321, 54321)

    said = build("run", "python", "-c", "", cwd=root, status=1)
    removed = build("clean", "--yes", cwd=root, status=1)

    assert said.stdout == ""
    remedy = f"`chown -R 0:{os.getgid()} {home}` makes it yours" if what == "home" else "run it without `sudo`"
    assert said.stderr.startswith(f"error: the home `{home}` belongs to another user (id 54321)\nhint: {remedy}")
    assert removed.stderr.startswith("error: ")
    assert path.is_dir()


@superuser_only
def test_a_user_whom_nobody_knows_can_build_in_a_store_that_is_given(base: Path, cache: Path, build: Build) -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("there is no `setpriv`")
    root = write_project(base / "app", "alpha")
    for directory in (cache, base, root):
        os.chown(directory, 54321, 54321)
    variables = {"UV_CACHE_DIR": str(cache / "uv"), "XDG_CONFIG_HOME": "", "XDG_DATA_HOME": ""}

    path = Path(build("create", cwd=root, user=NOBODY, **variables).stdout.rstrip("\n"))
    build("uv", "sync", cwd=root, user=NOBODY, **variables)

    assert packages(path) == {"alpha"}
    assert path.stat().st_uid == 54321


@superuser_only
def test_a_user_whom_nobody_knows_is_told_what_to_set(base: Path, build: Build) -> None:
    if shutil.which("setpriv") is None:
        pytest.skip("there is no `setpriv`")
    root = write_project(base / "app")

    said = build("create", cwd=root, user=NOBODY, status=1, CENTRAL_VENV_HOME="", XDG_CONFIG_HOME="")

    assert said.stderr == (
        "error: nobody knows the home directory of the user with id 54321, where the store would be\n"
        "hint: set `CENTRAL_VENV_HOME` to a directory for the store, or set `HOME`\n"
    )
    assert listing(root) == {"pyproject.toml", "module.py"}
