"""Programs of the system's package archive, unpacked into `.dev/hosts` where they are not installed."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from typing import TYPE_CHECKING

from filelock import FileLock

from support.hosts import HOSTS

if TYPE_CHECKING:
    from pathlib import Path

#: What a program needs besides what every system has.
_PACKAGES = {
    "zsh": ("zsh", "zsh-common"),
    "fish": ("fish", "fish-common", "libpcre2-32-0"),
    "direnv": ("direnv",),
    "tcsh": ("tcsh",),
    "luacheck": ("lua-check", "lua-argparse", "lua-filesystem", "lua5.1", "liblua5.1-0"),
}

#: Where programs look for what belongs to them: the directories, what is made of each, and what is between.
_VARIABLES = {
    "LD_LIBRARY_PATH": ("usr/lib/*-linux-*", "{0}", os.pathsep),
    "FPATH": ("usr/share/zsh/functions/*", "{0}", os.pathsep),
    "LUA_PATH": ("usr/share/lua/5.1", "{0}/?.lua;{0}/?/init.lua", ";"),
    "LUA_CPATH": ("usr/lib/*-linux-*/lua/5.1", "{0}/?.so", ";"),
}


@dataclass(frozen=True)
class Program:
    """A program, with the variables that it needs to run from where it is."""

    path: str
    variables: dict[str, str]


def find_program(name: str) -> Program | None:
    """An installed program, or an unpacked one; None if this system has neither."""
    if found := shutil.which(name):
        return Program(found, {})
    if name not in _PACKAGES or not shutil.which("apt-get") or not shutil.which("dpkg-deb"):
        return None
    root = HOSTS / f"debian-{name}"
    HOSTS.mkdir(parents=True, exist_ok=True)
    with FileLock(f"{root}.lock"):
        if not (root / "done").exists() and not _unpack(name, root):
            return None
    program = next((path for path in (root / "usr" / "bin" / name, root / "bin" / name) if path.exists()), None)
    if program is None:
        return None
    variables = {}
    for variable, (pattern, form, separator) in _VARIABLES.items():
        if paths := sorted(root.glob(pattern)):
            variables[variable] = separator.join(form.format(path) for path in paths)
    return Program(str(program), variables)


def _unpack(name: str, root: Path) -> bool:
    shutil.rmtree(root, ignore_errors=True)
    root.mkdir()
    if subprocess.run(["apt-get", "download", *_PACKAGES[name]], cwd=root, check=False, capture_output=True).returncode:
        return False
    for package in root.glob("*.deb"):
        subprocess.run(["dpkg-deb", "-x", package, root], check=True)
    (root / "done").touch()
    return True
