"""Words for people: names that cannot forge a line or a colour, numbers, sizes and times."""

from __future__ import annotations

from central_venv.machine import clock

TYPE_CHECKING = False


UNKNOWN = "-"
_UNITS = (("year", 365 * 86400), ("month", 30 * 86400), ("day", 86400), ("hour", 3600), ("minute", 60))
_KIBI = 1024


def printable(text: str) -> str:
    """The text with everything escaped that is not a printable character, such as line breaks and escape sequences."""
    if text.isprintable():
        return text
    return "".join(character if character.isprintable() else ascii(character)[1:-1] for character in text)


def counted(number: int, singular: str, plural: str | None = None) -> str:
    """A number of things.

    Args:
        number: how many there are.
        singular: what one of them is called.
        plural: what several are called; the singular with an `s` by default.
    """
    return f"{number} {singular if number == 1 else plural or f'{singular}s'}"


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
