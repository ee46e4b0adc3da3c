"""Where hatch's environments go, and that the user's own choice wins."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from support.hatch import BARE, COLLECTOR, PACKAGE
from support.hosts import SCRIPTS
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.hatch import Hatch
    from support.hosts import Host

posix = pytest.mark.skipif(sys.platform == "win32", reason="links need a privilege there")

SHORT_VERSION = ".".join(map(str, sys.version_info[:2]))

#: Environments of each kind, beside the default one.
KINDS = """
[tool.hatch.envs.docs]

[tool.hatch.envs.alone]
template = "alone"
detached = true
installer = "uv"

[[tool.hatch.envs.tests.matrix]]
python = ["RUNNING", "3.99"]
""".replace("RUNNING", SHORT_VERSION)

OF_PROJECT = ["default", "docs", "alone", f"tests.py{SHORT_VERSION}", "tests.py3.99"]
INTERNAL = [f"hatch-test.py{SHORT_VERSION}", "hatch-build", "hatch-static-analysis", "hatch-uv"]

#: A script with an environment of its own.
SCRIPT = """
# /// script
# dependencies = []
# [tool.hatch]
# type = "central"
# ///
import sys
print(sys.prefix)
"""

SAY_PREFIX = ("run", "python", "-c", "import sys; print(sys.prefix)")


@pytest.fixture
def many(tmp_path: Path) -> Path:
    """A project with environments of each kind, all of them in the store."""
    return write_tree(tmp_path / "project", {"pyproject.toml": f"{BARE}{KINDS}{COLLECTOR}"})


def project_with(tmp_path: Path, text: str) -> Path:
    """A project that is no package."""
    return write_tree(tmp_path / "project", {"pyproject.toml": text})


def environments_in(directory: Path) -> set[str]:
    """The directories of the environments somewhere below a directory."""
    return {str(marker.parent.relative_to(directory)) for marker in directory.rglob("pyvenv.cfg")}


@pytest.mark.parametrize("name", [*OF_PROJECT, *INTERNAL])
def test_the_collector_covers(name: str, hatch: Hatch, many: Path) -> None:
    assert hatch.find(name, cwd=many) == hatch.directory(many) / name


def test_finding_and_showing_write_nothing(newest_hatch: Hatch, many: Path, home: Path) -> None:
    newest_hatch.find("default", cwd=many)
    newest_hatch.shown(cwd=many)

    assert not [name for name in listing(home) if "central-venv" in name]
    assert listing(many) == {"pyproject.toml"}


def test_environments_are_in_the_store_only(hatch: Hatch, many: Path, home: Path) -> None:
    results = [hatch.run("env", "create", name, cwd=many) for name in ("default", "alone", "hatch-build")]

    assert [result.status for result in results] == [0] * 3, results
    directory = hatch.directory(many)
    names = {"default", "alone", "hatch-build"}
    assert environments_in(home) == {str((directory / name).relative_to(home)) for name in names}
    assert listing(many) == {"pyproject.toml"}


def test_a_project_that_hatch_installs_stays_clean(hatch: Hatch, tmp_path: Path) -> None:
    files = {"pyproject.toml": f"{PACKAGE}{COLLECTOR}", "demo.py": ""}
    project = write_tree(tmp_path / "project", files)

    result = hatch.run("run", "python", "-B", "-c", "import demo; print(demo.__file__)", cwd=project)

    assert (result.status, result.out) == (0, f"{project / 'demo.py'}\n"), result.text
    assert listing(project) == {"pyproject.toml", "demo.py"}


def test_of_a_matrix_the_environments_whose_pythons_are_found_are_made(newest_hatch: Hatch, many: Path) -> None:
    result = newest_hatch.run("env", "create", "tests", cwd=many)

    assert result.status == 0, result.text
    assert "tests.py3.99 -> " in result.err
    assert newest_hatch.environments(many) == {f"tests.py{SHORT_VERSION}": "ready"}


@pytest.mark.parametrize("name", ["default", "docs", f"tests.py{SHORT_VERSION}"])
def test_the_type_of_the_default_environment_covers(name: str, newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, f'{BARE}type = "central"\n{KINDS}')

    assert newest_hatch.find(name, cwd=project) == newest_hatch.directory(project) / name


@pytest.mark.parametrize("name", ["alone", "hatch-build", "hatch-static-analysis"])
def test_the_type_of_the_default_environment_does_not_cover(
    name: str, newest_hatch: Hatch, tmp_path: Path, home: Path
) -> None:
    project = project_with(tmp_path, f'{BARE}type = "central"\n{KINDS}')

    place = newest_hatch.find(name, cwd=project)

    assert home / ".local" / "share" / "hatch" in place.parents or sys.platform != "linux"
    assert newest_hatch.shown(cwd=project)[name]["type"] == "virtual"


def test_an_environment_may_be_central_alone(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, f'{BARE}\n[tool.hatch.envs.docs]\ntype = "central"\n')

    types = {name: each["type"] for name, each in newest_hatch.shown(cwd=project).items() if "hatch" not in name}

    assert types == {"default": "virtual", "docs": "central"}
    assert newest_hatch.find("docs", cwd=project) == newest_hatch.directory(project) / "docs"


@pytest.mark.parametrize(
    ("pattern", "excluded"),
    [
        ("docs", {"docs"}),
        ("d*", {"default", "docs"}),
        ("tests", {f"tests.py{SHORT_VERSION}", "tests.py3.99"}),
        ("tests.py3.99", {"tests.py3.99"}),
        ("hatch-build", {"hatch-build"}),
        ("nothing", set()),
    ],
)
def test_excluded_is(pattern: str, excluded: set[str], newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, f'{BARE}{KINDS}{COLLECTOR}exclude = ["{pattern}"]\n')

    stock = {name for name, each in newest_hatch.shown(cwd=project).items() if each["type"] == "virtual"}

    assert stock == excluded


def test_an_excluded_environment_is_where_plain_hatch_has_it(
    newest_hatch: Hatch, plain_hatch: Host, tmp_path: Path, store: Path
) -> None:
    project = project_with(tmp_path, f'{BARE}{KINDS}{COLLECTOR}exclude = ["docs"]\n')
    place = newest_hatch.find("docs", cwd=project)
    created = newest_hatch.run("env", "create", "docs", cwd=project)
    project_with(tmp_path, f"{BARE}{KINDS}")

    plain = plain_hatch.run("hatch", "env", "find", "docs", cwd=project)

    assert plain.out == f"{place}\n"
    assert created.status == 0, created.text
    assert (place / "pyvenv.cfg").is_file()
    assert not store.exists()


@pytest.mark.parametrize("wrong", ['"docs"', "[1]"])
def test_a_wrong_exclusion_is_one_clear_error(wrong: str, newest_hatch: Hatch, tmp_path: Path) -> None:
    project = project_with(tmp_path, f"{BARE}{COLLECTOR}exclude = {wrong}\n")

    result = newest_hatch.run("env", "find", cwd=project, COLUMNS="200")

    assert result.status == 1
    assert "`tool.hatch.env.collectors.central.exclude` must be an array of strings" in result.text
    assert "Traceback" not in result.text


def test_a_path_in_the_configuration_wins(hatch: Hatch, tmp_path: Path, store: Path) -> None:
    project = project_with(tmp_path, f'{BARE}path = ".mine"\n{COLLECTOR}')

    result = hatch.run(*SAY_PREFIX, cwd=project)

    assert (result.status, result.out) == (0, f"{project / '.mine'}\n"), result.text
    assert not store.exists()


def test_a_path_of_a_central_environment_wins(newest_hatch: Hatch, tmp_path: Path, store: Path) -> None:
    project = project_with(tmp_path, f'{BARE}path = ".mine"\ntype = "central"\n')

    result = newest_hatch.run(*SAY_PREFIX, cwd=project)

    assert (result.status, result.out) == (0, f"{project / '.mine'}\n"), result.text
    assert not store.exists()


def test_the_variable_for_a_path_wins(newest_hatch: Hatch, project: Path, tmp_path: Path, store: Path) -> None:
    mine = tmp_path / "mine"

    result = newest_hatch.run(*SAY_PREFIX, cwd=project, HATCH_ENV_TYPE_CENTRAL_PATH=str(mine))

    assert (result.status, result.out) == (0, f"{mine}\n"), result.text
    assert not store.exists()


@pytest.mark.parametrize("kind", ["virtual", "central"])
def test_the_users_own_directory_wins(kind: str, hatch: Hatch, many: Path, tmp_path: Path, store: Path) -> None:
    set_up = hatch.run("config", "set", f"dirs.env.{kind}", tmp_path / "mine", cwd=many)

    result = hatch.run(*SAY_PREFIX, cwd=many)

    assert (set_up.status, result.status) == (0, 0), result.text
    assert result.out.startswith(str(tmp_path / "mine"))
    assert not store.exists()


def test_the_users_own_directory_is_laid_out_as_by_plain_hatch(
    newest_hatch: Hatch, plain_hatch: Host, many: Path, tmp_path: Path
) -> None:
    write_tree(tmp_path, {"config.toml": f"[dirs.env]\nvirtual = '{tmp_path / 'mine'}'\n"})
    variables = {"HATCH_CONFIG": str(tmp_path / "config.toml")}
    names = [*OF_PROJECT, *INTERNAL]
    places = [newest_hatch.find(name, cwd=many, **variables) for name in names]
    project_with(tmp_path, f"{BARE}{KINDS}")

    plain = [plain_hatch.run("hatch", "env", "find", name, cwd=many, **variables).out for name in names]

    assert plain == [f"{place}\n" for place in places]


def test_environments_of_another_type_are_left_alone(hatch: Hatch, tmp_path: Path, store: Path) -> None:
    environments = '[tool.hatch.envs.default]\ntype = "system"\n[tool.hatch.envs.docs]\n'
    project = project_with(tmp_path, f"{environments}{COLLECTOR}")

    types = {name: each["type"] for name, each in hatch.shown(cwd=project).items() if "hatch" not in name}

    assert types == {"default": "system", "docs": "system"}
    assert store not in hatch.find("docs", cwd=project).parents


SWITCHES: dict[str, tuple[str, dict[str, str]]] = {
    "variable": ("", {"CENTRAL_VENV": "0"}),
    "project": ("[tool.central-venv]\nenabled = false\n", {}),
}


@pytest.mark.parametrize("switch", SWITCHES)
def test_switched_off_it_is_plain_hatch_by(
    switch: str, newest_hatch: Hatch, plain_hatch: Host, tmp_path: Path, store: Path
) -> None:
    text, variables = SWITCHES[switch]
    commands = [
        ["env", "show", "--json"],
        ["env", "find", "hatch-static-analysis"],
        ["env", "create", "docs"],
        ["env", "find", "docs"],
        ["env", "remove", "docs"],
    ]
    project = project_with(tmp_path, f"{BARE}{KINDS}{COLLECTOR}{text}")
    ours = [newest_hatch.run(*command, cwd=project, **variables) for command in commands]
    project_with(tmp_path, f"{BARE}{KINDS}{text}")

    plain = [plain_hatch.run("hatch", *command, cwd=project) for command in commands]

    assert ours == plain
    assert not store.exists()


@pytest.mark.parametrize("switch", SWITCHES)
def test_switched_off_a_central_environment_is_no_longer_in_the_store_by(
    switch: str, newest_hatch: Hatch, tmp_path: Path, store: Path
) -> None:
    text, variables = SWITCHES[switch]
    project = project_with(tmp_path, f'{BARE}type = "central"\n{text}')

    result = newest_hatch.run(*SAY_PREFIX, cwd=project, **variables)

    assert result.status == 0, result.text
    assert result.out.endswith(f"{os.sep}demo\n")
    assert not store.exists()


OPT_IN = '\n[tool.hatch.envs.default.overrides]\nenv.CENTRAL_VENV_HATCH.type = { value = "central", if = ["1"] }\n'


@pytest.mark.parametrize(("variables", "kind"), [({}, "virtual"), ({"CENTRAL_VENV_HATCH": "1"}, "central")])
def test_an_override_makes_it_the_choice_of_each_user(
    variables: dict[str, str], kind: str, newest_hatch: Hatch, tmp_path: Path
) -> None:
    project = project_with(tmp_path, BARE + OPT_IN)

    place = newest_hatch.find("default", cwd=project, **variables)

    assert (place == newest_hatch.directory(project) / "default") is (kind == "central")


def test_an_override_needs_no_plugin_where_it_is_not_chosen(plain_hatch: Host, tmp_path: Path) -> None:
    project = project_with(tmp_path, BARE + OPT_IN)

    result = plain_hatch.run("hatch", "env", "find", cwd=project)

    assert result.status == 0, result.text


@pytest.mark.parametrize(
    ("name", "directory"),
    [
        ("a/b", "a%2Fb"),
        ("a%2Fb", "a%252Fb"),
        ("env", "%65nv"),
        ("pythons", "%70ythons"),
        ("environment", "environment"),
    ],
)
def test_a_name_that_is_no_directorys_or_that_hatch_uses_itself_is_quoted(
    name: str, directory: str, newest_hatch: Hatch, tmp_path: Path
) -> None:
    project = project_with(tmp_path, f'{BARE}[tool.hatch.envs."{name}"]\n{COLLECTOR}')

    result = newest_hatch.run("env", "create", name, cwd=project)

    assert result.status == 0, result.text
    assert newest_hatch.find(name, cwd=project) == newest_hatch.directory(project) / directory
    assert newest_hatch.environments(project) == {name: "ready"}


def test_the_environment_of_a_script_is_in_its_own_home(hatch: Hatch, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "scripts", {"one.py": SCRIPT, "two.py": SCRIPT})

    results = [hatch.run("run", name, cwd=project) for name in ("one.py", "two.py")]

    assert [result.status for result in results] == [0, 0], results
    listed = {each["root"]: each["environments"] for each in hatch.listed(project)}
    assert set(listed) == {str(project / "one.py"), str(project / "two.py")}
    assert listed[str(project / "one.py")][0]["path"] == results[0].out.strip()
    assert listed[str(project / "two.py")][0]["path"] == results[1].out.strip()
    assert listing(project) == {"one.py", "two.py"}


def test_the_environment_of_a_script_is_listed_by_a_name_that_says_so(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "scripts", {"one.py": SCRIPT})

    newest_hatch.run("run", "one.py", cwd=project)

    assert newest_hatch.environments(project) == {"script": "ready"}


def test_the_environment_of_a_script_is_used_again(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "scripts", {"one.py": SCRIPT})

    first = newest_hatch.run("run", "one.py", cwd=project)
    second = newest_hatch.run("run", project / "one.py", cwd=tmp_path)

    assert (second.status, second.out, second.err) == (0, first.out, ""), second.text


def test_a_script_is_no_orphan(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "scripts", {"one.py": SCRIPT})
    newest_hatch.run("run", "one.py", cwd=project)

    pruned = newest_hatch.host.run("central-venv", "prune", "--yes", cwd=project)

    assert (pruned.status, pruned.out) == (0, "nothing to remove\n"), pruned.text
    assert [each["state"] for each in newest_hatch.listed(project)] == ["active"]


def test_a_script_that_is_gone_leaves_an_orphan(newest_hatch: Hatch, tmp_path: Path) -> None:
    project = write_tree(tmp_path / "scripts", {"one.py": SCRIPT})
    newest_hatch.run("run", "one.py", cwd=project)
    (project / "one.py").unlink()

    pruned = newest_hatch.host.run("central-venv", "prune", "--yes", cwd=project)

    assert pruned.status == 0, pruned.text
    assert newest_hatch.listed(project) == []


@posix
def test_a_project_behind_a_link_has_the_home_of_its_target(newest_hatch: Hatch, project: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(project)

    assert newest_hatch.find("docs", cwd=link) == newest_hatch.directory(project) / "docs"


def test_the_project_is_the_same_from_a_directory_in_it(newest_hatch: Hatch, project: Path) -> None:
    write_tree(project, {"src/file": ""})

    assert newest_hatch.find("docs", cwd=project / "src") == newest_hatch.directory(project) / "docs"


def test_the_members_of_a_workspace_are_in_the_environment_of_its_root(hatch: Hatch, tmp_path: Path) -> None:
    package = PACKAGE.partition("[tool.")[0]
    files = {"pyproject.toml": f'{BARE}workspace.members = ["members/*"]\n{COLLECTOR}'}
    for name in ("first", "second"):
        files[f"members/{name}/pyproject.toml"] = package.replace('"demo"', f'"{name}"')
        files[f"members/{name}/{name}.py"] = ""
    root = write_tree(tmp_path / "root", files)

    result = hatch.run("run", "python", "-B", "-c", "import first, second, sys; print(sys.prefix)", cwd=root)

    assert (result.status, result.out) == (0, f"{hatch.directory(root) / 'default'}\n"), result.text
    assert hatch.environments(root) == {"default": "ready"}
    assert listing(root) == {"members", "members/first", "members/second", *files}


def test_only_types_differ_from_what_plain_hatch_shows(
    newest_hatch: Hatch, plain_hatch: Host, many: Path, tmp_path: Path
) -> None:
    ours = newest_hatch.shown(cwd=many)
    project_with(tmp_path, f"{BARE}{KINDS}")
    plain = json.loads(plain_hatch.run("hatch", "env", "show", "--json", cwd=many).out)

    assert {each.pop("type") for each in ours.values()} == {"central"}
    assert {each.pop("type") for each in plain.values()} == {"virtual"}
    assert ours == plain


def test_a_table_of_environments_shows_a_matrix_as_central(newest_hatch: Hatch, many: Path) -> None:
    alone = (
        f'[tool.hatch.envs.lint]\ndetached = true\n[[tool.hatch.envs.lint.matrix]]\nversion = ["1", "2"]\n{COLLECTOR}'
    )
    write_tree(many, {"pyproject.toml": f"{BARE}{KINDS}{alone}"})

    result = newest_hatch.run("env", "show", "--ascii", cwd=many)

    assert result.status == 0, result.text
    assert "virtual" not in result.out


@pytest.mark.parametrize("words", [["env", "find"], ["-v", "env", "find"], ["env", "show", "--json"]], ids=" ".join)
def test_the_standard_output_holds_the_answer_only(words: list[str], hatch: Hatch, many: Path) -> None:
    hatch.run("env", "create", cwd=many)
    record = hatch.directory(many).parent / ".central-venv" / "hatch" / "default.json"
    record.write_text(record.read_text().replace('"ready"', '"creating"'))

    result = hatch.run(*words, cwd=many)

    assert result.status == 0, result.text
    assert result.out.count("\n") == 1
    assert result.err == ""


@pytest.mark.parametrize("installer", ["uv", "pip"])
@pytest.mark.parametrize(("name", "prompt"), [("default", "demo"), ("docs", "docs")])
def test_an_activated_shell_shows(name: str, prompt: str, installer: str, hatch: Hatch, tmp_path: Path) -> None:
    text = BARE.replace('"uv"', f'"{installer}"')
    project = project_with(tmp_path, f"{text}{KINDS}{COLLECTOR}")

    result = hatch.run("env", "create", name, cwd=project)

    assert result.status == 0, result.text
    environment = hatch.directory(project) / name
    assert f"prompt = {prompt}\n" in (environment / "pyvenv.cfg").read_text().replace('"', "")
    assert prompt in (environment / SCRIPTS / "activate").read_text()


def test_without_a_name_of_the_project_an_activated_shell_shows_the_directory(
    newest_hatch: Hatch, tmp_path: Path
) -> None:
    project = project_with(tmp_path, f"[tool.hatch.envs.default]{BARE.partition('default]')[2]}{COLLECTOR}")

    result = newest_hatch.run("env", "create", cwd=project)

    assert result.status == 0, result.text
    assert "prompt = project\n" in (newest_hatch.directory(project) / "default" / "pyvenv.cfg").read_text()
