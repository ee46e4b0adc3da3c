"""What a lookup loads: each of these modules costs as much as a good part of Python's own start."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from central_venv.cli.parser import COMMANDS
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

EXPENSIVE = {
    "argparse",
    "dataclasses",
    "hashlib",
    "json",
    "pathlib",
    "platformdirs",
    "pluggy",
    "re",
    "rich",
    "subprocess",
    "tomli",
    "tomllib",
    "typing",
}

# Without `site`, whose *.pth files may load anything; what is measured must be found all the same.
PROGRAM = """
import sys
sys.path[:0] = {path!r}
before = set(sys.modules)
{code}
loaded = set(sys.modules) - before
import json
print(json.dumps(sorted(loaded)))
"""

PATH = "from central_venv.cli import main\nmain({arguments!r})"
NO_EXEC = "from central_venv.machine import replacement\nreplacement.exec_or_run = lambda *_: 0"
PROJECT_HOME = "import central_venv\ncentral_venv.project_home({root!r})"


def loaded_by(code: str, project: Path) -> set[str]:
    program = PROGRAM.format(path=[entry for entry in sys.path if entry], code=code)
    done = subprocess.run(
        [sys.executable, "-S", "-c", program], cwd=project, capture_output=True, text=True, encoding="utf-8", check=True
    )
    return set(json.loads(done.stdout.splitlines()[-1]))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks platformdirs")
@pytest.mark.parametrize(
    "arguments",
    [
        ["path"],
        ["path", "--runner", "tox", "--env", "py312"],
        ["path", "--home", "--exists"],
        ["path", "--runner", "tox"],
    ],
    ids=" ".join,
)
@pytest.mark.parametrize("made", [False, True], ids=["no home yet", "a home"])
def test_a_lookup_on_the_command_line_loads_nothing_expensive(
    made: bool,  # noqa: FBT001
    arguments: list[str],
    project: Path,
) -> None:
    if made:
        loaded_by("import central_venv\ncentral_venv.project_home('.').prepare()", project)

    loaded = loaded_by(PATH.format(arguments=arguments), project)

    assert "central_venv.policy.settings" in loaded
    assert loaded & EXPENSIVE == set()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks platformdirs")
def test_a_lookup_by_a_plugin_loads_nothing_expensive(project: Path) -> None:
    loaded = loaded_by(PROJECT_HOME.format(root=str(project)), project)

    assert "central_venv.policy.settings" in loaded
    assert loaded & EXPENSIVE == set()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks platformdirs")
def test_a_project_that_says_nothing_of_us_is_not_parsed(project: Path) -> None:
    write_tree(project, {"pyproject.toml": "[project]\nname = 'p'\ndependencies = ['tox']\n[tool.ruff]\n"})

    assert loaded_by(PATH.format(arguments=["path"]), project) & {"tomllib", "tomli", "re"} == set()


def test_a_configuration_that_must_be_parsed_is_seen_by_this_measurement(project: Path) -> None:
    write_tree(project, {"pyproject.toml": "[tool.central-venv]\nenabled = true\n"})

    assert loaded_by(PATH.format(arguments=["path"]), project) & {"tomllib", "tomli"}


def test_importing_the_package_loads_none_of_its_modules(project: Path) -> None:
    loaded = loaded_by("import central_venv", project)

    assert {name for name in loaded if name.startswith("central_venv")} == {"central_venv"}


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks platformdirs")
@pytest.mark.parametrize(
    "arguments",
    [
        ["run", "python"],
        ["uv", "sync"],
        ["uv", "lock"],
        ["uv", "--isolated-selection", "run", "--extra", "a", "x"],
        ["env", "--shell", "json"],
        ["env", "--shell", "bash"],
    ],
    ids=" ".join,
)
def test_a_command_in_an_environment_that_is_there_loads_nothing_expensive(arguments: list[str], project: Path) -> None:
    prepare = "import central_venv\nhome = central_venv.project_home('.')\n"
    for name in (".venv", ".venv+extra.a"):
        prepare += (
            f"environment = home.environment('project', {name!r})\n"
            f"environment.claim({name!r}, on_wait=print)\n"
            "import os\n"
            "os.makedirs(environment.path + '/bin')\n"
            "open(environment.path + '/bin/python', 'w').close()\n"
            "open(environment.path + '/pyvenv.cfg', 'w').close()\n"
            "environment.seal()\n"
            "environment.release()\n"
            "os.mkdir(environment.uses.directory)\n"  # as the run before leaves it
            "open(environment.uses.directory + '/4711-12345678.lock', 'w').close()\n"
        )
    loaded_by(prepare, project)

    loaded = loaded_by(f"{NO_EXEC}\n{PATH.format(arguments=arguments)}", project)

    assert "central_venv.project_environment.choice" in loaded
    assert loaded & EXPENSIVE == set()
    assert "contextlib" not in loaded or arguments[0] != "run"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows asks platformdirs")
def test_a_command_loads_only_itself(project: Path) -> None:
    loaded = loaded_by("from central_venv.cli import main\nmain(['list'])", project)

    modules = {module for module, _ in COMMANDS.values()}
    assert {module for module in modules if f"central_venv.cli.{module}" in loaded} == {"listing"}
    assert "contextlib" not in loaded


@pytest.mark.parametrize(
    "arguments",
    [["list"], ["list", "--json"], ["list", "--summary"], ["list", "--size"], ["info"], ["config"]],
    ids=" ".join,
)
def test_what_draws_on_terminals_is_not_loaded_without_one(arguments: list[str], project: Path) -> None:
    loaded = loaded_by(f"from central_venv.cli import main\nmain({arguments!r})", project)

    assert {name for name in loaded if name.partition(".")[0] == "rich"} == set()


def test_the_overview_loads_no_command(project: Path) -> None:
    code = "from central_venv.cli import main\ntry:\n    main(['--help'])\nexcept SystemExit:\n    pass"

    loaded = loaded_by(code, project)

    assert {module for module, _ in COMMANDS.values() if f"central_venv.cli.{module}" in loaded} == set()


def test_a_claim_loads_no_library(project: Path) -> None:
    code = (
        "import central_venv\n"
        "environment = central_venv.project_home('.').environment('tox', 'py312')\n"
        "environment.claim('py312', on_wait=print)\n"
        "environment.release()"
    )

    loaded = loaded_by(code, project)

    assert "central_venv.store.lock" in loaded
    assert loaded & {"argparse", "filelock", "platformdirs", "pluggy", "rich", "subprocess"} == set()
