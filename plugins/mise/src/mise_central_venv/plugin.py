"""Where mise looks for plugins, and what is there.

It is copied, not linked: the environment that this package is in may be made anew or removed, and a link into nowhere
breaks every command of mise.
"""

from __future__ import annotations

import json
import os
import shutil
import sys
import tempfile
from enum import Enum
from importlib.metadata import version
from pathlib import Path

from central_venv import CentralVenvError

#: What mise calls the plugin: `_.central-venv` in its configuration.
NAME = "central-venv"
#: The file that says that a plugin is ours, and which version.
MARK = "mise-central-venv.json"
#: Which program the plugin calls.
COMMAND = Path("lib", "command.lua")

#: What `-m central_venv` does, but a project's modules are none of ours: it is run in projects.
_WITHOUT_CURRENT_DIRECTORY = "import sys; sys.path[:] = filter(None, sys.path); import central_venv.__main__"

_PARTS = ("metadata.lua", "hooks", "lib")


class PluginError(CentralVenvError):
    """The plugin cannot be put where mise looks for it, or be taken away: make room for it."""


class State(Enum):
    """What is where mise looks for the plugin."""

    CURRENT = "installed"
    OUTDATED = "outdated"
    ABSENT = "not installed"
    FOREIGN = "another plugin"


def plugin_directory() -> Path:
    """Where mise looks for the plugin: its data directory, by mise's own rules."""
    if data := os.environ.get("MISE_DATA_DIR"):
        return Path(data).expanduser() / "plugins" / NAME
    base = os.environ.get("XDG_DATA_HOME") or os.path.join(os.path.expanduser("~"), ".local", "share")
    return Path(base, "mise", "plugins", NAME)


def state() -> State:
    """What is there now.

    Raises:
        PluginError: it cannot be read.
    """
    directory = plugin_directory()
    if not os.path.lexists(directory):
        return State.ABSENT
    if not _is_ours(directory):
        return State.FOREIGN
    try:
        return State.CURRENT if _content(directory) == _wanted() else State.OUTDATED
    except OSError as error:
        raise _failed("read", directory, error) from error


def install() -> None:
    """Put the plugin there, or bring it up to date; mise never sees half of one.

    Raises:
        PluginError: something else is there, it cannot be written, or this is Windows.
    """
    if os.name == "nt":
        raise PluginError("mise on Windows has no POSIX shell, which the plugin needs", hint="use `central-venv env`")
    directory = plugin_directory()
    _refuse_foreign(directory)
    try:
        directory.parent.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=f".{NAME}-", dir=directory.parent) as temporary:
            new = Path(temporary, "new")
            for name, content in _wanted().items():
                file = new / name
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
            if directory.exists():
                directory.rename(Path(temporary, "old"))
            new.rename(directory)
    except OSError as error:
        raise _failed("write", directory, error) from error


def uninstall() -> bool:
    """Take the plugin away.

    Returns:
        Whether there was one.

    Raises:
        PluginError: what is there is not ours, or it cannot be removed.
    """
    directory = plugin_directory()
    if not os.path.lexists(directory):
        return False
    _refuse_foreign(directory)
    try:
        shutil.rmtree(directory)
    except OSError as error:
        raise _failed("remove", directory, error) from error
    return True


def _source() -> Path:
    """The plugin's files: in this package, or in the checkout that it is installed from."""
    package = Path(__file__).resolve().parent
    shipped = package / "lua"
    return shipped if shipped.is_dir() else package.parent.parent


def _wanted() -> dict[str, bytes]:
    """What an installed plugin consists of."""
    source = _source()
    files = [
        file for part in _PARTS for file in sorted({source / part, *(source / part).glob("*.lua")}) if file.is_file()
    ]
    wanted = {file.relative_to(source).as_posix(): file.read_bytes() for file in files}
    wanted[COMMAND.as_posix()] = _command().encode()
    wanted[MARK] = json.dumps({"version": version("mise-central-venv")}).encode()
    return wanted


def _content(directory: Path) -> dict[str, bytes]:
    files = (path for path in directory.rglob("*") if path.is_file())
    return {path.relative_to(directory).as_posix(): path.read_bytes() for path in files}


def _command() -> str:
    """A Lua module with the words that start the command line of central-venv, which need not be on the path."""
    program = Path(sys.executable).with_name("central-venv.exe" if sys.platform == "win32" else "central-venv")
    words = [str(program)] if program.exists() else [sys.executable, "-c", _WITHOUT_CURRENT_DIRECTORY]
    return f"return {{ {', '.join(map(_lua_string, words))} }}\n"


def _lua_string(text: str) -> str:
    return '"' + "".join(f"\\{byte:03d}" if byte in b'"\\\n\r' else chr(byte) for byte in os.fsencode(text)) + '"'


def _is_ours(directory: Path) -> bool:
    return not directory.is_symlink() and (directory / MARK).is_file()


def _refuse_foreign(directory: Path) -> None:
    if os.path.lexists(directory) and not _is_ours(directory):
        raise PluginError(
            f"`{directory}` was not put there by mise-central-venv",
            hint=f"if nobody needs it, remove it with `mise plugin uninstall {NAME}`",
        )


def _failed(what: str, directory: Path, error: OSError) -> PluginError:
    return PluginError(
        f"cannot {what} `{directory}`: {error.strerror or error}",
        hint="make that possible, then try again",
    )
