"""The paths of homes in any text, however they are quoted there.

Of such a path only the home's name or the store's path changes. A name has nothing in it that any shell or format would
quote, and most stores have no such path, either: what they were called is replaced in whatever way that is written.
"""

from __future__ import annotations

import json
import os
import re
import sys
from urllib.parse import quote

from central_venv.repair.coded_paths import DOUBLED_BACKSLASH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

#: What URLs may hold as it is, and uv and pip write so, or read as the same.
PLAIN_IN_URL = "/!$&'()*+,;=:@~"

#: What cannot end the path before an absolute one: that one would be the rest of a longer path. Letters in octal or set
#: apart are what virtualenv writes for bash and csh.
_NO_PATH_BEFORE = rb"(?:(?<![\w.~/\\\x80-\xff-])(?<!'\)\")(?<![\x80-\xff]'')|(?<=file://)|(?<=file:///))"
_SEPARATOR = rb"(?:/|\\\\?)"
#: What can follow a home's name where it ends.
_NAME_ENDS = rb"(?=[/\\\"'`:;,)\]}<>|&#?\r\n]|\Z)"

#: A home of any project, or what projects share.
_ANY_HOME = rb"[a-z0-9-]+-[0-9a-f]{8}|@[a-z0-9._-]+"
#: What has to be quoted somewhere.
_ODD = re.compile(r"[^\w@%+=:,./-]")


class HomesInText:
    """Former paths of homes, each with the one that took its place.

    Attributes:
        is_plain: whether the store's path means the same in quotes as without, wherever it stands.
    """

    __slots__ = ("_home", "_names", "_pattern", "_stores", "is_plain")

    def __init__(self, here: Collection[str], elsewhere: Collection[str], former: Collection[str], home: str) -> None:
        """Name the places.

        Args:
            here: the absolute paths of the store, that by which it is known first.
            elsewhere: those that it had; they are replaced if it has a plain one now.
            former: the names that the home had.
            home: the name that it has; empty if it is not about a home.
        """
        store = next(iter(here))
        self.is_plain = sys.platform == "win32" or not _ODD.search(store)
        self._home = os.fsencode(home)
        self._names = set(map(os.fsencode, former))
        self._stores = {text: text for path in here for text in _spellings(path)}
        if self.is_plain:
            for each in elsewhere:
                for old, new in zip(_spellings(each), _spellings(store), strict=True):
                    self._stores.setdefault(old, new)
        names = [*former, home] if elsewhere else former
        self._pattern = _homes_in_text(self._stores, names, any_home=bool(elsewhere))

    def replaced(self, content: bytes) -> bytes:
        """A text, with the paths of homes as they are now."""
        return content if self._pattern is None else self._pattern.sub(self._now, content)

    def _now(self, found: re.Match[bytes]) -> bytes:
        name: bytes = found["name"]
        now: bytes = self._stores[found["store"]] + found["separator"]
        return now + (self._home if name in self._names else name)


def _homes_in_text(stores: Collection[bytes], names: Collection[str], *, any_home: bool) -> re.Pattern[bytes] | None:
    """Matches the path of a home: in all but its name as it is written somewhere.

    Args:
        stores: the paths of stores, as they are written.
        names: what the home can be called.
        any_home: whether each other home is meant, too.
    """
    homes = [re.escape(os.fsencode(name)) for name in names if name] + ([_ANY_HOME] if any_home else [])
    if not homes:
        return None
    before = b"|".join(re.escape(spelling) for spelling in sorted(stores, key=len, reverse=True))
    return re.compile(
        _NO_PATH_BEFORE
        + b"(?P<store>"
        + before
        + b")(?P<separator>"
        + _SEPARATOR
        + b")(?P<name>"
        + b"|".join(homes)
        + b")"
        + _NAME_ENDS
    )


def _spellings(path: str) -> list[bytes]:
    """A path as shells, Python, JSON and URLs write it inside of their quotes, always in the same order."""
    raw = os.fsencode(path)
    shell = raw.replace(b"'", b"'\"'\"'")
    return [
        raw,
        shell,
        raw.replace(b"'", b"'\\''"),
        shell.replace(b"\\", b"'\\\\'").replace(b"!", b"'\\!'"),  # csh, by virtualenv
        shell.replace(b"\\", DOUBLED_BACKSLASH),  # the line that starts a script, by virtualenv
        re.sub(rb"[\\']", rb"'\\\g<0>'", raw),  # fish, by virtualenv
        re.sub(rb"[\\']", rb"\\\g<0>", raw),  # fish, Python between '
        re.sub(rb'[\\"$`]', rb"\\\g<0>", raw),  # shells between ", Python
        raw.replace(b"'", b"''"),  # PowerShell
        raw.replace(b"%", b"%%"),  # cmd
        b" ".join(raw.splitlines()),  # `pyvenv.cfg`, by virtualenv
        *(write(path)[1:-1].encode("utf-8", "surrogateescape") for write in _WRITERS),
        quote(raw).encode(),
        quote(raw, safe=PLAIN_IN_URL).encode(),
    ]


def _json_as_it_is(text: str) -> str:
    return json.dumps(text, ensure_ascii=False)


_WRITERS: tuple[Callable[[str], str], ...] = (json.dumps, _json_as_it_is, repr, ascii)
