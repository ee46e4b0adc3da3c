"""From a project to its home: the path that every request takes."""

from __future__ import annotations

import os

from central_venv.policy.project import true_path
from central_venv.policy.settings import load_settings, switched_off
from central_venv.store.home import Home
from central_venv.store.store import open_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def project_home(root: str | os.PathLike[str], *, on_note: Callable[[str], None] | None = None) -> Home | None:
    """The home of the project at a root; writes nothing.

    Args:
        root: what the runner calls the project's directory, in any spelling.
        on_note: told what the user should know of the home when it is used, in one line.

    Returns:
        The home, which need not exist; None if the user turned central environments off.

    Raises:
        SettingsError: a variable or configuration file holds something that is not allowed.
        HomeConflictError: the home belongs to another project.
        RecordError: the home's record is damaged or newer than this version understands.
        StoreError: the home cannot be read.
    """
    if switched_off():
        return None
    path = true_path(os.fspath(root))
    settings = load_settings(path)
    if not settings.enabled:
        return None
    home = Home(open_store(settings, path), path, on_note=on_note)
    home.check()
    return home


def is_enabled(root: str | os.PathLike[str]) -> bool:
    """Whether the environments of the project at a root go to the store.

    Args:
        root: what the runner calls the project's directory, in any spelling.

    Raises:
        SettingsError: a variable or configuration file holds something that is not allowed.
    """
    return not switched_off() and load_settings(true_path(os.fspath(root))).enabled
