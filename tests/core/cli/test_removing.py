"""`prune`, `remove` and `clean` on the command line."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import pytest
from central_venv import Home, Store
from central_venv.cli import main
from central_venv.machine import clock
from central_venv.machine.words import size
from central_venv.project_link.runner_link import make_link
from central_venv.removal import objections
from central_venv.store.disk_usage import disk_usage
from central_venv.store.project_record import ProjectRecord, write_project
from central_venv.store.trash import Trash
from support.environments import seal
from support.mounts import mounted
from support.trees import contents, listing, write_tree
from support.users import user_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.commands import Runner

    Maker = Callable[[Path], Path]
    ProjectMaker = Callable[..., Home]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and odd names are POSIX")
background = pytest.mark.filterwarnings("ignore:subprocess .* is still running:ResourceWarning")

NOON = 1795521600
DAY = 86400
PATIENCE = 60
NO_ANSWER = "hint: `--yes` goes on without a question\nnothing was removed\n"


@pytest.fixture
def home_of(here: Path, home_of: Home) -> Home:
    """The home of the project in the current directory."""
    return home_of


@pytest.fixture
def make_project(base: Path, store: Path) -> ProjectMaker:
    """Makes another project with environments."""

    def make(name: str, *environments: str, state: str = "active", used: float | None = None) -> Home:
        root = write_tree(base / name, {"pyproject.toml": ""})
        home = Home(Store(str(store)), str(root))
        home.prepare()
        for each in environments:
            seal(home, each, used=used)
        if state == "unreachable":
            write_project(home.record_path, ProjectRecord(str(root), host="another machine"))
        if state == "unrecorded":
            os.unlink(home.record_path)
        if state in {"orphan", "unreachable"}:
            shutil.rmtree(root)
        return home

    return make


def left(*homes: Home) -> list[list[str]]:
    """The environments of tox that are still there, by home; None for a home that is gone."""
    return [
        sorted(os.listdir(os.path.join(home.path, ".tox"))) if os.path.isdir(os.path.join(home.path, ".tox")) else []
        for home in homes
    ]


def is_there(home: Home) -> bool:
    return os.path.lexists(home.path)


def nothing_trashed(store: Path) -> bool:
    return listing(store / ".trash") == set()


def process(
    *arguments: str, stdin: int | None = subprocess.DEVNULL, **options: Any
) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "central_venv", *arguments]
    if "input" not in options:
        options["stdin"] = stdin
    return subprocess.run(command, check=False, capture_output=True, text=True, **options)


# prune: what it takes


def test_prune_removes_orphans_and_nothing_else(make_project: ProjectMaker, run: Runner, store: Path) -> None:
    gone = make_project("gone", "a", "b", state="orphan")
    others = [make_project(state, "a", state=state) for state in ("active", "unreachable", "unrecorded")]

    said = run("prune", "--yes")

    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("removed 2 environments and 1 home, freed ")
    assert not is_there(gone)
    assert left(*others) == [["a"]] * 3
    assert nothing_trashed(store)


def test_prune_with_nothing_to_remove_says_so(home_of: Home, run: Runner) -> None:
    path = seal(home_of)

    assert run("prune") == (0, "nothing to remove\n", "")
    assert path.exists()


def test_prune_of_a_store_that_does_not_exist_makes_none(store: Path, run: Runner) -> None:
    assert run("prune", "--yes") == (0, "nothing to remove\n", "")
    assert not store.exists()


def test_prune_sweeps_what_is_left_in_homes_that_stay(home_of: Home, run: Runner) -> None:
    shutil.rmtree(seal(home_of, "gone"))
    seal(home_of, "there")

    run("prune", "--yes")

    assert listing(Path(home_of.path, ".central-venv", "tox")) == {"there.json", "there.lock"}


@pytest.mark.parametrize(
    ("files", "what"),
    [
        (["gone.json"], "1 record, lock or unfinished file"),
        (["gone.json", "gone.lock"], "2 records, locks and unfinished files"),
    ],
)
def test_prune_says_what_it_swept(files: list[str], what: str, home_of: Home, run: Runner) -> None:
    seal(home_of, "there")
    write_tree(Path(home_of.path, ".central-venv", "tox"), dict.fromkeys(files, "{}"))

    planned = run("prune", "--dry-run")
    said = run("prune")

    assert planned.out == f"would remove {what} of what is gone\n"
    assert said.out.startswith(f"removed {what} of what is gone, freed ")
    assert run("prune").out == "nothing to remove\n"


def test_prune_says_that_it_swept_what_is_left_of_a_shared_environment(home_of: Home, store: Path, run: Runner) -> None:
    seal(home_of)
    write_tree(store / ".central-venv" / "project", {"@gone.json": "{}"})

    assert run("prune").out.startswith("removed 1 record, lock or unfinished file of what is gone, freed ")


def test_prune_removes_homes_in_which_nothing_is_left(home_of: Home, run: Runner) -> None:
    shutil.rmtree(seal(home_of))

    said = run("prune", "--yes")

    assert said.status == 0
    assert said.out.startswith("removed 0 environments and 1 home, freed ")
    assert not is_there(home_of)


def test_prune_leaves_the_home_of_an_unreachable_project_as_it_is(make_project: ProjectMaker, run: Runner) -> None:
    home = make_project("away", state="unreachable")
    write_tree(Path(home.path), {".central-venv/tox/gone.json": "{}"})
    before = listing(Path(home.path))

    run("prune", "--yes")

    assert listing(Path(home.path)) == before


def test_prune_finishes_what_a_killed_removal_left(home_of: Home, store: Path, run: Runner) -> None:
    seal(home_of)
    write_tree(store / ".trash" / "4711-00000000", {"0/a": "x" * 5000})
    (store / ".trash" / "4711-00000000.lock").touch()

    planned = run("prune", "--dry-run")
    said = run("prune", "--yes")

    assert planned.out == "would finish 1 removal that had been broken off\n"
    assert said.out == ""
    assert said.err.startswith("finished 1 removal that had been broken off, freed ")
    assert nothing_trashed(store)


@pytest.mark.parametrize("name", ["@torch", "empty", "photos"], ids=["shared", "empty directory", "directory"])
def test_prune_leaves_what_is_no_home_as_it_is(home_of: Home, store: Path, run: Runner, name: str) -> None:
    seal(home_of)
    (store / name).mkdir()
    if name == "photos":
        write_tree(store / name, {".a.tmp": "precious", "b": "1"})
        (store / name / ".album").mkdir()
        os.utime(store / name / ".a.tmp", (0, 0))
    before = contents(store / name)

    run("prune", "--yes")

    assert (store / name).is_dir()
    assert contents(store / name) == before


# prune: idle ones


def test_unused_for_takes_idle_environments_of_live_projects(
    home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "seconds", lambda: NOON)
    seal(home_of, "boundary", used=NOON - 90 * DAY)
    seal(home_of, "older", used=NOON - 91 * DAY)
    seal(home_of, "younger", used=NOON - 90 * DAY + 1)

    said = run("prune", "--yes", "--unused-for", "90d")

    assert said.status == 0
    assert said.out.startswith("removed 2 environments, freed ")
    assert left(home_of) == [["younger"]]


def test_an_environment_whose_last_use_is_unknown_is_never_idle(
    home_of: Home, make_environment: Maker, run: Runner
) -> None:
    home_of.prepare()
    path = make_environment(Path(home_of.path, ".tox", "py312"))
    os.utime(path / "pyvenv.cfg", (0, 0))

    said = run("prune", "--yes", "--unused-for", "1h")

    assert said.out == "nothing to remove\n"
    assert path.exists()


def test_unused_for_takes_orphans_however_lately_they_were_used(make_project: ProjectMaker, run: Runner) -> None:
    home = make_project("gone", "a", state="orphan")

    run("prune", "--yes", "--unused-for", "90d")

    assert not is_there(home)


@pytest.mark.parametrize("state", ["unreachable", "unrecorded"])
def test_unused_for_does_not_take_what_may_come_back(make_project: ProjectMaker, run: Runner, state: str) -> None:
    home = make_project("away", "a", state=state, used=1)

    run("prune", "--yes", "--unused-for", "1y")

    assert left(home) == [["a"]]


@pytest.mark.parametrize("age", ["90", "d", "-1d", "1.5d", "90 d", "1m", "", "٣d"])
def test_an_age_is_a_number_of_a_unit(run: Runner, age: str) -> None:
    said = run("prune", "--unused-for", age)

    assert (said.status, said.out) == (2, "")


# prune, by state


STATES = ("active", "orphan", "unreachable", "unrecorded")


@pytest.mark.parametrize("state", ["orphan", "unreachable", "unrecorded"])
def test_a_state_takes_the_projects_in_it_and_no_others(make_project: ProjectMaker, run: Runner, state: str) -> None:
    homes = {each: make_project(each, "a", state=each) for each in STATES}

    said = run("prune", "--yes", "--state", state)

    assert said.status == 0
    assert {each for each, home in homes.items() if not is_there(home)} == {state}


@pytest.mark.parametrize("state", STATES)
def test_a_state_with_an_age_takes_only_the_idle_ones(make_project: ProjectMaker, run: Runner, state: str) -> None:
    homes = [make_project(each, "old", state="active", used=1) for each in ("one", "other")]
    home = make_project("this", "old", state="active", used=1)
    for each in (*homes, home):
        environment = each.environment("tox", "new")
        shutil.copytree(each.environment_path("tox", "old"), environment.path)
        shutil.copy(each.environment("tox", "old").record_path, environment.record_path)
    if state == "unreachable":
        write_project(home.record_path, ProjectRecord(home.root, host="another machine"))
    if state == "unrecorded":
        os.unlink(home.record_path)
    if state in {"orphan", "unreachable"}:
        shutil.rmtree(home.root)

    said = run("prune", "--yes", "--state", state, "--unused-for", "90d")

    assert said.status == 0
    assert left(home) == [["new"]]
    assert left(*homes) == [["new"] if state == "active" else ["new", "old"]] * 2


def test_the_broken_are_taken_of_projects_that_are_there_or_surely_gone(
    make_project: ProjectMaker, run: Runner
) -> None:
    homes = {each: make_project(each, "good", "bad", state=each) for each in STATES}
    for home in homes.values():
        os.unlink(os.path.join(home.environment_path("tox", "bad"), "pyvenv.cfg"))

    said = run("prune", "--yes", "--state", "broken")

    assert said.status == 0
    assert left(*homes.values()) == [["good"], ["good"], ["bad", "good"], ["bad", "good"]]


@pytest.mark.parametrize(
    "arguments",
    [
        ["prune", "--state", "active"],
        ["prune", "--state", "shared"],
        ["prune", "--state", "ready"],
        ["clean", "--all", "--project", "."],
        ["clean", "--include-state", "orphan"],
        ["clean", "--state", "unreachable"],
        ["clean", "--all", "--include-state", "unreachable"],
        ["remove"],
        ["remove", "--include-state", "orphan", "a"],
        ["remove", "--include-state", "unreachable"],
    ],
    ids=" ".join,
)
def test_what_contradicts_itself_is_wrong_usage_and_removes_nothing(
    home_of: Home, run: Runner, arguments: list[str]
) -> None:
    seal(home_of)

    said = run(*arguments, "--yes")

    assert (said.status, said.out) == (2, "")
    assert said.err.startswith("usage: ")
    assert left(home_of) == [["py312"]]


# the plan


@pytest.mark.parametrize("command", [["prune"], ["clean"], ["clean", "--all"], ["remove", "*"]], ids=" ".join)
@pytest.mark.parametrize("json_too", [True, False], ids=["json", "text"])
def test_a_dry_run_changes_nothing(
    make_project: ProjectMaker,
    home_of: Home,
    run: Runner,
    store: Path,
    command: list[str],
    json_too: bool,  # noqa: FBT001
) -> None:
    seal(home_of)
    make_project("gone", "a", state="orphan")
    write_tree(store / ".trash" / "4711-00000000", {"0/a": "1"})
    before = (contents(store), times(store))

    said = run(*command, "--dry-run", "--yes", *(["--json"] if json_too else []))

    assert (said.status, said.err) == (0, "")
    assert (contents(store), times(store)) == before


def times(root: Path) -> dict[str, tuple[int, int, int]]:
    found = {}
    for path in [root, *root.rglob("*")]:
        status = path.lstat()
        found[str(path)] = (status.st_mode, status.st_mtime_ns, status.st_ino)
    return found


def test_a_dry_run_shows_what_would_be_removed(
    make_project: ProjectMaker, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clock, "seconds", lambda: NOON)
    home = make_project("gone", "a", "py312", state="orphan", used=NOON - 3 * DAY)
    sizes = [disk_usage(home.environment_path("tox", name)) for name in ("a", "py312")]

    said = run("prune", "--dry-run")

    assert said.status == 0
    assert said.out.splitlines() == [
        f"{home.root} (orphan)",
        f"  tox  a      3.12.1  3 days ago  ready  {size(sizes[0])}  -",
        f"  tox  py312  3.12.1  3 days ago  ready  {size(sizes[1])}  -",
        f"would remove 2 environments of 1 project, {size(sum(sizes))}",
    ]


def test_a_dry_run_with_nothing_to_remove_says_so(home_of: Home, run: Runner) -> None:
    seal(home_of)

    assert run("prune", "--dry-run") == (0, "nothing to remove\n", "")


def test_a_dry_run_tells_what_would_be_kept(make_project: ProjectMaker, run: Runner) -> None:
    home = make_project("away", "a", state="unreachable")

    said = run("clean", "--all", "--dry-run")

    assert (said.status, said.out) == (0, "nothing to remove\n")
    assert said.err == (
        f"kept tox a of {home.root}: its project cannot be seen now and may come back: "
        "`--state unreachable` removes it\n"
    )


# the question


@pytest.mark.parametrize("answer", ["y\n", "Y\n", "yes\n", " y \n"])
def test_who_agrees_to_the_question_gets_it_done(home_of: Home, run: Runner, answer: str) -> None:
    path = seal(home_of)
    measured = size(disk_usage(str(path)))

    said = run("clean", answer=answer)

    assert said.status == 0
    assert said.err.endswith(f"remove 1 environment of 1 project, {measured}? [y/N] ")
    assert said.err.startswith(f"{home_of.root}\n  tox  py312  3.12.1  just now  ready  ")
    assert said.out.startswith("removed 1 environment and 1 home, freed ")
    assert not is_there(home_of)


@pytest.mark.parametrize("answer", ["\n", "n\n", "no\n", "yeah\n", "1\n", "--yes\n"])
def test_who_does_not_agree_gets_nothing_removed(home_of: Home, run: Runner, answer: str) -> None:
    path = seal(home_of)

    said = run("clean", answer=answer)

    assert (said.status, said.out) == (1, "")
    assert said.err.endswith("? [y/N] nothing was removed\n")
    assert path.exists()


def test_nobody_who_answers_means_no_and_a_hint(home_of: Home, run: Runner) -> None:
    path = seal(home_of)

    said = run("clean", answer="")

    assert (said.status, said.out) == (1, "")
    assert said.err.endswith(f"? [y/N] \n{NO_ANSWER}")
    assert path.exists()


def test_a_closed_stdin_means_no_and_a_hint(
    home_of: Home, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = seal(home_of)
    monkeypatch.setattr(sys, "stdin", None)

    status = main(["clean"])

    said = capfd.readouterr()
    assert (status, said.out) == (1, "")
    assert said.err.endswith(NO_ANSWER)
    assert path.exists()


def test_an_answer_that_is_no_text_means_no(home_of: Home) -> None:
    path = seal(home_of)
    command = [sys.executable, "-m", "central_venv", "clean"]

    done = subprocess.run(
        command, input=b"\xff\n", capture_output=True, check=False, env={**os.environ, "PYTHONIOENCODING": "utf-8"}
    )

    assert done.returncode == 1
    assert b"Traceback" not in done.stderr
    assert path.exists()


def test_the_question_of_a_program_that_reads_json_is_on_stderr(home_of: Home, run: Runner) -> None:
    path = seal(home_of)
    measured = disk_usage(str(path))

    said = run("clean", "--json", answer="y\n")

    assert [each["size"] for each in said.answer["removed"]] == [measured]
    assert "? [y/N] " in said.err


def test_nothing_is_asked_if_there_is_nothing_to_remove(run: Runner, here: Path) -> None:
    assert run("clean") == (0, "nothing to remove\n", "")


# remove


def test_remove_leaves_what_a_runner_put_beside_its_environments(here: Path, home_of: Home, run: Runner) -> None:
    seal(home_of)
    log = write_tree(Path(home_of.path, ".tox", "log"), {"1.log": ""})

    said = run("remove", "--yes", "py312")

    assert said.status == 0, said.err
    assert not os.path.lexists(home_of.environment_path("tox", "py312"))
    assert listing(log) == {"1.log"}


@pytest.mark.parametrize(
    ("arguments", "expected"),
    [
        (["py311"], [".venv", "lint", "py312", "tests"]),
        (["py311", "py312"], [".venv", "lint", "tests"]),
        (["py3*"], [".venv", "lint", "tests"]),
        (["py31?", "lint"], [".venv", "tests"]),
        (["py31[!1]"], [".venv", "lint", "py311", "tests"]),
        (["--runner", "tox"], [".venv", "tests"]),
        (["--runner", "project"], ["lint", "py311", "py312", "tests"]),
        (["--runner", "tox", "l*"], [".venv", "py311", "py312", "tests"]),
        (["*"], []),
    ],
    ids=" ".join,
)
def test_remove_takes_what_is_named(home_of: Home, run: Runner, arguments: list[str], expected: list[str]) -> None:
    for name in ("py311", "py312", "lint"):
        seal(home_of, name)
    seal(home_of, "tests", "nox")
    seal(home_of, ".venv", "project")

    said = run("remove", "--yes", *arguments)

    there = sorted(path.parent.name for path in Path(home_of.path).rglob("pyvenv.cfg"))
    assert (said.status, said.err) == (0, "")
    assert there == expected
    assert is_there(home_of) is bool(expected)


@pytest.mark.parametrize("name", ["a/b", "a-b"], ids=["the runner's", "the directory's"])
def test_an_environment_goes_by_either_name(home_of: Home, run: Runner, name: str) -> None:
    seal(home_of, "a-b", name="a/b")
    seal(home_of, "other")

    run("remove", "--yes", name)

    assert left(home_of) == [["other"]]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["py312", "unknown"], "has no environment `unknown`"),
        (["x*"], "has no environment `x*`"),
        (["--runner", "nox"], "has no `nox` environment"),
        (["--runner", "nox", "py312"], "has no `nox` environment `py312`"),
    ],
)
def test_a_name_that_means_nothing_removes_nothing(
    home_of: Home, run: Runner, arguments: list[str], message: str
) -> None:
    seal(home_of)

    said = run("remove", "--yes", *arguments)

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(f"error: `{home_of.root}` {message}, so nothing was removed\nhint: ")
    assert left(home_of) == [["py312"]]


def test_what_nothing_tells_of_is_said_once(home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objections, "unseen", lambda: "`/proc` is not mounted")
    for name in ("one", "two"):
        seal(home_of, name)

    said = run("clean", "--yes")

    assert said.status == 0
    assert said.err == "warning: `/proc` is not mounted\n"


def test_remove_keeps_what_is_used_and_says_who_uses_it(home_of: Home, run: Runner) -> None:
    path = seal(home_of)
    seal(home_of, "free")
    environment = home_of.environment("tox", "py312")
    environment.uses.begin()

    said = run("remove", "--yes", "*")

    assert said.status == 1
    assert said.out.startswith("removed 1 environment, freed ")
    assert said.err == f"kept tox py312 of {home_of.root}: in use by {user_words(os.getpid())}\n"
    assert path.exists()
    environment.uses.end()


# clean


def test_clean_removes_all_of_this_project_and_nothing_else(
    home_of: Home, make_project: ProjectMaker, run: Runner
) -> None:
    seal(home_of)
    seal(home_of, ".venv", "project")
    other = make_project("other", "a", state="orphan")

    said = run("clean", "--yes")

    assert said.status == 0
    assert said.out.startswith("removed 2 environments and 1 home, freed ")
    assert not is_there(home_of)
    assert left(other) == [["a"]]


def test_clean_works_from_a_subdirectory(
    home_of: Home, run: Runner, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(home_of)
    (here / "src").mkdir()
    monkeypatch.chdir(here / "src")

    run("clean", "--yes")

    assert not is_there(home_of)


def test_clean_removes_what_a_template_made_without_us(home_of: Home, make_environment: Maker, run: Runner) -> None:
    make_environment(Path(home_of.path, ".tox", "py312"))

    said = run("clean", "--yes")

    assert said.status == 0
    assert not is_there(home_of)


def test_clean_keeps_a_home_with_something_foreign_and_says_so(home_of: Home, run: Runner) -> None:
    seal(home_of)
    Path(home_of.path, "mine").touch()

    said = run("clean", "--yes")

    assert said.status == 1
    assert said.out.startswith("removed 1 environment, freed ")
    assert said.err == f"kept the home of {home_of.root}: it holds `mine`, which no runner put there\n"


def test_clean_all_asks_for_the_number(make_project: ProjectMaker, run: Runner, home_of: Home) -> None:
    seal(home_of)
    other = make_project("other", "a", "b")

    said = run("clean", "--all", answer="3\n")

    assert said.status == 0
    assert said.err.endswith("? type `3` to go on: ")
    assert not is_there(home_of)
    assert not is_there(other)


@pytest.mark.parametrize("answer", ["y\n", "yes\n", "2\n", "33\n", "\n", ""])
def test_clean_all_removes_nothing_for_a_wrong_number(
    make_project: ProjectMaker, run: Runner, home_of: Home, answer: str
) -> None:
    seal(home_of)
    other = make_project("other", "a", "b")

    said = run("clean", "--all", answer=answer)

    assert (said.status, said.out) == (1, "")
    assert left(home_of, other) == [["py312"], ["a", "b"]]


def test_clean_all_keeps_what_may_come_back_and_what_is_shared(
    make_project: ProjectMaker, run: Runner, store: Path, make_environment: Maker
) -> None:
    homes = {each: make_project(each, "a", state=each) for each in STATES}
    shared = make_environment(store / "@torch")

    said = run("clean", "--all", "--yes")

    assert said.status == 1
    assert {each for each, home in homes.items() if is_there(home)} == {"unreachable", "unrecorded"}
    assert shared.exists()
    assert said.err.count("kept tox a of ") == 2


@pytest.mark.parametrize("state", ["unreachable", "unrecorded"])
def test_clean_all_with_a_state_takes_that_instead(make_project: ProjectMaker, run: Runner, state: str) -> None:
    homes = {each: make_project(each, "a", state=each) for each in STATES}

    said = run("clean", "--all", "--yes", "--state", state)

    assert (said.status, said.err) == (0, "")
    assert {each for each, home in homes.items() if not is_there(home)} == {state}


# which project


@pytest.mark.parametrize("spelling", ["path", "relative path", "name of the home", "path of the home"])
@pytest.mark.parametrize("state", ["active", "orphan"])
def test_a_project_goes_by_several_names(
    make_project: ProjectMaker, base: Path, run: Runner, state: str, spelling: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_project("other", "a", state=state)
    monkeypatch.chdir(base)
    name = {
        "path": home.root,
        "relative path": "other",
        "name of the home": os.path.basename(home.path),
        "path of the home": home.path,
    }[spelling]

    said = run("clean", "--yes", "--project", name)

    assert said.status == 0
    assert said.out.startswith("removed 1 environment and 1 home, freed ")
    assert not is_there(home)


def test_the_name_of_a_home_is_understood_in_the_store_itself(
    make_project: ProjectMaker, store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = make_project("other", "a")
    monkeypatch.chdir(store)

    run("clean", "--yes", "--project", os.path.basename(home.path))

    assert not is_there(home)


def test_a_project_that_nobody_knows_is_an_error(home_of: Home, run: Runner, base: Path, store: Path) -> None:
    path = seal(home_of)

    said = run("clean", "--yes", "--project", str(base / "unknown"))

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(f"error: the store `{store}` knows no project `{base / 'unknown'}`\nhint: ")
    assert path.exists()


@pytest.mark.parametrize("command", [["clean"], ["remove", "a"]], ids=" ".join)
def test_an_unreachable_project_is_kept_unless_its_state_is_given(
    make_project: ProjectMaker, run: Runner, command: list[str]
) -> None:
    home = make_project("away", "a", state="unreachable")

    refused = run(*command, "--yes", "--project", home.root)
    there = left(home)
    done = run(*command, "--yes", "--project", home.root, "--include-state", "unreachable")

    assert (refused.status, refused.out, there) == (1, "", [["a"]])
    assert refused.err == (
        f"kept tox a of {home.root}: its project cannot be seen now and may come back: "
        "`--include-state unreachable` removes it\n"
    )
    assert done.status == 0
    assert not is_there(home)


def test_a_home_without_a_project_is_kept_unless_its_state_is_given(make_project: ProjectMaker, run: Runner) -> None:
    home = make_project("lost", "a", state="unrecorded")
    name = os.path.basename(home.path)

    refused = run("clean", "--yes", "--project", name)
    there = left(home)
    done = run("clean", "--yes", "--project", name, "--include-state", "unrecorded")

    assert (refused.status, refused.out, there) == (1, "", [["a"]])
    assert refused.err == (
        f"kept tox a of {home.path}: nobody can tell which project it is of: `--include-state unrecorded` removes it\n"
    )
    assert done.status == 0
    assert not is_there(home)


# for programs


def test_json_of_a_dry_run(make_project: ProjectMaker, run: Runner, store: Path) -> None:
    gone = make_project("gone", "a", state="orphan")
    away = make_project("away", "b", state="unreachable")
    path = gone.environment_path("tox", "a")

    said = run("clean", "--all", "--dry-run", "--json")

    assert (said.status, said.err) == (0, "")
    assert said.answer == {
        "schema": 1,
        "store": str(store),
        "stores": [str(store)],
        "dry_run": True,
        "removed": [
            {
                "root": gone.root,
                "home": gone.path,
                "runner": "tox",
                "name": "a",
                "path": path,
                "size": disk_usage(path),
            }
        ],
        "kept": [
            {
                "root": away.root,
                "home": away.path,
                "runner": "tox",
                "name": "b",
                "path": away.environment_path("tox", "b"),
                "size": None,
                "reason": "its project cannot be seen now and may come back: `--state unreachable` removes it",
            }
        ],
        "links": [],
        "kernels": [],
        "freed": None,
    }


def test_json_of_a_removal(home_of: Home, run: Runner, store: Path) -> None:
    path = seal(home_of)
    Path(home_of.path, "mine").touch()

    said = run("clean", "--yes", "--json")

    project = {"root": home_of.root, "home": home_of.path}
    answer = said.answer
    freed = answer.pop("freed")
    assert answer == {
        "schema": 1,
        "store": str(store),
        "stores": [str(store)],
        "dry_run": False,
        "removed": [{**project, "runner": "tox", "name": "py312", "path": str(path), "size": None}],
        "kept": [
            {
                **project,
                "runner": None,
                "name": None,
                "path": home_of.path,
                "size": None,
                "reason": "it holds `mine`, which no runner put there",
            }
        ],
        "links": [],
        "kernels": [],
    }
    assert freed > 0


def test_json_of_nothing(run: Runner, store: Path) -> None:
    said = run("prune", "--yes", "--json")

    assert said.answer == {
        "schema": 1,
        "store": str(store),
        "stores": [str(store)],
        "dry_run": False,
        "removed": [],
        "kept": [],
        "links": [],
        "kernels": [],
        "freed": 0,
    }


@pytest.mark.parametrize(
    "command",
    [
        ["clean", "--yes"],
        ["remove", "--yes", "py312"],
        ["prune", "--yes", "--unused-for", "1h"],
        ["clean", "--yes", "--all"],
    ],
    ids=" ".join,
)
def test_freed_is_what_the_file_system_has_back(
    base: Path, here: Path, run: Runner, command: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    try:
        with mounted(base / "disk", "size=8m") as disk:
            monkeypatch.setenv("CENTRAL_VENV_HOME", str(disk / "store"))
            home = Home(Store(str(disk / "store")), str(here))
            path = seal(home, used=1)
            other = seal(home, "other")
            write_tree(path, {"lib/a": "x" * 100_000, "lib/b": "y"})
            os.link(path / "lib" / "a", path / "lib" / "a2")
            os.link(path / "lib" / "b", other / "b")
            before = os.statvfs(disk)

            said = run(*command, "--json")

            after = os.statvfs(disk)
            assert said.answer["freed"] == (after.f_bfree - before.f_bfree) * after.f_frsize > 100_000
    except PermissionError as error:
        pytest.skip(f"this user may not mount: {error}")


@posix_only
@pytest.mark.parametrize(
    "command",
    [["clean"], ["remove", "py312"], ["remove", "*"], ["prune", "--unused-for", "1h"], ["clean", "--all"]],
    ids=" ".join,
)
@pytest.mark.parametrize("recorded", [True, False], ids=["recorded", "made by a template"])
def test_freed_is_by_how_much_the_store_is_smaller(
    home_of: Home, run: Runner, store: Path, command: list[str], *, recorded: bool
) -> None:
    write_tree(seal(home_of, used=1), {"lib/a": "x" * 100_000})
    seal(home_of, "other", used=1)
    if not recorded:
        shutil.rmtree(os.path.join(home_of.path, ".central-venv"))
    before = blocks(store)

    said = run(*command, "--yes", "--json")

    assert said.answer["freed"] == before - blocks(store)


def blocks(root: Path) -> int:
    """Bytes on disk of a tree without hard links."""
    return sum(path.lstat().st_blocks * 512 for path in [root, *root.rglob("*")])


def test_people_read_the_same_number_as_programs(home_of: Home, run: Runner, store: Path) -> None:
    write_tree(seal(home_of, "a"), {"lib": "x" * 100_000})
    shutil.copytree(home_of.path, store / "kept")
    first = run("clean", "--yes", "--json").answer["freed"]
    shutil.move(store / "kept", home_of.path)

    said = run("clean", "--yes")

    assert said.out.replace("up to ", "") == f"removed 1 environment and 1 home, freed {size(first)}\n"


# in the background


@background
@pytest.mark.parametrize("json_too", [True, False], ids=["json", "text"])
def test_in_the_background_another_process_deletes(
    home_of: Home,
    run: Runner,
    store: Path,
    json_too: bool,  # noqa: FBT001
) -> None:
    seal(home_of)

    said = run("clean", "--yes", "--background", *(["--json"] if json_too else []))

    assert (said.status, said.err) == (0, "")
    assert not is_there(home_of)
    if json_too:
        assert said.answer["freed"] is None
        assert [each["name"] for each in said.answer["removed"]] == ["py312"]
    else:
        assert said.out == "removed 1 environment and 1 home, being deleted in the background\n"
    wait_until_empty(store)


def wait_until_empty(store: Path) -> None:
    deadline = time.monotonic() + PATIENCE
    while there := os.listdir(store / ".trash"):
        assert time.monotonic() < deadline, there
        time.sleep(0.01)


def test_a_program_that_waits_for_the_output_need_not_wait_for_the_background(home_of: Home, store: Path) -> None:
    seal(home_of)

    done = process("clean", "--yes", "--background", timeout=PATIENCE)

    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "removed 1 environment and 1 home, being deleted in the background\n"
    wait_until_empty(store)


@background
def test_nothing_to_remove_in_the_background_still_finishes_what_was_left(
    home_of: Home, run: Runner, store: Path
) -> None:
    seal(home_of)
    write_tree(store / ".trash" / "4711-00000000", {"0/a": "1"})

    said = run("prune", "--yes", "--background")

    assert said.out == "finishing in the background 1 removal that had been broken off\n"
    wait_until_empty(store)


def test_nothing_to_remove_in_the_background_from_no_store(run: Runner, store: Path) -> None:
    assert run("prune", "--yes", "--background") == (0, "nothing to remove\n", "")
    assert not store.exists()


# what it says


HOSTILE = ["line\nFORGED", "\x1b[31mred", "[red]red[bold]", "tab\there", "\u202eright", "ü"]


@posix_only
@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_no_name_forges_a_line_or_a_colour(base: Path, store: Path, run: Runner, name: str, here: Path) -> None:
    root = write_tree(base / name, {"pyproject.toml": ""})
    home = Home(Store(str(store)), str(root))
    seal(home, "env", name=name)
    Path(home.path, name).touch()

    plan = run("clean", "--project", str(root), "--dry-run")
    done = run("clean", "--project", str(root), "--yes")
    kept = run("clean", "--project", str(root), "--yes")

    shown = name if name.isprintable() else ascii(name)[1:-1].replace("\\\\", "\\")
    assert plan.out.splitlines()[0] == f"{base}/{shown}"
    assert f"  tox  {shown}  " in plan.out
    assert done.err == kept.err == f"kept the home of {base}/{shown}: it holds `{shown}`, which no runner put there\n"
    for text in (plan.out, plan.err, done.out, done.err):
        assert all(character.isprintable() for character in text.replace("\n", ""))


@posix_only
@pytest.mark.parametrize("name", HOSTILE, ids=ascii)
def test_no_error_forges_a_line_or_a_colour(run: Runner, home_of: Home, name: str) -> None:
    seal(home_of)

    unknown = run("remove", "--yes", name)
    nowhere = run("clean", "--yes", "--project", name)

    for said in (unknown, nowhere):
        assert said.status == 1
        assert len(said.err.splitlines()) == 2
        assert all(character.isprintable() for character in said.err.replace("\n", ""))


@posix_only
def test_names_that_no_encoding_can_show_are_escaped(home_of: Home) -> None:
    if sys.platform == "darwin":
        pytest.skip("file names are UTF-8 there")
    seal(home_of, os.fsdecode(b"\xff"), name="schön")
    Path(home_of.path, os.fsdecode(b"\xfe")).touch()

    done = process("clean", input="y\n", env={**os.environ, "PYTHONIOENCODING": "ascii"})

    assert done.returncode == 1
    assert "sch\\xf6n" in done.stderr
    assert "\\udcfe" in done.stderr
    assert done.stdout.startswith("removed 1 environment, freed ")


def test_what_was_removed_is_reported_although_the_trash_cannot_be_looked_through(
    home_of: Home, run: Runner, store: Path
) -> None:
    seal(home_of)
    (store / ".trash" / "1-00000000.lock").mkdir()

    said = run("clean", "--yes")

    assert said.out.startswith("removed 1 environment and 1 home, freed ")


def test_a_broken_record_is_told_and_does_not_keep_its_environment(home_of: Home, run: Runner) -> None:
    seal(home_of)
    path = Path(home_of.environment("tox", "py312").record_path)
    path.write_text("damaged")

    said = run("clean", "--yes")

    assert said.status == 0
    assert f"error: the record `{path}` is damaged\n" in said.err
    assert not is_there(home_of)


def test_an_interrupted_question_removes_nothing(
    home_of: Home, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    class Interrupted:
        def readline(self) -> str:
            raise KeyboardInterrupt

    path = seal(home_of)
    monkeypatch.setattr(sys, "stdin", Interrupted())

    assert main(["clean"]) == 130
    assert path.exists()


def test_a_plan_says_where_a_project_that_was_renamed_seems_to_be(run: Runner, make_project: ProjectMaker) -> None:
    home = make_project("old", "py312")
    new = Path(home.root).with_name("new")
    os.rename(home.root, new)

    said = run("prune", "--dry-run")

    assert said.out.splitlines()[0] == f"{home.root} (orphan), which seems to be {new} now"


def test_a_name_is_no_pattern_if_something_is_called_so(home_of: Home, run: Runner) -> None:
    for name in ("t[ab]", "ta", "tb"):
        seal(home_of, name)

    said = run("remove", "t[ab]", "--yes", "--json")

    assert [each["name"] for each in said.answer["removed"]] == ["t[ab]"]


def test_a_name_that_nothing_is_called_is_a_pattern(home_of: Home, run: Runner) -> None:
    for name in ("ta", "tb", "tc"):
        seal(home_of, name)

    said = run("remove", "t[ab]", "--yes", "--json")

    assert {each["name"] for each in said.answer["removed"]} == {"ta", "tb"}


@posix_only
@pytest.mark.parametrize("arguments", [["clean", "--yes"], ["list", "--size"], ["remove", "nope"]], ids=" ".join)
def test_nobody_needs_stderr(home_of: Home, arguments: list[str]) -> None:
    seal(home_of)
    command = [sys.executable, "-m", "central_venv", *arguments]

    done = subprocess.run(
        ["/bin/sh", "-c", 'exec "$@" 2>&-', "sh", *command], check=False, capture_output=True, text=True
    )

    assert done.returncode == (1 if "nope" in arguments else 0)
    assert "error:" not in done.stdout
    assert bool(done.stdout) == ("nope" not in arguments)


@posix_only
@background
def test_the_process_in_the_background_takes_no_module_from_the_store(
    make_project: ProjectMaker, store: Path, run: Runner
) -> None:
    make_project("gone", "py312", state="orphan")
    write_tree(store, {"contextlib.py": "raise SystemExit"})

    run("prune", "--yes", "--background")

    deadline = time.monotonic() + PATIENCE
    while os.listdir(store / ".trash") and time.monotonic() < deadline:
        time.sleep(0.01)
    assert os.listdir(store / ".trash") == []


@posix_only
def test_a_file_of_somebody_else_in_the_store_is_never_touched(store: Path, run: Runner) -> None:
    mine = write_tree(store, {"Documents/a.txt": "", "Documents/.draft.tmp": "precious", "notes/.cfg/a": ""})
    (mine / "empty").mkdir()
    before = contents(mine)

    statuses = [
        run(*command, "--yes").status for command in (["prune"], ["prune", "--state", "unrecorded"], ["clean", "--all"])
    ]

    after = {name: content for name, content in contents(mine).items() if not name.startswith(".trash")}
    assert statuses == [0, 0, 0]
    assert after == before


# links to all environments of a runner


@posix_only
@pytest.mark.parametrize("command", [["clean"], ["remove", "a", "b"], ["remove", "--runner", "nox"]], ids=" ".join)
@pytest.mark.parametrize("beside", [(), ("tox",)], ids=["alone", "beside another runner"])
def test_a_link_to_a_runners_environments_goes_with_the_last_of_them(
    command: list[str], beside: tuple[str, ...], home_of: Home, here: Path, run: Runner
) -> None:
    directories = [seal(home_of, name, "nox").parent for name in "ab"]
    for runner in beside:
        seal(home_of, "c", runner)
    make_link(str(here / ".nox"), str(directories[0]))

    said = run(*command, "--yes")

    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines()[1:] == [f"removed the link {here / '.nox'}"]
    assert not os.path.lexists(here / ".nox")


@posix_only
def test_a_link_to_a_runners_environments_stays_with_one_of_them(home_of: Home, here: Path, run: Runner) -> None:
    directory, _ = [seal(home_of, name, "nox").parent for name in "ab"]
    make_link(str(here / ".nox"), str(directory))

    said = run("remove", "a", "--yes", "--json")

    assert (said.status, said.answer["links"]) == (0, [])
    assert (here / ".nox" / "b").is_dir()


@posix_only
def test_a_link_to_a_runners_environments_comes_back_if_they_stay(
    home_of: Home, here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> NoReturn:
        raise OSError(errno.EBUSY, "")

    directory = seal(home_of, "a", "nox").parent
    make_link(str(here / ".nox"), str(directory))
    monkeypatch.setattr(Trash, "take", refuse)

    assert run("clean", "--yes").status == 1

    assert (here / ".nox" / "a").is_dir()


@posix_only
@pytest.mark.parametrize("command", [["clean"], ["remove", "--runner", "nox"]], ids=" ".join)
def test_a_link_of_the_users_own_stays(command: list[str], home_of: Home, here: Path, base: Path, run: Runner) -> None:
    seal(home_of, "a", "nox")
    (here / ".nox").symlink_to(base / "elsewhere")

    assert run(*command, "--yes").status == 0

    assert (here / ".nox").readlink() == base / "elsewhere"
