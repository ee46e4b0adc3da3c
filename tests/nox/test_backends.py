"""Every backend of nox: where its environments are, what is recorded of them, and which one uv takes for its own."""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.nox import ENABLED
from support.trees import contents, listing, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.nox import Nox

VERSION = ".".join(map(str, sys.version_info[:3]))

#: What makes and removes environments of conda, because a test reaches no channel of packages.
CONDA = f"""#!{sys.executable}
import os, pathlib, shutil, sys

prefix = pathlib.Path(sys.argv[sys.argv.index("--prefix") + 1])
if sys.argv[1] == "create":
    (prefix / "conda-meta").mkdir(parents=True)
    (prefix / "conda-meta" / "history").touch()
    (prefix / "conda-meta" / "python-{VERSION}-0.json").touch()
    (prefix / "bin").mkdir()
    (prefix / "bin" / "python").symlink_to({os.path.realpath(sys.executable)!r})
else:
    shutil.rmtree(prefix)
"""
CONDAS = ["conda", "mamba", "micromamba"]

#: What a session with each backend needs beside its name.
BACKENDS = {
    "virtualenv": 'venv_backend="virtualenv"',
    "venv": 'venv_backend="venv", venv_params=["--without-pip"]',  # pip takes half a minute
    "uv": 'venv_backend="uv"',
    **{name: f'venv_backend="{name}"' for name in CONDAS},
}
NONE = {"bare": "python=False", "none": 'venv_backend="none"'}

#: The session of each backend says where it is, and what uv would take for the project's environment.
ASK = "import os; print({name!r}, os.environ.get('UV_PROJECT_ENVIRONMENT'))"

#: A project that uv can synchronise without a network.
SYNCHRONISED = """
[project]
name = "demo"
version = "1"
requires-python = ">=3.10"
[tool.uv]
package = false
"""

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="a script cannot stand in for conda there")


def session(name: str, options: str, *commands: str) -> str:
    """A session that runs commands."""
    runs = "".join(
        f"    session.run({', '.join(map(repr, shlex.split(command)))}, external=True)\n" for command in commands
    )
    return f"\n@nox.session(name={name!r}, {options})\ndef _(session):\n{runs or '    pass'}\n"


def asking(**options: str) -> str:
    """Sessions that say what uv would take for the project's environment."""
    return ENABLED + "".join(
        session(name, option, f"python -c {shlex.quote(ASK.format(name=name))}") for name, option in options.items()
    )


def answers(out: str) -> dict[str, str]:
    """What sessions that ask were told."""
    return dict(line.split(maxsplit=1) for line in out.splitlines())


@pytest.fixture(autouse=True)
def condas(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Programs that stand in for conda and its relatives."""
    for name in CONDAS:
        program = write_tree(tmp_path / "condas", {name: CONDA}) / name
        program.chmod(0o755)
    monkeypatch.setenv("PATH", os.pathsep.join([str(tmp_path / "condas"), os.environ["PATH"]]))


@pytest.mark.every_release
@pytest.mark.parametrize("backend", BACKENDS)
def test_the_environment_of_each_backend_is_central_and_recorded(nox: Nox, tmp_path: Path, backend: str) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": ENABLED + session("a(x)", BACKENDS[backend])})
    before = listing(project)

    result = nox.run(cwd=project)

    assert result.status == 0, result.text
    assert {name for name in listing(project) - before if "__pycache__" not in name} == set()
    ((environment,),) = (each["environments"] for each in nox.listed(project))
    assert (environment["name"], environment["state"], environment["python"]) == ("a(x)", "ready", VERSION)
    assert environment["path"] == str(nox.directory(project) / "a-x")


@pytest.mark.parametrize("backend", ["uv", "virtualenv", "conda"])
def test_a_reused_environment_of_each_backend_stays_as_it_is(nox: Nox, tmp_path: Path, backend: str) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": ENABLED + session("a", BACKENDS[backend])})
    nox.run(cwd=project)
    mark = nox.directory(project) / "a" / "mark"
    mark.touch()

    result = nox.run("-r", cwd=project)

    assert result.status == 0, result.text
    assert mark.exists()
    assert nox.environments(project) == {"a": "ready"}


def test_a_conda_environment_is_made_anew(nox: Nox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": ENABLED + session("a", BACKENDS["conda"])})
    nox.run(cwd=project)
    mark = nox.directory(project) / "a" / "mark"
    mark.touch()

    result = nox.run(cwd=project)

    assert result.status == 0, result.text
    assert not mark.exists()
    assert nox.environments(project) == {"a": "ready"}


@pytest.mark.parametrize("options", NONE.values(), ids=list(NONE))
def test_a_session_without_an_environment_is_not_recorded(nox: Nox, tmp_path: Path, options: str) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": ENABLED + session("a", options, "python -c pass")})

    result = nox.run(cwd=project)

    assert result.status == 0, result.text
    assert nox.environments(project) == {}
    assert nox.records(project) == {}


@pytest.mark.parametrize("arguments", [[], ["-r"], ["-R"]], ids=["nox", "nox -r", "nox -R"])
@pytest.mark.parametrize(("old", "new"), [("uv", "virtualenv"), ("virtualenv", "uv"), ("conda", "virtualenv")])
def test_a_session_can_change_its_backend(
    newest_nox: Nox, tmp_path: Path, old: str, new: str, arguments: list[str]
) -> None:
    where = "python -c 'import sys; print(sys.prefix)'"
    project = write_tree(tmp_path / "project", {"noxfile.py": ENABLED + session("a", BACKENDS[old])})
    newest_nox.run(cwd=project)
    write_tree(project, {"noxfile.py": ENABLED + session("a", BACKENDS[new], where)})

    result = newest_nox.run(*arguments, cwd=project)

    assert result.status == 0, result.text
    assert result.out == f"{newest_nox.directory(project) / 'a'}\n"
    assert newest_nox.environments(project) == {"a": "ready"}


@pytest.mark.parametrize("exported", [True, False], ids=["exported", "not exported"])
def test_uv_takes_the_environment_of_the_session(nox: Nox, tmp_path: Path, exported: bool) -> None:  # noqa: FBT001
    project = write_tree(tmp_path / "project", {"noxfile.py": asking(**BACKENDS, **NONE)})
    variables = {"UV_PROJECT_ENVIRONMENT": str(tmp_path / "mine")} if exported else {}

    result = nox.run(cwd=project, **variables)

    assert result.status == 0, result.text
    directory = nox.directory(project)
    of_none = {name: str(directory / name) if exported else "None" for name in NONE}
    assert answers(result.out) == {**{name: str(directory / name) for name in BACKENDS}, **of_none}


def test_a_choice_of_the_session_wins(nox: Nox, tmp_path: Path) -> None:
    sessions = "".join(
        f"""
@nox.session(name={name!r}, {options})
def _(session):
    session.run("python", "-c", {ASK.format(name=name)!r}, env={{"UV_PROJECT_ENVIRONMENT": "chosen"}})
"""
        for name, options in {"virtualenv": BACKENDS["virtualenv"], "uv": BACKENDS["uv"], **NONE}.items()
    )
    project = write_tree(tmp_path / "project", {"noxfile.py": ENABLED + sessions})

    result = nox.run(cwd=project, UV_PROJECT_ENVIRONMENT=str(tmp_path / "mine"))

    assert result.status == 0, result.text
    assert answers(result.out) == dict.fromkeys(["virtualenv", "uv", *NONE], "chosen")


def test_in_a_place_of_the_users_own_nothing_is_changed(nox: Nox, tmp_path: Path) -> None:
    options = {"virtualenv": BACKENDS["virtualenv"], "conda": BACKENDS["conda"], **NONE}
    project = write_tree(tmp_path / "project", {"noxfile.py": asking(**options)})

    result = nox.run("--envdir", str(tmp_path / "mine" / "nox"), cwd=project, UV_PROJECT_ENVIRONMENT="exported")

    assert result.status == 0, result.text
    assert answers(result.out) == dict.fromkeys(options, "exported")


@pytest.mark.parametrize("backend", ["virtualenv", "uv", "bare"])
def test_uv_sync_in_a_session_leaves_the_developers_environment_alone(nox: Nox, tmp_path: Path, backend: str) -> None:
    options = {**BACKENDS, **NONE}[backend]
    noxfile = ENABLED + session("sync", options, "uv sync --offline")
    project = write_tree(tmp_path / "project", {"noxfile.py": noxfile, "pyproject.toml": SYNCHRONISED})
    mine = tmp_path / "mine"
    subprocess.run(["uv", "venv", "--quiet", "--python", sys.executable, mine], check=True)
    write_tree(mine, {"mark": "of the developer"})
    before = contents(mine)

    result = nox.run(cwd=project, UV_PROJECT_ENVIRONMENT=str(mine))

    assert result.status == 0, result.text
    assert contents(mine) == before
    assert {path for path in listing(project) if "__pycache__" not in path} == {
        "noxfile.py",
        "pyproject.toml",
        "uv.lock",
    }
    assert (nox.directory(project) / "sync" / "pyvenv.cfg").is_file()


def test_uv_sync_in_a_session_needs_no_variable_of_the_developers(nox: Nox, tmp_path: Path) -> None:
    noxfile = ENABLED + session("sync", BACKENDS["virtualenv"], "uv sync --offline")
    project = write_tree(tmp_path / "project", {"noxfile.py": noxfile, "pyproject.toml": SYNCHRONISED})

    result = nox.run(cwd=project)

    assert result.status == 0, result.text
    assert not (project / ".venv").exists()
    assert nox.environments(project) == {"sync": "ready"}
