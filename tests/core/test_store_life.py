"""Any sequence of what people, runners and drives do to projects and their environments."""

from __future__ import annotations

import io
import json
import os
import shutil
import sys
import tempfile
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Environment, Home, Store
from central_venv.cli import main
from central_venv.machine import clock, host
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from support import crash, drives
from support.trees import contents, write_tree

if TYPE_CHECKING:
    from collections.abc import Sequence

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL, and renaming what is open, are POSIX")

DAY = 86400
AGE = 90 * DAY

projects = st.sampled_from(["disk/alpha", "disk/beta", "usb/gamma"])
runners = st.sampled_from(["tox", "nox", "project"])
names = st.sampled_from(["py312", "py313"])


class StoreLife(RuleBasedStateMachine):
    """A disk, a drive that can be unplugged, some projects on both, and a store."""

    def __init__(self) -> None:
        super().__init__()
        self.base = Path(os.path.realpath(tempfile.mkdtemp()))
        self.patch = pytest.MonkeyPatch()
        self.store = self.base / "store"
        self.patch.setenv("CENTRAL_VENV_HOME", str(self.store))
        self.patch.setenv(drives.VARIABLE, str(self.base))
        for name in ("mount_point", "volume"):
            self.patch.setattr(host, name, getattr(host, name))  # `simulate` sets them, teardown sets them back
        drives.simulate(str(self.base))
        #: What each environment holds: by project, runner and directory.
        self.environments: dict[tuple[str, str, str], object] = {}
        self.unrecorded: set[tuple[str, str, str]] = set()
        self.idle: set[tuple[str, str, str]] = set()
        self.busy: dict[tuple[str, str, str], Environment] = {}
        #: Roots that have a home which names them.
        self.homes: set[str] = set()

    @property
    def plugged(self) -> bool:
        return drives.is_plugged(str(self.base))

    def teardown(self) -> None:
        for environment in self.busy.values():
            environment.release()
        self.patch.undo()
        shutil.rmtree(self.base)

    @initialize()
    def begin(self) -> None:
        write_tree(self.base / "disk", {"precious/data": "1"})
        write_tree(self.base / "usb", {"precious/data": "2"})
        for project in ("disk/alpha", "disk/beta", "usb/gamma"):
            self.make_project(project)

    # What people do.

    @rule(project=projects)
    def make_project(self, project: str) -> None:
        if self.reachable(project):
            write_tree(self.base / project, {"pyproject.toml": "", "src/module.py": project})

    @rule(project=projects)
    def delete_project(self, project: str) -> None:
        if self.exists(project):
            shutil.rmtree(self.base / project)

    @rule(project=projects, destination=projects)
    def move_project(self, project: str, destination: str) -> None:
        if self.exists(project) and self.reachable(destination) and not self.exists(destination):
            (self.base / project).rename(self.base / destination)

    @rule()
    def unplug(self) -> None:
        if self.plugged:
            (self.base / "usb").rename(self.base / "unplugged")
            (self.base / "usb").mkdir()

    @rule()
    def plug(self) -> None:
        if not self.plugged:
            (self.base / "usb").rmdir()
            (self.base / "unplugged").rename(self.base / "usb")

    # What runners do.

    @rule(project=projects, runner=runners, name=names)
    def make_environment(self, project: str, runner: str, name: str) -> None:
        key = self.key(project, runner, name)
        if not self.exists(project) or key in self.busy:
            return
        environment = self.environment(key)
        environment.claim(name, on_wait=refuse_to_wait)
        shutil.rmtree(environment.path, ignore_errors=True)
        self.write_environment(key)
        assert environment.seal()
        environment.release()
        self.unrecorded.discard(key)
        self.idle.discard(key)
        self.homes.add(project)

    @rule(project=projects, runner=runners, name=names)
    def make_environment_without_us(self, project: str, runner: str, name: str) -> None:
        """As a template does."""
        key = self.key(project, runner, name)
        if self.exists(project) and key not in self.environments:
            self.write_environment(key)
            self.unrecorded.add(key)

    @rule(project=projects, runner=runners, name=names)
    def begin_to_use(self, project: str, runner: str, name: str) -> None:
        key = self.key(project, runner, name)
        if key in self.environments and key not in self.busy and self.exists(project):
            environment = self.environment(key)
            environment.claim(name, on_wait=refuse_to_wait)
            environment.seal()
            self.busy[key] = environment
            self.unrecorded.discard(key)
            self.idle.discard(key)
            self.homes.add(project)

    @rule()
    @precondition(lambda self: self.busy)
    def end_to_use(self) -> None:
        self.busy.popitem()[1].release()

    @rule(project=projects, runner=runners, name=names)
    def leave_idle(self, project: str, runner: str, name: str) -> None:
        key = self.key(project, runner, name)
        if key in self.environments and key not in self.busy and key not in self.unrecorded:
            long_ago = clock.seconds() - AGE - DAY
            os.utime(self.environment(key).record_path, (long_ago, long_ago))
            self.idle.add(key)

    # What goes wrong.

    @rule(project=projects, name=names, step=st.integers(1, 14))
    def crash_while_creating(self, project: str, name: str, step: int) -> None:
        key = self.key(project, "tox", name)
        if self.exists(project) and key not in self.busy and key not in self.environments:
            self.killed("create", str(self.store), str(self.base / project), name, step=step)
            self.make_environment(project, "tox", name)

    @rule(project=projects, step=st.integers(1, 25))
    def crash_while_removing(self, project: str, step: int) -> None:
        if not self.exists(project):
            return
        self.killed("clean", "--yes", "--project", str(self.base / project), step=step)
        gone = {key for key in self.environments if key[0] == project and not self.path(key).exists()}
        assert not gone & self.busy.keys()
        for key in gone:
            del self.environments[key]
        self.unrecorded -= gone
        self.idle -= gone

    # What is promised.

    @rule(idle=st.booleans())
    def prune(self, idle: bool) -> None:  # noqa: FBT001  # drawn by name
        expected = {
            key
            for key in self.environments
            if self.state(key[0]) == "orphan" or (idle and self.state(key[0]) == "active" and key in self.idle)
        }
        self.remove(["prune", *(["--unused-for", "90d"] if idle else [])], expected)

    @rule()
    def prune_unreachable(self) -> None:
        expected = {key for key in self.environments if self.state(key[0]) == "unreachable"}
        self.remove(["prune", "--state", "unreachable"], expected)

    @rule(project=projects, name=names)
    def remove_environment(self, project: str, name: str) -> None:
        expected = {key for key in self.environments if key[0] == project and name in {key[2], key[2][6:]}}
        if self.exists(project) and expected:
            self.remove(["remove", "--project", str(self.base / project), *{key[2] for key in expected}], expected)

    @rule(project=projects)
    def clean(self, project: str) -> None:
        if self.exists(project):
            expected = {key for key in self.environments if key[0] == project}
            self.remove(["clean", "--project", str(self.base / project)], expected)

    @rule()
    def clean_all(self) -> None:
        expected = {key for key in self.environments if self.state(key[0]) in {"active", "orphan"}}
        self.remove(["clean", "--all"], expected)

    def remove(self, command: Sequence[str], expected: set[tuple[str, str, str]]) -> None:
        outside = self.outside()
        before = self.disk_usage()

        status, answer = self.run(*command, "--yes", "--json")

        going = expected - self.busy.keys()
        report = json.loads(answer)
        assert {each["path"] for each in report["removed"]} == {str(self.path(key)) for key in going}
        assert {str(self.path(key)) for key in expected & self.busy.keys()} <= {each["path"] for each in report["kept"]}
        assert (status == 0) == (not report["kept"])
        assert report["freed"] == before - self.disk_usage()
        assert self.outside() == outside
        for key in going:
            del self.environments[key]
            assert not self.path(key).exists()
        self.unrecorded -= going
        self.idle -= going

    @invariant()
    def every_live_environment_is_as_it_was(self) -> None:
        for key, tree in self.environments.items():
            assert contents(self.path(key)) == tree, key

    @invariant()
    def what_is_listed_is_true(self) -> None:
        if not self.store.exists():
            return
        _, answer = self.run("list", "--json", "--size")
        listed = {
            environment["path"]: (project["state"], environment["state"], environment["size"])
            for project in json.loads(answer)["projects"]
            for environment in project["environments"]
        }
        assert listed == {
            str(self.path(key)): (self.state(key[0]), "ready", tree_usage(self.path(key))) for key in self.environments
        }

    # How.

    def reachable(self, project: str) -> bool:
        return self.plugged or not project.startswith("usb")

    def exists(self, project: str) -> bool:
        return (self.base / project).is_dir()

    def state(self, project: str) -> str:
        if not Path(self.home(project).record_path).exists():
            return "unrecorded"
        if self.exists(project):
            return "active"
        return "orphan" if self.reachable(project) else "unreachable"

    def key(self, project: str, runner: str, name: str) -> tuple[str, str, str]:
        return project, runner, f".venv-{name}" if runner == "project" else name

    def home(self, project: str) -> Home:
        return Home(Store(str(self.store)), str(self.base / project))

    def environment(self, key: tuple[str, str, str]) -> Environment:
        return self.home(key[0]).environment(key[1], key[2])

    def path(self, key: tuple[str, str, str]) -> Path:
        return Path(self.environment(key).path)

    def write_environment(self, key: tuple[str, str, str]) -> None:
        path = write_tree(
            self.path(key), {"pyvenv.cfg": "version_info = 3.12.1\n", "bin/python": "", "lib/code.py": "x" * 5000}
        )
        self.environments[key] = contents(path)

    def outside(self) -> dict[str, object]:
        return {name: content for name, content in contents(self.base).items() if not name.startswith("store")}

    def disk_usage(self) -> int:
        homes = [entry for entry in self.store.iterdir() if entry.name != ".trash"] if self.store.exists() else []
        return sum(map(tree_usage, homes))

    def run(self, *arguments: str) -> tuple[int, str]:
        with redirect_stdout(io.StringIO()) as stdout, redirect_stderr(io.StringIO()):
            status = main(arguments)
        return status, stdout.getvalue()

    def killed(self, *arguments: str, step: int) -> None:
        crash.run(*arguments, step=step)


def tree_usage(path: Path) -> int:
    """What the system's own numbers say that a directory and all in it take."""
    found = {
        (status.st_dev, status.st_ino): status.st_blocks * 512 for status in map(os.lstat, [path, *path.rglob("*")])
    }
    return sum(found.values())


def refuse_to_wait(_: object) -> None:
    raise AssertionError("nobody should have to wait")


TestStoreLife = StoreLife.TestCase
TestStoreLife.settings = settings(
    max_examples=60, stateful_step_count=40, deadline=None, suppress_health_check=list(HealthCheck)
)
