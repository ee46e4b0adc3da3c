"""Packages that are built and installed without an index: wheels, and projects with a build backend of their own."""

from __future__ import annotations

import base64
import hashlib
import sys
import zipfile
from typing import TYPE_CHECKING

from support.hosts import UV
from support.network import download
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

_PROJECT = """
[build-system]
requires = []
build-backend = "backend"
backend-path = ["."]
[project]
name = "{name}"
version = "{version}"
"""

_BACKEND = """
import os, zipfile
NAME, VERSION, PROGRAMS = "{name}", "{version}", "{programs}"
{first}
def make(directory, files):
    info = f"{{NAME}}-{{VERSION}}.dist-info"
    files |= {{
        f"{{info}}/METADATA": f"Metadata-Version: 2.1\\nName: {{NAME}}\\nVersion: {{VERSION}}\\n",
        f"{{info}}/WHEEL": "Wheel-Version: 1.0\\nGenerator: test\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n",
        f"{{info}}/entry_points.txt": "[console_scripts]\\n" + "".join(
            f"{{program}} = {{NAME}}:main\\n" for program in PROGRAMS.split()
        ),
    }}
    files[f"{{info}}/RECORD"] = "".join(f"{{name}},,\\n" for name in [*files, f"{{info}}/RECORD"])
    wheel = f"{{NAME}}-{{VERSION}}-py3-none-any.whl"
    with zipfile.ZipFile(os.path.join(directory, wheel), "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return wheel

def build_wheel(wheel_directory, config_settings=None, metadata_directory=None):
    with open(f"{{NAME}}.py", encoding="utf-8") as file:
        return make(wheel_directory, {{f"{{NAME}}.py": file.read()}})

def build_editable(wheel_directory, config_settings=None, metadata_directory=None):
    return make(wheel_directory, {{f"{{NAME}}.pth": os.getcwd() + "\\n"}})
"""


def write_project(
    path: Path, name: str = "demo", version: str = "1", *, programs: str | None = None, first: str = ""
) -> Path:
    """Make a project that pip and uv can build and install.

    Args:
        path: its directory.
        name: what it is called.
        version: its version; for one that is there, of another length, or Python takes its old backend for the new one.
        programs: the names of its programs; its own name by default.
        first: what its backend does first.
    """
    programs = name if programs is None else programs
    module = {f"{name}.py": f"def main():\n    print('{name} {version}')\n"}
    return write_tree(path, {**build_files(name, version, programs=programs, first=first), **module})


def build_files(name: str, version: str, *, programs: str = "", first: str = "") -> dict[str, str]:
    """What lets pip and uv build a project that has a module of its name; the rest is as for `write_project`."""
    return {
        "pyproject.toml": _PROJECT.format(name=name, version=version),
        "backend.py": _BACKEND.format(name=name, version=version, programs=programs, first=first),
    }


def _digest(text: str) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).decode().rstrip("=")


def write_wheel(directory: Path, name: str = "demo", version: str = "1", *, end: str = "") -> Path:
    """Make a wheel with a module and a program of its name.

    Args:
        directory: where to; it is made if need be.
        name: the package's.
        version: the package's.
        end: what its module ends with.
    """
    info = f"{name}-{version}.dist-info"
    content = {
        f"{name}.py": f"def main():\n    print('{name} {version}')\n{end}",
        f"{info}/METADATA": f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n",
        f"{info}/WHEEL": "Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/entry_points.txt": f"[console_scripts]\n{name} = {name}:main\n",
    }
    lines = [f"{each},sha256={_digest(text)},{len(text)}\n" for each, text in content.items()]
    content[f"{info}/RECORD"] = "".join([*lines, f"{info}/RECORD,,\n"])
    directory.mkdir(parents=True, exist_ok=True)
    path = directory / f"{name}-{version}-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for each, text in content.items():
            archive.writestr(each, text)
    return path


def uv(*arguments: str | Path) -> None:
    """Run the real uv."""
    download(UV, "--quiet", *arguments)


def write_real_environment(path: Path, *packages: str | Path, python: str | None = None) -> Path:
    """Make an environment with uv, and install packages there as uv takes them.

    Args:
        path: its directory.
        packages: what to install.
        python: its Python; the running one by default.
    """
    uv("venv", "--no-project", "--python", python or sys.executable, path)
    if packages:
        uv("pip", "install", "--no-deps", "--python", path, *packages)
    return path
