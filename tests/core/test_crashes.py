"""Being killed at every step: whatever comes next repairs or finishes, and nothing is lost."""

from __future__ import annotations

import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.inventory.search import find_project, find_projects
from central_venv.project_link import making
from central_venv.project_link.runner_link import make_link
from support import crash
from support.environments import seal
from support.git import make_repository, needs_git
from support.trees import contents, listing, write_tree

if TYPE_CHECKING:
    from central_venv.errors import CentralVenvError

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL is POSIX")


def make_project(base: Path, name: str) -> Path:
    return write_tree(base / name, {"pyproject.toml": "[project]\nname = 'x'\nversion = '0'\n", "precious": name})


def make_environment(store: Path, root: Path, name: str) -> Path:
    crash.create(str(store), str(root), name)
    return Path(Home(Store(str(store)), str(root)).environment_path("tox", name))


def break_off(store: Path, root: Path) -> Path:
    """A runner fails while it makes an environment."""
    environment = Home(Store(str(store)), str(root)).environment("tox", "py312")
    environment.claim("py312", on_wait=lambda _: None)
    path = write_tree(Path(environment.path), {"pyvenv.cfg": "", "lib/half.py": ""})
    environment.release()
    return path


def listed(store: Path, root: Path | None = None) -> dict[str, str]:
    """The name and state of each environment, of a project or of all."""
    return {
        environment.name: environment.state
        for project in find_projects(Store(str(store)), on_problem=fail)
        if root is None or project.root == str(root)
        for environment in project.environments
    }


def fail(error: CentralVenvError) -> None:
    raise error


def test_a_creation_killed_at_any_step_is_repaired_by_the_next(base: Path, store: Path) -> None:
    project = make_project(base, "project")
    other = make_environment(store, make_project(base, "other"), "other")
    before = contents(other)

    steps = 0
    for _ in crash.kills("create", str(store), str(project), "py312"):
        steps += 1
        assert set(listed(store, project).values()) <= {"broken", "ready"}
        crash.create(str(store), str(project), "py312")
        assert listed(store, project) == {"py312": "ready"}
        assert crash.run("clean", "--yes", "--project", str(project)).status == 0
        assert not Path(Home(Store(str(store)), str(project)).path).exists()

    assert steps > 8
    assert contents(other) == before


def test_a_recreation_killed_at_any_step_is_repaired_by_the_next(base: Path, store: Path) -> None:
    project = make_project(base, "project")
    make_environment(store, project, "py312")

    steps = 0
    for _ in crash.kills("create", str(store), str(project), "py312"):
        steps += 1
        crash.create(str(store), str(project), "py312")
        assert listed(store, project) == {"py312": "ready"}

    assert steps > 3


def test_a_creation_that_begins_with_a_discard_killed_at_any_step_is_repaired_by_the_next(
    base: Path, store: Path
) -> None:
    project = make_project(base, "project")
    other = make_environment(store, make_project(base, "other"), "other")
    before = contents(project), contents(other)
    path = break_off(store, project)

    steps, discarded = 0, 0
    for _ in crash.kills("renew", str(store), str(project), "py312"):
        steps += 1
        assert listed(store, project) in ({}, {"py312": "broken"}, {"py312": "ready"})
        assert "lib" not in listing(path) or (path / "lib" / "half.py").exists(), "it goes in one step"
        discarded += not path.exists()
        crash.create(str(store), str(project), "py312", anew=True)
        assert listed(store, project) == {"py312": "ready"}
        assert listing(path) == {"pyvenv.cfg", "bin", "bin/python"}
        assert crash.run("prune", "--yes").status == 0
        assert os.listdir(store / ".trash") == []
        break_off(store, project)

    assert steps > 15
    assert discarded > 3
    assert (contents(project), contents(other)) == before


@pytest.mark.parametrize("old", [None, "old-87654321"], ids=["a first link", "a replacement"])
def test_a_link_whose_making_is_killed_at_any_step_is_made_by_the_next(
    old: str | None, base: Path, store: Path
) -> None:
    project, target = make_project(base, "project"), store / "project-12345678" / ".tox"
    link = project / ".tox"
    before = contents(project)

    def begin() -> None:
        link.unlink(missing_ok=True)
        if old is not None:
            link.symlink_to(store / old / ".tox")

    steps = 0
    begin()
    for _ in crash.kills("make-link", str(link), str(target)):
        steps += 1
        assert contents(project).get(".tox") == (None if old is None else ("link", store / old / ".tox"))
        assert make_link(str(link), str(target))
        assert contents(project) == {**before, ".tox": ("link", target)}
        begin()

    assert steps == (1 if old is None else 2)
    assert contents(project) == {**before, ".tox": ("link", target)}


FORMS = {"a link": [], "a redirect": ["--redirect"]}


@needs_git
@pytest.mark.parametrize(
    ("there", "form"),
    [
        ("nothing", "a link"),
        ("nothing", "a redirect"),
        ("a link", "a link"),
        ("a redirect", "a redirect"),
        ("a redirect", "a link"),
    ],
)
def test_a_link_that_is_killed_at_any_step_is_made_by_the_next_and_nothing_is_left(
    there: str, form: str, base: Path, store: Path
) -> None:
    project, words = make_project(base, "project"), ["link", "--project", str(base / "project"), *FORMS[form]]
    make_repository(project)
    home = Home(Store(str(store)), str(project))
    seal(home, ".venv", "project")
    seal(home, ".venv-3.13", "project")
    shutil.copytree(project, base / "kept", symlinks=True)
    precious = contents(project)

    def begin() -> None:
        shutil.rmtree(project)
        shutil.copytree(base / "kept", project, symlinks=True)
        if there != "nothing":
            making.make(home, home.environment_path("project", ".venv-3.13"), redirect=there == "a redirect")

    begin()
    assert crash.run(*words).status == 0
    expected = contents(project)
    begin()
    steps = 0
    for _ in crash.kills(*words):
        steps += 1
        assert precious.items() <= {**contents(project), ".git/info/exclude": precious[".git/info/exclude"]}.items()
        assert crash.run(*words).status == 0
        assert contents(project) == expected
        begin()

    assert steps >= (1 if there == form == "a link" else 2)


@needs_git
@pytest.mark.parametrize("form", FORMS)
def test_an_unlink_that_is_killed_at_any_step_is_finished_by_the_next_and_nothing_is_left(
    form: str, base: Path, store: Path
) -> None:
    project = make_project(base, "project")
    make_repository(project)
    home = Home(Store(str(store)), str(project))
    environment = seal(home, ".venv", "project")
    making.make(home, str(environment), redirect=form == "a redirect")
    assert crash.run("unlink", "--project", str(project)).status == 0
    expected = contents(project)

    steps = 0
    making.make(home, str(environment), redirect=form == "a redirect")
    for _ in crash.kills("unlink", "--project", str(project)):
        steps += 1
        crash.run("unlink", "--project", str(project))
        assert contents(project) == expected
        making.make(home, str(environment), redirect=form == "a redirect")

    assert steps >= 4


@pytest.mark.parametrize(
    "command",
    [
        pytest.param(["clean", "--yes"], id="a whole home"),
        pytest.param(["remove", "py312", "--yes"], id="one of two environments"),
        pytest.param(["remove", "--runner", "tox", "--yes"], id="one by one until none is left"),
    ],
)
def test_a_removal_killed_at_any_step_is_finished_by_the_next(command: list[str], base: Path, store: Path) -> None:
    project = make_project(base, "project")
    live = make_environment(store, make_project(base, "other"), "other")
    before = contents(project), contents(base / "other"), contents(live)
    words = [*command, "--project", str(project)]
    link = project / ".tox"

    def begin() -> None:
        make_both(store, project)
        make_link(str(link), Home(Store(str(store)), str(project)).runner_directory("tox"))

    begin()

    steps = 0
    for _ in crash.kills(*words):
        steps += 1
        assert set(listed(store, project).values()) <= {"ready"}, "what is listed is whole"
        assert link.exists() or not os.path.lexists(link), "it leads nowhere at no time"
        crash.run(*words)  # says so if nothing is left to remove
        assert crash.run("prune", "--yes").status == 0
        assert listed(store, project) == ({"py313": "ready"} if "py312" in command else {})
        assert os.path.lexists(link) == ("py312" in command)
        assert_nothing_is_left_behind(store)
        begin()

    assert steps > 5
    link.unlink(missing_ok=True)
    assert (contents(project), contents(base / "other"), contents(live)) == before


def test_a_prune_killed_at_any_step_is_finished_by_the_next(base: Path, store: Path) -> None:
    project = make_project(base, "project")
    live = make_environment(store, make_project(base, "other"), "other")
    before = contents(project), contents(base / "other"), contents(live)

    steps = 0
    make_both(store, project)
    project.rename(base / "elsewhere")
    for _ in crash.kills("prune", "--yes"):
        steps += 1
        assert set(listed(store).values()) == {"ready"}
        assert crash.run("prune", "--yes").status == 0
        assert listed(store) == {"other": "ready"}
        assert_nothing_is_left_behind(store)
        (base / "elsewhere").rename(project)
        make_both(store, project)
        project.rename(base / "elsewhere")

    assert steps > 5
    assert (contents(base / "elsewhere"), contents(base / "other"), contents(live)) == before


def make_both(store: Path, project: Path) -> None:
    for name in ("py312", "py313"):
        make_environment(store, project, name)


def assert_nothing_is_left_behind(store: Path) -> None:
    assert os.listdir(store / ".trash") == []
    for home in Store(str(store)).homes():
        names = {environment.directory for environment in find_project(home, on_problem=fail).environments}
        records = Path(home, ".central-venv")
        stray = {path.stem for path in records.rglob("*") if path.suffix in {".json", ".uses", ".lock"}}
        assert stray - {"home"} <= names
        assert not list(Path(home).rglob("*.tmp"))
