"""Where tox's files go unless the user says otherwise: the last of the loaders of its core configuration.

tox documents `ConfigSet.loaders` as open to change. It asks them in order, so the last one answers only what no file,
flag, variable or override has answered.
"""

from __future__ import annotations

import logging
import os
import sys
from functools import cached_property, partial
from pathlib import Path
from typing import TYPE_CHECKING

from central_venv import CentralVenvError, load_settings, open_store, project_home
from tox.config.loader.memory import MemoryLoader
from tox.report import HandledError

from tox_central_venv._staging import staging_directory

if TYPE_CHECKING:
    from central_venv import Home
    from tox.config.cli.parser import Parsed
    from tox.config.main import Config
    from tox.config.sets import ConfigSet
    from tox.session.state import State

RUNNER = "tox"

_LOGGER = logging.getLogger(__name__)


class CentralLoader(MemoryLoader):
    """Answers `work_dir` and, as long as that answer is in force, what depends on it."""

    def __init__(self, core: ConfigSet, options: Parsed) -> None:
        super().__init__()
        self._core = core
        self._options = options
        self._answered = False

    @cached_property
    def home(self) -> Home | None:
        """The project's home; None if central environments are turned off."""
        try:
            return project_home(self._core["tox_root"], on_note=partial(_LOGGER.warning, "%s"))
        except CentralVenvError as error:
            raise HandledError(str(error)) from error

    @property
    def home_in_force(self) -> Home | None:
        """The project's home, if tox's files go there."""
        work_dir = self._core["work_dir"]
        try:
            home = self.home
        except HandledError:
            if self._answered:
                raise
            return None  # the user chose a place: whatever is wrong with the store does not matter there
        return home if home is not None and work_dir == Path(home.runner_directory(RUNNER)) else None

    def load_raw(self, key: str, conf: Config | None, env_name: str | None) -> object:
        """Answer a key, or raise KeyError to leave it to tox's default.

        `toxworkdir` is the last alias of `work_dir`: tox before 4.36 tries each alias on all loaders in turn.
        """
        del conf, env_name
        if key == "toxworkdir" and self._options.work_dir is None and (home := self.home) is not None:
            self._answered = True
            return Path(home.runner_directory(RUNNER))
        if key == "temp_dir" and (home := self.home_in_force) is not None:
            directory = staging_directory(home)
            if directory is not None:
                return directory
        if key == "venv_redirect" and self._keeps_redirect_away():
            return False
        raise KeyError(key)

    def _keeps_redirect_away(self) -> bool:
        """Whether tox >= 4.64 must not leave its file `.venv` in the project, which breaks uv there.

        What `tox config` shows stays as it was, and whoever names an environment for the file wants it. The file of
        `tox devenv` leads to an environment that is not in the store.
        """
        shown_only = getattr(self._options, "show_config", False)
        if shown_only or self._options.command in {"config", "c", "devenv", "d"}:
            return False
        return self.home_in_force is not None and self._core["venv_redirect_env"] is None

    def found_keys(self) -> set[str]:
        """None: these are no settings of the user's, so none can be unused."""
        return set()


def central_home(core: ConfigSet) -> Home | None:
    """The home that tox's files go to; None if the user turned that off or chose another place."""
    loader = next((loader for loader in core.loaders if isinstance(loader, CentralLoader)), None)
    return None if loader is None else loader.home_in_force


def forget_inherited_work_dir(state: State) -> None:
    """Undo what a tox without this plugin told the tox that it provisioned.

    A project can ask for this plugin by `requires`. The tox that finds it missing exports its own default work_dir,
    which is then taken for the user's wish.
    """
    options = state.conf.options
    inherited = os.environ.get("TOX_WORK_DIR")
    if inherited is None or os.environ.get("TOX_ENV_DIR") != sys.prefix:
        return
    if any(argument.partition("=")[0] == "--workdir" for argument in state.args):
        return
    if Path(inherited) == state.conf.core["tox_root"] / ".tox":
        options.work_dir = None


def store_in_force() -> str:
    """The store's path for people, or what is wrong with it."""
    try:
        settings = load_settings(None)
        return open_store(settings, None).path if settings.enabled else "(turned off)"
    except CentralVenvError as error:
        return f"({error.message})"
