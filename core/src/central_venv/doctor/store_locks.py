"""Whether all who use a store see each other's locks."""

from __future__ import annotations

import os

from central_venv.doctor.finding import STORE, note
from central_venv.machine import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from central_venv.doctor.finding import Finding


#: Kinds of file systems that keep locks to themselves: the program, and what helps.
_BLIND = {
    "fuse.sshfs": (
        "sshfs",
        "use the store through one mount only, or set `CENTRAL_VENV_HOME` to a directory on a disk",
    ),
    "fuse.bindfs": (
        "bindfs",
        "use the directory itself, or one mount; `--multithreaded --enable-lock-forwarding` passes locks on",
    ),
}
_BLINDLY = "so two processes can change or remove one environment at once"
#: The options by which NFS keeps locks to this machine.
_LOCAL = frozenset({"nolock", "local_lock=all", "local_lock=flock"})


def examine_locks(store: str) -> Iterator[Finding]:
    """Whether the file system of a store tells others what is locked.

    Args:
        store: absolute path of the store, which exists.
    """
    kind, source, options = host.file_system(os.path.realpath(store))
    if kind == "fuse" and os.path.isdir(source):  # as some releases of bindfs call it
        kind = "fuse.bindfs"
    if kind in _BLIND:
        program, remedy = _BLIND[kind]
        yield note(
            STORE,
            "locks-not-seen-through-mount",
            f"the store `{store}` is mounted by {program}: its locks are not seen through another mount of that "
            f"directory, {_BLINDLY}",
            remedy,
        )
    elif kind.startswith("nfs") and (local := sorted(_LOCAL & options)):
        yield note(
            STORE,
            "locks-not-seen-by-machines",
            f"the store `{store}` is mounted with `{local[0]}`: other machines do not see its locks, {_BLINDLY}",
            "mount it without that option, or let one machine use it only",
        )
