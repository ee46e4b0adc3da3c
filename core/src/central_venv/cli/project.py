"""Which project the command line is asked about."""

from __future__ import annotations

import os

from central_venv.errors import ProjectNotFoundError, SettingsError
from central_venv.policy.project import current_directory, find_root, true_path
from central_venv.policy.settings import Origin, load_settings, project_settings
from central_venv.store.home import Home
from central_venv.store.store import open_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.policy.settings import Settings
    from central_venv.store.store import Store


def asked_directory(project: str | None) -> str:
    """The true path of the directory that was named, or else of the current one.

    Raises:
        ProjectNotFoundError: it is not there.
    """
    if project is None:
        return current_directory()
    if not os.path.isdir(project):
        raise ProjectNotFoundError(f"`{project}` is not a directory", hint="name the project's directory")
    return true_path(project)


def root_here(project: str | None) -> str:
    """The true path of the project that was named, or else of the one that the current directory lies in.

    Raises:
        ProjectNotFoundError: there is none.
    """
    return root_of(current_directory()) if project is None else asked_directory(project)


def settings_here(project: str | None) -> tuple[str, Settings]:
    """That project's root, and the settings in force there.

    Raises:
        ProjectNotFoundError: there is none.
        SettingsError: a variable or configuration file holds something that is not allowed.
    """
    if project is not None:
        root = asked_directory(project)
        return root, load_settings(root)
    directory = current_directory()
    outside = load_settings(None)
    root = _root_of(directory, outside)
    return root, project_settings(root, outside)


def home_here(project: str | None) -> tuple[Home, Settings]:
    """That project's home, known to be its own, and the settings in force there.

    Raises:
        CentralVenvError: there is none, or central environments are turned off for it.
    """
    root, settings = settings_here(project)
    return home_with(root, settings), settings


def home_with(root: str, settings: Settings) -> Home:
    """A project's home, known to be its own.

    Args:
        root: true path of the project.
        settings: those in force there.

    Raises:
        CentralVenvError: there is none, or central environments are turned off for it.
    """
    if not settings.enabled:
        raise SettingsError(
            f"central environments are turned off for `{root}` ({settings.origins['enabled']})",
            hint="turn them on there, or with `CENTRAL_VENV=1`",
        )
    home = Home(open_store(settings, root), root, on_note=say_note)
    home.check()
    return home


def store_origin(settings: Settings, store: Store) -> Origin:
    """Who chose a store: the site's rules, or a setting.

    Args:
        settings: those in force.
        store: the store in force by them.
    """
    if store.path == settings.store:
        return settings.origins["store"]
    return Origin("policy", ", ".join(settings.policy))


def say_note(text: str) -> None:
    """Tell the user what is worth knowing and stops nothing."""
    import sys

    from central_venv.machine.words import printable

    print(f"note: {printable(text)}", file=sys.stderr, flush=True)


def root_of(directory: str) -> str:
    """The true path of the project that a directory lies in.

    Args:
        directory: in any spelling.

    Raises:
        ProjectNotFoundError: there is none.
    """
    return _root_of(directory, load_settings(None))


def _root_of(directory: str, outside: Settings) -> str:
    if outside.policy:
        from central_venv.policy.rules import project_root

        if (root := project_root(outside, true_path(directory))) is not None:
            return true_path(root)
    return find_root(directory)
