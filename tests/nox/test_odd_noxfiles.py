"""Noxfiles that nox loads in another way than usual, and envdirs that are said in another way."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import pytest
from support.hosts import finish, read_until
from support.nox import ENABLED, Nox, tree
from support.pipes import Rendezvous
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

posix = pytest.mark.skipif(sys.platform == "win32", reason="named pipes and links")

WHERE = """
@nox.session(venv_backend="virtualenv")
def where(session):
    print("made", session.virtualenv.location)
"""
MAIN = """
if __name__ == "__main__":
    nox.main()
"""
OFF = "[tool.central-venv]\nenabled = false\n"
BROKEN = "[tool.central-venv]\nenabled = 'x'\n"


@pytest.fixture(autouse=True)
def store(short_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store of every test here."""
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(short_store))
    return short_store


@pytest.fixture
def other(tmp_path: Path) -> Path:
    """Where somebody calls nox from."""
    return write_tree(tmp_path / "other", {"noxfile.py": ENABLED})


@pytest.fixture(scope="session")
def main_nox(nox: Nox) -> Nox:
    """Each release that has `nox.main`."""
    if nox.version < (2025, 2, 9):
        pytest.skip("`nox.main` came with 2025.2.9")
    return nox


def test_a_noxfile_that_is_turned_off_stays_off_wherever_it_is_called(
    main_nox: Nox, other: Path, tmp_path: Path
) -> None:
    project = write_tree(tmp_path / "project", {"pyproject.toml": OFF, "noxfile.py": f"{ENABLED}{WHERE}{MAIN}"})

    result = main_nox.host.run("python", project / "noxfile.py", "-f", project / "noxfile.py", cwd=other)

    assert result.status == 0, result.text
    assert f"made {project / '.nox' / 'where'}" in result.out


def test_a_problem_of_a_project_is_told_wherever_it_is_called(main_nox: Nox, other: Path, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"pyproject.toml": BROKEN, "noxfile.py": f"{ENABLED}{WHERE}{MAIN}"})

    result = main_nox.host.run("python", project / "noxfile.py", "-f", project / "noxfile.py", cwd=other)

    assert result.status == 1, result.text
    assert "`enabled`" in result.err
    assert "made" not in result.out


def test_a_module_that_enables_and_runs_is_no_reason_to_take_another_project(
    main_nox: Nox, other: Path, tmp_path: Path
) -> None:
    noxfile = f"import nox\nfrom shared import run\n{WHERE}\nif __name__ == '__main__':\n    run()\n"
    shared = "import nox\nimport nox_central_venv\nnox_central_venv.enable()\nrun = nox.main\n"
    project = write_tree(tmp_path / "project", {"noxfile.py": noxfile, "shared.py": shared})

    result = main_nox.host.run("python", project / "noxfile.py", "-f", project / "noxfile.py", cwd=other)

    assert result.status == 0, result.text
    assert f"made {main_nox.directory(project) / 'where'}" in result.out
    assert main_nox.environments(project) == {"where": "ready"}


@pytest.mark.parametrize("program", ["nox", "nox-central-venv"])
def test_a_noxfile_that_goes_elsewhere_keeps_its_project(nox: Nox, tmp_path: Path, program: str) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    noxfile = f"import os\nos.chdir({str(elsewhere)!r})\n{ENABLED}{WHERE}"
    project = write_tree(tmp_path / "project", {"noxfile.py": noxfile})

    result = nox.host.run(program, cwd=project)

    assert result.status == 0, result.text
    assert f"made {nox.directory(project) / 'where'}" in result.out
    assert nox.environments(project) == {"where": "ready"}
    assert tree(project) | tree(elsewhere) == {"noxfile.py"}


@pytest.mark.parametrize("program", ["nox", "nox-central-venv"])
def test_a_problem_is_told_where_the_noxfile_has_an_envdir_of_its_own(nox: Nox, tmp_path: Path, program: str) -> None:
    noxfile = f"import nox\nnox.options.envdir = 'mine'\n{ENABLED}{WHERE}"
    project = write_tree(tmp_path / "project", {"noxfile.py": noxfile})

    result = nox.host.run(program, cwd=project, CENTRAL_VENV_HOME="relative")

    assert result.status == 1, result.text
    assert result.err.count("`CENTRAL_VENV_HOME`") == 1
    assert tree(project) == {"noxfile.py"}


@pytest.mark.parametrize("program", ["nox", "nox-central-venv"])
@pytest.mark.parametrize("envdir", [".nox", "mine"])
def test_no_problem_matters_where_the_user_says_the_envdir(nox: Nox, tmp_path: Path, program: str, envdir: str) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": f"{ENABLED}{WHERE}"})

    result = nox.host.run(program, "--envdir", envdir, cwd=project, CENTRAL_VENV_HOME="relative")

    assert result.status == 0, result.text
    assert f"made {project / envdir / 'where'}" in result.out


@pytest.mark.parametrize("spelling", ["{}/", "{}/../.nox"])
def test_the_place_in_another_spelling_is_the_place(nox: Nox, tmp_path: Path, spelling: str) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": f"{ENABLED}{WHERE}"})
    envdir = spelling.format(nox.directory(project))

    result = nox.run("--envdir", envdir, cwd=project)

    assert result.status == 0, result.text
    assert nox.records(project)["where"]["state"] == "ready"


@posix
def test_one_run_of_two_projects_gives_each_its_link(newest_nox: Nox, tmp_path: Path) -> None:
    noxfile = f"{ENABLED.replace('enable()', 'enable(link=True)')}{WHERE}"
    projects = [write_tree(tmp_path / name, {"noxfile.py": noxfile}) for name in ("one", "two")]
    both = """
import sys, nox, os
for noxfile in sys.argv[1:]:
    sys.argv[1:] = ["-f", noxfile]
    try:
        nox.main()
    except SystemExit as end:
        assert not end.code
"""
    script = write_tree(tmp_path / "script", {"both.py": both}) / "both.py"

    result = newest_nox.host.run("python", script, *[each / "noxfile.py" for each in projects], cwd=tmp_path)

    assert result.status == 0, result.text
    assert [os.readlink(each / ".nox") for each in projects] == [str(newest_nox.directory(each)) for each in projects]


@posix
def test_enabling_once_more_does_not_take_the_link_back(newest_nox: Nox, tmp_path: Path) -> None:
    noxfile = f"{ENABLED.replace('enable()', 'enable(link=True)')}nox_central_venv.enable()\n{WHERE}"
    project = write_tree(tmp_path / "project", {"noxfile.py": noxfile})

    newest_nox.run(cwd=project)

    assert (project / ".nox").is_symlink()


@posix
def test_what_a_session_makes_by_itself_is_its_own_until_it_ends(nox: Nox, tmp_path: Path) -> None:
    noxfile = f"""{ENABLED}
import os

@nox.session(venv_backend="virtualenv")
def own(session):
    nox.virtualenv.ALL_VENVS["virtualenv"](session.virtualenv.location + "-b").create()

@nox.session(python=False)
def long(session):
    session.run("python", "-c", {Rendezvous.COMMAND!r})
"""
    project = write_tree(tmp_path / "project", {"noxfile.py": noxfile})
    rendezvous = Rendezvous(tmp_path)
    running = nox.start(cwd=project, **rendezvous.variables)
    rendezvous.wait()

    meanwhile = nox.run("-s", "own", cwd=project)
    with rendezvous.go_on():
        result = finish(running)

    assert (meanwhile.status, result.status) == (0, 0), meanwhile.text + result.text
    assert "waiting" not in meanwhile.text
    assert nox.environments(project) == {"own": "ready", "own-b": "ready"}


@posix
def test_what_outlives_its_session_claims_like_any_other(nox: Nox, tmp_path: Path) -> None:
    noxfile = f"""{ENABLED}
@nox.session(venv_backend="virtualenv")
def a(session):
    session.run("python", "-c", "import os; print('held', os.environ['CENTRAL_VENV_HELD'])")
    if session.posargs:
        session.run("python", "-c", {Rendezvous.COMMAND!r})
"""
    project = write_tree(tmp_path / "project", {"noxfile.py": noxfile})
    said = nox.run(cwd=project).out
    outlived = next(line for line in said.splitlines() if line.startswith("held ")).removeprefix("held ")
    rendezvous = Rendezvous(tmp_path)
    running = nox.start("--", "wait", cwd=project, CENTRAL_VENV_HELD=outlived, **rendezvous.variables)
    rendezvous.wait()

    second = nox.start(cwd=project)
    said = read_until(second, "waiting for", warnings=True)
    with rendezvous.go_on():
        results = finish(running), finish(second)

    assert [result.status for result in results] == [0, 0]
    assert "in use by `nox -s a` (process" in said


def test_a_creation_that_fails_before_it_begins_loses_nothing(newest_nox: Nox, tmp_path: Path) -> None:
    # Earlier releases remove the environment themselves before they call uv.
    noxfile = f"""{ENABLED}
import os

@nox.session(venv_backend="uv", reuse_venv=True, venv_params=os.environ.get("PARAMETERS", "").split())
def a(session):
    marker = os.path.join(session.virtualenv.location, "marker")
    print("kept", os.path.exists(marker))
    open(marker, "w").close()
"""
    project = write_tree(tmp_path / "project", {"noxfile.py": noxfile})
    newest_nox.run(cwd=project)
    failed = newest_nox.run("--reuse-venv=never", cwd=project, PARAMETERS="--no-such-option")

    result = newest_nox.run(cwd=project)

    assert failed.status == 1, failed.text
    assert result.status == 0, result.text
    assert "kept True" in result.out


def test_sessions_in_parallel_are_told_of_a_problem_once(newest_nox: Nox, tmp_path: Path) -> None:
    sessions = "".join(f"\n@nox.session\ndef {name}(session):\n    print('ran')\n" for name in "abc")
    project = write_tree(tmp_path / "project", {"noxfile.py": f"{ENABLED}{sessions}"})

    result = newest_nox.run("-j3", "--allow-parallel", cwd=project, CENTRAL_VENV_HOME="relative")

    assert result.status == 1, result.text
    assert result.text.count("error:") == 1
    assert "ran" not in result.text
