"""How a process is named that uses an environment: by Linux only."""

from __future__ import annotations

import sys

from central_venv.machine.lock_holders import in_words


def user_words(pid: int) -> str:
    """What is told of a process that has a lock, as long as it runs."""
    return in_words(pid) if sys.platform == "linux" else "another process"
