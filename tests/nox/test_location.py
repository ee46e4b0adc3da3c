"""Where the environments of nox's sessions go, and that the user's own choice wins."""

from __future__ import annotations

import os
import re
import sys
from typing import TYPE_CHECKING

import pytest
from support.nox import ENABLED, tree
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.hosts import Host, Result
    from support.nox import Nox

posix = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")

#: A session that needs no package.
A = """
@nox.session(venv_backend="uv")
def a(session):
    session.run("python", "-c", "print('in a')", *session.posargs)
"""

#: Says every path that nox derives from its directory.
SHOW = """
@nox.session(venv_backend="uv")
def show(session):
    print("location", session.virtualenv.location)
    print("env_dir", getattr(session, "env_dir", session.virtualenv.location))
    print("tmp", session.create_tmp())
    print("cache", session.cache_dir)
"""

#: Two sessions of which the second fails.
FAILING = f"""{A}
@nox.session(python=False)
def failing(session):
    session.run("python", "-c", "raise SystemExit(3)")
"""

LINKED = ENABLED.replace("enable()", "enable(link=True)") + A


@pytest.fixture(autouse=True)
def store(short_store: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The store of every test here."""
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(short_store))
    return short_store


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one session."""
    return write_tree(tmp_path / "project", {"noxfile.py": ENABLED + A})


def said(result: Result, directory: Path) -> tuple[int, list[str], list[str]]:
    """What nox did and said, without the directory's place and how long it took."""

    def normal(text: str) -> list[str]:
        text = text.replace(f"{directory.parent}{os.sep}", "")
        return re.sub(r"( in|,| \(took) (an?|\d+) (moment|seconds?)\)?", "", text).splitlines()

    return result.status, normal(result.out), normal(result.err)


@pytest.mark.every_release
def test_environments_go_to_the_store_and_the_project_stays_clean(nox: Nox, project: Path) -> None:
    result = nox.run(cwd=project)

    assert result.status == 0, result.text
    assert "in a" in result.text
    assert tree(project) == {"noxfile.py"}
    assert (nox.directory(project) / "a" / "pyvenv.cfg").is_file()


def test_without_a_word_the_store_is_among_the_users_data(
    newest_nox: Nox, project: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("CENTRAL_VENV_HOME")

    result = newest_nox.run(cwd=project)

    assert result.status == 0, result.text
    data = home / ("LOCALAPPDATA/central-venv" if sys.platform == "win32" else ".local/share/central-venv")
    assert len(list(data.glob("project-*/.nox/*/pyvenv.cfg"))) == 1


def test_sessions_see_the_central_directories(nox: Nox, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": ENABLED + SHOW})

    result = nox.run(cwd=project)

    central = nox.directory(project)
    shown = dict(line.split(" ", 1) for line in result.out.splitlines())
    assert shown == {
        "location": str(central / "show"),
        "env_dir": str(central / "show"),
        "tmp": str(central / "show" / "tmp"),
        "cache": str(central / ".cache"),
    }
    assert tree(project) == {"noxfile.py"}


def test_a_session_without_an_environment_has_a_cache_in_a_fresh_store(nox: Nox, tmp_path: Path) -> None:
    session = "@nox.session(python=False)\ndef bare(session):\n    print(session.cache_dir)\n"
    project = write_tree(tmp_path / "project", {"noxfile.py": ENABLED + session})

    result = nox.run(cwd=project)

    assert result.status == 0, result.text
    assert result.out == f"{nox.directory(project) / '.cache'}\n"
    assert tree(project) == {"noxfile.py"}


@pytest.mark.parametrize("arguments", [["-l"], ["--list"], ["-l", "--json"]], ids=" ".join)
def test_listing_writes_nothing_and_says_what_nox_says(
    arguments: list[str], nox: Nox, project: Path, store: Path
) -> None:
    ours = nox.run(*arguments, cwd=project)
    made = store.exists()
    write_tree(project, {"noxfile.py": f"import nox\n\n\n\n{A}"})
    plain = nox.run(*arguments, cwd=project)

    assert ours == plain
    assert ours.status == 0, ours.text
    assert not made
    assert tree(project) == {"noxfile.py"}


def test_completion_writes_nothing_and_offers_the_sessions(
    nox: Nox, project: Path, store: Path, tmp_path: Path
) -> None:
    ours = nox.complete("nox -s ", cwd=project, into=tmp_path / "offered")
    made = store.exists()
    write_tree(project, {"noxfile.py": f"import nox\n{A}"})
    plain = nox.complete("nox -s ", cwd=project, into=tmp_path / "offered-by-plain-nox")

    assert ours == plain
    assert "a" in [word.strip() for word in ours]
    assert not made


#: Where the user may say something else: what stands before and after `enable()`, and arguments.
CHOICES = {
    "--envdir": ("", "", ["--envdir", "MINE"]),
    "--envdir in the tree": ("", "", ["--envdir=mine"]),
    "a later option": ("", 'nox.options.envdir = "MINE"\n', []),
}


@pytest.mark.parametrize("way", CHOICES)
def test_the_user_wins_by(way: str, nox: Nox, tmp_path: Path, store: Path) -> None:
    before, after, arguments = CHOICES[way]
    mine = tmp_path / ("project/mine" if "tree" in way else "mine")
    noxfile = f"{before}{ENABLED}{after}{A}".replace("MINE", mine.as_posix())
    project = write_tree(tmp_path / "project", {"noxfile.py": noxfile})

    result = nox.run(*(word.replace("MINE", str(mine)) for word in arguments), cwd=project)

    assert result.status == 0, result.text
    assert list(mine.glob("*/pyvenv.cfg"))
    assert not store.exists()


def test_an_earlier_option_in_the_noxfile_does_not_win(nox: Nox, tmp_path: Path) -> None:
    noxfile = f'import nox\nnox.options.envdir = "mine"\n{ENABLED}{A}'
    project = write_tree(tmp_path / "project", {"noxfile.py": noxfile})

    result = nox.run(cwd=project)

    assert result.status == 0, result.text
    assert tree(project) == {"noxfile.py"}
    assert nox.environments(project) == {"a": "ready"}


#: Ways to name a noxfile in `sub` from its parent directory.
WAYS = {
    "relative path": ["-f", "sub/noxfile.py"],
    "absolute path": ["-f", "TOP/sub/noxfile.py"],
    "variable": ["-f", "$SUB/noxfile.py"],
}


@pytest.mark.parametrize("way", WAYS)
def test_the_project_is_the_noxfiles_directory_by(way: str, nox: Nox, tmp_path: Path) -> None:
    top = write_tree(tmp_path / "top", {"sub/noxfile.py": ENABLED + A})

    result = nox.run(*(word.replace("TOP", str(top)) for word in WAYS[way]), cwd=top, SUB="sub")

    assert result.status == 0, result.text
    assert [each["root"] for each in nox.listed(top)] == [str(top / "sub")]
    assert tree(top) == {"sub", "sub/noxfile.py"}


@posix
def test_a_project_behind_a_link_has_the_home_of_its_target(nox: Nox, project: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(project)

    result = nox.run(cwd=link)
    by_path = nox.run("-f", link / "noxfile.py", "-r", cwd=tmp_path)

    assert (result.status, by_path.status) == (0, 0), result.text + by_path.text
    assert [each["root"] for each in nox.listed(project)] == [str(project)]


@posix
def test_a_linked_noxfile_belongs_to_the_directory_that_nox_goes_to(nox: Nox, project: Path, tmp_path: Path) -> None:
    linked = write_tree(tmp_path / "linked", {})
    (linked / "noxfile.py").symlink_to(project / "noxfile.py")

    result = nox.run(cwd=linked)

    assert result.status == 0, result.text
    root = project if nox.version < (2025, 2, 9) else linked
    assert [each["root"] for each in nox.listed(project)] == [str(root)]


def test_projects_that_share_a_module_have_homes_of_their_own(nox: Nox, tmp_path: Path) -> None:
    shared = write_tree(tmp_path / "shared", {"shared_sessions.py": ENABLED})
    noxfile = f"import nox\nimport shared_sessions\n{A}"
    one = write_tree(tmp_path / "one", {"noxfile.py": noxfile})
    two = write_tree(tmp_path / "two", {"noxfile.py": noxfile})

    results = [nox.run(cwd=project, PYTHONPATH=str(shared)) for project in (one, two)]

    assert [result.status for result in results] == [0, 0], results
    assert {each["root"] for each in nox.listed(one)} == {str(one), str(two)}


@pytest.mark.every_release
def test_a_noxfile_may_be_run_as_a_program(nox: Nox, tmp_path: Path) -> None:
    if nox.version < (2025, 2, 9):
        pytest.skip("`nox.main` came with 2025.2.9")
    main = '\nif __name__ == "__main__":\n    nox.main()\n'
    project = write_tree(tmp_path / "project", {"noxfile.py": ENABLED + A + main})

    result = nox.host.run("python", "noxfile.py", cwd=project)

    assert result.status == 0, result.text
    assert tree(project) == {"noxfile.py"}
    assert nox.environments(project) == {"a": "ready"}


def test_enabling_twice_is_the_same_as_once(nox: Nox, project: Path) -> None:
    once = nox.run(cwd=project)
    write_tree(project, {"noxfile.py": ENABLED + ENABLED + A})
    twice = nox.run(cwd=project)

    directory = nox.directory(project)
    assert said(twice, directory) == said(once, directory)
    assert set(nox.records(project)) == {"a"}
    assert nox.environments(project) == {"a": "ready"}


def test_two_noxfiles_in_one_directory_share_the_place(nox: Nox, project: Path) -> None:
    write_tree(project, {"other.py": (ENABLED + A).replace("def a", "def b")})

    results = [nox.run(cwd=project), nox.run("-f", "other.py", cwd=project)]

    assert [result.status for result in results] == [0, 0], results
    (listed,) = nox.listed(project)
    assert {each["name"] for each in listed["environments"]} == {"a", "b"}


@pytest.mark.parametrize("noxfile", [A, FAILING], ids=["successful", "failing"])
def test_a_run_says_what_plain_nox_says(noxfile: str, newest_nox: Nox, plain_nox: Host, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "project", {"noxfile.py": ENABLED + noxfile})

    ours = newest_nox.run(cwd=project)
    write_tree(project, {"noxfile.py": f"import nox\n{noxfile}"})
    plain = plain_nox.run("nox", cwd=project)

    directory = newest_nox.directory(project)
    assert said(ours, directory) == said(plain, directory)


SWITCHES: dict[str, tuple[dict[str, str], dict[str, str]]] = {
    "variable": ({}, {"CENTRAL_VENV": "0"}),
    "project": ({"pyproject.toml": "[tool.central-venv]\nenabled = false\n"}, {}),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_switched_off_it_is_plain_nox_by(switch: str, nox: Nox, project: Path, store: Path) -> None:
    files, variables = SWITCHES[switch]
    write_tree(project, files)

    result = nox.run(cwd=project, **variables)

    assert result.status == 0, result.text
    assert (project / ".nox" / "a" / "pyvenv.cfg").is_file()
    assert not store.exists()


@pytest.mark.parametrize("switch", SWITCHES)
def test_switched_off_no_link_is_made_by(switch: str, newest_nox: Nox, tmp_path: Path) -> None:
    files, variables = SWITCHES[switch]
    project = write_tree(tmp_path / "project", {"noxfile.py": LINKED, **files})

    result = newest_nox.run(cwd=project, **variables)

    assert result.status == 0, result.text
    assert (project / ".nox").is_dir()
    assert not (project / ".nox").is_symlink()


@pytest.mark.every_release
def test_a_link_in_the_project_leads_to_the_environments(nox: Nox, project: Path) -> None:
    write_tree(project, {"noxfile.py": LINKED})

    result = nox.run(cwd=project)

    assert result.status == 0, result.text
    assert (project / ".nox").samefile(nox.directory(project))
    assert (project / ".nox" / "a" / "pyvenv.cfg").is_file()
    assert set(os.listdir(project)) - {"__pycache__"} == {"noxfile.py", ".nox"}


def test_a_second_run_keeps_the_link_and_says_nothing_of_it(newest_nox: Nox, project: Path) -> None:
    write_tree(project, {"noxfile.py": LINKED})

    first = newest_nox.run(cwd=project)
    second = newest_nox.run(cwd=project)

    directory = newest_nox.directory(project)
    assert (project / ".nox").samefile(directory)
    assert said(second, directory) == said(first, directory)


def test_listing_makes_no_link(nox: Nox, project: Path, store: Path) -> None:
    write_tree(project, {"noxfile.py": LINKED})

    result = nox.run("-l", cwd=project)

    assert result.status == 0, result.text
    assert tree(project) == {"noxfile.py"}
    assert not store.exists()


def test_no_link_is_made_where_the_user_wins(newest_nox: Nox, project: Path, tmp_path: Path) -> None:
    write_tree(project, {"noxfile.py": LINKED})

    result = newest_nox.run("--envdir", tmp_path / "mine", cwd=project)

    assert result.status == 0, result.text
    assert tree(project) == {"noxfile.py"}


def assert_link_is_refused(nox: Nox, project: Path) -> None:
    """The session runs, and nox says once why there is no link."""
    result = nox.run(cwd=project)

    assert result.status == 0, result.text
    assert result.text.count(f"`{project / '.nox'}` is taken") == 1
    assert result.text.count("hint: ") == 1
    assert nox.environments(project) == {"a": "ready"}


def test_a_directory_in_the_place_of_the_link_is_left_alone(nox: Nox, project: Path) -> None:
    write_tree(project, {"noxfile.py": LINKED, ".nox/mine": "precious"})

    assert_link_is_refused(nox, project)

    assert tree(project) == {"noxfile.py", ".nox", ".nox/mine"}
    assert (project / ".nox" / "mine").read_text() == "precious"


@posix
def test_a_foreign_link_is_left_alone(newest_nox: Nox, project: Path, tmp_path: Path) -> None:
    write_tree(project, {"noxfile.py": LINKED})
    (project / ".nox").symlink_to(tmp_path / "elsewhere")

    assert_link_is_refused(newest_nox, project)

    assert (project / ".nox").readlink() == tmp_path / "elsewhere"
    assert not (tmp_path / "elsewhere").exists()


@posix
def test_a_link_into_another_home_is_replaced(newest_nox: Nox, project: Path, store: Path) -> None:
    write_tree(project, {"noxfile.py": LINKED})
    (project / ".nox").symlink_to(store / "project-12345678" / ".nox")

    result = newest_nox.run(cwd=project)

    assert result.status == 0, result.text
    assert "hint" not in result.text
    assert (project / ".nox").readlink() == newest_nox.directory(project)


@pytest.mark.skipif(sys.platform == "win32" or os.geteuid() == 0, reason="permissions do not bind this user")
def test_a_read_only_project_does_without_the_link(newest_nox: Nox, project: Path) -> None:
    write_tree(project, {"noxfile.py": LINKED})
    project.chmod(0o555)

    result = newest_nox.run(cwd=project)

    project.chmod(0o755)
    assert result.status == 0, result.text
    assert result.text.count(f"cannot make the link `{project / '.nox'}`") == 1
    assert newest_nox.environments(project) == {"a": "ready"}


def test_doctor_finds_nothing_wrong_with_the_link(newest_nox: Nox, project: Path) -> None:
    write_tree(project, {"noxfile.py": LINKED})
    newest_nox.run(cwd=project)

    result = newest_nox.host.run("central-venv", "doctor", cwd=project)

    assert result.status == 0, result.text
    assert "left in the tree" not in result.text
    assert "nothing is wrong" in result.text
