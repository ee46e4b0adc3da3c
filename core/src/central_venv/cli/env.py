"""``central-venv env``: what activates the environment of this project, for shells and programs."""

from __future__ import annotations

import os
import sys

from central_venv.activation import EXPORTS, USUAL_EXPORTS
from central_venv.cli import DONE
from central_venv.layout import PROJECT_RUNNER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from typing import Protocol

    from central_venv.activation import Activation
    from central_venv.environment import Environment
    from central_venv.home import Home
    from central_venv.record import Holder
    from central_venv.settings import Settings

    class EnvArguments(Protocol):
        """What ``env`` is asked."""

        shell: str | None
        project: str | None
        env: str | None
        python: str | None
        export: str | None
        create: bool


DESCRIPTION = """Print what activates the environment of this project, for a shell to evaluate or a program to read.
Variables that only make sense with an environment are left out until there is one."""

JSON = "json"
DIRENV = "direnv"

#: Each option with its default, for `parse_quickly`.
QUICK = {"shell": None, "project": None, "env": None, "python": None, "export": None, "create": False}


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    from central_venv.cli.options import add_project
    from central_venv.shell import SHELLS

    parser.add_argument("--shell", required=True, metavar="SHELL", help=f"{', '.join(SHELLS)} or {JSON}")
    add_project(parser)
    parser.add_argument("--env", metavar="E", help="the project environment's directory, such as `.venv-docs`")
    parser.add_argument("--python", metavar="X", help="the project environment for this Python, such as `3.12`")
    parser.add_argument(
        "--export",
        metavar="NAMES",
        help=f"variables, with commas between them: some of {', '.join(EXPORTS)} (default: the first three)",
    )
    parser.add_argument("--create", action="store_true", help="create the environment if there is none")


def conflict(arguments: EnvArguments) -> str | None:
    """What is wrong with a combination of options, if anything."""
    from central_venv.shell import SHELLS

    if arguments.shell not in {*SHELLS, JSON}:
        return f"--shell is one of {', '.join(SHELLS)} and {JSON}"
    if unknown := next((name for name in _exported(arguments) if name not in EXPORTS), None):
        return f"--export cannot do with {unknown!r}: it takes {', '.join(EXPORTS)}"
    if arguments.env is not None and arguments.python is not None:
        return "--env and --python both name the environment"
    return None


def run(arguments: EnvArguments) -> int:
    """Print it; to a program also that there is no project, or that central environments are turned off."""
    exported = _exported(arguments)
    if arguments.shell == DIRENV:
        _write(_watches_of_directory(arguments))  # first, so that direnv looks again once what fails is mended
    _write(_for_program(arguments, exported) if arguments.shell == JSON else _for_shell(arguments, exported))
    return DONE


def _write(text: str) -> None:
    """Paths need not be text."""
    sys.stdout.flush()
    os.write(sys.stdout.fileno(), os.fsencode(text))


def _exported(arguments: EnvArguments) -> tuple[str, ...]:
    if arguments.export is None:
        return USUAL_EXPORTS
    return tuple(filter(None, (name.strip() for name in arguments.export.split(","))))


def _for_shell(arguments: EnvArguments, exported: tuple[str, ...]) -> str:
    from central_venv.activation import watched
    from central_venv.cli.project import home_here
    from central_venv.shell import script, watching

    found = _activation(arguments, *home_here(arguments.project))
    programs = found.programs if found.extends_path(exported) else None
    lines = script(str(arguments.shell), found.variables(exported), programs)
    if arguments.shell == DIRENV:
        lines += watching([*watched(found.path), os.path.join(found.home.root, ".python-version")])
    return lines


def _watches_of_directory(arguments: EnvArguments) -> str:
    from central_venv.activation import inputs
    from central_venv.cli.project import asked_directory
    from central_venv.shell import watching

    return watching(inputs(asked_directory(arguments.project), None))


def _for_program(arguments: EnvArguments, exported: tuple[str, ...]) -> str:
    import json

    from central_venv.activation import inputs, is_lasting, watched
    from central_venv.cli.project import asked_directory, home_with, python_here, settings_here
    from central_venv.errors import ProjectNotFoundError
    from central_venv.settings import load_settings

    directory, root, request = asked_directory(arguments.project), None, None
    try:
        root, settings = settings_here(arguments.project)
    except ProjectNotFoundError:
        settings = load_settings(None)
    answer: dict[str, object] = {"schema": 1, "active": False, "root": root, "env": {}, "path": []}
    path = None
    if root is not None and settings.enabled:
        found = _activation(arguments, home_with(root, settings), settings)
        path = found.path
        if arguments.env is None:
            request, _ = python_here(root, settings, arguments.python)
        answer |= {
            "active": True,
            "store": found.home.store.path,
            "home": found.home.path,
            "environment": path,
            "record": found.record,
            "exists": found.exists,
            "env": found.variables(exported),
            "path": [found.programs] if found.extends_path(exported) else [],
        }
    answer |= {
        "lasting": is_lasting(settings, request),
        "inputs": inputs(directory, root),
        "watch": watched(path),
    }
    return json.dumps(answer) + "\n"


def _activation(arguments: EnvArguments, home: Home, settings: Settings) -> Activation:
    from central_venv.activation import Activation
    from central_venv.cli.project import project_environment

    directory = project_environment(home.root, settings, arguments.python) if arguments.env is None else arguments.env
    environment = home.environment(PROJECT_RUNNER, directory)
    if arguments.create:
        from central_venv.creation import create

        create(environment, home.root, arguments.python, on_wait=_say_wait)
    found = Activation(home, environment)
    if found.exists:
        _record_use(home, environment)
    return found


def _record_use(home: Home, environment: Environment) -> None:
    """Note the use, and in a home that uv or a template made which project it belongs to."""
    from contextlib import suppress

    from central_venv.errors import StoreError

    with suppress(StoreError):  # what cannot be noted can be used all the same
        if not home.check():
            home.prepare()
        environment.touch()


def _say_wait(holder: Holder | None) -> None:
    print(f"waiting for the environment, in use by {holder or 'another process'}", file=sys.stderr, flush=True)
