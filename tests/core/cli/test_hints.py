"""What messages tell the user to type exists: each command, and each option of it."""

from __future__ import annotations

import argparse
import ast
import re
from functools import cache
from typing import TYPE_CHECKING

from central_venv.cli.parser import COMMANDS, _command
from support.hosts import ROOT

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SOURCE = ROOT / "core" / "src" / "central_venv"
FILES = sorted([*SOURCE.rglob("*.py"), *ROOT.glob("plugins/*/src/*/*.py")])
#: The module of each command.
MODULES = {SOURCE / "cli" / f"{module}.py": name for name, (module, _) in COMMANDS.items()}
#: The options of other programs that messages name.
OTHERS = {"--multithreaded", "--enable-lock-forwarding", "--with"}
#: What several commands ask by, and the commands that each module which asks works for.
QUESTION = SOURCE / "cli" / "question.py"
ASKING = {"adopt": ["adopt", "create"], "move": ["move"], "removal_flow": ["clean", "prune", "remove"]}
#: What a field of a message stands for here.
FIELD = " \0 "

OPTION = re.compile(r"(?<![\w-])--?[a-z][a-z-]*")


@cache
def options(command: str) -> frozenset[str]:
    """What a command takes."""
    parser = argparse.ArgumentParser()
    _command(command).add_arguments(parser)
    return frozenset(parser._option_string_actions)


@cache
def texts(path: Path) -> tuple[str, ...]:
    """The strings of a module but for its docstrings; also the words of lists and calls that make a command line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    docstrings = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, (ast.Module, ast.ClassDef, ast.FunctionDef))
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.List):
            words = [text(each) for each in node.elts]
            found += [f"`{' '.join(words)}`"] if words[:1] == ["central-venv"] else []
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in {"command", "_command"}:
            words = [text(each) for each in node.args]
            words = ["central-venv", *words] if words and words[0] in COMMANDS else words
            found += [f"`{' '.join(words)}`"] if words[:1] == ["central-venv"] else []
        elif isinstance(node, (ast.Constant, ast.JoinedStr)) and id(node) not in docstrings:
            found.append(text(node))
    return tuple(found)


def text(node: ast.expr) -> str:
    """A string, with a sign for what is put into it."""
    if isinstance(node, ast.JoinedStr):
        return "".join(map(text, node.values))
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else FIELD


def quoted(path: Path) -> Iterator[str]:
    """What stands in backticks."""
    for each in texts(path):
        yield from re.findall(r"`([^`]+)`", each)


def named(words: str) -> list[str]:
    """The options in a command line."""
    return [word.partition("=")[0] for word in words.split() if OPTION.match(word)]


def test_each_command_in_a_message_exists_and_has_the_options_that_are_named() -> None:
    lines = [words for path in FILES for words in quoted(path) if words.startswith("central-venv ")]
    wrong = []
    for line in lines:
        _, command, *rest = line.split()
        if command in {"uv", FIELD.strip(), "COMMAND"}:
            continue  # what follows is uv's
        if command not in COMMANDS or not options(command).issuperset(named(" ".join(rest))):
            wrong.append(line)

    assert wrong == []
    assert len(lines) > 50


def test_an_option_alone_is_named_only_by_the_command_that_has_it() -> None:
    """A room below does not know which command it works for, and the hint has to work in each."""
    wrong = []
    for path in FILES:
        if path == QUESTION:
            continue
        taken = options(MODULES[path]) if path in MODULES else OTHERS
        alone = (words for words in quoted(path) if words.startswith("-"))
        wrong += [f"{path.name}: {words}" for words in alone if not taken.issuperset(named(words))]

    assert wrong == []


def test_every_command_that_asks_takes_the_option_that_the_question_names() -> None:
    modules = (SOURCE / "cli").glob("*.py")
    askers = {path.stem for path in modules if "question import agreed" in path.read_text(encoding="utf-8")}

    assert askers == set(ASKING)
    assert [words for words in quoted(QUESTION) if words.startswith("-")] == ["--yes"]
    assert all("--yes" in options(command) for commands in ASKING.values() for command in commands)


def test_each_command_that_contradicts_itself_names_its_own_options() -> None:
    wrong = {}
    for path, command in MODULES.items():
        if command == "uv":
            continue  # it names what is uv's
        conflicts = [
            node
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.FunctionDef) and node.name == "conflict"
        ]
        said = [text(node) for each in conflicts for node in ast.walk(each) if isinstance(node, ast.Constant)]
        own = {option for each in said for option in OPTION.findall(re.sub(r"`central-venv [^`]*`", "", each))}
        if not own <= options(command):
            wrong[command] = own - options(command)

    assert wrong == {}
