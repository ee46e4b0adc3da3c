"""Whether the file system of a store can do what environments need: it is tried, and nothing of that stays."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import suppress

from central_venv.doctor.finding import STORE, note, wrong
from central_venv.errors import StoreError
from central_venv.machine import files
from central_venv.machine.remedies import ELSEWHERE, lacks_inodes
from central_venv.policy import layout
from central_venv.store.lock import Lock
from central_venv.store.own_names import LOCK
from central_venv.store.ownership import refuse_place

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from central_venv.doctor.finding import Finding

#: A program that does nothing, and that is no shorter than a record.
_PROGRAM = b"#!/bin/sh\n".ljust(4096, b"\n")
#: Seconds that it may take.
_PATIENCE = 10


def examine_needs(store: str) -> Iterator[Finding]:
    """Try in a store what it is needed for.

    Args:
        store: absolute path of a store that is this user's and that it can write.
    """
    name, trash = f"{os.getpid()}-{os.urandom(4).hex()}", layout.trash_directory(store)
    # Called like a file that is being written, and like a removal: what is left of a killed process, `prune` removes.
    begun = os.path.join(store, f".{name}{files.UNFINISHED}")
    yield from _try(store, begun, os.path.join(trash, name) if _is_own_directory(trash) else begun)


def examine_site(store: str) -> Iterator[Finding]:
    """Try whether a store can be made, and what it will be needed for.

    Args:
        store: absolute path at which there is nothing.
    """
    directory = os.path.dirname(store)
    while not os.path.lexists(directory):
        directory = os.path.dirname(directory)
    place = os.path.join(directory, f".central-venv-{os.getpid()}-{os.urandom(4).hex()}")
    try:
        refuse_place(store)
    except StoreError as error:
        yield wrong(STORE, "store-cannot-be-made", f"there is no store: {error.message}", error.hint)
        return
    try:
        os.mkdir(place, files.PRIVATE_DIRECTORY)
    except OSError as error:
        if isinstance(error, (FileExistsError, FileNotFoundError)):  # a link that leads nowhere, or as in /proc
            error = NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR))
        failed = files.store_error(error, "make the store", store)
        yield wrong(STORE, "store-cannot-be-made", f"there is no store, and you {failed.message}", failed.hint)
        return
    try:
        inner = os.path.join(place, "0")
        yield from _try(store, inner, f"{inner}1")
    finally:
        os.rmdir(place)


def _is_own_directory(path: str) -> bool:
    try:
        status = os.lstat(path)
    except OSError:
        return False
    return files.is_directory(status) and not files.is_strangers(status)


def _try(store: str, begun: str, place: str) -> Iterator[Finding]:
    """Try everything.

    Args:
        store: absolute path of the store, for the findings.
        begun: absolute path of a directory that is made.
        place: absolute path that it is renamed to.
    """
    lock = Lock(f"{place}{LOCK}", make_directories=False)
    try:
        try:
            lock.try_acquire()
        except StoreError as error:
            if isinstance(cause := error.__cause__, OSError) and not os.path.lexists(lock.path):
                yield _refused(cause, store)
                return
            yield wrong(
                STORE,
                "locks-refused",
                f"nothing can be locked in the store `{store}`: {error.message.rpartition('`: ')[2]}",
                error.hint,
            )
        yield from _try_directory(store, begun, place)
    finally:
        with suppress(StoreError):
            lock.remove()


def _try_directory(store: str, begun: str, place: str) -> Iterator[Finding]:
    try:
        os.mkdir(begun, files.PRIVATE_DIRECTORY)
    except OSError as error:
        yield _refused(error, store)
        return
    there = begun
    try:
        if place != begun:
            try:
                os.rename(begun, place)
            except OSError as error:
                yield note(
                    STORE,
                    "directories-not-renamed",
                    f"a directory of the store `{store}` cannot be renamed into its trash: {files.reason(error)}; so "
                    "environments are deleted where they lie, and `central-venv move` can refuse",
                    "let the whole store lie on one file system, without mounts, subvolumes or pools of disks in it",
                )
            else:
                there = place
        yield from _try_file(store, os.path.join(there, "program"))
        if sys.platform != "win32":  # whose environments hold no links
            yield from _try_link(store, os.path.join(there, "link"))
    finally:
        with suppress(FileNotFoundError):
            os.rmdir(there)


def _try_file(store: str, path: str) -> Iterator[Finding]:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o700)
    except OSError as error:
        yield _refused(error, store)
        return
    try:
        try:
            os.write(descriptor, _PROGRAM)
        finally:
            os.close(descriptor)  # where NFS tells that there is no room
        if sys.platform != "win32":
            yield from _try_program(store, path)
    except OSError as error:
        yield _refused(error, store)
    finally:
        with suppress(FileNotFoundError):
            os.unlink(path)


def _try_program(store: str, path: str) -> Iterator[Finding]:
    with suppress(FileNotFoundError, subprocess.SubprocessError):  # no shell here, or a very slow machine
        try:
            subprocess.run([path], stdin=subprocess.DEVNULL, capture_output=True, check=False, timeout=_PATIENCE)  # noqa: S603
        except PermissionError:
            yield wrong(
                STORE,
                "programs-not-run",
                f"no program can be run in the store `{store}`, so neither scripts nor compiled packages of "
                "environments work",
                f"mount its file system without `noexec`, or {ELSEWHERE}",
            )


def _try_link(store: str, path: str) -> Iterator[Finding]:
    try:
        os.symlink(os.path.abspath(sys.executable), path)
    except OSError as error:
        if error.errno in {errno.ENOSPC, errno.EDQUOT}:
            yield _refused(error, store)
        else:
            yield wrong(
                STORE,
                "links-refused",
                f"there can be no symbolic links in the store `{store}`, so uv makes no environment there: "
                f"{files.reason(error)}",
                ELSEWHERE,
            )
        return
    try:
        os.stat(path)
    except OSError as error:
        yield wrong(
            STORE,
            "links-not-followed",
            f"links in the store `{store}` are not followed, so environments do not reach their Python: "
            f"{files.reason(error)}",
            f"mount its file system without `nosymfollow` (sshfs: with `no_contain_symlinks`), or {ELSEWHERE}",
        )
    finally:
        os.unlink(path)


def _refused(error: OSError, store: str) -> Finding:
    """Nothing can be made in a store that seems to be writable."""
    failed = files.store_error(error, "make anything in", store)
    if error.errno == errno.EDQUOT:
        return wrong(STORE, "quota-used-up", failed.message, failed.hint)
    if error.errno != errno.ENOSPC:
        return wrong(STORE, "store-not-writable", failed.message, failed.hint)
    if lacks_inodes(store):
        return wrong(STORE, "inodes-used-up", failed.message, failed.hint)
    return wrong(STORE, "disk-full", failed.message, failed.hint)
