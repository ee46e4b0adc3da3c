"""Rules of a site that no configuration file can say, as hooks of pluggy.

A user or a site names modules under ``policy`` in its `config.toml`; a project cannot. A module implements the hooks it
wants::

    from central_venv.policy import hookimpl


    @hookimpl
    def central_venv_store(root, default):
        return "/fast/venvs" if root and root.startswith("/scratch/") else None
"""

from __future__ import annotations

import os
from importlib import import_module

import pluggy

from central_venv.errors import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from types import ModuleType

    from central_venv.settings import Settings

_NAME = "central_venv"

hookspec = pluggy.HookspecMarker(_NAME)
hookimpl = pluggy.HookimplMarker(_NAME)


@hookspec(firstresult=True)
def central_venv_store(root: str | None, default: str) -> str | None:
    """Say where the store is.

    Args:
        root: true path of the project that asks; None if the question is not about a project.
        default: the absolute path that the settings say.

    Returns:
        An absolute path, or None to leave it to the next module, and in the end to the settings.
    """


@hookspec(firstresult=True)
def central_venv_project_root(directory: str) -> str | None:
    """Say which project a directory belongs to, for the command line and uv.

    Args:
        directory: true path of a directory.

    Returns:
        Absolute path of the project root, or None to leave it to the next module, and in the end to the markers.
    """


def store_path(settings: Settings, root: str | None) -> str:
    """The store's path as the site's modules have it.

    Raises:
        SettingsError: a module cannot be loaded, or answered with something else than an absolute path.
    """
    answer: object = _hooks(settings).central_venv_store(root=root, default=settings.store)
    return settings.store if answer is None else _checked(answer, "central_venv_store", settings)


def project_root(settings: Settings, directory: str) -> str | None:
    """The project root as the site's modules have it, or None if they leave it to the markers.

    Raises:
        SettingsError: a module cannot be loaded, or answered with something else than an absolute path.
    """
    answer: object = _hooks(settings).central_venv_project_root(directory=directory)
    return None if answer is None else _checked(answer, "central_venv_project_root", settings)


def _hooks(settings: Settings) -> pluggy.HookRelay:
    manager = pluggy.PluginManager(_NAME)
    manager.add_hookspecs(import_module(__name__))
    for name in settings.policy:
        manager.register(_load(name, settings))
    return manager.hook


def _load(name: str, settings: Settings) -> ModuleType:
    try:
        return import_module(name)
    except Exception as error:  # whatever a site's own code raises, it is the configuration that has to be mended
        raise SettingsError(
            f"cannot import the policy module `{name}` ({settings.origins['policy']}): {error}",
            hint="install it for this Python, or remove it from `policy`",
        ) from error


def _checked(answer: object, hook: str, settings: Settings) -> str:
    path = os.fspath(answer) if isinstance(answer, (str, os.PathLike)) else None
    if not isinstance(path, str) or not os.path.isabs(path):
        raise SettingsError(
            f"`{hook}` of a policy module ({settings.origins['policy']}) answered {answer!r}",
            hint="it must be an absolute path, or None",
        )
    return os.path.normpath(path)
