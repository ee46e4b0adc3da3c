"""A configured store as an absolute path: `~`, variables and placeholders mean this user and this machine."""

from __future__ import annotations

import os
import sys

from central_venv.errors import SettingsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def expand(text: str, place: str) -> str:
    """Turn a configured store into an absolute path: ``~``, ``$VAR``, ``{user}``, ``{hostname}``, ``{platform}``.

    Args:
        text: the store as it was configured.
        place: where that was, in words.

    Raises:
        SettingsError: it is no absolute path, or holds a placeholder that stands for nothing.
    """
    path = os.path.expandvars(os.path.expanduser(text))
    for placeholder, value in _PLACEHOLDERS.items():
        if placeholder in path:
            path = path.replace(placeholder, value())
    parts = path.split(os.sep)
    if unknown := next((part for part in parts if "$" in part or ("{" in part and "}" in part)), None):
        raise SettingsError(
            f"the store {text!r} from {place} holds {unknown!r}, which stands for nothing here",
            hint=f"set the variable, or use one of {', '.join(f'`{name}`' for name in _PLACEHOLDERS)}",
        )
    if not os.path.isabs(path):
        raise SettingsError(
            f"the store {text!r} from {place} is not an absolute path",
            hint=f"it must begin with `{os.path.abspath(os.sep)}`, `~` or a variable that does",
        )
    if os.pardir in parts or "\0" in path or os.path.dirname(path) == path:
        raise SettingsError(
            f"the store {text!r} from {place} cannot be one",
            hint="give a directory of its own, without `..` in its path",
        )
    return os.path.normpath(path)


def refuse_separator(path: str, said: str) -> None:
    """Refuse a store that `PATH` cannot hold: whatever is run in its environments would be another program.

    Args:
        path: absolute path of the store.
        said: which store that is, in words.

    Raises:
        SettingsError: there is a separator of `PATH` in it.
    """
    if os.pathsep in path:
        raise SettingsError(
            f"{said} holds a `{os.pathsep}`, which `PATH` cannot hold",
            hint=f"set `CENTRAL_VENV_HOME`, or `store` in your configuration, to a path without `{os.pathsep}`",
        )


def _user() -> str:
    if sys.platform == "win32":
        return os.environ.get("USERNAME", "")
    else:  # noqa: RET505  # type checkers understand this form
        from pwd import getpwuid

        try:
            return getpwuid(os.getuid()).pw_name
        except KeyError:  # a user id without an entry, as in many containers
            return str(os.getuid())


def _hostname() -> str:
    from central_venv.machine import host

    return host.name().split(".")[0]


def _platform() -> str:
    import platform

    return f"{sys.platform}-{platform.machine().lower()}"


_PLACEHOLDERS: dict[str, Callable[[], str]] = {"{user}": _user, "{hostname}": _hostname, "{platform}": _platform}
