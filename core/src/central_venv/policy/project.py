"""Which directory a project is, and how the file system itself spells it."""

from __future__ import annotations

import os
import sys

from central_venv.errors import ProjectNotFoundError
from central_venv.machine import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: What makes a directory a project for the command line and uv; the nearest one upward wins.
MARKERS = ("pyproject.toml", "tox.ini", "tox.toml", "noxfile.py", "setup.py", "setup.cfg", "mise.toml")

#: What makes a directory a project if no marker is found in it or anywhere above it.
LAST_RESORT_MARKER = ".git"


def true_path(path: str) -> str:
    """The one spelling of a path: absolute, links resolved, each name as the file system itself spells it.

    On a file system that ignores case or Unicode form, `Foo`, `foo` and `FOO` are one directory: the true path has
    the spelling that a listing of its parent shows. A path that does not exist is made absolute as far as possible.

    Raises:
        ProjectNotFoundError: it is a relative one, and the current directory has been removed.
    """
    try:
        resolved = os.path.realpath(path)
    except FileNotFoundError as error:
        raise ProjectNotFoundError("the current directory is gone", hint="go to a directory that exists") from error
    # On Windows the system call behind `realpath` answers with the stored spelling and drive letter.
    return resolved if sys.platform == "win32" else _spelled(resolved)


def _spelled(path: str) -> str:
    spelled = ""
    for part in path.split("/")[1:]:
        spelled = f"{spelled}/{_spelling(spelled or '/', part)}" if part else "/"
    return spelled


def _spelling(directory: str, name: str) -> str:
    """The name under which a listing of the directory shows an entry."""
    variant = _variant(name)
    if variant is None:
        return name
    try:
        # Only if both spellings are there is the listing worth its time. It shows both if they are two entries; their
        # numbers say nothing, as some file systems that ignore case make up another one for each spelling.
        for each in (variant, name):
            os.lstat(os.path.join(directory, each))
        listed = os.listdir(directory)
    except (
        OSError
    ):  # usually there is no such variant; else the directory may not be listed, and the name is all we have
        return name
    if name in listed:
        return name
    folded = _fold(name)
    spellings = [entry for entry in listed if _fold(entry) == folded]
    return spellings[0] if len(spellings) == 1 else name


def _variant(name: str) -> str | None:
    """Another spelling of a name that only a file system ignoring case or Unicode form takes for the same."""
    swapped = name.swapcase()
    if swapped != name and swapped.swapcase() == name:
        return swapped
    if name.isascii():
        return None
    from unicodedata import normalize

    return next((form for form in (normalize("NFC", name), normalize("NFD", name)) if form != name), None)


def _fold(name: str) -> str:
    if name.isascii():
        return name.lower()
    from unicodedata import normalize

    return normalize("NFD", normalize("NFD", name).casefold())


def current_directory() -> str:
    """The true path of the current directory.

    Raises:
        ProjectNotFoundError: it has been removed.
    """
    return true_path(os.curdir)


def find_root(directory: str) -> str:
    """The true path of the project that a directory lies in.

    The nearest directory upward with one of `MARKERS`, or else with ``.git``. A member of a uv workspace belongs to
    the workspace's root, as in uv.

    Raises:
        ProjectNotFoundError: there is no project here.
        SettingsError: a pyproject.toml that decides cannot be read.
    """
    start = true_path(directory)
    root = _nearest(start, MARKERS) or _nearest(start, (LAST_RESORT_MARKER,))
    if root is None:
        raise ProjectNotFoundError(
            f"no project in `{start}` or above it",
            hint=f"go to a directory with one of {', '.join(f'`{marker}`' for marker in MARKERS)}",
        )
    return _workspace_root(root) or root


def upward(directory: str) -> Iterator[str]:
    """A directory and each one above it, the topmost last.

    Args:
        directory: its absolute path.
    """
    while True:
        yield directory
        parent = os.path.dirname(directory)
        if parent == directory:
            return
        directory = parent


def _nearest(start: str, markers: tuple[str, ...]) -> str | None:
    for directory in upward(start):
        if any(os.path.exists(os.path.join(directory, marker)) for marker in markers):
            return directory
    return None


def _workspace_root(root: str) -> str | None:
    """The root of the uv workspace that has this project as a member, if there is one above it.

    As in uv, the nearest pyproject.toml above the project's own decides.
    """
    mentioned = _mentions_workspace(root)
    if mentioned is None:  # no Python package, so no member
        return None
    if mentioned:
        from central_venv.policy.workspace import declares_workspace

        if declares_workspace(root):
            return None
    above = _nearest(os.path.dirname(root), ("pyproject.toml",))
    if above is None or above == root or not _mentions_workspace(above):
        return None
    from central_venv.policy.workspace import is_member

    return above if is_member(root, above) else None


def _mentions_workspace(directory: str) -> bool | None:
    """Whether a directory's pyproject.toml can hold a uv workspace: parsing it takes longer than Python's start.

    None if the directory has no such file.
    """
    return files.mentions(os.path.join(directory, "pyproject.toml"), b"workspace")
