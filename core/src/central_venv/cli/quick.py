"""A parser for command lines whose options are spelled out in full: `argparse` takes half of Python's start-up time.

It knows nothing of help and complains of nothing: what it does not understand is left to the real parser.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from typing import Any, Protocol

    class QuickCommand(Protocol):
        """What the module of such a command holds."""

        @property
        def QUICK(self) -> Mapping[str, object]:  # noqa: N802  # a constant of a module
            """Each option with its default, for `parse_quickly`."""

        def conflict(self, arguments: Any, /) -> str | None:
            """What is wrong with a combination of options, if anything."""

        def run(self, arguments: Any, /) -> int:
            """Do it; returns the exit status."""


class Arguments:
    """What a command is asked: an attribute for each option."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self.__dict__.update(values)


def parse_quickly(argv: Sequence[str], defaults: Mapping[str, object], rest_name: str | None = None) -> Any:
    """The arguments, or None to leave them to the real parser.

    Args:
        argv: what follows the command's name.
        defaults: each option with its default: False for a flag, None for what takes a value.
        rest_name: what the words from the first that is no option on are called, if the command takes any.
    """
    values = dict(defaults)
    rest = list(argv)
    while rest:
        if rest_name is not None and not (rest[0].startswith("-") and rest[0] != "--"):
            break
        name, equals, value = rest.pop(0).partition("=")
        key = name[2:] if name.startswith("--") else ""
        if key not in defaults or "_" in key or (equals and defaults[key] is False):
            return None
        if defaults[key] is False:
            values[key] = True
        elif equals:
            values[key] = value
        elif rest and not rest[0].startswith("-"):
            values[key] = rest.pop(0)
        else:
            return None
    if rest_name is not None:
        values[rest_name] = rest
    return Arguments(values)
