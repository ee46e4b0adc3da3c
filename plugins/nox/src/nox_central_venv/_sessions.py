"""What nox's sessions do beyond what they are: their environments are claimed before a change and recorded after it."""

from __future__ import annotations

import hashlib
import logging
import os
import shlex
from contextlib import suppress
from functools import cache, partial
from typing import TYPE_CHECKING, Any

import nox.command
import nox.virtualenv
from central_venv import CentralVenvError

from nox_central_venv._place import DEFAULT, SAID, Place, warn_of_newer_nox

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
    """What runs, and the environments that are claimed for it.

    nox makes every environment by a function in its public table `ALL_VENVS`; from here on, what that made is known.
    """

    def __init__(self) -> None:
        self._places: dict[str, Place] = {}
        self._place: Place | None = None  # of what runs
        self._running: SessionRunner | None = None
        self._path: str | None = None  # where nox puts the environment of what runs
        self._claimed: dict[str, Environment] = {}
        makers = getattr(nox.virtualenv, "ALL_VENVS", None)
        if makers is None:
            warn_of_newer_nox()
            return
        for name, make in makers.items():
            makers[name] = partial(self._make, make)

    def execute(self, runner: SessionRunner, execute: Callable[[SessionRunner], Result]) -> Result:
        """Run a session; the environments that are made in it are its own until the end.

        Args:
            runner: the session.
            execute: how nox runs it.
        """
        outer = self._place, self._running, self._path, self._claimed
        self._place, self._running, self._path, self._claimed = self._place_of(runner), runner, None, {}
        try:
            return execute(runner)
        finally:
            for environment in self._claimed.values():
                _release(environment)
            self._place, self._running, self._path, self._claimed = outer

    def envdir(self, runner: SessionRunner, envdir_of: Callable[[SessionRunner], str]) -> str:
        """The directory of a session's environment.

        Args:
            runner: the session.
            envdir_of: how nox names it.
        """
        place = self._place if runner is self._running else self._place_of(runner)
        path = envdir_of(runner)
        if place is not None and not os.path.basename(path):
            # Before 2026.7.11 nox takes the directory of all sessions for that of a session without an ASCII letter in
            # its name, and empties it. This is what later releases do.
            name = hashlib.sha1(runner.friendly_name.encode(), usedforsecurity=False).hexdigest()[:8]
            path = os.path.join(path, name)
        if runner is self._running:
            self._path = path
        return path

    def make_for_nox(self, place: Place) -> None:
        """Prepare for the environment that nox makes for itself.

        Args:
            place: where it goes.
        """
        place.prepare(link=False, quiet=False)
        self._place = place

    def _place_of(self, runner: SessionRunner) -> Place | None:
        """Where a session's environment goes, ready to be used; None if it does not go to the store.

        The place is that of the noxfile which nox has loaded, wherever its envdir was set.
        """
        options = runner.global_config
        root, envdir = os.path.dirname(options.noxfile), os.fspath(options.envdir)
        place = self._places.get(root) or Place(root)
        self._places[root] = place
        if envdir in SAID and place.envdir is None:  # turned off for this noxfile, and not where it was set
            options.envdir = DEFAULT
            return None
        if envdir not in SAID and not place.holds(envdir):
            return None
        place.prepare(link=SAID.get(envdir, False), quiet=getattr(options, "parallel_worker", False))
        if place.directory is not None and envdir != place.directory:
            options.envdir = place.directory
            SAID.setdefault(place.directory, SAID.get(envdir, False))
        return place

    def _make(self, make: Callable[..., ProcessEnv], *arguments: Any, **options: Any) -> ProcessEnv:
        """What nox makes for a session, or for itself in script mode."""
        made = make(*arguments, **options)
        if self._place is None:
            return made
        if not made.is_sandboxed:  # the session runs in nox's own environment
            if self._running is not None and _UV in os.environ:
                made.env[_UV] = self._path or self._running.envdir
            return made
        environment = self._claimed.get(made.location) or self._place.environment(made.location)
        if environment is not None:
            # In script mode, what runs there is nox, which hands its variables down to the sessions.
            made.env[_UV] = None if self._running is None else made.location
            made.create = partial(self._create, made, environment, made.create)  # type: ignore[method-assign]
        return made

    def _create(self, made: ProcessEnv, environment: Environment, create: Callable[[], bool]) -> bool:
        """Let nox create or reuse an environment once no other process uses it."""
        if environment.held_by_outer_run:
            return create()
        try:
            self._claim(environment, reused=bool(getattr(made, "reuse_existing", False)))
            environment.discard_incomplete()
            made.env.update(environment.command_variables)
            try:
                created = create()
            except Exception:
                with suppress(CentralVenvError):
                    if not environment.restore_record() or not environment.exists:  # something was changed
                        environment.discard()
                raise
            environment.seal()
        except CentralVenvError as error:
            if self._running is None:
                raise SystemExit(f"error: {error}") from error
            _LOGGER.error("%s", error)  # noqa: TRY400  # nox would show a traceback
            raise nox.command.CommandFailed from error
        return created

    def _claim(self, environment: Environment, *, reused: bool) -> None:
        name, command = environment.directory, "nox"
        if self._running is not None:
            command = f"nox -s {shlex.quote(self._running.friendly_name)}"
            if environment.path == self._path:
                name = self._running.friendly_name
        environment.claim(name, command=command, on_wait=partial(_say_wait, environment), reused=reused)
        self._claimed[environment.path] = environment


def _release(environment: Environment) -> None:
    try:
        environment.touch()
        environment.release()
    except CentralVenvError as error:
        _LOGGER.warning("%s", error)


def _say_wait(environment: Environment, holder: Holder | None) -> None:
    _LOGGER.warning("%s", environment.wait_message(holder))
