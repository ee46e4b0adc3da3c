"""``central-venv activate``: what activates an environment in the shell that asks, from anywhere."""

from __future__ import annotations

import os
import sys

from central_venv.cli import DONE, FAILED, complain, write_answer
from central_venv.cli.text import print_safely
from central_venv.errors import CentralVenvError, EnvironmentNameError, ProjectNotFoundError, StoreError
from central_venv.machine.words import printable
from central_venv.policy.layout import PROJECT_ENVIRONMENT, PROJECT_RUNNER, SHARED_PREFIX
from central_venv.policy.settings import load_settings
from central_venv.project_environment.shell import QUOTED, call
from central_venv.store import venv
from central_venv.store.store import open_stores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from central_venv.project_environment.choice import Choice
    from central_venv.store.home import Home

DESCRIPTION = """Activate the environment of this project, or of another one from anywhere, in the shell. `deactivate`
makes everything again what it was. The shell has to know this: see `central-venv hook --help`."""

#: The function of each hook that does it.
FUNCTION = "_central_venv_activate"

#: What lets a shell load its hook.
LOADING = {
    "bash": 'eval "$(central-venv hook bash)"',
    "zsh": 'eval "$(central-venv hook zsh)"',
    "fish": "central-venv hook fish | source",
    "pwsh": "central-venv hook pwsh | Out-String | Invoke-Expression",
}

#: What a shell could take for something to carry out when it shows its prompt.
_SPECIAL_IN_PROMPTS = frozenset("\\$`%!")


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "name",
        metavar="NAME",
        nargs="?",
        help="the name of the project's directory, a part of its path, or `@name` of an environment that several "
        "projects share; the current directory's project by default",
    )
    parser.add_argument("-p", "--python", metavar="PYTHON", help="Python of the environment, such as `3.12`")
    parser.add_argument("--shell", choices=QUOTED, help="what evaluates the answer: its hook passes this")


def conflict(arguments: Namespace) -> str | None:
    """What is wrong with a combination of options, if anything."""
    if arguments.python is not None and _is_shared(arguments.name):
        return "--python chooses among the environments of one project: it goes without @name"
    return None


def run(arguments: Namespace) -> int:
    """Print a call of the hook's function."""
    if arguments.shell is None:
        raise _not_hooked()
    if _is_shared(arguments.name):
        words = _shared(arguments.name)
    else:
        roots = _roots(arguments.name)
        if len(roots) > 1:
            _complain_of_ambiguity(arguments.name, roots)
            return FAILED
        words = _of_project(roots[0], arguments.python)
    write_answer(os.fsencode(call(arguments.shell, FUNCTION, words)))  # paths need not be text
    return DONE


def _not_hooked() -> CentralVenvError:
    shell = os.path.basename(os.environ.get("SHELL", ""))
    return CentralVenvError(
        "only a shell itself can activate something in it, and this one has not loaded its hook",
        hint=f"run `{LOADING.get(shell, LOADING['bash'])}`, and put that into the file that your shell reads when it "
        f"starts; `central-venv hook` knows {', '.join(LOADING)}",
    )


def _is_shared(name: str | None) -> bool:
    return name is not None and name.startswith(SHARED_PREFIX)


def _shared(name: str) -> list[str]:
    from contextlib import suppress

    found = (store.shared_environment(name) for store in open_stores(load_settings(None), on_problem=complain))
    environment = next((each for each in found if venv.is_environment(each.path)), None)
    if environment is None:
        raise EnvironmentNameError(
            f"there is no environment `{name}`", hint=f"make it with `central-venv create {name}`"
        )
    environment.refuse_moved()
    with suppress(StoreError):  # what cannot be noted can be used all the same
        environment.touch()
    return _words("", environment.path, name)


def _roots(name: str | None) -> list[str]:
    """The true paths of the projects that can be meant: at least one."""
    from central_venv.cli.project import asked_directory, root_here

    if name is None:
        return [root_here(None)]
    from central_venv.inventory.naming import called
    from central_venv.inventory.search import find_projects

    stores = open_stores(load_settings(None), on_problem=complain)
    meant = called(name, (project for store in stores for project in find_projects(store, on_problem=complain)))
    if not meant and os.path.isdir(name):  # uv or a template made its environment, so its home does not say whose it is
        return [asked_directory(name)]
    if not meant:
        raise ProjectNotFoundError(
            f"the store `{stores[0].path}` knows no project `{name}`",
            hint="`central-venv list` shows those that it knows",
        )
    return meant


def _complain_of_ambiguity(name: str, roots: list[str]) -> None:
    complain(
        ProjectNotFoundError(
            f"`{name}` can be any of {len(roots)} projects", hint="give more of the path of one of them"
        )
    )
    for root in roots:
        print_safely(f"  {printable(root)}", to=sys.stderr)


def _of_project(root: str, python: str | None) -> list[str]:
    from central_venv.cli.project import home_with
    from central_venv.cli.provision import note_use
    from central_venv.project_environment.choice import choose

    settings = load_settings(root)
    home = home_with(root, settings)
    choice = choose(home, settings, python=python)
    if not choice.exists:
        raise EnvironmentNameError(
            f"`{root}` has no environment `{choice.directory}`", hint=_remedy(home, choice, python)
        )
    if choice.is_foreign and os.pathsep in choice.path:
        raise EnvironmentNameError(
            f"`{choice.path}` cannot be on the search path, because there is a `{os.pathsep}` in it",
            hint="let `UV_PROJECT_ENVIRONMENT` name another place",
        )
    if choice.is_foreign:  # uv knows it from the user, and a relative path means another one in each project
        return _words("", choice.path, os.path.basename(root))
    choice.environment.refuse_moved()
    note_use(choice)
    if choice.is_shared:
        return _words(root, choice.path, choice.directory)
    return _words(root, choice.path, os.path.basename(root) + choice.directory.removeprefix(PROJECT_ENVIRONMENT))


def _remedy(home: Home, choice: Choice, python: str | None) -> str:
    from shlex import join

    from central_venv.inventory.search import find_project

    command = ["central-venv", "create"]
    if choice.is_shared:
        command += [choice.directory]
    else:
        command += ["--project", home.root, *([] if python is None else ["--python", python])]
    found = find_project(home.path, on_problem=complain).environments
    others = sorted(each.directory for each in found if each.runner == PROJECT_RUNNER)
    there = f"; it has {', '.join(f'`{each}`' for each in others)}" if others else ""
    return f"make it with `{join(command)}`{there}"


def _words(root: str, environment: str, name: str) -> list[str]:
    """What the hook's function takes: where uv is told of the environment, its directories, what the prompt shows."""
    programs = venv.programs_directory(environment)
    shown = "".join("_" if character in _SPECIAL_IN_PROMPTS else character for character in printable(name))
    return [root and os.path.join(root, ""), environment, programs, shown]
