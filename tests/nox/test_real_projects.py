"""Real projects, as their authors released them, with noxfiles of each style."""

from __future__ import annotations

import json
import os
import re
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.hosts import CONSTRAINTS, ROOT
from support.sdists import unpack_sdist
from support.trees import listing

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.hosts import Host, Result
    from support.nox import Nox


@dataclass(frozen=True)
class RealProject:
    """A project that keeps its noxfile in its source distribution.

    Attributes:
        sessions: what selects sessions that pass without Git, and a part of their tests that takes seconds.
        environments: the names of the environments that these sessions have.
        leaves: what the project's own tools leave in the tree, whoever runs them.
        since: the oldest nox that its noxfile accepts.
    """

    name: str
    version: str
    sessions: tuple[str, ...]
    environments: frozenset[str]
    leaves: frozenset[str] = field(default=frozenset({".pytest_cache", "__pycache__"}))
    since: tuple[int, ...] = ()

    def unpack(self, directory: Path) -> Path:
        """Unpack it; returns its root."""
        return unpack_sdist(self.name, self.version, directory)


MINOR = f"{sys.version_info.major}.{sys.version_info.minor}"
#: What these projects' tests run with, as far as ours do, too: they need not pass with each new pytest.
PINNED = {"UV_CONSTRAINT": str(CONSTRAINTS), "PIP_CONSTRAINT": str(CONSTRAINTS)}

#: Several Pythons, nothing that names a backend or a nox: virtualenv and pip.
PLAIN = RealProject(
    "sphinx-autobuild",
    "2024.10.3",
    ("-s", f"test-{MINOR}", "--", "tests/test_ignore.py"),
    frozenset({f"test-{MINOR}"}),
)
STAMINA = (f"tests-{MINOR}(opt_deps=[])", f"tests-{MINOR}(opt_deps=['structlog', 'prometheus-client'])")
#: Parameters and Pythons; reuses its environments, and a session asks for one more.
PARAMETERS = RealProject(
    "stamina",
    "25.1.0",
    ("-s", *STAMINA, "--", "tests/test_config.py"),
    frozenset({*STAMINA, "coverage_report"}),
    leaves=frozenset({".pytest_cache", "__pycache__", ".coverage"}),
)
#: `default_venv_backend = "uv|virtualenv"`, Pythons from pyproject.toml, a session for conda.
UV_OR_VIRTUALENV = RealProject(
    "uhi",
    "0.5.0",
    ("-s", "tests", "-p", MINOR, "--", "tests/test_ensure.py"),
    frozenset({f"tests-{MINOR}"}),
)
#: A `# /// script` block and `nox.main()`.
SCRIPT = RealProject(
    "check-sdist",
    "1.6.0",
    ("-s", "tests", "--", "-n0", "tests/test_inject.py"),
    frozenset({"tests"}),
    since=(2025, 2, 9),
)
PROJECTS = {project.name: project for project in (PLAIN, PARAMETERS, UV_OR_VIRTUALENV, SCRIPT)}
EVERYWHERE = [project for project in PROJECTS.values() if not project.since]

#: The ways to run a noxfile that is a script.
WAYS = {
    "nox": ("nox",),
    "script": ("python", "noxfile.py"),
    "command": ("nox-central-venv",),
}


@pytest.fixture(autouse=True)
def running_python_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """For a session that names the running version: uv looks on the path, but not into environments."""
    base = Path(sys.base_prefix, "" if sys.platform == "win32" else "bin")
    monkeypatch.setenv("PATH", os.pathsep.join([os.environ["PATH"], str(base)]))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    monkeypatch.setenv("NOX_DOWNLOAD_PYTHON", "never")


def enable(tree: Path) -> None:
    """Do to a real noxfile what a user would do."""
    noxfile = tree / "noxfile.py"
    untouched = noxfile.read_text(encoding="utf-8")
    enabled, count = re.subn(
        r"^import nox$",
        "import nox\nimport nox_central_venv\n\nnox_central_venv.enable()",
        untouched,
        flags=re.MULTILINE,
    )
    assert count == 1
    noxfile.write_text(enabled, encoding="utf-8")


def newcomers(tree: Path, before: set[str]) -> set[str]:
    """The names of what is new in the tree, but not of what is in there."""
    new = listing(tree) - before
    return {os.path.basename(path) for path in new if os.path.dirname(path) not in new}


def states(nox: Nox, tree: Path) -> dict[str, str]:
    """The state of each environment of the project, which is the only one, with the Python that runs this."""
    (listed,) = nox.listed(tree)
    assert listed["root"] == str(tree)
    assert {each["python"] for each in listed["environments"]} == {".".join(map(str, sys.version_info[:3]))}
    return {each["name"]: each["state"] for each in listed["environments"]}


@pytest.mark.parametrize("name", PROJECTS)
def test_nothing_changes_what_nox_lists(nox: Nox, name: str, tmp_path: Path) -> None:
    project = PROJECTS[name]
    tree = project.unpack(tmp_path / "unpacked")
    before = listing(tree)

    plain = nox.run("-l", cwd=tree)
    command = nox.host.run("nox-central-venv", "-l", cwd=tree)
    enable(tree)
    enabled = nox.run("-l", cwd=tree)

    assert plain.status == (0 if nox.version >= project.since else 2), plain.text
    assert command == plain
    assert enabled == plain
    assert newcomers(tree, before) <= {"__pycache__"}  # of the noxfile


@pytest.mark.parametrize("name", PROJECTS)
def test_listing_writes_nothing(newest_nox: Nox, name: str, tmp_path: Path, store: Path) -> None:
    tree = PROJECTS[name].unpack(tmp_path / "unpacked")

    newest_nox.host.run("nox-central-venv", "-l", cwd=tree)
    enable(tree)
    newest_nox.run("-l", cwd=tree)

    assert not store.exists()


#: Each project with the newest release, and one with the oldest.
_AGAIN = pytest.mark.exhaustive(reason="the newest nox runs it, and the oldest another project")
SESSIONS = [
    pytest.param(release, project.name, marks=() if release == "newest" or project is UV_OR_VIRTUALENV else _AGAIN)
    for release in ("oldest", "newest")
    for project in EVERYWHERE
]


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize(("nox", "name"), SESSIONS, indirect=["nox"])
def test_a_real_session_passes_and_leaves_nothing_of_nox_in_the_tree(nox: Nox, name: str, tmp_path: Path) -> None:
    project = PROJECTS[name]
    tree = project.unpack(tmp_path / "unpacked")
    enable(tree)
    before = listing(tree)

    result = nox.run(*project.sessions, cwd=tree, **PINNED)

    assert result.status == 0, result.text
    assert newcomers(tree, before) == project.leaves
    assert states(nox, tree) == dict.fromkeys(project.environments, "ready")


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("way", WAYS)
def test_a_noxfile_that_is_a_script_keeps_its_environments_in_the_store(
    newest_nox: Nox, way: str, tmp_path: Path
) -> None:
    tree = SCRIPT.unpack(tmp_path / "unpacked")
    if way != "command":
        enable(tree)
    before = listing(tree)

    program, *arguments = WAYS[way]
    result = newest_nox.host.run(program, *arguments, *SCRIPT.sessions, cwd=tree, **PINNED)

    assert result.status == 0, result.text
    assert newcomers(tree, before) == SCRIPT.leaves
    assert states(newest_nox, tree) == dict.fromkeys(SCRIPT.environments, "ready")


@pytest.mark.usefixtures("index")
def test_a_script_that_depends_on_the_plugin_has_its_own_environment_in_the_store_too(
    newest_nox: Nox, tmp_path: Path
) -> None:
    tree = SCRIPT.unpack(tmp_path / "unpacked")
    enable(tree)
    noxfile = tree / "noxfile.py"
    members = {"central-venv": "core", "nox-central-venv": "plugins/nox"}
    added = [f"{name} @ {(ROOT / member).as_uri()}" for name, member in members.items()]
    added.append("sortedcontainers")  # which nobody's nox has installed
    required = "nox>=2025.02.09"
    untouched = noxfile.read_text(encoding="utf-8")
    assert json.dumps([required]) in untouched
    noxfile.write_text(untouched.replace(json.dumps([required]), json.dumps([required, *added])), encoding="utf-8")
    before = listing(tree)

    result = newest_nox.host.run("nox-central-venv", *SCRIPT.sessions, cwd=tree, **PINNED)

    assert result.status == 0, result.text
    assert newcomers(tree, before) == SCRIPT.leaves
    assert states(newest_nox, tree) == dict.fromkeys({"_nox_script_mode", *SCRIPT.environments}, "ready")


@pytest.mark.usefixtures("index")
def test_the_command_reuses_the_environments_of_a_noxfile_that_says_so(newest_nox: Nox, tmp_path: Path) -> None:
    tree = PARAMETERS.unpack(tmp_path / "unpacked")
    before = listing(tree)
    session, *_ = STAMINA
    arguments = ("-s", session, "--", "tests/test_config.py")

    first, second = (newest_nox.host.run("nox-central-venv", *arguments, cwd=tree, **PINNED) for _ in range(2))

    assert (first.status, second.status) == (0, 0), first.text + second.text
    reused = f"Reusing existing virtual environment at {newest_nox.directory(tree)}"
    assert (first.err.count(reused), second.err.count(reused)) == (0, 2)
    assert newcomers(tree, before) == PARAMETERS.leaves
    assert states(newest_nox, tree) == dict.fromkeys((session, "coverage_report"), "ready")


@pytest.mark.usefixtures("index")
@pytest.mark.parametrize("outcome", ["success", "failed"])
def test_result_and_exit_status_are_those_of_plain_nox(
    newest_nox: Nox, plain_nox: Host, outcome: str, tmp_path: Path
) -> None:
    project = UV_OR_VIRTUALENV
    trees = {who: project.unpack(tmp_path / who) for who in ("plain", "ours")}
    enable(trees["ours"])
    before = listing(trees["ours"])
    posargs = () if outcome == "success" else ("tests/missing.py",)

    def run(who: str, run_nox: Callable[..., Result]) -> tuple[int, object]:
        report = tmp_path / f"{who}.json"
        result = run_nox("--report", report, *project.sessions, *posargs, cwd=trees[who], **PINNED)
        said = json.loads(report.read_text(encoding="utf-8"))
        for session in said["sessions"]:
            del session["duration"]
        return result.status, said

    ours = run("ours", newest_nox.run)
    plain = run("plain", lambda *arguments, **options: plain_nox.run("nox", *arguments, **options))

    assert ours == plain
    status, said = ours
    assert status == (0 if outcome == "success" else 1)
    assert isinstance(said, dict)
    assert [each["result"] for each in said["sessions"]] == [outcome]
    plainly_new, new = (newcomers(trees[who], before) for who in ("plain", "ours"))
    assert plainly_new == new | {".nox"}
    assert (trees["plain"] / ".nox" / f"tests-{MINOR.replace('.', '-')}").is_dir()
