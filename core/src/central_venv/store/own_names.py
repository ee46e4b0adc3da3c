"""What only we call things: by the id of a process and random digits.

What is called otherwise may be somebody's, wherever it lies.
"""

from __future__ import annotations

from central_venv.machine.files import UNFINISHED

_MARK = 8
_PLACES = frozenset({8, 16})
_DECIMAL = frozenset("0123456789")
_HEXADECIMAL = frozenset("0123456789abcdef")

LOCK = ".lock"


def is_place(name: str) -> bool:
    """Whether something in the trash is called as what a removal puts there, such as ``4711-9f3c2a1b``."""
    process, _, random = name.partition("-")
    return bool(process) and set(process) <= _DECIMAL and len(random) in _PLACES and set(random) <= _HEXADECIMAL


def is_mark(name: str) -> bool:
    """Whether a file is called as a process calls its mark of use, such as ``4711-9f3c2a1b.lock``."""
    return name.endswith(LOCK) and is_place(name.removesuffix(LOCK))


def is_unfinished(name: str) -> bool:
    """Whether a file is called as one of ours is while it is being written, such as ``.1267-9f3c2a1b.tmp``."""
    process, _, random = name.removeprefix(".").removesuffix(UNFINISHED).partition("-")
    return (
        name.startswith(".")
        and name.endswith(UNFINISHED)
        and bool(process)
        and len(random) == _MARK
        and set(process + random) <= _HEXADECIMAL
    )
