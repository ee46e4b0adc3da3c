"""Other processes that are copies of this one, to share its work."""

from __future__ import annotations

import os
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def worker_count(maximum: int) -> int:
    """Return the number of processes to use, this one included; 1 if forking is unavailable or unsafe.

    Args:
        maximum: how many would have something to do.
    """
    if maximum <= 1 or not is_alone():
        return 1
    affinity = getattr(os, "sched_getaffinity", None)
    processors = os.cpu_count() or 1 if affinity is None else len(affinity(0))
    return min(processors, maximum)


def is_alone() -> bool:
    """Whether this process can be copied: no other thread runs, which might hold a lock that the copy waits for."""
    if not hasattr(os, "fork"):
        return False
    try:
        return len(os.listdir("/proc/self/task")) == 1
    except OSError:
        threading = sys.modules.get("threading")
        return threading is None or threading.active_count() == 1


if sys.platform == "win32":

    def fork(run: Callable[[], None]) -> int:
        """Nobody asks for that there: see `worker_count`."""
        raise NotImplementedError

else:

    def fork(run: Callable[[], None]) -> int:
        """Do something in a process of its own, of which nothing but that is left: no output, no clean-up.

        Returns:
            Its id. It ends with status 0 if that was done, with 1 if that failed.

        Raises:
            OSError: there are no more processes.
        """
        this = os.getpid()
        status = 1
        hook = sys.unraisablehook
        sys.unraisablehook = lambda _: None  # there, an interrupt can come while modules learn that they were copied
        try:
            process = os.fork()
            if not process:
                run()
                status = 0
        finally:  # whatever happens there, from the first moment on
            if os.getpid() != this:
                os._exit(status)
            sys.unraisablehook = hook
        return process
