"""The environment type `central`: hatch's own, in the project's home, with records and locks.

The life cycle of an environment (`Project.prepare_environment` in hatch) is: `exists`, or else `create` and the
installation; then `dependency_hash`, and if that is not the one that was noted before, `dependencies_in_sync` and
perhaps `sync_dependencies`, and the new hash is noted. The environment is claimed by whatever changes it, and settled
when nothing is left to change.
"""

from __future__ import annotations

import atexit
import os
from contextlib import contextmanager
from functools import cached_property
from typing import TYPE_CHECKING, Any

from central_venv import CentralVenvError, project_home
from hatch.env.virtual import VirtualEnvironment
from hatch.python.core import PythonManager
from hatch.utils.structures import EnvVars

from hatch_central_venv._command import running_command
from hatch_central_venv._notes import CentralNotes
from hatch_central_venv._place import OF_SCRIPT, RUNNER, directory_name, option
from hatch_central_venv._uv import UVWithPrompt

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from central_venv import Environment, Holder
    from hatch.utils.fs import Path

#: The commands that remove environments if they exist.
_REMOVALS = frozenset({"env remove", "env prune"})

#: How an installer ends that could not do it, but was not interrupted by a signal.
_FAILURES = range(1, 128)

_CHANGED = "Another process has changed this environment meanwhile, so run this again"


class CentralEnvironment(VirtualEnvironment):
    """An environment in the project's home; elsewhere, if the user says so, a stock one."""

    PLUGIN_NAME = "central"

    def __init__(self, root: Path, metadata: Any, name: str, config: dict[str, Any], *rest: Any) -> None:
        """Find the environment's place. Writes nothing.

        Args:
            root: the project's directory, or the script.
            metadata: the project's metadata.
            name: the environment's name.
            config: its configuration.
            rest: matrix variables, data directory, isolated data directory, platform, verbosity, application.
        """
        app = rest[-1]
        self._central: Environment | None = None
        self._held_outside = False  # by the run whose command led to this one
        self._refused = False  # after that, hatch would remove what it takes for half made
        self._told = EnvVars()  # what commands are told while the environment is claimed
        self._found_ready = False  # by another process, while this one waited to create it
        self._settled = False  # complete as far as this process knows, and marked as used by it
        problem = None
        directories = app.config.dirs.env
        if "virtual" in directories and rest[1] == app.get_env_directory(self.PLUGIN_NAME):
            rest = (rest[0], app.get_env_directory("virtual"), *rest[2:])
        if chosen := config.get("path") or option("path"):
            config = {**config, "path": chosen}
        elif directories.keys().isdisjoint({"virtual", self.PLUGIN_NAME}):
            try:
                home = project_home(root, on_note=app.display_warning)
                if home is not None:
                    self._central = home.environment(RUNNER, directory_name(home, root, name))
                    config = {**config, "path": self._central.path}  # a copy: the project's own stays as it is
            except CentralVenvError as error:
                problem = error
        super().__init__(root, metadata, name, config, *rest)
        if problem is not None:
            self.app.abort(str(problem))
        if self._central is not None:
            self._held_outside = self._central.held_by_outer_run
            self.storage_path = self.virtual_env_path.parent  # `remove` removes it if it is empty
            self.app.project.env_metadata = CentralNotes(self.app.data_dir / "env" / ".metadata", root)
            if self.use_uv:
                self.virtual_env = UVWithPrompt(self.virtual_env_path, self.platform, self.verbosity, self._prompt)

    @cached_property
    def python_manager(self) -> PythonManager:
        """The Pythons that hatch has downloaded for stock environments: one copy is enough."""
        directory = self.isolated_data_directory
        if directory.name == self.PLUGIN_NAME:
            directory = directory.parent / "virtual"
        return PythonManager(directory / ".pythons")

    @cached_property
    def pre_install_commands(self) -> tuple[str, ...]:
        """None if another process has just run them."""
        return () if self._found_ready else super().pre_install_commands

    @cached_property
    def post_install_commands(self) -> tuple[str, ...]:
        """None if another process has just run them."""
        return () if self._found_ready else super().post_install_commands

    def install_project(self) -> None:
        """Install the project unless another process has just done so."""
        if not self._found_ready:
            super().install_project()

    def install_project_dev_mode(self) -> None:
        """Install the project unless another process has just done so."""
        if not self._found_ready:
            super().install_project_dev_mode()

    def exists(self) -> bool:
        """Whether the environment is complete, of the Python that is asked for, and that Python is there.

        While this process changes it, or one around this one does: whether its directory is there. For whoever wants
        to remove it: whether there is anything of it.
        """
        central = self._central
        if self._refused:
            return False
        if central is None or central.claimed or self._held_outside:
            return bool(super().exists())
        with self._aborting():
            if running_command() in _REMOVALS:
                return central.recorded or central.exists
            return central.is_ready(self._request)

    def create(self) -> None:
        """Create the environment in the place of whatever is there, unless another process has just done so."""
        central = self._central
        if central is None:
            super().create()
            return
        with self._aborting():
            self._claim(central)
            if central.is_ready(self._request):
                self._found_ready = True
                central.restore_record()
                self._release(central)
                return
            if os.path.lexists(central.path):
                self._refuse_if_used(central)
                self._refuse_if_in_the_way(central)
                central.discard_incomplete(self._request)
            with EnvVars({"VIRTUALENV_PROMPT": self._prompt}):
                super().create()
            if not central.exists:
                self.app.abort(f"Environment `{self.name}` could not be created in `{central.path}`")

    def remove(self) -> None:
        """Remove the environment unless another process uses it."""
        central = self._central
        if central is None:
            super().remove()
            return
        with self._aborting():
            self._refuse_inside()
            release = self._release if central.claimed else type(central).release
            central.claim_for_removal(on_wait=self._say_wait)
            if (user := central.in_use_by()) is not None:
                release(central)
                self._abort(self._used_by(user))
            central.discard()
            super().remove()
            release(central)

    def dependency_hash(self) -> str:
        """What hatch notes of the dependencies. If that has not changed, hatch leaves the environment as it is."""
        wanted: str = super().dependency_hash()
        if self._central is not None and not self._central.claimed and wanted == self.noted:
            self.settle()
        return wanted

    def sync_dependencies(self) -> None:
        """Synchronize the dependencies while nobody else does.

        hatch does so, too, for what a build needs besides or a lock file holds, and leaves its note as it is. Where it
        fails, the environment stays, and hatch tries again the next time. Where it is interrupted, half of a package
        may look like all of it: the environment is made anew.
        """
        central, noted = self._central, self.noted
        if central is not None and not self._held_outside:
            with self._aborting():
                self._claim(central)
        try:
            super().sync_dependencies()
        except Exception:
            self.settle()
            raise
        except SystemExit as error:
            if error.code in _FAILURES:
                self.settle()
            raise
        self.settle(noted)

    @property
    def is_central(self) -> bool:
        """Whether it lies in the project's home."""
        return self._central is not None

    @property
    def noted(self) -> str:
        """The hash of the dependencies that were synchronized last; empty if nobody knows."""
        with self._aborting():
            return "" if self._central is None else self._central.note or ""

    def settle(self, noted: str | None = None) -> None:
        """Let others have the environment, and mark that this process uses it until it ends.

        Args:
            noted: the hash of the dependencies that it has now; None if that has not changed, or is not known.
        """
        central = self._central
        if central is None or self._held_outside:
            return
        with self._aborting():
            if noted is not None and not central.claimed:
                self._claim(central, reused=True)
                if not central.is_ready(self._request):
                    self._refuse(central, f"{_CHANGED}: `{self.name}`")
            if central.claimed:
                central.seal(noted or None)
            if not self._settled:
                if not central.use(self._request, on_wait=self._say_wait):
                    self.app.abort(f"{_CHANGED}: `{self.name}`")
                atexit.register(central.uses.end)
                self._settled = True
            if central.claimed:
                self._release(central)

    @property
    def _request(self) -> str:
        """The Python that the configuration asks for, in its own words."""
        return str(self.config.get("python", ""))

    @cached_property
    def _prompt(self) -> str:
        """What users of hatch know: the project's name for the default environment, else the environment's."""
        if self.name != "default":
            return self.root.name if self.root.is_file() else self.name
        return str(self.metadata.name) if "project" in self.metadata.config else self.root.name

    def _refuse_inside(self) -> None:
        if self._held_outside:
            self.app.abort(f"Environment `{self.name}` is being changed by the run that this one belongs to")

    def _claim(self, central: Environment, *, reused: bool = False) -> None:
        self._refuse_inside()
        if not central.claimed:
            name = OF_SCRIPT if self.root.is_file() else self.name
            command = f"hatch {running_command()}".rstrip()  # its arguments may be the user's command, with passwords
            central.claim(name, request=self._request, on_wait=self._say_wait, command=command, reused=reused)
            if central.run_only:
                return
            self._told = EnvVars(central.command_variables)
            self._told.__enter__()

    def _release(self, central: Environment) -> None:
        central.release()
        self._told.__exit__(None, None, None)

    def _refuse_if_used(self, central: Environment) -> None:
        if (user := central.in_use_by()) is not None:
            self._refuse(central, self._used_by(user))

    def _used_by(self, user: str) -> str:
        return f"Environment `{self.name}` is in use by {user}, which must end first"

    def _refuse_if_in_the_way(self, central: Environment) -> None:
        """Whatever was not recorded and is no environment may be somebody's work."""
        if not central.recorded and not central.exists:
            self._refuse(central, f"`{central.path}` is in the way of environment `{self.name}`: move it away")

    def _refuse(self, central: Environment, reason: str) -> None:
        central.restore_record()
        self._release(central)
        self._abort(reason)

    def _abort(self, reason: str) -> None:
        self._refused = True
        self.app.abort(reason)

    def enter_shell(self, name: str, path: str, args: Iterable[str]) -> None:
        """Use the environment until the shell ends, which may take the place of this process."""
        if self._central is not None:
            self._central.uses.make_inheritable()
        super().enter_shell(name, path, args)

    @cached_property
    def explicit_uv_path(self) -> str:
        """Where uv is, if the user says so for this type or for stock environments."""
        return option("uv_path") or str(super().explicit_uv_path)

    def _say_wait(self, holder: Holder | None) -> None:
        self.app.display_warning(f"waiting for environment `{self.name}`, in use by {holder or 'another process'}")

    @contextmanager
    def _aborting(self) -> Iterator[None]:
        """End with our error as hatch ends with its own."""
        try:
            yield
        except CentralVenvError as error:
            self._refused = True
            self.app.abort(str(error))
