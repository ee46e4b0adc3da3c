"""A release of hatch with the plugin, and projects to run it on."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from support.runners import Runner
from support.trees import write_tree

#: What is added to a project's pyproject.toml to have every environment central.
COLLECTOR = """
[tool.hatch.env.collectors.central]
"""

#: A project whose environments need no package and no network.
PYPROJECT = """
[project]
name = "demo"
version = "1"

[tool.hatch.envs.default]
skip-install = true
scripts.hello = "python -c \\"import sys; print(sys.prefix)\\""

[tool.hatch.envs.docs]

[tool.hatch.envs.docs-build]
"""


#: The same in short: uv makes environments fastest. What follows belongs to the default environment.
BARE = """
[project]
name = "demo"
version = "1"

[tool.hatch.envs.default]
skip-install = true
installer = "uv"
"""

#: A package with a build backend that needs nothing else, of which the default environment has an editable install.
PACKAGE = """
[build-system]
requires = ["flit_core>=3.9"]
build-backend = "flit_core.buildapi"

[project]
name = "demo"
version = "1"
description = "It works."

[tool.hatch.envs.default]
installer = "uv"
"""

#: Lets an installation that would wait for the test go on at once.
UNBOUND = {"STARTED": os.devnull, "GO_ON": os.devnull}


def project_with(tmp_path: Path, text: str) -> Path:
    """A project with a module, all of whose environments are in the store."""
    return write_tree(tmp_path / "project", {"pyproject.toml": f"{text}{COLLECTOR}", "demo.py": ""})


class Hatch(Runner):
    """A release of hatch with the plugin."""

    program = "hatch"

    def find(self, name: str, *, cwd: Path, **variables: str) -> Path:
        """Where hatch itself says that an environment is."""
        answer = self.run("env", "find", name, cwd=cwd, **variables)
        assert (answer.status, answer.out.count("\n")) == (0, 1), answer.text
        return Path(answer.out.rstrip("\n"))

    def shown(self, *, cwd: Path, **variables: str) -> dict[str, dict[str, Any]]:
        """The configuration of every environment."""
        answer = self.run("env", "show", "--json", cwd=cwd, **variables)
        assert answer.status == 0, answer.text
        environments: dict[str, dict[str, Any]] = json.loads(answer.out)
        return environments
