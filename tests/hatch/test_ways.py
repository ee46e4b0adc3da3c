"""The ways to have environments in the store without editing each project, or without the plugin in hatch."""

from __future__ import annotations

import json
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from support.hatch import COLLECTOR, PYPROJECT, Hatch
from support.hosts import CONSTRAINTS, ROOT, UV, Host
from support.network import download
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from pathlib import Path

#: Makes a project's hatch install the plugin into itself.
REQUIRES = """
[tool.hatch.env]
requires = ["hatch-central-venv"]
"""

#: For those who set a variable; nobody else needs the plugin.
OPT_IN = """
[tool.hatch.envs.default.overrides]
env.CENTRAL_VENV.type = "central"
"""

#: A project that names the type for itself and for no other environment.
TYPE = """
[project]
name = "demo"
version = "1"

[tool.hatch.envs.default]
type = "central"
skip-install = true
scripts.hello = "python -c \\"import sys; print(sys.prefix)\\""

[tool.hatch.envs.docs]

[tool.hatch.envs.apart]
detached = true
"""

#: A script with an environment of its own.
SCRIPT = """
# /// script
# requires-python = ">=3.10"
# dependencies = []
# {more}
# ///
import sys

print(sys.prefix)
"""
OF_TYPE = """
# [tool.hatch]
# type = "central"
""".strip().removeprefix("# ")


@pytest.fixture
def wheels(tmp_path: Path) -> Path:
    """A directory with the wheels of core and plugin, built from a copy."""
    directory = tmp_path / "wheels"
    for member in ("core", "plugins/hatch"):
        source = directory / "source" / member
        shutil.copytree(ROOT / member, source, ignore=shutil.ignore_patterns("__pycache__", "dist"))
        download(UV, "--quiet", "build", "--wheel", "--out-dir", directory / "dist", source)
    return directory / "dist"


@pytest.fixture
def fresh_hatch(tmp_path: Path) -> Host:
    """A hatch of one's own that never heard of the plugin."""
    path = tmp_path / "fresh"
    download(UV, "--quiet", "venv", "--python", sys.executable, path)
    download(UV, "--quiet", "pip", "install", "--python", path, "--constraint", CONSTRAINTS, "hatch")
    return Host(path)


@pytest.fixture
def override(tmp_path: Path) -> Path:
    """A project whose environments are central for those who set a variable."""
    return write_tree(tmp_path / "override", {"pyproject.toml": f"{PYPROJECT}{OPT_IN}"})


def prefix(host: Host, *command: str | Path, cwd: Path, **variables: str) -> str:
    """Which environment a command says that it runs in."""
    result = host.run("hatch", "run", *command, cwd=cwd, **variables)
    assert result.status == 0, result.text
    return result.out.splitlines()[-1]


@pytest.mark.usefixtures("index")
def test_a_project_that_requires_the_plugin_has_hatch_install_it_into_itself(
    fresh_hatch: Host, wheels: Path, tmp_path: Path, store: Path
) -> None:
    tree = write_tree(tmp_path / "project", {"pyproject.toml": f"{PYPROJECT}{REQUIRES}{COLLECTOR}"})
    before = listing(tree)
    offered = {"UV_FIND_LINKS": str(wheels), "PIP_FIND_LINKS": str(wheels)}

    first = prefix(fresh_hatch, "hello", cwd=tree, **offered)
    second = prefix(fresh_hatch, "hello", cwd=tree)  # nothing has to be looked for any more

    hatch = Hatch("fresh", fresh_hatch)
    assert first == second == str(hatch.directory(tree) / "default")
    assert hatch.environments(tree) == {"default": "ready"}
    assert listing(tree) == before


def test_without_the_plugin_a_project_with_the_collector_cannot_be_used(
    plain_hatch: Host, project: Path, home: Path
) -> None:
    result = plain_hatch.run("hatch", "run", "hello", cwd=project)

    assert result.status != 0
    assert "Unknown environment collector: central" in result.text
    assert not list(home.rglob("pyvenv.cfg"))


def test_without_the_plugin_an_environment_of_the_type_cannot_be_used(plain_hatch: Host, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "project", {"pyproject.toml": TYPE})

    result = plain_hatch.run("hatch", "run", "hello", cwd=tree)

    assert result.status != 0
    assert "Environment `default` has unknown type: central" in result.text


def test_the_type_makes_an_environment_central_and_those_that_inherit_from_it(hatch: Hatch, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "project", {"pyproject.toml": TYPE})

    found = {name: hatch.run("env", "find", name, cwd=tree).out.strip() for name in ("default", "docs", "hatch-test")}
    shown = json.loads(hatch.run("env", "show", "--json", cwd=tree).out)

    assert found["default"] == str(hatch.directory(tree) / "default")
    assert found["docs"] == str(hatch.directory(tree) / "docs")
    assert {name: shown[name]["type"] for name in ("default", "docs", "apart")} == {
        "default": "central",
        "docs": "central",
        "apart": "virtual",
    }


def test_who_sets_the_variable_has_the_environments_in_the_store(hatch: Hatch, override: Path) -> None:
    found = [prefix(hatch.host, name, cwd=override, CENTRAL_VENV="1") for name in ("hello", "docs:hello")]

    assert found == [str(hatch.directory(override) / name) for name in ("default", "docs")]
    assert hatch.environments(override) == {"default": "ready", "docs": "ready"}


def test_who_does_not_set_the_variable_needs_no_plugin(plain_hatch: Host, override: Path, tmp_path: Path) -> None:
    found = prefix(plain_hatch, "hello", cwd=override, HATCH_DATA_DIR=str(tmp_path / "data"))

    assert found.startswith(str(tmp_path / "data" / "env" / "virtual" / "demo"))


def test_who_does_not_set_the_variable_has_stock_environments_even_with_the_plugin(
    hatch: Hatch, override: Path, tmp_path: Path, store: Path
) -> None:
    found = prefix(hatch.host, "hello", cwd=override, HATCH_DATA_DIR=str(tmp_path / "data"))

    assert found.startswith(str(tmp_path / "data" / "env" / "virtual" / "demo"))
    assert not store.exists()


def test_a_script_can_name_the_type(hatch: Hatch, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "scripts", {"tool.py": SCRIPT.format(more=OF_TYPE)})
    script = tree / "tool.py"

    found = prefix(hatch.host, script, cwd=tree)

    (listed,) = hatch.listed(tree)
    assert listed["root"] == str(script)
    assert [(each["runner"], each["path"], each["state"]) for each in listed["environments"]] == [
        ("hatch", found, "ready")
    ]
    assert listing(tree) == {"tool.py"}


def test_a_data_directory_in_the_home_needs_no_plugin(plain_hatch: Host, newest_hatch: Hatch, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "project", {"pyproject.toml": PYPROJECT})
    data = newest_hatch.directory(tree)

    found = prefix(plain_hatch, "hello", cwd=tree, HATCH_DATA_DIR=str(data))

    assert found.startswith(str(data / "env" / "virtual" / "demo"))
    assert listing(tree) == {"pyproject.toml"}


def test_a_data_directory_in_the_home_holds_scripts_too(plain_hatch: Host, newest_hatch: Hatch, tmp_path: Path) -> None:
    tree = write_tree(tmp_path / "project", {"pyproject.toml": PYPROJECT, "tool.py": SCRIPT.format(more="")})
    data = newest_hatch.directory(tree)

    found = prefix(plain_hatch, tree / "tool.py", cwd=tree, HATCH_DATA_DIR=str(data))

    assert found.startswith(str(data / "env" / "virtual" / ".scripts"))


def test_a_data_directory_in_the_home_does_not_disturb_the_plugin(hatch: Hatch, project: Path) -> None:
    data = hatch.directory(project)

    found = prefix(hatch.host, "hello", cwd=project, HATCH_DATA_DIR=str(data))

    assert found == str(data / "default")
    assert hatch.environments(project) == {"default": "ready"}


def test_environments_below_a_data_directory_in_the_home_are_listed(
    plain_hatch: Host, newest_hatch: Hatch, tmp_path: Path
) -> None:
    tree = write_tree(tmp_path / "project", {"pyproject.toml": PYPROJECT})
    data = newest_hatch.directory(tree)

    found = [prefix(plain_hatch, name, cwd=tree, HATCH_DATA_DIR=str(data)) for name in ("hello", "docs:hello")]

    (listed,) = newest_hatch.listed(tree)
    assert listed["home"] == str(data.parent)
    assert {(each["runner"], each["path"], each["state"]) for each in listed["environments"]} == {
        ("hatch", path, "ready") for path in found
    }
