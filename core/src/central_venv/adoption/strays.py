"""What lies in an environment that neither its maker, its runner nor a package put there."""

from __future__ import annotations

import os
import re

from central_venv.machine import files
from central_venv.machine.spelling import comparable
from central_venv.policy.layout import DESKTOP_FILES, PROJECT_RUNNER
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

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
_PROJECT = ".project"
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
    return sorted(os.path.relpath(stray, path) for stray in _strays(path, _Known(path, found), runner))


def is_true_directory(path: str) -> bool:
    """Whether a path is a directory, and no link to one; what cannot be looked at is none."""
    try:
        return files.is_directory(os.lstat(path))
    except OSError:
        return False


class _Known:
    """What is known to be somebody's, by names that can be compared here.

    Attributes:
        fold: what makes a name comparable.
        files: the files of packages.
        directories: those that they are in.
        places: those that packages are in.
        developed: the projects that are installed for their development.
    """

    __slots__ = ("developed", "directories", "files", "fold", "places")

    def __init__(self, path: str, found: Installed) -> None:
        self.fold = comparable(os.path.join(path, venv.MARKER))
        self.files = set(map(self.fold, found.files))
        self.directories = {self.fold(parent) for file in found.files for parent in _parents(file, path)}
        self.places = set(map(self.fold, found.places))
        origins = [each.origin for each in found.distributions.values()]
        self.developed = {os.path.realpath(each.path) for each in origins if each and each.is_editable and each.path}

    def has(self, entry: os.DirEntry[str], names: Iterable[str]) -> bool:
        """Whether an entry is called by one of the names."""
        return self.fold(entry.name) in map(self.fold, names)


def _strays(path: str, known: _Known, runner: str) -> Iterator[str]:
    for entry in files.entries(path):
        if entry.name in _LIBRARIES:
            yield from _strays_in_library(entry, known)
        elif entry.name in _PROGRAMS:
            for program in files.entries(entry.path):
                if is_true_directory(program.path) or not _PROGRAM.fullmatch(program.name):
                    yield from _unknown(program, known)
        elif entry.name in _HEADERS:
            for headers in files.entries(entry.path):
                if not (_HEADER_LINK.fullmatch(headers.name) and os.path.islink(headers.path)):
                    yield from _unknown(headers, known)
        elif not known.has(entry, MARKS | NOTES[runner] | _MAKERS) and not _names_project(entry, runner):
            yield from _unknown(entry, known)


def _strays_in_library(library: os.DirEntry[str], known: _Known) -> Iterator[str]:
    above = set(map(os.path.dirname, known.places))
    for entry in files.entries(library.path):
        for each in files.entries(entry.path) if known.fold(entry.path) in above else [entry]:
            if known.fold(each.path) in known.places:
                yield from _strays_among_packages(each.path, known)
            else:
                yield from _unknown(each, known)


def _strays_among_packages(place: str, known: _Known) -> Iterator[str]:
    for package in files.entries(place):
        if known.fold(package.path) in known.directories or package.name.startswith("~"):
            continue
        is_file = not is_true_directory(package.path)
        if not (is_file and (package.name.endswith(".virtualenv") or _is_makers(package, known))):
            yield from _unknown(package, known)


def _names_project(entry: os.DirEntry[str], runner: str) -> bool:
    """Whether a file only says which project an environment is of, as pipenv and virtualenvwrapper write it."""
    if runner != PROJECT_RUNNER or entry.name != _PROJECT or is_true_directory(entry.path):
        return False
    lines = _lines(entry.path) or []
    return len(lines) == 1 and os.path.isabs(lines[0])


def _is_makers(file: os.DirEntry[str], known: _Known) -> bool:
    """Whether a maker or an installer put a file beside packages, and nobody wrote another line into it."""
    lines = _lines(file.path)
    if lines is None:
        return False
    if file.name == _EASY_INSTALL:
        return all(_EASY_INSTALL_LINE.fullmatch(line) or os.path.realpath(line) in known.developed for line in lines)
    if file.name not in _BESIDE_PACKAGES:
        return False
    pattern = _BESIDE_PACKAGES[file.name]
    return pattern is None or all(map(pattern.fullmatch, lines))


def _lines(path: str) -> list[str] | None:
    """The lines of a small file that are not empty; None if it is a link or large."""
    content = files.read(path)
    if not content and os.path.lexists(path) and os.lstat(path).st_size:
        return None
    return [line.strip() for line in os.fsdecode(content or b"").splitlines() if line.strip()]


def _unknown(entry: os.DirEntry[str], known: _Known) -> Iterator[str]:
    """Those files, and directories with files, that no package brought; what Python compiled does not count."""
    if not is_true_directory(entry.path):
        compiled = entry.name.endswith(".pyc") and os.path.basename(os.path.dirname(entry.path)) == "__pycache__"
        if known.fold(entry.path) not in known.files and not compiled:
            yield entry.path
        return
    below = [path for each in files.entries(entry.path) for path in _unknown(each, known)]
    if known.fold(entry.path) in known.directories:
        yield from below
    elif below:
        yield entry.path


def _parents(path: str, top: str) -> Iterator[str]:
    """The directories that a path is in, up to but without the topmost."""
    while (path := os.path.dirname(path)) != top and len(path) > len(top):
        yield path
