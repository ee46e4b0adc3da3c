"""The store: the directory that holds all homes."""

from __future__ import annotations

import os
import stat

from central_venv.errors import HomeConflictError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.policy.key import is_home_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from central_venv.policy.settings import Settings
    from central_venv.store.environment import Environment

#: The first line of a tag, which backup programs look for: https://bford.info/cachedir/
SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"

_FILES = {
    "CACHEDIR.TAG": SIGNATURE + b"\n"
    b"# Virtual environments made by central-venv: they can be made again, so backups may skip them.\n",
    ".gitignore": b"*\n",
}

#: What a directory without other things can hold: the trash, and what file systems put into their top.
_NOT_OTHERS = {layout.TRASH, "lost+found"}


class Store:
    """A store at a path, whether it exists or not.

    Attributes:
        path: its absolute path.
    """

    __slots__ = ("path",)

    def __init__(self, path: str) -> None:
        self.path = path

    def homes(self) -> Iterator[str]:
        """The path of each home and shared environment in the store, in order of their names.

        Whoever made it: by its name, or because it says which project it is of. A store can hold other things.
        """
        for entry in files.entries(self.path, follow=True):
            if entry.is_dir(follow_symlinks=False) and (
                is_home_name(entry.name)
                or layout.is_shared_name(entry.name)
                or os.path.lexists(layout.project_record_path(entry.path))
            ):
                yield entry.path

    def shared_environment(self, name: str) -> Environment:
        """An environment that several projects share, whether it exists or not.

        Args:
            name: such as ``@torch``.

        Raises:
            EnvironmentNameError: none can be called that.
            HomeConflictError: what is there is not a directory of this user.
            StoreError: it cannot be looked at.
        """
        from central_venv.store.environment import Environment

        environment = Environment(
            self.path, layout.PROJECT_RUNNER, layout.shared_name(name), store=self.path, prepare=self.prepare
        )
        refuse_strangers(environment.path, "shared environment")
        return environment

    def prepare(self) -> None:
        """Make the store if need be.

        Raises:
            StoreError: it cannot be made or written.
        """
        trash = layout.trash_directory(self.path)
        if os.path.isdir(trash):  # it is made last
            return
        made = files.make_private_directory(self.path)
        if made or not any(entry.name not in _NOT_OTHERS for entry in files.entries(self.path, follow=True)):
            # A directory with other things in it stays as it is.
            for name, content in _FILES.items():
                files.write(os.path.join(self.path, name), content)
            from central_venv.machine import backups

            backups.exclude(self.path)
        # Made before the disk is full: what frees space must not need any.
        files.make_private_directory(trash)


def open_store(settings: Settings, root: str | None) -> Store:
    """The store in force.

    Args:
        settings: from `load_settings`.
        root: true path of the project that asks; None if no project does.
    """
    if settings.policy:
        from central_venv.policy.rules import store_path

        return Store(store_path(settings, root))
    return Store(settings.store)


def refuse_strangers(path: str, what: str) -> bool:
    """A link or another user's directory would let somebody else choose what this user's runs execute.

    Args:
        path: absolute path of what lies in the store.
        what: what it is to be, in words.

    Returns:
        Whether there is anything at all.

    Raises:
        HomeConflictError: it is a link, or belongs to another user.
        StoreError: it cannot be looked at.
    """
    try:
        status = os.lstat(path)
    except (FileNotFoundError, NotADirectoryError):
        return False
    except OSError as error:
        raise files.store_error(error, "look at", path) from error
    if not stat.S_ISDIR(status.st_mode):
        raise HomeConflictError(
            f"the {what} `{path}` is a link, not a directory", hint="remove the link; it is made anew"
        )
    if files.is_strangers(status):
        raise HomeConflictError(
            f"the {what} `{path}` belongs to another user (id {status.st_uid})",
            hint="give each user a store of their own with `CENTRAL_VENV_HOME`; in a configuration file, "
            "`{user}` stands for the user's name",
        )
    return True
