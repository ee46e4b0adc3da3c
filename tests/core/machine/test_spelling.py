"""How names can be compared, on file systems that tell case apart and on one that does not."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from central_venv.machine.spelling import comparable
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.mounts import Mounts


def test_where_case_counts_names_stay_as_they_are(tmp_path: Path, mounts: Mounts) -> None:
    disk = mounts.memory(tmp_path / "disk")
    write_tree(disk, {"name": "", "both": "", "BOTH": ""})

    assert [comparable(os.path.join(disk, name))("Name") for name in ("name", "both", "nothing")] == ["Name"] * 3


def test_where_case_does_not_count_names_that_differ_in_it_are_one(tmp_path: Path, mounts: Mounts) -> None:
    disk = mounts.without_case(tmp_path / "image", tmp_path / "disk")
    write_tree(disk, {"name": "", "OTHER": ""})

    for name in ("name", "NAME", "other", "OTHER"):
        assert comparable(os.path.join(disk, name))("Name") == "name"
