"""What can go wrong with a store: one clear message with its remedy, tox's exit status, and nothing lost."""

from __future__ import annotations

import json
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from support.messages import assert_one_clear_message
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.tox import Tox

#: tox's status when it cannot begin, and when an environment failed.
CANNOT_BEGIN = 254
FAILED = 1


def test_a_store_below_a_file(tox: Tox, project: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()

    result = tox.run("run", "-e", "a", cwd=project, CENTRAL_VENV_HOME=str(tmp_path / "file" / "store"))

    assert result.status == FAILED
    assert_one_clear_message(result, f"cannot create `{tmp_path / 'file' / 'store'}`", "`CENTRAL_VENV_HOME`")
    assert listing(project) == {"tox.ini"}


def test_a_store_on_a_read_only_disk(tox: Tox, project: Path, read_only_disk: Path) -> None:
    result = tox.run("run", "-e", "a", cwd=project, CENTRAL_VENV_HOME=str(read_only_disk / "store"))

    assert result.status == FAILED
    assert_one_clear_message(result, "read-only file system", "`CENTRAL_VENV_HOME`")
    assert listing(project) == {"tox.ini"}


def test_a_store_on_a_read_only_disk_with_a_package(tox: Tox, package: Path, read_only_disk: Path) -> None:
    before = listing(package)

    result = tox.run("run", "-e", "a", cwd=package, CENTRAL_VENV_HOME=str(read_only_disk / "store"))

    assert result.status != 0
    assert_one_clear_message(result, "read-only file system", "`CENTRAL_VENV_HOME`")
    assert listing(package) == before


def test_a_store_on_a_full_disk(tox: Tox, project: Path, small_disk: Path) -> None:
    tox.run("config", cwd=project)
    with (small_disk / "filler").open("wb", buffering=0) as filler, suppress(OSError):
        while True:
            filler.write(b"x" * 4096)

    result = tox.run("run", "-e", "a", cwd=project, CENTRAL_VENV_HOME=str(small_disk / "store"))

    assert result.status == FAILED
    assert_one_clear_message(result, "no space left on device", "free some space")
    assert listing(project) == {"tox.ini"}


def test_a_disk_that_fills_up_later_loses_no_record(tox: Tox, project: Path, small_disk: Path) -> None:
    variables = {"CENTRAL_VENV_HOME": str(small_disk / "store")}
    tox.run("run", "-e", "a", cwd=project, **variables)  # the environment does not fit

    result = tox.run("run", "-e", "a", cwd=project, **variables)

    assert result.status != 0
    (record,) = small_disk.glob("store/*/project.json")
    assert json.loads(record.read_text())["root"] == str(project)


def test_a_relative_store(tox: Tox, project: Path) -> None:
    result = tox.run("config", cwd=project, CENTRAL_VENV_HOME="store")

    assert result.status == CANNOT_BEGIN
    assert_one_clear_message(result, "the store 'store' from `CENTRAL_VENV_HOME` is not an absolute path", "must begin")


def test_a_hostile_project_cannot_choose_the_store(tox: Tox, project: Path, tmp_path: Path) -> None:
    write_tree(project, {"pyproject.toml": f'[tool.central-venv]\nstore = "{tmp_path}/evil"\n'})

    result = tox.run("run", "-e", "a", cwd=project)

    assert result.status == CANNOT_BEGIN
    assert_one_clear_message(result, "a project must not choose it", "config.toml")
    assert not (tmp_path / "evil").exists()


def test_a_home_of_another_live_project(
    tox: Tox, project: Path, tmp_path: Path, work_dir: Callable[[Path], Path]
) -> None:
    tox.run("run", "-e", "a", cwd=project)
    other = write_tree(tmp_path / "other", {"tox.ini": ""})
    record = work_dir(project).parent / "project.json"
    record.write_text(record.read_text().replace(str(project), str(other)))
    before = record.read_bytes()

    result = tox.run("run", "-e", "a", cwd=project)

    assert result.status == CANNOT_BEGIN
    assert_one_clear_message(result, f"belongs to another project, `{other}`", "CENTRAL_VENV_HOME")
    assert record.read_bytes() == before
    assert (record.parent / ".tox" / "a" / "pyvenv.cfg").is_file()


@pytest.mark.parametrize("kept", [0, 1, 40])
def test_a_truncated_project_record(tox: Tox, project: Path, work_dir: Callable[[Path], Path], kept: int) -> None:
    tox.run("run", "-e", "a", cwd=project)
    record = work_dir(project).parent / "project.json"
    record.write_bytes(record.read_bytes()[:kept])

    result = tox.run("run", "-e", "a", cwd=project)
    record.unlink()
    repaired = tox.run("run", "-e", "a", cwd=project)

    assert result.status == CANNOT_BEGIN
    assert_one_clear_message(result, f"the record `{record}` is damaged", "remove that file")
    assert repaired.status == 0, repaired.text


def test_a_project_record_of_a_newer_schema(tox: Tox, project: Path, work_dir: Callable[[Path], Path]) -> None:
    tox.run("run", "-e", "a", cwd=project)
    record = work_dir(project).parent / "project.json"
    record.write_text(record.read_text().replace('"schema": 1', '"schema": 2'))
    before = record.read_bytes()

    result = tox.run("run", "-e", "a", cwd=project)

    assert result.status == CANNOT_BEGIN
    assert_one_clear_message(result, "was written by a newer central-venv", "upgrade")
    assert record.read_bytes() == before


def test_an_environment_record_of_a_newer_schema(tox: Tox, project: Path, work_dir: Callable[[Path], Path]) -> None:
    tox.run("run", cwd=project)
    record = work_dir(project).parent / ".central-venv" / "tox" / "a.json"
    record.write_text(record.read_text().replace('"schema": 1', '"schema": 2'))
    before = record.read_bytes()

    result = tox.run("run", cwd=project)

    assert result.status != 0
    assert_one_clear_message(result, "was written by a newer central-venv", "upgrade")
    assert record.read_bytes() == before
    assert "in b" in result.out


@pytest.mark.parametrize("way", ["--workdir", "work_dir"])
def test_a_place_of_the_users_own_does_without_the_store_however_broken(tox: Tox, tmp_path: Path, way: str) -> None:
    mine = tmp_path / "mine" / ".tox"
    core = f"work_dir = {mine}" if way == "work_dir" else ""
    ini = f"[tox]\nenv_list = a\n{core}\n[testenv]\nskip_install = true\ncommands = python -c pass\n"
    project = write_tree(tmp_path / "project", {"tox.ini": ini})
    arguments = ["--workdir", str(mine)] if way == "--workdir" else []

    result = tox.run("run", "-e", "a", *arguments, cwd=project, CENTRAL_VENV_HOME="relative")

    assert result.status == 0, result.text
    assert (mine / "a" / "pyvenv.cfg").is_file()
