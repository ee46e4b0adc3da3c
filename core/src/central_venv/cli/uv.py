"""``central-venv uv``: uv on the environment of this project."""

from __future__ import annotations

import os

from central_venv.cli import DONE
from central_venv.errors import CreationError, ProgramNotFoundError, ProjectNotFoundError
from central_venv.policy.project import current_directory
from central_venv.policy.settings import load_settings, switched_off
from central_venv.project_environment.choice import UV_PROJECT_ENVIRONMENT, told_by_user
from central_venv.store.store import open_store
from central_venv.store.venv import is_environment

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from central_venv.policy.settings import Settings
    from central_venv.project_environment.choice import Choice
    from central_venv.project_environment.uv_arguments import UvArguments
    from central_venv.project_link.found import Found

DESCRIPTION = """Run uv on the environment of this project: all that follows is uv's own. Commands that need the
environment have it created. Another Python has an environment of its own; with --isolated-selection, so has another
selection of packages, extras or groups."""

ISOLATED_SELECTION = "--isolated-selection"
_HELP: tuple[list[str], ...] = ([], ["-h"], ["--help"])


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    from argparse import REMAINDER

    parser.usage = f"central-venv uv [-h] [{ISOLATED_SELECTION}] ARGUMENT ..."
    parser.add_argument(ISOLATED_SELECTION, action="store_true", help="an environment for each selection")
    parser.add_argument("arguments", metavar="ARGUMENT", nargs=REMAINDER, help="what uv takes, such as `sync`")


def conflict(arguments: Namespace) -> str | None:
    """What is missing, if anything."""
    return None if arguments.arguments else "give what uv is to do, such as `sync`"


def run(arguments: Namespace) -> int:
    """Become uv; on Windows, run it and return its exit status."""
    return _run(arguments.arguments, isolated=arguments.isolated_selection)


def is_for_uv(argv: list[str]) -> bool:
    """Whether a command line is uv's, which our own parser must not take apart."""
    return argv not in _HELP and argv != [ISOLATED_SELECTION]


def run_quickly(argv: list[str]) -> int:
    """Become uv without `argparse`.

    Args:
        argv: what follows the command's name.
    """
    isolated = argv[:1] == [ISOLATED_SELECTION]
    return _run(argv[1:] if isolated else argv, isolated=isolated)


def _run(words: list[str], *, isolated: bool) -> int:
    from central_venv.machine.executable import find_program
    from central_venv.machine.replacement import exec_or_run
    from central_venv.project_environment.uv_arguments import UvArguments

    uv = find_program("uv")
    if uv is None:
        raise ProgramNotFoundError(
            "there is no `uv` on the path", hint="install uv, or use `central-venv run` without it"
        )
    arguments = UvArguments(words)
    found = None if _is_settled(arguments) else _choose(arguments, isolated=isolated)
    if found is None:
        return exec_or_run([uv, *words], dict(os.environ))
    choice, settings, selection = found
    is_new = not choice.exists and _makes_environment(arguments, choice)
    link = _link_before(choice) if is_new else None
    added = _added(arguments, choice, selection)
    variables = _variables(arguments, choice, settings)
    command = [uv, *words[: arguments.position], *added, *words[arguments.position :]]
    if is_new:
        return _run_for_new(command, variables, choice, link)
    return exec_or_run(command, variables)


def _makes_environment(arguments: UvArguments, choice: Choice) -> bool:
    """Whether an environment that was not there is made, by us or by uv; a foreign one is none of ours."""
    if choice.is_foreign or choice.is_shared:
        return False
    return _is_venv(arguments) or _needs_environment(arguments, choice.home.root)


def _link_before(choice: Choice) -> Found | None:
    from central_venv.cli.undoing import link_before

    return link_before(choice)


def _run_for_new(command: list[str], variables: dict[str, str], choice: Choice, link: Found | None) -> int:
    """Run uv on an environment that was not there before; if uv refuses, it is not there afterwards, either."""
    from central_venv.cli.undoing import take_back
    from central_venv.machine.child import run_as_child

    status = run_as_child(command, variables)
    if status != DONE:
        take_back(choice, link)
    return status


def _is_settled(arguments: UvArguments) -> bool:
    """Whether the environment is none of our affair: another one was chosen, or central ones are turned off."""
    if arguments.has("--active") or not arguments.is_about_project or switched_off():
        return True
    if arguments.is_pip or not os.environ.get(UV_PROJECT_ENVIRONMENT):  # which `uv pip` does not ask for
        return False
    settings = load_settings(None)
    stores = settings.store, open_store(settings, None).path
    return told_by_user(current_directory(), *stores) is not None


def _choose(arguments: UvArguments, *, isolated: bool) -> tuple[Choice, Settings, str] | None:
    """Which environment uv is to use, and for what selection; None if it is to do without."""
    from central_venv.cli.project import home_with, root_of
    from central_venv.project_environment.choice import choose

    package = _package(arguments.directory)
    try:
        root = root_of(package or arguments.directory)
    except ProjectNotFoundError:
        if _is_venv(arguments):
            raise
        return None
    settings = load_settings(root)
    if not settings.enabled:
        return None
    selection = ""
    if isolated or settings.isolated_selection:
        selection = arguments.selection(_member(package, root))
    home, python = home_with(root, settings), arguments.python
    if arguments.is_pip and python and told_by_user(root, home.store.path, settings.store) is not None:
        return None  # its Python is not to be that of another environment than the user's own
    choice = choose(home, settings, python=python, selection=selection)
    if choice.is_foreign and not arguments.is_about_environment:
        return None
    return choice, settings, selection


def _package(directory: str) -> str | None:
    """The nearest directory with a pyproject.toml, where uv begins: for it, nothing else makes a project."""
    from central_venv.policy.project import true_path, upward

    parents = upward(true_path(directory))
    return next((parent for parent in parents if os.path.exists(os.path.join(parent, "pyproject.toml"))), None)


def _member(package: str | None, root: str) -> str | None:
    """What the workspace's member is called that uv begins in; None if that does not lie below the root."""
    if package is None or not package.startswith(os.path.join(root, "")) or package == root:
        return None
    from central_venv.policy.workspace import member_name

    return member_name(package)


def _variables(arguments: UvArguments, choice: Choice, settings: Settings) -> dict[str, str]:
    """All that uv finds in its environment."""
    from central_venv.cli.provision import enter, keep_link, renew
    from central_venv.project_environment.activation import Activation
    from central_venv.project_environment.choice import UV_PYTHON, python_variables

    if _needs_environment(arguments, choice.home.root):
        variables = enter(choice, settings)
        keep_link(choice, settings)
    else:
        variables = Activation(choice.home, choice).for_program()
        if arguments.looks_into_environment:
            if not choice.exists:
                from shlex import join

                asked = ["--python", choice.asked] if choice.asked else []
                ways = (join(["central-venv", *way, *asked]) for way in (["create"], ["uv", "sync"]))
                raise CreationError(
                    f"`{choice.home.root}` has no environment `{choice.directory}` yet",
                    hint="make it with `{}` or `{}`".format(*ways),
                )
            if not choice.is_foreign:
                choice.environment.refuse_moved()
                renew(choice.home)
    if arguments.is_pip:
        if arguments.is_about_environment:
            variables.pop(UV_PYTHON, None)  # it would be the environment that is meant
    elif arguments.is_about_environment and (python := _python(choice)) is not None:
        variables |= python_variables(choice.home.path, python)
    return variables


def _python(choice: Choice) -> str | None:
    """What uv is to be asked for: what is in use is not made anew under whoever uses it."""
    if not choice.is_shared and is_environment(choice.path) and choice.environment.uses.by_others():
        return choice.python_there
    return choice.python_for_uv


def _needs_environment(arguments: UvArguments, root: str) -> bool:
    """Whether the environment has to be there; uv has a project only where there is a pyproject.toml."""
    is_project = arguments.is_pip or os.path.exists(os.path.join(root, "pyproject.toml"))
    return is_project and arguments.uses_environment


def _is_venv(arguments: UvArguments) -> bool:
    """Whether uv is to make the project's environment itself."""
    return arguments.command == "venv" and not arguments.words


def _added(arguments: UvArguments, choice: Choice, selection: str) -> list[str]:
    """What uv has to be told besides."""
    if _is_venv(arguments):
        return _of_venv(arguments, choice)
    if choice.is_shared:  # other projects need what this one does not
        if arguments.command == "sync" and not arguments.has("--exact", "--inexact"):
            return ["--inexact"]
        if arguments.command == "remove" and not (arguments.has("--no-sync", "--script") or arguments.is_frozen):
            return ["--no-sync"]
        if arguments.command == "pip sync":
            raise CreationError(
                f"`uv pip sync` would remove from `{choice.directory}` what other projects need",
                hint="`central-venv uv pip install -r` adds what this one needs",
            )
    elif selection and arguments.command == "run" and not arguments.has("--exact"):
        return ["--exact"]  # nothing but what is selected
    return []


def _of_venv(arguments: UvArguments, choice: Choice) -> list[str]:
    """``uv venv`` obeys the variable only in the project's own directory."""
    if choice.is_shared:
        raise CreationError(
            f"`{choice.directory}` is shared with other projects",
            hint=f"make it anew with `central-venv create --clear {choice.directory}`, "
            "or let this project use its own with `central-venv use --none`",
        )
    if (user := choice.environment.in_use_by()) is not None:
        raise CreationError(
            f"`{choice.path}` cannot be made anew: it is in use by {user}",
            hint="end that process, then run the command again",
        )
    choice.home.prepare()
    from central_venv.project_environment.creation import prompt_of

    prompt = [] if arguments.has("--prompt") else [f"--prompt={prompt_of(choice.environment, choice.home.root)}"]
    return [*prompt, choice.path]
