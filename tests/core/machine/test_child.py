"""Running a program as if it had this process, from a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="signals are POSIX")

RUN = """
import os, sys
from central_venv.machine.child import run_as_child
status = run_as_child(["/bin/sh", "-c", sys.argv[1]], {**os.environ, "ONLY": "this"})
print("status", status)
"""


def start(script: str, before: Callable[[], object] | None = None) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", RUN, script]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, preexec_fn=before)  # noqa: PLW1509  # nothing here has threads


def output(script: str, before: Callable[[], object] | None = None) -> str:
    return start(script, before).communicate("given\n", timeout=60)[0]


def test_input_output_variables_and_status_are_the_programs() -> None:
    assert output("read word; echo $word $ONLY; exit 7") == "given this\nstatus 7\n"


def test_a_signal_that_ends_the_program_counts_as_in_a_shell() -> None:
    assert output("kill -9 $$") == "status 137\n"


def _heed(number: signal.Signals) -> Callable[[], object]:
    """Undo what ignores a signal, as `nohup` does."""
    return lambda: signal.signal(number, signal.SIG_DFL)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_is_passed_on(number: signal.Signals) -> None:
    # Not by a signal that it may handle: a new process takes it for its parent's.
    script = f"trap 'kill -9 $!; echo caught; exit 3' {number.name[3:]}; sleep 60 >/dev/null & echo ready; wait"
    process = start(script, _heed(number))
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"

    process.send_signal(number)

    assert process.communicate(timeout=60)[0] == "caught\nstatus 3\n"


def test_a_signal_that_is_ignored_stays_ignored() -> None:
    said = output("kill -HUP $$; echo alive", lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))

    assert said == "alive\nstatus 0\n"


def test_what_may_be_inherited_is() -> None:
    reading, writing = os.pipe()
    os.set_inheritable(writing, True)

    with subprocess.Popen([sys.executable, "-c", RUN, f"echo here > /dev/fd/{writing}"], close_fds=False):
        os.close(writing)
        with os.fdopen(reading) as pipe:
            assert pipe.readline() == "here\n"
