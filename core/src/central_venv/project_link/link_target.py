"""Whose environment it is that the `.venv` in a project leads to."""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError
from central_venv.policy import layout
from central_venv.policy.key import is_home_name
from central_venv.project_link.found import RUNNERS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.store.home import Home

#: The directory of uv's cache with environments of its own.
_CENTRAL_ENVIRONMENTS_OF_UV = "environments-v2"


def is_ours(home: Home, target: str) -> bool:
    """Whether a link of ours in this project can lead there: to an environment of the project, or to a shared one.

    The project had another home when it had another name or lay elsewhere.

    Args:
        home: the project's home.
        target: absolute path; empty for none.
    """
    return is_in_store(home, target) and other_project(home, target) is None


def is_in_store(home: Home, target: str) -> bool:
    """Whether a path is the one of a project environment in the store, or of one that several projects share.

    Args:
        home: the home of the project that leads there; the key proves it in whatever store it is.
        target: absolute path; empty for none.
    """
    directory, name = os.path.split(target)
    if name.startswith(layout.SHARED_PREFIX):
        return _is_same(directory, home.store.path)
    if not name.startswith(layout.PROJECT_ENVIRONMENT):
        return False
    return _is_home(home, directory)


def is_of_runner(home: Home, target: str) -> bool:
    """Whether a path is the one of all environments of a runner, in a home that the project has or had.

    Args:
        home: the home of the project that leads there; the key proves it in whatever store it is.
        target: absolute path; empty for none.
    """
    directory, name = os.path.split(target)
    return name in RUNNERS and _is_home(home, directory) and other_project(home, target) is None


def other_project(home: Home, target: str) -> str | None:
    """The other project whose environment it is: its root or, if nobody can tell, its home; None if there is none.

    Args:
        home: the home of the project that leads there.
        target: absolute path of what is in the store.
    """
    directory, name = os.path.split(target)
    if name.startswith(layout.SHARED_PREFIX) or os.path.basename(directory) == os.path.basename(home.path):
        return None
    from central_venv.inventory.found import ORPHAN
    from central_venv.inventory.project_state import project_state
    from central_venv.store.identity import moved_to
    from central_venv.store.project_record import read_project

    try:
        record = read_project(layout.project_record_path(directory))
    except CentralVenvError:
        return directory
    if record is None:
        return directory if os.path.lexists(directory) else None
    if project_state(record) == ORPHAN or os.path.realpath(record.root) == home.root:
        return None
    return None if moved_to(record, [home.root]) == home.root else record.root


def is_of_uv(target: str) -> bool:
    """Whether a path is the one of a central environment that uv keeps in its cache.

    Args:
        target: absolute path; empty for none.
    """
    return os.path.basename(os.path.dirname(target)) == _CENTRAL_ENVIRONMENTS_OF_UV


def _is_home(home: Home, directory: str) -> bool:
    store, of = os.path.split(directory)
    return of == os.path.basename(home.path) or (is_home_name(of) and _is_same(store, home.store.path))


def _is_same(directory: str, other: str) -> bool:
    return directory == other or os.path.realpath(directory) == os.path.realpath(other)
