"""What lies where in a store.

::

    <store>/                         mode 0700
    ├── CACHEDIR.TAG  .gitignore     backups skip it, git never sees it
    ├── foo-bd6c414b/                home of /home/joe/projects/foo, mode 0700
    │   ├── project.json             which project, since when
    │   ├── .venv/  .venv-3.12/      project environments
    │   ├── .tox/py312/              what tox would have put into the project's .tox
    │   ├── .nox/tests-3-12/         … nox into .nox
    │   ├── .hatch/default/          hatch has no such directory; `HATCH_DATA_DIR=<home>/.hatch` nests in .hatch/env
    │   └── .central-venv/
    │       ├── home.lock            held for the moment in which an environment is claimed or something is removed
    │       ├── move.json            while the project or the store is being moved: where it was
    │       └── tox/                 py312.json, the record of that environment, py312.lock, py312.uses
    ├── @torch/                      an environment that several projects share
    ├── .central-venv/               home.lock, and project/@torch.json: its record, @torch.lock, @torch.uses
    ├── .stores/                     venvs-1a2b3c4d.json: a further store, which a site's rules chose
    └── .trash/                      what was renamed away and is being deleted

A runner's environments keep the directory names that they would have in the project, so patterns such as
``*/.tox/*/lib/*/site-packages`` match as before.
"""

from __future__ import annotations

import os

from central_venv.errors import EnvironmentNameError
from central_venv.policy.key import home_name

#: The runner of project environments, which lie in the home itself.
PROJECT_RUNNER = "project"

#: The default project environment; those for a certain Python begin with the same.
PROJECT_ENVIRONMENT = ".venv"

#: The first character of the name of an environment that several projects share.
SHARED_PREFIX = "@"

PROJECT_RECORD = "project.json"
#: The directory of a home with the records and locks of its environments.
RECORDS = ".central-venv"
#: The directory of a store with what is being deleted.
TRASH = ".trash"
#: The directory of a store with notes of the further stores that a site's rules chose.
STORES = ".stores"
#: How the name of such a note ends.
NOTE = ".json"
#: What desktops put into directories that somebody looks at.
DESKTOP_FILES = frozenset({".DS_Store", ".directory", "Thumbs.db", "desktop.ini"})

#: What hatch keeps in its data directory (`HATCH_DATA_DIR`), and what is there once it has made an environment.
DATA_OF_HATCH = frozenset({"env", "pythons", ".config"})
NOTES_OF_HATCH = os.path.join("env", ".metadata")

_HOME_LOCK = "home.lock"
_MOVE_RECORD = "move.json"
_NO_RUNNERS = frozenset({RECORDS, f".{PROJECT_RUNNER}", f".{_HOME_LOCK}", f".{_MOVE_RECORD}"})

_SHARED_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-")
_LONGEST_SHARED_NAME = 64

_FORBIDDEN = frozenset({os.sep, os.altsep or os.sep, "\0"})


def is_in(store: str, path: str) -> bool:
    """Whether a path leads into a store, by its words.

    Args:
        store: absolute path of the store.
        path: any path.
    """
    return path.startswith(os.path.join(store, ""))


def trash_directory(store: str) -> str:
    """The directory of a store with what is being deleted."""
    return os.path.join(store, TRASH)


def stores_directory(store: str) -> str:
    """Where a store notes the further stores that a site's rules chose."""
    return os.path.join(store, STORES)


def store_note_path(store: str, other: str) -> str:
    """The note in a store that another one was chosen.

    Args:
        store: absolute path of the store that the settings name.
        other: absolute path of the other one.
    """
    return os.path.join(stores_directory(store), f"{home_name(other)}{NOTE}")


def project_record_path(home: str) -> str:
    """The record that says which project a home is of."""
    return os.path.join(home, PROJECT_RECORD)


def runner_directory(home: str, runner: str) -> str:
    """Where a home keeps the environments of a runner: ``<home>/.tox`` for ``tox``.

    Args:
        home: absolute path of the home.
        runner: the runner's name; `PROJECT_RUNNER` for the home itself.

    Raises:
        EnvironmentNameError: the runner's name cannot be the name of a directory.
    """
    if runner == PROJECT_RUNNER:
        return home
    name = f".{_checked(runner, 'runner')}"
    if runner_of(name) is None:
        raise EnvironmentNameError(
            f"`{name}` is taken in every home, so `{runner}` is no runner", hint="name a runner, such as `tox`"
        )
    return os.path.join(home, name)


def runner_of(name: str) -> str | None:
    """The runner whose environments a directory of a home holds; None if it is no such directory.

    Args:
        name: the directory's name, such as ``.tox``.
    """
    if not name.startswith(".") or name.startswith(PROJECT_ENVIRONMENT) or name in _NO_RUNNERS:
        return None
    return name[1:]


def is_data_directory(runner: str, name: str) -> bool:
    """Whether a runner whose data directory is its directory in the home keeps its environments somewhere below a name.

    Args:
        runner: the runner's name.
        name: the name of a directory in the runner's one.
    """
    return (runner, name) == ("hatch", "env")


def is_reserved(runner: str, directory: str) -> bool:
    """Whether a runner keeps data of its own under a name in its directory, so that no environment can have it.

    Args:
        runner: the runner's name.
        directory: the name that an environment's directory would have.
    """
    return runner == "hatch" and directory in DATA_OF_HATCH


def environment_path(home: str, runner: str, directory: str) -> str:
    """The directory of an environment.

    Raises:
        EnvironmentNameError: one of the names cannot be the name of a directory.
    """
    if runner == PROJECT_RUNNER and not directory.startswith((PROJECT_ENVIRONMENT, SHARED_PREFIX)):
        raise EnvironmentNameError(
            f"{directory!r} is not the name of a project environment",
            hint=f"those begin with `{PROJECT_ENVIRONMENT}`; name the runner of any other one",
        )
    if runner == PROJECT_RUNNER and os.pathsep in directory:
        raise EnvironmentNameError(
            f"{directory!r} cannot be the name of a project environment, because `PATH` cannot hold it",
            hint=f"give a name without `{os.pathsep}`",
        )
    return os.path.join(runner_directory(home, runner), _checked(directory, "environment"))


def shared_name(name: str) -> str:
    """The name of a shared environment, if it can be one.

    Args:
        name: what somebody wants to call it, such as ``@torch``.

    Raises:
        EnvironmentNameError: it cannot be called that: where case does not count, two names would be one directory.
    """
    rest = name.removeprefix(SHARED_PREFIX)
    if rest == name or not rest[:1].isalnum() or not rest.isascii() or not _SHARED_CHARACTERS.issuperset(rest):
        raise EnvironmentNameError(
            f"{name!r} cannot be the name of a shared environment",
            hint=f"give `{SHARED_PREFIX}` and small letters, digits, `.`, `_`, `-`, such as `@torch`",
        )
    if len(name) > _LONGEST_SHARED_NAME:
        raise EnvironmentNameError(
            f"the name `{name}` is too long for a shared environment", hint=f"give at most {_LONGEST_SHARED_NAME} signs"
        )
    return name


def is_shared_name(name: str) -> bool:
    """Whether an environment that several projects share can be called so.

    Args:
        name: the name of a directory in the store.
    """
    if not name.startswith(SHARED_PREFIX):
        return False
    try:
        shared_name(name)
    except EnvironmentNameError:
        return False
    return True


def home_lock_path(home: str) -> str:
    """The lock file of a home."""
    return os.path.join(home, RECORDS, _HOME_LOCK)


def move_record_path(home: str) -> str:
    """What a home notes of a move of its project until that has ended."""
    return os.path.join(home, RECORDS, _MOVE_RECORD)


def records_directory(home: str, runner: str) -> str:
    """Where a home keeps the records and locks of a runner's environments."""
    return f"{home}{os.sep}{RECORDS}{os.sep}{runner}"


def environment_record_path(home: str, runner: str, directory: str) -> str:
    """The record of an environment: beside it, never inside, because runners empty the directories they make."""
    return f"{records_directory(home, runner)}{os.sep}{directory}.json"


def environment_lock_path(home: str, runner: str, directory: str) -> str:
    """The lock file of an environment."""
    return f"{records_directory(home, runner)}{os.sep}{directory}.lock"


def environment_uses_path(home: str, runner: str, directory: str) -> str:
    """The directory in which processes mark that they use an environment."""
    return f"{records_directory(home, runner)}{os.sep}{directory}.uses"


def _checked(name: str, what: str) -> str:
    if name in {"", os.curdir, os.pardir} or not _FORBIDDEN.isdisjoint(name):
        raise EnvironmentNameError(
            f"{name!r} cannot be the name of a directory, so it is no {what}",
            hint=f"name the {what} without slashes; `central-venv list` shows those that there are",
        )
    return name
