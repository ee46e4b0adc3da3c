"""Environments that several projects share: which one is meant, who uses it, and when it goes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from central_venv import Home, Store
from central_venv.cli.table import print_table
from central_venv.errors import EnvironmentNameError, HomeConflictError
from central_venv.inventory.search import find_projects
from central_venv.machine import clock, host
from central_venv.removal.removal import remove
from central_venv.removal.target import Target
from central_venv.store.lock import Lock
from central_venv.store.project_record import ProjectRecord, read_project, shared_environment_in, write_project
from support.environments import BAD_SHARED_NAMES, seal, seal_shared, write_environment
from support.hosts import Host, finish
from support.trees import listing, write_tree
from support.users import user_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.inventory.found import FoundProject
    from support.commands import Runner

    UserMaker = Callable[..., Home]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links and modes are POSIX")
superuser_only = pytest.mark.skipif(
    sys.platform == "win32" or os.getuid() != 0, reason="only root may give files to other users"
)

DAY = 86400


@pytest.fixture
def whole(store: Path) -> Store:
    return Store(str(store))


@pytest.fixture
def torch(whole: Store) -> Path:
    """An environment to share, that nobody uses yet."""
    return seal_shared(whole)


@pytest.fixture
def make_user(base: Path, whole: Store) -> UserMaker:
    """Makes a project that uses an environment that several share."""

    def make(name: str, *, state: str = "active", uses: str = "@torch") -> Home:
        root = write_tree(base / name, {"pyproject.toml": ""})
        home = Home(whole, str(root))
        home.share(uses)
        if state == "unreachable":
            write_project(home.record_path, ProjectRecord(str(root), host="another machine", shared=uses))
        if state in {"orphan", "unreachable"}:
            shutil.rmtree(root)
        return home

    return make


def shared_in(store: Store) -> FoundProject:
    """What is known of the only environment that several projects share."""
    problems: list[object] = []
    (found,) = [project for project in find_projects(store, on_problem=problems.append) if project.state == "shared"]
    assert problems == []
    return found


def is_there(home: Home) -> bool:
    return os.path.lexists(home.path)


def answer(run: Runner, *arguments: str) -> Any:
    said = run(*arguments)
    assert (said.status, said.err) == (0, "")
    return said.answer


# which one is meant


def test_the_shared_one_is_meant_by_a_project_that_uses_it(here: Path, home_of: Home, torch: Path, run: Runner) -> None:
    home_of.share("@torch")

    assert run("path") == (0, f"{torch}\n", "")
    found = answer(run, "env", "--shell", "json")
    assert (found["environment"], found["exists"]) == (str(torch), True)
    assert found["env"] == {"UV_PROJECT_ENVIRONMENT": str(torch), "VIRTUAL_ENV": str(torch)}
    assert found["home"] == home_of.path


def test_other_projects_mean_their_own(
    here: Path, home_of: Home, torch: Path, make_user: UserMaker, run: Runner
) -> None:
    make_user("user")

    assert run("path").out == f"{home_of.path}/.venv\n".replace("/", os.sep)


def test_a_python_that_is_asked_for_is_of_the_project_itself(
    here: Path, home_of: Home, torch: Path, run: Runner
) -> None:
    home_of.share("@torch")

    assert run("path", "--python", "3.13").out == os.path.join(home_of.path, ".venv-3.13\n")
    assert run("path", "--env", ".venv").out == os.path.join(home_of.path, ".venv\n")


def test_neither_a_variable_nor_a_file_with_a_python_beats_what_the_user_chose(
    here: Path, home_of: Home, torch: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    home_of.share("@torch")
    write_tree(here, {".python-version": "3.10\n"})
    monkeypatch.setenv("UV_PYTHON", "3.13")
    monkeypatch.setenv("CENTRAL_VENV_PER_PYTHON", "1")

    assert run("path").out == f"{torch}\n"


def test_its_own_is_meant_again_afterwards(here: Path, home_of: Home, torch: Path, run: Runner) -> None:
    home_of.share("@torch")

    home_of.share(None)

    assert run("path").out == os.path.join(home_of.path, ".venv\n")
    assert home_of.shared is None


def test_a_command_runs_in_it(
    here: Path, home_of: Home, torch: Path, run: Runner, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home_of.share("@torch")
    script = "import os; print(os.environ['VIRTUAL_ENV'], os.environ['UV_PROJECT_ENVIRONMENT'])"

    said = Host(Path(sys.prefix)).run("central-venv", "run", sys.executable, "-c", script, cwd=here)

    assert (said.status, said.out) == (0, f"{torch} {torch}\n")
    assert not os.path.lexists(home_of.environment_path("project", ".venv"))


def test_it_can_be_named_without_being_used(here: Path, home_of: Home, torch: Path, run: Runner) -> None:
    assert run("path", "--env", "@torch").out == f"{torch}\n"
    assert not is_there(home_of)


def test_a_program_that_keeps_answers_is_told_what_to_watch(
    here: Path, home_of: Home, torch: Path, run: Runner
) -> None:
    before = answer(run, "env", "--shell", "json")["inputs"]
    run("use", "@torch")
    os.utime(home_of.record_path, (100, 100))
    now = answer(run, "env", "--shell", "json")["inputs"]

    assert (before[home_of.record_path], now[home_of.record_path]) == (0, 100)


# what is recorded


def test_the_record_the_lock_and_the_marks_lie_in_the_store(whole: Store, store: Path, torch: Path) -> None:
    environment = whole.shared_environment("@torch")

    assert environment.use(on_wait=lambda _: None)

    folder = store / ".central-venv" / "project"
    assert environment.record_path == str(folder / "@torch.json")
    assert {path.name for path in folder.iterdir()} == {"@torch.json", "@torch.lock", "@torch.uses"}
    assert len(list((folder / "@torch.uses").iterdir())) == 1
    environment.uses.end()
    assert not any("central-venv" in name for name in listing(torch))


def test_nothing_else_in_the_record_of_a_home_is_changed(home_of: Home, torch: Path) -> None:
    home_of.prepare()
    before = json.loads(Path(home_of.record_path).read_text(encoding="utf-8"))

    home_of.share("@torch")
    assert json.loads(Path(home_of.record_path).read_text(encoding="utf-8")) == {**before, "shared": "@torch"}
    home_of.share(None)
    assert json.loads(Path(home_of.record_path).read_text(encoding="utf-8")) == before


def test_a_record_of_an_older_central_venv_uses_none_and_can_begin_to(home_of: Home, torch: Path) -> None:
    home_of.prepare()
    root, created = home_of.root, "2026-11-21T09:00:00Z"
    old = {"schema": 1, "root": root, "created": created, "host": "laptop", "mount": "/", "volume": "1a"}
    Path(home_of.record_path).write_text(json.dumps(old) + "\n", encoding="utf-8")

    assert home_of.shared is None
    assert home_of.check()
    home_of.share("@torch")

    record = read_project(home_of.record_path)
    assert record is not None
    assert (record.shared, record.created, record.host) == ("@torch", created, host.name())
    assert record.inode == host.inode(root)


@pytest.mark.parametrize("value", [5, "", ["@torch"], "../evil", "/evil", "@../../evil", ".venv"])
def test_a_record_that_names_what_cannot_be_one_is_damaged(
    value: object, here: Path, home_of: Home, run: Runner
) -> None:
    home_of.prepare()
    record = {"schema": 1, "root": home_of.root, "shared": value}
    Path(home_of.record_path).write_text(json.dumps(record), encoding="utf-8")

    said = run("path")

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(f"error: the record `{home_of.record_path}` is damaged\nhint: remove that file")


@pytest.mark.parametrize("name", BAD_SHARED_NAMES)
def test_what_cannot_be_its_name_is_refused_before_anything_is_written(name: str, home_of: Home, store: Path) -> None:
    with pytest.raises(EnvironmentNameError):
        home_of.share(name)

    assert not store.exists()


def test_one_that_is_not_there_cannot_be_used(home_of: Home, whole: Store) -> None:
    with pytest.raises(EnvironmentNameError, match="there is no shared environment `@torch`") as caught:
        home_of.share("@torch")

    assert caught.value.hint == "make it with `central-venv create @torch`"
    assert not is_there(home_of)


def test_one_that_is_only_half_made_cannot_be_used(home_of: Home, whole: Store) -> None:
    environment = whole.shared_environment("@torch")
    environment.claim("@torch", on_wait=lambda _: None)
    write_environment(Path(environment.path))
    environment._lock.release()

    with pytest.raises(EnvironmentNameError, match="there is no shared environment"):
        home_of.share("@torch")


@posix_only
def test_a_link_in_its_place_is_refused(here: Path, home_of: Home, torch: Path, base: Path, run: Runner) -> None:
    home_of.share("@torch")
    torch.rename(base / "elsewhere")
    torch.symlink_to(base / "elsewhere")

    with pytest.raises(HomeConflictError, match="is a link, not a directory"):
        home_of.share("@torch")
    said = run("run", "true")

    assert (said.status, said.out) == (1, "")
    assert f"the shared environment `{torch}` is a link, not a directory" in said.err


@superuser_only
def test_that_of_another_user_is_refused(here: Path, home_of: Home, torch: Path, run: Runner) -> None:
    home_of.share("@torch")
    os.chown(torch, 12345, -1)

    said = run("env", "--shell", "json")

    assert (said.status, said.out) == (1, "")
    assert f"the shared environment `{torch}` belongs to another user (id 12345)" in said.err


# who uses it


def test_list_says_who_uses_it(torch: Path, make_user: UserMaker, run: Runner) -> None:
    users = [make_user("one"), make_user("two", state="orphan")]

    rows = run("list", "--state", "shared").out.splitlines()

    assert len(rows) == 2
    assert f"(shared by {users[0].root}, {users[1].root})" in rows[1]
    assert rows[1].split()[-1] == "ready"


def test_list_says_that_nobody_uses_it_yet(torch: Path, run: Runner) -> None:
    assert "@torch (shared by nobody yet)" in run("list").out


def test_a_program_reads_both_directions(torch: Path, make_user: UserMaker, run: Runner) -> None:
    roots = [make_user("one").root, make_user("two").root]

    projects = answer(run, "list", "--json")["projects"]

    uses: dict[str | None, str | None] = {project["root"]: project["uses"] for project in projects}
    assert uses == {roots[0]: "@torch", roots[1]: "@torch", None: None}
    (shared,) = [project for project in projects if project["state"] == "shared"]
    assert sorted(shared["used_by"]) == roots
    assert [each["path"] for each in shared["environments"]] == [str(torch)]
    assert [project["used_by"] for project in projects if project["state"] == "active"] == [[], []]


def test_a_table_says_who_uses_it(
    torch: Path, whole: Store, make_user: UserMaker, capsys: pytest.CaptureFixture[str]
) -> None:
    user = make_user("one")

    print_table([shared_in(whole)], sizes=False)

    assert f"@torch  shared by {user.root}  1 environment" in capsys.readouterr().out


@posix_only
def test_who_uses_it_cannot_forge_a_line(torch: Path, make_user: UserMaker, run: Runner) -> None:
    make_user("a\nproject")

    assert len(run("list", "--state", "shared").out.splitlines()) == 2


def test_info_says_what_the_project_uses(here: Path, home_of: Home, torch: Path, run: Runner) -> None:
    home_of.share("@torch")

    assert "uses     @torch\n" in run("info").out
    assert answer(run, "info", "--json")["projects"][0]["uses"] == "@torch"


def test_info_of_a_project_with_its_own_says_nothing_of_it(here: Path, home_of: Home, run: Runner) -> None:
    home_of.prepare()

    assert "uses" not in run("info").out
    assert answer(run, "info", "--json")["projects"][0]["uses"] is None


def test_a_copy_of_a_home_is_no_user(torch: Path, whole: Store, store: Path, make_user: UserMaker) -> None:
    user = make_user("one")
    shutil.copytree(user.path, store / "copy-12345678")

    assert [project.root for project in shared_in(whole).users] == [user.root]


def test_what_others_put_into_the_store_is_not_taken_for_one(whole: Store, store: Path, run: Runner) -> None:
    whole.prepare()
    write_environment(store / "@eaDir")  # of some network drives

    assert run("list").out == ""
    assert "1 entry is in the store" in run("doctor").out


# prune


@pytest.mark.parametrize("state", ["active", "unreachable"])
def test_prune_keeps_what_a_living_project_uses(state: str, torch: Path, make_user: UserMaker, run: Runner) -> None:
    user, gone = make_user("user", state=state), make_user("gone", state="orphan")

    assert run("prune", "--yes").status == 0
    assert torch.is_dir()
    assert [is_there(user), is_there(gone)] == [True, False]


def test_prune_removes_it_with_the_last_project_that_used_it(
    torch: Path, whole: Store, make_user: UserMaker, run: Runner
) -> None:
    gone = [make_user("one", state="orphan"), make_user("two", state="orphan")]

    said = run("prune", "--yes")

    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("removed 1 environment and 2 homes, freed ")
    assert not torch.exists()
    assert [is_there(home) for home in gone] == [False, False]
    assert not Path(whole.shared_environment("@torch").record_path).exists()


def test_prune_keeps_what_nobody_used_yet(torch: Path, run: Runner) -> None:
    assert run("prune", "--yes") == (0, "nothing to remove\n", "")
    assert torch.is_dir()


def test_what_nobody_uses_goes_once_it_is_idle(whole: Store, run: Runner) -> None:
    idle = seal_shared(whole, "@idle", used=clock.seconds() - 91 * DAY)
    fresh = seal_shared(whole, "@fresh", used=clock.seconds() - 89 * DAY)

    assert run("prune", "--unused-for", "90d", "--yes").status == 0
    assert [idle.exists(), fresh.exists()] == [False, True]


def test_what_somebody_uses_stays_although_it_is_idle(whole: Store, make_user: UserMaker, run: Runner) -> None:
    idle = seal_shared(whole, used=clock.seconds() - 91 * DAY)
    make_user("user")

    assert run("prune", "--unused-for", "90d", "--yes").out == "nothing to remove\n"
    assert idle.is_dir()


@pytest.mark.parametrize("state", ["orphan", "unreachable", "broken"])
def test_prune_of_what_is_in_a_state_leaves_it_alone(
    state: str, torch: Path, make_user: UserMaker, run: Runner
) -> None:
    make_user("gone", state="orphan")

    run("prune", "--state", state, "--yes")

    assert torch.is_dir()


@pytest.mark.parametrize("record", ['{"schema": 2}', "damaged"])
def test_prune_keeps_what_a_home_that_cannot_be_read_may_use(
    record: str, torch: Path, make_user: UserMaker, run: Runner
) -> None:
    make_user("gone", state="orphan")
    unknown = make_user("unknown")
    Path(unknown.record_path).write_text(record, encoding="utf-8")

    said = run("prune", "--yes")

    assert said.status == 1
    assert f"@torch: nobody can tell whether the project of `{unknown.path}` uses it" in said.err
    assert torch.is_dir()


def test_prune_keeps_what_a_home_says_that_it_uses_that_is_not_where_it_belongs(
    torch: Path, make_user: UserMaker, run: Runner
) -> None:
    user = make_user("gone", state="orphan")
    moving = f"{user.path[:-8]}00000000"
    os.rename(user.path, moving)
    make_user("another", state="orphan")

    said = run("prune", "--yes")

    assert said.status == 1
    assert f"@torch: nobody can tell whether the project of `{moving}` uses it" in said.err
    assert torch.is_dir()


def test_a_home_of_a_project_that_only_uses_it_is_not_swept(torch: Path, make_user: UserMaker, run: Runner) -> None:
    user = make_user("user")

    run("prune", "--yes")

    assert user.shared == "@torch"


def test_a_home_of_a_project_that_does_not_use_it_any_more_is_swept(
    torch: Path, make_user: UserMaker, run: Runner
) -> None:
    user = make_user("user")
    user.share(None)

    run("prune", "--yes")

    assert not is_there(user)


# remove


def test_remove_refuses_what_is_used_and_says_by_whom(torch: Path, make_user: UserMaker, run: Runner) -> None:
    users = f"{make_user('one').root}, {make_user('two', state='unreachable').root}"
    make_user("gone", state="orphan")

    said = run("remove", "@torch", "--yes")

    assert said.status == 1
    assert f"it is used by {users}: `--force` removes it all the same" in said.err
    assert torch.is_dir()


def test_a_program_reads_why_it_was_kept(torch: Path, make_user: UserMaker, run: Runner) -> None:
    user = make_user("user")

    said = run("remove", "@torch", "--yes", "--json")

    assert said.status == 1
    (kept,) = said.answer["kept"]
    assert (kept["path"], kept["runner"], kept["name"], kept["root"]) == (str(torch), "project", "@torch", None)
    assert kept["reason"].startswith(f"it is used by {user.root}: ")
    assert said.answer["removed"] == []


def test_remove_takes_what_nobody_uses(torch: Path, make_user: UserMaker, run: Runner) -> None:
    make_user("gone", state="orphan")

    said = run("remove", "@torch", "--yes")

    assert (said.status, said.err) == (0, "")
    assert said.out.startswith("removed 1 environment, freed ")
    assert not torch.exists()


@posix_only
def test_what_is_removed_by_force_takes_the_links_to_it_away(torch: Path, make_user: UserMaker, run: Runner) -> None:
    users = [make_user("one"), make_user("two"), make_user("three")]
    links = [Path(user.root, ".venv") for user in users]
    for link in links[:2]:
        link.symlink_to(torch)
    write_environment(links[2])

    said = run("remove", "@torch", "--force", "--yes")

    assert (said.status, said.err) == (0, "")
    assert not torch.exists()
    assert [os.path.lexists(link) for link in links] == [False, False, True]
    assert said.out.splitlines()[1:] == [f"removed the link {link}" for link in links[:2]]


@posix_only
def test_a_link_of_a_project_that_came_since_is_taken_away_too(
    torch: Path, whole: Store, make_user: UserMaker, run: Runner
) -> None:
    listed = shared_in(whole)
    user = make_user("user")
    link = Path(user.root, ".venv")
    link.symlink_to(torch)

    removed = remove(whole, [Target(listed, listed.environments, whole=False, forced=True)])

    assert removed.links == [str(link)]
    assert not os.path.lexists(link)


def test_without_it_a_command_says_what_is_missing(here: Path, home_of: Home, torch: Path, run: Runner) -> None:
    home_of.share("@torch")
    run("remove", "@torch", "--force", "--yes")

    for command in (["run", "true"], ["env", "--shell", "json", "--create"]):
        said = run(*command)
        assert (said.status, said.out) == (1, "")
        assert said.err == (
            "error: the shared environment `@torch` is not there, or broken\n"
            "hint: make it with `central-venv create @torch`, or let the project use its own with "
            "`central-venv use --none`\n"
        )
    assert not torch.exists()


def test_remove_of_what_is_not_there_removes_nothing(torch: Path, run: Runner) -> None:
    said = run("remove", "@torch", "@tensorflow", "--yes")

    assert said.status == 1
    assert said.err.startswith("error: there is no shared environment `@tensorflow`, so nothing was removed\n")
    assert torch.is_dir()


@pytest.mark.parametrize(
    "arguments",
    [["@torch", "py312"], ["@torch", "--runner", "tox"], ["@torch", "--project", "."], ["py312", "--force"]],
)
def test_what_several_share_is_removed_by_its_name_alone(
    arguments: list[str], torch: Path, here: Path, run: Runner
) -> None:
    assert run("remove", *arguments, "--yes").status == 2
    assert torch.is_dir()


def test_what_is_in_use_is_not_removed_by_force_either(torch: Path, whole: Store, run: Runner) -> None:
    code = f"""
import sys
from central_venv import Store
environment = Store({whole.path!r}).shared_environment("@torch")
environment.use(on_wait=lambda _: None)
print("using", flush=True)
sys.stdin.read()
"""
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as user:
        assert user.stdout is not None
        user.stdout.readline()

        said = run("remove", "@torch", "--force", "--yes")

        words = user_words(user.pid)
        user.communicate()
    assert (said.status, torch.is_dir()) == (1, True)
    assert f"in use by {words}" in said.err


# clean


def test_clean_never_takes_it(torch: Path, make_user: UserMaker, run: Runner) -> None:
    user, gone = make_user("user"), make_user("gone", state="orphan")
    seal(user)

    assert run("clean", "--all", "--yes").status == 0
    assert torch.is_dir()
    assert [is_there(user), is_there(gone)] == [False, False]


@pytest.mark.parametrize("command", [["clean"], ["remove", "--runner", "project"]])
def test_it_is_no_project_of_which_all_could_go(command: list[str], torch: Path, run: Runner) -> None:
    said = run(*command, "--project", "@torch", "--yes")

    assert said.status == 1
    assert "knows no project `@torch`" in said.err
    assert torch.is_dir()


@posix_only
def test_clean_of_a_project_takes_its_link_away_and_leaves_the_environment(
    here: Path, home_of: Home, torch: Path, run: Runner
) -> None:
    home_of.share("@torch")
    (here / ".venv").symlink_to(torch)

    assert run("clean", "--yes").status == 0
    assert not os.path.lexists(here / ".venv")
    assert torch.is_dir()
    assert home_of.shared is None


# what is left in the store


def test_doctor_has_nothing_against_it(torch: Path, make_user: UserMaker, run: Runner) -> None:
    make_user("user")

    said = run("doctor", "--json")

    assert [each["what"] for each in said.answer["findings"] if "@torch" in each["what"]] == []
    assert [each["what"] for each in said.answer["findings"] if "did not make" in each["what"]] == []
    assert [each["what"] for each in said.answer["findings"] if "left of what is gone" in each["what"]] == []


def test_doctor_misses_what_a_project_uses(torch: Path, make_user: UserMaker, run: Runner) -> None:
    user = make_user("user")
    shutil.rmtree(torch)

    (found,) = [each for each in run("doctor", "--json").answer["findings"] if "@torch" in each["what"]]

    assert found == {
        "topic": "store",
        "code": "shared-environment-missing",
        "level": "wrong",
        "what": f"`{user.root}` uses the shared environment `@torch`, which is not there",
        "remedy": f"`central-venv create @torch`, or `central-venv use --none --project {user.root}`",
    }


@posix_only
def test_doctor_finds_what_is_in_the_place_of_the_records(whole: Store, store: Path, run: Runner) -> None:
    whole.prepare()
    (store / ".central-venv").touch()

    said = run("doctor")

    assert said.status == 1
    assert f"`{store}/.central-venv` is not a directory, so there can be no records" in said.out


def test_what_is_left_of_one_that_is_gone_is_told_and_swept(
    torch: Path, whole: Store, store: Path, run: Runner
) -> None:
    shutil.rmtree(torch)

    assert "2 records, locks or unfinished files are left of what is gone" in run("doctor").out
    assert run("prune", "--yes").status == 0

    assert listing(store / ".central-venv") == {"home.lock"}
    assert "left of what is gone" not in run("doctor").out


def test_no_directory_of_the_store_is_swept(torch: Path, store: Path, run: Runner) -> None:
    write_tree(store, {".somebodys/file": "", ".empty/file": ""})
    (store / ".empty" / "file").unlink()

    assert run("remove", "@torch", "--yes").status == 0

    assert {path.name for path in store.iterdir() if path.is_dir()} == {
        ".trash",
        ".central-venv",
        ".somebodys",
        ".empty",
    }


def test_what_looks_like_records_of_others_is_not_swept(torch: Path, store: Path, run: Runner) -> None:
    shutil.rmtree(torch)
    others = {".central-venv/tox/gone.json": "", ".central-venv/project/.venv.json": "", "photos/.album/a.json": ""}
    write_tree(store, others)

    assert run("prune", "--yes").status == 0

    assert all((store / name).is_file() for name in others)
    assert not (store / ".central-venv/project/@torch.json").exists()


@posix_only
def test_no_link_among_the_records_is_followed(torch: Path, store: Path, base: Path, run: Runner) -> None:
    shutil.rmtree(torch)
    (store / ".central-venv").rename(base / "elsewhere")
    (store / ".central-venv").symlink_to(base / "elsewhere")
    before = listing(base / "elsewhere")

    run("prune", "--yes")
    said = run("use", "@torch", "--project", str(write_tree(base / "user", {"pyproject.toml": ""})))

    assert said.status == 1
    assert listing(base / "elsewhere") == before


def test_an_unfinished_removal_leaves_the_trash_where_it_is(
    torch: Path, store: Path, whole: Store, run: Runner
) -> None:
    listed = shared_in(whole)
    os.utime(whole.shared_environment("@torch").record_path, (100, 100))

    removed = remove(whole, [Target(listed, listed.environments, whole=False)])

    assert [reason for _, _, reason in removed.kept] == ["it was used or changed since it was listed"]
    assert (store / ".trash").is_dir()


# two at once


def test_a_project_that_came_since_keeps_it(torch: Path, whole: Store, make_user: UserMaker) -> None:
    listed = shared_in(whole)
    user = make_user("user")

    removed = remove(whole, [Target(listed, listed.environments, whole=False)])

    assert [reason for _, _, reason in removed.kept] == [f"it is used by {user.root}"]
    assert torch.is_dir()


def test_one_that_is_removed_before_a_project_can_say_that_it_uses_it_is_not_used(
    home_of: Home, torch: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    acquire = Lock.acquire

    def acquire_later(self: Lock, **callbacks: Any) -> None:
        shutil.rmtree(torch, ignore_errors=True)
        acquire(self, **callbacks)

    monkeypatch.setattr(Lock, "acquire", acquire_later)

    with pytest.raises(EnvironmentNameError, match="there is no shared environment"):
        home_of.share("@torch")

    assert home_of.shared is None


def test_whoever_is_first_nobody_uses_what_is_gone(torch: Path, base: Path, store: Path, make_user: UserMaker) -> None:
    host = Host(Path(sys.prefix))
    roots = [write_tree(base / name, {"pyproject.toml": ""}) for name in "abc"]

    processes = [host.start("central-venv", "use", "@torch", cwd=root) for root in roots[:2]]
    processes.append(host.start("central-venv", "remove", "@torch", "--yes", cwd=base))
    processes.append(host.start("central-venv", "use", "@torch", cwd=roots[2]))
    *uses, removal = [finish(process) for process in (*processes[:2], processes[3], processes[2])]

    users = [shared_environment_in(os.path.join(home, "project.json")) for home in Store(str(store)).homes()]
    assert ("@torch" in users) == torch.is_dir() == (removal.status == 1)
    assert [said.status for said in uses].count(0) == users.count("@torch")
