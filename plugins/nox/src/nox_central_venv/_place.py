"""Where the environments of a noxfile's sessions go.

Nothing here costs more than it must: ``nox -l`` loads it, too.
"""

from __future__ import annotations

import logging
import os
from functools import partial
from typing import TYPE_CHECKING

from central_venv import CentralVenvError, project_home

if TYPE_CHECKING:
    from central_venv import Environment, Home

RUNNER = "nox"
#: nox's own envdir, in the project.
DEFAULT = ".nox"
#: What stands for the envdir if nobody can tell the place; nothing is ever made there.
_UNKNOWN = ".nox-central-venv"
#: From this length of a directory on nox says that its environments are going to cause issues (`nox.sessions`).
_TOO_LONG = 91

#: What this process told nox for its envdir, and whether a link was asked for with it.
SAID: dict[str, bool] = {}

_LOGGER = logging.getLogger("nox")


class Place:
    """The directory of the sessions' environments of one project.

    Attributes:
        directory: absolute path; None if the user turned central environments off, or if nobody can tell.
        envdir: what nox is told; None if central environments are turned off.
    """

    def __init__(self, root: str) -> None:
        """Find the place. Writes nothing.

        Args:
            root: the noxfile's directory.
        """
        self._root = root
        self._home: Home | None = None
        self._problem: CentralVenvError | None = None
        self._prepared = False
        try:
            self._home = project_home(root, on_note=partial(_LOGGER.warning, "%s"))
        except CentralVenvError as error:
            self._problem = error
        self.directory = None if self._home is None else self._home.runner_directory(RUNNER)
        self.envdir = self.directory if self._problem is None else os.path.join(root, _UNKNOWN)

    def holds(self, envdir: str) -> bool:
        """Whether an envdir of nox's is this directory, in any spelling."""
        return self.directory is not None and os.path.realpath(envdir) == os.path.realpath(self.directory)

    def prepare(self, *, link: bool, quiet: bool) -> None:
        """Make the directory, or end this run with the reason and the remedy.

        Args:
            link: whether `.nox` in the project is to lead there.
            quiet: whether another process has said already what may go wrong.
        """
        try:
            if self._problem is not None:
                raise self._problem
            if self._home is not None:
                self._home.prepare_runner(RUNNER)
        except CentralVenvError as error:
            raise SystemExit(f"error: {error}") from error
        if self._prepared or self.directory is None:
            return
        self._prepared = True
        if len(self.directory) >= _TOO_LONG and not quiet:
            _LOGGER.warning(
                "`%s` is %d characters long, which is too long for nox and for some programs\n"
                "hint: set `CENTRAL_VENV_HOME` to a shorter path",
                self.directory,
                len(self.directory),
            )
        if link:
            self._link(self.directory, quiet=quiet)

    def environment(self, path: str) -> Environment | None:
        """The environment at a path, if that is in this place."""
        parent, name = os.path.split(path)
        return None if self._home is None or parent != self.directory else self._home.environment(RUNNER, name)

    def _link(self, directory: str, *, quiet: bool) -> None:
        from central_venv import make_link

        try:
            make_link(os.path.join(self._root, DEFAULT), directory)
        except CentralVenvError as error:
            if not quiet:
                _LOGGER.warning("%s", error)


def warn_of_newer_nox() -> None:
    """Say that one of the names that this plugin builds on is gone."""
    _LOGGER.warning(
        "this nox is newer than nox-central-venv knows: environments are not locked, and not recorded\n"
        "hint: upgrade nox-central-venv"
    )
