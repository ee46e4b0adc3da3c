"""The page on the architecture is true: its picture, its rooms, and whatever it names."""

from __future__ import annotations

import ast
import re
from itertools import chain
from typing import Any

import pytest
from central_venv.machine import toml
from support.hosts import ROOT

PAGE = (ROOT / "docs" / "architecture.md").read_text(encoding="utf-8")
CORE = ROOT / "core" / "src" / "central_venv"
PACKAGES = {"central_venv": CORE, **{source.name: source for source in ROOT.glob("plugins/*/src/*_central_venv")}}

#: Each arrow between rooms.
ARROWS = re.findall(r"^    (\w+) --> (\w+)$", PAGE, re.MULTILINE)
#: Each row of the table of rooms.
ROWS = re.findall(r"^\| `(\w+)` \|", PAGE.partition("\n## The words\n")[0], re.MULTILINE)
#: What is named with a room or a plugin in front of it.
NAMED = sorted(
    {name for name in re.findall(r"`([a-z_]+(?:\.\w+)+)`", PAGE) if name.partition(".")[0] in {*ROWS, *PACKAGES}}
)


def floors() -> list[set[str]]:
    """The rooms of the contract, the upper floors first."""
    configuration: dict[str, Any] = toml.load(str(ROOT / "pyproject.toml"))
    contracts = configuration["tool"]["importlinter"]["contracts"]
    (layers,) = (contract["layers"] for contract in contracts if contract["type"] == "layers")
    return [set(layer.split(" | ")) for layer in layers]


def reached(arrows: set[tuple[str, str]]) -> set[tuple[str, str]]:
    """The arrows, and those that follow from them."""
    while more := {(start, end) for start, middle in arrows for other, end in arrows if middle == other} - arrows:
        arrows = arrows | more
    return arrows


def imports() -> set[tuple[str, str]]:
    """Which room imports which."""
    found = set()
    for file in CORE.glob("*/**/*.py"):
        room = file.relative_to(CORE).parts[0]
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.ImportFrom) and node.module is not None:
                names = [f"{node.module}.{alias.name}" for alias in node.names]
            elif isinstance(node, ast.Import):
                names = [alias.name for alias in node.names]
            ours = (name.split(".") for name in names if name.startswith("central_venv."))
            found |= {(room, parts[1]) for parts in ours if parts[1] != room}
    return found


def names_in(body: list[ast.stmt]) -> dict[str, list[ast.stmt]]:
    """What a module or a class defines, with what that defines in turn."""
    found: dict[str, list[ast.stmt]] = {}
    for node in body:
        if isinstance(node, ast.ClassDef):
            found[node.name] = node.body
        elif isinstance(node, ast.FunctionDef):
            found[node.name] = []
        elif isinstance(node, ast.Assign | ast.AnnAssign):
            targets = node.targets if isinstance(node, ast.Assign) else [node.target]
            found |= {target.id: [] for target in targets if isinstance(target, ast.Name)}
        elif isinstance(node, ast.If):
            found |= names_in([*node.body, *node.orelse])
    return found


def test_the_rooms_in_the_picture_are_those_of_the_contract() -> None:
    assert set(chain.from_iterable(ARROWS)) == set().union(*floors())


def test_the_table_lists_each_room_once_the_upper_ones_first() -> None:
    level = {room: number for number, floor in enumerate(floors()) for room in floor}

    assert sorted(ROWS) == sorted(level)
    assert [level[room] for room in ROWS] == sorted(level.values())


def test_the_arrows_are_the_imports_without_what_follows_from_others() -> None:
    arrows = set(ARROWS)

    assert reached(arrows) == reached(imports())
    assert [arrow for arrow in ARROWS if arrow in reached(arrows - {arrow})] == []


def test_the_page_names_much_that_is_looked_for() -> None:
    assert len(NAMED) > 50


@pytest.mark.parametrize("name", NAMED)
def test_what_the_page_names_exists(name: str) -> None:
    parts = name.split(".")
    place = PACKAGES[parts.pop(0)] if parts[0] in PACKAGES else CORE
    while parts and (place / parts[0]).is_dir():
        place /= parts.pop(0)
    if parts and (place / f"{parts[0]}.py").is_file():
        place /= f"{parts.pop(0)}.py"
    file = place / "__init__.py" if place.is_dir() else place
    body = ast.parse(file.read_text(encoding="utf-8")).body

    for part in parts:
        known = names_in(body)
        assert part in known, f"{file.relative_to(ROOT)} has no {part}"
        body = known[part]
