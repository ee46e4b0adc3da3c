"""What is to follow a project that was moved, and what became of it."""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError, NewerRecordError
from central_venv.inventory.search import find_project
from central_venv.machine import host
from central_venv.policy import layout
from central_venv.store import identity, venv
from central_venv.store.environment_record import BROKEN, MOVED, READY
from central_venv.store.project_record import ProjectRecord, read_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.inventory.found import FoundEnvironment
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
        if self.record is not None and identity.lived_beside(self.record, identity.observed(root, created=None)):
            return f"the directory `{root}` was there already when `{self.former}` was still in its place"
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
        """``ready``, ``broken`` or, if nobody could touch it, ``moved``."""
        if self.reason is None:
            return READY
        return MOVED if self.environment.state == MOVED else BROKEN


def broken(environment: FoundEnvironment) -> str | None:
    """Why an environment that nobody mends is broken, if it is."""
    if environment.state != BROKEN:
        return None
    if venv.is_environment(environment.path) and not venv.has_interpreter(environment.path):
        return "the Python that it was made from is gone"
    return "its making did not end"


def is_moved(record: ProjectRecord | None, former: str, root: str) -> bool:
    """Whether it is sure that a project was moved, whatever is at its former place now.

    Args:
        record: what its home says of it.
        former: where it was.
        root: where it is now.
    """
    return record is not None and record.root == former and identity.moved_to(record, (root,)) == root


def is_same(path: str, other: str) -> bool:
    """Whether two paths lead to one directory."""
    try:
        return os.path.samefile(path, other)
    except OSError:
        return False
