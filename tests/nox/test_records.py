"""What the records say after everything that can happen to a session's environment."""

from __future__ import annotations

import json
import os
import signal
import sys
from typing import TYPE_CHECKING

import pytest
from support.hosts import finish, interrupt, read_until
from support.nox import ENABLED
from support.pipes import Rendezvous
from support.runners import CLONED_ANEW
from support.trees import contents, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.nox import Nox

posix = pytest.mark.skipif(sys.platform == "win32", reason="named pipes and signals")

VERSION = ".".join(map(str, sys.version_info[:3]))
SHORT_VERSION = ".".join(map(str, sys.version_info[:2]))

#: The session says where the Python of its environment is.
WHERE = """
@nox.session(venv_backend={backend!r}, name={name!r})
def {function}(session):
    session.run("python", "-c", "import sys; print(sys.prefix)")
"""

#: The session says that it runs and then waits for a word.
BUSY = f"""{ENABLED}
@nox.session(venv_backend="uv")
def a(session):
    session.run("python", "-c", {Rendezvous.COMMAND!r})
"""

#: For a run of `a` whose command does not wait.
UNBOUND = {"STARTED": os.devnull, "GO_ON": os.devnull}


def where(name: str, backend: str = "uv") -> str:
    """A session that says where its environment is."""
    return WHERE.format(backend=backend, name=name, function=f"session_{name.encode().hex()}")


def project_with(tmp_path: Path, *sessions: str) -> Path:
    """A project whose noxfile enables central environments."""
    return write_tree(tmp_path / "project", {"noxfile.py": ENABLED + "".join(sessions)})


@pytest.mark.every_release
def test_each_session_is_listed_with_its_python(nox: Nox, tmp_path: Path) -> None:
    project = project_with(tmp_path, where("a"), where("b"))

    result = nox.run(cwd=project)

    assert result.status == 0, result.text
    (listed,) = nox.listed(project)
    assert (listed["root"], listed["state"]) == (str(project), "active")
    found = {(each["runner"], each["name"], each["python"], each["state"]) for each in listed["environments"]}
    assert found == {("nox", "a", VERSION, "ready"), ("nox", "b", VERSION, "ready")}
    assert all(each["created"] and each["last_used"] for each in listed["environments"])


def test_the_run_that_finds_environments_of_an_older_clone_says_so_once(nox: Nox, tmp_path: Path) -> None:
    project = project_with(tmp_path, where("a"), where("b"))
    nox.run(cwd=project)
    nox.make_older(project)

    said = [nox.run(cwd=project) for _ in range(2)]

    assert [(each.status, each.text.count(CLONED_ANEW)) for each in said] == [(0, 1), (0, 0)]


def test_an_environment_is_ready_as_soon_as_its_session_begins(nox: Nox, tmp_path: Path) -> None:
    session = """
import os, sys

@nox.session(venv_backend="uv")
def a(session):
    session.run(os.path.join(os.path.dirname(sys.executable), "central-venv"), "list", "--json", external=True)
"""
    project = project_with(tmp_path, session)

    result = nox.run("-s", "a", cwd=project)

    assert result.status == 0, result.text
    ((environment,),) = (each["environments"] for each in json.loads(result.out)["projects"])
    assert (environment["name"], environment["python"], environment["state"]) == ("a", VERSION, "ready")


def test_a_record_names_the_nox_that_has_the_environment(nox: Nox, tmp_path: Path) -> None:
    project = project_with(tmp_path, "import os", where("a"), "print(os.getpid())\n")

    result = nox.run("-s", "a", "--", "secret", cwd=project)

    assert result.status == 0, result.text
    holder = nox.records(project)["a"]["holder"]
    assert (holder["command"], str(holder["pid"])) == ("nox -s a", result.out.split()[0])


def test_a_record_tells_which_environment_it_is_of(nox: Nox, tmp_path: Path) -> None:
    project = project_with(tmp_path, where("a"))

    nox.run("-s", "a", cwd=project)

    record = nox.records(project)["a"]
    assert record["python"] == VERSION
    assert record["created"] == (nox.directory(project) / "a" / "pyvenv.cfg").stat().st_mtime


def test_the_home_names_its_project(newest_nox: Nox, tmp_path: Path) -> None:
    project = project_with(tmp_path, where("a"))

    newest_nox.run("-s", "a", cwd=project)

    home = newest_nox.directory(project).parent
    assert json.loads((home / "project.json").read_text())["root"] == str(project)
    if sys.platform != "win32":
        modes = [directory.stat().st_mode & 0o777 for directory in (home.parent, home, home / ".nox")]
        assert modes == [0o700] * 3


def test_environments_are_listed_by_the_names_of_their_sessions(nox: Nox, tmp_path: Path) -> None:
    sessions = f"""
@nox.session(venv_backend="uv", python=["{SHORT_VERSION}", "{VERSION}"])
@nox.parametrize("x", [1, "it's"])
def tests(session, x):
    pass
"""
    project = project_with(tmp_path, sessions, where("with space"), where("""'single' "double" """), where("prüfung"))

    result = nox.run(cwd=project)

    assert result.status == 0, result.text
    parametrised = {f"tests-{python}({x})" for python in (SHORT_VERSION, VERSION) for x in ("x=1", 'x="it\'s"')}
    names = {"with space", "'single' \"double\" ", "prüfung", *parametrised}
    assert nox.environments(project) == dict.fromkeys(names, "ready")


@pytest.mark.every_release
def test_a_name_that_nox_must_hash_is_listed_as_it_is(nox: Nox, tmp_path: Path, short_store: Path) -> None:
    name = "x" * 100
    project = project_with(tmp_path, where(name))
    variables = {"CENTRAL_VENV_HOME": str(short_store)}

    result = nox.run(cwd=project, **variables)
    listed = nox.host.run("central-venv", "list", cwd=project, **variables)

    assert result.status == 0, result.text
    (directory,) = [each.parent for each in short_store.glob("*/.nox/*/pyvenv.cfg")]
    assert len(directory.name) == 8
    assert name in listed.out


def test_an_environment_is_removed_by_the_name_of_its_session(nox: Nox, tmp_path: Path, short_store: Path) -> None:
    names = ["x" * 100, "a(x=1)", "prüfung"]
    project = project_with(tmp_path, *map(where, [*names, "stays"]))
    variables = {"CENTRAL_VENV_HOME": str(short_store)}
    nox.run(cwd=project, **variables)

    result = nox.host.run("central-venv", "remove", "--yes", "--runner", "nox", *names, cwd=project, **variables)

    assert result.status == 0, result.text
    assert [each.parent.name for each in short_store.glob("*/.nox/*/pyvenv.cfg")] == ["stays"]


@pytest.mark.skipif(sys.platform != "linux", reason="the path of the default store is another one there")
@pytest.mark.parametrize("name", ["lint", "typecheck", "tests-3.12", "tests-3.12(x=1)"])
def test_ordinary_names_stay_readable_in_the_default_store(newest_nox: Nox, tmp_path: Path, name: str) -> None:
    project = write_tree(tmp_path / "mypackage", {"noxfile.py": ENABLED})
    arguments = ("path", "--runner", "nox", "--project", project)
    place = newest_nox.host.run("central-venv", *arguments, cwd=project, HOME="/home/developer")
    rule = "import sys; from nox.sessions import _normalize_path; print(_normalize_path(*sys.argv[1:]))"

    answer = newest_nox.host.run("python", "-c", rule, place.out.strip(), name, cwd=project)

    assert place.out.startswith("/home/developer/.local/share/central-venv/mypackage-")
    readable = name.replace(".", "-").replace("(", "-").replace("=", "-").rstrip(")")
    assert (answer.out, answer.err) == (f"{place.out.strip()}/{readable}\n", "")


def test_a_name_without_ascii_letters_costs_nothing_outside_of_noxs_directory(nox: Nox, tmp_path: Path) -> None:
    # nox before 2026.7.11 takes the whole directory of the environments for that of such a session.
    project = project_with(tmp_path, where("a"), where("テスト", "virtualenv"))
    nox.run("-s", "a", cwd=project)
    home = nox.directory(project).parent
    before = contents(project), (home / "project.json").read_bytes()

    result = nox.run("-s", "テスト", cwd=project)

    assert result.status == 0, result.text
    assert result.out.startswith(str(home / ".nox"))
    assert (contents(project), (home / "project.json").read_bytes()) == before


def test_after_a_name_without_ascii_letters_other_sessions_run(nox: Nox, tmp_path: Path) -> None:
    project = project_with(tmp_path, where("テスト"), where("a"))

    result = nox.run(cwd=project)

    assert result.status == 0, result.text
    assert nox.environments(project)["a"] == "ready"


def test_a_name_without_ascii_letters_is_listed(nox: Nox, tmp_path: Path) -> None:
    project = project_with(tmp_path, where("テスト"), where("a"))

    result = nox.run(cwd=project)

    assert result.status == 0, result.text
    assert nox.environments(project) == {"a": "ready", "テスト": "ready"}


@pytest.mark.parametrize("arguments", [[], ["-r"], ["-R"]], ids=["nox", "nox -r", "nox -R"])
def test_each_run_is_a_use(nox: Nox, tmp_path: Path, arguments: list[str]) -> None:
    project = project_with(tmp_path, where("a"))
    nox.run("-s", "a", cwd=project)
    home = nox.directory(project).parent
    path = home / ".central-venv" / "nox" / "a.json"
    os.utime(path, (86400, 86400))
    marker = home / ".nox" / "a" / "pyvenv.cfg"
    os.utime(marker, (86400, 86400))

    result = nox.run("-s", "a", *arguments, cwd=project)

    assert result.status == 0, result.text
    assert path.stat().st_mtime > 86400
    record = nox.records(project)["a"]
    assert (record["state"], record["created"]) == ("ready", marker.stat().st_mtime)
    assert (record["created"] == 86400) is bool(arguments)


def test_an_installation_without_commands_is_recorded(nox: Nox, tmp_path: Path) -> None:
    project = project_with(tmp_path, where("a"))

    result = nox.run("--install-only", "-s", "a", cwd=project)

    assert (result.status, result.out) == (0, ""), result.text
    assert nox.environments(project) == {"a": "ready"}


@pytest.mark.parametrize(
    ("end", "status"),
    [
        ('session.run("python", "-c", "raise SystemExit(3)")', 1),
        ('raise RuntimeError("oops")', 1),
        ('session.error("no")', 1),
        ('session.skip("not today")', 0),
    ],
    ids=["command", "exception", "error", "skip"],
)
def test_a_session_that_ends_early_leaves_a_ready_environment(
    newest_nox: Nox, tmp_path: Path, end: str, status: int
) -> None:
    project = project_with(tmp_path, f'\n@nox.session(venv_backend="uv")\ndef a(session):\n    {end}\n')

    result = newest_nox.run("-s", "a", cwd=project)

    assert result.status == status
    assert newest_nox.environments(project) == {"a": "ready"}


def test_a_missing_interpreter_leaves_nothing(nox: Nox, tmp_path: Path) -> None:
    project = project_with(tmp_path, '\n@nox.session(python="2.1")\ndef a(session):\n    pass\n')

    result = nox.run("--no-error-on-missing-interpreters", cwd=project)

    assert "Python interpreter 2.1 not found" in result.text
    assert result.status == 0, result.text
    assert nox.environments(project) == {}
    assert nox.records(project) == {}


def test_an_environment_that_cannot_be_made_leaves_nothing(nox: Nox, tmp_path: Path) -> None:
    session = '\n@nox.session(venv_backend="virtualenv", venv_params=["--no-such-option"])\ndef a(session):\n    pass\n'
    project = project_with(tmp_path, session)

    result = nox.run(cwd=project)

    assert result.status == 1
    assert nox.environments(project) == {}
    assert nox.records(project) == {}


@pytest.mark.parametrize(
    "left",
    [{"lib/left": ""}, {"pyvenv.cfg": "home = /nowhere\nuv = 0.9\nvirtualenv = 20\n"}],
    ids=["no pyvenv.cfg", "no python"],
)
def test_what_a_killed_creation_left_is_not_reused(nox: Nox, tmp_path: Path, left: dict[str, str]) -> None:
    project = project_with(tmp_path, where("u", "uv"), where("v", "virtualenv"))
    directory = nox.directory(project)
    fields = {"schema": 1, "runner": "nox", "state": "creating", "created": None, "python": None, "holder": None}
    for name in "uv":
        write_tree(directory / name, left)
        records = directory.parent / ".central-venv" / "nox"
        write_tree(records, {f"{name}.json": json.dumps({**fields, "name": name})})

    result = nox.run("-r", cwd=project)

    assert result.status == 0, result.text
    assert result.out.splitlines() == [str(directory / "u"), str(directory / "v")]
    assert nox.environments(project) == {"u": "ready", "v": "ready"}
    assert not list(directory.glob("*/lib/left"))


@pytest.mark.every_release
@posix
def test_a_kill_during_the_creation_is_repaired_by_the_next_run(nox: Nox, tmp_path: Path) -> None:
    # virtualenv waits before it writes `pyvenv.cfg`: the environment is half made.
    hook = f"""
import sys

def wait(event, arguments):
    if event == "open" and str(arguments[0]).endswith("pyvenv.cfg") and str(arguments[1])[:1] in set("wx"):
        {Rendezvous.COMMAND}

if "virtualenv" in sys.orig_argv:
    sys.addaudithook(wait)
"""
    write_tree(tmp_path / "hook", {"sitecustomize.py": hook})
    project = project_with(tmp_path, where("a", "virtualenv"))
    rendezvous = Rendezvous(tmp_path)

    running = nox.start("-s", "a", cwd=project, PYTHONPATH=str(tmp_path / "hook"), **rendezvous.variables)
    rendezvous.wait()
    during = nox.environments(project)
    os.killpg(running.pid, signal.SIGKILL)
    finish(running)
    killed = nox.environments(project)
    result = nox.run("-r", "-s", "a", cwd=project)

    assert (during, killed) == ({"a": "creating"}, {"a": "broken"})
    assert result.status == 0, result.text
    assert result.out.splitlines() == [str(nox.directory(project) / "a")]
    assert nox.environments(project) == {"a": "ready"}


@posix
def test_a_kill_during_the_commands_leaves_a_ready_environment(nox: Nox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": BUSY})
    rendezvous = Rendezvous(tmp_path)

    running = nox.start("-s", "a", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    running.kill()
    with rendezvous.go_on():
        killed = finish(running)
    listed = nox.environments(project)
    result = nox.run("-r", "-s", "a", cwd=project, **UNBOUND)

    assert killed.status == -signal.SIGKILL
    assert listed == {"a": "ready"}
    assert result.status == 0, result.text


@posix
def test_an_interrupt_during_the_commands_leaves_a_free_and_ready_environment(nox: Nox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": BUSY})
    rendezvous = Rendezvous(tmp_path)

    running = nox.start("-s", "a", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    interrupted = interrupt(running)
    listed = nox.environments(project)
    result = nox.run("-r", "-s", "a", cwd=project, **UNBOUND)

    assert interrupted.status == 130
    assert "central_venv" not in interrupted.text  # no traceback of ours
    assert listed == {"a": "ready"}
    assert result.status == 0, result.text
    assert "waiting for" not in result.text


@pytest.mark.every_release
@posix
def test_an_interrupt_ends_the_wait(nox: Nox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": BUSY})
    rendezvous = Rendezvous(tmp_path)

    first = nox.start("-s", "a", cwd=project, **rendezvous.variables)
    rendezvous.wait()
    second = nox.start("-s", "a", cwd=project, **UNBOUND)
    read_until(second, "waiting for", warnings=True)
    interrupted = interrupt(second)
    with rendezvous.go_on():
        result = finish(first)

    assert interrupted.status == 130
    assert "Traceback" not in interrupted.text
    assert result.status == 0, result.text
    assert nox.environments(project) == {"a": "ready"}


def test_an_environment_without_a_record_is_adopted(newest_nox: Nox, tmp_path: Path) -> None:
    project = project_with(tmp_path, where("a"))
    newest_nox.run("-s", "a", cwd=project)
    home = newest_nox.directory(project).parent
    (home / "project.json").unlink()
    (home / ".central-venv" / "nox" / "a.json").unlink()

    result = newest_nox.run("-r", "-s", "a", cwd=project)

    assert result.status == 0, result.text
    assert set(newest_nox.records(project)) == {"a"}
    assert [each["root"] for each in newest_nox.listed(project)] == [str(project)]
