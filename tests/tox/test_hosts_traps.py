"""What tox leaves in projects, refuses or passes on, by release."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.hosts import ROOT, UV, Host, finish, make_host, read_until
from support.messages import assert_one_clear_message
from support.network import download
from support.pipes import Rendezvous
from support.trees import listing, write_tree
from support.uv import PROGRAMS, pyproject
from support.wheels import write_wheel

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.mounts import Mounts
    from support.tox import Tox

posix = pytest.mark.skipif(sys.platform == "win32", reason="groups and modes")

DEV = '[tox]\nenv_list = dev\n{core}\n[testenv]\nskip_install = true\ncommands = python -c "print(1)"\n'


def needs(tox: Tox, release: tuple[int, ...], what: str) -> None:
    """Skip a test of something that this release of tox does not have."""
    if tox.version < release:
        pytest.skip(f"{what} came with tox {'.'.join(map(str, release))}")


# --- the `.venv` file that tox leaves for editors ---


@pytest.mark.every_release
def test_no_redirect_is_left_in_the_project(tox: Tox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"tox.ini": DEV.format(core="")})

    result = tox.run("run", cwd=project)

    assert result.status == 0, result.text
    assert listing(project) == {"tox.ini"}


@pytest.mark.parametrize("core", ["venv_redirect = true", "venv_redirect_env = dev"])
def test_a_redirect_that_the_user_asks_for_is_left(
    tox: Tox, tmp_path: Path, work_dir: Callable[[Path], Path], core: str
) -> None:
    needs(tox, (4, 64), "the redirect")
    project = write_tree(tmp_path / "project", {"tox.ini": DEV.format(core=core)})

    result = tox.run("run", cwd=project)

    assert result.status == 0, result.text
    assert (project / ".venv").read_text().strip() == str(work_dir(project) / "dev")


def test_the_redirect_that_tox_left_is_told_and_goes_with_its_environment(
    newest_tox: Tox, plain_tox: Host, tmp_path: Path
) -> None:
    wheel = write_wheel(tmp_path / "wheels", "alpha")
    files = {"tox.ini": f"{DEV.format(core='')}deps = {wheel}\n", "pyproject.toml": pyproject()}
    project = write_tree(tmp_path / "project", files)
    made = plain_tox.run("tox", "run", cwd=project)
    assert made.status == 0, made.text
    assert (project / ".venv").read_text().strip() == ".tox/dev"

    told = newest_tox.host.run("central-venv", "doctor", "--json", cwd=project).out
    old, new = (host.run("uv", "sync", cwd=project) for host in (make_host("uv-0.13.8", "uv==0.13.8"), PROGRAMS))
    adopted = newest_tox.host.run("central-venv", "adopt", "--yes", cwd=project)

    assert "redirect-to-environment-of-tool" in {each["code"] for each in json.loads(told)["findings"]}
    assert (old.status, new.status) == (2, 0), old.text + new.text
    assert "- alpha==" in new.err
    assert adopted.status == 0, adopted.text
    assert not (project / ".venv").exists()


def test_a_redirect_to_the_users_own_work_dir_is_left_as_ever(tox: Tox, tmp_path: Path) -> None:
    needs(tox, (4, 64), "the redirect")
    mine = tmp_path / "mine"
    project = write_tree(tmp_path / "project", {"tox.ini": DEV.format(core=f"work_dir = {mine}")})

    result = tox.run("run", cwd=project)

    assert result.status == 0, result.text
    assert (project / ".venv").read_text().strip() == str(mine / "dev")


# --- packages on their way through a store below a directory that others may write ---


@pytest.fixture
def group_store(tmp_path: Path) -> Path:
    """A store on a group's scratch file system."""
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    scratch.chmod(0o2775)
    return scratch / "venvs"


@posix
def test_a_package_is_installed_through_a_store_on_a_group_directory(
    tox: Tox, package: Path, group_store: Path, tmp_path: Path
) -> None:
    before = listing(package)

    result = tox.run("run", "-e", "a", cwd=package, CENTRAL_VENV_HOME=str(group_store), TMPDIR=str(sticky(tmp_path)))

    assert result.status == 0, result.text
    assert "It works." in result.out
    assert listing(package) == before


@posix
def test_packages_are_staged_in_a_private_directory_then(
    tox: Tox, package: Path, group_store: Path, tmp_path: Path
) -> None:
    temporary = sticky(tmp_path)

    tox.run("run", "-e", "a", cwd=package, CENTRAL_VENV_HOME=str(group_store), TMPDIR=str(temporary))

    (private,) = temporary.glob("central-venv-*")
    assert private.stat().st_mode & 0o777 == 0o700
    assert [path.name for path in private.glob("package-*/*")] == ["package"]


@posix
def test_a_planted_staging_directory_is_refused(
    newest_tox: Tox, package: Path, group_store: Path, tmp_path: Path
) -> None:
    temporary = sticky(tmp_path)
    (temporary / f"central-venv-{os.getuid()}").symlink_to(tmp_path)

    result = newest_tox.run("run", "-e", "a", cwd=package, CENTRAL_VENV_HOME=str(group_store), TMPDIR=str(temporary))

    assert result.status != 0
    assert "is not a private directory of this user" in result.text
    assert "Traceback" not in result.text


def sticky(tmp_path: Path) -> Path:
    """A directory like the system's own for temporary files."""
    directory = tmp_path / "tmp"
    directory.mkdir()
    directory.chmod(0o1777)
    return directory


# --- provisioning ---


@pytest.fixture(scope="session")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Core and the plugin as wheels, as a provisioned environment installs them."""
    directory = tmp_path_factory.mktemp("wheels")
    for member in ("core", "plugins/tox"):
        source = directory / "source" / member
        shutil.copytree(ROOT / member, source, ignore=shutil.ignore_patterns("__pycache__"))
        build = [str(UV), "build", "--quiet", "--wheel", "--out-dir", str(directory), str(source)]
        download(*build)
    return directory


PROVISIONED = """
[tox]
env_list = a
requires = {requires}
[testenv]
skip_install = true
commands = python -c "print('in {{env_name}}')"
"""


@pytest.mark.usefixtures("index")
@pytest.mark.every_release
def test_a_provisioned_run_keeps_everything_in_the_store(
    tox: Tox, tmp_path: Path, wheels: Path, work_dir: Callable[[Path], Path]
) -> None:
    requires = "pyproject-api\n    tox-central-venv\n    iniconfig"
    project = write_tree(tmp_path / "project", {"tox.ini": PROVISIONED.format(requires=requires)})

    result = tox.run("run", cwd=project, PIP_FIND_LINKS=str(wheels))

    assert result.status == 0, result.text
    assert "will run in automatically provisioned tox" in result.text
    assert "in a" in result.out
    assert listing(project) == {"tox.ini"}
    assert tox.environments(project) == {".tox": "ready", "a": "ready"}
    assert (work_dir(project) / ".tox" / "pyvenv.cfg").is_file()


@pytest.mark.usefixtures("index")
def test_a_provisioned_tox_without_the_plugin_follows_the_host(tox: Tox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"tox.ini": PROVISIONED.format(requires="iniconfig")})

    result = tox.run("run", cwd=project)

    assert result.status == 0, result.text
    assert listing(project) == {"tox.ini"}
    assert tox.environments(project) == {".tox": "ready", "a": "ready"}


def test_environments_can_be_listed_without_provisioning(newest_tox: Tox, project: Path) -> None:
    # A program that drives tox as a library need not let it look at `requires` first.
    program = """
from tox.config.cli.parse import get_options
from tox.plugin.manager import MANAGER
from tox.session.state import State
options = get_options("list")
print(list(State(options, ["list"]).envs.iter()))
"""

    result = newest_tox.host.run("python", "-c", program, cwd=project)

    assert (result.status, result.out) == (0, "['a', 'b']\n"), result.text


@pytest.mark.usefixtures("index")
def test_two_provisioned_runs_both_succeed(tox: Tox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"tox.ini": PROVISIONED.format(requires="iniconfig")})

    running = [tox.start("run", cwd=project) for _ in range(2)]
    results = [process.communicate() for process in running]

    assert [process.returncode for process in running] == [0, 0], results


@pytest.mark.usefixtures("index")
@posix
def test_a_provisioned_run_says_that_it_waits_for_another(
    tox: Tox, tmp_path: Path, work_dir: Callable[[Path], Path]
) -> None:
    ini = PROVISIONED.format(requires="iniconfig").partition("commands")[0]
    ini += f'pass_env = STARTED, GO_ON\ncommands = python -c "{Rendezvous.COMMAND}"\n'
    project = write_tree(tmp_path / "project", {"tox.ini": ini})
    rendezvous = Rendezvous(tmp_path)

    first = tox.start("run", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    second = tox.start("run", cwd=project, STARTED=os.devnull, GO_ON=os.devnull)
    said = read_until(second, "waiting for")
    with rendezvous.go_on():
        results = finish(first), finish(second)

    assert [result.status for result in results] == [0, 0], "\n".join(result.text for result in results)
    assert f"waiting for environment {work_dir(project) / '.tox'}, in use by `tox run`" in said


@pytest.mark.usefixtures("index")
def test_a_plugin_that_only_the_project_requires_moves_all_but_the_provisioned_environment(
    plain_tox: Host, newest_tox: Tox, tmp_path: Path, wheels: Path, work_dir: Callable[[Path], Path]
) -> None:
    project = write_tree(tmp_path / "project", {"tox.ini": PROVISIONED.format(requires="tox-central-venv")})

    result = plain_tox.run("tox", "run", cwd=project, PIP_FIND_LINKS=str(wheels))

    assert result.status == 0, result.text
    in_tree = {path.name for path in (project / ".tox").iterdir() if (path / "pyvenv.cfg").exists()}
    assert in_tree == {".tox"}
    assert (work_dir(project) / "a" / "pyvenv.cfg").is_file()
    assert newest_tox.environments(project) == {"a": "ready"}


@pytest.mark.usefixtures("index")
def test_the_users_work_dir_wins_over_a_plugin_that_only_the_project_requires(
    plain_tox: Host, tmp_path: Path, wheels: Path, store: Path
) -> None:
    project = write_tree(tmp_path / "project", {"tox.ini": PROVISIONED.format(requires="tox-central-venv")})

    result = plain_tox.run("tox", "run", "--workdir", ".tox", cwd=project, PIP_FIND_LINKS=str(wheels))

    assert result.status == 0, result.text
    assert (project / ".tox" / "a" / "pyvenv.cfg").is_file()
    assert not store.exists()


# --- tox-uv ---


@pytest.fixture(scope="session")
def uv_tox() -> Host:
    """The newest tox with tox-uv and the plugin."""
    return make_host("tox-uv", "tox", "tox-uv", plugins=("plugins/tox",))


UV_LOCK = """
[tox]
env_list = locked
[testenv]
runner = uv-venv-lock-runner
set_env = PYTHONDONTWRITEBYTECODE = 1
commands = python -c "import demo; print(demo.__doc__)"
"""


def test_tox_uv_runs_a_ready_environment_on_a_read_only_store(
    uv_tox: Host, project: Path, store: Path, mounts: Mounts, tmp_path: Path
) -> None:
    assert uv_tox.run("tox", "run", "-e", "a", cwd=project).status == 0
    mounts.read_only(store)

    logs_elsewhere = uv_tox.run("tox", "run", "-e", "a", "-x", f"testenv.env_log_dir={tmp_path / 'log'}", cwd=project)
    logs_inside = uv_tox.run("tox", "run", "-e", "a", cwd=project)

    assert logs_elsewhere.status == 0, logs_elsewhere.text
    assert logs_inside.status == 1
    assert_one_clear_message(logs_inside, "read-only file system", "`CENTRAL_VENV_HOME`")


def test_tox_uv_builds_packages_and_environments_in_the_store(uv_tox: Host, package: Path) -> None:
    before = listing(package)

    result = uv_tox.run("tox", "run", "-e", "a", cwd=package)

    assert result.status == 0, result.text
    assert listing(package) == before
    shown = uv_tox.run("central-venv", "list", "--runner", "tox", cwd=package).out.splitlines()[1:]
    assert sorted(line.split()[1:3] + line.split()[-1:] for line in shown) == [
        ["tox", ".pkg", "ready"],
        ["tox", "a", "ready"],
    ]


@pytest.mark.parametrize("arguments", [["run"], ["run", "-r"], ["run-parallel"]], ids=" ".join)
def test_tox_uv_syncs_a_lock_file_into_the_store(uv_tox: Host, package: Path, arguments: list[str]) -> None:
    write_tree(package, {"tox.ini": UV_LOCK})
    subprocess.run([UV, "--quiet", "lock", "--python", sys.executable], cwd=package, check=True)
    before = listing(package)

    result = uv_tox.run("tox", *arguments, "-e", "locked", cwd=package)

    assert result.status == 0, result.text
    assert listing(package) == before
    shown = uv_tox.run("central-venv", "list", "--runner", "tox", "--state", "ready", cwd=package).out
    assert " locked " in shown


def test_four_runs_of_tox_uv_all_succeed(uv_tox: Host, package: Path) -> None:
    running = [uv_tox.start("tox", "run", "-r", "-e", "a", cwd=package) for _ in range(4)]
    results = [process.communicate() for process in running]

    assert [process.returncode for process in running] == [0] * 4, results
