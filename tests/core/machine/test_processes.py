"""Which processes run from an environment."""

from __future__ import annotations

import errno
import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from central_venv.errors import StoreError
from central_venv.machine import processes
from central_venv.machine.processes import Running

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.mounts import Mounts

    Maker = Callable[[Path], Path]

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells all of this")

WAIT = "print('ready', flush=True); input()"
#: A user who owns nothing.
NOBODY = 65534
BASE = os.path.realpath(sys.executable)


@pytest.fixture
def place(base: Path) -> Path:
    directory = base / "store"
    directory.mkdir()
    return directory


@pytest.fixture
def environment(place: Path, make_environment: Maker) -> Path:
    """An environment whose interpreter works."""
    path = make_environment(place / "home" / ".tox" / "py312")
    (path / "bin" / "python").unlink()
    (path / "bin" / "python").symlink_to(BASE)
    (path / "pyvenv.cfg").write_text(f"home = {os.path.dirname(BASE)}\n")
    return path


@contextmanager
def running(*command: str | Path, cwd: Path | None = None, variables: dict[str, str] | None = None) -> Iterator[int]:
    """The id of a process that has said something."""
    process = subprocess.Popen(
        list(map(str, command)),
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        cwd=cwd,
        env={**os.environ, **(variables or {})},
    )
    try:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        yield process.pid
    finally:
        process.kill()
        process.communicate()


def found(place: Path, environment: Path) -> int | None:
    return Running(str(place)).from_environment(str(environment))


def test_nothing_runs_from_an_environment_that_nobody_uses(place: Path, environment: Path) -> None:
    assert found(place, environment) is None


def test_a_process_runs_from_where_its_interpreter_was_started(place: Path, environment: Path) -> None:
    with running(environment / "bin" / "python", "-c", WAIT) as pid:
        assert found(place, environment) == pid


def test_it_does_not_once_it_has_ended(place: Path, environment: Path) -> None:
    with running(environment / "bin" / "python", "-c", WAIT):
        pass

    assert found(place, environment) is None


def test_an_interpreter_started_by_a_relative_path_runs_from_there(place: Path, environment: Path) -> None:
    with running("bin/python", "-c", WAIT, cwd=environment) as pid:
        assert found(place, environment) == pid


def test_a_script_of_the_environment_runs_from_it(place: Path, environment: Path) -> None:
    script = environment / "bin" / "tool"
    script.write_text(f"#!{environment}/bin/python\n{WAIT}\n")
    script.chmod(0o755)

    with running(script) as pid:
        assert found(place, environment) == pid


def test_a_script_runs_from_there_whatever_interprets_it(place: Path, environment: Path) -> None:
    script = environment / "bin" / "tool"
    script.write_text("#!/bin/sh\necho ready; read line\n")
    script.chmod(0o755)

    with running("/bin/sh", script) as pid:
        assert found(place, environment) == pid


def test_a_program_that_lies_in_the_environment_runs_from_it(place: Path, environment: Path) -> None:
    sleeper = shutil.copy(os.path.realpath("/bin/sh"), environment / "bin" / "server")

    with subprocess.Popen(
        ["another name", "-c", "echo ready; read line"],
        executable=sleeper,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"ready\n"
        assert found(place, environment) == process.pid
        process.kill()


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
@pytest.mark.parametrize("end", ["", "/"])
def test_an_interpreter_that_was_told_to_be_in_the_environment_runs_from_it(
    place: Path, environment: Path, variable: str, end: str
) -> None:
    with running(sys.executable, "-c", WAIT, variables={variable: f"{environment}{end}"}) as pid:
        assert found(place, environment) == pid


def test_an_interpreter_that_loaded_a_file_of_the_environment_runs_from_it(place: Path, environment: Path) -> None:
    (environment / "lib.so").write_bytes(b"x" * 4096)
    load = "import mmap, sys; f = open(sys.argv[1], 'rb'); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ);"

    with running(sys.executable, "-c", f"{load} {WAIT}", environment / "lib.so") as pid:
        assert found(place, environment) == pid


@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_a_shell_in_which_the_environment_is_active_does_not_count(
    place: Path, environment: Path, variable: str
) -> None:
    with running("/bin/sh", "-c", "echo ready; read line", variables={variable: str(environment)}):
        assert found(place, environment) is None


def test_a_process_that_is_only_in_the_directory_does_not_count(place: Path, environment: Path) -> None:
    with running(sys.executable, "-c", WAIT, cwd=environment):
        assert found(place, environment) is None


def test_an_argument_that_names_the_environment_does_not_count(place: Path, environment: Path) -> None:
    with running(sys.executable, "-c", WAIT, environment / "bin" / "python"):
        assert found(place, environment) is None


@pytest.mark.parametrize("name", ["py31", "py3123", ""], ids=["shorter", "longer", "runner directory"])
def test_an_environment_whose_name_is_like_it_is_another(place: Path, environment: Path, name: str) -> None:
    with running(environment / "bin" / "python", "-c", WAIT):
        assert found(place, environment.parent / name if name else place / "home" / ".to") is None


def test_a_process_runs_from_a_store_behind_a_link(base: Path, place: Path, environment: Path) -> None:
    (base / "link").symlink_to(place)
    inside = environment.relative_to(place)

    with running(environment / "bin" / "python", "-c", WAIT) as pid:
        assert found(base / "link", base / "link" / inside) == pid


def test_a_process_that_was_started_through_a_link_to_the_store_runs_from_it(
    base: Path, place: Path, environment: Path
) -> None:
    (base / "link").symlink_to(place)
    inside = environment.relative_to(place)

    with running(base / "link" / inside / "bin" / "python", "-c", WAIT) as pid:
        assert found(base / "link", base / "link" / inside) == pid


@pytest.mark.parametrize("name", ["with space", "line\nbreak", os.fsdecode(b"\xff")], ids=ascii)
def test_an_environments_name_can_be_any(place: Path, environment: Path, name: str) -> None:
    path = environment.rename(environment.parent / name)

    with running(path / "bin" / "python", "-c", WAIT) as pid:
        assert found(place, path) == pid


def test_a_process_is_a_process_of_the_moment_at_which_it_was_looked_for(place: Path, environment: Path) -> None:
    before = Running(str(place))

    with running(environment / "bin" / "python", "-c", WAIT):
        assert before.from_environment(str(environment)) is None


def test_a_process_that_ends_while_it_is_looked_at_is_none(
    place: Path, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    listdir = os.listdir
    monkeypatch.setattr(os, "listdir", lambda path: [*listdir(path), "4194305"])  # no process has this number

    assert found(place, environment) is None


@pytest.mark.skipif(not os.path.exists("/bin/ps"), reason="there is no `ps` here")
def test_where_only_the_command_is_told_the_path_of_the_interpreter_counts(
    place: Path, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with running(environment / "bin" / "python", "-c", WAIT) as pid:
        monkeypatch.setattr(sys, "platform", "darwin")

        assert found(place, environment) == pid


def test_on_another_system_nothing_is_told(place: Path, environment: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with running(environment / "bin" / "python", "-c", WAIT):
        monkeypatch.setattr(sys, "platform", "win32")
        monkeypatch.setattr(processes, "_PROCESSES", str(place / "nowhere"))

        assert found(place, environment) is None


@contextmanager
def hiding(*names: str) -> Iterator[None]:
    """Where processes hide some of what they are, as those of another user do."""

    read, read_link = processes._content, processes._link
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(processes, "_content", lambda process, name: b"" if name in names else read(process, name))
        patch.setattr(processes, "_link", lambda process, name: b"" if name in names else read_link(process, name))
        yield


HIDDEN = ("exe", "cwd", "root", "ns/mnt", "maps", "environ")


def test_a_process_that_hides_all_but_its_command_runs_from_where_that_says(place: Path, environment: Path) -> None:
    with running(environment / "bin" / "python", "-c", WAIT) as pid, hiding(*HIDDEN):
        assert found(place, environment) == pid


def test_any_word_of_a_hidden_process_counts(place: Path, environment: Path) -> None:
    with running(sys.executable, "-c", WAIT, environment / "bin" / "tool") as pid, hiding(*HIDDEN):
        assert found(place, environment) == pid


def test_what_processes_hide_altogether_is_no_failure(place: Path, environment: Path) -> None:
    with running(environment / "bin" / "python", "-c", WAIT), hiding(*HIDDEN, "cmdline"):
        assert found(place, environment) is None


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="only root becomes another user")
def test_a_process_of_another_user_runs_from_where_its_command_says(place: Path, environment: Path) -> None:
    """Root's processes, as seen by a user who may not look at them."""
    look = (
        f"import os; from central_venv.machine.processes import Running; os.setuid({NOBODY})\n"
        f"print(Running({str(place)!r}).from_environment({str(environment)!r}))"
    )
    with running(environment / "bin" / "python", "-c", WAIT) as pid:
        seen = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)

    assert seen.stdout == f"{pid}\n"


def test_any_program_that_maps_a_file_of_the_environment_runs_from_it(place: Path, environment: Path) -> None:
    loader = next(iter(Path("/lib64").glob("ld-linux-*")), None) or next(iter(Path("/lib").glob("ld-linux*")), None)
    shell = shutil.copy(os.path.realpath("/bin/sh"), environment / "bin" / "server")
    if loader is None:
        pytest.skip("this system starts programs in another way")

    with running(loader, "--argv0", "sh", shell, "-c", "echo ready; read line") as pid:
        assert found(place, environment) == pid


@pytest.fixture
def elsewhere(base: Path, place: Path, mounts: Mounts) -> Path:
    """The store, mounted a second time."""
    return mounts.bind(place, base / "elsewhere")


def test_a_process_that_was_started_through_another_mount_of_the_store_runs_from_it(
    place: Path, environment: Path, elsewhere: Path
) -> None:
    with running(elsewhere / environment.relative_to(place) / "bin" / "python", "-c", WAIT) as pid:
        assert found(place, environment) == pid


def test_a_file_that_is_mapped_through_another_mount_of_the_store_counts(
    place: Path, environment: Path, elsewhere: Path
) -> None:
    (environment / "lib.so").write_bytes(b"x" * 4096)
    load = "import mmap, sys; f = open(sys.argv[1], 'rb'); m = mmap.mmap(f.fileno(), 0, prot=mmap.PROT_READ);"

    with running(sys.executable, "-c", f"{load} {WAIT}", elsewhere / environment.relative_to(place) / "lib.so") as pid:
        assert found(place, environment) == pid


@pytest.mark.usefixtures("mounts")
def test_a_process_that_sees_the_store_elsewhere_in_a_view_of_its_own_runs_from_it(
    base: Path, place: Path, environment: Path
) -> None:
    """As one in a container does."""
    (base / "inside").mkdir()
    python = base / "inside" / environment.relative_to(place) / "bin" / "python"
    code = f'mount --bind "$1" "$2" && exec "$3" -c "{WAIT}"'
    command: list[str | Path] = [
        "unshare",
        "--mount",
        "--propagation",
        "private",
        "sh",
        "-c",
        code,
        "sh",
        place,
        base / "inside",
        python,
    ]
    if subprocess.run(["unshare", "--mount", "true"], check=False, capture_output=True).returncode:
        pytest.skip("this user may not have a view of its own")

    with running(*command) as pid:
        assert found(place, environment) == pid


def test_another_mount_of_another_environment_does_not_count(place: Path, environment: Path, elsewhere: Path) -> None:
    (place / "home" / ".tox" / "py313").mkdir()

    with running(elsewhere / environment.relative_to(place) / "bin" / "python", "-c", WAIT):
        assert found(place, place / "home" / ".tox" / "py313") is None


def test_processes_that_cannot_be_looked_at_are_an_error(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    monkeypatch.setattr(os, "readlink", refuse)

    with pytest.raises(StoreError, match="nobody can tell what is in use: too many open files"):
        Running(str(place))


def test_a_process_in_a_directory_whose_path_is_too_long_is_no_failure(
    place: Path, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = os.readlink

    def refuse(path: Any) -> Any:
        if os.fsencode(path).endswith(b"/cwd"):
            raise OSError(errno.ENAMETOOLONG, os.strerror(errno.ENAMETOOLONG))
        return real(path)

    with running(environment / "bin" / "python", "-c", WAIT) as pid:
        monkeypatch.setattr(os, "readlink", refuse)

        assert found(place, environment) == pid


def test_all_processes_are_seen_here() -> None:
    assert processes.unseen() is None


def test_a_system_that_tells_no_processes_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(processes, "_PROCESSES", str(place))

    assert "is not mounted" in str(processes.unseen())


def test_a_system_that_hides_the_processes_of_others_is_told(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (place / "self").mkdir()
    monkeypatch.setattr(processes, "_PROCESSES", str(place))

    assert "hides the processes of other users" in str(processes.unseen())


def test_an_interpreter_that_was_found_on_the_search_path_runs_from_there(place: Path, environment: Path) -> None:
    path = f"{environment / 'bin'}{os.pathsep}{os.environ['PATH']}"

    with running("/bin/sh", "-c", f'PATH="{path}" exec python -c "{WAIT}"') as pid:
        assert found(place, environment) == pid


def test_an_interpreter_that_was_started_through_a_link_runs_from_there(
    place: Path, environment: Path, base: Path
) -> None:
    (base / "project").mkdir()
    (base / "project" / ".venv").symlink_to(environment)

    with running(base / "project" / ".venv" / "bin" / "python", "-c", WAIT) as pid:
        assert found(place, environment) == pid


def test_an_interpreter_that_was_started_through_another_spelling_of_the_store_runs_from_there(
    place: Path, environment: Path, base: Path
) -> None:
    (base / "spelling").symlink_to(place)
    path = base / "spelling" / environment.relative_to(place)

    with running(path / "bin" / "python", "-c", WAIT) as pid:
        assert found(place, environment) == pid


def test_an_interpreter_that_went_elsewhere_since_runs_from_there(place: Path, environment: Path) -> None:
    code = f"import os; os.chdir('/'); {WAIT}"

    with running("bin/python", "-c", code, cwd=environment, variables={"PWD": str(environment)}) as pid:
        assert found(place, environment) == pid
