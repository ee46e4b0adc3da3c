"""What things cost, as ratios between two commands that run in turn.

    python3 dev.py bench            all of them
    python3 dev.py bench -- path    those with this word in their name

Each pair runs A B A B …; the figure is the median of the ratios of neighbours, so a machine whose speed drifts gives
the same answer. It is of CPU time, or of the time on the clock where several processes share the work. Exit status 1 if
a ratio is above its limit.
"""

from __future__ import annotations

import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

if sys.platform == "win32":
    sys.exit("the benchmarks need a system that tells how much CPU time a process took")

import resource

from synthetic import make_store

PROGRAMS = Path(sys.executable).parent
PYTHON = str(PROGRAMS / "python")
CENTRAL_VENV = str(PROGRAMS / "central-venv")
COPY = shutil.which("cp") or sys.exit("the benchmarks need `cp`, `du` and `rm`")
BARE_SCAN = str(Path(__file__).parent / "bare_scan.py")
ON_PROCESSORS = [PYTHON, str(Path(__file__).parent / "on_processors.py")]
#: How many processors a program can be kept to; only Linux can do that.
PROCESSORS = len(os.sched_getaffinity(0)) if sys.platform == "linux" else 1
ROOT = Path(__file__).parents[1]
#: An installed mise, or the one that the tests use; empty if there is neither.
MISE = shutil.which("mise") or next(map(str, ROOT.glob(".dev/hosts/mise-2*/node_modules/@jdxcode/*/bin/mise")), "")


@dataclass(frozen=True)
class Shape:
    """A synthetic store.

    Attributes:
        environments: how many.
        linked_files: how many files each has by hard links that all of them share.
        gone: every so manieth project is gone.
    """

    environments: int
    linked_files: int = 0
    gone: int = 2


@dataclass(frozen=True)
class Pair:
    """A command and what it is compared with; `{store}` is the store.

    Attributes:
        name: of both.
        command: what is measured.
        baseline: what it is compared with.
        limit: the largest ratio that is good.
        runs: how many times each runs.
        files: what the project has that both run in.
        variables: what both are told; `{base}` is the directory with the home and the project.
        baseline_variables: what only the baseline is told.
        store: what the store holds; None for an empty one.
        consumes: whether both remove what is in the store, so that each needs a copy of its own.
        clock: whether the time on the clock is measured, not CPU time.
    """

    name: str
    command: list[str]
    baseline: list[str]
    limit: float
    runs: int
    files: dict[str, str] = field(default_factory=dict)
    variables: dict[str, str] = field(default_factory=dict)
    baseline_variables: dict[str, str] = field(default_factory=dict)
    store: Shape | None = None
    consumes: bool = False
    clock: bool = False


NOXFILE = "import nox\n{enable}\n@nox.session\ndef tests(session):\n    session.run('pytest')\n"
TOX_INI = "[tox]\nenv_list = a, b, c\n[testenv]\nskip_install = true\ncommands = python -c pass\n"

PYPROJECT = (
    '[project]\nname = "demo"\nversion = "1"\n[tool.hatch.envs.default]\ntype = "central"\nskip-install = true\n'
)
#: A plugin that Python finds before ours under the same name, whose environments are stock ones.
STAND_IN = """
from hatchling.plugin import hookimpl

@hookimpl
def hatch_register_environment():
    from hatch.env.virtual import VirtualEnvironment

    return type("Idle", (VirtualEnvironment,), {"PLUGIN_NAME": "central"})
"""

PAIRS = [
    Pair(
        "central-venv path / python -c pass",
        [CENTRAL_VENV, "path"],
        [PYTHON, "-c", "pass"],
        limit=1.3,
        runs=100,
        files={"pyproject.toml": '[project]\nname = "demo"\nversion = "1"\n'},
    ),
    Pair(
        "central-venv run true / python -c pass",
        [CENTRAL_VENV, "run", "true"],
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
    Pair(
        "nox -l with / without enable()",
        [str(PROGRAMS / "nox"), "-f", "central.py", "-l"],
        [str(PROGRAMS / "nox"), "-f", "plain.py", "-l"],
        limit=1.03,
        runs=300,
        files={
            "central.py": NOXFILE.format(enable="import nox_central_venv\nnox_central_venv.enable()"),
            "plain.py": NOXFILE.format(enable=""),
        },
    ),
    Pair(
        "hatch env find / the same with a type of a plugin that does nothing",
        [str(PROGRAMS / "hatch"), "env", "find"],
        [str(PROGRAMS / "hatch"), "env", "find"],
        limit=1.05,
        runs=100,
        files={
            "pyproject.toml": PYPROJECT,
            "idle/idle.py": STAND_IN,
            "idle/hatch_central_venv-0.dist-info/METADATA": "Name: hatch-central-venv\nVersion: 0\n",
            "idle/hatch_central_venv-0.dist-info/entry_points.txt": "[hatch]\ncentral-venv = idle\n",
        },
        baseline_variables={"PYTHONPATH": "idle"},
    ),
    Pair(
        "central-venv env --shell json / python -c pass",
        [CENTRAL_VENV, "env", "--shell", "json"],
        [PYTHON, "-c", "pass"],
        limit=1.6,
        runs=100,
        files={"pyproject.toml": '[project]\nname = "demo"\nversion = "1"\n'},
    ),
    Pair(
        "mise env in a known project / the same with a plugin that does nothing",
        [MISE, "-C", "known", "env"],
        [MISE, "-C", "idle", "env"],
        limit=1.8,
        runs=100,
        files={
            **{f"{name}/pyproject.toml": '[project]\nname = "demo"\nversion = "1"\n' for name in ("known", "idle")},
            "known/mise.toml": "[env]\n_.central-venv = {}\n",
            "idle/mise.toml": "[env]\n_.idle = {}\n",
            **{
                f"data/plugins/central-venv/{file.relative_to(ROOT / 'plugins' / 'mise')}": file.read_text()
                for file in (ROOT / "plugins" / "mise").rglob("*.lua")
            },
            "data/plugins/idle/metadata.lua": 'PLUGIN = { name = "idle", version = "1" }\n',
            "data/plugins/idle/hooks/mise_env.lua": "function PLUGIN:MiseEnv()\n    return {}\nend\n",
            "data/plugins/idle/hooks/mise_path.lua": "function PLUGIN:MisePath()\n    return {}\nend\n",
        },
        variables={
            "MISE_DATA_DIR": "{base}/project/data",
            "MISE_OFFLINE": "1",
            "MISE_TRUSTED_CONFIG_PATHS": "{base}",
            "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}",
        },
    ),
    *(
        Pair(
            f"list of {count} environments / a bare loop over them",
            [CENTRAL_VENV, "list"],
            [PYTHON, BARE_SCAN, "{store}"],
            limit=1.45,
            runs=runs,
            store=Shape(count),
        )
        for count, runs in ((1_000, 50), (10_000, 20))
    ),
    *(
        Pair(
            f"list --size of {count} environments of {files} linked files / du -s",
            [CENTRAL_VENV, "list", "--size"],
            ["du", "-s", "{store}"],
            limit=1.0,
            runs=20,
            store=Shape(count, linked_files=files),
            clock=True,
        )
        for count, files in ((1_000, 300), (10_000, 100))
    ),
    Pair(
        f"list --size of 1000 environments of 300 linked files on {PROCESSORS} processors / on one",
        [*ON_PROCESSORS, str(PROCESSORS), CENTRAL_VENV, "list", "--size"],
        [*ON_PROCESSORS, "1", CENTRAL_VENV, "list", "--size"],
        limit=0.85,
        runs=20,
        store=Shape(1_000, linked_files=300),
        clock=True,
    ),
    Pair(
        f"prune of 1000 environments of 300 linked files on {PROCESSORS} processors / on one",
        [*ON_PROCESSORS, str(PROCESSORS), CENTRAL_VENV, "prune", "--yes"],
        [*ON_PROCESSORS, "1", CENTRAL_VENV, "prune", "--yes"],
        limit=0.85,
        runs=7,
        store=Shape(1_000, linked_files=300, gone=1),
        consumes=True,
        clock=True,
    ),
    Pair(
        "prune of 1000 environments of 300 linked files / rm -rf",
        [CENTRAL_VENV, "prune", "--yes"],
        ["rm", "-rf", "{store}"],
        limit=1.2,
        runs=7,
        store=Shape(1_000, linked_files=300, gone=1),
        consumes=True,
        clock=True,
    ),
    Pair(
        "prune --background of 1000 environments of 300 linked files / rm -rf",
        [CENTRAL_VENV, "prune", "--yes", "--background"],
        ["rm", "-rf", "{store}"],
        limit=1.0,
        runs=7,
        store=Shape(1_000, linked_files=300, gone=1),
        consumes=True,
        clock=True,
    ),
]

AN_HOUR_AGO = time.time() - 3600


def main() -> int:
    """Run the benchmarks that were asked for."""
    wanted = [pair for pair in PAIRS if all(word in pair.name for word in sys.argv[1:])]
    if not MISE:
        print("there is no mise here, so what it takes is not measured")
        wanted = [pair for pair in wanted if pair.command[0]]
    if PROCESSORS == 1:
        print("there is one processor here, so what several gain is not measured")
        wanted = [pair for pair in wanted if pair.command[:2] != ON_PROCESSORS]
    print(f"Python {sys.version.split()[0]} on {sys.platform}; median of pairs (smallest to largest)")
    above = [pair for pair in wanted if measure(pair)]
    return 1 if above else 0


def measure(pair: Pair) -> bool:
    """Measure a pair and print it.

    Returns:
        Whether it is above its limit.
    """
    with tempfile.TemporaryDirectory() as temporary:
        base = Path(temporary)
        for name in ("home", "project"):
            (base / name).mkdir()
        for name, content in pair.files.items():
            file = base / "project" / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(content)
            os.utime(file, (AN_HOUR_AGO, AN_HOUR_AGO))  # what was written just now is not yet taken for settled
        shape = pair.store or Shape(0)
        store = make_store(base, shape.environments, linked_files=shape.linked_files, gone=shape.gone)
        times = [one_run(pair, base, store) for _ in range(pair.runs + 1)][1:]  # the first one warms up
    ratios = [command / baseline for command, baseline in times]
    ratio = statistics.median(ratios)
    verdict = "within" if ratio <= pair.limit else "ABOVE"
    milliseconds = statistics.median(command for command, _ in times) * 1000
    print(
        f"{pair.name}: {ratio:.3f} ({min(ratios):.3f} to {max(ratios):.3f}), {verdict} the limit of {pair.limit}; "
        f"{milliseconds:.1f} ms {'on the clock' if pair.clock else 'of CPU'}, {pair.runs} pairs",
        flush=True,
    )
    return ratio > pair.limit


def one_run(pair: Pair, base: Path, store: Path) -> tuple[float, float]:
    """The seconds that the command takes, and the baseline."""
    results = []
    for command, variables in ((pair.command, {}), (pair.baseline, pair.baseline_variables)):
        used = store
        if pair.consumes:
            used = base / "copy"
            subprocess.run([COPY, "-a", store, used], check=True)
        words = [word.format(store=used) for word in command]
        # Homes are found by the paths of their projects, which a copy of the store shares with it.
        environment = {"PATH": os.environ["PATH"], "HOME": str(base / "home"), "CENTRAL_VENV_HOME": str(used)}
        told = {name: value.format(base=base) for name, value in pair.variables.items()}
        results.append(seconds(words, base / "project", {**environment, **told, **variables}, clock=pair.clock))
        if pair.consumes:
            shutil.rmtree(used, ignore_errors=True)
    return results[0], results[1]


def seconds(command: list[str], directory: Path, variables: dict[str, str], *, clock: bool) -> float:
    """The seconds that a command takes: on the clock, or of CPU with its children."""
    before, start = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    subprocess.run(command, cwd=directory, env=variables, check=True, stdout=subprocess.DEVNULL)
    after, end = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    return end - start if clock else after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


if __name__ == "__main__":
    sys.exit(main())
