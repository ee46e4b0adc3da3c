"""How often the command line is called: never at a prompt, once for what is new."""

from __future__ import annotations

import os
import subprocess
import time
from typing import TYPE_CHECKING

import pytest
from support.mise import CREATE, ENABLED, PYPROJECT, kept_answers, let_pass, old_tree, settle
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.mise import Mise


def later(path: Path) -> None:
    """Make a file look as if it was written a minute later: mise knows whole seconds."""
    time = path.stat().st_mtime + 60
    os.utime(path, (time, time))


def calls_of(mise: Mise, *directories: Path) -> list[int]:
    """How many calls each run costs, one after the other."""
    calls = []
    for directory in directories:
        mise.env(directory)
        calls.append(mise.called())
    return calls


def test_the_first_entry_costs_one_call_and_the_next_ones_none(mise: Mise, project: Path) -> None:
    assert calls_of(mise, project, project, project) == [1, 0, 0]


def test_each_way_into_a_known_project_costs_none(mise: Mise, project: Path) -> None:
    write_tree(project, {"mise.toml": f'{CREATE}[tasks.nothing]\nrun = "true"\n'})
    settle(project)
    mise.env(project)
    mise.called()

    for words in (["env"], ["exec", "--", "true"], ["run", "nothing"], ["hook-env", "-s", "bash"]):
        assert mise.run(*words, cwd=project).status == 0
        assert mise.called() == 0, words


def test_a_project_that_was_left_is_still_known(mise: Mise, project: Path, tmp_path: Path) -> None:
    other = old_tree(tmp_path / "other", {"pyproject.toml": PYPROJECT, "mise.toml": ENABLED})

    assert calls_of(mise, project, other, tmp_path, project, other) == [1, 1, 0, 0, 0]


def test_a_directory_of_a_known_project_costs_none(mise: Mise, project: Path) -> None:
    inner = write_tree(project / "src", {"demo.py": ""})

    assert calls_of(mise, project, inner) == [1, 0]


def test_what_is_known_of_a_project_does_not_grow_old(newest_mise: Mise, project: Path) -> None:
    newest_mise.env(project)
    newest_mise.called()

    let_pass(100_000_000)

    assert calls_of(newest_mise, project) == [0]


def test_a_project_that_is_turned_off_costs_one_call(newest_mise: Mise, project: Path) -> None:
    old_tree(project, {"pyproject.toml": f"{PYPROJECT}[tool.central-venv]\nenabled = false\n"})

    assert calls_of(newest_mise, project, project) == [1, 0]


def test_a_project_that_was_written_just_now_is_asked_about_each_time(newest_mise: Mise, project: Path) -> None:
    newest_mise.limit(MOMENT=60, SETTLED=7200)  # as if `project` was new

    assert calls_of(newest_mise, project, project) == [1, 1]


def test_what_was_changed_twice_within_one_second_is_noticed(newest_mise: Mise, project: Path) -> None:
    settings = project / "pyproject.toml"
    off = f"{PYPROJECT}[tool.central-venv]\nenabled = false\n"
    found = []
    for text in (off, PYPROJECT):
        settings.write_text(text)
        now = int(time.time())
        os.utime(settings, (now, now))
        found.append("UV_PROJECT_ENVIRONMENT" in newest_mise.env(project))

    assert found == [False, True]


def test_a_project_whose_files_have_settled_is_known_from_then_on(newest_mise: Mise, project: Path) -> None:
    write_tree(project, {"pyproject.toml": PYPROJECT})
    newest_mise.env(project)
    settle(project)
    newest_mise.called()

    settled = calls_of(newest_mise, project)
    let_pass(3600)
    after = calls_of(newest_mise, project)

    assert (settled, after) == ([1], [0])


CHANGES: dict[str, Callable[[Path, Path], object]] = {
    "pyproject.toml": lambda project, _: later(project / "pyproject.toml"),
    "workspace": lambda project, _: old_tree(project.parent, {"pyproject.toml": PYPROJECT}),
    "configuration": lambda _, home: old_tree(home / ".config/central-venv", {"config.toml": "per-python = true\n"}),
    ".python-version": lambda project, _: old_tree(project, {".python-version": "3.12\n"}),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_the_answer_depends_on_costs_one_call_when_it_changes(
    change: str, newest_mise: Mise, project: Path, home: Path
) -> None:
    newest_mise.env(project)
    newest_mise.called()

    CHANGES[change](project, home)

    assert calls_of(newest_mise, project, project) == [1, 0]


def test_the_use_of_a_known_environment_is_noted_without_a_call(mise: Mise, project: Path, store: Path) -> None:
    old_tree(project, {"mise.toml": CREATE})
    mise.env(project)
    (record,) = store.glob("project-*/.central-venv/project/*.json")
    os.utime(record, (9, 9))
    mise.called()

    calls = calls_of(mise, project)

    assert calls == [0]
    assert record.stat().st_mtime > 9


def test_the_use_of_an_environment_is_noted_once_an_hour(newest_mise: Mise, project: Path, store: Path) -> None:
    old_tree(project, {"mise.toml": CREATE})
    newest_mise.env(project)
    (record,) = store.glob("project-*/.central-venv/project/*.json")
    recently = record.stat().st_mtime - 1800
    os.utime(record, (recently, recently))

    newest_mise.env(project)

    assert record.stat().st_mtime == recently


def test_an_upgraded_command_line_is_asked_once(newest_mise: Mise, project: Path) -> None:
    newest_mise.env(project)
    newest_mise.called()

    later(newest_mise.command)

    assert calls_of(newest_mise, project, project) == [1, 0]
    assert len(kept_answers()) == 1


def test_an_upgraded_command_line_on_the_path_is_asked_once(
    newest_mise: Mise, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (newest_mise.plugin / "lib" / "command.lua").unlink()
    monkeypatch.setenv("PATH", f"{newest_mise.command.parent}:{os.environ['PATH']}")
    newest_mise.env(project)
    newest_mise.called()

    later(newest_mise.command)

    assert calls_of(newest_mise, project, project) == [1, 0]


def generations(link: Path, **files: tuple[str, str]) -> Path:
    """Two directories with files of equal times and sizes, and a link to the first one."""
    for number in range(2):
        directory = link.with_name(f"generation-{number}")
        for path, text in ((directory / name, texts[number]) for name, texts in files.items()):
            write_tree(path.parent, {path.name: text})
            path.chmod(0o755)
            os.utime(path, (1, 1))  # as in the store of Nix
    link.symlink_to("generation-0")
    return link


def switch(link: Path) -> None:
    """Let a link lead to the second directory, in one step."""
    new = link.with_name("new")
    new.symlink_to("generation-1")
    new.rename(link)


def test_a_configuration_of_another_generation_with_equal_times_costs_one_call(
    newest_mise: Mise, project: Path, home: Path
) -> None:
    old_tree(project, {".python-version": "3.12\n"})
    link = home / ".config" / "central-venv"
    generations(link, **{"config.toml": ("per-python = false\n", "per-python =  true\n")})
    before = newest_mise.env(project)["UV_PROJECT_ENVIRONMENT"]
    newest_mise.called()

    switch(link)

    assert newest_mise.env(project)["UV_PROJECT_ENVIRONMENT"] == f"{before}-3.12"
    assert newest_mise.called() == 1
    assert calls_of(newest_mise, project) == [0]


def test_a_command_line_of_another_generation_with_equal_times_is_asked_once(
    newest_mise: Mise, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = newest_mise.command.read_text()
    link = generations(tmp_path / "profile", **{"central-venv": (script, script)})
    (newest_mise.plugin / "lib" / "command.lua").unlink()
    monkeypatch.setenv("PATH", f"{link}:{os.environ['PATH']}")
    newest_mise.env(project)
    newest_mise.called()

    switch(link)

    assert calls_of(newest_mise, project, project) == [1, 0]


def test_a_file_that_another_one_with_its_time_and_size_replaced_costs_one_call(
    newest_mise: Mise, project: Path
) -> None:
    settings = project / "pyproject.toml"
    texts = [f"{PYPROJECT}[tool.central-venv]\nenabled = {value}\n" for value in (" true", "false")]
    old_tree(project, {"pyproject.toml": texts[0], "new": texts[1]})
    for path in (settings, project / "new"):
        os.utime(path, (1, 1))
    newest_mise.env(project)
    newest_mise.called()

    (project / "new").rename(settings)  # as `rsync --times` does

    assert "UV_PROJECT_ENVIRONMENT" not in newest_mise.env(project)
    assert newest_mise.called() == 1


def test_a_configuration_that_is_a_link_itself_costs_no_further_call(
    newest_mise: Mise, project: Path, home: Path
) -> None:
    target = old_tree(home / "dotfiles", {"config.toml": "per-python = false\n"}) / "config.toml"
    (home / ".config" / "central-venv").mkdir(parents=True)
    (home / ".config" / "central-venv" / "config.toml").symlink_to(target)

    assert calls_of(newest_mise, project, project) == [1, 0]


def test_where_the_shell_says_to_be_elsewhere_the_current_directory_counts(newest_mise: Mise, project: Path) -> None:
    for name in ("a", "b"):
        old_tree(project / name, {"pyproject.toml": PYPROJECT})
    of_a, of_b = (newest_mise.env(project / name)["UV_PROJECT_ENVIRONMENT"] for name in ("a", "b"))

    found = newest_mise.env(project / "b", PWD=str(project / "a"))

    assert of_a != of_b == found["UV_PROJECT_ENVIRONMENT"]


def test_where_no_program_tells_files_apart_an_answer_holds_for_one_run(
    newest_mise: Mise, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path / "bin", {"stat": "#!/bin/sh\nexit 1\n"})
    (tmp_path / "bin" / "stat").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    newest_mise.limit(MOMENT=60)

    assert calls_of(newest_mise, project, project) == [1, 1]


def test_another_store_costs_one_call(newest_mise: Mise, project: Path, tmp_path: Path) -> None:
    newest_mise.env(project)
    newest_mise.called()

    found = newest_mise.env(project, CENTRAL_VENV_HOME=str(tmp_path / "elsewhere"))

    assert newest_mise.called() == 1
    assert found["UV_PROJECT_ENVIRONMENT"].startswith(str(tmp_path / "elsewhere"))


def test_an_environment_of_the_users_own_is_noticed_and_left_again(
    newest_mise: Mise, project: Path, tmp_path: Path
) -> None:
    own = write_tree(tmp_path / "own", {"pyvenv.cfg": "home = /usr/bin\n"})
    before = newest_mise.env(project)

    found = newest_mise.env(project, UV_PROJECT_ENVIRONMENT=str(own))
    again = newest_mise.env(project)

    assert found["VIRTUAL_ENV"] == str(own)
    assert again["UV_PROJECT_ENVIRONMENT"] == before["UV_PROJECT_ENVIRONMENT"]


def test_what_was_answered_before_is_no_choice_of_the_users(newest_mise: Mise, project: Path) -> None:
    path = newest_mise.env(project)["UV_PROJECT_ENVIRONMENT"]
    newest_mise.called()

    newest_mise.env(project, UV_PROJECT_ENVIRONMENT=path)

    assert newest_mise.called() == 0


def test_an_answer_from_the_future_is_not_believed(newest_mise: Mise, project: Path) -> None:
    newest_mise.env(project)
    newest_mise.called()

    let_pass(-3600)

    assert calls_of(newest_mise, project) == [1]


def test_an_environment_that_comes_or_goes_is_noticed(newest_mise: Mise, project: Path) -> None:
    before = newest_mise.env(project)
    path = before["UV_PROJECT_ENVIRONMENT"]

    write_tree(project, {"mise.toml": CREATE})
    with_one = newest_mise.env(project)
    write_tree(project, {"mise.toml": ENABLED})
    seen = newest_mise.env(project)
    os.remove(f"{path}/pyvenv.cfg")
    after = newest_mise.env(project)

    assert [found.get("VIRTUAL_ENV") for found in (before, with_one, seen, after)] == [None, path, path, None]


def test_an_environment_that_was_removed_is_made_again(newest_mise: Mise, project: Path) -> None:
    write_tree(project, {"mise.toml": CREATE})
    path = newest_mise.env(project)["VIRTUAL_ENV"]
    os.remove(f"{path}/pyvenv.cfg")

    found = newest_mise.env(project)

    assert found["VIRTUAL_ENV"] == path
    assert os.path.exists(f"{path}/pyvenv.cfg")


def test_an_environment_whose_python_is_gone_is_made_anew(newest_mise: Mise, project: Path) -> None:
    old_tree(project, {"mise.toml": CREATE})
    python = f"{newest_mise.env(project)['VIRTUAL_ENV']}/bin/python"
    os.remove(python)
    os.symlink("/nowhere/python", python)

    newest_mise.env(project)

    assert subprocess.run([python, "-c", ""], check=False).returncode == 0


def test_a_conda_environment_is_known_from_the_first_entry_on(newest_mise: Mise, project: Path) -> None:
    path = newest_mise.env(project)["UV_PROJECT_ENVIRONMENT"]
    os.makedirs(f"{path}/conda-meta")
    newest_mise.called()

    assert calls_of(newest_mise, project, project) == [1, 0]
    assert newest_mise.env(project)["VIRTUAL_ENV"] == path


def test_a_sites_own_rules_are_asked_once_for_each_run(
    newest_mise: Mise, project: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    modules = write_tree(home / "modules", {"site_rules.py": "from central_venv import hookimpl\n"})
    old_tree(home / ".config" / "central-venv", {"config.toml": 'policy = ["site_rules"]\n'})
    monkeypatch.setenv("PYTHONPATH", str(modules))
    newest_mise.limit(MOMENT=60)

    assert calls_of(newest_mise, project, project) == [1, 1]


def test_no_unfinished_answer_is_left(newest_mise: Mise, project: Path) -> None:
    newest_mise.env(project)
    (kept,) = kept_answers()
    kept.unlink()
    kept.mkdir()  # nothing can be put in its place

    newest_mise.env(project)

    assert kept_answers() == [kept]
