"""Programs that were installed through the `.venv` in a project, once that leads elsewhere or is gone.

uv writes into their first lines the path by which it was told of the environment. So they belong to whatever `.venv`
leads to, unless they are told to belong to the environment that they lie in.
"""

from __future__ import annotations

import os

from central_venv.errors import LinkError
from central_venv.policy import layout
from central_venv.repair.link_paths import LinkPaths
from central_venv.repair.places import Places, UnrepairableError
from central_venv.repair.repair import repair_programs


def keep(path: str, environment: str) -> None:
    """Let the programs of an environment name that one itself where they name a link to it.

    Args:
        path: absolute path of the link.
        environment: absolute path of the environment.

    Raises:
        LinkError: they cannot be changed.
    """
    home = os.path.dirname(environment)
    places = Places(home, (), "", (), "")
    places.link = LinkPaths([path], environment)
    try:
        repair_programs(environment, places, os.path.join(home, layout.RECORDS))
    except UnrepairableError as error:
        raise LinkError(
            f"programs in `{environment}` that were installed through `{path}` do not belong to it any more: {error}",
            hint="install them anew with `central-venv uv`",
        ) from error
