"""Which of hatch's commands runs."""

from __future__ import annotations

import click


def running_command() -> str:
    """The command's words without its arguments, such as ``env create``; empty if hatch is used as a library."""
    words: list[str] = []
    context = click.get_current_context(silent=True)
    while context is not None and context.parent is not None:
        if isinstance(context.parent.command, click.Group):  # or else that command has called another one
            words.insert(0, context.info_name or "")
        context = context.parent
    return " ".join(words)
