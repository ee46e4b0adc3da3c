"""Taking the `.venv` of a project away, with or before the environment that it leads to."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress

from central_venv.errors import LinkError
from central_venv.policy import layout
from central_venv.project_link import link_target, temporary
from central_venv.project_link.found import NOTHING, Found, find
from central_venv.project_link.link import clearance
from central_venv.project_link.writing import keep_programs, remove_link, show, warn, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from central_venv.store.home import Home


def remove(home: Home) -> bool:
    """Remove the project's `.venv` if it leads into the store, and what hides it from git.

    Args:
        home: the project's home.

    Returns:
        Whether something was there.

    Raises:
        LinkError: what is there is not ours, or cannot be removed.
    """
    temporary.sweep(home.root)
    found = find(home.root)
    if found.kind != NOTHING:
        if not link_target.is_in_store(home, found.target):
            raise LinkError(
                f"`{found.path}` does not lead into the store, so it was not removed",
                hint=clearance(found.path),
            )
        keep_programs(found)
        remove_link(found.path)
    show(found.path)
    return found.kind != NOTHING


@contextmanager
def withdrawn(root: str | None, environments: Collection[str]) -> Iterator[str | None]:
    """Take the project's `.venv` away if it leads to an environment that goes; put it back if that does not go.

    It goes first: whoever is killed in between leaves none that leads nowhere.

    Args:
        root: true path of the project; None if nobody can tell.
        environments: absolute paths of the environments that go.

    Yields:
        The path of what was taken away; None if there was nothing.
    """
    found = None if root is None else _leading_to(root, environments)
    try:
        if found is not None:
            if os.path.basename(found.target).startswith(layout.SHARED_PREFIX):  # it may stay, for others
                keep_programs(found)
            remove_link(found.path)
    except LinkError as error:  # as in a project that cannot be written
        warn(error)
        found = None
    try:
        yield None if found is None else found.path
    except BaseException:
        if found is not None:
            with suppress(LinkError, FileExistsError):  # another process was faster
                write(found.path, found.kind, found.target, anew=True)
        raise


def drop_dangling(root: str, environment: str) -> None:
    """Remove the project's `.venv` if it leads to an environment that is not there, as after a creation that failed.

    Args:
        root: true path of the project.
        environment: absolute path of the environment.
    """
    if not os.path.lexists(environment) and (found := _leading_to(root, [environment])) is not None:
        try:
            remove_link(found.path)
        except LinkError as error:
            warn(error)


def _leading_to(root: str, environments: Collection[str]) -> Found | None:
    try:
        found = find(root)
    except LinkError:  # it is not there, as far as we can see
        return None
    leads = found.target in environments or (
        bool(found.target) and os.path.realpath(found.target) in map(os.path.realpath, environments)
    )
    return found if leads else None
