"""Where an environment has its packages."""

from __future__ import annotations

import os

from central_venv.machine import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_NAMES = frozenset({"site-packages", "dist-packages"})


def package_directories(environment: str) -> Iterator[str]:
    """The directories with packages, none of which is behind a link.

    Args:
        environment: absolute path of the environment.

    Raises:
        StoreError: something in it cannot be listed.
    """
    for name in ("lib", "lib64", "Lib"):
        for entry in _directories(os.path.join(environment, name)):
            if entry.name in _NAMES:
                yield entry.path
            else:
                yield from (below.path for below in _directories(entry.path) if below.name in _NAMES)
    for entry in _directories(environment):
        if entry.name == "site-packages":  # PyPy's of old
            yield entry.path


def _directories(path: str) -> Iterator[os.DirEntry[str]]:
    return (entry for entry in files.entries(path) if entry.is_dir(follow_symlinks=False))
