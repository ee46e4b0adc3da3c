"""What is wrong with a project."""

from __future__ import annotations

import errno
import os
import sys

from central_venv.doctor import project_redirect
from central_venv.doctor.finding import PROJECT, command, listed, note, wrong
from central_venv.errors import CentralVenvError
from central_venv.machine import files, host
from central_venv.machine.words import size
from central_venv.project_environment.choice import told_by_user
from central_venv.project_link import link_target, temporary
from central_venv.project_link.found import find
from central_venv.store import venv
from central_venv.store.disk_usage import disk_usage
from central_venv.store.home import Home

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from central_venv.doctor.finding import Finding
    from central_venv.policy.settings import Settings
    from central_venv.store.store import Store

#: What runners and people put environments into, in the tree.
_IN_TREE = (".tox", ".nox", ".venv", "venv")
#: Which of these can be links that lead to the store.
_LINKS = (".tox", ".nox", ".venv")

_REDIRECT = ".venv"
#: What the directories are called by which an adoption takes an environment away.
_OF_ADOPTION = (".central-venv-taken-", ".central-venv-removed-")

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
            "central-environments-off",
            f"central environments are turned off for `{root}` ({settings.origins['enabled']})",
            "turn them on there, or with `CENTRAL_VENV=1`",
        )
    else:
        wanted = _wanted(root, store)
        for name in _IN_TREE:
            yield from _left_in_tree(os.path.join(root, name), wanted)
    for name in _LINKS:
        yield from _link(root, name, store)
    yield from project_redirect.examine(root, store)
    yield from _elsewhere(root, store)
    yield from _left_behind(root)


def _left_behind(root: str) -> Iterator[Finding]:
    """What killed processes left in the project."""
    top = _repository(root)
    own = [] if top is None else [os.path.join(_git_directory(top), "info")]
    for path in (path for directory in (root, *own) for path in temporary.find(directory)):
        yield note(
            PROJECT,
            "unfinished-files-in-project",
            f"a process that was killed left `{path}`",
            "the next `central-venv link` or `central-venv unlink` removes it",
        )
    for entry in listed(root):
        if entry.name.startswith(_OF_ADOPTION) and entry.is_dir(follow_symlinks=False):
            yield note(
                PROJECT,
                "adoption-not-finished",
                f"an adoption that was killed left `{entry.path}`",
                "the next `central-venv adopt` puts back what is in it, or removes it",
            )


def _home(home: Home) -> Iterator[Finding]:
    try:
        home.check()
    except CentralVenvError as error:
        yield wrong(PROJECT, "home-refused", error.message, error.hint)


def _left_in_tree(path: str, wanted: set[str]) -> Iterator[Finding]:
    children = [entry.path for entry in listed(path) if entry.is_dir(follow_symlinks=False)]
    directories = (path, *children)
    if not wanted.isdisjoint(directories):
        return
    if any(venv.is_environment(directory) for directory in directories):
        remedy = f"{command('central-venv', 'adopt', os.path.basename(path))} or {_removal(path)}"
        if host.is_mounted_at(path):
            keeping = command("central-venv", "adopt", "--keep", os.path.basename(path))
            remedy = f"{keeping}, then unmount what is mounted there, or start the container without that volume"
        yield note(
            PROJECT,
            "environments-in-tree",
            f"environments are left in the tree: `{path}` takes {size(disk_usage(path))}",
            f"{remedy}, unless you want them there",
        )


def _wanted(root: str, store: Store | None) -> set[str]:
    """The environments that this shell and this program run in, and the one that the user told uv to use."""
    told = told_by_user(root, *([] if store is None else [store.path]))
    return {os.path.realpath(path) for path in (os.environ.get("VIRTUAL_ENV"), sys.prefix, told) if path}


def _removal(path: str) -> str:
    return command("rmdir", "/s", path) if os.name == "nt" else command("rm", "-r", path)


def _remedy(link: str, store: Store | None) -> str:
    """What to do with a link that leads nowhere: where it led may have been moved with the store."""
    home, name = os.path.split(os.readlink(link))
    former, of = os.path.split(home)
    if store is not None and former != store.path and os.path.lexists(os.path.join(store.path, of, name)):
        return command("central-venv", "move", "--store", former)
    return "remove the link"


def _link(root: str, name: str, store: Store | None) -> Iterator[Finding]:
    path = os.path.join(root, name)
    if not os.path.islink(path):
        return
    try:
        os.stat(path)
    except OSError as error:
        if error.errno in _NOWHERE:
            failing = ": uv, mise and `python -m venv` fail on it" if name == _REDIRECT else ""
            yield wrong(
                PROJECT, "project-link-dangling", f"the link `{path}` leads nowhere{failing}", _remedy(path, store)
            )
            return
    yield from _ignored(root, name)


def _ignored(root: str, name: str) -> Iterator[Finding]:
    """Git takes a pattern that ends in a slash for directories only, and a link is none."""
    top = _repository(root)
    if top is None:
        return
    path, exclude = os.path.join(root, name), os.path.join(_git_directory(top), "info", "exclude")
    meant = []
    for file, base in _ignore_files(root, top, exclude):
        parts = os.path.relpath(path, base).split(os.sep)
        for pattern in _patterns(file):
            if any(_means(pattern, parts[:length]) for length in range(1, len(parts))):
                return  # it lies in a directory that git ignores
            if _means(pattern, parts):
                meant.append((pattern, file))
    if meant and all(pattern.endswith("/") for pattern, _ in meant):
        pattern, file = meant[0]
        yield note(
            PROJECT,
            "project-link-not-ignored",
            f"git does not ignore the link `{path}`: the pattern `{pattern}` in `{file}` is for directories",
            f"drop the slash at its end, or add `{name}` to `{exclude}`",
        )


def _repository(directory: str) -> str | None:
    """The top of the repository that a directory lies in."""
    while not os.path.exists(os.path.join(directory, ".git")):
        parent = os.path.dirname(directory)
        if parent == directory:
            return None
        directory = parent
    return directory


def _git_directory(top: str) -> str:
    """Where a repository has what all of its work trees share."""
    path = os.path.join(top, ".git")
    pointed = next((line for line in _patterns(path) if line.startswith("gitdir: ")), None)
    if pointed is None:
        return path
    path = os.path.join(top, pointed.removeprefix("gitdir: "))
    shared = next(iter(_patterns(os.path.join(path, "commondir"))), "")
    return os.path.normpath(os.path.join(path, shared))


def _ignore_files(root: str, top: str, exclude: str) -> Iterator[tuple[str, str]]:
    """The files that say what git ignores, each with the directory that its patterns are relative to."""
    directory = root
    while True:
        yield os.path.join(directory, ".gitignore"), directory
        if directory == top:
            break
        directory = os.path.dirname(directory)
    yield exclude, top
    configuration = os.environ.get("XDG_CONFIG_HOME") or os.path.expanduser("~/.config")
    yield os.path.join(configuration, "git", "ignore"), top


def _patterns(path: str) -> list[str]:
    try:
        content = files.read(path)
    except CentralVenvError:
        return []
    lines = [] if content is None else content.decode("utf-8", "replace").splitlines()
    return [line.rstrip() for line in lines]


def _means(pattern: str, parts: Sequence[str]) -> bool:
    """Whether a pattern matches a path, given as its components."""
    from fnmatch import fnmatchcase

    wanted = pattern.rstrip("/").split("/")
    if len(wanted) == 1:  # in any directory
        return fnmatchcase(parts[-1], wanted[0])
    if wanted[0] == "**":
        return len(wanted) - 1 <= len(parts) and _means("/".join(["", *wanted[1:]]), parts[1 - len(wanted) :])
    wanted = wanted[1:] if not wanted[0] else wanted
    return len(wanted) == len(parts) and all(map(fnmatchcase, parts, wanted))


def _elsewhere(root: str, store: Store | None) -> Iterator[Finding]:
    """A link or redirect that leads to an environment which is not the project's."""
    try:
        found = find(root)
    except CentralVenvError:
        return
    if link_target.is_of_uv(found.target):
        yield note(
            PROJECT,
            "project-link-to-uv-environment",
            f"`{found.path}` leads to `{found.target}`, which is uv's own and goes with its cache",
            "turn off uv's `centralized-project-envs`, remove the link, then make it with `central-venv link`",
        )
    elif store is not None and link_target.is_in_store(home := Home(store, root), found.target):
        other = link_target.other_project(home, found.target)
        if other is not None:
            yield wrong(
                PROJECT,
                "project-link-to-another-project",
                f"`{found.path}` leads to the environment of another project, `{other}`: uv changes that one here",
                "remove it with `central-venv unlink`, unless it is meant",
            )
