"""The hooks that tox calls."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tox.plugin import impl

from tox_central_venv._environment import centralize
from tox_central_venv._loader import CentralLoader, forget_inherited_work_dir, store_in_force
from tox_central_venv._provision import say_if_provision_has_to_wait

if TYPE_CHECKING:
    from collections.abc import Generator

    from tox.config.sets import ConfigSet, EnvConfigSet
    from tox.session.state import State
    from tox.tox_env.register import ToxEnvRegister


@impl(trylast=True)
def tox_register_tox_env(register: ToxEnvRegister) -> None:
    """Let each type of environment, tox's own and other plugins', keep records and locks."""
    centralize(register)


@impl(wrapper=True)
def tox_add_core_config(core_conf: ConfigSet, state: State) -> Generator[None, object, object]:
    """Add the last resort for where tox's files go: whatever the user says is found before it."""
    forget_inherited_work_dir(state)
    core_conf.loaders.append(CentralLoader(core_conf, state.conf.options))
    result = yield  # other plugins have their say
    core_conf["work_dir"]  # what is wrong with the store is said now, before tox does anything
    return result


@impl
def tox_add_env_config(env_conf: EnvConfigSet, state: State) -> None:
    """Say so before tox waits, without a word, for another tox that is provisioned by the same environment."""
    say_if_provision_has_to_wait(env_conf, state)


def tox_append_version_info() -> str:
    """What ``tox --version`` shows behind this plugin."""
    return f"with store {store_in_force()}"
