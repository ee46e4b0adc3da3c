"""What is ready can be run where nothing can be written."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv.errors import StoreError
from support.environments import seal, write_environment
from support.hosts import SCRIPTS
from support.uv_projects import write_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv import Environment, Home
    from support.commands import Runner
    from support.mounts import Mounts

    Central = Callable[..., str]

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="other systems mount in another way")


@pytest.fixture
def environment(home_of: Home) -> Environment:
    """A complete environment that a killed process marked as used; its store can be read by anybody."""
    seal(home_of)
    environment = home_of.environment("tox", "py312")
    Path(environment.uses.directory).mkdir()
    Path(environment.uses.directory, "4711-12345678.lock").touch()
    for path in (Path(home_of.store.path), *Path(home_of.store.path).rglob("*")):
        path.chmod(0o755 if path.is_dir() else 0o644)
    return environment


@pytest.fixture
def read_only(environment: Environment, mounts: Mounts) -> Environment:
    """The same on a read-only file system."""
    mounts.read_only(Path(environment.store))
    return environment


def use(environment: Environment) -> bool:
    """Use an environment that nobody has claimed."""
    return environment.use(on_wait=_refuse_to_wait)


def claim(environment: Environment, *, reused: bool = False) -> None:
    """Claim an environment that nobody has claimed."""
    environment.claim("py312", on_wait=_refuse_to_wait, reused=reused)


def _refuse_to_wait(_: object) -> None:
    raise AssertionError("something else has it")


def snapshot(root: str) -> dict[str, tuple[int, ...]]:
    """Everything that a change of a tree would change."""
    found: dict[str, tuple[int, ...]] = {}
    for path in sorted(Path(root).rglob("*")):
        status = path.lstat()
        found[str(path)] = (status.st_mode, status.st_size, status.st_mtime_ns, status.st_ino)
    return found


# a read-only store


@linux_only
def test_an_environment_on_a_read_only_store_is_used_without_a_mark(read_only: Environment) -> None:
    assert use(read_only)
    assert read_only.run_only
    read_only.uses.end()


@linux_only
def test_a_mark_that_cannot_be_removed_says_all_the_same_that_no_process_uses_it(read_only: Environment) -> None:
    assert not read_only.uses.by_others()
    assert len(os.listdir(read_only.uses.directory)) == 1


@linux_only
def test_what_is_reused_on_a_read_only_store_is_not_claimed(read_only: Environment) -> None:
    claim(read_only, reused=True)

    assert (read_only.run_only, read_only.claimed) == (True, False)
    assert use(read_only)
    assert read_only.seal("a note")
    assert read_only.restore_record()
    read_only.touch()
    read_only.release()


@linux_only
def test_what_is_to_be_changed_on_a_read_only_store_is_refused(read_only: Environment) -> None:
    with pytest.raises(StoreError, match=r"^cannot lock `.*`: read-only file system"):
        claim(read_only)


@linux_only
def test_what_is_not_complete_on_a_read_only_store_is_refused(environment: Environment, mounts: Mounts) -> None:
    claim(environment)
    mounts.read_only(Path(environment.store))
    environment.release()

    with pytest.raises(StoreError, match="read-only file system"):
        claim(environment, reused=True)
    with pytest.raises(StoreError, match="read-only file system"):
        use(environment)


def test_what_this_process_could_change_is_claimed_or_refused(
    environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise OSError(28, "")

    with monkeypatch.context() as patch:
        patch.setattr(os, "open", refuse)
        with pytest.raises(StoreError, match="no space left"):
            claim(environment, reused=True)

    assert not environment.run_only


@linux_only
def test_a_runners_directory_on_a_read_only_store_is_as_good_as_made(read_only: Environment, home_of: Home) -> None:
    home_of.prepare_to_run()

    assert home_of.prepare_runner("tox") == os.path.dirname(read_only.path)
    with pytest.raises(StoreError, match="read-only file system"):
        home_of.prepare_runner("nox")


@linux_only
def test_commands_that_only_look_succeed_on_a_read_only_store(
    here: Path, home_of: Home, mounts: Mounts, run: Runner
) -> None:
    write_environment(Path(home_of.environment_path("project", ".venv")))
    assert run("create").status == 0  # which records it
    mounts.read_only(Path(home_of.store.path))
    before = snapshot(home_of.store.path)

    for words in (
        ("path", "--exists"),
        ("info",),
        ("list", "--size"),
        ("env", "--shell", "bash", "--create"),
        ("create",),
        ("link",),
        ("unlink",),
        ("use", "--none"),
        ("prune", "--yes"),
    ):
        said = run(*words)
        assert said.status == 0, (words, said)
    assert snapshot(home_of.store.path) == before


@linux_only
def test_commands_that_change_are_refused_on_a_read_only_store(
    here: Path, home_of: Home, mounts: Mounts, run: Runner
) -> None:
    write_environment(Path(home_of.environment_path("project", ".venv")))
    assert run("create").status == 0
    mounts.read_only(Path(home_of.store.path))

    for words in (
        ("create", "--clear"),
        ("create", "--env", ".venv-docs"),
        ("remove", "--yes", ".venv"),
        ("clean", "--yes"),
    ):
        said = run(*words)
        assert said.status == 1, (words, said)
        assert "read-only file system" in said.err, words


@pytest.fixture
def central(monkeypatch: pytest.MonkeyPatch, base: Path) -> Central:
    """Calls the installed `central-venv`, which has to succeed, as a process of its own."""
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")

    def central(*words: str, cwd: Path, before: tuple[str, ...] = ()) -> str:
        command = [*before, str(Path(sys.prefix, SCRIPTS, "central-venv")), *words]
        done = subprocess.run(command, cwd=cwd, check=False, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        return done.stdout

    return central


@linux_only
@pytest.mark.parametrize("kind", ["squashfs", "erofs"])
def test_uv_and_programs_run_from_an_image(
    kind: str, base: Path, store: Path, central: Central, mounts: Mounts
) -> None:
    root = write_project(base / "project", "alpha")
    central("uv", "sync", cwd=root)
    central("run", "python", "-c", "", cwd=root)  # which leaves a mark
    mounts.packed(kind, store)

    assert central("run", "python", "-c", "import alpha; print('ran')", cwd=root) == "ran\n"
    for words in (("uv", "sync"), ("uv", "pip", "check"), ("uv", "run", "--no-sync", "true"), ("uv", "version")):
        central(*words, cwd=root)
    assert central("uv", "run", "python", "-c", "import alpha; print('ran')", cwd=root) == "ran\n"
