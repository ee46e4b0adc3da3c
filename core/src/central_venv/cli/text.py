"""What people read: names that cannot forge a line or a colour, times and sizes in words, columns."""

from __future__ import annotations

import sys

from central_venv import clock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

UNKNOWN = "-"

_UNITS = (("year", 365 * 86400), ("month", 30 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60))
_KIBI = 1024


def printable(text: str) -> str:
    """The text with everything escaped that is not a printable character, such as line breaks and escape sequences."""
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def ago(time: str | None) -> str:
    """How long ago a time was, in words."""
    seconds = clock.to_timestamp(time)
    if seconds is None:
        return UNKNOWN
    passed = clock.seconds() - seconds
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


def print_columns(rows: Sequence[Sequence[str]], *, indent: str = "") -> None:
    """Print rows in aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        line = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print_safely(f"{indent}{line.rstrip()}")


def print_safely(line: str) -> None:
    """Print a line, escaping what the terminal's encoding cannot show."""
    encoding = sys.stdout.encoding or "utf-8"
    print(line.encode(encoding, "backslashreplace").decode(encoding))
