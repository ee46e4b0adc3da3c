"""``central-venv run``: a command in the environment of the project, in the process that was started."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from central_venv.cli import env as env_command
from central_venv.cli import parse_quickly
from central_venv.cli import run as run_command
from central_venv.cli.parser import parse
from central_venv.policy.key import home_name
from hypothesis import given
from hypothesis import strategies as st
from support.hosts import finish, read_until
from support.mounts import mounted
from support.pipes import Rendezvous
from support.pythons import find_pythons, other_python
from support.trees import listing, write_tree
from support.uv import PROGRAMS, WHERE, program, python_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.hosts import Result

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals, pipes and shells are POSIX")

#: Prints what a variable holds.
SHOW = "import os, sys; print(os.environ.get(sys.argv[1]))"
#: Prints the numbers of the open files but for the listing itself, with what they are.
FILES = """
import os
directory = "/proc/self/fd"
for number in sorted(os.listdir(directory), key=int):
    try:
        print(number, os.readlink(f"{directory}/{number}"))
    except FileNotFoundError:
        pass
"""


@pytest.fixture(autouse=True)
def no_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    """uv knows the Pythons of this machine only."""
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")


@pytest.fixture
def environment(project: Path, store: Path) -> Path:
    """Where the project's environment belongs; nothing is there yet."""
    return Path(os.path.realpath(store)) / home_name(str(project)) / ".venv"


@pytest.fixture
def rendezvous(tmp_path: Path) -> Rendezvous:
    """Where this test and a command wait for each other."""
    return Rendezvous(tmp_path)


@pytest.fixture
def roomy_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk on which a few environments have room."""
    try:
        with mounted(tmp_path / "disk", "size=8m") as mount:
            yield mount
    except PermissionError as error:
        pytest.skip(f"cannot mount a file system: {error}")


def run(*command: str, cwd: Path, **variables: str) -> Result:
    return PROGRAMS.run("central-venv", "run", *command, cwd=cwd, **variables)


def start(*command: str, cwd: Path, **variables: str) -> subprocess.Popen[str]:
    return PROGRAMS.start("central-venv", "run", *command, cwd=cwd, **variables)


def marks(environment: Path) -> list[Path]:
    return sorted((environment.parent / ".central-venv" / "project" / ".venv.uses").glob("*.lock"))


# in the environment


def test_the_environment_is_made_and_the_command_runs_in_it(project: Path, environment: Path) -> None:
    said = run(*WHERE, cwd=project)

    assert (said.status, said.out, said.err) == (0, f"{environment}\n", "")
    assert listing(project) == {"pyproject.toml"}


def test_the_second_time_the_environment_is_there(project: Path, environment: Path) -> None:
    run("python", "-V", cwd=project)
    (environment / "mark").touch()

    assert run(*WHERE, cwd=project).out == f"{environment}\n"
    assert (environment / "mark").exists()


def test_the_command_finds_what_an_active_environment_has(project: Path, environment: Path) -> None:
    path = os.environ["PATH"]

    said = {name: run("python", "-c", SHOW, name, cwd=project).out.rstrip("\n") for name in ("VIRTUAL_ENV", "PATH")}

    assert said == {
        "VIRTUAL_ENV": str(environment),
        "PATH": f"{program(environment, 'python').parent}{os.pathsep}{path}",
    }
    assert run("python", "-c", SHOW, "UV_PROJECT_ENVIRONMENT", cwd=project).out == f"{environment}\n"


def test_what_another_environment_left_is_replaced(project: Path, environment: Path, base: Path) -> None:
    said = run("python", "-c", SHOW, "VIRTUAL_ENV", cwd=project, VIRTUAL_ENV=str(base / "stale"))

    assert said.out == f"{environment}\n"


def test_the_command_gets_its_arguments_as_they_are(project: Path) -> None:
    arguments = ["a b", "", "--project", "-p", "--", "$x", "é\n", "*"]

    said = run("python", "-c", "import sys; print(sys.argv[1:])", *arguments, cwd=project)

    assert said.out == f"{arguments}\n"


@pytest.mark.parametrize("way", ["sub directory", "--project"])
def test_the_command_runs_where_it_was_called(way: str, project: Path, environment: Path, base: Path) -> None:
    write_tree(project, {"src/deep/module.py": ""})
    directory = base if way == "--project" else project / "src" / "deep"
    options = ["--project", "project"] if way == "--project" else []

    said = run(*options, "python", "-c", "import os, sys; print(os.getcwd(), sys.prefix)", cwd=directory)

    assert said.out == f"{directory} {environment}\n"


@posix_only
def test_the_environments_program_is_found_first(project: Path, environment: Path) -> None:
    run("python", "-V", cwd=project)
    write_tree(environment, {"bin/ls": "#!/bin/sh\necho own\n"})
    (environment / "bin" / "ls").chmod(0o755)

    assert run("ls", cwd=project).out == "own\n"


def test_another_environment_can_be_named(project: Path, environment: Path) -> None:
    said = run("--env", ".venv-docs", *WHERE, cwd=project)

    assert said.out == f"{environment.parent / '.venv-docs'}\n"


def test_another_python_has_its_own_and_is_kept_in_what_runs_in_turn(project: Path, environment: Path) -> None:
    other = other_python()
    write_tree(project, {".python-version": f"{sys.version_info.major}.{sys.version_info.minor}\n"})
    path = os.pathsep.join([str(find_pythons()[other].parent), os.environ["PATH"]])

    said = run("-p", other, "uv", "run", *WHERE, cwd=project, PATH=path)

    assert said.out == f"{environment.parent / f'.venv-{other}'}\n", said.err
    assert python_of(environment.parent / f".venv-{other}") == other


def test_the_user_lets_uv_believe_what_the_project_says(project: Path, environment: Path) -> None:
    other = other_python()
    write_tree(project, {".python-version": str(find_pythons()[other])})

    said = run(*WHERE, cwd=project)

    assert said.out == f"{environment}\n", said.err
    assert python_of(environment) == other


def test_one_run_in_another_means_its_own_project(project: Path, environment: Path, base: Path) -> None:
    other = write_tree(base / "other", {"tox.ini": ""})
    again = [PROGRAMS.program("central-venv"), "run", "--project", str(other)]

    said = run(*again, *WHERE, cwd=project)

    assert said.out == f"{environment.parents[1] / home_name(str(other)) / '.venv'}\n"


# the process


@posix_only
def test_the_command_has_the_process_that_was_started(project: Path) -> None:
    process = start("sh", "-c", "echo $$", cwd=project)

    assert finish(process).out == f"{process.pid}\n"


@pytest.mark.parametrize("status", [0, 1, 2, 7, 130, 255])
def test_the_exit_status_is_the_commands(status: int, project: Path) -> None:
    assert run("python", "-c", f"raise SystemExit({status})", cwd=project).status == status


def test_the_input_reaches_the_command(project: Path) -> None:
    command = [PROGRAMS.program("central-venv"), "run", "python", "-c", "print(input()[::-1])"]

    done = subprocess.run(command, cwd=project, input="abc\n", capture_output=True, text=True, check=True)

    assert done.stdout == "cba\n"


@posix_only
def test_a_command_whose_reader_goes_ends_silently(project: Path) -> None:
    script = f"set -o pipefail; '{PROGRAMS.program('central-venv')}' run yes | head -1"

    done = subprocess.run(["bash", "-c", script], cwd=project, capture_output=True, text=True, check=False)

    assert (done.stdout, done.stderr) == ("y\n", "")
    assert done.returncode == 128 + signal.SIGPIPE


@posix_only
@pytest.mark.parametrize("name", ["SIGTERM", "SIGUSR1", "SIGKILL", "SIGINT"])
def test_a_signal_ends_the_command_as_it_would_without_us(name: str, project: Path) -> None:
    process = start("sh", "-c", "echo ready; exec sleep 60", cwd=project)
    read_until(process, "ready")

    process.send_signal(getattr(signal, name))

    assert finish(process).status == -getattr(signal, name)


@posix_only
def test_the_command_decides_what_an_interrupt_means(project: Path) -> None:
    handle = "import signal, time; signal.signal(signal.SIGINT, lambda *_: exit(9))"
    code = f"{handle}; print('ready', flush=True); time.sleep(60)"
    process = start("python", "-c", code, cwd=project)
    read_until(process, "ready")

    os.killpg(process.pid, signal.SIGINT)

    assert finish(process).status == 9


@pytest.mark.skipif(not os.path.isdir("/proc/self/fd"), reason="Linux tells which files are open")
@pytest.mark.parametrize("made", [False, True], ids=["new environment", "environment that is there"])
def test_nothing_that_we_opened_is_left_open_but_the_mark(
    made: bool,  # noqa: FBT001
    project: Path,
    environment: Path,
) -> None:
    if made:
        run("python", "-V", cwd=project)

    said = run("python", "-c", FILES, cwd=project)

    lines = [line.split(maxsplit=1) for line in said.out.splitlines()]
    extra = [path for number, path in lines if int(number) > 2 and not path.startswith("/proc/")]
    assert extra == [str(path) for path in marks(environment)]
    assert len(extra) == 1


# the mark


@posix_only
@pytest.mark.parametrize(
    "command",
    [["remove", "--yes", ".venv"], ["clean", "--yes"], ["create", "--clear"]],
    ids=" ".join,
)
def test_the_environment_stays_as_long_as_the_command_lives(
    command: list[str], project: Path, environment: Path, rendezvous: Rendezvous
) -> None:
    # A program that has nothing to do with the environment: only the mark tells of it.
    code = 'echo > "$STARTED"; read -r _ < "$GO_ON"'
    process = start("sh", "-c", code, cwd=project, **rendezvous.variables)
    rendezvous.wait()

    refused = PROGRAMS.run("central-venv", *command, cwd=project)

    assert refused.status == 1
    assert "in use" in refused.text
    assert (environment / "pyvenv.cfg").exists()
    with rendezvous.go_on():
        assert finish(process).status == 0
    assert PROGRAMS.run("central-venv", *command, cwd=project).status == 0


@posix_only
def test_prune_leaves_the_environment_of_a_command_that_outlives_its_project(
    project: Path, environment: Path, base: Path, rendezvous: Rendezvous
) -> None:
    process = start("sh", "-c", 'echo > "$STARTED"; read -r _ < "$GO_ON"', cwd=project, **rendezvous.variables)
    rendezvous.wait()
    project.rename(base / "elsewhere")
    (base / "elsewhere" / "pyproject.toml").unlink()
    (base / "elsewhere").rmdir()

    kept = PROGRAMS.run("central-venv", "prune", "--yes", cwd=base)

    assert (environment / "pyvenv.cfg").exists(), kept.text
    with rendezvous.go_on():
        assert finish(process).status == 0
    assert PROGRAMS.run("central-venv", "prune", "--yes", cwd=base).status == 0
    assert not environment.exists()


@posix_only
def test_what_a_command_leaves_running_keeps_the_environment_too(
    project: Path, environment: Path, rendezvous: Rendezvous
) -> None:
    inner = 'echo > "$STARTED"; read -r _ < "$GO_ON"'
    said = run("sh", "-c", f"({inner}) > /dev/null 2>&1 &", cwd=project, **rendezvous.variables)
    assert said.status == 0
    rendezvous.wait()

    refused = PROGRAMS.run("central-venv", "remove", "--yes", ".venv", cwd=project)

    with rendezvous.go_on():
        assert refused.status == 1
        assert (environment / "pyvenv.cfg").exists()


def test_the_marks_of_commands_that_ended_are_swept(project: Path, environment: Path) -> None:
    for _ in range(3):
        run("python", "-V", cwd=project)

        assert len(marks(environment)) <= 1


@posix_only
def test_commands_side_by_side_each_have_a_mark(project: Path, environment: Path, rendezvous: Rendezvous) -> None:
    process = start("sh", "-c", 'echo > "$STARTED"; read -r _ < "$GO_ON"', cwd=project, **rendezvous.variables)
    rendezvous.wait()

    run("python", "-V", cwd=project)

    assert len(marks(environment)) == 2
    with rendezvous.go_on():
        finish(process)


# what can go wrong


def test_a_program_that_is_not_there_is_one_clear_error(project: Path) -> None:
    said = run("missing", cwd=project)

    assert (said.status, said.out) == (127, "")
    assert said.err == (
        "error: there is no program `missing`, neither in the environment nor on the path\n"
        "hint: install it into the environment, or check the spelling\n"
    )


@posix_only
def test_a_script_whose_python_is_gone_is_never_answered_by_another_program(
    project: Path, environment: Path, tmp_path: Path
) -> None:
    run("python", "-V", cwd=project)
    write_tree(environment, {"bin/tool": "#!/gone/python\n"})
    write_tree(tmp_path, {"system/tool": "#!/bin/sh\necho from elsewhere\n"})
    for script in (environment / "bin" / "tool", tmp_path / "system" / "tool"):
        script.chmod(0o755)

    said = run("tool", cwd=project, PATH=f"{tmp_path / 'system'}{os.pathsep}{os.environ['PATH']}")

    assert (said.status, said.out) == (126, "")
    assert said.err == (
        f"error: cannot run `{environment}/bin/tool`: `/gone/python`, which its first line names, is not there\n"
        "hint: install the package that it comes from once more\n"
    )


@posix_only
@pytest.mark.parametrize("kind", ["a file that is not executable", "a link that leads nowhere"])
def test_what_the_environment_has_by_that_name_is_meant_whatever_it_is(
    kind: str, project: Path, environment: Path
) -> None:
    run("python", "-V", cwd=project)
    if kind.startswith("a file"):
        write_tree(environment, {"bin/sh": "#!/bin/sh\n"})
    else:
        (environment / "bin" / "sh").symlink_to("/gone")

    said = run("sh", "-c", "echo from elsewhere", cwd=project)

    assert (said.status, said.out) == (126, "")
    assert said.err.startswith(f"error: cannot run `{environment}/bin/sh`: it is ")


@posix_only
def test_a_directory_beside_the_programs_is_none(project: Path, environment: Path) -> None:
    run("python", "-V", cwd=project)
    (environment / "bin" / "sh").mkdir()

    assert run("sh", "-c", "echo from the system", cwd=project).out == "from the system\n"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        ([], "give a command to run, such as `python`"),
        (["--"], "give a command to run, such as `python`"),
        (["--project", "."], "give a command to run, such as `python`"),
        (["--env", ".venv", "--python", "3.12", "x"], "--env and --python both name the environment"),
        (["--nonsense", "x"], "unrecognized arguments: --nonsense"),
    ],
    ids=" ".join,
)
def test_what_cannot_be_understood_is_wrong_usage(arguments: list[str], problem: str, project: Path) -> None:
    said = run(*arguments, cwd=project)

    assert (said.status, said.out) == (2, "")
    assert said.err.splitlines()[-1] == f"central-venv run: error: {problem}"


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        ([], {"CENTRAL_VENV": "0"}, "error: central environments are turned off for `"),
        (["--project", "missing"], {}, "error: `missing` is not a directory\n"),
        (["--env", "docs"], {}, "error: 'docs' is not the name of a project environment\n"),
        (["--env", "@team"], {}, "error: the shared environment `@team` is not there, or broken\n"),
        (["--python", "3.99"], {}, "error: `uv` could not make the environment: "),
    ],
)
def test_without_an_environment_nothing_is_run(
    arguments: list[str], variables: dict[str, str], message: str, project: Path, base: Path
) -> None:
    code = f"open({str(base / 'ran')!r}, 'w')"

    said = run(*arguments, "python", "-c", code, cwd=project, **variables)

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(message)
    assert not (base / "ran").exists()


def test_outside_of_any_project_nothing_is_run(outside: Path) -> None:
    said = run("python", "-V", cwd=outside)

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(f"error: no project in `{outside}` or above it\n")


@posix_only
def test_a_command_runs_where_nothing_of_the_project_can_be_written(roomy_disk: Path) -> None:
    project = write_tree(roomy_disk / "project", {"pyproject.toml": "[project]\nname = 'p'\nversion = '0'\n"})
    subprocess.run(["mount", "-o", "remount,ro", roomy_disk], check=True)

    said = run("python", "-c", "print('ran')", cwd=project)

    assert (said.status, said.out, said.err) == (0, "ran\n", "")


@posix_only
@pytest.mark.parametrize("recorded", [True, False], ids=["made by us", "made by a template"])
def test_a_command_runs_in_an_environment_whose_store_cannot_be_written(
    recorded: bool,  # noqa: FBT001
    project: Path,
    roomy_disk: Path,
) -> None:
    store = {"CENTRAL_VENV_HOME": str(roomy_disk)}
    if recorded:
        assert run("python", "-V", cwd=project, **store).status == 0
    else:
        subprocess.run(["uv", "venv", "--quiet", roomy_disk / home_name(str(project)) / ".venv"], check=True)
    subprocess.run(["mount", "-o", "remount,ro", roomy_disk], check=True)

    said = run(*WHERE, cwd=project, **store)
    uv = PROGRAMS.run("central-venv", "uv", "pip", "list", cwd=project, **store)

    assert (said.status, said.out) == (0, f"{roomy_disk / home_name(str(project)) / '.venv'}\n"), said.err
    assert uv.status == 0, uv.err


# the quick parser

WORDS = [
    *("--project", "--env", "--python", "-p", "-p3.12", "--proj", "--project=a", "--env=", "--pyth", "--create"),
    *("--shell", "json", "--export=PATH", "a", "", "-x", "--", "-", "--python=3.12", "--help", "-h", ".venv"),
]
COMMANDS: dict[str, Any] = {"run": run_command, "env": env_command}


@pytest.mark.parametrize("command", COMMANDS)
@given(arguments=st.lists(st.sampled_from(WORDS), max_size=6))
def test_the_quick_parser_says_what_the_real_one_says_or_nothing(command: str, arguments: list[str]) -> None:
    module = COMMANDS[command]
    rest = getattr(module, "REST", None)

    quick = parse_quickly(arguments, module.QUICK, rest)

    if quick is not None and not module.conflict(quick):
        real = vars(parse([command, *arguments]))
        names = [*module.QUICK, *([rest] if rest else [])]
        assert {name: getattr(quick, name) for name in names} == {name: real[name] for name in names}


@pytest.mark.parametrize(
    ("arguments", "command"),
    [
        (["python", "-V"], ["python", "-V"]),
        (["--", "python"], ["python"]),
        (["--", "--", "python"], ["--", "python"]),
        (["--env", ".venv", "python", "--", "x"], ["python", "--", "x"]),
    ],
)
def test_only_the_first_dashes_end_the_options(arguments: list[str], command: list[str]) -> None:
    quick = parse_quickly(arguments, run_command.QUICK, run_command.REST)

    assert quick is not None
    assert run_command.conflict(quick) is None
    assert quick.command == command == parse(["run", *arguments]).command
