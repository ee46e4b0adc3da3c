"""The life of one environment: claim, seal, use, release.

A claim takes the environment's lock and records that its creation or change began; a seal records that it ended well.
Whoever is killed in between leaves a record that says so and a lock that is free.
"""

from __future__ import annotations

import os

from central_venv.errors import StoreError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.store import venv
from central_venv.store.claim_lock import ClaimLock
from central_venv.store.environment_record import (
    CREATING,
    READY,
    EnvironmentRecord,
    Holder,
    note_use,
    this_process,
    write_environment,
)
from central_venv.store.recorded_environment import RecordedEnvironment
from central_venv.store.use import Uses

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.store.trash import Trash


class Environment(RecordedEnvironment):
    """One environment that this process can claim, change and use.

    Attributes:
        run_only: whether it is used as it is, without a claim or a mark, because nothing can be recorded of it.
        uses: which processes use it, where several may at once.
    """

    __slots__ = (
        "_command",
        "_created",
        "_lock",
        "_prepare",
        "_previous",
        "run_only",
        "uses",
    )

    def __init__(
        self,
        home: str,
        runner: str,
        directory: str,
        *,
        store: str,
        make: Callable[[], None],
        prepare: Callable[[], None],
    ) -> None:
        """Name an environment.

        Args:
            home: absolute path of its home; of the store for one that several projects share.
            runner: what asks for it.
            directory: the name of its directory.
            store: absolute path of the store.
            make: makes sure that the home exists and is its project's.
            prepare: does that, and keeps true what the home says of its project.

        Raises:
            EnvironmentNameError: one of the names cannot be the name of a directory.
        """
        super().__init__(home, runner, directory, store=store)
        self._lock = ClaimLock(home, runner, directory, make=make)
        self.uses = Uses(layout.environment_uses_path(home, runner, directory))
        self._command: str | None = None
        self._previous: EnvironmentRecord | None = None
        self._created: float | None = None  # before the claim
        self._prepare = prepare
        self.run_only = False

    @property
    def claimed(self) -> bool:
        """Whether this object holds the environment."""
        return self._lock.held

    @property
    def interrupted(self) -> bool:
        """Whether the creation or change before this claim did not end."""
        return self._previous is not None and self._previous.state == CREATING

    @property
    def half_moved(self) -> bool:
        """Whether, before this claim, it was complete but had paths of the place that its project was moved from."""
        return self._previous is not None and self._previous.half_moved

    @property
    def held_by_outer_run(self) -> bool:
        """Whether a run whose command led to this process has the environment."""
        from central_venv.store import outer_claims

        return outer_claims.by_outer_run(self.path) and self._lock.held_elsewhere()

    @property
    def command_variables(self) -> dict[str, str]:
        """Variables for the commands in a claimed environment: a run that they start does not wait for this claim."""
        from central_venv.store import outer_claims

        return outer_claims.variables(self.store, self.path)

    def wait_message(self, holder: Holder | None) -> str:
        """Return what to tell the user while this process waits for the environment.

        Args:
            holder: what `on_wait` got.
        """
        return f"waiting for environment {self.path}, in use by {holder or 'another process'}"

    def claim(  # noqa: PLR0913  # they are given by their names
        self,
        name: str,
        *,
        on_wait: Callable[[Holder | None], None],
        cancelled: Callable[[], bool] = lambda: False,
        command: str | None = None,
        request: str | None = None,
        replaced: bool = False,
        reused: bool = False,
    ) -> None:
        """Take the environment for creation, change and use by this process alone.

        Waits for a process that has it. From here to `seal`, the record says that the environment is being created.

        One that is complete and `reused`, but cannot be changed by this process, is only run: it is not claimed, and
        whatever would be recorded of it is left out.

        Args:
            name: what the runner calls it.
            on_wait: told who has it, if it has to be waited for.
            cancelled: asked again and again during the wait, to give it up.
            command: what others are told who has it; the command line of this process by default.
            request: the Python that the runner asks for, in its own words.
            replaced: whether what is there is removed or made anew in any case, wherever it was made.
            reused: whether what is there is used as it is, if it is complete.

        Raises:
            WaitCancelledError: `cancelled` said so.
            MovedEnvironmentError: it lies elsewhere than where it was made.
            StoreError: the store cannot be written.
            HomeConflictError: the home belongs to another project.
            RecordError: a record is newer than this version understands, or the home's is damaged.
        """
        self.run_only = False
        try:
            self._claim(name, request, command, lambda: self._wait(on_wait, cancelled), replaced=replaced)
        except StoreError:
            if not reused or not files.is_unchangeable(self.path) or not self.is_ready(request):
                raise
            self.run_only = True

    def _claim(
        self, name: str, request: str | None, command: str | None, wait: Callable[[], None], *, replaced: bool
    ) -> None:
        self._prepare()
        self._command = command
        again = self.claimed
        if not again:
            wait()
        try:
            old = self._old_record()  # a newer one must not be replaced
            if not again:
                if not replaced:
                    self._refuse_moved(old)
                self._previous, self._created = old, venv.created(self.path)
            record = EnvironmentRecord(self.runner, name, state=CREATING, holder=this_process(command), request=request)
            write_environment(self.record_path, record)
        except BaseException:
            self._lock.release()
            raise

    def claim_for_removal(self, *, on_wait: Callable[[Holder | None], None]) -> None:
        """Take the environment to discard and release it; nothing is recorded, because what frees space may have none.

        Does nothing if it is claimed already.

        Args:
            on_wait: told who has it, if it has to be waited for.

        Raises:
            StoreError: its lock cannot be made.
            HomeConflictError: the home belongs to another project.
            RecordError: a record is newer than this version understands, or the home's is damaged.
        """
        if self.claimed:
            return
        self._prepare()
        self._wait(on_wait, lambda: False)
        try:
            self._previous = self._old_record()
        except BaseException:
            self._lock.release()
            raise

    def record_existing(self, *, on_wait: Callable[[Holder | None], None]) -> bool:
        """Record an unrecorded environment as ready, without an interim `creating` state.

        Args:
            on_wait: told who has it, if it has to be waited for.

        Returns:
            Whether it is complete and nobody had recorded it.

        Raises:
            StoreError: the store cannot be written.
            HomeConflictError: the home belongs to another project.
            RecordError: a record is newer than this version understands, or the home's is damaged.
        """
        self._prepare()
        self._wait(on_wait, lambda: False)
        try:
            return self._old_record() is None and self._is_ready(None, None) and self.seal()
        finally:
            self._lock.release()

    def make_inheritable(self) -> None:
        """Make the claim inheritable: child processes that keep the lock's descriptor hold it until they exit.

        Otherwise a kill of this process would free the environment while they still change it.
        """
        self._lock.make_inheritable()

    def seal(self, note: str | None = None) -> bool:
        """Record that the claimed environment is complete.

        Args:
            note: what the runner wants to know of it the next time, in its own words.

        Returns:
            Whether there is an environment; if the runner made none, its record is removed.

        Raises:
            StoreError: the store cannot be written.
        """
        if self.run_only:
            return self.exists
        if not self.exists:
            files.remove(self.record_path)
            return False
        record = self._old_record()
        record = EnvironmentRecord(
            self.runner,
            self.directory if record is None else record.name,
            state=READY,
            path=self.path,
            created=venv.created(self.path),
            python=venv.python_version(self.path),
            holder=this_process(self._command) if record is None else record.holder,
            request=None if record is None else record.request,
            note=note,
        )
        write_environment(self.record_path, record)
        return True

    def use(
        self,
        request: str | None = None,
        *,
        on_wait: Callable[[Holder | None], None],
        cancelled: Callable[[], bool] = lambda: False,
    ) -> bool:
        """Mark the environment as in use by this process, beside others that may, until `uses.end()` or exit.

        Waits for another process that has claimed it; an own claim stays. One that is complete is used also where that
        cannot be marked.

        Args:
            request: the Python that the runner asks for.
            on_wait: told who has it, if it has to be waited for.
            cancelled: asked again and again during the wait, to give it up.

        Returns:
            Whether it was complete when it was marked, as `is_ready` tells. To ask only afterwards would be too late:
            the next may have claimed it. True with an own claim, whose owner knows.

        Raises:
            WaitCancelledError: `cancelled` said so.
            MovedEnvironmentError: it lies elsewhere than where it was made.
            StoreError: the store cannot be written, and the environment is claimed or not complete.
            HomeConflictError: the home belongs to another project.
            RecordError: a record is newer than this version understands, or the home's is damaged.
        """
        if self.run_only:
            return True
        try:
            return self._use(request, lambda: self._wait(on_wait, cancelled))
        except StoreError:
            if self.claimed or not self.is_ready(request):
                raise
            self.run_only = True
            return True

    def _use(self, request: str | None, wait: Callable[[], None]) -> bool:
        claimed = self.claimed
        if not claimed:
            self._prepare()
            wait()
        try:
            self.uses.begin()
            self.touch()
            return claimed or (request is None and self.is_surely_ready()) or self._is_usable(request)
        except BaseException:
            self.uses.end()
            raise
        finally:
            if not claimed:
                self._lock.release()

    def discard(self) -> None:
        """Remove what is at the claimed environment's place: for what an interrupted creation left.

        A runner that reuses environments takes what is there for a good one, and uv refuses a directory that is none.

        Raises:
            StoreError: it cannot be removed.
        """
        from central_venv.store.trash import discard

        discard(self.store, self.path)

    def set_aside(self) -> Trash:
        """Take away what is at the claimed environment's place; the trash can give it back until it is emptied.

        Raises:
            UnmovableError: it cannot be renamed.
            StoreError: it cannot be removed.
        """
        from central_venv.store.trash import set_aside

        return set_aside(self.store, self.path)

    def discard_incomplete(self, request: str | None = None) -> None:
        """Remove what is at the claimed environment's place, if it is no complete environment.

        For a runner that reuses what it finds, before it looks.

        Args:
            request: the Python that the runner asks for; one of another Python is removed, too.

        Raises:
            StoreError: it cannot be removed, or may be a good one to others.
        """
        if os.path.lexists(self.path) and not self.is_ready(request):
            venv.refuse_unfollowed(self.path)
            self.discard()

    def restore_record(self) -> bool:
        """Record what was recorded before the claim, if it still is true: for a change that failed before it began.

        Returns:
            Whether it is; otherwise the record goes on to say that the environment is being created.

        Raises:
            StoreError: the store cannot be written.
        """
        if self.run_only:
            return True
        previous, created = self._previous, venv.created(self.path)
        if previous is None:
            if created != self._created:
                return False
            files.remove(self.record_path)
        elif previous.state == READY and previous.created == created:
            write_environment(self.record_path, previous)
        else:
            return False
        return True

    def in_use_by(self) -> str | None:
        """What else uses the environment, in words: a process that marked it so, or one that runs from it.

        Raises:
            StoreError: the marks cannot be listed.
        """
        if (user := self.uses.other_user()) is not None:
            return str(user)
        from central_venv.machine.processes import Running

        pid = Running(self.store).from_environment(self.path)
        return None if pid is None else f"process {pid}"

    def touch(self) -> None:
        """Record that the environment is in use now, at most once in `TOUCH_INTERVAL`.

        Needs no claim, and does nothing if there is no record.

        Raises:
            StoreError: the store cannot be written.
        """
        if not self.run_only:
            note_use(self.record_path)

    def release(self) -> None:
        """Let others have the environment; does nothing if it is not claimed.

        A claim that led to no environment leaves no record.
        """
        if self.claimed:
            try:
                if not self.exists:
                    files.remove(self.record_path)
            finally:
                self._lock.release()

    def holder_elsewhere(self) -> Holder | None:
        """Who has the environment now, if another process has it and said so."""
        return self._holder() if self._lock.held_elsewhere() else None

    def _wait(self, on_wait: Callable[[Holder | None], None], cancelled: Callable[[], bool]) -> None:
        self._lock.acquire(on_wait=lambda: on_wait(self._holder()), cancelled=cancelled)

    def _is_usable(self, request: str | None) -> bool:
        """Whether it is complete; recorded from now on where it was made, if an older version did not say so."""
        record = self._old_record()
        self._refuse_moved(record)
        ready = self._is_ready(record, request)
        if ready and record is not None and record.path is None:
            record.path, record.created = self.path, venv.created(self.path)
            record.python = venv.python_version(self.path)
            write_environment(self.record_path, record)
        return ready

    def _record_before(self) -> EnvironmentRecord | None:
        """With a claim, what was recorded before that."""
        return self._previous if self.claimed else self._old_record()

    def _holder(self) -> Holder | None:
        record = self._old_record()
        return None if record is None else record.holder
