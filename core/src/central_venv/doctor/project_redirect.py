"""What is wrong with a file `.venv` that holds the path of an environment (PEP 832)."""

from __future__ import annotations

import os
import stat

from central_venv.doctor.finding import PROJECT, note, wrong
from central_venv.project_link import link_target, redirect
from central_venv.project_link.found import path_in
from central_venv.store import venv
from central_venv.store.home import Home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from central_venv.doctor.finding import Finding
    from central_venv.store.store import Store

#: What keeps each tool from writing such files unasked.
_OFF = {"tox": "`venv_redirect = false` in tox's configuration", "virtualenv": "`VIRTUALENV_NO_VENV_REDIRECT=1`"}


def examine(root: str, store: Store | None) -> Iterator[Finding]:
    """Look at such a file.

    Args:
        root: true path of the project root.
        store: None if nobody can tell where it is.
    """
    path = path_in(root)
    try:
        if not stat.S_ISREG(os.lstat(path).st_mode):
            return
    except OSError:
        return
    target = redirect.read(path)
    if target is None:
        yield wrong(
            PROJECT,
            "redirect-without-path",
            f"the file `{path}` holds no path of an environment: uv fails on it",
            "remove the file",
        )
        return
    environment = os.path.normpath(os.path.join(root, target))
    if not redirect.is_one_line(path):
        yield wrong(
            PROJECT,
            "redirect-with-more-lines",
            f"the file `{path}` holds more than the line with a path: uv takes all of it for the path, and fails",
            "let it hold that line alone",
        )
    elif venv.is_environment(os.path.realpath(environment)):
        yield from _readers(path, root)
        yield from _taken(path, environment, None if store is None else Home(store, root))
    elif not _is_name_for_pipenv(root, target):
        yield wrong(
            PROJECT,
            "redirect-dangling",
            f"the file `{path}` leads to `{target}`, where there is no environment: uv fails on it",
            "remove the file, or make that environment again",
        )


def _readers(path: str, root: str) -> Iterator[Finding]:
    for what in redirect.tools_at_odds(root):
        yield note(
            PROJECT,
            "redirect-refused-by-tools",
            f"the file `{path}` leads to an environment, and {what}",
            "remove the file, then make a link with `central-venv link`",
        )


def _taken(path: str, environment: str, home: Home | None) -> Iterator[Finding]:
    """A tool wrote the file unasked, and with it gave its own environment away."""
    if home is not None and link_target.is_in_store(home, environment):
        return
    what = redirect.taken_by_uv(environment)
    if what is not None:
        off = _OFF[str(redirect.writer(environment))]
        yield note(
            PROJECT,
            "redirect-to-environment-of-tool",
            f"the file `{path}` leads to `{environment}`: {what}",
            f"remove the file; {off} keeps it away",
        )


def _is_name_for_pipenv(root: str, target: str) -> bool:
    """Whether it has pipenv's own meaning: the name of an environment elsewhere."""
    return os.path.basename(target) == target and os.path.lexists(os.path.join(root, "Pipfile"))
