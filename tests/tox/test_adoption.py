"""Environments that tox made in the project's tree, adopted and then used by tox with the plugin."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from support.trees import listing

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from support.tox import Tox


@pytest.mark.usefixtures("index")
def test_tox_goes_on_with_the_environments_that_were_adopted(
    tox: Tox, package: Path, work_dir: Callable[[Path], Path]
) -> None:
    before = listing(package)
    made = tox.run("run", "-e", "a,b", cwd=package, CENTRAL_VENV="0")
    assert made.status == 0, made.text
    assert (package / ".tox" / "a" / "pyvenv.cfg").exists()

    adopted = tox.host.run("central-venv", "adopt", "--yes", cwd=package)

    assert adopted.status == 0, adopted.text
    assert {name for name in listing(package) if "__pycache__" not in name} == before
    assert tox.environments(package) == {".pkg": "ready", "a": "ready", "b": "ready"}
    stamps = {name: (work_dir(package) / name / "pyvenv.cfg").stat().st_mtime for name in (".pkg", "a", "b")}

    used = tox.run("run", "-v", "-e", "a,b", cwd=package)

    assert used.status == 0, used.text
    assert used.out.count("It works.\n") == 2
    assert "recreate" not in used.text
    assert "create virtual environment" not in used.text
    for name, stamp in stamps.items():
        assert (work_dir(package) / name / "pyvenv.cfg").stat().st_mtime == stamp
    assert tox.environments(package) == {".pkg": "ready", "a": "ready", "b": "ready"}


@pytest.mark.usefixtures("index")
def test_dependencies_are_not_installed_again(newest_tox: Tox, package: Path) -> None:
    configuration = package / "tox.ini"
    configuration.write_text(f"{configuration.read_text()}deps = iniconfig\n", encoding="utf-8")
    made = newest_tox.run("run", "-e", "a", cwd=package, CENTRAL_VENV="0")
    assert made.status == 0, made.text

    adopted = newest_tox.host.run("central-venv", "adopt", "--yes", cwd=package)
    assert adopted.status == 0, adopted.text

    used = newest_tox.run("run", "-v", "-e", "a", cwd=package)

    assert used.status == 0, used.text
    assert "install_deps" not in used.text
    assert "install_package" in used.text
