"""Several hatches at once: one change at a time, and no waiting where nothing is changed."""

from __future__ import annotations

import os
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from central_venv import project_home
from support.hatch import BARE, PACKAGE, UNBOUND, project_with
from support.hosts import Result, finish, read_until
from support.pipes import Rendezvous
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.hatch import Hatch

posix = pytest.mark.skipif(sys.platform == "win32", reason="named pipes and signals")

HELLO = 'scripts.hello = "python -c \\"import sys; print(sys.prefix)\\""\n'
IMPORT = 'scripts.hello = "python -c \\"import demo; print(demo.__name__)\\""\n'

#: Each of two runs waits until the other one runs, too.
MEET = (
    "import os; open(os.environ['PIPE'], 'w').write('met')",
    "import os; assert open(os.environ['PIPE']).read() == 'met'",
)

#: Each environment that was let go waits for the test.
PAUSE = f"""
from contextlib import suppress

with suppress(ImportError):
    from central_venv.store.environment import Environment

    def release_and_wait(environment, release=Environment.release):
        release(environment)
        {Rendezvous.COMMAND}

    Environment.release = release_and_wait
"""

#: The installation waits for the test, unless it is told otherwise.
BUSY = f"""pre-install-commands = ['''python -c "{Rendezvous.COMMAND}"''']\n"""


def together(hatch: Hatch, project: Path, *commands: list[str]) -> list[Result]:
    """The results of hatches that were started at the same time."""
    running = [hatch.start(*command, cwd=project) for command in commands]
    with ThreadPoolExecutor(len(running)) as pool:
        return list(pool.map(finish, running))


def assert_success(results: list[Result]) -> None:
    """Each of several hatches ended well."""
    assert [result.status for result in results] == [0] * len(results), "\n".join(result.text for result in results)


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_four_creations_of_one_environment_all_succeed(installer: str, newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE.replace('"uv"', f'"{installer}"'))

    results = together(newest_hatch, project, *[["env", "create"]] * 4)

    assert_success(results)
    assert newest_hatch.environments(project) == {"default": "ready"}


@pytest.mark.parametrize("installer", ["uv", "pip"])
def test_four_first_runs_in_one_environment_all_succeed(installer: str, hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE.replace('"uv"', f'"{installer}"') + HELLO)

    results = together(hatch, project, *[["run", "hello"]] * 4)

    assert_success(results)
    assert {result.out for result in results} == {f"{hatch.directory(project) / 'default'}\n"}


def test_four_first_runs_of_a_package_all_succeed(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, PACKAGE + IMPORT)

    results = together(hatch, project, *[["run", "hello"]] * 4)

    assert_success(results)
    assert {result.out for result in results} == {"demo\n"}


@posix
def test_a_run_that_let_go_does_not_mind_that_the_next_one_has_claimed(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE + HELLO)
    pause = write_tree(tmp_path / "pause", {"sitecustomize.py": PAUSE})
    rendezvous = Rendezvous(tmp_path)
    home = project_home(str(project))
    assert home is not None
    environment = home.environment("hatch", "default")

    first = hatch.start("run", "hello", cwd=project, PYTHONPATH=str(pause), **rendezvous.variables)
    rendezvous.wait()
    environment.claim("default", on_wait=lambda holder: pytest.fail(f"{holder} still has it"))
    with rendezvous.go_on():
        result = finish(first)
    environment.release()

    assert (result.status, result.out) == (0, f"{hatch.directory(project) / 'default'}\n"), result.text


@posix
def test_what_is_installed_is_installed_once(hatch: Hatch, tmp_path: Path) -> None:
    commands = "pre-install-commands = ['echo before >> log']\npost-install-commands = ['echo after >> log']\n"
    project = project_with(tmp_path, PACKAGE + IMPORT + commands)

    results = together(hatch, project, *[["run", "hello"]] * 4)

    assert_success(results)
    assert (project / "log").read_text().splitlines() == ["before", "after"]


def test_creations_of_a_matrix_at_once_all_succeed(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, f'{BARE}\n[[tool.hatch.envs.tests.matrix]]\nx = ["1", "2"]\n')

    results = together(newest_hatch, project, *[["env", "create", "tests"]] * 3)

    assert_success(results)
    assert newest_hatch.environments(project) == {"tests.1": "ready", "tests.2": "ready"}


def test_creation_and_removal_at_once_both_succeed_or_say_why(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE + HELLO)
    newest_hatch.run("env", "create", cwd=project)

    created, removed = together(newest_hatch, project, ["env", "create"], ["env", "remove"])

    assert created.status == 0, created.text
    assert removed.status == 0 or "is in use" in removed.text, removed.text
    assert "Traceback" not in removed.text
    assert newest_hatch.run("run", "hello", cwd=project).status == 0


@posix
def test_the_second_run_says_what_it_waits_for(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, PACKAGE + IMPORT + BUSY)
    rendezvous = Rendezvous(tmp_path)

    first = hatch.start("run", "hello", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    second = hatch.start("run", "hello", cwd=project, **UNBOUND)
    said = read_until(second, "waiting for", warnings=True)
    with rendezvous.go_on():
        results = [finish(first), finish(second)]

    assert_success(results)
    assert f"waiting for environment `default`, in use by `hatch run` (process {first.pid} on" in said
    assert [result.out for result in results] == ["demo\n", "demo\n"]


@posix
def test_after_a_kill_of_the_first_the_second_goes_on(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, PACKAGE + IMPORT + BUSY)
    rendezvous = Rendezvous(tmp_path)

    first = hatch.start("run", "hello", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    second = hatch.start("run", "hello", cwd=project, **UNBOUND)
    read_until(second, "waiting for", warnings=True)
    first.kill()
    with rendezvous.go_on():
        finish(first)
    result = finish(second)

    assert (result.status, result.out) == (0, "demo\n"), result.text
    assert hatch.environments(project) == {"default": "ready"}


@posix
def test_another_environment_does_not_wait(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, f"{PACKAGE}{BUSY}[tool.hatch.envs.docs]\nskip-install = true\n")
    rendezvous = Rendezvous(tmp_path)

    first = newest_hatch.start("env", "create", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    second = newest_hatch.run("run", "docs:python", "-c", "print('ran')", cwd=project)
    with rendezvous.go_on():
        result = finish(first)

    assert (second.status, second.out) == (0, "ran\n"), second.text
    assert "waiting for" not in second.text
    assert result.status == 0, result.text


@posix
def test_finding_does_not_wait(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, PACKAGE + BUSY)
    rendezvous = Rendezvous(tmp_path)

    first = newest_hatch.start("env", "create", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    found = newest_hatch.run("env", "find", cwd=project)
    with rendezvous.go_on():
        finish(first)

    assert (found.out, found.err) == (f"{newest_hatch.directory(project) / 'default'}\n", "")


@posix
def test_commands_in_a_ready_environment_run_at_the_same_time(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    hatch.run("env", "create", cwd=project)
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    running = [hatch.start("run", "python", "-c", code, cwd=project, PIPE=str(pipe)) for code in MEET]
    results = [finish(each) for each in running]

    assert_success(results)
    assert not any("waiting for" in result.text for result in results)


@posix
def test_the_second_run_does_not_wait_for_the_commands_of_the_first(hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE)
    rendezvous = Rendezvous(tmp_path)

    first = hatch.start("run", "python", "-c", Rendezvous.COMMAND, cwd=project, **rendezvous.variables)
    rendezvous.wait()
    second = hatch.run("run", "python", "-c", "print('ran')", cwd=project)
    with rendezvous.go_on():
        result = finish(first)

    assert (second.status, second.out, second.err) == (0, "ran\n", "")
    assert result.status == 0, result.text


@posix
def test_dependencies_change_while_a_command_runs(newest_hatch: Hatch, tmp_path: Path) -> None:
    dependency = write_tree(
        tmp_path / "dependency",
        {"pyproject.toml": PACKAGE.partition("[tool")[0].replace('"demo"', '"dependency"'), "dependency.py": ""},
    )
    project = project_with(tmp_path, BARE)
    rendezvous = Rendezvous(tmp_path)

    first = newest_hatch.start("run", "python", "-c", Rendezvous.COMMAND, cwd=project, **rendezvous.variables)
    rendezvous.wait()
    project_with(tmp_path, f'{BARE}dependencies = ["dependency @ {dependency.as_uri()}"]\n')
    second = newest_hatch.run("run", "python", "-c", "import dependency; print('ran')", cwd=project)
    with rendezvous.go_on():
        result = finish(first)

    assert (second.status, second.out) == (0, "ran\n"), second.text
    assert result.status == 0, result.text
