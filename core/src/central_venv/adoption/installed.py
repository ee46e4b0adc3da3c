"""What is installed in an environment, as its own files tell: its Python is not run, and may be gone."""

from __future__ import annotations

import csv
import json
import os
import pathlib
import re
import sys
from contextlib import contextmanager
from importlib.metadata import MetadataPathFinder, distributions

from central_venv.adoption.distribution import Distribution, Origin, checked
from central_venv.errors import AdoptionError
from central_venv.machine import files
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from importlib.metadata import Distribution as Metadata


#: Where a package that was not taken from an index came from (PEP 610).
_DIRECT_URL = "direct_url.json"
#: What `setup.py develop` leaves in the place of a package: the path of its directory.
_EGG_LINK = ".egg-link"
#: Where a package's own description is.
_ABOUT = (".dist-info", ".egg-info")
#: Where a package's programs are.
_PROGRAMS = frozenset({"bin", "Scripts"})
_PROGRAM_GROUPS = frozenset({"console_scripts", "gui_scripts"})
#: What pip renames away while it replaces a package begins with it.
_RENAMED_AWAY = "~"
# What is written into a requirements file must not be able to begin another line or option there.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9.!+_-]+")
_PYTHON_DIRECTORY = re.compile(r"(python|pypy|graalpy)(\d+\.\d+t?)")
_PYTHON_VERSION = re.compile(r"([a-z]*)(\d+\.\d+)(?:\..*)?")


class Installed:
    """What is installed in an environment.

    Attributes:
        python: its Python, as the names of project environments have it: ``3.12``, ``3.13t``, ``pypy3.10``.
        distributions: its packages by their normal names.
        files: the absolute paths of all files of its packages.
        places: the absolute paths of the directories that its packages are in.
    """

    __slots__ = ("distributions", "files", "places", "python")

    def __init__(
        self, python: str, places: list[str], distributions: dict[str, Distribution], installed_files: set[str]
    ) -> None:
        self.python = python
        self.places = places
        self.distributions = distributions
        self.files = installed_files


def installed(path: str) -> Installed:
    """What is installed in an environment.

    Args:
        path: absolute path of the environment, which need not work.

    Raises:
        AdoptionError: nobody can tell.
    """
    python, places = _places(path)
    found: dict[str, Distribution] = {}
    all_files: set[str] = set()
    MetadataPathFinder().invalidate_caches()
    for place in places:
        for metadata in distributions(path=[place]):
            name = os.path.basename(str(getattr(metadata, "_path", "")))
            if not name.startswith(_RENAMED_AWAY):
                with _damage_told(os.path.join(place, name)):
                    own = {os.path.normpath(os.path.join(place, os.fspath(file))) for file in metadata.files or ()}
                    content = metadata.read_text(_DIRECT_URL)
                    origin = None if content is None else Origin(_decoded(content))
                    distribution = _distribution(metadata, origin, path)
                all_files |= own
                _add(found, distribution)
        for link in _egg_links(place):
            with _damage_told(link):
                metadata, origin = _developed(place, link)
                distribution = _distribution(metadata, origin, path)
            all_files |= {link, *(program_path(path, name) for name in distribution.programs)}
            _add(found, distribution)
    return Installed(python, places, found, all_files)


def program_path(path: str, name: str) -> str:
    """Where an environment has a program of a package, or would have it.

    Args:
        path: absolute path of the environment.
        name: what the program is called.
    """
    end = ".exe" if sys.platform == "win32" else ""
    return os.path.join(os.path.dirname(os.path.join(path, venv.PYTHON)), f"{name}{end}")


def _places(path: str) -> tuple[str, list[str]]:
    """An environment's Python, and the directories that its packages are in."""
    known = _PYTHON_VERSION.fullmatch(venv.python_version(path) or "")
    name = None if known is None else known[1] + known[2]
    places: dict[str, list[str]] = {}
    for directory in _libraries(path):
        entry = _PYTHON_DIRECTORY.fullmatch(os.path.basename(directory))
        python = name if entry is None else entry[2] if entry[1] == "python" else entry[1] + entry[2]
        place = os.path.join(directory, "site-packages")
        same = [os.path.realpath(each) for each in places.get(python or "", ())]
        if python is not None and os.path.isdir(place) and os.path.realpath(place) not in same:
            places.setdefault(python, []).append(place)
    for python in (name, f"{name}t", *([] if name or len(places) != 1 else places)):
        if python in places:
            return str(python), places[str(python)]
    if name is not None and not places:  # pip removes the directory with the last package
        return name, []
    raise AdoptionError(
        f"nobody can tell which Python `{path}` is of, and so what is installed there",
        hint="make it anew, or remove it if nothing needs it",
    )


if sys.platform == "win32":

    def _libraries(path: str) -> Iterator[str]:
        """The directories that can hold `site-packages`."""
        yield os.path.join(path, "Lib")

else:

    def _libraries(path: str) -> Iterator[str]:
        """The directories that can hold `site-packages`."""
        for name in ("lib", "lib64"):
            for entry in files.entries(os.path.join(path, name), follow=True):
                if _PYTHON_DIRECTORY.fullmatch(entry.name):
                    yield entry.path


def _add(found: dict[str, Distribution], distribution: Distribution) -> None:
    other = found.setdefault(distribution.name, distribution)
    if not other.is_like(distribution):
        raise AdoptionError(
            f"`{distribution.name}` is installed twice there: {other} and {distribution}",
            hint="install it anew there, so that one of them goes",
        )


@contextmanager
def _damage_told(path: str) -> Iterator[None]:
    """Say where something is that nobody can make sense of."""
    try:
        yield
    except (OSError, ValueError, KeyError, TypeError, AttributeError, RecursionError, csv.Error) as error:
        raise AdoptionError(
            f"what `{path}` says of a package makes no sense",
            hint="install that package anew there, or remove what is left of it",
        ) from error


def _distribution(metadata: Metadata, origin: Origin | None, path: str) -> Distribution:
    name, version = checked(_NAME, _field(metadata, "Name")), checked(_VERSION, _field(metadata, "Version"))
    programs = {point.name for point in metadata.entry_points if point.group in _PROGRAM_GROUPS}
    there = frozenset(name for name in programs if os.path.lexists(program_path(path, name)))
    return Distribution(_normal(name), version, origin, there, _digests(metadata))


def _digests(metadata: Metadata) -> dict[str, tuple[str, str] | None]:
    """The digests of a package's own files; not of what installers write about it, or rewrite, such as programs."""
    return {
        file.as_posix(): None if file.hash is None else (file.hash.mode, file.hash.value)
        for file in metadata.files or ()
        if not file.parts[0].endswith(_ABOUT) and file.parent.name not in _PROGRAMS
    }


def _field(metadata: Metadata, name: str) -> str:
    fields = metadata.metadata
    if name not in fields:  # some releases of Python answer None then, or warn
        raise ValueError(name)
    return fields[name]


def _egg_links(place: str) -> Iterator[str]:
    """What `setup.py develop` left, by the paths."""
    return (entry.path for entry in files.entries(place, follow=True) if entry.name.endswith(_EGG_LINK))


def _developed(place: str, link: str) -> tuple[Metadata, Origin]:
    """A package that `setup.py develop` installed.

    Raises:
        ValueError: it is no longer where it was.
    """
    content = files.read_of_project(link) or b""
    directory = os.path.join(place, os.fsdecode(content.partition(b"\n")[0].strip()))
    wanted = _normal(os.path.basename(link).removesuffix(_EGG_LINK))
    there = [each for each in distributions(path=[directory]) if _normal(_field(each, "Name")) == wanted]
    if not there:
        raise ValueError(directory)
    url = pathlib.Path(os.path.abspath(directory)).as_uri()
    return there[0], Origin({"url": url, "dir_info": {"editable": True}})


def _normal(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


def _decoded(content: str) -> Mapping[str, object]:
    fields: object = json.loads(content)
    if not isinstance(fields, dict):
        raise ValueError(content)  # noqa: TRY004  # as what is no JSON
    return fields
