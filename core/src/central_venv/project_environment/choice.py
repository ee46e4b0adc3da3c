"""Which environment of a project is meant: by a name, a Python, uv's variable or selection, or as a shared one."""

from __future__ import annotations

import os

from central_venv.policy import layout
from central_venv.policy.key import is_home_name
from central_venv.policy.layout import PROJECT_ENVIRONMENT, PROJECT_RUNNER, SHARED_PREFIX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.policy.settings import Settings
    from central_venv.store.environment import Environment
    from central_venv.store.home import Home

#: Where uv is told that a project's environment is: by the user, or by whatever activated one of ours.
UV_PROJECT_ENVIRONMENT = "UV_PROJECT_ENVIRONMENT"

# Whatever a command in an environment runs in turn means the same Python, and uv must not recreate the environment for
# another one: `UV_PYTHON` says so. In another project it would say what nobody asked for, so a second variable tells
# whose it is.
UV_PYTHON = "UV_PYTHON"
_PYTHON_OF = "CENTRAL_VENV_PYTHON_OF"
#: Both variables.
PYTHON_VARIABLES = (UV_PYTHON, _PYTHON_OF)


class Choice:
    """The environment that is meant, whether it exists or not.

    Attributes:
        home: the home of the project that it is for.
        directory: the name of its directory; it begins with ``@`` if several projects share it.
        request: the Python that it is named after or that is asked for; None if there is none.
        trusted: whether it is the user who asks for that Python, and not a file of the project.
        is_foreign: whether the user's `UV_PROJECT_ENVIRONMENT` says where it is: then nothing of it is recorded, locked
            or removed, and it has no `environment`.
    """

    __slots__ = ("_environment", "_python", "directory", "home", "is_foreign", "request", "trusted")

    def __init__(
        self,
        home: Home,
        directory: str,
        request: str | None,
        *,
        python: str | None = None,
        trusted: bool = True,
        is_foreign: bool = False,
    ) -> None:
        """Name an environment.

        Args:
            home: the home of the project that it is for.
            directory: the name of its directory; the whole path of a foreign one.
            request: the Python that is asked for.
            python: what that Python is called in the environment's name, if it is.
            trusted: whether it is the user who asks for it.
            is_foreign: whether the user's `UV_PROJECT_ENVIRONMENT` says where it is.
        """
        self.home = home
        self.directory = directory
        self.request = request
        self.trusted = trusted
        self.is_foreign = is_foreign
        self._python = python
        self._environment: Environment | None = None

    @property
    def is_shared(self) -> bool:
        """Whether several projects share it."""
        return not self.is_foreign and self.directory.startswith(SHARED_PREFIX)

    @property
    def path(self) -> str:
        """Absolute path of its directory.

        Raises:
            EnvironmentNameError: no environment can be called that.
        """
        if self.is_foreign:
            return self.directory
        if self.is_shared:
            return os.path.join(self.home.store.path, layout.shared_name(self.directory))
        return self.home.environment_path(PROJECT_RUNNER, self.directory)

    @property
    def exists(self) -> bool:
        """Whether there is an environment, working or not."""
        from central_venv.store import venv

        return venv.is_environment(os.path.realpath(self.path) if self.is_foreign else self.path)

    @property
    def environment(self) -> Environment:
        """The environment itself: always the same object, which knows its own mark of use.

        Raises:
            EnvironmentNameError: no environment can be called that.
        """
        if self._environment is None:
            if self.is_shared:
                self._environment = self.home.store.shared_environment(self.directory)
            else:
                self._environment = self.home.environment(PROJECT_RUNNER, self.directory)
        return self._environment

    @property
    def asked(self) -> str | None:
        """The Python that the user asks for; None if it is the project's affair."""
        return self.request if self.trusted else None

    @property
    def python_for_uv(self) -> str | None:
        """What ``UV_PYTHON`` is to ask for, so that uv does not make the environment anew; None for nothing.

        uv replaces an environment of another Python than the project asks for, but not if the user asks for the one
        that is there. It is never a path: `uv pip` takes that for the environment to change.
        """
        return self.python_there if self.is_shared else self._python

    @property
    def python_there(self) -> str | None:
        """What the Python of the environment that is there is called, such as ``3.12``; None if nobody can tell."""
        from central_venv.store import venv

        return venv.python_name(self.path)


def choose(
    home: Home, settings: Settings, *, env: str | None = None, python: str | None = None, selection: str = ""
) -> Choice:
    """The environment that is meant.

    First hit wins: what is called by its name, what is asked for by its Python, what the user told uv, what the project
    shares with others, what ``UV_PYTHON`` asks for and, if the settings say so, ``.python-version``; else the project's
    default one.

    Args:
        home: the project's home.
        settings: those in force for the project.
        env: the name of the environment's directory.
        python: a Python as uv takes it; empty to leave ``UV_PYTHON`` aside.
        selection: what is added to the name for a selection of uv.

    Raises:
        PythonRequestError: nobody here can tell which Python is asked for.
        RecordError: the home's record is damaged or newer than this version understands.
        StoreError: the home cannot be read.
    """
    if env is not None:
        return Choice(home, env, python)
    if not python and (foreign := told_by_user(home.root, home.store.path, settings.store)) is not None:
        return Choice(home, foreign, None, is_foreign=True)
    if not python and (shared := home.shared) is not None:
        return Choice(home, shared, None)
    request, trusted = _request(home, settings, python)
    if not request:
        return Choice(home, settings.name + selection, None)
    from central_venv.policy.python_request import python_name

    name = python_name(request, trusted=trusted)
    directory = f"{settings.name}-{name}{selection}"
    return Choice(home, directory, request, python=name if trusted else None, trusted=trusted)


def told_by_user(root: str, *stores: str) -> str | None:
    """Where the user told uv that a project's environment is; None if it is not told, or of one of ours.

    Args:
        root: true path of the project, where a relative path starts for uv, too.
        stores: absolute paths of stores; a site's rules may have put an environment into yet another one.
    """
    told = os.environ.get(UV_PROJECT_ENVIRONMENT)
    if not told:
        return None
    path = os.path.normpath(os.path.join(root, told))
    home, name = os.path.split(path)
    if not {home, os.path.dirname(home)}.isdisjoint(stores):
        return None
    if name.startswith(SHARED_PREFIX):
        record = layout.environment_record_path(home, PROJECT_RUNNER, name)
    elif name.startswith(PROJECT_ENVIRONMENT) and is_home_name(os.path.basename(home)):
        record = layout.project_record_path(home)
    else:
        return path
    return None if os.path.lexists(record) else path


def python_variables(home: str, python: str) -> dict[str, str]:
    """What a command in an environment is told.

    Args:
        home: absolute path of the project's home.
        python: the environment's Python, as uv takes it; no path, which `uv pip` takes for the environment to change.
    """
    return {UV_PYTHON: python, _PYTHON_OF: home}


def uv_python(home: str, store: str) -> str | None:
    """The Python that ``UV_PYTHON`` asks for; None if it does not, or if it is passed on and not for this project.

    Args:
        home: absolute path of the project's home.
        store: absolute path of the store; an interpreter in it is that of an environment, which a host passed on.
    """
    request = os.environ.get(UV_PYTHON)
    if not request or os.environ.get(_PYTHON_OF, home) != home or layout.is_in(store, request):
        return None
    return request


def _request(home: Home, settings: Settings, python: str | None) -> tuple[str | None, bool]:
    """The Python that the environment is named after, and whether it is the user who asks for it."""
    request = uv_python(home.path, home.store.path) if python is None else python
    if request:
        return request, True
    if not settings.per_python:
        return None, False
    from central_venv.policy.python_request import file_request

    return file_request(home.root), False
