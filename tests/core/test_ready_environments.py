"""What is ready can be run where nothing can be written: on a read-only store, and in one that only root writes."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.errors import HomeConflictError, StoreError
from support.environments import seal, seal_shared, write_environment
from support.hosts import SCRIPTS
from support.uv_projects import write_project

if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv import Environment
    from support.commands import Runner
    from support.mounts import Mounts

    Central = Callable[..., str]

linux_only = pytest.mark.skipif(sys.platform != "linux", reason="other systems mount in another way")
superuser_only = pytest.mark.skipif(
    sys.platform == "win32" or os.getuid() != 0, reason="only root may give files to other users"
)

#: The id of a user whom nobody knows.
SOMEBODY = 54321


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


@pytest.fixture
def of_root(environment: Environment, home_of: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """Its home, seen by another user than root, whose it is."""
    monkeypatch.setattr(os, "getuid", lambda: SOMEBODY)
    _take_rights(monkeypatch)
    return home_of


def _take_rights(monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK and real(path, mode))


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


# what only root can write


@superuser_only
def test_what_only_root_can_write_is_run_by_others(of_root: Home) -> None:
    before = snapshot(of_root.store.path)
    environment = of_root.environment("tox", "py312")

    assert of_root.check()
    assert use(environment)
    claim(environment, reused=True)

    assert environment.run_only
    assert snapshot(of_root.store.path) == before


@superuser_only
def test_what_only_root_can_write_is_not_changed_by_others(of_root: Home) -> None:
    environment = of_root.environment("tox", "py312")
    acts: list[Callable[[], object]] = [
        of_root.prepare,
        lambda: of_root.prepare_runner("hatch"),
        lambda: claim(environment),
        lambda: environment.claim_for_removal(on_wait=_refuse_to_wait),
        lambda: environment.record_existing(on_wait=_refuse_to_wait),
    ]

    for act in acts:
        with pytest.raises(StoreError) as caught:
            act()
        assert caught.value.message == f"the home `{of_root.path}` belongs to another user (id 0)"
        assert "`CENTRAL_VENV_HOME`" in caught.value.hint


@superuser_only
@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_a_home_of_root_that_others_may_write_is_refused(mode: int, of_root: Home) -> None:
    os.chmod(of_root.path, mode)

    with pytest.raises(HomeConflictError) as caught:
        of_root.check()

    assert caught.value.message == f"the home `{of_root.path}` belongs to root, but others may write it, too"
    assert caught.value.hint.startswith(f"let root run `chmod -R go-w {of_root.path}`, or give each user")


@superuser_only
@pytest.mark.parametrize("what", ["mode", "owner"])
def test_a_home_of_root_that_others_may_exchange_is_refused(what: str, of_root: Home) -> None:
    if what == "mode":
        os.chmod(of_root.store.path, 0o777)
    else:
        os.chown(of_root.store.path, SOMEBODY + 1, -1)

    with pytest.raises(HomeConflictError) as caught:
        of_root.check()

    assert caught.value.message == (
        f"the home `{of_root.path}` belongs to root, but others may put something else in its place"
    )


@superuser_only
def test_where_nobody_may_rename_what_is_not_theirs_a_home_of_root_is_run_from(of_root: Home) -> None:
    os.chmod(of_root.store.path, 0o1777)

    assert of_root.check()


@superuser_only
@pytest.mark.parametrize("what", ["mode", "owner", "link"])
def test_an_environment_in_roots_home_that_others_may_write_is_refused(what: str, of_root: Home) -> None:
    path = Path(of_root.environment_path("tox", "py312"))
    if what == "mode":
        path.chmod(0o777)
    elif what == "owner":
        os.chown(path, SOMEBODY + 1, -1)
    else:
        path.rename(path.with_name("other"))
        path.symlink_to("other")

    with pytest.raises(HomeConflictError):
        of_root.environment("tox", "py312")


@superuser_only
def test_a_home_of_root_for_another_project_is_refused(of_root: Home, base: Path) -> None:
    other = Home(of_root.store, str(base / "other"))
    shutil.copytree(of_root.path, other.path)

    with pytest.raises(HomeConflictError, match="belongs to another project"):
        other.environment("tox", "py312").use(on_wait=_refuse_to_wait)


@superuser_only
def test_a_shared_environment_of_root_is_run_and_not_changed_by_others(
    home_of: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = seal_shared(home_of.store)
    path.chmod(0o755)
    monkeypatch.setattr(os, "getuid", lambda: SOMEBODY)
    _take_rights(monkeypatch)
    environment = home_of.store.shared_environment("@torch")

    assert use(environment)
    assert environment.run_only
    with pytest.raises(StoreError, match=r"^the shared environment `.*` belongs to another user \(id 0\)"):
        claim(home_of.store.shared_environment("@torch"))


@superuser_only
def test_root_itself_goes_on_to_note_what_it_uses(environment: Environment) -> None:
    assert use(environment)
    assert not environment.run_only


@pytest.fixture
def of_nobody(environment: Environment) -> Home:
    """A home whose owner is not known in a user namespace that knows only this user."""
    store = Path(environment.store)
    for path in (store, *store.rglob("*")):
        os.chown(path, SOMEBODY, SOMEBODY)
    return Home(Store(environment.store), str(store.parent))


_LOOK = """
import os, sys
from central_venv import CentralVenvError, Home, Store
from central_venv.store.store import refuse_strangers
try:
    print(refuse_strangers(sys.argv[1], "home"))
except CentralVenvError as error:
    print(error.message)
"""


def _looked_at(path: str) -> str:
    """What is said of a home in such a namespace."""
    if shutil.which("unshare") is None:
        pytest.skip("there is no `unshare`")
    command = ["unshare", "--user", "--map-user=1000", sys.executable, "-c", _LOOK, path]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"no user namespace can be made here: {done.stderr.strip()}")
    return done.stdout.rstrip("\n")


@superuser_only
@linux_only
def test_an_unknown_owner_on_a_read_only_file_system_is_as_good_as_root(
    environment: Environment, of_nobody: Home, mounts: Mounts
) -> None:
    home = os.path.dirname(os.path.dirname(environment.path))
    assert _looked_at(home) == f"the home `{home}` belongs to another user (id 65534)"

    mounts.read_only(Path(environment.store))

    assert _looked_at(home) == "True"
