"""The life of an environment: creation, records, use, repair and removal."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from support.hatch import BARE, PACKAGE, UNBOUND, project_with
from support.hosts import SCRIPTS, finish
from support.pipes import Rendezvous
from support.runners import CLONED_ANEW
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.hatch import Hatch
    from support.hosts import Result

posix = pytest.mark.skipif(sys.platform == "win32", reason="named pipes and signals")

VERSION = ".".join(map(str, sys.version_info[:3]))
SHORT_VERSION = ".".join(map(str, sys.version_info[:2]))

SAY_PREFIX = ("run", "python", "-c", "import sys; print(sys.prefix)")

#: Two environments, of which the name of one begins with the other's.
DOCS = """
[tool.hatch.envs.docs]
[tool.hatch.envs.docs-build]
"""

#: The installation writes down what it does, and waits for the test unless it is told otherwise.
BUSY = f"""
pre-install-commands = ['echo before >> log', '''python -c "{Rendezvous.COMMAND}"''']
post-install-commands = ['echo after >> log']
"""

#: The installation fails where a file says so.
FAILING = """
pre-install-commands = ['python -c "import os; raise SystemExit(3 if os.path.exists(\\"fail\\") else 0)"']
"""

#: Says which of two packages can be imported.
FOUND = "from importlib.util import find_spec; print(*(name for name in ('one', 'two') if find_spec(name)))"


def dependencies(tmp_path: Path, *names: str) -> str:
    """The setting for dependencies on packages, which are made."""
    found = []
    for name in names:
        metadata = PACKAGE.partition("[tool")[0].replace('"demo"', f'"{name}"')
        path = write_tree(tmp_path / name, {"pyproject.toml": metadata, f"{name}.py": ""})
        found.append(f"{name} @ {path.as_uri()}")
    return f"dependencies = {json.dumps(found)}\n"


def assert_remade(hatch: Hatch, project: Path, result: Result, mark: Path) -> None:
    """The command ran in an environment that was made anew."""
    directory = hatch.directory(project) / "default"
    assert (result.status, result.out) == (0, f"{directory}\n"), result.text
    assert "Creating environment: default" in result.err
    assert not mark.exists()
    assert hatch.environments(project) == {"default": "ready"}


def test_the_run_that_finds_environments_of_an_older_clone_says_so_once(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    hatch.run("env", "create", cwd=project)
    hatch.make_older(project)

    said = [hatch.run(*SAY_PREFIX, cwd=project) for _ in range(2)]

    assert [(each.status, each.text.count(CLONED_ANEW)) for each in said] == [(0, 1), (0, 0)]


def marked(hatch: Hatch, project: Path) -> Path:
    """A file in the environment, which is made."""
    result = hatch.run("env", "create", cwd=project)
    assert result.status == 0, result.text
    mark = hatch.directory(project) / "default" / "mark"
    mark.touch()
    return mark


def test_an_environment_is_listed_with_its_python(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE + DOCS)

    results = [hatch.run("env", "create", name, cwd=project) for name in ("default", "docs")]

    assert [result.status for result in results] == [0, 0], results
    (listed,) = hatch.listed(project)
    assert (listed["root"], listed["state"]) == (str(project), "active")
    found = {(each["runner"], each["name"], each["python"], each["state"]) for each in listed["environments"]}
    assert found == {("hatch", "default", VERSION, "ready"), ("hatch", "docs", VERSION, "ready")}


def test_a_record_names_the_hatch_that_made_the_environment(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)

    newest_hatch.run("env", "create", "default", cwd=project)

    record = newest_hatch.records(project)["default"]
    assert record["holder"]["command"] == "hatch env create"
    assert record["created"] == (newest_hatch.directory(project) / "default" / "pyvenv.cfg").stat().st_mtime


def test_a_second_run_makes_nothing(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    mark = marked(hatch, project)

    result = hatch.run(*SAY_PREFIX, cwd=project)

    assert (result.status, result.out, result.err) == (0, f"{mark.parent}\n", "")
    assert mark.exists()


def test_each_run_is_a_use(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    newest_hatch.run("env", "create", cwd=project)
    record = newest_hatch.directory(project).parent / ".central-venv" / "hatch" / "default.json"
    os.utime(record, (86400, 86400))

    newest_hatch.run(*SAY_PREFIX, cwd=project)

    assert record.stat().st_mtime > 86400


def test_a_run_leaves_no_mark_of_its_use(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)

    newest_hatch.run(*SAY_PREFIX, cwd=project)

    assert not list(newest_hatch.directory(project).parent.glob(".central-venv/hatch/*.uses/*"))


@posix
def test_an_environment_is_being_created_until_all_is_installed(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, PACKAGE + BUSY)
    rendezvous = Rendezvous(tmp_path)

    running = hatch.start("env", "create", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    during = hatch.environments(project)
    with rendezvous.go_on():
        result = finish(running)

    assert result.status == 0, result.text
    assert (during, hatch.environments(project)) == ({"default": "creating"}, {"default": "ready"})


def test_removing_an_environment_removes_it_alone(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE + DOCS)
    for name in ("docs", "docs-build"):
        hatch.run("env", "create", name, cwd=project)

    result = hatch.run("env", "remove", "docs", cwd=project)

    assert result.status == 0, result.text
    assert [path.name for path in hatch.directory(project).iterdir()] == ["docs-build"]
    assert hatch.environments(project) == {"docs-build": "ready"}
    assert set(hatch.records(project)) == {"docs-build"}


def test_pruning_removes_every_environment_of_the_project(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE + DOCS)
    for name in ("default", "docs", "hatch-build"):
        hatch.run("env", "create", name, cwd=project)

    result = hatch.run("env", "prune", cwd=project)

    assert result.status == 0, result.text
    assert hatch.environments(project) == {}
    assert hatch.records(project) == {}
    assert not list(hatch.directory(project).parent.rglob("pyvenv.cfg"))


def test_a_removed_environment_is_made_again(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    mark = marked(newest_hatch, project)
    newest_hatch.run("env", "remove", cwd=project)

    result = newest_hatch.run(*SAY_PREFIX, cwd=project)

    assert_remade(newest_hatch, project, result, mark)


def test_an_environment_that_the_command_line_removed_is_made_again(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE + dependencies(tmp_path, "one"))
    newest_hatch.run("env", "create", cwd=project)
    removed = newest_hatch.host.run("central-venv", "remove", "--yes", "--runner", "hatch", "default", cwd=project)

    result = newest_hatch.run("run", "python", "-c", FOUND, cwd=project)

    assert removed.status == 0, removed.text
    assert (result.status, result.out) == (0, "one\n"), result.text


def test_removing_what_is_not_there_does_nothing(newest_hatch: Hatch, tmp_path: Path, store: Path) -> None:
    project = project_with(tmp_path, BARE)

    result = newest_hatch.run("env", "remove", cwd=project)

    assert (result.status, result.text) == (0, "")
    assert not store.exists()


def test_an_installation_that_fails_leaves_no_ready_environment(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, PACKAGE + FAILING)
    write_tree(project, {"fail": ""})

    result = hatch.run("env", "create", cwd=project)

    assert (result.status, result.err.count("Failed with exit code: 3")) == (3, 1), result.text
    if hatch.version >= (1, 17):  # which remove what they could not install
        assert hatch.environments(project) == {}
        assert not (hatch.directory(project) / "default").exists()
    else:
        assert hatch.environments(project) == {"default": "broken"}


def test_an_environment_is_kept_after_an_installation_that_failed(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, PACKAGE + FAILING)
    write_tree(project, {"fail": ""})

    result = hatch.run("env", "create", cwd=project, HATCH_KEEP_ENV="1")

    assert result.status == 3, result.text
    assert (hatch.directory(project) / "default" / "pyvenv.cfg").is_file()
    assert hatch.environments(project) == {"default": "broken"}


def test_after_an_installation_that_failed_the_environment_is_made_anew(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, PACKAGE + FAILING)
    write_tree(project, {"fail": ""})
    hatch.run("env", "create", cwd=project, HATCH_KEEP_ENV="1")
    mark = hatch.directory(project) / "default" / "mark"
    mark.touch()
    (project / "fail").unlink()

    result = hatch.run(*SAY_PREFIX, cwd=project)

    assert_remade(hatch, project, result, mark)


@posix
def test_a_kill_during_the_installation_is_repaired_by_the_next_run(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, PACKAGE + BUSY)
    rendezvous = Rendezvous(tmp_path)

    running = hatch.start("env", "create", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    os.killpg(running.pid, signal.SIGKILL)
    finish(running)
    killed = hatch.environments(project)
    mark = hatch.directory(project) / "default" / "mark"
    mark.touch()
    result = hatch.run(*SAY_PREFIX, cwd=project, **UNBOUND)

    assert killed == {"default": "broken"}
    assert "".join(result.out.splitlines(keepends=True)[-1:]) == f"{mark.parent}\n", result.text
    assert not mark.exists()
    assert (project / "log").read_text().splitlines() == ["before", "before", "after"]
    assert hatch.environments(project) == {"default": "ready"}


@posix
def test_a_kill_during_the_creation_is_repaired_by_the_next_run(hatch: Hatch, tmp_path: Path) -> None:
    # virtualenv, which runs in hatch's own process, waits before it writes `pyvenv.cfg`.
    hook = f"""
import sys

def wait(event, arguments):
    if event == "open" and str(arguments[0]).endswith("pyvenv.cfg") and str(arguments[1])[:1] in set("wx"):
        {Rendezvous.COMMAND}

sys.addaudithook(wait)
"""
    write_tree(tmp_path / "hook", {"sitecustomize.py": hook})
    project = project_with(tmp_path, BARE.replace('"uv"', '"pip"'))
    rendezvous = Rendezvous(tmp_path)

    running = hatch.start("env", "create", cwd=project, PYTHONPATH=str(tmp_path / "hook"), **rendezvous.variables)
    rendezvous.wait()
    during = hatch.environments(project)
    os.killpg(running.pid, signal.SIGKILL)
    finish(running)
    killed = hatch.environments(project)
    result = hatch.run(*SAY_PREFIX, cwd=project)

    assert (during, killed) == ({"default": "creating"}, {"default": "broken"})
    assert_remade(hatch, project, result, tmp_path / "no mark")


@posix
def test_a_kill_during_the_commands_leaves_a_ready_environment(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    rendezvous = Rendezvous(tmp_path)

    running = newest_hatch.start("run", "python", "-c", Rendezvous.COMMAND, cwd=project, **rendezvous.variables)
    rendezvous.wait()
    os.killpg(running.pid, signal.SIGKILL)
    finish(running)
    killed = newest_hatch.environments(project)
    result = newest_hatch.run("env", "remove", cwd=project)

    assert killed == {"default": "ready"}
    assert (result.status, newest_hatch.environments(project)) == (0, {}), result.text


@posix
@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_without_its_python_an_environment_is_made_anew(installer: str, newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE.replace('"uv"', f'"{installer}"'))
    mark = marked(newest_hatch, project)
    for python in (mark.parent / SCRIPTS).glob("python*"):
        python.unlink()
        python.symlink_to("/nowhere/python")

    result = newest_hatch.run(*SAY_PREFIX, cwd=project)

    assert_remade(newest_hatch, project, result, mark)


@posix
def test_without_its_programs_an_environment_is_made_anew(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    mark = marked(newest_hatch, project)
    shutil.rmtree(mark.parent / SCRIPTS)

    result = newest_hatch.run(*SAY_PREFIX, cwd=project)

    assert_remade(newest_hatch, project, result, mark)


def test_for_another_python_an_environment_is_made_anew(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    mark = marked(hatch, project)
    project_with(tmp_path, f'{BARE}python = "{SHORT_VERSION}"\n')

    result = hatch.run(*SAY_PREFIX, cwd=project)

    assert_remade(hatch, project, result, mark)


def test_with_another_python_dependencies_are_installed_again(newest_hatch: Hatch, tmp_path: Path) -> None:
    text = BARE + dependencies(tmp_path, "one")
    project = project_with(tmp_path, text)
    newest_hatch.run("env", "create", cwd=project)
    project_with(tmp_path, f'{text}python = "{SHORT_VERSION}"\n')

    result = newest_hatch.run("run", "python", "-c", FOUND, cwd=project)

    assert (result.status, result.out) == (0, "one\n"), result.text


def test_a_changed_dependency_is_installed_in_the_same_environment(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE + dependencies(tmp_path, "one"))
    mark = marked(newest_hatch, project)
    project_with(tmp_path, BARE + dependencies(tmp_path, "one", "two"))

    result = newest_hatch.run("run", "python", "-c", FOUND, cwd=project)

    assert (result.status, result.out) == (0, "one two\n"), result.text
    assert mark.exists()
    assert newest_hatch.environments(project) == {"default": "ready"}


def test_a_synchronization_that_fails_leaves_an_environment_that_the_next_run_repairs(
    newest_hatch: Hatch, tmp_path: Path
) -> None:
    project = project_with(tmp_path, BARE)
    newest_hatch.run("env", "create", cwd=project)
    project_with(tmp_path, f'{BARE}dependencies = ["none @ {(tmp_path / "none").as_uri()}"]\n')
    failed = newest_hatch.run(*SAY_PREFIX, cwd=project)
    project_with(tmp_path, BARE)

    result = newest_hatch.run(*SAY_PREFIX, cwd=project)

    assert failed.status != 0
    assert "Traceback" not in failed.text
    assert result.status == 0, result.text
    assert newest_hatch.environments(project) == {"default": "ready"}


def test_a_store_that_moved_and_came_back_has_no_stale_dependencies(newest_hatch: Hatch, tmp_path: Path) -> None:
    here, there = ({"CENTRAL_VENV_HOME": str(tmp_path / name)} for name in ("here", "there"))
    project = project_with(tmp_path, BARE + dependencies(tmp_path, "one"))
    results = [newest_hatch.run("run", "python", "-c", FOUND, cwd=project, **here)]
    project_with(tmp_path, BARE + dependencies(tmp_path, "one", "two"))
    results.append(newest_hatch.run("run", "python", "-c", FOUND, cwd=project, **there))

    results.append(newest_hatch.run("run", "python", "-c", FOUND, cwd=project, **here))

    assert [result.out for result in results] == ["one\n", "one two\n", "one two\n"], results


def test_a_store_that_was_removed_is_made_again_with_the_dependencies(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE + dependencies(tmp_path, "one"))
    newest_hatch.run("env", "create", cwd=project)
    shutil.rmtree(newest_hatch.directory(project).parent.parent)

    result = newest_hatch.run("run", "python", "-c", FOUND, cwd=project)

    assert (result.status, result.out) == (0, "one\n"), result.text


def test_an_environment_without_a_record_is_adopted(newest_hatch: Hatch, tmp_path: Path, home: Path) -> None:
    project = project_with(tmp_path, BARE)
    mark = marked(newest_hatch, project)
    (home_of_project := newest_hatch.directory(project).parent).joinpath("project.json").unlink()
    (home_of_project / ".central-venv" / "hatch" / "default.json").unlink()

    result = newest_hatch.run(*SAY_PREFIX, cwd=project)

    assert (result.status, result.out) == (0, f"{mark.parent}\n"), result.text
    assert mark.exists()
    assert [each["root"] for each in newest_hatch.listed(project)] == [str(project)]
    assert newest_hatch.environments(project) == {"default": "ready"}


def test_an_environment_that_hatch_did_not_make_gets_the_dependencies(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE + dependencies(tmp_path, "one"))
    place = newest_hatch.find("default", cwd=project)
    made = newest_hatch.host.run("uv", "venv", "--quiet", "--python", sys.executable, place, cwd=project)
    (place / "mark").touch()

    result = newest_hatch.run("run", "python", "-c", FOUND, cwd=project)

    assert made.status == 0, made.text
    assert (result.status, result.out) == (0, "one\n"), result.text
    assert (place / "mark").exists()
    assert newest_hatch.environments(project) == {"default": "ready"}


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_what_is_no_environment_and_was_not_recorded_is_left_alone(
    installer: str, newest_hatch: Hatch, tmp_path: Path
) -> None:
    project = project_with(tmp_path, BARE.replace('"uv"', f'"{installer}"'))
    mark = newest_hatch.directory(project) / "default" / "mark"
    write_tree(mark.parent, {"mark": ""})

    result = newest_hatch.run(*SAY_PREFIX, cwd=project, COLUMNS="400")

    assert (result.status, result.out) == (1, "")
    assert f"`{mark.parent}` is in the way of environment `default`: move it away\n" in result.err
    assert mark.exists()


@posix
@pytest.mark.parametrize("command", [("env", "remove"), ("env", "prune")], ids=" ".join)
def test_an_environment_in_use_is_not_removed_by(command: tuple[str, ...], hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    rendezvous = Rendezvous(tmp_path)

    running = hatch.start("run", "python", "-c", Rendezvous.COMMAND, cwd=project, **rendezvous.variables)
    rendezvous.wait()
    result = hatch.run(*command, cwd=project)
    left = hatch.environments(project)
    with rendezvous.go_on():
        used = finish(running)

    assert (result.status, result.out) == (1, "")
    assert re.search(r"Environment `default` is in use by (another )?process.*, which must end first\n", result.err)
    assert "Traceback" not in result.text
    assert set(left) == {"default"}
    assert used.status == 0, used.text


@posix
def test_an_environment_in_use_is_not_remade_for_another_python(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    rendezvous = Rendezvous(tmp_path)

    running = newest_hatch.start("run", "python", "-c", Rendezvous.COMMAND, cwd=project, **rendezvous.variables)
    rendezvous.wait()
    project_with(tmp_path, f'{BARE}python = "{SHORT_VERSION}"\n')
    result = newest_hatch.run(*SAY_PREFIX, cwd=project)
    with rendezvous.go_on():
        finish(running)
    afterwards = newest_hatch.run(*SAY_PREFIX, cwd=project)

    assert (result.status, result.out) == (1, "")
    assert re.search("is in use by (another )?process", result.err)
    assert "Traceback" not in result.text
    assert afterwards.status == 0, afterwards.text
    assert newest_hatch.environments(project) == {"default": "ready"}


@posix
def test_after_a_refused_removal_the_environment_is_as_good_as_before(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    rendezvous = Rendezvous(tmp_path)

    running = newest_hatch.start("run", "python", "-c", Rendezvous.COMMAND, cwd=project, **rendezvous.variables)
    rendezvous.wait()
    mark = newest_hatch.directory(project) / "default" / "mark"
    mark.touch()
    newest_hatch.run("env", "remove", cwd=project)
    with rendezvous.go_on():
        finish(running)
    result = newest_hatch.run(*SAY_PREFIX, cwd=project)

    assert (result.status, result.err) == (0, ""), result.text
    assert mark.exists()


@posix
def test_the_command_line_does_not_remove_an_environment_in_use(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    rendezvous = Rendezvous(tmp_path)

    running = newest_hatch.start("run", "python", "-c", Rendezvous.COMMAND, cwd=project, **rendezvous.variables)
    rendezvous.wait()
    result = newest_hatch.host.run("central-venv", "remove", "--yes", "--runner", "hatch", "default", cwd=project)
    with rendezvous.go_on():
        finish(running)

    assert result.status != 0
    assert newest_hatch.environments(project) == {"default": "ready"}


@pytest.mark.parametrize("phase", ["pre", "post"])
@pytest.mark.parametrize("inner", ["default", "docs"])
def test_a_hatch_in_the_installation_does_not_wait(phase: str, inner: str, newest_hatch: Hatch, tmp_path: Path) -> None:
    nested = f"""{phase}-install-commands = ['"{newest_hatch.host.program("hatch")}" -e {inner} run hello']\n"""
    hello = 'scripts.hello = "python -c \\"import sys; print(sys.prefix)\\""\n'
    project = project_with(tmp_path, f"{PACKAGE}{hello}{nested}[tool.hatch.envs.docs]\nskip-install = true\n")

    result = newest_hatch.run(*SAY_PREFIX, cwd=project)

    directory = newest_hatch.directory(project)
    assert result.status == 0, result.text
    assert result.out.splitlines()[-2:] == [str(directory / inner), str(directory / "default")]
    assert "waiting for" not in result.text
    assert set(newest_hatch.environments(project).values()) == {"ready"}


def test_a_hatch_in_a_script_does_not_wait(newest_hatch: Hatch, tmp_path: Path) -> None:
    outer = f"""scripts.outer = '"{newest_hatch.host.program("hatch")}" run hello'\n"""
    project = project_with(tmp_path, f'{BARE}{outer}scripts.hello = "python -c \\"print(\'inner\')\\""\n')

    result = newest_hatch.run("run", "outer", cwd=project)

    assert (result.status, result.out) == (0, "inner\n"), result.text
    assert "waiting for" not in result.text


@posix
def test_a_shell_runs_in_the_environment(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    shell = tmp_path / "shell"
    shell.write_text("#!/bin/sh\nexec python -c 'import sys; print(sys.prefix)'\n")
    shell.chmod(0o755)

    result = newest_hatch.run("shell", "--name", "unknown", "--path", shell, cwd=project)

    assert (result.status, result.out) == (0, f"{newest_hatch.directory(project) / 'default'}\n"), result.text
    assert newest_hatch.environments(project) == {"default": "ready"}


@posix
def test_an_environment_in_use_by_a_shell_is_not_removed(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    shell = tmp_path / "shell"
    shell.write_text(f'#!/bin/sh\nexec python -c "{Rendezvous.COMMAND}"\n')
    shell.chmod(0o755)
    rendezvous = Rendezvous(tmp_path)

    arguments = ("shell", "--name", "unknown", "--path", shell)
    running = newest_hatch.start(*arguments, cwd=project, **rendezvous.variables)
    rendezvous.wait()
    result = newest_hatch.run("env", "remove", cwd=project)
    left = newest_hatch.environments(project)
    with rendezvous.go_on():
        finish(running)

    assert (result.status, left) == (1, {"default": "ready"}), result.text


@pytest.mark.parametrize("backend", ["flit_core.buildapi", "hatchling.build"])
def test_a_build_leaves_a_ready_environment(backend: str, hatch: Hatch, tmp_path: Path) -> None:
    package = PACKAGE.replace("flit_core>=3.9", backend.partition(".")[0]).replace("flit_core.buildapi", backend)
    project = project_with(tmp_path, package)

    first = hatch.run("build", "-t", "wheel", cwd=project)
    second = hatch.run("build", "-t", "wheel", cwd=project)

    assert (first.status, second.status) == (0, 0), first.text + second.text
    assert len(list((project / "dist").glob("*.whl"))) == 1
    assert "Creating environment" not in second.text
    assert hatch.environments(project) == {"hatch-build": "ready"}


def test_a_build_with_dependencies_of_its_own_leaves_a_ready_environment(hatch: Hatch, tmp_path: Path) -> None:
    package = PACKAGE.replace("flit_core>=3.9", "hatchling").replace("flit_core.buildapi", "hatchling.build")
    own = dependencies(tmp_path, "one")
    project = project_with(tmp_path, f"{package}\n[tool.hatch.build.targets.wheel]\n{own}")

    first = hatch.run("build", "-t", "wheel", cwd=project)
    second = hatch.run("build", "-t", "wheel", cwd=project)

    assert (first.status, second.status) == (0, 0), first.text + second.text
    assert "Creating environment" not in second.text
    assert hatch.environments(project) == {"hatch-build": "ready"}


@posix
def test_after_a_refused_removal_others_use_the_environment_as_before(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    rendezvous = Rendezvous(tmp_path)

    running = newest_hatch.start("run", "python", "-c", Rendezvous.COMMAND, cwd=project, **rendezvous.variables)
    rendezvous.wait()
    refused = newest_hatch.run("env", "remove", cwd=project)
    result = newest_hatch.run(*SAY_PREFIX, cwd=project)
    with rendezvous.go_on():
        finish(running)

    assert refused.status == 1, refused.text
    assert result.status == 0, result.text
