"""What `doctor` finds in a store."""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest
from central_venv import Home, Store
from central_venv.cli import main
from central_venv.doctor import NOTE, STORE, WRONG, Finding, examine
from central_venv.doctor import store as doctor_store
from central_venv.errors import StoreError
from central_venv.machine import backups, clock, host
from central_venv.policy import layout
from central_venv.store import leftovers, trash_leftovers
from central_venv.store.lock import Lock
from central_venv.store.move_record import MoveRecord, write_move
from central_venv.store.project_record import ProjectRecord, read_project, write_project
from support.environments import seal, seal_shared
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.mounts import Mounts

    Maker = Callable[[Path], Path]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, modes and pipes are POSIX")
linux_only = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells of mounts")
superuser_only = pytest.mark.skipif(
    sys.platform == "win32" or os.getuid() != 0, reason="only root may give files to other users"
)

LIMIT = {"linux": 127, "win32": 260}.get(sys.platform, 512)
TAG = "Signature: 8a477f597d28d172789f06886806bc55\n"


class Said(NamedTuple):
    """A finding."""

    level: str
    what: str
    remedy: str | None


@pytest.fixture
def place(monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Where the store is: a path as short as those of users, with nothing there yet."""
    directory = Path(os.path.realpath(tempfile.mkdtemp(prefix="cv", dir=None if sys.platform == "win32" else "/tmp")))
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(directory / "s"))
    yield directory / "s"
    shutil.rmtree(directory)


@pytest.fixture
def home_of(project: Path, place: Path) -> Home:
    home = Home(Store(str(place)), str(project))
    home.prepare()
    return home


@pytest.fixture
def hold() -> Iterator[Callable[[str], None]]:
    """Holds locks as a live process would."""
    held: list[Lock] = []

    def hold(path: str) -> None:
        lock = Lock(path)
        lock.acquire(on_wait=lambda: None, cancelled=lambda: False)
        held.append(lock)

    yield hold
    for lock in held:
        lock.release()


def look(root: str | None = None) -> list[Said]:
    """What is found in the store."""
    findings: list[Finding] = [finding for finding in examine(root) if finding.topic == STORE]
    return [Said(finding.level, finding.what, finding.remedy) for finding in findings]


def only(root: str | None = None) -> Said:
    """The one thing that is found in the store."""
    (said,) = look(root)
    return said


def change_record(home: Home, **changes: Any) -> None:
    old = read_project(home.record_path)
    assert old is not None
    fields = {name: getattr(old, name) for name in ("created", "host", "mount", "volume", "inode")}
    write_project(home.record_path, ProjectRecord(old.root, **{**fields, **changes}))


def snapshot(root: Path) -> dict[str, tuple[int, ...]]:
    """Everything that a change of a tree would change; but for the times of the store and its trash: trying is fine."""
    found: dict[str, tuple[int, ...]] = {}
    for path in [root, *sorted(root.rglob("*"))]:
        status = path.lstat()
        times = () if path in {root, root / ".trash"} else (status.st_mtime_ns, status.st_ctime_ns)
        found[str(path)] = (status.st_mode, status.st_size, *times, status.st_ino)
    return found


def test_a_healthy_store_has_no_findings(home_of: Home, make_environment: Maker) -> None:
    seal(home_of, "py312")
    seal(home_of, ".venv", "project")
    make_environment(Path(home_of.store.path, "@torch"))

    assert look(home_of.root) == []


def test_looking_changes_nothing(home_of: Home, place: Path, make_environment: Maker, base: Path) -> None:
    environment = home_of.environment("tox", "half")
    environment.claim("half", on_wait=lambda _: None)
    make_environment(Path(environment.path))
    environment._lock.release()
    seal(home_of, "gone")
    shutil.rmtree(home_of.environment_path("tox", "gone"))
    write_tree(place, {".trash/a/file": "", ".trash/a.lock": "", ".trash/b.lock": "", "foreign/file": ""})
    before = snapshot(place), snapshot(base)

    assert look(home_of.root) != []

    assert (snapshot(place), snapshot(base)) == before


# the store itself


def test_a_store_that_does_not_exist_yet_is_a_note(place: Path) -> None:
    assert only() == (NOTE, f"there is no store yet; it will be `{place}`", None)


def test_a_store_that_is_no_directory_is_wrong(place: Path) -> None:
    place.write_text("")

    assert only() == (
        WRONG,
        f"the store `{place}` is not a directory",
        "set `CENTRAL_VENV_HOME`, or `store` in your configuration, to a directory",
    )


@posix_only
def test_a_store_that_is_a_link_to_nowhere_is_wrong(place: Path) -> None:
    place.symlink_to(place.with_name("missing"))

    said = only()

    assert (said.level, said.what) == (WRONG, f"the store `{place}` is a link that leads nowhere")


@posix_only
def test_a_store_below_a_file_is_wrong(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place.write_text("")
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(place / "store"))

    said = only()

    assert (said.level, said.what) == (WRONG, f"cannot look at `{place / 'store'}`: not a directory")


def test_a_store_that_bindfs_mounts_is_a_note(home_of: Home, place: Path, mounts: Mounts) -> None:
    home_of.prepare()
    mounts.program(place, "bindfs", place, place)

    assert any(said.level == NOTE and "is mounted by bindfs: its locks are not seen" in said.what for said in look())


@linux_only
@pytest.mark.parametrize(
    ("kind", "options", "told"),
    [
        ("fuse.sshfs", "rw", "is mounted by sshfs"),
        ("nfs4", "rw,local_lock=flock,addr=10.0.0.1", "is mounted with `local_lock=flock`"),
        ("nfs", "rw,nolock", "is mounted with `nolock`"),
        ("nfs4", "rw,local_lock=none", None),
        ("ext4", "rw", None),
    ],
)
def test_a_store_whose_locks_others_do_not_see_is_a_note(
    kind: str, options: str, told: str | None, home_of: Home, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home_of.prepare()
    line = "22 1 0:21 / {} rw,relatime shared:1 - {} source {}\n".format
    (base / "mountinfo").write_text(line("/", "ext4", "rw") + line(home_of.store.path, kind, options))
    monkeypatch.setattr(host, "_MOUNTS", str(base / "mountinfo"))

    notes = [said.what for said in look() if "locks" in said.what]

    assert [told in what for what in notes if told is not None] == ([] if told is None else [True])
    assert bool(notes) == (told is not None)


def test_a_store_that_cannot_be_listed_is_wrong(home_of: Home, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.scandir

    def scandir(path: str) -> object:
        if path == str(place):
            raise PermissionError(13, "")
        return real(path)

    monkeypatch.setattr(os, "scandir", scandir)

    said = only()

    assert (said.level, said.what) == (WRONG, f"cannot list `{place}`: permission denied")


def test_an_error_that_nobody_foresaw_is_a_finding(home_of: Home, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr(doctor_store, "_contents", fail)

    said = only()

    assert (said.level, said.what) == (WRONG, f"cannot look at `{place}`: [Errno 5] Input/output error")


def test_a_store_that_cannot_be_written_is_wrong(home_of: Home, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.access
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK and real(path, mode))

    assert only() == (
        WRONG,
        f"the store `{place}` cannot be written, so nothing can be made or removed in it",
        "make it writable, or set `CENTRAL_VENV_HOME` to a directory that is",
    )


def test_a_read_only_store_is_told_of_in_one_line(home_of: Home, place: Path, mounts: Mounts) -> None:
    seal(home_of)
    mounts.read_only(place)

    assert only() == read_only_note(place)


@superuser_only
def test_a_store_that_only_root_can_write_is_told_of_in_one_line(
    home_of: Home, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for path in (place, home_of.path):
        os.chmod(path, 0o755)
    as_another_user(monkeypatch)

    assert only() == read_only_note(place)


@superuser_only
def test_a_home_of_root_in_ones_own_store_is_wrong(home_of: Home, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.chown(place, 4242424, -1)
    monkeypatch.setattr(os, "getuid", lambda: 4242424)

    assert f"the home `{home_of.path}` belongs to another user (id 0)" in [said.what for said in look()]


@superuser_only
@pytest.mark.parametrize("mode", [0o775, 0o757])
def test_a_home_of_root_that_others_may_write_is_wrong(
    mode: int, home_of: Home, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.chmod(home_of.path, mode)
    as_another_user(monkeypatch)

    assert f"the home `{home_of.path}` belongs to another user (id 0)" in [said.what for said in look()]


def read_only_note(place: Path) -> Said:
    """What is told of a store that is to be run from only."""
    return Said(
        NOTE,
        f"the store `{place}` is read-only: what is ready in it can be run, but no use is noted, and nothing can be "
        "made or removed",
        "to make environments, set `CENTRAL_VENV_HOME` to a directory that you can write",
    )


def as_another_user(monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a user who can look at what is there, and write none of it."""
    real = os.access
    monkeypatch.setattr(os, "getuid", lambda: 4242424)
    monkeypatch.setattr(os, "access", lambda path, mode: not mode & os.W_OK and real(path, mode))


def test_settings_that_cannot_be_used_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", "relative")

    said = only()

    assert said.level == WRONG
    assert said.what.endswith("is not an absolute path")
    assert said.remedy is not None


@posix_only
def test_a_store_of_another_user_is_wrong(home_of: Home, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    owner = os.getuid() or 54321
    os.chown(place, owner, -1)
    monkeypatch.setattr(os, "getuid", lambda: 4242424)

    found = look()

    assert (
        WRONG,
        f"the store `{place}` belongs to another user (id {owner})",
        "set `CENTRAL_VENV_HOME`, or `store` in your configuration, to a directory of your own",
    ) in found
    assert not any(said.what.startswith("`/`, above") for said in found)


@superuser_only
def test_a_parent_of_ones_own_is_fine(home_of: Home, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for path in (place.parent, place, *place.rglob("*")):
        os.chown(path, 4242424, -1)
    monkeypatch.setattr(os, "getuid", lambda: 4242424)

    assert look() == []


@posix_only
@pytest.mark.parametrize("mode", [0o720, 0o702, 0o777])
def test_a_store_that_others_may_write_is_wrong(mode: int, home_of: Home, place: Path) -> None:
    place.chmod(mode)

    assert only() == (WRONG, f"others may write the store `{place}`", f"`chmod 700 {place}`")


@posix_only
@pytest.mark.parametrize("mode", [0o740, 0o704, 0o710, 0o755])
def test_a_store_that_others_may_look_into_is_a_note(mode: int, home_of: Home, place: Path) -> None:
    place.chmod(mode)

    assert only() == (
        NOTE,
        f"others may look into the store `{place}`",
        f"`chmod 700 {place}`, unless other users are to run what is in it",
    )


@posix_only
def test_a_parent_that_others_may_write_is_wrong(home_of: Home, place: Path) -> None:
    place.parent.chmod(0o707)

    assert only() == (
        WRONG,
        f"others may write `{place.parent}`, above the store, and so exchange the store",
        f"`chmod go-w {place.parent}`",
    )


@posix_only
def test_a_sticky_parent_is_fine(home_of: Home, place: Path) -> None:
    place.parent.chmod(0o1777)

    assert look() == []


@posix_only
@pytest.mark.parametrize(
    ("names", "members", "fine"),
    [
        (("joe", "joe"), [], True),
        (("joe", "joe"), ["joe"], True),
        (("joe", "joe"), ["mallory"], False),
        (("joe", "joe", "another number"), [], False),
        (("joe", "staff"), [], False),
        (None, [], False),
    ],
    ids=[
        "the user's own",
        "it names its user",
        "somebody else is in it",
        "another of that name",
        "a common one",
        "an unknown one",
    ],
)
def test_a_parent_that_a_group_may_write_is_wrong_unless_only_its_user_is_in_the_group(
    names: tuple[str, ...] | None,
    members: list[str],
    fine: bool,  # noqa: FBT001
    home_of: Home,
    place: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import grp
    import pwd

    place.parent.chmod(0o770)
    group = place.parent.stat().st_gid

    def find(number: int) -> Any:
        if names is None:
            raise KeyError(number)
        user, common, *others = names
        number = group + 1 if others else group
        return type("Entry", (), {"pw_name": user, "pw_gid": number, "gr_name": common, "gr_mem": members})

    monkeypatch.setattr(pwd, "getpwuid", find)
    monkeypatch.setattr(grp, "getgrgid", find)

    assert (look() == []) is fine
    place.parent.chmod(0o750)
    assert look() == []


@posix_only
@superuser_only
def test_a_parent_of_another_user_is_wrong(home_of: Home, place: Path) -> None:
    os.chown(place.parent, 4242424, -1)

    assert only() == (
        WRONG,
        f"`{place.parent}`, above the store, belongs to another user (id 4242424)",
        "set `CENTRAL_VENV_HOME`, or `store` in your configuration, to a directory below your own",
    )


@posix_only
def test_the_place_of_a_link_to_the_store_counts_like_the_store_s(
    home_of: Home, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = place.with_name("d") / "s"
    link.parent.mkdir()
    link.parent.chmod(0o777)
    link.symlink_to(place)
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(link))

    assert only().what == f"others may write `{link.parent}`, above the store, and so exchange the store"


@posix_only
@pytest.mark.parametrize("character", [" ", "\t", "\n"])
def test_a_space_in_the_path_is_noted(character: str, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", f"{place}{character}s")

    said = look()[0]

    assert said == (
        NOTE,
        (
            f"the path of the store `{place}{character}s` holds a space, which the first line of a script cannot: uv "
            "and pip since 23.0 do without, older programs write scripts that do not start"
        ),
        "set `CENTRAL_VENV_HOME`, or `store` in your configuration, to a path without spaces",
    )


@pytest.mark.parametrize(("room", "level"), [(16, None), (15, NOTE), (5, NOTE), (4, WRONG), (-40, WRONG)])
def test_a_path_too_long_for_scripts_is_told(
    room: int, level: str | None, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    rest = r"\.tox\\Scripts\python.exe" if sys.platform == "win32" else "/.tox//bin/python"
    length = LIMIT - room - len(f"#!/{'x' * 33}{rest}")
    path = f"{place}{os.sep}".ljust(length, "x")
    monkeypatch.setenv("CENTRAL_VENV_HOME", path)

    found = [said for said in look() if "is long" in said.what]

    assert [said.level for said in found] == ([] if level is None else [level])
    if level == NOTE:
        assert found[0].what.endswith(
            f"may have {LIMIT} characters, which leaves {room} for the name of an environment"
        )


def test_a_path_too_long_for_nox_is_a_note(home_of: Home, place: Path) -> None:
    before = look()
    long = place / f"{'x' * (77 - len(str(place)) - len('/-12345678/.nox'))}-12345678"
    (long / ".nox").mkdir(parents=True)

    found = [said for said in look() if "nox" in said.what]

    assert before == []
    assert found == [
        (
            NOTE,
            (
                f"the path `{long / '.nox'}` is long: nox gives directories of sessions their names up to 9 "
                "characters, and digits above"
            ),
            "set `CENTRAL_VENV_HOME`, or `store` in your configuration, to a shorter path",
        )
    ]


def test_a_path_that_suffices_for_nox_is_fine(home_of: Home, place: Path) -> None:
    long = place / f"{'x' * (76 - len(str(place)) - len('/-12345678/.nox'))}-12345678"
    (long / ".nox").mkdir(parents=True)

    assert not any("nox" in said.what for said in look())


# what tells backups


@pytest.mark.parametrize(("content", "problem"), [(None, "missing"), ("Signature: other\n", "no tag"), ("", "no tag")])
def test_a_store_that_backups_do_not_skip_is_a_note(
    content: str | None, problem: str, home_of: Home, place: Path
) -> None:
    (place / "CACHEDIR.TAG").unlink()
    if content is not None:
        (place / "CACHEDIR.TAG").write_text(content)

    assert only() == (
        NOTE,
        f"`{place / 'CACHEDIR.TAG'}` is {problem}, so backups hold every environment",
        f"write the line `{TAG.strip()}` into it",
    )


@posix_only
def test_a_pipe_in_the_place_of_the_tag_is_no_tag(home_of: Home, place: Path) -> None:
    (place / "CACHEDIR.TAG").unlink()
    os.mkfifo(place / "CACHEDIR.TAG")

    assert only().what == f"`{place / 'CACHEDIR.TAG'}` is no tag, so backups hold every environment"


def test_a_tag_that_is_closed_to_us_is_no_tag(home_of: Home, place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.open

    def open_(path: str, *arguments: int, **options: int) -> int:
        if path == str(place / "CACHEDIR.TAG"):
            raise PermissionError(13, "")
        return real(path, *arguments, **options)

    monkeypatch.setattr(os, "open", open_)

    assert only().what == f"`{place / 'CACHEDIR.TAG'}` is no tag, so backups hold every environment"


def test_the_backup_of_a_directory_with_other_things_is_its_owners(home_of: Home, place: Path) -> None:
    (place / "CACHEDIR.TAG").unlink()
    (place / "mine").mkdir()

    assert not any("backups" in said.what for said in look())


@posix_only
@pytest.mark.parametrize(("answer", "noted"), [("[Included]", True), ("[Excluded]", False)])
def test_a_store_that_time_machine_backs_up_is_a_note(
    answer: str,
    noted: bool,  # noqa: FBT001
    home_of: Home,
    place: Path,
    base: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    program = base / "tmutil"
    program.write_text(f'#!/bin/sh\nif [ "$1" = isexcluded ]; then echo "{answer}    $2"; fi\n')
    program.chmod(0o755)
    monkeypatch.setattr(backups, "TMUTIL", str(program))
    monkeypatch.setattr(sys, "platform", "darwin")

    found = look()

    expected = (
        NOTE,
        f"Time Machine backs up every environment in `{place}`",
        f"`tmutil addexclusion {place}`",
    )
    assert found == ([expected] if noted else [])


# what is in the store


def test_what_is_not_ours_is_a_note(home_of: Home, place: Path) -> None:
    write_tree(place, {"a/file": "", "b": "", "foo-1234567/.venv/pyvenv.cfg": "", "Foo-12345678/file": ""})

    assert only() == (
        NOTE,
        f"4 entries are in the store `{place}` that central-venv did not make: `Foo-12345678`, `a`, `b` and 1 more",
        "keep other things elsewhere, or give the store a directory of its own",
    )


def test_what_is_ours_is_known_where_names_are_shown_in_small_letters(
    base: Path, mounts: Mounts, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = mounts.without_case(base / "image", base / "disk") / "store"
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(store))
    Home(Store(str(store)), str(project)).prepare()
    (store / "Mine").write_text("")

    assert "cachedir.tag" in os.listdir(store)
    assert [said.what.partition("did not make: ")[2] for said in look() if "entry is in" in said.what] == ["`mine`"]


def test_a_directory_with_somebodys_own_record_is_not_ours(home_of: Home, place: Path) -> None:
    write_tree(place / "theirs", {"project.json": '{"name": "theirs"}'})

    assert only().what.endswith("did not make: `theirs`")


def test_a_file_named_like_a_home_is_not_ours(home_of: Home, place: Path) -> None:
    write_tree(place, {"foo-12345678": "", "@name": ""})

    assert only().what.endswith("did not make: `@name`, `foo-12345678`")


@posix_only
def test_pipes_and_sockets_are_not_ours(home_of: Home, place: Path) -> None:
    import socket

    os.mkfifo(place / "pipe")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "socket"))

        assert only().what.endswith("did not make: `pipe`, `socket`")


@pytest.mark.parametrize("name", [".DS_Store", "Thumbs.db"])
def test_what_a_file_manager_leaves_is_fine(name: str, home_of: Home, place: Path) -> None:
    (place / name).write_text("")

    assert look() == []


@posix_only
@pytest.mark.parametrize("name", ["foo-12345678", "@torch"])
def test_a_link_named_like_a_home_is_wrong_and_not_followed(name: str, home_of: Home, place: Path, base: Path) -> None:
    write_tree(base / "elsewhere", {"project.json": "{"})
    (place / name).symlink_to(base / "elsewhere")

    assert only() == (WRONG, f"`{place / name}` is a link, not a home", "remove the link; the home is made anew")


@superuser_only
def test_a_home_of_another_user_is_wrong(home_of: Home, place: Path) -> None:
    os.chown(home_of.path, 4242424, -1)

    said = only()

    assert (said.level, said.what) == (WRONG, f"the home `{home_of.path}` belongs to another user (id 4242424)")
    assert said.remedy is not None
    assert "`{user}`" in said.remedy


@pytest.mark.parametrize("name", ["renamed", "renamed-12345678"])
def test_a_renamed_home_is_wrong(name: str, home_of: Home, place: Path) -> None:
    os.rename(home_of.path, place / name)

    assert only() == (
        WRONG,
        (
            f"the home `{place / name}` was renamed or copied by hand: it says that it is of `{home_of.root}`, "
            f"whose home is `{home_of.path}`"
        ),
        f"rename it to `{home_of.path}`, or remove it",
    )


@pytest.mark.parametrize("name", ["copy", "copy-12345678"])
def test_a_copied_home_is_wrong(name: str, home_of: Home, place: Path) -> None:
    shutil.copytree(home_of.path, place / name)

    said = only()

    assert (said.level, said.remedy) == (WRONG, "remove it")
    assert said.what.startswith(f"the home `{place / name}` was renamed or copied by hand")


def begin_move(home: Home, former: str) -> str:
    """Note that a home's project was moved from somewhere; returns where the home says that it is now."""
    moved = f"{home.root}-new"
    note = MoveRecord()
    note.shared = [former]
    os.mkdir(os.path.dirname(layout.move_record_path(home.path)))
    write_move(home.path, note)
    write_project(home.record_path, ProjectRecord(moved))
    return moved


def test_a_move_that_did_not_end_is_wrong(home_of: Home) -> None:
    moved = begin_move(home_of, home_of.root)

    assert only() == (
        WRONG,
        f"a move of `{home_of.root}` to `{moved}` did not end",
        f"`central-venv move {home_of.root} {moved}`",
    )


def test_the_environments_of_a_move_that_did_not_end_are_not_told_of(home_of: Home) -> None:
    begin_move(home_of, home_of.root)
    write_tree(Path(home_of.path, ".tox", "py"), {"pyvenv.cfg": "home = /nowhere\n"})

    assert "did not end" in only().what


def test_a_home_that_is_called_after_no_former_place_of_its_project_was_renamed_by_hand(home_of: Home) -> None:
    begin_move(home_of, f"{home_of.root}-old")

    assert only().what.startswith(f"the home `{home_of.path}` was renamed or copied by hand")


def test_a_damaged_note_of_a_move_is_wrong(home_of: Home) -> None:
    begin_move(home_of, home_of.root)
    path = layout.move_record_path(home_of.path)
    Path(path).write_text("{")

    said = only()

    assert (said.level, said.what) == (WRONG, f"the record `{path}` is damaged")


@posix_only
def test_a_link_of_another_name_is_not_ours_and_not_followed(home_of: Home, place: Path) -> None:
    (place / "alias").symlink_to(home_of.path)

    assert only().what.endswith("did not make: `alias`")


def test_homes_without_a_record_are_a_note(home_of: Home, place: Path, make_environment: Maker) -> None:
    make_environment(place / "foo-12345678" / ".venv")
    make_environment(place / "bar-12345678" / ".venv")

    assert only() == (
        NOTE,
        "2 homes do not say which project they are of: `bar-12345678`, `foo-12345678`",
        "the next run in such a project records it; without one, remove the directory",
    )


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        ("{", "is damaged"),
        (json.dumps({"schema": 1, "root": "/\ud800"}), "is damaged"),
        ('{"schema": 2}', "was written by a newer central-venv (schema 2, known is 1)"),
    ],
    ids=["damaged", "an impossible path", "newer"],
)
def test_a_project_record_that_cannot_be_used_is_wrong(content: str, problem: str, home_of: Home) -> None:
    Path(home_of.record_path).write_text(content)

    said = only()

    assert said.level == WRONG
    assert f"`{home_of.record_path}` {problem}" in said.what
    assert said.remedy


def test_an_environments_record_that_cannot_be_used_is_wrong(home_of: Home) -> None:
    seal(home_of, "py312")
    path = home_of.environment("tox", "py312").record_path
    Path(path).write_text("{")

    said = only()

    assert (said.level, said.what) == (WRONG, f"the record `{path}` is damaged")


@posix_only
@pytest.mark.parametrize("kind", ["link", "file", "pipe"])
def test_something_else_in_the_place_of_the_records_is_wrong(kind: str, home_of: Home, base: Path) -> None:
    records = Path(home_of.path, ".central-venv")
    if records.exists():
        shutil.rmtree(records)
    if kind == "link":
        write_tree(base / "elsewhere", {"tox/py312.json": "{"})
        records.symlink_to(base / "elsewhere")
    elif kind == "file":
        records.write_text("")
    else:
        os.mkfifo(records)

    assert only() == (WRONG, f"`{records}` is not a directory, so there can be no records", "remove it")


# projects that are gone, or others


def test_three_names_are_all_told(place: Path, home_of: Home) -> None:
    write_tree(place, {"a": "", "b": "", "c": ""})

    assert only().what.endswith("did not make: `a`, `b`, `c`")


def test_projects_that_are_gone_are_a_note(home_of: Home) -> None:
    seal(home_of, "a")
    seal(home_of, "b")
    shutil.rmtree(home_of.root)

    assert only() == (
        NOTE,
        f"1 project is gone, with 2 environments in the store: `{home_of.root}`",
        "`central-venv prune` removes what is left of them",
    )


def test_many_projects_that_are_gone_are_one_note(place: Path, base: Path) -> None:
    for number in range(5):
        root = base / f"p{number}"
        root.mkdir()
        Home(Store(str(place)), str(root)).prepare()
        shutil.rmtree(root)

    what = only().what

    assert what.startswith("5 projects are gone, with 0 environments in the store: ")
    assert what.endswith(" and 2 more")


def test_projects_that_cannot_be_seen_are_a_note(home_of: Home) -> None:
    shutil.rmtree(home_of.root)
    change_record(home_of, mount="/another")

    assert only() == (
        NOTE,
        f"1 project cannot be seen now, with 0 environments in the store: `{home_of.root}`",
        "mount what they lie on; until then their environments are kept",
    )


def test_projects_that_another_machine_recorded_are_a_note_that_names_it(home_of: Home) -> None:
    shutil.rmtree(home_of.root)
    change_record(home_of, host="another")

    assert only() == (
        NOTE,
        (
            "1 project that the machine `another` recorded cannot be seen now, with 0 environments in the store: "
            f"`{home_of.root}`"
        ),
        "look at them on `another`; here, their environments are kept",
    )


def test_projects_of_several_machines_are_told_apart(home_of: Home, place: Path, base: Path) -> None:
    for number, machine in enumerate(["b", "a", "b", None]):
        root = base / f"p{number}"
        root.mkdir()
        home = Home(Store(str(place)), str(root))
        home.prepare()
        change_record(home, host=machine)
        root.rmdir()

    assert [said.what.partition(" cannot")[0] for said in look()] == [
        "1 project",
        "1 project that the machine `a` recorded",
        "2 projects that the machine `b` recorded",
    ]


def test_a_renamed_project_is_wrong(births: None, home_of: Home) -> None:
    seal(home_of, "a")
    new = f"{home_of.root}-new"
    os.rename(home_of.root, new)

    assert only() == (
        WRONG,
        f"project `{home_of.root}` seems to be `{new}` now, and its environments do not know",
        f"`central-venv move {home_of.root} {new}`",
    )


def test_a_moved_project_is_known_by_its_new_home(births: None, home_of: Home, base: Path) -> None:
    new = base / "deep" / "project"
    new.parent.mkdir()
    os.rename(home_of.root, new)
    Home(home_of.store, str(new)).prepare()

    assert only().what.startswith(f"project `{home_of.root}` seems to be `{new}` now")


def test_a_moved_project_is_known_if_it_is_the_one_asked_about(births: None, home_of: Home, base: Path) -> None:
    new = base / "deep" / "project"
    new.parent.mkdir()
    os.rename(home_of.root, new)

    assert only(str(new)).what.startswith(f"project `{home_of.root}` seems to be `{new}` now")
    assert only().what.startswith("1 project is gone")


@pytest.mark.parametrize("way", ["its parent was renamed", "it is asked about", "it has a new home"])
def test_a_moved_project_whose_former_parent_is_gone_is_known_too(
    way: str, births: None, place: Path, base: Path
) -> None:
    root = write_tree(base / "code" / "foo", {"pyproject.toml": ""})
    home = Home(Store(str(place)), str(root))
    seal(home)
    new = base / ("src" if way == "its parent was renamed" else "far/away") / "foo"
    if way == "its parent was renamed":
        root.parent.rename(new.parent)
    else:
        new.parent.mkdir(parents=True)
        root.rename(new)
        root.parent.rmdir()
    if way == "it has a new home":
        Home(home.store, str(new)).prepare()

    said = only(str(new) if way == "it is asked about" else None)

    assert said.remedy == f"`central-venv move {root} {new}`"


def test_environments_of_an_older_project_at_the_same_path_are_a_note(births: None, home_of: Home) -> None:
    path = seal(home_of, "a")
    change_record(home_of, created=clock.from_timestamp(time.time() - 86400))
    before = look()
    os.utime(path / "pyvenv.cfg", (time.time() - 86000,) * 2)

    assert before == []
    assert only() == (
        NOTE,
        (
            f"the project `{home_of.root}` is younger than environments in its home, so those were made for an older "
            "one at that path"
        ),
        f"if that matters, `central-venv clean --project {home_of.root}`, and run the runner again",
    )


@posix_only
@pytest.mark.parametrize("part", ["project", "parent"])
def test_a_project_whose_path_has_become_a_link_is_a_note_whose_remedy_works(
    part: str, place: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(base)
    root = base / "parent" / "project"
    root.mkdir(parents=True)
    home = Home(Store(str(place)), str(root))
    home.prepare()
    seal(home, "a")
    linked = root if part == "project" else root.parent
    linked.rename(base / "new")
    linked.symlink_to(base / "new")
    new = base / "new" if part == "project" else base / "new" / "project"

    assert only() == (
        NOTE,
        f"`{root}` is a link to `{new}` now, so its environments in `{home.path}` are not found any more",
        f"`central-venv move {root} {new}`",
    )

    main(["move", "parent/project", str(new)])

    assert "link" not in " ".join(said.what for said in look())
    assert not os.path.lexists(home.path)


@posix_only
@pytest.mark.parametrize("other", ["a project that lived beside it", "one with environments of its own"])
def test_a_path_that_has_become_a_link_to_another_project_is_cleaned(
    other: str, births: None, home_of: Home, base: Path
) -> None:
    if other.startswith("a project"):
        if sys.platform != "linux":
            pytest.skip("elsewhere a time of birth can be set")
        write_tree(base / "other", {"pyproject.toml": ""})
        change_record(home_of, recorded=clock.from_timestamp(time.time() + 60), inode=1, born=2e9)
    else:
        seal(Home(home_of.store, str(write_tree(base / "other", {"pyproject.toml": ""}))))
    shutil.rmtree(home_of.root)
    os.symlink(base / "other", home_of.root)

    (said,) = [each for each in look() if "is a link to" in each.what]

    assert said.remedy == f"`central-venv clean --project {os.path.basename(home_of.path)}`"


# environments


def test_environments_without_their_python_are_wrong(home_of: Home) -> None:
    for name in ("a", "b"):
        path = seal(home_of, name)
        shutil.rmtree(path / ("Scripts" if sys.platform == "win32" else "bin"))

    assert only() == (
        WRONG,
        f"2 environments of `{home_of.root}` lost the Python they were made from: `tox a`, `tox b`",
        "run the runner again, or `central-venv prune --state broken`",
    )


@posix_only
def test_an_environment_whose_python_is_a_link_to_nowhere_had_been_complete(home_of: Home) -> None:
    path = write_tree(Path(home_of.path, ".venv"), {"pyvenv.cfg": "", "bin/file": ""})
    (path / "bin" / "python").symlink_to("/gone/bin/python3")

    assert only() == (
        WRONG,
        f"1 environment of `{home_of.root}` lost the Python it was made from: `project .venv`",
        "run the runner again, or `central-venv prune --state broken`",
    )


@pytest.mark.parametrize("interpreter", [True, False], ids=["with a Python", "without"])
def test_a_half_made_environment_is_a_note(
    interpreter: bool,  # noqa: FBT001
    home_of: Home,
    make_environment: Maker,
) -> None:
    environment = home_of.environment("tox", "a")
    environment.claim("a", on_wait=lambda _: None)
    if interpreter:
        make_environment(Path(environment.path))
    else:
        write_tree(Path(environment.path), {"pyvenv.cfg": ""})
    environment._lock.release()

    assert only() == (
        NOTE,
        f"1 environment of `{home_of.root}` is half made: `tox a`",
        "run the runner again, or `central-venv prune --state broken`",
    )


@pytest.mark.parametrize("content", [None, "{"], ids=["unrecorded", "damaged"])
def test_an_environment_that_never_had_a_python_is_half_made(content: str | None, home_of: Home) -> None:
    write_tree(Path(home_of.path, ".tox", "a"), {"pyvenv.cfg": ""})
    if content is not None:
        write_tree(Path(home_of.path, ".central-venv", "tox"), {"a.json": content})

    assert (NOTE, f"1 environment of `{home_of.root}` is half made: `tox a`") in [said[:2] for said in look()]


def test_an_environment_that_was_begun_anew_without_telling_is_half_made(home_of: Home) -> None:
    path = seal(home_of, "a")
    shutil.rmtree(path)
    write_tree(path, {"pyvenv.cfg": ""})
    os.utime(path / "pyvenv.cfg", (1, 1))

    assert only()[:2] == (NOTE, f"1 environment of `{home_of.root}` is half made: `tox a`")


def test_a_broken_environment_in_a_home_without_a_record_is_not_for_prune(home_of: Home, place: Path) -> None:
    write_tree(place / "foo-12345678" / ".venv", {"pyvenv.cfg": ""})

    assert (
        NOTE,
        f"1 environment of `{place / 'foo-12345678'}` is half made: `project .venv`",
        "run the runner again, or remove the directory",
    ) in look()


def test_an_environment_of_which_there_is_only_a_directory_is_half_made(home_of: Home) -> None:
    environment = home_of.environment("tox", "a")
    environment.claim("a", on_wait=lambda _: None)
    os.makedirs(environment.path)
    environment._lock.release()

    assert only().what == f"1 environment of `{home_of.root}` is half made: `tox a`"


def test_a_broken_shared_environment_is_not_told(home_of: Home, place: Path) -> None:
    write_tree(place / "@torch", {"pyvenv.cfg": ""})

    assert look() == []


@pytest.mark.parametrize("mount", [None, "/another"], ids=["gone", "unreachable"])
def test_broken_environments_of_projects_that_are_not_there_are_not_told(mount: str | None, home_of: Home) -> None:
    path = seal(home_of, "a")
    shutil.rmtree(path / ("Scripts" if sys.platform == "win32" else "bin"))
    before = look()
    shutil.rmtree(home_of.root)
    if mount is not None:
        change_record(home_of, mount=mount)

    assert [said.level for said in before] == [WRONG]
    assert [said.what.split(",")[0] for said in look()] == [
        "1 project is gone" if mount is None else "1 project cannot be seen now"
    ]


def test_an_environment_that_a_live_process_makes_is_fine(home_of: Home) -> None:
    environment = home_of.environment("tox", "a")
    environment.claim("a", on_wait=lambda _: None)
    before = look()
    os.makedirs(environment.path)

    assert (before, look()) == ([], [])
    environment.release()


# what was left behind


def leave(home: Home, kind: str) -> None:
    environment = home.environment("tox", "gone")
    if kind == "record":
        write_tree(Path(environment.record_path).parent, {"gone.json": "{}"})
    elif kind == "lock":
        write_tree(Path(environment.record_path).parent, {"gone.lock": ""})
    elif kind == "mark":
        write_tree(Path(environment.uses.directory), {"1-00000abc.lock": ""})
    elif kind == "record of no runner":
        write_tree(Path(home.path, ".central-venv", "project"), {"gone.json": "{}"})
    elif kind == "lock of a removal":
        write_tree(Path(home.store.path, ".trash"), {"1-00000abc.lock": ""})
    else:
        directory = Path(home.store.path if kind == "file in the store" else environment.record_path)
        directory = directory if kind == "file in the store" else directory.parent
        directory = Path(home.path) if kind == "file in the home" else directory
        write_tree(directory, {".1a-12345678.tmp": ""})
        os.utime(directory / ".1a-12345678.tmp", (0, 0))


@pytest.mark.parametrize(
    "kind",
    [
        "record",
        "lock",
        "mark",
        "record of no runner",
        "lock of a removal",
        "file in the store",
        "file in the home",
        "file beside the records",
    ],
)
def test_what_was_left_behind_is_a_note(kind: str, home_of: Home) -> None:
    leave(home_of, kind)

    assert only() == (
        NOTE,
        "1 record, lock or unfinished file is left of what is gone",
        "`central-venv prune` removes them",
    )


def test_what_was_left_behind_is_counted(home_of: Home) -> None:
    leave(home_of, "record")
    leave(home_of, "lock")

    assert only().what == "2 records, locks or unfinished files are left of what is gone"


def test_what_a_live_process_holds_is_not_left_behind(home_of: Home, hold: Callable[[str], None]) -> None:
    leave(home_of, "record")
    leave(home_of, "lock")
    hold(os.path.join(home_of.path, ".central-venv", "tox", "gone.lock"))
    leave(home_of, "lock of a removal")
    hold(os.path.join(home_of.store.path, ".trash", "1-00000abc.lock"))

    assert look() == []


def test_a_mark_that_a_live_process_holds_is_not_left_behind(home_of: Home, hold: Callable[[str], None]) -> None:
    leave(home_of, "mark")
    hold(os.path.join(home_of.path, ".central-venv", "tox", "gone.uses", "1-00000abc.lock"))

    assert look() == []


def test_a_file_that_is_being_written_is_not_left_behind(home_of: Home) -> None:
    write_tree(Path(home_of.path), {".1a-12345678.tmp": ""})

    assert look() == []


def test_files_in_the_store_that_are_being_written_or_are_whole_are_not_left_behind(home_of: Home, place: Path) -> None:
    write_tree(place, {".1a-12345678.tmp": ""})
    os.utime(place / "CACHEDIR.TAG", (0, 0))

    assert look() == []


def test_records_that_cannot_be_listed_are_wrong(home_of: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(_: str) -> Iterator[str]:
        raise StoreError("cannot list", hint="list")

    monkeypatch.setattr(leftovers, "find", fail)

    assert only() == (WRONG, "cannot list", "list")


def test_other_files_beside_the_records_are_not_judged(home_of: Home) -> None:
    write_tree(Path(home_of.path, ".central-venv"), {"home.lock": "", "names": "", "tox/names": "", "file.json": ""})

    assert look() == []


def test_a_removal_that_did_not_end_is_wrong(home_of: Home, place: Path) -> None:
    write_tree(place / ".trash", {"1-0000000a/file": "", "1-0000000a.lock": "", "1-0000000b/file": ""})
    before = look()
    for name in ("1-0000000a", "1-0000000b"):
        os.utime(place / ".trash" / name, (time.time() - 61,) * 2)

    assert before == []  # between two processes, nobody holds the lock of a removal
    assert only() == (
        WRONG,
        f"2 removals did not end in `{place / '.trash'}`: `1-0000000a`, `1-0000000b`",
        "`central-venv prune` finishes them",
    )


def test_a_removal_that_ends_meanwhile_is_fine(home_of: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trash_leftovers, "leftovers", lambda _: ["gone"])

    assert look() == []


def test_a_removal_by_a_live_process_is_fine(home_of: Home, place: Path, hold: Callable[[str], None]) -> None:
    write_tree(place / ".trash", {"1-0000000a/file": "", "1-0000000a.lock": ""})
    os.utime(place / ".trash" / "1-0000000a", (0, 0))
    hold(str(place / ".trash" / "1-0000000a.lock"))

    assert look() == []


@posix_only
def test_something_else_in_the_place_of_the_trash_is_wrong_and_not_followed(
    home_of: Home, place: Path, base: Path
) -> None:
    write_tree(base / "elsewhere", {"a/file": "", "b.lock": ""})
    if (place / ".trash").exists():
        (place / ".trash").rmdir()
    (place / ".trash").symlink_to(base / "elsewhere")

    assert only() == (WRONG, f"`{place / '.trash'}` is not a directory, so nothing can be removed", "remove it")


# a hostile store


@posix_only
def test_nothing_in_a_store_is_more_than_a_finding(home_of: Home, place: Path, base: Path) -> None:
    import socket

    strange = ["a\nb-12345678", "\x1b[31m-12345678", "@\n", "[bold]", "-12345678", "@"]
    strange += ["\udcff-12345678"] if sys.platform == "linux" else []
    for name in strange:
        write_tree(
            place / name, {"project.json": '{"schema": 1, "root": "/a\\nb\\u001b[31m"}', ".tox/a/pyvenv.cfg": ""}
        )
    outside = write_tree(base / "outside", {"file": ""})
    for number, content in enumerate(["[" * 100_000, "\x00", '{"schema": 1, "root": "/\\u0000"}', '{"schema": 1e9}']):
        write_tree(place / f"record-{number:08x}", {"project.json": content})
    home = place / "everything-00000000"
    for parent in (home, home / ".central-venv", home / ".central-venv" / "tox", home / ".tox", place / ".trash"):
        parent.mkdir(exist_ok=True)
        os.mkfifo(parent / "pipe.lock")
        os.mkfifo(parent / "pipe.json")
        os.mkfifo(parent / ".pipe.tmp")
        (parent / "link.json").symlink_to(outside / "file")
        (parent / "link.lock").symlink_to(outside / "file")
        (parent / "link.uses").symlink_to(outside)
        (parent / "loop").symlink_to("loop")
        (parent / "file.json").mkdir()
    os.mkfifo(home / "project.json")
    os.mkfifo(home / ".venv")
    (home / ".nox").symlink_to(outside)
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(place / "@socket"))
        before = snapshot(outside)

        found = look(home_of.root)

    assert {said.level for said in found} == {NOTE, WRONG}
    assert snapshot(outside) == before


@posix_only
@pytest.mark.parametrize("closed", ["", ".central-venv", ".tox", ".central-venv/tox"])
def test_a_directory_that_is_closed_to_us_is_a_finding(closed: str, home_of: Home) -> None:
    seal(home_of, "py312")
    path = Path(home_of.path, closed)
    path.chmod(0)
    try:
        if os.access(path, os.R_OK):
            pytest.skip("nothing is closed to this user")
        found = look()
    finally:
        path.chmod(0o700)

    assert WRONG in [said.level for said in found]
    assert any(str(path) in said.what for said in found)


@posix_only
def test_environments_in_a_store_that_was_moved_are_wrong(
    home_of: Home, place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(home_of, "a")
    seal(home_of, "b")
    seal_shared(home_of.store)
    place.rename(place.with_name("t"))
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(place.with_name("t")))

    found = [each for each in look() if each.level == WRONG]

    assert found == [
        (
            WRONG,
            f"3 environments were made where the store is not any more, in `{place}`, so their programs are not found",
            f"`central-venv move --store {place}`",
        )
    ]


@posix_only
def test_an_environment_that_was_made_in_another_place_is_wrong(home_of: Home) -> None:
    path = seal(home_of)
    path.rename(path.with_name("other"))
    record = Path(layout.environment_record_path(home_of.path, "tox", path.name))
    record.rename(record.with_name("other.json"))

    assert (
        WRONG,
        f"the environment `{path.with_name('other')}` was made at `{path}`",
        "move it back there, or remove it",
    ) in look()
