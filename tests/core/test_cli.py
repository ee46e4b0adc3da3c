"""The command line."""

from __future__ import annotations

import io
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from central_venv import Home, Store, clock
from central_venv.cli import main
from central_venv.cli.parser import parse
from central_venv.cli.path import parse_quickly
from central_venv.cli.text import ago, print_safely, printable, size
from central_venv.directories import site_config_directory, user_config_directory
from central_venv.errors import ProjectNotFoundError
from central_venv.key import home_name
from central_venv.project import current_directory
from central_venv.record import ProjectRecord, write_project
from hypothesis import given
from hypothesis import strategies as st
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    Maker = Callable[[Path], Path]
    Runner = Callable[..., "Said"]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="pipes, and names with line breaks, are POSIX")

NOON = 1795521600.0


class Said(NamedTuple):
    """What a command said, and its exit status."""

    status: object
    out: str
    err: str


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str]) -> Runner:
    """Runs a command in this process."""

    def run(*arguments: str) -> Said:
        capfd.readouterr()
        try:
            status: object = main(arguments)
        except SystemExit as end:
            status = end.code
        return Said(status, *capfd.readouterr())

    return run


@pytest.fixture
def here(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current directory is a project."""
    monkeypatch.chdir(project)
    return project


@pytest.fixture
def home_of(here: Path, store: Path) -> Home:
    return Home(Store(str(store)), str(here))


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "seconds", lambda: NOON)


def process(*arguments: str, env: dict[bytes, bytes] | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "central_venv", *arguments], check=False, capture_output=True, env=env)


def seal(home: Home, runner: str, name: str, make_environment: Maker) -> Path:
    environment = home.environment(runner, name)
    environment.claim(name, on_wait=lambda _: None)
    path = make_environment(Path(environment.path))
    os.utime(path / "pyvenv.cfg", (0, 86400))
    environment.seal()
    environment.release()
    return path


# path


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        ([], ".venv"),
        (["--home"], ""),
        (["--runner", "tox"], ".tox"),
        (["--runner", "tox", "--env", "py312"], ".tox/py312"),
        (["--runner", "project"], ""),
        (["--env", ".venv-a"], ".venv-a"),
        (["--python", "3.12"], ".venv-3.12"),
        (["--python", "pypy@3.10"], ".venv-pypy3.10"),
        (["--runner=tox", "--env=py312"], ".tox/py312"),
        (["--env", "py312", "--runner", "nox"], ".nox/py312"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else None,
)
def test_path_prints_where_an_environment_is(
    arguments: list[str], expected: str, home_of: Home, run: Runner, tmp_path: Path
) -> None:
    before = listing(tmp_path)

    said = run("path", *arguments)

    path = os.path.join(home_of.path, *filter(None, expected.split("/")))
    assert said == (0, f"{path}{os.linesep}", "")
    assert listing(tmp_path) == before


@pytest.mark.parametrize("spelling", [["--project"], ["--home", "--project"]])
def test_path_takes_another_project(
    spelling: list[str], project: Path, store: Path, base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(base)

    said = run("path", *spelling, "project")

    home = str(store / home_name(str(project)))
    assert said == (0, f"{home if '--home' in spelling else os.path.join(home, '.venv')}{os.linesep}", "")


def test_a_named_project_needs_no_marker_and_is_not_searched_upward(here: Path, store: Path, run: Runner) -> None:
    (here / "sub").mkdir()

    said = run("path", "--home", "--project", "sub")

    assert said.out == f"{store / home_name(str(here / 'sub'))}{os.linesep}"


def test_path_in_a_subdirectory_is_that_of_the_project(
    here: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "a" / "b").mkdir(parents=True)
    monkeypatch.chdir(here / "a" / "b")

    assert run("path", "--home").out == f"{home_of.path}{os.linesep}"


@pytest.mark.parametrize(("exists", "status"), [(True, 0), (False, 1)], ids=["something there", "nothing there"])
def test_path_tells_by_its_status_whether_there_is_something(
    exists: bool,  # noqa: FBT001
    status: int,
    home_of: Home,
    run: Runner,
) -> None:
    if exists:
        os.makedirs(os.path.join(home_of.path, ".venv"))

    said = run("path", "--exists")

    assert said == (status, f"{os.path.join(home_of.path, '.venv')}{os.linesep}", "")
    assert run("path").status == 0


@pytest.mark.parametrize(
    ("variables", "files", "configured", "expected"),
    [
        pytest.param({}, {".python-version": "3.11"}, False, ".venv", id="the file counts only if it is configured"),
        pytest.param({}, {".python-version": "3.11"}, True, ".venv-3.11", id="the configured file counts"),
        pytest.param({}, {}, True, ".venv", id="no file"),
        pytest.param({"UV_PYTHON": "3.13"}, {".python-version": "3.11"}, True, ".venv-3.13", id="uv's variable"),
        pytest.param({"UV_PYTHON": "3.13"}, {}, False, ".venv-3.13", id="uv's variable alone"),
        pytest.param({"UV_PYTHON": ""}, {}, False, ".venv", id="an empty variable"),
    ],
)
def test_the_project_environment_is_that_of_the_python_asked_for(  # noqa: PLR0913, PLR0917
    variables: dict[str, str],
    files: dict[str, str],
    configured: bool,  # noqa: FBT001
    expected: str,
    home_of: Home,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("CENTRAL_VENV_PER_PYTHON", "1" if configured else "0")
    write_tree(Path(home_of.root), files)

    assert run("path").out == f"{os.path.join(home_of.path, expected)}{os.linesep}"


def test_the_python_on_the_command_line_goes_before_the_variable(
    home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PYTHON", "3.13")

    assert run("path", "--python", "3.12").out == f"{os.path.join(home_of.path, '.venv-3.12')}{os.linesep}"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--home", "--runner", "tox"], "--home goes with none of --runner, --env and --python"),
        (["--home", "--env", "a"], "--home goes with none of --runner, --env and --python"),
        (["--home", "--python", "3.12"], "--home goes with none of --runner, --env and --python"),
        (
            ["--python", "3.12", "--runner", "tox"],
            "--python names a project environment: it goes with neither --runner nor --env",
        ),
        (
            ["--python", "3.12", "--env", "a"],
            "--python names a project environment: it goes with neither --runner nor --env",
        ),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_questions_that_contradict_each_other_are_wrong_usage(
    arguments: list[str], message: str, here: Path, run: Runner
) -> None:
    said = run("path", *arguments)

    assert (said.status, said.out) == (2, "")
    assert said.err.splitlines()[-1].endswith(f" path: error: {message}")


@posix_only
@pytest.mark.parametrize("name", [b"a\nb", b"\xff", b"\x1b[31m", b"e\xcc\x81 "])
def test_path_prints_the_path_byte_for_byte(name: bytes, base: Path) -> None:
    if sys.platform == "darwin" and name == b"\xff":
        pytest.skip("macOS refuses names that are not UTF-8")
    store = os.path.join(os.fsencode(base), name)
    environ = {**os.environb, b"CENTRAL_VENV_HOME": store, b"PYTHONIOENCODING": b"ascii"}

    done = process("path", "--project", str(base), "--home", env=environ)

    assert (done.returncode, done.stdout, done.stderr) == (
        0,
        os.path.join(store, home_name(str(base)).encode()) + b"\n",
        b"",
    )


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--runner", ".."], "'..' cannot be the name of a directory, so it is no runner"),
        (["--runner", "tox", "--env", "a/b"], "'a/b' cannot be the name of a directory, so it is no environment"),
    ],
)
def test_path_refuses_what_is_no_name(arguments: list[str], message: str, here: Path, run: Runner) -> None:
    said = run("path", *arguments)

    assert said == (
        1,
        "",
        (
            f"error: {message}\nhint: name the {message.rsplit(maxsplit=1)[-1]} without slashes; "
            "`central-venv list` shows those that there are\n"
        ),
    )


def test_path_refuses_another_projects_home(home_of: Home, run: Runner) -> None:
    os.makedirs(home_of.path)
    write_project(home_of.record_path, ProjectRecord(f"{home_of.root}-other"))

    said = run("path")

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(f"error: the home `{home_of.path}` of `{home_of.root}` belongs to another project")


def test_path_fails_where_central_environments_are_off(
    here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV", "0")

    said = run("path")

    assert said == (
        1,
        "",
        (
            f"error: central environments are turned off for `{here}` (environment: CENTRAL_VENV)\n"
            "hint: turn them on there, or with `CENTRAL_VENV=1`\n"
        ),
    )


@pytest.mark.parametrize("command", ["path", "info", "config"])
def test_a_project_that_is_no_directory_is_refused(command: str, here: Path, run: Runner) -> None:
    said = run(command, "--project", "missing")

    assert said == (1, "", "error: `missing` is not a directory\nhint: name the project's directory\n")


@pytest.mark.parametrize("command", ["path", "info"])
def test_outside_of_any_project_there_is_no_answer(
    command: str, base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from central_venv import project

    monkeypatch.setattr(project, "_nearest", lambda *_: None)
    monkeypatch.chdir(base)

    said = run(command)

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(f"error: no project in `{base}` or above it\nhint: go to a directory with one of ")


WORDS = [
    "--project",
    "--runner",
    "--env",
    "--python",
    "--home",
    "--exists",
    "a",
    "",
    "-x",
    "--",
    "--hom",
    "--env=a",
    "3.1",
]


@given(st.lists(st.sampled_from(WORDS), max_size=6))
def test_the_quick_parser_says_what_the_real_one_says_or_nothing(arguments: list[str]) -> None:
    names = ("project", "runner", "env", "python", "home", "exists")

    quick = parse_quickly(arguments)

    if quick is not None:
        real = parse(["path", *arguments])
        assert [getattr(quick, name) for name in names] == [getattr(real, name) for name in names]


def test_the_quick_parser_takes_every_option_that_is_spelled_out() -> None:
    quick = parse_quickly(["--project", "p", "--runner", "r", "--env", "e", "--exists"])

    assert quick is not None
    assert (quick.project, quick.runner, quick.env, quick.python, quick.home, quick.exists) == (
        "p",
        "r",
        "e",
        None,
        False,
        True,
    )


# info


def test_info_shows_the_project_and_its_environments(
    home_of: Home, store: Path, run: Runner, make_environment: Maker, noon: None
) -> None:
    seal(home_of, "tox", "py312", make_environment)
    make_environment(Path(home_of.path, ".venv"))

    said = run("info")

    assert said == (
        0,
        (
            f"project  {home_of.root}\n"
            f"home     {home_of.path}\n"
            "state    active\n"
            "central  on (default)\n"
            f"store    {store} (default)\n"
            "environments\n"
            "  tox      py312  3.12.1  just now  ready\n"
            "  project  .venv  3.12.1  -         ready\n"
        ),
        "",
    )


def test_info_of_a_project_without_environments(
    home_of: Home, store: Path, run: Runner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV", "0")
    before = listing(tmp_path)

    said = run("info")

    assert said == (
        0,
        (
            f"project  {home_of.root}\n"
            f"home     {home_of.path}\n"
            "state    active\n"
            "central  off (environment: CENTRAL_VENV)\n"
            f"store    {store} (default)\n"
            "environments: none yet\n"
        ),
        "",
    )
    assert listing(tmp_path) == before


def environment_json(path: Path, *, last_used: str | None, size: int | None = None) -> dict[str, object]:
    return {
        "runner": "tox",
        "name": "py312",
        "path": str(path),
        "python": "3.12.1",
        "state": "ready",
        "created": "1970-01-02T00:00:00Z",
        "last_used": last_used,
        "size": size,
    }


@pytest.mark.parametrize("command", ["info", "list"])
def test_programs_read_json(
    command: str, home_of: Home, store: Path, run: Runner, make_environment: Maker, noon: None
) -> None:
    path = seal(home_of, "tox", "py312", make_environment)

    said = run(command, "--json")

    assert (said.status, said.err) == (0, "")
    assert json.loads(said.out) == {
        "schema": 1,
        "store": str(store),
        "projects": [
            {
                "root": home_of.root,
                "home": home_of.path,
                "state": "active",
                "environments": [environment_json(path, last_used="2026-11-24T12:00:00Z")],
            }
        ],
    }


def test_info_of_a_home_that_a_template_made(home_of: Home, run: Runner, make_environment: Maker) -> None:
    make_environment(Path(home_of.path, ".venv"))

    (project,) = json.loads(run("info", "--json").out)["projects"]

    assert (project["root"], project["state"]) == (home_of.root, "unrecorded")


# list


def test_list_shows_every_environment(
    home_of: Home, store: Path, run: Runner, make_environment: Maker, noon: None
) -> None:
    seal(home_of, "tox", "py312", make_environment)
    make_environment(store / "@torch")
    write_tree(store / "empty-12345678", {"file": ""})

    said = run("list")

    root, torch, empty = home_of.root, f"{store / '@torch'} (shared)", f"{store / 'empty-12345678'} (unrecorded)"
    width = max(map(len, (root, torch, empty)))
    assert said == (
        0,
        (
            f"{'PROJECT':{width}}  RUNNER   NAME    PYTHON  LAST USED  STATE\n"
            f"{torch:{width}}  project  @torch  3.12.1  -          ready\n"
            f"{empty:{width}}  -        -       -       -          empty\n"
            f"{root:{width}}  tox      py312   3.12.1  just now   ready\n"
        ),
        "",
    )


def test_list_of_an_empty_store_says_so_on_stderr(store: Path, run: Runner, tmp_path: Path) -> None:
    before = listing(tmp_path)

    assert run("list") == (0, "", f"nothing to list in `{store}`\n")
    assert json.loads(run("list", "--json").out) == {"schema": 1, "store": str(store), "projects": []}
    assert listing(tmp_path) == before


def test_list_counts_sizes_if_asked(home_of: Home, run: Runner, make_environment: Maker) -> None:
    path = seal(home_of, "tox", "py312", make_environment)
    (path / "big").write_bytes(b"x" * 3 * 1024 * 1024)

    said = run("list", "--size")
    document = json.loads(run("list", "--size", "--json").out)

    heading, row = said.out.splitlines()
    assert heading.split()[-4:] == ["LAST", "USED", "SIZE", "STATE"]
    assert row.endswith("  3.0 MiB  ready")
    assert document["projects"][0]["environments"][0]["size"] > 3 * 1024 * 1024


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], ["@torch", "py312", ".venv", None]),
        (["--runner", "tox"], ["py312"]),
        (["--runner", "nox"], []),
        (["--runner", "project"], ["@torch", ".venv"]),
        (["--state", "ready"], ["@torch", "py312"]),
        (["--state", "broken"], [".venv"]),
        (["--state", "creating"], []),
        (["--state", "active"], ["py312", ".venv"]),
        (["--state", "unrecorded"], [None]),
        (["--state", "shared"], ["@torch"]),
        (["--state", "orphan"], []),
        (["--state", "active", "--runner", "tox"], ["py312"]),
        (["--state", "unrecorded", "--runner", "tox"], []),
    ],
    ids=lambda value: " ".join(map(str, value)) or "none",
)
def test_list_shows_what_matches(
    arguments: list[str], names: list[str | None], home_of: Home, store: Path, run: Runner, make_environment: Maker
) -> None:
    seal(home_of, "tox", "py312", make_environment)
    write_tree(Path(home_of.path, ".venv"), {"pyvenv.cfg": ""})
    make_environment(store / "@torch")
    write_tree(store / "zzz-12345678", {"file": ""})

    projects = json.loads(run("list", "--json", *arguments).out)["projects"]

    found = [[environment["name"] for environment in project["environments"]] or [None] for project in projects]
    assert [name for names_in_one in found for name in names_in_one] == names


def test_list_tells_what_it_could_not_read_and_goes_on(home_of: Home, run: Runner, make_environment: Maker) -> None:
    seal(home_of, "tox", "py312", make_environment)
    record = home_of.environment("tox", "py312").record_path
    Path(record).write_text("{")

    said = run("list")

    assert said.status == 0
    assert said.err == (
        f"error: the record `{record}` is damaged\n"
        "hint: remove that file: it is written anew when the environment is next used\n"
    )
    assert "py312" in said.out


@posix_only
def test_names_cannot_forge_lines_or_colours(store: Path, run: Runner, make_environment: Maker) -> None:
    make_environment(store / "a\nfake-12345678" / ".tox" / "b\x1b[31m\rc")

    said = run("list")

    assert said.err == ""
    assert said.out.splitlines()[1].startswith(f"{store}/a\\nfake-12345678 (unrecorded)  tox     b\\x1b[31m\\rc ")
    assert len(said.out.splitlines()) == 2


def test_a_store_that_cannot_be_listed_is_an_error(store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> None:
        raise PermissionError(13, "", path)

    monkeypatch.setattr(os, "scandir", refuse)

    said = run("list")

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(f"error: cannot list `{store}`: permission denied\nhint: ")


# config


def test_config_shows_each_setting_with_its_origin(
    here: Path, store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    user = os.path.join(user_config_directory(), "config.toml")
    write_tree(Path(user).parent, {"config.toml": "policy = ['json']\n"})
    monkeypatch.setenv("CENTRAL_VENV_PER_PYTHON", "1")

    said = run("config")

    width = max(len(str(store)), len('["json"]'))
    assert said == (
        0,
        (
            f"enabled     {'true':{width}}  (default)\n"
            f"store       {store}  (default)\n"
            f"per-python  {'true':{width}}  (environment: CENTRAL_VENV_PER_PYTHON)\n"
            f'policy      {"""["json"]""":{width}}  (user: {user})\n'
            "files, the first one wins\n"
            f"  project  {here / 'pyproject.toml'}\n"
            f"  user     {user}\n"
            f"  site     {os.path.join(site_config_directory(), 'config.toml')}\n"
        ),
        "",
    )


def test_config_as_json(here: Path, store: Path, run: Runner) -> None:
    said = run("config", "--json")

    default = {"kind": "default", "name": None}
    assert (said.status, said.err) == (0, "")
    assert json.loads(said.out) == {
        "schema": 1,
        "settings": [
            {"key": "enabled", "value": True, "origin": default},
            {"key": "store", "value": str(store), "origin": default},
            {"key": "per-python", "value": False, "origin": default},
            {"key": "policy", "value": [], "origin": default},
        ],
        "files": {
            "project": str(here / "pyproject.toml"),
            "user": os.path.join(user_config_directory(), "config.toml"),
            "site": os.path.join(site_config_directory(), "config.toml"),
        },
    }


def test_config_outside_of_any_project_leaves_projects_out(
    base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from central_venv import project

    monkeypatch.setattr(project, "_nearest", lambda *_: None)
    monkeypatch.chdir(base)

    plain, document = run("config"), json.loads(run("config", "--json").out)

    assert plain.status == 0
    assert "  project  " not in plain.out
    assert document["files"]["project"] is None


@pytest.mark.parametrize("command", ["path", "info", "list", "config"])
def test_a_wrong_setting_is_told_with_its_remedy(
    command: str, here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", "relative\n")

    said = run(command)

    assert (said.status, said.out) == (1, "")
    assert len(said.err.splitlines()) == 2
    assert said.err.splitlines()[0] == (
        "error: the store 'relative\\n' from `CENTRAL_VENV_HOME` is not an absolute path"
    )


# the program itself


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="no command"),
        pytest.param(["delete"], id="unknown command"),
        pytest.param(["path", "--colour"], id="unknown option"),
        pytest.param(["path", "--runner"], id="missing value"),
        pytest.param(["path", "somewhere"], id="superfluous word"),
        pytest.param(["list", "--state", "odd"], id="unknown state"),
        pytest.param(["info", "--exists"], id="option of another command"),
    ],
)
def test_wrong_usage_has_a_status_of_its_own(arguments: list[str], here: Path, run: Runner) -> None:
    said = run(*arguments)

    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("usage: ")


@pytest.mark.parametrize("command", [[], ["path"], ["info"], ["list"], ["config"]], ids=" ".join)
def test_help_goes_to_stdout(command: list[str], run: Runner) -> None:
    said = run(*command, "--help")

    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("usage: ")


def test_the_version_is_that_of_the_distribution(run: Runner) -> None:
    from importlib.metadata import version

    assert run("--version") == (0, f"central-venv {version('central-venv')}\n", "")


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["path", "--home"], 0), (["path", "--exists"], 1), (["path", "--runner", ".."], 1), (["unknown"], 2)],
    ids=["done", "no", "failed", "wrong usage"],
)
def test_a_process_ends_with_the_status(arguments: list[str], status: int, here: Path, home_of: Home) -> None:
    done = process(*arguments)

    assert done.returncode == status
    assert (b"Traceback" in done.stderr) is False


def test_a_process_takes_its_own_arguments(here: Path, home_of: Home) -> None:
    done = process("path", "--home")

    assert (done.stdout, done.stderr) == (f"{home_of.path}{os.linesep}".encode(), b"")


def test_an_interrupt_ends_quietly(here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    from central_venv.cli import listing as module

    def interrupt(_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "load_settings", interrupt)

    assert run("list") == (130, "", "")


@posix_only
@pytest.mark.parametrize("arguments", [["path"], ["info"], ["list", "--json"], ["config"]], ids=" ".join)
def test_a_reader_that_has_seen_enough_is_no_reason_to_complain(
    arguments: list[str], here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("PYTHONUNBUFFERED", raising=False)  # with a buffer, the pipe is noticed at its flush
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "central_venv", *arguments], stdout=writer, stderr=subprocess.PIPE, check=False
        )
    finally:
        os.close(writer)

    assert (done.returncode, done.stderr) == (1, b"")


# words for people


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain é 日本", "plain é 日本"),
        ("a\nb\r\t", "a\\nb\\r\\t"),
        ("\x1b[31m\x07\x7f", "\\x1b[31m\\x07\\x7f"),
        ("\u202e\u200b", "\\u202e\\u200b"),
        ("\u2028\x85", "\\u2028\\x85"),
        ("\udcff", "\\udcff"),
    ],
    ids=ascii,
)
def test_what_is_not_printable_is_escaped(text: str, expected: str) -> None:
    assert printable(text) == expected


@given(st.text(st.characters(exclude_categories=())))
def test_printable_text_has_one_line_and_no_control_character(text: str) -> None:
    shown = printable(text)

    assert shown.isprintable()
    assert len(shown.splitlines()) <= 1


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (-100, "just now"),
        (0, "just now"),
        (59, "just now"),
        (60, "1 minute ago"),
        (119, "1 minute ago"),
        (120, "2 minutes ago"),
        (3600, "1 hour ago"),
        (86400, "1 day ago"),
        (29 * 86400, "29 days ago"),
        (30 * 86400, "1 month ago"),
        (364 * 86400, "12 months ago"),
        (730 * 86400, "2 years ago"),
    ],
)
def test_a_time_is_told_in_words(seconds: int, expected: str, noon: None) -> None:
    assert ago(clock.from_timestamp(NOON - seconds)) == expected


@pytest.mark.parametrize("time", [None, "yesterday"])
def test_an_unknown_time_is_a_dash(time: str | None) -> None:
    assert ago(time) == "-"


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        (None, "-"),
        (0, "0 B"),
        (1023, "1023 B"),
        (1024, "1.0 KiB"),
        (1536, "1.5 KiB"),
        (1 << 20, "1.0 MiB"),
        (1 << 30, "1.0 GiB"),
        (5 << 40, "5120.0 GiB"),
    ],
)
def test_a_size_has_a_unit(number: int | None, expected: str) -> None:
    assert size(number) == expected


def test_what_the_terminal_cannot_show_is_escaped(monkeypatch: pytest.MonkeyPatch) -> None:
    terminal = io.TextIOWrapper(io.BytesIO(), encoding="ascii", newline="\n")
    monkeypatch.setattr(sys, "stdout", terminal)

    print_safely("é 日")
    terminal.flush()

    assert terminal.buffer.getvalue() == b"\\xe9 \\u65e5\n"


@pytest.mark.parametrize(
    "arguments", [["--runner", "tox", "--env", ""], ["--runner", ""], ["--runner", "", "--env", "x"], ["--env", ""]]
)
def test_an_empty_name_is_refused(
    arguments: list[str], project: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)

    assert main(["path", *arguments]) == 1
    assert capfd.readouterr().out == ""


def test_in_a_directory_that_is_gone_there_is_no_project(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (base / "gone").mkdir()
    monkeypatch.chdir(base / "gone")
    (base / "gone").rmdir()

    with pytest.raises(ProjectNotFoundError):
        current_directory()


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device here is always full")
@pytest.mark.parametrize("arguments", [["path"], ["list", "--json"], ["config"]], ids=" ".join)
def test_an_answer_that_cannot_be_written_is_an_error(arguments: list[str], project: Path) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "central_venv", *arguments]
        done = subprocess.run(command, cwd=project, stdout=full, stderr=subprocess.PIPE, text=True, check=False)

    assert done.returncode == 1
    assert "Traceback" not in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="the shell's way to close a stream")
def test_a_closed_stdout_is_an_error(project: Path) -> None:
    command = f"'{sys.executable}' -m central_venv path >&-"

    done = subprocess.run(["sh", "-c", command], cwd=project, stderr=subprocess.PIPE, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr == "error: cannot write the answer: stdout is closed\nhint: leave it open\n"
