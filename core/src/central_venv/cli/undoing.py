"""Taking back what a command made and failed to use: an empty environment would count as a complete one."""

from __future__ import annotations

from contextlib import contextmanager, suppress

from central_venv.errors import CentralVenvError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from central_venv.project_environment.choice import Choice
    from central_venv.store.store import Store


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


def take_back(choice: Choice) -> None:
    """Remove an environment that was made for a command that failed, unless something was installed into it.

    What uses it stays, as for every removal; so does what cannot be removed.

    Args:
        choice: one of a project's own environments, which was not there before.
    """
    from central_venv.store.packages import has_packages

    choice.environment.uses.leave()
    empty = None if has_packages(choice.path) else choice.path
    with suppress(CentralVenvError, OSError):  # an empty environment that stays does no harm
        _remove(choice.home.store, choice.home.path, empty)


def _remove(store: Store, home: str, path: str | None) -> None:
    """Remove an environment of a home, if there is any to remove, then what is left of what is gone."""
    from central_venv.inventory.search import find_project
    from central_venv.removal.removal import remove, sweep
    from central_venv.removal.target import Target

    project = find_project(home, on_problem=lambda _: None)
    environments = [environment for environment in project.environments if environment.path == path]
    removed = remove(store, [Target(project, environments, whole=False)] if environments else [])
    sweep(store, [home], removed)
    removed.trash.empty()
