"""The note of a move that has begun."""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from central_venv.policy import layout
from central_venv.store.move_record import MoveRecord, write_move

if TYPE_CHECKING:
    import pytest


def test_the_note_of_a_move_survives_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    path = Path(layout.move_record_path(str(tmp_path)))
    path.parent.mkdir()
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_size))
    record = MoveRecord()
    record.environments["tox", "py"] = ["/old"]

    write_move(str(tmp_path), record)

    assert flushed == [path.stat().st_size]
