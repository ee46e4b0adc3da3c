"""What a directory itself tells of the virtual environment in it."""

from __future__ import annotations

import os
import stat
import sys

from central_venv.errors import StoreError
from central_venv.machine import files

#: The file that makes a directory a virtual environment (PEP 405).
MARKER = "pyvenv.cfg"

#: The directory that makes a directory a conda environment.
CONDA_MARKER = "conda-meta"

_SCRIPTS, _PYTHON = ("Scripts", "python.exe") if sys.platform == "win32" else ("bin", "python")
#: Where an environment has its Python.
PYTHON = os.path.join(_SCRIPTS, _PYTHON)
_INTERPRETER = os.sep + PYTHON

#: Whose programs and library have their name.
_OTHER_IMPLEMENTATIONS = ("pypy", "graalpy")


def is_environment(path: str) -> bool:
    """Whether a directory holds a virtual environment, working or not. A link to one does not count."""
    return created(path) is not None and not os.path.islink(path)


def has_interpreter(path: str) -> bool:
    """Whether the environment's Python is there, and the Python it was made from still is."""
    if os.path.exists(f"{path}{_INTERPRETER}"):  # not `os.access`, which forgets the capabilities of this process
        return True
    return os.path.isdir(os.path.join(path, CONDA_MARKER)) and os.path.exists(os.path.join(path, _PYTHON))


def programs_directory(path: str) -> str:
    """The directory of an environment's programs."""
    return f"{path}{os.sep}{_SCRIPTS}"


def is_unfollowed(path: str) -> bool:
    """Whether an environment's Python is there, but behind a link that is not followed on that file system.

    Args:
        path: the environment's directory.
    """
    link = f"{path}{_INTERPRETER}"
    return not os.path.exists(link) and os.path.islink(link) and os.path.exists(os.path.realpath(link))


def refuse_unfollowed(path: str) -> None:
    """Raise if an environment may be a good one to others, who follow its links.

    Args:
        path: the environment's directory.

    Raises:
        StoreError: its Python is behind a link that is not followed.
    """
    if is_unfollowed(path):
        raise StoreError(
            f"`{path}{_INTERPRETER}` cannot be reached: it is a link, and none is followed on that file system",
            hint="mount it without `nosymfollow`, or set `CENTRAL_VENV_HOME` to a directory on another one",
        )


def created(path: str) -> float | None:
    """When the environment was made or made anew, in seconds since the epoch; None if there is none.

    Args:
        path: its directory, which is no link.
    """
    try:
        status = os.stat(f"{path}{os.sep}{MARKER}")
        if stat.S_ISREG(status.st_mode):
            return status.st_mtime
    except OSError:
        pass
    try:
        status = os.stat(f"{path}{os.sep}{CONDA_MARKER}")
    except OSError:
        return None
    return status.st_mtime if stat.S_ISDIR(status.st_mode) else None


def configuration(path: str) -> dict[str, str] | None:
    """What an environment's `pyvenv.cfg` says, by keys in lower case; nothing if it is unreadable, None without one."""
    try:
        content = files.read(os.path.join(path, MARKER))
    except StoreError:
        return {}
    if content is None:
        return None
    fields = {}
    for line in content.decode("utf-8", "replace").splitlines():
        key, equals, value = line.partition("=")
        if equals:
            fields[key.strip().lower()] = value.strip()
    return fields


def python_version(path: str) -> str | None:
    """The environment's Python, such as ``3.12.1`` or ``pypy3.10.14``; None if nobody can tell."""
    fields = configuration(path)
    if fields is None:
        return _conda_python(path)
    # `venv` writes `version`; uv and virtualenv write `version_info`, the latter with the release level behind it.
    version = ".".join((fields.get("version_info") or fields.get("version") or "").split(".")[:3])
    if not version.replace(".", "").replace("+", "").isalnum():
        return None
    implementation = (fields.get("implementation") or _implementation(path)).lower()
    return version if implementation == "cpython" or not implementation.isalnum() else f"{implementation}{version}"


def _implementation(path: str) -> str:
    """What the files of an environment say whose `pyvenv.cfg` does not: that of Python's own `venv` never does.

    PyPy has `lib/pypy3.10`, and before 3.8 only a program of its name; GraalPy has that, and `lib/python3.11`.
    """
    for directory in ("lib", _SCRIPTS):
        try:
            names = os.listdir(os.path.join(path, directory))
        except OSError:
            continue
        for name in names:
            for implementation in _OTHER_IMPLEMENTATIONS:
                number = name.removeprefix(implementation).removesuffix(".exe").replace(".", "")
                if name.startswith(implementation) and (not number or number.isdigit()):
                    return implementation
    return "CPython"


def _conda_python(path: str) -> str | None:
    try:
        names = os.listdir(os.path.join(path, CONDA_MARKER))
    except OSError:
        return None
    for name in names:
        package, _, rest = name.partition("-")
        if package == "python" and name.endswith(".json") and rest[:1].isdigit():
            return rest.partition("-")[0]
    return None


def python_name(path: str) -> str | None:
    """What the environment's Python is called in names, such as ``3.12``, ``3.13t``, ``pypy3.10``; None if unknown."""
    version = python_version(path)
    if version is None or version.count(".") == 0:
        return None
    minor = ".".join(version.split(".")[:2])
    return f"{minor}t" if os.path.isdir(os.path.join(path, "lib", f"python{minor}t")) else minor
