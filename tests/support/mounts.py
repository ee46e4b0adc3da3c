"""Real file systems for as long as a test runs: small, read-only, in layers, pooled, over the network.

Each needs a user who may mount, and some need a program of a package. Where one is missing, `MountRefusedError` says
which, and the test is skipped for that reason.
"""

from __future__ import annotations

import os
import shutil
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

#: How file systems are made in a file: the size that they need at least, and the options of their `mkfs`.
_MAKERS = {
    "btrfs": ("128M", ("-q", "-f")),
    "ext4": ("16M", ("-q", "-F")),
    "ntfs": ("16M", ("-q", "-F", "-Q")),
    "vfat": ("16M", ()),
    "xfs": ("320M", ("-q", "-f")),
}
#: Where the server's part of sshfs is.
_SFTP_SERVERS = ("/usr/lib/openssh/sftp-server", "/usr/libexec/openssh/sftp-server", "/usr/lib/ssh/sftp-server")
#: Seconds that a program may take until its file system is there.
_PATIENCE = 20


class MountRefusedError(PermissionError):
    """This user may not mount that here, or a program for it is missing."""


class Mounts:
    """The file systems that one test has mounted."""

    def __init__(self) -> None:
        self._mounted: list[Path] = []
        self._programs: list[subprocess.Popen[bytes]] = []
        self._servers: dict[Path, subprocess.Popen[bytes]] = {}

    def memory(self, at: Path, options: str = "size=64m") -> Path:
        """A file system in memory at a directory."""
        return self._mount(at, "-t", "tmpfs", "-o", options, "tmpfs")

    def bind(self, source: Path, at: Path) -> Path:
        """A directory a second time at another one."""
        return self._mount(at, "--bind", str(source))

    def read_only(self, directory: Path) -> Path:
        """A directory that nobody can write for as long as the test runs, whatever is in it."""
        self.bind(directory, directory)
        _run("mount", "-o", "remount,bind,ro", str(directory))
        return directory

    def packed(self, kind: str, directory: Path) -> Path:
        """What is in a directory, in its place as a file system that nobody can ever write.

        Args:
            kind: ``squashfs`` or ``erofs``.
            directory: the directory, which stays below that.
        """
        file = directory.with_name(f"{directory.name}.{kind}")
        if kind == "squashfs":
            _run("mksquashfs", str(directory), str(file), "-quiet", "-no-progress")
        else:
            _run(f"mkfs.{kind}", "--quiet", str(file), str(directory))
        return self.loop(file, directory, "ro")

    def image(self, kind: str, file: Path, size: str | None = None) -> Path:
        """Make a file system in a file.

        Args:
            kind: such as ``ext4``.
            file: the file, which is made.
            size: how large, as `truncate` takes it; None for the least that is possible.
        """
        least, options = _MAKERS[kind]
        _run("truncate", "--size", size or least, str(file))
        _run(f"mkfs.{kind}", *options, str(file))
        return file

    def loop(self, file: Path, at: Path, options: str = "rw") -> Path:
        """The file system in a file at a directory."""
        return self._mount(at, "-o", f"loop,{options}", str(file))

    def overlay(self, at: Path, lower: Path, upper: Path, options: str = "redirect_dir=off") -> Path:
        """A directory that nobody writes below one that takes all changes, as images of containers are.

        Args:
            at: where they are seen as one.
            lower: the one that nobody writes.
            upper: the one that takes the changes; beside it, one for the system's own work is made.
            options: further ones.
        """
        work = upper.with_name(f"{upper.name}.work")
        for directory in (upper, work):
            directory.mkdir(exist_ok=True)
        return self._mount(
            at, "-t", "overlay", "-o", f"lowerdir={lower},upperdir={upper},workdir={work},{options}", "overlay"
        )

    def program(self, at: Path, *command: str | Path) -> Path:
        """A file system that a program serves, such as `mergerfs`.

        Args:
            at: the directory at which it appears.
            command: the program, which goes to the background, with its arguments.
        """
        at.mkdir(exist_ok=True)
        _run(*map(str, command))
        self._await(at, command[0])
        self._mounted.append(at)
        return at

    def without_case(self, image: Path, at: Path) -> Path:
        """A file system that ignores case and lists every name in small letters.

        Args:
            image: the file that it is in, which is made.
            at: the directory at which it appears.
        """
        return self.program(at, "lowntfs-3g", "-o", "ignore_case", self.image("ntfs", image), at)

    def lacking(self, at: Path, source: Path, **refused: int) -> Path:
        """A directory a second time, in a file system that refuses some of what others do.

        Args:
            at: the directory at which it appears.
            source: the directory.
            refused: for `link`, `lock`, `make` or `rename`, the number of the error.
        """
        if sys.platform != "linux":
            raise MountRefusedError("only Linux serves file systems so")
        server = Path(__file__).with_name("lacking.py")
        refusals = (f"{operation}={number}" for operation, number in refused.items())
        return self.program(at, sys.executable, server, source, at, *refusals)

    def remote(self, at: Path, source: Path, options: str = "dir_cache=yes") -> Path:
        """A directory of a server, by sshfs; the server's program for that runs here, without a network.

        Args:
            at: the directory at which it appears.
            source: the directory on the server.
            options: further ones of sshfs.
        """
        sshfs = shutil.which("sshfs")
        server = next((path for path in _SFTP_SERVERS if os.path.exists(path)), None)
        if sshfs is None or server is None:
            raise MountRefusedError("there is no `sshfs`" if sshfs is None else "there is no `sftp-server`")
        at.mkdir(exist_ok=True)
        near, far = socket.socketpair()
        with near, far:
            client = [sshfs, "-f", "-o", f"passive,{options}", f":{source}", str(at)]
            for command, end in (([server], far.fileno()), (client, near.fileno())):
                self._programs.append(subprocess.Popen(command, stdin=end, stdout=end, stderr=subprocess.DEVNULL))
        self._servers[at] = self._programs[-2]
        self._await(at, "sshfs")
        self._mounted.append(at)
        return at

    def hang(self, at: Path) -> None:
        """Let the server of `remote` not answer any more: whoever asks waits, and cannot even be killed."""
        self._servers[at].send_signal(signal.SIGSTOP)

    def give_up(self) -> None:
        """End each client and its server, which lets go of all that wait for them."""
        for program in reversed(self._programs):  # a client that outlives its server unmounts what it serves
            program.kill()

    def unmount(self, at: Path) -> None:
        """Take a file system away."""
        self._mounted.remove(at)
        subprocess.run(["umount", str(at)], check=True)

    def unmount_all(self) -> None:
        """Take away what is still there, the last one first, whoever uses it."""
        self.give_up()
        while self._mounted:
            subprocess.run(["umount", "--lazy", str(self._mounted.pop())], check=True)
        for program in self._programs:
            program.wait(_PATIENCE)

    def _await(self, at: Path, program: str | Path) -> None:
        """Wait for a program's file system: some return before it is there."""
        deadline = time.monotonic() + _PATIENCE
        while not at.is_mount():
            if time.monotonic() > deadline:
                raise MountRefusedError(f"`{program}` mounted nothing")
            time.sleep(0.02)

    def _mount(self, at: Path, *arguments: str) -> Path:
        if sys.platform != "linux":
            raise MountRefusedError("this system mounts in another way")
        at.mkdir(exist_ok=True)
        _run("mount", *arguments, str(at))
        self._mounted.append(at)
        return at


@contextmanager
def mounted(directory: Path, options: str) -> Iterator[Path]:
    """A file system in memory at a directory, for a part of a test.

    Raises:
        MountRefusedError: this user may not mount anything, or this system has no such file system.
    """
    mounts = Mounts()
    try:
        yield mounts.memory(directory, options)
    finally:
        mounts.unmount_all()


def btrfs_command(*arguments: str | Path) -> None:
    """Run `btrfs`, such as ``subvolume create``."""
    _run("btrfs", *map(str, arguments))


def _run(program: str, *arguments: str) -> None:
    found = shutil.which(program)
    if found is None:
        raise MountRefusedError(f"there is no `{program}`")
    done = subprocess.run([found, *arguments], check=False, capture_output=True, text=True)
    if done.returncode:
        raise MountRefusedError(f"`{program}`: {(done.stderr or done.stdout).strip().splitlines()[:1]}")
