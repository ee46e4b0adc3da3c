"""Printing for people and programs: columns, JSON, and lines that a terminal's encoding can show."""

from __future__ import annotations

import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import TextIO


def on_terminal() -> bool:
    """Whether a person looks at stdout."""
    return sys.stdout.isatty()


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
