"""Where kernels of Jupyter are installed: in whatever directories some Jupyter of this user may look.

Each Jupyter looks where the variables say that are set for it, and in the environment that it is installed in. Both
need not be as they are here, so these are more than any one of them looks at.
"""

from __future__ import annotations

import os
import stat
import sys
from contextlib import suppress

from central_venv.errors import CentralVenvError
from central_venv.inventory.search import environment_directories
from central_venv.machine.executable import find_program
from central_venv.policy import layout
from central_venv.store.store import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_KERNELS = "kernels"
#: Where an environment, or what is installed like one, has its data.
_IN_PREFIX = os.path.join("share", "jupyter")

#: Those of all users, but for what variables say.
_SYSTEM = (
    "/usr/local/share/jupyter",
    "/usr/share/jupyter",
    "/opt/homebrew/share/jupyter",
    "/Library/Application Support/Jupyter",
)


def directories(stores: Iterable[str]) -> Iterator[str]:
    """Each directory that there is in which kernels may be installed, once.

    Args:
        stores: absolute paths of those in whose environments kernels may be installed, too.

    Yields:
        Its absolute path.
    """
    seen = set()
    for data in (*_of_variables(), *_of_user(), *_SYSTEM, *_of_prefixes(stores)):
        directory = os.path.join(data, _KERNELS)
        try:
            status = os.stat(directory)
        except (OSError, ValueError):  # a variable can hold what no path can
            continue
        if os.path.isabs(data) and stat.S_ISDIR(status.st_mode) and (status.st_dev, status.st_ino) not in seen:
            seen.add((status.st_dev, status.st_ino))
            yield directory


def environments(store: str) -> Iterator[str]:
    """The absolute path of whatever may be an environment in a store.

    Args:
        store: absolute path of the store.
    """
    try:
        homes = list(Store(store).homes())
    except CentralVenvError:  # nobody can look for kernels there
        return
    for home in homes:
        if layout.is_shared_name(os.path.basename(home)):
            yield home
            continue
        with suppress(CentralVenvError):
            for _, _, path in environment_directories(home):
                yield path


def _of_variables() -> Iterator[str]:
    for name in ("JUPYTER_PATH", "JUPYTER_DATA_DIR", "IPYTHONDIR"):
        yield from _paths_in(name)
    for name in ("XDG_DATA_HOME", "XDG_DATA_DIRS", "APPDATA", "LOCALAPPDATA", "PROGRAMDATA"):
        for path in _paths_in(name):
            yield os.path.join(path, "jupyter")
    for path in _paths_in("JUPYTER_CONFIG_DIR"):  # on Windows without `APPDATA`
        yield os.path.join(path, "data")


def _of_user() -> Iterator[str]:
    home = os.path.expanduser("~")
    yield os.path.join(home, ".local", "share", "jupyter")
    yield os.path.join(home, ".ipython")
    if sys.platform == "darwin":
        yield os.path.join(home, "Library", "Jupyter")
        yield os.path.join(home, "Library", "Application Support", "Jupyter")
    if sys.platform == "win32":
        yield os.path.join(home, ".jupyter", "data")


def _of_prefixes(stores: Iterable[str]) -> Iterator[str]:
    """Those of what is active here, of each place with programs, of each Jupyter on the path, and of environments."""
    prefixes = [sys.prefix]
    for name in ("VIRTUAL_ENV", "CONDA_PREFIX", "PYTHONUSERBASE"):
        prefixes += _paths_in(name)
    prefixes += (os.path.dirname(path) for path in _paths_in("PATH"))
    if (program := find_program("jupyter")) is not None:  # which may lie in an environment of its own
        prefixes.append(os.path.dirname(os.path.dirname(os.path.realpath(program))))
    for store in stores:
        prefixes += environments(store)
    return (os.path.join(prefix, _IN_PREFIX) for prefix in prefixes)


def _paths_in(variable: str) -> list[str]:
    return [path for path in os.environ.get(variable, "").split(os.pathsep) if path]
