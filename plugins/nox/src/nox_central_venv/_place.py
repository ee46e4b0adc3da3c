"""Where the environments of a noxfile's sessions go."""

from __future__ import annotations

import logging
import os
from typing import TYPE_CHECKING

from central_venv import CentralVenvError, project_home
from central_venv.files import make_private_directory
from central_venv.link import make_link

if TYPE_CHECKING:
    from central_venv import Environment, Home

RUNNER = "nox"
#: nox's own default, in the project.
_DEFAULT = ".nox"
#: From this length of a directory on nox says that its environments are going to cause issues (`nox.sessions`).
_TOO_LONG = 91

_LOGGER = logging.getLogger("nox")


class Place:
    """The directory of the sessions' environments of one project.

    Attributes:
        directory: absolute path; None if the user turned central environments off, or if nobody can tell.
    """

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
            if self._home is not None and self.directory is not None:
                self._home.prepare()
                make_private_directory(self.directory)
        except CentralVenvError as error:
            raise SystemExit(f"error: {error}") from error

    def advise(self) -> None:
        """Say what may go wrong here, and make the link that was asked for."""
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
