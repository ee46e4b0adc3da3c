"""A release of nox with the plugin, and noxfiles to run it on."""

from __future__ import annotations

from support.runners import Runner

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
