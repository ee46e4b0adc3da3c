"""Becoming another program, in a process of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest
from support.trees import write_tree

if TYPE_CHECKING:
    from pathlib import Path

    from support.mounts import Mounts

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="no process takes another's place on Windows")

BECOME = """
import os, sys
from central_venv.cli import report_errors
from central_venv.machine.replacement import exec_or_run
print("said before")
sys.exit(report_errors(lambda: exec_or_run(sys.argv[1:], {"PATH": os.environ["PATH"], "ONLY": "this"})))
"""


def run(*command: str, **options: object) -> subprocess.CompletedProcess[str]:
    return subprocess.run(  # type: ignore[call-overload, no-any-return]  # the options of one test
        [sys.executable, "-c", BECOME, *command], capture_output=True, text=True, check=False, **options
    )


def test_the_process_stays_and_the_exit_status_is_the_programs() -> None:
    with subprocess.Popen(
        [sys.executable, "-c", BECOME, "sh", "-c", "echo $$; exit 7"], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        said = process.stdout.read()

    assert (said, process.returncode) == (f"said before\n{process.pid}\n", 7)


def test_it_finds_the_variables_that_it_is_given_and_no_others() -> None:
    said = run(sys.executable, "-c", "import os; print(sorted(set(os.environ) - {'LC_CTYPE'}))")

    assert said.stdout == "said before\n['ONLY', 'PATH']\n"


def test_it_is_looked_for_where_its_own_path_says(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write_tree(tmp_path, {"bin/hello": '#!/bin/sh\necho hello "$@"\n'})
    (tmp_path / "bin" / "hello").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}")

    assert run("hello", "a b", "", "$x").stdout == "said before\nhello a b  $x\n"


def test_what_cannot_be_run_does_not_hide_what_is_further_on_the_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, {"closed/hello": "#!/bin/sh\n", "file": "", "bin/hello": "#!/bin/sh\necho hello\n"})
    (tmp_path / "bin" / "hello").chmod(0o755)
    directories = [str(tmp_path / name) for name in ("gone", "closed", "file", "bin")]
    monkeypatch.setenv("PATH", os.pathsep.join([*directories, os.environ["PATH"]]))

    assert run("hello").stdout == "said before\nhello\n"


@pytest.mark.parametrize("number", ["SIGPIPE", "SIGXFSZ", "SIGINT", "SIGTERM"])
def test_signals_mean_what_they_mean_without_python(number: str) -> None:
    asked = f"import signal; print(signal.getsignal(signal.{number}) in (signal.SIG_DFL, signal.SIG_IGN))"
    code = f"{asked}\nimport os; os.kill(os.getpid(), signal.{number})"
    shell = run("sh", "-c", f"kill -{number.removeprefix('SIG')} $$")

    assert run(sys.executable, "-c", code).stdout.startswith("said before\n")
    assert shell.returncode == -getattr(signal, number)


def test_signals_are_restored_without_the_module_that_is_not_public() -> None:
    code = f"import signal, sys\nsys.modules['_signal'] = None\n{BECOME}"

    done = subprocess.run(
        [sys.executable, "-c", code, "sh", "-c", "kill -PIPE $$; echo alive"], capture_output=True, check=False
    )

    assert (done.returncode, done.stdout) == (-signal.SIGPIPE, b"said before\n"), done.stderr


def test_a_signal_that_is_ignored_stays_so() -> None:
    said = run("sh", "-c", "kill -HUP $$; echo alive", preexec_fn=lambda: signal.signal(signal.SIGHUP, signal.SIG_IGN))

    assert (said.returncode, said.stdout) == (0, "said before\nalive\n")


def test_what_we_opened_is_closed(tmp_path: Path) -> None:
    leaking = BECOME.replace("print(", f"file = open({str(tmp_path / 'file')!r}, 'w')\nprint(", 1)
    directory = "/dev/fd" if sys.platform == "darwin" else "/proc/self/fd"
    code = f"import os; print(sorted(os.path.realpath(f'{directory}/{{n}}') for n in os.listdir('{directory}')))"

    done = subprocess.run(
        [sys.executable, "-c", leaking, sys.executable, "-c", code], capture_output=True, text=True, check=True
    )

    assert str(tmp_path) not in done.stdout


@pytest.mark.parametrize(
    ("name", "content", "mode", "status", "message", "hint"),
    [
        pytest.param(
            None,
            "",
            0,
            127,
            "there is no program `missing`, neither in the environment nor on the path",
            "install it into the environment, or check the spelling",
            id="missing",
        ),
        pytest.param(
            "broken",
            "#! /gone/python -I\n",
            0o755,
            126,
            "cannot run `{path}`: `/gone/python`, which its first line names, is not there",
            "install the package that it comes from once more",
            id="its interpreter is gone",
        ),
        pytest.param(
            "barred",
            "#!/etc/passwd\n",
            0o755,
            126,
            "cannot run `{path}`: `/etc/passwd`, which its first line names: permission denied",
            "install the package that it comes from once more",
            id="its interpreter is no program",
        ),
        pytest.param(
            "text",
            "hello\n",
            0o755,
            126,
            "cannot run `{path}`: exec format error",
            "install the package that it comes from once more",
            id="no program",
        ),
        pytest.param(
            "closed",
            "#!/bin/sh\n",
            0o644,
            126,
            "cannot run `{path}`: it is not executable",
            "run `chmod +x {path}`",
            id="not executable",
        ),
    ],
)
def test_what_cannot_be_run_is_one_clear_error(  # noqa: PLR0913, PLR0917
    name: str | None,
    content: str,
    mode: int,
    status: int,
    message: str,
    hint: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("PATH", f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    path = tmp_path / (name or "missing")
    if name is not None:
        write_tree(tmp_path, {name: content})
        path.chmod(mode)

    said = run(name or "missing")

    assert (said.returncode, said.stdout) == (status, "said before\n")
    assert said.stderr == f"error: {message}\nhint: {hint}\n".replace("{path}", str(path))


def test_where_nothing_can_be_run_it_is_not_the_program_that_is_wrong(mounts: Mounts, tmp_path: Path) -> None:
    disk = mounts.memory(tmp_path / "disk", "size=1m,noexec")
    write_tree(disk, {"hello": "#!/bin/sh\n"})
    (disk / "hello").chmod(0o755)

    said = run(str(disk / "hello"))

    assert (said.returncode, said.stderr.splitlines()) == (
        126,
        [
            f"error: cannot run `{disk / 'hello'}`: nothing can be run on that file system",
            "hint: mount it without `noexec`, or set `CENTRAL_VENV_HOME` to a directory on another one",
        ],
    )


def test_a_directory_is_no_program(tmp_path: Path) -> None:
    said = run(str(tmp_path))

    assert (said.returncode, said.stderr) == (
        126,
        f"error: cannot run `{tmp_path}`: it is a directory\nhint: name a program\n",
    )


def test_a_path_that_leads_to_nothing_is_no_program() -> None:
    said = run("./missing")

    assert (said.returncode, said.stderr) == (127, "error: there is no program `./missing`\nhint: check the spelling\n")


def test_behind_a_script_whose_interpreter_is_gone_the_path_is_not_followed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(tmp_path, {"first/hello": "#!/gone/python\n", "second/hello": "#!/bin/sh\necho hello\n"})
    for name in ("first", "second"):
        (tmp_path / name / "hello").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'first'}{os.pathsep}{tmp_path / 'second'}")

    said = run("hello")

    assert (said.returncode, said.stdout) == (126, "said before\n")
