"""Mending the programs of an environment: scripts that name its Python, and how to activate it."""

from __future__ import annotations

import os
import re
import shlex
import sys

from central_venv.machine import files
from central_venv.repair.coded_paths import DOUBLED_BACKSLASH
from central_venv.repair.places import UnrepairableError, is_below
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Collection, Iterator

    from central_venv.repair.changes import Changes, File

_PROGRAMS = os.path.dirname(venv.PYTHON)
_BEGINNING = 4096

#: What a kernel reads of a script's first line, with its end.
_LONGEST_FIRST_LINE = 512 if sys.platform == "darwin" else 127
_PYTHON_LINE = re.compile(rb"#!\s*(?P<program>/.*/(?:python|pypy|graalpy)[\w.]*)(?P<arguments>(?: .*)?)")
_SHELL_LINE = b"#!/bin/sh\n'''exec' "
_LAUNCHER = ".exe"
_ACTIVATION = "activate"


def look_at_programs(changes: Changes) -> None:
    """Find what is to change in the programs of an environment.

    Raises:
        UnrepairableError: one of them cannot be mended.
        OSError: one of them cannot be read.
    """
    for entry in files.entries(os.path.join(changes.path, _PROGRAMS)):
        if entry.is_symlink():
            changes.change_link(entry.path)
        elif entry.is_file(follow_symlinks=False):
            _look_at_program(changes, entry)


def without_python(path: str, places: Collection[str]) -> Iterator[tuple[str, str]]:
    """The scripts of an environment whose Python ought to lie in one of several places, and does not.

    Args:
        path: absolute path of the environment.
        places: absolute paths of directories.

    Yields:
        The name of the script, and the Python that it names.
    """
    for entry in files.entries(os.path.join(path, _PROGRAMS)):
        if not entry.is_file(follow_symlinks=False):
            continue
        with open(entry.path, "rb") as stream:
            program = _python_of(stream.read(_BEGINNING))
        if any(is_below(program, place) for place in places) and not os.path.exists(program):
            yield entry.name, program


def environments_named(path: str) -> Iterator[tuple[str, str]]:
    """The environments whose Python the scripts of an environment name.

    Args:
        path: absolute path of the environment.

    Yields:
        The name of the script, and the absolute path of the environment that it names.
    """
    for entry in files.entries(os.path.join(path, _PROGRAMS)):
        if not entry.is_file(follow_symlinks=False):
            continue
        try:
            with open(entry.path, "rb") as stream:
                program = _python_of(stream.read(_BEGINNING))
        except OSError:
            continue
        environment, programs = os.path.split(os.path.dirname(program))
        if programs == _PROGRAMS:
            yield entry.name, environment


def _python_of(beginning: bytes) -> str:
    """The Python that the first lines of a script name; empty if they name none."""
    lines = beginning.split(b"\n", 2)
    found = _PYTHON_LINE.fullmatch(lines[0].rstrip(b"\r"))
    if found is not None:
        return os.fsdecode(found["program"])
    if not beginning.startswith(_SHELL_LINE):
        return ""
    try:
        words = shlex.split(os.fsdecode(lines[1]))
    except ValueError:
        return ""
    return words[1] if len(words) > 1 else ""


def _look_at_program(changes: Changes, entry: os.DirEntry[str]) -> None:
    launcher = entry.name.lower().endswith(_LAUNCHER)
    file = changes.read(entry.path, None if launcher else _is_script_or_text)
    if file is None:
        return
    if launcher:
        if changes.places.in_text(file.old) != file.old:
            name = changes.short(entry.path)
            raise UnrepairableError(f"the launcher `{name}` holds the path of its former place")
    elif b"\0" in file.old:  # an archive behind a first line
        first, end, rest = file.old.partition(b"\n")
        file.new = _first_line(changes, file, changes.places.in_script(first + end)) + rest
    elif entry.name.startswith(_ACTIVATION) and not file.old.startswith(b"#!"):
        file.new = changes.places.in_activation(file.old)
    else:
        text = changes.places.in_script(file.old)
        if _PYTHON_LINE.match(text) or text.startswith(_SHELL_LINE):
            text = _python_script(changes, file, text)
        file.new = _first_line(changes, file, text)


def _python_script(changes: Changes, file: File, text: bytes) -> bytes:
    try:
        return changes.places.in_python(text)
    except UnrepairableError as error:
        raise UnrepairableError(f"`{changes.short(file.path)}`: {error}") from None


def _first_line(changes: Changes, file: File, text: bytes) -> bytes:
    """A script, with a first line that a kernel understands.

    One that is too long, or that has blanks in its path, has `/bin/sh` start the program: as pip and uv write it.
    """
    line, end, rest = text.partition(b"\n")
    if line == file.old.partition(b"\n")[0] or not line.startswith(b"#!") or not end:
        return text
    found = _PYTHON_LINE.fullmatch(line.rstrip(b"\r"))
    if len(line) < _LONGEST_FIRST_LINE and (found is None or b" " not in found["program"]):
        return text
    if found is None:
        raise UnrepairableError(f"the first line of `{changes.short(file.path)}` is too long for this system now")
    quoted = found["program"].replace(b"'", b"'\"'\"'").replace(b"\\", DOUBLED_BACKSLASH)
    program = b"'" + quoted + b"'"
    return _SHELL_LINE + program + found["arguments"] + b' "$0" "$@"\n' + b"' '''\n" + rest


def _is_script_or_text(beginning: bytes) -> bool:
    return beginning.startswith(b"#!") or b"\0" not in beginning
