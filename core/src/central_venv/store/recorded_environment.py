"""One environment as its directory and its record tell of it."""

from __future__ import annotations

from central_venv.errors import DamagedRecordError
from central_venv.policy import layout
from central_venv.store import venv
from central_venv.store.environment_record import READY, EnvironmentRecord, is_ready_record_of, read_environment


class RecordedEnvironment:
    """One environment in a home, or one that several projects share, whether it exists or not. Looks only.

    Attributes:
        store: absolute path of the store it lies in.
        runner: what asks for it, such as ``tox``; ``project`` for project environments.
        directory: the name of its directory.
        path: absolute path of its directory.
        record_path: absolute path of its record.
    """

    __slots__ = ("_home", "directory", "path", "record_path", "runner", "store")

    def __init__(self, home: str, runner: str, directory: str, *, store: str) -> None:
        """Name an environment.

        Args:
            home: absolute path of its home; of the store for one that several projects share.
            runner: what asks for it.
            directory: the name of its directory.
            store: absolute path of the store.

        Raises:
            EnvironmentNameError: one of the names cannot be the name of a directory.
        """
        self._home = home
        self.store = store
        self.runner = runner
        self.directory = directory
        self.path = layout.environment_path(home, runner, directory)
        self.record_path = layout.environment_record_path(home, runner, directory)

    @property
    def exists(self) -> bool:
        """Whether its directory holds a virtual environment, working or not. A link to one does not count."""
        return venv.is_environment(self.path)

    @property
    def lost_python(self) -> bool:
        """Whether it is an environment whose Python is gone, so that whoever takes it for a good one fails."""
        return self.exists and not venv.has_interpreter(self.path) and not venv.is_unfollowed(self.path)

    @property
    def recorded(self) -> bool:
        """Whether there is a record; with a claim, whether there was one before that.

        Raises:
            RecordError: the record is newer than this version understands.
            StoreError: the record cannot be read.
        """
        return self._record_before() is not None

    @property
    def note(self) -> str | None:
        """What the runner noted when it sealed the environment; None if it did not, or began a change since then.

        Raises:
            RecordError: the record is newer than this version understands.
            StoreError: the record cannot be read.
        """
        record = self._old_record()
        return None if record is None else record.note

    def read(self) -> EnvironmentRecord | None:
        """The environment's record, or None if it has none.

        Raises:
            RecordError: it is damaged or newer than this version understands.
            StoreError: it cannot be read.
        """
        return read_environment(self.record_path)

    @property
    def former_path(self) -> str | None:
        """Where it was made, if that is elsewhere than where it lies.

        With a claim, by what was recorded before that. What is half made was made nowhere.

        Raises:
            RecordError: the record is newer than this version understands.
            StoreError: the record cannot be read.
        """
        return self._former_path(self._record_before())

    def refuse_moved(self) -> None:
        """Refuse to use it if it lies elsewhere than where it was made: its programs are not found, or are others.

        So it is if a move of its project did not come to it.

        Raises:
            MovedEnvironmentError: it does.
            RecordError: the record is newer than this version understands.
            StoreError: the record cannot be read.
        """
        if not is_ready_record_of(self.record_path, self.runner, self.directory, self.path):
            self._refuse_moved(self._record_before())

    def is_ready(self, request: str | None = None) -> bool:
        """Whether the environment is complete, where it was made, and its Python there.

        With a claim, by what was recorded before that. One that nobody recorded is taken for complete.

        Args:
            request: the Python that the runner asks for; False if another one was asked for when it was made.

        Raises:
            RecordError: the record is newer than this version understands.
            StoreError: the record cannot be read.
        """
        return self._is_ready(self._record_before(), request)

    def is_surely_ready(self) -> bool:
        """Whether the environment is recorded as complete under its directory's name and path, and its Python there.

        False means that it must be looked at closely.

        Raises:
            StoreError: the record cannot be read.
        """
        return (
            is_ready_record_of(self.record_path, self.runner, self.directory, self.path)
            and self.exists
            and venv.has_interpreter(self.path)
        )

    def _record_before(self) -> EnvironmentRecord | None:
        """The record that tells whether the environment is complete."""
        return self._old_record()

    def _is_ready(self, record: EnvironmentRecord | None, request: str | None) -> bool:
        if record is not None:
            if record.state != READY:
                return False
            if None not in (request, record.request) and request != record.request:
                return False
        return self.exists and venv.has_interpreter(self.path) and self._former_path(record) is None

    def _former_path(self, record: EnvironmentRecord | None) -> str | None:
        if record is not None and (record.state != READY or record.path == self.path):
            return None
        if not self.exists:
            return None
        from central_venv.store import origin  # nobody needs it where it lies as recorded

        return origin.former_path(self.path, record, venv.created(self.path))

    def _refuse_moved(self, record: EnvironmentRecord | None) -> None:
        if record is not None and record.half_moved:
            from central_venv.store.move_record import refuse_half_moved

            refuse_half_moved(self._home, (self.runner, self.directory), self.path)
        made = self._former_path(record)
        if made is not None:
            from central_venv.store import origin

            raise origin.moved(self.path, made, self.store)

    def _old_record(self) -> EnvironmentRecord | None:
        """The record as far as it can be used: a damaged one is replaced, a newer one is not."""
        try:
            return self.read()
        except DamagedRecordError:
            return None
