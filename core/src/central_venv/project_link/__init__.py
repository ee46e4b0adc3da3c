"""The `.venv` in a project that leads to its environment in the store, for editors and tools that look for it there.

It is a link or, where that was asked for, a redirect. What is not ours is never touched, and none of ours is left that
leads nowhere: uv, mise and `python -m venv` fail on that.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress

from central_venv.errors import CentralVenvError, LinkError, RepositoryError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.policy.settings import SYMLINK
from central_venv.project_link import link, link_target
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from central_venv.policy.settings import Settings
    from central_venv.store.home import Home

#: What it is called, whatever the environment is: others look for nothing else.
NAME = ".venv"

NOTHING = "nothing"
LINK = "link"
REDIRECT = "redirect"
OTHER = "other"


class Found:
    """What is at the place of a project's link.

    Attributes:
        path: absolute path of the place.
        kind: `NOTHING`, `LINK`, `REDIRECT`, or `OTHER` for what is neither.
        target: absolute path of what a link or redirect leads to; empty if it is neither.
    """

    __slots__ = ("kind", "path", "target")

    def __init__(self, path: str, kind: str, target: str = "") -> None:
        self.path = path
        self.kind = kind
        self.target = target


def path_in(root: str) -> str:
    """Where a project's link is, or would be."""
    return os.path.join(root, NAME)


def find(root: str) -> Found:
    """What is at the place of a project's link.

    Args:
        root: true path of the project.

    Raises:
        LinkError: it cannot be looked at.
    """
    path = path_in(root)
    try:
        target = link.target_of(path)
    except NotADirectoryError:  # a script is a project, too
        return Found(path, NOTHING)
    except OSError as error:
        raise LinkError(f"cannot look at `{path}`: {files.reason(error)}", hint="make it readable") from error
    if target is None:
        return Found(path, NOTHING)
    kind = LINK
    if not target:
        from central_venv.project_link import redirect

        kind, target = REDIRECT, redirect.read_whole(path)
        if target is None:
            return Found(path, OTHER)
    return Found(path, kind, os.path.normpath(os.path.join(root, target)))


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
    found = find(home.root)
    kind, replaceable = (REDIRECT, {REDIRECT}) if redirect else (LINK, {LINK, REDIRECT})
    is_new = found.kind == NOTHING
    is_right = (found.kind, found.target) == (kind, environment)
    if not (is_new or is_right or (found.kind in replaceable and link_target.is_ours(home, found.target))):
        raise _taken(home, found, environment)
    hidden = _hide(found.path)  # before it is there, so that git shows it at no time
    try:
        if not is_right:
            _keep_programs(found)
            _write(found.path, kind, environment, anew=is_new)
    except BaseException as error:
        if hidden:
            _show(found.path)
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
            _keep_programs(found)
            _write(found.path, found.kind, environment, anew=False)
        elif wanted:
            make(home, environment)
    except CentralVenvError as error:
        _warn(error)


def remove(home: Home) -> bool:
    """Remove the project's `.venv` if it leads into the store, and what hides it from git.

    Args:
        home: the project's home.

    Returns:
        Whether something was there.

    Raises:
        LinkError: what is there is not ours, or cannot be removed.
    """
    found = find(home.root)
    if found.kind != NOTHING:
        if not link_target.is_in_store(home, found.target):
            raise LinkError(
                f"`{found.path}` does not lead into the store, so it was not removed",
                hint="remove it yourself, if nothing needs it",
            )
        _keep_programs(found)
        _remove(found.path)
    _show(found.path)
    return found.kind != NOTHING


@contextmanager
def withdrawn(root: str | None, environments: Collection[str]) -> Iterator[str | None]:
    """Take the project's `.venv` away if it leads to an environment that goes; put it back if that does not go.

    It goes first: whoever is killed in between leaves none that leads nowhere.

    Args:
        root: true path of the project; None if nobody can tell.
        environments: absolute paths of the environments that go.

    Yields:
        The path of what was taken away; None if there was nothing.
    """
    found = None if root is None else _leading_to(root, environments)
    try:
        if found is not None:
            if os.path.basename(found.target).startswith(layout.SHARED_PREFIX):  # it may stay, for others
                _keep_programs(found)
            _remove(found.path)
    except LinkError as error:  # as in a project that cannot be written
        _warn(error)
        found = None
    try:
        yield None if found is None else found.path
    except BaseException:
        if found is not None:
            with suppress(LinkError, FileExistsError):  # another process was faster
                _write(found.path, found.kind, found.target, anew=True)
        raise


def drop_dangling(root: str, environment: str) -> None:
    """Remove the project's `.venv` if it leads to an environment that is not there, as after a creation that failed.

    Args:
        root: true path of the project.
        environment: absolute path of the environment.
    """
    if not os.path.lexists(environment) and (found := _leading_to(root, [environment])) is not None:
        try:
            _remove(found.path)
        except LinkError as error:
            _warn(error)


def _leading_to(root: str, environments: Collection[str]) -> Found | None:
    try:
        found = find(root)
    except LinkError:  # it is not there, as far as we can see
        return None
    leads = found.target in environments or (
        bool(found.target) and os.path.realpath(found.target) in map(os.path.realpath, environments)
    )
    return found if leads else None


def _taken(home: Home, found: Found, environment: str) -> LinkError:
    """Why what is there stays."""
    hint = "move it away if nothing needs it; the link is made in its place"
    if not found.target:
        what = "is neither a link nor a redirect"
        if venv.is_environment(found.path):
            what, hint = "is an environment itself", "`central-venv adopt` replaces it by a central one"
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


def _write(path: str, kind: str, environment: str, *, anew: bool) -> None:
    """Make it, or let it lead elsewhere.

    Raises:
        FileExistsError: something is there that was not.
        LinkError: it cannot be made.
    """
    try:
        if kind == REDIRECT:
            from central_venv.project_link import redirect

            (redirect.place if anew else redirect.replace)(path, environment)
        else:
            (link.place if anew else link.replace)(path, environment)
    except FileExistsError:
        raise
    except OSError as error:
        raise LinkError(
            f"cannot make the link `{path}`: {files.reason(error)}",
            hint="make its directory writable; where there are no links, try `central-venv link --redirect`",
        ) from error


def _remove(path: str) -> None:
    try:
        link.remove(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LinkError(
            f"cannot remove the link `{path}`: {files.reason(error)}", hint="make its directory writable"
        ) from error


def _keep_programs(found: Found) -> None:
    """Let what was installed through a link go on to belong to the environment that it leads to as yet."""
    if found.kind != LINK or not venv.is_environment(found.target):
        return
    from central_venv.project_link import programs

    try:
        programs.keep(found.path, found.target)
    except LinkError as error:
        _warn(error)


def _hide(path: str) -> bool:
    from central_venv.project_link import repository

    try:
        return repository.hide(path)
    except RepositoryError as error:
        _warn(error)
        return False


def _show(path: str) -> None:
    from central_venv.project_link import repository

    try:
        repository.show(path)
    except RepositoryError as error:
        _warn(error)


def _warn(error: CentralVenvError) -> None:
    import sys

    from central_venv.cli.text import printable

    sys.stderr.write(f"warning: {printable(error.message)}: {printable(error.hint)}\n")
