"""What is wrong with this machine: variables, caches and programs."""

from __future__ import annotations

import os
import sys
from shutil import which

from central_venv import venv
from central_venv.doctor.finding import MACHINE, command, note, wrong
from central_venv.doctor.programs import RUNNERS, find_runners
from central_venv.errors import CentralVenvError
from central_venv.key import home_name
from central_venv.layout import PROJECT_ENVIRONMENT, project_record_path
from central_venv.record import read_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from central_venv.doctor.finding import Finding
    from central_venv.doctor.programs import FoundRunner
    from central_venv.store import Store


def examine(store: Store | None, root: str | None) -> Iterator[Finding]:
    """Look at this machine.

    Args:
        store: None if nobody can tell where it is.
        root: true path of the project root that was asked about, if any.
    """
    if store is not None:
        yield from _uv_cache(store.path)
    yield from _uv_environment(None if store is None else store.path, root)
    yield from _active_environment()
    for runner in find_runners():
        yield _plugin(runner)


def _uv_cache(store: str) -> Iterator[Finding]:
    """Uv links files from its cache instead of copying them, where both lie on one file system."""
    cache = os.path.abspath(os.environ.get("UV_CACHE_DIR") or _default_uv_cache())
    if which("uv") is None and not os.path.isdir(cache):
        return
    devices = _device(cache), _device(store)
    if None not in devices and devices[0] != devices[1]:
        beside = os.path.join(os.path.dirname(store), "uv-cache")
        yield note(
            MACHINE,
            f"uv's cache `{cache}` and the store `{store}` are on two file systems, so uv copies what it could link",
            f"set `UV_CACHE_DIR` to a directory beside the store, such as `{beside}`",
        )


def _default_uv_cache() -> str:
    if sys.platform == "win32":
        return os.path.join(os.environ.get("LOCALAPPDATA", ""), "uv", "cache")
    else:  # noqa: RET505  # type checkers understand this form
        base = os.environ.get("XDG_CACHE_HOME", "")
        return os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.cache"), "uv")


def _device(path: str) -> int | None:
    """The file system that a path is or would be on."""
    while True:
        try:
            return os.stat(path).st_dev
        except OSError:
            parent = os.path.dirname(path)
            if parent == path:
                return None
            path = parent


def _uv_environment(store: str | None, root: str | None) -> Iterator[Finding]:
    """Uv makes the environment that this variable names that of whatever project it is called in."""
    path = os.environ.get("UV_PROJECT_ENVIRONMENT", "")
    if not os.path.isabs(path):  # unset, or a path in each project
        return
    home, name = os.path.split(os.path.normpath(path))
    if store is not None and root is not None and name.startswith(PROJECT_ENVIRONMENT):
        own = os.path.join(store, home_name(root))
        if os.path.realpath(home) == os.path.realpath(own):
            return
    owner = None if store is None else _owner(store, path)
    yield wrong(
        MACHINE,
        f"`UV_PROJECT_ENVIRONMENT` is `{path}`{'' if owner is None else f', an environment of `{owner}`'}: "
        "uv changes that environment for every project it is called in",
        "`unset UV_PROJECT_ENVIRONMENT`, and remove it from what your shell reads",
    )


def _owner(store: str, path: str) -> str | None:
    """Whose environment a path in the store is."""
    above, path = os.path.join(os.path.realpath(store), ""), os.path.realpath(path)
    if not path.startswith(above):
        return None
    name = path.removeprefix(above).split(os.sep)[0]
    try:
        record = read_project(project_record_path(os.path.join(store, name)))
    except CentralVenvError:
        return None
    return None if record is None else record.root


def _active_environment() -> Iterator[Finding]:
    path = os.environ.get("VIRTUAL_ENV", "")
    if path and not venv.is_environment(os.path.realpath(path)):
        yield wrong(
            MACHINE,
            f"`VIRTUAL_ENV` is `{path}`, where there is no environment any more",
            "`deactivate`, or open a new shell",
        )


def _plugin(runner: FoundRunner) -> Finding:
    plugin = RUNNERS[runner.name]
    where = f"`{runner.name}` {runner.version} in `{runner.prefix}`"
    if runner.plugin_version is not None:
        return note(MACHINE, f"{where} has `{plugin}` {runner.plugin_version}")
    return note(MACHINE, f"{where} lacks `{plugin}`, so its environments go elsewhere", _installation(runner, plugin))


def _installation(runner: FoundRunner, plugin: str) -> str:
    above = runner.prefix.replace(os.sep, "/").split("/")[:-1]
    if above[-2:] == ["pipx", "venvs"]:
        return command("pipx", "inject", os.path.basename(runner.prefix), plugin)
    if above[-2:] == ["uv", "tools"]:
        return command("uv", "tool", "install", os.path.basename(runner.prefix), "--with", plugin)
    if runner.has_pip:
        return command(runner.interpreter, "-m", "pip", "install", plugin)
    return command("uv", "pip", "install", "--python", runner.interpreter, plugin)
