"""Kernels of Jupyter, made up or real."""

from __future__ import annotations

import json
import sys
from functools import cache
from typing import TYPE_CHECKING, Any

from support.environments import INTERPRETER
from support.hosts import make_host
from support.packages import uv
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.hosts import Host

#: Starts the kernels that it is told, and prints what each says its environment is.
_START = """
import sys
from jupyter_client.manager import start_new_kernel
for name in sys.argv[1:]:
    manager, client = start_new_kernel(kernel_name=name)
    try:
        client.execute_interactive("import sys; print(sys.prefix)", timeout=60)
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=True)
"""


def write_kernel(data: Path, environment: Path | str, name: str = "foo", *, path: str = "", **more: object) -> Path:
    """Make what ``ipykernel install`` makes.

    Args:
        data: a directory in which Jupyter looks.
        environment: what the kernel's command names.
        name: what it is called.
        path: what of the environment is named; its Python by default.
        more: further keys of the file.

    Returns:
        Its file.
    """
    argv = [f"{environment}/{path or INTERPRETER}", "-m", "ipykernel_launcher", "-f", "{connection_file}"]
    content = json.dumps({"argv": argv, "display_name": name, "language": "python", **more}, indent=1)
    return write_tree(data / "kernels" / name, {"kernel.json": content}) / "kernel.json"


def named_by(kernel: Path) -> Any:
    """The program that a kernel's command starts with."""
    return json.loads(kernel.read_text(encoding="utf-8"))["argv"][0]


@cache
def make_jupyter() -> Host:
    """The real jupyter_client and ipykernel, installed once for all tests."""
    return make_host("jupyter", "ipykernel", "jupyter-client")


def let_run_kernels(environment: Path) -> None:
    """Make an environment in which kernels can run: it finds the packages of the one that has them."""
    uv("venv", "--no-project", "--python", sys.executable, environment)
    (packages,) = environment.glob("[Ll]ib/**/site-packages")
    (installed,) = make_jupyter().path.glob("[Ll]ib/**/site-packages")
    write_tree(packages, {"jupyter.pth": f"{installed}\n"})


def start_kernels(*names: str, cwd: Path) -> list[str]:
    """Start kernels as a notebook does; what the environment of each is, as it says itself."""
    ended = make_jupyter().run("python", "-c", _START, *names, cwd=cwd)
    assert ended.status == 0, ended.text
    return ended.out.splitlines()
