"""What people read: names that cannot forge a line or a colour, times and sizes in words, columns."""

from __future__ import annotations

import sys

from central_venv.machine import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO

UNKNOWN = "-"

_UNITS = (("year", 365 * 86400), ("month", 30 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60))
_KIBI = 1024


def printable(text: str) -> str:
    """The text with everything escaped that is not a printable character, such as line breaks and escape sequences."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def on_terminal() -> bool:
    """Whether a person looks at stdout."""
    return sys.stdout.isatty()


def counted(number: int, noun: str) -> str:
    """A number of things."""
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def ago(time: float | None) -> str:
    """How long ago a time was, in words.

    Args:
        time: in seconds since the epoch; None if it is not known.
    """
    if time is None:
        return UNKNOWN
    passed = clock.seconds() - time
    for unit, length in _UNITS:
        if passed >= length:
            count = int(passed // length)
            return f"{count} {unit}{'s' if count > 1 else ''} ago"
    return "just now"


def size(number: int | None) -> str:
    """A number of bytes with its unit."""
    if number is None:
        return UNKNOWN
    amount = float(number)
    for unit in ("B", "KiB", "MiB"):
        if amount < _KIBI:
            return f"{amount:.0f} {unit}" if unit == "B" else f"{amount:.1f} {unit}"
        amount /= _KIBI
    return f"{amount:.1f} GiB"


def align(rows: Sequence[Sequence[str]], *, indent: str = "") -> list[str]:
    """Rows as lines with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    line = indent + "  ".join(f"%-{width}s" for width in widths)
    return [(line % tuple(row)).rstrip() for row in rows]


def print_columns(rows: Sequence[Sequence[str]], *, indent: str = "") -> None:
    """Print rows in aligned columns."""
    print_safely("\n".join(align(rows, indent=indent)))


def print_document(document: Mapping[str, object]) -> None:
    """Print JSON on one line; with line breaks if a person looks on."""
    import json

    print(json.dumps(document, indent=2 if on_terminal() else None))


def print_safely(text: str, *, to: TextIO | None = None) -> None:
    """Print lines, escaping what the terminal's encoding cannot show.

    Args:
        text: the lines.
        to: where to; None for stdout.
    """
    stream = sys.stdout if to is None else to
    encoding = stream.encoding or "utf-8"
    print(text.encode(encoding, "backslashreplace").decode(encoding), file=stream)
