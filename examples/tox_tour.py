"""The main job on a real project: tox as its authors meant it, every environment in the store, a clean tree.

Run by `python3 dev.py tour`. Works in a temporary directory, with a home directory of its own.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tarfile
import tempfile
from pathlib import Path

PROJECT, VERSION = "pytest-print", "1.1.0"
ENVIRONMENT = f"{sys.version_info.major}.{sys.version_info.minor}"
PROGRAMS = Path(sys.executable).parent

#: What pytest and Python leave by themselves, with or without tox.
NOT_OF_TOX = {"__pycache__", ".pytest_cache"}


def main() -> int:
    """Show the tour; fails if something of tox is left in the tree."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary).resolve()
        home = directory / "home"
        home.mkdir()
        variables = {**os.environ, "HOME": str(home), "USERPROFILE": str(home), "LOCALAPPDATA": str(home)}
        for name in [name for name in variables if name.startswith(("CENTRAL_VENV", "TOX", "XDG_"))]:
            del variables[name]

        say(f"a real project: the source distribution of {PROJECT} {VERSION}")
        run("python", "-m", "pip", "download", "-q", "--no-deps", "--no-binary", PROJECT, f"{PROJECT}=={VERSION}",
            cwd=directory)  # fmt: skip
        with tarfile.open(next(directory.glob("*.tar.gz"))) as archive:
            archive.extractall(directory / "projects", filter="data")
        (root,) = (directory / "projects").iterdir()
        before = tree(root)

        say("tox as ever, with tox-central-venv installed beside it")
        run("tox", "run", "-e", ENVIRONMENT, cwd=root, variables=variables)

        say("what is in the store now")
        run("central-venv", "list", "--size", cwd=root, variables=variables)

        say("what tox left in the project tree")
        left = tree(root) - before
        print("\n".join(sorted(left)) if left else "nothing")

        say("the project goes, and what nobody needs any more with it")
        shutil.rmtree(root)
        run("central-venv", "prune", "--yes", cwd=directory, variables=variables)
        run("central-venv", "list", cwd=directory, variables=variables)
        return 1 if left else 0


def say(what: str) -> None:
    """A heading."""
    print(f"\n=== {what}", flush=True)


def run(program: str, *arguments: str, cwd: Path, variables: dict[str, str] | None = None) -> None:
    """Run a program and show how."""
    print("$", program, *arguments, flush=True)
    subprocess.run([PROGRAMS / program, *arguments], cwd=cwd, env=variables, check=True)


def tree(root: Path) -> set[str]:
    """Every path in the tree but for what is not of tox."""
    paths = (path.relative_to(root) for path in root.rglob("*"))
    return {str(path) for path in paths if NOT_OF_TOX.isdisjoint(path.parts)}


if __name__ == "__main__":
    sys.exit(main())
