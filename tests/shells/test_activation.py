"""`central-venv activate` and `deactivate` in the real shells."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from central_venv.policy.layout import PROJECT_RUNNER
from central_venv.store.home import Home
from central_venv.store.store import Store
from support.environments import seal

from .conftest import SCRIPT, STRICT, Shell, Terminal, environment_of, make_runnable

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Projects = Callable[..., Path]
    Shared = Callable[[str], Path]

NAMES = [
    "with space",
    "it's",
    '"double"',
    "$(touch pwned)",
    "`touch pwned`",
    "; touch pwned",
    "& touch pwned",
    "back\\slash",
    "two\nlines",
    "* ? [a-z] {a,b} ~",
    "%n%1~%(!.a.b)",
    "!history",
    "日本語 🐍",
    "\u2018curly\u2019",
]

#: What says all that a shell knows, and what of it changes by itself.
DUMP = {
    "bash": "declare -p; declare -f; alias; trap -p; shopt; set -o",
    "zsh": "autoload -Uz +X add-zsh-hook; typeset -p; typeset -f; alias; setopt",
    "fish": "set --show; functions -n; functions fish_prompt",
}
VOLATILE = {
    "bash": r"declare -\S+ (_|OLDPWD|RANDOM|SRANDOM|SECONDS|LINENO|EPOCH\w+|BASH_\w+|FUNCNAME|PIPESTATUS)\b",
    "zsh": r"typeset .*\b(RANDOM|SECONDS|LINENO|EPOCH\w+|TTYIDLE|_|pipestatus|funcstack|argv)=|export OLDPWD",
    "fish": r"\$(OLDPWD|dirprev|history|status|pipestatus|__fish_\w+|last_pid)\b|# Defined",
}

#: What another activation told uv; anything but a project's environment in the store would be the user's own choice.
TOLD = '"$HOME/.local/share/central-venv/a b/.venv"'

#: What can be set before, in the words of each shell; a Python home must be a true one.
BEFORE = {
    "nothing": dict.fromkeys(DUMP, ""),
    "exported": {
        "bash": f"export PYTHONHOME='{sys.base_prefix}' UV_PROJECT_ENVIRONMENT={TOLD} VIRTUAL_ENV_PROMPT= PS1='\\u$ '",
        "zsh": f"export PYTHONHOME='{sys.base_prefix}' UV_PROJECT_ENVIRONMENT={TOLD} VIRTUAL_ENV_PROMPT= PS1='%n$ '",
        "fish": f"set -gx PYTHONHOME '{sys.base_prefix}'; set -gx UV_PROJECT_ENVIRONMENT {TOLD}; "
        "set -gx VIRTUAL_ENV_PROMPT",
    },
    "not exported": {
        "bash": "PYTHONHOME='/it'\\''s' UV_PROJECT_ENVIRONMENT= VIRTUAL_ENV=; declare -x VIRTUAL_ENV_PROMPT; PS1=",
        "zsh": "PYTHONHOME='/it'\\''s' UV_PROJECT_ENVIRONMENT= VIRTUAL_ENV= PS1=",
        "fish": "set -g PYTHONHOME \"/it's\"; set -g UV_PROJECT_ENVIRONMENT; set -g VIRTUAL_ENV ''",
    },
    "hooks": {
        "bash": "PROMPT_COMMAND=(true [3]='echo \"$PWD\" >/dev/null')",
        "zsh": "other() { }; chpwd_functions=(other)",
        "fish": "function other --on-variable PWD; end",
    },
    "a command before each prompt": {
        "bash": "export PROMPT_COMMAND='history -a;'",
        "zsh": "setopt promptsubst; PS1='$PWD '",
        "fish": "function fish_prompt; echo '$ '; end",
    },
}

#: Without a prompt, the script of venv leaves an empty one.
NO_PROMPT = {"VIRTUAL_ENV_DISABLE_PROMPT": "1"}


@pytest.fixture(params=list(BEFORE))
def before(request: pytest.FixtureRequest) -> dict[str, str]:
    """What is set before, in the words of each shell."""
    return BEFORE[request.param]


def test_an_environment_is_activated_from_anywhere(shell: Shell, make_project: Projects, store: Path) -> None:
    environment = environment_of(make_project("api"), store)

    before, active = shell.visit("cd .", "central-venv activate api")

    assert active["VIRTUAL_ENV"] == environment
    assert active["VIRTUAL_ENV_PROMPT"] == "api"
    assert active["PATH"] == f"{environment}/bin:{before['PATH']}"


def test_without_a_name_the_project_of_the_current_directory_is_meant(
    shell: Shell, make_project: Projects, store: Path
) -> None:
    root = make_project("api")
    (root / "src").mkdir()

    _, active = shell.visit(f"cd {shell.quoted(root / 'src')}", "central-venv activate")

    assert active["VIRTUAL_ENV"] == environment_of(root, store)


def test_an_environment_that_several_projects_share_is_activated(shell: Shell, make_shared: Shared) -> None:
    environment = make_shared("@torch")

    [active] = shell.visit("central-venv activate '@torch'")

    assert active["VIRTUAL_ENV"] == str(environment)
    assert active["VIRTUAL_ENV_PROMPT"] == "@torch"
    assert active["PATH"].startswith(f"{environment}/bin:")


def test_the_environment_for_a_python_is_activated(shell: Shell, make_project: Projects, store: Path) -> None:
    root = make_project("api", ".venv", ".venv-3.12")

    [active] = shell.visit("central-venv activate api --python 3.12")

    assert active["VIRTUAL_ENV"] == environment_of(root, store, ".venv-3.12")
    assert active["VIRTUAL_ENV_PROMPT"] == "api-3.12"


def test_the_short_name_activates_too(shell: Shell, make_project: Projects, store: Path) -> None:
    root = make_project("api")

    [active] = shell.visit("cvenv activate api")

    assert active["VIRTUAL_ENV"] == environment_of(root, store)


@pytest.mark.parametrize("name", NAMES, ids=ascii)
def test_whatever_a_project_is_called_nothing_of_it_is_carried_out(
    name: str, shell: Shell, make_project: Projects, store: Path, base: Path
) -> None:
    root = make_project(name)

    active, inside, outside = shell.visit(
        f"central-venv activate {shell.quoted(name)}", f"cd {shell.quoted(root)}", f"cd {shell.quoted(base)}"
    )

    assert active["VIRTUAL_ENV"] == inside["UV_PROJECT_ENVIRONMENT"] == environment_of(root, store)
    assert "UV_PROJECT_ENVIRONMENT" not in outside
    assert not list(base.rglob("pwned"))


@pytest.mark.parametrize("name", [name for name in NAMES if not {"$", "{"} & set(name)], ids=ascii)  # which mean more
def test_whatever_the_store_is_called_nothing_of_it_is_carried_out(
    name: str, shell: Shell, make_project: Projects, base: Path
) -> None:
    root, elsewhere = make_project("api"), base / name
    make_runnable(seal(Home(Store(str(elsewhere)), str(root)), ".venv", PROJECT_RUNNER))

    [active] = shell.visit("central-venv activate api", CENTRAL_VENV_HOME=str(elsewhere))

    assert active["VIRTUAL_ENV"].startswith(f"{elsewhere}/api-")
    assert active["PATH"].startswith(f"{elsewhere}/api-")
    assert not list(base.rglob("pwned"))


def test_a_name_that_is_not_text_is_activated(shell: Shell, make_project: Projects) -> None:
    if shell.name == "pwsh":
        pytest.skip("PowerShell knows text only")
    make_project(os.fsdecode(b"caf\xe9"))

    [active] = shell.visit("central-venv activate caf")

    assert active["VIRTUAL_ENV_PROMPT"].isprintable()


def test_all_else_goes_to_the_program(shell: Shell, make_project: Projects) -> None:
    make_project("api")

    said = shell.run("central-venv list", "cvenv path --project projects/api --exists")

    assert "ready" in said.out.splitlines()[1]
    assert said.out.splitlines()[-1].endswith(".venv")


def test_help_is_shown(shell: Shell) -> None:
    said = shell.run("central-venv activate --help", "central-venv activate -h")

    assert said.out.count("usage: central-venv activate") == 2


#: What ends a script with the status of its last command.
END = {"fish": "exit $status", "pwsh": "exit $LASTEXITCODE"}


@pytest.mark.parametrize("line", ["central-venv activate nothing", "central-venv path --exists --project ."])
def test_a_failure_has_its_status(line: str, shell: Shell) -> None:
    assert shell.run(line, END.get(shell.name, "exit $?"), check=False).status == 1


def test_an_activation_in_the_project_has_the_status_of_success(shell: Shell, make_project: Projects) -> None:
    root = make_project("api")

    said = shell.run(f"cd {shell.quoted(root)}", "central-venv activate", END.get(shell.name, "exit $?"), check=False)

    assert said.status == 0


def test_a_failure_changes_nothing(shell: Shell, make_project: Projects) -> None:
    make_project("api")
    bare = "central-venv activate nothing 2>&1 >/dev/null" + (";" if shell.name in {"fish", "pwsh"} else " || :")

    active, after = shell.visit("central-venv activate api", bare)

    assert after["VIRTUAL_ENV"] == active["VIRTUAL_ENV"]


def test_strict_shells_are_no_obstacle(shell: Shell, make_project: Projects, store: Path, base: Path) -> None:
    root = make_project("api")

    before, active, _, outside, after = shell.visit(
        STRICT[shell.name],
        "central-venv activate api",
        f"cd {shell.quoted(root)}",
        f"cd {shell.quoted(base)}",
        "deactivate",
    )

    assert active["VIRTUAL_ENV"] == environment_of(root, store)
    assert "UV_PROJECT_ENVIRONMENT" not in outside
    assert changed(before, after) == set()


def test_a_strict_shell_ends_where_activation_fails(shell: Shell) -> None:
    if shell.name in {"fish", "pwsh"}:
        pytest.skip("this shell has no such option")

    said = shell.run(STRICT[shell.name], "central-venv activate nothing", "echo on", check=False)

    assert (said.status, said.out) == (1, "")


def test_deactivate_restores_everything_that_a_program_gets(
    shell: Shell, before: dict[str, str], make_project: Projects
) -> None:
    if shell.name == "pwsh":
        pytest.skip("this is told in the words of the other shells")
    root = make_project("api")

    earlier, active, inside, _, after = shell.visit(
        before[shell.name], "central-venv activate api", f"cd {shell.quoted(root)}", "deactivate", "cd .."
    )

    assert "PYTHONHOME" not in active
    assert inside["UV_PROJECT_ENVIRONMENT"] == active["VIRTUAL_ENV"]
    assert changed(earlier, after) == set()


def test_deactivate_restores_everything_that_the_shell_knows(
    shell: Shell, before: dict[str, str], make_project: Projects
) -> None:
    if shell.name == "pwsh":
        pytest.skip("this is told in the words of the other shells")
    root = make_project("api")
    dump, cut = DUMP[shell.name], "echo; echo CUT"

    said = shell.run(
        before[shell.name],
        dump,
        cut,
        "central-venv activate api",
        f"cd {shell.quoted(root)}",
        "cd ../..",
        dump,
        cut,
        "deactivate",
        dump,
    ).out

    earlier, active, after = (known(part, VOLATILE[shell.name]) for part in said.split("\nCUT\n"))
    assert active != earlier
    assert after == earlier


def known(dump: str, volatile: str) -> list[str]:
    """The lines of what a shell knows, but for what changes by itself."""
    return [line for line in dump.splitlines() if line and not re.match(volatile, line)]


def changed(earlier: dict[str, str], later: dict[str, str]) -> set[str]:
    """The variables of which two snapshots differ, but for those of the shell's own doing."""
    own = {"OLDPWD", "PWD", "_", "SHLVL"}
    return {name for name, _ in set(earlier.items()) ^ set(later.items())} - own


def test_deactivate_is_gone_after_that(shell: Shell, make_project: Projects) -> None:
    make_project("api")

    said = shell.run("central-venv activate api", "deactivate", "deactivate", "exit 0", check=False)

    assert "deactivate" in said.err


#: A function of the user's own, in which an alias means something already that it must not mean again.
OWN_DEACTIVATE = {
    "bash": "shopt -s expand_aliases; alias echo='echo own'\nfunction deactivate { echo; }",
    "zsh": "alias echo='echo own'\nfunction deactivate { echo }",
    "fish": "function deactivate; echo own; end",
}


def test_deactivate_gives_back_the_function_of_that_name(shell: Shell, make_project: Projects) -> None:
    if shell.name not in OWN_DEACTIVATE:
        pytest.skip("this is told in the words of the other shells")
    make_project("api")
    make_project("web")

    said = shell.run(
        OWN_DEACTIVATE[shell.name],
        "deactivate",
        "central-venv activate api",
        "central-venv activate web",
        "deactivate",
        "printf 'left\\n'",
        "deactivate",
    )

    assert said.out == "own\nleft\nown\n"


def test_the_deactivate_of_another_environment_is_not_given_back(
    shell: Shell, make_project: Projects, base: Path
) -> None:
    make_project("api")
    source = sourcing(shell, base)

    said = shell.run(source, "central-venv activate api", "deactivate", "deactivate", "exit 0", check=False)

    assert "deactivate" in said.err


@pytest.mark.parametrize("shell", ["bash", "zsh"], indirect=True)
def test_a_python_home_that_cannot_be_unset_is_told_and_is_no_obstacle(
    shell: Shell, make_project: Projects, store: Path
) -> None:
    environment = environment_of(make_project("api"), store)
    say = 'echo "${VIRTUAL_ENV-none} $PYTHONHOME"'

    said = shell.run(
        f"{STRICT[shell.name]}; typeset -r PYTHONHOME=/home",
        "central-venv activate api",
        say,
        "deactivate",
        say,
        check=False,
    )

    assert (said.status, said.out) == (0, f"{environment} /home\nnone /home\n")
    assert re.fullmatch(r".*PYTHONHOME.*\n", said.err)


@pytest.mark.parametrize(
    ("shell", "variable"),
    [("zsh", "VIRTUAL_ENV_PROMPT"), ("bash", "VIRTUAL_ENV_PROMPT"), ("bash", "PS1"), ("bash", "PROMPT_COMMAND")],
    indirect=["shell"],
)
def test_an_activation_that_a_variable_stops_can_be_deactivated(
    variable: str, shell: Shell, make_project: Projects, terminals: list[Terminal]
) -> None:
    make_project("api")
    terminal = shell.open(f"typeset -r {variable}=true")
    terminals.append(terminal)

    terminal.type("central-venv activate api")
    terminal.type("deactivate")

    assert terminal.value("VIRTUAL_ENV") == "none"


@pytest.mark.parametrize("shell", ["fish"], indirect=True)
def test_a_python_home_of_every_shell_is_hidden_and_comes_back(
    shell: Shell, make_project: Projects, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(SCRIPT, "fish", [])  # without a configuration, no variable is universal
    monkeypatch.setenv("XDG_CONFIG_HOME", str(base / "configuration"))
    make_project("api")

    before, active, after, last = shell.visit(
        f"set -Ux PYTHONHOME {shell.quoted(sys.base_prefix)}",
        "central-venv activate api",
        "deactivate",
        "set -U PYTHONHOME /other; set -gx SHADOWED (set -qg PYTHONHOME; echo $status)",
    )

    assert active["PYTHONHOME"] == ""
    assert changed(before, after) == set()
    assert (last["PYTHONHOME"], last["SHADOWED"]) == ("/other", "1")


@pytest.mark.parametrize("shell", ["bash"], indirect=True)
@pytest.mark.parametrize("attributes", ["-l", "-lx", "-t"])
def test_deactivate_restores_what_else_is_declared_of_a_variable(
    attributes: str, shell: Shell, make_project: Projects
) -> None:
    make_project("api")
    show = "declare -p PS1"

    said = shell.run(f"declare {attributes} PS1='$ '", show, "central-venv activate api", "deactivate", show)

    assert said.out == f'declare {attributes.replace("lx", "xl")} PS1="\\$ "\n' * 2


def test_the_next_activation_ends_the_one_before(shell: Shell, make_project: Projects, store: Path) -> None:
    make_project("api")
    environment = environment_of(make_project("web"), store)

    before, _, active, after = shell.visit(
        "cd .", "central-venv activate api", "central-venv activate web", "deactivate"
    )

    assert active["PATH"] == f"{environment}/bin:{before['PATH']}"
    assert changed(before, after) == set()


def test_an_activation_by_venv_itself_is_ended(shell: Shell, make_project: Projects, store: Path, base: Path) -> None:
    environment = environment_of(make_project("api"), store)
    source = sourcing(shell, base)

    before, own, active, after = shell.visit("cd .", source, "central-venv activate api", "deactivate", **NO_PROMPT)

    assert own["VIRTUAL_ENV"] == str(base / "plain")
    assert active["PATH"] == f"{environment}/bin:{before['PATH']}"
    assert changed(before, after) == set()


def test_an_activation_by_venv_itself_within_ours_is_ended_with_ours(
    shell: Shell, make_project: Projects, base: Path
) -> None:
    make_project("api")
    make_project("web")
    source = sourcing(shell, base)

    before, *_, after = shell.visit(
        "cd .", "central-venv activate api", source, "central-venv activate web", "deactivate", **NO_PROMPT
    )

    assert changed(before, after) == set()


def sourcing(shell: Shell, base: Path) -> str:
    """What activates an environment that is none of ours."""
    command = [sys.executable, "-m", "venv", "--without-pip", str(base / "plain")]
    subprocess.run(command, check=True)
    end = {"fish": "activate.fish", "pwsh": "Activate.ps1"}.get(shell.name, "activate")
    return f". {shell.quoted(base / 'plain' / 'bin' / end)}"


def test_a_hook_that_is_loaded_twice_is_harmless(shell: Shell, make_project: Projects) -> None:
    from central_venv.cli.activate import LOADING

    make_project("api")
    again = LOADING[shell.name]

    before, _, active, after = shell.visit(again, "central-venv activate api", again, "deactivate")

    assert "VIRTUAL_ENV" in active
    assert changed(before, after) == set()


def test_a_hook_sets_nothing_that_a_program_gets(shell: Shell) -> None:
    from central_venv.cli.activate import LOADING

    before, after = shell.visit("cd .", LOADING[shell.name])

    assert changed(before, after) == set()


def test_a_hook_defines_two_commands_and_nothing_else_that_is_visible(shell: Shell) -> None:
    listing = {"bash": "compgen -A function; exit 0", "zsh": "typeset +f", "fish": "functions -n; exit 0"}
    if shell.name not in listing:
        pytest.skip("this is told in the words of the other shells")

    without, functions = (
        set(re.split(r"[\s,]+", shell.run(listing[shell.name], load=load).out)) for load in (False, True)
    )

    visible = {name for name in functions - without if not name.startswith("_central_venv_")}
    assert visible - {"add-zsh-hook"} == {"central-venv", "cvenv"}


@pytest.fixture
def terminal(shell: Shell, make_project: Projects, terminals: list[Terminal]) -> Terminal:
    """A shell at a terminal, and a project `api`."""
    if shell.name == "pwsh":
        pytest.skip("this is told in the words of the other shells")
    make_project("api")
    terminals.append(shell.open())
    return terminals[-1]


def test_the_prompt_shows_what_is_active(terminal: Terminal) -> None:
    terminal.type("central-venv activate api")
    terminal.show("(api) ")


@pytest.mark.parametrize("name", NAMES, ids=ascii)
@pytest.mark.parametrize("option", ["", "substitute"])
def test_a_prompt_carries_nothing_out(
    name: str, option: str, shell: Shell, make_project: Projects, terminals: list[Terminal], base: Path
) -> None:
    if shell.name not in {"bash", "zsh"}:
        pytest.skip("the prompt of this shell is a function")
    make_project(name)
    options = {"bash": ["shopt -u promptvars"], "zsh": ["setopt promptsubst promptbang"]}[shell.name] if option else []
    terminal = shell.open(*options)
    terminals.append(terminal)

    terminal.type("central-venv activate projects/")

    shown = re.sub(r"[\\$`%!]", "_", name).replace("\n", "_n")
    terminal.show(f"({shown}) ")
    assert terminal.value("VIRTUAL_ENV_PROMPT") == shown
    assert not list(base.rglob("pwned"))


def test_no_prompt_is_changed_that_is_not_to_be(terminal: Terminal, shell: Shell) -> None:
    off = "set -gx VIRTUAL_ENV_DISABLE_PROMPT 1" if shell.name == "fish" else "export VIRTUAL_ENV_DISABLE_PROMPT=1"
    terminal.type(off)
    terminal.type("central-venv activate api")
    terminal.type("echo SA''ID")

    assert "(api)" not in terminal.show("SAID")


def test_a_name_is_completed_and_activated(terminal: Terminal, store: Path) -> None:
    terminal.type("central-venv activate ap\t")

    assert terminal.value("VIRTUAL_ENV").startswith(f"{store}/api-")
