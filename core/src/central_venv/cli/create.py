"""``central-venv create``: the environment of this project, or one that several projects share."""

from __future__ import annotations

import os
import sys

from central_venv.cli import DONE, write_answer
from central_venv.cli.options import add_adoption, add_environment, add_project
from central_venv.errors import CreationError
from central_venv.policy.layout import SHARED_PREFIX
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from central_venv.project_environment.choice import Choice
    from central_venv.project_environment.creation import CreationOptions
    from central_venv.store.environment import Environment

DESCRIPTION = """Create the environment of this project, with uv if that is there, else with virtualenv or venv, and
print where it is. With a name such as `@torch`, create one that several projects can use."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("name", metavar="@NAME", nargs="?", help="one that several projects share, such as `@torch`")
    add_project(parser)
    add_environment(parser)
    parser.add_argument("--clear", action="store_true", help="make it anew if it is there already")
    parser.add_argument(
        "--system-site-packages", action="store_true", help="let it see the packages that are installed beside Python"
    )
    parser.add_argument(
        "--from-in-tree", action="store_true", help="with what is installed in the project's `.venv`, which it replaces"
    )
    add_adoption(parser)


def conflict(arguments: Namespace) -> str | None:
    """What is wrong with a combination of options, if anything."""
    if arguments.name is not None:
        if not arguments.name.startswith(SHARED_PREFIX):
            return f"a name begins with `{SHARED_PREFIX}`; --env names an environment of this project"
        if arguments.env is not None or arguments.project is not None or arguments.from_in_tree:
            return "what several projects share is of no project: --env, --project and --from-in-tree go without a name"
    if arguments.from_in_tree and (arguments.clear or arguments.system_site_packages):
        return "--from-in-tree makes it as the one in the tree is: --clear and --system-site-packages go without it"
    if not arguments.from_in_tree and (arguments.yes or arguments.keep or arguments.dry_run or arguments.json):
        return "--yes, --keep, --dry-run and --json go with --from-in-tree"
    return None


def run(arguments: Namespace) -> int:
    """Create it unless it is there, and print its path as it is, byte for byte."""
    if arguments.from_in_tree:
        from central_venv.cli.adopt import adopt_in_tree

        return adopt_in_tree([".venv"], arguments, env=arguments.env, python=arguments.python)
    path, made = _create_shared(arguments) if arguments.name is not None else _create(arguments)
    version = venv.python_version(path) or "an unknown Python"
    print(f"{'created, with' if made else 'is there already, with'} Python {version}", file=sys.stderr)
    write_answer(os.fsencode(path + os.linesep))
    return DONE


def _create(arguments: Namespace) -> tuple[str, bool]:
    from central_venv.cli.project import home_here
    from central_venv.cli.provision import keep_link, renew
    from central_venv.cli.undoing import swept
    from central_venv.project_environment.choice import choose

    home, settings = home_here(arguments.project)
    by_name = arguments.env is not None
    choice = choose(home, settings, env=arguments.env, python=None if by_name else arguments.python)
    if by_name and choice.is_shared:
        raise CreationError(
            f"`{choice.directory}` is shared, and not this project's own",
            hint=f"make it with `central-venv create {choice.directory}`",
        )
    if choice.is_shared:
        raise CreationError(
            f"this project uses the shared environment `{choice.directory}`",
            hint=f"make that with `central-venv create {choice.directory}`, or one of its own after "
            "`central-venv use --none`",
        )
    if choice.is_foreign:
        return choice.path, _make_foreign(choice, arguments)
    renew(home)
    with swept(home.store, home.path):
        made = _make(choice.environment, home.root, arguments, arguments.python if by_name else choice.asked)
    keep_link(choice, settings)
    return choice.path, made


def _make_foreign(choice: Choice, arguments: Namespace) -> bool:
    from central_venv.project_environment.creation import create_foreign

    if arguments.clear and choice.exists:
        raise CreationError(
            f"`{choice.path}`, which `UV_PROJECT_ENVIRONMENT` names, is not in the store, so it is not made anew",
            hint="remove it yourself, or unset that variable for a central one",
        )
    return create_foreign(choice.path, choice.home, _options(choice.home.root, None, arguments))


def _create_shared(arguments: Namespace) -> tuple[str, bool]:
    from central_venv.cli.undoing import swept
    from central_venv.policy.settings import load_settings
    from central_venv.store.store import open_store

    store = open_store(load_settings(None), None)
    environment = store.shared_environment(arguments.name)
    with swept(store, store.path):
        return environment.path, _make(environment, None, arguments, arguments.python)


def _make(environment: Environment, root: str | None, arguments: Namespace, python: str | None) -> bool:
    from central_venv.cli.provision import say_wait
    from central_venv.project_environment.creation import create

    made = create(environment, _options(root, python, arguments), on_wait=say_wait, anew=arguments.clear)
    if not made and python is not None:
        _check_python(environment, python)
    return made


def _options(root: str | None, python: str | None, arguments: Namespace) -> CreationOptions:
    from central_venv.project_environment.creation import CreationOptions

    further = ("--system-site-packages",) if arguments.system_site_packages else ()
    return CreationOptions(root, python, trusted=True, arguments=further)


def _check_python(environment: Environment, python: str) -> None:
    """Refuse to take an environment of another Python for the one that was asked for."""
    from central_venv.policy.python_request import allows

    version = venv.python_version(environment.path)
    if version is not None and not allows(python, version):
        raise CreationError(
            f"`{environment.path}` is there already, with Python {version}", hint="`--clear` makes it anew"
        )
