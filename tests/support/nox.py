"""A release of nox with the plugin, and noxfiles to run it on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from support.runners import Runner
from support.trees import listing

if TYPE_CHECKING:
    from pathlib import Path

#: What a noxfile begins with.
ENABLED = """
import nox
import nox_central_venv
nox_central_venv.enable()
"""

#: Two sessions that need no package and no network, and one that has no environment of its own.
SESSIONS = """
@nox.session(venv_backend="virtualenv")
def a(session):
    session.run("python", "-c", "print('in a')", *session.posargs)

@nox.session(venv_backend="virtualenv")
def b(session):
    session.run("python", "-c", "print('in b')")

@nox.session(python=False)
def bare(session):
    session.run("python", "-c", "print('in bare')")
"""


class Nox(Runner):
    """A release of nox with the plugin."""

    program = "nox"

    def complete(self, line: str, *, cwd: Path, into: Path) -> list[str]:
        """What a shell offers at the end of a command line; the answer goes through a file."""
        answer = self.host.run(
            line.partition(" ")[0],
            cwd=cwd,
            _ARGCOMPLETE="1",
            _ARGCOMPLETE_IFS="\n",
            _ARGCOMPLETE_STDOUT_FILENAME=str(into),
            COMP_LINE=line,
            COMP_POINT=str(len(line)),
        )
        assert answer.status == 0, answer.text
        return into.read_text().splitlines()


def tree(root: Path) -> set[str]:
    """What is in a project, but for what Python leaves beside a noxfile."""
    return {name for name in listing(root) if "__pycache__" not in name}
