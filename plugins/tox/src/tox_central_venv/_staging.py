"""Where packages are copied on their way into an environment, when the store itself is no safe place for that.

tox >= 4.67.6 refuses to stage packages below a directory that others may write, outside of the project. Typical is a
store on a group's scratch file system.
"""

from __future__ import annotations

import os
import stat
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tox.report import HandledError

if TYPE_CHECKING:
    from central_venv import Home

_PRIVATE = 0o700


if sys.platform == "win32":

    def staging_directory(_home: Home) -> Path | None:
        """None: tox looks at the directories above the store on other systems only."""
        return None

else:

    def staging_directory(home: Home) -> Path | None:
        """A private directory outside of the store for this home; None if the store is private enough."""
        if not _others_can_write_above(home.path):
            return None
        private = Path(tempfile.gettempdir(), f"central-venv-{os.getuid()}")
        try:
            private.mkdir(mode=_PRIVATE, exist_ok=True)
            status = private.lstat()
        except OSError as error:
            raise HandledError(f"cannot create `{private}` to stage packages: {error.strerror}") from error
        if not stat.S_ISDIR(status.st_mode) or status.st_uid != os.getuid() or stat.S_IMODE(status.st_mode) != _PRIVATE:
            raise HandledError(
                f"`{private}` is not a private directory of this user, so packages cannot be staged there\n"
                "hint: remove it, or set `TMPDIR` to a directory of yours"
            )
        return private / Path(home.path).name

    def _others_can_write_above(path: str) -> bool:
        """Whether anybody but this user and root can replace one of the directories above a home."""
        for directory in Path(path).parents:
            try:
                status = directory.stat()
            except FileNotFoundError:  # made later, by us and private
                continue
            except OSError:
                return True
            writable = status.st_mode & (stat.S_IWGRP | stat.S_IWOTH) and not status.st_mode & stat.S_ISVTX
            if writable or status.st_uid not in {0, os.getuid()}:
                return True
        return False
