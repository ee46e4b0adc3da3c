"""Which processes run from an environment without having said so: kernels, servers, what a killed runner left behind.

A process runs from an environment if it was started by a path in it or its program lies in it, or if it is an
interpreter that was told by ``VIRTUAL_ENV`` or ``CONDA_PREFIX`` to be in it or has loaded one of its files. A shell in
which an environment is merely active does not count, and neither does this process there. Linux tells all of this;
macOS tells by what path a process was started; Windows lets nobody rename a directory that a process runs from.
"""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_PROCESSES = "/proc"
_VARIABLES = (b"VIRTUAL_ENV", b"CONDA_PREFIX")
_INTERPRETERS = (b"python", b"pypy", b"graalpy")


class Running:
    """The processes that run from somewhere in a store.

    Attributes:
        store: absolute path of the store.
    """

    __slots__ = ("_paths", "store")

    def __init__(self, store: str) -> None:
        """Look at the processes of this moment.

        Args:
            store: absolute path of the store.
        """
        self.store = store
        spellings = {os.fsencode(os.path.join(each, "")) for each in (store, os.path.realpath(store))}
        # What each uses, from the store on.
        self._paths = [
            (path[len(spelling) :] + os.sep.encode(), pid)
            for pid, path in _paths()
            for spelling in spellings
            if path.startswith(spelling)
        ]

    def from_environment(self, path: str) -> int | None:
        """The id of a process that runs from an environment, or None.

        Args:
            path: absolute path of the environment, in the store.
        """
        if not self._paths:
            return None
        beginning = os.fsencode(os.path.join(os.path.relpath(path, self.store), ""))
        return next((pid for used, pid in self._paths if used.startswith(beginning)), None)


def _paths() -> Iterator[tuple[int, bytes]]:
    """Each process's id with each path that it uses; in some cases more than once."""
    if sys.platform == "darwin":
        yield from _macos_paths()
    elif os.path.isdir(_PROCESSES):
        for name in os.listdir(_PROCESSES):
            if name.isdigit():
                yield from ((int(name), path) for path in _linux_paths(os.path.join(_PROCESSES, name)))


def _linux_paths(process: str) -> Iterator[bytes]:
    try:
        program, directory = (os.readlink(os.fsencode(os.path.join(process, name))) for name in ("exe", "cwd"))
    except OSError:  # another user's, the kernel's own, or it ended
        return
    yield program
    words = _content(process, "cmdline").split(b"\0")[:2]  # the interpreter, or what a script's first line names, first
    is_interpreter = program.rpartition(b"/")[2].startswith(_INTERPRETERS)
    variables = dict(_variables(process)) if is_interpreter else {}
    for word in words:
        if b"/" in word:
            for start in (directory, variables.get(b"PWD", directory)):  # it may have gone elsewhere since
                yield from _spellings(os.path.normpath(os.path.join(start, word)))
    if not is_interpreter:
        return
    if words[0] and b"/" not in words[0]:
        yield from _on_search_path(words[0], variables)
    for name in _VARIABLES if process != os.path.join(_PROCESSES, str(os.getpid())) else ():
        if name in variables:
            yield from _spellings(variables[name])
    for line in _content(process, "maps").splitlines():
        yield line[line.find(b"/") :]


def _on_search_path(name: bytes, variables: dict[bytes, bytes]) -> Iterator[bytes]:
    """The program that a process was started as, by its name alone."""
    for directory in variables.get(b"PATH", b"").split(b":"):
        path = os.path.join(directory, name)
        if os.path.lexists(path):
            yield from _spellings(path)
            return


def _spellings(path: bytes) -> Iterator[bytes]:
    """A path as it was given, and with the links on the way to it resolved."""
    yield path
    directory, name = os.path.split(path)
    yield os.path.join(os.path.realpath(directory), name)
    if os.path.isdir(path):
        yield os.path.realpath(path)


def _variables(process: str) -> Iterator[tuple[bytes, bytes]]:
    for variable in _content(process, "environ").split(b"\0"):
        name, equals, value = variable.partition(b"=")
        if equals:
            yield name, value


def _content(process: str, name: str) -> bytes:
    try:
        with open(os.path.join(process, name), "rb") as file:
            return file.read()
    except OSError:  # another user's, or it ended
        return b""


def _macos_paths() -> Iterator[tuple[int, bytes]]:
    import subprocess

    listed = subprocess.run(["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, check=False).stdout
    for line in listed.splitlines():
        pid, _, command = line.strip().partition(b" ")
        if pid.isdigit():
            yield from ((int(pid), word) for word in command.split()[:2])
