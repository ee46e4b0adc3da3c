"""Rules of a site that no configuration file can say, as hooks of pluggy.

A user or a site names modules under ``policy`` in its `config.toml`; a project cannot. A module implements the hooks it
wants::

    from central_venv import hookimpl


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

    from central_venv.policy.settings import Settings

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
    answer = _ask(settings, "central_venv_store", root=root, default=settings.store)
    return settings.store if answer is None else answer


def project_root(settings: Settings, directory: str) -> str | None:
    """The project root as the site's modules have it, or None if they leave it to the markers.

    Raises:
        SettingsError: a module cannot be loaded, or answered with something else than an absolute path.
    """
    return _ask(settings, "central_venv_project_root", directory=directory)


def _ask(settings: Settings, hook: str, **arguments: str | None) -> str | None:
    """The first answer of a module to a question, known to be an absolute path."""
    manager = pluggy.PluginManager(_NAME)
    manager.add_hookspecs(import_module(__name__))
    origin = settings.origins["policy"]
    try:
        for name in dict.fromkeys(settings.policy):
            manager.register(_load(name, settings))
        answer: object = getattr(manager.hook, hook)(**arguments)
    except SettingsError:
        raise
    except Exception as error:  # whatever a site's own code raises, it is the site's module that has to be mended
        raise SettingsError(
            f"a policy module ({origin}) failed at `{hook}`: {error!r}", hint="mend it, or remove it from `policy`"
        ) from error
    if answer is None:
        return None
    path = os.fspath(answer) if isinstance(answer, (str, os.PathLike)) else None
    if not isinstance(path, str) or not os.path.isabs(path):
        raise SettingsError(
            f"`{hook}` of a policy module ({origin}) answered {answer!r}",
            hint="it must be an absolute path, or None",
        )
    return os.path.normpath(path)


def _load(name: str, settings: Settings) -> ModuleType:
    try:
        return import_module(name)
    except Exception as error:  # whatever a site's own code raises, it is the configuration that has to be mended
        raise SettingsError(
            f"cannot import the policy module `{name}` ({settings.origins['policy']}): {error}",
            hint="install it for this Python, or remove it from `policy`",
        ) from error
