"""Which environments the runs around this one have claimed.

A command in an environment may start a runner again, even for that very environment. The outer run has claimed it for
as long as the command runs, so the inner one must not wait for it. A variable tells.
"""

from __future__ import annotations

import os

VARIABLE = "CENTRAL_VENV_HELD"

#: Around each path: no true path holds this, while anything else, `os.pathsep` too, may be in a name.
_AROUND = os.sep * 2


def by_outer_run(path: str) -> bool:
    """Whether a run whose command led to this process has claimed an environment.

    Args:
        path: the environment's directory.
    """
    return _marked(path) in os.environ.get(VARIABLE, "")


def variables(store: str, path: str) -> dict[str, str]:
    """What the commands in a claimed environment are told: what is claimed, and which store this run uses.

    Args:
        store: absolute path of the store.
        path: the environment's directory.
    """
    told = {VARIABLE: os.environ.get(VARIABLE, "") + _marked(path), "CENTRAL_VENV_HOME": store}
    if (switch := os.environ.get("CENTRAL_VENV")) is not None:
        told["CENTRAL_VENV"] = switch
    return told


def _marked(path: str) -> str:
    return f"{_AROUND}{os.path.realpath(path)}{_AROUND}"
