"""Kernels of Jupyter that name an environment: who does, and letting them name another one.

A kernel is a directory with a `kernel.json`, in which any string can name an environment: the command, a variable, what
an editor noted. It is the user's own file: it is replaced in one step, only if it is his and writable, and nothing in
it changes but the strings that name what has moved.
"""

from __future__ import annotations

import itertools
import json
import os
import re
import stat

from central_venv.machine import files
from central_venv.project_link import project_file, temporary
from central_venv.project_link.kernel_places import directories

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable, Iterator, Mapping

_FILE = "kernel.json"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"', re.DOTALL)
#: What stands before and behind a path that is a part of a longer text.
_BEFORE, _BEHIND = r"(?<![^\s=:,;'\"(])", r"(?=[\s:,;'\")/\\]|\Z)"
_SPACE = re.compile(r"\s")
#: What a path must not have in it to mean the same wherever it stands in a text.
_QUOTED = re.compile(r"[^\w@%+=:,./\\-]")


class Kernel:
    """A kernel that names an environment.

    Attributes:
        name: what Jupyter calls it.
        path: absolute path of its file.
        place: what it names, or named: the absolute path of the environment, or of what holds it.
        reason: why it could not be changed; None if it was, or need not be.
    """

    __slots__ = ("name", "path", "place", "reason")

    def __init__(self, path: str, place: str, reason: str | None = None) -> None:
        self.name = os.path.basename(os.path.dirname(path))
        self.path = path
        self.place = place
        self.reason = reason


def naming(environments: Collection[str], stores: Iterable[str]) -> list[Kernel]:
    """The kernels that name one of several environments, by whatever path; those in these environments do not count.

    Args:
        environments: absolute paths.
        stores: absolute paths of those in whose environments kernels may be installed, too.
    """
    kernels = list(_all(stores)) if environments else []
    if not kernels:  # as nearly always, and there may be thousands of environments
        return []
    places = _Places(dict.fromkeys(environments, ""))
    kernels = [(path, text) for path, text in kernels if not any(_is_in(path, each) for each in environments)]
    return [Kernel(path, place) for path, text in kernels for place in places.named_in(text)]


def mend(moved: Mapping[str, str], stores: Iterable[str], *, but: str | None = None) -> list[Kernel]:
    """Let kernels that name one place name another one.

    Args:
        moved: the absolute path of each place, with the one that takes its place.
        stores: absolute paths of those in whose environments kernels may be installed, too.
        but: a directory whose kernels are left alone, because others mend them.

    Returns:
        The kernels that were changed, or could not be.
    """
    kernels = list(_all(stores)) if moved else []
    if not kernels:
        return []
    places, mended = _Places(moved), []
    for path, text in kernels:
        named = [] if but is not None and _is_in(path, but) else places.named_in(text)
        if named:
            mended.append(Kernel(path, named[0], _refusal(path) or _write(path, text, places)))
    return mended


def dangling(store: str) -> list[Kernel]:
    """The kernels that name something in a store that is not there.

    Args:
        store: absolute path of the store.
    """
    top = os.path.join(os.path.realpath(store), "")
    kernels = []
    for path, text in _all([store]):
        strings = (_value(found[0]) for found in _STRING.finditer(text))
        parts = (part for string in strings for part in string.split(os.pathsep) if os.path.isabs(part))
        missing = (part for part in parts if os.path.realpath(part).startswith(top) and not os.path.lexists(part))
        kernels += [Kernel(path, part) for part in itertools.islice(missing, 1)]
    return kernels


class _Places:
    """Places, each with the one that takes its place, as strings can name them."""

    def __init__(self, moved: Mapping[str, str]) -> None:
        self._moved = moved
        self._known = {spelling: old for old in moved for spelling in (_key(old), os.path.normcase(old))}
        self._spellings = {spelling: old for old in moved for spelling in (_true(old), old)}

    def named_in(self, text: str) -> list[str]:
        """The places that strings in a JSON text name, each once."""
        found: dict[str, None] = {}

        def note(old: str, path: str) -> str:
            found[old] = None
            return path

        for string in _STRING.finditer(text):
            self._each(_value(string[0]), note)
        return list(found)

    def renewed(self, text: str) -> str:
        """A JSON text that names the places as they are now."""
        return _STRING.sub(self._string, text)

    def _string(self, found: re.Match[str]) -> str:
        value = _value(found[0])
        new = self._each(value, self._new)
        if new == value:
            return found[0]
        # Bytes that are not UTF-8 in a path are in JSON as Python has them: each by an escape.
        return json.dumps(new, ensure_ascii=found[0].isascii() or any("\ud800" <= each <= "\udfff" for each in new))

    def _new(self, old: str, path: str) -> str:
        return self._moved[old] if path == "" or _QUOTED.search(self._moved[old]) is None else path

    def _each(self, value: str, change: Callable[[str, str], str]) -> str:
        """A string in which each path of a place is what becomes of it.

        Args:
            value: the string.
            change: told the place, and its path if that is a part of some text; returns what takes its place.
        """
        parts = value.split(os.pathsep)
        changed = [self._of_path(part, change) for part in parts]
        if all(part is None for part in changed):
            return self._in_text(value, change)
        return os.pathsep.join(
            self._in_text(old, change) if new is None else new for old, new in zip(parts, changed, strict=True)
        )

    def _in_text(self, text: str, change: Callable[[str, str], str]) -> str:
        for spelling, old in self._spellings.items():
            if spelling in text:
                pattern = f"{_BEFORE}({re.escape(spelling)}){_BEHIND}"
                text = "".join(change(old, part) if part == spelling else part for part in re.split(pattern, text))
        return text

    def _of_path(self, path: str, change: Callable[[str, str], str]) -> str | None:
        """What becomes of a path at or below a place, in any spelling; None if it is none, or may be a line."""
        place = path
        while os.path.isabs(place) and os.path.dirname(place) != place:
            old = self._known.get(_key(place)) or self._known.get(os.path.normcase(os.path.realpath(place)))
            if old is not None:
                below = path[len(place) :]
                return None if _SPACE.search(below) else change(old, "") + below
            place = os.path.dirname(place)
        return None


def _true(place: str) -> str:
    """The path of a place whatever links lead to its directory; it may be a link itself."""
    directory, name = os.path.split(place)
    return os.path.join(os.path.realpath(directory), name)


def _key(place: str) -> str:
    return os.path.normcase(_true(place))


def _value(literal: str) -> str:
    """A string as JSON has it; empty if no path can be in it."""
    try:
        value: str = json.loads(literal, strict=False)
        os.fsencode(value)
    except ValueError:  # no JSON after all, or half of a pair of surrogates
        return ""
    return value if "\0" not in value else ""


def _all(stores: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The file of each kernel, with its content."""
    for directory in directories(stores):
        try:
            names = sorted(os.listdir(directory))
        except OSError:
            continue
        for name in names:
            path = os.path.join(directory, name, _FILE)
            try:
                text = _read(path)
            except OSError:  # whoever cannot read it cannot start it, either
                continue
            yield path, text


def _read(path: str) -> str:
    descriptor = os.open(path, files.READ_WITHOUT_WAITING)
    with open(descriptor, "rb") as file:
        is_file = stat.S_ISREG(os.fstat(descriptor).st_mode)
        content = file.read(files.MAXIMUM_SIZE) if is_file else b""
    return content.decode("utf-8", "surrogateescape")


def _is_in(path: str, directory: str) -> bool:
    return os.path.realpath(path).startswith(os.path.join(os.path.realpath(directory), ""))


def _refusal(path: str) -> str | None:
    """Why a kernel's file is not changed, in words; None if nothing speaks against it."""
    directory = os.path.dirname(path)
    try:
        for each in (directory, path):
            status = os.lstat(each)
            if stat.S_ISLNK(status.st_mode):
                return f"`{each}` is a link"
            if files.is_strangers(status):
                return f"`{each}` belongs to another user (id {status.st_uid})"
            if not os.access(each, os.W_OK):
                return f"`{each}` cannot be written"
    except OSError as error:
        return files.reason(error)
    return None if status.st_size < files.MAXIMUM_SIZE else f"`{path}` is too large"


def _write(path: str, text: str, places: _Places) -> str | None:
    """Write a kernel's file; why that is impossible, in words."""
    new = places.renewed(text)
    if places.named_in(new):
        return "it names that within a text, where the new path would have to be quoted"
    temporary.sweep(os.path.dirname(path))
    try:
        project_file.replace(path, new.encode("utf-8", "surrogateescape"))
    except OSError as error:
        return files.reason(error)
    return None
