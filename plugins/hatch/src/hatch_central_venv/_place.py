"""Where an environment goes: by the user's word for it, else by its name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hatch.env.utils import get_env_var_option

if TYPE_CHECKING:
    from central_venv import Home
    from hatch.utils.fs import Path

RUNNER = "hatch"

#: The one environment of a script, for which hatch has a number instead of a name.
OF_SCRIPT = "script"


def option(name: str) -> str:
    """What a variable says of all central environments, or else of all stock ones; empty if none does.

    Args:
        name: the option's, such as ``path`` of ``HATCH_ENV_TYPE_CENTRAL_PATH``.
    """
    values = (get_env_var_option(plugin_name=plugin, option=name) for plugin in ("central", "virtual"))
    return next(filter(None, values), "")


def directory_name(home: Home, root: Path, name: str) -> str:
    """The name of an environment's directory: its own, unless that is no file's or one that hatch's own data has.

    Args:
        home: the project's home.
        root: the project's directory, or the script.
        name: the environment's name.
    """
    if root.is_file():
        return OF_SCRIPT
    if home.is_reserved(RUNNER, name):
        return f"%{ord(name[0]):02X}{name[1:]}"
    return name.replace("%", "%25").replace("/", "%2F")
