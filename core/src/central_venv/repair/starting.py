"""Whether the Python of an environment starts, and finds itself in that environment."""

from __future__ import annotations

import os
import subprocess

from central_venv.machine import files
from central_venv.repair.places import UnrepairableError
from central_venv.repair.scripts import without_python
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

#: Seconds that an environment's Python has to start: some lie on slow network drives.
_PROBE_TIMEOUT = 60

#: Says whether the environment that a Python takes for its own is the one that is meant; Python 2.7 understands it.
_IS_AT_HOME = "import os, sys; sys.exit(0 if os.path.samefile(sys.prefix, sys.argv[1]) else 3)"
_NOT_AT_HOME = 3


def start(path: str, places: Collection[str] = ()) -> None:
    """Make sure that an environment's Python starts, and finds itself in that environment.

    Args:
        path: absolute path of the environment.
        places: absolute paths of directories; a script that names a Python in one of them has to find it.

    Raises:
        UnrepairableError: it does not, or a script does not find its Python.
    """
    if not venv.has_interpreter(path):
        raise UnrepairableError("the Python that it was made from is gone")
    isolated = "-E" if (venv.python_version(path) or "").startswith("2.") else "-I"
    command = [os.path.join(path, venv.PYTHON), isolated, "-c", _IS_AT_HOME, path]
    try:
        ended = subprocess.run(  # noqa: S603  # the environment's own
            command, cwd=path, stdin=subprocess.DEVNULL, capture_output=True, timeout=_PROBE_TIMEOUT, check=False
        )
    except subprocess.TimeoutExpired:
        raise UnrepairableError(f"its Python did not start within {_PROBE_TIMEOUT} seconds") from None
    except OSError as error:
        raise UnrepairableError(f"its Python cannot be started: {files.reason(error)}") from error
    if ended.returncode == _NOT_AT_HOME:
        raise UnrepairableError("its Python takes itself for another one")
    if ended.returncode:
        said = ended.stderr.decode("utf-8", "backslashreplace").split("\n")
        last = next((line.strip() for line in reversed(said) if line.strip()), f"status {ended.returncode}")
        raise UnrepairableError(f"its Python does not start: {last}")
    for name, program in without_python(path, places):
        raise UnrepairableError(f"its program `{name}` names the Python `{program}`, which is not there")
