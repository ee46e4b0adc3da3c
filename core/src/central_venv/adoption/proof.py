"""Proving that a central environment works and that nothing is missing in it."""

from __future__ import annotations

import os

from central_venv.adoption.frozen import Frozen, differences, sees_system
from central_venv.adoption.installed import installed, program_path
from central_venv.errors import AdoptionError
from central_venv.machine import files
from central_venv.machine.foreground import run
from central_venv.store import venv

TYPE_CHECKING = False


_PREFIX = "import sys; print(sys.prefix)"


#: How many differences are told.
_SHOWN = 5


def prove(frozen: Frozen, path: str, *, made: bool) -> list[str]:
    """Make sure that an environment works and holds what is wanted.

    Args:
        frozen: what is wanted.
        path: absolute path of the environment.
        made: whether it was made for that, and so has to hold nothing else.

    Returns:
        What was built from directories that have changed, in sentences.

    Raises:
        AdoptionError: it does not.
    """
    python = os.path.join(path, venv.PYTHON)
    status, said = _started([python, "-I", "-c", _PREFIX])
    if status or os.path.realpath(said) != os.path.realpath(path):
        raise AdoptionError(f"`{python}` does not work: {failure(status, said)}", hint="remove that environment")
    now = installed(path)
    problems = [] if now.python == frozen.python else [f"its Python is {now.python} instead of {frozen.python}"]
    if frozen.system and not sees_system(venv.configuration(path) or {}):
        problems.append("it does not see the packages of its Python")
    problems += differences(frozen.wanted, now.distributions)
    if made:
        problems += [f"`{name}` is there, too" for name in sorted(now.distributions.keys() - frozen.wanted)]
    problems += [
        f"the program `{name}` is missing"
        for name in sorted(frozen.programs)
        if not os.path.lexists(program_path(path, name))
    ]
    if problems:
        more = f" and {len(problems) - _SHOWN} more differences" if len(problems) > _SHOWN else ""
        raise AdoptionError(
            f"`{path}` is not what `{frozen.path}` is: {'; '.join(problems[:_SHOWN])}{more}",
            hint="make the old one as it should be, then try again"
            if made
            else "install there what is missing, or remove one of the two",
        )
    return [
        f"`{name}` is {now.distributions[name].version} now, and was {each.version}: its directory has changed"
        for name, each in frozen.wanted.items()
        if now.distributions[name].version != each.version
    ]


def _started(command: list[str]) -> tuple[int, str]:
    try:
        return run(command, os.sep)
    except OSError as error:
        return 1, files.reason(error)


def failure(status: int, said: str) -> str:
    """Put into one line why a program failed: what it said, or else its exit status."""
    lines = filter(None, (" ".join(line.split()) for line in said.removeprefix("error: ").splitlines()))
    return "; ".join(lines) or f"status {status}"
