"""What is to follow a project that was moved, found out without a change."""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError, MoveError, NewerRecordError
from central_venv.inventory.inventory import find_project, find_projects
from central_venv.inventory.selection import is_called
from central_venv.machine import host
from central_venv.policy import layout
from central_venv.policy.key import home_name
from central_venv.policy.project import true_path
from central_venv.relocation.move_record import former_root, has_move_record, read_move
from central_venv.relocation.refusal import is_moved, is_same, refuse, refuse_strange_home
from central_venv.store import venv
from central_venv.store.record import BROKEN, READY, ProjectRecord, read_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.inventory.inventory import FoundEnvironment
    from central_venv.store.home import Home


class Move:
    """What is to follow a project.

    Attributes:
        home: the project's home from now on.
        old: absolute path of the home as it is called now; the same if only the rest of a move is left to do.
        former: where the project was; None if only the rest is left to do.
        record: what the home says of its project; None if it says nothing.
        environments: what is in the home.
    """

    __slots__ = ("environments", "former", "home", "old", "record")

    def __init__(self, home: Home, old: str, former: str | None) -> None:
        """Look at a home.

        Raises:
            RecordError: a record in it cannot be used.
            StoreError: it cannot be read.
        """
        self.home = home
        self.old = old
        self.former = former
        self.look()

    def look(self) -> None:
        """Look at the home again.

        Raises:
            RecordError: a record in it cannot be used.
            StoreError: it cannot be read.
        """
        problems: list[CentralVenvError] = []
        self.record: ProjectRecord | None = read_project(layout.project_record_path(self.old))
        self.environments: list[FoundEnvironment] = find_project(self.old, on_problem=problems.append).environments
        for problem in problems:
            if isinstance(problem, NewerRecordError):
                raise problem

    @property
    def doubt(self) -> str | None:
        """Why somebody should be asked whether the project was moved at all; None if nothing speaks against it."""
        if self.former is None:
            return None
        if self.record is not None and self.record.host not in {None, host.name()}:
            return f"`{self.former}` was recorded on the machine `{self.record.host}`, and may still be there"
        root = self.home.root
        if (
            os.path.isdir(self.former)
            and not is_same(self.former, root)
            and not is_moved(self.record, self.former, root)
        ):
            return f"the directory `{self.former}` is still there, though it looks like no project"
        return None

    def foreseen(self) -> list[Outcome]:
        """What is to be expected, as far as that can be told without a change."""
        from central_venv.repair.repair import refuse_conda

        return [
            Outcome(environment, refuse_conda(environment.path) or broken(environment))
            for environment in self.environments
        ]


class Outcome:
    """What became of an environment.

    Attributes:
        environment: the environment.
        reason: why it is broken; None if it is not.
    """

    __slots__ = ("environment", "reason")

    def __init__(self, environment: FoundEnvironment, reason: str | None) -> None:
        self.environment = environment
        self.reason = reason

    @property
    def state(self) -> str:
        """``ready`` or ``broken``."""
        return READY if self.reason is None else BROKEN


def plan(home: Home, name: str) -> Move:
    """Find out what is to follow a project. Changes nothing.

    Args:
        home: the home of the project at its new place, whether it exists or not.
        name: what the project is called that was moved: the directory that it had, or the name or path of its home.

    Raises:
        MoveError: it was not moved, or its environments cannot follow it.
        HomeConflictError: the new home belongs to another project, or is not a directory of this user.
        RecordError: a record is damaged or newer than this version understands.
        StoreError: the store cannot be read.
    """
    found = find_old_home(home, name)
    if found is None or found[0] == home.path:
        if has_move_record(home.path) and _is_about(home, name):
            return Move(home, home.path, None)
        if found is not None:
            raise MoveError(
                f"`{name}` and `{home.root}` are one project, so there is nothing to move",
                hint="name the directory that it had, and then the one that it has now",
            )
        raise MoveError(
            f"the store `{home.store.path}` knows no project `{name}`",
            hint="name the directory that it had, or its home; `central-venv list` shows them",
        )
    old, former = found
    refuse_strange_home(old)
    move = Move(home, old, former)
    refuse(move, former)
    return move


def find_old_home(home: Home, name: str) -> tuple[str, str] | None:
    """The home of a project that was moved, and where that project was; None if the store knows no such project.

    Args:
        home: the home of the project at its new place.
        name: what the project is called that was moved.

    Raises:
        RecordError: a record is damaged or newer than this version understands.
        StoreError: the store cannot be read.
    """
    paths = _spellings(name)
    for path in paths:
        old = os.path.join(home.store.path, home_name(path))
        if old == home.path or not os.path.lexists(old):
            continue
        record = read_project(layout.project_record_path(old))
        if record is None or record.root == path or has_move_record(old):
            return old, path
    is_meant = is_called(name)
    for project in find_projects(home.store, on_problem=_ignore):
        if is_meant(project) and (former := project.root or former_root(project.home)) is not None:
            return project.home, former
    return (home.path, home.root) if home.root in paths else None


def broken(environment: FoundEnvironment) -> str | None:
    """Why an environment that nobody mends is broken, if it is."""
    if environment.state != BROKEN:
        return None
    if venv.is_environment(environment.path) and not venv.has_interpreter(environment.path):
        return "the Python that it was made from is gone"
    return "its making did not end"


def _spellings(name: str) -> list[str]:
    """The paths that a former directory can be recorded by: where it was, there may be a link to where it is now."""
    directory, base = os.path.split(os.path.abspath(name))
    return list(dict.fromkeys((os.path.join(true_path(directory), base), true_path(name))))


def _is_about(home: Home, name: str) -> bool:
    """Whether a move that has begun is that of the project that is called so."""
    known = read_move(home.path)
    record = read_project(home.record_path)
    roots = [*known.roots, home.root, *([] if record is None else [record.root])]
    return os.path.basename(name) in known.homes or any(path in roots for path in _spellings(name))


def _ignore(_: CentralVenvError) -> None:
    """What cannot be read is not what is looked for, or says so itself."""
