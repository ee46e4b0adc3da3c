"""What a removal takes, what it leaves, and why."""

from __future__ import annotations

import errno
import json
import os
import shutil
import subprocess
import sys
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.inventory.search import find_project
from central_venv.machine import clock, host
from central_venv.machine.processes import Running
from central_venv.removal import objections
from central_venv.removal.removal import remove, sweep
from central_venv.removal.target import Removed, Target
from central_venv.store.lock import Lock
from central_venv.store.project_record import ProjectRecord, write_project
from central_venv.store.trash import Trash
from support.environments import seal, seal_shared
from support.mounts import mounted
from support.trees import listing, write_tree
from support.users import user_words

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from central_venv.errors import CentralVenvError
    from central_venv.inventory.found import FoundProject

    Maker = Callable[[Path], Path]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, owners and pipes are POSIX")
#: What the system says where it refuses something.
DENIED = "permission denied"
#: Where hatch puts an environment if a home's directory is its data directory, and what it notes there.
NESTED = ".hatch/env/virtual/project/AbCd1234/default"
NOTES = {".hatch/env/.metadata/AbCd1234/default.json": "{}"}

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells what a process uses")

HOLD = """
from central_venv.store.lock import Lock
lock = Lock(sys.argv[1])
lock.acquire(on_wait=lambda: None, cancelled=lambda: False)
"""
CLAIM = """
from central_venv import Home, Store
sys.argv[0] = "tox"
environment = Home(Store(sys.argv[1]), sys.argv[2]).environment("tox", sys.argv[3])
environment.claim(sys.argv[3], on_wait=lambda holder: None)
"""
#: Has a process say so whenever it waits for a lock.
SAY_WAITS = """
import sys, time
sleep = time.sleep
time.sleep = lambda seconds: (print("waits", flush=True), sleep(seconds))
"""
USE = f"{CLAIM}environment.uses.begin()\nenvironment.seal()\nenvironment.release()\n"
LIST_AND_REMOVE = """
import json
from central_venv import Store
from central_venv.inventory.search import find_project
from central_venv.removal.removal import remove
from central_venv.removal.target import Target
project = find_project(sys.argv[2], on_problem=print)
target = Target(project, project.environments, whole=sys.argv[3] == "whole")
print(len(target.environments), flush=True)
sys.stdin.readline()
removed = remove(Store(sys.argv[1]), [target])
print(json.dumps([[each.name for _, each in removed.environments], removed.homes, [k[2] for k in removed.kept]]))
removed.trash.empty()
"""


@contextmanager
def another(code: str, *arguments: str | Path, python: str | Path = sys.executable) -> Iterator[subprocess.Popen[str]]:
    """Another process that has run some code and now waits for a line, or for its end."""
    script = f"import sys\n{code}\nprint('ready', flush=True)\nsys.stdin.readline()\n"
    with waiting([python, "-c", script, *arguments]) as process:
        yield process


@contextmanager
def waiting(command: list[str | Path], **variables: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        list(map(str, command)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        env={**os.environ, **variables},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.communicate()


def complain(error: CentralVenvError) -> None:
    raise AssertionError("no problem was expected") from error


def look(home: Home) -> FoundProject:
    return find_project(home.path, on_problem=complain)


def carry_out(project: FoundProject, *names: str, whole: bool = False) -> Removed:
    """Remove environments of a project; all of them if none is named."""
    chosen = [environment for environment in project.environments if not names or environment.name in names]
    return remove(Store(os.path.dirname(project.home)), [Target(project, chosen, whole=whole)])


def take_all(project: FoundProject) -> Removed:
    return carry_out(project, whole=True)


def names_of(removed: Removed) -> list[str]:
    return [environment.name for _, environment in removed.environments]


def reasons(removed: Removed) -> list[tuple[str | None, str]]:
    return [(None if environment is None else environment.name, reason) for _, environment, reason in removed.kept]


def orphan(home: Home) -> None:
    shutil.rmtree(home.root)


# what goes


def test_an_orphans_home_goes_by_one_rename(home_of: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    seal(home_of, "a")
    seal(home_of, "b")
    orphan(home_of)
    taken: list[tuple[str, ...]] = []
    take = Trash.take

    def remember_and_take(trash: Trash, *parts: str) -> None:
        taken.append(parts)
        take(trash, *parts)

    monkeypatch.setattr(Trash, "take", remember_and_take)

    removed = take_all(look(home_of))

    assert taken == [(os.path.basename(home_of.path),)]
    assert (sorted(names_of(removed)), removed.homes, removed.kept) == (["a", "b"], 1, [])
    assert not os.path.lexists(home_of.path)


def test_what_is_removed_lies_in_the_trash_until_it_is_deleted(home_of: Home, store: Path) -> None:
    seal(home_of)
    orphan(home_of)
    removed = take_all(look(home_of))
    before = [str(path) for path in (store / ".trash").rglob("pyvenv.cfg")]

    deleted = removed.trash.empty()

    assert len(before) == 1
    assert (deleted.failures, deleted.complete) == ([], True)
    assert listing(store / ".trash") == set()


def test_an_environment_goes_with_its_record_its_lock_and_its_marks(home_of: Home, store: Path) -> None:
    seal(home_of, "other")
    with another(USE, store, home_of.root, "py312"):  # killed at the end: its mark and lock stay
        seal(home_of, "py312")
    assert listing(Path(home_of.path, ".central-venv", "tox")) > {"py312.json", "py312.lock", "py312.uses"}

    removed = carry_out(look(home_of), "py312")

    assert (names_of(removed), removed.homes, removed.kept) == (["py312"], 0, [])
    assert listing(Path(home_of.path, ".central-venv", "tox")) == {"other.json", "other.lock"}
    assert os.listdir(os.path.join(home_of.path, ".tox")) == ["other"]


def test_a_shared_environment_goes_with_its_record_and_its_lock(store: Path) -> None:
    seal_shared(Store(str(store)), "@other")
    path = seal_shared(Store(str(store)), "@torch")

    removed = take_all(find_project(str(path), on_problem=complain))

    assert (names_of(removed), removed.kept) == (["@torch"], [])
    assert not os.path.lexists(path)
    assert listing(store / ".central-venv" / "project") == {"@other.json", "@other.lock"}


@pytest.mark.parametrize("runner", ["tox", "project"])
def test_a_home_goes_with_its_last_environment(home_of: Home, runner: str) -> None:
    seal(home_of, ".venv", runner)

    removed = carry_out(look(home_of), ".venv")

    assert (names_of(removed), removed.homes, removed.kept) == ([".venv"], 1, [])
    assert not os.path.lexists(home_of.path)


@pytest.mark.parametrize("whole", [True, False], ids=["whole", "one by one"])
def test_what_a_runner_left_beside_its_environments_goes_only_with_a_whole_home(
    home_of: Home,
    whole: bool,  # noqa: FBT001
) -> None:
    seal(home_of)
    write_tree(Path(home_of.path), {".tox/log/1.log": "", ".tox/.tox-info.json": "{}", ".tox/.pkg/dist/a.whl": ""})

    removed = carry_out(look(home_of), whole=whole)

    assert (names_of(removed), removed.homes, removed.kept) == (["py312"], int(whole), [])
    assert os.path.lexists(os.path.join(home_of.path, ".tox", "log", "1.log")) is not whole
    assert not os.path.lexists(os.path.join(home_of.path, ".tox", "py312"))


def test_an_environment_without_a_record_goes_if_the_key_proves_the_home(
    home_of: Home, make_environment: Maker
) -> None:
    home_of.prepare()
    make_environment(Path(home_of.path, ".nox", "tests"))

    removed = take_all(look(home_of))

    assert (names_of(removed), removed.homes, removed.kept) == (["tests"], 1, [])


def test_recorded_environments_go_from_a_home_that_says_no_project(home_of: Home) -> None:
    seal(home_of)
    os.unlink(home_of.record_path)
    project = look(home_of)

    removed = take_all(project)

    assert (project.state, project.root) == ("unrecorded", None)
    assert (names_of(removed), removed.homes, removed.kept) == (["py312"], 1, [])


def test_an_empty_home_goes_with_nothing_to_report_but_itself(home_of: Home) -> None:
    home_of.prepare()
    orphan(home_of)

    removed = take_all(look(home_of))

    assert (names_of(removed), removed.homes, removed.kept) == ([], 1, [])
    assert not os.path.lexists(home_of.path)


def test_the_environments_of_other_projects_stay(home_of: Home, base: Path, store: Path) -> None:
    seal(home_of)
    write_tree(base / "other", {"pyproject.toml": ""})
    other = Home(Store(str(store)), str(base / "other"))
    path = seal(other)
    orphan(home_of)

    take_all(look(home_of))

    assert path.is_dir()
    assert other.check()


def test_progress_counts_the_targets(home_of: Home, base: Path, store: Path) -> None:
    seal(home_of)
    write_tree(base / "other", {"pyproject.toml": ""})
    other = Home(Store(str(store)), str(base / "other"))
    seal(other)
    seen: list[int] = []
    targets = [Target(look(home), look(home).environments, whole=True) for home in (home_of, other)]

    remove(Store(str(store)), targets, on_progress=seen.append)

    assert seen == [1, 2]


# what a home holds that is not ours


@posix_only
@pytest.mark.parametrize(
    "put",
    [
        lambda path: path.write_text("precious"),
        lambda path: write_tree(path, {"precious": "1"}),
        lambda path: path.symlink_to("/etc"),
        lambda path: path.symlink_to("nowhere"),
        os.mkfifo,
    ],
    ids=["file", "directory", "link", "broken link", "pipe"],
)
def test_a_home_with_something_foreign_stays_with_it(home_of: Home, put: Callable[[Path], None]) -> None:
    seal(home_of)
    put(Path(home_of.path, "mine"))
    orphan(home_of)

    removed = take_all(look(home_of))

    assert (names_of(removed), removed.homes) == (["py312"], 0)
    assert reasons(removed) == [(None, "it holds `mine`, which no runner put there")]
    assert os.path.lexists(os.path.join(home_of.path, "mine"))
    assert not os.path.lexists(os.path.join(home_of.path, ".tox"))


@pytest.mark.parametrize("name", [".idea", ".venv-mine", ".tox"], ids=["a runner's name", "no environment", "a file"])
def test_a_dot_does_not_make_something_a_runners(home_of: Home, name: str) -> None:
    seal(home_of, "tests", "nox")
    path = Path(home_of.path, name)
    if name == ".tox":
        path.write_text("precious")
    else:
        write_tree(path, {"precious": "1"})

    removed = take_all(look(home_of))

    assert (names_of(removed), removed.homes) == (["tests"], 0)
    assert reasons(removed) == [(None, f"it holds `{name}`, which no runner put there")]
    assert path.exists()


def test_a_runners_empty_directory_does_not_keep_a_home(home_of: Home) -> None:
    seal(home_of)
    Path(home_of.path, ".nox").mkdir()

    removed = take_all(look(home_of))

    assert (removed.homes, removed.kept) == (1, [])


def test_a_directory_in_place_of_the_projects_record_is_foreign(home_of: Home) -> None:
    seal(home_of)
    os.unlink(home_of.record_path)
    write_tree(Path(home_of.record_path), {"precious": "1"})
    project = find_project(home_of.path, on_problem=lambda _: None)

    removed = take_all(project)

    assert removed.homes == 0
    assert Path(home_of.record_path, "precious").exists()


# what is in use


def test_what_another_process_has_claimed_stays(home_of: Home, store: Path) -> None:
    seal(home_of, "free")
    seal(home_of)
    project = look(home_of)
    with another(CLAIM, store, home_of.root, "py312") as process:
        removed = take_all(project)

    assert names_of(removed) == ["free"]
    name = f"`tox {store} {home_of.root} py312` (process {process.pid} on {host.name()})"
    assert reasons(removed) == [("py312", f"in use by {name}")]
    assert Path(home_of.environment_path("tox", "py312"), "pyvenv.cfg").exists()
    assert removed.homes == 0


def test_what_another_process_has_locked_without_saying_who_it_is_stays(home_of: Home) -> None:
    path = seal(home_of)
    project = look(home_of)
    lock = Path(home_of.path, ".central-venv", "tox", "py312.lock")
    Path(home_of.path, ".central-venv", "tox", "py312.json").write_text("damaged")
    with another(HOLD, lock) as process:
        removed = take_all(project)
        user = user_words(process.pid)

    assert reasons(removed) == [("py312", f"in use by {user}")]
    assert path.exists()


def test_what_another_process_has_marked_as_used_stays(home_of: Home, store: Path) -> None:
    path = seal(home_of)
    with another(USE, store, home_of.root, "py312") as process:
        seal(home_of)  # so that nothing is listed as changed
        removed = take_all(look(home_of))
        user = user_words(process.pid)

    assert reasons(removed) == [("py312", f"in use by {user}")]
    assert path.exists()


def test_the_mark_of_a_killed_process_keeps_nothing(home_of: Home, store: Path) -> None:
    with another(USE, store, home_of.root, "py312"):
        seal(home_of)

    removed = take_all(look(home_of))

    assert (names_of(removed), removed.kept) == (["py312"], [])


def test_a_home_stays_in_which_an_environment_is_being_claimed_that_is_not_there_yet(
    home_of: Home, store: Path
) -> None:
    seal(home_of, "old")
    with another(CLAIM, store, home_of.root, "new"):
        removed = take_all(look(home_of))
        lock = Lock(os.path.join(home_of.path, ".central-venv", "tox", "new.lock"))

        assert (names_of(removed), removed.homes) == (["old"], 0)
        assert home_of.check()
        assert lock.held_elsewhere()
        assert home_of.environment("tox", "new").read() is not None


def run_by(path: Path) -> Path:
    """The Python of an environment, which works."""
    python = path / "bin" / "python"
    python.unlink()
    python.symlink_to(os.path.realpath(sys.executable))
    return python


@linux_only
def test_a_process_that_began_while_a_home_was_waited_for_is_seen(
    base: Path, home_of: Home, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Home(Store(str(store)), str(write_tree(base / "other", {"pyproject.toml": ""})))
    path, first = seal(home_of), seal(other, "first")
    lock = Lock(os.path.join(home_of.path, ".central-venv", "home.lock"))
    lock.acquire(on_wait=lambda: None, cancelled=lambda: False)
    python, targets = (
        run_by(path),
        [Target(each, each.environments, whole=True) for each in map(look, (other, home_of))],
    )
    began: list[subprocess.Popen[str]] = []

    with ExitStack() as stack:

        def begin(_: float) -> None:
            began.append(stack.enter_context(another("", python=python)))
            lock.release()

        monkeypatch.setattr("central_venv.store.lock.time.sleep", begin)
        removed = remove(Store(str(store)), targets)

    assert names_of(removed) == ["first"]
    assert reasons(removed) == [("py312", f"process {began[0].pid} runs from it")]
    assert (path.is_dir(), first.exists()) == (True, False)


def test_without_a_wait_the_processes_are_looked_at_once(
    base: Path, home_of: Home, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = Home(Store(str(store)), str(write_tree(base / "other", {"pyproject.toml": ""})))
    for home in (home_of, other):
        seal(home)
    looks: list[str] = []

    def look_at(path: str) -> Running:
        looks.append(path)
        return Running(path)

    monkeypatch.setattr(objections, "Running", look_at)

    remove(Store(str(store)), [Target(each, each.environments, whole=True) for each in map(look, (home_of, other))])

    assert looks == [str(store)]


def test_a_removal_says_which_processes_nothing_tells_of(home_of: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(objections, "unseen", lambda: "some are hidden")
    seal(home_of)

    assert take_all(look(home_of)).unseen == "some are hidden"


@linux_only
def test_what_a_process_runs_from_stays(home_of: Home) -> None:
    path = seal(home_of)
    free = seal(home_of, "free")
    python = path / "bin" / "python"
    python.unlink()
    python.symlink_to(os.path.realpath(sys.executable))
    (path / "pyvenv.cfg").write_text(f"home = {os.path.dirname(os.path.realpath(sys.executable))}\n")
    with another("", python=python) as process:
        removed = take_all(look(home_of))

    assert names_of(removed) == ["free"]
    assert reasons(removed) == [("py312", f"process {process.pid} runs from it")]
    assert path.exists()
    assert not free.exists()


@linux_only
def test_the_environment_that_this_very_process_runs_from_stays(home_of: Home, store: Path) -> None:
    path = seal(home_of)
    python = path / "bin" / "python"
    python.unlink()
    python.symlink_to(os.path.realpath(sys.executable))
    (path / "pyvenv.cfg").write_text(f"home = {os.path.dirname(os.path.realpath(sys.executable))}\n")
    packages = os.pathsep.join(each for each in sys.path if each)
    with waiting(
        [python, "-c", f"import sys\n{LIST_AND_REMOVE}", store, home_of.path, "whole"], PYTHONPATH=packages
    ) as process:
        out, _ = process.communicate("go on\n")

    names, homes, said = json.loads(out)
    assert (names, homes, len(said)) == ([], 0, 1)
    assert path.exists()


# what changed since it was listed


def test_what_was_used_since_it_was_listed_stays(home_of: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = seal(home_of)
    project = look(home_of)
    now = clock.seconds() + 7200
    monkeypatch.setattr(clock, "seconds", lambda: now)
    home_of.environment("tox", "py312").touch()

    removed = take_all(project)

    assert reasons(removed) == [("py312", "it was used or changed since it was listed")]
    assert path.exists()


def test_what_was_made_anew_since_it_was_listed_stays(home_of: Home) -> None:
    path = seal(home_of)
    project = look(home_of)
    os.utime(path / "pyvenv.cfg", (0, 86400))

    removed = take_all(project)

    assert reasons(removed) == [("py312", "it was used or changed since it was listed")]
    assert path.exists()


def test_what_was_claimed_by_a_process_that_ended_since_it_was_listed_stays(home_of: Home) -> None:
    path = seal(home_of)
    os.utime(home_of.environment("tox", "py312").record_path, (1, 1))
    project = look(home_of)
    seal(home_of)

    removed = take_all(project)

    assert reasons(removed) == [("py312", "it was used or changed since it was listed")]
    assert path.exists()


def test_what_was_made_since_a_home_was_listed_stays(home_of: Home) -> None:
    seal(home_of, "old")
    project = look(home_of)
    new = seal(home_of, "new")

    removed = take_all(project)

    assert (names_of(removed), removed.homes, removed.kept) == (["old"], 0, [])
    assert new.exists()


def test_an_orphan_whose_project_came_back_stays(home_of: Home) -> None:
    path = seal(home_of)
    orphan(home_of)
    project = look(home_of)
    Path(home_of.root).mkdir()

    removed = take_all(project)

    assert reasons(removed) == [("py312", "its project is active now")]
    assert path.exists()


def test_an_orphan_that_cannot_be_seen_any_more_stays(home_of: Home) -> None:
    path = seal(home_of)
    orphan(home_of)
    project = look(home_of)
    write_project(home_of.record_path, ProjectRecord(home_of.root, host="another"))

    removed = take_all(project)

    assert reasons(removed) == [("py312", "its project is unreachable now")]
    assert path.exists()


def test_what_is_gone_since_it_was_listed_is_neither_removed_nor_kept(home_of: Home) -> None:
    shutil.rmtree(seal(home_of))
    seal(home_of, "other")
    project = look(home_of)
    shutil.rmtree(home_of.environment_path("tox", "other"))

    removed = take_all(project)

    assert (names_of(removed), removed.kept) == ([], [])


def test_a_home_that_is_gone_since_it_was_listed_is_no_failure(home_of: Home) -> None:
    seal(home_of)
    project = look(home_of)
    shutil.rmtree(home_of.path)

    removed = take_all(project)

    assert (names_of(removed), removed.homes, removed.kept) == ([], 0, [])
    assert not os.path.lexists(home_of.path)


@posix_only
@pytest.mark.parametrize("link", ["", ".tox"], ids=["home", "runner directory"])
def test_what_became_a_link_since_it_was_listed_is_not_followed(home_of: Home, base: Path, link: str) -> None:
    seal(home_of)
    project = look(home_of)
    path = Path(home_of.path, link)
    path.rename(base / "elsewhere")
    path.symlink_to(base / "elsewhere")
    before = listing(base / "elsewhere")

    removed = take_all(project)

    assert (names_of(removed), removed.homes) == ([], 0)
    assert listing(base / "elsewhere") == before
    assert path.is_symlink()
    if not link:
        assert reasons(removed) == [("py312", "its home is a link")]


@posix_only
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "one by one"])
def test_an_environment_that_became_a_link_is_not_followed(
    home_of: Home,
    base: Path,
    whole: bool,  # noqa: FBT001
) -> None:
    path = seal(home_of)
    project = look(home_of)
    path.rename(base / "elsewhere")
    path.symlink_to(base / "elsewhere")
    before = listing(base / "elsewhere")

    removed = carry_out(project, whole=whole)
    removed.trash.empty()

    assert (names_of(removed), removed.kept) == ([], [])
    assert listing(base / "elsewhere") == before


@posix_only
def test_a_link_that_takes_the_place_of_a_directory_at_the_last_moment_is_not_followed(
    home_of: Home, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(home_of)
    seal(home_of, "other")
    project = look(home_of)
    runner = Path(home_of.path, ".tox")
    take = Trash.take

    def swap_and_take(trash: Trash, *parts: str) -> None:
        runner.rename(base / "elsewhere")
        runner.symlink_to(base / "elsewhere")
        take(trash, *parts)

    monkeypatch.setattr(Trash, "take", swap_and_take)

    removed = carry_out(project, "py312")

    assert names_of(removed) == []
    ((name, reason),) = reasons(removed)
    assert (name, reason.partition(":")[0]) == ("py312", "it cannot be moved out of the way")
    assert (base / "elsewhere" / "py312" / "pyvenv.cfg").exists()


# what is not ours


@posix_only
def test_the_home_of_another_user_stays(home_of: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = seal(home_of)
    project = look(home_of)
    owner = os.getuid()
    monkeypatch.setattr(os, "getuid", lambda: owner + 1)

    removed = take_all(project)

    assert reasons(removed) == [("py312", f"its home belongs to another user (id {owner})")]
    assert path.exists()


def test_what_is_neither_recorded_nor_in_a_known_projects_home_stays(home_of: Home, make_environment: Maker) -> None:
    seal(home_of, "recorded")
    path = make_environment(Path(home_of.path, ".tox", "unknown"))
    os.unlink(home_of.record_path)

    removed = take_all(look(home_of))

    assert names_of(removed) == ["recorded"]
    assert reasons(removed) == [("unknown", "it is neither recorded nor in the home of a known project")]
    assert path.exists()


def test_what_is_in_a_copy_of_a_home_does_not_belong_to_the_project(
    home_of: Home, make_environment: Maker, store: Path
) -> None:
    home_of.prepare()
    make_environment(Path(home_of.path, ".tox", "py312"))
    copy = shutil.copytree(home_of.path, f"{home_of.path}-copy")
    project = find_project(copy, on_problem=complain)

    removed = take_all(project)

    assert project.root is None
    assert reasons(removed) == [("py312", "nothing in it is recorded, and nobody can tell which project it is of")]
    assert not os.path.lexists(os.path.join(copy, ".central-venv"))
    assert os.path.isdir(os.path.join(copy, ".tox", "py312"))


def test_an_environment_to_share_that_nobody_recorded_stays(store: Path, make_environment: Maker) -> None:
    path = make_environment(store / "@torch")
    project = find_project(str(path), on_problem=complain)

    removed = take_all(project)

    assert reasons(removed) == [("@torch", "it is neither recorded nor in the home of a known project")]
    assert path.exists()


# mounts


@pytest.fixture
def mount(base: Path) -> Iterator[Callable[..., Path]]:
    """Mounts what is gone with the test: a new file system, or a directory of this one a second time."""
    with ExitStack() as stack:

        def mount(place: Path, source: Path | None = None) -> Path:
            try:
                stack.enter_context(mounted(place, "size=1m") if source is None else bound(source, place))
            except PermissionError as error:
                pytest.skip(f"this user may not mount: {error}")
            return place

        yield mount


@contextmanager
def bound(source: Path, place: Path) -> Iterator[None]:
    """A directory mounted a second time, where its own file system does not show it.

    Raises:
        PermissionError: this user may not mount anything.
    """
    place.mkdir(exist_ok=True)
    program = shutil.which("mount")
    if program is None or sys.platform != "linux":
        raise PermissionError("there is no `mount --bind`")
    made = subprocess.run([program, "--bind", str(source), str(place)], check=False, capture_output=True, text=True)
    if made.returncode:
        raise PermissionError(made.stderr.strip())
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(place)], check=True)


@pytest.mark.parametrize("name", ["data", "with space", "back\\slash", "line\nbreak", "ü"])
@pytest.mark.parametrize("same", [True, False], ids=["same file system", "another file system"])
def test_an_environment_in_which_something_is_mounted_stays_with_it(
    home_of: Home,
    base: Path,
    mount: Callable[..., Path],
    same: bool,  # noqa: FBT001
    name: str,
) -> None:
    precious = write_tree(base / "precious", {"a/b": "1"})
    free = seal(home_of, "free")
    place = mount(seal(home_of) / name, precious if same else None)
    (place / "written").write_text("1")

    removed = take_all(look(home_of))
    removed.trash.empty()

    assert names_of(removed) == ["free"]
    assert reasons(removed) == [("py312", f"a file system is mounted at `{place}`")]
    assert (place / "written").read_text() == "1"
    assert listing(precious) == ({"a", "a/b", "written"} if same else {"a", "a/b"})
    assert not free.exists()


@pytest.mark.parametrize("same", [True, False], ids=["same file system", "another file system"])
def test_what_is_mounted_in_a_home_stays(
    home_of: Home,
    make_environment: Maker,
    base: Path,
    mount: Callable[..., Path],
    same: bool,  # noqa: FBT001
) -> None:
    home_of.prepare()
    precious = base / "precious"
    precious.mkdir()
    place = mount(Path(home_of.path, ".tox"), precious if same else None)
    make_environment(place / "py312")

    removed = take_all(look(home_of))
    removed.trash.empty()

    assert names_of(removed) == []
    assert reasons(removed)[0] == ("py312", "it lies on another file system than its home")
    assert (place / "py312" / "pyvenv.cfg").exists()


@pytest.mark.parametrize("same", [True, False], ids=["same file system", "another file system"])
def test_the_environments_in_a_home_that_is_a_mount_of_its_own_go_and_it_stays(
    home_of: Home,
    base: Path,
    mount: Callable[..., Path],
    same: bool,  # noqa: FBT001
) -> None:
    home_of.prepare()
    (base / "disk").mkdir()
    place = mount(Path(home_of.path), base / "disk" if same else None)
    seal(home_of)

    removed = take_all(look(home_of))

    assert (names_of(removed), removed.homes) == (["py312"], 0)
    assert reasons(removed) == [(None, f"a file system is mounted at `{place}`")]
    assert not (place / ".tox" / "py312").exists()
    assert home_of.check()


def test_a_store_that_is_a_mount_itself_is_emptied_as_any_other(
    project: Path, base: Path, mount: Callable[..., Path]
) -> None:
    place = mount(base / "mount")
    home = Home(Store(str(place)), str(project))
    seal(home)

    removed = take_all(look(home))
    removed.trash.empty()

    assert (names_of(removed), removed.homes, removed.kept) == (["py312"], 1, [])
    assert not os.path.lexists(home.path)


def test_a_store_behind_a_link_is_emptied_as_any_other(project: Path, base: Path) -> None:
    (base / "real").mkdir()
    (base / "link").symlink_to(base / "real", target_is_directory=True)
    home = Home(Store(str(base / "link")), str(project))
    seal(home)

    removed = take_all(look(home))

    assert (names_of(removed), removed.homes, removed.kept) == (["py312"], 1, [])


@linux_only
def test_a_mount_in_an_environment_is_seen_through_a_link_to_the_store(
    project: Path, base: Path, mount: Callable[..., Path]
) -> None:
    (base / "real").mkdir()
    (base / "link").symlink_to(base / "real")
    precious = write_tree(base / "precious", {"a": "1"})
    home = Home(Store(str(base / "link")), str(project))
    mount(seal(home) / "data", precious)

    removed = take_all(look(home))
    removed.trash.empty()

    ((name, reason),) = reasons(removed)
    assert (name, reason.partition("`")[0]) == ("py312", "a file system is mounted at ")
    assert listing(precious) == {"a"}


# what goes wrong


def test_what_cannot_be_renamed_is_told_and_the_rest_goes(home_of: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    seal(home_of, "a")
    stuck = seal(home_of, "b")
    seal(home_of, "c")
    Path(home_of.path, "mine").write_text("")
    take = Trash.take

    def fail_for_one(trash: Trash, *parts: str) -> None:
        if parts[-1] == "b":
            raise PermissionError(13, "Permission denied")
        take(trash, *parts)

    monkeypatch.setattr(Trash, "take", fail_for_one)

    removed = take_all(look(home_of))

    assert sorted(names_of(removed)) == ["a", "c"]
    assert ("b", "it cannot be moved out of the way: permission denied") in reasons(removed)
    assert stuck.exists()
    assert home_of.environment("tox", "b").read() is not None


def test_what_is_removed_is_reported_although_its_leavings_cannot_be(home_of: Home) -> None:
    seal(home_of)
    seal(home_of, "other")
    Path(home_of.path, ".central-venv", "tox", "gone.json").mkdir()

    removed = carry_out(look(home_of), "py312")

    assert not os.path.lexists(home_of.environment_path("tox", "py312"))
    assert names_of(removed) == ["py312"]
    assert "py312" not in dict(reasons(removed))


def test_what_is_removed_is_reported_although_its_home_cannot_be(
    home_of: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(home_of)
    take = Trash.take

    def fail_for_the_home(trash: Trash, *parts: str) -> None:
        if len(parts) == 1:
            raise PermissionError(13, "Permission denied")
        take(trash, *parts)

    monkeypatch.setattr(Trash, "take", fail_for_the_home)

    removed = carry_out(look(home_of), "py312")

    assert not os.path.lexists(home_of.environment_path("tox", "py312"))
    assert names_of(removed) == ["py312"]
    assert "py312" not in dict(reasons(removed))


@posix_only
@pytest.mark.parametrize("kind", ["link", "directory", "socket"])
def test_a_home_whose_lock_is_no_file_stays_and_the_next_one_goes(
    home_of: Home, base: Path, store: Path, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = seal(home_of)
    lock = Path(home_of.path, ".central-venv", "home.lock")
    lock.unlink()
    if kind == "link":
        lock.symlink_to(write_tree(base / "precious", {"file": "1"}) / "file")
    elif kind == "directory":
        lock.mkdir()
    else:
        import socket

        monkeypatch.chdir(lock.parent)
        with socket.socket(socket.AF_UNIX) as bound_one:
            bound_one.bind(lock.name)
    write_tree(base / "other", {"pyproject.toml": ""})
    other = Home(Store(str(store)), str(base / "other"))
    seal(other)
    targets = [Target(look(home), look(home).environments, whole=True) for home in (home_of, other)]

    removed = remove(Store(str(store)), targets)

    assert names_of(removed) == ["py312"]
    ((name, reason),) = reasons(removed)
    assert (name, reason.partition(":")[0]) == ("py312", f"cannot lock `{lock}`")
    assert path.exists()
    assert not os.path.lexists(other.path)


# links where records and locks are


@pytest.fixture
def precious(base: Path) -> Path:
    """What looks like a home's records from outside and belongs to somebody else."""
    return write_tree(base / "precious", {"tox/package.json": "{}", "tox/yarn.lock": "", "tox/a.uses/b": "", "c": ""})


@posix_only
@pytest.mark.parametrize("whole", [True, False], ids=["whole", "one by one"])
def test_a_link_in_place_of_the_records_is_not_followed(
    home_of: Home,
    make_environment: Maker,
    precious: Path,
    whole: bool,  # noqa: FBT001
) -> None:
    home_of.prepare()
    make_environment(Path(home_of.path, ".tox", "py312"))
    Path(home_of.path, ".central-venv").symlink_to(precious)
    before = listing(precious)

    carry_out(look(home_of), whole=whole)

    assert listing(precious) == before


@posix_only
@pytest.mark.parametrize("link", ["tox", "tox/py312.uses"], ids=["runner's records", "marks"])
def test_a_link_in_place_of_records_or_marks_is_not_followed(home_of: Home, base: Path, link: str) -> None:
    seal(home_of)
    precious = write_tree(base / "precious", {"py312.uses/file": "1", "gone.json": "", "a.lock": ""})
    path = Path(home_of.path, ".central-venv", link)
    if path.exists():
        shutil.rmtree(path)
    path.symlink_to(precious)
    before = listing(precious)

    take_all(look(home_of))

    assert listing(precious) == before


@posix_only
def test_a_sweep_follows_no_link_in_place_of_the_records(home_of: Home, precious: Path, store: Path) -> None:
    home_of.prepare()
    Path(home_of.path, ".central-venv").symlink_to(precious)
    before = listing(precious)

    sweep(Store(str(store)), [home_of.path], Removed(Trash(str(store))))

    assert listing(precious) == before


@posix_only
def test_a_sweep_follows_no_link_in_place_of_marks(home_of: Home, precious: Path, store: Path) -> None:
    shutil.rmtree(seal(home_of))
    Path(home_of.path, ".central-venv", "tox", "py312.uses").symlink_to(precious)
    before = listing(precious)

    sweep(Store(str(store)), [home_of.path], Removed(Trash(str(store))))

    assert listing(precious) == before


# several at once


@pytest.mark.parametrize("whole", ["whole", "one by one"])
def test_of_several_removals_at_once_each_environment_is_reported_by_one(
    home_of: Home, store: Path, whole: str
) -> None:
    names = sorted(seal(home_of, name).name for name in "abcdef")
    script = f"import sys\n{LIST_AND_REMOVE}"
    with ExitStack() as stack:
        command: list[str | Path] = [sys.executable, "-c", script, store, home_of.path, whole]
        processes = [stack.enter_context(waiting(command)) for _ in range(4)]
        for process in processes:
            assert process.stdin is not None
            process.stdin.write("go on\n")
            process.stdin.flush()
        said = [json.loads(process.communicate()[0]) for process in processes]

    assert [process.returncode for process in processes] == [0] * 4
    assert sorted(name for removed, _, _ in said for name in removed) == names
    assert sum(homes for _, homes, _ in said) == 1
    assert [kept for _, _, kept in said] == [[]] * 4
    assert not os.path.lexists(home_of.path)
    assert listing(store / ".trash") == set()


def test_a_claim_that_waits_for_a_removal_gets_a_new_and_complete_home(
    home_of: Home, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(home_of)
    project = look(home_of)
    take = Trash.take
    script = f"{SAY_WAITS}print('begins', flush=True)\n{CLAIM}\nprint('claimed', flush=True)\nsys.stdin.readline()\n"
    with ExitStack() as stack:
        claims: list[subprocess.Popen[str]] = []

        def take_while_another_claims(trash: Trash, *parts: str) -> None:
            command: list[str | Path] = [sys.executable, "-c", script, store, home_of.root, "py312"]
            claims.append(stack.enter_context(waiting(command)))
            assert claims[0].stdout is not None
            assert claims[0].stdout.readline() == "waits\n"
            take(trash, *parts)

        monkeypatch.setattr(Trash, "take", take_while_another_claims)
        removed = take_all(project)
        assert claims[0].stdout is not None
        said = next(line for line in claims[0].stdout if line != "waits\n")

        assert (names_of(removed), removed.homes, removed.kept) == (["py312"], 1, [])
        assert said == "claimed\n"
        assert home_of.check()
        record = home_of.environment("tox", "py312").read()
        assert record is not None
        assert record.state == "creating"
        assert Lock(os.path.join(home_of.path, ".central-venv", "tox", "py312.lock")).held_elsewhere()
        assert not os.path.lexists(home_of.environment_path("tox", "py312"))


# what a sweep takes beside leftovers


def test_a_sweep_removes_a_home_in_which_nothing_is_left(home_of: Home, store: Path) -> None:
    shutil.rmtree(seal(home_of))
    removed = Removed(Trash(str(store)))

    sweep(Store(str(store)), [home_of.path], removed)

    assert removed.homes == 1
    assert not os.path.lexists(home_of.path)


def test_a_sweep_leaves_a_home_that_is_being_used(home_of: Home, store: Path) -> None:
    with another(CLAIM, store, home_of.root, "py312"):
        removed = Removed(Trash(str(store)))

        sweep(Store(str(store)), [home_of.path], removed)

        assert removed.homes == 0
        assert home_of.check()
        assert home_of.environment("tox", "py312").read() is not None


def test_a_sweep_of_a_home_that_is_gone_makes_none(home_of: Home, store: Path) -> None:
    home_of.store.prepare()
    removed = Removed(Trash(str(store)))

    sweep(Store(str(store)), [home_of.path], removed)

    assert removed.homes == 0
    assert not os.path.lexists(home_of.path)


def test_a_sweep_that_fails_in_one_home_goes_on_with_the_next(home_of: Home, store: Path, base: Path) -> None:
    shutil.rmtree(seal(home_of))
    Path(home_of.path, ".central-venv", "tox", "gone.json").mkdir()
    write_tree(base / "other", {"pyproject.toml": ""})
    other = Home(Store(str(store)), str(base / "other"))
    shutil.rmtree(seal(other))
    removed = Removed(Trash(str(store)))

    sweep(Store(str(store)), [home_of.path, other.path], removed)

    assert not os.path.lexists(other.path)
    assert os.path.isdir(home_of.path)


def test_a_sweep_that_cannot_rename_one_home_goes_on_with_the_next(
    home_of: Home, store: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.rmtree(seal(home_of))
    other = Home(Store(str(store)), str(write_tree(base / "other", {"pyproject.toml": ""})))
    shutil.rmtree(seal(other))
    take = Trash.take

    def fail_for_one(trash: Trash, *parts: str) -> None:
        if parts[-1] == os.path.basename(home_of.path):
            raise PermissionError(13, "Permission denied")
        take(trash, *parts)

    monkeypatch.setattr(Trash, "take", fail_for_one)
    removed = Removed(Trash(str(store)))

    sweep(Store(str(store)), [home_of.path, other.path], removed)

    assert removed.homes == 1
    assert not os.path.lexists(other.path)
    assert home_of.check()


# what others made, and what nobody can tell


def test_nothing_is_put_into_a_directory_that_is_no_home(store: Path) -> None:
    directory = write_tree(store / "photos-01234567", {".album.tmp": "precious", ".cfg/a": ""})
    (directory / "empty").mkdir()

    removed = take_all(find_project(str(directory), on_problem=complain))

    assert listing(directory) == {".album.tmp", ".cfg", ".cfg/a", "empty"}
    assert (removed.homes, reasons(removed)) == (
        0,
        [(None, "nothing in it is recorded, and nobody can tell which project it is of")],
    )


@posix_only
def test_an_environment_that_uv_is_changing_stays(home_of: Home) -> None:
    path = seal(home_of, ".venv", "project")
    lock = Lock(str(path / ".lock"))
    lock.acquire(on_wait=lambda: None, cancelled=lambda: False)

    removed = take_all(look(home_of))

    lock.release()
    assert reasons(removed) == [(".venv", "in use by uv")]
    assert path.is_dir()


@pytest.mark.parametrize("record", ["project.json", ".central-venv/tox/py312.json"])
def test_what_a_newer_central_venv_recorded_stays(record: str, home_of: Home) -> None:
    path = seal(home_of)
    project = look(home_of)
    Path(home_of.path, record).write_text('{"schema": 2}')
    project.state = find_project(home_of.path, on_problem=lambda _: None).state

    removed = take_all(project)

    assert reasons(removed) == [("py312", "it was recorded by a newer central-venv")]
    assert path.is_dir()


@posix_only
@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() != 0, reason="only root can give something away")
def test_an_environment_of_another_user_stays(home_of: Home) -> None:
    path = seal(home_of)
    os.chown(path, 12345, -1)

    removed = take_all(look(home_of))

    assert reasons(removed) == [("py312", "it belongs to another user (id 12345)")]
    assert path.is_dir()


def test_a_lock_that_cannot_be_looked_at_counts_as_held(home_of: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = seal(home_of)
    lock = home_of.environment("tox", "py312").record_path.replace(".json", ".lock")
    real = os.open

    def refuse(name: str, *arguments: int, **options: int) -> int:
        if name == lock:
            raise PermissionError(13, "", name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)

    removed = take_all(look(home_of))

    assert reasons(removed) == [("py312", f"in use by an unknown process: `{lock}` cannot be looked at: {DENIED}")]
    assert path.is_dir()


def test_a_lock_of_uv_that_cannot_be_looked_at_counts_as_held(home_of: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path = seal(home_of, ".venv", "project")
    real = os.open

    def refuse(name: str, *arguments: int, **options: int) -> int:
        if name == str(path / ".lock"):
            raise PermissionError(13, "", name)
        return real(name, *arguments, **options)

    monkeypatch.setattr(os, "open", refuse)

    removed = take_all(look(home_of))

    user = f"an unknown process: `{path / '.lock'}` cannot be looked at: {DENIED}"
    assert reasons(removed) == [(".venv", f"in use by {user}")]
    assert path.is_dir()


@posix_only
@pytest.mark.parametrize("number", [errno.ENOLCK, errno.EIO, errno.ESTALE], ids=errno.errorcode.get)
def test_what_may_be_marked_as_used_stays(number: int, home_of: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    import fcntl

    path = seal(home_of)
    mark = write_tree(Path(home_of.path, ".central-venv", "tox", "py312.uses"), {"1-dead.lock": ""}) / "1-dead.lock"
    inode, real = mark.stat().st_ino, fcntl.flock

    def refuse(descriptor: int, operation: int) -> None:
        if os.fstat(descriptor).st_ino == inode:
            raise OSError(number, "")
        real(descriptor, operation)

    monkeypatch.setattr(fcntl, "flock", refuse)

    removed = take_all(look(home_of))

    assert [reason.startswith("in use by an unknown process") for _, reason in reasons(removed)] == [True]
    assert path.is_dir()


def test_an_environment_that_cannot_be_looked_at_stays(home_of: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    path, project = seal(home_of), look(home_of)
    real = os.lstat

    def refuse(name: str, *arguments: object, **options: object) -> os.stat_result:
        if name == str(path):
            raise OSError(errno.EIO, "", name)
        return real(name)

    monkeypatch.setattr(os, "lstat", refuse)

    removed = take_all(project)

    monkeypatch.undo()
    assert [reason.startswith("cannot look at ") for _, reason in reasons(removed)] == [True]
    assert path.is_dir()


def test_what_a_desktop_put_into_a_home_goes_with_it(home_of: Home) -> None:
    seal(home_of)
    write_tree(Path(home_of.path), {".DS_Store": ""})

    removed = take_all(look(home_of))

    assert (removed.homes, removed.kept) == (1, [])


# what hatch nests in its data directory


@pytest.fixture
def nested(home_of: Home, make_environment: Maker) -> Path:
    """An environment that hatch made in its data directory, with hatch's notes."""
    home_of.prepare()
    write_tree(Path(home_of.path), NOTES)
    return make_environment(Path(home_of.path, NESTED))


def test_an_environment_in_hatchs_data_directory_can_go_alone(
    home_of: Home, nested: Path, make_environment: Maker
) -> None:
    other = make_environment(nested.with_name("docs"))
    stays = seal(home_of)

    removed = carry_out(look(home_of), "default")

    assert (names_of(removed), removed.homes, removed.kept) == (["default"], 0, [])
    assert not os.path.lexists(nested)
    assert other.is_dir()
    assert stays.is_dir()
    assert all(Path(home_of.path, name).exists() for name in NOTES)


def test_what_hatch_noted_beside_its_last_environment_stays_if_that_goes_alone(home_of: Home, nested: Path) -> None:
    removed = carry_out(look(home_of))

    assert (names_of(removed), removed.homes, removed.kept) == (["default"], 0, [])
    assert not os.path.lexists(nested)
    assert all(Path(home_of.path, name).exists() for name in NOTES)


def test_an_environment_in_hatchs_data_directory_stays_where_nothing_proves_its_project(
    home_of: Home, nested: Path
) -> None:
    seal(home_of)
    os.unlink(home_of.record_path)

    removed = carry_out(look(home_of))

    assert names_of(removed) == ["py312"]
    assert reasons(removed) == [("default", "it is neither recorded nor in the home of a known project")]
    assert nested.is_dir()


@linux_only
def test_an_environment_in_hatchs_data_directory_that_a_process_runs_from_stays(home_of: Home, nested: Path) -> None:
    python = nested / "bin" / "python"
    python.unlink()
    python.symlink_to(os.path.realpath(sys.executable))
    (nested / "pyvenv.cfg").write_text(f"home = {os.path.dirname(os.path.realpath(sys.executable))}\n")
    with another("", python=python) as process:
        removed = take_all(look(home_of))

    assert (names_of(removed), removed.homes) == ([], 0)
    assert reasons(removed) == [("default", f"process {process.pid} runs from it")]
    assert nested.is_dir()


@posix_only
@pytest.mark.parametrize("part", range(6), ids=lambda part: NESTED.split("/")[part])
def test_a_link_that_came_on_the_way_to_an_environment_in_hatchs_data_directory_is_not_followed(
    part: int, home_of: Home, nested: Path, base: Path
) -> None:
    project = look(home_of)
    place = Path(home_of.path, *NESTED.split("/")[: part + 1])
    place.rename(base / "elsewhere")
    place.symlink_to(base / "elsewhere")
    before = listing(base / "elsewhere")

    removed = carry_out(project)

    assert (names_of(removed), removed.homes) == ([], 0)
    assert nested.is_dir()
    assert listing(base / "elsewhere") == before


def test_a_home_with_environments_in_hatchs_data_directory_goes_whole(
    home_of: Home, nested: Path, make_environment: Maker
) -> None:
    make_environment(Path(home_of.path, ".hatch/env/.internal/hatch-build/project/AbCd1234/hatch-build"))
    seal(home_of)
    orphan(home_of)

    removed = take_all(look(home_of))

    assert (sorted(names_of(removed)), removed.homes, removed.kept) == (["default", "hatch-build", "py312"], 1, [])
    assert not os.path.lexists(home_of.path)


def test_a_home_in_which_only_hatchs_notes_are_left_goes(home_of: Home) -> None:
    home_of.prepare()
    write_tree(Path(home_of.path), NOTES)

    removed = take_all(look(home_of))

    assert (names_of(removed), removed.homes, removed.kept) == ([], 1, [])
    assert not os.path.lexists(home_of.path)


def test_a_home_whose_environment_in_hatchs_data_directory_went_before_goes(home_of: Home, nested: Path) -> None:
    carry_out(look(home_of))
    between = Path(home_of.path).is_dir()

    removed = take_all(look(home_of))

    assert between
    assert (names_of(removed), removed.homes, removed.kept) == ([], 1, [])
    assert not nested.exists()


def test_hatchs_own_pythons_and_configuration_do_not_keep_a_home(home_of: Home) -> None:
    home_of.prepare()
    write_tree(Path(home_of.path), {**NOTES, ".hatch/pythons/3.12/bin/python": "", ".hatch/.config/coverage/file": ""})

    removed = take_all(look(home_of))

    assert (removed.homes, removed.kept) == (1, [])


@pytest.mark.parametrize(
    ("notes", "name"),
    [(NOTES, ".hatch/mine"), (NOTES, ".nox/env/.metadata/mine"), ({}, ".hatch/env/mine/file"), ({}, ".hatch/env")],
    ids=["beside it", "another runner's", "no notes", "a file"],
)
def test_what_is_not_in_hatchs_data_directory_keeps_a_home(home_of: Home, notes: dict[str, str], name: str) -> None:
    home_of.prepare()
    write_tree(Path(home_of.path), {**notes, name: "precious"})

    removed = take_all(look(home_of))

    directory = name.partition("/")[0]
    assert removed.homes == 0
    assert reasons(removed) == [(None, f"it holds `{directory}`, which no runner put there")]
    assert Path(home_of.path, name).read_text() == "precious"
