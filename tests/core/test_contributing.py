"""What the page for contributors names is there."""

from __future__ import annotations

import ast
import re

from support.hosts import ROOT

PAGE = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")


def jobs() -> set[str]:
    """The jobs of `dev.py`, as its parser has them."""
    tree = ast.parse((ROOT / "dev.py").read_text(encoding="utf-8"))
    (choices,) = (node.value for node in ast.walk(tree) if isinstance(node, ast.keyword) and node.arg == "choices")
    return set(ast.literal_eval(choices))


def test_the_page_lists_each_job() -> None:
    assert jobs() <= set(re.findall(r"^\| `python3 dev\.py (\w+)` \|", PAGE, re.MULTILINE))


def test_the_page_lists_each_folder_with_tests() -> None:
    cells = re.findall(r"^\| (`tests/.*?) \|", PAGE, re.MULTILINE)
    listed = {name.removeprefix("tests/") for cell in cells for name in re.findall(r"`(.*?)/`", cell)}

    assert {path.name for path in (ROOT / "tests").iterdir() if path.is_dir() and path.name != "__pycache__"} == listed
