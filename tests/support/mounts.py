"""Small file systems of their own, for what cannot be made otherwise: a full disk, a read-only one."""

from __future__ import annotations

import shutil
import subprocess
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@contextmanager
def mounted(directory: Path, options: str) -> Iterator[Path]:
    """A file system in memory at a directory.

    Raises:
        PermissionError: this user may not mount anything, or this system has no such file system.
    """
    directory.mkdir(exist_ok=True)
    mount = shutil.which("mount")
    if mount is None:
        raise PermissionError("there is no `mount`")
    made = subprocess.run(
        [mount, "-t", "tmpfs", "-o", options, "tmpfs", str(directory)], check=False, capture_output=True, text=True
    )
    if made.returncode:
        raise PermissionError(made.stderr.strip())
    try:
        yield directory
    finally:
        subprocess.run(["umount", "--lazy", str(directory)], check=True)
