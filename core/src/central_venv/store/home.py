"""A project's home in the store, and how a home is known to be its project's."""

from __future__ import annotations

import os

from central_venv.errors import EnvironmentNameError, HomeConflictError, StoreError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.policy.key import home_name
from central_venv.store.project_record import (
    is_current,
    is_project_record_of,
    read_project,
    shared_environment_in,
    write_project,
)
from central_venv.store.store import refuse_strangers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.store.environment import Environment
    from central_venv.store.store import Store


#: Seconds between the time of a new record and that of any change to it.
_APART = 10


class Home:
    """The home of one project: the only place in the store where its environments are.

    Attributes:
        store: the store it lies in.
        root: true path of the project root.
        path: absolute path of the home, whether it exists or not.
    """

    __slots__ = ("_on_note", "path", "root", "store")

    def __init__(self, store: Store, root: str, *, on_note: Callable[[str], None] | None = None) -> None:
        """Name a home.

        Args:
            store: the store it lies in.
            root: true path of the project root.
            on_note: told what the user should know of it when it is used, in one line.
        """
        self._on_note = on_note
        self.store = store
        self.root = root
        self.path = os.path.join(store.path, home_name(root))

    @property
    def record_path(self) -> str:
        """Absolute path of the record that names the project."""
        return layout.project_record_path(self.path)

    def runner_directory(self, runner: str) -> str:
        """Where the environments of a runner lie, such as ``<home>/.tox``.

        Raises:
            EnvironmentNameError: the runner's name is not the name of a directory.
        """
        return layout.runner_directory(self.path, runner)

    def is_reserved(self, runner: str, directory: str) -> bool:
        """Return whether the runner keeps data of its own under a name in its directory: no environment can have it.

        Args:
            runner: the runner's name.
            directory: the name that an environment's directory would have.
        """
        return layout.is_reserved(runner, directory)

    def environment_path(self, runner: str, directory: str) -> str:
        """Where an environment of this project is or would be.

        Raises:
            EnvironmentNameError: one of the names cannot be the name of a directory.
        """
        return layout.environment_path(self.path, runner, directory)

    def environment(self, runner: str, directory: str) -> Environment:
        """An environment of this project.

        Args:
            runner: what asks for it, such as ``tox``, or ``project`` for project environments.
            directory: the name of its directory.

        Raises:
            EnvironmentNameError: one of the names cannot be the name of a directory.
            HomeConflictError: the home is root's, but the environment is a link, or not only root can write it.
            StoreError: it cannot be looked at.
        """
        from central_venv.store.environment import Environment

        environment = Environment(
            self.path, runner, directory, store=self.store.path, make=self.make, prepare=self.prepare
        )
        if files.is_another_users(self.path):  # whose owner may have given away what is in it
            refuse_strangers(environment.path, "environment")
        return environment

    @property
    def shared(self) -> str | None:
        """The shared environment that the project uses instead of its own, such as ``@torch``; None if it does not.

        Raises:
            RecordError: the home's record is damaged or newer than this version understands.
            StoreError: it cannot be read.
        """
        return shared_environment_in(self.record_path)

    def share(self, name: str | None) -> None:
        """Let the project use a shared environment from now on, or its own again.

        Args:
            name: such as ``@torch``; None for its own.

        Raises:
            EnvironmentNameError: there is no such shared environment.
            MovedEnvironmentError: it lies elsewhere than where it was made.
            HomeConflictError: the home is another project's, or not a directory of this user.
            RecordError: its record is damaged or newer than this version understands.
            StoreError: the store cannot be written.
        """
        if name is None and self.shared is None:
            return
        self._check_shared(name)
        from central_venv.store.lock import Lock

        self.prepare()
        # Nobody removes a shared environment under the store's lock.
        locks = [Lock(layout.home_lock_path(path)) for path in (self.store.path, self.path)]
        try:
            for lock in locks:
                lock.acquire(on_wait=lambda: None, cancelled=lambda: False)
            self._check_shared(name)
            self.prepare()  # again: the home may have been removed since
            record = read_project(self.record_path)
            if record is not None:
                record.shared = name
                write_project(self.record_path, record)
        finally:
            for lock in locks:
                lock.release()

    def check(self) -> bool:
        """Make sure that the home, if it exists, is this project's. Writes nothing.

        Returns:
            Whether the home says so; False if it does not exist or was made by a template, without us.

        Raises:
            HomeConflictError: it is another project's, or not a directory of this user.
            RecordError: its record is damaged or newer than this version understands.
            StoreError: it cannot be read.
        """
        if not refuse_strangers(self.path, "home"):
            return False
        if is_project_record_of(self.record_path, self.root):
            return True
        record = read_project(self.record_path)
        if record is None:
            return False
        if record.root != self.root:
            if os.path.lexists(layout.move_record_path(self.path)):
                from shlex import join

                raise HomeConflictError(
                    f"the home `{self.path}` is half moved from `{record.root}`",
                    hint=f"`{join(['central-venv', 'move', record.root, self.root])}` ends it",
                )
            raise HomeConflictError(
                f"the home `{self.path}` of `{self.root}` belongs to another project, `{record.root}`",
                hint="if that project is gone, remove this home; if both live, rename one of the two directories "
                "or keep one project's environments elsewhere with `CENTRAL_VENV_HOME`",
            )
        return True

    def make(self) -> None:
        """Make the home if need be, and make sure that it is this project's.

        Raises:
            HomeConflictError: it is another project's, or not a directory of this user.
            RecordError: its record is damaged or newer than this version understands.
            StoreError: the store cannot be written, or the home is root's.
        """
        if files.is_another_users(self.path):
            self._refuse_another_users()
        self.store.prepare()
        made = files.make_private_directory(self.path)
        if not self.check():
            self._write_record()
            self.check()  # of two projects that began at once, the one whose record stayed may go on
        if made and self._on_note is not None:
            from central_venv.store.former_project import note_of_move

            if (note := note_of_move(self.store, self.root)) is not None:
                self._on_note(note)

    def prepare(self) -> None:
        """Make the home if need be, and make sure that it is this project's and says where that is now.

        Raises:
            HomeConflictError: it is another project's, also if that was or is at the same path, or not a directory of
                this user.
            RecordError: its record is damaged or newer than this version understands.
            StoreError: the store cannot be written, or the home is root's.
        """
        self.make()
        self._renew()

    def prepare_to_run(self) -> None:
        """Do what `prepare` does, but leave a home as it is that this process cannot change: it can be run from.

        Raises:
            HomeConflictError: it is another project's, also if that was or is at the same path, or not a directory of
                this user.
            RecordError: its record is damaged or newer than this version understands.
            StoreError: the store cannot be written, and there is no home.
        """
        try:
            self.prepare()
        except StoreError:
            if not files.is_unchangeable(self.path):
                raise

    def prepare_runner(self, runner: str) -> str:
        """Make a runner's directory in the home, for a runner that keeps more there than environments.

        What is in it counts as the runner's from then on, also if no environment is ever made.

        Returns:
            What `runner_directory` does.

        Raises:
            EnvironmentNameError: the runner's name is not the name of a directory.
            HomeConflictError: the home is another project's, or not a directory of this user.
            RecordError: its record is damaged or newer than this version understands.
            StoreError: the store cannot be written, and there is no such directory.
        """
        directory = self.runner_directory(runner)
        try:
            self.prepare()
            files.make_private_directory(layout.records_directory(self.path, runner))
            files.make_private_directory(directory)
        except StoreError:
            if not files.is_unchangeable(directory):  # what is in it can be run from
                raise
        return directory

    def _check_shared(self, name: str | None) -> None:
        if name is None:
            return
        environment = self.store.shared_environment(name)
        if not environment.is_ready():
            environment.refuse_moved()
            raise EnvironmentNameError(
                f"there is no shared environment `{name}`", hint=f"make it with `central-venv create {name}`"
            )

    def _refuse_another_users(self) -> None:
        """Refuse to change the home: as another project's or unsafe one if it is that, else as what it is."""
        from central_venv.store.ownership import refuse_change
        from central_venv.store.renewal import refuse_another_project

        if self.check() and not is_current(self.record_path, self.root):
            refuse_another_project(self.path, self.root)
        refuse_change(self.path, "home")

    def _renew(self) -> None:
        if not is_current(self.record_path, self.root):
            from central_venv.store.renewal import renew

            note = renew(self.path, self.root)
            if note is not None and self._on_note is not None:
                self._on_note(note)

    def _write_record(self) -> None:
        from contextlib import suppress

        from central_venv.machine import clock
        from central_venv.store.identity import observed

        write_project(self.record_path, observed(self.root, created=clock.now()))
        # A time is of whole seconds to some who watch the file: so they see a change that follows at once.
        made = clock.seconds() - _APART
        with suppress(OSError):
            os.utime(self.record_path, (made, made))
