"""Bars that show how far long work is, on a terminal."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from central_venv.inventory.found import FoundEnvironment

#: Seconds between two drawings of a bar.
_INTERVAL = 0.1


def measure(environments: Sequence[FoundEnvironment]) -> None:
    """Count the disk that environments take, each with its `usage` then."""
    from central_venv.store.disk_usage import measure as measure_paths

    with bar("measuring", len(environments)) as on_progress:
        usages = measure_paths([environment.path for environment in environments], on_progress=on_progress)
    for environment, usage in zip(environments, usages, strict=True):
        environment.usage = usage


@contextmanager
def bar(what: str, total: int) -> Iterator[Callable[[int], None]]:
    """A bar on stderr while something goes on; nothing if nobody looks.

    Args:
        what: what goes on, such as ``measuring``.
        total: how many steps it has.

    Yields:
        What is to be told how many steps are done.
    """
    if total == 0 or not sys.stderr.isatty():
        yield lambda _: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn

    columns = TextColumn("{task.description}", markup=False), BarColumn(), MofNCompleteColumn()
    # Without a thread of its own: the work that it shows may copy this process.
    with Progress(*columns, console=Console(stderr=True), transient=True, auto_refresh=False) as progress:
        task = progress.add_task(what, total=total)
        shown = 0.0

        def advance(done: int) -> None:
            nonlocal shown
            now = time.monotonic()
            if now - shown > _INTERVAL:
                shown = now
                progress.update(task, completed=done, refresh=True)

        yield advance
