"""The life of an environment."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from central_venv import Home, Store, clock, host
from central_venv.environment import TOUCH_INTERVAL, Environment
from central_venv.errors import DamagedRecordError, HomeConflictError, NewerRecordError, StoreError, WaitCancelledError
from central_venv.record import ProjectRecord, write_project
from support.trees import listing

if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv import Holder

    Maker = Callable[[Path], Path]

NOON = 1795521600.0
NOON_TEXT = "2026-11-24T12:00:00Z"

CLAIM = """
import sys
from central_venv import Home, Store
environment = Home(Store(sys.argv[1]), sys.argv[2]).environment("tox", "py312")
environment.claim("py312", on_wait=lambda holder: print("waiting for", holder, flush=True))
print("claimed", flush=True)
sys.stdin.readline()
"""


@pytest.fixture
def home_of(project: Path, store: Path) -> Home:
    return Home(Store(str(store)), str(project))


@pytest.fixture
def environment(home_of: Home, monkeypatch: pytest.MonkeyPatch) -> Environment:
    monkeypatch.setattr(clock, "seconds", lambda: NOON)
    monkeypatch.setattr(sys, "argv", ["/usr/bin/tox", "run", "-e", "py312"])
    return home_of.environment("tox", "py312")


def refuse_to_wait(_: Holder | None) -> NoReturn:
    raise AssertionError("nobody should have to wait")


def claim(environment: Environment, name: str = "py312") -> None:
    environment.claim(name, on_wait=refuse_to_wait)


def recorded(environment: Environment) -> dict[str, object] | None:
    path = Path(environment.record_path)
    if not path.exists():
        return None
    fields: dict[str, object] = json.loads(path.read_text())
    return fields


def record(state: str, *, name: str = "py312", last_used: str = NOON_TEXT, command: str = "tox run -e py312") -> object:
    holder = {"pid": os.getpid(), "host": host.name(), "command": command}
    return {"schema": 1, "runner": "tox", "name": name, "state": state, "last_used": last_used, "holder": holder}


def write_record(environment: Environment, content: str) -> None:
    path = Path(environment.record_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(content)


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
    assert environment.state(environment.read()) == "ready"


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


def test_a_release_of_a_half_made_environment_leaves_it_broken(
    environment: Environment, make_environment: Maker
) -> None:
    claim(environment)
    make_environment(Path(environment.path))

    environment.release()

    assert recorded(environment) == record("creating")
    assert environment.state(environment.read()) == "broken"


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


@pytest.mark.parametrize("act", [claim, Environment.touch], ids=["claim", "touch"])
def test_a_newer_record_is_not_replaced(act: Callable[[Environment], None], environment: Environment) -> None:
    write_record(environment, '{"schema": 2}')

    with pytest.raises(NewerRecordError):
        act(environment)

    assert recorded(environment) == {"schema": 2}
    assert not environment.claimed
    assert environment.holder_elsewhere() is None


def test_a_working_environment_without_a_record_is_ready(environment: Environment, make_environment: Maker) -> None:
    make_environment(Path(environment.path))

    assert environment.state(None) == "ready"


@pytest.mark.parametrize("missing", ["pyvenv.cfg", "Scripts/python.exe" if sys.platform == "win32" else "bin/python"])
@pytest.mark.parametrize("with_record", [True, False], ids=["recorded", "unrecorded"])
def test_an_environment_without_an_essential_file_is_broken(
    with_record: bool,  # noqa: FBT001
    missing: str,
    environment: Environment,
    make_environment: Maker,
) -> None:
    (make_environment(Path(environment.path)) / missing).unlink()
    if with_record:
        write_record(environment, json.dumps(record("ready")))

    assert environment.state(environment.read()) == "broken"


def test_a_claimed_environment_is_being_created(environment: Environment, home_of: Home) -> None:
    claim(environment)
    other = home_of.environment("tox", "py312")

    assert (environment.state(environment.read()), other.state(other.read())) == ("creating", "creating")


def test_a_sealed_environment_is_ready_while_it_is_still_claimed(
    environment: Environment, home_of: Home, make_environment: Maker
) -> None:
    claim(environment)
    make_environment(Path(environment.path))
    environment.seal()
    other = home_of.environment("tox", "py312")

    assert other.state(other.read()) == "ready"


@pytest.mark.parametrize(
    ("later", "expected"),
    [
        pytest.param(TOUCH_INTERVAL + 1, "2026-11-24T13:00:01Z", id="an old use is replaced"),
        pytest.param(TOUCH_INTERVAL, NOON_TEXT, id="a recent use is left"),
        pytest.param(0, NOON_TEXT, id="a present use is left"),
        pytest.param(-TOUCH_INTERVAL, NOON_TEXT, id="a use in the near future is left"),
        pytest.param(-TOUCH_INTERVAL - 1, "2026-11-24T10:59:59Z", id="a use in the far future is replaced"),
    ],
)
def test_a_touch_records_the_use_once_in_a_while(
    later: int, expected: str, environment: Environment, make_environment: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    claim(environment)
    make_environment(Path(environment.path))
    environment.seal()
    monkeypatch.setattr(clock, "seconds", lambda: NOON + later)
    monkeypatch.setattr(sys, "argv", ["another"])

    environment.touch()

    assert recorded(environment) == record("ready", last_used=expected)


def test_a_touch_that_is_not_due_writes_nothing(environment: Environment) -> None:
    claim(environment)
    before = os.stat(environment.record_path)

    environment.touch()

    assert os.stat(environment.record_path).st_ino == before.st_ino


@pytest.mark.parametrize("last_used", [None, "yesterday"])
def test_a_touch_records_a_use_that_was_unknown(last_used: str | None, environment: Environment) -> None:
    write_record(
        environment, json.dumps({"schema": 1, "runner": "tox", "name": "a", "state": "ready", "last_used": last_used})
    )

    environment.touch()

    found = environment.read()
    assert found is not None
    assert (found.name, found.state, found.last_used, found.holder) == ("a", "ready", NOON_TEXT, None)


@pytest.mark.parametrize("content", [None, "{"], ids=["no record", "a damaged record"])
def test_a_touch_makes_no_record(content: str | None, environment: Environment) -> None:
    if content is not None:
        write_record(environment, content)

    environment.touch()

    assert (
        not os.path.exists(environment.record_path)
        if content is None
        else Path(environment.record_path).read_text() == content
    )


@pytest.mark.parametrize(
    ("argv", "command"),
    [
        pytest.param(["/usr/bin/tox", "run"], "tox run", id="a program without its directory"),
        pytest.param(["tox", "run", "--", "--password", "secret"], "tox run", id="nothing behind two dashes"),
        pytest.param(["tox"], "tox", id="a program alone"),
        pytest.param(["tox", "a b"], "tox a b", id="words as they are"),
    ],
)
def test_the_holder_says_how_it_was_called(
    argv: list[str], command: str, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", argv)

    claim(environment)

    assert recorded(environment) == record("creating", command=command)


def start_claimant(home: Home) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", CLAIM, home.store.path, home.root],
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


def test_the_holder_in_another_process_is_known_as_long_as_it_lives(environment: Environment, home_of: Home) -> None:
    with start_claimant(home_of) as other:
        assert line(other) == "claimed"
        during, state = environment.holder_elsewhere(), environment.state(environment.read())
        other.kill()
        other.wait()
        after = environment.holder_elsewhere()

    assert during is not None
    assert during.pid == other.pid
    assert (state, after, environment.state(environment.read())) == ("creating", None, "broken")


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
    from central_venv import environment as module

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
