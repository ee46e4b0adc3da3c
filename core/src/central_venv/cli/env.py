"""``central-venv env``: what activates the environment of this project, for shells and programs."""

from __future__ import annotations

import os

from central_venv.cli import DONE, write_answer
from central_venv.project_environment.activation import EXPORTS, USUAL_EXPORTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser
    from typing import Protocol

    from central_venv.policy.settings import Settings
    from central_venv.project_environment.activation import Activation
    from central_venv.project_environment.choice import Choice
    from central_venv.store.home import Home

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
    from central_venv.project_environment.shell import SHELLS

    parser.add_argument("--shell", required=True, metavar="SHELL", help=f"{', '.join(SHELLS)} or {JSON}")
    add_project(parser)
    parser.add_argument("--env", metavar="NAME", help="environment name, such as `.venv-docs`")
    parser.add_argument("--python", metavar="PYTHON", help="Python of the project environment, such as `3.12`")
    parser.add_argument(
        "--export",
        metavar="NAMES",
        help=f"variables, with commas between them: some of {', '.join(EXPORTS)} (default: the first three)",
    )
    parser.add_argument("--create", action="store_true", help="create the environment if there is none")


def conflict(arguments: EnvArguments) -> str | None:
    """What is wrong with a combination of options, if anything."""
    from central_venv.project_environment.shell import SHELLS

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
    write_answer(os.fsencode(text))


def _exported(arguments: EnvArguments) -> tuple[str, ...]:
    if arguments.export is None:
        return USUAL_EXPORTS
    return tuple(filter(None, (name.strip() for name in arguments.export.split(","))))


def _for_shell(arguments: EnvArguments, exported: tuple[str, ...]) -> str:
    from central_venv.cli.project import home_here
    from central_venv.project_environment.activation import watched
    from central_venv.project_environment.shell import script, watching

    found, _ = _activation(arguments, *home_here(arguments.project))
    programs = found.programs if found.extends_path(exported) else None
    lines = script(str(arguments.shell), found.variables(exported), programs)
    if arguments.shell == DIRENV:
        files = [os.path.join(found.home.root, ".python-version"), found.home.record_path]
        lines += watching([*watched(found.path), *files])
    return lines


def _watches_of_directory(arguments: EnvArguments) -> str:
    from central_venv.cli.project import asked_directory
    from central_venv.project_environment.activation import inputs
    from central_venv.project_environment.shell import watching

    return watching(inputs(asked_directory(arguments.project), None, None))


def _for_program(arguments: EnvArguments, exported: tuple[str, ...]) -> str:
    from central_venv.cli.project import asked_directory, home_with, settings_here
    from central_venv.errors import ProjectNotFoundError
    from central_venv.machine.json_text import json_text
    from central_venv.policy.settings import load_settings
    from central_venv.project_environment.activation import inputs, is_lasting, watched

    directory, root, request = asked_directory(arguments.project), None, None
    try:
        root, settings = settings_here(arguments.project)
    except ProjectNotFoundError:
        settings = load_settings(None)
    answer: dict[str, object] = {"schema": 1, "active": False, "root": root, "env": {}, "path": []}
    path, record = None, None
    if root is not None and settings.enabled:
        found, choice = _activation(arguments, home_with(root, settings), settings)
        path, record = found.path, found.home.record_path
        if arguments.env is None:
            request = choice.request
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
        "inputs": inputs(directory, root, record),
        "watch": watched(path),
    }
    return json_text(answer) + "\n"


def _activation(arguments: EnvArguments, home: Home, settings: Settings) -> tuple[Activation, Choice]:
    from central_venv.project_environment.activation import Activation
    from central_venv.project_environment.choice import choose

    choice = choose(home, settings, env=arguments.env, python=arguments.python)
    if arguments.create:
        from central_venv.cli.provision import provide

        # Whoever is in a directory need not trust it: a shell or mise calls this on entering.
        provide(choice, settings, trusted=False, python=arguments.python)
    found = Activation(home, choice)
    if found.exists and not choice.is_foreign:
        choice.environment.refuse_moved()
        from central_venv.cli.provision import note_use

        note_use(choice)
    return found, choice
