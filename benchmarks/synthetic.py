"""A store of any size, made in no time, and the least that a program can do with it.

python benchmarks/synthetic.py make DIRECTORY COUNT     a store of so many environments, half of its projects gone
python benchmarks/synthetic.py scan STORE               the bare loop that `list` is compared with
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from central_venv import Home, Store
from central_venv.machine import clock
from central_venv.policy.layout import environment_path, environment_record_path
from central_venv.store.environment_record import READY, EnvironmentRecord, Holder, write_environment
from central_venv.store.identity import observed
from central_venv.store.project_record import write_project

ENVIRONMENTS_PER_PROJECT = 4
FILES_PER_DIRECTORY = 12
ENVIRONMENT_FILES = {
    "pyvenv.cfg": "home = /usr/bin\nimplementation = CPython\nversion_info = 3.12.1\n",
    "bin/activate": "# activate\n",
    "bin/pip": "#!/bin/sh\n",
    ".gitignore": "*\n",
    "lib/python3.12/site-packages/demo.py": "pass\n",
    "lib/python3.12/site-packages/demo-1.dist-info/METADATA": "Name: demo\nVersion: 1\n",
    "lib/python3.12/site-packages/demo-1.dist-info/RECORD": "demo.py,,\n",
}


def make_store(directory: Path, count: int, *, linked_files: int = 0, gone: int = 2) -> Path:
    """Make projects and a store with their environments.

    Args:
        directory: where.
        count: how many environments.
        linked_files: how many files each environment has by hard links to the same ones, as uv makes them.
        gone: every so manieth project is gone.

    Returns:
        The store.
    """
    store = Store(str(directory / "store"))
    (directory / "projects").mkdir(parents=True)
    cache = _make_cache(directory / "cache", linked_files)
    interpreter = os.path.realpath(sys.executable)
    store.prepare()
    for number in range(count // ENVIRONMENTS_PER_PROJECT):
        root = directory / "projects" / f"project-{number}"
        if (number + 1) % gone:
            root.mkdir()
        home = Home(store, str(root))
        os.mkdir(home.path, 0o700)
        write_project(home.record_path, observed(str(root), created=clock.now()))
        for minor in range(10, 10 + ENVIRONMENTS_PER_PROJECT):
            _make_environment(home.path, f"py3{minor}", interpreter, cache)
    return Path(store.path)


def _make_cache(directory: Path, count: int) -> list[Path]:
    """Files to link to, by the path that they have in `site-packages`."""
    files = [Path(f"package{number // FILES_PER_DIRECTORY}", f"module{number}.py") for number in range(count)]
    for file in files:
        (directory / file).parent.mkdir(parents=True, exist_ok=True)
        (directory / file).write_text("pass\n" * 500)
    return [directory / file for file in files]


def _make_environment(home: str, name: str, interpreter: str, cache: list[Path]) -> None:
    path = Path(environment_path(home, "tox", name))
    for name_in_it, content in ENVIRONMENT_FILES.items():
        (path / name_in_it).parent.mkdir(parents=True, exist_ok=True)
        (path / name_in_it).write_text(content)
    (path / "bin" / "python").symlink_to(interpreter)
    for file in cache:
        link = path / "lib" / "python3.12" / "site-packages" / file.parent.name / file.name
        link.parent.mkdir(exist_ok=True)
        link.hardlink_to(file)
    record_path = environment_record_path(home, "tox", name)
    os.makedirs(os.path.dirname(record_path), exist_ok=True)
    created = (path / "pyvenv.cfg").stat().st_mtime
    holder = Holder(123, "laptop", f"tox run -e {name}")
    record = EnvironmentRecord(
        "tox", name, state=READY, path=str(path), created=created, python="3.12.1", holder=holder
    )
    write_environment(record_path, record)
