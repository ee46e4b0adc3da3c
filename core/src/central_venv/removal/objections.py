"""What speaks against a removal, found out under the lock of the home."""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError
from central_venv.inventory.found import UNRECORDED, FoundEnvironment, FoundProject
from central_venv.inventory.occupancy import in_use_by, other_owner
from central_venv.machine import files, host
from central_venv.machine.processes import Running, unseen
from central_venv.policy import layout
from central_venv.policy.key import home_name
from central_venv.store import runner_leavings
from central_venv.store.home_lock import HomeGoneError
from central_venv.store.own_names import is_unfinished
from central_venv.store.project_record import read_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator


class RefusedError(Exception):
    """Why nothing of a home is removed."""


class Objections:
    """What speaks against removing something from a store.

    Attributes:
        unseen: which processes nothing told of when they were looked for, in words; None if there are none such.
    """

    __slots__ = ("_mounts", "_running", "_store", "unseen")

    def __init__(self, store: str) -> None:
        """Look at a store.

        Args:
            store: its absolute path.

        Raises:
            StoreError: it cannot be looked at.
        """
        self._store = store
        self._running: Running | None = None
        self.unseen: str | None = None
        try:
            os.stat(store)
            self._mounts = host.mounts_below(os.path.realpath(store))
        except FileNotFoundError:  # there is nothing to remove, either
            self._mounts = []
        except OSError as error:
            raise files.store_error(error, "look at", store) from error

    def look_again(self) -> None:
        """Forget which processes run: somebody was waited for, so others may have begun."""
        self._running = None

    def check_home(self, project: FoundProject) -> None:
        """Refuse a home that is not a directory of this user.

        Raises:
            HomeGoneError: it is not there any more.
            RefusedError: it is not to be removed.
        """
        try:
            status = os.lstat(project.home)
        except FileNotFoundError:
            raise HomeGoneError from None
        if not files.is_directory(status):
            raise RefusedError("its home is a link")
        if (owner := other_owner(project.home)) is not None:
            raise RefusedError(f"its home belongs to another user (id {owner})")

    def to(self, project: FoundProject, listed: FoundEnvironment, now: FoundEnvironment) -> str | None:
        """Why an environment must stay, in words; None if nothing speaks against removing it.

        Args:
            project: its project.
            listed: the environment as it was when its removal was decided.
            now: the environment as it is.
        """
        if not now.recorded and not key_proves(project):
            return "it is neither recorded nor in the home of a known project"
        if (owner := other_owner(now.path)) is not None:
            return f"it belongs to another user (id {owner})"
        if (user := in_use_by(now)) is not None:
            return f"in use by {user}"
        if self._running is None:
            self._running, self.unseen = Running(self._store), unseen()
        if (pid := self._running.from_environment(now.path)) is not None:
            return f"process {pid} runs from it"
        if (listed.last_used, listed.created) != (now.last_used, now.created):
            return "it was used or changed since it was listed"
        return self.mounted(now.path) or self._apart(project.home, now.path)

    def mounted(self, path: str) -> str | None:
        """Which file system is mounted in a directory, in words; None if none is."""
        if not self._mounts:
            return None
        place = os.path.join(os.path.realpath(path), "")
        mount = next((mount for mount in self._mounts if os.path.join(mount, "").startswith(place)), None)
        return None if mount is None else f"a file system is mounted at `{mount}`"

    def _apart(self, home: str, path: str) -> str | None:
        """In words, that an environment lies on another file system than its home, or that one is mounted between."""
        top, place = (os.path.join(os.path.realpath(each), "") for each in (home, path))
        if os.lstat(home).st_dev == os.lstat(path).st_dev and not any(
            mount.startswith(top) and place.startswith(os.path.join(mount, "")) for mount in self._mounts
        ):
            return None
        return "it lies on another file system than its home"


def check_users(shared: FoundProject, projects: Iterable[FoundProject]) -> None:
    """Raise if an existing project uses the shared environment, or a home of unknown owner may.

    Raises:
        RefusedError: it is used, or that is unknown.
    """
    if shared.living_users:
        raise RefusedError(f"it is used by {', '.join(str(user.root) for user in shared.living_users)}")
    for project in projects:
        if project.state == UNRECORDED and _may_use(project.home, os.path.basename(shared.home)):
            raise RefusedError(f"nobody can tell whether the project of `{project.home}` uses it")


def _may_use(home: str, name: str) -> bool:
    """Return whether the home's record names the environment; an unreadable record counts as yes."""
    try:
        record = read_project(layout.project_record_path(home))
    except CentralVenvError:
        return True
    return record is not None and record.shared == name


def check_project(listed: FoundProject, now: FoundProject) -> None:
    """Refuse a home that is not any more what it was when somebody decided that it may go."""
    if now.state != listed.state:
        raise RefusedError(f"its project is {now.state} now")
    if now.root not in {None, listed.root}:
        raise RefusedError("its project is another one now")


def key_proves(project: FoundProject) -> bool:
    """Whether the home's name is the key of the project that it is listed for."""
    return project.root is not None and home_name(project.root) == os.path.basename(project.home)


def foreign_entries(project: FoundProject) -> Iterator[str]:
    """What is in a home that neither we nor a runner put there."""
    runners = {environment.runner for environment in project.environments}
    directories = {environment.path for environment in project.environments}
    for entry in files.entries(project.home):
        runner = layout.runner_of(entry.name)
        if entry.is_file(follow_symlinks=False) and (
            entry.name == layout.PROJECT_RECORD or entry.name in layout.DESKTOP_FILES or is_unfinished(entry.name)
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
    """Whether a directory without environments is a runner's all the same: its leavings, records, hatch's data."""
    found = files.entries(path)
    names = {entry.name for entry in found}
    return (
        all(runner_leavings.is_left(home, runner, entry) for entry in found)
        or os.path.isdir(layout.records_directory(home, runner))
        or (
            runner == "hatch"
            and names <= layout.DATA_OF_HATCH
            and os.path.isdir(os.path.join(path, layout.NOTES_OF_HATCH))
        )
    )


def refusal_of_rename(error: OSError) -> str:
    """Put into words why something cannot be renamed into the trash."""
    return f"it cannot be moved out of the way: {files.reason(error)}"
