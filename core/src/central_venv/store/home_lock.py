"""Holding the lock of a home that another process may rename or remove meanwhile."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager

from central_venv.errors import StoreError, WaitCancelledError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.store.lock import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds that a home's lock is waited for: its holder needs it for a moment, unless that was stopped.
LOCK_TIMEOUT = 10


class HomeGoneError(Exception):
    """Another process has renamed or removed the home."""


def make_records(home: str) -> bool:
    """Create the directory of a home's records, in which its lock lies.

    Args:
        home: absolute path of the home.

    Returns:
        Whether this call created it.

    Raises:
        HomeGoneError: there is no such home.
        StoreError: it cannot be created.
    """
    records = os.path.join(home, layout.RECORDS)
    try:
        os.mkdir(records, files.PRIVATE_DIRECTORY)
    except FileExistsError:
        return False
    except FileNotFoundError:
        raise HomeGoneError from None
    except OSError as error:
        raise files.store_error(error, "create", records) from error
    return True


@contextmanager
def locked(home: str, *, on_wait: Callable[[], None] = lambda: None) -> Iterator[Lock]:
    """Hold a home's lock: no process claims anything in it meanwhile.

    Args:
        home: absolute path of a home with a directory for its records.
        on_wait: called once if the lock has to be waited for.

    Yields:
        The lock. Where open files cannot be renamed, it is released before the home is.

    Raises:
        HomeGoneError: there is no such home, or not any more.
        WaitCancelledError: another process has held the lock for `LOCK_TIMEOUT`.
        StoreError: the lock cannot be created or opened.
    """
    lock = Lock(layout.home_lock_path(home), make_directories=False)
    deadline = time.monotonic() + LOCK_TIMEOUT
    try:
        lock.acquire(on_wait=on_wait, cancelled=lambda: time.monotonic() > deadline)
    except WaitCancelledError:
        raise WaitCancelledError(
            f"another process has held the lock of the home `{home}` for {LOCK_TIMEOUT} seconds",
            hint="run the command again later",
        ) from None
    except StoreError:
        if os.path.lexists(home):
            raise
        raise HomeGoneError from None
    try:
        yield lock
    finally:
        lock.release()
