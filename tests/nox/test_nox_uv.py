"""nox-uv: its decorator fills each session's environment by `uv sync`, from a project's lock file."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.hosts import make_host
from support.nox import Nox
from support.trees import contents, write_tree

if TYPE_CHECKING:
    from support.hosts import Result

pytestmark = pytest.mark.usefixtures("index")

MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"

PROJECT = {
    "pyproject.toml": """
[build-system]
requires = ["flit_core>=3.9"]
build-backend = "flit_core.buildapi"
[project]
name = "demo"
version = "1"
description = "It works."
requires-python = ">=3.10"
[dependency-groups]
dev = ["sortedcontainers"]
test = ["iniconfig"]
lint = ["pluggy"]
""",
    "demo.py": "",
}

IMPORTS = {
    "before": "import nox\nimport nox_central_venv\nnox_central_venv.enable()\nimport nox_uv\n",
    "after": "import nox\nimport nox_uv\nimport nox_central_venv\nnox_central_venv.enable()\n",
    "command": "import nox\nimport nox_uv\n",
}

#: What a session says of the environment that its commands run in.
SAY = """
import importlib.metadata, json, os, platform, sys
print(json.dumps({
    "session": os.environ["NOX_CURRENT_SESSION"],
    "prefix": sys.prefix,
    "python": platform.python_version(),
    "packages": sorted(each.name for each in importlib.metadata.distributions()),
    "uv": os.environ["UV_PROJECT_ENVIRONMENT"],
}))
"""

SESSIONS = f"""
nox.options.default_venv_backend = "uv"

@nox_uv.session(uv_groups=["test"])
def test(session):
    session.run("python", "-c", {SAY!r})

@nox_uv.session(uv_only_groups=["lint"])
def lint(session):
    session.run("python", "-c", {SAY!r})

@nox_uv.session
def bare(session):
    session.run("python", "-c", {SAY!r})
"""

#: What `uv sync` brings for each of them; the group `dev`, uv's default, is not among it.
PACKAGES = {"test": ["demo", "iniconfig"], "lint": ["pluggy"], "bare": ["demo"]}

#: A session that nox-uv leaves alone calls uv by itself.
BY_HAND = f"""
@nox_uv.session(venv_backend="virtualenv")
def by_hand(session):
    session.run("uv", "sync", "--locked", "--only-group=lint", external=True)
    session.run("python", "-c", {SAY!r})
"""


@pytest.fixture(scope="session")
def nox_uv() -> Nox:
    """The newest nox with nox-uv."""
    return Nox("newest", make_host("nox-uv", "nox", "uv", "nox-uv", plugins=("plugins/nox",)))


@pytest.fixture(autouse=True)
def no_python_is_downloaded(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is missing stays missing."""
    monkeypatch.setenv("NOX_DOWNLOAD_PYTHON", "never")
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")


@pytest.fixture
def locked(nox_uv: Nox, tmp_path: Path) -> Path:
    """A project with a lock file."""
    tree = write_tree(tmp_path / "project", PROJECT)
    result = nox_uv.host.run("uv", "lock", cwd=tree)
    assert result.status == 0, result.text
    assert (tree / "uv.lock").is_file()
    return tree


def find_other_python() -> Path | None:
    """A working Python of another minor version, on the path or installed beside the one that runs this."""
    for minor in range(10, 15):
        name = f"python3.{minor}"
        beside = Path(sys.base_prefix).parent.glob(f"*/bin/{name}")
        for candidate in (*beside, shutil.which(name)):
            if minor != sys.version_info.minor and candidate is not None:
                answer = subprocess.run([candidate, "-c", ""], capture_output=True, check=False)
                if answer.returncode == 0:
                    return Path(candidate)
    return None


def said(result: Result) -> dict[str, dict[str, Any]]:
    """What each session said, by its name."""
    assert result.status == 0, result.text
    lines = [json.loads(line) for line in result.out.splitlines() if line.startswith("{")]
    return {line["session"]: line for line in lines}


def files(tree: Path) -> dict[str, object]:
    """What is in the tree, but for what Python keeps of the noxfile."""
    return {name: content for name, content in contents(tree).items() if not name.startswith("__pycache__")}


@pytest.mark.parametrize("way", IMPORTS)
def test_groups_are_installed_into_the_central_environment_of_the_session(nox_uv: Nox, locked: Path, way: str) -> None:
    write_tree(locked, {"noxfile.py": IMPORTS[way] + SESSIONS})
    before = files(locked)

    result = nox_uv.host.run("nox-central-venv" if way == "command" else "nox", cwd=locked)

    directory = nox_uv.directory(locked)
    for name, answer in said(result).items():
        assert answer["packages"] == PACKAGES[name]
        assert answer["prefix"] == answer["uv"] == str(directory / name)
    assert nox_uv.environments(locked) == dict.fromkeys(PACKAGES, "ready")
    assert files(locked) == before


def test_groups_are_brought_up_to_date_in_a_reused_environment(nox_uv: Nox, locked: Path) -> None:
    write_tree(locked, {"noxfile.py": IMPORTS["before"] + SESSIONS})
    nox_uv.run("-s", "test", cwd=locked)
    pyproject = locked / "pyproject.toml"
    pyproject.write_text(pyproject.read_text().replace('["iniconfig"]', '["pluggy"]'))
    refused = nox_uv.run("-r", "-s", "test", cwd=locked)
    assert refused.status == 1  # nox-uv says `--locked`
    assert nox_uv.host.run("uv", "lock", cwd=locked).status == 0
    before = files(locked)

    result = nox_uv.run("-r", "-s", "test", cwd=locked)

    assert "Reusing existing virtual environment" in result.err
    assert said(result)["test"]["packages"] == ["demo", "pluggy"]
    assert nox_uv.environments(locked) == {"test": "ready"}
    assert files(locked) == before


def test_the_environment_that_the_developer_exported_stays_as_it_is(nox_uv: Nox, locked: Path, tmp_path: Path) -> None:
    write_tree(locked, {"noxfile.py": IMPORTS["before"] + SESSIONS + BY_HAND})
    exported = tmp_path / "exported"
    variables = {"UV_PROJECT_ENVIRONMENT": str(exported), "VIRTUAL_ENV": str(exported)}
    made = nox_uv.host.run("uv", "sync", "--locked", cwd=locked, **variables)
    assert made.status == 0, made.text
    before, of_the_developer = files(locked), contents(exported)

    result = nox_uv.run(cwd=locked, **variables)

    directory = nox_uv.directory(locked)
    answers = said(result)
    assert {name: answer["prefix"] for name, answer in answers.items()} == {
        name: str(directory / name) for name in (*PACKAGES, "by_hand")
    }
    assert "pluggy" in answers["by_hand"]["packages"]  # beside virtualenv's own
    assert contents(exported) == of_the_developer
    assert files(locked) == before


def test_each_python_and_parameter_has_an_environment_of_its_own(
    nox_uv: Nox, locked: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = find_other_python()
    pythons = [MINOR]
    if other is not None:
        pythons.append(other.name.removeprefix("python"))
        monkeypatch.setenv("PATH", os.pathsep.join([os.environ["PATH"], str(other.parent)]))
    noxfile = f"""{IMPORTS["before"]}
nox.options.default_venv_backend = "uv"

@nox_uv.session(python={pythons}, uv_groups=["test"])
@nox.parametrize("x", [1, 2])
def test(session, x):
    session.run("python", "-c", {SAY!r})
"""
    write_tree(locked, {"noxfile.py": noxfile})
    before = files(locked)

    answers = said(nox_uv.run(cwd=locked))

    assert set(answers) == {f"test-{python}(x={x})" for python in pythons for x in (1, 2)}
    assert len({answer["prefix"] for answer in answers.values()}) == len(answers)
    for name, answer in answers.items():
        assert answer["packages"] == ["demo", "iniconfig"]
        assert name.startswith(f"test-{answer['python'].rpartition('.')[0]}(")
        assert Path(answer["prefix"]).parent == nox_uv.directory(locked)
    (project,) = nox_uv.listed(locked)
    assert {each["name"]: (each["python"], each["state"]) for each in project["environments"]} == {
        name: (answer["python"], "ready") for name, answer in answers.items()
    }
    assert files(locked) == before


def test_an_environment_that_uv_makes_anew_in_its_session_is_listed_as_it_is(nox_uv: Nox, locked: Path) -> None:
    other = find_other_python()
    if other is None:
        pytest.skip("needs a second Python")
    noxfile = f"""{IMPORTS["before"]}
@nox_uv.session(venv_backend="uv", uv_only_groups=["lint"])
def test(session):
    session.run("uv", "sync", "--locked", "--group=test", "--python", {str(other)!r}, env={{"UV_PYTHON": None}})
    session.run("python", "-c", {SAY!r})
"""
    write_tree(locked, {"noxfile.py": noxfile})
    before = files(locked)

    answer = said(nox_uv.run(cwd=locked))["test"]

    assert answer["prefix"] == str(nox_uv.directory(locked) / "test")
    assert answer["python"].startswith(other.name.removeprefix("python") + ".")
    (project,) = nox_uv.listed(locked)
    (listed,) = project["environments"]
    assert (listed["name"], listed["python"], listed["state"]) == ("test", answer["python"], "ready")
    assert files(locked) == before
