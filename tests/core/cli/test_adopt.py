"""``central-venv adopt``, on environments that uv made."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.adoption.installed import installed, program_path
from central_venv.cli import adopt as command
from central_venv.store.use import user_of
from support import crash
from support.packages import uv, write_real_environment, write_wheel
from support.trees import contents, listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.commands import Runner
    from support.mounts import Mounts

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, owners and signals are POSIX")

MINOR = ".".join(map(str, sys.version_info[:2]))
LEFTOVER = ".central-venv-removed-12ab-0123abcd"


@pytest.fixture
def home_of(here: Path, home_of: Home) -> Home:
    """The home of the project in the current directory."""
    return home_of


@pytest.fixture
def wheel(base: Path) -> Path:
    """A package to install."""
    return write_wheel(base / "wheels")


@pytest.fixture
def old(here: Path, wheel: Path) -> Path:
    """An environment in the project's tree."""
    return write_real_environment(here / ".venv", wheel)


@pytest.fixture
def tox(here: Path, wheel: Path) -> Path:
    """A `.tox` with two environments and what tox keeps beside them."""
    for name in ("a", "b"):
        write_real_environment(here / ".tox" / name, wheel)
        write_tree(here / ".tox" / name, {".tox-info.json": "{}", "log/1.log": "", "tmp/x": ""})
    files = {".gitignore": "*\n", "CACHEDIR.TAG": "", "log/1.log": "", "c/log/1.log": "", ".tmp/package/1/x": ""}
    return write_tree(here / ".tox", files)


def new(home: Home, runner: str = "project", name: str = ".venv") -> Path:
    return Path(home.environment_path(runner, name))


def works(path: Path) -> bool:
    done = subprocess.run([program_path(str(path), "demo")], check=True, capture_output=True, text=True)
    return done.stdout.strip() == "demo 1"


def left(here: Path) -> set[str]:
    """What is in the project beside what it began with."""
    return set(os.listdir(here)) - {"pyproject.toml"}


# the plan, the question, the answer


@pytest.mark.usefixtures("old")
def test_an_environment_is_replaced_by_a_central_one(here: Path, home_of: Home, run: Runner) -> None:
    said = run("adopt", "--yes")

    assert said.status == 0, said.err
    assert said.out.startswith(f"adopted .venv as {new(home_of)}\nremoved 1 environment from the tree, freed ")
    assert works(new(home_of))
    assert left(here) == set()
    listed = run("list", "--json").answer["projects"][0]["environments"]
    assert [(each["runner"], each["name"], each["state"]) for each in listed] == [("project", ".venv", "ready")]


@pytest.mark.usefixtures("tox", "old")
def test_the_plan_is_shown_with_sizes_before_anything_is_done(here: Path, home_of: Home, run: Runner) -> None:
    before = contents(here)

    said = run("adopt", "--dry-run")

    assert (said.status, said.err) == (0, "")
    size = r"\d+\.\d [KM]iB"
    lines = said.out.splitlines()
    assert lines[0] == str(here)
    for line, name, path in zip(
        lines[1:4],
        [".venv  ", ".tox/a ", ".tox/b "],
        [new(home_of), new(home_of, "tox", "a"), new(home_of, "tox", "b")],
        strict=True,
    ):
        assert re.fullmatch(rf"  {re.escape(name)} {MINOR}  1 package  {size}  to {re.escape(str(path))}", line)
    assert lines[4:] == ["  with .tox goes `.gitignore`, `.tmp`, `CACHEDIR.TAG`, `c`, `log`"]
    assert contents(here) == before
    assert not os.path.lexists(home_of.path)


def test_the_old_one_goes_only_if_somebody_agrees(old: Path, home_of: Home, run: Runner) -> None:
    before = contents(old)

    said = run("adopt", answer="\n")

    assert said.status == 1
    assert f"remove the old `{old}`, " in said.err
    assert said.err.endswith("? [y/N] nothing was removed; the new ones are ready\n")
    assert works(new(home_of))
    assert contents(old) == before

    assert run("adopt", answer="y\n").status == 0
    assert not old.exists()


def test_whoever_cannot_be_asked_agrees_to_nothing(old: Path, run: Runner) -> None:
    said = run("adopt")

    assert said.status == 1
    assert said.err.endswith("hint: `--yes` goes on without a question\nnothing was removed; the new ones are ready\n")
    assert old.exists()


def test_the_old_one_can_be_kept(old: Path, home_of: Home, run: Runner) -> None:
    before = contents(old)

    said = run("adopt", "--keep")

    assert (said.status, said.out) == (0, f"adopted .venv as {new(home_of)}\n")
    assert "[y/N]" not in said.err
    assert contents(old) == before


def test_the_old_one_is_there_until_the_new_one_works(
    old: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def agreed(_: str) -> bool:
        assert old.exists()
        assert works(new(home_of))
        return True

    monkeypatch.setattr(command, "agreed", agreed)

    assert run("adopt").status == 0
    assert not old.exists()


def test_a_program_is_told_what_was_done(old: Path, home_of: Home, run: Runner, here: Path, store: Path) -> None:
    would = run("adopt", "--dry-run", "--json")
    assert would.status == 0
    size = would.answer["adopted"][0]["size"]
    assert size > 0
    expected = {
        "from": str(old),
        "to": str(new(home_of)),
        "runner": "project",
        "name": ".venv",
        "removed": False,
        "reason": None,
        "size": size,
    }
    document = {"schema": 1, "store": str(store), "root": str(here), "dry_run": True, "failed": []}
    assert would.answer == {**document, "adopted": [expected]}

    said = run("adopt", "--yes", "--json")

    assert said.answer == {**document, "dry_run": False, "adopted": [{**expected, "removed": True}]}


def test_a_program_is_told_what_failed(old: Path, wheel: Path, run: Runner) -> None:
    wheel.unlink()

    said = run("adopt", "--yes", "--json")

    assert said.status == 1
    assert said.answer["adopted"] == []
    reason = f"`demo` was installed from `{wheel}`, which is gone"
    assert said.answer["failed"] == [{"from": str(old), "reason": reason}]
    assert f"error: {reason}\nhint: " in said.err


@posix_only
def test_a_path_cannot_forge_a_line(base: Path, wheel: Path, store: Path, run: Runner) -> None:
    root = write_tree(base / "evil\nremoved everything\x1b[31m", {"pyproject.toml": ""})
    old = write_real_environment(root / ".venv", wheel)

    said = run("adopt", "--project", str(root), answer="y\n")

    assert said.status == 0, said.err
    assert "\nremoved everything" not in said.out + said.err
    assert "\x1b" not in said.out + said.err
    assert not old.exists()


@pytest.mark.parametrize("name", ["sp ace", "日本 é", "$HOME #1", "a'b\"c"])
def test_a_project_of_any_name_is_adopted(name: str, base: Path, wheel: Path, store: Path, run: Runner) -> None:
    root = write_tree(base / name, {"pyproject.toml": ""})
    write_real_environment(root / ".venv", wheel)

    said = run("adopt", "--yes", "--project", str(root))

    assert said.status == 0, said.err
    assert works(new(Home(Store(str(store)), str(root))))
    assert left(root) == set()


# what is found


def test_nothing_to_adopt_is_said(here: Path, run: Runner, store: Path) -> None:
    said = run("adopt", "--yes")

    assert said == (1, "", f"there is no environment in the tree of {here}\n")
    assert not store.exists()


@pytest.mark.parametrize("name", [".venv", "venv", ".tox", ".tox/a", ".nox/tests"])
def test_a_named_one_that_is_not_there_is_an_error(name: str, here: Path, run: Runner) -> None:
    said = run("adopt", "--yes", name)

    assert said.status == 1
    assert said.err.startswith(f"error: there is no environment `{here / name}`\nhint: ")


@pytest.mark.parametrize("name", ["x", "", ".", "..", ".tox/a/b", ".tox/..", ".venv/bin", "/tmp/x", "../.venv"])
def test_another_name_is_wrong_usage(name: str, here: Path, run: Runner) -> None:
    assert run("adopt", name).status == 2


def test_all_that_are_usual_are_found(
    here: Path, old: Path, tox: Path, wheel: Path, home_of: Home, run: Runner
) -> None:
    write_real_environment(here / ".nox" / "tests-3-12", wheel)
    write_real_environment(here / "venv", wheel)

    said = run("adopt", "--yes")

    assert said.status == 0, said.err
    assert left(here) == {"venv"}
    for runner, name in [("project", ".venv"), ("tox", "a"), ("tox", "b"), ("nox", "tests-3-12")]:
        assert works(new(home_of, runner, name))


def test_venv_is_adopted_if_it_is_named(here: Path, wheel: Path, home_of: Home, run: Runner) -> None:
    write_real_environment(here / "venv", wheel)

    assert run("adopt", "--yes", "venv/").status == 0
    assert works(new(home_of))
    assert left(here) == set()


def test_one_environment_of_a_runner_can_be_named(here: Path, tox: Path, home_of: Home, run: Runner) -> None:
    said = run("adopt", "--yes", ".tox/a")

    assert said.status == 0, said.err
    assert works(new(home_of, "tox", "a"))
    assert not new(home_of, "tox", "b").exists()
    assert sorted(os.listdir(tox)) == [".gitignore", ".tmp", "CACHEDIR.TAG", "b", "c", "log"]


def test_what_no_runner_put_there_stays_and_is_told(tox: Path, home_of: Home, run: Runner) -> None:
    write_tree(tox, {"coverage.xml": "mine", "notes/a.txt": "mine"})

    said = run("adopt", "--yes")

    assert said.status == 0, said.err
    assert "  .tox stays with `.gitignore`, `.tmp`, `CACHEDIR.TAG`, `c`, `coverage.xml`, `log`, `notes`\n" in said.err
    assert sorted(os.listdir(tox)) == [".gitignore", ".tmp", "CACHEDIR.TAG", "c", "coverage.xml", "log", "notes"]
    assert works(new(home_of, "tox", "b"))


def test_an_environment_with_something_of_the_users_stays_and_is_told(old: Path, home_of: Home, run: Runner) -> None:
    write_tree(old, {"share/mine/kernel.json": "mine"})
    before = contents(old)

    said = run("adopt", "--yes")

    assert said.status == 1
    reason = "it holds `share`, which neither a package nor its runner put there"
    assert f"  .venv stays: {reason}\n" in said.err
    assert said.err.endswith(f"kept {old}: {reason}\n")
    assert works(new(home_of))
    assert contents(old) == before


def test_a_directory_whose_environments_do_not_all_go_stays(tox: Path, home_of: Home, run: Runner) -> None:
    (tox / "b" / ".tox-info.json").unlink()

    said = run("adopt", "--yes")

    assert said.status == 1
    assert "so tox does not know it" in said.err
    assert works(new(home_of, "tox", "a"))
    assert sorted(os.listdir(tox)) == [".gitignore", ".tmp", "CACHEDIR.TAG", "b", "c", "log"]


def test_one_that_fails_does_not_keep_the_others(tox: Path, old: Path, home_of: Home, run: Runner, base: Path) -> None:
    other = write_wheel(base / "other", "other")
    uv("pip", "install", "--python", old, other)
    other.unlink()

    said = run("adopt", "--yes")

    assert said.status == 1
    assert f"error: `other` was installed from `{other}`, which is gone\n" in said.err
    assert old.exists()
    assert not tox.exists()


def test_another_project_can_be_named(
    old: Path, base: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(base)

    assert run("adopt", "--yes", "--project", str(old.parent)).status == 0
    assert works(new(home_of))


def test_nothing_is_adopted_where_central_environments_are_turned_off(
    old: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV", "0")

    said = run("adopt", "--yes")

    assert said.status == 1
    assert "central environments are turned off" in said.err
    assert old.exists()


# which project environment takes its place


def test_the_name_that_the_project_chose_is_used(
    old: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_NAME", ".venv-docs")

    assert run("adopt", "--yes").status == 0
    assert works(new(home_of, name=".venv-docs"))


def test_an_environment_is_not_called_after_another_python(old: Path, run: Runner, here: Path) -> None:
    write_tree(
        here, {".python-version": "3.99", "pyproject.toml": "[project]\n[tool.central-venv]\nper-python = true\n"}
    )

    said = run("adopt", "--yes")

    assert said.status == 1
    assert f"`{old}` is of Python {MINOR}, and this project's environment would be `.venv-3.99`" in said.err
    assert old.exists()


def test_an_environment_is_called_after_its_own_python(
    old: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PYTHON", MINOR)

    assert run("adopt", "--yes").status == 0
    assert works(new(home_of, name=f".venv-{MINOR}"))


def test_a_shared_environment_is_not_made_of_what_one_project_has(old: Path, store: Path, run: Runner) -> None:
    assert run("create", "@torch").status == 0
    assert run("use", "@torch").status == 0
    shutil.rmtree(store / "@torch")

    said = run("adopt", "--yes")

    assert said.status == 1
    assert "the project uses the shared environment `@torch`, which is not there\nhint: " in said.err
    assert old.exists()


def test_a_shared_environment_takes_the_place_if_it_holds_what_is_needed(
    old: Path, store: Path, wheel: Path, run: Runner
) -> None:
    assert run("create", "@torch", "--python", sys.executable).status == 0
    assert run("use", "@torch").status == 0

    assert "`demo` is missing" in run("adopt", "--yes").err
    assert old.exists()

    uv("pip", "install", "--python", store / "@torch", wheel)
    assert run("adopt", "--yes").status == 0
    assert not old.exists()


@posix_only
def test_a_link_takes_the_place_where_links_are_wanted(
    old: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_LINK", "symlink")

    assert run("adopt", "--keep").status == 0
    assert not old.is_symlink()

    assert run("adopt", "--yes").status == 0
    assert old.readlink() == new(home_of)
    assert run("adopt", "--yes").status == 1, "the link is no environment in the tree"


@pytest.mark.usefixtures("old")
def test_create_does_the_same(here: Path, home_of: Home, run: Runner) -> None:
    said = run("create", "--from-in-tree", answer="y\n")

    assert said.status == 0, said.err
    assert works(new(home_of))
    assert left(here) == set()


def test_create_without_an_environment_in_the_tree_makes_none(here: Path, home_of: Home, run: Runner) -> None:
    said = run("create", "--from-in-tree", "--yes")

    assert said.status == 1
    assert f"there is no environment `{here / '.venv'}`" in said.err
    assert not os.path.lexists(home_of.path)


@pytest.mark.usefixtures("old")
def test_create_takes_its_name_and_python(here: Path, home_of: Home, run: Runner) -> None:
    assert "is of Python" in run("create", "--from-in-tree", "--yes", "--python", "3.99").err
    assert run("create", "--from-in-tree", "--keep", "--python", MINOR).status == 0
    assert run("create", "--from-in-tree", "--yes", "--env", ".venv-docs").status == 0

    assert works(new(home_of, name=f".venv-{MINOR}"))
    assert works(new(home_of, name=".venv-docs"))
    assert left(here) == set()


# links, other file systems, other users


@posix_only
@pytest.mark.parametrize("name", [".venv", ".tox"])
def test_a_link_is_no_environment_in_the_tree(name: str, here: Path, base: Path, wheel: Path, run: Runner) -> None:
    write_real_environment(base / "elsewhere", wheel)
    write_real_environment(base / "elsewhere" / "a", wheel)
    (here / name).symlink_to(base / "elsewhere")
    before = contents(base / "elsewhere")

    assert run("adopt", "--yes").status == 1
    assert run("adopt", "--yes", name).status == 1
    assert (here / name).is_symlink()
    assert contents(base / "elsewhere") == before


@posix_only
def test_a_link_among_environments_is_not_followed_and_stays(
    tox: Path, base: Path, wheel: Path, home_of: Home, run: Runner
) -> None:
    other = write_real_environment(base / "elsewhere", wheel)
    (tox / "link").symlink_to(other)
    before = contents(other)

    assert run("adopt", "--yes").status == 0
    assert (tox / "link").is_symlink()
    assert contents(other) == before
    assert not os.path.lexists(new(home_of, "tox", "link"))


@posix_only
def test_what_links_in_an_environment_lead_to_stays(old: Path, base: Path, run: Runner) -> None:
    precious = write_tree(base / "precious", {"a": "mine"})
    (old / "include").mkdir(exist_ok=True)
    (old / "include" / "python3.99").symlink_to(precious)

    assert run("adopt", "--yes").status == 0
    assert not os.path.lexists(old)
    assert contents(precious) == {"a": b"mine"}


def test_a_redirect_is_no_environment_in_the_tree(here: Path, base: Path, wheel: Path, run: Runner) -> None:
    other = write_real_environment(base / "elsewhere", wheel)
    write_tree(here, {".venv": f"{other}\n"})

    assert run("adopt", "--yes").status == 1
    assert (here / ".venv").read_text() == f"{other}\n"


@pytest.mark.parametrize("form", [".tox/a", "{here}/.tox/a\n"], ids=["relative", "absolute"])
def test_a_redirect_to_what_is_removed_goes_with_it(
    form: str, tox: Path, here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    """tox leaves such a file; uv fails on one that leads nowhere."""
    monkeypatch.setattr("central_venv.project_link.uv.version", lambda: "0.13.9")
    write_tree(here, {".venv": form.format(here=here)})

    planned = run("adopt", "--dry-run")
    kept = run("adopt", "--keep", ".tox/a")
    assert (here / ".venv").exists()
    said = run("adopt", "--yes")

    words = (
        "  the file .venv leads to .tox/a, and goes with it; until then, uv 0.13.9 takes it for the project's, and "
        "`uv sync` removes what tox installed there\n"
    )
    assert words in planned.out
    assert words in kept.err
    assert said.status == 0, said.err
    assert f"removed the file .venv, which led to {tox / 'a'}\n" in said.err
    assert left(here) == set()


def test_a_redirect_to_what_a_killed_adoption_took_away_goes_with_the_rest(here: Path, run: Runner) -> None:
    write_tree(here, {f"{LEFTOVER}/.tox/a/pyvenv.cfg": "", ".venv": ".tox/a"})

    assert run("adopt", "--yes").status == 0
    assert left(here) == set()


def test_a_redirect_to_what_stays_stays(tox: Path, here: Path, run: Runner) -> None:
    write_tree(tox / "b", {"precious": ""})
    write_tree(here, {".venv": ".tox/b"})

    assert run("adopt", "--yes").status == 1
    assert (here / ".venv").read_text() == ".tox/b"
    assert (tox / "b").exists()


def test_a_store_in_the_tree_is_not_adopted(
    here: Path, wheel: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(here / ".tox" / "store"))
    write_real_environment(here / ".tox" / "a", wheel)
    before = contents(here)

    assert run("adopt", "--yes").status == 1
    assert contents(here) == before


def test_a_project_in_the_store_is_not_adopted_from_it(store: Path, wheel: Path, run: Runner) -> None:
    root = write_tree(store / "project", {"pyproject.toml": ""})
    write_real_environment(root / ".venv", wheel)
    before = contents(root)

    assert run("adopt", "--yes", "--project", str(root)).status == 1
    assert contents(root) == before


@posix_only
def test_another_users_environment_is_left_alone(old: Path, home_of: Home, run: Runner) -> None:
    if os.getuid() != 0:
        pytest.skip("only root can give a directory away")
    os.chown(old, 12345, -1)

    said = run("adopt", "--yes")

    assert said.status == 1
    assert f"`{old}` could not be removed: it belongs to another user (id 12345)" in said.err
    assert old.exists()
    assert not new(home_of).exists()


def test_on_a_disk_that_ignores_case_and_shows_small_letters_the_old_one_goes(
    base: Path, mounts: Mounts, run: Runner
) -> None:
    disk = mounts.without_case(base / "image", base / "disk")
    write_tree(disk, {"pyproject.toml": "", "nox/x": ""})
    write_real_environment(disk / ".venv", write_wheel(base / "wheels", "Demo"))
    write_real_environment(disk / ".nox" / "a")
    write_tree(disk / ".nox", {"CACHEDIR.TAG": "", ".gitignore": ""})

    said = run("adopt", "--yes", "--project", str(disk))

    assert said.status == 0, said.err
    assert set(os.listdir(disk)) == {"pyproject.toml", "nox"}


def test_where_a_file_system_is_mounted_the_hint_adopts_what_is_there(
    here: Path, base: Path, wheel: Path, home_of: Home, mounts: Mounts, run: Runner
) -> None:
    disk = mounts.bind(write_real_environment(base / "volume", wheel), here / ".venv")

    said = run("adopt", "--yes")

    assert said.status == 1
    assert (
        f"error: `{disk}` could not be removed: a file system is mounted at `{disk}`\nhint: `central-venv adopt "
        in (said.err)
    )
    assert run(*said.err.split("hint: `")[1].split("`")[0].split()[1:]).status == 0
    mounts.unmount(disk)
    assert works(new(home_of))


@pytest.mark.parametrize("end", ["", "\n"], ids=["pipenv", "virtualenvwrapper"])
def test_the_note_of_its_project_in_an_environment_keeps_it_not(end: str, old: Path, here: Path, run: Runner) -> None:
    (old / ".project").write_text(f"{here}{end}")

    assert run("adopt", "--yes").status == 0
    assert left(here) == set()


@posix_only
def test_an_environment_on_a_disk_that_nobody_can_write_is_kept(
    small_disk: Path, make_environment: Callable[[Path], Path], run: Runner
) -> None:
    write_tree(small_disk, {"pyproject.toml": ""})
    configuration = f"home = {sys.base_prefix}/bin\nversion = {MINOR}.0\n"
    old = write_tree(
        small_disk / ".venv", {"pyvenv.cfg": configuration, f"lib/python{MINOR}/site-packages/__pycache__/a.pyc": ""}
    )
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    said = run("adopt", "--yes", "--project", str(small_disk))

    assert said.status == 1
    assert f"error: `{old}` cannot be moved out of the way: read-only file system\nhint: " in said.err
    assert f"adopted .venv as {new(Home(Store(str(default_store())), str(small_disk)))}" in said.out
    assert old.exists()


def default_store() -> Path:
    return Path(os.environ["HOME"], ".local/share/central-venv")


# in use


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_the_active_environment_is_refused(
    variable: str, old: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, str(old))

    said = run("adopt", "--yes")

    assert said.status == 1
    assert f"error: `{old}` could not be removed: it is active here\nhint: " in said.err
    assert "`--keep`" in said.err
    assert old.exists()
    assert not new(home_of).exists()


def test_the_active_environment_can_be_adopted_and_kept(
    old: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(old))

    assert run("adopt", "--keep").status == 0
    assert works(new(home_of))


def test_the_environment_that_this_program_runs_from_is_refused(
    old: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "prefix", str(old))

    assert "it is active here" in run("adopt", "--yes").err
    assert old.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what a process runs from")
def test_an_environment_that_a_process_runs_from_is_refused(old: Path, run: Runner) -> None:
    command = [program_path(str(old), "python"), "-c", "print('up', flush=True); input()"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()

        said = run("adopt", "--yes")
        process.communicate(b"\n")

    assert said.status == 1
    assert f"`{old}` could not be removed: process {process.pid} runs from it" in said.err
    assert old.exists()


@pytest.mark.skipif(sys.platform != "linux", reason="Linux tells what a process runs from")
def test_an_environment_that_came_into_use_meanwhile_stays(
    old: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def agreed(_: str) -> bool:
        monkeypatch.setenv("VIRTUAL_ENV", str(old))
        return True

    monkeypatch.setattr(command, "agreed", agreed)

    said = run("adopt")

    assert said.status == 1
    assert said.err.endswith(f"kept {old}: it is active here\n")
    assert works(new(home_of))
    assert old.exists()


def test_environments_that_cannot_be_looked_at_any_more_are_not_called_removed(
    tox: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    aside = tox.with_name("aside")

    def agreed(_: str) -> bool:
        tox.rename(aside)
        tox.write_text("mine")
        return True

    monkeypatch.setattr(command, "agreed", agreed)

    said = run("adopt")

    assert said.status == 1
    assert "removed" not in said.out + said.err
    assert said.err.endswith(f"kept {tox / 'b'}: what it lay in is a file now\n")
    assert tox.read_text() == "mine"
    assert (aside / "a" / "pyvenv.cfg").exists()


@pytest.mark.parametrize("change", ["install", "uninstall", "file"])
def test_an_environment_that_was_changed_meanwhile_stays(
    change: str, old: Path, base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def agreed(_: str) -> bool:
        if change == "install":
            uv("pip", "install", "--python", old, write_wheel(base, "more"))
        elif change == "uninstall":
            uv("pip", "uninstall", "--python", old, "demo")
        else:
            write_tree(old, {"mine.txt": ""})
        return True

    monkeypatch.setattr(command, "agreed", agreed)

    said = run("adopt")

    assert said.status == 1
    assert said.err.endswith(f"kept {old}: it was changed since it was looked at\n")
    assert old.exists()


@pytest.mark.parametrize("what", [".venv", ".tox", ".tox/a"])
def test_what_came_into_the_place_in_the_last_moment_is_put_back(
    what: str, old: Path, tox: Path, here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    place, real = here / what, os.rename
    before = contents(place)

    def rename_another(source: str, target: str) -> None:
        if source == str(here / what.partition("/")[0]):
            monkeypatch.setattr(os, "rename", real)
            real(place, here / "looked-at")
            shutil.copytree(here / "looked-at", place, symlinks=True)
            write_tree(place, {"mine": "precious"})
        real(source, target)

    monkeypatch.setattr(os, "rename", rename_another)

    said = run("adopt", what.partition("/")[0], "--yes")

    assert said.status == 1
    assert "is another one than was looked at, so it stays\n" in said.err
    assert contents(place) == {**before, "mine": b"precious"}
    assert left(here) == {".venv", ".tox", "looked-at"}
    assert (old.exists(), tox.exists()) == (True, True)


TAKEN = ".central-venv-taken-{:x}-0123abcd"
DEAD = 1 << 22  # no process has this number


@pytest.mark.usefixtures("old")
def test_what_a_killed_removal_had_not_looked_at_is_put_back(here: Path, home_of: Home, run: Runner) -> None:
    taken = write_tree(here / TAKEN.format(DEAD), {".gitignore": "*\n", ".1a-0123abcd.tmp": "", "venv/mine": ""})

    assert run("adopt", "--yes").status == 0
    assert not taken.exists()
    assert left(here) == {"venv"}
    assert listing(here / "venv") == {"mine"}


@pytest.mark.usefixtures("old")
def test_what_cannot_be_put_back_is_told_and_stays(here: Path, run: Runner) -> None:
    taken = write_tree(here / TAKEN.format(DEAD), {".venv/mine": ""})

    said = run("adopt", "--yes")

    assert f"error: `{taken / '.venv'}` was `{here / '.venv'}`, where something else is now\n" in said.err
    assert listing(taken) == {".venv", ".venv/mine"}


@posix_only
def test_what_a_removal_is_looking_at_is_left_to_it(here: Path, run: Runner) -> None:
    taken = write_tree(here / TAKEN.format(os.getppid()), {"venv/mine": ""})

    run("adopt", "--yes")

    assert listing(taken) == {"venv", "venv/mine"}


def test_nothing_is_put_back_where_nothing_is_to_be_done(here: Path, run: Runner) -> None:
    write_tree(here / TAKEN.format(DEAD), {"venv/mine": ""})
    before = contents(here)

    run("adopt", "--dry-run")

    assert contents(here) == before


@pytest.mark.parametrize("how", ["clean", "by hand"])
def test_the_old_one_is_not_removed_without_a_new_one(
    how: str, old: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def agreed(_: str) -> bool:
        if how == "clean":
            done = subprocess.run([sys.executable, "-m", "central_venv", "clean", "--yes"], check=False)
            assert done.returncode == 1
        else:
            shutil.rmtree(new(home_of))
        return True

    monkeypatch.setattr(command, "agreed", agreed)

    said = run("adopt")

    if how == "clean":
        assert said.status == 0, said.err
        assert works(new(home_of))
    else:
        assert said.status == 1
        assert said.err.endswith(f"kept {old}: the new one is gone\n")
        assert old.exists()
    assert user_of(home_of.environment("project", ".venv").uses.directory) is None


@pytest.mark.parametrize("came", ["environment", "file"])
def test_what_came_into_a_directory_of_environments_meanwhile_stays(
    came: str, tox: Path, wheel: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def agreed(_: str) -> bool:
        if came == "environment":
            write_real_environment(tox / "new", wheel)
        else:
            write_tree(tox, {"new": "mine"})
        return True

    monkeypatch.setattr(command, "agreed", agreed)

    said = run("adopt")

    assert said.status == 0, said.err
    assert f"\n{tox} stays: something came into it since it was looked at\n" in said.err
    assert sorted(os.listdir(tox)) == [".gitignore", ".tmp", "CACHEDIR.TAG", "c", "log", "new"]
    assert works(new(home_of, "tox", "b"))


def test_a_directory_that_only_looks_like_a_runners_stays(tox: Path, run: Runner) -> None:
    write_tree(tox, {"mine/tmp/r": "mine", "mine2/log/r": "mine"})

    said = run("adopt", "--yes")

    assert said.status == 0, said.err
    assert sorted(os.listdir(tox)) == [".gitignore", ".tmp", "CACHEDIR.TAG", "c", "log", "mine", "mine2"]


# two at once, killed, interrupted


def test_an_environment_that_somebody_else_adopted_meanwhile_is_adopted(
    old: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def agreed(_: str) -> bool:
        shutil.rmtree(old)
        return True

    monkeypatch.setattr(command, "agreed", agreed)

    said = run("adopt")

    assert said.status == 0, said.err
    assert works(new(home_of))


def test_an_environment_that_goes_while_it_is_looked_at_is_not_adopted_in_part(
    old: Path, home_of: Home, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    def installed_meanwhile(path: str) -> object:
        found = installed(path)
        old.rename(old.with_name("away"))
        found.distributions.clear()
        return found

    monkeypatch.setattr("central_venv.adoption.frozen.installed", installed_meanwhile)

    assert run("adopt", "--yes").status == 1
    assert not os.path.lexists(new(home_of))


@pytest.mark.usefixtures("tox", "old")
def test_two_at_once_both_succeed_or_find_nothing_left(here: Path, home_of: Home) -> None:
    words = [sys.executable, "-m", "central_venv", "adopt", "--yes"]
    both = [subprocess.Popen(words, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120) for process in both]

    assert 0 in {process.returncode for process in both}
    for process, (_, errors) in zip(both, said, strict=True):
        assert "Traceback" not in errors
        assert process.returncode == 0 or errors == f"there is no environment in the tree of {here}\n", errors
    assert left(here) == set()
    for runner, name in [("project", ".venv"), ("tox", "a"), ("tox", "b")]:
        assert works(new(home_of, runner, name))


@pytest.mark.parametrize("place", ["", ".tox"])
def test_what_a_killed_removal_left_is_removed_by_the_next(
    place: str, tox: Path, here: Path, home_of: Home, run: Runner
) -> None:
    leftover = write_tree(here / place / LEFTOVER, {".gitignore": "*\n", "lib/a": ""})
    similar = write_tree(here / f"{LEFTOVER}x", {"mine": ""})

    said = run("adopt", "--yes")

    assert said.status == 0, said.err
    assert f"  {leftover} is what a removal left that was broken off\n" in said.err
    assert left(here) == {similar.name}


def test_what_a_killed_removal_left_is_removed_by_the_same_command(here: Path, run: Runner) -> None:
    write_tree(here / LEFTOVER, {".venv/a": ""})

    said = run("adopt", ".venv", "--yes")

    assert said.status == 1
    assert f"error: there is no environment `{here / '.venv'}`\n" in said.err
    assert left(here) == set()


def test_what_a_killed_removal_left_is_removed_alone(here: Path, run: Runner) -> None:
    write_tree(here / LEFTOVER, {"lib/a": ""})

    said = run("adopt", answer="y\n")

    assert said.status == 0, said.err
    assert "remove what 1 removal left that had been broken off, " in said.err
    assert left(here) == set()


@posix_only
def test_a_link_is_nothing_that_a_removal_left(here: Path, base: Path, run: Runner) -> None:
    precious = write_tree(base / "precious", {"a": ""})
    (here / LEFTOVER).symlink_to(precious)

    assert run("adopt", "--yes").status == 1
    assert (here / LEFTOVER).is_symlink()
    assert listing(precious) == {"a"}


@pytest.fixture
def small(here: Path, base: Path, wheel: Path) -> Callable[[], Path]:
    """Makes an environment of as few files as will do, because the removal of each is a step."""
    (info,) = write_real_environment(base / "made", wheel).rglob("*.dist-info")
    configuration = f"home = {sys.base_prefix}/bin\nversion = {MINOR}.0\n"

    def make() -> Path:
        path = write_tree(here / ".venv", {"pyvenv.cfg": configuration})
        shutil.copytree(info, path / "lib" / info.parents[1].name / "site-packages" / info.name)
        return path

    return make


@posix_only
def test_an_adoption_killed_while_it_makes_the_new_one_loses_nothing_and_is_finished_by_the_next(
    small: Callable[[], Path], home_of: Home, run: Runner
) -> None:
    old = small()
    before = contents(old)

    steps = 0
    for _ in crash.kills("adopt", "--keep"):
        steps += 1
        assert contents(old) == before
        assert run("adopt", "--keep").status == 0
        assert works(new(home_of))
        assert list(installed(str(new(home_of))).distributions) == ["demo"]
        assert run("clean", "--yes").status == 0

    assert steps > 15
    assert contents(old) == before


@posix_only
@pytest.mark.skipif(shutil.which("git") is None, reason="needs git")
def test_an_adoption_killed_while_it_removes_the_old_one_is_finished_by_the_next(
    small: Callable[[], Path], here: Path, home_of: Home, run: Runner
) -> None:
    git = ["git", "--no-optional-locks", "-C", str(here)]
    subprocess.run([*git, "init", "--quiet"], check=True)
    subprocess.run([*git, "add", "."], check=True)
    before = left(here)
    held = contents(small())
    assert run("adopt", "--keep").status == 0

    steps, away = 0, 0
    for _ in crash.kills("adopt", "--yes"):
        steps += 1
        old = here / ".venv"
        if old.exists():
            assert contents(old) == held, "what is there is whole"
        else:
            away += 1
            shown = subprocess.run([*git, "status", "--short"], check=True, capture_output=True, text=True).stdout
            assert shown == "A  pyproject.toml\n"
        run("adopt", "--yes")  # says so if nothing is left
        assert left(here) == before
        assert works(new(home_of))
        small()

    assert steps > 10
    assert away > 5
