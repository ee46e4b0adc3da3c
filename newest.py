#!/usr/bin/env python3
"""The newest releases of the hosts: whether the plugins work with them, and the pins in `constraints.txt`.

`python3 dev.py test --newest` runs the tests of the hosts with what the package indexes have today instead of the pins;
`python3 newest.py` raises the pins.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

from dev import CONSTRAINTS, DEV, IN_PARALLEL, MEMBERS, ROOT, SCRIPTS, TOOLS, call, set_up

if TYPE_CHECKING:
    from pathlib import Path

#: What the plugins are for, what makes the environments that are moved, and what runs kernels in them.
HOSTS = ("hatch", "ipykernel", "jupyter-client", "nox", "nox-uv", "tox", "tox-uv", "uv", "virtualenv")
#: The tests that run a host, or look at what it made.
TESTS = (
    "hatch",
    "jupyter",
    "mise",
    "nox",
    "shells",
    "tox",
    "uv",
    "core/repair",
    "core/relocation",
    "core/cli/test_move.py",
)

#: For every system, and every Python that is supported.
_EVERYWHERE = ("--universal", "--python-version", "3.10", "--refresh")
#: mise is in no index of Python packages, so its release stands in a comment.
_MISE = "# From npm: mise=="
_HEAD = """\
# Versions that the tests run with, on every system and Python.
# Made by `python3 newest.py`, which calls `uv pip compile --universal`.
"""


def main() -> int:
    """Raise the pins."""
    environment = set_up()
    pins = _compile(environment, (*TOOLS, *HOSTS), *_EVERYWHERE)
    CONSTRAINTS.write_text(f"{_HEAD}{_MISE}{_newest_mise()}\n{pins}", encoding="utf-8")
    return 0


def test(environment: Path, arguments: list[str]) -> int:
    """Run the tests of the hosts against their newest releases, and say which those are.

    Args:
        environment: the one with the pinned tools.
        arguments: for pytest.
    """
    constraints = DEV / "newest" / "constraints.txt"
    _write_constraints(constraints, _compile(environment, HOSTS, *_EVERYWHERE))
    pinned, newest = (_versions(environment, file) for file in (CONSTRAINTS, constraints))
    os.environ["TEST_CONSTRAINTS"] = str(constraints)
    print("newest releases:", ", ".join(f"{name} {newest[name]}" for name in (*HOSTS, "mise")), flush=True)
    status = _run(_set_up(environment, constraints), arguments)
    if status:
        _blame({name: (pinned.get(name), version) for name, version in newest.items() if pinned.get(name) != version})
    return status


def _run(environment: Path, arguments: list[str]) -> int:
    chosen = arguments or [f"tests/{name}" for name in TESTS]
    options = (*IN_PARALLEL, "-k", "not (oldest or middle)")
    return call(environment, "python", "-m", "pytest", *options, *chosen, check=False)


def _set_up(pinned: Path, constraints: Path) -> Path:
    """An environment with the tools as they are pinned, and the hosts as they are not."""
    environment = DEV / "newest" / pinned.name
    members = [argument for member in MEMBERS for argument in ("--editable", ROOT / member)]
    call(pinned, "uv", "venv", "--quiet", "--clear", "--seed", "--python", pinned / SCRIPTS / "python", environment)
    install = ["pip", "install", "--quiet", "--python", environment, "--compile-bytecode", "--constraint", constraints]
    call(pinned, "uv", *install, *TOOLS, *members)
    return environment


def _write_constraints(path: Path, newest: str) -> None:
    """The pins of what no host needs, and the newest versions of the hosts and of all that they need."""
    names = {line.partition("==")[0] for line in newest.splitlines()}
    lines = CONSTRAINTS.read_text(encoding="utf-8").splitlines()
    kept = [line for line in lines if line[:1] != "#" and line.partition("==")[0] not in names]
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text("\n".join([_MISE + _newest_mise(), *kept, newest]), encoding="utf-8")


def _mise_of(constraints: Path) -> str:
    lines = constraints.read_text(encoding="utf-8").splitlines()
    return next(line.removeprefix(_MISE) for line in lines if line.startswith(_MISE))


def _newest_mise() -> str:
    """The newest mise that npm has; the pinned one without npm or its registry."""
    npm = shutil.which("npm")
    if npm is None:
        return _mise_of(CONSTRAINTS)
    variables = {"NODE_EXTRA_CA_CERTS": os.environ.get("SSL_CERT_FILE", ""), **os.environ}
    command = [npm, "view", "@jdxcode/mise", "version"]
    asked = subprocess.run(command, capture_output=True, text=True, check=False, env=variables)
    return asked.stdout.strip() or _mise_of(CONSTRAINTS)


def _compile(environment: Path, names: tuple[str, ...], *options: object) -> str:
    """What uv makes of some names: a line for each version."""
    command = [environment / SCRIPTS / "uv", "pip", "compile", "--quiet", "--no-header", "--no-annotate"]
    words = [*map(str, command), *map(str, options), "-"]
    caches = {"UV_CACHE_DIR": str(DEV / "cache" / "uv")}
    asked = subprocess.run(
        words, input="\n".join(names), capture_output=True, text=True, check=False, env={**os.environ, **caches}
    )
    if asked.returncode:
        raise SystemExit(asked.stderr)
    return asked.stdout


def _versions(environment: Path, constraints: Path) -> dict[str, str]:
    """The versions of the hosts, and of what they need, that constraints allow this Python."""
    lines = _compile(environment, HOSTS, "--constraint", constraints).splitlines()
    return {"mise": _mise_of(constraints), **dict(line.partition(" ;")[0].split("==") for line in lines)}


def _blame(changed: dict[str, tuple[str | None, str]]) -> None:
    """Say which versions the tests fail with that are not the pinned ones."""
    said = [f"{name} {new} ({f'pinned: {old}' if old else 'not pinned'})" for name, (old, new) in changed.items()]
    text = f"fails with {', '.join(said)}" if said else "fails with the pinned versions, too"
    print(f"::error title=newest releases::{text}" if "GITHUB_ACTIONS" in os.environ else text, file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
