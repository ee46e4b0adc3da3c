"""What `doctor` finds on this machine."""

from __future__ import annotations

import json
import os
import socket
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from central_venv import Home, Store
from central_venv.doctor import MACHINE, NOTE, WRONG, examine
from central_venv.doctor.finding import command
from central_venv.doctor.programs import find_runners
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    Maker = Callable[[Path], Path]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="scripts with a first line are POSIX")

ELSEWHERE = Path("/dev/shm")
REMEDY = "`unset UV_PROJECT_ENVIRONMENT`, and remove it from what your shell reads"


class Said(NamedTuple):
    """A finding."""

    level: str
    what: str
    remedy: str | None


@pytest.fixture(autouse=True)
def empty_machine(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No runner, no uv, and uv's cache on the store's file system."""
    (base / "prefix").mkdir()
    monkeypatch.setattr(sys, "prefix", str(base / "prefix"))
    monkeypatch.setenv("PATH", str(base / "bin"))
    monkeypatch.setenv("UV_CACHE_DIR", str(base / "uv-cache"))


@pytest.fixture
def elsewhere(base: Path) -> Path:
    """A directory on another file system."""
    if not ELSEWHERE.is_dir() or ELSEWHERE.stat().st_dev == base.stat().st_dev:
        pytest.skip("there is no second file system here")
    return ELSEWHERE


def look(root: Path | None = None) -> list[Said]:
    """What is found on this machine."""
    findings = [finding for finding in examine(None if root is None else str(root)) if finding.topic == MACHINE]
    return [Said(finding.level, finding.what, finding.remedy) for finding in findings]


def install(
    prefix: Path,
    *distributions: str,
    program: str = "tox",
    first_line: str | None = None,
    library: str = "lib/python3.12",
) -> Path:
    """Make what looks like tox, or another program, in an environment; returns the script."""
    for name in distributions:
        (prefix / library / "site-packages" / f"{name}.dist-info").mkdir(parents=True)
    line = f"#!{prefix}/bin/python" if first_line is None else first_line
    write_tree(prefix, {f"bin/{program}": f"{line}\nimport {program}\n"})
    (prefix / "bin" / program).chmod(0o755)
    return prefix / "bin" / program


def test_a_machine_with_nothing_special_has_no_findings(project: Path) -> None:
    assert look(project) == []


# uv's cache


def test_uvs_cache_on_another_file_system_is_a_note(
    elsewhere: Path, store: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(elsewhere))

    assert look() == [
        (
            NOTE,
            (
                f"uv's cache `{elsewhere}` and the store `{store}` are on two file systems, so uv copies what it could "
                "link"
            ),
            f"set `UV_CACHE_DIR` to a directory beside the store, such as `{store.parent / 'uv-cache'}`",
        )
    ]


@posix_only
def test_no_cache_is_suggested_on_another_file_system_than_the_store(
    elsewhere: Path, store: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.parent.mkdir(parents=True)
    store.symlink_to(elsewhere)  # as if another file system were mounted there
    (base / "uv-cache").mkdir()

    assert [said.remedy for said in look()] == [
        "set `UV_CACHE_DIR` to a directory on the file system of the store",
    ]


def test_uvs_default_cache_counts_where_none_is_set(
    elsewhere: Path, store: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_CACHE_DIR")
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(elsewhere / "no" / "store"))
    before = look()
    (base / "home" / ".cache" / "uv").mkdir(parents=True)

    assert before == []
    assert [said.what.split("`")[1] for said in look()] == [str(base / "home" / ".cache" / "uv")]


@posix_only
def test_the_users_cache_directory_is_obeyed(
    elsewhere: Path, store: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UV_CACHE_DIR")
    monkeypatch.setenv("XDG_CACHE_HOME", str(base / "cache"))
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(elsewhere / "no" / "store"))
    (base / "cache" / "uv").mkdir(parents=True)

    assert [said.what.split("`")[1] for said in look()] == [str(base / "cache" / "uv")]


@posix_only
def test_a_cache_that_does_not_exist_yet_counts_if_uv_is_there(
    elsewhere: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(elsewhere / "no" / "cache"))
    before = look()
    write_tree(base / "bin", {"uv": "#!/bin/sh\n"})
    (base / "bin" / "uv").chmod(0o755)

    assert before == []
    assert [said.level for said in look()] == [NOTE]


def test_uvs_cache_on_the_stores_file_system_is_fine(base: Path) -> None:
    (base / "uv-cache").mkdir()

    assert look() == []


# variables


@pytest.mark.parametrize("name", [".venv", ".venv-3.12"])
def test_the_projects_own_environment_may_be_exported(
    name: str, project: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(Store(str(store)), str(project))
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", os.path.join(home.path, name))

    assert look(project) == []


@pytest.mark.parametrize("value", ["", ".venv-linux"])
def test_a_relative_environment_for_uv_is_each_projects_own(
    value: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", value)

    assert look(project) == []


@pytest.mark.parametrize("path", [".tox/py312", "other"])
def test_whatever_lies_in_the_projects_own_home_may_be_exported(
    path: str, project: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = Home(Store(str(store)), str(project))
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", os.path.join(home.path, path))

    assert look(project) == []


def test_the_projects_own_environment_in_the_tree_may_be_exported(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", str(project / ".venv"))

    assert look(project) == []


@pytest.mark.parametrize("path", ["shared", "project/other", "project/a/.venv"])
def test_an_environment_for_every_project_is_a_note(
    path: str, project: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = str(base / path)
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", path)

    assert look(project) == [
        (
            NOTE,
            f"`UV_PROJECT_ENVIRONMENT` is `{path}`: uv changes that environment for every project it is called in",
            "unless you want that, `unset UV_PROJECT_ENVIRONMENT`",
        )
    ]


@pytest.mark.parametrize("name", ["@torch", "other", ""])
def test_what_is_in_the_store_but_in_no_home_is_a_note(
    name: str, project: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", str(store / name))

    assert [said.level for said in look(project)] == [NOTE]


def test_an_environment_for_every_project_is_a_note_outside_of_any(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", str(base / "shared"))

    assert [said.level for said in look()] == [NOTE]


def test_without_a_store_the_variable_is_looked_at_all_the_same(
    project: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", "relative")
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", str(base / "shared"))

    assert [said.level for said in look(project)] == [NOTE]


@pytest.mark.parametrize("within", [True, False], ids=["in a project", "outside of any"])
def test_an_environment_in_another_projects_tree_is_wrong(
    within: bool,  # noqa: FBT001
    project: Path,
    base: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = write_tree(base / "other", {"pyproject.toml": ""})
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", str(other / ".venv"))

    assert look(project if within else None) == [
        (
            WRONG,
            (
                f"`UV_PROJECT_ENVIRONMENT` is `{other / '.venv'}`, an environment of `{other}`: "
                "uv changes that environment for every project it is called in"
            ),
            REMEDY,
        )
    ]


@pytest.mark.parametrize("within", [True, False], ids=["in a project", "outside of any"])
def test_another_projects_environment_is_wrong_and_its_project_is_said(
    within: bool,  # noqa: FBT001
    project: Path,
    base: Path,
    store: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    other = Home(Store(str(store)), str(base / "other"))
    other.prepare()
    path = os.path.join(other.path, ".venv")
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", path)

    assert look(project if within else None) == [
        (
            WRONG,
            (
                f"`UV_PROJECT_ENVIRONMENT` is `{path}`, an environment of `{base / 'other'}`: "
                "uv changes that environment for every project it is called in"
            ),
            REMEDY,
        )
    ]


def test_a_home_itself_is_no_environment_for_uv(project: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", Home(Store(str(store)), str(project)).path)

    assert [said.level for said in look(project)] == [WRONG]


@pytest.mark.parametrize("content", [None, "{"], ids=["unrecorded", "damaged"])
def test_an_environment_in_the_home_of_nobody_knows_whom_is_wrong(
    content: str | None, project: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(store / "foo-12345678", {} if content is None else {"project.json": content})
    path = str(store / "foo-12345678" / ".venv")
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", path)

    assert look(project) == [
        (
            WRONG,
            f"`UV_PROJECT_ENVIRONMENT` is `{path}`: uv changes that environment for every project it is called in",
            REMEDY,
        )
    ]


def test_a_record_outside_of_the_store_says_nothing_of_an_environment(
    project: Path, store: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(store.parent, {"project.json": json.dumps({"schema": 1, "root": str(project)})})
    monkeypatch.setenv("UV_PROJECT_ENVIRONMENT", str(store.parent / "x"))

    assert "an environment of" not in look(project)[0].what


def test_an_active_environment_that_is_gone_is_wrong(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(base / "gone"))

    assert look() == [
        (
            WRONG,
            f"`VIRTUAL_ENV` is `{base / 'gone'}`, where there is no environment any more",
            "`deactivate`, or open a new shell",
        )
    ]


def test_an_active_environment_is_fine(base: Path, make_environment: Maker, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VIRTUAL_ENV", str(make_environment(base / "environment")))
    before = look()
    monkeypatch.setenv("VIRTUAL_ENV", "")

    assert (before, look()) == ([], [])


@posix_only
def test_an_active_environment_may_be_named_by_a_link(
    base: Path, make_environment: Maker, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_environment(base / "environment")
    (base / "link").symlink_to(base / "environment")
    monkeypatch.setenv("VIRTUAL_ENV", str(base / "link"))

    assert look() == []


# runners


@posix_only
def test_a_runner_with_its_plugin_is_told(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = install(base / "x", "tox-4.30.0", "tox_central_venv-0.1")
    monkeypatch.setenv("PATH", str(script.parent))

    assert look() == [(NOTE, f"`tox` 4.30.0 in `{base / 'x'}` has `tox-central-venv` 0.1", None)]


@posix_only
@pytest.mark.parametrize(
    ("prefix", "distributions", "remedy"),
    [
        ("pipx/venvs/tox", [], "`pipx inject tox tox-central-venv`"),
        ("pipx/venvs/tox_2", [], "`pipx inject tox_2 tox-central-venv`"),
        ("uv/tools/tox", [], "`uv tool install tox --with tox-central-venv`"),
        ("x", ["pip-26.0"], "`{}/bin/python -m pip install tox-central-venv`"),
        ("x", [], "`uv pip install --python {}/bin/python tox-central-venv`"),
    ],
    ids=["pipx", "pipx with a suffix", "uv tool", "pip", "no pip"],
)
def test_a_runner_without_its_plugin_is_told_with_the_way_to_install_it(
    prefix: str, distributions: list[str], remedy: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = install(base / prefix, "tox-4.30.0", *distributions)
    monkeypatch.setenv("PATH", str(script.parent))

    assert look() == [
        (
            NOTE,
            f"`tox` 4.30.0 in `{base / prefix}` lacks `tox-central-venv`, so its environments go elsewhere",
            remedy.format(base / prefix),
        )
    ]


@posix_only
def test_nox_with_its_plugin_is_told(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = install(base / "x", "nox-2026.4.10", "nox_central_venv-0.1", program="nox")
    monkeypatch.setenv("PATH", str(script.parent))

    assert look() == [(NOTE, f"`nox` 2026.4.10 in `{base / 'x'}` has `nox-central-venv` 0.1", None)]


@posix_only
@pytest.mark.parametrize(
    ("prefix", "remedy"),
    [
        ("pipx/venvs/nox", "`pipx inject nox nox-central-venv`"),
        ("uv/tools/nox", "`uv tool install nox --with nox-central-venv`"),
        ("x", "`uv pip install --python {}/bin/python nox-central-venv`"),
    ],
    ids=["pipx", "uv tool", "no pip"],
)
def test_nox_without_its_plugin_is_told_that_installing_it_is_not_enough(
    prefix: str, remedy: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = install(base / prefix, "nox-2026.4.10", program="nox")
    monkeypatch.setenv("PATH", str(script.parent))

    assert look() == [
        (
            NOTE,
            f"`nox` 2026.4.10 in `{base / prefix}` lacks `nox-central-venv`, so its environments go elsewhere",
            f"{remedy.format(base / prefix)}, then call `nox_central_venv.enable()` in the noxfile",
        )
    ]


@posix_only
def test_hatch_with_its_plugin_is_told(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = install(base / "x", "hatch-1.17.0", "hatch_central_venv-0.1", program="hatch")
    monkeypatch.setenv("PATH", str(script.parent))

    assert look() == [(NOTE, f"`hatch` 1.17.0 in `{base / 'x'}` has `hatch-central-venv` 0.1", None)]


@posix_only
@pytest.mark.parametrize(
    ("prefix", "remedy"),
    [
        ("pipx/venvs/hatch", "`pipx inject hatch hatch-central-venv`"),
        ("uv/tools/hatch", "`uv tool install hatch --with hatch-central-venv`"),
        ("x", "`uv pip install --python {}/bin/python hatch-central-venv`"),
    ],
    ids=["pipx", "uv tool", "no pip"],
)
def test_hatch_without_its_plugin_is_told_that_installing_it_is_not_enough(
    prefix: str, remedy: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = install(base / prefix, "hatch-1.17.0", program="hatch")
    monkeypatch.setenv("PATH", str(script.parent))

    assert look() == [
        (
            NOTE,
            f"`hatch` 1.17.0 in `{base / prefix}` lacks `hatch-central-venv`, so its environments go elsewhere",
            (
                f"{remedy.format(base / prefix)}, then add a table `tool.hatch.env.collectors.central` to the "
                "project's pyproject.toml"
            ),
        )
    ]


@posix_only
def test_runners_beside_each_other_have_their_own_plugins(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(base / "x", "nox-2026.4.10", "tox_central_venv-0.1", program="nox")
    script = install(base / "x", "tox-4.30.0")
    monkeypatch.setenv("PATH", str(script.parent))

    assert [(runner.name, runner.plugin_version) for runner in find_runners()] == [("nox", None), ("tox", "0.1")]


@posix_only
@pytest.mark.parametrize(
    ("receipt", "remedy"),
    [
        (
            """requirements = [{ name = "tox", extras = ["a", "b"], specifier = ">=4,<5" }, { name = "tox-uv" },
            { name = "c", specifier = "==1", marker = "sys_platform == 'linux'" }]
            entrypoints = [{ name = "tox", install-path = "/x", from = "tox" }]""",
            (
                "`uv tool install 'tox[a,b]>=4,<5' --with tox-uv --with 'c==1 ; sys_platform == '\"'\"'linux'\"'\"'' "
                "--with tox-central-venv`"
            ),
        ),
        (
            'requirements = [{ name = "tox-uv" }, { name = "tox" }]\npython = "3.12"',
            "`uv tool install tox --python 3.12 --with tox-uv --with tox-central-venv`",
        ),
    ],
    ids=["requirements", "Python"],
)
def test_what_uv_installed_beside_a_runner_is_kept(
    receipt: str, remedy: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = install(base / "uv/tools/tox", "tox-4.30.0")
    write_tree(base / "uv/tools/tox", {"uv-receipt.toml": f"[tool]\n{receipt}\n"})
    monkeypatch.setenv("PATH", str(script.parent))

    assert [said.remedy for said in look()] == [remedy]


@posix_only
def test_the_tools_of_uv_may_lie_anywhere(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = install(base / "tox", "tox-4.30.0", "pip-26.0")
    write_tree(base / "tox", {"uv-receipt.toml": '[tool]\nrequirements = [{ name = "tox" }, { name = "tox-uv" }]\n'})
    monkeypatch.setenv("PATH", str(script.parent))

    assert [said.remedy for said in look()] == ["`uv tool install tox --with tox-uv --with tox-central-venv`"]


@posix_only
@pytest.mark.parametrize(
    "receipt",
    [
        "[",
        "",
        "tool = 1",
        "[tool]",
        "[tool]\nrequirements = 1",
        "[tool]\nrequirements = []",
        "[tool]\nrequirements = [1]",
        '[tool]\nrequirements = [{ name = "tox-uv" }]',
        '[tool]\nrequirements = [{ name = "tox" }, { name = "tox" }]',
        '[tool]\nrequirements = [{ name = "tox" }, { name = "a", git = "https://example.org/a" }]',
        '[tool]\nrequirements = [{ name = "tox" }, { name = "a", extras = 1 }]',
        '[tool]\nrequirements = [{ name = "tox" }, { name = "a", extras = [1] }]',
        '[tool]\nrequirements = [{ name = "tox" }, { specifier = ">=1" }]',
        '[tool]\nrequirements = [{ name = "tox" }]\npython = 3',
        '[tool]\nrequirements = [{ name = "tox" }]\nconstraints = [{ name = "a", specifier = "<2" }]',
        '[tool]\nrequirements = [{ name = "tox" }]\n[tool.options]\nfind-links = ["file:///x"]',
    ],
)
def test_where_nobody_can_tell_what_uv_installed_the_user_is_asked_to(
    receipt: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = install(base / "uv/tools/tox", "tox-4.30.0")
    write_tree(base / "uv/tools/tox", {"uv-receipt.toml": f"{receipt}\n"})
    monkeypatch.setenv("PATH", str(script.parent))

    assert [said.remedy for said in look()] == [
        "`uv tool install` with the same arguments as before, and `--with tox-central-venv`"
    ]


@posix_only
@pytest.mark.parametrize("library", ["lib/python3.12", "lib64/python3.12"])
@pytest.mark.parametrize("distribution", ["pip-26.0", "other-1"])
def test_into_a_python_of_the_systems_tools_nothing_is_installed(
    distribution: str, library: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = install(base / "x", "tox-4.30.0", distribution)
    write_tree(base / "x", {f"{library}/EXTERNALLY-MANAGED": ""})
    monkeypatch.setenv("PATH", str(script.parent))

    assert [said.remedy for said in look()] == ["`pipx install tox`, then `pipx inject tox tox-central-venv`"]


@posix_only
def test_an_environment_that_was_made_from_the_systems_python_is_not_the_systems(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(base / "system", {"lib/python3.12/EXTERNALLY-MANAGED": "", "bin/python3": ""})
    script = install(base / "x", "tox-4.30.0", "pip-26.0")
    write_tree(base / "x", {"pyvenv.cfg": ""})
    (base / "x" / "bin" / "python").symlink_to(base / "system" / "bin" / "python3")
    monkeypatch.setenv("PATH", str(script.parent))

    assert [said.remedy for said in look()] == [f"`{base / 'x'}/bin/python -m pip install tox-central-venv`"]


@posix_only
def test_a_link_to_the_systems_python_is_the_systems(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(base / "system", {"lib/python3.12/EXTERNALLY-MANAGED": "", "bin/python3": ""})
    script = install(base / "x", "tox-4.30.0", "pip-26.0")
    (base / "x" / "bin" / "python").symlink_to(base / "system" / "bin" / "python3")
    monkeypatch.setenv("PATH", str(script.parent))

    assert [said.remedy for said in look()] == ["`pipx install tox`, then `pipx inject tox tox-central-venv`"]


def test_words_are_quoted_for_the_shell_of_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(os, "name", "nt")
        quoted = command("x", "a b", "tox>=4", "a ; b < '3'", "y")

    assert quoted == '`x "a b" "tox>=4" "a ; b < \'3\'" y`'


@posix_only
def test_a_runner_that_a_user_installed_for_the_systems_python_is_told(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = base / "system" / "bin" / "python3"
    script = install(base / "user", "tox-4.30.0", "pip-26.0", first_line=f"#!{python}")
    monkeypatch.setenv("PATH", str(script.parent))

    (said,) = look()

    assert said.what.startswith(f"`tox` 4.30.0 in `{base / 'user'}` lacks")
    assert said.remedy == f"`{python} -m pip install tox-central-venv`"


@posix_only
def test_a_link_to_a_runners_script_leads_to_its_environment(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = install(base / "x", "tox-4.30.0")
    (base / "bin").mkdir()
    (base / "bin" / "tox").symlink_to(script)

    assert [runner.prefix for runner in find_runners()] == [str(base / "x")]


@posix_only
def test_each_runner_on_the_path_is_told_once(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    scripts = [install(base / name, "tox-4.30.0") for name in ("x", "y")]
    directories = [str(script.parent) for script in scripts]
    monkeypatch.setenv("PATH", os.pathsep.join([*directories, "", str(base / "missing"), *directories]))

    assert [runner.prefix for runner in find_runners()] == [str(base / "x"), str(base / "y")]


@posix_only
@pytest.mark.parametrize(
    "first_line",
    [
        "#!{}/bin/python",
        "#!{}/bin/python3.12",
        "#!{}/bin/pypy3",
        "#!{}/bin/python -sE",
        "#!{}/bin/../bin/python",
        "#!/bin/sh\n'''exec' '{}/bin/python' \"$0\" \"$@\"\n' '''",
        "#!/bin/sh\n'''exec' \"{}/bin/python3\" \"$0\" \"$@\"\n' '''",
    ],
)
def test_the_environment_of_a_script_is_that_of_its_python(
    first_line: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prefix = base / ("python of mine" if "exec" in first_line else "python")  # without the shell, no space would do
    install(prefix, "tox-4.30.0")
    script = install(base / "scripts", first_line=first_line.format(prefix))
    monkeypatch.setenv("PATH", str(script.parent))

    assert [runner.prefix for runner in find_runners()] == [str(prefix)]


@posix_only
@pytest.mark.parametrize("first_line", ["#!/usr/bin/env python3", "#!/bin/sh", "", "\0", "#!/nowhere/bin/python"])
def test_a_script_that_names_no_python_is_looked_for_beside_itself(
    first_line: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = install(base / "x", "tox-4.30.0", first_line=first_line)
    monkeypatch.setenv("PATH", str(script.parent))

    assert [runner.prefix for runner in find_runners()] == [str(base / "x")]
    if "nowhere" not in first_line:
        assert [runner.interpreter for runner in find_runners()] == [str(base / "x" / "bin" / "python")]


@posix_only
@pytest.mark.parametrize(
    "library", ["lib/python3.12", "lib/pypy3.10", "local/lib/python3.12", "Lib"], ids=lambda value: value
)
def test_distributions_are_found_wherever_pythons_keep_them(
    library: str, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = install(base / "x", "tox-4.30.0", library=library)
    monkeypatch.setenv("PATH", str(script.parent))

    assert [runner.version for runner in find_runners()] == ["4.30.0"]


@posix_only
def test_distributions_may_be_links_as_nix_makes_them(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(base / "real", "tox-4.30.0")
    (base / "x").mkdir()
    (base / "x" / "lib").symlink_to(base / "real" / "lib")
    script = install(base / "x")
    monkeypatch.setenv("PATH", str(script.parent))

    assert [runner.prefix for runner in find_runners()] == [str(base / "x")]


@posix_only
def test_distributions_of_something_else_do_not_count(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = install(base / "x", "tox-4.30.0", library="lib/other")
    monkeypatch.setenv("PATH", str(script.parent))

    assert list(find_runners()) == []


@posix_only
def test_of_several_pythons_in_a_prefix_the_scripts_own_counts(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install(base / "x", "tox-4.20.0", "tox_central_venv-0.1", library="lib/python3.11")
    script = install(base / "x", "tox-4.30.0", first_line=f"#!{base / 'x'}/bin/python3.12")
    monkeypatch.setenv("PATH", str(script.parent))

    assert [(runner.version, runner.plugin_version) for runner in find_runners()] == [("4.30.0", None)]


@posix_only
def test_debians_two_directories_of_a_python_are_one(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = install(base / "x", "tox-4.30.0")
    (base / "x/local/lib/python3.12/dist-packages/tox_central_venv-0.1.dist-info").mkdir(parents=True)
    monkeypatch.setenv("PATH", str(script.parent))

    assert [runner.plugin_version for runner in find_runners()] == ["0.1"]


def test_a_runner_beside_central_venv_is_told(base: Path) -> None:
    install(base / "prefix", "tox-4.30.0")

    assert [runner.prefix for runner in find_runners()] == [str(base / "prefix")]


@posix_only
@pytest.mark.parametrize("kind", ["a directory", "a pipe", "a socket", "a closed file", "another program"])
def test_what_is_no_runner_is_not_told(kind: str, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if kind == "a directory":
        (base / "bin" / "tox").mkdir(parents=True)
    elif kind in {"a pipe", "a socket"}:
        (base / "bin").mkdir()
        monkeypatch.chdir(base / "bin")  # a socket's path must be short
        if kind == "a pipe":
            os.mkfifo("tox")
        else:
            with socket.socket(socket.AF_UNIX) as listener:
                listener.bind("tox")
        Path("tox").chmod(0o755)
    else:
        write_tree(base / "bin", {"tox": "#!/bin/sh\n"})
        (base / "bin" / "tox").chmod(0o111 if "closed" in kind else 0o755)

    assert look() == []


@posix_only
def test_no_program_is_run(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script = install(base / "x", "tox-4.30.0", first_line=f"#!/bin/sh\ntouch {base / 'was run'}\n")
    for name in ("uv", "python"):
        write_tree(base / "x" / "bin", {name: f"#!/bin/sh\ntouch {base / 'was run'}\n"})
        (base / "x" / "bin" / name).chmod(0o755)
    monkeypatch.setenv("PATH", str(script.parent))

    look()

    assert not (base / "was run").exists()
