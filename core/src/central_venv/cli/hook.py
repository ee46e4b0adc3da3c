"""``central-venv hook``: what hooks central environments into programs that are configured by a script."""

from __future__ import annotations

from central_venv.cli import DONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

DESCRIPTION = "Print a script that hooks central environments into another program."

#: What a failing call says is evaluated, too: which files to watch. Arguments go to `central-venv env`.
_DIRENV = """\
# `layout central-venv` in an .envrc activates the central environment of the project; `--create` makes it if need be.
# Written by `central-venv hook direnv`; belongs into ~/.config/direnv/lib/central-venv.sh
layout_central-venv() {
  local script status=0
  script=$(central-venv env --shell direnv "$@") || status=$?
  eval "$script"
  return "$status"
}
"""

_SCRIPTS = {"direnv": _DIRENV}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("program", choices=_SCRIPTS, help="direnv: `layout central-venv` for .envrc files")


def run(arguments: Namespace) -> int:
    """Print the script."""
    print(_SCRIPTS[arguments.program], end="")
    return DONE
