"""Bars on a terminal while long work goes on."""

from __future__ import annotations

import io
import sys
from typing import TYPE_CHECKING

from central_venv.cli.progress import bar

if TYPE_CHECKING:
    import pytest


class Terminal(io.StringIO):
    """A stream that somebody looks at."""

    def isatty(self) -> bool:
        return True


def watch(monkeypatch: pytest.MonkeyPatch, stream: io.StringIO, steps: int) -> str:
    """What a bar of some steps shows."""
    monkeypatch.setattr(sys, "stderr", stream)
    with bar("deleting", steps) as on_progress:
        for done in range(1, steps + 1):
            on_progress(done)
    return stream.getvalue()


def test_a_bar_names_the_work_and_its_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = watch(monkeypatch, Terminal(), 3)

    assert "deleting" in shown
    assert "/3" in shown


def test_a_bar_shows_how_many_steps_are_done(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = watch(monkeypatch, Terminal(), 3)

    assert "1/3" in shown


def test_a_bar_is_drawn_now_and_then_only(monkeypatch: pytest.MonkeyPatch) -> None:
    shown = watch(monkeypatch, Terminal(), 10_000)

    assert shown.count("deleting") < 100


def test_without_a_terminal_nothing_is_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watch(monkeypatch, io.StringIO(), 3) == ""


def test_no_work_shows_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert watch(monkeypatch, Terminal(), 0) == ""


def test_no_thread_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    """The work copies the process, which must have no other threads."""
    import threading

    before = threading.active_count()
    monkeypatch.setattr(sys, "stderr", Terminal())

    with bar("measuring", 3):
        during = threading.active_count()

    assert during == before
