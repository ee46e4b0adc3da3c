"""Members of uv workspaces: they share their root's environment, so they share its home.

Follows uv's documentation of ``[tool.uv.workspace]``: ``members`` and ``exclude`` are globs relative to the root, in
which ``*`` stays within one directory and ``**`` does not; what lies in an excluded directory is excluded with it.
"""

from __future__ import annotations

import os
import posixpath
from fnmatch import fnmatchcase

from central_venv.machine.toml import NotTOMLError, load


def declares_workspace(directory: str) -> bool:
    """Whether a directory's pyproject.toml has a ``[tool.uv.workspace]`` table."""
    return _table(directory) is not None


def is_member(project: str, root: str) -> bool:
    """Whether the workspace at a root, if it is one, counts a project among its members.

    Args:
        project: true path of the project.
        root: true path of a directory above it that has a pyproject.toml.
    """
    table = _table(root)
    if table is None:
        return False
    parts = os.path.relpath(project, root).split(os.sep)
    if any(_matches(parts[:length], glob) for glob in _globs(table, "exclude") for length in range(1, len(parts) + 1)):
        return False
    return any(_matches(parts, glob) for glob in _globs(table, "members"))


def member_name(directory: str) -> str | None:
    """What a member is called; None if it does not say.

    Args:
        directory: where its pyproject.toml is.
    """
    try:
        project = load(os.path.join(directory, "pyproject.toml")).get("project")
    except (OSError, NotTOMLError):  # uv refuses such a file itself, with a better message than ours
        return None
    name = project.get("name") if isinstance(project, dict) else None
    return name if isinstance(name, str) else None


def _globs(table: dict[str, object], key: str) -> list[str]:
    globs = table.get(key)
    return [glob for glob in globs if isinstance(glob, str)] if isinstance(globs, list) else []


def _table(directory: str) -> dict[str, object] | None:
    try:
        found: object = load(os.path.join(directory, "pyproject.toml"))
    except (OSError, NotTOMLError):  # uv refuses such a file itself, with a better message than ours
        return None
    for key in ("tool", "uv", "workspace"):
        if not isinstance(found, dict):
            return None
        found = found.get(key)
    return found if isinstance(found, dict) else None


def _matches(parts: list[str], glob: str) -> bool:
    return _match_parts(parts, posixpath.normpath(glob).split("/"))


def _match_parts(parts: list[str], patterns: list[str]) -> bool:
    if not patterns:
        return not parts
    if patterns == ["**"]:
        return bool(parts)
    if patterns[0] == "**":
        return any(_match_parts(parts[skipped:], patterns[1:]) for skipped in range(len(parts) + 1))
    return bool(parts) and fnmatchcase(parts[0], patterns[0]) and _match_parts(parts[1:], patterns[1:])
