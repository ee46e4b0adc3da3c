"""uv is told of the active environment in its own project only: in another one it would make it fit that one."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest
from support.hosts import UV
from support.trees import write_tree

from .conftest import Shell, Terminal, environment_of

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Projects = Callable[..., Path]
    Shared = Callable[[str], Path]

VARIABLE = "UV_PROJECT_ENVIRONMENT"
PYPROJECT = '[project]\nname = "{}"\nversion = "1"\nrequires-python = ">=3.10"\n'


def test_it_is_told_in_the_project_and_below(shell: Shell, make_project: Projects, store: Path) -> None:
    root = make_project("api")
    (root / "src").mkdir()

    outside, inside, below, above, beside = shell.visit(
        "central-venv activate api",
        f"cd {shell.quoted(root)}",
        "cd src",
        "cd ../..",
        f"mkdir api-2 {'|| exit' if shell.name != 'pwsh' else ''}; cd api-2",
    )

    assert VARIABLE not in outside
    assert inside[VARIABLE] == below[VARIABLE] == environment_of(root, store)
    assert VARIABLE not in above
    assert VARIABLE not in beside


def test_it_is_told_where_the_project_is_activated(shell: Shell, make_project: Projects, store: Path) -> None:
    root = make_project("api")

    _, active, after = shell.visit(f"cd {shell.quoted(root)}", "central-venv activate", "deactivate")

    assert active[VARIABLE] == environment_of(root, store)
    assert VARIABLE not in after


def test_it_is_not_told_in_another_project_on_the_same_line(shell: Shell, make_project: Projects) -> None:
    one, two = make_project("one"), make_project("two")

    *_, there = shell.visit(
        f"cd {shell.quoted(one)}", "central-venv activate one", f"cd {shell.quoted(two)} && env >/dev/null"
    )

    assert VARIABLE not in there


def test_it_is_told_through_a_link(shell: Shell, make_project: Projects, store: Path, base: Path) -> None:
    root = make_project("api")
    (base / "link").symlink_to(root)

    _, inside = shell.visit("central-venv activate api", "cd link")

    assert inside[VARIABLE] == environment_of(root, store)


def test_it_is_not_told_behind_a_link_that_leaves_the_project(shell: Shell, make_project: Projects, base: Path) -> None:
    root = make_project("api")
    (base / "elsewhere").mkdir()
    (root / "link").symlink_to(base / "elsewhere")

    *_, outside = shell.visit("central-venv activate api", f"cd {shell.quoted(root)}", "cd link")

    assert VARIABLE not in outside


def test_what_it_was_outside_it_is_again(shell: Shell, make_project: Projects, store: Path) -> None:
    root = make_project("api")
    other = f"{store}/other-12345678/.venv"  # what another activation left

    _, inside, outside, _, _, after = shell.visit(
        "central-venv activate api",
        f"cd {shell.quoted(root)}",
        "cd ..",
        f"cd {shell.quoted(root)}",
        "deactivate",
        "cd .",
        UV_PROJECT_ENVIRONMENT=other,
    )

    assert inside[VARIABLE] == environment_of(root, store)
    assert (outside[VARIABLE], after[VARIABLE]) == (other, other)


def test_what_the_user_told_uv_is_active_and_stays_told(
    shell: Shell, make_project: Projects, base: Path, store: Path
) -> None:
    root = make_project("api")
    os.rename(environment_of(root, store), base / "own")

    active, inside = shell.visit(
        "central-venv activate api", f"cd {shell.quoted(root)}", UV_PROJECT_ENVIRONMENT=str(base / "own")
    )

    assert active["VIRTUAL_ENV"] == str(base / "own")
    assert (active[VARIABLE], inside[VARIABLE]) == (str(base / "own"), str(base / "own"))


def test_of_a_shared_environment_that_is_named_it_is_told_nowhere(
    shell: Shell, make_project: Projects, make_shared: Shared
) -> None:
    root = make_project("api")
    make_shared("@torch")

    active, inside = shell.visit("central-venv activate '@torch'", f"cd {shell.quoted(root)}")

    assert VARIABLE not in {**active, **inside}


def test_the_directory_is_looked_at_that_was_removed(shell: Shell, make_project: Projects, base: Path) -> None:
    if shell.name == "pwsh":
        pytest.skip("PowerShell does not remove a directory that it is in")
    root = make_project("api")

    _, inside, after = shell.visit(
        "central-venv activate api", f"cd {shell.quoted(root)}", f"rm -r {shell.quoted(root)}; cd {shell.quoted(base)}"
    )

    assert VARIABLE in inside
    assert VARIABLE not in after


def test_pushd_and_popd_count(shell: Shell, make_project: Projects, store: Path) -> None:
    root = make_project("api")

    _, inside, outside = shell.visit(
        "central-venv activate api", f"pushd {shell.quoted(root)} >/dev/null", "popd >/dev/null"
    )

    assert inside[VARIABLE] == environment_of(root, store)
    assert VARIABLE not in outside


def test_uv_leaves_the_environment_alone_in_another_project(shell: Shell, make_project: Projects, store: Path) -> None:
    one, two = make_project("one"), make_project("two")
    for root in (one, two):
        write_tree(root, {"pyproject.toml": PYPROJECT.format(root.name)})
    sync = f"{'& ' if shell.name == 'pwsh' else ''}{shell.quoted(UV)} sync --quiet --offline"
    subprocess.run(["rm", "-r", environment_of(one, store)], check=True)
    subprocess.run([UV, "venv", "--quiet", environment_of(one, store)], check=True)

    shell.visit(
        f"cd {shell.quoted(one)}",
        "central-venv activate one",
        f"cd {shell.quoted(two)} && {sync}",
        f"cd {shell.quoted(one)} && {sync}",
    )

    assert (two / ".venv").is_dir()
    assert not (one / ".venv").exists()


@pytest.fixture
def bash(base: Path, make_project: Projects, terminals: list[Terminal]) -> Callable[..., Terminal]:
    """Starts bash at a terminal, with a project `api` active."""
    from .conftest import find_shell

    make_project("api")

    def start(*lines: str) -> Terminal:
        terminals.append(find_shell("bash", base).open(*lines))
        terminals[-1].type("central-venv activate api")
        return terminals[-1]

    return start


@pytest.mark.parametrize(
    "lines",
    [
        ['cd() { builtin cd "$@"; }'],
        ["alias cd='builtin cd'"],
        ["PROMPT_COMMAND='true;'", "alias cd='builtin cd'"],
        ["PROMPT_COMMAND=(true true)", "alias cd='builtin cd'"],
    ],
    ids=["a function", "an alias", "with a command", "with commands"],
)
def test_bash_looks_at_each_prompt_where_somebody_else_changes_the_directory(
    lines: list[str], bash: Callable[..., Terminal], store: Path, base: Path
) -> None:
    terminal = bash(*lines)

    terminal.type("cd projects/api")
    inside = terminal.value(VARIABLE)
    terminal.type("cd ..")
    outside = terminal.value(VARIABLE)

    assert inside == environment_of(base / "projects" / "api", store)
    assert outside == "none"


def test_a_cd_of_the_user_stays(bash: Callable[..., Terminal]) -> None:
    terminal = bash('cd() { export MINE=1; builtin cd "$@"; }')
    terminal.type("deactivate")
    terminal.type("cd projects")

    assert terminal.value("MINE") == "1"
