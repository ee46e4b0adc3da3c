"""What `doctor` finds in a project."""

from __future__ import annotations

import os
import shlex
import shutil
import socket
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from central_venv import Home, Store
from central_venv.doctor import NOTE, PROJECT, STORE, WRONG, examine
from central_venv.machine.words import size
from central_venv.project_link.runner_link import make_link
from central_venv.store.disk_usage import disk_usage
from central_venv.store.project_record import ProjectRecord, write_project
from support.environments import seal
from support.trees import write_tree
from support.virtualenvs import make

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.mounts import Mounts

    Maker = Callable[[Path], Path]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and sockets are POSIX")


#: What keeps each tool from writing a redirect.
OFF = {"tox": "`venv_redirect = false` in tox's configuration", "virtualenv": "`VIRTUALENV_NO_VENV_REDIRECT=1`"}


class Said(NamedTuple):
    """A finding."""

    level: str
    what: str
    remedy: str | None


def look(root: Path) -> list[Said]:
    """What is found in a project."""
    findings = [finding for finding in examine(str(root)) if finding.topic == PROJECT]
    return [Said(finding.level, finding.what, finding.remedy) for finding in findings]


def only(root: Path) -> Said:
    """The one thing that is found in a project."""
    (said,) = look(root)
    return said


def test_a_healthy_project_has_no_findings(project: Path, store: Path, make_environment: Maker) -> None:
    home = Home(Store(str(store)), str(project))
    home.prepare()
    make_environment(Path(home.path, ".venv"))

    assert look(project) == []


def test_without_a_project_nothing_is_said_of_one() -> None:
    assert [finding for finding in examine(None) if finding.topic == PROJECT] == []


# environments in the tree


@pytest.mark.parametrize("path", [".tox/py312", ".nox/tests", ".venv", "venv"])
def test_environments_left_in_the_tree_are_a_note(path: str, project: Path, make_environment: Maker) -> None:
    make_environment(project / path)
    directory = project / path.split("/", maxsplit=1)[0]
    removal = f"`rmdir /s {directory}`" if sys.platform == "win32" else f"`rm -r {directory}`"
    adoption = f"`central-venv adopt {directory.name}`"

    assert only(project) == (
        NOTE,
        f"environments are left in the tree: `{directory}` takes {size(disk_usage(str(directory)))}",
        f"{adoption} or {removal}, unless you want them there",
    )


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "UV_PROJECT_ENVIRONMENT", None])
@pytest.mark.parametrize("path", [".tox/py312", ".venv"])
def test_an_environment_in_the_tree_that_is_active_or_that_uv_is_told_of_is_wanted_there(
    path: str,
    variable: str | None,
    project: Path,
    make_environment: Maker,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    make_environment(project / path)
    if variable is not None:
        monkeypatch.setenv(variable, str(project / path))
    else:
        monkeypatch.setattr(sys, "prefix", str(project / path))

    assert look(project) == []


def test_directories_without_environments_are_nobodys_business(project: Path) -> None:
    write_tree(project, {".tox/log/file": "", ".nox/.gitignore": "", ".venv/file": "", "venv/a/b/pyvenv.cfg": ""})

    assert look(project) == []


@posix_only
def test_a_command_can_be_pasted_whatever_the_path(base: Path, make_environment: Maker) -> None:
    root = base / 'it\'s "a"; $project'
    make_environment(root / ".venv")

    remedy = only(root).remedy

    removal = f"`{shlex.join(['rm', '-r', str(root / '.venv')])}`"
    assert remedy == f"`central-venv adopt .venv` or {removal}, unless you want them there"


@posix_only
def test_a_link_to_an_environment_is_not_left_in_the_tree(project: Path, base: Path, make_environment: Maker) -> None:
    make_environment(base / "elsewhere" / "a")
    for name in (".tox", ".nox", "venv"):
        (project / name).symlink_to(base / "elsewhere")
    (project / ".venv").symlink_to(base / "elsewhere" / "a")

    assert look(project) == []


@posix_only
@pytest.mark.parametrize("runner", ["nox", "tox"])
def test_a_link_into_the_projects_own_home_is_fine(runner: str, project: Path, home_of: Home) -> None:
    path = seal(home_of, "tests", runner)

    assert make_link(str(project / f".{runner}"), str(path.parent))
    assert look(project) == []


@posix_only
@pytest.mark.parametrize("pattern", [".nox/", ".nox"])
def test_a_link_into_the_projects_own_home_is_one_that_git_may_not_ignore(
    pattern: str, project: Path, home_of: Home
) -> None:
    make_link(str(project / ".nox"), str(seal(home_of, "tests", "nox").parent))
    write_tree(project, {".git/info/file": "", ".gitignore": f"{pattern}\n"})

    assert [said.what.split("`")[1] for said in look(project)] == (
        [str(project / ".nox")] if pattern.endswith("/") else []
    )


@posix_only
def test_a_link_whose_environments_were_removed_is_wrong(project: Path, home_of: Home) -> None:
    path = seal(home_of, "tests", "nox")
    make_link(str(project / ".nox"), str(path.parent))
    shutil.rmtree(path.parent)

    assert only(project) == (WRONG, f"the link `{project / '.nox'}` leads nowhere", "remove the link")


def test_environments_may_be_in_the_tree_where_central_ones_are_off(
    project: Path, make_environment: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_environment(project / ".venv")
    monkeypatch.setenv("CENTRAL_VENV", "0")

    assert only(project) == (
        NOTE,
        f"central environments are turned off for `{project}` (environment: CENTRAL_VENV)",
        "turn them on there, or with `CENTRAL_VENV=1`",
    )


# links


@posix_only
@pytest.mark.parametrize("name", [".venv", ".tox", ".nox"])
@pytest.mark.parametrize("target", ["missing", ".loop", "pyproject.toml/below"])
def test_a_link_that_leads_nowhere_is_wrong(name: str, target: str, project: Path) -> None:
    (project / ".loop").symlink_to(".loop")
    (project / name).symlink_to(target)
    failing = ": uv, mise and `python -m venv` fail on it" if name == ".venv" else ""

    assert only(project) == (
        WRONG,
        f"the link `{project / name}` leads nowhere{failing}",
        "remove the link",
    )


@posix_only
def test_a_link_whose_target_cannot_be_seen_is_not_judged(
    project: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".venv").symlink_to(base)
    real = os.stat

    def stat(path: str, **options: bool) -> os.stat_result:
        if path == str(project / ".venv") and not options:
            raise PermissionError(13, "")
        return real(path, **options)

    monkeypatch.setattr(os, "stat", stat)

    assert look(project) == []


@posix_only
@pytest.mark.parametrize("pattern", [".venv/", "/.venv/", "**/.venv/", ".venv*/", ".v?nv/", ".venv/  "])
@pytest.mark.parametrize("file", [".gitignore", ".git/info/exclude"])
def test_a_pattern_that_misses_a_link_is_a_note(file: str, pattern: str, project: Path, base: Path) -> None:
    (project / ".venv").symlink_to(base)
    (project / ".git").mkdir()
    write_tree(project, {file: f"# .venv\n\nbuild/\n{pattern}\n!.venv\n"})

    assert only(project) == (
        NOTE,
        (
            f"git does not ignore the link `{project / '.venv'}`: the pattern `{pattern.strip()}` in "
            f"`{project / file}` is for directories"
        ),
        f"drop the slash at its end, or add `.venv` to `{project / '.git/info/exclude'}`",
    )


@posix_only
@pytest.mark.parametrize(
    ("file", "pattern"),
    [
        (".gitignore", ".venv/"),
        (".gitignore", "/a/b/.venv/"),
        (".gitignore", "a/b/.venv/"),
        (".gitignore", "a/*/.venv/"),
        (".gitignore", "**/b/.venv/"),
        ("a/.gitignore", "b/.venv/"),
        (".git/info/exclude", "a/b/.venv/"),
    ],
)
def test_patterns_from_the_root_up_to_the_repositorys_top_count(file: str, pattern: str, base: Path) -> None:
    top = base / "top"
    project = write_tree(top / "a" / "b", {"pyproject.toml": ""})
    (project / ".venv").symlink_to(base)
    write_tree(top, {".git/info/file": "", file: f"{pattern}\n"})

    assert only(project) == (
        NOTE,
        (
            f"git does not ignore the link `{project / '.venv'}`: the pattern `{pattern}` in `{top / file}` "
            "is for directories"
        ),
        f"drop the slash at its end, or add `.venv` to `{top / '.git/info/exclude'}`",
    )


@posix_only
@pytest.mark.parametrize("pattern", ["/.venv/", "b/.venv/", "a/.venv/", "**/a/.venv/", "**/x/a/b/.venv/", "a/b/c/"])
def test_a_pattern_for_another_place_does_not_count(pattern: str, base: Path) -> None:
    project = write_tree(base / "top" / "a" / "b", {"pyproject.toml": ""})
    (project / ".venv").symlink_to(base)
    write_tree(base / "top", {".git/info/file": "", ".gitignore": f"{pattern}\n"})

    assert look(project) == []


@posix_only
@pytest.mark.parametrize("covering", [".venv", "a/b/.venv", "/a/", "b/", "**/a/b"])
def test_a_pattern_above_the_project_covers_its_link(covering: str, base: Path) -> None:
    project = write_tree(base / "top" / "a" / "b", {"pyproject.toml": "", ".gitignore": ".venv/\n"})
    (project / ".venv").symlink_to(base)
    write_tree(base / "top", {".git/info/file": "", ".gitignore": f"{covering}\n"})

    assert look(project) == []


@posix_only
def test_a_file_above_the_repository_does_not_count(project: Path, base: Path) -> None:
    (project / ".venv").symlink_to(base)
    (project / ".git").mkdir()
    write_tree(base, {".gitignore": ".venv/\n"})

    assert look(project) == []


@posix_only
@pytest.mark.parametrize("pattern", [".venv/", ".venv"])
@pytest.mark.parametrize("variable", [True, False], ids=["XDG_CONFIG_HOME", "by default"])
def test_what_the_user_ignores_everywhere_counts(
    variable: bool,  # noqa: FBT001
    pattern: str,
    project: Path,
    base: Path,
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    configuration = base / "configuration" if variable else home / ".config"
    if variable:
        monkeypatch.setenv("XDG_CONFIG_HOME", str(configuration))
    (project / ".venv").symlink_to(base)
    write_tree(configuration, {"git/ignore": f"{pattern}\n"})
    write_tree(project, {".git/info/file": "", ".gitignore": ".tox/\n" if pattern.endswith("/") else ".venv/\n"})

    assert [said.what.split("`")[5] for said in look(project)] == (
        [str(configuration / "git" / "ignore")] if pattern.endswith("/") else []
    )


@posix_only
@pytest.mark.parametrize("shared", [True, False], ids=["a work tree", "a submodule"])
def test_the_exclusions_of_a_repository_that_lies_elsewhere_count(
    shared: bool,  # noqa: FBT001
    project: Path,
    base: Path,
) -> None:
    git = base / "git" / "worktrees" / "x"
    (project / ".venv").symlink_to(base)
    write_tree(project, {".git": "gitdir: ../git/worktrees/x\n", ".gitignore": ".venv/\n"})
    write_tree(git, {"commondir": "../..\n"} if shared else {})
    exclude = base / "git" / "info" / "exclude" if shared else git / "info" / "exclude"
    before = only(project)
    write_tree(exclude.parent, {"exclude": ".venv\n"})

    assert before.remedy == f"drop the slash at its end, or add `.venv` to `{exclude}`"
    assert look(project) == []


@posix_only
def test_without_a_repository_no_pattern_counts(project: Path, base: Path) -> None:
    (project / ".venv").symlink_to(base)
    write_tree(project, {".gitignore": ".venv/\n"})

    assert look(project) == []


def test_an_environment_that_is_a_volume_is_to_be_kept_until_there_is_another(
    project: Path, mounts: Mounts, make_environment: Maker
) -> None:
    make_environment(mounts.memory(project / ".venv"))

    (said,) = [each for each in look(project) if each.what.startswith("environments are left in the tree")]

    assert said.remedy == (
        "`central-venv adopt --keep .venv`, then unmount what is mounted there, or start the container without that "
        "volume, unless you want them there"
    )


@posix_only
@pytest.mark.parametrize("other", [".venv", "/.venv", ".venv*", ".*", "*"])
@pytest.mark.parametrize("file", [".gitignore", ".git/info/exclude"])
def test_a_link_that_another_pattern_covers_is_fine(file: str, other: str, project: Path, base: Path) -> None:
    (project / ".venv").symlink_to(base)
    write_tree(project, {".git/info/exclude": ""})
    write_tree(project, {".gitignore": ".venv/\n"} if file != ".gitignore" else {})
    write_tree(project, {file: f".venv/\n{other}\n"})

    assert look(project) == []


@posix_only
def test_a_link_that_no_pattern_means_is_fine(project: Path, base: Path) -> None:
    (project / ".venv").symlink_to(base)
    write_tree(project, {".git/info/file": "", ".gitignore": "venv/\n.tox/\nsrc/.venv/\n/\n\n .venv/\n"})

    assert look(project) == []


def test_a_directory_that_a_pattern_covers_is_fine(project: Path) -> None:
    write_tree(project, {".git/info/file": "", ".gitignore": ".venv/\n", ".venv/file": ""})

    assert look(project) == []


@posix_only
def test_a_pipe_or_a_closed_file_in_the_place_of_gits_is_not_read(
    project: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (project / ".venv").symlink_to(base)
    write_tree(project, {".git/info/exclude": ".venv/\n"})
    os.mkfifo(project / ".gitignore")
    real = os.open

    def open_(path: str, *arguments: int) -> int:
        if path.endswith("exclude"):
            raise PermissionError(13, "")
        return real(path, *arguments)

    monkeypatch.setattr(os, "open", open_)

    assert look(project) == []


# whose environment it is


@posix_only
def test_a_link_into_uvs_own_central_environments_is_a_note(project: Path, base: Path, make_environment: Maker) -> None:
    target = make_environment(base / "cache" / "environments-v2" / "project-cp3.13.0-0123456789abcdef")
    (project / ".venv").symlink_to(target)

    assert only(project) == (
        NOTE,
        f"`{project / '.venv'}` leads to `{target}`, which is uv's own and goes with its cache",
        "turn off uv's `centralized-project-envs`, remove the link, then make it with `central-venv link`",
    )


@pytest.mark.parametrize("form", [pytest.param("link", marks=posix_only), "redirect"])
def test_a_link_to_another_projects_environment_is_wrong(form: str, project: Path, base: Path, store: Path) -> None:
    other = Home(Store(str(store)), str(write_tree(base / "other", {})))
    target = seal(other, ".venv", "project")
    if form == "link":
        (project / ".venv").symlink_to(target)
    else:
        (project / ".venv").write_text(f"{target}\n")

    assert only(project) == (
        WRONG,
        (
            f"`{project / '.venv'}` leads to the environment of another project, `{base / 'other'}`: "
            "uv changes that one here"
        ),
        "remove it with `central-venv unlink`, unless it is meant",
    )


@pytest.mark.parametrize("form", [pytest.param("link", marks=posix_only), "redirect"])
@pytest.mark.parametrize("name", ["@torch", ".venv", ".venv-3.12"])
def test_a_link_to_an_own_or_a_shared_environment_is_fine(
    name: str, form: str, project: Path, home_of: Home, store: Path, make_environment: Maker
) -> None:
    target = make_environment(store / name) if name == "@torch" else seal(home_of, name, "project")
    if form == "link":
        (project / ".venv").symlink_to(target)
    else:
        (project / ".venv").write_text(f"{target}\n")

    assert look(project) == []


# the redirect file


def test_a_redirect_to_an_environment_is_fine(project: Path, base: Path, make_environment: Maker) -> None:
    make_environment(base / "elsewhere")
    for content in (str(base / "elsewhere"), f"{base / 'elsewhere'}\r\n", "../elsewhere\n"):
        (project / ".venv").write_bytes(content.encode())

        assert look(project) == []


def test_a_redirect_in_a_project_with_a_tool_that_refuses_it_is_a_note(
    project: Path, base: Path, make_environment: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("central_venv.project_link.uv.version", lambda: "0.13.8")
    target = make_environment(base / "elsewhere")
    write_tree(project, {"uv.lock": "", ".venv": f"{target}\n"})

    assert only(project) == (
        NOTE,
        (
            f"the file `{project / '.venv'}` leads to an environment, and uv 0.13.8 fails on such a file unless "
            "`UV_PROJECT_ENVIRONMENT` says where to look"
        ),
        "remove the file, then make a link with `central-venv link`",
    )


@pytest.mark.parametrize(
    ("version", "which"), [("0.13.9", "uv 0.13.9 takes"), (None, "uv 0.13.9 and later take"), ("0.13.8", None)]
)
@pytest.mark.parametrize("tool", OFF)
def test_a_redirect_to_the_environment_of_the_tool_that_wrote_it_is_a_note(
    tool: str, version: str | None, which: str | None, base: Path, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """uv that follows it empties that environment."""
    monkeypatch.setattr("central_venv.project_link.uv.version", lambda: version)
    target = write_tree(base / "elsewhere", {"pyvenv.cfg": "virtualenv = 21.15.11\n"})
    if tool == "tox":
        write_tree(target, {".tox-info.json": "{}"})
    write_tree(project, {".venv": f"{target}\n"})

    told = (
        NOTE,
        (
            f"the file `{project / '.venv'}` leads to `{target}`: {which} it for the project's, and `uv sync` removes "
            f"what {tool} installed there"
        ),
        f"remove the file; {OFF[tool]} keeps it away",
    )
    assert look(project) == ([] if which is None else [told])


def test_a_redirect_to_our_own_environment_is_fine_whatever_made_that(project: Path, home_of: Home) -> None:
    home_of.prepare()
    target = write_tree(Path(home_of.path, ".venv"), {"pyvenv.cfg": "virtualenv = 21.15.11\n"})
    write_tree(project, {".venv": f"{target}\n"})

    assert not [said for said in look(project) if "the file" in said.what]


@pytest.mark.usefixtures("home")
def test_the_redirect_that_virtualenv_writes_is_told(project: Path) -> None:
    make("virtualenv", project / "env")
    if not (project / ".venv").exists():
        pytest.skip("this virtualenv writes none")

    assert any(f"leads to `{project / 'env'}`: uv" in said.what for said in look(project))


@pytest.mark.parametrize("more", ["\n", "more\n", "# a comment"])
def test_a_redirect_of_more_than_a_line_is_wrong(more: str, base: Path, project: Path, make_environment: Maker) -> None:
    make_environment(base / "elsewhere")
    write_tree(project, {".venv": f"../elsewhere\n{more}"})

    assert only(project) == (
        WRONG,
        (
            f"the file `{project / '.venv'}` holds more than the line with a path: uv takes all of it for the path, "
            "and fails"
        ),
        "let it hold that line alone",
    )


@pytest.mark.parametrize("content", ["/gone/for/good\n", "gone", "."])
def test_a_redirect_to_nothing_is_wrong(content: str, project: Path) -> None:
    (project / ".venv").write_text(content)

    assert only(project) == (
        WRONG,
        f"the file `{project / '.venv'}` leads to `{content.strip()}`, where there is no environment: uv fails on it",
        "remove the file, or make that environment again",
    )


@pytest.mark.parametrize("content", [b"", b"\n/x", b"\xff", b"a\0b", b"x" * (1 << 21)], ids=lambda value: value[:4])
def test_a_redirect_without_a_path_is_wrong(content: bytes, project: Path) -> None:
    (project / ".venv").write_bytes(content)

    assert only(project) == (
        WRONG,
        f"the file `{project / '.venv'}` holds no path of an environment: uv fails on it",
        "remove the file",
    )


def test_a_name_for_pipenv_is_no_redirect(project: Path) -> None:
    write_tree(project, {"Pipfile": "", ".venv": "my-environment\n"})
    before = look(project)
    write_tree(project, {".venv": "/gone/environment\n"})

    assert before == []
    assert [said.level for said in look(project)] == [WRONG]


@posix_only
def test_a_pipe_in_the_place_of_the_redirect_is_not_opened(project: Path) -> None:
    os.mkfifo(project / ".venv")

    assert look(project) == []


# the home


def test_another_projects_home_is_wrong(project: Path, store: Path) -> None:
    home = Home(Store(str(store)), str(project))
    os.makedirs(home.path)
    write_project(home.record_path, ProjectRecord(f"{project}-other"))

    said = only(project)

    assert said.level == WRONG
    assert said.what.startswith(f"the home `{home.path}` of `{project}` belongs to another project")
    assert said.remedy is not None
    assert said.remedy.startswith("if that project is gone, remove this home")


def test_the_projects_damaged_record_is_said_once(project: Path, store: Path) -> None:
    home = Home(Store(str(store)), str(project))
    home.prepare()
    Path(home.record_path).write_text("{")

    found = [finding for finding in examine(str(project)) if "is damaged" in finding.what]

    assert [(finding.topic, finding.level) for finding in found] == [(STORE, WRONG)]


def test_settings_of_the_project_that_cannot_be_used_are_wrong(project: Path, store: Path) -> None:
    write_tree(project, {"pyproject.toml": "[tool.central-venv]\nstore = '/x'\n"})
    store.mkdir(parents=True)

    findings = list(examine(str(project)))

    (said,) = [finding for finding in findings if finding.topic == PROJECT]
    assert said.level == WRONG
    assert said.what.startswith("`store` is not allowed in")
    assert any(finding.topic == STORE for finding in findings)


def test_without_a_store_the_project_is_looked_at_all_the_same(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", "relative")
    write_tree(project, {".venv": "/gone\n"})

    assert [said.what for said in look(project)] == [
        f"the file `{project / '.venv'}` leads to `/gone`, where there is no environment: uv fails on it"
    ]


# a hostile project


@posix_only
@pytest.mark.parametrize("kind", ["pipe", "socket", "loop", "directory"])
def test_nothing_in_a_project_is_waited_for_or_fails(kind: str, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    root = base / "p"
    (root / ".git" / "info").mkdir(parents=True)
    monkeypatch.chdir(root)
    with ExitStack() as sockets:
        for name in ("pyproject.toml", ".gitignore", ".git/info/exclude", ".venv", ".tox", ".nox", "venv", "Pipfile"):
            if kind == "pipe":
                os.mkfifo(name)
            elif kind == "socket":
                sockets.enter_context(socket.socket(socket.AF_UNIX)).bind(name)
            elif kind == "loop":
                Path(name).symlink_to(Path(name).name)
            else:
                Path(name).mkdir()

        found = look(root)

    assert [said.what.partition(" leads")[0] for said in found] == (
        [f"the link `{root / name}`" for name in (".tox", ".nox", ".venv")] if kind == "loop" else []
    )


def test_a_project_that_vanishes_is_no_failure(project: Path) -> None:
    shutil.rmtree(project)

    assert look(project) == []


# what killed processes left


@posix_only
@pytest.mark.parametrize("name", [".central-venv-link-0123abcd", ".git/info/.central-venv-0123abcd.tmp"])
def test_what_a_killed_process_left_is_a_note(name: str, project: Path) -> None:
    write_tree(project, {".git/info/exclude": ""})
    if "link" in name:
        (project / name).symlink_to("/nowhere")
    else:
        (project / name).touch()

    assert only(project) == (
        NOTE,
        f"a process that was killed left `{project / name}`",
        "the next `central-venv link` or `central-venv unlink` removes it",
    )


@pytest.mark.parametrize("kind", ["taken", "removed"])
def test_what_a_killed_adoption_left_is_a_note(kind: str, project: Path) -> None:
    left = write_tree(project / f".central-venv-{kind}-1a-0123abcd", {".venv/mine": ""})

    assert only(project).what == f"an adoption that was killed left `{left}`"
