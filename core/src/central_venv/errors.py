"""The errors that central-venv raises, sorted by what the reader can do about them."""

from __future__ import annotations


class CentralVenvError(Exception):
    """Something central-venv cannot do, with the remedy.

    Attributes:
        message: what failed, and on what.
        hint: what to do about it.
        status: the exit status of a command of ours that it ends.
    """

    status = 1

    def __init__(self, message: str, *, hint: str) -> None:
        super().__init__(message, hint)
        self.message = message
        self.hint = hint

    def __reduce__(self) -> tuple[object, ...]:
        return _rebuild, (type(self), self.message, self.hint)

    def __str__(self) -> str:
        """The message and, on a line of its own, the remedy: what a host shows its user."""
        return f"{self.message}\nhint: {self.hint}"


class ProjectNotFoundError(CentralVenvError):
    """No project here: go to one, or name one."""


class SettingsError(CentralVenvError):
    """A variable or a configuration file holds something that is not allowed: correct it."""


class StoreError(CentralVenvError):
    """The store cannot be read or written: free space, change permissions, or choose another store."""


class UnmovableError(StoreError):
    """A directory cannot be renamed, though perhaps deleted."""


class HungMountError(CentralVenvError):
    """A file system does not answer: see to its server, or unmount it."""


class HomeConflictError(CentralVenvError):
    """The project's home belongs to another project: decide which of the two may stay."""


class RecordError(CentralVenvError):
    """A record cannot be used: remove it, or upgrade."""


class DamagedRecordError(RecordError):
    """A record is not what central-venv writes: remove it."""


class NewerRecordError(RecordError):
    """A record was written by a newer central-venv: upgrade."""


class EnvironmentNameError(CentralVenvError):
    """An environment's or runner's name cannot be a directory's name: choose another."""


class PythonRequestError(CentralVenvError):
    """Nobody can tell which Python is meant: say it more plainly."""


class CreationError(CentralVenvError):
    """A project environment could not be made: what the error and the installer say."""


class MovedEnvironmentError(CentralVenvError):
    """An environment lies elsewhere than where it was made: mend it, or move it back."""


class CommandError(CentralVenvError):
    """A program that the user asked for cannot be run: mend it, or name another."""

    status = 126  # these two as in a shell


class ProgramNotFoundError(CommandError):
    """There is no program that is called so: install it, or check the spelling."""

    status = 127


class AdoptionError(CentralVenvError):
    """An environment in a project's tree cannot be replaced by a central one: what the error says is in the way."""


class MoveError(CentralVenvError):
    """A project's environments cannot follow it: what the error says is in the way."""


class LinkError(CentralVenvError):
    """A link in the project cannot be made: make room for it, or do without."""


class RepositoryError(CentralVenvError):
    """Git cannot be told not to show a link in the project: do it by hand, or live with that."""


class WaitCancelledError(CentralVenvError):
    """The wait for a lock was given up because the caller asked for it."""


def _rebuild(kind: type[CentralVenvError], message: str, hint: str) -> CentralVenvError:
    return kind(message, hint=hint)
