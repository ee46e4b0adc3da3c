"""`move` on the command line."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.policy import layout
from central_venv.project_link import link
from central_venv.store.project_record import ProjectRecord, write_project
from support.hosts import make_host
from support.packages import build_files
from support.tox import Tox
from support.trees import contents, write_tree
from support.virtualenvs import make_recorded, mentions

if TYPE_CHECKING:
    from support.commands import Runner

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the environments of POSIX")

PROJECT = {"pyproject.toml": "[project]\nname = 'x'\nversion = '0'\n"}

#: A package that is installed into its environment as it is, and a program of its own.
EDITABLE = {
    "tox.ini": """
[tox]
env_list = py
[testenv]
package = editable
deps = {tox_root}/helper
commands = demo-say
""",
    **build_files("demo", "1", programs="demo-say"),
    "demo.py": "def main():\n    print(__file__)\n",
    **{f"helper/{name}": text for name, text in build_files("helper", "1").items()},
    "helper/helper.py": "",
}


@pytest.fixture
def old(base: Path, store: Path) -> Home:
    """The home of a project that was renamed."""
    home = Home(Store(str(store)), str(write_tree(base / "foo", PROJECT)))
    make_recorded(home)
    os.rename(home.root, base / "bar")
    return home


@pytest.fixture
def new(base: Path, store: Path, old: Home, monkeypatch: pytest.MonkeyPatch) -> Home:
    """The home that it is to have; the project is the current one."""
    monkeypatch.chdir(base / "bar")
    return Home(Store(str(store)), str(base / "bar"))


def break_python(home: Home) -> None:
    os.unlink(os.path.join(home.path, ".tox", "py", "bin", "python"))


@pytest.mark.parametrize("arguments", [["../foo"], ["../foo", "."]])
def test_it_says_what_was_moved(arguments: list[str], old: Home, new: Home, run: Runner) -> None:
    assert run("move", *arguments) == (0, f"moved 1 environment to {new.path}\n", "")
    assert [each["state"] for each in run("info", "--json").answer["projects"][0]["environments"]] == ["ready"]


def test_what_is_broken_is_a_warning_and_status_1(old: Home, new: Home, run: Runner) -> None:
    make_recorded(old, directory="good")
    break_python(old)

    assert run("move", old.root) == (
        1,
        f"moved 2 environments to {new.path}\n",
        "warning: tox py is broken, and is made anew on its next use: the Python that it was made from is gone\n",
    )
    states = {each["name"]: each["state"] for each in run("list", "--json").answer["projects"][0]["environments"]}
    assert states == {"py": "broken", "good": "ready"}


def test_a_program_is_told_the_same(old: Home, new: Home, run: Runner, store: Path) -> None:
    make_recorded(old, directory="good")
    break_python(old)

    said = run("move", old.root, "--json")

    assert said.status == 1
    answer = said.answer
    answer["environments"].sort(key=lambda each: each["name"])
    assert answer == {
        "schema": 1,
        "store": str(store),
        "home": new.path,
        "root": new.root,
        "environments": [
            {"runner": "tox", "name": "good", "path": f"{new.path}/.tox/good", "state": "ready", "reason": None},
            {
                "runner": "tox",
                "name": "py",
                "path": f"{new.path}/.tox/py",
                "state": "broken",
                "reason": "the Python that it was made from is gone",
            },
        ],
    }


@pytest.mark.parametrize("form", [[], ["--json"]])
def test_a_dry_run_changes_nothing(form: list[str], old: Home, new: Home, run: Runner, store: Path) -> None:
    break_python(old)
    before = contents(store)

    said = run("move", old.root, "--dry-run", *form)

    assert said.status == 0
    assert "the Python that it was made from is gone" in said.out + said.err
    if form:
        assert (said.answer["home"], said.answer["root"]) == (new.path, new.root)
    else:
        assert said.out == f"would move 1 environment to {new.path}\n"
    assert contents(store) == before


def test_what_is_refused_is_said_with_the_remedy(old: Home, new: Home, run: Runner, base: Path) -> None:
    write_project(old.record_path, ProjectRecord(old.root))  # so that the directory cannot be told from the copy
    shutil.copytree(base / "bar", base / "foo")

    said = run("move", old.root)

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(
        f"error: the project `{old.root}` is still there, so its environments stay with it\nhint: "
    )
    assert os.path.isdir(old.path)


def test_a_new_home_is_named_with_the_old(old: Home, new: Home, run: Runner) -> None:
    make_recorded(new)

    said = run("move", old.root)

    assert said.status == 1
    assert old.path in said.err
    assert new.path in said.err
    assert f"hint: `central-venv clean --project {new.root}` removes" in said.err


def test_names_cannot_forge_a_line(base: Path, old: Home, run: Runner, store: Path) -> None:
    os.rename(base / "bar", base / "two\nlines")

    said = run("move", old.root, str(base / "two\nlines"))

    assert (said.status, said.err) == (0, "")
    assert said.out.count("\n") == 1
    assert "\\n" in run("move", "x\ny", str(base / "two\nlines")).err


# where the project is


def test_a_directory_that_is_not_there_is_an_error(old: Home, base: Path, run: Runner) -> None:
    assert run("move", old.root, str(base / "nowhere")) == (
        1,
        "",
        f"error: there is no `{base}/nowhere`\nhint: name the directory that the project has now\n",
    )


@pytest.mark.parametrize("way", ["no project here", "another project here"])
def test_where_it_seems_to_be_is_suggested(
    way: str, births: None, old: Home, base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = write_tree(base / "elsewhere", {} if way == "no project here" else PROJECT)
    monkeypatch.chdir(elsewhere)

    said = run("move", old.root)

    assert (said.status, said.out) == (1, "")
    assert said.err.endswith(f"hint: it seems to be `{base}/bar` now: `central-venv move {old.root} {base}/bar`\n")
    assert os.path.isdir(old.path)


def test_without_a_project_and_a_suggestion_one_is_asked_for(
    outside: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(outside)

    said = run("move", "foo")

    assert (said.status, said.out) == (1, "")
    assert "no project in" in said.err


def test_without_a_project_the_place_of_one_that_went_far_is_asked_for(
    births: None, old: Home, base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    os.rename(base / "bar", write_tree(base / "far", {}) / "bar")
    monkeypatch.chdir(write_tree(base / "empty", {}))

    said = run("move", old.root)

    assert (said.status, said.out) == (1, "")
    assert "no project in" in said.err
    assert os.path.isdir(old.path)


def test_a_sub_directory_of_the_project_will_do(old: Home, new: Home, run: Runner, base: Path) -> None:
    deep = write_tree(base / "bar" / "src" / "x", {})
    os.chdir(deep)

    assert run("move", old.root).out == f"moved 1 environment to {new.path}\n"


def test_a_member_of_a_workspace_can_be_named_itself(base: Path, store: Path, run: Runner) -> None:
    """tox runs in a member by itself, whatever uv thinks."""
    workspace = {"pyproject.toml": "[project]\nname='w'\nversion='0'\n[tool.uv.workspace]\nmembers=['*']\n"}
    write_tree(base / "w", workspace)
    home = Home(Store(str(store)), str(write_tree(base / "w" / "a", PROJECT)))
    make_recorded(home)
    os.rename(home.root, base / "w" / "b")

    assert run("move", home.root, str(base / "w" / "b")).status == 0
    assert run("list", "--json").answer["projects"][0]["root"] == f"{base}/w/b"


def test_a_project_whose_environments_belong_into_another_store_is_refused(
    old: Home, new: Home, base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(
        base / "policy",
        {
            "by_root.py": "from central_venv import hookimpl\n\n@hookimpl\ndef central_venv_store(root):\n"
            f"    return {str(base / 'other-store')!r} if root is not None and root.endswith('bar') else None\n"
        },
    )
    monkeypatch.syspath_prepend(str(base / "policy"))
    write_tree(base / "config", {"central-venv/config.toml": "policy = ['by_root']\n"})
    monkeypatch.setenv("XDG_CONFIG_HOME", str(base / "config"))

    said = run("move", old.root)

    assert said.status == 1
    assert f"are in the store `{old.store.path}`, and those of `{new.root}` belong into another one" in said.err
    assert os.path.isdir(old.path)


def test_where_central_environments_are_turned_off_nothing_is_moved(
    old: Home, new: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV", "0")

    said = run("move", old.root)

    assert said.status == 1
    assert "central environments are turned off" in said.err
    assert os.path.isdir(old.path)


# questions


@pytest.fixture
def doubtful(old: Home, new: Home) -> Home:
    """The project was recorded on another machine."""
    write_project(old.record_path, ProjectRecord(old.root, host="elsewhere"))
    return old


def test_without_a_doubt_nothing_is_asked(old: Home, new: Home, run: Runner) -> None:
    assert run("move", old.root, answer="n\n").err == ""


@pytest.mark.parametrize("answer", ["n\n", "\n", ""])
def test_a_doubt_is_asked_about(doubtful: Home, run: Runner, store: Path, answer: str) -> None:
    before = contents(store)

    said = run("move", doubtful.root, answer=answer)

    hint = "" if answer else "\nhint: `--yes` goes on without a question\n"
    assert said == (
        1,
        "",
        (
            f"`{doubtful.root}` was recorded on the machine `elsewhere`, and may still be there\n"
            f"move its environments all the same? [y/N] {hint}nothing was moved\n"
        ),
    )
    assert contents(store) == before


@pytest.mark.parametrize(("options", "answer"), [([], "y\n"), ([], "YES\n"), (["--yes"], ""), (["-y"], "")])
def test_a_doubt_can_be_dispelled(doubtful: Home, new: Home, run: Runner, options: list[str], answer: str) -> None:
    said = run("move", doubtful.root, *options, answer=answer)

    assert (said.status, said.out) == (0, f"moved 1 environment to {new.path}\n")


def test_an_interrupt_says_how_to_go_on(old: Home, new: Home, run: Runner, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("central_venv.relocation.mending.start", interrupt)
    assert run("move", old.root) == (130, "", "stopped: the same command does the rest\n")
    monkeypatch.undo()
    monkeypatch.setenv("CENTRAL_VENV_HOME", new.store.path)
    os.chdir(new.root)

    assert run("move", old.root).status == 0


# runners


@pytest.fixture(scope="session", params=["tox==4.24.0", "tox"])
def tox(request: pytest.FixtureRequest) -> Tox:
    """The oldest and the newest release with the plugin."""
    name = "newest" if request.param == "tox" else "oldest"
    return Tox(name, make_host(f"tox-{name}", request.param, plugins=("plugins/tox",)))


def test_tox_goes_on_with_its_environment(tox: Tox, base: Path) -> None:
    project = write_tree(base / "foo", EDITABLE)
    first = tox.run("run", cwd=project)
    assert first.status == 0, first.text
    home = tox.directory(project).parent
    stamp = (home / ".tox" / "py" / "pyvenv.cfg").stat().st_mtime_ns
    moved = project.rename(base / "bar")

    said = tox.host.run("central-venv", "move", "../foo", cwd=moved)

    assert said.status == 0, said.text
    home = tox.directory(moved).parent
    assert mentions(home / ".tox" / "py" / "bin", project, f"/foo-{home.name[-8:]}") == []
    again = tox.run("run", cwd=moved)
    assert again.status == 0, again.text
    assert f"{moved}/demo.py" in again.out
    assert "recreate" not in again.text
    assert "remove tox env folder" not in again.text
    assert (home / ".tox" / "py" / "pyvenv.cfg").stat().st_mtime_ns == stamp
    assert tox.environments(moved) == {"py": "ready", ".pkg": "ready"}


def test_tox_makes_anew_what_could_not_be_mended(tox: Tox, base: Path) -> None:
    project = write_tree(base / "foo", EDITABLE)
    assert tox.run("run", cwd=project).status == 0
    home = tox.directory(project).parent
    (home / ".tox" / "py" / "bin" / "launcher.exe").write_text(f"{home}/.tox/py/bin/python")
    moved = project.rename(base / "bar")
    said = tox.host.run("central-venv", "move", "../foo", cwd=moved)
    assert (said.status, "launcher.exe" in said.err) == (1, True), said.text
    assert tox.environments(moved) == {"py": "broken", ".pkg": "ready"}

    again = tox.run("run", cwd=moved)

    assert again.status == 0, again.text
    assert f"{moved}/demo.py" in again.out
    assert tox.environments(moved) == {"py": "ready", ".pkg": "ready"}
    home = tox.directory(moved).parent
    assert not (home / ".tox" / "py" / "bin" / "launcher.exe").exists()
    record = json.loads(Path(layout.environment_record_path(str(home), "tox", "py")).read_text())
    assert record["state"] == "ready"


def test_a_link_that_cannot_be_replaced_is_a_failure_whose_hint_helps(
    old: Home, new: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    link_path = Path(new.root, ".tox")
    link_path.symlink_to(os.path.join(old.path, ".tox"))

    def refuse(*_: object) -> None:
        raise PermissionError(13, "")

    with monkeypatch.context() as patch:
        patch.setattr(link, "replace", refuse)
        said = run("move", old.root)

    assert said.status == 1
    assert said.err == (
        f"error: `{link_path}` still leads to the former home: permission denied\n"
        "hint: make its directory writable, then run the command again\n"
    )
    again = run("move", old.root)
    assert (again.status, again.err) == (0, "")
    assert os.readlink(link_path) == os.path.join(new.path, ".tox")
