"""The lines for mise's configuration that need no plugin say the same as core."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from mise_central_venv.__main__ import main
from mise_central_venv.template import global_template, project_template
from support.commands import listed
from support.mise import PYPROJECT
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from support.mise import Mise

VECTORS = json.loads((Path(__file__).parents[1] / "core" / "policy" / "key-vectors.json").read_text(encoding="utf-8"))[
    "vectors"
]
#: mise knows paths of the system that it runs on only.
POSIX = [vector for vector in VECTORS if vector["flavour"] == "posix"]


@pytest.fixture
def no_plugin(mise: Mise) -> Mise:
    """mise without the plugin."""
    assert main(["uninstall"]) == 0
    return mise


def toml(text: str) -> str:
    """A string, with an escape for whatever could mean something."""
    return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08X}" for c in text) + '"'


def test_the_vectors_cover_each_kind_of_path() -> None:
    assert len(POSIX) > 25


def test_the_templates_give_the_key_of_every_vector(no_plugin: Mise, tmp_path: Path, store: Path) -> None:
    settings = next(line for line in global_template().split("\n\n") if line.startswith("[env]"))
    path = settings[settings.index("UV_PROJECT_ENVIRONMENT") :].strip()
    lines = ["[env]"]
    for number, vector in enumerate(POSIX):
        lines.append(f"ROOT{number} = {toml(vector['root'])}")
        lines.append(
            path.replace("UV_PROJECT_ENVIRONMENT", f"KEY{number}").replace("CENTRAL_VENV_ROOT", f"ROOT{number}")
        )
    directory = write_tree(tmp_path / "vectors", {"mise.toml": "\n".join(lines) + "\n"})

    found = no_plugin.env(directory)

    assert {vector["root"]: found[f"KEY{number}"] for number, vector in enumerate(POSIX)} == {
        vector["root"]: f"{store}/{vector['home']}/.venv" for vector in POSIX
    }


@pytest.mark.parametrize(
    "name",
    ["foo", "With Space", "quo'te", "a_b.c-d", "日本語", "naïve café", "İstanbul", "x" * 60, "--dashes--", "{{x}}"],
)
def test_a_projects_template_gives_the_path_of_the_command_line(name: str, no_plugin: Mise, tmp_path: Path) -> None:
    root = write_tree(tmp_path / name, {"pyproject.toml": PYPROJECT})
    write_tree(root, {"mise.toml": project_template()})

    found = no_plugin.env(root)

    command = ["central-venv", "path", "--project", str(root)]
    path = subprocess.run(command, check=True, capture_output=True, text=True).stdout.rstrip("\n")
    assert (found["UV_PROJECT_ENVIRONMENT"], found["VIRTUAL_ENV"]) == (path, path)


def test_the_users_template_covers_every_project(no_plugin: Mise, tmp_path: Path, home: Path, store: Path) -> None:
    write_tree(home / ".config" / "mise", {"config.toml": global_template()})
    root = write_tree(tmp_path / "project", {"pyproject.toml": PYPROJECT, "src/demo.py": ""})
    other = write_tree(tmp_path / "other", {"README": ""})

    found = [no_plugin.env(directory).get("UV_PROJECT_ENVIRONMENT", "") for directory in (root, root / "src", other)]

    assert found[0].startswith(f"{store}/project-")
    assert found == [found[0], found[0], ""]


def test_an_environment_that_a_template_made_is_listed_and_adopted(no_plugin: Mise, tmp_path: Path) -> None:
    root = write_tree(tmp_path / "project", {"pyproject.toml": PYPROJECT})
    write_tree(root, {"mise.toml": project_template()})
    no_plugin.env(root)

    (before,) = listed(root)
    subprocess.run(["central-venv", "env", "--shell", "json", "--create"], cwd=root, check=True, capture_output=True)
    (after,) = listed(root)

    assert [each["state"] for each in before["environments"]] == ["ready"]
    assert (before["root"], before["state"]) == (None, "unrecorded")
    assert (after["root"], after["state"]) == (str(root), "active")
    assert listing(root) == {"pyproject.toml", "mise.toml"}


@pytest.mark.parametrize("everywhere", [[], ["--global"]])
def test_another_store_is_in_the_template(
    everywhere: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(tmp_path / "elsewhere"))

    status = main(["template", *everywhere])

    assert status == 0
    assert f"{tmp_path}/elsewhere/" in capsys.readouterr().out


def test_a_store_in_the_users_home_is_named_from_there(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(home / "venvs"))

    main(["template"])

    assert "{{ env.HOME }}/venvs/" in capsys.readouterr().out


def test_a_slash_at_the_end_of_the_data_directory_changes_nothing(
    no_plugin: Mise, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", f"{tmp_path}/data/")
    root = write_tree(tmp_path / "project", {"pyproject.toml": PYPROJECT, "mise.toml": project_template()})

    found = no_plugin.env(root)

    path = subprocess.run(["central-venv", "path"], cwd=root, check=True, capture_output=True, text=True).stdout
    assert (
        found["UV_PROJECT_ENVIRONMENT"]
        == path.rstrip("\n")
        == f"{tmp_path}/data/central-venv/{Path(path).parent.name}/.venv"
    )


def test_the_users_template_finds_a_project_from_far_below(no_plugin: Mise, tmp_path: Path, home: Path) -> None:
    write_tree(home / ".config" / "mise", {"config.toml": global_template()})
    root = write_tree(tmp_path / "project", {"pyproject.toml": PYPROJECT})
    deep = write_tree(root.joinpath(*["d"] * 60), {})

    assert no_plugin.env(deep)["UV_PROJECT_ENVIRONMENT"] == no_plugin.env(root)["UV_PROJECT_ENVIRONMENT"]


@pytest.mark.parametrize("setting", ["per-python = true", 'policy = ["rules"]'])
def test_what_no_template_can_do_is_one_clear_message(
    setting: str, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_tree(home / ".config" / "central-venv", {"config.toml": f"{setting}\n"})

    status = main(["template"])

    assert status == 1
    key = setting.partition(" ")[0]
    assert capsys.readouterr().err.startswith(f"error: no template can do what `{key}` asks for (")


@pytest.mark.parametrize("name", ["'''", "{{x", "{%x", "{#x"])
def test_a_store_that_no_template_can_say_is_one_clear_message(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(tmp_path / name))

    status = main(["template"])

    assert status == 1
    assert capsys.readouterr().err.startswith("error: the path of the store, ")
