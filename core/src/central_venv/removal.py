"""Removing environments: only what is ours, only in the store, never through a link, never what is in use.

What is to be removed was listed before, and somebody may have thought about the list for an hour. So under the home's
lock, without which nobody can claim anything in it, each home is looked at again, and only what is as it was listed is
renamed into the trash. A home whose environments all go is renamed as a whole; otherwise each environment is.
"""

from __future__ import annotations

import errno
import os
import sys
from contextlib import ExitStack, contextmanager, suppress

from central_venv.errors import CentralVenvError, NewerRecordError
from central_venv.inventory.inventory import (
    SHARED,
    UNRECORDED,
    FoundEnvironment,
    FoundProject,
    find_project,
    find_projects,
)
from central_venv.inventory.occupancy import is_anything_claimed, is_bare, other_owner, user_of
from central_venv.machine import files, host
from central_venv.machine.processes import Running
from central_venv.policy import layout
from central_venv.policy.key import home_name
from central_venv.project_link.removing import withdrawn
from central_venv.store import identity, leftovers
from central_venv.store.deletion import Deleted
from central_venv.store.home_lock import HomeGoneError, locked, make_records
from central_venv.store.record import read_project
from central_venv.store.store import Store
from central_venv.store.trash import Trash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from central_venv.store.lock import Lock

    #: What was not removed: the project, the environment or None for its home, and the reason.
    Kept = tuple[FoundProject, FoundEnvironment | None, str]


class Target:
    """What is to be removed from one home.

    Attributes:
        project: the project as it was listed, with all of its environments.
        environments: those of them that are to be removed.
        whole: whether the home is to be removed with what runners left in it beside environments.
        forced: whether a shared environment is to be removed although projects use it.
    """

    __slots__ = ("environments", "forced", "project", "whole")

    def __init__(
        self, project: FoundProject, environments: Sequence[FoundEnvironment], *, whole: bool, forced: bool = False
    ) -> None:
        self.project = project
        self.environments = environments
        self.whole = whole
        self.forced = forced


class Removed:
    """What became of what was to be removed.

    Attributes:
        environments: those that are out of the way, each with its project.
        homes: how many homes went with them.
        kept: what was not removed, and why: the project, the environment or None for its home, and the reason.
        links: the absolute paths of the links in projects that led to what was removed, and went with it.
        trash: what is out of the way and has yet to be deleted.
        swept: what was deleted already: records, locks and the like.
    """

    __slots__ = ("environments", "homes", "kept", "links", "swept", "trash")

    def __init__(self, trash: Trash) -> None:
        self.environments: list[tuple[FoundProject, FoundEnvironment]] = []
        self.homes = 0
        self.kept: list[Kept] = []
        self.links: list[str] = []
        self.trash = trash
        self.swept = Deleted()


class _RefusedError(Exception):
    """Why nothing of a home is removed."""


def remove(store: Store, targets: Iterable[Target], *, on_progress: Callable[[int], None] = lambda _: None) -> Removed:
    """Rename environments out of the way.

    Args:
        store: the one that they are in.
        targets: what to remove.
        on_progress: told how many targets are done.

    Returns:
        What was renamed, what was not and why; nothing of it is deleted yet.
    """
    removed = Removed(Trash(store.path))
    removal = _Removal(store, removed)
    for done, target in enumerate(targets, 1):
        try:
            removal.of(target)
        except HomeGoneError:
            continue
        except _RefusedError as error:
            removal.keep(target, str(error))
        except CentralVenvError as error:
            removal.keep(target, error.message)
        finally:
            on_progress(done)
    return removed


def sweep(store: Store, homes: Iterable[str], removed: Removed) -> None:
    """Remove what killed processes and removed environments left in homes, and homes in which nothing is left.

    Args:
        store: the one that they are in.
        homes: their absolute paths, and that of the store for what several projects share.
        removed: where homes that go are counted.
    """
    removal = _Removal(store, removed)
    for home in homes:
        # Nobody asked for this home: `doctor` tells what is wrong with it.
        with suppress(_RefusedError, HomeGoneError, CentralVenvError):
            removal.sweep(home)


class _Removal:
    def __init__(self, store: Store, removed: Removed) -> None:
        self._store = store.path
        self._removed = removed
        self._running: Running | None = None
        try:
            self._device = os.stat(store.path).st_dev
            self._mounts = host.mounts_below(os.path.realpath(store.path))
        except FileNotFoundError:  # there is nothing to remove, either
            self._device, self._mounts = -1, []
        except OSError as error:
            raise files.store_error(error, "look at", store.path) from error
        self._home_lock: Lock | None = None

    def of(self, target: Target) -> None:
        self._check_home(target.project)
        if target.project.state == SHARED:
            self._of_shared(target)
            return
        with self._locked(target.project.home, proven=_key_proves(target.project)):
            problems: list[CentralVenvError] = []
            now = find_project(target.project.home, on_problem=problems.append)
            _check_project(target.project, now)
            if any(isinstance(problem, NewerRecordError) for problem in problems):
                raise _RefusedError("it was recorded by a newer central-venv")
            going = list(self._unopposed(target, now))
            if target.whole and len(going) == len(now.environments) and self._can_go_whole(now):
                with self._unlinked([target.project], [*_paths(going), *self._shared_by(now)]):
                    self._take_home(now.home)
                self._removed.environments += [(target.project, environment) for environment in going]
            else:
                for environment in going:
                    self._take(target.project, environment)
                self._tidy(now.home)

    def _of_shared(self, target: Target) -> None:
        """Remove an environment that several projects share; nobody begins to use one under the store's lock."""
        with self._locked(self._store, proven=True):
            projects = list(find_projects(Store(self._store), on_problem=lambda _: None))
            now = next((project for project in projects if project.home == target.project.home), None)
            if now is None:
                raise HomeGoneError
            if not target.forced:
                _check_users(now, projects)
            target.project.users = now.users
            for environment in self._unopposed(target, now):
                self._take(target.project, environment)
            leftovers.sweep_shared(self._store, self._removed.swept)

    def keep(self, target: Target, reason: str) -> None:
        """Note why what is left of a target stays: its environments, or only its home."""
        gone = {environment.path for _, environment in self._removed.environments}
        left = [environment for environment in target.environments if environment.path not in gone]
        self._removed.kept += [(target.project, environment, reason) for environment in left]
        if not left:
            self._removed.kept.append((target.project, None, reason))

    def sweep(self, home: str) -> None:
        if home == self._store:
            if next(leftovers.find_shared(home), None) is not None:
                with self._locked(home, proven=True):
                    leftovers.sweep_shared(home, self._removed.swept)
        elif next(leftovers.find(home), None) is not None or is_bare(home):
            with self._locked(home, proven=True):
                self._tidy(home)

    @contextmanager
    def _locked(self, home: str, *, proven: bool) -> Iterator[None]:
        """Hold a home's lock: no process claims anything in it meanwhile.

        Args:
            home: absolute path of the home.
            proven: whether it is known to be the home of a project; into another directory, nothing is put.
        """
        records = os.path.join(home, layout.RECORDS)
        if proven and make_records(home):
            self._removed.swept.discount(os.lstat(records))
        try:
            if not files.is_directory(os.lstat(records)):
                raise _RefusedError("its records are a link")
        except FileNotFoundError:
            if os.path.lexists(home):
                raise _RefusedError("nothing in it is recorded, and nobody can tell which project it is of") from None
            raise HomeGoneError from None
        except OSError as error:
            raise files.store_error(error, "look at", records) from error
        with locked(home) as self._home_lock:
            yield

    def _tidy(self, home: str) -> None:
        leftovers.sweep(home, self._removed.swept)
        if is_bare(home):
            self._take_home(home)

    def _check_home(self, project: FoundProject) -> None:
        try:
            status = os.lstat(project.home)
        except FileNotFoundError:
            raise HomeGoneError from None
        if not files.is_directory(status):
            raise _RefusedError("its home is a link")
        if (owner := other_owner(project.home)) is not None:
            raise _RefusedError(f"its home belongs to another user (id {owner})")
        if status.st_dev != self._device:
            raise _RefusedError("its home lies on another file system than the store")

    def _unopposed(self, target: Target, now: FoundProject) -> Iterator[FoundEnvironment]:
        """Those environments of a target that are still there and that nothing speaks against removing."""
        there = {environment.path: environment for environment in now.environments}
        for listed in target.environments:
            environment = there.get(listed.path)
            if environment is None:
                continue
            reason = self._objection(target.project, listed, environment)
            if reason is None:
                environment.usage = listed.usage
                yield environment
            else:
                self._removed.kept.append((target.project, listed, reason))

    def _objection(self, project: FoundProject, listed: FoundEnvironment, now: FoundEnvironment) -> str | None:
        if not now.recorded and not _key_proves(project):
            return "it is neither recorded nor in the home of a known project"
        if (owner := other_owner(now.path)) is not None:
            return f"it belongs to another user (id {owner})"
        if (user := user_of(now)) is not None:
            return f"in use by {user}"
        if self._running is None:
            self._running = Running(self._store)
        if (pid := self._running.from_environment(now.path)) is not None:
            return f"process {pid} runs from it"
        if (listed.last_used, listed.created) != (now.last_used, now.created):
            return "it was used or changed since it was listed"
        return self._mounted(now.path)

    def _mounted(self, path: str) -> str | None:
        """Which file system is mounted in a directory, in words."""
        if not self._mounts:
            return None
        place = os.path.join(os.path.realpath(path), "")
        mount = next((mount for mount in self._mounts if os.path.join(mount, "").startswith(place)), None)
        return None if mount is None else f"a file system is mounted at `{mount}`"

    def _can_go_whole(self, project: FoundProject) -> bool:
        """Whether a home holds nothing but what is ours and unused."""
        reason = self._mounted(project.home)
        if reason is None and (names := list(_foreign(project))):
            reason = f"it holds {', '.join(f'`{name}`' for name in names)}, which no runner put there"
        if reason is not None:
            self._removed.kept.append((project, None, reason))
        return reason is None and not is_anything_claimed(project.home)

    def _take(self, project: FoundProject, environment: FoundEnvironment) -> None:
        try:
            with self._unlinked([project, *project.users], [environment.path]):
                self._removed.trash.take(*os.path.relpath(environment.path, self._store).split(os.sep))
        except OSError as error:
            self._removed.kept.append((project, environment, _words(error)))
        else:
            self._removed.environments.append((project, environment))

    @contextmanager
    def _unlinked(self, projects: Iterable[FoundProject], paths: Sequence[str]) -> Iterator[None]:
        """Let no link in a project lead to what goes, or to what it does not use any more."""
        with ExitStack() as links:
            roots = [root for project in projects for root in _roots(project)]
            gone = [links.enter_context(withdrawn(root, paths)) for root in roots]
            yield
        self._removed.links += filter(None, gone)

    def _shared_by(self, project: FoundProject) -> Iterator[str]:
        """The absolute path of the shared environment that a project uses, if it does."""
        if project.record is not None and project.record.shared is not None:
            yield os.path.join(self._store, project.record.shared)

    def _take_home(self, home: str) -> None:
        if sys.platform == "win32" and self._home_lock is not None:
            self._home_lock.release()  # there, what is open cannot be renamed: by others neither
        try:
            self._removed.trash.take(os.path.basename(home))
        except OSError as error:
            raise _RefusedError(_words(error)) from error
        self._removed.homes += 1


def _roots(project: FoundProject) -> Iterator[str]:
    """Where a project may have a link: at its path and, if its directory is elsewhere now, there."""
    if project.root is not None:
        yield project.root
    if project.record is not None and host.inode(project.record.root) != project.record.inode:
        moved = identity.moved_to(project.record, ())
        if moved is not None:
            yield moved


def _paths(environments: Iterable[FoundEnvironment]) -> list[str]:
    return [environment.path for environment in environments]


def _check_users(shared: FoundProject, projects: Iterable[FoundProject]) -> None:
    """Refuse what a project needs that is not surely gone, or that may be needed."""
    if shared.living_users:
        raise _RefusedError(f"it is used by {', '.join(str(user.root) for user in shared.living_users)}")
    for project in projects:
        if project.state == UNRECORDED and _may_use(project.home, os.path.basename(shared.home)):
            raise _RefusedError(f"nobody can tell whether the project of `{project.home}` uses it")


def _may_use(home: str, name: str) -> bool:
    """Whether a home says so that cannot be read, or that was renamed or copied, as in the middle of a move."""
    try:
        record = read_project(layout.project_record_path(home))
    except CentralVenvError:
        return True
    return record is not None and record.shared == name


def _check_project(listed: FoundProject, now: FoundProject) -> None:
    """Refuse a home that is not any more what it was when somebody decided that it may go."""
    if now.state != listed.state:
        raise _RefusedError(f"its project is {now.state} now")
    if now.root not in {None, listed.root}:
        raise _RefusedError("its project is another one now")


def _key_proves(project: FoundProject) -> bool:
    """Whether the home's name is the key of the project that it is listed for."""
    return project.root is not None and home_name(project.root) == os.path.basename(project.home)


def _foreign(project: FoundProject) -> Iterator[str]:
    """What is in a home that neither we nor a runner put there."""
    runners = {environment.runner for environment in project.environments}
    directories = {environment.path for environment in project.environments}
    for entry in files.entries(project.home):
        runner = layout.runner_of(entry.name)
        if entry.is_file(follow_symlinks=False) and (
            entry.name == layout.PROJECT_RECORD
            or entry.name in layout.DESKTOP_FILES
            or leftovers.is_unfinished(entry.name)
        ):
            continue
        if entry.is_dir(follow_symlinks=False) and (
            entry.name == layout.RECORDS
            or entry.path in directories
            or runner in runners
            or (runner is not None and _is_runners(project.home, entry.path, runner))
        ):
            continue
        yield entry.name


def _is_runners(home: str, path: str, runner: str) -> bool:
    """Whether a directory without environments is a runner's all the same: empty, one with records, hatch's data."""
    names = {entry.name for entry in files.entries(path)}
    return (
        not names
        or os.path.isdir(layout.records_directory(home, runner))
        or (
            runner == "hatch"
            and names <= layout.DATA_OF_HATCH
            and os.path.isdir(os.path.join(path, layout.NOTES_OF_HATCH))
        )
    )


def _words(error: OSError) -> str:
    if error.errno == errno.EXDEV:
        return "it lies on another file system than the trash, or in a layer of an image that cannot be renamed"
    return f"it cannot be moved out of the way: {files.reason(error)}"
