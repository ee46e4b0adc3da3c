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
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

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
_PROGRAM_GROUPS = frozenset({"console_scripts", "gui_scripts"})
#: What pip renames away while it replaces a package begins with it.
_RENAMED_AWAY = "~"

# What is written into a requirements file must not be able to begin another line or option there.
_NAME = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9])?")
_VERSION = re.compile(r"[A-Za-z0-9.!+_-]+")
_URL = re.compile(r"[a-z][a-z0-9+.-]*:[\x21-\x7e]+")
_REVISION = re.compile(r"[A-Za-z0-9._-]+")
_DIGEST = re.compile(r"[a-z0-9_]+=[0-9a-f]+")

_PYTHON_DIRECTORY = re.compile(r"(python|pypy|graalpy)(\d+\.\d+t?)")
_PYTHON_VERSION = re.compile(r"([a-z]*)(\d+\.\d+)(?:\..*)?")


class Origin:
    """Where a package came from that was not taken from an index.

    Attributes:
        url: without a fragment.
        path: the absolute path that it means; None if it means none.
        is_directory: whether the package was built from a directory, which may have changed since.
        is_editable: whether the package is that directory.
    """

    __slots__ = ("_commit", "_digest", "_subdirectory", "_vcs", "is_directory", "is_editable", "path", "url")

    def __init__(self, fields: Mapping[str, object]) -> None:
        """Take what `direct_url.json` holds.

        Raises:
            ValueError: that makes no sense.
        """
        self.url = _checked(_URL, fields.get("url")).partition("#")[0]
        self.path = _path(self.url)
        directory, vcs, archive = (_table(fields, name) for name in ("dir_info", "vcs_info", "archive_info"))
        self.is_directory = directory is not None
        self.is_editable = directory is not None and directory.get("editable") is True
        self._vcs = None if vcs is None else _checked(_REVISION, vcs.get("vcs"))
        self._commit = None if vcs is None else _checked(_REVISION, vcs.get("commit_id"))
        subdirectory = fields.get("subdirectory")
        self._subdirectory = None if subdirectory is None else _checked(_URL, f"x:{subdirectory}")[2:]
        digest = None if archive is None else archive.get("hash")
        self._digest = None if digest is None else _checked(_DIGEST, digest)

    @property
    def reference(self) -> str:
        """The URL as a requirement has it, with the commit or the digest that belongs to it."""
        parts = [self._digest, None if self._subdirectory is None else f"subdirectory={self._subdirectory}"]
        fragment = "&".join(part for part in parts if part is not None)
        url = self.url if self._vcs is None else f"{self._vcs}+{self.url}@{self._commit}"
        return f"{url}#{fragment}" if fragment else url

    @property
    def identity(self) -> tuple[object, ...]:
        """The same for all that came from the same place: installers write the same URL in several ways."""
        place = unquote(self.url).rstrip("/") if self.path is None else os.path.realpath(self.path)
        subdirectory = os.path.normpath(self._subdirectory or os.curdir)
        return place, self.is_directory, self.is_editable, self._vcs, self._commit, subdirectory


class Distribution:
    """One package that is installed.

    Attributes:
        name: in its normal form.
        version: as the package itself says.
        origin: where it came from; None if from an index.
        programs: the names of those of its programs that are there.
    """

    __slots__ = ("name", "origin", "programs", "version")

    def __init__(self, name: str, version: str, origin: Origin | None, programs: frozenset[str]) -> None:
        self.name = name
        self.version = version
        self.origin = origin
        self.programs = programs

    def requirement(self, *, for_uv: bool) -> str:
        """The line of a requirements file that asks for it.

        Args:
            for_uv: whether uv reads it. pip does not know the name of what is editable, uv mistakes a path for its URL.
        """
        if self.origin is None:
            return f"{self.name}=={self.version}"
        if not self.origin.is_editable:
            return f"{self.name} @ {self.origin.reference}"
        return f"-e {self.name} @ {self.origin.reference}" if for_uv else f"-e {self.origin.reference}"

    def is_like(self, other: Distribution) -> bool:
        """Whether another one is as good: the same version, or from the same directory, whatever is there now."""
        if self.origin is None or other.origin is None:
            return self.origin is other.origin and self.version == other.version
        return self.origin.identity == other.origin.identity and (
            self.origin.is_directory or self.version == other.version
        )

    def __str__(self) -> str:
        return self.version if self.origin is None else f"{self.version} from {self.origin.reference}"


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
    name, version = _checked(_NAME, _field(metadata, "Name")), _checked(_VERSION, _field(metadata, "Version"))
    programs = {point.name for point in metadata.entry_points if point.group in _PROGRAM_GROUPS}
    there = frozenset(name for name in programs if os.path.lexists(program_path(path, name)))
    return Distribution(_normal(name), version, origin, there)


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


def _table(fields: Mapping[str, object], name: str) -> dict[str, object] | None:
    value = fields.get(name)
    return value if isinstance(value, dict) else None


def _checked(pattern: re.Pattern[str], value: object) -> str:
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(value)
    return value


def _path(url: str) -> str | None:
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
        return None
    return os.path.abspath(url2pathname(parts.path))
