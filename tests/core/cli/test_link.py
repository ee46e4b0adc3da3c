"""`link` and `unlink`, and what a removal does with the link."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.project_link.found import find
from central_venv.project_link.runner_link import make_link
from central_venv.store.venv import PYTHON
from support import crash
from support.environments import seal, write_environment
from support.git import git, make_repository, needs_git, shown
from support.mounts import mounted
from support.trees import contents, write_tree

if TYPE_CHECKING:
    from collections.abc import Iterator

    from support.commands import Runner
    from support.mounts import Mounts

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links to anything, pipes and modes are POSIX")
forms = pytest.mark.parametrize("form", [pytest.param([], id="link"), pytest.param(["--redirect"], id="redirect")])

COMMENT = "# made by central-venv, for the link to the project's environment\n"


@pytest.fixture
def home_of(here: Path, home_of: Home) -> Home:
    """The home of the project in the current directory."""
    return home_of


@pytest.fixture
def environment(home_of: Home) -> Path:
    """The project's environment."""
    return seal(home_of, ".venv", "project")


def written(path: Path) -> tuple[int, int]:
    """What changes when something is written."""
    status = os.lstat(path)
    return status.st_ino, status.st_ctime_ns


def leads_to(project: Path) -> tuple[str, str]:
    """The form of `.venv`, and where it leads."""
    found = find(str(project))
    return found.kind, found.target


def answer(project: Path, environment: Path) -> str:
    return f"{project / '.venv'} -> {environment}\n"


# link


@forms
def test_link_lets_the_project_lead_to_its_environment(
    form: list[str], here: Path, environment: Path, run: Runner
) -> None:
    said = run("link", *form)

    assert said == (0, answer(here, environment), "")
    assert leads_to(here) == ("redirect" if form else "link", str(environment))
    assert set(os.listdir(here)) == {".venv", "pyproject.toml"}


def test_a_link_is_one_that_every_tool_follows(here: Path, environment: Path, run: Runner) -> None:
    run("link")

    assert (here / ".venv" / "pyvenv.cfg").samefile(environment / "pyvenv.cfg")


def test_a_redirect_is_one_line_with_an_absolute_path(here: Path, environment: Path, run: Runner) -> None:
    run("link", "--redirect")

    assert (here / ".venv").read_bytes() == os.fsencode(f"{environment}\n")


@forms
def test_link_again_changes_nothing(form: list[str], here: Path, environment: Path, run: Runner) -> None:
    run("link", *form)
    before = written(here / ".venv")

    assert run("link", *form) == (0, answer(here, environment), "")

    assert written(here / ".venv") == before


@forms
def test_link_leads_to_the_environment_that_is_asked_for(
    form: list[str], here: Path, home_of: Home, environment: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    for_python, docs = (seal(home_of, name, "project") for name in (".venv-3.13", ".venv-docs"))

    assert run("link", *form, "--python", "3.13") == (0, answer(here, for_python), "")
    assert leads_to(here)[1] == str(for_python)
    assert run("link", *form, "--env", ".venv-docs") == (0, answer(here, docs), "")
    assert leads_to(here)[1] == str(docs)
    assert run("link", *form) == (0, answer(here, environment), "")
    assert leads_to(here)[1] == str(environment)
    monkeypatch.setenv("UV_PYTHON", "3.13")
    assert run("link", *form) == (0, answer(here, for_python), "")


def share(home: Home) -> Path:
    """Let a project use a shared environment."""
    torch = home.store.shared_environment("@torch")
    torch.claim("@torch", on_wait=lambda _: None)
    path = write_environment(Path(torch.path))
    torch.seal()
    torch.release()
    home.share("@torch")
    return path


def test_link_leads_to_a_shared_environment_that_the_project_uses(here: Path, home_of: Home, run: Runner) -> None:
    torch = share(home_of)

    assert run("link") == (0, answer(here, torch), "")
    assert run("unlink").status == 0

    shutil.rmtree(torch)
    assert run("link").err.endswith("hint: make it with `central-venv create @torch`\n")


def test_link_of_another_directorys_project(base: Path, home_of: Home, environment: Path, run: Runner) -> None:
    root = write_tree(base / "other", {"pyproject.toml": ""})
    other = seal(Home(home_of.store, str(root)), ".venv", "project")

    assert run("link", "--project", str(root)) == (0, answer(root, other), "")
    assert not os.path.lexists(Path(home_of.root, ".venv"))


@pytest.mark.parametrize(
    ("options", "name"), [([], ".venv"), (["--python", "3.13"], ".venv-3.13"), (["--env", ".venv-docs"], ".venv-docs")]
)
@pytest.mark.parametrize("form", [[], ["--redirect"]])
def test_nothing_leads_to_an_environment_that_is_not_there(
    form: list[str], options: list[str], name: str, home_of: Home, run: Runner
) -> None:
    said = run("link", *form, *options)

    assert (said.status, said.out) == (1, "")
    assert said.err.splitlines() == [
        f"error: there is no environment at `{Path(home_of.path, name)}`, so nothing can lead there",
        f"hint: make it with `{' '.join(['central-venv create', *options])}`",
    ]
    assert not os.path.lexists(Path(home_of.root, ".venv"))


def test_link_takes_one_way_to_name_the_environment(here: Path, run: Runner) -> None:
    said = run("link", "--env", ".venv", "--python", "3.12")

    assert said.status == 2
    assert "--env and --python both name the environment" in said.err


def test_link_makes_nothing_where_central_environments_are_off(
    here: Path, environment: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV", "0")

    assert run("link").status == 1
    assert not os.path.lexists(here / ".venv")


# what is there


@pytest.mark.parametrize("kind", ["empty", "environment"])
def test_where_a_file_system_is_mounted_the_hint_says_to_unmount_it_and_that_helps(
    kind: str, here: Path, home_of: Home, mounts: Mounts, run: Runner
) -> None:
    seal(home_of, ".venv", "project")
    disk = mounts.memory(here / ".venv")
    if kind == "environment":
        write_environment(disk)

    said = [run("link"), run("link", "--redirect"), run("unlink")]

    way = "unmount the file system that is mounted there, or start the container without that volume, and remove the"
    assert [each.status for each in said] == [1, 1, 1]
    assert [each.err.splitlines()[1].startswith(f"hint: {way} directory") for each in said] == [True] * 3
    mounts.unmount(disk)
    disk.rmdir()
    assert run("link").status == 0


MOVE = "move it away if nothing needs it; the link is made in its place"
OF_UV = "cache/environments-v2/p-cp3.13.0-0123456789abcdef"
#: What can be at the place of the link, what is said of it, and the remedy.
TAKEN = {
    "environment": ("is an environment itself", "`central-venv adopt` replaces it by a central one"),
    "directory": ("is neither a link nor a redirect", MOVE),
    "file": ("is neither a link nor a redirect", MOVE),
    "empty file": ("is neither a link nor a redirect", MOVE),
    "pipe": ("is neither a link nor a redirect", MOVE),
    "foreign link": ("leads to `{base}/elsewhere`, which is not in the store", MOVE),
    "dangling link": ("leads to `{base}/gone`, which is not in the store", MOVE),
    "foreign redirect": ("leads to `{base}/elsewhere`, which is not in the store", MOVE),
    "dangling redirect": ("leads to `{base}/gone`, which is not in the store", MOVE),
    "name for pipenv": ("leads to `{base}/project/my-env`, which is not in the store", MOVE),
    "loop": ("leads to `{base}/project/.venv`, which is not in the store", MOVE),
    "uv's own": (
        f"leads to `{{base}}/{OF_UV}`, one of uv's own central environments",
        "turn off uv's `centralized-project-envs`, and remove the link",
    ),
    "another project's": (
        "leads to the environment of another project, `{base}/other`",
        "remove it with `central-venv unlink`",
    ),
}


def take(kind: str, path: Path, other: Home) -> None:
    """Put something at the place of the link."""
    base = path.parents[1]
    if kind == "environment":
        write_environment(path)
    elif kind == "directory":
        path.mkdir()
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind.endswith(("file", "redirect", "pipenv")):
        texts = {
            "file": "\n",
            "empty file": "",
            "name for pipenv": "my-env\n",
            "foreign redirect": f"{base}/elsewhere\n",
        }
        path.write_text(texts.get(kind, f"{base}/gone\n"))
    elif kind == "another project's":
        path.symlink_to(seal(other, ".venv", "project"))
    else:
        targets = {"foreign link": base / "elsewhere", "dangling link": base / "gone", "loop": Path(".venv")}
        path.symlink_to(targets.get(kind, base / OF_UV))


@posix_only
@forms
@pytest.mark.parametrize("kind", TAKEN)
def test_link_never_replaces_what_is_not_ours(
    kind: str, form: list[str], base: Path, home_of: Home, environment: Path, run: Runner
) -> None:
    project = Path(home_of.root)
    if shutil.which("git"):
        make_repository(project)
    take(kind, project / ".venv", Home(home_of.store, str(write_tree(base / "other", {}))))
    before = contents(project)

    said = run("link", *form)

    what, hint = TAKEN[kind]
    assert (said.status, said.out) == (1, "")
    assert said.err.splitlines() == [
        f"error: `{project / '.venv'}` {what.format(base=base)}, so it cannot lead to `{environment}`",
        f"hint: {hint}",
    ]
    assert contents(project) == before


@posix_only
def test_a_link_takes_the_place_of_our_redirect(here: Path, environment: Path, run: Runner) -> None:
    run("link", "--redirect")

    assert run("link") == (0, answer(here, environment), "")
    assert leads_to(here) == ("link", str(environment))


@posix_only
def test_a_redirect_takes_the_place_of_a_redirect_only(here: Path, environment: Path, run: Runner) -> None:
    run("link")

    said = run("link", "--redirect")

    assert said.status == 1
    assert said.err.startswith(f"error: `{here / '.venv'}` is a link and no redirect, so it cannot lead to")
    assert said.err.endswith("hint: remove it with `central-venv unlink`\n")
    assert leads_to(here) == ("link", str(environment))


@posix_only
def test_the_link_of_a_copied_project_is_led_right_once_it_was_removed(
    here: Path, base: Path, environment: Path, home_of: Home, run: Runner
) -> None:
    run("link")
    shutil.copytree(here, base / "copy", symlinks=True)
    other = seal(Home(home_of.store, str(base / "copy")), ".venv", "project")
    project = ["--project", str(base / "copy")]

    assert run("link", *project).status == 1
    assert run("unlink", *project).status == 0
    assert run("link", *project).status == 0
    assert leads_to(base / "copy") == ("link", str(other))
    assert leads_to(here) == ("link", str(environment))


@posix_only
@pytest.mark.parametrize(
    "name", ["a b", "a:b", "a\nb", "é", "\x1b[31m", *(["\udcff"] if sys.platform == "linux" else [])]
)
def test_a_project_can_be_called_anything(name: str, base: Path, store: Path, run: Runner) -> None:
    root = write_tree(base / name, {"pyproject.toml": ""})
    environment = seal(Home(Store(str(store)), str(root)), ".venv", "project")

    said = run("link", "--project", str(root))

    assert said.status == 0
    assert said.out.count("\n") == 1
    assert "\x1b" not in said.out
    assert leads_to(root) == ("link", str(environment))
    assert run("unlink", "--project", str(root)).status == 0
    assert not os.path.lexists(root / ".venv")


@posix_only
@pytest.mark.parametrize("sign", ["\n", "\x85", "\u2028", *(["\udcff"] if sys.platform == "linux" else [])], ids=ascii)
def test_a_redirect_is_not_written_to_a_path_that_it_cannot_hold(
    sign: str, here: Path, base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(base / f"a{sign}b"))
    seal(Home(Store(str(base / f"a{sign}b")), str(here)), ".venv", "project")

    said = run("link", "--redirect")

    assert said.status == 1
    assert "cannot be written into a redirect" in said.err
    assert said.err.endswith("hint: make a link: remove such a file, then call `central-venv link`\n")
    assert not os.path.lexists(here / ".venv")


# where no link can be made


@contextmanager
def read_only_project(base: Path, store: Path, *, linked: bool) -> Iterator[Path]:
    try:
        with mounted(base / "disk", "size=64k") as disk:
            write_tree(disk, {"pyproject.toml": ""})
            environment = seal(Home(Store(str(store)), str(disk)), ".venv", "project")
            if linked:
                (disk / ".venv").symlink_to(environment)
            subprocess.run(["mount", "-o", "remount,ro", disk], check=True)
            yield disk
    except PermissionError as error:
        pytest.skip(f"cannot mount a file system: {error}")


@posix_only
@forms
def test_a_read_only_project_is_told(form: list[str], base: Path, store: Path, run: Runner) -> None:
    with read_only_project(base, store, linked=False) as project:
        said = run("link", *form, "--project", str(project))

        assert (said.status, said.out) == (1, "")
        assert said.err.splitlines() == [
            f"error: cannot make the link `{project / '.venv'}`: read-only file system",
            "hint: make its directory writable; where there are no links, try `central-venv link --redirect`",
        ]


@posix_only
def test_a_link_that_is_right_in_a_read_only_project_is_fine(base: Path, store: Path, run: Runner) -> None:
    with read_only_project(base, store, linked=True) as project:
        assert run("link", "--project", str(project)).status == 0


@posix_only
def test_a_link_in_a_read_only_project_cannot_be_removed(base: Path, store: Path, run: Runner) -> None:
    with read_only_project(base, store, linked=True) as project:
        said = run("unlink", "--project", str(project))

        assert (said.status, said.out) == (1, "")
        assert said.err.splitlines() == [
            f"error: cannot remove the link `{project / '.venv'}`: read-only file system",
            "hint: make its directory writable",
        ]


@posix_only
def test_an_environment_of_a_read_only_project_is_removed_all_the_same(base: Path, store: Path, run: Runner) -> None:
    with read_only_project(base, store, linked=True) as project:
        said = run("remove", ".venv", "--yes", "--project", str(project))

        assert said.status == 0
        assert said.err == (
            f"warning: cannot remove the link `{project / '.venv'}`: read-only file system: "
            "make its directory writable\n"
        )
        assert "removed the link" not in said.out


# tools that a redirect is not for


@pytest.mark.parametrize(
    ("files", "tool"),
    [
        ({"uv.lock": ""}, "uv 0.13.8 fails"),
        ({"pyproject.toml": "[tool.poetry]\n"}, "poetry removes"),
        ({"Pipfile": ""}, "pipenv"),
    ],
)
def test_a_redirect_is_written_with_a_warning_where_a_tool_is_at_odds_with_it(
    files: dict[str, str],
    tool: str,
    here: Path,
    environment: Path,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("central_venv.project_link.uv.version", lambda: "0.13.8")
    write_tree(here, files)

    said = run("link", "--redirect")

    assert (said.status, said.out) == (0, answer(here, environment))
    assert said.err.startswith(f"warning: {tool}")
    assert said.err.count("\n") == 1
    assert leads_to(here) == ("redirect", str(environment))


def test_a_link_needs_no_warning(here: Path, environment: Path, run: Runner) -> None:
    write_tree(here, {"uv.lock": "", "poetry.lock": "", "pdm.lock": "", "Pipfile": "", "mise.toml": ""})

    assert run("link") == (0, answer(here, environment), "")


# git


@needs_git
@forms
def test_git_does_not_show_the_link(form: list[str], here: Path, environment: Path, run: Runner) -> None:
    make_repository(here)
    exclude = here / ".git" / "info" / "exclude"
    before = exclude.read_text()

    assert run("link", *form).err == ""

    assert shown(here) == []
    assert exclude.read_text() == f"{before}{COMMENT}/.venv\n"


@needs_git
@posix_only
def test_git_does_not_show_a_link_that_somebody_else_made(here: Path, environment: Path, run: Runner) -> None:
    make_repository(here)
    (here / ".venv").symlink_to(environment)

    run("link")

    assert shown(here) == []


@needs_git
@posix_only
def test_a_link_that_cannot_be_made_leaves_git_alone(base: Path, store: Path, run: Runner) -> None:
    repository = make_repository(write_tree(base / "p", {"sub/file": ""}))
    exclude = repository / ".git" / "info" / "exclude"
    before = exclude.read_text()
    with read_only_project(repository / "sub", store, linked=False) as project:
        git("config", "--global", "safe.directory", "*", cwd=project)
        assert run("link", "--project", str(project)).status == 1

    assert exclude.read_text() == before


@needs_git
def test_a_repository_that_cannot_be_told_costs_a_warning(here: Path, environment: Path, run: Runner) -> None:
    make_repository(here)
    write_tree(here, {".gitignore": "!.venv\n"})

    said = run("link")

    assert (said.status, said.out) == (0, answer(here, environment))
    assert said.err.startswith(f"warning: git shows `{here / '.venv'}` although ")
    assert said.err.count("\n") == 1


@posix_only
@needs_git
def test_what_a_link_in_the_repository_leads_to_is_not_written(
    here: Path, base: Path, environment: Path, run: Runner
) -> None:
    make_repository(here)
    (here / ".git" / "info").rename(base / "info")
    (here / ".git" / "info").symlink_to(base / "info")
    before = contents(base / "info")

    said = run("link")

    assert said.status == 0
    assert f"`{here / '.git' / 'info'}` is a link" in said.err
    assert contents(base / "info") == before


# unlink


@forms
def test_unlink_removes_the_link_and_nothing_else(
    form: list[str], here: Path, environment: Path, store: Path, run: Runner
) -> None:
    before = contents(here), contents(store)
    run("link", *form)

    assert run("unlink") == (0, f"removed {here / '.venv'}\n", "")

    assert (contents(here), contents(store)) == before


def test_unlink_without_a_link_says_so(here: Path, run: Runner) -> None:
    assert run("unlink") == (0, "", f"there is no {here / '.venv'}\n")


@needs_git
@forms
def test_unlink_takes_back_what_git_was_told(form: list[str], here: Path, environment: Path, run: Runner) -> None:
    make_repository(here)
    before = contents(here)
    run("link", *form)

    run("unlink")

    assert contents(here) == before


@needs_git
def test_unlink_takes_back_what_git_was_told_of_a_link_that_is_gone(here: Path, environment: Path, run: Runner) -> None:
    make_repository(here)
    before = contents(here)
    run("link")
    run("remove", ".venv", "--yes")

    assert run("unlink").status == 0

    assert contents(here) == before


@posix_only
@needs_git
def test_unlink_removes_a_link_to_a_runners_environments_with_what_hides_it(
    here: Path, home_of: Home, run: Runner
) -> None:
    make_repository(here)
    before = contents(here)
    make_link(str(here / ".nox"), str(seal(home_of, "a", "nox").parent))

    assert run("unlink") == (0, f"removed {here / '.nox'}\n", "")

    assert contents(here) == before


@posix_only
def test_unlink_leaves_a_link_to_a_runners_environments_of_another_project(
    here: Path, store: Path, run: Runner
) -> None:
    (other := here.parent / "other").mkdir()
    (here / ".nox").symlink_to(seal(Home(Store(str(store)), str(other)), "a", "nox").parent)

    assert run("unlink").out == ""

    assert (here / ".nox").is_symlink()


@posix_only
@pytest.mark.parametrize("kind", ["a directory", "a link elsewhere"])
def test_unlink_leaves_a_runners_directory_that_does_not_lead_into_the_store(
    kind: str, here: Path, environment: Path, run: Runner
) -> None:
    if kind == "a directory":
        write_tree(here, {".nox/a/pyvenv.cfg": ""})
    else:
        (here / ".nox").symlink_to(here.parent / "elsewhere" / ".nox")
    before = contents(here)

    assert run("unlink").status == 0

    assert contents(here) == before


@posix_only
@pytest.mark.parametrize("target", ["{store}/{home}/.venv-gone", "{store}/gone-12345678/.venv", "/x/{home}/.venv"])
def test_unlink_removes_a_link_of_ours_that_leads_nowhere(
    target: str, here: Path, home_of: Home, store: Path, run: Runner
) -> None:
    store.mkdir(parents=True)
    (here / ".venv").symlink_to(target.format(store=store, home=os.path.basename(home_of.path)))

    assert run("unlink").status == 0
    assert not os.path.lexists(here / ".venv")


@posix_only
@pytest.mark.parametrize("kind", ["environment", "file", "pipe", "foreign link", "foreign redirect"])
def test_unlink_never_removes_what_is_not_ours(kind: str, here: Path, base: Path, run: Runner) -> None:
    path = here / ".venv"
    if kind == "environment":
        write_environment(path)
    elif kind == "pipe":
        os.mkfifo(path)
    elif kind == "foreign link":
        path.symlink_to(base)
    else:
        path.write_text("" if kind == "file" else f"{base}\n")
    before = contents(here)

    said = run("unlink")

    assert (said.status, said.out) == (1, "")
    assert said.err.splitlines() == [
        f"error: `{path}` does not lead into the store, so it was not removed",
        "hint: move it away if nothing needs it",
    ]
    assert contents(here) == before


def test_unlink_works_where_central_environments_are_off(
    here: Path, environment: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("link")
    monkeypatch.setenv("CENTRAL_VENV", "0")

    assert run("unlink").status == 0
    assert not os.path.lexists(here / ".venv")


# removals


REMOVALS = {
    "remove": ["remove", ".venv"],
    "the only runner": ["remove", "--runner", "project"],
    "clean": ["clean"],
    "clean --all": ["clean", "--all"],
}


@forms
@pytest.mark.parametrize("command", REMOVALS.values(), ids=REMOVALS)
def test_removing_an_environment_removes_the_link_to_it(
    command: list[str], form: list[str], here: Path, environment: Path, run: Runner
) -> None:
    run("link", *form)

    said = run(*command, "--yes")

    assert (said.status, said.err) == (0, "")
    assert said.out.splitlines()[1:] == [f"removed the link {here / '.venv'}"]
    assert set(os.listdir(here)) == {"pyproject.toml"}
    assert not environment.exists()


@pytest.mark.usefixtures("environment")
def test_no_link_leads_to_what_was_moved_with_the_store(
    here: Path, store: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.rename(store.with_name("new"))
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(store.with_name("new")))

    said = run("link")

    assert said.status == 1
    assert said.err.endswith(f"\nhint: `central-venv move --store {store}` mends what was moved with it\n")
    assert not os.path.lexists(here / ".venv")


def test_pruning_an_environment_removes_the_link_to_it(here: Path, home_of: Home, run: Runner) -> None:
    seal(home_of, ".venv", "project", used=0)
    run("link")

    said = run("prune", "--unused-for", "90d", "--yes")

    assert said.out.splitlines()[1:] == [f"removed the link {here / '.venv'}"]
    assert set(os.listdir(here)) == {"pyproject.toml"}


@posix_only
@pytest.mark.usefixtures("births")
@pytest.mark.parametrize("command", [["prune"], ["remove", "@torch", "--force"]], ids=["its own", "shared"])
def test_removing_an_environment_removes_the_link_in_a_project_that_was_renamed(
    command: list[str], base: Path, here: Path, home_of: Home, environment: Path, run: Runner
) -> None:
    if "@torch" in command:
        share(home_of)
    run("link")
    here.rename(base / "renamed")
    os.chdir(base)

    said = run(*command, "--yes")

    assert said.status == 0, said.err
    assert f"removed the link {base / 'renamed' / '.venv'}" in said.out.splitlines()
    assert not os.path.lexists(base / "renamed" / ".venv")


def test_a_program_is_told_of_the_link(here: Path, environment: Path, run: Runner) -> None:
    run("link")

    assert run("clean", "--yes", "--json").answer["links"] == [str(here / ".venv")]


def test_removing_another_environment_leaves_the_link(
    here: Path, home_of: Home, environment: Path, run: Runner
) -> None:
    seal(home_of, ".venv-3.13", "project")
    seal(home_of, "py312")
    run("link")
    before = contents(here)

    run("remove", ".venv-3.13", "py312", "--yes")

    assert contents(here) == before


@posix_only
def test_what_stays_keeps_its_link(here: Path, home_of: Home, environment: Path, run: Runner) -> None:
    run("link")
    user = home_of.environment("project", ".venv")
    user.claim(".venv", on_wait=lambda _: None)

    said = run("clean", "--yes")

    user.release()
    assert said.status == 1
    assert leads_to(here) == ("link", str(environment))


def test_a_dry_run_leaves_the_link(here: Path, environment: Path, run: Runner) -> None:
    run("link")

    run("clean", "--dry-run")

    assert leads_to(here) == ("link", str(environment))


@posix_only
def test_removing_a_shared_environment_removes_the_links_of_its_users(
    here: Path, home_of: Home, store: Path, run: Runner
) -> None:
    share(home_of)
    run("link")

    said = run("remove", "@torch", "--force", "--yes")

    assert said.status == 0, said.err
    assert set(os.listdir(here)) == {"pyproject.toml"}
    assert not (store / "@torch").exists()


def test_a_creation_that_fails_leaves_no_link_that_leads_nowhere(
    here: Path, home_of: Home, environment: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    run("link")
    os.unlink(environment / PYTHON)  # what is broken is not kept

    said = run("create", "--env", ".venv", "--python", "3.99")

    assert said.status == 1
    assert not environment.exists()
    assert set(os.listdir(here)) == {"pyproject.toml"}


def test_a_creation_anew_that_fails_leaves_the_link_as_it_is(
    here: Path, environment: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    run("link")

    said = run("create", "--clear", "--env", ".venv", "--python", "3.99")

    assert said.status == 1
    assert os.readlink(here / ".venv") == str(environment)
    assert environment.exists()


# at once, and killed


@posix_only
@forms
@pytest.mark.parametrize("old", [False, True], ids=["a first link", "a replacement"])
def test_several_at_once_make_one_link(
    old: bool,  # noqa: FBT001
    form: list[str],
    here: Path,
    home_of: Home,
    environment: Path,
    run: Runner,
) -> None:
    if shutil.which("git"):
        make_repository(here)
    if old:
        seal(home_of, ".venv-3.13", "project")
        run("link", *form, "--python", "3.13")
    command = [sys.executable, "-m", "central_venv", "link", *form]
    processes = [
        subprocess.Popen(command, cwd=here, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(4)
    ]

    said = [process.communicate() for process in processes]

    assert set(said) == {(answer(here, environment), "")}
    assert leads_to(here) == ("redirect" if form else "link", str(environment))
    assert set(os.listdir(here)) - {".git"} == {".venv", "pyproject.toml"}
    if shutil.which("git"):
        assert (here / ".git" / "info" / "exclude").read_text().count("/.venv\n") == 1
        assert shown(here) == []


def without_unfinished(found: dict[str, object]) -> dict[str, object]:
    """Without what a process leaves that is killed between two system calls."""
    return {
        name: content
        for name, content in found.items()
        if not os.path.basename(name).startswith(".central-venv-") and not name.endswith(".central-venv-lock")
    }


@posix_only
@needs_git
@forms
@pytest.mark.parametrize("old", [False, True], ids=["a first link", "a replacement"])
def test_a_link_whose_making_is_killed_at_any_step_is_made_by_the_next(
    old: bool,  # noqa: FBT001
    form: list[str],
    here: Path,
    home_of: Home,
    environment: Path,
    run: Runner,
) -> None:
    make_repository(here)
    other = seal(home_of, ".venv-3.13", "project")
    kind = "redirect" if form else "link"

    def begin() -> None:
        run("unlink")
        if old:
            run("link", *form, "--python", "3.13")

    begin()
    before = without_unfinished(contents(here))
    steps = 0
    for _ in crash.kills("link", *form):
        steps += 1
        assert leads_to(here) in {(kind, str(other)) if old else ("nothing", ""), (kind, str(environment))}
        assert [line for line in shown(here) if line.endswith(" .venv")] == []
        assert crash.run("link", *form).status == 0
        assert leads_to(here) == (kind, str(environment))
        begin()
        assert without_unfinished(contents(here)) == before

    assert steps >= (2 if old else 5)


@posix_only
@needs_git
@forms
def test_an_unlink_that_is_killed_at_any_step_is_finished_by_the_next(
    form: list[str], here: Path, environment: Path, run: Runner
) -> None:
    make_repository(here)
    before = contents(here)
    run("link", *form)

    steps = 0
    for _ in crash.kills("unlink"):
        steps += 1
        assert leads_to(here)[1] in {"", str(environment)}
        assert crash.run("unlink").status == 0
        assert without_unfinished(contents(here)) == before
        run("link", *form)

    assert steps >= 4


@posix_only
@pytest.mark.parametrize(
    ("command", "form"), [(["remove", ".venv"], ["--redirect"]), (["clean"], [])], ids=["remove", "clean"]
)
def test_a_removal_that_is_killed_at_any_step_leaves_no_link_that_leads_nowhere(
    command: list[str], form: list[str], here: Path, home_of: Home, environment: Path, run: Runner
) -> None:
    seal(home_of, "py312")
    run("link", *form)

    steps = 0
    for _ in crash.kills(*command, "--yes"):
        steps += 1
        target = leads_to(here)[1]
        assert not target or (environment / "pyvenv.cfg").exists()
        seal(home_of, ".venv", "project")
        run("link", *form)

    assert steps > 5
    assert set(os.listdir(here)) == {"pyproject.toml"}


@posix_only
def test_making_a_link_follows_the_python_that_a_creation_is_for(
    here: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_LINK", "symlink")
    for name in (".venv", ".venv-3.12"):
        seal(home_of, name, "project")

    assert run("create").status == 0
    assert leads_to(here) == ("link", os.path.join(home_of.path, ".venv"))
    assert run("create", "--python", "3.12").status == 0
    assert leads_to(here) == ("link", os.path.join(home_of.path, ".venv-3.12"))
