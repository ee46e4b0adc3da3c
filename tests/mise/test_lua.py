"""The plugin's Lua by itself, with stand-ins for mise's modules, which answer and fail as those cannot be made to."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.debian import find_program
from support.hosts import ROOT
from support.mise import ANSWER, old_tree
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable

lua51 = pytest.importorskip("lupa.lua51", reason="lupa has no wheels for this Python")

PLUGIN = ROOT / "plugins" / "mise"
#: What the shell says of a call that it had to end.
LATE = "late\n"


class Machine:
    """A Lua machine with the plugin's modules and stand-ins for mise's.

    Attributes:
        commands: what the plugin had a shell do.
        warnings: what it told the user.
    """

    def __init__(self, here: Path, answer: Callable[[str], str]) -> None:
        self.commands: list[str] = []
        self.warnings: list[str] = []
        self._answer = answer
        self._here = here
        self.runtime = lua51.LuaRuntime(unpack_returned_tuples=True, register_eval=False)
        self.runtime.execute(f'package.path = "{PLUGIN}/lib/?.lua;" .. package.path')
        table = self.runtime.table
        modules = {
            "cmd": table(exec=self._exec),
            "json": table(decode=self._decode, encode=self._encode),
            "file": table(exists=os.path.exists, stat=self._stat),
            "log": table(warn=self.warnings.append),
        }
        loaded = self.runtime.eval("package.loaded")
        for name, module in modules.items():
            loaded[name] = module

    @property
    def asked(self) -> list[str]:
        """The calls of the command line."""
        return [script for script in self.commands if "--shell" in script]

    def module(self, name: str) -> Any:
        """One of the plugin's modules."""
        return self.runtime.eval("require")(name)

    def find(self, config_root: Path, options: object = True, *, quiet: bool = False) -> Any:  # noqa: FBT002  # mise's own
        """What the plugin finds for a hook."""
        context = self.runtime.table(config_root=str(config_root), options=self._lua(options))
        return self.module("activation").find(context, self.runtime.table(quiet=quiet))

    def _exec(self, script: str, *_: object) -> str:
        self.commands.append(script)
        if script in self.asked:
            answer = self._answer(script)
            return answer if answer == LATE else f"0\n{answer}"
        done = subprocess.run(["sh", "-c", script], check=True, cwd=self._here, capture_output=True, text=True)
        return done.stdout

    def _lua(self, value: object) -> object:
        if isinstance(value, dict):
            return self.runtime.table_from({key: self._lua(each) for key, each in value.items()})
        if isinstance(value, list):
            return self.runtime.table_from([self._lua(each) for each in value])
        return value

    def _decode(self, text: str) -> object:
        return self._lua(json.loads(text))

    def _encode(self, value: object) -> str:
        return json.dumps(_python(value))

    def _stat(self, path: str) -> object:
        try:
            return self.runtime.table(modified=int(os.stat(path).st_mtime))
        except FileNotFoundError:
            return None


def _python(value: object) -> object:
    if lua51.lua_type(value) != "table":
        return value
    items = dict(value.items())  # type: ignore[attr-defined]  # a table of Lua
    if items and set(items) == set(range(1, len(items) + 1)):
        return [_python(items[index]) for index in sorted(items)]
    return {key: _python(each) for key, each in items.items()}


def answering(**changes: object) -> Callable[[str], str]:
    """The command line's answer, with changes."""
    return lambda _: json.dumps(ANSWER | changes)


def failing(script: str) -> str:
    """A failure of the shell itself."""
    raise RuntimeError(f"cannot run {script[:7]}")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project."""
    return old_tree(tmp_path / "project", {"pyproject.toml": ""})


def watched(found: Any) -> set[str]:
    """What mise is told to watch."""
    return set(found.watch_files.values())


def test_what_the_command_line_says_is_handed_on(project: Path) -> None:
    machine = Machine(project, answering())

    found = machine.find(project)

    assert dict(found.env) == {"UV_PROJECT_ENVIRONMENT": "/nowhere/.venv"}
    assert machine.warnings == []


def test_a_second_machine_reads_what_the_first_one_was_told(project: Path) -> None:
    Machine(project, answering()).find(project)
    second = Machine(project, answering())

    found = second.find(project)

    assert dict(found.env) == {"UV_PROJECT_ENVIRONMENT": "/nowhere/.venv"}
    assert second.asked == []


def test_a_failure_is_told_by_one_hook_and_asked_once(project: Path) -> None:
    first, second = Machine(project, failing), Machine(project, answering())

    found = [first.find(project), second.find(project, quiet=True)]

    assert [dict(each.env) for each in found] == [{}, {}]
    assert first.warnings == ["central-venv: cannot run a shell: cannot run program"]
    assert (second.asked, second.warnings) == ([], [])


def test_what_took_long_to_fail_is_asked_once_all_the_same(project: Path) -> None:
    clock = [1_000_000_000]

    def late(_: str) -> str:
        clock[0] += 600
        return LATE

    first, second = Machine(project, late), Machine(project, answering())
    for machine in (first, second):
        machine.runtime.globals().os.time = lambda: clock[0]
        machine.find(project, {"create": True})

    assert [len(machine.asked) for machine in (first, second)] == [1, 0]


def test_words_are_quoted_for_a_shell(project: Path) -> None:
    machine = Machine(project, answering())

    machine.find(project, {"python": "3.12'; touch pwned; '", "create": True})

    (script,) = machine.asked
    assert r"'--python=3.12'\''; touch pwned; '\''' '--create'" in script


def test_options_are_part_of_what_is_remembered(project: Path) -> None:
    asked = 0
    for options in (
        {},
        {"python": "3.12"},
        {"python": "3.13"},
        {"export": ["PATH"]},
        {"create": True},
        {"name": ".venv-x"},
    ):
        machine = Machine(project, answering())
        machine.find(project, options)
        asked += len(machine.asked)

    assert asked == 6


def test_without_a_home_it_works_and_keeps_nothing(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("HOME")
    before = listing(tmp_path)

    found = Machine(project, answering()).find(project)

    assert dict(found.env) == {"UV_PROJECT_ENVIRONMENT": "/nowhere/.venv"}
    assert listing(tmp_path) == before


def test_files_that_are_there_are_watched_and_missing_ones_never(project: Path) -> None:
    (project / "uv.toml").touch()
    inputs = {str(project / "uv.toml"): 5, str(project / ".python-version"): 0}

    found = Machine(project, answering(inputs=inputs)).find(project)

    assert watched(found) == {"/", str(project / "pyproject.toml"), str(project / "uv.toml")}


def test_of_a_missing_file_the_nearest_directory_is_watched(project: Path, tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    missing = [str(tmp_path / "store" / "home" / ".venv" / "pyvenv.cfg"), str(tmp_path / "config" / "config.toml")]

    found = Machine(project, answering(watch=missing)).find(project)

    assert watched(found) == {str(tmp_path / "store"), str(tmp_path), str(project / "pyproject.toml")}


def test_what_is_watched_follows_what_comes_into_being(project: Path, tmp_path: Path) -> None:
    marker = tmp_path / "store" / "home" / ".venv" / "pyvenv.cfg"
    Machine(project, answering(watch=[str(marker)])).find(project)
    marker.parent.mkdir(parents=True)
    marker.touch()

    second = Machine(project, answering())
    found = second.find(project)

    assert second.asked == []
    assert str(marker) in watched(found)


def test_a_project_that_is_turned_off_is_watched(project: Path) -> None:
    found = Machine(project, answering(active=False)).find(project)

    assert (dict(found.env), dict(found.path)) == ({}, {})
    assert watched(found) == {"/", str(project / "pyproject.toml")}


def test_a_project_that_fails_is_watched_with_all_that_may_be_the_reason(project: Path, home: Path) -> None:
    write_tree(project, {".python-version": "3.9\n"})
    configuration = write_tree(home / ".config" / "central-venv", {"config.toml": ""}) / "config.toml"

    found = Machine(project, failing).find(project)

    assert watched(found) == {str(project / "pyproject.toml"), str(project / ".python-version"), str(configuration)}


def test_without_a_configuration_of_the_users_own_none_is_watched(project: Path) -> None:
    found = Machine(project, failing).find(project)

    assert watched(found) == {str(project / "pyproject.toml")}


@pytest.mark.parametrize(("python", "told"), [("./py", "{root}/./py"), ("bin/py", "{root}/bin/py"), ("/py", "/py")])
def test_a_relative_path_of_a_python_starts_at_the_file_that_says_so(python: str, told: str, project: Path) -> None:
    inner = write_tree(project / "inner", {"pyproject.toml": ""})
    machine = Machine(inner, answering())

    machine.find(project, {"python": python})

    assert f"'--python={told.format(root=project)}'" in machine.asked[0]


def test_a_relative_path_of_a_python_is_refused_for_every_project(project: Path, home: Path) -> None:
    machine = Machine(project, answering())

    assert machine.find(home, {"python": "./py"}) is None
    assert machine.asked == []
    assert "has the relative path `./py`" in machine.warnings[0]


def test_without_a_project_nothing_is_asked(tmp_path: Path, home: Path) -> None:
    machine = Machine(tmp_path, answering())

    assert machine.find(home) is None
    assert (machine.asked, machine.warnings) == ([], [])


def test_luacheck_has_nothing_to_say() -> None:
    program = find_program("luacheck")
    if program is None:
        pytest.skip("there is no `luacheck` here, and no archive that has it")
    path = f"{Path(program.path).parent}{os.pathsep}{os.environ['PATH']}"

    done = subprocess.run(
        [program.path, "--no-color", "."],
        cwd=PLUGIN,
        env={**os.environ, **program.variables, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
