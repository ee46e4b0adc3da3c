"""What can go wrong with a store: one clear message with its remedy, and nothing lost."""

from __future__ import annotations

import json
import os
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from support.faults import FAULTS, Fault
from support.hatch import BARE, COLLECTOR
from support.messages import assert_one_clear_message
from support.trees import contents, listing, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.hatch import Hatch
    from support.hosts import Host
    from support.mounts import Mounts

RUN = ("run", "python", "-c", "print('ran')")
#: So that hatch does not break our lines.
WIDE = {"COLUMNS": "1000"}


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with an environment that needs no package."""
    return write_tree(tmp_path / "project", {"pyproject.toml": f"{BARE}{COLLECTOR}"})


@pytest.fixture
def home_of_project(newest_hatch: Hatch, project: Path) -> Path:
    """The project's home, which nothing has made yet."""
    return newest_hatch.directory(project).parent


@pytest.fixture(params=FAULTS)
def fault(request: pytest.FixtureRequest, tmp_path: Path) -> Fault:
    """What is wrong with the store, each in turn."""
    return FAULTS[request.param](request, tmp_path)


def test_nothing_runs_before_one_clear_message(hatch: Hatch, project: Path, fault: Fault) -> None:
    before = listing(project)

    result = hatch.run(*RUN, cwd=project, **WIDE, **fault.variables)

    assert result.status == 1
    assert_one_clear_message(result, fault.message, fault.hint)
    assert result.out == ""
    assert listing(project) == before


def test_a_ready_environment_runs_on_a_read_only_store(
    hatch: Hatch, project: Path, store: Path, mounts: Mounts
) -> None:
    assert hatch.run(*RUN, cwd=project).status == 0
    mounts.read_only(store)

    ran = hatch.run(*RUN, cwd=project)
    removed = hatch.run("env", "prune", cwd=project, **WIDE)

    assert (ran.status, ran.out) == (0, "ran\n"), ran.text
    assert removed.status == 1
    assert_one_clear_message(removed, "read-only file system", "`CENTRAL_VENV_HOME`")


def test_an_environment_can_be_removed_from_a_full_disk(
    newest_hatch: Hatch, project: Path, tmp_path: Path, mounts: Mounts
) -> None:
    disk = mounts.memory(tmp_path / "disk", "size=4m")
    variables = {"CENTRAL_VENV_HOME": str(disk / "store")}
    assert newest_hatch.run("env", "create", cwd=project, **variables).status == 0
    with suppress(OSError), open(disk / "fill", "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)

    result = newest_hatch.run("env", "remove", cwd=project, **variables)

    assert result.status == 0, result.text
    assert list((disk / "store").glob("*-*/.hatch/*")) == []


def test_nothing_is_lost(newest_hatch: Hatch, project: Path, fault: Fault, store: Path, tmp_path: Path) -> None:
    before = contents(store)

    newest_hatch.run("env", "create", cwd=project, **fault.variables)

    assert contents(store) == before
    assert not (tmp_path / "evil").exists()


@pytest.mark.parametrize("store", ["relative", f"{os.devnull}/store"])
def test_what_needs_no_environment_works(store: str, newest_hatch: Hatch, project: Path) -> None:
    result = newest_hatch.run("version", cwd=project, CENTRAL_VENV_HOME=store)

    assert (result.status, result.out, result.err) == (0, "1\n", ""), result.text


def test_a_name_that_no_directory_can_have_is_one_clear_message(newest_hatch: Hatch, project: Path) -> None:
    write_tree(project, {"pyproject.toml": f'{BARE}[tool.hatch.envs.".."]\n{COLLECTOR}'})

    result = newest_hatch.run("env", "create", "..", cwd=project, **WIDE)

    assert (result.status, result.out) == (1, "")
    assert_one_clear_message(result, "'..' cannot be the name of a directory", "without slashes")


@pytest.mark.parametrize("command", [["env", "find"], ["env", "show"], ["env", "remove"], ["env", "prune"]])
def test_a_broken_setting_is_one_clear_message_of(command: list[str], newest_hatch: Hatch, project: Path) -> None:
    result = newest_hatch.run(*command, cwd=project, CENTRAL_VENV_HOME="relative", **WIDE)

    assert (result.status, result.out) == (1, "")
    assert_one_clear_message(result, "is not an absolute path", "must begin")


def test_a_central_environment_without_the_collector_gives_one_clear_message(
    newest_hatch: Hatch, project: Path
) -> None:
    write_tree(project, {"pyproject.toml": f'{BARE}type = "central"\n'})

    result = newest_hatch.run(*RUN, cwd=project, CENTRAL_VENV_HOME="relative", **WIDE)

    assert (result.status, result.out) == (1, "")
    assert_one_clear_message(result, "is not an absolute path", "must begin")


def test_a_place_of_the_users_own_does_without_the_store(newest_hatch: Hatch, project: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    mine = str(tmp_path / "mine")
    variables = {"CENTRAL_VENV_HOME": str(tmp_path / "file" / "store"), "HATCH_ENV_TYPE_CENTRAL_PATH": mine}

    result = newest_hatch.run(*RUN, cwd=project, **variables)

    assert (result.status, result.out) == (0, "ran\n"), result.text


def test_a_disk_that_fills_up_during_the_creation_leaves_no_ready_environment(
    hatch: Hatch, project: Path, small_disk: Path
) -> None:
    write_tree(project, {"pyproject.toml": f"{BARE.replace('uv', 'pip')}{COLLECTOR}"})  # pip does not fit
    variables = {"CENTRAL_VENV_HOME": str(small_disk / "store")}

    result = hatch.run(*RUN, cwd=project, **variables)

    assert (result.status != 0, "ran" in result.out) == (True, False)
    (record,) = small_disk.glob("store/*/project.json")
    assert json.loads(record.read_text())["root"] == str(project)
    states = [json.loads(path.read_text())["state"] for path in small_disk.glob("store/*/.central-venv/*/*.json")]
    assert "ready" not in states


def test_a_creation_that_uv_fails_gives_one_clear_message(hatch: Hatch, project: Path, tmp_path: Path) -> None:
    uv = tmp_path / "uv"
    uv.write_text("#!/bin/sh\necho no uv today >&2\nexit 3\n")
    uv.chmod(0o755)

    result = hatch.run(*RUN, cwd=project, HATCH_ENV_TYPE_CENTRAL_UV_PATH=str(uv))

    assert (result.status, result.out) == (3, "")
    assert result.err == "Creating environment: default\nno uv today\n"
    assert hatch.environments(project) == {}


def test_a_repaired_home_is_used_again(newest_hatch: Hatch, project: Path, home_of_project: Path) -> None:
    newest_hatch.run("env", "create", cwd=project)
    (home_of_project / "project.json").write_text("{")
    newest_hatch.run(*RUN, cwd=project)
    (home_of_project / "project.json").unlink()

    result = newest_hatch.run(*RUN, cwd=project)

    assert (result.status, result.out) == (0, "ran\n"), result.text
    assert [each["root"] for each in newest_hatch.listed(project)] == [str(project)]


@pytest.mark.parametrize("command", [RUN, ("env", "create"), ("env", "remove"), ("env", "prune")], ids=" ".join)
def test_a_record_of_a_newer_schema_is_left_alone(
    command: tuple[str, ...], newest_hatch: Hatch, project: Path, home_of_project: Path
) -> None:
    newest_hatch.run("env", "create", cwd=project)
    record = home_of_project / ".central-venv" / "hatch" / "default.json"
    record.write_text(record.read_text().replace('"schema": 1', '"schema": 2'))
    before = record.read_bytes()

    result = newest_hatch.run(*command, cwd=project, **WIDE)

    assert (result.status, result.out) == (1, "")
    assert_one_clear_message(result, f"`{record}` was written by a newer central-venv", "upgrade")
    assert record.read_bytes() == before


def test_a_record_of_a_newer_schema_fails_its_environment_only(
    newest_hatch: Hatch, project: Path, home_of_project: Path
) -> None:
    records = home_of_project / ".central-venv" / "hatch"
    write_tree(records, {"default.json": '{"schema": 2}'})
    write_tree(project, {"pyproject.toml": f"{BARE}[tool.hatch.envs.docs]\n{COLLECTOR}"})

    result = newest_hatch.run("-e", "docs", *RUN, cwd=project)

    assert (result.status, result.out) == (0, "ran\n"), result.text


def test_a_damaged_record_is_written_anew(hatch: Hatch, project: Path, home_of_project: Path) -> None:
    hatch.run("env", "create", cwd=project)
    (home_of_project / ".central-venv" / "hatch" / "default.json").write_text('{"schema": 1, "runn')

    result = hatch.run("env", "remove", cwd=project), hatch.run(*RUN, cwd=project)

    assert [each.status for each in result] == [0, 0], result
    assert hatch.records(project)["default"]["state"] == "ready"


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_in_place_of_the_records_is_refused(
    newest_hatch: Hatch, project: Path, home_of_project: Path, tmp_path: Path
) -> None:
    newest_hatch.run("env", "create", cwd=project)
    records = home_of_project / ".central-venv"
    records.rename(tmp_path / "elsewhere")
    records.symlink_to(tmp_path / "elsewhere")
    before = contents(tmp_path / "elsewhere")

    result = newest_hatch.run("env", "remove", cwd=project, **WIDE)

    assert (result.status, result.out) == (1, "")
    assert_one_clear_message(result, "is a link, not a directory", "remove the link")
    assert contents(tmp_path / "elsewhere") == before


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_link_in_place_of_an_environment_is_not_followed(
    newest_hatch: Hatch, project: Path, home_of_project: Path, tmp_path: Path
) -> None:
    newest_hatch.run("env", "create", cwd=project)
    environment = home_of_project / ".hatch" / "default"
    environment.rename(tmp_path / "elsewhere")
    environment.symlink_to(tmp_path / "elsewhere")
    before = contents(tmp_path / "elsewhere")

    result = newest_hatch.run(*RUN, cwd=project, **WIDE)

    assert (result.status, result.out) == (1, "")
    assert_one_clear_message(result, "or behind a link, so it cannot be removed", "remove that file or link")
    assert contents(tmp_path / "elsewhere") == before


def test_a_project_without_metadata_works(hatch: Hatch, project: Path) -> None:
    write_tree(project, {"pyproject.toml": f"[tool.hatch.envs.default]{BARE.partition('default]')[2]}{COLLECTOR}"})

    result = hatch.run(*RUN, cwd=project)

    assert (result.status, result.out) == (0, "ran\n"), result.text
    assert hatch.environments(project) == {"default": "ready"}


def test_a_project_with_hatchs_own_file_works(newest_hatch: Hatch, tmp_path: Path) -> None:
    text = f"{BARE}{COLLECTOR}".replace("[tool.hatch.", "[").partition('version = "1"')[2]
    files = {"pyproject.toml": BARE.partition("[tool")[0], "hatch.toml": text}
    project = write_tree(tmp_path / "other", files)

    result = newest_hatch.run(*RUN, cwd=project)

    assert (result.status, result.out) == (0, "ran\n"), result.text
    assert newest_hatch.environments(project) == {"default": "ready"}


def test_without_a_project_nothing_is_written(newest_hatch: Hatch, tmp_path: Path, store: Path) -> None:
    outside = write_tree(tmp_path / "outside", {})

    result = newest_hatch.run("env", "find", cwd=outside)

    assert result.status == 1 or "virtual" in result.out
    assert not store.exists()


def test_without_the_plugin_hatch_names_the_collector(plain_hatch: Host, project: Path) -> None:
    result = plain_hatch.run("hatch", *RUN, cwd=project)

    assert result.status == 1
    assert "ValueError: Unknown environment collector: central" in result.text


def test_without_the_plugin_hatch_names_the_type(plain_hatch: Host, project: Path) -> None:
    write_tree(project, {"pyproject.toml": f'{BARE}type = "central"\n'})

    result = plain_hatch.run("hatch", *RUN, cwd=project)

    assert (result.status, result.err) == (1, "Environment `default` has unknown type: central\n")


def test_without_the_plugin_what_needs_no_environment_works(plain_hatch: Host, project: Path) -> None:
    result = plain_hatch.run("hatch", "version", cwd=project)

    assert (result.status, result.out) == (0, "1\n")
