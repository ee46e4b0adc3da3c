"""Run the tests of what touches the interpreter on the further Pythons that are supported, where they are installed."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

ROOT = Path(__file__).resolve().parent
DEV = ROOT / ".dev"
SUPPORTED = ("3.10", "3.11", "3.12", "3.13", "3.14", "3.15")
#: The tests of what touches the interpreter, in `tests/core`.
TESTS = (
    "adoption/test_installed.py",
    "machine",
    "policy/test_key.py",
    "policy/test_python_request.py",
    "policy/test_settings.py",
    "repair/test_places.py",
    "store/test_identity.py",
    "store/test_lock.py",
    "store/test_record.py",
    "store/test_use.py",
    "store/test_venv.py",
    "test_imports.py",
)
#: What takes most of the time: run on the oldest and the newest Python that is found, for what breaks, breaks there.
AT_THE_ENDS = ("project_environment/test_creation.py",)
#: What takes even more, and on the oldest no more than what the types say: run on the newest only.
AT_THE_NEWEST = ("relocation", "repair/test_repair.py")
#: Those of them that take seconds each and run the same lines of ours again, and one of each kind that is to stay.
SLOW = "(killed_at or pip_of_a_moved or every_json or -quotes or quotes- or [venv)"
NEEDED = "(made_and_recorded or of_a_real_tool)"
#: What these tests import and start.
PACKAGES = ("filelock", "hypothesis", "platformdirs", "pytest", "pytest-randomly", "pytest-timeout", "uv", "virtualenv")

SCRIPTS = "Scripts" if sys.platform == "win32" else "bin"
#: Seconds that a Python has to say which one it is, and to be set up and run its tests.
START_TIMEOUT = 20
RUN_TIMEOUT = 1800


def run(uv: Path, variables: dict[str, str]) -> int:
    """Run the tests on each further Python, several at once, and say in one line what came of each.

    Args:
        uv: the program that finds Pythons and makes the environments, `.dev/other-3.X`.
        variables: environment variables for all that is started.

    Returns:
        1 if tests failed or could not run; a Python that is not found is no failure.
    """
    running = f"{sys.version_info.major}.{sys.version_info.minor}"
    others = [version for version in SUPPORTED if version != running]
    print("$ the tests of what touches the interpreter, on Python", ", ".join(others), flush=True)
    found = {version: interpreter for version in others if (interpreter := find(version, uv)) is not None}
    for version in others:
        if version not in found:
            print(f"Python {version}: not found", flush=True)
    oldest, newest = list(found)[:1], list(found)[-1:]

    def run_on(version: str) -> bool:
        at_the_ends = AT_THE_ENDS if version in (*oldest, *newest) else ()
        tests = (*TESTS, *at_the_ends, *(AT_THE_NEWEST if version in newest else ()))
        return _run_on(version, found[version], tests, uv, variables)

    with ThreadPoolExecutor(os.cpu_count()) as team:
        return 0 if all(list(team.map(run_on, found))) else 1


def find(version: str, uv: Path) -> Path | None:
    """Find an interpreter of a version, such as `3.14`, without any download.

    It may be one that `.ci/pythons` brought, on `PATH`, pyenv's, or wherever uv looks.
    """
    candidates = [str(DEV / "pythons" / "bin" / f"python{version}"), shutil.which(f"python{version}") or ""]
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv")
    candidates += sorted(map(str, pyenv.glob(f"versions/{version}.*/bin/python{version}")))
    candidates.append(_output(uv, "python", "find", "--system", "--no-project", "--no-python-downloads", version))
    question = "import sys, venv; print('%d.%d' % sys.version_info[:2])"
    for candidate in filter(None, candidates):
        if _output(candidate, "-I", "-c", question) == version:
            return Path(candidate)
    return None


def _run_on(version: str, interpreter: Path, names: tuple[str, ...], uv: Path, variables: dict[str, str]) -> bool:
    """Run tests on a Python, and say what came of it; returns whether they passed."""
    environment = DEV / f"other-{version}"
    python = environment / SCRIPTS / "python"
    if _output(python, "-c", "print(1)") != "1":
        _run_quietly(variables, uv, "venv", "--quiet", "--clear", "--python", interpreter, environment)
    install = [uv, "pip", "install", "--quiet", "--python", environment, "--constraint", ROOT / "constraints.txt"]
    tests = [ROOT / "tests" / "core" / name for name in names]
    chosen = ["-k", f"not {SLOW} or {NEEDED}"]
    for command in (
        [*install, *PACKAGES, "--editable", ROOT / "core"],
        [python, "-m", "pytest", "--quiet", "--no-header", "-p", "no:cacheprovider", *chosen, *tests],
    ):
        status, said = _run_quietly(variables, *command)
        if status:
            print(f"Python {version}: FAILED, {interpreter}\n{said}", flush=True)
            return False
    print(f"Python {version}: {said.splitlines()[-1]}, {interpreter}", flush=True)
    return True


def _run_quietly(variables: dict[str, str], *command: object) -> tuple[int, str]:
    """Run a program; return its status and all that it said."""
    try:
        done = subprocess.run(
            list(map(str, command)),
            cwd=ROOT,
            env=variables,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            encoding="utf-8",
            errors="backslashreplace",
            timeout=RUN_TIMEOUT,
            check=False,
        )
    except subprocess.TimeoutExpired as late:
        said = late.output or b""  # bytes, whatever was asked for
        return 1, f"{said.decode('utf-8', 'backslashreplace')}\n{late}"
    return done.returncode, done.stdout


def _output(*command: object) -> str:
    """Return what a program says on stdout; nothing if it cannot be run or fails."""
    try:
        done = subprocess.run(
            list(map(str, command)), capture_output=True, encoding="utf-8", timeout=START_TIMEOUT, check=True
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
    return done.stdout.strip()
