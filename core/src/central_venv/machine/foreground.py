"""Running a program that does not outlive this process, unless that is killed outright."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
from contextlib import contextmanager, suppress

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping
    from types import FrameType

#: Seconds that a program has to end once it was asked to.
_GRACE = 5

if sys.platform == "win32":
    _SIGNALS = (signal.SIGINT, signal.SIGTERM)
else:
    _SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(command: list[str], directory: str, variables: Mapping[str, str] | None = None) -> tuple[int, str]:
    """Run a program to its end, or end it with what it started if a signal ends this process.

    For the main thread. Locks that may be inherited are the program's, too.

    Args:
        command: its path and its arguments.
        directory: where it runs.
        variables: all that it finds in its environment; what this process does by default.

    Returns:
        Its exit status, and all that it said.

    Raises:
        OSError: it cannot be run.
    """
    with tempfile.TemporaryFile() as said, _signals_raised() as unwind:
        process = subprocess.Popen(  # noqa: S603
            command,
            cwd=directory,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=said,  # not a pipe, which something that it leaves running could keep open
            stderr=said,
            close_fds=False,
            start_new_session=True,
        )
        try:
            unwind()
            status = process.wait()
        except BaseException:
            _end(process)
            raise
        said.seek(0)
        return status, said.read().decode("utf-8", "replace").strip()


if sys.platform == "win32":

    def _end(process: subprocess.Popen[bytes]) -> None:
        """End a program."""
        process.terminate()
        process.wait()

else:

    def _end(process: subprocess.Popen[bytes]) -> None:
        """End a program and what it started."""
        for number in (signal.SIGTERM, signal.SIGKILL):
            with suppress(ProcessLookupError, PermissionError):  # it has just ended; macOS does not permit it then
                os.killpg(process.pid, number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(_GRACE)
                return


@contextmanager
def _signals_raised() -> Iterator[Callable[[], None]]:
    """Let the first signal that would end this process unwind it instead, but not before the result was called.

    Whoever is interrupted while a program starts cannot know it, and so not end it.
    """
    came: list[int] = []
    ready = False

    def receive(number: int, _: FrameType | None) -> None:
        came.append(number)
        if ready and len(came) == 1:  # a second one must not keep us from ending the program
            unwind()

    def unwind() -> None:
        nonlocal ready
        ready = True
        if came:
            raise KeyboardInterrupt if came[0] == signal.SIGINT else SystemExit(128 + came[0])

    # One that is ignored, as under `nohup`, stays so.
    deadly = (signal.SIG_DFL, signal.default_int_handler)
    previous = {number: handler for number in _SIGNALS if (handler := signal.getsignal(number)) in deadly}
    for number in previous:
        signal.signal(number, receive)
    try:
        yield unwind
    finally:
        for number, handler in previous.items():
            signal.signal(number, handler)
