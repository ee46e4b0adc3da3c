"""What things cost, as ratios of CPU time between two commands that run in turn.

    python3 dev.py bench            all of them
    python3 dev.py bench -- path    those with this word in their name

Each pair runs A B A B …; the figure is the median of the ratios of neighbours, so a machine whose speed drifts gives
the same answer. Exit status 1 if a ratio is above its limit.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path

if sys.platform == "win32":
    sys.exit("the benchmarks need a system that tells how much CPU time a process took")

import resource

PROGRAMS = Path(sys.executable).parent
PYTHON = str(PROGRAMS / "python")


@dataclass(frozen=True)
class Pair:
    """A command and what it is compared with."""

    name: str
    command: list[str]
    baseline: list[str]
    limit: float
    runs: int
    files: dict[str, str] = field(default_factory=dict)
    baseline_variables: dict[str, str] = field(default_factory=dict)


TOX_INI = "[tox]\nenv_list = a, b, c\n[testenv]\nskip_install = true\ncommands = python -c pass\n"

PAIRS = [
    Pair(
        "central-venv path / python -c pass",
        [str(PROGRAMS / "central-venv"), "path"],
        [PYTHON, "-c", "pass"],
        limit=1.5,
        runs=100,
        files={"pyproject.toml": '[project]\nname = "demo"\nversion = "1"\n'},
    ),
    Pair(
        "tox config -k env_dir with / without the plugin",
        [str(PROGRAMS / "tox"), "config", "-k", "env_dir"],
        [str(PROGRAMS / "tox"), "config", "-k", "env_dir"],
        limit=1.03,
        runs=100,
        files={"tox.ini": TOX_INI},
        baseline_variables={"TOX_DISABLED_EXTERNAL_PLUGINS": "tox-central-venv"},
    ),
]


def main() -> int:
    """Run the benchmarks that were asked for."""
    wanted = [pair for pair in PAIRS if all(word in pair.name for word in sys.argv[1:])]
    print(f"Python {sys.version.split()[0]} on {sys.platform}; CPU time, median of pairs (smallest to largest)")
    above = [pair for pair in wanted if measure(pair)]
    return 1 if above else 0


def measure(pair: Pair) -> bool:
    """Measure a pair and print it.

    Returns:
        Whether it is above its limit.
    """
    with tempfile.TemporaryDirectory() as temporary:
        home = Path(temporary, "home")
        home.mkdir()
        project = Path(temporary, "project")
        project.mkdir()
        for name, content in pair.files.items():
            (project / name).write_text(content)
        variables = {"PATH": os.environ["PATH"], "HOME": str(home)}
        baseline_variables = {**variables, **pair.baseline_variables}
        for warm_up in (pair.baseline, pair.command):
            cpu(warm_up, project, variables)
        times = [
            (cpu(pair.command, project, variables), cpu(pair.baseline, project, baseline_variables))
            for _ in range(pair.runs)
        ]
    ratios = [command / baseline for command, baseline in times]
    ratio = statistics.median(ratios)
    verdict = "within" if ratio <= pair.limit else "ABOVE"
    milliseconds = statistics.median(command for command, _ in times) * 1000
    print(
        f"{pair.name}: {ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f}), {verdict} the limit of {pair.limit}; "
        f"{milliseconds:.1f} ms, {pair.runs} pairs",
        flush=True,
    )
    return ratio > pair.limit


def cpu(command: list[str], directory: Path, variables: dict[str, str]) -> float:
    """The seconds of CPU time that a command takes, its children included."""
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    subprocess.run(command, cwd=directory, env=variables, check=True, stdout=subprocess.DEVNULL)
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
