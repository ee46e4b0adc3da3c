"""uv, and the tools that make or remove environments themselves, in a project with a link."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from support.editors import Linked, install
from support.hosts import SCRIPTS, make_host

if TYPE_CHECKING:
    from support.hosts import Result

#: uv's central environments are a preview.
CENTRAL = {"UV_PREVIEW_FEATURES": "centralized-project-envs"}
PREFIX = ("python", "-c", "import sys; print(sys.prefix)")


def as_redirect(linked: Linked) -> Result:
    """Have a redirect instead of the link."""
    assert linked.central_venv("unlink").status == 0
    return linked.central_venv("link", "--redirect")


# uv


@pytest.mark.parametrize("command", [["lock"], ["sync", "--inexact"], ["pip", "list"], ["tree"], ["run", "main.py"]])
def test_uv_works_through_the_link_and_keeps_it(command: list[str], linked: Linked) -> None:
    result = linked.uv(*command)

    assert result.status == 0, result.text
    assert linked.is_linked
    assert linked.is_whole


def test_uv_runs_in_the_central_environment(linked: Linked) -> None:
    result = linked.uv("run", *PREFIX)

    assert result.status == 0, result.text
    assert os.path.realpath(result.out.strip()) == str(linked.environment)
    assert not {path.name for path in linked.root.iterdir()} - {".venv", "main.py", "pyproject.toml", "uv.lock"}


def test_uv_that_makes_the_environment_anew_does_so_behind_the_link(linked: Linked) -> None:
    result = linked.uv("venv", "--clear", "--python", sys.executable)

    assert result.status == 0, result.text
    assert linked.is_linked
    assert (linked.environment / "pyvenv.cfg").exists()


def test_uv_with_its_variable_leaves_the_link_alone(linked: Linked) -> None:
    result = linked.uv("sync", "--inexact", UV_PROJECT_ENVIRONMENT=str(linked.environment), **CENTRAL)

    assert result.status == 0, result.text
    assert linked.is_linked


@pytest.mark.parametrize("command", [["remove", ".venv"], ["clean"]], ids=" ".join)
def test_uv_works_after_the_environment_was_removed(command: list[str], linked: Linked) -> None:
    assert linked.central_venv(*command, "--yes").status == 0

    result = linked.uv("sync", "--python", sys.executable)

    assert result.status == 0, result.text


def test_an_old_uv_fails_on_a_redirect_as_the_warning_says(linked: Linked, monkeypatch: pytest.MonkeyPatch) -> None:
    linked.uv("lock")
    old = make_host("uv-0.13.8", "uv==0.13.8").program("uv")
    monkeypatch.setenv("PATH", f"{os.path.dirname(old)}{os.pathsep}{os.environ['PATH']}")

    said = as_redirect(linked)
    result = linked.run(old, "sync")

    assert said.err == ("warning: uv 0.13.8 fails on such a file unless `UV_PROJECT_ENVIRONMENT` says where to look\n")
    assert result.status == 2, result.text
    assert linked.run(old, "sync", UV_PROJECT_ENVIRONMENT=str(linked.environment)).status == 0


def test_uv_uses_the_environment_behind_a_redirect_and_keeps_that(linked: Linked) -> None:
    linked.uv("lock")
    assert as_redirect(linked).err == ""

    results = linked.uv("sync"), linked.uv("run", *PREFIX)

    assert [result.status for result in results] == [0, 0], results
    assert results[1].out.strip() == str(linked.environment)
    assert linked.link.read_text(encoding="utf-8") == f"{linked.environment}\n"
    assert linked.is_whole


@pytest.mark.parametrize("content", ["", "/gone\n", "{environment}\nmore\n", "{environment}\n\n"])
def test_uv_fails_on_the_redirects_that_doctor_calls_wrong(content: str, linked: Linked) -> None:
    assert linked.central_venv("unlink").status == 0
    linked.link.write_text(content.format(environment=linked.environment), encoding="utf-8")

    found = json.loads(linked.central_venv("doctor", "--json").out)["findings"]

    assert linked.uv("sync").status == 2
    assert [each["level"] for each in found if each["code"].startswith("redirect-")] == ["wrong"]


def test_uvs_own_central_environments_take_the_link_which_is_told(linked: Linked, tmp_path: Path) -> None:
    result = linked.uv("sync", UV_CACHE_DIR=str(tmp_path / "cache"), **CENTRAL)
    assert result.status == 0, result.text
    if linked.is_linked:
        pytest.skip("this uv has no central environments")
    target = os.readlink(linked.link)

    again, found = linked.central_venv("link"), linked.central_venv("doctor", "--json")

    assert (again.status, os.readlink(linked.link)) == (1, target)
    assert f"leads to `{target}`, one of uv's own central environments" in again.err
    assert f"`{linked.link}` leads to `{target}`, which is uv's own and goes with its cache" in [
        finding["what"] for finding in json.loads(found.out)["findings"]
    ]
    assert linked.is_whole


# others


def test_poetry_uses_the_environment_and_keeps_the_link(linked: Linked) -> None:
    poetry = install("poetry")

    result = linked.run(*poetry, "env", "info", "--path", POETRY_VIRTUALENVS_IN_PROJECT="true")

    assert result.status == 0, result.text
    assert result.out.strip() in {str(linked.link), str(linked.environment)}
    assert linked.is_linked


def test_poetry_removes_the_link_only(linked: Linked) -> None:
    poetry = install("poetry")

    result = linked.run(*poetry, "env", "remove", "--all", POETRY_VIRTUALENVS_IN_PROJECT="true")

    assert result.status == 0, result.text
    assert linked.is_whole
    assert not os.path.lexists(linked.link)
    assert linked.central_venv("link").status == 0


def test_pdm_uses_the_environment_and_keeps_the_link(linked: Linked) -> None:
    pdm = install("pdm")

    result = linked.run(*pdm, "info", "--packages", PDM_CHECK_UPDATE="false")

    assert result.status == 0, result.text
    assert result.out.startswith(str(linked.link))
    assert linked.is_linked
    assert linked.is_whole


def test_pdm_replaces_a_redirect_as_the_warning_says(linked: Linked) -> None:
    pdm = install("pdm")
    (linked.root / "pdm.lock").touch()

    said = as_redirect(linked)
    linked.run(*pdm, "info", "--packages", PDM_CHECK_UPDATE="false")

    assert said.err == "warning: pdm replaces such a file by an environment\n"
    assert linked.link.is_dir()
    assert linked.is_whole


def test_pipenv_uses_the_environment_and_cannot_remove_it(linked: Linked) -> None:
    pipenv = install("pipenv")
    (linked.root / "Pipfile").write_text("[packages]\n")

    found = linked.run(*pipenv, "--venv")
    removed = linked.run(*pipenv, "--rm")

    assert found.out.strip() == str(linked.link)
    assert "Cannot call rmtree on a symbolic link" in removed.text
    assert linked.is_linked
    assert linked.is_whole


def test_virtualenv_makes_the_environment_behind_the_link(linked: Linked) -> None:
    virtualenv = Path(sys.prefix, SCRIPTS, "virtualenv")

    made = linked.run(virtualenv, ".venv")
    cleared = linked.run(virtualenv, "--clear", ".venv")

    assert made.status == 0, made.text
    assert cleared.status != 0
    assert linked.is_linked
    assert linked.is_whole


def test_venv_refuses_the_link(linked: Linked) -> None:
    result = linked.run(sys.executable, "-m", "venv", ".venv")

    assert result.status == 1
    assert "Unable to create directory" in result.text
    assert linked.is_linked
    assert linked.is_whole


def test_venv_works_after_the_environment_was_removed(linked: Linked) -> None:
    assert linked.central_venv("clean", "--yes").status == 0

    result = linked.run(sys.executable, "-m", "venv", "--without-pip", ".venv")

    assert result.status == 0, result.text
