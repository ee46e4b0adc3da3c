"""What a tool wrote into programs that worked through the `.venv` in a project instead of in the store.

uv and pip name an environment as it was named to them: by the link. That path is the project's, so it can be anything,
and so can the store's: what takes its place is quoted as the place demands.
"""

from __future__ import annotations

import os
import re
import shlex

from central_venv.repair.coded_paths import DOUBLED_BACKSLASH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

#: What follows `.venv` where that ends the path of the environment.
_ENDS = rb"(?=[/\\\"'\s;)]|\Z)"
#: Where an absolute path begins: a first line, a raw string of nushell, a quoted word, a bare one.
_BEGINS = rb"(?P<before>\A#![ \t]*|(?<!\w)r#+'|[\"' \t=(])"
_SPECIAL_BETWEEN_DOUBLE_QUOTES = re.compile(rb'[\\"$`]')


class LinkPaths:
    """The paths of a link that led to one environment."""

    __slots__ = ("_environment", "_links", "_paths")

    def __init__(self, links: Collection[str], environment: str) -> None:
        """Name them.

        Args:
            links: absolute paths that the link had; some.
            environment: absolute path of the environment.
        """
        self._environment = os.fsencode(environment)
        self._links = tuple(links)
        spellings = {
            spelling for link in map(os.fsencode, links) for spelling in (link, _between_quotes(link), _doubled(link))
        }
        alternatives = b"|".join(map(re.escape, sorted(spellings, key=len, reverse=True)))
        self._paths = re.compile(_BEGINS + b"(?:" + alternatives + b")" + _ENDS)

    def of_path(self, path: str) -> str | None:
        """Where a path leads that begins with one of them; None for another one."""
        for link in self._links:
            if path == link or path.startswith(link + os.sep):
                return os.fsdecode(self._environment) + path[len(link) :]
        return None

    def in_beginning(self, content: bytes) -> bytes:
        """A script whose first line names its Python, or has `/bin/sh` start it by the second."""
        lines = content.split(b"\n", 2)
        count = 2 if len(lines) > 1 and lines[1].startswith(b"'''exec' ") else 1
        replaced = [self._paths.sub(self._replaced_before_python, line) for line in lines[:count]]
        return b"\n".join([*replaced, *lines[count:]])

    def in_text(self, content: bytes) -> bytes:
        """A file that a shell reads."""
        return self._paths.sub(self._replaced, content)

    def _replaced(self, found: re.Match[bytes]) -> bytes:
        before: bytes = found["before"]
        if before.startswith((b"#!", b"r#")):
            return before + self._environment
        if before == b"'":
            return before + _between_quotes(self._environment)
        if before == b'"':
            return before + _doubled(self._environment)
        return before + os.fsencode(shlex.quote(os.fsdecode(self._environment)))

    def _replaced_before_python(self, found: re.Match[bytes]) -> bytes:
        """Python, too, reads the line by which `/bin/sh` starts it."""
        before: bytes = found["before"]
        if before != b'"':
            replaced = self._replaced(found)
            return replaced if before.startswith(b"#!") else replaced.replace(b"\\", DOUBLED_BACKSLASH)
        return b'""\'' + _between_quotes(self._environment).replace(b"\\", DOUBLED_BACKSLASH) + b"'\""


def _between_quotes(path: bytes) -> bytes:
    return path.replace(b"'", b"'\"'\"'")


def _doubled(path: bytes) -> bytes:
    return _SPECIAL_BETWEEN_DOUBLE_QUOTES.sub(rb"\\\g<0>", path)
