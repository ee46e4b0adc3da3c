"""Where the environments of a noxfile's sessions go.

Nothing here costs more than it must: ``nox -l`` loads it, too.
"""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING, ClassVar

import nox.sessions
from central_venv import CentralVenvError, project_home

if TYPE_CHECKING:
    from central_venv import Environment, Home
    from nox.sessions import Result, SessionRunner

RUNNER = "nox"
#: nox's own default, in the project.
_DEFAULT = ".nox"
#: From this length of a directory on nox says that its environments are going to cause issues (`nox.sessions`).
_TOO_LONG = 91

_LOGGER = logging.getLogger("nox")


class Place:
    """The directory of the sessions' environments of one project.

    Attributes:
        current: the place of this process's sessions.
        directory: absolute path; None if the user turned central environments off, or if nobody can tell.
    """

    current: ClassVar[Place | None] = None

    def __init__(self, root: str, *, link: bool = False) -> None:
        """Find the place. Writes nothing.

        Args:
            root: the noxfile's directory.
            link: whether `.nox` in that directory is to lead to the place.
        """
        self._link = os.path.join(root, _DEFAULT) if link else None
        self._home: Home | None = None
        self._problem: CentralVenvError | None = None
        try:
            self._home = project_home(root)
        except CentralVenvError as error:
            self._problem = error
        self.directory = None if self._home is None else self._home.runner_directory(RUNNER)

    def is_in_force(self, envdir: str) -> bool:
        """Whether environments go here, or would if nothing were wrong.

        Args:
            envdir: what nox was told, or its default.
        """
        return envdir == (_DEFAULT if self._problem is not None else self.directory)

    def prepare(self) -> None:
        """Make the directory, or end this run with the reason and the remedy."""
        try:
            if self._problem is not None:
                raise self._problem
            if self._home is not None:
                self._home.prepare_runner(RUNNER)
        except CentralVenvError as error:
            raise SystemExit(f"error: {error}") from error

    def advise(self) -> None:
        """Say what may go wrong here, and make the link that was asked for."""
        from central_venv.link import make_link

        if self.directory is None:
            return
        if len(self.directory) >= _TOO_LONG:
            _LOGGER.warning(
                "`%s` is %d characters long, which is too long for nox and for some programs\n"
                "hint: set `CENTRAL_VENV_HOME` to a shorter path",
                self.directory,
                len(self.directory),
            )
        if self._link is not None:
            try:
                make_link(self._link, self.directory)
            except CentralVenvError as error:
                _LOGGER.warning("%s", error)

    def environment(self, path: str) -> Environment | None:
        """The environment at a path, if that is in this place."""
        parent, name = os.path.split(path)
        return None if self._home is None or parent != self.directory else self._home.environment(RUNNER, name)


def centralize(place: Place) -> None:
    """Let the environments of this process's sessions be recorded and locked; the last place counts.

    nox has no hook around a session, but `SessionRunner.execute` is public and runs it from its beginning to its end.
    """
    first, Place.current = Place.current is None, place
    if not first:
        return
    execute = getattr(nox.sessions.SessionRunner, "execute", None)
    if execute is None:
        warn_of_newer_nox()
        return

    def central_execute(runner: SessionRunner) -> Result:
        from nox_central_venv._sessions import sessions

        return sessions().execute(runner, execute)

    nox.sessions.SessionRunner.execute = central_execute  # type: ignore[assignment,method-assign]


def warn_of_newer_nox() -> None:
    """Say that one of the names that this plugin builds on is gone."""
    _LOGGER.warning(
        "this nox is newer than nox-central-venv knows: environments are not locked, and not recorded\n"
        "hint: upgrade nox-central-venv"
    )
