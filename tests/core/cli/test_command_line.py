"""The command line."""

from __future__ import annotations

import errno
import io
import json
import os
import re
import shutil
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import pytest
from central_venv import Home, Store
from central_venv.cli import listing as list_command
from central_venv.cli import main, parse_quickly, report_errors
from central_venv.cli import path as path_command
from central_venv.cli.parser import parse
from central_venv.cli.text import print_safely
from central_venv.errors import ProjectNotFoundError
from central_venv.machine import clock
from central_venv.machine.words import ago, counted, printable, size
from central_venv.policy.key import home_name
from central_venv.policy.project import current_directory
from central_venv.policy.settings import config_files
from central_venv.store.project_record import ProjectRecord, write_project
from hypothesis import given
from hypothesis import strategies as st
from support.environments import seal
from support.faults import UNREADABLE, needs_unreadable
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.commands import Runner

    Maker = Callable[[Path], Path]

posix_only = pytest.mark.skipif(
    sys.platform == "win32", reason="pipes, terminals, and names with line breaks, are POSIX"
)

COMMANDS = [
    *("create", "run", "uv", "activate", "link", "unlink", "use", "path", "env", "info", "list"),
    *("prune", "remove", "clean", "adopt", "move", "doctor", "hook", "config"),
]
COLOUR_VARIABLES = {"NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE", "COLUMNS", "LINES", "COLORTERM"}

NOON = 1795521600.0


@pytest.fixture
def home_of(here: Path, home_of: Home) -> Home:
    """The home of the project in the current directory."""
    return home_of


@pytest.fixture
def noon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(clock, "seconds", lambda: NOON)


def process(*arguments: str, env: dict[bytes, bytes] | None = None) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([sys.executable, "-m", "central_venv", *arguments], check=False, capture_output=True, env=env)


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


@pytest.mark.parametrize("name", ["tests-3.12", "tests(db='a/b')", "tests-3-12"])
def test_path_takes_the_name_that_a_list_shows(name: str, home_of: Home, run: Runner) -> None:
    seal(home_of, "older", "nox", name=name, used=1)
    path = seal(home_of, "tests-3-12", "nox", name=name)
    seal(home_of, "tests-3.11", "tox", name=name)

    assert run("path", "--runner", "nox", "--env", name, "--exists") == (0, f"{path}{os.linesep}", "")


def test_path_takes_a_directory_before_the_name_of_another_environment(home_of: Home, run: Runner) -> None:
    seal(home_of, "tests-3-12", "nox", name="tests")
    path = seal(home_of, "tests", "nox")

    assert run("path", "--runner", "nox", "--env", "tests").out == f"{path}{os.linesep}"


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
    from central_venv.policy import project

    monkeypatch.setattr(project, "_nearest", lambda *_: None)
    monkeypatch.chdir(base)

    said = run(command)

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(f"error: no project in `{base}` or above it\nhint: go to a directory with one of ")


WORDS = {
    "path": ["--project", "--runner", "--env", "--python", "--home", "--exists", "--hom", "--env=a", "3.1"],
    "list": [
        "--json",
        "--size",
        "--summary",
        "--state",
        "--runner",
        "--project",
        "--unused-for",
        "--js",
        "ready",
        "9d",
    ],
}
ANY = ["a", "", "-x", "--", "-", "--state=ready", "odd", "--unused_for", "--help"]
QUICK = {"path": path_command.QUICK, "list": list_command.QUICK}
COMMAND_MODULES: dict[str, Any] = {"path": path_command, "list": list_command}


@pytest.mark.parametrize("command", WORDS)
@given(data=st.data())
def test_the_quick_parser_says_what_the_real_one_says_or_nothing(command: str, data: st.DataObject) -> None:
    arguments = data.draw(st.lists(st.sampled_from(WORDS[command] + ANY), max_size=6))

    quick = parse_quickly(arguments, QUICK[command])

    if quick is not None and not COMMAND_MODULES[command].conflict(quick):
        real = vars(parse([command, *arguments]))
        assert {name: getattr(quick, name) for name in QUICK[command]} == {name: real[name] for name in QUICK[command]}


@pytest.mark.parametrize("command", WORDS)
def test_the_quick_parser_leaves_what_is_not_spelled_out_to_the_real_one(command: str) -> None:
    for option in ("--hom", "--js", "--runne", "--env=a", "--unused_for", "--unused-for", "--help", "-h", "--", "a"):
        assert parse_quickly([option, "9d"], QUICK[command]) is None


def test_the_quick_parser_takes_every_option_that_is_spelled_out() -> None:
    quick = parse_quickly(["--project", "p", "--runner", "r", "--env", "e", "--exists"], path_command.QUICK)

    assert quick is not None
    assert vars(quick) == {
        "project": "p",
        "runner": "r",
        "env": "e",
        "python": None,
        "home": False,
        "exists": True,
    }


# info


def test_info_shows_the_project_and_its_environments(
    home_of: Home, store: Path, run: Runner, make_environment: Maker, noon: None
) -> None:
    seal(home_of, "py312", used=NOON)
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


def environment_json(path: Path, *, last_used: str | None) -> dict[str, object]:
    return {
        "runner": "tox",
        "name": "py312",
        "path": str(path),
        "python": "3.12.1",
        "state": "ready",
        "created": "1970-01-02T00:00:00Z",
        "last_used": last_used,
        "size": None,
        "shared_size": None,
        "shared": None,
    }


@pytest.mark.parametrize("command", ["info", "list"])
def test_programs_read_json(command: str, home_of: Home, store: Path, run: Runner, noon: None) -> None:
    path = seal(home_of, "py312", used=NOON)
    os.utime(path / "pyvenv.cfg", (0, 86400))

    said = run(command, "--json")

    assert (said.status, said.err, said.out.count("\n")) == (0, "", 1)
    more = {"environment": None} if command == "info" else {}
    assert said.answer == {
        **more,
        "schema": 1,
        "store": str(store),
        "stores": [str(store)],
        "projects": [
            {
                "root": home_of.root,
                "home": home_of.path,
                "state": "active",
                "uses": None,
                "used_by": [],
                "environments": [environment_json(path, last_used="2026-11-24T12:00:00Z")],
            }
        ],
    }


def test_info_of_a_home_that_a_template_made(home_of: Home, run: Runner, make_environment: Maker) -> None:
    make_environment(Path(home_of.path, ".venv"))

    (project,) = run("info", "--json").answer["projects"]

    assert (project["root"], project["state"]) == (home_of.root, "unrecorded")


# list


def test_list_shows_every_environment(
    home_of: Home, store: Path, run: Runner, make_environment: Maker, noon: None
) -> None:
    seal(home_of, "py312", used=NOON)
    make_environment(store / "@torch")
    write_tree(store / "empty-12345678", {"file": ""})

    said = run("list")

    root, empty = home_of.root, f"{store / 'empty-12345678'} (unrecorded)"
    width = max(map(len, (root, empty)))
    assert said == (
        0,
        (
            f"{'PROJECT':{width}}  RUNNER   NAME    PYTHON  LAST USED  STATE\n"
            f"{root:{width}}  tox      py312   3.12.1  just now   ready\n"
            f"{'@torch (shared by nobody yet)':{width}}  project  @torch  3.12.1  -          ready\n"
            f"{empty:{width}}  -        -       -       -          empty\n"
        ),
        "",
    )


def test_list_of_an_empty_store_says_so_on_stderr(store: Path, run: Runner, tmp_path: Path) -> None:
    before = listing(tmp_path)

    assert run("list") == (0, "", f"nothing to list in `{store}`\n")
    assert run("list", "--json").answer == {"schema": 1, "store": str(store), "stores": [str(store)], "projects": []}
    assert listing(tmp_path) == before


def test_list_counts_sizes_if_asked(home_of: Home, run: Runner) -> None:
    path = seal(home_of, "py312")
    (path / "big").write_bytes(b"x" * 3 * 1024 * 1024)

    said = run("list", "--size")
    document = run("list", "--size", "--json").answer

    heading, row = said.out.splitlines()
    assert heading.split()[-5:] == ["LAST", "USED", "SIZE", "SHARED", "STATE"]
    assert re.search(r"  3\.0 MiB  -       ready$", row)
    assert said.err == ""
    (environment,) = document["projects"][0]["environments"]
    assert environment["size"] > 3 * 1024 * 1024
    assert environment["shared_size"] == 0


@posix_only
def test_list_tells_what_an_environment_shares_with_what_is_outside(home_of: Home, base: Path, run: Runner) -> None:
    path = seal(home_of, "py312")
    (base / "cache").write_bytes(b"x" * 3 * 1024 * 1024)
    os.link(base / "cache", path / "big")

    (_, row) = run("list", "--size").out.splitlines()
    document = run("list", "--size", "--json").answer

    assert re.search(r"  3\.0 MiB  ready$", row)
    assert document["projects"][0]["environments"][0]["shared_size"] >= 3 * 1024 * 1024


def test_the_summary_has_a_line_for_each_project(home_of: Home, store: Path, run: Runner) -> None:
    seal(home_of, "a")
    path = seal(home_of, "b")
    (path / "big").write_bytes(b"x" * 3 * 1024 * 1024)
    write_tree(store / "empty-12345678", {"file": ""})

    said = run("list", "--summary")

    root, empty = home_of.root, f"{store / 'empty-12345678'} (unrecorded)"
    width = max(map(len, (root, empty)))
    assert said == (
        0,
        (
            f"{'PROJECT':{width}}  ENVIRONMENTS  SIZE\n"
            f"{root:{width}}  2             3.0 MiB\n"
            f"{empty:{width}}  0             0 B\n"
        ),
        "",
    )


def test_projects_come_in_order_of_their_last_use(
    home_of: Home, base: Path, store: Path, run: Runner, make_environment: Maker
) -> None:
    make_environment(store / "@torch")
    for name, last_used in [("b", NOON - 2), ("a", NOON - 1), ("c", NOON - 3)]:
        home = Home(home_of.store, str(write_tree(base / name, {"pyproject.toml": ""})))
        seal(home, "x", used=NOON - 9)
        seal(home, "y", used=last_used)

    projects = run("list", "--json").answer["projects"]

    found = [[environment["name"] for environment in project["environments"]] for project in projects]
    assert [project["root"] for project in projects] == [str(base / "a"), str(base / "b"), str(base / "c"), None]
    assert found == [["y", "x"], ["y", "x"], ["y", "x"], ["@torch"]]


@pytest.mark.parametrize(
    ("age", "names"),
    [
        ("0h", ["now", "hours", "month", "year"]),
        ("11h", ["hours", "month", "year"]),
        ("12h", ["hours", "month", "year"]),
        ("13h", ["month", "year"]),
        ("1d", ["month", "year"]),
        ("30d", ["month", "year"]),
        ("31d", ["year"]),
        ("8w", ["year"]),
        ("1y", ["year"]),
        ("2y", []),
        ("999999999999999999y", []),
    ],
)
def test_list_shows_what_was_not_used_for_an_age(
    age: str, names: list[str], home_of: Home, run: Runner, make_environment: Maker, noon: None
) -> None:
    for name, days in {"now": 0, "hours": 0.5, "month": 30, "year": 365}.items():
        seal(home_of, name, used=NOON - days * 86400)
    make_environment(Path(home_of.path, ".venv"))

    projects = run("list", "--json", "--unused-for", age).answer["projects"]

    assert [environment["name"] for project in projects for environment in project["environments"]] == names


@pytest.mark.parametrize(
    "age", ["", "d", "90", "90 d", "-1d", "1.5d", "90D", "90m", "1e3d", "٣d", "²d", "1_0d"], ids=ascii
)
def test_what_is_no_age_is_wrong_usage(age: str, here: Path, run: Runner) -> None:
    said = run("list", f"--unused-for={age}")

    assert (said.status, said.out) == (2, "")
    assert said.err.splitlines()[-1].endswith(
        f"error: argument --unused-for: {age!r} is no age: give a number of h, d, w or y, such as 90d"
    )


@pytest.mark.parametrize("spelling", ["directory", "relative", "name of the home", "home", "link"])
def test_list_shows_one_project(
    spelling: str, home_of: Home, base: Path, store: Path, run: Runner, make_environment: Maker
) -> None:
    if spelling == "link" and sys.platform == "win32":
        pytest.skip("links are POSIX")
    seal(home_of, "py312")
    make_environment(store / "@torch")
    if spelling == "link":
        (base / "link").symlink_to(home_of.root)
    spellings = {
        "directory": home_of.root,
        "relative": os.path.join("..", "project"),
        "name of the home": os.path.basename(home_of.path),
        "home": home_of.path,
        "link": str(base / "link"),
    }

    projects = run("list", "--json", "--project", spellings[spelling]).answer["projects"]

    assert [project["root"] for project in projects] == [home_of.root]


@pytest.mark.parametrize("arguments", [["--unused-for", "0h"], ["--runner", "tox"], ["--state", "ready"]], ids=" ".join)
def test_a_home_without_environments_is_not_listed_among_environments(
    arguments: list[str], home_of: Home, store: Path, run: Runner
) -> None:
    home_of.prepare()

    assert run("list", *arguments) == (0, "", f"nothing to list in `{store}`\n")


def test_list_shows_a_project_by_the_directory_that_it_had(
    base: Path, store: Path, run: Runner, make_environment: Maker
) -> None:
    root = write_tree(base / "gone", {"pyproject.toml": ""})
    seal(Home(Store(str(store)), str(root)), "py312")
    make_environment(store / "@torch")
    shutil.rmtree(root)

    (project,) = run("list", "--json", "--project", str(root)).answer["projects"]

    assert (project["root"], project["state"]) == (str(root), "orphan")


def test_list_of_a_project_that_nobody_knows_is_empty(home_of: Home, store: Path, run: Runner) -> None:
    seal(home_of, "py312")

    assert run("list", "--project", "missing") == (0, "", f"nothing to list in `{store}`\n")


@pytest.mark.parametrize(
    ("arguments", "names"),
    [
        ([], ["py312", ".venv", "@torch", None]),
        (["--runner", "tox"], ["py312"]),
        (["--runner", "nox"], []),
        (["--runner", "project"], ["@torch", ".venv"]),
        (["--state", "ready"], ["py312", "@torch"]),
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
    seal(home_of, "py312")
    write_tree(Path(home_of.path, ".venv"), {"pyvenv.cfg": ""})
    make_environment(store / "@torch")
    write_tree(store / "zzz-12345678", {"file": ""})

    projects = run("list", "--json", *arguments).answer["projects"]

    found = [[environment["name"] for environment in project["environments"]] or [None] for project in projects]
    assert [name for names_in_one in found for name in names_in_one] == names


def test_list_tells_what_it_could_not_read_and_goes_on(home_of: Home, run: Runner) -> None:
    seal(home_of, "py312")
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
    write_tree(store, {"a\nfake-12345678/project.json": '{"schema": 1, "root": "/elsewhere"}'})

    said = run("list")

    assert said.err == ""
    assert said.out.splitlines()[1].startswith(f"{store}/a\\nfake-12345678 (unrecorded)  tox     b\\x1b[31m\\rc ")
    assert len(said.out.splitlines()) == 2


class Screen(NamedTuple):
    """What a command showed on a terminal."""

    status: int
    out: str

    @property
    def lines(self) -> list[str]:
        """Without colours."""
        return re.sub(r"\x1b\[[0-9;]*m", "", self.out).splitlines()


def show(*arguments: str, **variables: str) -> Screen:
    """Run a command on a real terminal."""
    import pty
    import termios

    screen, terminal = pty.openpty()
    mode = termios.tcgetattr(terminal)
    mode[1] &= ~termios.OPOST  # line breaks as they are written
    termios.tcsetattr(terminal, termios.TCSANOW, mode)
    environ = {name: value for name, value in os.environ.items() if name not in COLOUR_VARIABLES}
    environ |= {"TERM": "xterm-256color", "PYTHONIOENCODING": "utf-8", **variables}
    command = [sys.executable, "-m", "central_venv", *arguments]
    with subprocess.Popen(command, stdin=terminal, stdout=terminal, stderr=terminal, env=environ) as shown:
        os.close(terminal)
        output = b""
        with suppress(OSError):  # how Linux says that nobody has the terminal any more
            while chunk := os.read(screen, 1 << 16):
                output += chunk
    os.close(screen)
    return Screen(shown.returncode, output.decode())


@posix_only
def test_a_terminal_shows_a_table_with_colours(home_of: Home, store: Path) -> None:
    seal(home_of, "py312", used=86400)
    write_tree(store / "@torch", {"pyvenv.cfg": "version = 3.11.2"})

    shown = show("list")

    assert shown.status == 0
    heading, project, environment, torch, shared = shown.lines
    assert heading.split() == ["runner", "name", "python", "last", "used", "state"]
    assert project == f"{home_of.root}  active  1 environment"
    assert re.fullmatch(r" +tox +py312 +3\.12\.1 +\d+ years ago +ready", environment)
    assert torch == "@torch  shared by nobody yet  1 environment"
    assert environment.index("ready") == shared.index("broken") == heading.index("state")
    assert "\x1b[32mready" in shown.out
    assert "\x1b[31mbroken" in shown.out


@posix_only
def test_a_terminal_shows_sizes_and_their_sum(home_of: Home) -> None:
    path = seal(home_of, "py312")
    (path / "big").write_bytes(b"x" * 3 * 1024 * 1024)

    shown = show("list", "--size")

    # The bar on stderr is drawn on the same terminal, and wiped away.
    assert shown.lines[-2].split()[-3:] == ["3.0", "MiB", "-"]
    assert shown.lines[-1] == "3.0 MiB in 1 environment of 1 project"


@posix_only
def test_a_terminal_shows_the_summary_with_bars(home_of: Home, base: Path) -> None:
    small, large = (Home(home_of.store, str(base / name)) for name in ("small", "large"))
    for home, megabytes in [(small, 2), (large, 4)]:
        os.mkdir(home.root)
        path = seal(home, "py312")
        (path / "big").write_bytes(b"x" * megabytes * 1024 * 1024)

    shown = show("list", "--summary")

    assert shown.status == 0
    assert shown.lines[-3].endswith(f"4.0 MiB {'█' * 30} {large.root}  active  1 environment")
    assert shown.lines[-2].startswith(f"2.0 MiB {'█' * 15}")
    assert shown.lines[-2].endswith(f" {small.root}  active  1 environment")
    assert shown.lines[-1] == "6.0 MiB in 2 environments of 2 projects"


@posix_only
def test_a_terminal_shows_json_with_line_breaks(home_of: Home) -> None:
    seal(home_of, "py312")

    shown = show("list", "--json")

    assert len(shown.lines) > 10
    assert json.loads(shown.out)["projects"][0]["root"] == home_of.root


@posix_only
@pytest.mark.parametrize("arguments", [["list"], ["list", "--size"], ["list", "--summary"], ["info"]], ids=" ".join)
def test_a_terminal_that_wants_no_colours_gets_none(arguments: list[str], home_of: Home) -> None:
    seal(home_of, "py312")

    shown = show(*arguments, NO_COLOR="1")

    assert shown.status == 0
    assert home_of.root in shown.out
    assert re.findall(r"\x1b\[[0-9;]*[34][0-9]", shown.out) == []


@posix_only
def test_a_dumb_terminal_gets_plain_text(home_of: Home) -> None:
    seal(home_of, "py312")

    shown = show("list", TERM="dumb")

    assert "\x1b" not in shown.out
    assert f"{home_of.root}  active  1 environment" in shown.lines


@posix_only
def test_a_narrow_terminal_loses_nothing(home_of: Home) -> None:
    seal(home_of, "a-name-that-is-longer-than-the-terminal-is-wide")

    shown = show("list", COLUMNS="20")

    assert f"{home_of.root}  active  1 environment" in shown.lines
    assert "a-name-that-is-longer-than-the-terminal-is-wide" in shown.lines[-1].split()


@posix_only
def test_a_terminal_of_another_encoding_is_no_reason_to_fail(base: Path, store: Path) -> None:
    root = write_tree(base / "é日", {"pyproject.toml": ""})
    seal(Home(Store(str(store)), str(root)), "py312")

    shown = show("list", PYTHONIOENCODING="ascii")

    assert shown.status == 0
    assert f"{base}/\\xe9\\u65e5  active  1 environment" in shown.lines


@posix_only
@pytest.mark.parametrize("arguments", [["list"], ["list", "--size"], ["list", "--summary"], ["info"]], ids=" ".join)
def test_names_cannot_forge_lines_or_colours_on_a_terminal(
    arguments: list[str], base: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write_tree(base / "a\nb\x1b[31m [red]c[/] [link=x]", {"pyproject.toml": ""})
    path = seal(Home(Store(str(store)), str(root)), "[bold]\x1b[41m\r\n[end]")
    (path / "pyvenv.cfg").write_text("version = 3.12.1[red]\n")
    monkeypatch.chdir(root)

    shown = show(*arguments)

    assert shown.status == 0
    escaped = f"{base}/a\\nb\\x1b[31m [red]c[/] [link=x]"
    assert len([line for line in shown.lines if escaped in line]) == 1
    assert "\x1b[41m" not in shown.out
    assert "\r\n[end]" not in shown.out
    assert not any(line.startswith(("b", "[end]")) for line in shown.lines)
    if arguments != ["list", "--summary"]:
        assert len([line for line in shown.lines if "[bold]\\x1b[41m\\r\\n[end]" in line]) == 1


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
    user = config_files()["user"]
    write_tree(Path(user).parent, {"config.toml": "policy = ['json']\n"})
    monkeypatch.setenv("CENTRAL_VENV_PER_PYTHON", "1")

    said = run("config")

    width = max(len(str(store)), len('["json"]'))
    assert said == (
        0,
        (
            f"enabled             {'true':{width}}  (default)\n"
            f"store               {store}  (default)\n"
            f"name                {'.venv':{width}}  (default)\n"
            f"per-python          {'true':{width}}  (environment: CENTRAL_VENV_PER_PYTHON)\n"
            f"isolated-selection  {'false':{width}}  (default)\n"
            f"link                {'none':{width}}  (default)\n"
            f'policy              {"""["json"]""":{width}}  (user: {user})\n'
            "files, the first one wins\n"
            f"  project  {here / 'pyproject.toml'}\n"
            f"  user     {user}\n"
            f"  site     {config_files()['site']}\n"
        ),
        "",
    )


def test_config_as_json(here: Path, store: Path, run: Runner) -> None:
    said = run("config", "--json")

    default = {"kind": "default", "name": None}
    assert (said.status, said.err) == (0, "")
    assert said.answer == {
        "schema": 1,
        "settings": [
            {"key": "enabled", "value": True, "origin": default},
            {"key": "store", "value": str(store), "origin": default},
            {"key": "name", "value": ".venv", "origin": default},
            {"key": "per-python", "value": False, "origin": default},
            {"key": "isolated-selection", "value": False, "origin": default},
            {"key": "link", "value": "none", "origin": default},
            {"key": "policy", "value": [], "origin": default},
        ],
        "files": {
            "project": str(here / "pyproject.toml"),
            "user": config_files()["user"],
            "site": config_files()["site"],
        },
    }


def test_config_outside_of_any_project_leaves_projects_out(
    base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from central_venv.policy import project

    monkeypatch.setattr(project, "_nearest", lambda *_: None)
    monkeypatch.chdir(base)

    plain, document = run("config"), run("config", "--json").answer

    assert plain.status == 0
    assert "  project  " not in plain.out
    assert document["files"]["project"] is None


@needs_unreadable
@pytest.mark.parametrize("place", ["in the project", "where a workspace may be"])
def test_every_command_that_depends_on_an_unreadable_pyproject_names_it(
    place: str, base: Path, store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    above, root = base / "above", base / "above" / "root"
    write_tree(root, {"setup.py": ""} if place == "in the project" else {"pyproject.toml": ""})
    path = (root if place == "in the project" else above) / "pyproject.toml"
    path.symlink_to(UNREADABLE)
    monkeypatch.chdir(root)
    commands = (
        *("path", "info", "create", "run python", "uv sync", "env --shell bash", "env --shell json", "link", "unlink"),
        *("use @torch", "move ../old", "adopt", "config", "clean --yes"),
    )

    said = {command: run(*command.split()) for command in commands}
    findings = run("doctor", "--json").answer["findings"]

    expected = (1, "", f"error: cannot read `{path}`: input/output error\nhint: make it readable, or remove it\n")
    assert said == dict.fromkeys(commands, expected)
    (found,) = [each for each in findings if each["code"] == "settings-not-usable"]
    assert (found["level"], found["what"]) == ("wrong", f"cannot read `{path}`: input/output error")
    assert not os.path.lexists(store)


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
        *(
            pytest.param([command, "--colour"], id=f"unknown option of {command}")
            for command in COMMANDS
            if command != "uv"
        ),
        pytest.param(["list", "--json", "--summary"], id="options that exclude each other"),
        pytest.param(["list", "--unused-for", "long"], id="no age"),
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


@pytest.mark.parametrize("command", [[], *([command] for command in COMMANDS)], ids=" ".join)
def test_help_goes_to_stdout(command: list[str], run: Runner) -> None:
    said = run(*command, "--help")

    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("usage: ")


def test_the_help_tells_every_command(run: Runner) -> None:
    said = run("--help")

    assert [line.split()[0] for line in said.out.splitlines() if re.match(r" {4}\w", line)] == COMMANDS


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
    assert ago(NOON - seconds) == expected


def test_an_unknown_time_is_a_dash() -> None:
    assert ago(None) == "-"


@pytest.mark.parametrize(("number", "expected"), [(0, "0 things"), (1, "1 thing"), (2, "2 things")])
def test_things_are_counted_in_words(number: int, expected: str) -> None:
    assert counted(number, "thing") == expected


@pytest.mark.parametrize(("time", "expected"), [(2.0**62, "just now"), (-(2.0**62), "146235604395 years ago")])
def test_insane_times_are_told_in_words_all_the_same(time: float, expected: str, noon: None) -> None:
    assert ago(time) == expected


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
@pytest.mark.parametrize("buffering", ["", "1"], ids=["kept until there is much", "written at once"])
@pytest.mark.parametrize("arguments", [["path"], ["config"], ["hook", "bash"]], ids=" ".join)
def test_an_answer_that_cannot_be_written_is_an_error(arguments: list[str], buffering: str, project: Path) -> None:
    with open("/dev/full", "w", encoding="utf-8") as full:
        command = [sys.executable, "-m", "central_venv", *arguments]
        variables = {**os.environ, "PYTHONUNBUFFERED": buffering}
        done = subprocess.run(
            command, cwd=project, env=variables, stdout=full, stderr=subprocess.PIPE, text=True, check=False
        )

    assert (done.returncode, done.stderr) == (
        1,
        "error: cannot write the answer: No space left on device\nhint: make room for it there\n",
    )


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (OSError(errno.EIO, "", "/file"), "cannot use `/file`: input/output error"),
        (OSError(errno.EMFILE, "", b"/file"), "cannot use `/file`: too many open files"),
        (OSError(errno.EXDEV, "", "/old", None, "/new"), "cannot use `/old` and `/new`: invalid cross-device link"),
        (OSError(errno.ENOMEM, ""), "cannot go on: cannot allocate memory"),
        (OSError("strange"), "cannot go on: strange"),
        (FileNotFoundError(errno.ENOENT, ""), "the current directory is gone"),
    ],
    ids=lambda value: "" if isinstance(value, str) else str(value),
)
@pytest.mark.skipif(sys.platform != "linux", reason="each system has words of its own")
def test_what_the_system_refuses_elsewhere_is_said_of_the_file(
    error: OSError, expected: str, capfd: pytest.CaptureFixture[str]
) -> None:
    def fail() -> NoReturn:
        raise error

    assert report_errors(fail) == 1

    said = capfd.readouterr().err
    assert said.startswith(f"error: {expected}\nhint: ")
    assert "make room" not in said


@pytest.mark.skipif(sys.platform == "win32", reason="there, a directory that somebody is in stays")
@pytest.mark.parametrize("words", [["uv", "sync"], ["activate", "x", "--shell", "bash"], ["move", "--store", "old"]])
def test_in_a_directory_that_is_gone_every_command_says_so(
    words: list[str], base: Path, monkeypatch: pytest.MonkeyPatch, run: Runner
) -> None:
    (base / "gone").mkdir()
    monkeypatch.chdir(base / "gone")
    (base / "gone").rmdir()

    said = run(*words)

    assert (said.status, said.err) == (
        1,
        "error: the current directory is gone\nhint: go to a directory that exists\n",
    )


@pytest.mark.skipif(sys.platform == "win32", reason="the shell's way to close a stream")
def test_a_closed_stdout_is_an_error(project: Path) -> None:
    command = f"'{sys.executable}' -m central_venv path >&-"

    done = subprocess.run(["sh", "-c", command], cwd=project, stderr=subprocess.PIPE, text=True, check=False)

    assert done.returncode == 1
    assert done.stderr == "error: cannot write the answer: stdout is closed\nhint: leave it open\n"
