"""Times as records and JSON hold them: ISO 8601 in UTC, to the second."""

from __future__ import annotations

import time

_FORMAT = "%Y-%m-%dT%H:%M:%SZ"
_FIRST = 0
_LAST = 32535215999  # the end of the year 3000, and of what Windows can show


def seconds() -> float:
    """The present moment, in seconds since the epoch."""
    return time.time()


def now() -> str:
    """The present moment."""
    return from_timestamp(seconds())


def from_timestamp(seconds: float) -> str:
    """A moment given in seconds since the epoch; a file system can hold some that no calendar has."""
    return time.strftime(_FORMAT, time.gmtime(min(max(seconds, _FIRST), _LAST)))


def to_timestamp(text: str | None) -> float | None:
    """Seconds since the epoch, or None for what is no such time."""
    from calendar import timegm

    try:
        return None if text is None else float(timegm(time.strptime(text, _FORMAT)))
    except ValueError:
        return None
