"""What is wrong with a store."""

from __future__ import annotations

import os
import stat
import sys

from central_venv.doctor import homes
from central_venv.doctor.finding import STORE, command, guarded, listed, named, note, stands_in_the_way, wrong
from central_venv.doctor.store_locks import examine_locks
from central_venv.doctor.store_needs import examine_needs, examine_site
from central_venv.doctor.store_path import MOVE_STORE, examine_path, shortened_nox_names
from central_venv.errors import CentralVenvError
from central_venv.machine import backups, clock, files
from central_venv.machine.spelling import comparable
from central_venv.machine.words import counted
from central_venv.policy import layout
from central_venv.policy.key import is_home_name
from central_venv.store import leftovers, trash_leftovers
from central_venv.store.lock import Lock
from central_venv.store.own_names import LOCK, is_mark, is_unfinished
from central_venv.store.ownership import belongs, is_only_for_root_to_write, is_roots, remedy
from central_venv.store.store import SIGNATURE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from central_venv.doctor.finding import Finding
    from central_venv.store.store import Store


_TAG = "CACHEDIR.TAG"
_OURS = frozenset({_TAG, ".gitignore", layout.TRASH, layout.RECORDS, layout.STORES, *layout.DESKTOP_FILES})


def examine(store: Store, root: str | None) -> Iterator[Finding]:
    """Look at a store.

    Args:
        store: which may not exist.
        root: true path of the project root that was asked about, if any.
    """
    yield from examine_path(store.path)
    try:
        status = os.stat(store.path)
    except FileNotFoundError:
        yield from _missing(store.path)
        return
    except OSError as error:
        failed = files.store_error(error, "look at", store.path)
        yield wrong(STORE, "store-not-readable", failed.message, failed.hint)
        return
    if not stat.S_ISDIR(status.st_mode):
        yield wrong(
            STORE,
            "store-not-a-directory",
            f"the store `{store.path}` is not a directory",
            MOVE_STORE.format("a directory"),
        )
        return
    yield from _access(store.path, status)
    yield from _parents(store.path)
    if _is_to_be_run_only(store.path, status):
        yield note(
            STORE,
            "store-read-only",
            f"the store `{store.path}` is read-only: what is ready in it can be run, but no use is noted, and nothing "
            "can be made or removed",
            "to make environments, set `CENTRAL_VENV_HOME` to a directory that you can write",
        )
    elif not _is_writable(store.path):
        yield wrong(
            STORE,
            "store-not-writable",
            f"the store `{store.path}` cannot be written, so nothing can be made or removed in it",
            "make it writable, or set `CENTRAL_VENV_HOME` to a directory that is",
        )
    elif not files.is_strangers(status):
        yield from examine_needs(store.path)
    yield from examine_locks(store.path)
    yield from _contents(list(files.entries(store.path, follow=True)), store.path, root)


def _missing(store: str) -> Iterator[Finding]:
    if os.path.islink(store):
        yield wrong(
            STORE,
            "store-dangling-link",
            f"the store `{store}` is a link that leads nowhere",
            "remove the link, or make its target",
        )
        return
    yield note(STORE, "store-missing", f"there is no store yet; it will be `{store}`")
    yield from examine_site(store)


if sys.platform == "win32":
    # Windows has no modes; a user's own directories are closed to others there.

    def _access(*_: object) -> Iterator[Finding]:
        yield from ()

    def _parents(*_: object) -> Iterator[Finding]:
        yield from ()

    def _is_writable(store: str) -> bool:
        return os.access(store, os.W_OK)

    def _is_to_be_run_only(*_: object) -> bool:
        return False

else:

    def _access(store: str, status: os.stat_result) -> Iterator[Finding]:
        """Whoever can write the store chooses what this user runs."""
        is_strangers = files.is_strangers(status)
        if is_strangers and not is_roots(store, status):
            yield wrong(
                STORE,
                "store-of-another-user",
                f"the store `{store}` belongs to another user (id {status.st_uid})",
                MOVE_STORE.format("a directory of your own"),
            )
        if status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
            yield wrong(
                STORE, "store-open-to-writers", f"others may write the store `{store}`", command("chmod", "700", store)
            )
        elif not is_strangers and status.st_mode & (stat.S_IRGRP | stat.S_IROTH | stat.S_IXGRP | stat.S_IXOTH):
            yield note(
                STORE,
                "store-open-to-readers",
                f"others may look into the store `{store}`",
                f"{command('chmod', '700', store)}, unless other users are to run what is in it",
            )

    def _parents(store: str) -> Iterator[Finding]:
        """Whoever can rename a directory above the store can put another one in its place."""
        for directory in _above(store):
            status = os.stat(directory)
            if files.is_strangers(status) and not is_roots(directory, status):
                yield wrong(
                    STORE,
                    "directory-above-store-of-another-user",
                    f"`{directory}`, above the store, belongs to another user (id {status.st_uid})",
                    MOVE_STORE.format("a directory below your own"),
                )
            elif _others_may_write(status):
                yield wrong(
                    STORE,
                    "directory-above-store-open-to-writers",
                    f"others may write `{directory}`, above the store, and so exchange the store",
                    command("chmod", "go-w", directory),
                )

    def _above(store: str) -> Iterator[str]:
        """The directories above the store, and above what it is a link to."""
        paths = [os.path.realpath(store), os.path.join(os.path.realpath(os.path.dirname(store)), "store")]
        above: dict[str, None] = {}
        for path in paths:
            directory = path
            while directory != os.path.dirname(directory):
                directory = os.path.dirname(directory)
                above[directory] = None
        yield from above

    def _others_may_write(status: os.stat_result) -> bool:
        if status.st_mode & stat.S_ISVTX:  # nobody may rename what is another's there
            return False
        if status.st_mode & stat.S_IWOTH:
            return True
        return bool(status.st_mode & stat.S_IWGRP) and not _is_own_group(status.st_gid)

    def _is_own_group(group: int) -> bool:
        """Whether this user is the only one in a group, as many systems give one to each user."""
        import grp
        import pwd

        try:
            user, found = pwd.getpwuid(os.getuid()), grp.getgrgid(group)
        except KeyError:
            return False
        return user.pw_gid == group and user.pw_name == found.gr_name and set(found.gr_mem) <= {user.pw_name}

    def _is_writable(store: str) -> bool:
        return os.access(store, os.W_OK | os.X_OK) and not os.statvfs(store).f_flag & os.ST_RDONLY

    def _is_to_be_run_only(store: str, status: os.stat_result) -> bool:
        """Whether a store is read-only, or root's and only root's to write, as in an image."""
        if os.statvfs(store).f_flag & os.ST_RDONLY:
            return True
        is_roots_alone = files.is_strangers(status) and is_only_for_root_to_write(store, status)
        return is_roots_alone and not os.access(store, os.W_OK)


def _contents(entries: Sequence[os.DirEntry[str]], store: str, root: str | None) -> Iterator[Finding]:
    found: list[str] = []
    foreign: list[str] = []
    fold = comparable(layout.trash_directory(store))
    for entry in entries:
        if layout.is_shared_name(entry.name) or is_home_name(entry.name):
            problem = _unfit(entry)
            if problem is not None:
                yield problem
            elif not entry.is_dir(follow_symlinks=False):
                foreign.append(entry.name)
            elif not files.is_another_users(entry.path):
                found.append(entry.path)
        elif entry.is_dir(follow_symlinks=False) and homes.record_of(entry.path) is not None:
            found.append(entry.path)  # renamed or copied by hand
        elif fold(entry.name) not in map(fold, _OURS) and not is_unfinished(entry.name):
            foreign.append(entry.name)
    yield from _tag(store, foreign)
    yield from _foreign(store, foreign)
    yield from shortened_nox_names(found)
    yield from homes.examine(found, root)
    if stands_in_the_way(path := os.path.join(store, layout.RECORDS)):
        yield wrong(
            STORE, "records-not-a-directory", f"`{path}` is not a directory, so there can be no records", "remove it"
        )
    yield from guarded(STORE, store, _unfinished_removals(store))
    yield from _left_behind(store, found)


def _unfit(entry: os.DirEntry[str]) -> Finding | None:
    """Why a home is none that may be used, if so."""
    status = entry.stat(follow_symlinks=False)
    if stat.S_ISLNK(status.st_mode):
        return wrong(
            STORE, "home-is-a-link", f"`{entry.path}` is a link, not a home", "remove the link; the home is made anew"
        )
    # Where everything is root's, as in an image, so is a home.
    if files.is_strangers(status) and (
        os.access(os.path.dirname(entry.path), os.W_OK) or not is_only_for_root_to_write(entry.path, status)
    ):
        return wrong(
            STORE,
            "home-of-another-user",
            f"the home `{entry.path}` {belongs(status)}",
            remedy(entry.path),
        )
    return None


def _tag(store: str, foreign: Sequence[str]) -> Iterator[Finding]:
    if foreign:  # such a directory is not the store's alone, so its backup is not for us to switch off
        return
    path = os.path.join(store, _TAG)
    try:
        content = files.read(path)
    except CentralVenvError:
        content = b""
    if content is None or not content.startswith(SIGNATURE):
        yield note(
            STORE,
            "backup-tag-missing",
            f"`{path}` is {'missing' if content is None else 'no tag'}, so backups hold every environment",
            f"write the line `{SIGNATURE.decode()}` into it",
        )
    if not backups.is_excluded(store):
        yield note(
            STORE,
            "backed-up-by-time-machine",
            f"Time Machine backs up every environment in `{store}`",
            command("tmutil", "addexclusion", store),
        )


def _foreign(store: str, names: Sequence[str]) -> Iterator[Finding]:
    if names:
        yield note(
            STORE,
            "foreign-entries-in-store",
            f"{counted(len(names), 'entry is', 'entries are')} in the store `{store}` that central-venv did not make: "
            f"{named(names)}",
            "keep other things elsewhere, or give the store a directory of its own",
        )


def _unfinished_removals(store: str) -> Iterator[Finding]:
    directory, youngest = layout.trash_directory(store), clock.seconds() - leftovers.UNFINISHED_AGE
    # Between the process that begins a removal and the one that ends it, nobody holds its lock.
    names = [name for name in trash_leftovers.leftovers(store) if _is_older(os.path.join(directory, name), youngest)]
    if names:
        yield wrong(
            STORE,
            "removals-not-finished",
            f"{counted(len(names), 'removal')} did not end in `{directory}`: {named(names)}",
            "`central-venv prune` finishes them",
        )
    if foreign := trash_leftovers.foreign(store):
        yield note(
            STORE,
            "foreign-entries-in-trash",
            f"{counted(len(foreign), 'entry is', 'entries are')} in `{directory}` that no removal put there: "
            f"{named(foreign)}",
            "keep other things elsewhere: they stay there",
        )


def _is_older(path: str, moment: float) -> bool:
    try:
        return os.lstat(path).st_mtime < moment
    except FileNotFoundError:
        return False


def _left_behind(store: str, found: Sequence[str]) -> Iterator[Finding]:
    """What killed processes and removed environments left."""
    count = 0
    for home in (store, *found):
        if stands_in_the_way(os.path.join(home, layout.RECORDS)):
            continue
        find = leftovers.find_shared if home == store else leftovers.find
        try:
            count += len(list(find(home)))
        except CentralVenvError as error:
            yield wrong(STORE, "records-not-readable", error.message, error.hint)
    count += len(_stale_locks(layout.trash_directory(store)))
    if count:
        yield note(
            STORE,
            "leftovers",
            f"{counted(count, 'record, lock or unfinished file is', 'records, locks or unfinished files are')} "
            "left of what is gone",
            "`central-venv prune` removes them",
        )


def _stale_locks(directory: str) -> list[str]:
    """Locks of removals that ended, unless one is held: its removal begins."""
    return [
        entry.path
        for entry in listed(directory)
        if is_mark(entry.name)
        and not os.path.lexists(entry.path.removesuffix(LOCK))
        and not Lock(entry.path).held_elsewhere()
    ]
