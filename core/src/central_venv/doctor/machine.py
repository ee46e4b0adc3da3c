"""What is wrong with this machine: variables, caches and programs."""

from __future__ import annotations

import os
import sys
from shutil import which

from central_venv.doctor.finding import MACHINE, command, note, wrong
from central_venv.doctor.homes import record_of
from central_venv.doctor.programs import RUNNERS, find_runners, is_externally_managed
from central_venv.machine import host, toml
from central_venv.policy.key import home_name, is_home_name
from central_venv.policy.layout import PROJECT_ENVIRONMENT
from central_venv.project_link import kernels
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from central_venv.doctor.finding import Finding
    from central_venv.doctor.programs import FoundRunner
    from central_venv.store.store import Store

_UNSET = "`unset UV_PROJECT_ENVIRONMENT`"
#: What a receipt of `uv tool install` may say that a command line can repeat.
_KNOWN_OF_TOOL = frozenset({"requirements", "python", "entrypoints"})
_KNOWN_OF_REQUIREMENT = frozenset({"name", "extras", "specifier", "marker"})
_THERE = "on the file system of the store"
#: What else it takes to use a plugin.
_THEN = {
    "hatch": ", then add a table `tool.hatch.env.collectors.central` to the project's pyproject.toml",
    "nox": ", then call `nox_central_venv.enable()` in the noxfile",
}


def examine(store: Store | None, root: str | None) -> Iterator[Finding]:
    """Look at this machine.

    Args:
        store: None if nobody can tell where it is.
        root: true path of the project root that was asked about, if any.
    """
    if store is not None:
        yield from _uv_cache(store.path)
        yield from _kernels(store.path)
    yield from _uv_environment(None if store is None else store.path, root)
    yield from _active_environment()
    for runner in find_runners():
        yield _plugin(runner)


def _kernels(store: str) -> Iterator[Finding]:
    for kernel in kernels.dangling(store):
        yield wrong(
            MACHINE,
            "kernel-dangling",
            f"the kernel `{kernel.path}` of Jupyter names `{kernel.place}`, which does not exist",
            f"remove `{os.path.dirname(kernel.path)}`, or install the kernel anew",
        )


def _uv_cache(store: str) -> Iterator[Finding]:
    """Uv links files from its cache instead of copying them, where both lie on one file system."""
    cache = os.path.abspath(os.environ.get("UV_CACHE_DIR") or _default_uv_cache())
    if which("uv") is None and not os.path.isdir(cache):
        return
    if not _links_to(cache, store):
        beside = os.path.join(os.path.dirname(store), "uv-cache")
        fits = _links_to(beside, store)
        yield note(
            MACHINE,
            "uv-cache-on-another-file-system",
            f"uv's cache `{cache}` and the store `{store}` are on two file systems, so uv copies what it could link",
            f"set `UV_CACHE_DIR` to a directory {f'beside the store, such as `{beside}`' if fits else _THERE}",
        )


def _default_uv_cache() -> str:
    if sys.platform == "win32":
        return os.path.join(os.environ.get("LOCALAPPDATA", ""), "uv", "cache")
    else:  # noqa: RET505  # type checkers understand this form
        base = os.environ.get("XDG_CACHE_HOME", "")
        return os.path.join(base if os.path.isabs(base) else os.path.expanduser("~/.cache"), "uv")


def _links_to(cache: str, store: str) -> bool:
    """Whether uv can link files of a cache into a store; yes where nothing tells."""
    try:
        return host.links_across(_existing(cache), _existing(store))
    except OSError:
        return True


def _existing(path: str) -> str:
    """The true path of what is there, or of the nearest directory above that is."""
    path = os.path.realpath(path)
    while not os.path.exists(path) and path != os.path.dirname(path):
        path = os.path.dirname(path)
    return path


def _uv_environment(store: str | None, root: str | None) -> Iterator[Finding]:
    """Uv makes the environment that this variable names that of whatever project it is called in."""
    path = os.environ.get("UV_PROJECT_ENVIRONMENT", "")
    if not os.path.isabs(path):  # unset, or a path in each project
        return
    parent, name = os.path.split(os.path.normpath(path))
    parent = os.path.realpath(parent)
    if parent == root and name == PROJECT_ENVIRONMENT:
        return
    place = os.path.join(parent, name)
    home = None if store is None else _home_above(store, place)
    if home is not None and root is not None and home != place and os.path.basename(home) == home_name(root):
        return
    others = home is not None or (parent != root and os.path.lexists(os.path.join(parent, "pyproject.toml")))
    owner = parent if home is None else _owner(home)
    what = (
        f"`UV_PROJECT_ENVIRONMENT` is `{path}`{f', an environment of `{owner}`' if others and owner else ''}: "
        "uv changes that environment for every project it is called in"
    )
    if others:
        yield wrong(
            MACHINE, "uv-variable-names-another-project", what, f"{_UNSET}, and remove it from what your shell reads"
        )
    else:
        yield note(MACHINE, "uv-variable-names-one-environment", what, f"unless you want that, {_UNSET}")


def _home_above(store: str, path: str) -> str | None:
    """The home in the store that a path is or lies in."""
    above = os.path.join(os.path.realpath(store), "")
    if not path.startswith(above):
        return None
    name = path.removeprefix(above).split(os.sep)[0]
    return os.path.join(above, name) if is_home_name(name) else None


def _owner(home: str) -> str | None:
    """The project that a home is of."""
    record = record_of(home)
    return None if record is None else record.root


def _active_environment() -> Iterator[Finding]:
    path = os.environ.get("VIRTUAL_ENV", "")
    if path and not venv.is_environment(os.path.realpath(path)):
        yield wrong(
            MACHINE,
            "active-environment-missing",
            f"`VIRTUAL_ENV` is `{path}`, where there is no environment any more",
            "`deactivate`, or open a new shell",
        )


def _plugin(runner: FoundRunner) -> Finding:
    plugin = RUNNERS[runner.name]
    where = f"`{runner.name}` {runner.version} in `{runner.prefix}`"
    if runner.plugin_version is not None:
        return note(MACHINE, "plugin-installed", f"{where} has `{plugin}` {runner.plugin_version}")
    remedy = f"{_installation(runner, plugin)}{_THEN.get(runner.name, '')}"
    return note(MACHINE, "plugin-missing", f"{where} lacks `{plugin}`, so its environments go elsewhere", remedy)


def _installation(runner: FoundRunner, plugin: str) -> str:
    above = runner.prefix.replace(os.sep, "/").split("/")[:-1]
    if above[-2:] == ["pipx", "venvs"]:
        return command("pipx", "inject", os.path.basename(runner.prefix), plugin)
    receipt = os.path.join(runner.prefix, "uv-receipt.toml")
    if above[-2:] == ["uv", "tools"] or os.path.lexists(receipt):  # `UV_TOOL_DIR` can be any directory
        words = _uv_tool(os.path.basename(runner.prefix), receipt)
        if words is None:
            return f"`uv tool install` with the same arguments as before, and `--with {plugin}`"
        return command("uv", "tool", "install", *words, "--with", plugin)
    if is_externally_managed(runner.interpreter):
        return f"{command('pipx', 'install', runner.name)}, then {command('pipx', 'inject', runner.name, plugin)}"
    if runner.has_pip:
        return command(runner.interpreter, "-m", "pip", "install", plugin)
    return command("uv", "pip", "install", "--python", runner.interpreter, plugin)


def _uv_tool(name: str, receipt: str) -> list[str] | None:
    """What `uv tool install` was called with, as its receipt says: what is not repeated would be uninstalled.

    None if only the user can tell.
    """
    try:
        tool = toml.load(receipt).get("tool")
    except FileNotFoundError:
        return [name]
    except (OSError, toml.NotTOMLError):
        return None
    if not isinstance(tool, dict) or not tool.keys() <= _KNOWN_OF_TOOL:
        return None
    requirements, python = tool.get("requirements"), tool.get("python", "")
    if not isinstance(requirements, list) or not isinstance(python, str):
        return None
    words = [_requirement(requirement) for requirement in requirements]
    own = [word for word, given in zip(words, requirements, strict=True) if word and given["name"] == name]
    if len(own) != 1 or None in words:
        return None
    others = [word for word in words if word is not None and word != own[0]]
    options = ["--python", python] if python else []
    return [*own, *options, *(part for word in others for part in ("--with", word))]


def _requirement(fields: object) -> str | None:
    """A requirement of a receipt as it is written on a command line; None if it comes from elsewhere than an index."""
    if not isinstance(fields, dict) or not fields.keys() <= _KNOWN_OF_REQUIREMENT:
        return None
    extras = fields.get("extras", [])
    texts = [fields.get("name"), fields.get("specifier", ""), fields.get("marker", "")]
    if not isinstance(extras, list) or not all(isinstance(text, str) for text in (*texts, *extras)):
        return None
    name, specifier, marker = texts
    listed = f"[{','.join(extras)}]" if extras else ""
    return f"{name}{listed}{specifier}{f' ; {marker}' if marker else ''}"
