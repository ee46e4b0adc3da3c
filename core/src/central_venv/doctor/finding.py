"""One thing that was found, and the words to say it in."""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError
from central_venv.machine import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

STORE = "store"
PROJECT = "project"
MACHINE = "machine"

#: What a finding can be about, in the order in which they are shown.
TOPICS = (STORE, PROJECT, MACHINE)

WRONG = "wrong"
NOTE = "note"

_NAMED = 3

#: What means something to the shell of Windows, unless it is quoted.
_SPECIAL = frozenset("<>|&^()")


class Finding:
    """One thing that is wrong, or that is good to know.

    Attributes:
        topic: what it is about, one of `TOPICS`.
        code: what is the matter, in words that no release changes, for programs; `docs/doctor.md` has them all.
        level: `WRONG`, or `NOTE` for what could be better or is only information.
        what: one line without a full stop.
        remedy: likewise; None if there is nothing to do.
    """

    __slots__ = ("code", "level", "remedy", "topic", "what")

    def __init__(self, topic: str, code: str, level: str, what: str, remedy: str | None) -> None:
        self.topic = topic
        self.code = code
        self.level = level
        self.what = what
        self.remedy = remedy

    def as_json(self) -> dict[str, object]:
        """The finding as programs read it."""
        return {
            "topic": self.topic,
            "code": self.code,
            "level": self.level,
            "what": self.what,
            "remedy": self.remedy,
        }


def wrong(topic: str, code: str, what: str, remedy: str) -> Finding:
    """Something that is wrong."""
    return Finding(topic, code, WRONG, what, remedy)


def note(topic: str, code: str, what: str, remedy: str | None = None) -> Finding:
    """Something that could be better, or is good to know."""
    return Finding(topic, code, NOTE, what, remedy)


def guarded(topic: str, place: str, findings: Iterator[Finding]) -> Iterator[Finding]:
    """The findings at a place; an error that none of the checks foresaw is one more, and the last."""
    try:
        yield from findings
    except CentralVenvError as error:
        yield wrong(topic, "not-readable", error.message, error.hint)
    except (OSError, ValueError) as error:  # ValueError: a path that this system cannot have
        yield wrong(
            topic, "not-readable", f"cannot look at `{place}`: {error}", "mend or remove what stands in the way there"
        )


def named(names: Sequence[str]) -> str:
    """A few names in one line: `` `a`, `b`, `c` and 2 more``."""
    shown = ", ".join(f"`{name}`" for name in names[:_NAMED])
    return shown if len(names) <= _NAMED else f"{shown} and {len(names) - _NAMED} more"


def command(*words: str) -> str:
    """A command line that may be pasted, in backticks."""
    if os.name == "nt":
        return f"`{' '.join(_quoted(word) for word in words)}`"
    from shlex import join

    return f"`{join(words)}`"


def _quoted(word: str) -> str:
    """A word for the shell of Windows."""
    from subprocess import list2cmdline

    quoted = list2cmdline([word])
    return quoted if _SPECIAL.isdisjoint(word) or quoted.startswith('"') else f'"{quoted}"'


def listed(path: str) -> list[os.DirEntry[str]]:
    """The entries of a directory in order of their names; none if it is a link, no directory, or closed to us."""
    try:
        return list(files.entries(path))
    except CentralVenvError:
        return []


def stands_in_the_way(path: str) -> bool:
    """Whether something else than a directory lies where one of ours belongs; a link is something else."""
    try:
        return not files.is_directory(os.lstat(path))
    except OSError:
        return False
