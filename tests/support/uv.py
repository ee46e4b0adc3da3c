"""Real uv through the command line, and what it makes."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from central_venv.policy.key import home_name

from support.hosts import SCRIPTS, Host, Result
from support.trees import write_tree
from support.wheels import write_wheel

if TYPE_CHECKING:
    import subprocess

#: The packages that uv finds in these tests, in both versions.
PACKAGES = ("alpha", "beta", "gamma")
VERSIONS = ("1.0", "2.0")

#: What says where the Python is that runs it.
WHERE = ("python", "-c", "import sys; print(sys.prefix)")

#: The programs that people call.
PROGRAMS = Host(Path(sys.prefix))


@dataclass(frozen=True)
class Uv:
    """A release of uv on the path of whatever is started.

    Attributes:
        release: which one.
        program: its path.
        store: the store in use.
    """

    release: str
    program: Path
    store: Path

    def run(self, *arguments: str | Path, cwd: Path, **variables: str) -> Result:
        """Run ``central-venv uv`` to its end."""
        return PROGRAMS.run("central-venv", "uv", *arguments, cwd=cwd, **variables)

    def start(self, *arguments: str | Path, cwd: Path, **variables: str) -> subprocess.Popen[str]:
        """Start ``central-venv uv``."""
        return PROGRAMS.start("central-venv", "uv", *arguments, cwd=cwd, **variables)

    def __call__(self, *arguments: str | Path, cwd: Path, **variables: str) -> str:
        """What ``central-venv uv`` answers, which must not fail."""
        result = self.run(*arguments, cwd=cwd, **variables)
        assert result.status == 0, result.text
        return result.out

    def alone(self, *arguments: str | Path, cwd: Path, **variables: str) -> Result:
        """Run uv itself to its end."""
        return Host(self.program.parent.parent).run(self.program.name, *arguments, cwd=cwd, **variables)

    def home(self, root: Path) -> Path:
        """Where a project's environments belong."""
        return self.store / home_name(str(root))

    def environments(self, root: Path) -> set[str]:
        """The names of a project's environments."""
        return {path.parent.name for path in self.home(root).glob("*/pyvenv.cfg")}


def configure_uv(home: Path, wheels: Path) -> None:
    """Let every uv install from a directory with wheels, and from nowhere else."""
    for name in PACKAGES:
        for version in VERSIONS:
            write_wheel(wheels, name, version)
    text = f'no-index = true\nfind-links = ["{wheels.as_posix()}"]\n'
    for directory in (home / ".config" / "uv", home / "APPDATA" / "uv"):
        write_tree(directory, {"uv.toml": text})


def packages(environment: Path) -> dict[str, str]:
    """The versions of those of `PACKAGES` that are installed in an environment."""
    pattern = "Lib/site-packages" if sys.platform == "win32" else "lib/*/site-packages"
    found = (path.name.removesuffix(".dist-info").split("-") for path in environment.glob(f"{pattern}/*.dist-info"))
    return {name: version for name, version, *_ in found if name in PACKAGES}


def python_of(environment: Path) -> str:
    """The minor version of an environment's Python."""
    lines = (environment / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    fields = dict(line.split(" = ", 1) for line in lines if " = " in line)
    return ".".join((fields.get("version_info") or fields["version"]).split(".")[:2])


def program(environment: Path, name: str) -> Path:
    """One of an environment's programs."""
    return environment / SCRIPTS / (f"{name}.exe" if os.name == "nt" else name)


def pyproject(name: str = "project", *needs: str, more: str = "", python: str = ">=3.10") -> str:
    """The content of a pyproject.toml.

    Args:
        name: of the project.
        needs: what it depends on.
        more: what follows the table of the project.
        python: the versions of Python that it works with.
    """
    dependencies = ", ".join(f'"{need}"' for need in needs)
    return (
        f'[project]\nname = "{name}"\nversion = "0"\nrequires-python = "{python}"\n'
        f"dependencies = [{dependencies}]\n{more}"
    )
