"""What nox's sessions do beyond what they are: their environments are claimed before a change and recorded after it.

nox has no hooks. Two public names do instead, which every release since 2024.4.15 has: `SessionRunner.execute`, which
runs a session from its beginning to its end, and `ALL_VENVS`, which makes environments.
"""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import TYPE_CHECKING, Any

import nox.command
import nox.sessions
import nox.virtualenv
from central_venv import CentralVenvError, held

if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv import Environment, Holder
    from nox.sessions import Result, SessionRunner
    from nox.virtualenv import ProcessEnv

    from nox_central_venv._place import Place

#: The variable by which uv is told which environment is the project's.
_UV = "UV_PROJECT_ENVIRONMENT"

_LOGGER = logging.getLogger("nox")


class Sessions:
    """The sessions of this process."""

    def __init__(self) -> None:
        self._place: Place | None = None
        self._hooked = False
        self._advised = False
        self._running: SessionRunner | None = None
        self._claimed: Environment | None = None

    def centralize(self, place: Place) -> None:
        """Keep records and locks of the sessions whose environments go to a place; the last place counts."""
        self._place = place
        if self._hooked:
            return
        self._hooked = True
        execute = getattr(nox.sessions.SessionRunner, "execute", None)
        makers = getattr(nox.virtualenv, "ALL_VENVS", None)
        if execute is None or makers is None:
            _LOGGER.warning(
                "this nox is newer than nox-central-venv knows: environments are not locked, and not recorded\n"
                "hint: upgrade nox-central-venv"
            )
            return

        def central_execute(runner: SessionRunner) -> Result:
            return self._execute(runner, execute)

        nox.sessions.SessionRunner.execute = central_execute  # type: ignore[assignment,method-assign]
        for name, make in makers.items():
            makers[name] = partial(self._make, make)

    def _execute(self, runner: SessionRunner, execute: Callable[[SessionRunner], Result]) -> Result:
        """Run a session; its environment is its own until the end."""
        place = self._place
        if place is None or not place.is_in_force(os.fspath(runner.global_config.envdir)):
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
        if self._place is None:
            return made
        if not made.is_sandboxed:  # the session runs in nox's own environment
            if self._running is not None and _UV in os.environ:
                made.env[_UV] = self._running.envdir
            return made
        environment = self._place.environment(made.location)
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


def _say_wait(environment: Environment, holder: Holder | None) -> None:
    _LOGGER.warning("waiting for environment %s, in use by %s", environment.path, holder or "another process")


SESSIONS = Sessions()
