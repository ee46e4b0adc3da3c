"""Kernels of Jupyter that name an environment, and the commands that take that away or put it elsewhere."""

from __future__ import annotations

import json
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from support.environments import INTERPRETER, seal, seal_shared
from support.jupyter import named_by, write_kernel
from support.packages import write_real_environment
from support.trees import contents, write_tree
from support.virtualenvs import make_recorded

if TYPE_CHECKING:
    from pathlib import Path

    from support.commands import Runner

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="paths and links of POSIX")


@pytest.fixture
def home_of(here: Path, home_of: Home) -> Home:
    """The home of the project in the current directory."""
    return home_of


def gone(kernel: Path, environment: Path) -> str:
    """What is said of a kernel whose environment was removed."""
    return (
        f"warning: the kernel `{kernel}` of Jupyter names `{environment}`, which is gone\n"
        f"hint: remove `{kernel.parent}`, or install the kernel anew\n"
    )


def now(kernel: Path, old: Path | str, new: Path | str) -> str:
    """What is said of a kernel that was changed."""
    return f"note: the kernel `{kernel.parent.name}` of Jupyter names `{new}` now, instead of `{old}`\n"


# what is removed

COMMANDS = [["remove", ".venv"], ["clean"], ["prune", "--unused-for", "0d"]]


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_removal_names_the_kernels_before_anybody_agrees(
    command: list[str], home_of: Home, data: Path, run: Runner
) -> None:
    environment = seal(home_of, ".venv", "project")
    kernel = write_kernel(data, environment)

    said = run(*command, answer="n\n")
    planned = run(*command, "--dry-run")
    as_json = run(*command, "--dry-run", "--json")

    line = f"  the kernel {kernel} names {environment}"
    assert line in said.err.splitlines()
    assert line in planned.out.splitlines()
    assert as_json.answer["kernels"] == [{"name": "foo", "path": str(kernel), "environment": str(environment)}]
    assert (environment.exists(), planned.err, as_json.err) == (True, "", "")


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_removal_tells_the_kernels_that_name_what_is_gone_and_keeps_them(
    command: list[str], home_of: Home, data: Path, run: Runner
) -> None:
    environment, other = seal(home_of, ".venv", "project"), data / "other"
    kernel = write_kernel(data, environment)
    write_kernel(data, other, "other")
    before = contents(data)

    said = run(*command, "--yes")

    assert (said.status, said.err) == (0, gone(kernel, environment))
    assert contents(data) == before


def test_a_program_is_told_of_the_kernels_that_name_what_is_gone(home_of: Home, data: Path, run: Runner) -> None:
    environment, kept = seal(home_of, "a"), seal(home_of, "b")
    kernel = write_kernel(data, environment)
    write_kernel(data, kept, "kept")

    said = run("remove", "a", "--yes", "--json")

    assert said.answer["kernels"] == [{"name": "foo", "path": str(kernel), "environment": str(environment)}]


def test_a_kernel_of_what_stays_is_not_told(home_of: Home, data: Path, run: Runner) -> None:
    write_kernel(data, seal(home_of, "a"))
    environment = home_of.environment("tox", "a")
    environment.uses.begin()

    said = run("clean", "--yes", "--json")
    environment.uses.end()

    assert (said.status, said.answer["kernels"]) == (1, [])


def test_prune_names_the_kernels_of_a_project_that_is_gone(home_of: Home, data: Path, run: Runner) -> None:
    environment = seal(home_of, ".venv", "project")
    kernel = write_kernel(data, environment)
    shutil.rmtree(home_of.root)
    os.chdir(data)

    assert run("prune", "--yes").err == gone(kernel, environment)


def test_a_kernel_that_names_the_link_in_the_project_is_told(
    home_of: Home, here: Path, data: Path, run: Runner
) -> None:
    environment = seal(home_of, ".venv", "project")
    run("link")
    kernel = write_kernel(data, here / ".venv")

    assert run("clean", "--yes").err == gone(kernel, environment)


def test_a_kernel_of_a_shared_environment_is_told(home_of: Home, store: Path, data: Path, run: Runner) -> None:
    environment = seal_shared(Store(str(store)))
    kernel = write_kernel(data, environment)

    assert run("remove", "@torch", "--yes").err == gone(kernel, environment)


# what moves


def test_a_kernel_follows_its_project(base: Path, store: Path, data: Path, run: Runner) -> None:
    old = Home(Store(str(store)), str(write_tree(base / "foo", {"pyproject.toml": ""})))
    new = Home(Store(str(store)), str(base / "bar"))
    seal(old, "py312")
    direct = write_kernel(data, old.environment_path("tox", "py312"), "direct")
    in_tree = write_kernel(data, base / "foo" / ".venv", "in-tree", env={"PYTHONPATH": f"{base}/foo/src:/x"})
    other = write_kernel(data, base / "foo-bar" / ".venv", "other")
    os.rename(old.root, new.root)

    said = run("move", old.root, new.root, "--json")

    assert sorted(said.err.splitlines(keepends=True))[:2] == [
        now(direct, old.path, new.path),
        now(in_tree, old.root, new.root),
    ]
    assert said.answer["home"] == new.path
    assert named_by(direct) == f"{new.environment_path('tox', 'py312')}/{INTERPRETER}"
    assert named_by(in_tree) == f"{new.root}/.venv/{INTERPRETER}"
    assert json.loads(in_tree.read_text())["env"] == {"PYTHONPATH": f"{new.root}/src:/x"}
    assert named_by(other) == f"{base}/foo-bar/.venv/{INTERPRETER}"


def test_a_kernel_that_cannot_follow_is_told_with_where_it_should_lead(
    base: Path, store: Path, data: Path, run: Runner
) -> None:
    old = Home(Store(str(store)), str(write_tree(base / "foo", {"pyproject.toml": ""})))
    new = Home(Store(str(store)), str(base / "bar"))
    make_recorded(old, "project", ".venv")
    kernel = write_kernel(base / "dotfiles", old.environment_path("project", ".venv"))
    (data / "kernels").mkdir(parents=True)
    (data / "kernels" / "foo").symlink_to(kernel.parent)
    os.rename(old.root, new.root)

    said = run("move", old.root, new.root)

    place = data / "kernels" / "foo"
    assert said.status == 0
    assert said.err == (
        f"warning: the kernel `{place / 'kernel.json'}` of Jupyter still names `{old.path}`: `{place}` is a link\n"
        f"hint: let it name `{new.path}`, or install it anew\n"
    )


def test_a_kernel_follows_the_store(
    home_of: Home, base: Path, store: Path, data: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    environments = [make_recorded(home_of, "project", ".venv"), make_recorded(home_of, "tox", "a")]
    kernels = [write_kernel(data, each, each.name) for each in environments]
    store.rename(base / "new")
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(base / "new"))

    said = run("move", "--store", str(store))

    new = [base / "new" / each.relative_to(store) for each in environments]
    assert said.status == 0
    assert set(said.err.splitlines(keepends=True)) == set(map(now, kernels, environments, new))
    assert list(map(named_by, kernels)) == [f"{each}/{INTERPRETER}" for each in new]


def test_a_kernel_stays_with_a_store_that_was_copied(
    home_of: Home, base: Path, store: Path, data: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_kernel(data, make_recorded(home_of, "project", ".venv"))
    before = contents(data)
    shutil.copytree(store, base / "new", symlinks=True)
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(base / "new"))

    assert run("move", "--store", str(store)).status == 0

    assert contents(data) == before


# what is adopted


def test_a_kernel_names_the_central_environment_once_the_old_one_goes(
    home_of: Home, here: Path, data: Path, run: Runner
) -> None:
    write_real_environment(here / ".venv")
    kernel, new = write_kernel(data, here / ".venv"), home_of.environment_path("project", ".venv")
    before = contents(data)

    run("adopt", answer="n\n")
    assert contents(data) == before
    said = run("adopt", "--yes")

    assert said.status == 0
    assert now(kernel, here / ".venv", new) in said.err
    assert named_by(kernel) == f"{new}/{INTERPRETER}"


# what dangles already


def test_doctor_finds_a_kernel_that_names_what_is_not_in_the_store(
    home_of: Home, here: Path, data: Path, run: Runner
) -> None:
    there = seal(home_of, ".venv", "project")
    gone = there.with_name(".venv-3.12")
    kernel = write_kernel(data, gone, "gone")
    for name, place in (("there", there), ("elsewhere", here / "gone")):
        write_kernel(data, place, name)

    findings = [each for each in run("doctor", "--json").answer["findings"] if each["code"] == "kernel-dangling"]

    assert findings == [
        {
            "topic": "machine",
            "code": "kernel-dangling",
            "level": "wrong",
            "what": f"the kernel `{kernel}` of Jupyter names `{gone / INTERPRETER}`, which does not exist",
            "remedy": f"remove `{kernel.parent}`, or install the kernel anew",
        }
    ]


# links in the project


@pytest.mark.parametrize("how", ["unlink", "another environment", "use --none"])
def test_a_kernel_stays_with_the_environment_that_a_link_led_to(
    how: str, home_of: Home, here: Path, store: Path, data: Path, run: Runner
) -> None:
    own, another = seal(home_of, ".venv", "project"), seal(home_of, ".venv-3.13", "project")
    if how == "use --none":
        own = seal_shared(Store(str(store)))
        shutil.rmtree(another)
        shutil.rmtree(home_of.environment_path("project", ".venv"))
        run("use", "@torch")
    run("link")
    kernel = write_kernel(data, here / ".venv")

    said = run(*{"unlink": ["unlink"], "another environment": ["link", "--env", ".venv-3.13"]}.get(how, how.split()))

    assert (said.status, said.err) == (0, now(kernel, here / ".venv", own))
    assert named_by(kernel) == f"{own}/{INTERPRETER}"
