"""Options that several commands take."""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, _ActionsContainer

#: Seconds in what an age can be given in.
AGE_UNITS = {"h": 3600, "d": 86400, "w": 7 * 86400, "y": 365 * 86400}


def add_project(parser: ArgumentParser) -> None:
    """``--project DIR``, of a project that is there."""
    parser.add_argument("--project", metavar="DIR", help="project directory (default: current project)")


def add_environment(parser: ArgumentParser) -> None:
    """``--env NAME`` and ``--python PYTHON``, which name a project environment."""
    parser.add_argument("--env", metavar="NAME", help="environment name, such as `.venv-docs` or `@torch`")
    parser.add_argument("-p", "--python", metavar="PYTHON", help="Python of the environment, such as `3.12`")


def add_adoption(parser: ArgumentParser) -> None:
    """How an adoption goes: ``--keep``, ``--dry-run``, ``--yes`` and ``--json``."""
    parser.add_argument("--keep", action="store_true", help="keep the old ones")
    parser.add_argument("--dry-run", action="store_true", help="show what would be done, and do nothing")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask before the old ones are removed")
    add_json(parser)


def add_json(parser: _ActionsContainer) -> None:
    """``--json``."""
    parser.add_argument("--json", action="store_true", help="print JSON")


def add_runner(parser: ArgumentParser) -> None:
    """``--runner RUNNER``."""
    parser.add_argument(
        "--runner",
        metavar="RUNNER",
        help="only environments of this runner, such as `tox`; `project` for a project's own",
    )


def add_unused_for(parser: ArgumentParser, help_text: str) -> None:
    """``--unused-for AGE``."""
    parser.add_argument("--unused-for", metavar="AGE", type=age, help=f"{help_text}, such as 12h, 90d, 8w, 1y")


def age(text: str) -> int:
    """Seconds of an age such as ``90d``.

    Raises:
        ArgumentTypeError: it is no age.
    """
    number, unit = text[:-1], text[-1:]
    if unit not in AGE_UNITS or not (number.isascii() and number.isdigit()):
        from argparse import ArgumentTypeError

        raise ArgumentTypeError(f"{text!r} is no age: give a number of h, d, w or y, such as 90d")
    return int(number) * AGE_UNITS[unit]
