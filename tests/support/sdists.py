"""Real projects: source distributions from the package index, downloaded once and kept in `.dev/cache`."""

from __future__ import annotations

import sys
import tarfile
from typing import TYPE_CHECKING

from filelock import FileLock

from support.network import CACHE, download

if TYPE_CHECKING:
    from pathlib import Path


def unpack_sdist(name: str, version: str, directory: Path) -> Path:
    """Unpack a project's source distribution into a directory.

    Returns:
        The project's root.
    """
    archive = _archive(name, version)
    with tarfile.open(archive) as files:
        files.extractall(directory, filter="data")
    (root,) = directory.iterdir()
    return root


def _archive(name: str, version: str) -> Path:
    cache = CACHE / "sdists"
    cache.mkdir(parents=True, exist_ok=True)
    with FileLock(cache / f"{name}-{version}.lock"):
        found = next(cache.glob(f"{name.replace('-', '[-_]')}-{version}.tar.gz"), None)
        if found is None:
            pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "--no-binary", name]
            download(*pip, "--dest", str(cache), f"{name}=={version}")
            found = next(cache.glob(f"{name.replace('-', '[-_]')}-{version}.tar.gz"))
    return found
