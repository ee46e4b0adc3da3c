"""What activates a project environment, and what the answer depends on: the contract with shells, direnv and mise.

A caller may keep an answer as long as every file in `inputs` has the time that it had and is the same one, by device,
inode, size and time of change, and the variables that name the store, the configuration, the Python and uv's
environment are the same. Times alone do not tell: behind a link that leads elsewhere now, files can have equal ones. A
time is of whole seconds: if one was less than a second ago when the caller asked, the file may have changed since
without a new one.
"""

from __future__ import annotations

import os

from central_venv.policy.project import LAST_RESORT_MARKER, MARKERS, upward
from central_venv.policy.settings import config_files
from central_venv.project_environment.choice import PYTHON_VARIABLES, UV_PROJECT_ENVIRONMENT, uv_python
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from central_venv.policy.settings import Settings
    from central_venv.project_environment.choice import Choice
    from central_venv.store.home import Home

PATH = "PATH"
#: Each variable that can be exported; in `PATH`, the directory of the environment's programs comes first.
EXPORTS = (UV_PROJECT_ENVIRONMENT, "VIRTUAL_ENV", PATH, "HATCH_DATA_DIR")
#: Those that are exported unless others are asked for.
USUAL_EXPORTS = EXPORTS[:3]

#: What an environment needs to be there for.
_OF_AN_ENVIRONMENT = frozenset({"VIRTUAL_ENV", PATH})


class Activation:
    """What activates the environment of one project.

    Attributes:
        home: the project's home.
        path: absolute path of the environment, whether it exists or not.
        record: absolute path of its record, whose time says when it was used last; empty if it is foreign.
        exists: whether there is an environment.
        programs: absolute path of the directory with its programs.
    """

    __slots__ = ("exists", "home", "is_foreign", "path", "programs", "record")

    def __init__(self, home: Home, choice: Choice) -> None:
        """Look at the environment of a project.

        Args:
            home: the project's home.
            choice: which environment is meant.
        """
        self.home = home
        self.path = choice.path
        self.is_foreign = choice.is_foreign
        self.record = "" if choice.is_foreign else choice.environment.record_path
        self.exists = choice.exists
        self.programs = venv.programs_directory(self.path)

    def variables(self, exported: Iterable[str]) -> dict[str, str]:
        """The values of some of `EXPORTS`, but those of an environment only if there is one, and `PATH` never.

        What the user told uv stays as it is told: a relative path means another one in each project.

        Args:
            exported: their names.
        """
        values = {
            UV_PROJECT_ENVIRONMENT: self.path,
            "VIRTUAL_ENV": self.path,
            "HATCH_DATA_DIR": self.home.runner_directory("hatch"),
        }
        if self.is_foreign:
            del values[UV_PROJECT_ENVIRONMENT]
        return {name: values[name] for name in exported if name in values and self._applies(name)}

    def for_program(self) -> dict[str, str]:
        """All that a program finds in its environment whose project environment this is."""
        # What another environment set would be taken for this one's, if this one is not there.
        variables = {name: value for name, value in os.environ.items() if name not in {"PYTHONHOME", "VIRTUAL_ENV"}}
        if uv_python(self.home.path, self.home.store.path) is None:
            variables = {name: value for name, value in variables.items() if name not in PYTHON_VARIABLES}
        variables |= self.variables(USUAL_EXPORTS)
        if self.extends_path(USUAL_EXPORTS):
            variables[PATH] = os.pathsep.join([self.programs, os.environ.get(PATH) or os.defpath])
        return variables

    def extends_path(self, exported: Iterable[str]) -> bool:
        """Whether the environment's programs are to be found first."""
        return PATH in exported and self._applies(PATH)

    def _applies(self, name: str) -> bool:
        return self.exists or name not in _OF_AN_ENVIRONMENT


def inputs(directory: str, root: str | None, record: str | None) -> dict[str, int]:
    """Each file that the answer depends on, with its time in whole seconds since the epoch; 0 if it is not there.

    Args:
        directory: true path of the directory that was asked about.
        root: true path of the project that was found; None if there is none.
        record: absolute path of the record of its home, which tells of a shared environment.
    """
    paths = [*_inputs(directory, root), *([] if record is None else [record])]
    return {path: _time(path) for path in paths}


def is_lasting(settings: Settings, request: str | None) -> bool:
    """Whether `inputs` tell everything that the answer depends on.

    A site's own rules can ask whatever they like, a store can be another one on each machine that shares a cache, and
    what a range or the name of a Python means changes with the Pythons that are there.

    Args:
        settings: those in force.
        request: the Python that the environment's name is made of; None if there is none.
    """
    if settings.policy or settings.varies:
        return False
    if request is None:
        return True
    from central_venv.policy.python_request import is_version

    return is_version(request)


def watched(path: str | None) -> list[str]:
    """What changes when something begins to count that does not exist: for a missing one, watch the nearest directory.

    Args:
        path: absolute path of the environment; None if there is no project.
    """
    return [*([] if path is None else [os.path.join(path, venv.MARKER)]), *config_files().values()]


def _inputs(directory: str, root: str | None) -> Iterator[str]:
    yield from config_files().values()
    marked = root is not None and any(os.path.exists(os.path.join(root, marker)) for marker in MARKERS)
    for parent in upward(directory):
        # Above a project that has a marker, only a workspace can change the answer.
        above = marked and len(parent) < len(root or "")
        for name in ("pyproject.toml",) if above else MARKERS:
            yield os.path.join(parent, name)
        if not marked:
            yield os.path.join(parent, LAST_RESORT_MARKER)
    if root is not None:
        yield os.path.join(root, ".python-version")


def _time(path: str) -> int:
    try:
        return int(os.stat(path).st_mtime)
    except OSError:
        return 0
