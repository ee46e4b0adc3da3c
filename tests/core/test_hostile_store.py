"""A store that somebody else has filled: whatever lies in it, nothing outside changes and nothing is forged."""

from __future__ import annotations

import io
import json
import os
import shutil
import socket
import stat
import sys
import tempfile
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from central_venv import Home, Store
from central_venv.cli import main
from central_venv.errors import CentralVenvError
from central_venv.machine import host
from central_venv.policy.key import home_name
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.environments import seal
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

pytestmark = [
    pytest.mark.skipif(sys.platform == "win32", reason="links, pipes, sockets and odd names are POSIX"),
    pytest.mark.timeout(120),  # a pipe that is waited for is waited for for ever
]

COMMANDS = (
    ("list",),
    ("list", "--size"),
    ("list", "--summary"),
    ("list", "--json"),
    ("prune", "--dry-run"),
    ("prune", "--yes", "--unused-for", "0h"),
    ("prune", "--yes", "--state", "unrecorded"),
    ("clean", "--all", "--yes"),
    ("clean", "--all", "--yes", "--state", "unrecorded"),
)

#: What looks like all that we sweep, and belongs to somebody else.
PRECIOUS = {
    "project.json": "{}",
    "file": "precious",
    "home.lock": "precious",
    "pyvenv.cfg": "home = /usr/bin\nversion_info = 3.12.1\n",
    ".old.tmp": "precious",
    "py312.json": "{}",
    "py312.lock": "precious",
    "py312.uses/1-0.lock": "precious",
    "gone.json": "{}",
    "gone.lock": "precious",
    "gone.uses/1-0.lock": "precious",
    "bin/python": "precious",
    "tox/py312.json": "{}",
    "tox/gone.json": "{}",
    "tox/gone.lock": "precious",
    "tox/gone.uses/1-0.lock": "precious",
    "tox/.old.tmp": "precious",
    ".tox/py312/pyvenv.cfg": "home = /usr/bin\n",
    ".central-venv/home.lock": "precious",
    ".central-venv/tox/gone.json": "{}",
    "0/a": "precious",
    "1-00000000/0": "precious",
    "1-00000000.lock": "precious",
}

HOSTILE_NAMES = (
    "a\nFORGED  line",
    "\x1b[31mFORGED",
    "[red]FORGED[/red]",
    "\u202eDEGROF",
    "\ud800",
    "../../x",
    "..",
    "a\x00b",
    "x" * (1 << 19),
)


class Place(NamedTuple):
    """A store, and what it must not touch.

    Attributes:
        store: the directory of the store.
        outside: what belongs to somebody else.
        project: the root of a live project.
    """

    store: Path
    outside: Path
    project: Path

    @property
    def home(self) -> Path:
        """The project's home."""
        return self.store / home_name(str(self.project))


@contextmanager
def made_place() -> Iterator[Place]:
    """A store with the home of a live project and of an orphan, each with an environment."""
    base = Path(os.path.realpath(tempfile.mkdtemp(prefix="cv")))
    try:
        place = Place(base / "store", write_tree(base / "outside", PRECIOUS), base / "project")
        for path in place.outside.rglob("*"):
            os.utime(path, (1, 1))
        for name in ("project", "orphan"):
            write_tree(base / name, {"pyproject.toml": ""})
            write_tree(seal(Home(Store(str(place.store)), str(base / name))), {"lib/a.py": "1"})
        shutil.rmtree(base / "orphan")
        yield place
    finally:
        for path in [base, *base.rglob("*")]:
            if path.is_dir() and not path.is_symlink():
                path.chmod(0o700)
        shutil.rmtree(base)


@pytest.fixture
def place() -> Iterator[Place]:
    with made_place() as place:
        yield place


def snapshot(root: Path) -> dict[str, tuple[object, ...]]:
    """Everything of a tree but when it was read, and how many links from elsewhere its files have."""
    found: dict[str, tuple[object, ...]] = {}
    for path in [root, *root.rglob("*")]:
        status = path.lstat()
        content = path.read_bytes() if stat.S_ISREG(status.st_mode) else None
        found[str(path)] = (status.st_mode, status.st_uid, status.st_ino, status.st_size, status.st_mtime_ns, content)
    return found


def run(store: Path, *arguments: str) -> tuple[int, str, str]:
    """What a command says; whatever it raises is raised."""
    out, err = io.StringIO(), io.StringIO()
    with pytest.MonkeyPatch.context() as patch, redirect_stdout(out), redirect_stderr(err):
        patch.setenv("CENTRAL_VENV_HOME", str(store))
        patch.chdir("/")
        status = main(arguments)
    return status, out.getvalue(), err.getvalue()


def check(place: Place) -> None:
    """Run every command, and look at what must not change and at what is said."""
    before = {**snapshot(place.outside), **snapshot(place.project)}
    for command in COMMANDS:
        status, out, err = run(place.store, *command)
        after = {**snapshot(place.outside), **snapshot(place.project)}
        assert [name for name in before.keys() | after.keys() if before.get(name) != after.get(name)] == [], command
        assert status in {0, 1}, command
        for text in (out, err):
            assert all(character.isprintable() for character in text.replace("\n", "")), command
            assert not any(line.lstrip().startswith("FORGED") for line in text.splitlines()), command
            assert "cannot write the answer" not in text, command
            assert "Traceback" not in text, command
        if "--json" in command:
            json.loads(out)


# what may lie at a path, instead of what should


def put_link(path: Path, place: Place) -> None:
    path.symlink_to(place.outside)


def put_link_to_marks(path: Path, place: Place) -> None:
    path.symlink_to(place.outside / "gone.uses")


def put_link_to_records(path: Path, place: Place) -> None:
    path.symlink_to(place.outside / "tox")


def put_link_to_file(path: Path, place: Place) -> None:
    path.symlink_to(place.outside / "file")


def put_relative_link(path: Path, place: Place) -> None:
    path.symlink_to(os.path.relpath(place.outside, path.parent))


def put_broken_link(path: Path, place: Place) -> None:
    path.symlink_to(place.outside / "missing")


def put_loop(path: Path, place: Place) -> None:
    path.symlink_to(path.name)


def put_link_to_the_store(path: Path, place: Place) -> None:
    path.symlink_to(place.store)


def put_hard_link(path: Path, place: Place) -> None:
    os.link(place.outside / "file", path)


def put_pipe(path: Path, place: Place) -> None:
    os.mkfifo(path)


def put_socket(path: Path, place: Place) -> None:
    with tempfile.TemporaryDirectory(dir="/tmp") as short, socket.socket(socket.AF_UNIX) as bound:
        bound.bind(f"{short}/s")
        os.rename(f"{short}/s", path)


def put_directory(path: Path, place: Place) -> None:
    write_tree(path, {"a": "1", "b/c": "2"})


def put_closed_directory(path: Path, place: Place) -> None:
    write_tree(path, {"a": "1"}).chmod(0)


def put_directory_of_links(path: Path, place: Place) -> None:
    path.mkdir()
    for name in (
        "gone.json",
        "gone.lock",
        "gone.uses",
        "py312",
        "py312.json",
        "py312.uses",
        "tox",
        "bin",
        "pyvenv.cfg",
    ):
        (path / name).symlink_to(place.outside)


def put_garbage(path: Path, place: Place) -> None:
    path.write_bytes(b"\xff\x00{")


def put_large_file(path: Path, place: Place) -> None:
    path.write_bytes(b"[" * (1 << 20))


PIECES: tuple[Callable[[Path, Place], None], ...] = (
    put_link,
    put_link_to_marks,
    put_link_to_records,
    put_link_to_file,
    put_relative_link,
    put_broken_link,
    put_loop,
    put_link_to_the_store,
    put_hard_link,
    put_pipe,
    put_socket,
    put_directory,
    put_closed_directory,
    put_directory_of_links,
    put_garbage,
    put_large_file,
)

#: Where: in the store, or behind `home/` in the home of the live project and of the orphan.
PATHS = (
    "entry",
    "entry-00000000",
    "@shared",
    "CACHEDIR.TAG",
    ".trash",
    ".trash/1-00000000",
    ".trash/1-00000000.lock",
    ".trash/2-00000000/0",
    "home",
    "home/project.json",
    "home/foreign",
    "home/.old.tmp",
    "home/.venv",
    "home/.venv/pyvenv.cfg",
    "home/.tox",
    "home/.tox/py312",
    "home/.tox/py312/pyvenv.cfg",
    "home/.tox/py312/bin",
    "home/.tox/py312/bin/python",
    "home/.tox/py312/conda-meta",
    "home/.tox/link",
    "home/.nox",
    "home/.nox/tests",
    "home/.central-venv",
    "home/.central-venv/home.lock",
    "home/.central-venv/nox",
    "home/.central-venv/tox",
    "home/.central-venv/tox/py312.json",
    "home/.central-venv/tox/py312.lock",
    "home/.central-venv/tox/py312.uses",
    "home/.central-venv/tox/py312.uses/1-0.lock",
    "home/.central-venv/tox/gone.json",
    "home/.central-venv/tox/gone.lock",
    "home/.central-venv/tox/gone.uses",
    "home/.central-venv/tox/gone.uses/1-0.lock",
    "home/.central-venv/tox/.old.tmp",
)


def put(place: Place, home: Path, name: str, piece: Callable[[Path, Place], None]) -> None:
    """Put something at a path, instead of what is there."""
    path = home / name.partition("/")[2] if name.partition("/")[0] == "home" else place.store / name
    for directory in reversed(path.relative_to(place.store).parents):
        parent = place.store / directory
        if not os.path.lexists(parent):
            parent.mkdir()
        if parent.is_symlink() or not parent.is_dir() or not stat.S_IMODE(parent.stat().st_mode):
            return  # something else lies there already
    if path.is_dir() and not path.is_symlink():
        path.chmod(0o700)
        shutil.rmtree(path)
    elif os.path.lexists(path):
        path.unlink()
    piece(path, place)
    if not path.is_symlink() and path.name.endswith(".tmp"):
        os.utime(path, (1, 1))


@pytest.mark.parametrize("piece", PIECES, ids=lambda piece: piece.__name__.removeprefix("put_"))
def test_nothing_at_any_path_reaches_outside(piece: Callable[[Path, Place], None]) -> None:
    broken = []
    for name in PATHS:
        with made_place() as place:
            for home in homes(place):
                put(place, home, name, piece)
            try:
                check(place)
            except Exception as error:  # noqa: BLE001  # of all paths, not of the first only
                broken.append((name, f"{type(error).__name__}: {str(error)[:200]}"))
    assert [name for name, _ in broken] == [], broken


def homes(place: Place) -> list[Path]:
    """The home of the live project, and of the orphan."""
    return sorted(place.store / name for name in os.listdir(place.store) if not name.startswith((".", "@", "C", "e")))


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(st.tuples(st.integers(0, 1), st.sampled_from(PATHS), st.sampled_from(PIECES)), min_size=2, max_size=8))
def test_nothing_at_several_paths_reaches_outside(
    pieces: list[tuple[int, str, Callable[[Path, Place], None]]],
) -> None:
    with made_place() as place:
        there = homes(place)
        for number, name, piece in pieces:
            if os.path.lexists(there[number]) or name != "home":
                put(place, there[number], name, piece)

        check(place)


@pytest.mark.parametrize("link", [".central-venv", ".central-venv/tox", ".central-venv/tox/py312.uses"])
def test_a_claim_reaches_nothing_outside(place: Place, link: str) -> None:
    put(place, place.home, f"home/{link}", put_link if link != ".central-venv/tox/py312.uses" else put_link_to_marks)
    before = snapshot(place.outside)
    environment = Home(Store(str(place.store)), str(place.project)).environment("tox", "py312")

    with suppress(CentralVenvError):  # whether it is refused or not
        environment.claim("py312", on_wait=lambda _: None)
        environment.uses.by_others()
        environment.uses.begin()
        environment.uses.end()
    environment.release()

    assert snapshot(place.outside) == before


# what records say


def write_record(path: Path, fields: dict[str, object]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(fields))


texts = st.one_of(st.sampled_from(HOSTILE_NAMES[:-1]), st.text(max_size=20))
values = st.one_of(texts, st.none(), st.booleans(), st.integers(), st.floats(), st.lists(texts, max_size=2))


@settings(max_examples=100, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.fixed_dictionaries(
        {"schema": st.sampled_from([1, 2, 0, -1, True, "1", None, 1e300])},
        optional={
            "runner": values,
            "name": values,
            "state": st.one_of(st.sampled_from(["ready", "creating", "broken"]), values),
            "created": values,
            "python": values,
            "holder": st.one_of(values, st.fixed_dictionaries({"pid": values, "host": values, "command": values})),
        },
    ),
    st.fixed_dictionaries(
        {"schema": st.sampled_from([1, 2, "1"])},
        optional=dict.fromkeys(("root", "created", "host", "mount", "volume", "inode"), values),
    ),
)
def test_nothing_that_records_say_reaches_outside_or_forges_anything(
    environment: dict[str, object], project: dict[str, object]
) -> None:
    with made_place() as place:
        first, second = homes(place)
        for home in (first, second):
            write_record(home / ".central-venv" / "tox" / "py312.json", environment)
        write_record(second / "project.json", project)

        check(place)


@pytest.mark.parametrize("name", HOSTILE_NAMES, ids=lambda name: ascii(name[:12]))
def test_a_record_names_its_environment_and_no_directory(place: Place, name: str) -> None:
    for home in homes(place):
        fields = {"schema": 1, "runner": "../../x", "name": name, "state": "ready"}
        write_record(home / ".central-venv" / "tox" / "py312.json", fields)

    check(place)

    assert not os.path.lexists(place.home)


def test_who_holds_an_environment_forges_nothing(place: Place) -> None:
    from central_venv.store.lock import Lock

    holder = {"pid": os.getpid(), "host": "host\nFORGED", "command": "tox\x1b[31m\nFORGED `"}
    fields = {"schema": 1, "runner": "tox", "name": "py312", "state": "ready", "holder": holder}
    write_record(place.home / ".central-venv" / "tox" / "py312.json", fields)
    lock = Lock(str(place.home / ".central-venv" / "tox" / "py312.lock"))
    lock.acquire(on_wait=lambda: None, cancelled=lambda: False)

    status, _, err = run(place.store, "clean", "--all", "--yes")
    lock.release()

    kept = [line for line in err.splitlines() if "in use by" in line]
    assert status == 1
    assert len(kept) == 1
    assert rf"`tox\x1b[31m\nFORGED `` (process {os.getpid()} on host\nFORGED)" in kept[0]
    assert (place.home / ".tox" / "py312").is_dir()


@pytest.mark.parametrize("root", ["outside", "project", "store", "/", "missing"])
def test_a_home_that_says_another_project_than_its_name_is_nobodys(place: Place, root: str) -> None:
    home = place.store / "mine-00000000"
    write_tree(home, {".tox/py312/pyvenv.cfg": "", ".tox/py312/a": "1"})
    where = root if root == "/" else str(place.store.parent / root)
    mount = host.mount_point(str(place.store))
    fields = {"host": host.name(), "mount": mount, "volume": host.volume(mount)}
    write_record(home / "project.json", {"schema": 1, "root": where, **fields})

    check(place)

    assert (home / ".tox" / "py312" / "a").exists()


@pytest.mark.parametrize("way", ["renamed", "copied"])
def test_a_home_that_was_moved_by_hand_is_removed_only_if_its_state_is_asked_for(place: Place, way: str) -> None:
    (orphan,) = [home for home in homes(place) if home != place.home]
    moved = place.store / "moved-00000000"
    if way == "renamed":
        orphan.rename(moved)
    else:
        shutil.copytree(orphan, moved)

    run(place.store, "prune", "--yes")
    run(place.store, "clean", "--all", "--yes")
    before = (moved / ".tox" / "py312").is_dir()
    run(place.store, "prune", "--yes", "--state", "unrecorded")

    assert before
    assert not os.path.lexists(moved)


@pytest.mark.parametrize("command", [("prune", "--yes"), ("clean", "--all", "--yes")], ids=" ".join)
def test_a_store_that_is_the_directory_of_somebody_else_loses_nothing(place: Place, command: tuple[str, ...]) -> None:
    (place.outside / "empty").mkdir()
    (place.outside / "photos" / ".album").mkdir(parents=True)
    write_tree(place.outside / "photos", {".a.tmp": "precious"})
    os.utime(place.outside / "photos" / ".a.tmp", (1, 1))
    before = snapshot(place.outside)

    run(place.outside, *command)

    after = snapshot(place.outside)
    assert {name for name in before if name not in after} == set()


def test_a_store_that_is_a_link_is_the_directory_it_names(place: Place) -> None:
    link = place.store.parent / "link"
    link.symlink_to(place.store)

    status, _, _ = run(link, "clean", "--all", "--yes")

    assert status == 0
    assert homes(place) == []
    assert link.is_symlink()


def test_closed_directories_are_told_to_who_is_not_root(place: Place) -> None:
    if os.getuid() == 0:
        pytest.skip("root may enter any directory")
    (place.home / ".tox").chmod(0)

    status, out, err = run(place.store, "list")

    assert status == 0
    assert f"cannot list `{place.home / '.tox'}`" in err
    assert str(place.project) in out


@pytest.mark.skipif(sys.platform == "darwin", reason="file names are UTF-8 there")
def test_names_that_are_no_text_are_shown_and_removed(place: Place) -> None:
    name = os.fsdecode(b"\xff\x1b[31m\nFORGED")
    (place.home / ".tox" / "py312").rename(place.home / ".tox" / name)
    (place.store / name).mkdir()

    check(place)

    assert not os.path.lexists(place.home)
