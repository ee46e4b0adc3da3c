"""Where a project and its home were and are now, and how a path is rewritten in each format that holds one.

The two differ. Of a home's path only the name changes, and that has nothing in it that any shell or format would quote:
it is replaced wherever the store's path stands before it, in whatever way that is quoted. So is the former path of a
store, unless its new one is such that it has to be quoted. A project's path can be anything, so it is replaced only in
formats whose quoting is understood here, and as a whole: `/p/foo-bar` does not lie in `/p/foo`.
"""

from __future__ import annotations

import ast
import json
import os
import re
import warnings
from urllib.parse import quote, unquote

from central_venv.repair import coded_paths
from central_venv.repair.homes_in_text import PLAIN_IN_URL, HomesInText

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection

    from central_venv.repair.link_paths import LinkPaths

_FILE_URL = re.compile(r"(file://(?:localhost)?)(/[^?#]*)(.*)", re.DOTALL)
_FILE_URL_IN_TEXT = re.compile(r"file://[^\s;,'\"\[\]]+")
_JSON_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
#: Comments, strings and words of a Python source. Not by `tokenize`: that follows the grammar of the running Python,
#: which need not be the environment's, and since 3.12 refuses bytes that are not UTF-8 even in comments.
_PYTHON = re.compile(
    r"""
    \#[^\r\n]*
    | (?P<string>
        (?:[rR]?[bBfFtT]?|[bBfFtT][rR]|[uU])
        (?:
            (?P<long>'{3}|"{3}) (?:[^\\'"]+|\\.|(?!(?P=long))['"])* (?P<long_end>(?P=long))?
            | (?P<short>['"]) (?:[^\\'"\r\n]+|\\(?:\r\n|.)|(?!(?P=short))['"])* (?P<short_end>(?P=short))?
        )
    )
    | \w+
    """,
    re.DOTALL | re.VERBOSE,
)
#: What begins the lines of a `.pth` file that are run; the others are paths.
_RUN = ("import ", "import\t")


class UnrepairableError(Exception):
    """Why an environment cannot be repaired, as the end of a sentence."""


class Places:
    """Former places, each with the one that took its place.

    Attributes:
        is_plain: whether the store's path means the same in quotes as without, wherever it stands.
        link: the former paths of the link in the project, if that led to the environment; None by default.
    """

    __slots__ = (
        "_former_homes",
        "_homes",
        "_in_words",
        "_pairs",
        "_root",
        "_roots",
        "is_plain",
        "link",
    )

    def __init__(
        self,
        store: str,
        homes: Collection[str],
        home: str,
        roots: Collection[str],
        root: str,
        stores: Collection[str] = (),
    ) -> None:
        """Name the places.

        Args:
            store: absolute path of the store.
            homes: the names that the home had.
            home: the name that it has now; empty if it is not about a home.
            roots: the paths that the project had.
            root: the path that it has now.
            stores: the paths that the store had.
        """
        self.link: LinkPaths | None = None
        self._root = root
        self._roots = [each for each in dict.fromkeys(roots) if each != root]
        here = list(dict.fromkeys((store, os.path.realpath(store))))
        former = [each for each in dict.fromkeys(homes) if each != home]
        elsewhere = [each for each in dict.fromkeys(stores) if each not in here]
        self._homes = HomesInText(here, elsewhere, former, home)
        self.is_plain = self._homes.is_plain
        pairs = {os.path.join(path, each): os.path.join(path, home) for path in here for each in former}
        for path in elsewhere:
            pairs |= {os.path.join(path, each): os.path.join(store, home) for each in (*former, home) if each}
            if not is_below(store, path):  # what lies there may be there already
                pairs[path] = store
        self._former_homes = sorted(pairs.items(), key=_longest_first)
        self._pairs = sorted((pairs | dict.fromkeys(self._roots, root)).items(), key=_longest_first)
        alternatives = "|".join(re.escape(each) for each in sorted(self._roots, key=len, reverse=True))
        self._in_words = re.compile(rf"(?<![^\s=@,'\"])(?:{alternatives})(?=[/\\\[;'\"]|\Z)") if alternatives else None

    def overlap(self, *, again: bool) -> bool:
        """Whether nobody can tell from a path which of the places it is in.

        Args:
            again: whether some paths may have been rewritten already.
        """
        for old in self._roots:
            others = [each for each in self._roots if each != old]
            if any(is_below(old, each) for each in others):
                return True
            if again and (is_below(old, self._root) or is_below(self._root, old)):
                return True
        return False

    def of_path(self, path: str) -> str:
        """Where a path leads now."""
        return _moved(path, self._pairs)

    def in_text(self, content: bytes) -> bytes:
        """Any text, with the paths of the home as they are now."""
        return self._homes.replaced(content)

    def in_script(self, content: bytes) -> bytes:
        """The beginning of a script, or all of it, with the program that its first lines name as that is called now."""
        content = coded_paths.rewrite_start(self.in_text(content), self._of_environment)
        return content if self.link is None else self.link.in_beginning(content)

    def in_activation(self, content: bytes) -> bytes:
        """A file that a shell reads to activate the environment."""
        content = coded_paths.rewrite(self.in_text(content), self._of_environment)
        return content if self.link is None else self.link.in_text(content)

    def in_configuration(self, content: bytes) -> bytes:
        """A `pyvenv.cfg`, but for its prompt, which only looks like the project's name."""
        return b"".join(map(self._configuration_line, self.in_text(content).splitlines(keepends=True)))

    def in_path_file(self, content: bytes) -> bytes:
        """A `.pth` or `.egg-link` file.

        Raises:
            UnrepairableError: such a file cannot hold the path.
        """
        return b"".join(map(self._path_line, self.in_text(content).splitlines(keepends=True)))

    def in_json(self, content: bytes) -> bytes:
        """A JSON file: strings that are paths, URLs or lines of a requirements file."""
        text = _decoded(self.in_text(content))
        return _encoded(_JSON_STRING.sub(self._json_string, text))

    def in_python(self, content: bytes) -> bytes:
        """A Python module or script: strings that are paths or URLs.

        Raises:
            UnrepairableError: it mentions the project's former path and is no Python.
        """
        return _encoded(self._python_strings(_decoded(self.in_text(content))))

    def _of_environment(self, path: str) -> str:
        """Where the path of the environment, or one in it, leads now."""
        found = None if self.link is None else self.link.of_path(path)
        return found or _moved(path, self._former_homes)

    def _configuration_line(self, line: bytes) -> bytes:
        key, equals, value = line.partition(b"=")
        path = value.strip()
        if not equals or key.strip().lower() == b"prompt":
            return line
        return key + equals + value.replace(path, os.fsencode(self.of_path(os.fsdecode(path))), 1)

    def _path_line(self, line: bytes) -> bytes:
        text = _decoded(line)
        if text.startswith(_RUN):
            return _encoded(self._python_strings(text))
        path = text.rstrip()
        new = self.of_path(path)
        if new == path:
            return line
        if new != new.rstrip() or len(new.splitlines()) > 1:
            raise UnrepairableError(
                "the project's path has line breaks or ends in blanks, which `.pth` files cannot hold"
            )
        return _encoded(new + text[len(path) :])

    def _json_string(self, found: re.Match[str]) -> str:
        try:
            value = json.loads(found[0])
        except ValueError:  # no JSON after all
            return found[0]
        new = self._value(value)
        if new == value and self._in_words is not None:
            new = _FILE_URL_IN_TEXT.sub(lambda url: self._url(url[0]), value)
            new = self._in_words.sub(lambda _: self._root, new)
        return found[0] if new == value else json.dumps(new)

    def _python_strings(self, source: str) -> str:
        if not self._roots and self.is_plain:
            return source
        literals = [found for found in _PYTHON.finditer(source) if found["string"]]
        if any(found["long_end"] is None is found["short_end"] for found in literals):  # one that never ends
            if any(root in source for root in self._roots):
                raise UnrepairableError("what mentions the project's path there should be Python, and is not")
            return source
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in other people's strings
            return _PYTHON.sub(self._python_string, source)

    def _python_string(self, found: re.Match[str]) -> str:
        """What was found in a source, or the string literal that it has to be now."""
        if found["string"] is None:
            return found[0]
        try:
            value = ast.literal_eval(found[0])
        except (ValueError, SyntaxError):  # one that is computed, or holds what is not UTF-8
            return found[0]
        if not isinstance(value, str) or (new := self._value(value)) == value:
            return found[0]
        return repr(new)

    def _value(self, value: str) -> str:
        return self._url(value) if value.startswith("file:") else self.of_path(value)

    def _url(self, url: str) -> str:
        found = _FILE_URL.fullmatch(url)
        if found is None:
            return url
        begin, path, end = found.groups()
        parts = path.split("/")
        names = [unquote(part, errors="surrogateescape") for part in parts]
        for old, new in self._pairs:
            place = _in_url(old).split("/")
            if names[: len(place)] == place:
                return (
                    begin + "/".join([quote(os.fsencode(_in_url(new)), safe=PLAIN_IN_URL), *parts[len(place) :]]) + end
                )
        return url


def is_below(path: str, directory: str) -> bool:
    """Whether a path lies in a directory, by what both are called."""
    return path.startswith((directory + os.sep, directory + (os.altsep or os.sep)))


def _moved(path: str, places: Collection[tuple[str, str]]) -> str:
    for old, new in places:
        if path == old or is_below(path, old):
            return new + path[len(old) :]
    return path


def _longest_first(pair: tuple[str, str]) -> int:
    return -len(pair[0])


def _in_url(path: str) -> str:
    path = path.replace(os.sep, "/")
    return path if path.startswith("/") else f"/{path}"


def _decoded(content: bytes) -> str:
    return content.decode("utf-8", "surrogateescape")


def _encoded(text: str) -> bytes:
    return text.encode("utf-8", "surrogateescape")
