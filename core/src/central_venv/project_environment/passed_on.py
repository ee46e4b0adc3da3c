"""The Python of an environment, passed on to what is run in it: for its own project, and no other.

Whatever a command in an environment runs in turn means the same one, and uv must not make it anew for another Python:
``UV_PYTHON`` says so. In another project it would say what nobody asked for, so a second variable tells whose it is.
"""

from __future__ import annotations

import os

from central_venv.policy import layout

UV_PYTHON = "UV_PYTHON"
_HOME = "CENTRAL_VENV_PYTHON_OF"
#: Both variables.
VARIABLES = (UV_PYTHON, _HOME)


def variables(home: str, python: str) -> dict[str, str]:
    """What a command in an environment is told.

    Args:
        home: absolute path of the project's home.
        python: the environment's Python, as uv takes it; no path, which `uv pip` takes for the environment to change.
    """
    return {UV_PYTHON: python, _HOME: home}


def uv_python(home: str, store: str) -> str | None:
    """The Python that ``UV_PYTHON`` asks for; None if it does not, or if it is passed on and not for this project.

    Args:
        home: absolute path of the project's home.
        store: absolute path of the store; an interpreter in it is that of an environment, which a host passed on.
    """
    request = os.environ.get(UV_PYTHON)
    if not request or os.environ.get(_HOME, home) != home or layout.is_in(store, request):
        return None
    return request
