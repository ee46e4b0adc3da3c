"""JSON that is written and read without the standard library's functions is what these write and read."""

from __future__ import annotations

import json
from typing import Any

import pytest
from central_venv.machine.json_text import json_text, parse
from hypothesis import given
from hypothesis import strategies as st

TEXTS = st.text(st.characters(), max_size=20) | st.sampled_from(['C:\\a "b"', "\x7f", "\u2028", "\ud800", "é", ""])
VALUES: st.SearchStrategy[Any] = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXTS,
    lambda values: st.lists(values, max_size=4) | st.dictionaries(TEXTS, values, max_size=4),
)


@given(VALUES)
def test_a_value_is_written_as_the_standard_library_writes_it(value: object) -> None:
    assert json_text(value) == json.dumps(value)


@pytest.mark.parametrize("value", [1.5, b"", ("a",), {"a": {1}}], ids=repr)
def test_what_answers_and_records_do_not_hold_is_refused(value: object) -> None:
    with pytest.raises(TypeError, match="has no form in JSON here"):
        json_text(value)


PARTS = ['{"a": 1.5}', "[]", "{}", '"é\\u00e9"', "1", "null", " ", "\n", "\t", "\r", "\f", "\u00a0", "\ufeff", ",", "x"]


@given(st.lists(st.sampled_from(PARTS), max_size=4).map("".join))
def test_a_text_is_what_the_standard_library_takes_it_for(text: str) -> None:
    try:
        expected: object = json.loads(text)
    except ValueError:
        with pytest.raises(ValueError, match=r"."):
            parse(text)
    else:
        assert parse(text) == expected


def test_a_text_that_is_nested_too_deeply_is_refused() -> None:
    with pytest.raises(RecursionError):
        parse("[" * 100_000)
