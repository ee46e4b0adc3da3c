"""Which processes run from an environment without having said so: kernels, servers, what a killed runner left behind.

A process runs from an environment if it was started by a path in it, if it maps a file of it, as each program maps
itself and its libraries, or if it is an interpreter that was told by ``VIRTUAL_ENV`` or ``CONDA_PREFIX`` to be in it. A
process that hides all but its command, as another user's does, counts if a word of that names a path in it. A shell in
which an environment is merely active or that merely stands in it does not count, and neither does this process there.

A path counts by what it says, and by the directories that it leads through: the store may have been mounted a second
time, or be seen from a container. Linux tells all of this; macOS tells by what path a process was started; Windows lets
nobody rename a directory that a process runs from.
"""

from __future__ import annotations

import errno
import os
import re
import sys
from contextlib import suppress

from central_venv.errors import StoreError
from central_venv.machine import files
from central_venv.machine.hung_mounts import HungMounts

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

_PROCESSES = "/proc"
_VARIABLES = (b"VIRTUAL_ENV", b"CONDA_PREFIX")
_INTERPRETERS = (b"python", b"pypy", b"graalpy")
_NO_MEANS = {errno.EMFILE, errno.ENFILE, errno.ENOMEM}
#: A line of what a process maps: the device of a file, and its path. See proc_pid_maps(5).
_MAPPED = re.compile(rb"^\S+ \S+ \S+ (\S+) \d+ +(/.*)$", re.MULTILINE)


class Running:
    """The processes that run from somewhere in a store.

    Attributes:
        store: absolute path of the store.
    """

    __slots__ = ("_directories", "_hung", "_paths", "store")

    def __init__(self, store: str) -> None:
        """Look at the processes of this moment.

        Args:
            store: absolute path of the store.

        Raises:
            StoreError: nobody can tell which there are.
        """
        self.store = store
        spellings = tuple({os.fsencode(os.path.join(each, "")) for each in (store, os.path.realpath(store))})
        # What each uses, from the store on; and by device and inode, whatever it is called where the process is.
        self._paths: list[tuple[bytes, int]] = []
        self._directories: dict[tuple[int, int], int] = {}
        self._hung = HungMounts(lambda _: None)  # what does not answer can be looked at by its paths only
        seen: set[bytes] = set()
        try:
            for pid, path in _paths(spellings, _device(store), self._hung):
                if path in seen:  # as most of what a process maps
                    continue
                used = [path[len(spelling) :] for spelling in spellings if path.startswith(spelling)]
                self._paths += [(each + os.sep.encode(), pid) for each in used]
                self._note_directories(path, pid, seen)
        except OSError as error:
            raise StoreError(
                f"cannot look at the processes, so nobody can tell what is in use: {files.reason(error)}",
                hint="end programs that have many files open, then run the command again",
            ) from error

    def from_environment(self, path: str) -> int | None:
        """The id of a process that runs from an environment, or None.

        Args:
            path: absolute path of the environment, in the store.
        """
        if self._paths:
            beginning = os.fsencode(os.path.join(os.path.relpath(path, self.store), ""))
            pid = next((pid for used, pid in self._paths if used.startswith(beginning)), None)
            if pid is not None:
                return pid
        try:
            status = os.stat(path)
        except OSError:  # then no process was seen in it, either
            return None
        return self._directories.get((status.st_dev, status.st_ino))

    def _note_directories(self, path: bytes, pid: int, seen: set[bytes]) -> None:
        """Note what a path leads through."""
        if self._hung.holds(os.fsdecode(path)):
            return
        while path not in seen:
            seen.add(path)
            try:
                status = os.stat(path)
            except OSError:  # deleted, or out of reach
                pass
            else:
                self._directories.setdefault((status.st_dev, status.st_ino), pid)
            path = os.path.dirname(path)


def unseen() -> str | None:
    """Which processes this system does not tell of at all, in words; None if there are none such."""
    if sys.platform == "linux":
        if not os.path.exists(os.path.join(_PROCESSES, "self")):
            return f"`{_PROCESSES}` is not mounted, so nothing tells which processes run from an environment"
        try:
            with open(os.path.join(_PROCESSES, "1", "cmdline"), "rb"):
                pass
        except OSError:  # the first process is never gone
            return f"`{_PROCESSES}` hides the processes of other users, so they may run from an environment unseen"
    return None


def _paths(spellings: tuple[bytes, ...], device: bytes, hung: HungMounts) -> Iterator[tuple[int, bytes]]:
    """Each process's id with each path that it uses; in some cases more than once."""
    if sys.platform == "darwin":
        yield from _macos_paths()
    elif os.path.isdir(_PROCESSES):
        own = _view(os.path.join(_PROCESSES, "self"))
        for name in os.listdir(_PROCESSES):
            if name.isdigit():
                process = os.path.join(_PROCESSES, name)
                elsewhere = own != (_view(process) or own)
                for path in _linux_paths(process, spellings, device, hung):
                    yield int(name), path
                    if elsewhere:  # what the path means there
                        yield int(name), os.fsencode(os.path.join(process, "root")) + path


def _view(process: str) -> tuple[bytes, ...]:
    """What tells whether a process sees the same files by the same paths; empty if it hides that."""
    return tuple(filter(None, (_link(process, name) for name in ("ns/mnt", "root"))))


def _linux_paths(process: str, spellings: tuple[bytes, ...], device: bytes, hung: HungMounts) -> Iterator[bytes]:
    program, directory = _link(process, "exe"), _link(process, "cwd")
    command = _content(process, "cmdline").split(b"\0")
    if not program or not directory:  # another user's, one with more rights than we have, or the kernel's own
        words = (os.path.normpath(word) for word in command if word.startswith(b"/"))
        yield from (path for word in words for path in _spellings(word, hung))
        return
    yield program
    yield from _mapped(process, spellings, device)
    is_interpreter = program.rpartition(b"/")[2].startswith(_INTERPRETERS)
    variables = dict(_variables(process)) if is_interpreter else {}
    for word in command[:2]:  # the interpreter, or what a script's first line names, first
        if b"/" in word:
            for start in {directory, variables.get(b"PWD", directory)}:  # it may have gone elsewhere since
                yield from _spellings(os.path.normpath(os.path.join(start, word)), hung)
    if is_interpreter:
        yield from _told(process, command[0], variables, hung)


def _mapped(process: str, spellings: tuple[bytes, ...], device: bytes) -> Iterator[bytes]:
    """The files that a process maps and that can be the store's.

    Not those of all file systems: to look at one whose server is gone takes forever. Those without a disk, such as
    btrfs, can have several devices, and be called by another one here.
    """
    anonymous = device.startswith(b"00:")
    for of, path in set(_MAPPED.findall(_content(process, "maps"))):
        if of == device or (anonymous and of.startswith(b"00:")) or path.startswith(spellings):
            yield path.replace(b"\\012", b"\n")


def _device(store: str) -> bytes:
    """How the device of a store is written there; empty on other systems."""
    device = b""
    if sys.platform == "linux":
        with suppress(OSError):  # no process has what is not there
            number = os.stat(store).st_dev
            device = b"%02x:%02x" % (os.major(number), os.minor(number))
    return device


def _told(process: str, name: bytes, variables: dict[bytes, bytes], hung: HungMounts) -> Iterator[bytes]:
    """Where an interpreter was told to be: by a name on its search path, or by a variable."""
    if name and b"/" not in name:
        yield from _on_search_path(name, variables, hung)
    for variable in _VARIABLES if process != os.path.join(_PROCESSES, str(os.getpid())) else ():
        if variables.get(variable, b"").startswith(b"/"):
            yield from _spellings(variables[variable], hung)


def _on_search_path(name: bytes, variables: dict[bytes, bytes], hung: HungMounts) -> Iterator[bytes]:
    """The program that a process was started as, by its name alone."""
    for directory in variables.get(b"PATH", b"").split(b":"):
        path = os.path.join(directory, name)
        if not hung.holds(os.fsdecode(path)) and os.path.lexists(path):
            yield from _spellings(path, hung)
            return


def _spellings(path: bytes, hung: HungMounts) -> Iterator[bytes]:
    """A path as it was given, and with the links on the way to it resolved."""
    yield path
    if hung.holds(os.fsdecode(path)):
        return
    directory, name = os.path.split(path)
    yield os.path.join(os.path.realpath(directory), name)
    if os.path.isdir(path):
        yield os.path.realpath(path)


def _variables(process: str) -> Iterator[tuple[bytes, bytes]]:
    for variable in _content(process, "environ").split(b"\0"):
        name, equals, value = variable.partition(b"=")
        if equals:
            yield name, value


def _link(process: str, name: str) -> bytes:
    """Where a link leads; empty if the process hides that, or ended."""
    try:
        return os.readlink(os.fsencode(os.path.join(process, name)))
    except OSError as error:
        return _nothing(error)


def _content(process: str, name: str) -> bytes:
    """What a file says; empty if the process hides that, or ended."""
    try:
        with open(os.path.join(process, name), "rb") as file:
            return file.read()
    except OSError as error:
        return _nothing(error)


def _nothing(error: OSError) -> bytes:
    """What a process tells that cannot be asked, unless that is because this one has no means."""
    if error.errno in _NO_MEANS:
        raise error
    return b""


def _macos_paths() -> Iterator[tuple[int, bytes]]:
    import subprocess

    listed = subprocess.run(["/bin/ps", "-axww", "-o", "pid=,command="], capture_output=True, check=False).stdout
    for line in listed.splitlines():
        pid, _, command = line.strip().partition(b" ")
        if pid.isdigit():
            yield from ((int(pid), word) for word in command.split()[:2] if word.startswith(b"/"))
