"""Each finding has a code, and the page on doctor lists them all."""

from __future__ import annotations

import ast
import re
from collections import Counter

from central_venv.doctor import NOTE, TOPICS, WRONG
from support.hosts import ROOT

DOCTOR = ROOT / "core" / "src" / "central_venv" / "doctor"
PAGE = (ROOT / "docs" / "doctor.md").read_text(encoding="utf-8")
#: Each row of the page's tables: its topic, code and level.
ROWS = [
    (section.partition("\n")[0].lower(), code, level)
    for section in PAGE.split("\n## ")[1:]
    for code, level in re.findall(r"^\| `([^`]+)` \| (\w+) \|", section, re.MULTILINE)
]


def made() -> set[tuple[str, str]]:
    """The code and level of each finding that the source makes, by a call or by a row of a table of calls."""
    found: set[tuple[str, str]] = set()
    for path in DOCTOR.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call):
                maker, words = node.func, node.args[1:2]
            elif isinstance(node, ast.Tuple) and node.elts:
                maker, words = node.elts[0], node.elts[1:2]
            else:
                continue
            if isinstance(maker, ast.Name) and maker.id in {WRONG, NOTE}:
                found.update((str(word.value), maker.id) for word in words if isinstance(word, ast.Constant))
    return found


def test_the_page_lists_the_code_and_level_of_every_finding() -> None:
    """No more and no fewer: programs rely on the codes, and people look them up."""
    assert {(code, level) for _, code, level in ROWS} == made()


def test_each_code_is_listed_once() -> None:
    """So that it means one thing."""
    assert not [code for code, count in Counter(code for _, code, _ in ROWS).items() if count > 1]


def test_codes_are_lower_case_words_with_hyphens() -> None:
    """They can be searched for, and be names in other languages' files."""
    assert not [code for _, code, _ in ROWS if not re.fullmatch(r"[a-z]+(-[a-z]+)*", code)]


def test_the_page_has_the_topics_of_doctor() -> None:
    """In the order in which they are shown."""
    assert tuple(dict.fromkeys(topic for topic, _, _ in ROWS)) == TOPICS
