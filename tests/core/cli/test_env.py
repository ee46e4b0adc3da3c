"""``central-venv env``: what activates the environment of a project."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from central_venv.cli import main
from central_venv.policy.settings import config_files
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.commands import Runner

posix_only = pytest.mark.skipif(
    sys.platform == "win32", reason="fake programs are shell scripts, paths may hold a colon"
)

PROGRAMS = "Scripts" if os.name == "nt" else "bin"


def answer(capfd: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What a program reads."""
    capfd.readouterr()
    assert main(["env", "--shell", "json", *arguments]) == 0
    found: dict[str, Any] = json.loads(capfd.readouterr().out)
    return found


def where(capfd: pytest.CaptureFixture[str], *arguments: str) -> str:
    """What ``path`` says."""
    capfd.readouterr()
    assert main(["path", *arguments]) == 0
    return capfd.readouterr().out.rstrip("\n")


def test_a_program_reads_everything_about_the_environment(
    here: Path, store: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    path = where(capfd)

    found = answer(capfd)

    assert {key: found[key] for key in ("schema", "active", "root", "store", "environment", "exists", "lasting")} == {
        "schema": 1,
        "active": True,
        "root": str(here),
        "store": str(store),
        "environment": path,
        "exists": False,
        "lasting": True,
    }
    assert found["home"] == os.path.dirname(path)
    assert (found["env"], found["path"]) == ({"UV_PROJECT_ENVIRONMENT": path}, [])


def test_asking_writes_nothing(here: Path, store: Path, capfd: pytest.CaptureFixture[str]) -> None:
    answer(capfd)

    assert listing(here) == {"pyproject.toml"}
    assert not store.exists()


def test_of_an_environment_that_is_there_all_is_set(
    here: Path, capfd: pytest.CaptureFixture[str], make_environment: Callable[[Path], Path]
) -> None:
    path = make_environment(Path(where(capfd)))

    found = answer(capfd)

    assert here.exists()
    assert found["env"] == {"UV_PROJECT_ENVIRONMENT": str(path), "VIRTUAL_ENV": str(path)}
    assert found["path"] == [str(path / PROGRAMS)]


@pytest.mark.parametrize("there", ["nothing", "home", "environment", "configuration"])
def test_the_environment_and_the_configuration_are_watched_whether_they_are_there_or_not(
    there: str, here: Path, home: Path, capfd: pytest.CaptureFixture[str], make_environment: Callable[[Path], Path]
) -> None:
    path = Path(where(capfd))
    if there == "home":
        path.parent.mkdir(parents=True)
    elif there == "environment":
        make_environment(path)
    elif there == "configuration":
        write_tree(home / ".config" / "central-venv", {"config.toml": ""})

    assert answer(capfd)["watch"] == [str(path / "pyvenv.cfg"), *config_files().values()]


def test_of_another_environment_that_one_is_watched(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    path = where(capfd, "--python", "3.12")

    assert answer(capfd, "--python", "3.12")["watch"][0] == os.path.join(path, "pyvenv.cfg")


def test_without_a_project_the_configuration_is_watched(
    outside: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(outside)

    assert answer(capfd)["watch"] == list(config_files().values())


def test_turned_off_the_configuration_is_watched(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CENTRAL_VENV", "0")

    assert answer(capfd)["watch"] == list(config_files().values())


def test_what_makes_a_directory_a_project_counts(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    (here / "pyproject.toml").rename(here / "noxfile.py")

    found = answer(capfd)

    assert found["root"] == str(here)
    assert found["inputs"][str(here / "noxfile.py")] == int((here / "noxfile.py").stat().st_mtime)


@pytest.mark.parametrize("store", ["{hostname}", "{platform}", "$SITE"])
def test_a_store_that_is_another_one_elsewhere_does_not_last(
    store: str, here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SITE", "site")
    monkeypatch.setenv("CENTRAL_VENV_HOME", f"{tmp_path}/{store}/venvs")

    assert here.exists()
    assert answer(capfd)["lasting"] is False


def test_what_happens_in_a_repository_does_not_matter_where_something_else_makes_it_a_project(
    here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    (here / ".git").mkdir()

    found = answer(capfd)

    assert not [path for path in found["inputs"] if path.endswith(".git")]


def test_what_makes_a_repository_a_project_counts(
    outside: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(outside)
    (outside / ".git").mkdir()

    found = answer(capfd)

    assert found["root"] == str(outside)
    assert found["inputs"][str(outside / ".git")] != 0


def test_an_environment_that_nobody_recorded_is_adopted(
    here: Path, capfd: pytest.CaptureFixture[str], make_environment: Callable[[Path], Path]
) -> None:
    path = make_environment(Path(where(capfd)))
    answer(capfd)
    main(["list", "--json"])

    (project,) = json.loads(capfd.readouterr().out)["projects"]

    assert (project["root"], project["state"]) == (str(here), "active")
    assert [each["path"] for each in project["environments"]] == [str(path)]


def test_the_use_of_an_environment_is_noted(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    record = Path(answer(capfd, "--create")["record"])
    os.utime(record, (9, 9))

    found = answer(capfd)

    assert here.exists()
    assert found["record"] == str(record)
    assert record.stat().st_mtime > 9


def test_where_no_use_can_be_noted_the_environment_is_active_all_the_same(
    here: Path,
    capfd: pytest.CaptureFixture[str],
    make_environment: Callable[[Path], Path],
    small_disk: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(small_disk))
    path = make_environment(Path(where(capfd)))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    found = answer(capfd)

    assert here.exists()
    assert found["env"]["VIRTUAL_ENV"] == str(path)
    assert not os.path.exists(f"{found['home']}/project.json")


def test_only_what_is_asked_for_is_exported(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    found = answer(capfd, "--export", "HATCH_DATA_DIR, PATH")

    assert here.exists()
    assert found["env"] == {"HATCH_DATA_DIR": os.path.join(found["home"], ".hatch")}


@pytest.mark.parametrize(
    ("arguments", "name"), [(["--python", "3.12"], ".venv-3.12"), (["--env", ".venv-docs"], ".venv-docs")]
)
def test_another_environment_can_be_meant(
    arguments: list[str], name: str, here: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    assert here.exists()
    assert os.path.basename(answer(capfd, *arguments)["environment"]) == name


def test_without_a_project_a_program_is_told_so(
    outside: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(outside)

    found = answer(capfd)

    assert (found["active"], found["root"], found["env"], found["path"]) == (False, None, {}, [])


def test_without_a_project_a_shell_gets_an_error(
    outside: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(outside)

    status = main(["env", "--shell", "bash"])

    said = capfd.readouterr()
    assert (status, said.out) == (1, "")
    assert said.err.startswith("error: no project in ")


def test_turned_off_nothing_is_set(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_tree(here, {"pyproject.toml": "[tool.central-venv]\nenabled = false\n"})

    found = answer(capfd)

    assert (found["active"], found["env"], found["path"]) == (False, {}, [])


def test_a_wrong_setting_is_an_error_for_programs_too(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_tree(here, {"pyproject.toml": "[tool.central-venv]\nunknown = 1\n"})

    status = main(["env", "--shell", "json"])

    said = capfd.readouterr()
    assert (status, said.out) == (1, "")
    assert "unknown key" in said.err


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["--shell", "csh"],
        ["--shell", "bash", "--export", "HOME"],
        ["--shell", "bash", "--env", ".venv", "--python", "3.12"],
    ],
)
def test_wrong_usage_ends_with_2(arguments: list[str], here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["env", *arguments])

    assert here.exists()
    assert caught.value.code == 2
    assert capfd.readouterr().out == ""


def changed_inputs(capfd: pytest.CaptureFixture[str], change: Callable[[], object]) -> set[str]:
    """The names of the files whose times differ after a change."""
    before = answer(capfd)["inputs"]
    change()
    after = answer(capfd)["inputs"]
    return {os.path.basename(path) for path in before.keys() | after.keys() if before.get(path) != after.get(path)}


def test_the_inputs_tell_what_the_answer_depends_on(
    here: Path, base: Path, home: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    os.utime(here / "pyproject.toml", (5, 5))

    assert changed_inputs(capfd, lambda: os.utime(here / "pyproject.toml", (9, 9))) == {"pyproject.toml"}
    assert changed_inputs(capfd, lambda: write_tree(here, {".python-version": "3.12"})) == {".python-version"}
    assert changed_inputs(capfd, lambda: write_tree(base, {"pyproject.toml": ""})) == {"pyproject.toml"}
    configuration = home / ".config" / "central-venv"
    assert changed_inputs(capfd, lambda: write_tree(configuration, {"config.toml": ""})) == {"config.toml"}


def test_below_the_project_a_nearer_marker_is_an_input(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    inner = here / "src"
    inner.mkdir()
    monkeypatch.chdir(inner)

    assert changed_inputs(capfd, lambda: write_tree(inner, {"setup.py": ""})) >= {"setup.py"}


@pytest.mark.parametrize("marker", ["pyproject.toml", "tox.ini", ".git"])
def test_without_a_project_each_marker_is_an_input(
    marker: str, outside: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(outside)

    assert os.path.join(outside, marker) in answer(capfd)["inputs"]


def test_with_rules_of_the_sites_own_the_answer_does_not_last(
    here: Path, home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    modules = write_tree(home / "modules", {"rules_of_env.py": ""})
    monkeypatch.syspath_prepend(str(modules))
    write_tree(home / ".config" / "central-venv", {"config.toml": 'policy = ["rules_of_env"]\n'})

    assert here.exists()
    assert answer(capfd)["lasting"] is False


@pytest.fixture
def range_means_this(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever is asked, uv finds the running Python."""
    (base / "programs").mkdir()
    uv = base / "programs" / "uv"
    uv.write_text(f"#!/bin/sh\necho '{sys.executable}'\n")
    uv.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(uv.parent), os.environ["PATH"]]))


@pytest.fixture(params=["option", "variable", "project"])
def ask(
    request: pytest.FixtureRequest, here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[[str], dict[str, Any]]:
    """Asks for the environment of a Python, in each way."""

    def ask(python: str) -> dict[str, Any]:
        if request.param == "variable":
            monkeypatch.setenv("UV_PYTHON", python)
        elif request.param == "project":
            write_tree(here, {".python-version": python, "pyproject.toml": "[tool.central-venv]\nper-python = true\n"})
        return answer(capfd, *(["--python", python] if request.param == "option" else []))

    return ask


@pytest.mark.parametrize("python", ["3.12", "cpython-3.12.4-linux-x86_64", "pypy3.10"])
def test_what_a_version_means_lasts(python: str, ask: Callable[[str], dict[str, Any]]) -> None:
    assert ask(python)["lasting"] is True


@posix_only
@pytest.mark.usefixtures("range_means_this")
def test_what_a_range_means_does_not_last(ask: Callable[[str], dict[str, Any]]) -> None:
    assert ask(">=3.10")["lasting"] is False


@posix_only
@pytest.mark.parametrize("ask", ["option", "variable"], indirect=True)
@pytest.mark.parametrize("python", ["python3", sys.executable])
def test_what_the_name_of_a_program_means_does_not_last(python: str, ask: Callable[[str], dict[str, Any]]) -> None:
    assert ask(python)["lasting"] is False


def test_a_range_that_names_no_environment_lasts(here: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write_tree(here, {".python-version": ">=3.10"})

    assert answer(capfd)["lasting"] is True


def test_an_environment_that_is_named_lasts_whatever_the_python(
    here: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("UV_PYTHON", ">=3.10")

    assert answer(capfd, "--env", ".venv-docs")["lasting"] is True


@posix_only
@pytest.mark.parametrize(
    "command",
    [["env", "--shell", "bash"], ["run", "true"], ["create"], ["path"], ["list"], ["doctor"], ["uv", "sync"]],
    ids=" ".join,
)
@pytest.mark.usefixtures("here")
def test_a_store_that_the_path_cannot_hold_is_refused_by_every_command(
    command: list[str], run: Runner, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", f"{base}/a:b")

    said = run(*command)

    assert said.status == 1
    assert f"the store '{base}/a:b' (environment: CENTRAL_VENV_HOME) holds a `:`" in said.out + said.err
    assert not os.path.lexists(f"{base}/a:b")


def watched_by_direnv(said: str) -> list[str]:
    """What is to be watched, in a script whose paths need no quoting."""
    words = "watch_file '"
    return [line.removeprefix(words).removesuffix("'") for line in said.splitlines() if line.startswith(words)]


def test_direnv_watches_all_that_the_answer_depends_on(
    here: Path, run: Runner, capfd: pytest.CaptureFixture[str]
) -> None:
    found = answer(capfd)

    assert set(watched_by_direnv(run("env", "--shell", "direnv").out)) >= {*found["watch"], *found["inputs"]}


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish", "pwsh"])
def test_shells_that_watch_nothing_are_not_told_to(shell: str, here: Path, run: Runner) -> None:
    assert watched_by_direnv(run("env", "--shell", shell).out) == []


def test_direnv_gets_a_layout(capfd: pytest.CaptureFixture[str]) -> None:
    status = main(["hook", "direnv"])

    assert status == 0
    assert "\nlayout_central-venv() {\n" in capfd.readouterr().out
