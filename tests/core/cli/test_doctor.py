"""The command `central-venv doctor`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from central_venv import Home
    from support.commands import Runner

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="names with line breaks are POSIX")


@pytest.fixture(autouse=True)
def empty_machine(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No runner, no uv, and a store without a word of it."""
    (base / "prefix").mkdir()
    monkeypatch.setattr(sys, "prefix", str(base / "prefix"))
    monkeypatch.setenv("PATH", str(base / "bin"))
    monkeypatch.setenv("UV_CACHE_DIR", str(base / "uv-cache"))
    monkeypatch.setattr("central_venv.doctor.store.examine_path", lambda _: iter(()))


@pytest.fixture
def here(here: Path, home_of: Home) -> Path:
    """The current directory is a project with a home."""
    home_of.prepare()
    return here


def test_where_nothing_is_wrong_it_says_so_in_one_line(here: Path, run: Runner) -> None:
    assert run("doctor") == (0, "nothing is wrong\n", "")


def test_notes_do_not_fail(here: Path, store: Path, run: Runner) -> None:
    (store / "other").mkdir()

    said = run("doctor")

    assert said == (
        0,
        (
            "store\n"
            f"  note: 1 entry is in the store `{store}` that central-venv did not make: `other`\n"
            "    remedy: keep other things elsewhere, or give the store a directory of its own\n"
            "nothing is wrong\n"
        ),
        "",
    )


def test_what_is_wrong_fails_and_comes_by_topic(
    here: Path, base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(here, {".venv": "/gone\n"})
    monkeypatch.setenv("VIRTUAL_ENV", str(base / "gone"))

    assert run("doctor") == (
        1,
        (
            "project\n"
            f"  wrong: the file `{here / '.venv'}` leads to `/gone`, where there is no environment: uv fails on it\n"
            "    remedy: remove the file, or make that environment again\n"
            "machine\n"
            f"  wrong: `VIRTUAL_ENV` is `{base / 'gone'}`, where there is no environment any more\n"
            "    remedy: `deactivate`, or open a new shell\n"
        ),
        "",
    )


def test_a_note_without_a_remedy_is_one_line(
    project: Path, store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(project)

    assert run("doctor").out == f"store\n  note: there is no store yet; it will be `{store}`\nnothing is wrong\n"


def test_json_holds_every_finding(here: Path, store: Path, run: Runner) -> None:
    write_tree(here, {".venv": "/gone\n"})
    (store / "other").mkdir()

    said = run("doctor", "--json")

    assert (said.status, said.err) == (1, "")
    assert said.answer == {
        "schema": 1,
        "findings": [
            {
                "topic": "store",
                "code": "foreign-entries-in-store",
                "level": "note",
                "what": f"1 entry is in the store `{store}` that central-venv did not make: `other`",
                "remedy": "keep other things elsewhere, or give the store a directory of its own",
            },
            {
                "topic": "project",
                "code": "redirect-dangling",
                "level": "wrong",
                "what": f"the file `{here / '.venv'}` leads to `/gone`, where there is no environment: uv fails on it",
                "remedy": "remove the file, or make that environment again",
            },
        ],
    }


def test_json_without_findings(here: Path, run: Runner) -> None:
    said = run("doctor", "--json")

    assert (said.status, said.answer) == (0, {"schema": 1, "findings": []})


def test_another_project_can_be_named(here: Path, base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(base / "other", {".venv": "/gone\n"})

    assert f"`{base / 'other' / '.venv'}`" in run("doctor", "--project", str(base / "other")).out
    assert run("doctor").out == "nothing is wrong\n"


def test_a_named_project_that_is_no_directory_is_refused(here: Path, run: Runner) -> None:
    said = run("doctor", "--project", "missing")

    assert said == (1, "", "error: `missing` is not a directory\nhint: name the project's directory\n")


def test_outside_of_any_project_the_store_is_looked_at(
    here: Path, base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    from central_venv.policy import project

    monkeypatch.setattr(project, "_nearest", lambda *_: None)
    monkeypatch.chdir(base)

    assert run("doctor") == (0, "nothing is wrong\n", "")


def test_settings_of_the_user_that_cannot_be_used_are_a_finding(
    here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", "relative")

    said = run("doctor")

    assert (said.status, said.err) == (1, "")
    assert said.out.startswith(
        "store\n  wrong: the store 'relative' from `CENTRAL_VENV_HOME` is not an absolute path\n"
    )


@posix_only
def test_names_cannot_forge_lines_or_colours(here: Path, store: Path, run: Runner) -> None:
    for name in ("a\n  wrong: forged", "\x1b[31mred", "[bold]x"):
        (store / name).mkdir()

    said = run("doctor")

    assert said.status == 0
    assert r"`\x1b[31mred`, `[bold]x`, `a\n  wrong: forged`" in said.out
    assert len(said.out.splitlines()) == 4


@posix_only
@pytest.mark.parametrize("arguments", [(), ("--json",)], ids=["for people", "for programs"])
def test_it_ends_whatever_lies_around(arguments: tuple[str, ...], here: Path, store: Path, base: Path) -> None:
    os.mkfifo(here / ".gitignore")
    os.mkfifo(store / "pipe")
    (here / "pyproject.toml").unlink()
    os.mkfifo(here / "pyproject.toml")
    write_tree(store / "x-12345678", {"project.json": json.dumps({"schema": 1, "root": "/\ud800\n"})})
    os.mkfifo(store / "x-12345678" / ".tox")
    before = listing(base)

    done = subprocess.run(
        [sys.executable, "-m", "central_venv", "doctor", *arguments], check=False, capture_output=True, timeout=60
    )

    assert (done.returncode, done.stderr) == (1, b"")
    assert b"x-12345678" in done.stdout
    assert listing(base) == before


def test_it_knows_the_environment_that_it_runs_in(here: Path) -> None:
    """The real one: tests of tox are run beside it."""
    from importlib.metadata import PackageNotFoundError, version

    try:
        tox: Any = version("tox")
    except PackageNotFoundError:
        pytest.skip("tox is not installed beside central-venv")

    done = subprocess.run([sys.executable, "-m", "central_venv", "doctor"], check=False, capture_output=True, text=True)

    assert f"note: `tox` {tox} in `{os.path.abspath(Path(sys.executable).parent.parent)}`" in done.stdout
