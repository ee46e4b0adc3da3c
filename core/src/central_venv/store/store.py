"""The store: the directory that holds all homes."""

from __future__ import annotations

import os
import stat

from central_venv.errors import CentralVenvError, HomeConflictError, StoreError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.policy.key import is_home_name

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from central_venv.policy.settings import Settings
    from central_venv.store.environment import Environment

#: The first line of a tag, which backup programs look for: https://bford.info/cachedir/
SIGNATURE = b"Signature: 8a477f597d28d172789f06886806bc55"

_FILES = {
    "CACHEDIR.TAG": SIGNATURE + b"\n"
    b"# Virtual environments made by central-venv: they can be made again, so backups may skip them.\n",
    ".gitignore": b"*\n",
}

#: What a directory without other things can hold: ours, and what file systems put into their top.
_NOT_OTHERS = {layout.TRASH, layout.STORES, "lost+found"}


class Store:
    """A store at a path, whether it exists or not.

    Attributes:
        path: its absolute path.
    """

    __slots__ = ("_register", "path")

    def __init__(self, path: str, *, register: str | None = None) -> None:
        """Name a store.

        Args:
            path: its absolute path.
            register: absolute path of the store that is to know of it: of a site's choice, the one that the settings
                name.
        """
        self.path = path
        self._register = register

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

        def prepare() -> None:
            if files.is_another_users(environment.path):
                from central_venv.store.ownership import refuse_change

                refuse_change(environment.path, "shared environment")
            self.prepare()

        environment = Environment(
            self.path,
            layout.PROJECT_RUNNER,
            layout.shared_name(name),
            store=self.path,
            make=prepare,
            prepare=prepare,
        )
        refuse_strangers(environment.path, "shared environment")
        return environment

    def prepare(self) -> None:
        """Make the store if need be.

        Raises:
            StoreError: it cannot be made or written, or is another user's.
        """
        if self._register is not None:
            self._be_known(self._register)
        if not self._is_own():
            from central_venv.store.ownership import refuse_place

            refuse_place(self.path)
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

    def _is_own(self) -> bool:
        """Whether the store is there and this user's."""
        try:
            return not files.is_strangers(os.stat(self.path))
        except OSError:
            return False

    def _be_known(self, register: str) -> None:
        """Let the store that the settings name know of this one, if it can be written: `doctor` tells if it cannot."""
        from contextlib import suppress  # it takes as long as half of a lookup

        from central_venv.store.register import is_remembered, remember

        with suppress(StoreError):
            if not is_remembered(register, self.path):
                Store(register).prepare()
                remember(register, self.path)

    @property
    def is_there(self) -> bool:
        """Whether there is anything in it: where a drive is not mounted, there is often an empty directory."""
        try:
            with os.scandir(self.path) as entries:
                return next(entries, None) is not None
        except OSError:
            return False


def open_store(settings: Settings, root: str | None) -> Store:
    """The store in force.

    Args:
        settings: from `load_settings`.
        root: true path of the project that asks; None if no project does.
    """
    if settings.policy:
        from central_venv.policy.rules import store_path

        path = store_path(settings, root)
        return Store(path, register=None if path == settings.store else settings.store)
    return Store(settings.store)


def open_stores(
    settings: Settings, root: str | None = None, *, on_problem: Callable[[CentralVenvError], None]
) -> list[Store]:
    """Every store that can hold environments: the one for no project first, then all that a site's rules ever chose.

    Args:
        settings: from `load_settings`, without a project.
        root: true path of a project whose store is looked into also if nothing was made in it yet.
        on_problem: told of each that was in use and cannot be seen now.

    Raises:
        SettingsError: the site's rules cannot be asked, or answered with something else than absolute paths.
    """
    found = [open_store(settings, None)]
    known = {os.path.realpath(found[0].path)}

    def add(store: Store) -> bool:
        path = os.path.realpath(store.path)
        if path in known:
            return True
        if not store.is_there:
            return False
        known.add(path)
        found.append(store)
        return True

    add(Store(settings.store))
    add(open_store(settings, root))
    if settings.policy:
        from central_venv.policy.rules import store_paths

        for path in store_paths(settings):
            add(Store(path, register=settings.store))
    from central_venv.store.register import remembered

    try:
        for path, note in remembered(settings.store, on_problem=on_problem):
            if not add(Store(path)):
                on_problem(
                    StoreError(
                        f"the store `{path}` cannot be seen now, so what is in it is left out",
                        hint=f"mount it; if it is gone for good, remove `{note}`",
                    )
                )
    except CentralVenvError as error:
        on_problem(error)
    return found


def refuse_strangers(path: str, what: str) -> bool:
    """A link or another user's directory would let somebody else choose what this user's runs execute.

    Root's directory may be run from if only root can write it.

    Args:
        path: absolute path of what lies in the store.
        what: what it is to be, in words.

    Returns:
        Whether there is anything at all.

    Raises:
        HomeConflictError: it is a link, or a user who is neither this one nor root can write it.
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
        from central_venv.store.ownership import refuse_unsafe

        refuse_unsafe(path, what, status)
    return True
