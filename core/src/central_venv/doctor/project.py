"""What is wrong with a project."""

from __future__ import annotations

import errno
import os
import stat

from central_venv import files, venv
from central_venv.cli.text import size
from central_venv.disk_usage import disk_usage
from central_venv.doctor.finding import PROJECT, command, listed, note, wrong
from central_venv.errors import CentralVenvError
from central_venv.home import Home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from central_venv.doctor.finding import Finding
    from central_venv.settings import Settings
    from central_venv.store import Store

#: What runners and people put environments into, in the tree.
_IN_TREE = (".tox", ".nox", ".venv", "venv")
#: Which of these can be links that lead to the store.
_LINKS = (".tox", ".nox", ".venv")

_REDIRECT = ".venv"
_IGNORE_FILES = (".gitignore", os.path.join(".git", "info", "exclude"))

#: What the system says of a link that leads nowhere.
_NOWHERE = {errno.ENOENT, errno.ENOTDIR, errno.ELOOP}


def examine(root: str, settings: Settings | None, store: Store | None) -> Iterator[Finding]:
    """Look at a project.

    Args:
        root: true path of the project root.
        settings: those in force there; None if they cannot be used.
        store: None if nobody can tell where it is.
    """
    if store is not None:
        yield from _home(Home(store, root))
    if settings is not None and not settings.enabled:
        yield note(
            PROJECT,
            f"central environments are turned off for `{root}` ({settings.origins['enabled']})",
            "turn them on there, or with `CENTRAL_VENV=1`",
        )
    else:
        for name in _IN_TREE:
            yield from _left_in_tree(os.path.join(root, name))
    for name in _LINKS:
        yield from _link(root, name)
    yield from _redirect(root)


def _home(home: Home) -> Iterator[Finding]:
    try:
        home.check()
    except CentralVenvError as error:
        yield wrong(PROJECT, error.message, error.hint)


def _left_in_tree(path: str) -> Iterator[Finding]:
    children = [entry.path for entry in listed(path) if entry.is_dir(follow_symlinks=False)]
    if any(venv.is_environment(directory) for directory in (path, *children)):
        yield note(
            PROJECT,
            f"environments are left in the tree: `{path}` takes {size(disk_usage(path))}",
            f"{_removal(path)}, unless you want them there",
        )


def _removal(path: str) -> str:
    return command("rmdir", "/s", path) if os.name == "nt" else command("rm", "-r", path)


def _link(root: str, name: str) -> Iterator[Finding]:
    path = os.path.join(root, name)
    if not os.path.islink(path):
        return
    try:
        os.stat(path)
    except OSError as error:
        if error.errno in _NOWHERE:
            failing = ": uv, mise and `python -m venv` fail on it" if name == _REDIRECT else ""
            yield wrong(PROJECT, f"the link `{path}` leads nowhere{failing}", "remove the link")
            return
    yield from _ignored(root, name)


def _ignored(root: str, name: str) -> Iterator[Finding]:
    """Git takes a pattern that ends in a slash for directories only, and a link is none."""
    patterns = [pattern for file in _IGNORE_FILES for pattern in _patterns(os.path.join(root, file))]
    meant = [pattern for pattern in patterns if _names(pattern, name)]
    if meant and all(pattern.endswith("/") for pattern in meant):
        yield wrong(
            PROJECT,
            f"git does not ignore the link `{os.path.join(root, name)}`: the pattern `{meant[0]}` is for directories",
            f"drop the slash at its end, or add `{name}` to `.git/info/exclude`",
        )


def _patterns(path: str) -> list[str]:
    try:
        content = files.read(path)
    except CentralVenvError:
        return []
    lines = [] if content is None else content.decode("utf-8", "replace").splitlines()
    return [line.strip() for line in lines]


def _names(pattern: str, name: str) -> bool:
    """Whether a pattern matches a name in the project's root."""
    from fnmatch import fnmatchcase

    return fnmatchcase(name, pattern.rstrip("/").removeprefix("**/").removeprefix("/"))


def _redirect(root: str) -> Iterator[Finding]:
    """A file `.venv` that holds the path of an environment (PEP 832)."""
    path = os.path.join(root, _REDIRECT)
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return
    except OSError:
        return
    try:
        content = files.read(path) or b""
        target = content.decode().partition("\n")[0].removesuffix("\r")
    except (CentralVenvError, UnicodeDecodeError):
        target = ""
    if not target or "\0" in target:
        yield wrong(PROJECT, f"the file `{path}` holds no path of an environment: uv fails on it", "remove the file")
    elif not _leads_to_environment(root, target):
        yield wrong(
            PROJECT,
            f"the file `{path}` leads to `{target}`, where there is no environment: uv fails on it",
            "remove the file, or make that environment again",
        )


def _leads_to_environment(root: str, target: str) -> bool:
    if venv.is_environment(os.path.realpath(os.path.join(root, target))):
        return True
    # pipenv's own meaning of such a file: the name of an environment elsewhere
    return os.path.basename(target) == target and os.path.lexists(os.path.join(root, "Pipfile"))
