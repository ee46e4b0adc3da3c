"""Where runners are installed, and what beside them; read from the disk, without running anything."""

from __future__ import annotations

import os
import re
import sys
from shutil import which

from central_venv.machine.files import READ_WITHOUT_WAITING
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: Each runner's distribution, which is also its program's name, and the plugin for it.
RUNNERS = {"hatch": "hatch-central-venv", "nox": "nox-central-venv", "tox": "tox-central-venv"}

_HEAD = 4096

#: The interpreter in the first line of a script, or quoted in the line after it if its path is long or holds a space.
_INTERPRETER = re.compile(
    rb"""\A\#!(?:(?P<plain>/\S*(?:python|pypy)[^\s/]*)\s
    |/bin/sh\r?\n'''exec'\ (?P<quote>["'])(?P<quoted>/[^"'\r\n]*(?:python|pypy)[^"'/\r\n]*)(?P=quote))""",
    re.VERBOSE,
)

_DISTRIBUTION = re.compile(r"(?P<name>[^-]+)-(?P<version>[^-]+)\.dist-info")


class FoundRunner:
    """A runner that is installed somewhere.

    Attributes:
        name: such as ``tox``.
        prefix: the environment it is installed in.
        interpreter: that environment's Python.
        version: of the runner.
        plugin_version: of the plugin for it; None if it is not installed beside it.
        has_pip: whether pip is installed beside it.
    """

    __slots__ = ("has_pip", "interpreter", "name", "plugin_version", "prefix", "version")

    def __init__(self, name: str, prefix: str, interpreter: str, installed: dict[str, str]) -> None:
        self.name = name
        self.prefix = prefix
        self.interpreter = interpreter
        self.version = installed[name]
        self.plugin_version = installed.get(RUNNERS[name])
        self.has_pip = "pip" in installed


def find_runners() -> Iterator[FoundRunner]:
    """Each runner that is on the search path, or beside central-venv itself."""
    for name in RUNNERS:
        seen = set()
        for prefix, interpreter in _places(name):
            if prefix not in seen:
                seen.add(prefix)
                installed = next((found for found in _installed(prefix, interpreter) if name in found), None)
                if installed is not None:
                    yield FoundRunner(name, prefix, interpreter, installed)


def is_externally_managed(interpreter: str) -> bool:
    """Whether a Python is one that only the system's own tools may install into (PEP 668)."""
    places = {os.path.dirname(os.path.dirname(path)) for path in (interpreter, os.path.realpath(interpreter))}
    if any(venv.is_environment(prefix) for prefix in places):
        return False
    return any(
        os.path.exists(os.path.join(prefix, library, name, "EXTERNALLY-MANAGED"))
        for prefix in places
        for library in ("lib", "lib64")
        for name in _names(os.path.join(prefix, library))
        if name.startswith("python3")
    )


def _places(name: str) -> Iterator[tuple[str, str]]:
    """The prefixes that a program may be installed in, each with its Python."""
    for directory in os.environ.get("PATH", os.defpath).split(os.pathsep):
        script = which(name, path=directory) if directory else None
        if script is None:
            continue
        interpreter = _interpreter(script)
        if interpreter is not None:
            yield os.path.dirname(os.path.dirname(interpreter)), interpreter
        # Windows has programs instead of scripts, and `pip install --user` puts scripts where no Python is.
        prefix = os.path.dirname(os.path.dirname(os.path.realpath(script)))
        yield prefix, interpreter or os.path.join(prefix, venv.PYTHON)
    yield os.path.abspath(sys.prefix), os.path.join(os.path.abspath(sys.prefix), venv.PYTHON)


def _interpreter(script: str) -> str | None:
    """The Python that a script names in its first line."""
    try:
        descriptor = os.open(script, READ_WITHOUT_WAITING)
    except OSError:
        return None
    try:
        found = _INTERPRETER.match(os.read(descriptor, _HEAD))
    except OSError:
        return None
    finally:
        os.close(descriptor)
    return None if found is None else os.path.normpath(os.fsdecode(found["plain"] or found["quoted"]))


def _installed(prefix: str, interpreter: str) -> Iterator[dict[str, str]]:
    """The distributions that each Python of a prefix has, with their versions."""
    libraries = [os.path.join(prefix, "lib"), os.path.join(prefix, "local", "lib")]
    pythons: dict[str, dict[str, str]] = {}
    for library in libraries:
        for python in _names(library):
            if python.startswith(("python", "pypy")):
                found = pythons.setdefault(python, {})
                for packages in ("site-packages", "dist-packages"):
                    found.update(_distributions(os.path.join(library, python, packages)))
    pythons["Lib"] = _distributions(os.path.join(prefix, "Lib", "site-packages"))
    # A prefix of the system has several Pythons: first the one that the script names.
    wanted = os.path.basename(interpreter)
    yield from [found for _, found in sorted(pythons.items(), key=lambda item: item[0] != wanted)]


def _distributions(packages: str) -> dict[str, str]:
    found = {}
    for name in _names(packages):
        if matched := _DISTRIBUTION.fullmatch(name):
            found[matched["name"].replace("_", "-").lower()] = matched["version"]
    return found


def _names(directory: str) -> list[str]:
    try:
        return sorted(os.listdir(directory))
    except OSError:
        return []
