"""The file `.venv` that holds the path of an environment (PEP 832), for where a link will not do.

It is a draft: some tools refuse such a file, and some destroy it.
"""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError, LinkError
from central_venv.machine import files
from central_venv.project_link import project_file, uv
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: What ends a line for one reader of the file or another; so no path with it can be written.
_LINE_ENDS = frozenset("\n\r\v\f\x1c\x1d\x1e\x85\u2028\u2029")

#: What may follow the end of the only line.
_NOTHING_MORE = frozenset({"", "\n", "\r\n"})

#: What tox writes into each environment that it has set up, and what virtualenv says in its `pyvenv.cfg`.
_TOX_INFO = ".tox-info.json"
_VIRTUALENV = "virtualenv"

#: The tools that such a file is not for: what shows that a project uses them, their table in `pyproject.toml`, and
#: what they do; of uv, that depends on its version.
_UV = "uv"
_AT_ODDS = (
    (("uv.lock", "uv.toml"), _UV, None),
    (("poetry.lock",), "poetry", "poetry removes such a file, and makes an environment in its place"),
    (("pdm.lock",), "pdm", "pdm replaces such a file by an environment"),
    (("Pipfile",), None, "pipenv gives such a file a meaning of its own, by which it takes the path in it"),
    (
        ("mise.toml", ".mise.toml"),
        None,
        "mise takes such a file for the environment itself, so its `VIRTUAL_ENV` is broken",
    ),
)


def read(path: str) -> str | None:
    """The path that a redirect holds, which may be relative to its directory; None if it is no redirect.

    Args:
        path: absolute path of the file, which is not opened if it is something else than a file.
    """
    return _first_line(path)[0]


def is_one_line(path: str) -> bool:
    """Whether nothing follows the path in a redirect: uv takes all that there is for the path.

    Args:
        path: absolute path of the file.
    """
    return not _first_line(path)[1]


def read_whole(path: str) -> str | None:
    """The same; None also if the file holds anything else, which would be lost with it.

    Args:
        path: absolute path of the file.
    """
    target, rest = _first_line(path)
    return target if rest in _NOTHING_MORE else None


def _first_line(path: str) -> tuple[str | None, str]:
    """The path in a redirect, and what follows its line."""
    try:
        content = files.read(path)
        text = "" if content is None else content.decode()
    except (CentralVenvError, UnicodeDecodeError):
        return None, ""
    line, _, rest = text.partition("\n")
    target = line.removesuffix("\r")
    return (target if target and "\0" not in target else None), rest


def place(path: str, target: str) -> None:
    """Make a redirect where nothing is.

    Args:
        path: absolute path of the file.
        target: absolute path of the environment.

    Raises:
        LinkError: the target's path cannot be written into such a file.
        OSError: something is there, or none can be made.
    """
    project_file.create(path, _content(target))


def replace(path: str, target: str) -> None:
    """Let a redirect hold another path.

    Args:
        path: absolute path of the file.
        target: absolute path of the environment.

    Raises:
        LinkError: the target's path cannot be written into such a file.
        OSError: it cannot be replaced.
    """
    project_file.replace(path, _content(target))


def tools_at_odds(root: str) -> Iterator[str]:
    """What the tools that a project uses do to a redirect, a sentence for each.

    Args:
        root: true path of the project.
    """
    tables = _tables(root)
    for names, table, what in _AT_ODDS:
        if table in tables or any(os.path.lexists(os.path.join(root, name)) for name in names):
            said = _of_uv() if what is None else what
            if said is not None:
                yield said


def _of_uv() -> str | None:
    """What the uv that is there does to a redirect, if that is at odds with it."""
    version = uv.version()
    if version is not None and uv.follows(version):
        return None
    which = f"before {uv.FOLLOWING}" if version is None else version
    return f"uv {which} fails on such a file unless `UV_PROJECT_ENVIRONMENT` says where to look"


def writer(environment: str) -> str | None:
    """The tool that made an environment, if it is one that writes redirects unasked: ``tox`` or ``virtualenv``.

    Args:
        environment: absolute path of the environment.
    """
    if os.path.lexists(os.path.join(environment, _TOX_INFO)):
        return "tox"
    return _VIRTUALENV if _VIRTUALENV in (venv.configuration(environment) or {}) else None


def taken_by_uv(environment: str) -> str | None:
    """What a redirect that a tool wrote unasked lets uv do to that tool's environment; None if uv does nothing to it.

    Args:
        environment: absolute path of the environment that it leads to, which is not one of ours.
    """
    maker = writer(environment)
    if maker is None or ((version := uv.version()) is not None and not uv.follows(version)):
        return None
    which = f"{uv.FOLLOWING} and later" if version is None else version
    verb = "take" if version is None else "takes"
    return f"uv {which} {verb} it for the project's, and `uv sync` removes what {maker} installed there"


def _content(target: str) -> bytes:
    try:
        content = target.encode()
    except UnicodeEncodeError:
        content = b""
    if not content or not _LINE_ENDS.isdisjoint(target) or target != target.strip():
        raise LinkError(
            f"the path `{target}` cannot be written into a redirect: that is one line of UTF-8 without outer blanks",
            hint="make a link: remove such a file, then call `central-venv link`",
        )
    return content + b"\n"


def _tables(root: str) -> frozenset[str | None]:
    """The tables of tools in a project's `pyproject.toml`, as far as that can be read."""
    from central_venv.machine.toml import NotTOMLError, load

    try:
        tool = load(os.path.join(root, "pyproject.toml")).get("tool")
    except (OSError, NotTOMLError):  # the tools themselves say so, with a better message than ours
        return frozenset()
    return frozenset(tool) if isinstance(tool, dict) else frozenset()
