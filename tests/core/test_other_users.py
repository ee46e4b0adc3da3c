"""Nothing is made in another user's store, nor by root in another user's home directory, as under `sudo`."""

from __future__ import annotations

import os
import shlex
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from support.environments import write_environment
from support.hosts import Host
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.skipif(
    sys.platform == "win32" or os.getuid() != 0 or shutil.which("setpriv") is None,
    reason="takes root, who may give files to other users, and `setpriv`",
)

PROGRAMS = Host(Path(sys.prefix))
JOE, MARY = 54321, 54322
ROOTS_OWN = "hint: run it without `sudo`, or with `sudo -H`, or set `CENTRAL_VENV_HOME` to a directory of root's own\n"


@pytest.fixture
def base() -> Iterator[Path]:
    """A directory that every user can look into, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as directory:
        path = Path(os.path.realpath(directory))
        path.chmod(0o755)
        yield path


@pytest.fixture
def home(base: Path) -> Path:
    """Joe's home directory."""
    directory = write_tree(base / "joe", {"project/pyproject.toml": "[project]\nname = 'x'\nversion = '0'\n"})
    _give(directory, JOE)
    return directory


def _give(directory: Path, user: int) -> None:
    for path in (directory, *directory.rglob("*")):
        os.chown(path, user, user, follow_symlinks=False)


def run(command: list[str], home: Path, user: int, **variables: str) -> subprocess.CompletedProcess[str]:
    """Call a program in Joe's project, with his HOME."""
    # Who may read all: the programs of this checkout may lie where others cannot look.
    rights = ["--inh-caps", "+dac_read_search", "--ambient-caps", "+dac_read_search"]
    become = ["setpriv", "--reuid", str(user), "--regid", str(user), "--clear-groups", *rights] if user else []
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CENTRAL_VENV", "XDG_"))}
    return subprocess.run(
        [*become, *command],
        cwd=home / "project",
        env={**kept, "HOME": str(home), **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def central_venv(home: Path, *arguments: str, user: int = 0, **variables: str) -> subprocess.CompletedProcess[str]:
    """Call the command line in Joe's project, with his HOME."""
    return run([PROGRAMS.program("central-venv"), *arguments], home, user, **variables)


def test_root_makes_no_store_in_another_users_home_directory(home: Path) -> None:
    before = listing(home)

    said = central_venv(home, "create")

    assert said.returncode == 1
    assert said.stderr == (
        f"error: the store `{home}/.local/share/central-venv` would be in `{home}`, which belongs to another user "
        f"(id {JOE}), and root has that user's `HOME` here, as under `sudo`\n{ROOTS_OWN}"
    )
    assert listing(home) == before


def test_root_makes_no_home_in_another_users_store(home: Path) -> None:
    store = home / ".local" / "share" / "central-venv"
    store.mkdir(parents=True)
    _give(home, JOE)

    said = central_venv(home, "create")

    assert said.returncode == 1
    assert said.stderr == (
        f"error: the store `{store}` belongs to another user (id {JOE}), and root has that user's `HOME` here, "
        f"as under `sudo`\n{ROOTS_OWN}"
    )
    assert listing(store) == set()


def test_root_with_a_store_of_its_own_has_a_home_for_another_users_project(home: Path, base: Path) -> None:
    Home(Store(str(base / "roots")), str(home / "project")).prepare()

    assert (base / "roots").stat().st_uid == 0


def test_no_user_makes_a_home_in_another_users_store(home: Path, base: Path) -> None:
    store = write_tree(base / "marys", {})
    store.chmod(0o777)
    _give(store, MARY)

    said = central_venv(home, "create", user=JOE, CENTRAL_VENV_HOME=str(store))

    assert said.returncode == 1
    assert said.stderr.startswith(f"error: the store `{store}` belongs to another user (id {MARY})\nhint: give each ")
    assert listing(store) == set()


def test_a_user_may_have_a_store_in_a_directory_that_others_let_them_write(home: Path, base: Path) -> None:
    lab = write_tree(base / "lab", {})
    lab.chmod(0o777)
    _give(lab, MARY)

    code = "import sys; from central_venv import Home, Store; Home(Store(sys.argv[1]), sys.argv[2]).prepare()"
    run([PROGRAMS.program("python"), "-c", code, str(lab / "joe"), str(home / "project")], home, JOE).check_returncode()

    assert (lab / "joe").stat().st_uid == JOE


def test_a_home_that_root_made_in_ones_own_store_is_given_back_by_the_hint(home: Path) -> None:
    store = home / ".local" / "share" / "central-venv"
    made = Path(Home(Store(str(store)), str(home / "project")).path)
    _give(home, 0)
    Home(Store(str(store)), str(home / "project")).prepare()
    write_environment(made / ".venv")
    _give(home, JOE)
    _give(made, 0)

    refused = central_venv(home, "create", "--clear", user=JOE)
    doctor = central_venv(home, "doctor", user=JOE)

    hint = f"`sudo chown -R {JOE}:{JOE} {made}` makes it yours"
    assert refused.returncode == 1
    assert f"hint: {hint}" in refused.stderr
    assert hint in doctor.stdout
    subprocess.run(shlex.split(hint.split("`")[1])[1:], check=True)
    cleaned = central_venv(home, "clean", "--yes", user=JOE)
    assert (cleaned.returncode, made.exists()) == (0, False), cleaned.stderr
