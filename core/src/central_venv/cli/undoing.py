"""Taking back what a command made and failed to use: an empty environment would count as a complete one."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress

from central_venv.errors import CentralVenvError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from central_venv.project_environment.choice import Choice
    from central_venv.store.store import Store


_LOCK_OF_UV = ".lock"


@contextmanager
def swept(store: Store, home: str) -> Iterator[None]:
    """Leave no lock and no empty home if what follows fails.

    Args:
        store: the one that the home is in.
        home: absolute path of the home; that of the store for what several projects share.
    """
    try:
        yield
    except BaseException:
        with suppress(CentralVenvError, OSError):  # the failure itself is what has to be told
            _remove(store, home, None)
        raise


def contents(environment: str) -> frozenset[str]:
    """The absolute paths of all in an environment but what uv and Python add to any; none if it is not there.

    Args:
        environment: its absolute path.

    Raises:
        OSError: something in it cannot be listed.
    """
    found: list[str] = []
    for directory, names, others in os.walk(environment, onerror=_raise):
        names[:] = [name for name in names if name != "__pycache__"]
        found += (os.path.join(directory, name) for name in (*names, *others))
    return frozenset(found) - {os.path.join(environment, _LOCK_OF_UV)}


def _raise(error: OSError) -> None:
    if not isinstance(error, FileNotFoundError):
        raise error


def take_back(choice: Choice, made: frozenset[str]) -> None:
    """Remove an environment that was made for a command that failed, unless anything was put into it.

    What uses it stays, as for every removal; so does what cannot be removed.

    Args:
        choice: one of a project's own environments, which was not there before.
        made: what `contents` said before the command; nothing if that was to make it, and runs nothing in it.
    """
    from central_venv.store.packages import has_packages

    choice.environment.uses.leave()

    def refusal(path: str) -> str | None:
        is_empty = contents(path) <= made if made else not has_packages(path)
        return None if is_empty else "something was put into it"

    with suppress(CentralVenvError, OSError):  # an empty environment that stays does no harm
        _remove(choice.home.store, choice.home.path, choice.path, refusal)


def _remove(store: Store, home: str, path: str | None, refusal: Callable[[str], str | None] = lambda _: None) -> None:
    """Remove an environment of a home, if there is any to remove, then what is left of what is gone."""
    from central_venv.inventory.search import find_project
    from central_venv.removal.removal import remove, sweep
    from central_venv.removal.target import Target

    project = find_project(home, on_problem=lambda _: None)
    environments = [environment for environment in project.environments if environment.path == path]
    removed = remove(store, [Target(project, environments, whole=False, refusal=refusal)] if environments else [])
    sweep(store, [home], removed)
    removed.trash.empty()
