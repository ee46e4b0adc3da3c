"""What in a project takes the place of another link or file in one step; whoever is killed before that leaves it.

Each process that is about to change a link removes what it finds: one that is alive then makes its own anew.
"""

from __future__ import annotations

import os
from contextlib import suppress

from central_venv.errors import CentralVenvError
from central_venv.machine import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_LINK = ".central-venv-link-"
_FILE = ".central-venv-"
_DIGITS = 8


def link_beside(path: str) -> str:
    """The absolute path of a new link that is to take the place of another one."""
    return os.path.join(os.path.dirname(path), f"{_LINK}{os.urandom(_DIGITS // 2).hex()}")


def file_beside(path: str) -> str:
    """The absolute path of a new file that is to take the place of another one."""
    return os.path.join(os.path.dirname(path), f"{_FILE}{os.urandom(_DIGITS // 2).hex()}{files.UNFINISHED}")


def find(directory: str) -> Iterator[str]:
    """The absolute paths of what was left in a directory.

    Args:
        directory: absolute path of a project or of git's own.
    """
    try:
        entries = files.entries(directory)
    except CentralVenvError:  # then nothing is to be done there, either
        return
    for entry in entries:
        is_link, is_file = entry.is_symlink(), entry.is_file(follow_symlinks=False)
        if (is_link and _is_called(entry.name, _LINK, "")) or (
            is_file and _is_called(entry.name, _FILE, files.UNFINISHED)
        ):
            yield entry.path


def sweep(directory: str) -> None:
    """Remove what was left in a directory, as far as that is possible.

    Args:
        directory: absolute path of a project or of git's own.
    """
    for path in find(directory):
        with suppress(OSError):
            if not files.is_strangers(os.lstat(path)):
                os.unlink(path)


def _is_called(name: str, beginning: str, end: str) -> bool:
    digits = name.removeprefix(beginning).removesuffix(end)
    return name == f"{beginning}{digits}{end}" and len(digits) == _DIGITS and set(digits) <= set("0123456789abcdef")
