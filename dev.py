#!/usr/bin/env python3
"""Set this repository up and do something with it. Needs Python >= 3.10 with pip and venv, and nothing else.

    python3 dev.py tour     real tox, nox and hatch on real projects, and where their environments are afterwards
    python3 dev.py test     lint, types and all tests with their coverage
    python3 dev.py bench    what a lookup and the plugins cost, as ratios

Everything it installs goes to `.dev/` in this checkout.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import venv
from pathlib import Path

ROOT = Path(__file__).resolve().parent
DEV = ROOT / ".dev"
CONSTRAINTS = ROOT / "constraints.txt"
MEMBERS = ("core", "plugins/hatch", "plugins/mise", "plugins/nox", "plugins/tox")
TOOLS = (
    "coverage",
    "hypothesis",
    "import-linter",
    "lupa",
    "mypy",
    "pexpect",
    "platformdirs",
    "pytest",
    "pytest-randomly",
    "pytest-timeout",
    "pytest-xdist",
    "ruff",
    "uv",
)
PLATFORMS = ("linux", "darwin", "win32")
COVERAGE_FLOOR = 95

SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"


def main() -> int:
    """Run one of the jobs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=["tour", "test", "bench"])
    parser.add_argument("arguments", nargs="*", help="for pytest or the benchmarks, behind `--`")
    options = parser.parse_args()
    environment = set_up()
    return {"tour": tour, "test": test, "bench": bench}[options.job](environment, options.arguments)


def set_up() -> Path:
    """An environment with the tools and this workspace in it."""
    environment = DEV / f"venv-{sys.version_info.major}.{sys.version_info.minor}"
    if not (environment / SCRIPTS).is_dir():
        print(f"creating {environment.relative_to(ROOT)}", flush=True)
        venv.create(environment, with_pip=True, symlinks=os.name != "nt")
    pip = ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--constraint", CONSTRAINTS]
    call(environment, "python", *pip, "uv")
    members = [argument for member in MEMBERS for argument in ("--editable", ROOT / member)]
    install = ["pip", "install", "--quiet", "--python", environment, "--compile-bytecode", "--constraint", CONSTRAINTS]
    call(environment, "uv", *install, *TOOLS, *members)
    call(environment, "python", "-m", "compileall", "-q", *(ROOT / member / "src" for member in MEMBERS))
    return environment


def tour(environment: Path, arguments: list[str]) -> int:
    """The main job on real projects."""
    return call(environment, "python", ROOT / "examples" / "tour.py", *arguments, check=False)


def test(environment: Path, arguments: list[str]) -> int:
    """All checks."""
    call(environment, "ruff", "format", "--check", ".")
    call(environment, "ruff", "check", ".")
    call(environment, "lint-imports", "--no-logo", "--no-cache")
    for platform in PLATFORMS:
        call(environment, "mypy", "--platform", platform, *(f"{member}/src" for member in MEMBERS))
    call(environment, "mypy", "tests", "benchmarks", "examples", "dev.py")
    data = DEV / "coverage" / "data"
    data.parent.mkdir(exist_ok=True)
    for stale in data.parent.iterdir():
        stale.unlink()
    # Not by the variable: the projects that the tests run obey it, too.
    file = f"--data-file={data}"
    status = call(environment, "coverage", "run", file, "-m", "pytest", "-n", "auto", *arguments, check=False)
    call(environment, "coverage", "combine", "--quiet", file)
    # A part of the tests covers a part of the code, and other systems run other branches.
    floor = COVERAGE_FLOOR if sys.platform == "linux" and not arguments else 0
    return call(environment, "coverage", "report", file, "--fail-under", floor, check=False) or status


def bench(environment: Path, arguments: list[str]) -> int:
    """What things cost."""
    return call(environment, "python", ROOT / "benchmarks" / "run.py", *arguments, check=False)


def call(environment: Path, program: str, *arguments: object, check: bool = True) -> int:
    """Run a program of the environment; end with its status if it fails."""
    command = [str(environment / SCRIPTS / program), *map(str, arguments)]
    print("$", program, *arguments, flush=True)
    caches = {"UV_CACHE_DIR": str(DEV / "cache" / "uv"), "PIP_CACHE_DIR": str(DEV / "cache" / "pip")}
    variables = {**os.environ, **caches, "PYTHONDONTWRITEBYTECODE": ""}
    status = subprocess.run(command, cwd=ROOT, env=variables, check=False).returncode
    if check and status:
        raise SystemExit(status)
    return status


if __name__ == "__main__":
    sys.exit(main())
