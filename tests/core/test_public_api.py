"""What plugins may use: one list, the same in the package, in the documentation and in the plugins."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import central_venv
import pytest
from central_venv import Environment, Home
from central_venv.policy.settings import Settings
from central_venv.store.use import Uses
from support.hosts import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE = (ROOT / "docs" / "plugins.md").read_text(encoding="utf-8")
PACKAGE = ROOT / "core" / "src" / "central_venv" / "__init__.py"
PLUGINS = sorted(ROOT.glob("plugins/*/src/**/*.py"))

#: For the tests of a plugin, and for the rules of a site: the page says so.
NOT_FOR_PLUGINS = {"Store", "hookimpl"}


def documented() -> list[str]:
    """The first column of the page's table of public names, without arguments."""
    _, _, section = PAGE.partition("\n## The public names\n")
    return re.findall(r"^\| `(\w+)", section.partition("\n## ")[0], re.MULTILINE)


def imported(tree: ast.AST) -> Iterator[tuple[str, str]]:
    """The modules and names that a file imports; without a name where it imports a module itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom):
            yield from ((node.module or "", alias.name) for alias in node.names)
        elif isinstance(node, ast.Import):
            yield from ((alias.name, "") for alias in node.names)


def imported_by_plugins() -> set[tuple[str, str]]:
    """What plugins import of central_venv."""
    trees = (ast.parse(file.read_text(encoding="utf-8")) for file in PLUGINS)
    found = {each for tree in trees for each in imported(tree)}
    return {(module, name) for module, name in found if module.partition(".")[0] == "central_venv"}


def test_the_page_lists_every_public_name_once() -> None:
    assert sorted(documented()) == sorted(central_venv.__all__)


def test_the_package_knows_where_each_public_name_comes_from() -> None:
    assert sorted(central_venv._MODULES) == sorted(central_venv.__all__) == dir(central_venv)


def test_type_checkers_see_each_public_name_where_it_comes_from() -> None:
    tree = ast.parse(PACKAGE.read_text(encoding="utf-8"))
    (block,) = (node for node in tree.body if isinstance(node, ast.If))

    assert {name: module for module, name in imported(block)} == central_venv._MODULES


@pytest.mark.parametrize("name", central_venv.__all__)
def test_a_public_name_can_be_imported_first(name: str) -> None:
    done = subprocess.run([sys.executable, "-c", f"from central_venv import {name}"], capture_output=True, check=False)

    assert (done.returncode, done.stderr) == (0, b"")


def test_the_package_has_nothing_else() -> None:
    with pytest.raises(AttributeError, match="module 'central_venv' has no attribute 'nothing'"):
        central_venv.nothing  # noqa: B018


def test_all_plugins_are_looked_at() -> None:
    assert {file.relative_to(ROOT).parts[1] for file in PLUGINS} == {"hatch", "mise", "nox", "tox"}


def test_plugins_import_public_names_and_nothing_else() -> None:
    used = imported_by_plugins()

    assert {module for module, _ in used} == {"central_venv"}
    assert {name for _, name in used} | NOT_FOR_PLUGINS == set(central_venv.__all__)


@pytest.mark.parametrize(
    ("word", "kind"),
    [("home", Home), ("environment", Environment), ("environment.uses", Uses)],
    ids=["home", "environment", "uses"],
)
def test_what_the_page_says_of_an_object_exists(word: str, kind: type) -> None:
    members = set(re.findall(rf"\b{re.escape(word)}\.(\w+)", PAGE))

    assert len(members) > 3
    assert members <= set(dir(kind))


def test_what_the_page_says_of_settings_exists() -> None:
    (line,) = re.findall(r"^Of the settings, use (.*?):", PAGE, re.MULTILINE)

    assert set(re.findall(r"`(\w+)`", line)) <= set(dir(Settings))
