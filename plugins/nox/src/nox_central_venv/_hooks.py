"""How this plugin is there when a session runs: nox has no hooks.

Two public names do instead, which every release since 2024.4.15 has: `SessionRunner.execute` runs a session from its
beginning to its end, and nobody asks for `SessionRunner.envdir` unless some session is to run. What they need is loaded
then: ``nox -l`` needs none of it.
"""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

import nox.sessions

from nox_central_venv._place import SAID, warn_of_newer_nox

if TYPE_CHECKING:
    from nox.sessions import Result, SessionRunner


def centralize(envdir: str, *, link: bool = False) -> None:
    """Let the environments of the sessions that go to an envdir be recorded and locked.

    Args:
        envdir: what nox was told.
        link: whether `.nox` in the project is to lead there.
    """
    SAID[envdir] = SAID.get(envdir, False) or link
    _hook()


@cache
def _hook() -> None:
    """Take the place of the two names, once per process."""
    runner = nox.sessions.SessionRunner
    execute, envdir = getattr(runner, "execute", None), vars(runner).get("envdir")
    if execute is None or not isinstance(envdir, property):
        warn_of_newer_nox()
        return
    envdir_of = envdir.__get__

    def central_execute(self: SessionRunner) -> Result:
        from nox_central_venv._sessions import sessions

        return sessions().execute(self, execute)

    def central_envdir(self: SessionRunner) -> str:
        from nox_central_venv._sessions import sessions

        return sessions().envdir(self, envdir_of)

    runner.execute = central_execute  # type: ignore[method-assign]
    runner.envdir = property(central_envdir)  # type: ignore[assignment,method-assign]
