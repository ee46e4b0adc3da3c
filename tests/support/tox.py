"""A release of tox with the plugin, and projects to run it on."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import subprocess
    from pathlib import Path

    from support.hosts import Host, Result

#: Two environments that need no package, no network and a second.
TWO_ENVIRONMENTS = """
[tox]
env_list = a, b
skipsdist = true
[testenv]
skip_install = true
commands = python -c "print('in {env_name}')"
"""

#: A package with a build backend that needs nothing else, and three environments.
PACKAGE = {
    "tox.ini": """
[tox]
env_list = a, b, c
[testenv]
set_env = PYTHONDONTWRITEBYTECODE = 1
commands = python -c "import demo; print(demo.__doc__)"
""",
    "pyproject.toml": """
[build-system]
requires = ["flit_core>=3.9"]
build-backend = "flit_core.buildapi"
[project]
name = "demo"
version = "1"
dynamic = ["description"]
""",
    "demo.py": '"""It works."""\n',
}


@dataclass(frozen=True)
class Tox:
    """A release of tox with the plugin."""

    release: str
    host: Host

    @property
    def version(self) -> tuple[int, ...]:
        """Such as (4, 24, 0)."""
        answer = self.host.run("python", "-c", "import tox; print(tox.__version__)", cwd=self.host.path)
        return tuple(map(int, answer.out.strip().split(".")[:3]))

    def run(self, *arguments: str | Path, cwd: Path, **variables: str) -> Result:
        """Run tox to its end."""
        return self.host.run("tox", *arguments, cwd=cwd, **variables)

    def start(self, *arguments: str | Path, cwd: Path, **variables: str) -> subprocess.Popen[str]:
        """Start tox."""
        return self.host.start("tox", *arguments, cwd=cwd, **variables)

    def listed(self, cwd: Path) -> list[dict[str, Any]]:
        """The projects that ``central-venv list --json`` shows."""
        answer = self.host.run("central-venv", "list", "--json", cwd=cwd)
        assert answer.status == 0, answer.text
        projects: list[dict[str, Any]] = json.loads(answer.out)["projects"]
        return projects

    def environments(self, cwd: Path) -> dict[str, str]:
        """The state of each environment that is listed, by its name."""
        return {each["name"]: each["state"] for project in self.listed(cwd) for each in project["environments"]}
