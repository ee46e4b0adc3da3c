"""What the shells complete behind `central-venv`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.project_environment.shell import QUOTED
from support.environments import seal
from support.trees import write_tree

from .conftest import Shell, Terminal, find_shell

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.commands import Runner

    Projects = Callable[..., Path]
    Shared = Callable[[str], Path]
    Complete = Callable[..., list[str]]


@pytest.fixture
def complete(run: Runner) -> Complete:
    """The candidates for a line, by its words, with what they mean if that is asked for."""

    def complete(*words: str) -> list[str]:
        said = run("complete", "--", *words)
        assert (said.status, said.err) == (0, "")
        return [line.partition("\t")[0] for line in said.out.splitlines()]

    return complete


@pytest.fixture
def here(make_project: Projects, monkeypatch: pytest.MonkeyPatch, store: Path) -> Path:
    """The current directory is a project with environments of two runners."""
    root = make_project("api", ".venv", ".venv-3.12")
    seal(Home(Store(str(store)), str(root)), "py312", "tox")
    monkeypatch.chdir(root)
    return root


def test_commands_are_completed_with_what_they_do(run: Runner) -> None:
    said = run("complete", "--", "li")

    assert said.out.splitlines() == [
        "link\tlet `.venv` in the project lead to its environment, for editors",
        "list\tevery environment of every project",
    ]


def test_the_program_for_completion_is_not_shown(run: Runner, complete: Complete) -> None:
    assert complete("comp") == []
    assert "complete " not in run("--help").out


def test_options_of_a_command_are_completed_with_what_they_do(run: Runner) -> None:
    said = run("complete", "--", "list", "--summ")

    assert said.out == "--summary\tprint one line for each project, with its disk use\n"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["--v"], ["--version"]),
        (["hook", ""], ["bash", "zsh", "fish", "pwsh", "direnv"]),
        (["hook", "z"], ["zsh"]),
        (["hook", "zsh", ""], []),
        (["list", "--state", "or"], ["orphan"]),
        (["list", "--json", "--state", "or"], ["orphan"]),
        (["list", "--state=or"], ["--state=orphan"]),
        (["list", "--stat=or"], []),
        (["env", "--shell", "f"], ["fish"]),
        (["env", "--shell", "j"], ["json"]),
        (["activate", "--shell", ""], ["bash", "zsh", "fish", "pwsh"]),
        (["activate", "--python", ""], []),
        (["list", "--project", ""], []),
        (["nothing", ""], []),
        (["nothing", "-"], []),
        (["activate", "--", "-"], []),
    ],
    ids=str,
)
def test_what_the_commands_themselves_say_is_completed(
    words: list[str], expected: list[str], complete: Complete
) -> None:
    assert complete(*words) == expected


@pytest.mark.parametrize(
    ("words", "inner"),
    [
        (["run", "p"], 1),
        (["run", "pytest", "-"], 2),
        (["run", "--python", "3.12", "pytest", "tests", ""], 3),
        (["run", "--python=3.12", "--", "pytest", "-"], 2),
        (["uv", ""], 2),
        (["uv", "pip", "install", "-"], 4),
    ],
    ids=str,
)
def test_what_belongs_to_another_program_is_left_to_the_shell(words: list[str], inner: int, run: Runner) -> None:
    assert run("complete", "--", *words).out == f"\t{inner}\n"


def test_the_options_before_a_command_are_completed(complete: Complete) -> None:
    assert complete("run", "--pyt") == ["--python"]


def test_projects_are_completed_by_the_shortest_names_that_tell_them_apart(
    complete: Complete, make_project: Projects, make_shared: Shared
) -> None:
    for name in ("work/api", "home/api", "web"):
        make_project(name)
    make_shared("@torch")

    assert set(complete("activate", "")) == {"work/api", "home/api", "web", "@torch"}
    assert complete("activate", "@") == ["@torch"]
    assert complete("activate", "web", "") == []


def test_projects_that_are_gone_are_not_completed(complete: Complete, make_project: Projects) -> None:
    make_project("here")
    root = make_project("gone")
    root.rename(root.parent / "elsewhere")

    assert complete("activate", "") == ["here"]


def test_each_project_is_shown_with_its_path(run: Runner, make_project: Projects) -> None:
    root = make_project("api")

    assert run("complete", "--", "activate", "").out == f"api\t{root}\n"


def test_shared_environments_are_completed_for_use(complete: Complete, make_shared: Shared) -> None:
    make_shared("@torch")

    assert complete("use", "") == ["@torch", "--none"]


def test_environments_of_this_project_are_completed_for_removal(
    complete: Complete, here: Path, make_shared: Shared
) -> None:
    make_shared("@torch")

    assert set(complete("remove", "")) == {".venv", ".venv-3.12", "py312", "@torch"}
    assert set(complete("remove", "py312", ".v")) == {".venv", ".venv-3.12"}
    assert complete("remove", "--runner", "tox", "p") == ["py312"]


def test_environments_of_another_project_are_completed_if_it_is_named(
    complete: Complete, here: Path, base: Path
) -> None:
    write_tree(base / "other", {"pyproject.toml": ""})

    assert complete("path", "--project", str(base / "other"), "--env", "") == []
    assert set(complete("path", "--project", str(here), "--env", "")) == {".venv", ".venv-3.12"}


def test_environments_of_a_runner_are_completed(complete: Complete, here: Path) -> None:
    assert complete("path", "--runner", "tox", "--env", "") == ["py312"]
    assert complete("path", "--runner=tox", "--env=") == ["--env=py312"]


def test_runners_in_the_store_are_completed(complete: Complete, here: Path) -> None:
    assert complete("list", "--runner", "") == ["project", "tox"]


def test_a_name_that_no_line_can_hold_is_not_completed(complete: Complete, make_project: Projects) -> None:
    make_project("two\nlines")
    make_project(os.fsdecode(b"caf\xe9"))
    make_project("plain")

    assert complete("activate", "") == ["plain"]


@pytest.mark.skipif(os.getuid() == 0 if hasattr(os, "getuid") else True, reason="nothing is unreadable for this user")
def test_a_store_that_cannot_be_read_gives_no_candidates_to_its_user(
    shell: Shell, make_project: Projects, store: Path
) -> None:
    make_project("api")
    store.chmod(0)

    assert candidates(shell, "activate ") == []


@pytest.mark.parametrize("name", ["bash", "fish"])
def test_a_store_that_is_a_file_gives_no_candidates_and_no_noise(name: str, base: Path, store: Path) -> None:
    store.parent.mkdir(parents=True)
    (store.parent / "central-venv").write_text("")
    shell = find_shell(name, base)

    assert candidates(shell, "activate nothing-like-this") == []


@pytest.mark.parametrize("name", ["bash", "fish"])
def test_a_configuration_that_is_wrong_gives_no_candidates_and_no_noise(name: str, base: Path) -> None:
    shell = find_shell(name, base)

    assert candidates(shell, "activate nothing-like-this", CENTRAL_VENV_HOME="relative") == []


def candidates(shell: Shell, line: str, **variables: str) -> list[str]:
    """What a shell offers for a line."""
    if shell.name == "fish":
        lines = [f"complete -C {QUOTED['fish'](f'central-venv {line}')}"]
    else:
        text = f"central-venv {line}"
        last = line.rpartition(" ")[2]
        lines = [
            f"COMP_LINE={QUOTED['bash'](text)} COMP_POINT={len(text)}",
            f"COMP_WORDS=({text}{'' if last else ' _'}) COMP_CWORD={len(line.split()) + (not last)}",
            f"_central_venv_complete central-venv {QUOTED['bash'](last)} x",
            "printf '%s\\n' \"${COMPREPLY[@]-}\"",
        ]
    said = shell.run(*lines, variables=variables).out
    return [found.partition("\t")[0] for found in said.splitlines() if found]


@pytest.mark.parametrize("name", ["bash", "fish"])
@pytest.mark.parametrize(
    ("line", "expected"),
    [
        ("ho", ["hook"]),
        ("hook z", ["zsh"]),
        ("list --summ", ["--summary"]),
        ("list --state or", ["orphan"]),
        ("activate ap", ["api"]),
        ("activate @", ["@torch"]),
        ("run central-ve", ["central-venv"]),
    ],
)
def test_a_shell_offers_candidates(
    line: str, expected: list[str], name: str, base: Path, make_project: Projects, make_shared: Shared
) -> None:
    make_project("api")
    make_project("web")
    make_shared("@torch")

    assert sorted(set(candidates(find_shell(name, base), line))) == expected


@pytest.fixture
def terminal(shell: Shell, terminals: list[Terminal]) -> Terminal:
    """A shell that completes at a terminal."""
    if shell.name == "pwsh":
        pytest.skip("this is told in the words of the other shells")
    zsh = ["zmodload zsh/zle && setopt zle", "autoload -Uz compinit && compinit -u -D", "bindkey '^I' complete-word"]
    terminals.append(shell.open(*(zsh if shell.name == "zsh" else [])))
    return terminals[-1]


@pytest.mark.parametrize(
    ("name", "typed"),
    [
        ("api", "ap"),
        ("with space", "with"),
        ("with space", "'with sp"),
        ("with space", '"with sp'),
        ("with space", "with\\ sp"),
        ("it's", "it"),
        ("it's", "it\\'"),
        ("it's", '"it'),
        ('"double"', "'\"dou"),
        ("$(touch pwned)", "\\$"),
        ("a$(touch pwned)", "a"),
        ("a`touch pwned`", "a"),
        ("a;touch pwned", "a"),
        ("a\\b", "a"),
        ("a=b:c@d", "a"),
        ("a=b:c@d", "a=b"),
        ("a=b:c@d", "a=b:c"),
        ("a=b:c@d", "a=b:c@"),
        ("a* ?[b]{c}~", "a"),
        ("a!b", "a"),
        ("a#b", "a"),
        ("日本", "日"),
    ],
)
def test_what_is_completed_is_activated(
    name: str, typed: str, terminal: Terminal, make_project: Projects, store: Path, base: Path
) -> None:
    root = make_project(name)

    terminal.type(f"central-venv activate {typed}\t")

    assert terminal.value("VIRTUAL_ENV") == Home(Store(str(store)), str(root)).environment_path("project", ".venv")
    assert not list(base.rglob("pwned"))


@pytest.mark.parametrize("shell", ["bash"], indirect=True)
def test_what_means_an_earlier_line_is_not_inserted(terminal: Terminal, make_project: Projects, store: Path) -> None:
    root = make_project("wow!b")

    terminal.type("echo before")
    terminal.type('central-venv activate "wow\t"')

    assert terminal.value("VIRTUAL_ENV") == Home(Store(str(store)), str(root)).environment_path("project", ".venv")


def test_what_is_shared_is_completed(terminal: Terminal, make_shared: Shared) -> None:
    path = make_shared("@torch")

    terminal.type("cvenv activate @to\t")

    assert terminal.value("VIRTUAL_ENV") == str(path)


@pytest.mark.parametrize("shell", ["bash", "zsh"], indirect=True)
def test_what_tells_projects_apart_is_offered(terminal: Terminal, make_project: Projects) -> None:
    make_project("work/api")
    make_project("play/api")
    make_project("web")

    terminal.begin("central-venv activate w\t\t\t")

    shown = terminal.show("work/api")
    shown += "" if "web" in shown else terminal.show("web")
    assert "web" in shown
