"""Type checkers find what is in the project's environment through the link."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.editors import install
from support.hosts import SCRIPTS

if TYPE_CHECKING:
    from support.editors import Linked
    from support.hosts import Result

#: How each of them is called. mypy and pyright have to be told of the link.
CALLS = {
    "ty": ["check", "main.py"],
    "pyrefly": ["check", "--preset", "default", "main.py"],
    "mypy": ["--python-executable", ".venv/bin/python", "main.py"],
    "pyright": ["main.py"],
}
PYRIGHT_TABLE = '[tool.pyright]\nvenvPath = "."\nvenv = ".venv"\n'

checkers = pytest.mark.parametrize("name", CALLS)


def check(name: str, linked: Linked) -> Result:
    """Check the project's module, with no other environment to find."""
    command = [str(Path(sys.prefix, SCRIPTS, name))] if name == "mypy" else install(name)
    if name == "pyright":
        with (linked.root / "pyproject.toml").open("a") as pyproject:
            pyproject.write(PYRIGHT_TABLE)
    nothing = linked.root.parent / "no-programs"
    nothing.mkdir(exist_ok=True)
    return linked.run(*command, *CALLS[name], PATH=str(nothing))


@checkers
def test_a_package_is_found_through_the_link(name: str, linked: Linked) -> None:
    result = check(name, linked)

    assert result.status == 0, result.text
    assert linked.is_linked


@checkers
def test_the_package_itself_is_read(name: str, linked: Linked) -> None:
    (linked.root / "main.py").write_text("import only_here\n\nonly_here.missing()\n")

    result = check(name, linked)

    assert result.status == 1, result.text
    assert "missing" in result.text


@checkers
def test_without_the_link_it_is_not_found(name: str, linked: Linked) -> None:
    linked.central_venv("unlink")

    result = check(name, linked)

    assert result.status != 0, result.text


@pytest.mark.parametrize("name", ["ty", "pyrefly", "pyright"])
def test_a_redirect_is_not_enough_for_it(name: str, linked: Linked) -> None:
    linked.central_venv("unlink")
    assert linked.central_venv("link", "--redirect").status == 0

    result = check(name, linked)

    assert result.status == 1, result.text
    assert "only_here" in result.text


@pytest.mark.parametrize("name", ["ty"])
def test_it_follows_the_link_when_that_leads_to_another_python(name: str, linked: Linked) -> None:
    made = linked.central_venv("create", "--env", ".venv-other", "--python", sys.executable)
    assert made.status == 0, made.text
    assert os.readlink(linked.link) == made.out.removesuffix("\n")

    assert check(name, linked).status == 1
    assert linked.central_venv("link", "--env", ".venv").status == 0
    assert check(name, linked).status == 0
