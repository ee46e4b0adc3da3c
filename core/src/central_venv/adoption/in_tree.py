"""The environments in a project's tree, where runners and people put them, and what else lies there."""

from __future__ import annotations

import os
import re

from central_venv.errors import AdoptionError
from central_venv.machine import files
from central_venv.policy.layout import DESKTOP_FILES, PROJECT_ENVIRONMENT, PROJECT_RUNNER
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from central_venv.adoption.installed import Installed

#: The directories in a project that hold environments, each with the runner that they are of.
DIRECTORIES = {PROJECT_ENVIRONMENT: PROJECT_RUNNER, "venv": PROJECT_RUNNER, ".tox": "tox", ".nox": "nox"}
#: Those that are looked for if none is named.
USUAL = (PROJECT_ENVIRONMENT, ".tox", ".nox")

_REMOVED = re.compile(r"\.central-venv-removed-[0-9a-f]+-[0-9a-f]{8}")

#: What anybody may put into a directory of environments.
_MARKS = frozenset({".gitignore", "CACHEDIR.TAG", *DESKTOP_FILES})
#: What runners put beside their environments.
_BESIDE = {"tox": frozenset({"log", "dist", ".tmp", ".package.lock"}), "nox": frozenset()}
#: The file that tells that a directory is one of tox.
_TOX_INFO = ".tox-info.json"
#: What runners put into an environment's directory, also into one in which they make no environment.
_NOTES = {
    PROJECT_RUNNER: frozenset(),
    "tox": frozenset({"log", "tmp", "dist", ".meta", _TOX_INFO, ".tox-config1", "file.lock"}),
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


class InTree:
    """An environment in a project's tree.

    Attributes:
        path: its absolute path.
        runner: what made it, or `PROJECT_RUNNER` for the project's own.
        name: what it is called, from the project's root on, such as ``.tox/py312``.
    """

    __slots__ = ("name", "path", "runner")

    def __init__(self, path: str, runner: str, name: str) -> None:
        self.path = path
        self.runner = runner
        self.name = name


class Tree:
    """A directory in a project that is an environment, or that holds a runner's.

    Attributes:
        path: its absolute path.
        environments: those in it that are asked for.
        going: the names of what else in it is the runner's, and goes with it.
        staying: the names of what else is in it, because of which it stays.
    """

    __slots__ = ("environments", "going", "path", "staying")

    def __init__(
        self, path: str, environments: list[InTree], going: Sequence[str] = (), staying: Sequence[str] = ()
    ) -> None:
        self.path = path
        self.environments = environments
        self.going = going
        self.staying = staying


def find(root: str, names: Sequence[str], store: str) -> list[Tree]:
    """The environments in a project's tree: no links, and nothing that has to do with the store.

    Args:
        root: true path of the project.
        names: those that are asked for, such as ``.venv``, ``.tox`` or ``.tox/py312``; none for all that are usual.
        store: absolute path of the store.

    Raises:
        AdoptionError: one that was asked for is not there.
        StoreError: a directory cannot be listed.
    """
    trees = []
    for top in dict.fromkeys(name.partition("/")[0] for name in names or USUAL):
        children = {name.partition("/")[2] for name in names if name.partition("/")[0] == top}
        path = os.path.join(root, top)
        tree = None
        if _is_directory(path) and not _is_within(store, path) and not _is_within(path, store):
            tree = _tree(path, top, DIRECTORIES[top])
        found = set() if tree is None else {environment.name for environment in tree.environments}
        for child in children:
            name = f"{top}/{child}" if child else top
            if (name not in found) if child else not found:
                raise AdoptionError(
                    f"there is no environment `{os.path.join(root, name)}`",
                    hint="links do not count; `central-venv adopt --dry-run` shows those there are",
                )
        if tree is None or not tree.environments:
            continue
        if children and "" not in children:
            asked = [each for each in tree.environments if each.name.partition("/")[2] in children]
            others = [each.name.partition("/")[2] for each in tree.environments if each not in asked]
            tree = Tree(path, asked, tree.going, sorted([*tree.staying, *others]))
        trees.append(tree)
    return trees


def holds_more(tree: Tree) -> bool:
    """Whether a directory holds something by now that is not to go with it: it came after that was looked at.

    Raises:
        StoreError: a directory cannot be listed.
    """
    name = os.path.basename(tree.path)
    now = _tree(tree.path, name, DIRECTORIES[name])
    known = {environment.name for environment in tree.environments}
    return bool(now.staying) or any(environment.name not in known for environment in now.environments)


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


def is_removed(name: str) -> bool:
    """Whether a directory is one of ours, with what is to be deleted.

    Args:
        name: its name.
    """
    return _REMOVED.fullmatch(name) is not None


def removed_name() -> str:
    """A new name for a directory of ours with what is to be deleted."""
    return f".central-venv-removed-{os.getpid():x}-{os.urandom(4).hex()}"


def _is_directory(path: str) -> bool:
    try:
        return files.is_directory(os.lstat(path))
    except OSError:
        return False


def _is_within(path: str, directory: str) -> bool:
    return os.path.join(os.path.realpath(path), "").startswith(os.path.join(os.path.realpath(directory), ""))


def _tree(path: str, name: str, runner: str) -> Tree:
    if runner == PROJECT_RUNNER:
        return Tree(path, [InTree(path, runner, name)] if venv.is_environment(path) else [])
    environments, going, staying = [], [], []
    for entry in files.entries(path):
        if _is_directory(entry.path) and venv.is_environment(entry.path):
            environments.append(InTree(entry.path, runner, f"{name}/{entry.name}"))
        elif entry.name in _MARKS | _BESIDE[runner] or (
            _is_directory(entry.path) and (is_removed(entry.name) or _is_left_by(runner, entry.path))
        ):
            going.append(entry.name)
        else:
            staying.append(entry.name)
    return Tree(path, environments, going, staying)


def _is_left_by(runner: str, path: str) -> bool:
    """Whether a directory in which no environment was made holds only what its runner left there."""
    names = {each.name for each in files.entries(path)}
    return names <= _NOTES[runner] and (_TOX_INFO in names or all(map(_is_log, _files(path))))


def _is_log(path: str) -> bool:
    return path.endswith(".log") and os.path.basename(os.path.dirname(path)) == "log"


def _files(path: str) -> Iterator[str]:
    for entry in files.entries(path):
        if _is_directory(entry.path):
            yield from _files(entry.path)
        else:
            yield entry.path


def _strays(path: str, found: Installed, runner: str) -> Iterator[str]:
    directories = {parent for file in found.files for parent in _parents(file, path)}
    for entry in files.entries(path):
        if entry.name in _LIBRARIES:
            yield from _strays_in_library(entry, found, directories)
        elif entry.name in _PROGRAMS:
            for program in files.entries(entry.path):
                if _is_directory(program.path) or not _PROGRAM.fullmatch(program.name):
                    yield from _unknown(program, found, directories)
        elif entry.name in _HEADERS:
            for headers in files.entries(entry.path):
                if not (_HEADER_LINK.fullmatch(headers.name) and os.path.islink(headers.path)):
                    yield from _unknown(headers, found, directories)
        elif entry.name not in _MARKS | _NOTES[runner] | _MAKERS:
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
        is_file = not _is_directory(package.path)
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
    if not _is_directory(entry.path):
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
