"""The main job on real projects, run as their authors meant, and on a new one: environments in the store, clean trees.

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

PROGRAMS = Path(sys.executable).parent
ENVIRONMENT = f"{sys.version_info.major}.{sys.version_info.minor}"

#: Projects from the package index, each with how its authors run its tests, and what its pyproject.toml gains.
PROJECTS = [
    (
        "pytest-print",
        "1.1.0",
        "tox as ever, with tox-central-venv installed beside it",
        ["tox", "run", "-e", ENVIRONMENT],
        "",
    ),
    (
        "check-sdist",
        "1.2.0",
        "nox without a change to the noxfile: the command that nox-central-venv brings",
        ["nox-central-venv", "-s", "tests", "--", "tests/test_inject.py"],
        "",
    ),
    (
        "hatch-jupyter-builder",
        "0.10.0",
        "hatch with one table in pyproject.toml, which hatch-central-venv understands",
        ["hatch", "run", "test:test", "tests/test_is_stale.py"],
        "[tool.hatch.env.collectors.central]",
    ),
]

#: What pytest and Python leave by themselves, with or without a runner.
NOT_OF_RUNNERS = {"__pycache__", ".pytest_cache"}
#: What of the caller's environment would lead runners elsewhere.
FOREIGN = ("CENTRAL_VENV", "HATCH", "NOX", "TOX", "UV_PROJECT", "XDG_")


def main() -> int:
    """Show the tour; fails if something of a runner is left in a tree."""
    with tempfile.TemporaryDirectory() as temporary:
        directory = Path(temporary).resolve()
        home = directory / "home"
        home.mkdir()
        variables = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        variables |= {"HOME": str(home), "USERPROFILE": str(home), "LOCALAPPDATA": str(home)}
        variables |= {"PYTEST_DEBUG_TEMPROOT": str(home)}

        roots, left = [], set()
        for name, version, what, command, table in PROJECTS:
            say(f"a real project: the source distribution of {name} {version}")
            root = unpack(name, version, directory / name)
            roots.append(root)
            before = tree(root)

            say(what)
            if table:
                print("pyproject.toml:", table)
                with (root / "pyproject.toml").open("a", encoding="utf-8") as file:
                    file.write(f"\n{table}\n")
            run(*command, cwd=root, variables=variables)

            say(f"what {command[0]} left in the project tree")
            mine = tree(root) - before
            print("\n".join(sorted(mine)) if mine else "nothing")
            left |= mine

        new = directory / "new-project"
        roots.append(new)
        left |= project_environment(new, variables)

        say("what is in the store now")
        run("central-venv", "list", "--size", cwd=directory, variables=variables)

        say("the projects go, and what nobody needs any more with them")
        for root in roots:
            shutil.rmtree(root)
        run("central-venv", "prune", "--yes", cwd=directory, variables=variables)
        run("central-venv", "list", cwd=directory, variables=variables)
        return 1 if left else 0


def project_environment(root: Path, variables: dict[str, str]) -> set[str]:
    """A new project with uv: its own environment, and one that it shares; what is in its tree beside its own files."""
    say("a new project of one's own, with uv as ever behind `central-venv`")
    root.mkdir()
    variables = {**variables, "PATH": os.pathsep.join([str(PROGRAMS), variables["PATH"]])}
    run("central-venv", "uv", "init", "--bare", "--quiet", cwd=root, variables=variables)
    run("central-venv", "uv", "add", "--quiet", "idna", cwd=root, variables=variables)
    run("central-venv", "run", "python", "-c", "import idna", cwd=root, variables=variables)

    say("the same with an environment that several projects share")
    run("central-venv", "create", "@shared", cwd=root, variables=variables)
    run("central-venv", "use", "@shared", cwd=root, variables=variables)
    run("central-venv", "uv", "run", "--quiet", "python", "-c", "import idna", cwd=root, variables=variables)

    say("what uv and central-venv left in the project tree beside pyproject.toml and uv.lock")
    mine = tree(root) - {"pyproject.toml", "uv.lock"}
    print("\n".join(sorted(mine)) if mine else "nothing")
    return mine


def unpack(name: str, version: str, directory: Path) -> Path:
    """Download a source distribution and unpack it; its root."""
    directory.mkdir()
    pip = ["python", "-m", "pip", "download", "-q", "--no-deps", "--no-binary", name]
    run(*pip, f"{name}=={version}", cwd=directory)
    with tarfile.open(next(directory.glob("*.tar.gz"))) as archive:
        archive.extractall(directory / "projects", filter="data")
    (root,) = (directory / "projects").iterdir()
    return root


def say(what: str) -> None:
    """A heading."""
    print(f"\n=== {what}", flush=True)


def run(program: str, *arguments: str, cwd: Path, variables: dict[str, str] | None = None) -> None:
    """Run a program and show how."""
    print("$", program, *arguments, flush=True)
    subprocess.run([PROGRAMS / program, *arguments], cwd=cwd, env=variables, check=True)


def tree(root: Path) -> set[str]:
    """Every path in the tree but for what is not of a runner."""
    paths = (path.relative_to(root) for path in root.rglob("*"))
    return {str(path) for path in paths if NOT_OF_RUNNERS.isdisjoint(path.parts)}


if __name__ == "__main__":
    sys.exit(main())
