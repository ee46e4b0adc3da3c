"""How much disk a directory takes."""

from __future__ import annotations

import os


def disk_usage(path: str) -> int:
    """Bytes on disk of a directory and all in it; links are not followed, and hard links in it count once."""
    total = 0
    seen: set[tuple[int, int]] = set()
    directories = [path]
    while directories:
        try:
            with os.scandir(directories.pop()) as entries:
                found = list(entries)
        except OSError:  # it vanished, or is closed to us: it counts for what its parent knows of it
            continue
        for entry in found:
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if status.st_nlink > 1 and not entry.is_dir(follow_symlinks=False):
                identity = (status.st_dev, status.st_ino)
                if identity in seen:
                    continue
                seen.add(identity)
            total += _size(status)
            if entry.is_dir(follow_symlinks=False):
                directories.append(entry.path)
    try:
        return total + _size(os.lstat(path))
    except OSError:
        return total


def _size(status: os.stat_result) -> int:
    blocks = getattr(status, "st_blocks", None)  # in units of 512 bytes wherever it exists; Windows has none
    return status.st_size if blocks is None else int(blocks) * 512
