"""A link in the project that leads to what a runner has in the store, for whoever looks for it in the project."""

from __future__ import annotations

import os

from central_venv.errors import LinkError
from central_venv.machine import files
from central_venv.policy.key import is_home_name
from central_venv.project_link import link, temporary
from central_venv.project_link.writing import hide, show


def make_link(path: str, target: str) -> bool:
    """Let a path in a project lead to a directory in the project's home, and let git not show it.

    A link that leads to the same name in another home, as after the project was moved, is replaced in one step.

    Args:
        path: absolute path of the link.
        target: absolute path of the directory, which exists.

    Returns:
        Whether something was changed.

    Raises:
        LinkError: something else is at that path, or no link can be made there.
    """
    hidden = False
    try:
        old = link.target_of(path)
        if old == target:
            return False
        if old is not None and not _is_ours(old, target):
            raise LinkError(  # noqa: TRY301  # nothing is hidden yet
                f"`{path}` is taken, so it cannot lead to `{target}`",
                hint=f"{link.clearance(path)}; the link is made in its place",
            )
        temporary.sweep(os.path.dirname(path))
        hidden = hide(path)  # before it is there, so that git shows it at no time
        (link.place if old is None else link.replace)(path, target)
    except BaseException as error:
        if hidden:
            show(path)
        if isinstance(error, FileExistsError):  # since we looked: another run was faster
            return make_link(path, target)
        if isinstance(error, OSError):
            raise LinkError(
                f"cannot make the link `{path}`: {files.reason(error)}",
                hint="make its directory writable, or do without the link",
            ) from error
        raise
    return True


def _is_ours(old: str, target: str) -> bool:
    """Whether a link leads to what the target is called, in some project's home."""
    home, name = os.path.split(old)
    return name == os.path.basename(target) and is_home_name(os.path.basename(home))
