"""Keeping backups away from a store: what is in it can be made again.

Most programs obey `CACHEDIR.TAG`, which lies in every store. macOS's Time Machine obeys an attribute of the directory,
which the system's own tool sets.
"""

from __future__ import annotations

import sys

#: Sets the attribute ``com.apple.metadata:com_apple_backup_excludeItem``; see tmutil(8).
TMUTIL = "/usr/bin/tmutil"


def exclude(path: str) -> None:
    """Exclude a directory from Time Machine; does nothing on other systems.

    A machine without Time Machine has nothing to be kept away, so no failure matters; `central-venv doctor` tells it.

    Args:
        path: absolute path of the directory.
    """
    if sys.platform == "darwin":
        _tmutil("addexclusion", path)


def is_excluded(path: str) -> bool:
    """Whether Time Machine leaves a directory out; always true on other systems.

    Args:
        path: absolute path of the directory.
    """
    return sys.platform != "darwin" or "[Excluded]" in _tmutil("isexcluded", path)


def _tmutil(verb: str, path: str) -> str:
    import subprocess

    try:
        done = subprocess.run(  # noqa: S603  # the system's own
            [TMUTIL, verb, path], capture_output=True, text=True, timeout=10, check=False
        )
    except (OSError, subprocess.TimeoutExpired):
        return ""
    return done.stdout
