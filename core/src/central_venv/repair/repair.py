"""Mending the paths inside one environment whose home was renamed, or whose project was moved.

What is to be written is decided before anything is: of the files of a package, its list of hashes is written first, so
that a repair that is killed and begun again finds the same work.
"""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError
from central_venv.machine import files
from central_venv.repair.changes import Changes
from central_venv.repair.packages import lists_of_files, look_at_packages, remove_compiled
from central_venv.repair.places import UnrepairableError
from central_venv.repair.scripts import look_at_programs
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.repair.places import Places


def repair(path: str, places: Places, scratch: str) -> None:
    """Mend everything in an environment that holds a path of another place. It can be done again after a kill.

    Args:
        path: absolute path of the environment.
        places: what was where.
        scratch: absolute path of a directory on the same file system, where files are written before they are moved
            to their place.

    Raises:
        UnrepairableError: it cannot be mended; it is as it was, or needs another repair.
    """
    changes = Changes(path, places, scratch)
    with _worded(changes):
        if (reason := refuse_conda(path)) is not None:
            raise UnrepairableError(reason)
        look_at_programs(changes)
        _look_at_configuration(changes)
        look_at_packages(changes)
        _carry_out(changes)


def refuse_conda(path: str) -> str | None:
    """Why an environment of conda cannot be mended; None for one of another kind.

    Args:
        path: absolute path of the environment.
    """
    if os.path.lexists(os.path.join(path, venv.MARKER)) or not os.path.lexists(os.path.join(path, venv.CONDA_MARKER)):
        return None
    return "conda writes paths into whatever it installs, which nobody else can mend"


def repair_packages(path: str, places: Places, scratch: str) -> None:
    """Mend in an environment what is installed from the project's directory, and nothing else.

    Args:
        path: absolute path of the environment.
        places: what was where.
        scratch: as in `repair`.

    Raises:
        UnrepairableError: it cannot be mended.
    """
    _repair(path, places, scratch, look_at_packages)


def repair_programs(path: str, places: Places, scratch: str) -> None:
    """Mend the programs of an environment and how to activate it, and nothing else.

    Args:
        path: absolute path of the environment.
        places: what was where.
        scratch: as in `repair`.

    Raises:
        UnrepairableError: they cannot be mended.
    """
    _repair(path, places, scratch, look_at_programs)


def _repair(path: str, places: Places, scratch: str, look: Callable[[Changes], None]) -> None:
    """Change what a look at an environment finds to be mended."""
    changes = Changes(path, places, scratch)
    with _worded(changes):
        look(changes)
        _carry_out(changes)


class _worded:  # noqa: N801  # it is used like a function
    """Tells what the system refuses as the reason why an environment cannot be repaired."""

    def __init__(self, changes: Changes) -> None:
        self._changes = changes

    def __enter__(self) -> None:
        pass

    def __exit__(self, _: object, error: BaseException | None, __: object) -> None:
        if isinstance(error, CentralVenvError):
            raise UnrepairableError(error.message) from error
        if isinstance(error, OSError):
            where = os.fsdecode(error.filename) if error.filename else self._changes.path
            raise UnrepairableError(
                f"`{self._changes.short(where)}` cannot be mended: {files.reason(error)}"
            ) from error


def _look_at_configuration(changes: Changes) -> None:
    for entry in files.entries(changes.path):
        if entry.is_symlink():
            changes.change_link(entry.path)
        elif entry.name == venv.MARKER:
            changes.change(entry.path, changes.places.in_configuration)
        elif entry.name.endswith(".json"):  # what tox notes of the environment
            changes.change(entry.path, changes.places.in_json)
    for entry in files.entries(os.path.join(changes.path, "share", "jupyter", "kernels")):
        changes.change(os.path.join(entry.path, "kernel.json"), changes.places.in_json)


def _carry_out(changes: Changes) -> None:
    changed = changes.changed()
    for listed in lists_of_files(changes, changed):
        changes.write(listed)
    for path, file in changed.items():
        remove_compiled(path)
        changes.write(file)
    changes.write_links()
