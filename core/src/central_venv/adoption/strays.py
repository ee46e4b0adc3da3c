"""What lies in an environment that neither its maker, its runner nor a package put there."""

from __future__ import annotations

import os
import re

from central_venv.machine import files
from central_venv.policy.layout import DESKTOP_FILES, PROJECT_RUNNER
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from central_venv.adoption.installed import Installed


#: What anybody may put into a directory of environments.
MARKS = frozenset({".gitignore", "CACHEDIR.TAG", *DESKTOP_FILES})
#: The file that tells that a directory is one of tox.
TOX_INFO = ".tox-info.json"
#: What runners put into an environment's directory, also into one in which they make no environment.
NOTES = {
    PROJECT_RUNNER: frozenset(),
    "tox": frozenset({"log", "tmp", "dist", ".meta", TOX_INFO, ".tox-config1", "file.lock"}),
    "nox": frozenset({"tmp"}),
}
#: What makers of environments and installers put into one.
_MAKERS = frozenset({venv.MARKER, ".lock"})
_HEADERS = frozenset({"include", "Include"})
_LIBRARIES = frozenset({"lib", "lib64", "Lib"})
_PROGRAMS = frozenset({"bin", "Scripts"})
#: The names of a maker's programs.
_PROGRAM = re.compile(
    r"(?:pythonw?|pypyw?|graalpy)(?:\d(?:\.\d+t?)?)?w?(?:_d)?(?:\.exe)?|𝜋thon"
    r"|libpypy[\w.-]*\.(?:so|dylib|dll)[\d.]*|(?:python\d+t?|vcruntime\d+(?:_\d+)?)\.dll|venvw?launchert?\.exe"
    r"|(?:pip|wheel|easy_install)(?:-?\d(?:\.\d+t?)?)?(?:\.exe)?"
    r"|[Aa]ctivate(?:_this\.py|\.(?:bat|csh|fish|nu|ps1|sh|xsh))?|deactivate\.(?:bat|csh|fish|nu)|pydoc\.bat"
)
#: The links to the headers of a Python that virtualenv made.
_HEADER_LINK = re.compile(r"(?:python|pypy|graalpy)\d[\w.]*")
#: What makers put beside packages, with the lines that they write; any if there are none.
_BESIDE_PACKAGES = {
    "_virtualenv.py": None,
    "_virtualenv.pth": re.compile(r"import _virtualenv"),
    "distutils-precedence.pth": re.compile(r"import os; var = 'SETUPTOOLS_USE_DISTUTILS'; [^;]*; [^;]*;? *"),
}
#: What `setup.py develop` writes the paths of packages into, and what else it writes there.
_EASY_INSTALL = "easy-install.pth"
_EASY_INSTALL_LINE = re.compile(
    r"import sys; sys\.__plen = len\(sys\.path\)"
    r"|import sys; new=sys\.path\[sys\.__plen:\]; del sys\.path\[sys\.__plen:\]; p=getattr\(sys,'__egginsert',0\); "
    r"sys\.path\[p:p\]=new; sys\.__egginsert = p\+len\(new\)"
)


def strays(path: str, found: Installed, runner: str) -> list[str]:
    """What lies in an environment that neither its maker, its runner nor a package put there, by its path in it.

    What is in a package's own directory is taken for the package's.

    Args:
        path: absolute path of the environment.
        found: what is installed there.
        runner: what made it, or `PROJECT_RUNNER`.

    Raises:
        StoreError: a directory cannot be listed, or a file not read.
    """
    return sorted(os.path.relpath(stray, path) for stray in _strays(path, found, runner))


def is_true_directory(path: str) -> bool:
    """Whether a path is a directory, and no link to one; what cannot be looked at is none."""
    try:
        return files.is_directory(os.lstat(path))
    except OSError:
        return False


def _strays(path: str, found: Installed, runner: str) -> Iterator[str]:
    directories = {parent for file in found.files for parent in _parents(file, path)}
    for entry in files.entries(path):
        if entry.name in _LIBRARIES:
            yield from _strays_in_library(entry, found, directories)
        elif entry.name in _PROGRAMS:
            for program in files.entries(entry.path):
                if is_true_directory(program.path) or not _PROGRAM.fullmatch(program.name):
                    yield from _unknown(program, found, directories)
        elif entry.name in _HEADERS:
            for headers in files.entries(entry.path):
                if not (_HEADER_LINK.fullmatch(headers.name) and os.path.islink(headers.path)):
                    yield from _unknown(headers, found, directories)
        elif entry.name not in MARKS | NOTES[runner] | _MAKERS:
            yield from _unknown(entry, found, directories)


def _strays_in_library(library: os.DirEntry[str], found: Installed, directories: set[str]) -> Iterator[str]:
    above = {os.path.dirname(place) for place in found.places}
    for entry in files.entries(library.path):
        for each in files.entries(entry.path) if entry.path in above else [entry]:
            if each.path in found.places:
                yield from _strays_among_packages(each.path, found, directories)
            else:
                yield from _unknown(each, found, directories)


def _strays_among_packages(place: str, found: Installed, directories: set[str]) -> Iterator[str]:
    for package in files.entries(place):
        if package.path in directories or package.name.startswith("~"):
            continue
        is_file = not is_true_directory(package.path)
        if not (is_file and (package.name.endswith(".virtualenv") or _is_makers(package, found))):
            yield from _unknown(package, found, directories)


def _is_makers(file: os.DirEntry[str], found: Installed) -> bool:
    """Whether a maker or an installer put a file beside packages, and nobody wrote another line into it."""
    lines = _lines(file.path)
    if lines is None:
        return False
    if file.name == _EASY_INSTALL:
        return all(_EASY_INSTALL_LINE.fullmatch(line) or _is_developed(line, found) for line in lines)
    if file.name not in _BESIDE_PACKAGES:
        return False
    pattern = _BESIDE_PACKAGES[file.name]
    return pattern is None or all(map(pattern.fullmatch, lines))


def _is_developed(path: str, found: Installed) -> bool:
    origins = [each.origin.path for each in found.distributions.values() if each.origin and each.origin.is_editable]
    return any(os.path.realpath(path) == os.path.realpath(origin) for origin in origins if origin)


def _lines(path: str) -> list[str] | None:
    """The lines of a small file that are not empty; None if it is a link or large."""
    content = files.read(path)
    if not content and os.path.lexists(path) and os.lstat(path).st_size:
        return None
    return [line.strip() for line in os.fsdecode(content or b"").splitlines() if line.strip()]


def _unknown(entry: os.DirEntry[str], found: Installed, directories: set[str]) -> Iterator[str]:
    """Those files, and directories with files, that no package brought; what Python compiled does not count."""
    if not is_true_directory(entry.path):
        compiled = entry.name.endswith(".pyc") and os.path.basename(os.path.dirname(entry.path)) == "__pycache__"
        if entry.path not in found.files and not compiled:
            yield entry.path
        return
    below = [path for each in files.entries(entry.path) for path in _unknown(each, found, directories)]
    if entry.path in directories:
        yield from below
    elif below:
        yield entry.path


def _parents(path: str, top: str) -> Iterator[str]:
    """The directories that a path is in, up to but without the topmost."""
    while (path := os.path.dirname(path)) != top and len(path) > len(top):
        yield path
