"""What a host says when something is wrong."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from support.hosts import Result


def assert_one_clear_message(result: Result, message: str, hint: str) -> None:
    """The message once, its remedy behind it, and no traceback."""
    assert result.text.count(message) == 1, result.text
    assert hint in result.text.partition(message)[2].partition("hint: ")[2]
    assert "Traceback" not in result.text
