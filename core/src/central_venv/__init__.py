"""One central store for every virtual environment of every project, outside the project trees.

A plugin for a runner needs this much::

    home = central_venv.project_home(root)  # None if the user turned central environments off
    environment = home.environment("tox", "py312")
    environment.claim("py312", on_wait=...)  # alone with it, its record says "creating"
    ...  # create or change it at environment.path, never before the claim
    environment.seal()  # its record says "ready"
    environment.release()  # others may have it

Every error is a `CentralVenvError` with the remedy in its text. The names in `__all__` are public, and no other name
is: `docs/plugins.md` says what each one means.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.cli import report_errors
    from central_venv.errors import CentralVenvError, WaitCancelledError
    from central_venv.policy.rules import hookimpl
    from central_venv.policy.settings import load_settings
    from central_venv.project_link.runner_link import make_link
    from central_venv.store.environment import Environment
    from central_venv.store.environment_record import Holder
    from central_venv.store.home import Home
    from central_venv.store.location import is_enabled, project_home
    from central_venv.store.store import Store, open_store

# Each name is imported when it is first used: a lookup pays for what it needs and no more.
_MODULES = {
    "CentralVenvError": "central_venv.errors",
    "Environment": "central_venv.store.environment",
    "Holder": "central_venv.store.environment_record",
    "Home": "central_venv.store.home",
    "Store": "central_venv.store.store",
    "WaitCancelledError": "central_venv.errors",
    "hookimpl": "central_venv.policy.rules",
    "is_enabled": "central_venv.store.location",
    "load_settings": "central_venv.policy.settings",
    "make_link": "central_venv.project_link.runner_link",
    "open_store": "central_venv.store.store",
    "project_home": "central_venv.store.location",
    "report_errors": "central_venv.cli",
}

__all__ = [
    "CentralVenvError",
    "Environment",
    "Holder",
    "Home",
    "Store",
    "WaitCancelledError",
    "hookimpl",
    "is_enabled",
    "load_settings",
    "make_link",
    "open_store",
    "project_home",
    "report_errors",
]


def __getattr__(name: str) -> object:
    if name not in _MODULES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(_MODULES[name]), name)


def __dir__() -> list[str]:
    return __all__
