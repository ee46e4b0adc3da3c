"""What tox's environments do beyond what they are: be claimed before a change, be recorded after it.

tox has no hook around the set-up of an environment, so each registered type gets a subclass that wraps its public
methods `setup` and `teardown`. The subclass keeps the type's name, which tox notes in the environment.
"""

from __future__ import annotations

import logging
import signal
import sys
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar, cast

from central_venv import CentralVenvError, WaitCancelledError
from tox.report import HandledError
from tox.tox_env.errors import Fail

from tox_central_venv._loader import RUNNER, central_home

if TYPE_CHECKING:
    from collections.abc import Iterator

    from central_venv import Environment, Holder
    from tox.tox_env.api import ToxEnv, ToxEnvCreateArgs
    from tox.tox_env.register import ToxEnvRegister
else:
    ToxEnv = object  # the types that these classes are mixed into have it as their base

_LOGGER = logging.getLogger(__name__)
_T = TypeVar("_T", bound="type[ToxEnv]")


def centralize(register: ToxEnvRegister) -> None:
    """Put a subclass in the place of each registered type."""
    for name in list(register.env_runners):
        register.add_run_env(_subclass(register.runner(name), CentralRunEnvironment))
    for name in list(register._package_envs):  # noqa: SLF001  # the register has no public list of them
        register.add_package_env(_subclass(register.package(name), CentralPackageEnvironment))


def _subclass(of_type: _T, behaviour: type) -> _T:
    if issubclass(of_type, behaviour):
        return of_type
    subclass = type(of_type.__name__, (behaviour, of_type), {"__module__": of_type.__module__})
    return cast("_T", subclass)  # `type` cannot say that it returns what its second argument implies


class _CentralEnvironment(ToxEnv):
    """What run and packaging environments have in common."""

    def __init__(self, create_args: ToxEnvCreateArgs) -> None:
        self._central_known: Environment | None = None
        self._central: Environment | None = None
        self._central_given_up = False
        super().__init__(create_args)

    def _claim_central(self) -> None:
        """Claim the environment if it lies in the project's home."""
        home = central_home(self.core)
        if home is None:
            return
        with _reported_as(Fail):
            home.prepare_to_run()
            if self.env_dir.parent != Path(home.runner_directory(RUNNER)):
                return  # the user put it elsewhere: there we write nothing
            if self._central_known is None:
                self._central_known = home.environment(RUNNER, self.env_dir.name)
            if self._central_known.held_by_outer_run:
                return  # a command of this very environment runs tox again: the outer tox has claimed it
            handler = signal.getsignal(signal.SIGINT)

            def given_up() -> bool:
                # tox ignores further interrupts once it has got one. It tells its environments of it, but not one that
                # it has only just begun with.
                return self._central_given_up or signal.getsignal(signal.SIGINT) is not handler

            on_wait = partial(self._say_wait, self._central_known)
            try:
                self._central_known.claim(
                    self.name, on_wait=on_wait, cancelled=given_up, reused=self._central_is_only_run
                )
            except WaitCancelledError:
                raise SystemExit(-2) from None  # as tox ends any command that it interrupts
            self._central = self._central_known
            if self._central.half_moved or self._central.lost_python:  # tox would take it for a good one
                super()._clean()

    @property
    def _central_is_only_run(self) -> bool:
        """Whether this run can leave an environment as it is that is complete: by default tox writes its logs there."""
        return not self.conf["recreate"] and not self.env_log_dir.is_relative_to(self.env_dir)

    def _seal_central(self) -> None:
        if self._central is not None:
            with _reported_as(Fail):
                self._central.seal()

    def _touch_central(self) -> None:
        if self._central is not None:
            with _only_warned_of():
                self._central.touch()

    def _release_central(self) -> None:
        environment, self._central = self._central, None
        if environment is not None:
            with _only_warned_of():
                environment.release()

    def interrupt(self) -> None:
        """End a wait, too."""
        self._central_given_up = True
        super().interrupt()

    def _say_wait(self, environment: Environment, holder: Holder | None) -> None:
        message = environment.wait_message(holder)
        _LOGGER.warning("%s", message)
        if self._has_display_suspended and sys.__stderr__ is not None:  # a parallel run shows its output at the end
            print(f"{self.name}: {message}", file=sys.__stderr__, flush=True)


class CentralRunEnvironment(_CentralEnvironment):
    """A run environment: claimed from its set-up to its end, because each run changes it."""

    @property
    def environment_variables(self) -> dict[str, str]:
        """What commands get, and with it what a tox or central-venv that they run must know."""
        variables = super().environment_variables
        if self._central is not None:
            variables |= self._central.command_variables
        return variables

    def setup(self) -> None:
        """Set up the environment once no other process uses it."""
        if self._central is None:
            self._claim_central()
        super().setup()
        self._seal_central()

    def teardown(self) -> None:
        """Let others have the environment."""
        try:
            super().teardown()
            self._touch_central()
        finally:
            self._release_central()


class CentralPackageEnvironment(_CentralEnvironment):
    """A packaging environment, which run environments share: claimed while it changes, marked as used until the end."""

    def __init__(self, create_args: ToxEnvCreateArgs) -> None:
        self._central_used: Environment | None = None
        self._central_kept = False
        super().__init__(create_args)

    def register_config(self) -> None:
        """Make the home first: tox makes the packaging environment's directory right here."""
        home = central_home(self.core)
        if home is not None:
            with _reported_as(HandledError):
                home.prepare_to_run()
        super().register_config()

    def setup(self) -> None:
        """Set up the environment once nobody else changes it, and mark that it is in use."""
        if self._central_used is not None:
            super().setup()
            return
        with self._claimed_central() as environment:
            super().setup()
            self._seal_central()
            if environment is not None:
                with _reported_as(Fail):
                    environment.use(on_wait=partial(self._say_wait, environment))
                self._central_used = environment

    def _clean(self, transitive: bool = False) -> None:  # noqa: FBT001, FBT002  # tox's own signature
        """Empty the environment, but not for `-r` alone while another process uses it.

        Kept once, it is kept for this run, which has built packages in it.
        """
        if self._central_kept:
            return
        with self._claimed_central() as environment:
            if environment is not None and self.conf["recreate"] and environment.uses.by_others():
                self._central_kept = True
                _LOGGER.warning("keep tox env folder %s: another tox uses it", self.env_dir)
                self._seal_central()
                return
            super()._clean(transitive)

    def _teardown(self) -> None:
        """Let others change the environment."""
        try:
            super()._teardown()
        finally:
            environment, self._central_used = self._central_used, None
            if environment is not None:
                with _only_warned_of():
                    environment.uses.end()

    @contextmanager
    def _claimed_central(self) -> Iterator[Environment | None]:
        """The environment, claimed here and released, unless the caller has claimed it."""
        if self._central is not None:
            yield self._central
            return
        self._claim_central()
        try:
            yield self._central
        finally:
            self._release_central()


@contextmanager
def _reported_as(kind: type[Exception]) -> Iterator[None]:
    """Raise our errors as one that tox shows without a traceback."""
    try:
        yield
    except CentralVenvError as error:
        raise kind(str(error)) from error


@contextmanager
def _only_warned_of() -> Iterator[None]:
    """Let a run that is over end as it ended: what is left undone then, the next one makes good."""
    try:
        yield
    except CentralVenvError as error:
        _LOGGER.warning("%s", error)
