"""What is at the place of a project's link: nothing, a link, a redirect, or something that is not ours."""

from __future__ import annotations

import os

from central_venv.errors import LinkError
from central_venv.machine import files
from central_venv.project_link import link

TYPE_CHECKING = False


#: What it is called, whatever the environment is: others look for nothing else.
NAME = ".venv"
#: What the links are called that lead to all environments of a runner.
RUNNERS = (".tox", ".nox")
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


def find(root: str, name: str = NAME) -> Found:
    """What is at the place of a project's link.

    Args:
        root: true path of the project.
        name: what the link is called: `NAME`, or one of `RUNNERS`.

    Raises:
        LinkError: it cannot be looked at.
    """
    path = os.path.join(root, name)
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
