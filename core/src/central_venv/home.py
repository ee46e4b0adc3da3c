"""A project's home in the store, and how a home is known to be its project's."""

from __future__ import annotations

import os
import stat

from central_venv import files, layout
from central_venv.errors import HomeConflictError
from central_venv.key import home_name
from central_venv.record import ProjectRecord, is_project_record_of, read_project, write_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from central_venv.environment import Environment
    from central_venv.store import Store


class Home:
    """The home of one project: the only place in the store where its environments are.

    Attributes:
        store: the store it lies in.
        root: true path of the project root.
        path: absolute path of the home, whether it exists or not.
    """

    __slots__ = ("path", "root", "store")

    def __init__(self, store: Store, root: str) -> None:
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
        """
        from central_venv.environment import Environment

        return Environment(self.path, runner, directory, prepare=self.prepare)

    def check(self) -> bool:
        """Make sure that the home, if it exists, is this project's. Writes nothing.

        Returns:
            Whether the home says so; False if it does not exist or was made by a template, without us.

        Raises:
            HomeConflictError: it is another project's, or not a directory of this user.
            RecordError: its record is damaged or newer than this version understands.
            StoreError: it cannot be read.
        """
        if not self._refuse_strangers():
            return False
        if is_project_record_of(self.record_path, self.root):
            return True
        record = read_project(self.record_path)
        if record is None:
            return False
        if record.root != self.root:
            raise HomeConflictError(
                f"the home `{self.path}` of `{self.root}` belongs to another project, `{record.root}`",
                hint="if that project is gone, remove this home; if both live, rename one of the two directories "
                "or keep one project's environments elsewhere with `CENTRAL_VENV_HOME`",
            )
        return True

    def prepare(self) -> None:
        """Make the home if need be, and make sure that it is this project's.

        Raises:
            HomeConflictError: it is another project's, or not a directory of this user.
            RecordError: its record is damaged or newer than this version understands.
            StoreError: the store cannot be written.
        """
        self.store.prepare()
        files.make_private_directory(self.path)
        if not self.check():
            self._write_record()
            self.check()  # of two projects that began at once, the one whose record stayed may go on

    def prepare_runner(self, runner: str) -> str:
        """Make a runner's directory in the home, for a runner that keeps more there than environments.

        What is in it counts as the runner's from then on, also if no environment is ever made.

        Returns:
            What `runner_directory` does.

        Raises:
            EnvironmentNameError: the runner's name is not the name of a directory.
            HomeConflictError: the home is another project's, or not a directory of this user.
            RecordError: its record is damaged or newer than this version understands.
            StoreError: the store cannot be written.
        """
        directory = self.runner_directory(runner)
        self.prepare()
        files.make_private_directory(layout.records_directory(self.path, runner))
        files.make_private_directory(directory)
        return directory

    def _refuse_strangers(self) -> bool:
        """A link or another user's directory would let somebody else choose what this project's runs execute.

        Returns:
            Whether there is a home at all.
        """
        try:
            status = os.lstat(self.path)
        except (FileNotFoundError, NotADirectoryError):
            return False
        except OSError as error:
            raise files.store_error(error, "look at", self.path) from error
        if not stat.S_ISDIR(status.st_mode):
            raise HomeConflictError(
                f"the home `{self.path}` is a link, not a directory", hint="remove the link; it is made anew"
            )
        if files.is_strangers(status):
            raise HomeConflictError(
                f"the home `{self.path}` belongs to another user (id {status.st_uid})",
                hint="give each user a store of their own with `CENTRAL_VENV_HOME`; in a configuration file, "
                "`{user}` stands for the user's name",
            )
        return True

    def _write_record(self) -> None:
        from central_venv import clock, host

        mount = host.mount_point(self.root)
        record = ProjectRecord(
            self.root,
            created=clock.now(),
            host=host.name(),
            mount=mount,
            volume=host.volume(mount),
            inode=host.inode(self.root),
        )
        write_project(self.record_path, record)
