"""Providing the project environment that a command works in: made if need be, its use noted, its link kept right."""

from __future__ import annotations

import sys

from central_venv.errors import CreationError, StoreError
from central_venv.project_environment.activation import Activation

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.policy.settings import Settings
    from central_venv.project_environment.choice import Choice
    from central_venv.store.environment_record import Holder
    from central_venv.store.home import Home


def provide(choice: Choice, settings: Settings, *, trusted: bool, python: str | None = None) -> None:
    """Make the environment that is meant unless it is there, and let the project's link lead to it.

    Args:
        choice: which one.
        settings: those in force for the project.
        trusted: whether the user vouches for the project.
        python: its Python, if its name does not tell.

    Raises:
        CentralVenvError: it cannot be made, was moved, or is a shared one that is not there.
    """
    from central_venv.cli.undoing import swept
    from central_venv.project_environment.creation import CreationOptions, create, create_foreign

    options = CreationOptions(choice.home.root, choice.asked or python, trusted=trusted)
    if choice.is_foreign:
        create_foreign(choice.path, choice.home, options)
        return
    environment = choice.environment
    if choice.is_shared and not environment.is_ready():
        environment.refuse_moved()
        raise CreationError(
            f"the shared environment `{choice.directory}` is not there, or broken",
            hint=f"make it with `central-venv create {choice.directory}`, "
            "or let the project use its own with `central-venv use --none`",
        )
    with swept(choice.home.store, choice.home.path):
        create(environment, options, on_wait=say_wait)
    keep_link(choice, settings)


def enter(choice: Choice, settings: Settings) -> dict[str, str]:
    """Let this process, or the program that takes its place, use the environment that is meant; it is made if need be.

    Nobody removes it as long as that process lives.

    Args:
        choice: which one.
        settings: those in force for the project.

    Returns:
        All that the program finds in its environment.

    Raises:
        CentralVenvError: it cannot be made, or is a shared one that is not there.
    """
    if choice.is_foreign:
        provide(choice, settings, trusted=True)
        return Activation(choice.home, choice).for_program()
    environment = choice.environment
    if choice.is_shared:  # of its own ones, that is done with the use
        renew(choice.home)
    ready = False
    while not ready:
        if not environment.is_surely_ready():
            provide(choice, settings, trusted=True)
        environment.uses.end()  # of a round before, in which somebody else began to change it
        ready = environment.use(on_wait=say_wait)
    environment.uses.make_inheritable()
    return Activation(choice.home, choice).for_program()


def renew(home: Home) -> None:
    """Let a home that exists say where its project is now.

    Args:
        home: of the project whose environment is meant.

    Raises:
        HomeConflictError: the home is another project's, also if that was or is at the same path.
        RecordError: the home's record is damaged or newer than this version understands.
    """
    try:
        if home.check():
            home.prepare()
    except StoreError:  # what cannot be noted can be used all the same
        return


def keep_link(choice: Choice, settings: Settings) -> None:
    """Let the project's link, if there is or should be one, lead to the environment that is meant."""
    if choice.is_foreign:  # `unlink` could not tell such a link from somebody else's
        return
    from central_venv.project_link.making import follow

    follow(choice.home, choice.path, settings)


def note_use(choice: Choice) -> None:
    """Note the use of an environment, and in its home which project it belongs to and where that is.

    Args:
        choice: which one, that exists.

    Raises:
        HomeConflictError: the home is another project's, also if that was or is at the same path.
        RecordError: the home's record is damaged or newer than this version understands.
    """
    if choice.is_foreign:
        return
    try:
        choice.home.prepare()
        choice.environment.touch()
    except StoreError:  # what cannot be noted can be used all the same
        return


def say_wait(holder: Holder | None) -> None:
    """Tell the user who has the environment that this process waits for."""
    print(f"waiting for the environment, in use by {holder or 'another process'}", file=sys.stderr, flush=True)
