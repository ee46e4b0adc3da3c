"""What the uv that is installed does with a file `.venv`: since 0.13.9 it follows it; before, it fails on it."""

from __future__ import annotations

import os
import re
import subprocess

from central_venv.machine.executable import find_program, variables_elsewhere

#: The first that follows such a file.
FOLLOWING = "0.13.9"

_VERSION = re.compile(r"uv (\d+\.\d+\.\d+)")
#: Seconds: it says so at once.
_PATIENCE = 10


def version() -> str | None:
    """The version of the uv that is on the path; None if there is none, or nobody can tell."""
    uv = find_program("uv")
    if uv is None:
        return None
    try:
        done = subprocess.run(  # noqa: S603  # the user's own
            [uv, "--version"],
            cwd=os.path.abspath(os.sep),
            env=variables_elsewhere(),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
            timeout=_PATIENCE,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    found = _VERSION.match(done.stdout.decode("utf-8", "replace"))
    return None if found is None else found[1]


def follows(known: str) -> bool:
    """Whether a version of uv follows a file `.venv`.

    Args:
        known: what `version` returned.
    """
    return _numbers(known) >= _numbers(FOLLOWING)


def _numbers(text: str) -> tuple[int, ...]:
    return tuple(map(int, text.split(".")))
