"""Times as texts."""

from __future__ import annotations

import pytest
from central_venv.machine import clock
from hypothesis import given
from hypothesis import strategies as st


def test_now_is_the_present_moment_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    monkeypatch.setattr(clock, "seconds", lambda: 1795510800.9)

    assert clock.now() == "2026-11-24T09:00:00Z"


@given(st.integers(0, 32535215999))
def test_a_moment_is_read_as_it_was_written(seconds: int) -> None:
    assert clock.to_timestamp(clock.from_timestamp(seconds)) == seconds


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (-1, "1970-01-01T00:00:00Z"),
        (-(2.0**62), "1970-01-01T00:00:00Z"),
        (float("-inf"), "1970-01-01T00:00:00Z"),
        (0.9, "1970-01-01T00:00:00Z"),
        (32535215999.9, "3000-12-31T23:59:59Z"),
        (2.0**62, "3000-12-31T23:59:59Z"),
        (float("inf"), "3000-12-31T23:59:59Z"),
    ],
)
def test_a_moment_that_no_calendar_has_is_the_nearest_one(seconds: float, text: str) -> None:
    assert clock.from_timestamp(seconds) == text


@pytest.mark.parametrize("text", [None, "", "yesterday", "2026-11-24", "2026-13-24T09:00:00Z", "2026-11-24T09:00:00"])
def test_what_is_no_time_is_no_moment(text: str | None) -> None:
    assert clock.to_timestamp(text) is None
