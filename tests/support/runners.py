"""A release of a runner with our plugin."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from central_venv import Home, Store

from support.commands import ask, listed
from support.environments import make_older

if TYPE_CHECKING:
    import subprocess

    from support.hosts import Host, Result


#: What the user is told of a project that was cloned anew.
CLONED_ANEW = "is another directory than the one that the environments in"


@dataclass(frozen=True)
class Runner:
    """A release of a runner with the plugin."""

    program: ClassVar[str]

    release: str
    host: Host

    @property
    def version(self) -> tuple[int, ...]:
        """Such as (4, 24, 0)."""
        return tuple(map(int, self.host.version(self.program).split(".")[:3]))

    def run(self, *arguments: str | Path, cwd: Path, **variables: str) -> Result:
        """Run it to its end."""
        return self.host.run(self.program, *arguments, cwd=cwd, **variables)

    def start(self, *arguments: str | Path, cwd: Path, **variables: str) -> subprocess.Popen[str]:
        """Start it."""
        return self.host.start(self.program, *arguments, cwd=cwd, **variables)

    def directory(self, project: Path) -> Path:
        """Where the runner's files of a project belong, as the command line says."""
        words = ("path", "--runner", self.program, "--project", project)
        return Path(ask(*words, cwd=project).removesuffix(os.linesep))

    def make_older(self, project: Path) -> None:
        """Let the project's home say that it was made for an older directory at that path."""
        store = self.directory(project).parent.parent
        make_older(Home(Store(str(store)), os.path.realpath(project)))

    def records(self, project: Path) -> dict[str, dict[str, Any]]:
        """The environments' records by the names of their directories."""
        folder = self.directory(project).parent / ".central-venv" / self.program
        return {path.stem: json.loads(path.read_text()) for path in folder.glob("*.json")}

    def listed(self, cwd: Path) -> list[dict[str, Any]]:
        """The projects that ``central-venv list --json`` shows."""
        return listed(cwd)

    def environments(self, cwd: Path) -> dict[str, str]:
        """The state of each environment that is listed, by its name."""
        return {each["name"]: each["state"] for project in self.listed(cwd) for each in project["environments"]}
