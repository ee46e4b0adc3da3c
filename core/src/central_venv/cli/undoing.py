"""Taking back what a command made and failed to use: an empty environment would count as a complete one."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress

from central_venv.errors import CentralVenvError, LinkError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from central_venv.project_environment.choice import Choice
    from central_venv.project_link.found import Found
    from central_venv.removal.target import Target
    from central_venv.store.environment import Environment
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
            _remove(store, home, [])
        raise


def link_before(choice: Choice) -> Found | None:
    """The link of a project to an environment that is there, for `take_back`; None if there is none.

    Args:
        choice: the environment that it is about to lead to.
    """
    from central_venv.project_link.found import find

    try:
        found = find(choice.home.root)
    except LinkError:
        return None
    return found if found.target and os.path.exists(found.target) else None


def take_back(choice: Choice, link: Found | None) -> None:
    """Remove an environment that this process made for a command that failed, unless anything was put into it.

    What uses it stays, as for every removal; so does what cannot be removed.

    Args:
        choice: one of a project's own environments, which was not there before.
        link: what `link_before` said: it is put back if that of the project goes with the environment.
    """
    from central_venv.inventory.search import find_project
    from central_venv.removal.target import Target

    choice.environment.uses.leave()
    with suppress(CentralVenvError, OSError):  # an empty environment that stays does no harm
        project = find_project(choice.home.path, on_problem=lambda _: None)
        made = [environment for environment in project.environments if environment.path == choice.path]
        target = Target(project, made, whole=False, refusal=lambda path: _refusal(choice.environment, path))
        _remove(choice.home.store, choice.home.path, [target] if made else [])
    if link is not None:
        from central_venv.project_link.writing import write

        with suppress(LinkError, FileExistsError):
            write(link.path, link.kind, link.target, anew=True)


def _refusal(environment: Environment, path: str) -> str | None:
    """Why an environment is not to be taken back, in words."""
    from central_venv.adoption.installed import installed
    from central_venv.adoption.strays import strays
    from central_venv.machine import host

    record = environment.read()  # there is none if the command itself was to make it
    holder = None if record is None else record.holder
    if record is not None and (holder is None or (holder.pid, holder.host) != (os.getpid(), host.name())):
        return "another process made it"
    found = installed(path)
    return "something was put into it" if found.distributions or strays(path, found, environment.runner) else None


def _remove(store: Store, home: str, targets: Sequence[Target]) -> None:
    """Remove what is meant in a home, then what is left of what is gone."""
    from central_venv.removal.removal import remove, sweep

    removed = remove(store, targets)
    sweep(store, [home], removed)
    removed.trash.empty()
