"""Asking before something is removed or changed: no is the default, and the answer of whoever cannot be asked."""

from __future__ import annotations

import sys


def agreed(question: str, agreement: str = "y") -> bool:
    """Ask on stderr whether to go on.

    Args:
        question: what is asked.
        agreement: the answer that means yes.
    """
    how = "[y/N]" if agreement == "y" else f"type `{agreement}` to go on:"
    print(f"{question} {how} ", end="", file=sys.stderr, flush=True)
    try:
        answer = sys.stdin.readline() if sys.stdin is not None else ""
    except UnicodeDecodeError:
        answer = "\n"
    if not answer:  # nobody can answer
        print(file=sys.stderr)
        print("hint: `--yes` goes on without a question", file=sys.stderr)
    return answer.strip().lower() in ({"y", "yes"} if agreement == "y" else {agreement})
