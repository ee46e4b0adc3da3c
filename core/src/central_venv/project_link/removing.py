"""Taking the links of a project away, with or before what they lead to."""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress

from central_venv.errors import LinkError
from central_venv.policy import layout
from central_venv.project_link import link_target, temporary
from central_venv.project_link.found import LINK, NAME, NOTHING, RUNNERS, Found, find
from central_venv.project_link.link import clearance
from central_venv.project_link.writing import keep_installed, remove_link, show, warn, write

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from central_venv.store.home import Home


def remove(home: Home) -> Iterator[str]:
    """Remove the project's `.venv` and links to a runner's environments that lead into the store.

    What hides them from git goes, too.

    Args:
        home: the project's home.

    Yields:
        The absolute path of each that was removed.

    Raises:
        LinkError: the `.venv` that is there is not ours, or something cannot be looked at or removed.
    """
    temporary.sweep(home.root)
    for name in RUNNERS:
        found = find(home.root, name)
        if found.kind == LINK and link_target.is_of_runner(home, found.target):
            remove_link(found.path)
            yield found.path
        show(found.path)
    found = find(home.root)
    if found.kind != NOTHING:
        if not link_target.is_in_store(home, found.target):
            raise LinkError(
                f"`{found.path}` does not lead into the store, so it was not removed",
                hint=clearance(found.path),
            )
        keep_installed(found)
        remove_link(found.path)
        yield found.path
    show(found.path)


@contextmanager
def withdrawn(root: str, places: Collection[str]) -> Iterator[list[str]]:
    """Take away what in a project leads to something that goes; put it back if that does not go.

    It goes first: whoever is killed in between leaves none that leads nowhere.

    Args:
        root: true path of the project.
        places: absolute paths of the environments and of the runners' directories that go.

    Yields:
        The paths of what was taken away.
    """
    gone: list[Found] = []
    for found in _leading_to(root, places):
        try:
            if os.path.basename(found.target).startswith(layout.SHARED_PREFIX):  # it may stay, for others
                keep_installed(found)
            remove_link(found.path)
        except LinkError as error:  # as in a project that cannot be written
            warn(error)
        else:
            gone.append(found)
    try:
        yield [found.path for found in gone]
    except BaseException:
        for found in gone:
            with suppress(LinkError, FileExistsError):  # another process was faster
                write(found.path, found.kind, found.target, anew=True)
        raise


def drop_dangling(root: str, environment: str) -> bool:
    """Remove the project's `.venv` if it leads to an environment that is not there, as after a creation that failed.

    Args:
        root: true path of the project.
        environment: absolute path of the environment.

    Returns:
        Whether it was removed.
    """
    removed = False
    for found in _leading_to(root, [] if os.path.lexists(environment) else [environment]):
        try:
            remove_link(found.path)
        except LinkError as error:
            warn(error)
        else:
            removed = True
    return removed


def _leading_to(root: str, places: Collection[str]) -> Iterator[Found]:
    for name in (NAME, *RUNNERS) if places else ():
        try:
            found = find(root, name)
        except LinkError:  # it is not there, as far as we can see
            continue
        if found.target in places or (found.target and os.path.realpath(found.target) in map(os.path.realpath, places)):
            yield found
