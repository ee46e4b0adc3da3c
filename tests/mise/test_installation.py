"""``mise-central-venv``: where the plugin goes, and that nobody else's is touched."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mise_central_venv.__main__ import main
from mise_central_venv.plugin import NAME, plugin_directory
from support.hosts import ROOT, SCRIPTS
from support.mise import ENABLED, PYPROJECT, install_mise, isolated
from support.trees import contents, listing, write_tree

if TYPE_CHECKING:
    from support.mise import Mise

FILES = {
    "metadata.lua",
    "hooks",
    "hooks/mise_env.lua",
    "hooks/mise_path.lua",
    "lib",
    "lib/activation.lua",
    "lib/answer.lua",
    "lib/answers.lua",
    "lib/command.lua",
    "lib/program.lua",
    "lib/project.lua",
    "lib/shell.lua",
    "mise-central-venv.json",
}


def test_the_plugin_is_copied_whole(home: Path) -> None:
    assert main(["install"]) == 0

    directory = home / ".local" / "share" / "mise" / "plugins" / "central-venv"
    assert listing(directory) == FILES
    assert not any(path.is_symlink() for path in directory.rglob("*"))


@pytest.mark.parametrize("variable", ["MISE_DATA_DIR", "XDG_DATA_HOME"])
def test_it_goes_where_mise_has_its_data(variable: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, str(tmp_path / "data"))

    assert main(["install"]) == 0

    below = "plugins" if variable == "MISE_DATA_DIR" else "mise/plugins"
    assert listing(tmp_path / "data" / below / "central-venv") == FILES


def test_a_tilde_in_mises_variable_is_the_users_home(home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MISE_DATA_DIR", "~/data of mise")

    assert main(["install"]) == 0

    assert listing(home / "data of mise" / "plugins" / "central-venv") == FILES


def test_mise_itself_finds_it(home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in isolated(home, tmp_path).items():
        monkeypatch.setenv(name, value)
    project = write_tree(tmp_path / "project", {"pyproject.toml": PYPROJECT, "mise.toml": ENABLED})
    main(["install"])

    done = subprocess.run([install_mise("2026.9.15"), "env", "--json"], cwd=project, check=True, capture_output=True)

    assert "UV_PROJECT_ENVIRONMENT" in json.loads(done.stdout)
    assert b"WARN" not in done.stderr


def test_mise_itself_installs_it_from_a_repository(mise: Mise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    git = shutil.which("git")
    if git is None:
        pytest.skip("there is no `git`")
    main(["uninstall"])
    repository = tmp_path / "repository"
    shutil.copytree(ROOT / "plugins" / "mise", repository / "plugins" / "mise")
    author = ("-c", "user.name=somebody", "-c", "user.email=somebody@example.invalid")
    for words in (["init", "--quiet"], ["add", "."], [*author, "commit", "--quiet", "--message=all"]):
        subprocess.run([git, "-C", repository, *words], check=True)
    address = "https://example.invalid/repository.git"
    settings = {"COUNT": "1", "KEY_0": f"url.{repository.as_uri()}.insteadOf", "VALUE_0": address}
    for name, value in settings.items():
        monkeypatch.setenv(f"GIT_CONFIG_{name}", value)
    monkeypatch.setenv("PATH", f"{Path(sys.prefix, SCRIPTS)}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.delenv("MISE_OFFLINE")
    project = write_tree(tmp_path / "project", {"pyproject.toml": PYPROJECT, "mise.toml": ENABLED})

    installed = mise.run("plugin", "install", NAME, f"git::{address}//plugins/mise", cwd=tmp_path)

    assert installed.status == 0, installed.text
    assert "UV_PROJECT_ENVIRONMENT" in mise.env(project)


def test_it_calls_the_command_line_that_it_came_with() -> None:
    main(["install"])

    command = (plugin_directory() / "lib" / "command.lua").read_text()

    assert command == f'return {{ "{sys.prefix}/{SCRIPTS}/central-venv" }}\n'


def test_without_its_script_it_calls_the_command_line_without_the_projects_modules(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    evil = "import pathlib; pathlib.Path('ran').touch()\n"
    modules = {f"{name}.py": evil for name in ("argparse", "json", "central_venv", "pluggy")}
    project = write_tree(tmp_path / "project", {"pyproject.toml": PYPROJECT, **modules})
    python = tmp_path / 'a \\ "python"'
    python.symlink_to(Path(sys.executable).resolve())
    monkeypatch.setattr(sys, "executable", str(python))
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(filter(None, sys.path)))
    main(["install"])

    lua = pytest.importorskip("lupa.lua51", reason="lupa has no wheels for this Python").LuaRuntime()
    words = list(lua.execute((plugin_directory() / "lib" / "command.lua").read_bytes()).values())
    done = subprocess.run([*words, "path"], cwd=project, check=True, capture_output=True, text=True)

    assert done.stdout.endswith("/.venv\n")
    assert not (project / "ran").exists()


def test_an_older_one_is_brought_up_to_date(capsys: pytest.CaptureFixture[str]) -> None:
    main(["install"])
    wanted = contents(plugin_directory())
    (plugin_directory() / "lib" / "program.lua").write_text("-- old")
    (plugin_directory() / "lib" / "gone.lua").write_text("-- old")
    capsys.readouterr()

    before = main(["status"])
    said = capsys.readouterr().out
    status = main(["install"])

    assert (before, said.partition(":")[0]) == (1, "outdated")
    assert status == 0
    assert contents(plugin_directory()) == wanted


@pytest.mark.parametrize("command", ["install", "uninstall"])
@pytest.mark.parametrize("kind", ["directory", "link", "file"])
def test_somebody_elses_is_left_alone(
    command: str, kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = write_tree(tmp_path / "other", {"metadata.lua": "PLUGIN = {}"})
    directory = plugin_directory()
    directory.parent.mkdir(parents=True)
    if kind == "link":
        directory.symlink_to(other)
    elif kind == "file":
        directory.touch()
    else:
        other.rename(directory)
    before = contents(directory.parent)

    status = main([command])

    assert status == 1
    assert capsys.readouterr().err.startswith(f"error: `{directory}` was not put there by mise-central-venv\nhint: ")
    assert contents(directory.parent) == before


def test_what_was_installed_goes(capsys: pytest.CaptureFixture[str]) -> None:
    main(["install"])
    capsys.readouterr()

    statuses = [main(["uninstall"]), main(["uninstall"])]

    assert statuses == [0, 0]
    assert not plugin_directory().exists()
    said = capsys.readouterr()
    assert said.out == f"removed `{plugin_directory()}`\nit is not installed\n"
    assert said.err.count("take `_.central-venv` out of mise's configurations") == 1


def test_the_status_is_for_programs_too(capsys: pytest.CaptureFixture[str]) -> None:
    states = []
    for prepare in ([], ["install"]):
        if prepare:
            main(prepare)
            capsys.readouterr()
        status = main(["status", "--json"])
        states.append((status, json.loads(capsys.readouterr().out)))

    directory = str(plugin_directory())
    assert states == [
        (1, {"schema": 1, "directory": directory, "state": "not installed"}),
        (0, {"schema": 1, "directory": directory, "state": "installed"}),
    ]


@pytest.mark.parametrize("argv", [[], ["frobnicate"], ["install", "--force"]])
def test_wrong_usage_ends_with_2(argv: list[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(argv)

    assert caught.value.code == 2


def test_a_directory_that_cannot_be_written_is_one_clear_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("MISE_DATA_DIR", str(tmp_path / "file"))

    status = main(["install"])

    assert status == 1
    assert capsys.readouterr().err.startswith("error: cannot write `")


def test_an_answer_that_nobody_can_take_is_one_clear_message() -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        done = subprocess.run(
            [Path(sys.prefix, SCRIPTS, "mise-central-venv"), "template"],
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )

    assert done.returncode == 1
    assert done.stderr.startswith("error: cannot write the answer: ")
    assert "Traceback" not in done.stderr


def test_a_plugin_that_cannot_be_read_is_one_clear_message(capsys: pytest.CaptureFixture[str]) -> None:
    main(["install"])
    (plugin_directory() / "lib" / "program.lua").unlink()
    (plugin_directory() / "lib" / "program.lua").symlink_to("program.lua")
    capsys.readouterr()

    status = main(["status"])

    assert status == 1
    assert "Traceback" not in capsys.readouterr().err
