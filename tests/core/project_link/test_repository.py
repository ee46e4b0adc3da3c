"""What git is told not to show, and what else becomes of its repository: nothing."""

from __future__ import annotations

import os
import stat
import subprocess
import sys
from contextlib import suppress
from typing import TYPE_CHECKING

import pytest
from central_venv.errors import RepositoryError
from central_venv.project_link import repository
from central_venv.store.lock import Lock
from support.git import git, make_repository, needs_git, shown
from support.mounts import mounted
from support.trees import contents, write_tree

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = needs_git
posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes, modes and odd names are POSIX")

COMMENT = "# made by central-venv, for the link to the project's environment\n"


@pytest.fixture
def project(project: Path) -> Path:
    """A project that is a repository."""
    return make_repository(project)


@pytest.fixture
def exclude(project: Path) -> Path:
    """What this clone ignores."""
    return project / ".git" / "info" / "exclude"


def link(project: Path) -> str:
    """Make the link of a project; where it is."""
    (project / ".venv").symlink_to(project.parent)
    return str(project / ".venv")


def hide(project: Path) -> bool:
    return repository.hide(str(project / ".venv"))


def show(project: Path) -> None:
    repository.show(str(project / ".venv"))


def refused(project: Path) -> RepositoryError:
    """The error of a link that cannot be hidden; nothing has changed."""
    before = contents(project)
    with pytest.raises(RepositoryError) as caught:
        hide(project)
    assert contents(project) == before
    return caught.value


# hiding


def test_a_link_that_git_would_show_is_hidden(project: Path, exclude: Path) -> None:
    before = exclude.read_text()
    link(project)
    assert shown(project) == ["?? .venv"]

    assert hide(project) is True

    assert exclude.read_text() == f"{before}{COMMENT}/.venv\n"
    assert shown(project) == []


def test_a_link_can_be_hidden_before_it_is_there(project: Path) -> None:
    assert hide(project) is True
    link(project)

    assert shown(project) == []


def test_nothing_but_that_file_changes(project: Path) -> None:
    before = contents(project)

    hide(project)

    changed = {name for name, content in contents(project).items() if before.get(name) != content}
    assert changed == {".git/info/exclude"}


def test_only_the_link_is_hidden_and_nothing_else_of_its_name(project: Path) -> None:
    write_tree(project, {"a/.venv": "", "a.venv": "", ".venv2": ""})

    hide(project)

    assert shown(project) == ["?? .venv2", "?? a.venv", "?? a/.venv"]


def test_hiding_twice_adds_one_line(project: Path, exclude: Path) -> None:
    hide(project)

    assert hide(project) is False

    assert exclude.read_text().count(".venv") == 1


@pytest.mark.parametrize("pattern", [".venv", "/.venv", ".v*", "*"])
@pytest.mark.parametrize("place", [".gitignore", ".git/info/exclude", "the user's"])
def test_a_link_that_git_ignores_is_left_to_it(
    place: str, pattern: str, project: Path, exclude: Path, home: Path
) -> None:
    file = home / ".config" / "git" / "ignore" if place == "the user's" else project / place
    write_tree(file.parent, {file.name: f"{pattern}\n"})
    before = exclude.read_text()

    assert hide(project) is False

    assert exclude.read_text() == before


def test_the_users_own_file_for_all_repositories_counts(project: Path, home: Path) -> None:
    write_tree(home, {".gitconfig": "[core]\n\texcludesFile = ~/mine\n", "mine": ".venv\n"})

    assert hide(project) is False


@posix_only
def test_a_pattern_for_directories_does_not_hide_a_link(project: Path) -> None:
    write_tree(project, {".gitignore": ".venv/\n"})
    link(project)

    assert hide(project) is True
    assert shown(project) == ["?? .gitignore"]


def test_a_pattern_that_shows_the_link_again_is_told(project: Path, exclude: Path) -> None:
    write_tree(project, {".gitignore": ".venv\n!.venv\n"})

    error = refused(project)

    assert error.message == f"git shows `{project / '.venv'}` although `{exclude}` says otherwise"
    assert error.hint == "a `.gitignore` has a pattern that begins with `!`: drop it, or live with that"


@pytest.mark.parametrize(
    "name",
    [
        "sub",
        "a b",
        "é",
        "#a",
        "!a",
        "a]",
        *(
            pytest.param(name, marks=posix_only)
            for name in ("a*", "a?", "[a]", "a\\b", "a\tb", "a\rb", " a ", "\udcff")
        ),
    ],
    ids=ascii,
)
def test_a_project_below_the_repositorys_top_can_be_called_anything(name: str, project: Path, exclude: Path) -> None:
    if name == "\udcff" and sys.platform != "linux":
        pytest.skip("the file system takes only Unicode")
    sub = write_tree(project / name, {"pyproject.toml": "", "x/.venv": ""})
    write_tree(project / "a", {".venv": ""})
    git("add", ".", cwd=project)
    before = exclude.read_bytes()
    link(sub)

    assert hide(sub) is True
    assert [line for line in shown(project) if line.startswith("??")] == []
    (sub / ".venv").unlink()
    show(sub)
    assert exclude.read_bytes() == before


@posix_only
def test_a_line_break_in_the_path_is_told(project: Path) -> None:
    sub = write_tree(project / "a\nb", {"pyproject.toml": ""})

    error = refused(sub)

    assert error.message.startswith(f"git cannot be told not to show `{sub / '.venv'}`")


@posix_only
@pytest.mark.parametrize("name", ["a\nb", "a b", "é"])
def test_a_repository_can_be_called_anything(name: str, base: Path) -> None:
    project = make_repository(base / name)
    link(project)

    assert hide(project) is True
    assert shown(project) == []


# git's file


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (None, f"{COMMENT}/.venv\n"),
        ("", f"{COMMENT}/.venv\n"),
        ("mine", f"mine\n{COMMENT}/.venv\n"),
        ("a\r\nb\r\n", f"a\r\nb\r\n{COMMENT}/.venv\n"),
        ("a\rb\x0c\x85\n\n\n", f"a\rb\x0c\x85\n\n\n{COMMENT}/.venv\n"),
    ],
    ids=["none", "empty", "no end of line", "ends of lines of Windows", "odd"],
)
def test_other_lines_stay_byte_for_byte(before: str | None, after: str, project: Path, exclude: Path) -> None:
    exclude.unlink()
    if before is not None:
        exclude.write_bytes(before.encode())

    hide(project)
    hidden = exclude.read_bytes()
    show(project)

    assert hidden == after.encode()
    assert exclude.read_bytes() == ((before or "") + ("\n" if before == "mine" else "")).encode()


def test_bytes_that_are_no_text_stay(project: Path, exclude: Path) -> None:
    exclude.write_bytes(b"\xff\xfe\n")

    hide(project)

    assert exclude.read_bytes().startswith(b"\xff\xfe\n#")


def test_a_missing_directory_is_made(project: Path, exclude: Path) -> None:
    exclude.unlink()
    exclude.parent.rmdir()

    assert hide(project) is True
    assert set(os.listdir(exclude.parent)) == {"exclude"}


@posix_only
def test_the_file_keeps_its_mode(project: Path, exclude: Path) -> None:
    exclude.chmod(0o664)

    hide(project)

    assert stat.S_IMODE(exclude.stat().st_mode) == 0o664


@pytest.mark.parametrize("kind", [pytest.param("link", marks=posix_only), "large"])
def test_a_link_or_a_huge_file_is_not_changed(kind: str, project: Path, exclude: Path, base: Path) -> None:
    exclude.unlink()
    if kind == "link":
        write_tree(base, {"elsewhere": "precious\n"})
        exclude.symlink_to(base / "elsewhere")
    else:
        exclude.write_bytes(b"#" * (1 << 20) + b"\n")

    error = refused(project)

    assert error.message == f"`{exclude}` is no file, or too large, so it was not changed"
    assert error.hint == "add the line `/.venv` to it, if git must not show the link"


@posix_only
@pytest.mark.parametrize("kind", ["directory", "pipe"])
def test_what_git_itself_cannot_read_is_told(
    kind: str, project: Path, exclude: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    exclude.unlink()
    exclude.mkdir() if kind == "directory" else os.mkfifo(exclude)
    monkeypatch.setattr(repository, "_PROBE_TIMEOUT", 0.5)

    assert refused(project).message.startswith(f"git fails in `{project}`: ")


@posix_only
def test_a_repository_that_cannot_be_written_is_told(base: Path) -> None:
    with suppress(PermissionError), mounted(base / "disk", "size=4m") as disk:
        project = make_repository(disk / "p")
        subprocess.run(["mount", "-o", "remount,ro", disk], check=True)

        error = refused(project)

        assert "read-only file system" in error.message
        assert error.hint == "add the line `/.venv` to it, if git must not show the link"
        return
    pytest.skip("cannot mount a file system")


def test_somebody_who_has_the_file_for_long_is_told(
    project: Path, exclude: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(repository, "_LOCK_TIMEOUT", 0.2)
    lock = Lock(f"{exclude}.central-venv-lock")
    assert lock.try_acquire()

    with pytest.raises(RepositoryError, match="gave up waiting for"):
        hide(project)

    lock.remove()
    assert hide(project) is True


def test_several_projects_of_one_repository_at_once_each_get_their_line(project: Path, exclude: Path) -> None:
    program = """
import sys
from central_venv.project_link import repository
print("ready", flush=True)
sys.stdin.readline()
repository.hide(sys.argv[1])
"""
    names = [f"p{number}" for number in range(3)] * 2
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", program, str(write_tree(project / name, {}) / ".venv")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for name in names
    ]
    for process in processes:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
    for process in processes:
        assert process.stdin is not None
        process.stdin.write("go\n")
        process.stdin.flush()

    said = [process.communicate() for process in processes]

    assert {err for _, err in said} == {""}
    lines = exclude.read_text().splitlines()
    assert sorted(line for line in lines if "venv" in line and "#" not in line) == [f"/p{n}/.venv" for n in range(3)]
    assert set(os.listdir(exclude.parent)) == {"exclude"}


# showing again


def test_what_was_hidden_can_be_shown_again(project: Path, exclude: Path) -> None:
    before = exclude.read_bytes()
    hide(project)

    show(project)

    assert exclude.read_bytes() == before


@pytest.mark.parametrize("mine", ["/.venv\n", f"{COMMENT}\n/.venv\n", f"{COMMENT}/other\n", f"{COMMENT}"])
def test_lines_of_the_users_own_stay(mine: str, project: Path, exclude: Path) -> None:
    exclude.write_text(mine)

    show(project)

    assert exclude.read_text() == mine


def test_lines_that_got_other_ends_are_known(project: Path, exclude: Path) -> None:
    hide(project)
    exclude.write_bytes(exclude.read_bytes().replace(b"\n", b"\r\n") + b"mine\r\n")

    show(project)

    assert b"central-venv" not in exclude.read_bytes()
    assert exclude.read_bytes().endswith(b"mine\r\n")


def test_another_projects_line_stays(project: Path, exclude: Path) -> None:
    for name in ("a", "b"):
        write_tree(project / name, {"file": ""})
        hide(project / name)

    show(project / "a")

    assert exclude.read_text().endswith(f"{COMMENT}/b/.venv\n")
    assert "/a/.venv" not in exclude.read_text()


# kinds of repositories


@posix_only
def test_work_trees_share_a_line_as_long_as_one_needs_it(project: Path, base: Path, exclude: Path) -> None:
    before = exclude.read_bytes()
    other = base / "other"
    git("worktree", "add", "--quiet", other, cwd=project)
    for tree in (project, other):
        link(tree)
    assert [hide(other), hide(project)] == [True, False]
    assert (shown(project), shown(other)) == ([], [])

    (other / ".venv").unlink()
    show(other)
    assert shown(project) == []
    (project / ".venv").unlink()
    show(project)
    assert exclude.read_bytes() == before


@posix_only
def test_a_work_tree_of_a_bare_repository(project: Path, base: Path) -> None:
    git("clone", "--quiet", "--bare", project, base / "bare", cwd=base)
    git("worktree", "add", "--quiet", base / "tree", cwd=base / "bare")
    link(base / "tree")

    assert hide(base / "tree") is True
    assert shown(base / "tree") == []
    assert "/.venv" in (base / "bare" / "info" / "exclude").read_text()


@posix_only
def test_a_submodule_has_its_own_file(project: Path, base: Path, exclude: Path) -> None:
    part = make_repository(base / "part")
    git("submodule", "--quiet", "add", part, "part", cwd=project)
    before = exclude.read_bytes()
    link(project / "part")

    assert hide(project / "part") is True
    assert shown(project / "part") == []
    assert exclude.read_bytes() == before
    assert "/.venv" in (project / ".git" / "modules" / "part" / "info" / "exclude").read_text()


def test_without_a_repository_git_is_not_asked(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repository, "find_program", None)
    root = write_tree(base / "plain", {})

    assert hide(root) is False
    show(root)


@pytest.mark.parametrize("kind", ["file", "directory"])
def test_something_else_called_so_is_no_repository(kind: str, base: Path) -> None:
    root = write_tree(base / "plain", {".git/HEAD" if kind == "directory" else ".git": "nothing"})
    before = contents(root)

    if kind == "directory":
        assert hide(root) is False
    else:
        assert refused(root).message.startswith(f"git fails in `{root}`: invalid gitfile format")
    assert contents(root) == before


def test_without_git_nothing_is_done(project: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(base / "nothing"))
    before = contents(project)

    assert hide(project) is False
    show(project)
    assert contents(project) == before


# a hostile repository


@posix_only
def test_nothing_that_the_repository_names_is_run(project: Path, base: Path) -> None:
    program = base / "program"
    program.write_text(f"#!/bin/sh\ntouch '{base}/ran'\n")
    program.chmod(0o755)
    for name in (
        "core.fsmonitor",
        "core.pager",
        "core.editor",
        "core.sshCommand",
        "core.askPass",
        "pager.check-ignore",
    ):
        git("config", name, str(program), cwd=project)
    git("config", "alias.check-ignore", f"!{program}", cwd=project)
    for name in ("post-index-change", "post-checkout", "fsmonitor-watchman"):
        (project / ".git" / "hooks").mkdir(exist_ok=True)
        (project / ".git" / "hooks" / name).symlink_to(program)

    assert hide(project) is True
    show(project)
    ran = (base / "ran").exists()
    git("status", cwd=project)

    assert not ran
    assert (base / "ran").exists(), "git itself would have run it"


@posix_only
def test_a_program_called_git_in_the_project_is_not_run(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(project, {"git": "#!/bin/sh\ntouch ran\n"})
    (project / "git").chmod(0o755)
    monkeypatch.chdir(project)
    monkeypatch.setenv("PATH", f".:{os.environ['PATH']}")

    assert hide(project) is True
    assert not (project / "ran").exists()


@posix_only
def test_git_is_not_waited_for_without_end(project: Path, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    os.mkfifo(base / "pipe")
    with (project / ".git" / "config").open("a") as config:
        config.write(f"[include]\n\tpath = {base / 'pipe'}\n")
    monkeypatch.setattr(repository, "_PROBE_TIMEOUT", 0.5)

    error = refused(project)

    assert error.message == f"git fails in `{project}`: it does not answer within 0.5 s"
    assert error.hint == "mend that if git shows `.venv` and must not"


def test_a_configuration_that_git_cannot_read_is_told(project: Path) -> None:
    (project / ".git" / "config").write_text("[broken")

    assert refused(project).message.startswith(f"git fails in `{project}`: bad config line ")


@posix_only
@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="needs to give a directory to another user")
def test_a_repository_of_another_user_is_told(project: Path) -> None:
    for path in (project, project / ".git"):
        os.chown(path, 12345, -1)

    assert "dubious ownership" in refused(project).message


def test_variables_that_name_another_repository_do_not_count(
    project: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = make_repository(base / "other")
    before = contents(other)
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))

    assert hide(project) is True
    assert contents(other) == before
