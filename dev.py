#!/usr/bin/env python3
"""Set this repository up and do something with it. Needs Python >= 3.10 with pip and venv, and nothing else.

    python3 dev.py tour     real tox, nox and hatch on real projects, and where their environments are afterwards
    python3 dev.py test     format, lint, types and the tests; with `--exhaustive` also what only repeats them
    python3 dev.py test --newest    the tests of the hosts with their newest releases instead of the pinned ones
    python3 dev.py cover    how much of the code the tests reach, which must be enough
    python3 dev.py pythons  the tests of what touches the interpreter, on each other supported Python that is found
    python3 dev.py bench    what a lookup and the plugins cost, as ratios

Everything it installs goes to `.dev/` in this checkout.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import venv
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import other_pythons

ROOT = Path(__file__).resolve().parent
DEV = ROOT / ".dev"
CONSTRAINTS = ROOT / "constraints.txt"
MEMBERS = ("core", "plugins/hatch", "plugins/mise", "plugins/nox", "plugins/tox")
TOOLS = (
    "coverage",
    "hypothesis",
    "import-linter",
    "lupa ; python_version < '3.15'",  # it has no wheels for later ones
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
#: One process more than there are processors, because tests wait for programs and disks; one that has done its tests
#: takes over some of another one's.
IN_PARALLEL = ("-n", str((os.cpu_count() or 1) + 1), "--dist", "worksteal")

SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"


def main() -> int:
    """Run one of the jobs."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("job", choices=["tour", "test", "cover", "pythons", "bench"])
    parser.add_argument("--exhaustive", action="store_true", help="with `test`: also the tests that repeat others")
    parser.add_argument("arguments", nargs="*", help="for pytest or the benchmarks, behind `--`")
    parser.add_argument(
        "--newest", action="store_true", help="with `test`: the hosts' tests with their newest releases"
    )
    options = parser.parse_intermixed_args()  # options may stand before `--`
    environment = set_up()
    if options.newest:
        from newest import test as test_newest

        return test_newest(environment, options.arguments)
    jobs = {"tour": tour, "test": test, "cover": cover, "pythons": pythons, "bench": bench}
    return jobs[options.job](environment, options)


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
    if call(environment, "uv", *install, *TOOLS, *members, check=False):
        call(environment, "uv", *install, "--offline", *TOOLS, *members)  # from what was downloaded before
    call(environment, "python", "-m", "compileall", "-q", *(ROOT / member / "src" for member in MEMBERS))
    return environment


def tour(environment: Path, options: argparse.Namespace) -> int:
    """The main job on real projects."""
    return call(environment, "python", ROOT / "examples" / "tour.py", *options.arguments, check=False)


def test(environment: Path, options: argparse.Namespace) -> int:
    """All checks."""
    call(environment, "ruff", "format", "--check", ".")
    call(environment, "ruff", "check", ".")
    call(environment, "lint-imports", "--no-logo", "--no-cache")
    check_types(environment)
    more = ["--exhaustive"] if options.exhaustive else []
    status = call(environment, "python", "-m", "pytest", *IN_PARALLEL, *more, *options.arguments, check=False)
    return status if options.arguments else pythons(environment, options) or status


def check_types(environment: Path) -> None:
    """Everything as this system sees it, and the distributions as each other system does."""
    sources = [f"{member}/src" for member in MEMBERS]
    others = [platform for platform in PLATFORMS if platform != sys.platform]
    checks: list[list[object]] = [
        [*sources, "tests", "benchmarks", "examples", "dev.py", "newest.py", "other_pythons.py"],
        *(["--platform", each, "--cache-dir", DEV / "cache" / f"mypy-{each}", *sources] for each in others),
    ]
    with ThreadPoolExecutor(os.cpu_count()) as team:
        statuses = list(team.map(lambda check: call(environment, "mypy", *check, check=False), checks))
    if any(statuses):
        raise SystemExit(max(statuses))


def cover(environment: Path, options: argparse.Namespace) -> int:
    """What of the code the tests reach with the newest releases of the hosts: the others hardly reach more.

    It is no part of `test`, because to measure takes as long as to test: most of it starts in some thousand processes.
    """
    data = DEV / "coverage" / "data"
    data.parent.mkdir(exist_ok=True)
    for stale in data.parent.iterdir():
        stale.unlink()
    # Not by the variable: the projects that the tests run obey it, too.
    file = f"--data-file={data}"
    tests = ["-m", "pytest", *IN_PARALLEL, "-k", "not (oldest or middle)", *options.arguments]
    status = call(environment, "coverage", "run", file, *tests, check=False)
    call(environment, "coverage", "combine", "--quiet", file)
    # A part of the tests covers a part of the code, and other systems run other branches.
    floor = COVERAGE_FLOOR if sys.platform == "linux" and not options.arguments else 0
    return call(environment, "coverage", "report", file, "--fail-under", floor, check=False) or status


def pythons(environment: Path, _: argparse.Namespace) -> int:
    """A quick part of the tests on each other supported Python that is found."""
    return other_pythons.run(environment / SCRIPTS / "uv", variables())


def bench(environment: Path, options: argparse.Namespace) -> int:
    """What things cost."""
    return call(environment, "python", ROOT / "benchmarks" / "run.py", *options.arguments, check=False)


def call(environment: Path, program: str, *arguments: object, check: bool = True) -> int:
    """Run a program of the environment; end with its status if it fails."""
    command = [str(environment / SCRIPTS / program), *map(str, arguments)]
    print("$", program, *arguments, flush=True)
    status = subprocess.run(command, cwd=ROOT, env=variables(), check=False).returncode
    if check and status:
        raise SystemExit(status)
    return status


def variables() -> dict[str, str]:
    """The environment variables of all that is started."""
    caches = {"UV_CACHE_DIR": str(DEV / "cache" / "uv"), "PIP_CACHE_DIR": str(DEV / "cache" / "pip")}
    return {**os.environ, **caches, "PYTHONDONTWRITEBYTECODE": ""}


if __name__ == "__main__":
    sys.exit(main())
