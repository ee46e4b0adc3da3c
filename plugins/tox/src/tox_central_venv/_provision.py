"""A word before a silent wait: tox locks the environment that it provisions for as long as the inner tox runs."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from tox_central_venv._loader import RUNNER, central_home

if TYPE_CHECKING:
    from tox.config.sets import EnvConfigSet
    from tox.session.state import State

_LOGGER = logging.getLogger(__name__)


def say_if_provision_has_to_wait(env_conf: EnvConfigSet, state: State) -> None:
    """Say who has the provisioned environment, if somebody has."""
    core = state.conf.core
    if "provision_tox_env" not in core or env_conf.name != core["provision_tox_env"]:
        return  # tox defines that key on its own command line, not for programs that drive it as a library
    home = central_home(core)
    if home is None:
        return
    environment = home.environment(RUNNER, env_conf.name)
    holder = environment.holder_elsewhere()
    if holder is not None:
        _LOGGER.warning("%s", environment.wait_message(holder))
