"""What is in a store that was moved or copied is mended, whatever happens on the way."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.errors import CentralVenvError, MovedEnvironmentError, MoveError, StoreError
from central_venv.inventory.search import find_projects
from central_venv.policy import layout
from central_venv.policy.key import home_name
from central_venv.project_link import redirect
from central_venv.relocation import mending, store_move
from central_venv.relocation.execution import carry_out
from central_venv.relocation.planning import plan
from central_venv.relocation.store_move import carry_out_store, plan_store, plan_stores
from central_venv.store.move_record import MoveRecord, has_move_record, write_move
from central_venv.store.project_record import ProjectRecord, write_project
from support import crash
from support.environments import seal_shared
from support.trees import contents, write_tree
from support.virtualenvs import MAKERS, call, make, make_recorded, mentions

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.commands import Runner

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the environments and links of POSIX")

PROJECT = {"pyproject.toml": "[project]\nname = 'x'\nversion = '0'\n"}
#: Into how many tests the steps are divided at which a repair is killed.
STRIDE = 4


@pytest.fixture
def home(base: Path, store: Path) -> Home:
    """The home of a project before the store is moved."""
    return home_in(store, write_tree(base / "foo", PROJECT))


@pytest.fixture
def new_store(base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the store is afterwards, and in force."""
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(base / "new"))
    return base / "new"


def home_in(store: Path, root: Path | str) -> Home:
    return Home(Store(str(store)), str(root))


def mend(
    new: Path, old: Path | str, on_problem: Callable[[CentralVenvError], None] | None = None
) -> dict[str, str | None]:
    """Mend a store; returns why each environment is broken."""
    move = plan_store(Store(str(new)), str(old), on_problem=fail)
    found = carry_out_store(move, on_problem=on_problem or fail, on_wait=nobody_waits, on_progress=lambda _: None)
    return {
        f"{outcome.environment.runner} {outcome.environment.name}": outcome.reason
        for _, outcomes in found
        for outcome in outcomes
    }


def make_shared(store: Path) -> None:
    """Make an environment that several projects share."""
    shared = Store(str(store)).shared_environment("@torch")
    shared.claim("@torch", on_wait=nobody_waits)
    make("uv", Path(shared.path))
    shared.seal()
    shared.release()


def fail(error: CentralVenvError) -> None:
    raise error


def nobody_waits(holder: object) -> None:
    raise AssertionError(f"waits for {holder}")


def states(store: Path) -> dict[str, str]:
    """The state of each environment in a store."""
    return {
        f"{environment.runner} {environment.name}": environment.state
        for project in find_projects(Store(str(store)), on_problem=fail)
        for environment in project.environments
    }


def say(environment: Path) -> str:
    """What the program of `make_recorded` says."""
    return call(environment / "bin" / "say").rstrip("\n")


# what is mended


def test_every_kind_of_environment_is_moved_and_then_ready(home: Home, store: Path, new_store: Path) -> None:
    for runner, directory in (("project", ".venv"), ("project", ".venv-docs"), ("tox", "py"), ("nox", "a")):
        make_recorded(home, runner, directory)
    make("uv", Path(home.path, ".hatch", "env", "virtual", "foo", "AbCd1234", "docs"))
    make_shared(store)
    everything = ["project .venv", "project .venv-docs", "tox py", "nox a", "hatch docs", "project @torch"]
    store.rename(new_store)
    assert states(new_store) == dict.fromkeys(everything, "moved")

    assert mend(new_store, store) == dict.fromkeys(everything)

    assert states(new_store) == dict.fromkeys(everything, "ready")
    assert mentions(new_store, store) == []
    new = home_in(new_store, home.root)
    assert say(Path(new.path, ".tox", "py")) == f"{new.path}/.tox/py"
    assert not has_move_record(new.path)
    assert not has_move_record(str(new_store))


@pytest.mark.parametrize("name", ["plain", "with space", "it's $HOME", "né"])
@pytest.mark.parametrize("maker", MAKERS)
def test_a_store_can_be_moved_to_any_name(maker: str, name: str, home: Home, store: Path, base: Path) -> None:
    make(maker, Path(home.path, ".tox", "py"))
    store.rename(base / name)
    new = Path(home_in(base / name, home.root).path, ".tox", "py")

    assert mend(base / name, store) == {"tox py": None}

    shell = f". {str(new / 'bin' / 'activate')!r}" if "'" not in name else f'. "{new}/bin/activate"'.replace("$", r"\$")
    said = call("bash", "-c", f'{shell} && printf %s "$VIRTUAL_ENV"')
    assert said == str(new)


def test_a_script_whose_store_needs_quotes_starts(home: Home, store: Path, base: Path) -> None:
    path = Path(home.path, ".tox", "py")
    make_recorded(home)
    write_tree(path, {"bin/tool": f"#!{path}/bin/python\nimport sys\nprint(sys.prefix)\n"})
    (path / "bin" / "tool").chmod(0o755)
    store.rename(base / "a b")

    assert mend(base / "a b", store) == {"tox py": None}

    new = Path(home_in(base / "a b", home.root).path, ".tox", "py")
    assert call(new / "bin" / "tool") == f"{new}\n"


def test_a_record_keeps_what_it_knew_and_says_the_new_place(home: Home, store: Path, new_store: Path) -> None:
    make_recorded(home)
    before = json.loads(Path(layout.environment_record_path(home.path, "tox", "py")).read_text())
    store.rename(new_store)

    mend(new_store, store)

    new = home_in(new_store, home.root)
    after = json.loads(Path(layout.environment_record_path(new.path, "tox", "py")).read_text())
    assert after.pop("path") == f"{new.path}/.tox/py"
    assert {**before, **after, "holder": None} == {**before, "holder": None}


def test_every_former_place_is_mended_in_a_chain_of_moves(home: Home, store: Path, base: Path) -> None:
    make_recorded(home)
    store.rename(base / "b")
    at_b = Path(home_in(base / "b", home.root).path, ".tox", "py")
    write_tree(at_b, {"bin/tool": f"#!{at_b}/bin/python\nprint(1)\n"})
    (base / "b").rename(base / "c")

    assert mend(base / "c", store) == {"tox py": None}

    assert mentions(base / "c", store, base / "b") == []
    assert states(base / "c") == {"tox py": "ready"}


def test_the_store_in_the_middle_of_a_chain_is_known_by_what_was_made_there(
    home: Home, store: Path, base: Path
) -> None:
    make_recorded(home)
    store.rename(base / "b")
    (base / "b").rename(base / "c")

    with pytest.raises(MoveError) as refusal:
        mend(base / "c", base / "b")

    assert refusal.value.message == f"nothing in the store `{base}/c` was made in `{base}/b`"
    assert refusal.value.hint == f"what was moved was made in `{store}`"


def test_a_store_may_move_into_itself_and_out(home: Home, store: Path, base: Path) -> None:
    make_recorded(home)
    store.rename(base / "x")
    store.mkdir()
    (base / "x").rename(store / "sub")

    assert mend(store / "sub", store) == {"tox py": None}
    new = Path(home_in(store / "sub", home.root).path, ".tox", "py")
    assert say(new) == str(new)

    (store / "sub").rename(base / "y")
    shutil.rmtree(store)
    (base / "y").rename(store)
    assert mend(store, store / "sub") == {"tox py": None}
    assert say(Path(home.path, ".tox", "py")) == f"{home.path}/.tox/py"


def test_a_project_and_the_store_may_move_at_once(home: Home, store: Path, base: Path, new_store: Path) -> None:
    make_recorded(home)
    store.rename(new_store)
    os.rename(home.root, base / "bar")
    new = home_in(new_store, base / "bar")

    outcomes = carry_out(plan(new, home.root), on_problem=fail, on_wait=nobody_waits, on_progress=lambda _: None)

    assert [outcome.reason for outcome in outcomes] == [None]
    assert states(new_store) == {"tox py": "ready"}
    assert mentions(new_store, store, home.root) == []


@pytest.mark.parametrize("way", ["moved", "copied"])
def test_a_script_in_which_a_former_place_is_left_is_broken(
    way: str, home: Home, store: Path, new_store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = make_recorded(home)
    write_tree(path, {"bin/tool": f"#!{path}/bin/python\nprint(1)\n"})
    monkeypatch.setattr(mending, "repair", lambda *_: None)  # as if it knew no such script
    if way == "copied":
        shutil.copytree(store, new_store, symlinks=True)
    else:
        store.rename(new_store)

    reason = mend(new_store, store)["tox py"]

    assert reason is not None
    assert str(path) in reason
    assert states(new_store) == {"tox py": "broken"}


def test_an_environment_of_conda_is_broken(home: Home, store: Path, new_store: Path) -> None:
    environment = home.environment("nox", "conda")
    environment.claim("conda", on_wait=nobody_waits)
    write_tree(Path(environment.path), {"conda-meta/history": "", "bin/python": ""})
    environment.seal()
    environment.release()
    store.rename(new_store)

    assert str(mend(new_store, store)["nox conda"]).startswith("conda writes paths")
    assert states(new_store) == {"nox conda": "broken"}


# links in projects


@pytest.mark.parametrize("kind", ["link", "redirect"])
def test_a_link_in_a_project_follows(kind: str, home: Home, store: Path, new_store: Path) -> None:
    make_recorded(home, "project", ".venv")
    link = Path(home.root, ".venv")
    (link.symlink_to if kind == "link" else lambda target: redirect.place(str(link), target))(f"{home.path}/.venv")
    store.rename(new_store)

    mend(new_store, store)

    new = f"{home_in(new_store, home.root).path}/.venv"
    assert (os.readlink(link) if kind == "link" else redirect.read(str(link))) == new


@pytest.mark.parametrize("kind", ["link", "redirect"])
def test_a_link_follows_a_project_that_was_moved_when_its_store_was_mended(
    kind: str, home: Home, store: Path, base: Path, new_store: Path
) -> None:
    make_recorded(home, "project", ".venv")
    link = base / "bar" / ".venv"
    os.rename(home.root, base / "bar")
    (link.symlink_to if kind == "link" else lambda target: redirect.place(str(link), target))(f"{home.path}/.venv")
    store.rename(new_store)
    mend(new_store, store)
    new = home_in(new_store, base / "bar")

    carry_out(plan(new, home.root), on_problem=fail, on_wait=nobody_waits, on_progress=lambda _: None)

    assert (os.readlink(link) if kind == "link" else redirect.read(str(link))) == f"{new.path}/.venv"


def test_a_link_to_a_shared_environment_follows(home: Home, store: Path, new_store: Path) -> None:
    seal_shared(Store(str(store)))
    home.prepare()
    Path(home.root, ".venv").symlink_to(store / "@torch")
    store.rename(new_store)

    mend(new_store, store)

    assert os.readlink(Path(home.root, ".venv")) == str(new_store / "@torch")


def test_of_a_copy_the_original_and_the_links_to_it_stay_as_they_are(home: Home, store: Path, new_store: Path) -> None:
    make_recorded(home, "project", ".venv")
    Path(home.root, ".venv").symlink_to(f"{home.path}/.venv")
    call("cp", "-al", store, new_store)  # even if both have the very same files
    before = contents(store)

    assert mend(new_store, store) == {"project .venv": None}

    assert contents(store) == before
    assert states(store) == states(new_store) == {"project .venv": "ready"}
    assert os.readlink(Path(home.root, ".venv")) == f"{home.path}/.venv"
    new = Path(home_in(new_store, home.root).path, ".venv")
    assert (say(Path(home.path, ".venv")), say(new)) == (f"{home.path}/.venv", str(new))


# what is in the way


def test_the_store_itself_is_no_former_one(home: Home, store: Path, base: Path) -> None:
    make_recorded(home)
    (base / "link").symlink_to(store)

    for name in (store, base / "link"):
        with pytest.raises(MoveError, match=r"is the store .* itself"):
            mend(store, name)


def test_what_is_in_use_stays_and_the_rest_is_mended(home: Home, store: Path, new_store: Path, base: Path) -> None:
    make_recorded(home)
    other = home_in(store, write_tree(base / "other", PROJECT))
    make_recorded(other, "nox", "a")
    store.rename(new_store)
    used = Path(home_in(new_store, home.root).path, ".tox", "py", "bin", "python")
    problems: list[CentralVenvError] = []

    with subprocess.Popen([used, "-c", "print(1, flush=True); input()"], stdin=-1, stdout=-1) as process:
        assert process.stdout is not None
        process.stdout.readline()
        reasons = mend(new_store, store, problems.append)
        process.communicate(b"\n")

    assert len(problems) == 1
    assert "is in use by" in problems[0].message
    assert (reasons["nox a"], reasons["tox py"]) == (None, problems[0].message)
    assert states(new_store) == {"nox a": "ready", "tox py": "moved"}
    assert mend(new_store, store) == {"tox py": None}


def test_a_home_that_cannot_be_written_stays_and_the_rest_is_mended(
    home: Home, store: Path, new_store: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_recorded(home)
    make_recorded(home_in(store, write_tree(base / "other", PROJECT)), "nox", "a")
    store.rename(new_store)
    locked = home_in(new_store, home.root).path
    problems: list[CentralVenvError] = []

    def write(path: str, note: MoveRecord) -> None:
        if path == locked:
            raise StoreError("no space left", hint="free some")
        write_move(path, note)

    with monkeypatch.context() as patch:
        patch.setattr(store_move, "write_move", write)
        assert mend(new_store, store, problems.append) == {"nox a": None, "tox py": "no space left"}

    assert states(new_store) == {"nox a": "ready", "tox py": "moved"}
    assert [problem.message for problem in problems] == ["no space left"]


def test_a_shared_environment_that_was_moved_is_not_taken_for_gone(home: Home, store: Path, new_store: Path) -> None:
    seal_shared(Store(str(store)))
    store.rename(new_store)

    with pytest.raises(MovedEnvironmentError, match=r"was made at"):
        home_in(new_store, home.root).share("@torch")


def test_a_home_whose_own_move_did_not_end_is_left_to_that(
    home: Home, store: Path, base: Path, new_store: Path
) -> None:
    make_recorded(home)
    os.rename(home.root, base / "bar")
    write_project(home.record_path, ProjectRecord(str(base / "bar")))
    note = MoveRecord()
    note.environments["tox", "py"] = [home.root]
    write_move(home.path, note)
    store.rename(new_store)
    problems: list[CentralVenvError] = []

    assert mend(new_store, store, problems.append) == {"tox py": problems[0].message}
    assert problems[0].message == f"a move of `{home.root}` to `{base}/bar` did not end"
    assert problems[0].hint.startswith(f"`central-venv move {home.root} {base}/bar` does the rest")

    new = home_in(new_store, base / "bar")
    carry_out(plan(new, home.root), on_problem=fail, on_wait=nobody_waits, on_progress=lambda _: None)
    assert states(new_store) == {"tox py": "ready"}
    assert mentions(new_store, store, home.root) == []


def test_a_half_mended_environment_is_mended_after_another_move_of_the_store(
    home: Home, store: Path, new_store: Path, base: Path
) -> None:
    make_recorded(home)
    store.rename(new_store)
    for step in range(1, 400):
        if crash.run("move", "--store", str(store), step=step).status == crash.SURVIVED:
            break
        if states(new_store) == {"tox py": "broken"}:
            break
    assert states(new_store) == {"tox py": "broken"}
    new_store.rename(base / "third")

    assert mend(base / "third", store) == {"tox py": None}

    new = Path(home_in(base / "third", home.root).path, ".tox", "py")
    assert mentions(new, store, new_store) == []
    assert say(new) == str(new)


@pytest.mark.parametrize("first", range(1, STRIDE + 1))
def test_what_was_killed_is_finished_by_the_same_command(
    first: int, home: Home, store: Path, new_store: Path, tmp_path: Path
) -> None:
    make_recorded(home, "project", ".venv")
    make_recorded(home)
    Path(home.root, ".venv").symlink_to(f"{home.path}/.venv")
    store.rename(tmp_path / "moved")
    new = home_in(new_store, home.root)

    for step in range(first, 400, STRIDE):
        call("cp", "-a", tmp_path / "moved", new_store)
        Path(home.root, ".venv").unlink()
        Path(home.root, ".venv").symlink_to(f"{home.path}/.venv")
        ended = crash.run("move", "--store", str(store), step=step)
        if ended.status != crash.SURVIVED:
            assert "ready" not in {
                state for name, state in states(new_store).items() if mentions_of(new, name, store)
            }, step
            again = crash.run("move", "--store", str(store))
            assert again.status == 0 or "nothing in the store" in again.err, (step, again.err)
        assert states(new_store) == {"project .venv": "ready", "tox py": "ready"}, step
        assert not any(mentions_of(new, name, store) for name in ("project .venv", "tox py")), step
        assert os.readlink(Path(home.root, ".venv")) == f"{new.path}/.venv", step
        assert not has_move_record(new.path)
        shutil.rmtree(new_store)
        if ended.status == crash.SURVIVED:
            return


def mentions_of(home: Home, name: str, store: Path) -> list[str]:
    runner, directory = name.split()
    return mentions(Path(layout.environment_path(home.path, runner, directory)), store)


# the command


def test_the_command_tells_what_it_did(home: Home, store: Path, new_store: Path, run: Runner) -> None:
    make_recorded(home)
    store.rename(new_store)

    assert run("list", "--state", "moved").out.count("moved") == 1
    assert run("move", "--store", str(store), "--dry-run") == (0, f"would mend 1 environment in {new_store}\n", "")
    assert run("move", "--store", str(store)) == (0, f"mended 1 environment in {new_store}\n", "")
    again = run("move", "--store", str(store))
    assert (again.status, again.out) == (1, "")
    assert again.err.startswith(f"error: nothing in the store `{new_store}` was made in `{store}`\n")


def test_the_command_answers_programs(home: Home, store: Path, new_store: Path, run: Runner) -> None:
    make_recorded(home)
    make_shared(store)
    store.rename(new_store)
    path, shared = home_in(new_store, home.root).path, str(new_store / "@torch")

    assert run("move", "--store", str(store), "--json").answer == {
        "schema": 1,
        "store": str(new_store),
        "stores": [str(new_store)],
        "projects": [
            {
                "root": home.root,
                "home": path,
                "environments": [
                    {"runner": "tox", "name": "py", "path": f"{path}/.tox/py", "state": "ready", "reason": None}
                ],
            },
            {
                "root": None,
                "home": shared,
                "environments": [
                    {"runner": "project", "name": "@torch", "path": shared, "state": "ready", "reason": None}
                ],
            },
        ],
    }


@pytest.mark.parametrize("arguments", [[], ["--store", "/a", "foo"], ["--store", ""]])
def test_the_command_takes_a_project_or_a_store(arguments: list[str], run: Runner) -> None:
    assert run("move", *arguments).status == 2


def test_of_several_stores_the_one_that_was_moved_is_mended(
    home: Home, store: Path, base: Path, new_store: Path
) -> None:
    make_recorded(home)
    other = home_in(base / "other", write_tree(base / "bar", PROJECT))
    make_recorded(other)
    store.rename(new_store)
    stores = [other.store, Store(str(new_store))]

    moves = plan_stores(stores, str(store), on_problem=fail)

    assert [move.store.path for move in moves] == [str(new_store)]
    with pytest.raises(MoveError, match=r"nothing in the store"):
        plan_stores(stores, str(base / "nowhere"), on_problem=fail)


def test_home_names_do_not_change(home: Home, store: Path, new_store: Path) -> None:
    make_recorded(home)
    store.rename(new_store)

    mend(new_store, store)

    assert os.path.isdir(new_store / home_name(home.root))
