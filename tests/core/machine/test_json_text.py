"""JSON that is written without the standard library is what that writes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from central_venv.machine.json_text import json_text
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
