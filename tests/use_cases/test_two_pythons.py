"""One project with two Pythons: neither takes the other's place."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.uv_projects import other_python, packages, write_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from .conftest import Central

SAY = "import sys; print('.'.join(map(str, sys.version_info[:2])))"


@pytest.fixture
def pythons(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """Two of them by their versions, the second on the path."""
    other = other_python()
    monkeypatch.setenv("PATH", os.pathsep.join([os.environ["PATH"], str(other.parent)]))
    return {
        f"{sys.version_info.major}.{sys.version_info.minor}": sys.executable,
        other.name.removeprefix("python"): str(other),
    }


def test_each_has_an_environment_beside_the_others(
    base: Path, central: Central, pythons: dict[str, str], projects: Callable[..., list[dict[str, Any]]]
) -> None:
    root = write_project(base / "project", "alpha")
    environments: dict[str, tuple[Path, int]] = {}
    for version in (*pythons, *pythons):  # to and fro
        said = central("uv", "run", "--python", pythons[version], "python", "-c", SAY, cwd=root)
        assert said.out == f"{version}\n"
        path = Path(central("path", "--python", version, cwd=root).out.rstrip("\n"))
        made = (path / "pyvenv.cfg").stat().st_ino
        assert environments.setdefault(version, (path, made)) == (path, made)

    assert {path.name for path, _ in environments.values()} == {f".venv-{version}" for version in pythons}
    assert [packages(path) for path, _ in environments.values()] == [{"alpha"}] * 2
    (project,) = projects(root)
    assert {each["name"]: each["python"].rpartition(".")[0] for each in project["environments"]} == {
        f".venv-{version}": version for version in pythons
    }


def test_tests_run_with_each_of_them(base: Path, central: Central, pythons: dict[str, str]) -> None:
    root = write_project(base / "project", "alpha")
    for path in pythons.values():
        central("uv", "sync", "--python", path, cwd=root)

    for version in pythons:
        said = central("run", "--python", version, "python", "-c", f"import alpha, module; {SAY}", cwd=root)
        assert said.out == f"{version}\n"


def test_the_variable_chooses_one_for_a_shell(base: Path, central: Central, pythons: dict[str, str]) -> None:
    root = write_project(base / "project")

    for version, path in pythons.items():
        central("create", cwd=root, UV_PYTHON=path)
        found = json.loads(central("env", "--shell", "json", cwd=root, UV_PYTHON=version).out)
        assert (os.path.basename(found["environment"]), found["exists"]) == (f".venv-{version}", True)


def test_one_of_them_can_go(base: Path, central: Central, pythons: dict[str, str]) -> None:
    root = write_project(base / "project")
    one, other = (Path(central("create", "--python", path, cwd=root).out.rstrip("\n")) for path in pythons.values())

    central("remove", one.name, "--yes", cwd=root)

    assert [one.exists(), other.exists()] == [False, True]
