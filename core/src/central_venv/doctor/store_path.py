"""What the path of a store does to scripts and to the names of environments."""

from __future__ import annotations

import os
import sys

from central_venv.doctor.finding import STORE, note, wrong
from central_venv.policy.key import HASH_LENGTH, SLUG_LENGTH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from central_venv.doctor.finding import Finding


MOVE_STORE = "set `CENTRAL_VENV_HOME`, or `store` in your configuration, to {}"
_HOME_LENGTH = SLUG_LENGTH + 1 + HASH_LENGTH
#: How long the first line of a script may be; older kernels of Linux take no more.
_SCRIPT_LINE = {"linux": 127, "win32": 260}.get(sys.platform, 512)
_SCRIPT = r"\Scripts\python.exe" if sys.platform == "win32" else "/bin/python"
#: Above this length of an environment's path, nox calls its directory by eight digits.
_NOX_PATH = 87
#: Names of environments up to this length are common.
_COMMON_NAME = 16
#: What many names of tox and nox look like.
_SHORT_NAME, _NOX_NAME = "py312", "tests-3-12"


def examine_path(store: str) -> Iterator[Finding]:
    """What the path itself does to scripts and names."""
    if sys.platform != "win32" and not {" ", "\t", "\n"}.isdisjoint(store):
        yield note(
            STORE,
            "store-path-with-space",
            f"the path of the store `{store}` holds a space, which the first line of a script cannot: uv and pip "
            "since 23.0 do without, older programs write scripts that do not start",
            MOVE_STORE.format("a path without spaces"),
        )
    longest = f"{store}{os.sep}{'x' * _HOME_LENGTH}{os.sep}.tox{os.sep}"
    room = _SCRIPT_LINE - len(os.fsencode(f"#!{longest}{_SCRIPT}"))
    if room >= _COMMON_NAME:
        return
    what = f"the path of the store `{store}` is long: a script's first line may have {_SCRIPT_LINE} characters, "
    remedy = MOVE_STORE.format("a shorter path")
    if room < len(_SHORT_NAME):
        yield wrong(STORE, "store-path-too-long", f"{what}which leaves too few for the names of environments", remedy)
    else:
        yield note(STORE, "store-path-long", f"{what}which leaves {room} for the name of an environment", remedy)


def shortened_nox_names(found: Sequence[str]) -> Iterator[Finding]:
    """Nox hashes names that users know, where the directory of its environments has a long path."""
    long = [path for home in found if os.path.isdir(path := os.path.join(home, ".nox"))]
    if not long:
        return
    path = max(long, key=len)
    room = max(_NOX_PATH - len(path) - 1, 0)
    if room < len(_NOX_NAME):
        yield note(
            STORE,
            "nox-path-long",
            f"the path `{path}` is long: nox gives directories of sessions their names up to {room} characters, "
            "and digits above",
            MOVE_STORE.format("a shorter path"),
        )
