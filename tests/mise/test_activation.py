"""What mise sets in a project, and what that leads to."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from central_venv.machine.birth import birth_time
from support.commands import listed
from support.hosts import UV
from support.mise import CREATE, ENABLED, PYPROJECT
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.mise import Mise
    from support.mounts import Mounts

SAY_PREFIX = ("exec", "--", "python", "-c", "import sys; print(sys.prefix)")


def with_options(project: Path, options: str) -> Path:
    """The project with other options of the plugin."""
    return write_tree(project, {"mise.toml": f"[env]\n_.central-venv = {{ {options} }}\n"})


def environment_of(project: Path, store: Path, name: str = ".venv") -> str:
    """Where the environment of the only project is or would be."""
    (home,) = {each["home"] for each in listed(project)} or {""}
    return os.path.join(home or next(store.glob("project-*")), name)


def test_without_an_environment_uv_is_told_where_to_make_it(mise: Mise, project: Path, store: Path) -> None:
    found = mise.env(project)

    assert found["UV_PROJECT_ENVIRONMENT"].startswith(str(store / "project-"))
    assert found["UV_PROJECT_ENVIRONMENT"].endswith("/.venv")
    assert "VIRTUAL_ENV" not in found
    assert not store.exists()


def test_with_create_the_environment_is_made_and_active(mise: Mise, project: Path, store: Path) -> None:
    with_options(project, "create = true")

    result = mise.run(*SAY_PREFIX, cwd=project)

    assert (result.status, result.out) == (0, f"{environment_of(project, store)}\n"), result.text
    assert listing(project) == {"pyproject.toml", "mise.toml"}


def test_a_ready_environment_is_active_on_a_read_only_store(
    newest_mise: Mise, project: Path, store: Path, mounts: Mounts
) -> None:
    with_options(project, "create = true")
    made = newest_mise.run(*SAY_PREFIX, cwd=project)
    mounts.read_only(store)

    again = newest_mise.run(*SAY_PREFIX, cwd=project)

    assert (again.status, again.out) == (0, made.out), again.text


def test_what_the_command_line_notes_is_said_once(mise: Mise, project: Path) -> None:
    if birth_time(str(project)) is None:
        pytest.skip("nothing here tells when a directory was made")
    with_options(project, "create = true")
    mise.env(project)
    moved = project.rename(project.with_name("moved"))

    said = [mise.run(*SAY_PREFIX, cwd=moved) for _ in range(2)]

    note = (
        f"central-venv: the project `{moved}` was `{project}` before; `central-venv move {project} {moved}` keeps its"
    )
    assert [result.err.count(note) for result in said] == [1, 0], said[0].text
    assert said[0].out == said[1].out


def test_an_environment_that_uv_makes_is_active_from_then_on(mise: Mise, project: Path, store: Path) -> None:
    synced = mise.run("exec", "--", UV, "sync", "--quiet", "--offline", cwd=project)
    found = mise.env(project)

    assert synced.status == 0, synced.text
    assert found["VIRTUAL_ENV"] == environment_of(project, store) == found["UV_PROJECT_ENVIRONMENT"]
    assert found["PATH"].startswith(f"{found['VIRTUAL_ENV']}/bin:")
    assert listing(project) == {"pyproject.toml", "mise.toml", "uv.lock"}


def test_a_task_runs_in_the_environment(mise: Mise, project: Path, store: Path) -> None:
    task = "[tasks.say]\nrun = \"python -c 'import sys; print(sys.prefix)'\"\n"
    write_tree(project, {"mise.toml": f"{CREATE}{task}"})

    result = mise.run("run", "say", cwd=project)

    assert result.status == 0, result.text
    assert result.out.splitlines()[-1] == environment_of(project, store)


def test_a_task_can_have_an_environment_of_its_own(mise: Mise, project: Path, store: Path) -> None:
    own = 'env = { _.central-venv = { name = ".venv-docs", create = true } }\n'
    task = f"[tasks.say]\nrun = \"python -c 'import sys; print(sys.prefix)'\"\n{own}"
    write_tree(project, {"mise.toml": f"{ENABLED}{task}"})

    result = mise.run("run", "say", cwd=project)

    assert result.status == 0, result.text
    assert result.out.splitlines()[-1] == environment_of(project, store, ".venv-docs")


def test_in_a_directory_of_the_project_it_is_the_same(mise: Mise, project: Path) -> None:
    inner = write_tree(project / "src" / "demo", {"__init__.py": ""})

    assert mise.env(inner)["UV_PROJECT_ENVIRONMENT"] == mise.env(project)["UV_PROJECT_ENVIRONMENT"]


def test_behind_a_link_it_is_the_same(mise: Mise, project: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(project)

    assert mise.env(link)["UV_PROJECT_ENVIRONMENT"] == mise.env(project)["UV_PROJECT_ENVIRONMENT"]


def test_of_nested_projects_the_inner_one_wins_in_everything(mise: Mise, project: Path) -> None:
    with_options(project, "create = true")
    inner = write_tree(project / "inner", {"pyproject.toml": PYPROJECT})
    with_options(inner, "create = true")

    outside, inside = mise.env(project), mise.env(inner)

    assert outside["VIRTUAL_ENV"] != inside["VIRTUAL_ENV"]
    assert inside["VIRTUAL_ENV"] == inside["UV_PROJECT_ENVIRONMENT"]
    assert inside["PATH"].startswith(f"{inside['VIRTUAL_ENV']}/bin:")
    assert outside["VIRTUAL_ENV"] not in inside["PATH"]


def test_a_members_environment_is_that_of_the_workspace(mise: Mise, project: Path) -> None:
    write_tree(project, {"pyproject.toml": f'{PYPROJECT}[tool.uv.workspace]\nmembers = ["members/*"]\n'})
    member = write_tree(project / "members" / "one", {"pyproject.toml": PYPROJECT.replace("demo", "one")})

    assert mise.env(member)["UV_PROJECT_ENVIRONMENT"] == mise.env(project)["UV_PROJECT_ENVIRONMENT"]


#: Each file that can be a directory's own configuration.
CONFIGURATIONS = [
    "mise.toml",
    ".mise.toml",
    "mise.local.toml",
    ".config/mise.toml",
    ".config/mise/config.toml",
    ".config/mise/conf.d/x.toml",
]


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_a_directory_with_its_own_configuration_only_is_a_project(name: str, mise: Mise, tmp_path: Path) -> None:
    bare = write_tree(tmp_path / "bare", {name: ENABLED, "inner/file": ""})

    found = [mise.env(directory)["UV_PROJECT_ENVIRONMENT"] for directory in (bare, bare / "inner")]

    assert "/bare-" in found[0]
    assert found == [found[0]] * 2


@pytest.mark.parametrize("name", CONFIGURATIONS[1:])
def test_a_configuration_in_a_directory_of_a_project_belongs_to_the_project(
    name: str, newest_mise: Mise, project: Path
) -> None:
    inner = write_tree(project / "inner", {name: ENABLED})

    assert newest_mise.env(inner) == newest_mise.env(project)


def test_a_repository_below_a_configuration_is_a_project(newest_mise: Mise, tmp_path: Path) -> None:
    write_tree(tmp_path / "all", {".mise.toml": ENABLED, "one/.git/HEAD": "", "one/src/file": ""})

    found = [newest_mise.env(tmp_path / "all" / inner)["UV_PROJECT_ENVIRONMENT"] for inner in ("one", "one/src", "")]

    assert ["/one-" in path for path in found] == [True, True, False]


@pytest.mark.parametrize("asking", ["root", "other"])
def test_a_task_of_another_project_has_that_projects_environment(asking: str, mise: Mise, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "root", {"pyproject.toml": PYPROJECT})
    settings = 'experimental_monorepo_root = true\n[monorepo]\nconfig_roots = ["a", "b"]\n'
    write_tree(root, {"mise.toml": f"{settings}{ENABLED}"})
    show = "[tasks.show]\nrun = 'echo $UV_PROJECT_ENVIRONMENT'\n"
    for name in ("a", "b"):
        write_tree(root / name, {"pyproject.toml": PYPROJECT, "mise.toml": f"{ENABLED}{show}"})

    cwd = root if asking == "root" else root / "a"
    result = mise.run("run", "//b:show", cwd=cwd, MISE_EXPERIMENTAL="1")

    assert result.status == 0, result.text
    assert result.out.strip() == mise.env(root / "b")["UV_PROJECT_ENVIRONMENT"]
    assert "/b-" in result.out


@pytest.fixture
def everywhere(home: Path) -> str:
    """The user's own configuration asks for every project's environment."""
    write_tree(home / ".config" / "mise", {"config.toml": "[env]\n_.central-venv = { tools = true }\n"})
    return "config.toml"


@pytest.mark.usefixtures("everywhere")
def test_the_users_configuration_covers_every_python_project(mise: Mise, tmp_path: Path) -> None:
    roots = [write_tree(tmp_path / name, {"pyproject.toml": PYPROJECT}) for name in ("one", "two")]

    found = [mise.env(root)["UV_PROJECT_ENVIRONMENT"] for root in [*roots, *roots]]

    assert ["/one-" in path for path in found] == [True, False, True, False]
    assert ["/two-" in path for path in found] == [False, True, False, True]


@pytest.mark.usefixtures("everywhere")
@pytest.mark.parametrize(
    "files", [{}, {"package.json": "{}"}, {"mise.toml": "[tools]\n"}], ids=["none", "node", "mise"]
)
def test_the_users_configuration_covers_nothing_else(mise: Mise, files: dict[str, str], tmp_path: Path) -> None:
    other = write_tree(tmp_path / "other", files)

    assert "UV_PROJECT_ENVIRONMENT" not in mise.env(other)


@pytest.mark.usefixtures("everywhere")
def test_the_users_configuration_is_the_users_behind_a_link(
    mise: Mise, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    link = tmp_path / "link"
    link.symlink_to(home)
    monkeypatch.setenv("HOME", str(link))
    inner = write_tree(home / "inner", {"README": ""})

    assert "UV_PROJECT_ENVIRONMENT" not in mise.env(inner)


@pytest.fixture
def env_cache(monkeypatch: pytest.MonkeyPatch) -> str:
    """Settings with which mise keeps variables itself, in a shell that it is active in."""
    monkeypatch.setenv("__MISE_ENV_CACHE_KEY", base64.b64encode(bytes(32)).decode())
    return "_.central-venv = { tools = true }\n[settings]\nexperimental = true\nenv_cache = true\n"


def test_mises_own_cache_does_not_carry_one_project_into_another(
    mise: Mise, env_cache: str, tmp_path: Path, home: Path
) -> None:
    write_tree(home / ".config" / "mise", {"config.toml": f"[env]\n{env_cache}"})
    roots = [write_tree(tmp_path / name, {"pyproject.toml": PYPROJECT}) for name in ("one", "two")]

    found = [mise.env(root)["UV_PROJECT_ENVIRONMENT"] for root in [*roots, *roots]]

    assert ["/one-" in path for path in found] == [True, False, True, False]


def test_mises_own_cache_does_not_carry_a_project_into_one_in_it(mise: Mise, env_cache: str, project: Path) -> None:
    write_tree(project, {"mise.toml": f"[env]\n{env_cache}"})
    inner = write_tree(project / "inner", {"pyproject.toml": PYPROJECT})

    found = [mise.env(directory)["UV_PROJECT_ENVIRONMENT"] for directory in (project, inner, project, inner)]

    assert ["/inner-" in path for path in found] == [False, True, False, True]


def test_a_python_that_is_asked_for_has_an_environment_of_its_own(mise: Mise, project: Path) -> None:
    with_options(project, 'python = "3.12"')

    assert mise.env(project)["UV_PROJECT_ENVIRONMENT"].endswith("/.venv-3.12")


@pytest.mark.parametrize(
    ("exported", "expected"),
    [
        (["UV_PROJECT_ENVIRONMENT"], {"UV_PROJECT_ENVIRONMENT"}),
        (["VIRTUAL_ENV", "PATH"], {"VIRTUAL_ENV"}),
        (["HATCH_DATA_DIR"], {"HATCH_DATA_DIR"}),
    ],
    ids=",".join,
)
def test_only_what_was_asked_for_is_exported(
    exported: list[str], expected: set[str], newest_mise: Mise, project: Path
) -> None:
    with_options(project, f"create = true, export = {json.dumps(exported)}")

    found = newest_mise.env(project)

    assert found.keys() & {"UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV", "HATCH_DATA_DIR"} == expected
    assert ("/.venv/bin:" in found["PATH"]) == ("PATH" in exported)


@pytest.mark.parametrize("off", ["variable", "project", "option"])
def test_turned_off_nothing_is_set(off: str, newest_mise: Mise, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if off == "variable":
        monkeypatch.setenv("CENTRAL_VENV", "0")
    elif off == "project":
        write_tree(project, {"pyproject.toml": f"{PYPROJECT}[tool.central-venv]\nenabled = false\n"})
    else:
        write_tree(project, {"mise.toml": "[env]\n_.central-venv = false\n"})

    result = newest_mise.run("env", "--json", cwd=project)

    assert result.status == 0, result.text
    assert "UV_PROJECT_ENVIRONMENT" not in json.loads(result.out)
    assert "WARN" not in result.err


def test_a_configuration_that_is_not_trusted_sets_nothing(
    newest_mise: Mise, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("MISE_TRUSTED_CONFIG_PATHS")
    monkeypatch.delenv("MISE_YES")

    refused = newest_mise.run("env", "--json", cwd=project)
    trusted = newest_mise.run("trust", "mise.toml", cwd=project)
    found = newest_mise.env(project)

    assert refused.status != 0
    assert trusted.status == 0, trusted.text
    assert "UV_PROJECT_ENVIRONMENT" in found


def test_two_terminals_that_enter_a_new_project_at_once_share_one_environment(
    mise: Mise, project: Path, store: Path
) -> None:
    with_options(project, "create = true")
    say = [str(mise.program), *SAY_PREFIX]

    both = [subprocess.Popen(say, cwd=project, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    said = [process.communicate(timeout=120)[0] for process in both]

    assert [process.returncode for process in both] == [0, 0]
    assert said == [f"{environment_of(project, store)}\n"] * 2
    (listed_project,) = listed(project)
    assert [each["state"] for each in listed_project["environments"]] == ["ready"]
    assert listed_project["environments"][0]["python"] == ".".join(map(str, sys.version_info[:3]))
