"""Letting the `.venv` of a project lead to an environment, and follow the one that was used last."""

from __future__ import annotations

from central_venv.errors import CentralVenvError, LinkError
from central_venv.machine import host
from central_venv.policy.settings import SYMLINK
from central_venv.project_link import link_target, temporary
from central_venv.project_link.found import LINK, NOTHING, REDIRECT, Found, find
from central_venv.project_link.link import clearance
from central_venv.project_link.writing import hide, keep_installed, show, warn, write
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.policy.settings import Settings
    from central_venv.store.home import Home


def make(home: Home, environment: str, *, redirect: bool = False) -> bool:
    """Let the project's `.venv` lead to an environment, and let git not show it.

    Args:
        home: the project's home.
        environment: absolute path of the environment, which exists.
        redirect: whether it is to be a file (PEP 832) instead of a link.

    Returns:
        Whether it was made, or leads elsewhere now.

    Raises:
        LinkError: something that is not ours is there, or it cannot be made.
    """
    temporary.sweep(home.root)
    found = find(home.root)
    kind, replaceable = (REDIRECT, {REDIRECT}) if redirect else (LINK, {LINK, REDIRECT})
    is_new = found.kind == NOTHING
    is_right = (found.kind, found.target) == (kind, environment)
    if not (is_new or is_right or (found.kind in replaceable and link_target.is_ours(home, found.target))):
        raise _taken(home, found, environment)
    hidden = hide(found.path)  # before it is there, so that git shows it at no time
    try:
        if not is_right:
            keep_installed(found)
            write(found.path, kind, environment, anew=is_new)
    except BaseException as error:
        if hidden:
            show(found.path)
        if isinstance(error, FileExistsError):  # since we looked: another process was faster
            return make(home, environment, redirect=redirect)
        raise
    return not is_right


def follow(home: Home, environment: str, settings: Settings) -> None:
    """Let the project's `.venv`, if it is or ought to be ours, lead to an environment that was just made or used.

    One that is there keeps its form. What cannot be done is a warning: the environment can be used all the same.

    Args:
        home: the project's home.
        environment: absolute path of the environment.
        settings: those in force for the project.
    """
    wanted = settings.link == SYMLINK
    try:
        found = find(home.root)
        if (
            found.target == environment
            or (found.kind == NOTHING and not wanted)
            or not venv.is_environment(environment)
        ):
            return
        if link_target.is_ours(home, found.target):
            keep_installed(found)
            write(found.path, found.kind, environment, anew=False)
        elif wanted:
            make(home, environment)
    except CentralVenvError as error:
        warn(error)


def _taken(home: Home, found: Found, environment: str) -> LinkError:
    """Why what is there stays."""
    hint = f"{clearance(found.path)}; the link is made in its place"
    if not found.target:
        what = "is neither a link nor a redirect"
        if venv.is_environment(found.path):
            what = "is an environment itself"
            if not host.is_mounted_at(found.path):
                hint = "`central-venv adopt` replaces it by a central one"
    elif link_target.is_of_uv(found.target):
        what = f"leads to `{found.target}`, one of uv's own central environments"
        hint = "turn off uv's `centralized-project-envs`, and remove the link"
    elif not link_target.is_in_store(home, found.target):
        what = f"leads to `{found.target}`, which is not in the store"
    elif (other := link_target.other_project(home, found.target)) is not None:
        what, hint = f"leads to the environment of another project, `{other}`", "remove it with `central-venv unlink`"
    else:
        what, hint = "is a link and no redirect", "remove it with `central-venv unlink`"
    return LinkError(f"`{found.path}` {what}, so it cannot lead to `{environment}`", hint=hint)
