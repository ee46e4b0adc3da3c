"""One package that is installed, and where it came from (the direct URL of PEP 610)."""

from __future__ import annotations

import os
import re
from urllib.parse import unquote, urlsplit
from urllib.request import url2pathname

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping


_URL = re.compile(r"[a-z][a-z0-9+.-]*:[\x21-\x7e]+")
_REVISION = re.compile(r"[A-Za-z0-9._-]+")
_DIGEST = re.compile(r"[a-z0-9_]+=[0-9a-f]+")


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
        self.url = checked(_URL, fields.get("url")).partition("#")[0]
        self.path = _path(self.url)
        directory, vcs, archive = (_table(fields, name) for name in ("dir_info", "vcs_info", "archive_info"))
        self.is_directory = directory is not None
        self.is_editable = directory is not None and directory.get("editable") is True
        self._vcs = None if vcs is None else checked(_REVISION, vcs.get("vcs"))
        self._commit = None if vcs is None else checked(_REVISION, vcs.get("commit_id"))
        subdirectory = fields.get("subdirectory")
        self._subdirectory = None if subdirectory is None else checked(_URL, f"x:{subdirectory}")[2:]
        digest = None if archive is None else archive.get("hash")
        self._digest = None if digest is None else checked(_DIGEST, digest)

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
        digests: the digest of each of its files with the algorithm, by the path; None for one that has none.
    """

    __slots__ = ("digests", "name", "origin", "programs", "version")

    def __init__(
        self,
        name: str,
        version: str,
        origin: Origin | None,
        programs: frozenset[str],
        digests: Mapping[str, tuple[str, str] | None],
    ) -> None:
        self.name = name
        self.version = version
        self.origin = origin
        self.programs = programs
        self.digests = digests

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

    def other_file(self, other: Distribution) -> str | None:
        """The first file that is another one in a package that is called the same; None if none is, or nobody can tell.

        What is built from a directory is what that holds by now.
        """
        if (self.origin is not None and self.origin.is_directory) or not any(other.digests.values()):
            return None
        for path, digest in sorted(self.digests.items()):
            theirs = other.digests.get(path)
            missing = digest is not None and path not in other.digests
            if missing or (digest is not None and theirs is not None and digest[0] == theirs[0] and digest != theirs):
                return path
        return None

    def __str__(self) -> str:
        return self.version if self.origin is None else f"{self.version} from {self.origin.reference}"


def _table(fields: Mapping[str, object], name: str) -> dict[str, object] | None:
    value = fields.get(name)
    return value if isinstance(value, dict) else None


def checked(pattern: re.Pattern[str], value: object) -> str:
    """A text that has a certain form.

    Raises:
        ValueError: it has not.
    """
    if not isinstance(value, str) or not pattern.fullmatch(value):
        raise ValueError(value)
    return value


def _path(url: str) -> str | None:
    parts = urlsplit(url)
    if parts.scheme != "file" or parts.netloc not in {"", "localhost"}:
        return None
    return os.path.abspath(url2pathname(parts.path))
