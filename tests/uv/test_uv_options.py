"""The table of uv's options, compared with what uv itself says of them."""

from __future__ import annotations

import re
import subprocess
from typing import TYPE_CHECKING

import pytest
from central_venv.project_environment.uv_arguments import OPTIONS_WITH_VALUE, UvArguments

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.uv import Uv

#: The commands whose options are read; the first is none.
COMMANDS = ("", "run", "sync", "add", "remove", "lock", "tree", "export", "venv")

#: A line of the help, such as ``  -p, --python <PYTHON>``: a value that can be left out counts as none.
HELP = re.compile(r"^ {2,6}(?:-(?P<letter>\w), +)?(?P<name>--[a-z][a-z-]*)(?P<value>=?[ ]?<)?")

#: A line of the completion for fish, which tells of the options that no help shows, too.
COMPLETION = re.compile(
    r'^complete -c uv -n "__fish_uv_(?:needs_command|using_subcommand (?P<command>[a-z]+))"'
    r"(?P<names>(?: -[sl] \S+)+)(?: -d '(?:[^'\\]|\\.)*')?(?P<rest>.*)"
)

#: What `--config-setting` and others are called as well, which neither shows.
ALIASES = {"run": ["--config-settings"], "add": ["--requirement", "--constraint"]}


def said_by(uv: Uv, *arguments: str) -> str:
    done = subprocess.run([uv.program, *arguments], capture_output=True, text=True, encoding="utf-8", check=False)
    return done.stdout + done.stderr


def takes_value(command: str, option: str) -> bool:
    """Whether the next word is taken for an option's value."""
    words = [command, option, "next"] if command else [option, "next"]
    return (option, "next") in UvArguments(words).options


def in_help(uv: Uv) -> dict[tuple[str, str], bool]:
    """Whether each option takes a value, by its command and name."""
    found: dict[tuple[str, str], bool] = {}
    for command in COMMANDS:
        for line in said_by(uv, *filter(None, [command]), "--help").splitlines():
            if match := HELP.match(line):
                names = [match["name"], *([f"-{match['letter']}"] if match["letter"] else [])]
                found |= {(command, name): match["value"] is not None for name in names}
    return found


def in_completion(uv: Uv) -> dict[tuple[str, str], bool]:
    """The same, with the hidden ones."""
    found: dict[tuple[str, str], bool] = {}
    for line in said_by(uv, "generate-shell-completion", "fish").splitlines():
        match = COMPLETION.match(line)
        if match is None or (match["command"] or "") not in COMMANDS:
            continue
        for kind, name in re.findall(r"-([sl]) (\S+)", match["names"]):
            found[match["command"] or "", f"{'-' if kind == 's' else '--'}{name}"] = match["rest"].startswith(" -r")
    return found


@pytest.mark.parametrize("source", [in_help, in_completion], ids=["help", "completion"])
def test_the_table_knows_which_options_take_a_value(
    source: Callable[[Uv], dict[tuple[str, str], bool]], uv: Uv
) -> None:
    options = source(uv)

    assert {command for command, _ in options} == set(COMMANDS)
    assert options["run", "--extra"]
    assert options["run", "-p"]
    assert not options["run", "--exact"]
    wrong = {key: value for key, value in options.items() if takes_value(*key) is not value}
    assert wrong == {}


def test_other_names_of_options_take_a_value_too(uv: Uv) -> None:
    for command, names in ALIASES.items():
        for name in names:
            assert "a value is required for" in said_by(uv, command, name)
            assert takes_value(command, name)


def test_the_table_names_no_option_that_uv_does_not_have(newest_uv: Uv) -> None:
    known = {name for _, name in in_completion(newest_uv)}
    aliases = {name for names in ALIASES.values() for name in names}

    assert OPTIONS_WITH_VALUE - known - aliases - {"--bump"} == set()
