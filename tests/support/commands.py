"""What a command of the command line says."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any, NamedTuple


class Said(NamedTuple):
    """What a command said, and its exit status."""

    status: object
    out: str
    err: str

    @property
    def answer(self) -> Any:
        """What it said to a program."""
        return json.loads(self.out)


Runner = Callable[..., Said]
