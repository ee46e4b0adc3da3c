"""What people install: each distribution built, installed into an empty environment, and used."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tarfile
import zipfile
from email import message_from_string
from pathlib import Path

import pytest
from support.hosts import ROOT, SCRIPTS, UV
from support.network import download
from support.trees import listing

MEMBERS = {
    "central-venv": "core",
    "hatch-central-venv": "plugins/hatch",
    "mise-central-venv": "plugins/mise",
    "nox-central-venv": "plugins/nox",
    "tox-central-venv": "plugins/tox",
}


@pytest.fixture(scope="session")
def built(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel and the source distribution of each member, built from a copy."""
    directory = tmp_path_factory.mktemp("built")
    for member in MEMBERS.values():
        source = directory / "source" / member
        shutil.copytree(ROOT / member, source, ignore=shutil.ignore_patterns("__pycache__", "dist"))
        download(UV, "build", "--quiet", "--out-dir", directory / "dist", source)
    return directory / "dist"


@pytest.mark.parametrize("name", MEMBERS)
def test_a_wheel_holds_the_package_its_types_and_its_licence(built: Path, name: str) -> None:
    package = name.replace("-", "_")
    with zipfile.ZipFile(next(built.glob(f"{package}-*.whl"))) as wheel:
        names = set(wheel.namelist())
        metadata = message_from_string(wheel.read(next(n for n in names if n.endswith("METADATA"))).decode())

    source = {
        f"{package}/{path}" for path in listing(ROOT / MEMBERS[name] / "src" / package) if "__pycache__" not in path
    }
    if name == "mise-central-venv":  # what mise runs lies where mise can install it from the repository, too
        lua = (ROOT / MEMBERS[name]).glob("[!s]*/*.lua")
        source |= {f"{package}/lua/{path.relative_to(ROOT / MEMBERS[name])}" for path in lua}
        source.add(f"{package}/lua/metadata.lua")
    assert {path for path in names if ".dist-info/" not in path} == {
        path for path in source if Path(path).suffix or "py.typed" in path
    }
    assert any(path.endswith("licenses/LICENSE") for path in names)
    assert metadata["License-Expression"] == "MIT"
    assert metadata["Requires-Python"] == ">=3.10"
    assert "Typing :: Typed" in metadata.get_all("Classifier", [])
    assert metadata.get_payload()


@pytest.mark.parametrize("name", MEMBERS)
def test_a_source_distribution_can_be_built_again(built: Path, name: str, tmp_path: Path) -> None:
    with tarfile.open(next(built.glob(f"{name.replace('-', '_')}-*.tar.gz"))) as archive:
        archive.extractall(tmp_path / "source", filter="data")
    (source,) = (tmp_path / "source").iterdir()

    download(UV, "build", "--quiet", "--wheel", "--out-dir", tmp_path / "dist", source)

    assert len(list((tmp_path / "dist").glob("*.whl"))) == 1


@pytest.mark.parametrize("name", MEMBERS)
def test_a_distribution_alone_can_be_imported_and_used(built: Path, name: str, tmp_path: Path) -> None:
    environment = tmp_path / "environment"
    download(UV, "venv", "--quiet", "--python", sys.executable, environment)
    download(
        UV,
        "pip",
        "install",
        "--quiet",
        "--python",
        environment,
        "--find-links",
        built,
        next(built.glob(f"{name.replace('-', '_')}-*.whl")),
    )
    programs = environment / SCRIPTS

    imported = subprocess.run([programs / "python", "-c", f"import {name.replace('-', '_')}"], check=False)
    versions = [
        subprocess.run([programs / program, "--version"], check=True, capture_output=True, text=True).stdout
        for program in ("central-venv", "cvenv")
    ]

    assert imported.returncode == 0
    assert versions == ["central-venv 0.1.0\n"] * 2


@pytest.mark.usefixtures("index")
@pytest.mark.skipif(sys.platform == "win32", reason="its project's tests are run with other paths there")
def test_the_main_job_works_from_a_checkout() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "tour.py"], check=False, capture_output=True, text=True, timeout=280
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "=== what tox left in the project tree\nnothing\n" in done.stdout
    assert "=== what nox-central-venv left in the project tree\nnothing\n" in done.stdout
    assert re.search(r" tox +\.pkg ", done.stdout)
    assert "=== what hatch left in the project tree\nnothing\n" in done.stdout
    assert re.search(r" nox +tests ", done.stdout)
    assert re.search(r" hatch +test ", done.stdout)
    assert "left in the project tree beside pyproject.toml and uv.lock\nnothing\n" in done.stdout
    assert "removed 6 environments and 4 homes, freed " in done.stdout
    assert "\nnothing to list in `" in done.stderr
