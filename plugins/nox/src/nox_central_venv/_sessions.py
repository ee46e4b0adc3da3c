"""What nox's sessions do beyond what they are: their environments are claimed before a change and recorded after it."""

from __future__ import annotations

import hashlib
import logging
import os
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import nox.command
import nox.sessions
import nox.virtualenv
from central_venv import CentralVenvError, held

from nox_central_venv._place import Place, warn_of_newer_nox

if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv import Environment, Holder
    from nox.sessions import Result, SessionRunner
    from nox.virtualenv import ProcessEnv

#: The variable by which uv is told which environment is the project's.
_UV = "UV_PROJECT_ENVIRONMENT"

_LOGGER = logging.getLogger("nox")


@cache
def sessions() -> Sessions:
    """The sessions of this process."""
    return Sessions()


class Sessions:
    """What runs, and the environment that is claimed for it.

    nox makes every environment by a function in its public table `ALL_VENVS`; from here on, what that made is known.
    """

    def __init__(self) -> None:
        self._running: SessionRunner | None = None
        self._claimed: Environment | None = None
        self._advised = False
        makers = getattr(nox.virtualenv, "ALL_VENVS", None)
        if makers is None:
            warn_of_newer_nox()
            return
        for name, make in makers.items():
            makers[name] = partial(self._make, make)
        _give_each_session_a_directory()

    def execute(self, runner: SessionRunner, execute: Callable[[SessionRunner], Result]) -> Result:
        """Run a session; its environment is its own until the end.

        Args:
            runner: the session.
            execute: how nox runs it.
        """
        place = Place.current
        if place is None or not _is_central(runner):
            return execute(runner)
        place.prepare()
        if not self._advised:
            self._advised = True
            place.advise()
        self._running = runner
        try:
            return execute(runner)
        finally:
            self._running = None
            self._release()

    def _make(self, make: Callable[..., ProcessEnv], *arguments: Any, **options: Any) -> ProcessEnv:
        """What nox makes for a session, or for itself in script mode."""
        made = make(*arguments, **options)
        if Place.current is None:
            return made
        if not made.is_sandboxed:  # the session runs in nox's own environment
            if self._running is not None and _UV in os.environ:
                made.env[_UV] = self._running.envdir
            return made
        environment = self._claimed
        if environment is None or environment.path != made.location:  # nox makes its own environment twice if need be
            environment = Place.current.environment(made.location)
        if environment is not None:
            # In script mode, what runs there is nox, which hands its variables down to the sessions.
            made.env[_UV] = None if self._running is None else made.location
            made.create = partial(self._create, made, environment, made.create)  # type: ignore[method-assign]
        return made

    def _create(self, made: ProcessEnv, environment: Environment, create: Callable[[], bool]) -> bool:
        """Let nox create or reuse an environment once no other process uses it."""
        if held.by_outer_run(environment.path):
            return create()
        try:
            name = environment.directory if self._running is None else self._running.friendly_name
            environment.claim(name, on_wait=partial(_say_wait, environment))
            self._claimed = environment
            if environment.interrupted:
                environment.discard()
            made.env.update(held.variables(environment.store, environment.path))
            created = create()
            environment.seal()
        except CentralVenvError as error:
            if self._running is None:
                raise SystemExit(f"error: {error}") from error
            _LOGGER.error("%s", error)  # noqa: TRY400  # nox would show a traceback
            raise nox.command.CommandFailed from error
        return created

    def _release(self) -> None:
        environment, self._claimed = self._claimed, None
        if environment is None:
            return
        try:
            environment.touch()
            environment.release()
        except CentralVenvError as error:
            _LOGGER.warning("%s", error)


def _give_each_session_a_directory() -> None:
    """Name the directory of a session without an ASCII letter in its name as nox >= 2026.7.11 does.

    Older releases take the directory of all environments for that of such a session, and empty it.
    """
    envdir = vars(nox.sessions.SessionRunner).get("envdir")
    if not isinstance(envdir, property) or envdir.fget is None:
        return
    normalized = envdir.fget

    def central_envdir(runner: SessionRunner) -> str:
        path: str = normalized(runner)
        if os.path.basename(path) or not _is_central(runner):
            return path
        return os.path.join(path, hashlib.sha1(runner.friendly_name.encode(), usedforsecurity=False).hexdigest()[:8])

    nox.sessions.SessionRunner.envdir = property(central_envdir)  # type: ignore[method-assign, assignment]


def _is_central(runner: SessionRunner) -> bool:
    return Place.current is not None and Place.current.is_in_force(os.fspath(runner.global_config.envdir))


def _say_wait(environment: Environment, holder: Holder | None) -> None:
    _LOGGER.warning("waiting for environment %s, in use by %s", environment.path, holder or "another process")
