"""Each of hatch's commands that looks at, makes, uses or removes an environment."""

from __future__ import annotations

import json
import os
import select
import shutil
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest
from support.hatch import COLLECTOR, PYPROJECT
from support.hosts import CONSTRAINTS, PATIENCE
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.hatch import Hatch
    from support.hosts import Host

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
PINNED = {"UV_CONSTRAINT": str(CONSTRAINTS), "PIP_CONSTRAINT": str(CONSTRAINTS)}

#: Two variants of an environment for the running Python, and one for a Python that nobody has.
MATRIX = f"""
[tool.hatch.envs.tests]

[[tool.hatch.envs.tests.matrix]]
python = ["{MINOR}"]
feature = ["a", "b"]

[[tool.hatch.envs.tests.matrix]]
python = ["3.4"]
feature = ["a"]
"""
VARIANTS = {f"tests.py{MINOR}-a": "ready", f"tests.py{MINOR}-b": "ready"}

#: A package, so that there is something to build, to test and to check.
PACKAGE = {
    "pyproject.toml": f"""
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "demo"
version = "1"
requires-python = ">=3.10"
{COLLECTOR}
[tool.hatch.envs.hatch-test]
dependencies = ["pytest"]
matrix = [{{ python = ["{MINOR}"] }}]
""",
    "src/demo/__init__.py": '"""A package."""\n',
    "tests/test_demo.py": "import demo\n\n\ndef test_demo():\n    assert demo.__doc__\n",
}

#: An environment that is installed from a lock file.
LOCKED = f"""
[project]
name = "demo"
version = "1"
{COLLECTOR}
[tool.hatch.envs.default]
skip-install = true
installer = "uv"
locked = true
dependencies = ["iniconfig"]
scripts.installed = "python -c \\"import iniconfig, sys; print(sys.prefix)\\""
"""

#: A package that cannot be installed if a variable says so.
FAILING = {
    **PACKAGE,
    "pyproject.toml": f"""{PACKAGE["pyproject.toml"]}
[tool.hatch.envs.default]
installer = "uv"
post-install-commands = ["python -c \\"import os; raise SystemExit(int(os.environ.get('FAIL', 0)))\\""]
""",
}

#: A command more: where hatch keeps the Pythons that it downloads for an environment.
PYTHONS = """
import click
from hatch.cli import hatch, main

@hatch.command()
@click.pass_obj
def pythons(app):
    print(app.project.get_environment().python_manager.directory)

main()
"""


@pytest.fixture
def package(tmp_path: Path) -> Path:
    """A project with something to build, to test and to check."""
    return write_tree(tmp_path / "package", PACKAGE)


@pytest.fixture
def matrix(tmp_path: Path) -> Path:
    """A project with a matrix."""
    return write_tree(tmp_path / "matrix", {"pyproject.toml": f"{PYPROJECT}{COLLECTOR}{MATRIX}"})


@pytest.fixture
def locked(tmp_path: Path) -> Path:
    """A project with a locked environment."""
    return write_tree(tmp_path / "locked", {"pyproject.toml": LOCKED})


@pytest.fixture
def stock(tmp_path: Path) -> Path:
    """The project, but with stock environments."""
    return write_tree(tmp_path / "stock", {"pyproject.toml": PYPROJECT})


def newcomers(tree: Path, before: set[str]) -> set[str]:
    """The names of what is new in the tree, but not of what is in there."""
    new = listing(tree) - before
    return {os.path.basename(path) for path in new if os.path.dirname(path) not in new}


def test_find_says_where_each_environment_will_be(hatch: Hatch, project: Path, store: Path) -> None:
    found = [hatch.run("env", "find", name, cwd=project) for name in ("default", "docs", "docs-build", "hatch-build")]

    places = [str(hatch.directory(project) / name) for name in ("default", "docs", "docs-build", "hatch-build")]
    assert [(each.status, each.out.strip()) for each in found] == [(0, place) for place in places]
    assert not store.exists()


def test_show_lists_the_environments(hatch: Hatch, matrix: Path, store: Path) -> None:
    result = hatch.run("env", "show", "--json", cwd=matrix)

    assert result.status == 0, result.text
    types = {name: config["type"] for name, config in json.loads(result.out).items()}
    names = {"default", "docs", "docs-build", *VARIANTS, "tests.py3.4-a"}
    assert {name: type_ for name, type_ in types.items() if not name.startswith("hatch-")} == dict.fromkeys(
        names, "central"
    )
    assert not store.exists()


def test_the_table_of_environments_is_plain_hatch_s_but_for_the_type(
    newest_hatch: Hatch, plain_hatch: Host, tmp_path: Path
) -> None:
    tree = write_tree(tmp_path / "project", {"pyproject.toml": f"{PYPROJECT}{MATRIX}"})

    plain = plain_hatch.run("hatch", "env", "show", "--ascii", cwd=tree)
    write_tree(tree, {"pyproject.toml": f"{PYPROJECT}{MATRIX}{COLLECTOR}"})
    ours = newest_hatch.run("env", "show", "--ascii", cwd=tree)

    assert (ours.status, ours.err) == (plain.status, plain.err) == (0, "")
    assert ours.out.replace("central", "virtual").split() == plain.out.split()


def test_create_makes_the_environment_that_is_named(hatch: Hatch, project: Path) -> None:
    result = hatch.run("env", "create", "docs", cwd=project)

    assert result.status == 0, result.text
    assert hatch.environments(project) == {"docs": "ready"}
    assert (hatch.directory(project) / "docs" / "pyvenv.cfg").is_file()


def test_create_says_what_is_there_already(hatch: Hatch, project: Path) -> None:
    hatch.run("env", "create", "docs", cwd=project)

    again = hatch.run("env", "create", "docs", cwd=project)

    assert again.status == 0, again.text
    assert "Environment `docs` already exists" in again.text


@pytest.mark.parametrize(
    "command",
    [("run", "docs:hello"), ("-e", "docs", "run", "hello"), ("env", "run", "-e", "docs", "hello")],
    ids=" ".join,
)
def test_each_way_to_run_a_command_runs_it_in_the_environment(
    hatch: Hatch, project: Path, command: tuple[str, ...]
) -> None:
    result = hatch.run(*command, cwd=project)

    assert result.status == 0, result.text
    assert result.out.splitlines()[-1] == str(hatch.directory(project) / "docs")
    assert hatch.environments(project) == {"docs": "ready"}


def test_the_exit_status_is_that_of_the_command(hatch: Hatch, project: Path) -> None:
    result = hatch.run("run", "python", "-c", "raise SystemExit(7)", cwd=project)

    assert result.status == 7, result.text
    assert hatch.environments(project) == {"default": "ready"}


def test_remove_leaves_the_other_environments(hatch: Hatch, project: Path) -> None:
    for name in ("docs", "docs-build"):
        assert hatch.run("env", "create", name, cwd=project).status == 0

    result = hatch.run("env", "remove", "docs", cwd=project)

    assert result.status == 0, result.text
    assert hatch.environments(project) == {"docs-build": "ready"}
    assert not (hatch.directory(project) / "docs").exists()


def test_remove_of_what_is_not_there_makes_nothing(hatch: Hatch, project: Path, store: Path) -> None:
    result = hatch.run("env", "remove", "docs", cwd=project)

    assert result.status == 0, result.text
    assert not store.exists()


def test_prune_removes_every_environment(hatch: Hatch, matrix: Path) -> None:
    for name in ("default", "tests"):
        assert hatch.run("env", "create", name, cwd=matrix).status == 0
    assert hatch.environments(matrix) == {"default": "ready", **VARIANTS}

    result = hatch.run("env", "prune", cwd=matrix)

    assert result.status == 0, result.text
    assert hatch.environments(matrix) == {}
    assert not hatch.directory(matrix).exists()


def test_each_variant_of_a_matrix_has_its_environment(hatch: Hatch, matrix: Path) -> None:
    result = hatch.run("run", "tests:hello", cwd=matrix)

    assert result.status == 0, result.text
    places = [str(hatch.directory(matrix) / name) for name in VARIANTS]
    assert [line for line in result.out.splitlines() if line in places] == places
    assert "tests.py3.4-a" in result.err  # there is no such Python
    assert hatch.environments(matrix) == VARIANTS


@pytest.mark.parametrize("selected", ["+feature=a", "-feature=b", f"+py={MINOR}"])
def test_variables_select_variants(newest_hatch: Hatch, matrix: Path, selected: str) -> None:
    result = newest_hatch.run("run", selected, "tests:hello", cwd=matrix)

    assert result.status == 0, result.text
    assert newest_hatch.environments(matrix) == {
        name: state for name, state in VARIANTS.items() if selected.startswith("+py") or name.endswith("-a")
    }


def test_remove_of_a_matrix_removes_its_variants(newest_hatch: Hatch, matrix: Path) -> None:
    for name in ("docs", "tests"):
        assert newest_hatch.run("env", "create", name, cwd=matrix).status == 0

    result = newest_hatch.run("env", "remove", "tests", cwd=matrix)

    assert result.status == 0, result.text
    assert newest_hatch.environments(matrix) == {"docs": "ready"}


@pytest.mark.usefixtures("index")
def test_tests_run_in_an_environment_in_the_store(hatch: Hatch, package: Path) -> None:
    before = listing(package)

    result = hatch.run("test", cwd=package, **PINNED)

    assert result.status == 0, result.text
    assert "1 passed" in result.out
    assert hatch.environments(package) == {f"hatch-test.py{MINOR}": "ready"}
    assert newcomers(package, before) <= {"__pycache__", ".pytest_cache"}


def test_a_build_has_its_environment_in_the_store(hatch: Hatch, package: Path) -> None:
    before = listing(package)

    result = hatch.run("build", cwd=package, **PINNED)

    assert result.status == 0, result.text
    assert newcomers(package, before) == {"dist"}
    assert {path.name for path in (package / "dist").iterdir()} == {"demo-1.tar.gz", "demo-1-py3-none-any.whl"}
    assert hatch.environments(package) == {"hatch-build": "ready"}


@pytest.mark.usefixtures("index")
def test_formatting_has_its_environment_in_the_store(hatch: Hatch, package: Path) -> None:
    before = listing(package)
    (package / "src" / "demo" / "__init__.py").write_text('"""A package."""\nx = [1,2]\n')

    result = hatch.run("fmt", "--formatter", cwd=package)

    assert result.status == 0, result.text
    assert (package / "src" / "demo" / "__init__.py").read_text() == '"""A package."""\n\nx = [1, 2]\n'
    assert newcomers(package, before) <= {".ruff_cache"}
    assert set(hatch.environments(package).values()) == {"ready"}


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("what", ["code", "fmt"])
def test_checks_have_their_environments_in_the_store(newest_hatch: Hatch, package: Path, what: str) -> None:
    before = listing(package)

    result = newest_hatch.run("check", what, "src", cwd=package)

    assert result.status == 0, result.text
    assert newcomers(package, before) <= {".ruff_cache"}
    assert newest_hatch.environments(package) == {f"hatch-check-{what}": "ready"}


@pytest.mark.parametrize(
    "command", [("dep", "show", "requirements"), ("dep", "show", "table", "--ascii"), ("dep", "hash")], ids=" ".join
)
def test_dependencies_are_shown_as_without_us(
    hatch: Hatch, command: tuple[str, ...], tmp_path: Path, store: Path
) -> None:
    stock = PYPROJECT.replace("skip-install = true", 'skip-install = true\ndependencies = ["iniconfig", "tomli>=2"]')
    trees = {who: tmp_path / who / "demo" for who in ("stock", "ours")}
    write_tree(trees["stock"], {"pyproject.toml": stock})
    write_tree(trees["ours"], {"pyproject.toml": f"{stock}{COLLECTOR}"})

    plain, ours = (hatch.run(*command, cwd=trees[who]) for who in ("stock", "ours"))

    assert ours == plain
    assert (ours.status, ours.err) == (0, "")
    assert not store.exists()


@pytest.mark.usefixtures("index")
def test_a_lock_file_is_written_into_the_project(newest_hatch: Hatch, locked: Path) -> None:
    before = listing(locked)

    result = newest_hatch.run("dep", "lock", cwd=locked)

    assert result.status == 0, result.text
    assert newcomers(locked, before) == {"pylock.toml"}
    assert 'name = "iniconfig"' in (locked / "pylock.toml").read_text()
    assert newest_hatch.environments(locked) == {"default": "ready"}


@pytest.mark.usefixtures("index")
def test_a_locked_environment_is_installed_from_its_lock_file(newest_hatch: Hatch, locked: Path) -> None:
    newest_hatch.run("dep", "lock", cwd=locked, UV_CONSTRAINT=str(write_constraint(locked.parent)))
    newest_hatch.run("env", "prune", cwd=locked)
    assert newest_hatch.environments(locked) == {}

    result = newest_hatch.run("run", "installed", cwd=locked)

    assert result.status == 0, result.text
    assert result.out.splitlines()[-1] == str(newest_hatch.directory(locked) / "default")
    assert next((newest_hatch.directory(locked) / "default").rglob("iniconfig-2.0.0.dist-info")).is_dir()
    assert newest_hatch.environments(locked) == {"default": "ready"}


@pytest.mark.usefixtures("index")
def test_dep_sync_brings_a_locked_environment_to_its_lock_file(newest_hatch: Hatch, locked: Path) -> None:
    newest_hatch.run("dep", "lock", cwd=locked, UV_CONSTRAINT=str(write_constraint(locked.parent)))
    environment = newest_hatch.directory(locked) / "default"
    assert not list(environment.rglob("iniconfig-2.0.0.dist-info"))

    result = newest_hatch.run("dep", "sync", cwd=locked)

    assert result.status == 0, result.text
    assert list(environment.rglob("iniconfig-2.0.0.dist-info"))
    assert newest_hatch.environments(locked) == {"default": "ready"}


def test_dep_sync_without_an_environment_leaves_none(newest_hatch: Hatch, locked: Path, store: Path) -> None:
    newest_hatch.run("dep", "lock", cwd=locked)
    newest_hatch.run("env", "prune", cwd=locked)

    result = newest_hatch.run("dep", "sync", cwd=locked)

    assert result.status != 0, result.text
    assert newest_hatch.environments(locked) == {}


def write_constraint(directory: Path) -> Path:
    """What lets a lock file hold another version than the newest."""
    path = directory / "old.txt"
    path.write_text("iniconfig==2.0.0\n")
    return path


def test_an_environment_whose_installation_failed_is_removed(newest_hatch: Hatch, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "failing", FAILING)

    result = newest_hatch.run("env", "create", cwd=tree, FAIL="5")

    assert result.status == 5, result.text
    assert newest_hatch.environments(tree) == {}
    assert not (newest_hatch.directory(tree) / "default").exists()


def test_an_environment_whose_installation_failed_is_kept_on_request(hatch: Hatch, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "failing", FAILING)

    result = hatch.run("env", "create", cwd=tree, FAIL="5", HATCH_KEEP_ENV="1")

    assert result.status == 5, result.text
    assert (hatch.directory(tree) / "default" / "pyvenv.cfg").is_file()
    assert hatch.environments(tree) == {"default": "broken"}


def test_an_environment_that_was_kept_is_made_anew(hatch: Hatch, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "failing", FAILING)
    hatch.run("env", "create", cwd=tree, FAIL="5", HATCH_KEEP_ENV="1")
    mark = hatch.directory(tree) / "default" / "mark"
    mark.touch()

    result = hatch.run("env", "create", cwd=tree)

    assert result.status == 0, result.text
    assert not mark.exists()
    assert hatch.environments(tree) == {"default": "ready"}


@pytest.mark.parametrize("name", ["default", "docs", f"hatch-test.py{MINOR}", "hatch-build"])
def test_downloaded_pythons_are_those_of_stock_environments(
    hatch: Hatch, project: Path, stock: Path, name: str, tmp_path: Path
) -> None:
    data = tmp_path / "data"
    ours, plain = (
        hatch.host.run("python", "-c", PYTHONS, "-e", name, "pythons", cwd=tree, HATCH_DATA_DIR=str(data))
        for tree in (project, stock)
    )

    assert ours == plain
    assert (ours.status, ours.err) == (0, "")
    assert ours.out == f"{data / 'env' / 'virtual' / '.pythons'}\n"


def test_find_python_and_status_make_nothing(hatch: Hatch, project: Path, store: Path) -> None:
    results = [hatch.run(*command, cwd=project) for command in (("status",), ("python", "show"), ("version",))]

    assert [each.status for each in results] == [0, 0, 0], [each.text for each in results]
    assert not store.exists()


@pytest.mark.skipif(sys.platform == "win32" or shutil.which("bash") is None, reason="needs a terminal and bash")
def test_a_shell_is_in_the_environment(hatch: Hatch, project: Path) -> None:
    assert hatch.run("env", "create", cwd=project).status == 0
    command = [hatch.host.program("hatch"), "shell", "--name", "bash", "--path", "bash"]

    said, status = converse(command, 'echo "in: $VIRTUAL_ENV"', "exit 7", expected="in: /", cwd=project)

    assert f"in: {hatch.directory(project) / 'default'}" in said
    assert status == 7
    assert hatch.environments(project) == {"default": "ready"}


def converse(command: list[str], line: str, farewell: str, *, expected: str, cwd: Path) -> tuple[str, int]:
    """Type a line into a program's terminal until the answer comes, then the line that ends the program.

    What is typed before the program listens is lost, and so is what it says just before it ends.
    """
    import pty

    master, slave = pty.openpty()
    with subprocess.Popen(command, cwd=cwd, stdin=slave, stdout=slave, stderr=slave, start_new_session=True) as process:
        os.close(slave)
        said = ""
        ends = time.monotonic() + PATIENCE
        try:
            while time.monotonic() < ends:
                if select.select([master], [], [], 1)[0]:
                    said += os.read(master, 4096).decode(errors="replace")
                else:
                    os.write(master, f"{farewell if expected in said else line}\n".encode())
        except OSError:  # nobody holds the terminal's other end any more
            return said, process.wait(PATIENCE)
        finally:
            process.kill()
            os.close(master)
    raise AssertionError(f"{command!r} did not end\n{said}")
