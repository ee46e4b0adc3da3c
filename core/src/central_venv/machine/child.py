"""Running a program as if it had this process, and going on once it has ended."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping
    from types import FrameType

if sys.platform == "win32":

    def run_as_child(command: list[str], variables: Mapping[str, str]) -> int:
        """Run a program to its end, with the files and locks that it may inherit.

        Args:
            command: its absolute path and its arguments.
            variables: all that it finds in its environment.

        Returns:
            Its exit status.

        Raises:
            OSError: it cannot be run.
        """
        signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is for the program
        return subprocess.call(command, env=variables, close_fds=False)  # noqa: S603

else:
    _PASSED_ON = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGQUIT, signal.SIGUSR1, signal.SIGUSR2)

    def run_as_child(command: list[str], variables: Mapping[str, str]) -> int:
        """Run a program to its end, with the files and locks that it may inherit.

        Signals that would end this process are passed on to the program, except those that the terminal sends to both.

        Args:
            command: its absolute path and its arguments.
            variables: all that it finds in its environment.

        Returns:
            Its exit status; 128 and the number of the signal that ended it.

        Raises:
            OSError: it cannot be run.
        """
        came: list[int] = []
        process: subprocess.Popen[bytes] | None = None

        def receive(number: int, _: FrameType | None) -> None:
            if process is None:
                came.append(number)
            elif number not in {signal.SIGINT, signal.SIGQUIT} or not _is_in_front():
                process.send_signal(number)

        # One that is ignored, as under `nohup`, stays so for the program, too.
        previous = {number: signal.getsignal(number) for number in _PASSED_ON}
        for number, handler in previous.items():
            if handler is not signal.SIG_IGN:
                signal.signal(number, receive)
        try:
            process = subprocess.Popen(command, env=variables, close_fds=False)  # noqa: S603
            for missed in came:
                process.send_signal(missed)
            status = process.wait()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        return status if status >= 0 else 128 - status

    def _is_in_front() -> bool:
        """Whether the terminal sends its signals to this process and its children alike."""
        try:
            terminal = os.open("/dev/tty", os.O_RDONLY | os.O_NOCTTY)
        except OSError:
            return False
        try:
            return os.tcgetpgrp(terminal) == os.getpgrp()
        except OSError:
            return False
        finally:
            os.close(terminal)
