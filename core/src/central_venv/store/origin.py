"""Where an environment was made, and whether it lies elsewhere now.

Its scripts and what activates it name that place for ever. In what was moved, they name programs that are not there or,
if it was copied, those of the original.
"""

from __future__ import annotations

import os

from central_venv.errors import MovedEnvironmentError, StoreError
from central_venv.machine import files
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from central_venv.store.environment_record import EnvironmentRecord

#: The files that say where an environment is, and what stands before that. The second is for virtualenv, which writes
#: letters that are not ASCII as numbers into the first.
_ACTIVATION = (("activate", b"VIRTUAL_ENV="), ("activate.fish", b"set -gx VIRTUAL_ENV "))
#: What makes more of a word than it says.
_SPECIAL = frozenset(b"\\$`'\"")


def former_path(path: str, record: EnvironmentRecord | None, created: float | None) -> str | None:
    """Where an environment was made that lies elsewhere now; None if it lies where it was made, or nobody can tell.

    Args:
        path: absolute path of the environment, which exists.
        record: what is recorded of it.
        created: when it was made, as it says itself.
    """
    recorded = None if record is None else record.path
    if recorded == path:
        return None
    if recorded is None or record is None or record.created != created:  # somebody made it anew without telling
        recorded = made_at(path)
    return recorded if recorded is not None and is_elsewhere(path, recorded) else None


def is_elsewhere(path: str, made: str) -> bool:
    """Whether an environment is not what a path leads to: by a link, another mount or in another spelling.

    Args:
        path: absolute path of the environment.
        made: absolute path that it had.
    """
    if path == made:
        return False
    try:
        return os.path.realpath(path) != os.path.realpath(made) and not os.path.samefile(path, made)
    except OSError:
        return True


def made_at(path: str) -> str | None:
    """Where an environment was made, by what activates it; None if nobody can tell, as of one that can be moved.

    Args:
        path: absolute path of the environment.
    """
    for name, before in _ACTIVATION:
        try:
            content = files.read(os.path.join(path, os.path.dirname(venv.PYTHON), name))
        except StoreError:
            continue
        for value in _values(content or b"", before):
            if os.path.isabs(value):
                return value
    return None


def former_store(path: str, made: str, store: str) -> str | None:
    """Where the store was when an environment was made; None if it was not made in a store, or had another name there.

    Args:
        path: absolute path of the environment.
        made: absolute path that it had.
        store: absolute path of the store it lies in.
    """
    below = path.removeprefix(store)
    former = made.removesuffix(below)
    return former if below != path and former not in {made, ""} else None


def moved(path: str, made: str, store: str) -> MovedEnvironmentError:
    """The error that an environment lies elsewhere than where it was made.

    Args:
        path: absolute path of the environment.
        made: absolute path that it had.
        store: absolute path of the store it lies in.
    """
    former = former_store(path, made, store)
    if former is None:
        hint = "move it back there; or remove it, and it is made anew"
    else:
        from shlex import join

        hint = f"`{join(['central-venv', 'move', '--store', former])}` mends what was moved with it"
    return MovedEnvironmentError(
        f"the environment `{path}` was made at `{made}`, so its programs are not found where they look for it",
        hint=hint,
    )


def _values(content: bytes, before: bytes) -> Iterator[str]:
    """What is assigned in the lines of a file, as far as that is plain."""
    for line in content.splitlines():
        word = line.strip().removeprefix(b"export ")
        if not word.startswith(before):
            continue
        value = word[len(before) :]
        if value[:1] in {b"'", b'"'} and value[-1:] == value[:1]:
            value = value[1:-1]
        if _SPECIAL.isdisjoint(value):
            yield os.fsdecode(value)
        elif b"$" not in value and b"`" not in value:
            import shlex

            try:
                yield "".join(shlex.split(os.fsdecode(word[len(before) :])))
            except ValueError:  # a word that does not end
                continue
