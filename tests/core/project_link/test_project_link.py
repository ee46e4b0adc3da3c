"""The `.venv` in a project: whose it is, and how it is kept right."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NoReturn

import pytest
from central_venv import Home, Store
from central_venv.errors import LinkError
from central_venv.policy.settings import load_settings
from central_venv.project_link import link_target, making, redirect, removing
from central_venv.project_link.found import find
from central_venv.store.project_record import ProjectRecord, write_project
from support import virtualenvs
from support.environments import seal, write_environment
from support.git import make_repository, needs_git, shown
from support.mounts import mounted
from support.trees import contents, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links to anything, pipes and modes are POSIX")

FORMS = ["link", "redirect"]


@pytest.fixture
def environment(home_of: Home) -> Path:
    """The project's environment."""
    return seal(home_of, ".venv", "project")


@pytest.fixture
def other(home_of: Home) -> Path:
    """Another environment of the project."""
    return seal(home_of, ".venv-3.13", "project")


@pytest.fixture
def wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    """The user wants a link in each project."""
    monkeypatch.setenv("CENTRAL_VENV_LINK", "symlink")


@pytest.fixture
def follow(home_of: Home, project: Path, capsys: pytest.CaptureFixture[str]) -> Callable[[Path], str]:
    """Lets the link lead to an environment; what is said."""

    def follow(environment: Path) -> str:
        making.follow(home_of, str(environment), load_settings(str(project)))
        out, err = capsys.readouterr()
        assert out == ""
        return err

    return follow


def put(project: Path, target: object, form: str = "link") -> Path:
    """Let `.venv` lead somewhere."""
    path = project / ".venv"
    if form == "redirect":
        path.write_text(f"{target}\n")
    else:
        path.symlink_to(str(target))
    return path


def written(path: Path) -> tuple[int, int]:
    """What changes when something is written."""
    status = os.lstat(path)
    return status.st_ino, status.st_ctime_ns


def leads_to(project: Path) -> tuple[str, str]:
    """The form of `.venv`, and where it leads."""
    found = find(str(project))
    return found.kind, found.target


def another_home(store: Path, root: Path) -> Home:
    root.mkdir(parents=True, exist_ok=True)
    return Home(Store(str(store)), str(root))


# following


@pytest.mark.parametrize("form", [pytest.param("link", marks=posix_only), "redirect"])
def test_a_link_of_ours_is_kept_right_in_its_form(
    form: str, project: Path, environment: Path, other: Path, follow: Callable[[Path], str]
) -> None:
    put(project, environment, form)

    assert follow(other) == ""

    assert leads_to(project) == (form, str(other))
    assert set(os.listdir(project)) == {".venv", "pyproject.toml"}


@pytest.mark.parametrize("form", [pytest.param("link", marks=posix_only), "redirect"])
def test_a_link_that_is_right_is_not_written(
    form: str, project: Path, environment: Path, follow: Callable[[Path], str], wanted: None
) -> None:
    path = put(project, environment, form)
    before = written(path)

    assert follow(environment) == ""

    assert written(path) == before


def test_without_a_link_none_is_made(project: Path, environment: Path, follow: Callable[[Path], str]) -> None:
    assert follow(environment) == ""

    assert not os.path.lexists(project / ".venv")


def test_a_link_that_the_user_wants_is_made(
    project: Path, environment: Path, follow: Callable[[Path], str], wanted: None
) -> None:
    assert follow(environment) == ""

    assert leads_to(project) == ("link", str(environment))


@needs_git
def test_a_link_that_the_user_wants_is_hidden_from_git(
    project: Path, environment: Path, follow: Callable[[Path], str], wanted: None
) -> None:
    make_repository(project)

    follow(environment)

    assert leads_to(project) == ("link", str(environment))
    assert shown(project) == []


def test_a_project_may_want_a_link(project: Path, environment: Path, follow: Callable[[Path], str]) -> None:
    write_tree(project, {"pyproject.toml": "[tool.central-venv]\nlink = 'symlink'\n"})

    follow(environment)

    assert leads_to(project) == ("link", str(environment))


def test_no_link_is_made_to_what_is_no_environment(
    project: Path, home_of: Home, follow: Callable[[Path], str], wanted: None
) -> None:
    assert follow(Path(home_of.path, ".venv")) == ""

    assert not os.path.lexists(project / ".venv")


@posix_only
def test_a_link_is_not_pointed_at_what_is_no_environment(
    project: Path, home_of: Home, environment: Path, follow: Callable[[Path], str]
) -> None:
    put(project, environment)

    assert follow(Path(home_of.path, ".venv-3.13")) == ""

    assert leads_to(project) == ("link", str(environment))


@posix_only
def test_a_link_that_leads_nowhere_in_the_projects_home_is_kept_right(
    project: Path, home_of: Home, environment: Path, follow: Callable[[Path], str]
) -> None:
    put(project, Path(home_of.path, ".venv-3.9"))

    follow(environment)

    assert leads_to(project) == ("link", str(environment))


STRANGE = ["environment", "directory", "file", "empty file", "pipe", "link elsewhere", "dangling", "redirect elsewhere"]


def put_strange(kind: str, project: Path) -> None:
    path = project / ".venv"
    elsewhere = write_environment(project.parent / "elsewhere" / ".venv")
    if kind == "environment":
        write_environment(path)
    elif kind == "directory":
        path.mkdir()
    elif kind in {"file", "empty file"}:
        path.write_bytes(b"\xff" if kind == "file" else b"")
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "redirect elsewhere":
        put(project, elsewhere, "redirect")
    else:
        put(project, elsewhere if kind == "link elsewhere" else project.parent / "gone")


@posix_only
@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_not_ours_stays_without_a_word(
    kind: str, project: Path, environment: Path, follow: Callable[[Path], str]
) -> None:
    put_strange(kind, project)
    before = contents(project)

    assert follow(environment) == ""

    assert contents(project) == before


@posix_only
@pytest.mark.parametrize("kind", STRANGE)
def test_what_is_not_ours_stays_with_one_line_where_the_user_wants_a_link(
    kind: str, project: Path, environment: Path, follow: Callable[[Path], str], wanted: None
) -> None:
    put_strange(kind, project)
    before = contents(project)

    said = follow(environment)

    assert contents(project) == before
    assert said.startswith(f"warning: `{project / '.venv'}` ")
    assert f"so it cannot lead to `{environment}`: " in said
    assert said.count("\n") == 1


@posix_only
def test_a_read_only_project_costs_a_warning(base: Path, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    try:
        with mounted(base / "disk", "size=64k") as disk:
            home = Home(Store(str(store)), str(disk))
            old, new = (seal(home, name, "project") for name in (".venv", ".venv-3.13"))
            put(disk, old)
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)

            making.follow(home, str(new), load_settings(None))

            assert leads_to(disk) == ("link", str(old))
    except PermissionError as error:
        pytest.skip(f"cannot mount a file system: {error}")
    assert capsys.readouterr().err == (
        f"warning: cannot make the link `{base / 'disk' / '.venv'}`: read-only file system: make its directory "
        "writable; where there are no links, try `central-venv link --redirect`\n"
    )


def test_a_project_that_is_gone_costs_a_warning(
    project: Path, environment: Path, home_of: Home, wanted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.rmtree(project)

    making.follow(home_of, str(environment), load_settings(None))

    assert capsys.readouterr().err.startswith(f"warning: cannot make the link `{project / '.venv'}`: no such file")
    assert not project.exists()


@posix_only
def test_a_script_has_no_link(base: Path, store: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_tree(base, {"script.py": ""})
    home = Home(Store(str(store)), str(base / "script.py"))

    making.follow(home, str(seal(home, ".venv", "project")), load_settings(None))

    assert capsys.readouterr().err == ""


@posix_only
def test_a_warning_is_one_line_whatever_the_names(
    base: Path, store: Path, wanted: None, capsys: pytest.CaptureFixture[str]
) -> None:
    home = another_home(store, base / "a\n\x1b[31mb")
    environment = seal(home, ".venv", "project")
    (Path(home.root) / ".venv").mkdir()

    making.follow(home, str(environment), load_settings(None))

    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert "\x1b" not in said


def test_keeping_a_link_right_loads_nothing_as_long_as_it_is(project: Path, home_of: Home, environment: Path) -> None:
    code = """
import json, sys
from central_venv import Home, Store
from central_venv.project_link.found import find
from central_venv.project_link import making, removing
from central_venv.policy.settings import load_settings
store, root, environment = sys.argv[1:]
home, settings = Home(Store(store), root), load_settings(None)
before = set(sys.modules)
making.follow(home, environment, settings)
print(json.dumps(sorted(set(sys.modules) - before)))
"""
    arguments = [home_of.store.path, str(project), str(environment)]
    loaded = []
    for target in (None, environment):
        if target is not None:
            put(project, target)
        done = subprocess.run([sys.executable, "-c", code, *arguments], check=True, capture_output=True, text=True)
        loaded.append(json.loads(done.stdout))

    assert loaded == [[], []]


# whose it is


@posix_only
@pytest.mark.parametrize(
    "target",
    [
        "{store}/{home}/.venv",
        "{store}/{home}/.venv-3.12",
        "{store}/{home}/.venv-gone",
        "/another/store/{home}/.venv",
        "{store}/@torch",
        "{store}/gone-12345678/.venv",
        "{link}/{home}/.venv",
        "{link}/@torch",
        "{relative}/{home}/.venv",
    ],
)
def test_what_leads_to_the_projects_or_a_shared_environment_is_ours(
    target: str, project: Path, home_of: Home, base: Path, store: Path
) -> None:
    store.mkdir(parents=True)
    (base / "link").symlink_to(store)
    name = os.path.basename(home_of.path)
    relative = os.path.relpath(store, project)
    put(project, target.format(store=store, home=name, link=base / "link", relative=relative))

    assert link_target.is_ours(home_of, find(str(project)).target)


@pytest.mark.parametrize(
    "target",
    [
        "",
        "{store}",
        "{store}/{home}",
        "{store}/{home}/.tox",
        "{store}/{home}/.tox/.venv",
        "{store}/other/.venv",
        "{store}/.trash/.venv",
        "/another/store/gone-12345678/.venv",
        "/another/store/@torch",
        "{root}/.venv",
    ],
)
def test_whatever_else_it_leads_to_is_not_ours(target: str, home_of: Home, store: Path) -> None:
    name = os.path.basename(home_of.path)

    assert not link_target.is_ours(home_of, target.format(store=store, home=name, root=home_of.root))


def test_the_environment_of_another_project_is_that_ones(home_of: Home, store: Path, base: Path) -> None:
    path = seal(another_home(store, base / "other"), ".venv", "project")

    assert not link_target.is_ours(home_of, str(path))
    assert link_target.other_project(home_of, str(path)) == str(base / "other")


@pytest.mark.parametrize("damaged", [True, False])
def test_a_home_that_says_nothing_is_somebody_elses(
    damaged: bool,  # noqa: FBT001
    home_of: Home,
    store: Path,
    base: Path,
) -> None:
    other = another_home(store, base / "other")
    path = seal(other, ".venv", "project")
    if damaged:
        Path(other.record_path).write_text("{")
    else:
        os.unlink(other.record_path)

    assert link_target.other_project(home_of, str(path)) == other.path


@pytest.mark.parametrize("how", ["renamed", "moved with its directory", "moved and replaced by a link"])
def test_the_former_home_of_a_project_that_was_moved_is_its_own(
    how: str, store: Path, base: Path, births: None
) -> None:
    former = another_home(store, base / "above" / "before")
    path = seal(former, ".venv", "project")
    moved = base / "new" / "before" if how == "moved with its directory" else base / "above" / "after"
    os.rename(*((base / "above", base / "new") if how == "moved with its directory" else (former.root, moved)))
    if how == "moved and replaced by a link":
        Path(former.root).symlink_to(moved)

    assert link_target.is_ours(Home(Store(str(store)), str(moved)), str(path))


def test_the_environment_of_a_project_that_cannot_be_seen_is_that_ones(home_of: Home, store: Path, base: Path) -> None:
    other = another_home(store, base / "other")
    path = seal(other, ".venv", "project")
    write_project(other.record_path, ProjectRecord(other.root, host="another machine"))
    os.rmdir(other.root)

    assert link_target.other_project(home_of, str(path)) == other.root


# taking it away


@pytest.mark.parametrize("form", [pytest.param("link", marks=posix_only), "redirect"])
def test_a_link_goes_before_what_it_leads_to(form: str, project: Path, environment: Path) -> None:
    path = put(project, environment, form)

    with removing.withdrawn(str(project), [str(environment)]) as gone:
        assert gone == [str(path)]
        assert not os.path.lexists(path)

    assert not os.path.lexists(path)


@pytest.mark.parametrize("form", [pytest.param("link", marks=posix_only), "redirect"])
def test_a_link_comes_back_if_what_it_leads_to_stays(form: str, project: Path, environment: Path) -> None:
    put(project, environment, form)
    before = contents(project)

    with pytest.raises(OSError, match="busy"), removing.withdrawn(str(project), [str(environment)]):
        raise OSError("busy")

    assert contents(project) == before


@posix_only
def test_what_somebody_made_meanwhile_stays(project: Path, environment: Path) -> None:
    def fail() -> NoReturn:
        (project / ".venv").mkdir()
        raise OSError("busy")

    put(project, environment)

    with pytest.raises(OSError, match="busy"), removing.withdrawn(str(project), [str(environment)]):
        fail()

    assert (project / ".venv").is_dir()
    assert not (project / ".venv").is_symlink()


@posix_only
def test_a_link_by_another_spelling_goes_too(project: Path, environment: Path, base: Path) -> None:
    (base / "link").symlink_to(environment.parents[1])
    put(project, base / "link" / environment.parent.name / ".venv")

    with removing.withdrawn(str(project), [str(environment)]) as gone:
        assert gone == [str(project / ".venv")]


@posix_only
@pytest.mark.parametrize("kind", ["another of the project's", "nothing", *STRANGE])
def test_whatever_leads_elsewhere_stays(kind: str, project: Path, environment: Path, other: Path) -> None:
    if kind == "another of the project's":
        put(project, other)
    elif kind != "nothing":
        put_strange(kind, project)
    before = contents(project)

    with removing.withdrawn(str(project), [str(environment)]) as gone:
        assert gone == []

    assert contents(project) == before


def test_without_a_project_nothing_is_taken_away(environment: Path) -> None:
    with removing.withdrawn("/gone/for/good", [str(environment)]) as gone:
        assert gone == []


@posix_only
def test_a_link_that_cannot_be_removed_is_told(
    project: Path, environment: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def refuse(*_: str) -> NoReturn:
        raise PermissionError(13, "")

    path = put(project, environment)
    monkeypatch.setattr(os, "unlink", refuse)

    with removing.withdrawn(str(project), [str(environment)]) as gone:
        assert gone == []

    assert capsys.readouterr().err == (
        f"warning: cannot remove the link `{path}`: permission denied: make its directory writable\n"
    )
    assert leads_to(project) == ("link", str(environment))


@pytest.mark.parametrize("form", [pytest.param("link", marks=posix_only), "redirect"])
def test_a_link_to_what_is_gone_is_dropped(form: str, project: Path, environment: Path) -> None:
    path = put(project, environment, form)
    removing.drop_dangling(str(project), str(environment))
    assert os.path.lexists(path)
    shutil.rmtree(environment)

    removing.drop_dangling(str(project), str(environment))

    assert not os.path.lexists(path)


# looking


@posix_only
def test_a_place_that_may_not_be_looked_at_is_told(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(path: str) -> NoReturn:
        raise PermissionError(13, "", path)

    with monkeypatch.context() as patch:
        patch.setattr(os, "lstat", refuse)
        with pytest.raises(LinkError) as caught:
            find(str(project))

    assert caught.value.message == f"cannot look at `{project / '.venv'}`: permission denied"


def test_a_relative_redirect_leads_from_the_project(project: Path, environment: Path) -> None:
    put(project, os.path.relpath(environment, project), "redirect")

    assert leads_to(project) == ("redirect", str(environment))
    assert redirect.read(str(project / ".venv")) == os.path.relpath(environment, project)


@pytest.mark.parametrize("rest", ["x", "x\n", "\nx", " \n"])
def test_what_has_a_second_line_is_no_redirect(rest: str, project: Path, environment: Path) -> None:
    (project / ".venv").write_bytes(os.fsencode(f"{environment}\n{rest}"))

    assert find(str(project)).kind == "other"


# programs that were installed through it


@posix_only
def test_what_was_installed_through_a_link_stays_with_its_environment(
    project: Path, home_of: Home, follow: Callable[[Path], str]
) -> None:
    write_tree(project, virtualenvs.SETUPTOOLS)
    path = virtualenvs.make_recorded(home_of, "project", ".venv")
    link = put(project, path)
    virtualenvs.install(link, project)
    assert virtualenvs.mentions(path, link) != []

    assert follow(seal(home_of, ".venv-3.13", "project")) == ""

    assert virtualenvs.mentions(path, link) == []
    assert virtualenvs.call(path / "bin" / "demo-say") == f"{project}/src/demo/__init__.py\n"


@posix_only
def test_what_was_installed_through_a_link_outlives_it(project: Path, home_of: Home) -> None:
    write_tree(project, virtualenvs.SETUPTOOLS)
    path = virtualenvs.make_recorded(home_of, "project", ".venv")
    virtualenvs.install(put(project, path), project)

    list(removing.remove(home_of))

    assert virtualenvs.call(path / "bin" / "demo-say") == f"{project}/src/demo/__init__.py\n"


@posix_only
def test_programs_that_cannot_be_kept_are_told(
    project: Path, home_of: Home, environment: Path, other: Path, follow: Callable[[Path], str]
) -> None:
    put(project, environment)
    write_tree(environment, {"bin/hi": f"#!{project}/.venv/bin/python\n"})
    shutil.rmtree(Path(home_of.path, ".central-venv"))

    said = follow(other)

    assert said.startswith(f"warning: programs in `{environment}` that were installed through `{project / '.venv'}` ")
    assert leads_to(project) == ("link", str(other))
