"""One central store for every virtual environment of every project, outside the project trees.

A plugin for a runner needs this much::

    home = central_venv.project_home(root)  # None if the user turned central environments off
    environment = home.environment("tox", "py312")
    environment.claim("py312", on_wait=...)  # alone with it, its record says "creating"
    ...  # create or change it at environment.path, never before the claim
    environment.seal()  # its record says "ready"
    environment.release()  # others may have it

Every error is a `CentralVenvError` with the remedy in its text.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.errors import CentralVenvError
    from central_venv.policy.settings import Settings, load_settings
    from central_venv.store.environment import Environment
    from central_venv.store.environment_record import Holder
    from central_venv.store.home import Home
    from central_venv.store.location import project_home
    from central_venv.store.store import Store

# Each name is imported when it is first used: a lookup pays for what it needs and no more.
_MODULES = {
    "CentralVenvError": "central_venv.errors",
    "Environment": "central_venv.store.environment",
    "Holder": "central_venv.store.environment_record",
    "Home": "central_venv.store.home",
    "Settings": "central_venv.policy.settings",
    "Store": "central_venv.store.store",
    "load_settings": "central_venv.policy.settings",
    "project_home": "central_venv.store.location",
}

__all__ = [
    "CentralVenvError",
    "Environment",
    "Holder",
    "Home",
    "Settings",
    "Store",
    "load_settings",
    "project_home",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
