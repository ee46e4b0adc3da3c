"""What a command line of uv asks for, without uv."""

from __future__ import annotations

import os
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from central_venv.policy.layout import environment_path
from central_venv.project_environment.uv_arguments import UvArguments
from hypothesis import example, given
from hypothesis import strategies as st
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

#: The kinds of a selection's parts, each with the options that make it.
NAMED = ("--package", "--extra", "--no-extra", "--group", "--no-group", "--only-group")
UNNAMED = ("--all-packages", "--all-extras", "--all-groups", "--no-default-groups")


def read(line: str) -> UvArguments:
    return UvArguments(line.split())


@pytest.mark.parametrize(
    ("line", "command", "words", "before"),
    [
        ("", "", [], ""),
        ("sync", "sync", [], "sync"),
        ("--project x sync", "sync", [], "--project x sync"),
        ("--project=x --quiet sync --frozen", "sync", [], "--project=x --quiet sync"),
        ("-qn --color never run python -p 3.12", "run", ["python"], "-qn --color never run"),
        ("run -p 3.12 -- python", "run", ["python"], "run"),
        ("run --with a -w b --env-file c python d", "run", ["python"], "run"),
        ("run -m pytest", "run", ["pytest"], "run"),
        ("run -", "run", ["-"], "run"),
        ("pip install a b", "pip install", ["a", "b"], "pip install"),
        ("pip -q install", "pip install", [], "pip -q install"),
        ("pip", "pip", [], "pip"),
        ("add -m x -c y a", "add", ["a"], "add"),
        ("venv -c mine", "venv", ["mine"], "venv"),
        ("remove --script a.py b", "remove", ["b"], "remove"),
        ("run --script a.py b", "run", ["a.py"], "run"),
        ("tree -d 2 --prune a", "tree", [], "tree"),
    ],
)
def test_the_command_and_its_words_are_found(line: str, command: str, words: list[str], before: str) -> None:
    arguments = read(line)

    assert (arguments.command, arguments.words) == (command, words)
    assert arguments.position == len(before.split())


@pytest.mark.parametrize(
    ("line", "python"),
    [
        ("run python", None),
        ("run -p 3.12 python", "3.12"),
        ("run -p3.12 python", "3.12"),
        ("run -p=3.12 python", "3.12"),
        ("run -qp 3.12 python", "3.12"),
        ("run --python 3.12 python", "3.12"),
        ("run --python=3.12 python", "3.12"),
        ("-p 3.12 sync", "3.12"),
        ("sync -p 3.12 --python 3.13", "3.13"),
        ("run python -p 3.12", None),
        ("run -- python -p 3.12", None),
        ("run --with x==1 -p 3.12 python", "3.12"),
        ("run --config-settings a=b -p 3.12 python", "3.12"),
        ("run --max-recursion-depth 3 -p 3.12 python", "3.12"),
        ("venv -p 3.12", "3.12"),
        ("lock -p 3.12", "3.12"),
        ("version --bump minor -p 3.12", "3.12"),
        ("pip install -p 3.12 a", "3.12"),
        ("pip list --python=pypy3.10", "pypy3.10"),
        ("pip install -p .venv a", None),
        ("pip install -p bin/python a", None),
        ("pip compile -p 3.12 a", None),
        ("tool run -p 3.12 a", None),
        ("init -p 3.12", None),
        ("python find 3.12", None),
        ("run -p", None),
        ("run --python", None),
    ],
)
def test_the_python_of_the_project_environment_is_found(line: str, python: str | None) -> None:
    assert read(line).python == python


def test_the_path_of_a_python_is_below_the_directory_that_uv_goes_to(monkeypatch: pytest.MonkeyPatch) -> None:
    assert read("--directory a run -p bin/python x").python == os.path.join("a", "bin/python")
    assert read("--directory a run -p python3 x").python == "python3"
    assert read(f"--directory a run -p {os.sep}bin/python x").python == f"{os.sep}bin/python"
    monkeypatch.setenv("UV_WORKING_DIR", "b")
    assert read("run -p bin/python x").python == os.path.join("b", "bin/python")


@pytest.mark.parametrize(
    ("line", "variables", "directory"),
    [
        ("sync", {}, "."),
        ("sync --project a", {}, "a"),
        ("sync --directory a", {}, "a"),
        ("--directory a sync --project b", {}, "a/b"),
        ("sync", {"UV_PROJECT": "c"}, "c"),
        ("sync", {"UV_WORKING_DIR": "d"}, "d"),
        ("sync --directory a", {"UV_WORKING_DIR": "d", "UV_PROJECT": "c"}, "a/c"),
        ("sync --project b", {"UV_WORKING_DIR": "d", "UV_PROJECT": "c"}, "d/b"),
        ("sync", {"UV_PROJECT": "", "UV_WORKING_DIR": ""}, "."),
        ("run x --project a", {}, "."),
    ],
)
def test_the_directory_is_the_one_that_uv_looks_in(
    line: str, variables: dict[str, str], directory: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    assert os.path.normpath(read(line).directory) == os.path.normpath(directory)


USING = [
    "run python",
    "sync",
    "add a",
    "remove a",
    "pip install a",
    "pip sync a",
    "pip install -p 3.12 a",
    "run -m a",
    "run --with a b",
    "run",
]
LOOKING = [
    "pip list",
    "pip freeze",
    "pip uninstall a",
    "pip show a",
    "pip check",
    "pip list -p 3.12",
    "pip install --dry-run a",
    "pip sync --dry-run a",
    "pip uninstall --dry-run a",
]
ELSEWHERE = [
    "",
    "lock",
    "tree",
    "export",
    "venv",
    "init",
    "tool install a",
    "python find",
    "build",
    "sync --dry-run",
    "sync --check",
    "sync --help",
    "sync -h",
    "run --isolated a",
    "run --no-project a",
    "run --script a",
    "run -s a",
    "add --script a b",
    "sync --script a",
    "pip install --system a",
    "pip install --target x a",
    "pip install --prefix x a",
    "pip install -p x a",
    "pip install --python x a",
    "run -",
]


@pytest.mark.parametrize("line", USING)
def test_what_works_in_the_environment_needs_it(line: str) -> None:
    assert read(line).uses_environment
    assert read(line).is_about_environment


@pytest.mark.parametrize("line", LOOKING)
def test_what_looks_into_the_environment_does_not_need_it(line: str) -> None:
    assert not read(line).uses_environment
    assert read(line).is_about_environment
    assert read(line).looks_into_environment


@pytest.mark.parametrize("line", ELSEWHERE)
def test_what_works_elsewhere_does_not_need_it(line: str) -> None:
    assert not read(line).uses_environment


@pytest.mark.parametrize(
    ("line", "variable"),
    [("run a", "UV_ISOLATED"), ("run a", "UV_NO_PROJECT"), ("pip install a", "UV_SYSTEM_PYTHON")],
)
def test_a_variable_stands_for_an_option(line: str, variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "0")
    assert read(line).uses_environment

    monkeypatch.setenv(variable, "1")
    assert not read(line).uses_environment


@pytest.mark.parametrize(("line", "frozen"), [("remove a", False), ("remove --frozen a", True)])
def test_an_option_freezes_the_lock_file(line: str, frozen: bool) -> None:  # noqa: FBT001
    assert read(line).is_frozen is frozen


@pytest.mark.parametrize(("value", "frozen"), [("0", False), ("1", True)])
def test_a_variable_freezes_the_lock_file(value: str, frozen: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    monkeypatch.setenv("UV_FROZEN", value)

    assert read("remove a").is_frozen is frozen


def test_a_script_that_says_what_it_needs_works_elsewhere(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(base, {"a/with.py": "# /// script\n# ///\n", "a/without.py": ""})
    monkeypatch.chdir(base)

    assert not read("run a/with.py").uses_environment
    assert not read("run --directory a with.py").uses_environment
    assert read("run a/without.py").uses_environment
    assert read("run with.py").uses_environment


@pytest.mark.parametrize("command", ["auth", "cache", "help", "publish", "self", "tool"])
def test_some_commands_are_about_no_project(command: str) -> None:
    assert not read(f"{command} something").is_about_project
    assert read("sync").is_about_project
    assert read("").is_about_project


# selections


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("run python", ""),
        ("sync", ""),
        ("sync --frozen --inexact", ""),
        ("sync --extra a", "+extra.a"),
        ("sync --extra=a", "+extra.a"),
        ("sync --extra a,b --extra a", "+extra.a+extra.b"),
        ("sync --extra My_Extra.x", "+extra.my-extra-x"),
        ("sync --extra a--.b", "+extra.a-b"),
        ("run --package b --extra a python --extra c", "+extra.a+package.b"),
        ("run --extra a --package b python", "+extra.a+package.b"),
        ("sync --all-extras --no-extra a", "+all-extras+no-extra.a"),
        ("sync --all-packages --all-groups", "+all-groups+all-packages"),
        ("sync --dev", "+group.dev"),
        ("sync --group dev", "+group.dev"),
        ("sync --no-dev", "+no-group.dev"),
        ("sync --only-dev", "+only-group.dev"),
        (
            "sync --only-group docs --no-group dev --no-default-groups",
            "+no-default-groups+no-group.dev+only-group.docs",
        ),
        ("sync --extra", ""),
        ("sync --extra=", ""),
        ("add --extra a b", ""),
        ("lock --extra a", ""),
        ("tree --package a", ""),
    ],
)
def test_a_selection_has_a_name_that_people_can_read(line: str, name: str) -> None:
    assert read(line).selection(None) == name


def test_a_member_is_selected_unless_another_package_is() -> None:
    assert read("sync").selection("Bert_x") == "+package.bert-x"
    assert read("sync --extra a").selection("bert") == "+extra.a+package.bert"
    assert read("sync --package tail").selection("bert") == "+package.tail"
    assert read("sync --all-packages").selection("bert") == "+all-packages"
    assert read("lock").selection("bert") == ""


@pytest.mark.parametrize(
    ("variables", "name"),
    [
        ({"UV_NO_DEV": "1"}, "+no-group.dev"),
        ({"UV_NO_DEV": "0"}, ""),
        ({"UV_NO_DEV": "False"}, ""),
        ({"UV_DEV": "true"}, "+group.dev"),
        ({"UV_NO_DEFAULT_GROUPS": "yes"}, "+no-default-groups"),
        ({"UV_NO_GROUP": "a B_c"}, "+no-group.a+no-group.b-c"),
        ({"UV_NO_GROUP": ""}, ""),
    ],
)
def test_variables_select_too(variables: dict[str, str], name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable, value in variables.items():
        monkeypatch.setenv(variable, value)

    assert read("sync").selection(None) == name


names = st.text(st.sampled_from("ab-_.A1+ é,/\n\0".replace("\0", "")), min_size=1, max_size=6)
long_names = st.text(st.sampled_from("abc日"), min_size=1, max_size=300)
parts = st.tuples(st.sampled_from(NAMED), names | long_names) | st.tuples(st.sampled_from(UNNAMED), st.none())
selections = st.lists(parts, max_size=5)


def line_of(selection: list[tuple[str, str | None]]) -> list[str]:
    return [
        "sync",
        *(option if value is None else f"{option}={value}" for option, value in selection),
    ]


def meaning(selection: list[tuple[str, str | None]]) -> set[tuple[str, str | None]]:
    """What a selection is, as uv compares it: no name but those of PEP 503 has two spellings."""
    found: set[tuple[str, str | None]] = set()
    for option, value in selection:
        if value is None:
            found.add((option, None))
        for name in filter(None, (value or "").split(",")):
            found.add((option, canonical(name)))
    return found


def canonical(name: str) -> str:
    import re

    if re.fullmatch(r"[A-Za-z0-9]([A-Za-z0-9._-]*[A-Za-z0-9])?", name):
        return re.sub(r"[-_.]+", "-", name).lower()
    return name


@given(one=selections, other=selections)
@example(one=[("--package", "a+all-extras")], other=[("--package", "a"), ("--all-extras", None)])
@example(one=[("--extra", "é")], other=[("--extra", "É")])
def test_two_selections_have_the_same_name_only_if_they_are_the_same(
    one: list[tuple[str, str | None]], other: list[tuple[str, str | None]]
) -> None:
    first, second = (UvArguments(line_of(each)).selection(None) for each in (one, other))

    assert (first == second) == (meaning(one) == meaning(other))


@given(selection=selections)
def test_the_order_of_a_selection_does_not_matter(selection: list[tuple[str, str | None]]) -> None:
    assert UvArguments(line_of(selection)).selection(None) == UvArguments(line_of(selection[::-1])).selection(None)


@given(selection=selections, member=st.none() | names)
def test_the_name_of_a_selection_can_be_that_of_a_directory_everywhere(
    selection: list[tuple[str, str | None]], member: str | None
) -> None:
    longest = f".venv-{'x' * 58}-graalpy3.13t"

    name = UvArguments(line_of(selection)).selection(member)

    assert len(os.fsencode(f"{longest}{name}")) < 200
    assert name == name.lower()
    assert name.isascii()
    assert not set(name) & set('/\\:*?"<>| \n')
    assert not name.endswith(".")
    assert environment_path("/home", "project", f".venv{name}").endswith(name)


words = st.sampled_from(
    [
        *("run", "sync", "pip", "install", "venv", "python", "a", "-", "--", "-p", "-p3.12", "--python", "--python=3"),
        *("-qvp", "--extra", "--with", "-w", "--script", "--project", "--directory", "--active", "", "-=", "--=", "-m"),
    ]
)


@given(arguments=st.lists(words, max_size=8))
def test_whatever_is_typed_can_be_read(arguments: list[str]) -> None:
    read = UvArguments(arguments)

    assert 0 <= read.position <= len(arguments)
    assert not read.command or arguments[read.position - 1] == read.command.rpartition(" ")[2]
    with no_variables():
        assert isinstance(read.directory, str)
        assert isinstance(read.uses_environment, bool)
        assert isinstance(read.selection(None), str)
        assert read.python is None or isinstance(read.python, str)


@contextmanager
def no_variables() -> Iterator[None]:
    assert not {"UV_PROJECT", "UV_WORKING_DIR"} & set(os.environ)
    yield
