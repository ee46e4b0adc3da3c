"""Where tox's files go, and that the user's own choice wins."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    from support.hosts import Host
    from support.tox import Tox


INI = "[testenv]\nskip_install = true\ncommands = python -c pass\n"
TOML = '[env_run_base]\nskip_install = true\ncommands = [["python", "-c", "pass"]]\n'


def chosen_dir(tox: Tox, project: Path, *arguments: str, **variables: str) -> Path:
    """Where `tox config` says that environment `py` lies."""
    answer = tox.run("config", "-e", "py", "-k", "env_dir", *arguments, cwd=project, **variables)
    assert answer.status == 0, answer.text
    line = next(line for line in answer.out.splitlines() if line.startswith("env_dir"))
    return Path(line.partition("=")[2].strip())


@pytest.mark.every_release
def test_environments_go_to_the_store_and_the_project_stays_clean(
    tox: Tox, project: Path, work_dir: Callable[[Path], Path]
) -> None:
    before = listing(project)

    result = tox.run("run", cwd=project)

    assert result.status == 0, result.text
    assert listing(project) == before
    assert (work_dir(project) / "a" / "pyvenv.cfg").is_file()
    assert (work_dir(project) / "b" / "pyvenv.cfg").is_file()


def test_commands_see_the_central_directories(tox: Tox, tmp_path: Path, work_dir: Callable[[Path], Path]) -> None:
    show = "import os; print(*(os.environ[v] for v in ('TOX_WORK_DIR', 'TOX_ENV_DIR')), '{work_dir}', '{toxworkdir}')"
    ini = f'[testenv]\nskip_install = true\ncommands = python -c "{show}"\n'
    project = write_tree(tmp_path / "project", {"tox.ini": ini})

    result = tox.run("run", "-e", "py", cwd=project)

    central = work_dir(project)
    assert f"{central} {central}/py {central} {central}" in result.out


def test_listing_and_configuration_write_no_environment(tox: Tox, project: Path, store: Path) -> None:
    listed = tox.run("list", cwd=project)
    shown = tox.run("config", cwd=project)

    assert (listed.status, shown.status) == (0, 0)
    assert listing(project) == {"tox.ini"}
    assert not store.exists()


def test_a_directory_without_configuration_has_its_home_too(
    tox: Tox, tmp_path: Path, work_dir: Callable[[Path], Path]
) -> None:
    project = write_tree(tmp_path / "bare", {})

    result = tox.run("run", "-e", "py", cwd=project)

    assert result.status == 0, result.text
    assert listing(project) == set()
    (home,) = (path.parent for path in work_dir(write_tree(project, {"tox.ini": INI})).parents[1].glob("*/.tox"))
    assert home.name.startswith("bare-")


@pytest.mark.parametrize("name", ["with space", "Ünïcödé-日本", "with'quote", "with$dollar"])
def test_odd_names_of_projects_work(newest_tox: Tox, tmp_path: Path, name: str) -> None:
    project = write_tree(tmp_path / name, {"tox.ini": INI})

    result = newest_tox.run("run", "-e", "py", cwd=project)

    assert result.status == 0, result.text
    assert listing(project) == {"tox.ini"}
    assert [each["root"] for each in newest_tox.listed(project)] == [str(project)]


def test_a_store_with_spaces_and_foreign_letters_works(tox: Tox, project: Path, tmp_path: Path) -> None:
    store = tmp_path / "mein Speicher ü"

    result = tox.run("run", "-e", "py", cwd=project, CENTRAL_VENV_HOME=str(store))

    assert result.status == 0, result.text
    assert len(list(store.glob("project-*/.tox/py/pyvenv.cfg"))) == 1


@pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")
def test_a_project_behind_a_link_has_the_home_of_its_target(tox: Tox, project: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(project)

    through_link, directly = chosen_dir(tox, link), chosen_dir(tox, project)

    assert through_link == directly


def test_a_run_from_a_sub_directory_uses_the_same_home(
    tox: Tox, project: Path, work_dir: Callable[[Path], Path]
) -> None:
    sub = write_tree(project / "sub", {})

    result = tox.run("run", "-e", "py", "-c", project / "tox.ini", cwd=sub)

    assert result.status == 0, result.text
    assert (work_dir(project) / "py" / "pyvenv.cfg").is_file()


#: How a user can say where tox's files go: files, arguments, variables. `DIR` stands for a directory of the user's.
OVERRIDES = {
    "tox.ini work_dir": ({"tox.ini": f"[tox]\nwork_dir = DIR\n{INI}"}, [], {}),
    "tox.ini toxworkdir": ({"tox.ini": f"[tox]\ntoxworkdir = DIR\n{INI}"}, [], {}),
    "tox.ini in-tree": ({"tox.ini": "[tox]\ntoxworkdir = {toxinidir}/DIR\n" + INI}, [], {}),
    "setup.cfg": ({"setup.cfg": "[tox:tox]\nwork_dir = DIR\n[testenv]\nskip_install = true\n"}, [], {}),
    "pyproject legacy": (
        {"pyproject.toml": f'[tool.tox]\nlegacy_tox_ini = """\n[tox]\nwork_dir = DIR\n{INI}"""\n'},
        [],
        {},
    ),
    "pyproject native": (
        {"pyproject.toml": '[tool.tox]\nwork_dir = "DIR"\n[tool.tox.env_run_base]\nskip_install = true\n'},
        [],
        {},
    ),
    "tox.toml": ({"tox.toml": f'work_dir = "DIR"\n{TOML}'}, [], {}),
    "--workdir": ({"tox.ini": INI}, ["--workdir", "DIR"], {}),
    "TOX_WORK_DIR": ({"tox.ini": INI}, [], {"TOX_WORK_DIR": "DIR"}),
    "TOXWORK_DIR": ({"tox.ini": INI}, [], {"TOXWORK_DIR": "DIR"}),
    "user config.ini": (
        {"tox.ini": INI, "user.ini": "[tox]\nwork_dir = DIR\n"},
        [],
        {"TOX_USER_CONFIG_FILE": "ROOT/user.ini"},
    ),
    "-x for ini": ({"tox.ini": f"[tox]\n{INI}"}, ["-x", "tox.work_dir=DIR"], {}),
    "-x for toml": ({"tox.toml": TOML}, ["-x", "work_dir=DIR"], {}),
}


@pytest.mark.parametrize("way", OVERRIDES)
def test_the_user_wins_by(way: str, tox: Tox, tmp_path: Path, store: Path) -> None:
    files, arguments, variables = OVERRIDES[way]
    wanted = "mine" if "in-tree" in way else str(tmp_path / "mine")
    project = tmp_path / "project"

    def filled(text: str) -> str:
        return text.replace("DIR", wanted).replace("ROOT", str(project))

    write_tree(project, {name: filled(content) for name, content in files.items()})
    result = tox.run(
        "run",
        "-e",
        "py",
        *map(filled, arguments),
        cwd=project,
        **{key: filled(value) for key, value in variables.items()},
    )

    assert result.status == 0, result.text
    assert (project / wanted / "py" / "pyvenv.cfg").is_file()
    assert not store.exists()


def test_an_explicit_env_dir_wins_and_is_not_recorded(tox: Tox, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    project = write_tree(tmp_path / "project", {"tox.ini": f"{INI}env_dir = {mine}\n"})

    result = tox.run("run", "-e", "py", cwd=project)

    assert result.status == 0, result.text
    assert (mine / "pyvenv.cfg").is_file()
    assert tox.environments(project) == {}
    assert listing(project) == {"tox.ini"}


def test_an_explicit_temp_dir_wins(tox: Tox, tmp_path: Path) -> None:
    mine = tmp_path / "mine"
    project = write_tree(tmp_path / "project", {"tox.ini": f"[tox]\ntemp_dir = {mine}\n{INI}"})

    result = tox.run("run", "-e", "py", cwd=project)

    assert result.status == 0, result.text
    assert mine.is_dir()


def test_devenv_goes_where_users_expect_it(tox: Tox, package: Path) -> None:
    before = listing(package)

    result = tox.run("devenv", "-e", "py", cwd=package)

    assert result.status == 0, result.text
    made = {name for name in listing(package) - before if "/" not in name}
    assert made - {".venv"} == {
        "venv"
    }  # old releases let virtualenv write its `.venv` file beside an in-tree environment
    assert tox.environments(package) == {".pkg": "ready"}


def test_the_redirect_to_what_devenv_made_is_left_as_ever(newest_tox: Tox, project: Path) -> None:
    result = newest_tox.run("devenv", "-e", "a", cwd=project)

    assert result.status == 0, result.text
    assert (project / ".venv").read_text(encoding="utf-8").strip() == "venv"


SWITCHES = {
    "variable": ({}, {"CENTRAL_VENV": "0"}),
    "project": ({"pyproject.toml": "[tool.central-venv]\nenabled = false\n"}, {}),
    "tox": ({}, {"TOX_DISABLED_EXTERNAL_PLUGINS": "tox-central-venv"}),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_switched_off_it_is_plain_tox_by(switch: str, tox: Tox, project: Path, store: Path) -> None:
    if switch == "tox" and tox.version < (4, 28):
        pytest.skip("this tox cannot disable a plugin: `TOX_DISABLED_EXTERNAL_PLUGINS` came with 4.28")
    files, variables = SWITCHES[switch]
    write_tree(project, files)

    result = tox.run("run", "-e", "py", cwd=project, **variables)

    assert result.status == 0, result.text
    assert (project / ".tox" / "py" / "pyvenv.cfg").is_file()
    assert not store.exists()


@pytest.mark.parametrize("switch", SWITCHES)
def test_switched_off_the_configuration_is_that_of_plain_tox_by(
    switch: str, newest_tox: Tox, plain_tox: Host, project: Path
) -> None:
    files, variables = SWITCHES[switch]
    write_tree(project, files)

    ours = newest_tox.run("config", "-k", "env_dir", "env_tmp_dir", cwd=project, **variables)
    plain = plain_tox.run("tox", "config", "-k", "env_dir", "env_tmp_dir", cwd=project)

    assert (ours.status, ours.out) == (plain.status, plain.out)


def test_a_nested_tox_of_another_project_inherits_the_work_dir_as_ever(
    newest_tox: Tox, project: Path, tmp_path: Path, work_dir: Callable[[Path], Path]
) -> None:
    inner = write_tree(tmp_path / "inner", {"tox.ini": f"[tox]\nenv_list = c\n{INI}"})
    outer_ini = f"[testenv]\nskip_install = true\nallowlist_externals = *\ncommands = {{env:TOX}} run -c {inner} -e c\n"
    outer = write_tree(tmp_path / "outer", {"tox.ini": outer_ini})

    result = newest_tox.run("run", "-e", "py", cwd=outer, TOX=newest_tox.host.program("tox"))

    assert result.status == 0, result.text
    assert (work_dir(outer) / "c" / "pyvenv.cfg").is_file()
    assert listing(inner) == {"tox.ini"}


def test_version_names_the_store(tox: Tox, tmp_path: Path, store: Path) -> None:
    result = tox.run("--version", cwd=tmp_path)

    assert result.status == 0, result.text
    assert f"with store {store}" in result.out
    assert "tox-central-venv-0.1.0" in result.out
