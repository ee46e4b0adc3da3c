"""Stores that a site's rules choose: whatever was made in one of them is found, listed and removed like all else."""

from __future__ import annotations

import os
import sys
from importlib import invalidate_caches
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from central_venv import load_settings
from central_venv.cli import removal_flow
from central_venv.errors import CentralVenvError, SettingsError
from central_venv.policy.settings import config_files
from central_venv.store.home import Home
from central_venv.store.store import open_store, open_stores
from support.environments import seal, seal_shared
from support.trees import write_tree

if TYPE_CHECKING:
    from support.commands import Runner

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="a module's paths are written with slashes here")


class Site:
    """Two file systems, of which the settings name one, and a project on each.

    Attributes:
        usual: the store that the settings name.
        fast: the store that the rules choose for what lies below `below`.
        below: a directory whose projects have their environments in `fast`.
        module: the name of the module with the rules.
    """

    def __init__(self, base: Path, usual: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        self.usual, self.fast, self.below = usual, base / "fast" / "venvs", base / "fast" / "projects"
        self.module = f"rules_{uuid4().hex}"
        monkeypatch.syspath_prepend(write_tree(base / "modules", {}))
        self._modules = base / "modules"
        self.rule()

    def rule(self, more: str = "") -> None:
        """Write the rules, with some more of them."""
        write_tree(
            self._modules,
            {
                f"{self.module}.py": "from central_venv import hookimpl\n\n@hookimpl\n"
                f"def central_venv_store(root):\n    if root and root.startswith({str(self.below)!r}):\n"
                f"        return {str(self.fast)!r}\n{more}"
            },
        )
        invalidate_caches()
        sys.modules.pop(self.module, None)
        write_tree(Path(config_files()["user"]).parent, {"config.toml": f"policy = ['{self.module}']\n"})

    def project(self, name: str, runner: str = "tox") -> Home:
        """The home of a project on the fast file system, with an environment of a runner."""
        root = str(write_tree(self.below / name, {"pyproject.toml": "[project]\nname = 'x'\nversion = '0'\n"}))
        home = Home(open_store(load_settings(root), root), root)
        seal(home, "py312" if runner == "tox" else ".venv", runner)
        return home

    def forget_rules(self) -> None:
        """Take the module out of the configuration."""
        write_tree(Path(config_files()["user"]).parent, {"config.toml": ""})


@pytest.fixture
def site(base: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> Site:
    return Site(base, store, monkeypatch)


def test_list_shows_what_lies_in_a_chosen_store(site: Site, run: Runner) -> None:
    home = site.project("demo")

    answer = run("list", "--json").answer

    assert answer["stores"] == [str(site.usual), str(site.fast)]
    assert [project["home"] for project in answer["projects"]] == [home.path]


def test_it_shows_it_still_when_the_rules_are_gone(site: Site, run: Runner) -> None:
    home = site.project("demo")
    site.forget_rules()

    assert [project["home"] for project in run("list", "--json").answer["projects"]] == [home.path]


def test_a_store_is_looked_through_once_however_it_is_spelled(site: Site, run: Runner, base: Path) -> None:
    site.project("demo")
    (base / "link").symlink_to(site.fast)
    site.rule(f"\n\n@hookimpl\ndef central_venv_stores():\n    return [{str(base / 'link')!r}]\n")

    assert len(run("list", "--json").answer["projects"]) == 1


def test_prune_removes_the_orphans_of_all_stores(site: Site, run: Runner, home_of: Home) -> None:
    seal(home_of, "py312", "tox")
    homes = [home_of, site.project("gone"), site.project("living")]
    for home in homes[:2]:
        (Path(home.root) / "pyproject.toml").unlink()
        os.rmdir(home.root)

    said = run("prune", "--yes")

    assert said.status == 0, said.err
    assert said.out.startswith("removed 2 environments and 2 homes")
    assert [os.path.lexists(home.path) for home in homes] == [False, False, True]


def test_a_removal_tells_programs_of_all_stores(site: Site, run: Runner, home_of: Home) -> None:
    seal(home_of, "py312", "tox")
    home = site.project("demo")

    answer = run("clean", "--all", "--yes", "--json").answer

    assert answer["stores"] == [str(site.usual), str(site.fast)]
    assert sorted(each["home"] for each in answer["removed"]) == sorted([home.path, home_of.path])
    assert answer["freed"] > 0


def test_a_removal_in_the_background_goes_on_in_all_stores(
    site: Site, run: Runner, home_of: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    seal(home_of, "py312", "tox")
    home = site.project("demo")
    begun: list[str] = []
    monkeypatch.setattr(removal_flow, "empty_in_background", begun.append)

    assert run("clean", "--all", "--yes", "--background").status == 0
    assert begun == [str(site.usual), str(site.fast)]
    assert not os.path.lexists(home.path)
    assert not os.path.lexists(home_of.path)


def test_a_project_in_a_chosen_store_is_removed_by_its_name(site: Site, run: Runner) -> None:
    home = site.project("demo")
    (Path(home.root) / "pyproject.toml").unlink()
    os.rmdir(home.root)

    assert run("clean", "--project", os.path.basename(home.path), "--yes").status == 0
    assert not os.path.lexists(home.path)


def test_what_projects_share_in_a_chosen_store_is_removed_by_its_name(site: Site, run: Runner) -> None:
    home = site.project("demo")
    path = seal_shared(home.store)

    assert run("remove", "@torch", "--yes").status == 0
    assert not path.exists()


@posix_only
@pytest.mark.parametrize("name", ["demo", "@torch"])
def test_a_name_in_a_chosen_store_can_be_activated(site: Site, run: Runner, name: str) -> None:
    home = site.project("demo", "project")
    seal_shared(home.store)

    said = run("activate", name, "--shell", "bash")

    assert said.status == 0, said.err
    assert str(site.fast) in said.out


def test_completion_knows_the_projects_of_all_stores(site: Site, run: Runner) -> None:
    site.project("demo", "project")

    assert run("complete", "activate", "").out.startswith("demo\t")


def test_doctor_looks_into_all_stores(site: Site, run: Runner, here: Path) -> None:
    home = site.project("demo")
    Path(home.record_path).write_text("no record")

    assert home.record_path in run("doctor").out


def test_a_store_that_cannot_be_seen_now_is_told_and_kept_in_mind(site: Site, run: Runner) -> None:
    home = site.project("demo")
    site.fast.rename(site.fast.with_name("unplugged"))
    site.fast.mkdir()

    said = run("list", "--json")
    site.fast.rmdir()
    site.fast.with_name("unplugged").rename(site.fast)

    assert said.answer["projects"] == []
    assert f"error: the store `{site.fast}` cannot be seen now, so what is in it is left out\n" in said.err
    assert [project["home"] for project in run("list", "--json").answer["projects"]] == [home.path]


def test_the_remedy_for_a_store_that_is_gone_works(site: Site) -> None:
    site.project("demo")
    site.fast.rename(site.fast.with_name("gone"))
    problems: list[CentralVenvError] = []
    open_stores(load_settings(None), on_problem=problems.append)

    os.unlink(problems[0].hint.split("`")[1])
    problems.clear()
    open_stores(load_settings(None), on_problem=problems.append)

    assert problems == []


def test_a_damaged_note_of_a_store_is_told_and_the_others_are_looked_through(site: Site, run: Runner) -> None:
    site.project("demo")
    note = site.usual / ".stores" / "0-damaged.json"
    note.write_text("no note")

    said = run("list", "--json")

    assert said.answer["stores"] == [str(site.usual), str(site.fast)]
    assert f"error: the record `{note}` is damaged\n" in said.err


@posix_only
def test_a_chosen_store_that_was_moved_is_mended_from_its_project(
    site: Site, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = site.project("demo")
    monkeypatch.chdir(home.root)
    made_in, site.fast = site.fast, site.fast.with_name("elsewhere")
    made_in.rename(site.fast)
    site.rule()
    (advice,) = [each for each in run("doctor", "--json").answer["findings"] if "is not any more" in each["what"]]

    result = run(*advice["remedy"].strip("`").split()[1:], "--dry-run")

    assert (result.status, result.out) == (0, f"would mend 1 environment in {site.fast}\n")


def test_stores_that_a_module_names_are_looked_through_though_nothing_noted_them(site: Site, run: Runner) -> None:
    home = site.project("demo")
    (note,) = (site.usual / ".stores").iterdir()
    note.unlink()
    site.rule(f"\n\n@hookimpl\ndef central_venv_stores():\n    return [{str(site.fast)!r}, '/not/there']\n")

    said = run("list", "--json")

    assert [project["home"] for project in said.answer["projects"]] == [home.path]
    assert said.err == ""


@posix_only
@pytest.mark.parametrize("answer", ["'/fast'", "5", "[5]", "['fast']"])
def test_a_module_that_names_no_list_of_absolute_paths_is_refused(site: Site, answer: str) -> None:
    site.rule(f"\n\n@hookimpl\ndef central_venv_stores():\n    return {answer}\n")

    with pytest.raises(SettingsError, match="`central_venv_stores` of a policy module"):
        open_stores(load_settings(None), on_problem=lambda _: None)


@posix_only
def test_a_store_that_cannot_be_noted_can_be_used(site: Site, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(base, {"in the way": ""})
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(base / "in the way" / "store"))

    assert os.path.isdir(site.project("demo").path)


def test_the_second_use_of_a_chosen_store_writes_no_note(site: Site) -> None:
    site.project("demo")
    (note,) = (site.usual / ".stores").iterdir()
    written = note.stat().st_mtime_ns, note.stat().st_ino

    site.project("demo")

    assert (note.stat().st_mtime_ns, note.stat().st_ino) == written


def test_without_rules_nothing_is_noted(home_of: Home, store: Path) -> None:
    home_of.prepare()

    assert not (store / ".stores").exists()


def test_info_and_config_name_the_store_in_force_and_who_chose_it(site: Site, run: Runner) -> None:
    root = site.project("demo").root

    stored = {setting["key"]: setting for setting in run("config", "--project", root, "--json").answer["settings"]}

    assert f"store    {site.fast} (policy: {site.module})\n" in run("info", "--project", root).out
    assert stored["store"] == {
        "key": "store",
        "value": str(site.fast),
        "origin": {"kind": "policy", "name": site.module},
    }


def test_info_and_config_name_the_settings_where_the_rules_leave_it_to_them(
    site: Site, run: Runner, here: Path
) -> None:
    stored = {setting["key"]: setting for setting in run("config", "--json").answer["settings"]}

    assert f"store    {site.usual} (default)\n" in run("info").out
    assert stored["store"]["value"] == str(site.usual)
