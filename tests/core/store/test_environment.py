"""The life of an environment."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, NoReturn

import pytest
from central_venv import Holder, Home, Store
from central_venv.errors import DamagedRecordError, HomeConflictError, NewerRecordError, StoreError, WaitCancelledError
from central_venv.machine import clock, host
from central_venv.policy import layout
from central_venv.store.environment_record import TOUCH_INTERVAL
from central_venv.store.lock import Lock
from central_venv.store.project_record import ProjectRecord, write_project
from support.environments import INTERPRETER
from support.mounts import mounted
from support.trees import contents, listing, write_tree
from support.users import user_words

if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.store.environment import Environment
    from support.mounts import Mounts

    Maker = Callable[[Path], Path]

NOON = 1795521600.0
MADE = 86400.25

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, and directories that move while in use")

CLAIM = """
import sys
from central_venv import Home, Store
environment = Home(Store(sys.argv[1]), sys.argv[2]).environment("tox", "py312")
environment.claim("py312", on_wait=lambda holder: print("waiting for", holder, flush=True))
print("claimed", flush=True)
sys.stdin.readline()
"""

USE = """
import sys
from central_venv import Home, Store
environment = Home(Store(sys.argv[1]), sys.argv[2]).environment("tox", "py312")
environment.use(on_wait=lambda holder: print("waiting for", holder, flush=True))
print("used", flush=True)
sys.stdin.readline()
"""

#: Discards an environment as a user who is not root: one that is read-only, or another user's.
DISCARD_UNPRIVILEGED = """
import json, os, sys, traceback
import central_venv.store.trash  # what is loaded later may be closed to that user
from central_venv import Home, Store
store, project, mine = sys.argv[1:]
environment = Home(Store(store), project).environment("tox", "py312")
if os.getuid() == 0:
    for top in (store, project):
        for directory, directories, files in os.walk(top):
            for name in [".", *directories, *files]:
                path = os.path.join(directory, name)
                if mine == "True" or not path.startswith(environment.path + os.sep):
                    os.chown(path, 65534, 65534, follow_symlinks=False)
    os.setgroups([])
    os.setgid(65534)
    os.setuid(65534)
if mine == "True":
    for directory, _, _ in os.walk(environment.path, topdown=False):
        os.chmod(directory, 0o500)
environment.claim("py312", on_wait=print)
assert environment.interrupted
environment.discard()
environment.release()
sys.stdout.flush()
os._exit(0)  # whatever watches this process may not write as this user
"""


@pytest.fixture
def make_environment(make_environment: Maker) -> Maker:
    """Makes a working environment of Python 3.12.1 on the second day of 1970."""

    def make(path: Path) -> Path:
        made = make_environment(path)
        os.utime(made / "pyvenv.cfg", (MADE, MADE))
        return made

    return make


@pytest.fixture
def environment(home_of: Home, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setattr(clock, "seconds", lambda: NOON)
    monkeypatch.setattr(sys, "argv", ["/usr/bin/tox", "run", "-e", "py312"])
    return home_of.environment("tox", "py312")


def refuse_to_wait(_: Holder | None) -> NoReturn:
    raise AssertionError("nobody should have to wait")


def claim(environment: Environment, name: str = "py312", *, request: str | None = None) -> None:
    environment.claim(name, on_wait=refuse_to_wait, request=request)


def recorded(environment: Environment) -> dict[str, object] | None:
    path = Path(environment.record_path)
    if not path.exists():
        return None
    fields: dict[str, object] = json.loads(path.read_text())
    assert fields.pop("path", environment.path) == environment.path
    return fields


def record(state: str, *, name: str = "py312", command: str = "tox run -e py312") -> dict[str, object]:
    holder = {"pid": os.getpid(), "host": host.name(), "command": command}
    created, python = (MADE, "3.12.1") if state == "ready" else (None, None)
    fields = {"runner": "tox", "name": name, "state": state, "created": created, "python": python, "holder": holder}
    return {"schema": 1, **fields}


def write_record(environment: Environment, content: str) -> None:
    path = Path(environment.record_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


def use_at(environment: Environment, time: float) -> None:
    os.utime(environment.record_path, (time, time))


def last_use(environment: Environment) -> float | None:
    found = environment.read()
    return None if found is None else found.last_used


def home_lock(home: Home) -> Lock:
    return Lock(layout.home_lock_path(home.path))


def meanwhile(act: Callable[[], None], monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Does something once, in the first pause of a wait for a lock; what is returned says whether there was one."""
    from central_venv.store import lock

    waits: list[str] = []

    def sleep(_: float) -> None:
        waits.append("waited")
        if len(waits) == 1:
            act()

    monkeypatch.setattr(lock, "time", SimpleNamespace(sleep=sleep))
    return waits


def test_naming_an_environment_writes_nothing(environment: Environment, tmp_path: Path) -> None:
    assert listing(tmp_path) & {"home/.local"} == set()
    assert (environment.claimed, environment.read()) == (False, None)


def test_a_claim_makes_the_home_and_records_that_creation_began(environment: Environment, home_of: Home) -> None:
    claim(environment)

    assert environment.claimed
    assert recorded(environment) == record("creating")
    assert not os.path.lexists(environment.path)
    assert home_of.check()


def test_the_record_tells_the_name_that_the_runner_uses(home_of: Home, make_environment: Maker) -> None:
    environment = home_of.environment("tox", "a-b")
    claim(environment, "a/b")
    make_environment(Path(environment.path))

    environment.seal()

    found = environment.read()
    assert found is not None
    assert (found.name, environment.directory) == ("a/b", "a-b")


def test_a_claim_in_another_projects_home_changes_nothing(environment: Environment, home_of: Home) -> None:
    os.makedirs(home_of.path)
    write_project(home_of.record_path, ProjectRecord(f"{home_of.root}-other"))

    with pytest.raises(HomeConflictError):
        claim(environment)

    assert not environment.claimed
    assert listing(Path(home_of.path)) == {"project.json"}


def test_a_sealed_environment_is_ready(environment: Environment, make_environment: Maker) -> None:
    claim(environment)
    make_environment(Path(environment.path))

    sealed = environment.seal()

    assert sealed
    assert environment.claimed
    assert recorded(environment) == record("ready")


def test_a_seal_without_an_environment_removes_the_record(environment: Environment) -> None:
    claim(environment)
    os.makedirs(environment.path)

    sealed = environment.seal()

    assert not sealed
    assert recorded(environment) is None


def test_a_second_seal_without_an_environment_finds_nothing_to_remove(environment: Environment) -> None:
    claim(environment)

    assert (environment.seal(), environment.seal()) == (False, False)


def test_a_seal_whose_record_is_gone_writes_another(environment: Environment, make_environment: Maker) -> None:
    claim(environment, "a name")
    make_environment(Path(environment.path))
    os.unlink(environment.record_path)

    environment.seal()

    assert recorded(environment) == record("ready")


def test_a_seal_names_the_process_that_claimed(
    environment: Environment, make_environment: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(environment)
    make_environment(Path(environment.path))
    monkeypatch.setattr(sys, "argv", ["changed"])

    environment.seal()

    assert recorded(environment) == record("ready")


def test_a_claim_of_a_ready_environment_records_the_change(environment: Environment, make_environment: Maker) -> None:
    claim(environment)
    make_environment(Path(environment.path))
    environment.seal()
    environment.release()

    claim(environment)

    assert recorded(environment) == record("creating")


def test_a_claim_names_its_own_process_and_not_the_one_before(environment: Environment) -> None:
    holder = {"pid": 1, "host": "another", "command": "tox"}
    write_record(
        environment, json.dumps({"schema": 1, "runner": "tox", "name": "py312", "state": "ready", "holder": holder})
    )

    claim(environment)

    assert recorded(environment) == record("creating")


def test_a_release_keeps_what_was_made(environment: Environment, make_environment: Maker) -> None:
    claim(environment)
    make_environment(Path(environment.path))
    environment.seal()

    environment.release()

    assert not environment.claimed
    assert recorded(environment) == record("ready")
    assert os.path.isdir(environment.path)


def test_a_release_without_a_directory_leaves_no_record(environment: Environment) -> None:
    claim(environment)

    environment.release()

    assert not environment.claimed
    assert recorded(environment) is None


def test_a_release_of_a_directory_that_is_no_environment_leaves_no_record(environment: Environment) -> None:
    claim(environment)
    os.makedirs(os.path.join(environment.path, "log"))

    environment.release()

    assert recorded(environment) is None
    assert os.path.isdir(os.path.join(environment.path, "log"))


def test_a_release_of_a_half_made_environment_leaves_the_record_of_its_creation(
    environment: Environment, make_environment: Maker
) -> None:
    claim(environment)
    make_environment(Path(environment.path))

    environment.release()

    assert recorded(environment) == record("creating")


def test_releasing_what_is_not_claimed_does_nothing(environment: Environment, make_environment: Maker) -> None:
    write_record(environment, json.dumps(record("ready")))

    environment.release()

    assert recorded(environment) == record("ready")


def test_a_release_that_cannot_remove_the_record_still_frees_the_environment(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str) -> NoReturn:
        raise PermissionError(13, "", path)

    claim(environment)
    monkeypatch.setattr(os, "unlink", refuse)

    with pytest.raises((OSError, StoreError)):
        environment.release()

    monkeypatch.undo()
    assert not environment.claimed


def test_a_damaged_record_is_replaced(environment: Environment) -> None:
    write_record(environment, "{")
    with pytest.raises(DamagedRecordError):
        environment.read()

    claim(environment)

    assert recorded(environment) == record("creating")


def test_a_newer_record_is_not_replaced(environment: Environment) -> None:
    write_record(environment, '{"schema": 2}')

    with pytest.raises(NewerRecordError):
        claim(environment)

    assert recorded(environment) == {"schema": 2}
    assert not environment.claimed
    assert environment.holder_elsewhere() is None


def test_a_seal_of_an_environment_that_was_made_anew_records_the_new_one(
    environment: Environment, make_environment: Maker
) -> None:
    claim(environment)
    path = make_environment(Path(environment.path))
    environment.seal()
    (path / "pyvenv.cfg").write_text("version_info = 3.13.0\n")
    os.utime(path / "pyvenv.cfg", (MADE, MADE + 1))

    environment.seal()

    assert recorded(environment) == {**record("ready"), "created": MADE + 1, "python": "3.13.0"}


def test_a_seal_of_an_environment_whose_python_nobody_can_tell_records_none(environment: Environment) -> None:
    claim(environment)
    marker = Path(environment.path, "pyvenv.cfg")
    marker.parent.mkdir(parents=True)
    marker.touch()
    os.utime(marker, (MADE, MADE))

    environment.seal()

    assert recorded(environment) == {**record("ready"), "python": None}


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        pytest.param(TOUCH_INTERVAL + 1, NOON + TOUCH_INTERVAL + 1, id="an old use is replaced"),
        pytest.param(TOUCH_INTERVAL, NOON, id="a recent use is left"),
        pytest.param(0, NOON, id="a present use is left"),
        pytest.param(-TOUCH_INTERVAL, NOON, id="a use in the near future is left"),
        pytest.param(-TOUCH_INTERVAL - 1, NOON - TOUCH_INTERVAL - 1, id="a use in the far future is replaced"),
    ],
)
def test_a_touch_records_the_use_once_in_a_while(
    later: int, expected: float, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_record(environment, json.dumps(record("ready")))
    use_at(environment, NOON)
    monkeypatch.setattr(clock, "seconds", lambda: NOON + later)

    environment.touch()

    assert last_use(environment) == expected


def test_a_seal_is_a_use(environment: Environment, make_environment: Maker) -> None:
    claim(environment)
    make_environment(Path(environment.path))
    use_at(environment, MADE)

    environment.seal()

    assert (last_use(environment) or 0) > MADE


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(json.dumps({"schema": 1, "runner": "tox", "name": "a", "state": "ready"}), id="a record"),
        pytest.param(json.dumps({"schema": 1, "runner": "tox", "name": "a", "state": "creating"}), id="a creation"),
        pytest.param("{", id="a damaged record"),
        pytest.param('{"schema": 2}', id="a newer record"),
    ],
)
def test_a_touch_changes_nothing_but_the_time_of_the_file(content: str, environment: Environment) -> None:
    write_record(environment, content)
    use_at(environment, MADE)
    before = os.stat(environment.record_path)

    environment.touch()

    after = os.stat(environment.record_path)
    assert Path(environment.record_path).read_text() == content
    assert (after.st_ino, after.st_mtime) == (before.st_ino, NOON)
    assert listing(Path(environment.record_path).parent) == {"py312.json"}


def test_a_touch_needs_no_claim(environment: Environment, home_of: Home, make_environment: Maker) -> None:
    claim(environment)
    make_environment(Path(environment.path))
    environment.seal()
    use_at(environment, MADE)

    home_of.environment("tox", "py312").touch()

    assert last_use(environment) == NOON


def test_a_touch_makes_no_record(environment: Environment, store: Path) -> None:
    environment.touch()

    assert not store.exists()


@posix_only
@pytest.mark.parametrize("there", [True, False], ids=["to a file", "to nothing"])
def test_a_touch_does_not_follow_a_link(
    there: bool,  # noqa: FBT001
    environment: Environment,
    base: Path,
) -> None:
    elsewhere = base / "elsewhere"
    if there:
        elsewhere.touch()
        os.utime(elsewhere, (MADE, MADE))
    Path(environment.record_path).parent.mkdir(parents=True)
    Path(environment.record_path).symlink_to(elsewhere)

    environment.touch()

    assert elsewhere.exists() == there
    assert not there or elsewhere.stat().st_mtime == MADE


def test_a_touch_that_is_refused_is_an_error_of_the_store(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: str, *_: object, **__: object) -> NoReturn:
        raise PermissionError(13, "", path)

    write_record(environment, json.dumps(record("ready")))
    use_at(environment, MADE)
    monkeypatch.setattr(os, "utime", refuse)

    with pytest.raises(StoreError) as caught:
        environment.touch()

    assert caught.value.message == f"cannot write `{environment.record_path}`: permission denied"


def test_a_claim_waits_while_somebody_holds_the_home(
    environment: Environment, home_of: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = home_lock(home_of)
    lock.acquire(on_wait=lambda: None, cancelled=lambda: False)
    during: list[object] = []

    def give_back() -> None:
        during.extend([environment.claimed, recorded(environment)])
        lock.release()

    meanwhile(give_back, monkeypatch)

    claim(environment)

    assert during == [False, None]
    assert environment.claimed
    assert recorded(environment) == record("creating")


def test_a_claim_holds_the_home_for_a_moment_only(environment: Environment, home_of: Home) -> None:
    claim(environment)

    assert not home_lock(home_of).held_elsewhere()


def test_a_claim_that_waits_for_the_environment_does_not_hold_the_home(environment: Environment, home_of: Home) -> None:
    claim(environment)
    seen: list[bool] = []

    def cancelled() -> bool:
        seen.append(home_lock(home_of).held_elsewhere())
        return len(seen) == 2

    with pytest.raises(WaitCancelledError):
        home_of.environment("tox", "py312").claim("py312", on_wait=lambda _: None, cancelled=cancelled)

    assert seen == [False, False]


@posix_only
def test_a_home_that_went_away_while_a_claim_waited_for_it_is_made_anew(
    environment: Environment, home_of: Home, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = home_lock(home_of)
    lock.acquire(on_wait=lambda: None, cancelled=lambda: False)

    def remove_home() -> None:
        os.rename(home_of.path, base / "trash")
        lock.release()

    waits = meanwhile(remove_home, monkeypatch)

    claim(environment)

    assert waits
    assert home_of.check()
    assert recorded(environment) == record("creating")
    assert home_of.environment("tox", "py312").holder_elsewhere() is not None
    assert not (base / "trash" / ".central-venv" / "tox").exists()


@posix_only
def test_a_home_that_went_away_while_a_claim_waited_for_the_environment_is_made_anew(
    environment: Environment, home_of: Home, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = home_of.environment("tox", "py312")
    claim(first)

    waits = meanwhile(lambda: os.rename(home_of.path, base / "trash"), monkeypatch)
    environment.claim("py312", on_wait=lambda _: None)

    assert waits
    assert home_of.check()
    assert recorded(environment) == record("creating")
    assert home_of.environment("tox", "py312").holder_elsewhere() is not None


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        pytest.param(["/usr/bin/tox", "run"], "tox run", id="a program without its directory"),
        pytest.param(["tox", "run", "--", "--password", "secret"], "tox run", id="nothing behind two dashes"),
        pytest.param(["tox"], "tox", id="a program alone"),
        pytest.param(["tox", "a b"], "tox a b", id="words as they are"),
        pytest.param(["tox", "--token=secret"], "tox --token=…", id="no value of an option"),
    ],
)
def test_the_holder_says_how_it_was_called(
    argv: list[str], command: str, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", argv)

    claim(environment)

    assert recorded(environment) == record("creating", command=command)


def start_claimant(home: Home, code: str = CLAIM) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, home.store.path, home.root],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )


def line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().rstrip("\n")


def test_a_waiting_process_is_told_who_has_the_environment(environment: Environment, home_of: Home) -> None:
    claim(environment)
    with start_claimant(home_of) as other:
        waiting = line(other)
        environment.release()
        claimed = line(other)
        other.kill()

    assert waiting == f"waiting for `tox run -e py312` (process {os.getpid()} on {host.name()})"
    assert claimed == "claimed"


@pytest.mark.parametrize(
    ("holder", "named"),
    [
        (Holder(123, "laptop", "tox run"), "`tox run` (process 123 on laptop)"),
        (None, "another process"),
    ],
    ids=["known", "unknown"],
)
def test_the_user_is_told_what_a_process_waits_for(holder: Holder | None, named: str, environment: Environment) -> None:
    assert environment.wait_message(holder) == f"waiting for environment {environment.path}, in use by {named}"


def test_a_run_in_a_claimed_environment_knows_that_an_outer_run_has_it(
    environment: Environment, home_of: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(environment)
    other = home_of.environment("tox", "py313")
    other.claim("py313", on_wait=refuse_to_wait)
    for name, value in environment.command_variables.items():
        monkeypatch.setenv(name, value)

    again = [home_of.environment("tox", name).held_by_outer_run for name in ("py312", "py313")]

    assert again == [True, False]
    assert os.environ["CENTRAL_VENV_HOME"] == home_of.store.path


def test_an_environment_exists_where_its_directory_holds_one(environment: Environment, make_environment: Maker) -> None:
    before = environment.exists
    os.makedirs(environment.path)
    empty = environment.exists
    make_environment(Path(environment.path))

    assert (before, empty, environment.exists) == (False, False, True)


def test_the_holder_in_another_process_is_known_as_long_as_it_lives(environment: Environment, home_of: Home) -> None:
    with start_claimant(home_of) as other:
        assert line(other) == "claimed"
        during = environment.holder_elsewhere()
        other.kill()
        other.wait()
        after = environment.holder_elsewhere()

    assert during is not None
    assert during.pid == other.pid
    assert after is None


def test_a_wait_that_is_cancelled_leaves_the_record_to_its_holder(environment: Environment, home_of: Home) -> None:
    with start_claimant(home_of) as other:
        assert line(other) == "claimed"
        before = recorded(environment)
        told: list[Holder | None] = []
        with pytest.raises(WaitCancelledError):
            environment.claim("other name", on_wait=told.append, cancelled=lambda: True)
        after = recorded(environment)
        other.kill()

    assert before == after
    assert not environment.claimed
    assert [holder and holder.pid for holder in told] == [other.pid]


def test_a_holder_whose_record_is_damaged_is_unknown(environment: Environment, home_of: Home) -> None:
    claim(environment)
    write_record(environment, "{")
    told: list[Holder | None] = []

    with pytest.raises(WaitCancelledError):
        home_of.environment("tox", "py312").claim("py312", on_wait=told.append, cancelled=lambda: True)

    assert told == [None]


def test_a_failed_claim_is_no_claim(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    from central_venv.store import environment as module

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    monkeypatch.setattr(module, "write_environment", interrupt)

    with pytest.raises(KeyboardInterrupt):
        claim(environment)

    assert not environment.claimed
    assert recorded(environment) is None


@pytest.mark.parametrize("act", ["seal", "release"])
def test_a_record_that_cannot_be_removed_is_an_error_of_the_store(
    act: str, project: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = Home(Store(str(store)), str(project)).environment("tox", "py312")
    environment.claim("py312", on_wait=lambda _: None)

    def refuse(path: str) -> None:
        raise OSError(30, "", path)

    monkeypatch.setattr(os, "unlink", refuse)

    with pytest.raises(StoreError, match="cannot remove"):
        getattr(environment, act)()


# what an interrupted creation left


def break_off(environment: Environment) -> Path:
    """A runner fails while it makes an environment; what it made so far stays."""
    claim(environment)
    path = write_tree(Path(environment.path), {"pyvenv.cfg": "version_info = 3.12.1\n", "lib/half.py": "half"})
    environment.release()
    return path


def trash_of(environment: Environment) -> list[str]:
    return os.listdir(layout.trash_directory(environment.store))


def test_an_environment_knows_its_store(environment: Environment, store: Path) -> None:
    assert environment.store == str(store)


def test_a_project_environment_knows_its_store(home_of: Home, store: Path) -> None:
    assert home_of.environment("project", ".venv").store == str(store)


def test_a_first_claim_interrupts_nothing(environment: Environment) -> None:
    claim(environment)

    assert not environment.interrupted


def test_nothing_is_known_of_an_interruption_before_the_claim(environment: Environment) -> None:
    write_record(environment, json.dumps(record("creating")))

    assert not environment.interrupted


def test_a_creation_that_was_not_sealed_was_interrupted(environment: Environment, home_of: Home) -> None:
    break_off(environment)
    next_one = home_of.environment("tox", "py312")

    claim(next_one)

    assert next_one.interrupted


def test_a_creation_whose_process_was_killed_was_interrupted(environment: Environment, home_of: Home) -> None:
    with start_claimant(home_of) as other:
        assert line(other) == "claimed"
        other.kill()
        other.wait()

    claim(environment)

    assert environment.interrupted


def test_a_change_whose_process_was_killed_was_interrupted(
    environment: Environment, home_of: Home, make_environment: Maker
) -> None:
    claim(environment)
    make_environment(Path(environment.path))
    environment.seal()
    environment.release()
    with start_claimant(home_of) as other:
        assert line(other) == "claimed"
        other.kill()
        other.wait()

    claim(environment)

    assert environment.interrupted


def test_a_process_that_waited_for_a_killed_one_knows_of_the_interruption(
    environment: Environment, home_of: Home
) -> None:
    told: list[Holder | None] = []
    with start_claimant(home_of) as other:
        assert line(other) == "claimed"

        def kill(holder: Holder | None) -> None:
            told.append(holder)
            other.kill()

        environment.claim("py312", on_wait=kill)

    assert len(told) == 1
    assert environment.interrupted


def test_a_creation_that_was_sealed_was_not_interrupted(environment: Environment, make_environment: Maker) -> None:
    claim(environment)
    make_environment(Path(environment.path))
    environment.seal()
    environment.release()

    claim(environment)

    assert not environment.interrupted


def test_a_claim_that_led_to_nothing_was_not_interrupted(environment: Environment) -> None:
    claim(environment)
    environment.release()

    claim(environment)

    assert not environment.interrupted


def test_a_second_claim_by_the_same_run_does_not_take_the_first_for_interrupted(environment: Environment) -> None:
    claim(environment)
    claim(environment)

    assert not environment.interrupted


def test_an_interruption_is_told_by_the_next_claim_only(environment: Environment, make_environment: Maker) -> None:
    break_off(environment)
    claim(environment)
    make_environment(Path(environment.path))
    environment.seal()
    environment.release()

    claim(environment)

    assert not environment.interrupted


def test_a_damaged_record_tells_of_no_interruption(environment: Environment) -> None:
    write_record(environment, "{")

    claim(environment)

    assert not environment.interrupted


@pytest.mark.parametrize(
    ("runner", "directory"), [("tox", "py312"), ("nox", "tests-3-12"), ("project", ".venv"), ("project", ".venv-3.12")]
)
def test_what_is_discarded_is_gone(runner: str, directory: str, home_of: Home) -> None:
    environment = home_of.environment(runner, directory)
    path = break_off(environment)
    claim(environment)

    environment.discard()

    assert not os.path.lexists(path)
    assert environment.claimed
    assert trash_of(environment) == []


def test_nothing_but_the_environment_is_discarded(
    environment: Environment, home_of: Home, project: Path, make_environment: Maker
) -> None:
    claim(environment)
    others = [home_of.environment("tox", "py313"), home_of.environment("project", ".venv")]
    for other in others:
        claim(other)
        make_environment(Path(other.path))
    before = contents(Path(environment.store)), contents(project)
    write_tree(Path(environment.path), {"lib/half.py": "half"})

    environment.discard()

    assert (contents(Path(environment.store)), contents(project)) == before


def test_a_discarded_environment_can_be_made_anew(environment: Environment, make_environment: Maker) -> None:
    break_off(environment)
    claim(environment)
    environment.discard()
    path = make_environment(Path(environment.path))

    environment.seal()

    assert recorded(environment) == record("ready")
    assert listing(path) == {"pyvenv.cfg", "bin", "bin/python"} or sys.platform == "win32"


def test_the_record_says_that_creation_goes_on_after_a_discard(environment: Environment) -> None:
    break_off(environment)
    claim(environment)

    environment.discard()

    assert recorded(environment) == record("creating")


def test_a_discard_that_is_interrupted_is_done_again(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    from central_venv.store import descent

    def interrupt(*_: object) -> NoReturn:
        raise KeyboardInterrupt

    path = break_off(environment)
    claim(environment)
    with monkeypatch.context() as patch:
        patch.setattr(descent, "rename", interrupt)
        with pytest.raises(KeyboardInterrupt):
            environment.discard()
    environment.release()
    claim(environment)
    again = environment.interrupted

    environment.discard()

    assert again
    assert not os.path.lexists(path)
    assert trash_of(environment) == []


def test_where_nothing_was_made_nothing_is_discarded(environment: Environment) -> None:
    claim(environment)
    before = contents(Path(environment.store))

    environment.discard()

    assert contents(Path(environment.store)) == before


@posix_only
def test_a_link_in_a_discarded_environment_is_not_followed(environment: Environment, base: Path) -> None:
    precious = write_tree(base / "precious", {"a/b": "1"})
    path = break_off(environment)
    (path / "link").symlink_to(precious)
    claim(environment)

    environment.discard()

    assert not os.path.lexists(path)
    assert listing(precious) == {"a", "a/b"}


@posix_only
@pytest.mark.parametrize("place", [".tox/py312", ".tox"])
@pytest.mark.parametrize("kind", ["link", "broken link", "loop", "file"])
def test_what_is_no_directory_is_told_and_stays(
    kind: str, place: str, environment: Environment, home_of: Home, base: Path
) -> None:
    precious = write_tree(base / "precious", {"py312/pyvenv.cfg": "", "pyvenv.cfg": ""})
    claim(environment)
    path = Path(home_of.path, place)
    path.parent.mkdir(exist_ok=True)
    if kind == "file":
        path.write_text("precious")
    else:
        path.symlink_to({"link": precious, "broken link": base / "nowhere", "loop": path}[kind])
    before = contents(Path(environment.store)), contents(precious)

    with pytest.raises(StoreError) as caught:
        environment.discard()

    assert caught.value.message == f"`{environment.path}` is no directory, or behind a link, so it cannot be removed"
    assert caught.value.hint == "remove that file or link; a directory is made in its place"
    assert (contents(Path(environment.store)), contents(precious)) == before


@posix_only
def test_a_home_that_became_a_link_is_not_followed(environment: Environment, home_of: Home, base: Path) -> None:
    break_off(environment)
    claim(environment)
    os.rename(home_of.path, base / "elsewhere")
    os.symlink(base / "elsewhere", home_of.path)

    with pytest.raises(StoreError, match="behind a link"):
        environment.discard()

    assert (base / "elsewhere" / ".tox" / "py312" / "lib" / "half.py").exists()


@posix_only
def test_what_lies_in_a_store_that_is_a_link_can_be_discarded(project: Path, base: Path) -> None:
    (base / "real").mkdir()
    (base / "link").symlink_to(base / "real")
    environment = Home(Store(str(base / "link")), str(project)).environment("tox", "py312")
    path = break_off(environment)
    claim(environment)

    environment.discard()

    assert not os.path.lexists(path)
    assert trash_of(environment) == []


def test_a_mount_point_is_told_and_stays(environment: Environment) -> None:
    path = break_off(environment)
    claim(environment)
    try:
        with mounted(path, "size=64k"):
            write_tree(path, {"precious": "1"})

            with pytest.raises(StoreError, match=f"cannot remove `{path}`: device or resource busy"):
                environment.discard()

            assert (path / "precious").read_text() == "1"
    except PermissionError as error:
        pytest.skip(f"this user may not mount: {error}")


def test_what_is_mounted_in_a_discarded_environment_is_not_emptied(environment: Environment) -> None:
    path = break_off(environment)
    claim(environment)
    try:
        with mounted(path / "mount", "size=64k") as disk:
            write_tree(disk, {"precious": "1"})

            environment.discard()

            (precious,) = Path(layout.trash_directory(environment.store)).rglob("precious")
            assert precious.read_text() == "1"
            assert not os.path.lexists(path)
            precious.parents[1].rename(path)  # to where it can be unmounted
    except PermissionError as error:
        pytest.skip(f"this user may not mount: {error}")


def test_on_a_full_disk_an_environment_can_be_discarded(project: Path, small_disk: Path) -> None:
    environment = Home(Store(str(small_disk / "store")), str(project)).environment("tox", "py312")
    path = break_off(environment)
    claim(environment)
    with suppress(OSError), open(path / "fill", "wb", buffering=0) as file:
        while True:
            file.write(b"x" * 4096)

    environment.discard()

    assert not os.path.lexists(path)
    assert trash_of(environment) == []
    (small_disk / "room").write_bytes(b"x" * 8192)


def test_on_a_read_only_disk_a_discard_is_told(environment: Environment, monkeypatch: pytest.MonkeyPatch) -> None:
    from central_venv.store import descent

    def refuse(*_: object) -> NoReturn:
        raise OSError(30, "")

    path = break_off(environment)
    claim(environment)
    monkeypatch.setattr(descent, "rename", refuse)

    with pytest.raises(StoreError) as caught:
        environment.discard()

    assert caught.value.message == f"cannot remove `{path}`: read-only file system"
    assert caught.value.hint == (
        "the file system is read-only: set `CENTRAL_VENV_HOME` to a directory that you can write"
    )
    assert path.is_dir()


@posix_only
def test_a_trash_that_is_a_link_keeps_a_discard_from_writing_there(environment: Environment, base: Path) -> None:
    precious = write_tree(base / "precious", {"a/b": "1"})
    path = break_off(environment)
    claim(environment)
    os.rmdir(layout.trash_directory(environment.store))
    os.symlink(precious, layout.trash_directory(environment.store))

    with pytest.raises(StoreError, match="is not a directory, so nothing can be removed"):
        environment.discard()

    assert path.is_dir()
    assert listing(precious) == {"a", "a/b"}


def test_what_cannot_be_deleted_is_out_of_the_way_all_the_same(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    unlink = os.unlink

    def refuse(path: str, *, dir_fd: int | None = None) -> None:
        if os.path.basename(path) == "half.py":
            raise PermissionError(1, "")
        unlink(path, dir_fd=dir_fd)

    path = break_off(environment)
    claim(environment)
    with monkeypatch.context() as patch:
        patch.setattr(os, "unlink", refuse)
        environment.discard()

    assert not os.path.lexists(path)
    assert [path.name for path in Path(layout.trash_directory(environment.store)).rglob("*.py")] == ["half.py"]


@posix_only
@pytest.mark.parametrize("mine", [True, False], ids=["one's own and read-only", "another user's"])
def test_what_a_user_may_not_write_is_discarded(mine: bool) -> None:  # noqa: FBT001
    if not mine and os.getuid() != 0:
        pytest.skip("only root can make something another user's")
    directory = Path(os.path.realpath(tempfile.mkdtemp(dir="/tmp")))
    directory.chmod(0o755)
    try:
        project = write_tree(directory / "project", {"pyproject.toml": ""})
        environment = Home(Store(str(directory / "store")), str(project)).environment("tox", "py312")
        path = break_off(environment)

        done = subprocess.run(
            [sys.executable, "-c", DISCARD_UNPRIVILEGED, environment.store, project, str(mine)],
            capture_output=True,
            text=True,
            check=False,
            cwd="/",
        )

        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
        assert not os.path.lexists(path)
        assert (trash_of(environment) == []) == mine
    finally:
        shutil.rmtree(directory)


# which Python was asked for


def make_ready(environment: Environment, make: Maker, *, request: str | None = None) -> Path:
    """A runner makes an environment and ends."""
    claim(environment, request=request)
    path = make(Path(environment.path))
    environment.seal()
    environment.release()
    return path


def test_a_claim_records_the_python_that_is_asked_for(environment: Environment) -> None:
    claim(environment, request="3.12")

    assert recorded(environment) == {**record("creating"), "request": "3.12"}


def test_a_seal_keeps_the_python_that_was_asked_for(environment: Environment, make_environment: Maker) -> None:
    claim(environment, request="3.12")
    make_environment(Path(environment.path))

    environment.seal()
    environment.seal()

    assert recorded(environment) == {**record("ready"), "request": "3.12"}


@pytest.mark.parametrize("request_", ["3.13", None])
def test_a_claim_knows_nothing_of_what_was_asked_for_before(
    request_: str | None, environment: Environment, make_environment: Maker
) -> None:
    make_ready(environment, make_environment, request="3.12")

    claim(environment, request=request_)

    found = environment.read()
    assert found is not None
    assert found.request == request_


def test_a_change_that_failed_before_it_began_leaves_what_was_asked_for_before(
    environment: Environment, make_environment: Maker
) -> None:
    make_ready(environment, make_environment, request="3.12")
    claim(environment, request="3.13")

    environment.restore_record()

    assert recorded(environment) == {**record("ready"), "request": "3.12"}


# whether there was a record


def test_before_a_first_claim_nothing_was_recorded(environment: Environment) -> None:
    claim(environment)

    assert not environment.recorded


@pytest.mark.parametrize("state", ["ready", "creating"])
def test_whether_there_is_a_record_or_was_one_before_a_claim(state: str, environment: Environment) -> None:
    write_record(environment, json.dumps(record(state)))
    before = environment.recorded

    claim(environment)

    assert (before, environment.recorded) == (True, True)


def test_a_second_claim_by_the_same_run_does_not_take_the_firsts_record_for_an_older_one(
    environment: Environment,
) -> None:
    claim(environment)
    claim(environment)

    assert not environment.recorded


def test_a_claim_that_led_to_nothing_was_not_recorded(environment: Environment) -> None:
    claim(environment)
    environment.release()

    claim(environment)

    assert not environment.recorded


# whether an environment can be used as it is


def test_where_nothing_is_nothing_is_ready(environment: Environment, store: Path) -> None:
    assert not environment.is_ready()
    assert not store.exists()


def test_what_was_sealed_is_ready(environment: Environment, make_environment: Maker) -> None:
    make_ready(environment, make_environment)

    assert environment.is_ready()


@pytest.mark.parametrize("request_", ["3.12", None])
def test_what_nobody_recorded_is_ready(request_: str | None, environment: Environment, make_environment: Maker) -> None:
    make_environment(Path(environment.path))

    assert environment.is_ready(request_)


def test_a_record_alone_is_not_ready(environment: Environment) -> None:
    write_record(environment, json.dumps(record("ready")))

    assert not environment.is_ready()


def test_what_was_released_half_made_is_not_ready(environment: Environment) -> None:
    break_off(environment)

    assert not environment.is_ready()


def test_what_another_process_is_making_is_not_ready(
    environment: Environment, home_of: Home, make_environment: Maker
) -> None:
    with start_claimant(home_of) as other:
        assert line(other) == "claimed"
        make_environment(Path(environment.path))

        ready = environment.is_ready()
        other.kill()

    assert not ready


@pytest.mark.parametrize(
    ("made", "asked", "ready"),
    [
        pytest.param("3.12", "3.12", True, id="the same Python"),
        pytest.param("3.12", "3.13", False, id="another Python"),
        pytest.param("3.12", "python3.12", False, id="the same in other words"),
        pytest.param("3.12", "", False, id="no Python any more"),
        pytest.param("", "3.12", False, id="a Python for the first time"),
        pytest.param("", "", True, id="no Python as before"),
        pytest.param("3.12", None, True, id="a runner that does not say"),
        pytest.param(None, "3.12", True, id="a runner that did not say"),
    ],
)
@pytest.mark.parametrize("claimed", [False, True], ids=["without a claim", "with a claim"])
def test_an_environment_that_was_made_for_another_python_is_not_ready(
    made: str | None,
    asked: str | None,
    ready: bool,  # noqa: FBT001
    claimed: bool,  # noqa: FBT001
    environment: Environment,
    make_environment: Maker,
) -> None:
    make_ready(environment, make_environment, request=made)
    if claimed:
        claim(environment, request=asked)

    assert environment.is_ready(asked) is ready


@pytest.mark.parametrize("claimed", [False, True], ids=["without a claim", "with a claim"])
@pytest.mark.parametrize("missing", ["pyvenv.cfg", INTERPRETER])
def test_an_environment_without_an_essential_file_is_not_ready(
    missing: str,
    claimed: bool,  # noqa: FBT001
    environment: Environment,
    make_environment: Maker,
) -> None:
    (make_ready(environment, make_environment) / missing).unlink()
    if claimed:
        claim(environment)

    assert not environment.is_ready()


@posix_only
def test_an_environment_whose_python_was_uninstalled_is_not_ready(
    environment: Environment, make_environment: Maker, base: Path
) -> None:
    interpreter = make_ready(environment, make_environment) / INTERPRETER
    interpreter.unlink()
    interpreter.symlink_to(base / "uninstalled" / "python")

    assert not environment.is_ready()


@posix_only
def test_a_link_to_an_environment_is_not_ready(environment: Environment, make_environment: Maker, base: Path) -> None:
    Path(environment.path).parent.mkdir(parents=True)
    Path(environment.path).symlink_to(make_environment(base / "elsewhere"))

    assert not environment.is_ready()


def test_an_environment_whose_record_is_damaged_is_taken_for_one_that_nobody_recorded(
    environment: Environment, make_environment: Maker
) -> None:
    make_ready(environment, make_environment, request="3.12")
    write_record(environment, "{")

    assert environment.is_ready("3.13")


def test_whether_an_environment_is_ready_is_left_to_a_newer_version(
    environment: Environment, make_environment: Maker
) -> None:
    make_ready(environment, make_environment)
    write_record(environment, '{"schema": 2}')

    with pytest.raises(NewerRecordError):
        environment.is_ready()


def test_asking_whether_an_environment_is_ready_changes_nothing(
    environment: Environment, make_environment: Maker
) -> None:
    make_ready(environment, make_environment)
    use_at(environment, MADE)
    before = contents(Path(environment.store))

    environment.is_ready()

    assert contents(Path(environment.store)) == before
    assert last_use(environment) == MADE


def test_a_claimed_environment_is_ready_if_it_was_before(environment: Environment, make_environment: Maker) -> None:
    make_ready(environment, make_environment)

    claim(environment)
    first = environment.is_ready()
    claim(environment)

    assert (first, environment.is_ready()) == (True, True)
    assert recorded(environment) == record("creating")


def test_a_claimed_environment_that_was_half_made_before_is_not_ready(
    environment: Environment, make_environment: Maker
) -> None:
    make_environment(break_off(environment))

    claim(environment)

    assert not environment.is_ready()


def test_a_claimed_environment_that_nobody_recorded_before_is_ready(
    environment: Environment, make_environment: Maker
) -> None:
    make_environment(Path(environment.path))

    claim(environment)

    assert environment.is_ready()


def test_a_claimed_environment_that_was_discarded_is_not_ready(
    environment: Environment, make_environment: Maker
) -> None:
    make_ready(environment, make_environment)
    claim(environment)

    environment.discard()

    assert not environment.is_ready()


def test_what_another_run_made_while_a_claim_waited_for_it_is_ready(
    environment: Environment, home_of: Home, make_environment: Maker
) -> None:
    other = home_of.environment("tox", "py312")
    claim(other, request="3.12")

    def finish(_: Holder | None) -> None:
        make_environment(Path(other.path))
        other.seal()
        other.release()

    environment.claim("py312", on_wait=finish, request="3.12")

    assert environment.is_ready("3.12")
    assert environment.recorded


def test_what_another_run_gave_up_while_a_claim_waited_for_it_is_not_ready(
    environment: Environment, home_of: Home, make_environment: Maker
) -> None:
    other = home_of.environment("tox", "py312")
    claim(other)

    def give_up(_: Holder | None) -> None:
        make_environment(Path(other.path))
        other.release()

    environment.claim("py312", on_wait=give_up)

    assert not environment.is_ready()


# use beside others


def use(environment: Environment) -> bool:
    return environment.use(on_wait=refuse_to_wait)


def marks(environment: Environment) -> list[str]:
    directory = Path(environment.uses.directory)
    return sorted(path.name for path in directory.iterdir()) if directory.exists() else []


def test_a_use_is_marked_and_claims_nothing(environment: Environment, home_of: Home, make_environment: Maker) -> None:
    make_ready(environment, make_environment)
    before = recorded(environment)

    use(environment)

    (mark,) = marks(environment)
    assert mark.startswith(f"{os.getpid()}-")
    assert not environment.claimed
    assert recorded(environment) == before
    assert home_of.environment("tox", "py312").holder_elsewhere() is None
    assert not home_lock(home_of).held_elsewhere()


def test_a_use_again_is_marked_once(environment: Environment) -> None:
    use(environment)
    before = marks(environment)

    use(environment)

    assert marks(environment) == before


def test_processes_use_an_environment_beside_each_other(environment: Environment, home_of: Home) -> None:
    with start_claimant(home_of, USE) as first, start_claimant(home_of, USE) as second:
        said = line(first), line(second)
        use(environment)
        pids = {int(mark.partition("-")[0]) for mark in marks(environment)}
        expected = {os.getpid(), first.pid, second.pid}
        first.kill()
        second.kill()

    assert said == ("used", "used")
    assert pids == expected


def test_a_use_is_known_to_a_claim_until_its_process_ends(environment: Environment, home_of: Home) -> None:
    with start_claimant(home_of, USE) as other:
        assert line(other) == "used"
        claim(environment)
        during = environment.uses.by_others()
        other.communicate("\n")
        after = environment.uses.by_others()

    assert (during, after) == (True, False)
    assert marks(environment) == []


def test_a_use_ends_before_its_process_if_that_says_so(environment: Environment, home_of: Home) -> None:
    use(environment)

    environment.uses.end()

    assert marks(environment) == []
    assert not home_of.environment("tox", "py312").uses.by_others()


def test_a_use_waits_for_a_claim_and_is_told_who_has_it(environment: Environment, home_of: Home) -> None:
    claim(environment)
    with start_claimant(home_of, USE) as other:
        waiting = line(other)
        during = marks(environment)
        environment.release()
        said = line(other)
        after = len(marks(environment))
        other.kill()

    assert waiting == f"waiting for `tox run -e py312` (process {os.getpid()} on {host.name()})"
    assert (during, said, after) == ([], "used", 1)


def test_a_use_that_waited_for_a_process_begins_when_that_is_killed(environment: Environment, home_of: Home) -> None:
    told: list[Holder | None] = []
    with start_claimant(home_of) as other:
        assert line(other) == "claimed"

        def kill(holder: Holder | None) -> None:
            told.append(holder)
            other.kill()

        environment.use(on_wait=kill)

    assert [holder and holder.pid for holder in told] == [other.pid]
    assert len(marks(environment)) == 1


@pytest.mark.parametrize(("asked", "complete"), [(None, True), ("3.12", True), ("3.13", False)])
def test_a_use_tells_whether_the_environment_is_what_is_asked_for(
    asked: str | None, *, complete: bool, environment: Environment, make_environment: Maker
) -> None:
    make_ready(environment, make_environment, request="3.12")

    assert environment.use(asked, on_wait=refuse_to_wait) is complete


def test_a_use_tells_that_a_creation_was_interrupted(environment: Environment, make_environment: Maker) -> None:
    claim(environment)
    make_environment(Path(environment.path))
    environment.release()

    assert not environment.use(on_wait=refuse_to_wait)


def test_a_use_beside_an_own_claim_leaves_that_to_its_owner(environment: Environment, make_environment: Maker) -> None:
    claim(environment)
    make_environment(Path(environment.path))
    environment.seal()

    assert environment.use(on_wait=refuse_to_wait)


def test_a_use_that_is_cancelled_is_not_marked(environment: Environment, home_of: Home) -> None:
    with start_claimant(home_of) as other:
        assert line(other) == "claimed"
        told: list[Holder | None] = []
        with pytest.raises(WaitCancelledError):
            environment.use(on_wait=told.append, cancelled=lambda: True)
        holder = environment.holder_elsewhere()
        other.kill()

    assert [each and each.pid for each in told] == [other.pid]
    assert holder is not None
    assert marks(environment) == []


@pytest.mark.parametrize(("used", "expected"), [(MADE, NOON), (NOON - 1, NOON - 1)], ids=["long ago", "just now"])
def test_a_use_is_recorded_as_a_touch_is(
    used: float, expected: float, environment: Environment, make_environment: Maker
) -> None:
    make_ready(environment, make_environment)
    use_at(environment, used)

    use(environment)

    assert last_use(environment) == expected


def test_a_use_makes_no_record(environment: Environment, make_environment: Maker) -> None:
    make_environment(Path(environment.path))

    use(environment)

    assert recorded(environment) is None
    assert len(marks(environment)) == 1


def test_a_use_leaves_a_damaged_record(environment: Environment) -> None:
    write_record(environment, "{")

    use(environment)

    assert Path(environment.record_path).read_text() == "{"
    assert len(marks(environment)) == 1


def test_a_use_of_what_a_newer_version_recorded_is_refused(environment: Environment) -> None:
    write_record(environment, '{"schema": 2}')

    with pytest.raises(NewerRecordError):
        use(environment)

    assert Path(environment.record_path).read_text() == '{"schema": 2}'
    assert marks(environment) == []


def test_a_use_in_another_projects_home_changes_nothing(environment: Environment, home_of: Home) -> None:
    os.makedirs(home_of.path)
    write_project(home_of.record_path, ProjectRecord(f"{home_of.root}-other"))

    with pytest.raises(HomeConflictError):
        use(environment)

    assert marks(environment) == []
    assert home_of.environment("tox", "py312").holder_elsewhere() is None


@posix_only
def test_a_use_does_not_follow_a_link_in_place_of_the_marks(environment: Environment, base: Path) -> None:
    precious = write_tree(base / "precious", {"a": "1"})
    Path(environment.uses.directory).parent.mkdir(parents=True)
    Path(environment.uses.directory).symlink_to(precious)

    with pytest.raises(HomeConflictError, match="is a link, not a directory"):
        use(environment)

    assert listing(precious) == {"a"}


def test_a_use_that_cannot_be_marked_goes_on_and_leaves_the_environment_free(
    environment: Environment, home_of: Home, make_environment: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.open

    def refuse(path: str, *arguments: int, **options: int) -> int:
        if path.startswith(environment.uses.directory):
            raise OSError(28, "", path)
        return real(path, *arguments, **options)

    make_ready(environment, make_environment)
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        assert use(environment)

    assert not environment.claimed
    claim(home_of.environment("tox", "py312"))


def test_a_use_that_cannot_be_recorded_leaves_no_mark(
    environment: Environment, make_environment: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "")

    make_ready(environment, make_environment)
    os.utime(environment.record_path, (5, 5))
    with monkeypatch.context() as patch:
        patch.setattr(os, "utime", refuse)
        assert use(environment)

    assert marks(environment) == []


def test_a_use_with_a_claim_keeps_the_claim(environment: Environment) -> None:
    claim(environment)

    use(environment)

    assert environment.claimed
    assert len(marks(environment)) == 1


def test_a_note_is_kept_until_the_next_claim(environment: Environment, home_of: Home, make_environment: Maker) -> None:
    claim(environment)
    make_environment(Path(environment.path))
    before = environment.note
    environment.seal("9f86d0")
    environment.release()

    other = home_of.environment("tox", "py312")
    kept = other.note
    claim(other)

    assert (before, kept, other.note) == (None, "9f86d0", None)


def test_a_note_comes_back_with_the_record(environment: Environment, make_environment: Maker) -> None:
    claim(environment)
    make_environment(Path(environment.path))
    environment.seal("9f86d0")
    environment.release()

    claim(environment)
    environment.restore_record()
    environment.release()

    assert environment.note == "9f86d0"


def test_an_environment_that_was_not_recorded_is_not_after_a_change_that_did_not_begin(
    environment: Environment, make_environment: Maker
) -> None:
    make_environment(Path(environment.path))
    claim(environment)
    before = environment.recorded

    environment.restore_record()
    environment.release()

    assert not before
    assert environment.read() is None
    assert environment.is_ready()


def test_who_uses_an_environment_is_told(environment: Environment, home_of: Home, make_environment: Maker) -> None:
    make_ready(environment, make_environment)
    nobody = environment.in_use_by()
    use(home_of.environment("tox", "py312"))

    assert nobody is None
    assert environment.in_use_by() == user_words(os.getpid())


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="the system tells of processes through files")
def test_who_runs_from_an_environment_is_told(environment: Environment, make_environment: Maker) -> None:
    path = make_environment(Path(environment.path))
    python = path / "bin" / "python"
    python.unlink()
    python.symlink_to(os.path.realpath(sys.executable))
    running = subprocess.Popen([python, "-c", "print(); input()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert running.stdout is not None
    running.stdout.readline()

    told = environment.in_use_by()
    running.communicate(b"\n")

    assert told == f"process {running.pid}"


@posix_only
def test_a_home_that_went_away_while_a_use_waited_for_the_environment_is_made_anew(
    environment: Environment, home_of: Home, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(home_of.environment("tox", "py312"))

    waits = meanwhile(lambda: os.rename(home_of.path, base / "trash"), monkeypatch)
    environment.use(on_wait=lambda _: None)

    assert waits
    assert home_of.check()
    assert len(marks(environment)) == 1


def test_a_use_before_anything_else_makes_the_store_whole(environment: Environment, store: Path) -> None:
    environment.use(on_wait=refuse_to_wait)
    environment.uses.end()

    assert {".gitignore", "CACHEDIR.TAG"} <= set(os.listdir(store))


# what is not complete, and a runner would take for a good one


def test_the_record_of_a_creation_that_failed_half_way_does_not_go(
    environment: Environment, make_environment: Maker
) -> None:
    claim(environment)
    make_environment(Path(environment.path))

    unchanged = environment.restore_record()
    environment.release()

    assert not unchanged
    assert recorded_state(environment) == "creating"
    assert not environment.is_ready()


def recorded_state(environment: Environment) -> object:
    fields = recorded(environment)
    return None if fields is None else fields["state"]


@pytest.mark.parametrize("lost", ["bin/python", "pyvenv.cfg"])
@posix_only
def test_what_is_not_complete_is_discarded(environment: Environment, make_environment: Maker, lost: str) -> None:
    claim(environment)
    path = make_environment(Path(environment.path))
    environment.seal()
    environment.release()
    (path / lost).unlink()
    known = environment.lost_python

    claim(environment)
    environment.discard_incomplete()

    assert known is (lost == "bin/python")
    assert not os.path.lexists(path)


def test_what_is_complete_is_not_discarded_unless_another_python_is_asked_for(
    environment: Environment, make_environment: Maker
) -> None:
    claim(environment, request="3.12")
    path = make_environment(Path(environment.path))
    environment.seal()
    environment.release()
    claim(environment, request="3.12")

    environment.discard_incomplete("3.12")
    kept = path.exists()
    environment.discard_incomplete("3.13")

    assert kept
    assert not path.exists()


def test_to_discard_nothing_makes_nothing(environment: Environment) -> None:
    claim(environment)
    before = listing(Path(environment.store))

    environment.discard_incomplete()

    assert listing(Path(environment.store)) == before


def test_what_may_be_a_good_one_to_others_is_not_discarded(
    base: Path, project: Path, mounts: Mounts, make_environment: Maker
) -> None:
    environment = Home(Store(str(mounts.memory(base / "disk", "nosymfollow"))), str(project)).environment("tox", "a")
    claim(environment)
    path = make_environment(Path(environment.path))
    (path / "bin" / "python").unlink()
    (path / "bin" / "python").symlink_to(sys.executable)

    with pytest.raises(StoreError, match=r"cannot be reached: it is a link"):
        environment.discard_incomplete()

    assert path.is_dir()
    assert not environment.lost_python


@posix_only
def test_a_claim_for_a_removal_writes_nothing(environment: Environment, make_environment: Maker) -> None:
    claim(environment)
    make_environment(Path(environment.path))
    environment.seal()
    environment.release()
    before = recorded(environment)

    environment.claim_for_removal(on_wait=refuse_to_wait)
    during = (environment.claimed, environment.is_ready(), recorded(environment))
    environment.discard()
    environment.release()

    assert during == (True, True, before)
    assert recorded(environment) is None
