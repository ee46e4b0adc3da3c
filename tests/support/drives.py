"""A drive that anybody can unplug: a directory `usb` that counts as mounted while there is data in it."""

from __future__ import annotations

import os
from pathlib import Path

from central_venv.machine import host

#: Tells another process below which directory the drive is.
VARIABLE = "DRIVES_BELOW"


def is_plugged(base: str) -> bool:
    """Whether the drive is there."""
    return os.path.isdir(os.path.join(base, "usb", "precious"))


def simulate(base: str) -> None:
    """Let this process take everything below a directory for a file system of its own, and the drive for another."""

    def mount_point(path: str) -> str:
        drive = os.path.join(base, "usb")
        return drive if is_plugged(base) and Path(path).is_relative_to(drive) else base

    host.mount_point = mount_point
    host.volume = lambda path: f"volume of {os.path.basename(mount_point(path))}"
