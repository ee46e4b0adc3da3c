"""Making project environments, with the real uv and the real `venv`."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from contextlib import contextmanager, suppress
from pathlib import Path
from select import select
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.errors import CreationError, PythonRequestError, WaitCancelledError
from central_venv.inventory.search import find_project
from central_venv.project_environment.creation import CreationOptions, create
from central_venv.store import environment as environment_module
from central_venv.store.environment_record import write_environment as write_record
from support.hosts import UV
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from central_venv.store.environment import Environment
    from central_venv.store.environment_record import EnvironmentRecord, Holder

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="fake programs are shell scripts, signals are POSIX")

MINOR = ".".join(map(str, sys.version_info[:2]))

#: Whatever a project could have run.
EVIL = "#!/bin/sh\ntouch '{ran}'\n"

CREATE = """
import sys
from central_venv import Home, Store
from central_venv.store import environment as environment_module
from central_venv.project_environment.creation import CreationOptions, create
environment = Home(Store(sys.argv[1]), sys.argv[2]).environment("project", ".venv")
create(environment, CreationOptions(sys.argv[2]), on_wait=lambda holder: None)
"""

#: A parent that minds a hangup, also where the tests themselves run under `nohup`.
IMPRESSED = f"import signal\nsignal.signal(signal.SIGHUP, signal.SIG_DFL)\n{CREATE}"

#: A parent that does not mind a hangup, as under `nohup`.
UNIMPRESSED = f"import signal\nsignal.signal(signal.SIGHUP, signal.SIG_IGN)\n{CREATE}"

#: A parent that is told to end as soon as it has started the installer.
STARTING = f"""
import os, signal, subprocess
class Popen(subprocess.Popen):
    def __init__(self, *arguments, **options):
        super().__init__(*arguments, **options)
        os.kill(os.getpid(), signal.SIGTERM)
subprocess.Popen = Popen
{CREATE}"""

#: An installer that lets somebody who reads `alive` see when it runs and when it ends.
SLOW = """#!/bin/sh
echo $$ > "$0.pid"
exec 9> "{alive}"
read -r _ < "{go_on}"
"""

INTERRUPTED = """
import os, sys
from central_venv import Home, Store
from central_venv.store import environment as environment_module
environment = Home(Store(sys.argv[1]), sys.argv[2]).environment("project", ".venv")
environment.claim(".venv", on_wait=lambda holder: None)
os.makedirs(f"{environment.path}/half")
os._exit(1)
"""


@pytest.fixture
def environment(home_of: Home) -> Environment:
    """The project's own environment; nothing is there yet."""
    return home_of.environment("project", ".venv")


@pytest.fixture(params=["uv", "venv"])
def installer(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """With uv, and without."""
    if request.param == "venv":
        programs = tmp_path / "programs"
        programs.mkdir()
        for name in ("python3", f"python{MINOR}"):
            (programs / name).symlink_to(sys.executable)
        monkeypatch.setenv("PATH", str(programs))
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    return str(request.param)


def refuse_to_wait(holder: Holder | None) -> None:
    raise AssertionError(f"nobody should have it, but {holder} does")


def states(home: Home) -> dict[str, str]:
    found = find_project(home.path, on_problem=lambda error: pytest.fail(str(error)))
    return {each.name: each.state for each in found.environments}


def make(environment: Environment, home: Home, python: str | None = None) -> None:
    create(environment, CreationOptions(home.root, python), on_wait=refuse_to_wait)


def python_of(environment: Environment) -> str:
    """What is recorded of its Python."""
    record = environment.read()
    assert record is not None
    return str(record.python)


def write_program(path: Path, script: str) -> Path:
    write_tree(path.parent, {path.name: script})
    path.chmod(0o755)
    return path


@pytest.fixture
def fake_uv(base: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], None]:
    """Puts a script in the place of uv."""

    def fake(script: str) -> None:
        program = write_program(base / "fake" / "uv", f"#!/bin/sh\n{script}\n")
        monkeypatch.setenv("PATH", os.pathsep.join([str(program.parent), os.environ["PATH"]]))

    return fake


@pytest.mark.usefixtures("installer")
def test_an_environment_is_made_and_recorded(environment: Environment, home_of: Home) -> None:
    make(environment, home_of)

    assert states(home_of) == {".venv": "ready"}
    assert home_of.check()
    assert not environment.claimed
    done = subprocess.run(
        [Path(environment.path, "bin", "python"), "-c", "import sys; print(sys.prefix)"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"{environment.path}\n"


@pytest.mark.usefixtures("installer")
def test_the_prompt_is_the_projects_name(environment: Environment, home_of: Home) -> None:
    make(environment, home_of)

    assert "prompt = project" in Path(environment.path, "pyvenv.cfg").read_text().replace("'", "")


@pytest.mark.usefixtures("installer")
def test_the_python_that_is_asked_for_is_used(environment: Environment, home_of: Home) -> None:
    make(environment, home_of, MINOR)

    assert python_of(environment).startswith(f"{MINOR}.")


def test_one_that_is_there_is_left_as_it_is(environment: Environment, home_of: Home) -> None:
    make(environment, home_of)
    mark = Path(environment.path, "mark")
    mark.touch()

    make(environment, home_of)

    assert mark.exists()


def test_one_that_somebody_else_made_is_adopted(environment: Environment, home_of: Home) -> None:
    subprocess.run(["uv", "venv", "--quiet", environment.path], check=True)

    make(environment, home_of)

    assert environment.recorded
    assert home_of.check()


def test_what_was_interrupted_is_made_anew(environment: Environment, home_of: Home, store: Path) -> None:
    subprocess.run([sys.executable, "-c", INTERRUPTED, store, home_of.root], check=False)
    half = Path(environment.path, "half")
    assert half.exists()

    make(environment, home_of)

    assert states(home_of) == {".venv": "ready"}
    assert not half.exists()


def test_what_nobody_recorded_is_left_alone(environment: Environment, home_of: Home) -> None:
    write_tree(Path(environment.path), {"precious": ""})

    with pytest.raises(CreationError, match="is in the way"):
        make(environment, home_of)

    assert Path(environment.path, "precious").exists()
    assert not environment.claimed


@pytest.mark.usefixtures("installer")
def test_a_python_that_is_not_there_is_one_clear_error(environment: Environment, home_of: Home) -> None:
    with pytest.raises(CreationError):
        make(environment, home_of, "3.99")

    assert not os.path.lexists(environment.path)
    assert not environment.claimed
    assert environment.read() is None


def test_what_the_programs_say_is_no_answer(
    environment: Environment, home_of: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    make(environment, home_of)

    assert capfd.readouterr().out == ""


def test_two_at_once_make_one(home_of: Home, store: Path) -> None:
    assert shutil.which("uv")
    command = [sys.executable, "-c", CREATE, str(store), home_of.root]

    both = [subprocess.Popen(command) for _ in range(2)]

    assert [process.wait(60) for process in both] == [0, 0]
    assert states(home_of) == {".venv": "ready"}


# nothing of the project is run


@posix_only
@pytest.mark.usefixtures("installer")
@pytest.mark.parametrize("request_", ["./evil", "evil", "~/evil", "=x/evil", ">=3.10;./evil", "{project}/evil"])
def test_a_program_that_the_project_asks_for_is_refused(
    request_: str, environment: Environment, home_of: Home, here: Path, base: Path
) -> None:
    evil = EVIL.format(ran=base / "ran")
    for name in ("evil", "~/evil", "=x/evil", ">=3.10;./evil"):
        write_program(here / name, evil)
    write_tree(here, {".python-version": request_.format(project=here)})

    with pytest.raises(PythonRequestError, match="which is no version"):
        make(environment, home_of)

    assert not (base / "ran").exists()
    assert not os.path.lexists(environment.path)
    assert not environment.claimed


@pytest.mark.usefixtures("installer")
@pytest.mark.parametrize("python_path", [None, "{}"], ids=["by itself", "on the module path"])
def test_no_module_of_the_project_is_imported(
    python_path: str | None,
    environment: Environment,
    home_of: Home,
    here: Path,
    base: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    if python_path is not None:
        monkeypatch.setenv("PYTHONPATH", python_path.format(here))
    evil = f"open({str(base / 'ran')!r}, 'w')\n"
    names = ("argparse", "venv", "venv/__init__", "ensurepip", "shutil", "sitecustomize", "usercustomize")
    write_tree(here, {f"{name}.py": evil for name in names})

    make(environment, home_of)

    assert not (base / "ran").exists()
    assert states(home_of) == {".venv": "ready"}


@pytest.mark.parametrize(
    "files",
    [
        {"uv.toml": 'required-version = "<0.1"\n'},
        {"pyproject.toml": '[tool.uv]\nrequired-version = "<0.1"\n'},
        {"uv.toml": "no TOML"},
    ],
    ids=["uv.toml", "pyproject.toml", "broken"],
)
def test_what_the_project_tells_uv_does_not_matter(
    files: dict[str, str], environment: Environment, home_of: Home, here: Path
) -> None:
    write_tree(here, files)

    make(environment, home_of)

    assert states(home_of) == {".venv": "ready"}


@pytest.mark.usefixtures("installer")
def test_nothing_is_written_into_the_project(environment: Environment, home_of: Home, here: Path) -> None:
    make(environment, home_of)

    assert listing(here) == {"pyproject.toml"}


@pytest.mark.parametrize(
    ("installer", "name"),
    [("venv", "-n"), ("venv", "--help"), *(("uv", name) for name in ["-n", "--help", "--", "it's", "日本", "a b"])],
    indirect=["installer"],
)
def test_a_project_of_any_name_gets_an_environment(installer: str, name: str, base: Path, store: Path) -> None:
    home = Home(Store(str(store)), str(write_tree(base / name, {"tox.ini": ""})))

    make(home.environment("project", ".venv"), home)

    assert states(home) == {".venv": "ready"}


@posix_only
@pytest.mark.parametrize(
    ("installer", "name"),
    [
        ("venv", "$(touch pwned)"),
        *(("uv", name) for name in ["$(touch pwned)", "`touch pwned`", '"; touch pwned; "', "'; touch pwned; '"]),
    ],
    indirect=["installer"],
)
def test_the_projects_name_is_no_code_in_the_script_that_activates(
    installer: str, name: str, base: Path, store: Path
) -> None:
    home = Home(Store(str(store)), str(write_tree(base / name, {"tox.ini": ""})))
    environment = home.environment("project", ".venv")

    make(environment, home)

    command = ["/bin/sh", "-c", f". '{environment.path}/bin/activate'"]
    subprocess.run(command, check=True, cwd=base, env={"PATH": os.defpath})
    assert not (base / "pwned").exists()


@posix_only
def test_the_projects_name_is_no_line_of_the_environments_configuration(base: Path, store: Path) -> None:
    home = Home(Store(str(store)), str(write_tree(base / "a\nhome = evil", {"tox.ini": ""})))
    environment = home.environment("project", ".venv")

    make(environment, home)

    assert "home = evil" not in Path(environment.path, "pyvenv.cfg").read_text().splitlines()


# which Python


@pytest.fixture
def other_python(monkeypatch: pytest.MonkeyPatch) -> str:
    """The minor version of another Python that uv finds: one that is installed beside the running one."""
    for path in sorted(Path(sys.base_prefix).parent.glob("*/bin/python3.1[0-9]")):
        version = path.name.removeprefix("python")
        if version != MINOR:
            monkeypatch.setenv("PATH", os.pathsep.join([os.environ["PATH"], str(path.parent)]))
            return version
    pytest.skip("there is no other Python here")


@pytest.mark.parametrize(
    ("files", "range_"),
    [
        ({".python-version": "{}\n"}, "=={}.*"),
        ({".python-version": "{}\n"}, "{}"),
        ({"pyproject.toml": '[project]\nrequires-python = "{}"\n'}, "=={}.*"),
        ({"pyproject.toml": '[project]\nrequires-python = "{}"\n'}, "~={}.0"),
    ],
)
def test_the_python_that_the_project_asks_for_is_used(
    files: dict[str, str], range_: str, other_python: str, environment: Environment, home_of: Home, here: Path
) -> None:
    write_tree(here, {name: content.format(range_.format(other_python)) for name, content in files.items()})

    make(environment, home_of)

    assert python_of(environment).startswith(f"{other_python}.")


@pytest.mark.parametrize(
    "files",
    [
        {".python-version": ">=3.99"},
        {".python-version": "3.99"},
        {"pyproject.toml": '[project]\nrequires-python = ">=3.99"\n'},
        {"pyproject.toml": f'[project]\nrequires-python = "<{MINOR},>{MINOR}"\n'},
    ],
)
def test_a_python_that_the_project_asks_for_and_nobody_has_is_an_error(
    files: dict[str, str], environment: Environment, home_of: Home, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    write_tree(here, files)

    with pytest.raises(CreationError, match="`uv` could not make the environment: ") as caught:
        make(environment, home_of)

    assert "\n" not in caught.value.message
    assert not os.path.lexists(environment.path)


@pytest.mark.usefixtures("installer")
def test_a_range_that_this_python_is_in_is_obeyed(environment: Environment, home_of: Home, here: Path) -> None:
    write_tree(here, {"pyproject.toml": f'[project]\nrequires-python = " >= {MINOR} , < 4 "\n'})

    make(environment, home_of)

    assert states(home_of) == {".venv": "ready"}


@pytest.mark.usefixtures("installer")
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param('[project]\nrequires-python = "3.11 or newer"', "which is no version", id="no range"),
        pytest.param('[project]\nrequires-python = "./evil"', "which is no version", id="a path"),
        pytest.param("[project\nrequires-python", "cannot read .*pyproject.toml", id="broken"),
    ],
)
def test_a_project_that_does_not_say_which_python_is_an_error(
    content: str, reason: str, environment: Environment, home_of: Home, here: Path
) -> None:
    write_tree(here, {"pyproject.toml": content})

    with pytest.raises(PythonRequestError, match=reason):
        make(environment, home_of)

    assert not environment.claimed
    assert environment.read() is None


@pytest.mark.parametrize("asked", ["3.99", "./evil", ">=3.99"])
def test_the_variable_wins_over_the_project(
    asked: str, environment: Environment, home_of: Home, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(here, {".python-version": asked})
    monkeypatch.setenv("UV_PYTHON", MINOR)

    make(environment, home_of)

    assert python_of(environment).startswith(f"{MINOR}.")


def test_what_is_asked_for_wins_over_the_variable(
    environment: Environment, home_of: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PYTHON", "3.99")

    make(environment, home_of, MINOR)

    assert python_of(environment).startswith(f"{MINOR}.")


@posix_only
@pytest.mark.parametrize(
    ("installer", "way"), [("uv", "argument"), ("uv", "variable"), ("venv", "argument")], indirect=["installer"]
)
def test_a_relative_path_is_below_the_current_directory(
    installer: str, way: str, environment: Environment, home_of: Home, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = base / "used"
    write_program(base / "snakes" / "python", f"#!/bin/sh\n: > '{used}'\nexec '{sys.executable}' \"$@\"\n")
    monkeypatch.chdir(base)
    if way == "variable":
        monkeypatch.setenv("UV_PYTHON", "snakes/python")

    make(environment, home_of, "snakes/python" if way == "argument" else None)

    assert used.exists()
    assert python_of(environment).startswith(f"{MINOR}.")


# what the programs say


@posix_only
def test_what_uv_says_is_the_reason_of_a_failure(
    environment: Environment, home_of: Home, fake_uv: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    fake_uv("echo 'error: the disk'; echo '  is on fire' >&2; exit 2")

    with pytest.raises(CreationError) as caught:
        make(environment, home_of)

    assert caught.value.message == "`uv` could not make the environment: the disk; is on fire"
    assert capfd.readouterr() == ("", "")


@posix_only
def test_the_status_is_the_reason_of_a_failure_without_words(
    environment: Environment, home_of: Home, fake_uv: Callable[[str], None]
) -> None:
    fake_uv("exit 3")

    with pytest.raises(CreationError, match="`uv` could not make the environment: status 3"):
        make(environment, home_of)


@posix_only
def test_what_uv_warns_of_is_passed_on_as_a_warning(
    environment: Environment, home_of: Home, fake_uv: Callable[[str], None], capfd: pytest.CaptureFixture[str]
) -> None:
    fake_uv(f"echo said; echo 'warning: old' >&2; exec '{UV}' \"$@\"")

    make(environment, home_of)

    assert capfd.readouterr() == ("", "said\nwarning: old\n")


@posix_only
def test_uv_that_makes_nothing_is_one_clear_error(
    environment: Environment, home_of: Home, fake_uv: Callable[[str], None]
) -> None:
    fake_uv("exit 0")

    with pytest.raises(CreationError, match="made no environment at"):
        make(environment, home_of)

    assert not environment.claimed
    assert environment.read() is None


@posix_only
def test_an_environment_whose_python_nobody_can_reach_is_one_clear_error(
    environment: Environment, home_of: Home, fake_uv: Callable[[str], None]
) -> None:
    fake_uv(f"'{UV}' \"$@\"; rm '{environment.path}/bin/python'; ln -s /nowhere/python '{environment.path}/bin/python'")

    with pytest.raises(CreationError, match="bin/python` cannot be reached: what it was made from"):
        make(environment, home_of)

    assert not environment.claimed
    assert environment.read() is None
    assert not os.path.lexists(environment.path)


@posix_only
@pytest.mark.parametrize("end", ["exit 1", "exit 0", "kill -9 $$"])
def test_what_a_failure_leaves_behind_does_not_stop_the_next_attempt(
    end: str, environment: Environment, home_of: Home, fake_uv: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    path = os.environ["PATH"]
    fake_uv(f"mkdir -p '{environment.path}/bin'; touch '{environment.path}/half'; {end}")
    with pytest.raises(CreationError):
        make(environment, home_of)
    monkeypatch.setenv("PATH", path)

    make(environment, home_of)

    assert states(home_of) == {".venv": "ready"}
    assert not os.path.lexists(f"{environment.path}/half")


@posix_only
def test_a_program_behind_a_relative_path_is_not_run(
    environment: Environment, home_of: Home, here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(here / "bin" / "uv", EVIL.format(ran=here / "ran"))
    monkeypatch.setenv("PATH", f"bin:{os.environ['PATH']}")

    make(environment, home_of)

    assert states(home_of) == {".venv": "ready"}
    assert not (here / "ran").exists()


@posix_only
def test_one_that_is_there_can_be_used_where_nothing_can_be_written(
    small_disk: Path, here: Path, make_environment: Callable[[Path], Path]
) -> None:
    home = Home(Store(str(small_disk)), str(here))
    environment = home.environment("project", ".venv")
    make_environment(Path(environment.path))
    subprocess.run(["mount", "-o", "remount,ro", small_disk], check=True)

    make(environment, home)

    assert environment.is_ready()


@posix_only
def test_uv_that_cannot_be_run_is_one_clear_error(
    environment: Environment, home_of: Home, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_program(base / "fake" / "uv", "#!/missing/interpreter\n")
    monkeypatch.setenv("PATH", str(base / "fake"))

    with pytest.raises(CreationError, match="cannot run `uv`: no such file or directory"):
        make(environment, home_of)


# signals


class Slow:
    """A process that makes an environment with an installer that does not end by itself."""

    def __init__(self, directory: Path, home: Home) -> None:
        self.alive, self._go_on = directory / "alive", directory / "go-on"
        os.mkfifo(self.alive)
        os.mkfifo(self._go_on)
        self._program = write_program(directory / "uv", SLOW.format(alive=self.alive, go_on=self._go_on))
        self.process = subprocess.Popen(
            [sys.executable, "-c", IMPRESSED, home.store.path, home.root],
            env={**os.environ, "PATH": os.pathsep.join([str(directory), os.environ["PATH"]])},
            stderr=subprocess.DEVNULL,
        )

    @contextmanager
    def running(self) -> Iterator[None]:
        """While the installer runs; the process may end in it. The installer has ended afterwards."""
        with self.alive.open() as alive:
            yield
            descriptor = os.open(self._go_on, os.O_RDWR)
            os.write(descriptor, b"go on\n")
            alive.read()
            os.close(descriptor)

    def installer_runs(self) -> bool:
        try:
            os.kill(self._pid(), 0)
        except ProcessLookupError:
            return False
        return True

    def end(self) -> None:
        """End both, for a test that failed on its way."""
        self.process.kill()
        self.process.wait()
        with suppress(FileNotFoundError, ProcessLookupError):
            os.killpg(self._pid(), signal.SIGKILL)

    def _pid(self) -> int:
        return int(self._program.with_name("uv.pid").read_text())


@pytest.fixture
def slow(base: Path, home_of: Home) -> Iterator[Slow]:
    """A creation under way."""
    directory = base / "slow"
    directory.mkdir()
    slow = Slow(directory, home_of)
    yield slow
    slow.end()


@posix_only
@pytest.mark.parametrize("name", ["SIGTERM", "SIGHUP", "SIGINT"])
def test_a_signal_that_ends_a_creation_ends_the_installer(
    name: str, slow: Slow, environment: Environment, home_of: Home
) -> None:
    with slow.running():
        slow.process.send_signal(getattr(signal, name))

        assert slow.process.wait(60) != 0
        assert not slow.installer_runs()
        assert environment.holder_elsewhere() is None
        assert environment.read() is None

    make(environment, home_of)
    assert states(home_of) == {".venv": "ready"}


@posix_only
def test_a_signal_that_comes_while_the_installer_starts_ends_it(home_of: Home, fake_uv: Callable[[str], None]) -> None:
    fake_uv("exec sleep 60")
    reader, writer = os.pipe()
    with os.fdopen(reader) as both:
        command = [sys.executable, "-c", STARTING, home_of.store.path, home_of.root]
        process = subprocess.Popen(command, pass_fds=[writer])
        os.close(writer)

        assert process.wait(60) == 128 + signal.SIGTERM
        assert select([both], [], [], 10)[0] == [both], "the installer has not ended"


@posix_only
def test_an_installer_that_outlives_its_killed_parent_keeps_the_claim(
    slow: Slow, environment: Environment, home_of: Home
) -> None:
    with slow.running():
        slow.process.kill()
        slow.process.wait(60)

        assert slow.installer_runs()
        assert environment.holder_elsewhere() is not None
        with pytest.raises(WaitCancelledError):
            environment.claim(".venv", on_wait=lambda _: None, cancelled=lambda: True)

    create(environment, CreationOptions(home_of.root), on_wait=lambda _: None)  # the end of a process takes a moment
    assert states(home_of) == {".venv": "ready"}


@posix_only
def test_an_interrupt_as_the_installer_ends_is_no_error_of_ours(home_of: Home, fake_uv: Callable[[str], None]) -> None:
    fake_uv("kill -INT $PPID")

    done = subprocess.run(
        [sys.executable, "-c", CREATE, home_of.store.path, home_of.root], capture_output=True, check=False
    )

    assert done.returncode == -signal.SIGINT
    assert b"ProcessLookupError" not in done.stderr


@posix_only
def test_a_signal_that_is_ignored_ends_nothing(home_of: Home, fake_uv: Callable[[str], None]) -> None:
    fake_uv(f"kill -HUP $PPID; exec '{UV}' \"$@\"")

    subprocess.run([sys.executable, "-c", UNIMPRESSED, home_of.store.path, home_of.root], check=True)

    assert states(home_of) == {".venv": "ready"}


def test_what_somebody_made_without_us_never_counts_as_half_made(
    home_of: Home, make_environment: Callable[[Path], Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = home_of.environment("project", ".venv")
    path = make_environment(Path(environment.path))
    seen = []

    def write(path: str, record: EnvironmentRecord) -> None:
        seen.append(record.state)
        write_record(path, record)

    monkeypatch.setattr(environment_module, "write_environment", write)

    assert not create(environment, CreationOptions(home_of.root), on_wait=refuse_to_wait)

    assert seen == ["ready"]
    assert (path / "pyvenv.cfg").exists()


@posix_only
def test_what_cannot_be_given_back_is_not_deleted(
    home_of: Home, make_environment: Callable[[Path], Path], fake_uv: Callable[[str], None]
) -> None:
    environment = home_of.environment("project", ".venv")
    write_tree(make_environment(Path(environment.path)), {"mark": ""})
    environment.claim(".venv", on_wait=refuse_to_wait)
    environment.seal()
    environment.release()
    fake_uv('for path; do :; done; : > "$path"; exit 1')

    with pytest.raises(CreationError):
        create(environment, CreationOptions(home_of.root), on_wait=refuse_to_wait, anew=True)

    store = Path(home_of.store.path)
    assert [path for path in store.rglob("mark") if path.is_file()]
