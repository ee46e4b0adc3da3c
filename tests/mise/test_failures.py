"""A prompt never breaks: whatever fails, mise warns and sets nothing."""

from __future__ import annotations

import json
import os
import signal
import subprocess
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from support.hosts import finish
from support.mise import ANSWER, CREATE, ENABLED, PYPROJECT, let_pass
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.hosts import Result
    from support.mise import Mise


def assert_warned_of(result: Result, *words: str) -> None:
    """The command worked, set nothing of ours and warned in one line."""
    assert result.status == 0, result.text
    assert "UV_PROJECT_ENVIRONMENT" not in json.loads(result.out)
    warnings = [line for line in result.err.splitlines() if "central-venv" in line]
    assert len(warnings) == 1, result.err
    for word in words:
        assert word in warnings[0]


@pytest.mark.parametrize(
    ("script", "words"),
    [
        ("exit 3", ["failed with status 3"]),
        ("echo 'what broke' >&2; exit 3", ["failed with status 3: what broke"]),
        ("kill -9 $$", ["failed"]),
        ("exit 124", ["failed with status 124"]),
        ("echo 'error: it is broken' >&2; echo 'hint: mend it' >&2; exit 1", ["it is broken (mend it)"]),
        ("echo 'error: template not found' >&2; exit 1", ["central-venv: template not found"]),
        ("exec /nowhere/program", ["is not there", "mise-central-venv install"]),
        ("exec /dev/null", ["cannot be run", "mise-central-venv install"]),
        ("printf 'error: \\033[31mred\\n' >&2; exit 1", ["central-venv:  [31mred"]),
    ],
    ids=["silent", "word", "killed", "124", "error", "not-found", "127", "126", "colour"],
)
def test_a_command_line_that_fails(script: str, words: list[str], mise: Mise, project: Path) -> None:
    mise.limit(WARNING_LASTS=60)
    mise.answer_with(script)

    assert_warned_of(mise.run("env", "--json", cwd=project), *words)
    assert mise.called() == 1


def test_the_last_error_is_the_command_lines_own(newest_mise: Mise, project: Path) -> None:
    said = ["error: of uv", "hint: of uv", "error: ours", "and more"]
    newest_mise.answer_with("".join(f"echo '{line}' >&2\n" for line in said) + "exit 1")

    result = newest_mise.run("env", "--json", cwd=project)

    assert_warned_of(result, "central-venv: ours")
    assert "of uv" not in result.err


@pytest.mark.parametrize(
    "answer",
    [
        "rubbish",
        "",
        "null",
        "[]",
        json.dumps({"schema": 1}),
        json.dumps(ANSWER | {"schema": 2}),
        json.dumps(ANSWER | {"env": {"UV_PROJECT_ENVIRONMENT": "/x", "LD_PRELOAD": "/tmp/evil.so"}}),
        json.dumps(ANSWER | {"env": {"UV_PROJECT_ENVIRONMENT": ["/x"]}}),
        json.dumps(ANSWER | {"env": None}),
        json.dumps(ANSWER | {"path": "/x/bin"}),
        json.dumps(ANSWER | {"path": {"first": "/x/bin"}}),
        json.dumps(ANSWER | {"inputs": ["/x"]}),
        json.dumps(ANSWER | {"inputs": {"/x": "now"}}),
        json.dumps(ANSWER | {"watch": 1}),
        json.dumps(ANSWER | {"exists": None}),
        json.dumps({name: value for name, value in ANSWER.items() if name != "lasting"}),
    ],
)
def test_an_answer_that_is_none_sets_nothing(answer: str, newest_mise: Mise, project: Path) -> None:
    newest_mise.answer_with(f"echo '{answer}'")

    result = newest_mise.run("env", "--json", cwd=project)

    assert_warned_of(result, "no answer that this plugin understands")
    assert "LD_PRELOAD" not in result.out


def test_what_is_mended_works_at_once(mise: Mise, project: Path) -> None:
    settings = project / "pyproject.toml"
    settings.write_text(f"{PYPROJECT}[tool.central-venv]\nunknown = 1\n")
    failed = mise.run("env", "--json", cwd=project)
    settings.write_text(PYPROJECT)

    assert_warned_of(failed, "unknown")
    assert "UV_PROJECT_ENVIRONMENT" in mise.env(project)


def test_a_warning_is_not_repeated_at_once(newest_mise: Mise, project: Path) -> None:
    newest_mise.limit(WARNING_LASTS=60)
    newest_mise.answer_with("exit 1")
    warned = []
    for seconds in (0, 30, 61):
        with suppress(FileNotFoundError):
            let_pass(seconds)
        warned.append("WARN" in newest_mise.run("env", "--json", cwd=project).err)

    assert warned == [True, False, True]


def test_another_warning_is_not_held_back(newest_mise: Mise, project: Path) -> None:
    newest_mise.limit(WARNING_LASTS=60)
    for reason in ("one", "another"):
        newest_mise.answer_with(f"echo 'error: {reason}' >&2; exit 1")
        assert_warned_of(newest_mise.run("env", "--json", cwd=project), reason)


def test_a_command_line_that_hangs_is_ended_with_all_that_it_started(mise: Mise, project: Path) -> None:
    mise.limit(PATIENCE=1)
    mise.answer_with("exec sleep 600")

    with mise.watched("env", "--json", cwd=project) as process:
        result = finish(process)

    assert_warned_of(result, "did not answer within 1 s")


def test_a_command_line_that_ignores_that_it_is_to_end_is_killed(newest_mise: Mise, project: Path) -> None:
    newest_mise.limit(PATIENCE=1, GRACE=1)
    newest_mise.answer_with("trap '' TERM\nwhile :; do sleep 1; done")

    with newest_mise.watched("env", "--json", cwd=project) as process:
        result = finish(process)

    assert_warned_of(result, "did not answer within 1 s")


def test_a_creation_that_hangs_is_ended_with_all_that_it_started(
    newest_mise: Mise, project: Path, tmp_path: Path
) -> None:
    newest_mise.limit(PATIENCE_TO_CREATE=1)
    write_tree(project, {"mise.toml": CREATE})
    uv = write_tree(tmp_path / "bin", {"uv": "#!/bin/sh\nsleep 600 & wait\n"}) / "uv"
    uv.chmod(0o755)

    with newest_mise.watched("env", "--json", cwd=project, PATH=f"{uv.parent}:{os.environ['PATH']}") as process:
        result = finish(process)

    assert_warned_of(result, "did not answer within 1 s")


def test_a_command_line_that_hangs_is_called_again_after_minutes_only(newest_mise: Mise, project: Path) -> None:
    newest_mise.limit(PATIENCE=1)
    newest_mise.answer_with("exec sleep 600")
    calls = []
    for seconds in (0, 290, 20):
        with suppress(FileNotFoundError):
            let_pass(seconds)
        assert_warned_of(newest_mise.run("env", "--json", cwd=project), "did not answer within 1 s")
        calls.append(newest_mise.called())

    assert calls == [1, 0, 1]


@pytest.mark.parametrize("ignored", ["", "trap '' TERM; "], ids=["obedient", "stubborn"])
def test_an_interruption_leaves_nothing_behind(ignored: str, mise: Mise, project: Path, tmp_path: Path) -> None:
    mise.limit(GRACE=1)
    mise.answer_with(f"{ignored}echo > '{tmp_path}/started'; exec sleep 600")
    os.mkfifo(tmp_path / "started")
    temporary = write_tree(tmp_path / "temporary", {})

    with mise.watched("env", cwd=project, TMPDIR=str(temporary)) as process:
        (tmp_path / "started").read_text()
        os.killpg(process.pid, signal.SIGINT)

    assert listing(temporary) == set()


def test_a_call_leaves_nothing_behind(mise: Mise, project: Path, tmp_path: Path) -> None:
    temporary = write_tree(tmp_path / "temporary", {})

    result = mise.run("env", "--json", cwd=project, TMPDIR=str(temporary))

    assert "UV_PROJECT_ENVIRONMENT" in result.out
    assert listing(temporary) == set()


def test_without_a_temporary_directory_the_reason_is_told(newest_mise: Mise, project: Path, tmp_path: Path) -> None:
    result = newest_mise.run("env", "--json", cwd=project, TMPDIR=str(tmp_path / "nowhere"))

    assert_warned_of(result, "cannot make a temporary directory", "TMPDIR")


def test_a_command_line_that_is_not_there(mise: Mise, project: Path, tmp_path: Path) -> None:
    (mise.plugin / "lib" / "command.lua").write_text(f'return {{ "{tmp_path}/nowhere/central-venv" }}\n')

    assert_warned_of(mise.run("env", "--json", cwd=project), "is not there", "mise-central-venv install")


def test_a_store_that_cannot_be_written(mise: Mise, project: Path, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    write_tree(project, {"mise.toml": CREATE})

    result = mise.run("env", "--json", cwd=project, CENTRAL_VENV_HOME=str(tmp_path / "file" / "store"))

    assert_warned_of(result, "file/store")


@pytest.mark.parametrize(
    ("options", "word"),
    [
        ("{ creat = true }", "no option `creat`"),
        ('{ create = "yes" }', "`create`"),
        ('{ export = ["HOME"] }', "cannot export `HOME`"),
        ("{ export = [1] }", "cannot export `1`"),
        ('{ export = { first = "PATH" } }', "cannot export `PATH`"),
        ('{ export = "PATH" }', "`export`"),
        ('{ export = "PATH" }', "is a string, not a list"),
        ("{ python = 3.12 }", "`python`"),
        ('{ python = "3.12", name = ".venv-docs" }', "`python` or `name`, not both"),
        ("{ name = true }", "`name`"),
        ("3", "is a table"),
        ('"yes"', "is a table"),
        ('{ python = "no such python" }', "no such python"),
        ('{ name = "../../escape" }', "is not the name of a project environment"),
        ('{ name = "docs" }', "not the name of a project environment"),
    ],
)
def test_a_wrong_option(options: str, word: str, newest_mise: Mise, project: Path) -> None:
    write_tree(project, {"mise.toml": f"[env]\n_.central-venv = {options}\n"})

    assert_warned_of(newest_mise.run("env", "--json", cwd=project), word)


def test_the_command_runs_although_the_environment_fails(newest_mise: Mise, project: Path) -> None:
    newest_mise.answer_with("exit 1")

    result = newest_mise.run("exec", "--", "echo", "ran", cwd=project)

    assert (result.status, result.out) == (0, "ran\n"), result.text


@pytest.mark.parametrize(
    "name",
    [
        "with space",
        "quo'te",
        'dou"ble',
        "$HOME",
        "$(touch pwned)",
        "`touch pwned`",
        "semi;touch pwned",
        "back\\slash",
        "-n",
    ],
)
def test_a_project_of_any_name_is_activated_and_nothing_is_executed(
    name: str, newest_mise: Mise, tmp_path: Path
) -> None:
    root = write_tree(tmp_path / name, {"pyproject.toml": PYPROJECT})
    write_tree(root, {"mise.toml": CREATE})

    found = newest_mise.env(root)
    result = newest_mise.run("exec", "--", "python", "-c", "import sys; print(sys.prefix)", cwd=root)

    assert result.out == f"{found['VIRTUAL_ENV']}\n"
    assert not list(tmp_path.rglob("pwned"))


@pytest.mark.parametrize("name", ["two\nlines", "one\n", "\nyes\nyes"])
def test_a_project_with_a_line_break_in_its_name_is_activated(name: str, newest_mise: Mise, tmp_path: Path) -> None:
    root = write_tree(tmp_path / name, {"pyproject.toml": PYPROJECT, "mise.toml": ENABLED})
    said = subprocess.run(["central-venv", "path"], cwd=root, check=True, capture_output=True, text=True).stdout

    found = newest_mise.env(root)

    assert f"{found['UV_PROJECT_ENVIRONMENT']}\n" == said


def test_a_store_with_quotes_in_its_path_is_text(newest_mise: Mise, project: Path, tmp_path: Path) -> None:
    store = tmp_path / "a 'quoted' \"store\" $(touch pwned)"
    write_tree(tmp_path / "home" / ".config" / "central-venv", {"config.toml": f"store = '''{store}'''\n"})

    result = newest_mise.run("env", "--json", cwd=project)

    assert result.status == 0, result.text
    assert not os.path.lexists(project / "pwned")
