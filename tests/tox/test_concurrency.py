"""Two toxes at once: one environment at a time, and disjoint environments without waiting."""

from __future__ import annotations

import os
import signal
import sys
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest
from central_venv.store.use import Uses
from support.hosts import Result, finish, interrupt, read_until
from support.pipes import Rendezvous
from support.tox import SOURCE_PACKAGE
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.tox import Tox

posix = pytest.mark.skipif(sys.platform == "win32", reason="named pipes and signals")

#: Environment `a` says that it runs and then waits for a word; the others only run.
PATIENT = f"""
[tox]
env_list = a, b
[testenv]
skip_install = true
pass_env = STARTED, GO_ON
[testenv:a]
commands = python -c "{Rendezvous.COMMAND}"
"""

#: For the second of two runs of `a`, whose command does not wait.
UNBOUND = {"STARTED": os.devnull, "GO_ON": os.devnull}

#: Each of `a` and `b` waits until the other one runs, too.
RENDEZVOUS = """
[tox]
env_list = a, b
[testenv]
skip_install = true
pass_env = PIPE
[testenv:a]
commands = python -c "import os; open(os.environ['PIPE'], 'w').write('met')"
[testenv:b]
commands = python -c "import os; assert open(os.environ['PIPE']).read() == 'met'"
"""


def together(tox: Tox, project: Path, *commands: list[str]) -> list[Result]:
    """The results of toxes that were started at the same time."""
    running = [tox.start(*command, cwd=project) for command in commands]
    with ThreadPoolExecutor(len(running)) as pool:
        return list(pool.map(finish, running))


@pytest.mark.every_release
@pytest.mark.parametrize("arguments", [["run", "-e", "a"], ["run", "-r", "-e", "a"]], ids=" ".join)
def test_four_runs_of_one_environment_all_succeed(tox: Tox, project: Path, arguments: list[str]) -> None:
    results = together(tox, project, *[arguments] * 4)

    assert [result.status for result in results] == [0] * 4, "\n".join(result.text for result in results)
    assert all("in a" in result.out for result in results)


def test_four_runs_that_install_one_package_all_succeed(tox: Tox, package: Path) -> None:
    results = together(tox, package, *[["run", "-r", "-e", "a"]] * 2, *[["run", "-e", "a"]] * 2)

    assert [result.status for result in results] == [0] * 4, "\n".join(result.text for result in results)


@pytest.mark.every_release
@posix
def test_a_packaging_environment_that_was_kept_for_another_tox_is_kept_to_the_end(
    tox: Tox, package: Path, work_dir: Callable[[Path], Path], tmp_path: Path
) -> None:
    ini = (package / "tox.ini").read_text()
    (package / "tox.ini").write_text(
        f'{ini}pass_env = STARTED, GO_ON\n[testenv:a]\ncommands = python -c "{Rendezvous.COMMAND}"\n'
    )
    assert tox.run("run", "-e", "b", cwd=package).status == 0
    other = Uses(str(work_dir(package).parent / ".central-venv" / "tox" / ".pkg.uses"))
    other.begin()
    rendezvous = Rendezvous(tmp_path)

    running = tox.start("run", "-r", "-e", "a,b", cwd=package, **rendezvous.variables)
    rendezvous.wait()
    other.end()
    with rendezvous.go_on():
        result = finish(running)

    assert result.status == 0, result.text
    assert "another tox uses it" in result.text


def test_a_packaging_environment_in_use_is_not_rebuilt(tox: Tox, package: Path) -> None:
    commands = [["run", "-r", "-e", "a,b"], ["run", "-r", "-e", "c"], ["run", "-e", "b,c"], ["run", "-r", "-e", "c,a"]]

    results = together(tox, package, *commands)

    assert [result.status for result in results] == [0] * 4, "\n".join(result.text for result in results)


@pytest.mark.every_release
@posix
def test_the_second_run_says_what_it_waits_for(tox: Tox, tmp_path: Path, work_dir: Callable[[Path], Path]) -> None:
    project = write_tree(tmp_path / "project", {"tox.ini": PATIENT})
    rendezvous = Rendezvous(tmp_path)

    first = tox.start("run", "-e", "a", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    second = tox.start("run", "-r", "-e", "a", cwd=project, **UNBOUND)
    said = read_until(second, "waiting for")
    with rendezvous.go_on():
        results = finish(first), finish(second)

    assert [result.status for result in results] == [0, 0], "\n".join(result.text for result in results)
    assert (
        f"waiting for environment {work_dir(project) / 'a'}, in use by `tox run -e a` (process {first.pid} on" in said
    )


@posix
def test_an_environment_in_use_is_not_rebuilt(tox: Tox, tmp_path: Path, work_dir: Callable[[Path], Path]) -> None:
    project = write_tree(tmp_path / "project", {"tox.ini": PATIENT})
    rendezvous = Rendezvous(tmp_path)

    first = tox.start("run", "-e", "a", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    mark = work_dir(project) / "a" / "mark"
    mark.touch()
    second = tox.start("run", "-r", "-e", "a", cwd=project, **UNBOUND)
    read_until(second, "waiting for")
    meanwhile = mark.exists()
    with rendezvous.go_on():
        results = finish(first), finish(second)

    assert [result.status for result in results] == [0, 0]
    assert (meanwhile, mark.exists()) == (True, False)


@posix
def test_a_parallel_run_says_at_once_what_it_waits_for(tox: Tox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"tox.ini": PATIENT})
    rendezvous = Rendezvous(tmp_path)

    first = tox.start("run", "-e", "a", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    second = tox.start("run-parallel", "-e", "a,b", cwd=project, **UNBOUND)
    assert second.stderr is not None
    said = second.stderr.readline()
    with rendezvous.go_on():
        results = finish(first), finish(second)

    assert [result.status for result in results] == [0, 0], "\n".join(result.text for result in results)
    assert said.startswith("a: waiting for environment ")


@pytest.mark.usefixtures("index")
@posix
def test_a_packaging_environment_that_must_be_recreated_is_while_another_run_tests(tox: Tox, tmp_path: Path) -> None:
    ini = PATIENT.replace("skip_install = true", "package = wheel")
    package = write_tree(tmp_path / "package", {**SOURCE_PACKAGE, "tox.ini": ini})
    rendezvous = Rendezvous(tmp_path)

    first = tox.start("run", "-e", "a", cwd=package, **rendezvous.variables)
    rendezvous.wait()
    pyproject = package / "pyproject.toml"
    write_tree(package, {"tox.ini": f"{ini}[testenv:.pkg]\nset_env = A = 1\n"})
    pyproject.write_text(pyproject.read_text().replace("flit_core>=3.9", "flit_core>=3.10"))
    second = tox.run("run", "-e", "b", cwd=package)
    with rendezvous.go_on():
        result = finish(first)

    assert (second.status, result.status) == (0, 0), second.text + result.text
    assert tox.environments(package) == {".pkg": "ready", "a": "ready", "b": "ready"}


def test_a_run_that_recreates_several_environments_blames_nobody(tox: Tox, package: Path) -> None:
    result = tox.run("run", "-r", "-e", "a,b", cwd=package)
    again = tox.run("run", "-r", "-e", "a,b", cwd=package)

    assert (result.status, again.status) == (0, 0), result.text + again.text
    assert "another tox" not in result.text + again.text


@posix
@pytest.mark.parametrize("recreate", [[], ["-r"]], ids=["run", "run -r"])
def test_disjoint_environments_do_not_wait(tox: Tox, tmp_path: Path, recreate: list[str]) -> None:
    project = write_tree(tmp_path / "project", {"tox.ini": RENDEZVOUS})
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    running = [tox.start("run", *recreate, "-e", name, cwd=project, PIPE=str(pipe)) for name in "ab"]
    results = [finish(each) for each in running]

    assert [result.status for result in results] == [0, 0], "\n".join(result.text for result in results)
    assert not any("waiting for" in result.text for result in results)


@pytest.mark.every_release
@posix
def test_disjoint_environments_with_a_common_package_do_not_wait(tox: Tox, tmp_path: Path, package: Path) -> None:
    write_tree(package, {"tox.ini": RENDEZVOUS.replace("skip_install = true", "package = wheel")})
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)

    running = [tox.start("run", "-r", "-e", name, cwd=package, PIPE=str(pipe)) for name in "ab"]
    results = [finish(each) for each in running]

    assert [result.status for result in results] == [0, 0], "\n".join(result.text for result in results)


@posix
def test_after_a_kill_of_the_first_the_second_goes_on(tox: Tox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"tox.ini": PATIENT})
    rendezvous = Rendezvous(tmp_path)

    first = tox.start("run", "-e", "a", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    second = tox.start("run", "-e", "a", cwd=project, **UNBOUND)
    read_until(second, "waiting for")
    first.kill()
    with rendezvous.go_on():
        finish(first)
    result = finish(second)

    assert result.status == 0, result.text
    assert tox.environments(project) == {"a": "ready"}


@pytest.mark.every_release
@posix
def test_an_interrupt_ends_the_wait(tox: Tox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"tox.ini": PATIENT})
    rendezvous = Rendezvous(tmp_path)

    first = tox.start("run", "-e", "a", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    second = tox.start("run", "-e", "a", cwd=project)
    read_until(second, "waiting for")
    interrupted = interrupt(second)
    with rendezvous.go_on():
        result = finish(first)

    assert interrupted.status not in {0, -signal.SIGKILL}
    assert "central_venv" not in interrupted.text  # no traceback of ours
    assert result.status == 0, result.text


#: `a` runs `b`, which runs `a` again, which then only speaks.
CIRCLE = {
    "tox.ini": """
[tox]
env_list = a, b
[testenv]
skip_install = true
pass_env = TOX, INNER
commands = python nested.py {env_name}
""",
    "nested.py": """
import os, subprocess, sys

inner = os.environ.get("INNER")
print("in", sys.argv[1], inner)
if sys.argv[1] == "b":
    sys.exit(subprocess.call([os.environ["TOX"], "run", "-e", "a"], env={**os.environ, "INNER": "1"}))
if not inner:
    sys.exit(subprocess.call([os.environ["TOX"], "run", "-e", "b"]))
""",
}


@pytest.mark.parametrize("start", ["a", "b"])
def test_commands_that_run_their_own_environment_do_not_wait_for_themselves(
    tox: Tox, tmp_path: Path, start: str
) -> None:
    project = write_tree(tmp_path / "project", CIRCLE)

    result = tox.run("run", "-e", start, cwd=project, TOX=tox.host.program("tox"))

    assert result.status == 0, result.text
    assert "waiting for" not in result.text
    assert "in a 1" in result.text


@posix
def test_a_nested_run_is_protected_in_a_store_of_the_users_choice(tox: Tox, tmp_path: Path) -> None:
    nested = "import os, subprocess, sys; sys.exit(subprocess.call([os.environ['TOX'], 'run', '-e', 'a']))"
    ini = PATIENT.replace("pass_env = ", "pass_env = TOX, ") + f'[testenv:b]\ncommands = python -c "{nested}"\n'
    project = write_tree(tmp_path / "project", {"tox.ini": ini})
    store = {"CENTRAL_VENV_HOME": str(tmp_path / "chosen")}
    rendezvous = Rendezvous(tmp_path)

    first = tox.start("run", "-e", "b", cwd=project, TOX=tox.host.program("tox"), **rendezvous.variables, **store)
    rendezvous.wait()
    second = tox.start("run", "-r", "-e", "a", cwd=project, **UNBOUND, **store)
    said = read_until(second, "waiting for")
    with rendezvous.go_on():
        results = finish(first), finish(second)

    assert [result.status for result in results] == [0, 0], "\n".join(result.text for result in results)
    assert str(tmp_path / "chosen") in said
