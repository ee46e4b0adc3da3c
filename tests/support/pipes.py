"""Named pipes by which a test and the commands of a running host wait for each other, without sleeping."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


class Rendezvous:
    """Two pipes: a command says on one that it runs, and waits for a line on the other.

    Attributes:
        variables: what the command needs in its environment; `COMMAND` uses them.
    """

    #: What the command is, in Python.
    COMMAND = "import os; open(os.environ['STARTED'], 'w').close(); open(os.environ['GO_ON']).readline()"

    def __init__(self, directory: Path) -> None:
        self._started = directory / "started"
        self._go_on = directory / "go-on"
        os.mkfifo(self._started)
        os.mkfifo(self._go_on)
        self.variables = {"STARTED": str(self._started), "GO_ON": str(self._go_on)}

    def wait(self) -> None:
        """Wait until the command runs."""
        self._started.read_text()

    @contextmanager
    def go_on(self) -> Iterator[None]:
        """Let the command go on, now or when it comes to wait; inside, its end can be waited for."""
        # Open for both directions, so that this does not wait for a command that is dead already.
        descriptor = os.open(self._go_on, os.O_RDWR)
        try:
            os.write(descriptor, b"go on\n")
            yield
        finally:
            os.close(descriptor)
