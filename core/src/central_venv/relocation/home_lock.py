"""Holding the lock of a home that another process may rename meanwhile."""

from __future__ import annotations

import os
import time
from contextlib import contextmanager, suppress

from central_venv.errors import MoveError, StoreError, WaitCancelledError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.store.lock import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

#: For how many seconds a home's lock is waited for: who has it needs it for a moment, unless it was stopped.
_PATIENCE = 10


class GoneError(Exception):
    """Somebody else has renamed the home."""


@contextmanager
def locked(home: str) -> Iterator[Lock]:
    """Hold a home's lock: nobody claims anything in it meanwhile."""
    lock = Lock(layout.home_lock_path(home), make_directories=False)
    deadline = time.monotonic() + _PATIENCE
    try:
        with suppress(FileExistsError):
            os.mkdir(os.path.dirname(lock.path), files.PRIVATE_DIRECTORY)
        lock.acquire(on_wait=lambda: None, cancelled=lambda: time.monotonic() > deadline)
    except FileNotFoundError:
        raise GoneError from None
    except OSError as error:
        raise files.store_error(error, "lock", home) from error
    except WaitCancelledError:
        raise MoveError(
            f"somebody else has been changing the home `{home}` for a while", hint="run the command again later"
        ) from None
    except StoreError:
        if os.path.lexists(home):
            raise
        raise GoneError from None
    try:
        yield lock
    finally:
        lock.release()
