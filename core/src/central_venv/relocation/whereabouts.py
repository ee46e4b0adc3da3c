"""Where a home is, and the former places of it that the files of its environments name."""

from __future__ import annotations

import os

from central_venv.policy.key import is_home_name
from central_venv.repair.scripts import environments_named
from central_venv.store import origin

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from central_venv.store.home import Home


class Whereabouts:
    """Where a home is now.

    Attributes:
        path: absolute path of the home; of the store for what projects share.
        store: absolute path of the store.
        root: true path of the home's project; None if nobody can tell, or if it is not one project's.
    """

    __slots__ = ("path", "root", "store")

    def __init__(self, path: str, store: str, root: str | None) -> None:
        self.path = path
        self.store = store
        self.root = root

    @classmethod
    def of(cls, home: Home) -> Whereabouts:
        """Those of a project's home."""
        return cls(home.path, home.store.path, home.root)

    @property
    def name(self) -> str:
        """What the home is called; empty for the store."""
        return "" if self.path == self.store else os.path.basename(self.path)


class FormerPlace:
    """Where an environment was once.

    Attributes:
        store: absolute path of the store that it was in.
        home: the name of its home there; empty for what projects share.
        path: its own absolute path.
        said_by: which of its files says so; None if its record does.
    """

    __slots__ = ("home", "path", "said_by", "store")

    def __init__(self, path: str, home: str, store: str, said_by: str | None) -> None:
        self.path = path
        self.home = home
        self.store = store
        self.said_by = said_by


def former_places(where: Whereabouts, environment: str, recorded: str | None = None) -> Iterator[FormerPlace]:
    """Every former place of an environment that its scripts, what activates it or its record name.

    Args:
        where: where its home is.
        environment: its absolute path.
        recorded: where it was made, by its record.
    """
    below = environment.removeprefix(where.path)
    seen: set[str] = set()
    for said_by, path in _named(environment, recorded):
        former = path.removesuffix(below)
        store, home = (former, "") if where.path == where.store else os.path.split(former)
        if former == path or path in seen or not (home == where.name or is_home_name(home)):
            continue
        seen.add(path)
        if origin.is_elsewhere(environment, path):
            yield FormerPlace(path, home, store, said_by)


def _named(environment: str, recorded: str | None) -> Iterator[tuple[str | None, str]]:
    if recorded is not None:
        yield None, recorded
    made = origin.made_at(environment)
    if made is not None:
        yield "activate", made
    yield from environments_named(environment)
