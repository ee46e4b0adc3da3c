"""``central-venv hook``: what hooks central environments into programs that are configured by a script."""

from __future__ import annotations

import os

from central_venv import project_environment
from central_venv.cli import DONE, write_answer

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

DESCRIPTION = """Print a script that hooks central environments into another program: for a shell, `central-venv
activate` with `deactivate`, and completion. It tells at its top where it belongs."""

#: The file with each program's script.
_SCRIPTS = {
    "bash": "hook.bash",
    "zsh": "hook.zsh",
    "fish": "hook.fish",
    "pwsh": "hook.ps1",
    "direnv": "layout.direnv",  # what a failing call says is evaluated, too: which files to watch
}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("program", choices=_SCRIPTS, help="a shell, or direnv: `layout central-venv` for .envrc files")


def run(arguments: Namespace) -> int:
    """Print the script."""
    path = os.path.join(os.path.dirname(project_environment.__file__), "shells", _SCRIPTS[arguments.program])
    with open(path, "rb") as script:
        write_answer(script.read())  # bash on Windows does not take the line ends of Windows
    return DONE
