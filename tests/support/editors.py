"""Real tools that look for `.venv` in a project, and a project in which it is a link to a real environment."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

from support.hosts import HOSTS, UV, Result, make_host
from support.network import CACHE
from support.trees import write_tree

#: Each tool's release.
RELEASES = {
    "ty": "0.0.108",
    "pyrefly": "1.5.0",
    "poetry": "2.5.1",
    "pdm": "2.29.4",
    "pipenv": "2026.10.3",
    "pyright": "1.1.414",
    "xonsh": "0.25.0",
}
#: Seconds that npm may take, and until what could not be had is tried again.
PATIENCE, RETRY = 200, 3600

PYPROJECT = '[project]\nname = "demo"\nversion = "0"\nrequires-python = ">=3.10"\n'
#: A package with types, which is nowhere but in the project's environment.
PACKAGE = {"only_here/__init__.py": "def number() -> int:\n    return 1\n", "only_here/py.typed": ""}
#: A module that uses it.
MODULE = "import only_here\n\nanswer: int = only_here.number()\n"


@dataclass(frozen=True)
class Linked:
    """A project and its environment.

    Attributes:
        root: the project's directory.
        environment: where its environment is, in the store.
    """

    root: Path
    environment: Path

    @property
    def link(self) -> Path:
        """Where the link is, or was."""
        return self.root / ".venv"

    @property
    def is_whole(self) -> bool:
        """Whether the environment is there with all that was in it."""
        return (self.environment / "pyvenv.cfg").exists() and any(self.environment.glob("lib/*/*/only_here"))

    @property
    def is_linked(self) -> bool:
        """Whether the link leads there."""
        return self.link.is_symlink() and self.link.readlink() == self.environment

    def run(self, *command: str | Path, **variables: str) -> Result:
        """Run a program in the project to its end."""
        environ = {**os.environ, **variables}
        words = list(map(str, command))
        done = subprocess.run(words, cwd=self.root, capture_output=True, text=True, check=False, env=environ)
        return Result(done.returncode, done.stdout, done.stderr)

    def central_venv(self, *arguments: str) -> Result:
        """Run our own command line."""
        return self.run(sys.executable, "-m", "central_venv", *arguments)

    def uv(self, *arguments: str, **variables: str) -> Result:
        """Run uv, with no variable that tells it where the environment is."""
        return self.run(UV, *arguments, **variables)


def make_linked(root: Path) -> Linked:
    """Make a project with a link."""
    write_tree(root, {"pyproject.toml": PYPROJECT, "main.py": MODULE})
    project = Linked(root, Path())
    made = project.central_venv("create", "--env", ".venv", "--python", sys.executable)
    assert made.status == 0, made.text
    project = Linked(root, Path(made.out.removesuffix("\n")))
    (site_packages,) = project.environment.glob("lib/*/site-packages")
    write_tree(site_packages, PACKAGE)
    linked = project.central_venv("link")
    assert linked.status == 0, linked.text
    assert project.is_linked
    return project


def install(name: str) -> list[str]:
    """The command that runs a tool, which is downloaded once; without it, the test is skipped."""
    if name == "pyright":
        return _install_pyright()
    requirement = f"{name}=={RELEASES[name]}"
    failure = HOSTS / f"{name}.failure"
    if not _is_recent(failure):
        try:
            return [make_host(name, requirement).program(name)]
        except subprocess.CalledProcessError as error:
            failure.write_text(f"status {error.returncode}", encoding="utf-8")
    pytest.skip(f"the package index has no {requirement} for us: {failure.read_text(encoding='utf-8')}")


def _install_pyright() -> list[str]:
    npm, node = shutil.which("npm"), shutil.which("node")
    if npm is None or node is None:
        pytest.skip("there is no npm to get pyright with")
    directory = HOSTS / f"pyright-{RELEASES['pyright']}"
    directory.mkdir(parents=True, exist_ok=True)
    program, failure = directory / "node_modules" / "pyright" / "index.js", directory / "failure"
    with FileLock(f"{directory}.lock"):
        if not program.exists() and not _is_recent(failure):
            options = ("--ignore-scripts", "--no-audit", "--no-fund", "--fetch-retries=1", "--loglevel=error")
            places = ("--cache", str(CACHE / "npm"), "--prefix", str(directory))
            command = [npm, "install", *options, *places, f"pyright@{RELEASES['pyright']}"]
            # Certificates of a site's own: npm does not look at `SSL_CERT_FILE`.
            variables = {"NODE_EXTRA_CA_CERTS": os.environ.get("SSL_CERT_FILE", ""), **os.environ}
            try:
                subprocess.run(command, check=True, capture_output=True, text=True, timeout=PATIENCE, env=variables)
            except subprocess.CalledProcessError as error:
                failure.write_text(" ".join(error.stderr.split())[:300] or f"status {error.returncode}")
            except subprocess.TimeoutExpired:
                failure.write_text(f"no answer within {PATIENCE} s")
    if not program.exists():
        pytest.skip(f"npm has no pyright {RELEASES['pyright']} for us: {failure.read_text(encoding='utf-8')}")
    return [node, str(program)]


def _is_recent(failure: Path) -> bool:
    return failure.exists() and time.time() - failure.stat().st_mtime < RETRY
