"""Renaming what is to be removed into the trash, home by home, each under its lock."""

from __future__ import annotations

import os
import sys
from contextlib import ExitStack, contextmanager, suppress

from central_venv.errors import CentralVenvError, NewerRecordError
from central_venv.inventory.found import SHARED, UNREACHABLE, FoundEnvironment, FoundProject
from central_venv.inventory.occupancy import is_anything_claimed, is_bare, is_empty
from central_venv.inventory.search import find_project, find_projects
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.project_link.removing import withdrawn
from central_venv.removal.objections import (
    Objections,
    RefusedError,
    check_project,
    check_users,
    foreign_entries,
    key_proves,
    refusal_of_rename,
)
from central_venv.removal.target import Removed, Target
from central_venv.store import identity, leftovers, runner_leavings
from central_venv.store.descent import is_refusal
from central_venv.store.home_lock import HomeGoneError, locked, make_records
from central_venv.store.in_place import PartlyDeletedError, delete_bare_home, delete_tree
from central_venv.store.store import Store
from central_venv.store.trash import Trash

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from central_venv.store.lock import Lock


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
            removal.remove_target(target)
        except HomeGoneError:
            continue
        except RefusedError as error:
            removal.keep(target, str(error))
        except CentralVenvError as error:
            removal.keep(target, error.message)
        finally:
            on_progress(done)
    removed.unseen = removal.unseen
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
        with suppress(RefusedError, HomeGoneError, CentralVenvError):
            removal.sweep(home)


def find_leftovers(store: Store, homes: Iterable[str]) -> list[str]:
    """The absolute paths of what `sweep` would remove, homes in which nothing is left among them.

    Args:
        store: the one that the homes are in.
        homes: as for `sweep`.
    """
    found: list[str] = []
    for home in homes:
        with suppress(CentralVenvError):
            found += _left_in(store.path, home)
    return found


def _left_in(store: str, home: str) -> list[str]:
    if home == store:
        return list(leftovers.find_shared(home))
    left = [*leftovers.find(home), *runner_leavings.find(home)]
    return [home] if not left and is_bare(home) else left


class _Removal:
    def __init__(self, store: Store, removed: Removed) -> None:
        self._store = store.path
        self._removed = removed
        self._objections = Objections(store.path)
        self._home_lock: Lock | None = None

    @property
    def unseen(self) -> str | None:
        """Which processes nothing told of, in words, if they were looked for; None if there are none such."""
        return self._objections.unseen

    def remove_target(self, target: Target) -> None:
        self._objections.check_home(target.project)
        if target.project.state == SHARED:
            self._remove_shared(target)
            return
        with self._locked(target.project.home, proven=key_proves(target.project)):
            problems: list[CentralVenvError] = []
            now = find_project(target.project.home, on_problem=problems.append)
            check_project(target.project, now)
            if any(isinstance(problem, NewerRecordError) for problem in problems):
                raise RefusedError("it was recorded by a newer central-venv")
            going = list(self._unopposed(target, now))
            whole = target.whole and len(going) == len(now.environments) and self._can_go_whole(now)
            if whole and self._take_whole(target.project, now, going):
                return
            for environment in going:
                self._take(target.project, environment)
            if whole:
                self._clear(now)
            else:
                self._tidy(now)

    def _remove_shared(self, target: Target) -> None:
        """Remove an environment that several projects share; nobody begins to use one under the store's lock."""
        with self._locked(self._store, proven=True):
            projects = list(find_projects(Store(self._store), on_problem=lambda _: None))
            now = next((project for project in projects if project.home == target.project.home), None)
            if now is None:
                raise HomeGoneError
            if not target.forced:
                check_users(now, projects)
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
        left = _left_in(self._store, home)
        if not left:
            return
        try:
            with self._locked(home, proven=True):
                if home == self._store:
                    leftovers.sweep_shared(home, self._removed.swept)
                else:
                    self._tidy(find_project(home, on_problem=lambda _: None))
        finally:
            self._removed.leftovers += sum(not os.path.lexists(path) for path in left if path != home)

    @contextmanager
    def _locked(self, home: str, *, proven: bool) -> Iterator[None]:
        """Hold a home's lock: no process claims anything in it meanwhile.

        Args:
            home: absolute path of the home.
            proven: whether it is known to be the home of a project; into another directory, nothing is put.
        """
        records = os.path.join(home, layout.RECORDS)
        if proven and make_records(home):
            self._removed.swept.exclude(os.lstat(records))
        try:
            if not files.is_directory(os.lstat(records)):
                raise RefusedError("its records are a link")
        except FileNotFoundError:
            if os.path.lexists(home):
                raise RefusedError("nothing in it is recorded, and nobody can tell which project it is of") from None
            raise HomeGoneError from None
        except OSError as error:
            raise files.store_error(error, "look at", records) from error
        with locked(home, on_wait=self._objections.look_again) as self._home_lock:
            yield

    def _tidy(self, project: FoundProject) -> None:
        home = project.home
        if not is_anything_claimed(home):
            for path in list(runner_leavings.find(home)):
                self._remove_leaving(path)
        empty = [path for path in _runner_directories(home) if not files.entries(path)]
        with self._unlinked([project] if empty else [], empty):
            leftovers.sweep(home, self._removed.swept)
        if is_bare(home) and self._objections.mounted(home) is None:
            self._take_home(home)

    def _remove_leaving(self, path: str) -> None:
        if not files.is_directory(os.lstat(path)):
            leftovers.remove(path, self._removed.swept)
            return
        try:
            self._removed.trash.take(*_parts(self._store, path))
        except OSError as error:
            if not is_refusal(error):
                raise RefusedError(refusal_of_rename(error)) from error
            with _refused():
                delete_tree(self._store, _parts(self._store, path), self._removed.swept)

    def _unopposed(self, target: Target, now: FoundProject) -> Iterator[FoundEnvironment]:
        """Those environments of a target that are still there and that nothing speaks against removing."""
        there = {environment.path: environment for environment in now.environments}
        for listed in target.environments:
            environment = there.get(listed.path)
            if environment is None:
                continue
            reason = self._objections.to(target.project, listed, environment) or target.refusal(listed.path)
            if reason is None:
                environment.usage = listed.usage
                yield environment
            else:
                self._removed.kept.append((target.project, listed, reason))

    def _can_go_whole(self, project: FoundProject) -> bool:
        """Whether a home holds nothing but what is ours and unused."""
        reason = self._objections.mounted(project.home)
        if reason is None and (names := list(foreign_entries(project))):
            reason = f"it holds {', '.join(f'`{name}`' for name in names)}, which no runner put there"
        if reason is not None:
            self._removed.kept.append((project, None, reason))
        return reason is None and not is_anything_claimed(project.home)

    def _take_whole(self, project: FoundProject, now: FoundProject, going: Sequence[FoundEnvironment]) -> bool:
        """Rename a home with all that is in it; says whether that was possible."""
        try:
            with self._unlinked([project], [*_paths(going), *_runner_directories(now.home), *self._shared_by(now)]):
                self._rename_home(now.home)
        except OSError as error:
            if is_refusal(error):
                return False
            raise RefusedError(refusal_of_rename(error)) from error
        self._removed.environments += [(project, environment) for environment in going]
        return True

    def _clear(self, project: FoundProject) -> None:
        """Delete a home that cannot be renamed, with what runners left in it; all or some environments are gone."""
        left = [environment.path for environment in project.environments if os.path.lexists(environment.path)]
        going = [
            path for path in _runner_directories(project.home) if not any(layout.is_in(path, each) for each in left)
        ]
        with self._unlinked([project], [*going, *self._shared_by(project)]), _refused():
            for path in going:
                delete_tree(self._store, _parts(self._store, path), self._removed.swept)
            for entry in files.entries(project.home):
                if entry.name in layout.DESKTOP_FILES:
                    os.unlink(entry.path)
            leftovers.sweep(project.home, self._removed.swept)
            if is_empty(project.home):
                delete_bare_home(self._store, os.path.basename(project.home), self._removed.swept)
                self._removed.homes += 1

    def _take(self, project: FoundProject, environment: FoundEnvironment) -> None:
        try:
            with self._unlinked([project, *project.users], [environment.path]):
                self._removed.trash.remove(*_parts(self._store, environment.path))
        except PartlyDeletedError as error:
            self._removed.kept.append((project, environment, error.message))
        except OSError as error:
            self._removed.kept.append((project, environment, refusal_of_rename(error)))
        else:
            self._removed.environments.append((project, environment))

    @contextmanager
    def _unlinked(self, projects: Iterable[FoundProject], paths: Sequence[str]) -> Iterator[None]:
        """Let no link in a project lead to what goes, or to what it does not use any more."""
        with ExitStack() as links:
            roots = [root for project in projects for root in _roots(project)]
            gone = [links.enter_context(withdrawn(root, paths)) for root in roots]
            yield
        self._removed.links += (path for paths in gone for path in paths)

    def _shared_by(self, project: FoundProject) -> Iterator[str]:
        """The absolute path of the shared environment that a project uses, if it does."""
        if project.record is not None and project.record.shared is not None:
            yield os.path.join(self._store, project.record.shared)

    def _take_home(self, home: str) -> None:
        """Take away a home in which nothing is left."""
        try:
            self._rename_home(home)
        except OSError as error:
            if not is_refusal(error):
                raise RefusedError(refusal_of_rename(error)) from error
            with _refused():
                delete_bare_home(self._store, os.path.basename(home), self._removed.swept)
            self._removed.homes += 1

    def _rename_home(self, home: str) -> None:
        if sys.platform == "win32" and self._home_lock is not None:
            self._home_lock.release()  # there, what is open cannot be renamed: by others neither
        self._removed.trash.take(os.path.basename(home))
        self._removed.homes += 1


@contextmanager
def _refused() -> Iterator[None]:
    """Tell what cannot be deleted as a refusal."""
    try:
        yield
    except PartlyDeletedError as error:
        raise RefusedError(error.message) from error
    except OSError as error:
        raise RefusedError(f"it cannot be deleted: {files.reason(error)}") from error


def _parts(store: str, path: str) -> list[str]:
    return os.path.relpath(path, store).split(os.sep)


def _roots(project: FoundProject) -> Iterator[str]:
    """Where a project may have a link: at its path and, if its directory is elsewhere now, there."""
    if project.state == UNREACHABLE:  # nothing there can be seen, and a look may never end
        return
    if project.root is not None:
        yield project.root
    if project.record is not None:
        moved = identity.moved_to(project.record, ())
        if moved is not None:
            yield moved


def _runner_directories(home: str) -> list[str]:
    """The absolute path of each directory in a home in which a runner has its environments."""
    return [path for _, path in runner_leavings.runner_directories(home)]


def _paths(environments: Iterable[FoundEnvironment]) -> list[str]:
    return [environment.path for environment in environments]
