"""An environment that was made for a command that failed is taken back, unless it is somebody's."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv.cli.undoing import link_before, take_back
from central_venv.policy.settings import load_settings
from central_venv.project_environment.choice import Choice, choose
from support.environments import seal
from support.trees import write_tree

if TYPE_CHECKING:
    from central_venv import Home

#: What makers of environments leave the packages' directory of an empty one as.
PACKAGES = "Lib/site-packages" if os.name == "nt" else "lib/python3.12/site-packages"


@pytest.fixture
def made(home_of: Home) -> Choice:
    """An empty environment that this process made."""
    (seal(home_of, ".venv", "project") / PACKAGES).mkdir(parents=True)
    return choose(home_of, load_settings(None))


def test_an_empty_environment_of_this_process_goes_with_its_home(made: Choice) -> None:
    take_back(made, None)

    assert not Path(made.home.path).exists()


def test_an_environment_that_another_process_made_meanwhile_stays(made: Choice) -> None:
    path = Path(made.environment.record_path)
    record = json.loads(path.read_bytes())
    record["holder"]["pid"] += 1
    path.write_text(json.dumps(record))

    take_back(made, None)

    assert Path(made.path).exists()


@pytest.mark.parametrize(
    "file",
    ["tool", "share/jupyter/kernels/foo/kernel.json", f"{PACKAGES}/alpha-1.dist-info/METADATA", f"{PACKAGES}/x.pth"],
)
def test_an_environment_into_which_anything_was_put_stays(file: str, made: Choice) -> None:
    write_tree(Path(made.path), {file: "Metadata-Version: 2.1\nName: alpha\nVersion: 1\n"})

    take_back(made, None)

    assert Path(made.path, file).exists()


@pytest.mark.skipif(os.name == "nt", reason="links are POSIX")
def test_a_link_that_led_to_an_environment_that_is_there_does_so_again(home_of: Home, made: Choice) -> None:
    link, other = Path(home_of.root, ".venv"), seal(home_of, ".venv-3.13", "project")
    link.symlink_to(other)
    before = link_before(made)
    link.unlink()
    link.symlink_to(made.path)

    take_back(made, before)

    assert link.readlink() == other
