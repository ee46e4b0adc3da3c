"""``central-venv create``, with the real uv, virtualenv and venv."""

from __future__ import annotations

import errno
import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv.policy.key import home_name
from support.hosts import UV, finish, read_until
from support.mounts import mounted
from support.pipes import Rendezvous
from support.pythons import MINOR, find_pythons, other_python
from support.trees import listing, write_tree
from support.uv import PROGRAMS, program, python_of

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from support.commands import Runner
    from support.mounts import Mounts

    Installer = Callable[..., None]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="links, pipes and shell scripts")

#: The key of pyvenv.cfg that tells who made an environment.
KEYS = {"uv": "uv", "virtualenv": "virtualenv", "venv": "home"}

#: Makes half an environment, says so, and waits.
HALF = """#!/bin/sh
for path; do :; done
mkdir -p "$path/half"
: > '{started}'
read -r _ < '{go_on}'
exit 1
"""


@pytest.fixture(autouse=True)
def no_downloads(monkeypatch: pytest.MonkeyPatch) -> None:
    """uv knows the Pythons of this machine only."""
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")


@pytest.fixture
def environment(here: Path, store: Path) -> Path:
    """Where the environment of the current project belongs; nothing is there yet."""
    return home_in(store, here) / ".venv"


@pytest.fixture
def on_path(base: Path, monkeypatch: pytest.MonkeyPatch) -> Installer:
    """Puts nothing on the path but some programs, each of them at a path of this machine."""

    def put(**programs: str | Path) -> None:
        directory = base / "programs"
        directory.mkdir(exist_ok=True)
        for name, path in programs.items():
            (directory / name.replace("_", ".")).symlink_to(path)
        monkeypatch.setenv("PATH", str(directory))

    return put


@pytest.fixture
def roomy_disk(tmp_path: Path) -> Iterator[Path]:
    """A disk on which a few environments have room."""
    try:
        with mounted(tmp_path / "disk", "size=8m") as mount:
            yield mount
    except PermissionError as error:
        pytest.skip(f"cannot mount a file system: {error}")


@pytest.fixture
def two_pythons() -> tuple[str, str]:
    """The older and the newer of two Pythons."""
    older, newer = sorted([MINOR, other_python()], key=lambda version: int(version.partition(".")[2]))
    return older, newer


def home_in(store: Path, project: Path) -> Path:
    return Path(os.path.realpath(store)) / home_name(str(project))


def install(on_path: Installer, installer: str) -> None:
    """Make an installer the best there is."""
    programs = {"python3": Path(sys.base_prefix, "bin", f"python{MINOR}")}
    if installer != "venv":
        programs[installer] = Path(PROGRAMS.program(installer)) if installer == "virtualenv" else UV
    on_path(**programs)


def keys(environment: Path) -> set[str]:
    lines = (environment / "pyvenv.cfg").read_text(encoding="utf-8").splitlines()
    return {line.partition(" = ")[0] for line in lines}


def versions(environment: Path) -> str:
    return subprocess.run(
        [program(environment, "python"), "-I", "-c", "import platform; print(platform.python_version())"],
        check=True,
        capture_output=True,
        text=True,
    ).stdout.strip()


# what it says


def test_only_the_path_is_on_stdout(environment: Path, run: Runner) -> None:
    said = run("create")

    assert (said.status, said.out) == (0, f"{environment}{os.linesep}")
    assert said.err == f"created, with Python {versions(environment)}\n"


def test_the_second_time_nothing_is_done(environment: Path, run: Runner) -> None:
    first = run("create")
    (environment / "mark").touch()

    second = run("create")

    assert (second.status, second.out) == (0, first.out)
    assert second.err == f"is there already, with Python {versions(environment)}\n"
    assert (environment / "mark").exists()


def test_nothing_is_put_into_the_project(here: Path, run: Runner) -> None:
    run("create")

    assert listing(here) == {"pyproject.toml"}


@posix_only
def test_a_link_is_put_into_the_project_if_that_is_configured(
    here: Path, environment: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_LINK", "symlink")

    run("create")

    assert (here / ".venv").readlink() == environment


@pytest.mark.parametrize("way", ["sub directory", "--project"])
def test_it_is_the_projects_from_elsewhere_too(
    way: str, project: Path, store: Path, base: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_tree(project, {"src/deep/module.py": ""})
    monkeypatch.chdir(base if way == "--project" else project / "src" / "deep")

    said = run("create", *(["--project", "project"] if way == "--project" else []))

    assert said.out == f"{home_in(store, project) / '.venv'}{os.linesep}"


@pytest.mark.parametrize(
    ("arguments", "problem"),
    [
        (["torch"], "a name begins with `@`; --env names an environment of this project"),
        (["@torch", "--env", ".venv"], "go without a name"),
        (["@torch", "--project", "."], "go without a name"),
        (["@torch", "--from-in-tree"], "go without a name"),
        (["--yes"], "go with --from-in-tree"),
        (["--json"], "go with --from-in-tree"),
        (["a", "b"], "unrecognized arguments: b"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_what_contradicts_itself_is_wrong_usage(arguments: list[str], problem: str, here: Path, run: Runner) -> None:
    said = run("create", *arguments)

    assert (said.status, said.out) == (2, "")
    assert problem in said.err


@pytest.mark.parametrize(
    ("arguments", "variables", "message"),
    [
        (["--env", "docs"], {}, "error: 'docs' is not the name of a project environment"),
        (["--env", "@torch"], {}, "error: `@torch` is shared, and not this project's own"),
        (["--project", "missing"], {}, "error: `missing` is not a directory"),
        ([], {"CENTRAL_VENV": "0"}, "error: central environments are turned off for `"),
        (["--python", "nonsense"], {}, "error: cannot tell which Python `nonsense` is"),
    ],
)
def test_what_cannot_be_made_is_one_clear_error(
    arguments: list[str],
    variables: dict[str, str],
    message: str,
    here: Path,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)

    said = run("create", *arguments)

    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(message)
    assert said.err.count("\n") == said.err.count("hint: ") + 1 == 2


# with what it is made


@posix_only
@pytest.mark.parametrize("installer", KEYS)
def test_uv_makes_it_or_else_virtualenv_or_else_venv(
    installer: str, environment: Path, on_path: Installer, run: Runner
) -> None:
    install(on_path, installer)

    said = run("create", "--system-site-packages")

    assert said.status == 0, said.err
    made = keys(environment)
    assert KEYS[installer] in made
    assert not {key for name, key in KEYS.items() if name != installer and key != "home"} & made
    assert "prompt" in made
    assert "include-system-site-packages = true" in (environment / "pyvenv.cfg").read_text(encoding="utf-8").lower()
    assert versions(environment).startswith(f"{MINOR}.")


@posix_only
@pytest.mark.parametrize("installer", ["uv", "virtualenv"])
@pytest.mark.parametrize("way", ["option", "variable", "file", "requirement", "range in the file"])
def test_the_python_that_is_asked_for_is_found_with_uv_and_without(  # noqa: PLR0913, PLR0917
    way: str,
    installer: str,
    here: Path,
    store: Path,
    two_pythons: tuple[str, str],
    on_path: Installer,
    run: Runner,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    older, newer = two_pythons
    install(on_path, installer)
    on_path(**{f"python{version.replace('.', '_')}": find_pythons()[version] for version in two_pythons})
    wanted = older if newer == MINOR else newer
    range_ = f"~={wanted}.0"
    if way == "variable":
        monkeypatch.setenv("UV_PYTHON", wanted)
    elif way == "requirement":
        write_tree(here, {"pyproject.toml": f"[project]\nname = 'p'\nversion = '0'\nrequires-python = '{range_}'\n"})
    elif way != "option":
        write_tree(here, {".python-version": wanted if way == "file" else range_})

    said = run("create", *(["--python", wanted] if way == "option" else []))

    assert said.status == 0, said.err
    named = way in {"option", "variable"}
    assert python_of(home_in(store, here) / (f".venv-{wanted}" if named else ".venv")) == wanted


@posix_only
def test_without_uv_the_newest_python_in_a_range_is_taken(
    here: Path, store: Path, two_pythons: tuple[str, str], on_path: Installer, run: Runner
) -> None:
    older, newer = two_pythons
    install(on_path, "virtualenv")
    on_path(**{f"python{version.replace('.', '_')}": find_pythons()[version] for version in two_pythons})
    write_tree(here, {"pyproject.toml": f"[project]\nname = 'p'\nversion = '0'\nrequires-python = '>={older}'\n"})

    run("create")
    run("create", "--python", f">={older}")

    home = home_in(store, here)
    assert {path.parent.name: python_of(path.parent) for path in home.glob("*/pyvenv.cfg")} == {
        ".venv": newer,
        f".venv-{newer}": newer,
    }


@posix_only
@pytest.mark.parametrize("name", ["python3", "python"])
def test_without_uv_a_python_need_not_have_its_version_in_its_name(
    name: str, here: Path, store: Path, on_path: Installer, run: Runner
) -> None:
    on_path(
        **{name: Path(sys.base_prefix, "bin", f"python{MINOR}"), "virtualenv": Path(PROGRAMS.program("virtualenv"))}
    )

    said = run("create", "--python", MINOR)

    assert said.status == 0, said.err
    assert python_of(home_in(store, here) / f".venv-{MINOR}") == MINOR


@posix_only
def test_without_uv_a_python_that_is_not_there_is_one_clear_error(
    environment: Path, on_path: Installer, run: Runner
) -> None:
    install(on_path, "virtualenv")

    said = run("create", "--python", "3.99")

    assert said == (1, "", "error: there is no Python `3.99` here\nhint: install it, or uv, which finds it\n")
    assert not list(environment.parent.glob("*/pyvenv.cfg"))


@posix_only
def test_the_user_lets_uv_believe_what_the_project_says(
    here: Path, environment: Path, two_pythons: tuple[str, str], run: Runner
) -> None:
    other = next(version for version in two_pythons if version != MINOR)
    write_tree(here, {".python-version": str(find_pythons()[other])})

    said = run("create")

    assert said.status == 0, said.err
    assert python_of(environment) == other


def test_another_python_than_the_named_environment_has_is_an_error(
    here: Path, store: Path, two_pythons: tuple[str, str], run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    pythons = [str(find_pythons()[version].parent) for version in two_pythons]
    monkeypatch.setenv("PATH", os.pathsep.join([*pythons, os.environ["PATH"]]))
    older, newer = two_pythons
    path = home_in(store, here) / ".venv-docs"
    run("create", "--env", ".venv-docs", "--python", older)

    same = [run("create", "--env", ".venv-docs", "--python", each) for each in (older, f"cp{older.replace('.', '')}")]
    within = run("create", "--env", ".venv-docs", "--python", f">={older}")
    other = run("create", "--env", ".venv-docs", "--python", newer)
    anew = run("create", "--env", ".venv-docs", "--python", newer, "--clear")

    assert [said.status for said in (*same, within)] == [0, 0, 0]
    version = within.err.rpartition(" ")[2].rstrip("\n")
    assert other == (
        1,
        "",
        f"error: `{path}` is there already, with Python {version}\nhint: `--clear` makes it anew\n",
    )
    assert (anew.status, python_of(path)) == (0, newer)


# anew


def test_clear_makes_it_anew(environment: Path, run: Runner) -> None:
    run("create")
    (environment / "mark").touch()

    said = run("create", "--clear")

    assert (said.status, said.out) == (0, f"{environment}{os.linesep}")
    assert said.err.startswith("created, with Python ")
    assert not (environment / "mark").exists()


@posix_only
@pytest.mark.parametrize("user", ["command", "process"])
def test_clear_refuses_while_something_uses_it(
    user: str, here: Path, environment: Path, tmp_path: Path, run: Runner
) -> None:
    run("create")
    (environment / "mark").touch()
    rendezvous = Rendezvous(tmp_path)
    command = ["-c", Rendezvous.COMMAND]
    first = ["central-venv", "run", "python"] if user == "command" else [str(program(environment, "python"))]
    process = subprocess.Popen(
        [PROGRAMS.program(first[0]) if user == "command" else first[0], *first[1:], *command],
        cwd=here,
        env={**os.environ, **rendezvous.variables},
    )
    rendezvous.wait()

    said = run("create", "--clear")

    beside = PROGRAMS.run("central-venv", "run", "python", "-V", cwd=here)
    with rendezvous.go_on():
        assert process.wait(60) == 0
    assert (beside.status, beside.err) == (0, "")
    assert (said.status, said.out) == (1, "")
    assert said.err.startswith(f"error: `{environment}` cannot be made anew: it is in use by ")
    assert said.err.endswith("\nhint: end that process, then run the command again\n")
    assert (environment / "mark").exists()
    assert run("create", "--clear").status == 0


@posix_only
@pytest.mark.parametrize("variable", ["VIRTUAL_ENV", "CONDA_PREFIX"])
def test_clear_makes_the_active_one_anew(variable: str, environment: Path, here: Path, run: Runner) -> None:
    run("create")

    said = PROGRAMS.run("central-venv", "create", "--clear", cwd=here, **{variable: str(environment)})

    assert said.status == 0, said.text


@posix_only
@pytest.mark.parametrize("installer", ["uv", "virtualenv"])
@pytest.mark.parametrize("way", ["no such Python", "it fails halfway"])
def test_what_cannot_be_made_anew_stays_as_it_was(
    way: str, installer: str, environment: Path, base: Path, on_path: Installer, run: Runner
) -> None:
    install(on_path, installer)
    run("create")
    (environment / "mark").touch()
    before = listing(environment.parent)
    if way == "it fails halfway":
        write_tree(base, {"failing": '#!/bin/sh\nfor path; do :; done\n/bin/mkdir -p "$path/half"\nexit 1\n'})
        (base / "failing").chmod(0o755)
        (base / "programs" / installer).unlink()
        on_path(**{installer: base / "failing"})

    said = run("create", "--clear", "--env", ".venv", *(["--python", "3.99"] if way == "no such Python" else []))

    assert (said.status, said.out) == (1, "")
    assert listing(environment.parent) == before
    again = run("create")
    assert (again.status, again.err.partition(",")[0]) == (0, "is there already")
    assert (environment / "mark").exists()
    assert not list((environment.parents[1] / ".trash").iterdir())


# what can go wrong


@pytest.fixture
def half(base: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An installer that does not end by itself, in the place of uv; the pipes that it uses are beside it."""
    directory = base / "half"
    write_tree(directory, {"uv": HALF.format(started=directory / "started", go_on=directory / "go-on")})
    (directory / "uv").chmod(0o755)
    for name in ("started", "go-on"):
        os.mkfifo(directory / name)
    monkeypatch.setenv("PATH", os.pathsep.join([str(directory), os.environ["PATH"]]))
    return directory


@posix_only
def test_what_was_killed_is_made_by_the_next(half: Path, environment: Path, here: Path, run: Runner) -> None:
    process = PROGRAMS.start("central-venv", "create", cwd=here)
    (half / "started").read_text()
    process.kill()
    finish(process)
    (half / "go-on").write_text("go on\n")
    (half / "uv").unlink()
    assert (environment / "half").exists()

    said = run("create")

    assert (said.status, said.out) == (0, f"{environment}{os.linesep}")
    assert not (environment / "half").exists()


@posix_only
def test_of_two_at_once_one_creates_and_the_other_waits(half: Path, environment: Path, here: Path) -> None:
    first = PROGRAMS.start("central-venv", "create", cwd=here)
    (half / "started").read_text()
    (half / "uv").unlink()  # the script that runs goes on
    second = PROGRAMS.start("central-venv", "create", cwd=here)

    waiting = read_until(second, "waiting for the environment, in use by ", warnings=True)
    (half / "go-on").write_text("go on\n")
    said = [finish(first), finish(second)]

    assert str(first.pid) in waiting
    assert [each.status for each in said] == [1, 0]
    assert said[1].out == f"{environment}\n"


def test_of_many_at_once_one_creates_and_the_others_take_it(environment: Path, here: Path) -> None:
    started = [PROGRAMS.start("central-venv", "create", cwd=here) for _ in range(4)]

    said = [finish(each) for each in started]

    assert {(each.status, each.out) for each in said} == {(0, f"{environment}{os.linesep}")}
    assert sorted("created, with" in each.err for each in said) == [False, False, False, True]


@posix_only
def test_a_full_disk_is_one_clear_error_and_mended_by_space(
    roomy_disk: Path, here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = roomy_disk / "store"
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(store))
    filler = roomy_disk / "filler"
    with filler.open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(b"x" * 1024)
    os.truncate(filler, filler.stat().st_size - 36 * 1024)

    said = run("create")

    assert (said.status, said.out) == (1, "")
    assert "no space left on device" in said.err.lower()
    assert "Traceback" not in said.err
    assert not list(home_in(store, here).glob("*/pyvenv.cfg"))

    filler.unlink()
    assert run("create").status == 0


@posix_only
@pytest.mark.parametrize("installer", ["uv", "virtualenv"])
@pytest.mark.parametrize(
    "name",
    [
        b"a\nb",
        b'it\'s "quoted"',
        b"$(touch pwned)`touch pwned`",
        b"-n",
        b"x" * 255,
        "日本 é".encode(),
        pytest.param(b"\xff", marks=pytest.mark.skipif(sys.platform == "darwin", reason="names are UTF-8 there")),
    ],
)
def test_a_project_of_any_name_gets_one(
    name: bytes, installer: str, base: Path, store: Path, on_path: Installer, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = base / os.fsdecode(name)
    write_tree(project, {"tox.ini": ""})
    install(on_path, installer)
    environment = home_in(store, project) / ".venv"

    made = PROGRAMS.run("central-venv", "create", cwd=project)
    ran = PROGRAMS.run("central-venv", "run", "python", "-c", "import sys; print(sys.prefix)", cwd=project)

    assert (made.status, made.out) == (0, f"{environment}\n"), made.err
    assert (ran.status, ran.out) == (0, f"{environment}\n"), ran.err
    assert listing(project) == {"tox.ini"}
    assert not (base / "pwned").exists()


@posix_only
def test_a_project_that_cannot_be_written_gets_one(
    roomy_disk: Path, store: Path, monkeypatch: pytest.MonkeyPatch, run: Runner
) -> None:
    project = write_tree(roomy_disk / "project", {"pyproject.toml": "[project]\nname = 'p'\nversion = '0'\n"})
    subprocess.run(["mount", "-o", "remount,ro", roomy_disk], check=True)
    monkeypatch.chdir(project)

    said = run("create")

    assert (said.status, said.out) == (0, f"{home_in(store, Path(os.path.realpath(project))) / '.venv'}\n")


@posix_only
def test_one_that_is_there_is_found_where_nothing_can_be_written(
    roomy_disk: Path, here: Path, run: Runner, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(roomy_disk))
    first = run("create")
    subprocess.run(["mount", "-o", "remount,ro", roomy_disk], check=True)

    said = run("create")
    anew = run("create", "--clear")

    assert (said.status, said.out) == (0, first.out)
    assert (anew.status, anew.out) == (1, "")
    assert "read-only file system" in anew.err
    assert run("create").status == 0


def test_a_project_that_shares_one_is_told_how_to_make_it(here: Path, run: Runner) -> None:
    run("create", "@team")
    run("use", "@team")

    said = run("create")

    assert said == (
        1,
        "",
        (
            "error: this project uses the shared environment `@team`\n"
            "hint: make that with `central-venv create @team`, or one of its own after `central-venv use --none`\n"
        ),
    )
    assert run("create", "--env", ".venv").status == 0


def test_a_file_system_without_links_is_said_to_be_the_reason(
    here: Path, base: Path, run: Runner, mounts: Mounts, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "disk").mkdir()
    monkeypatch.setenv("CENTRAL_VENV_HOME", str(mounts.lacking(base / "disk", base / "disk", link=errno.EPERM) / "s"))

    said = run("create", "--python", sys.executable)

    assert said.status == 1
    assert said.err.endswith("hint: the file system there knows no symbolic links: choose a directory on another one\n")
    assert listing(base / "disk" / "s" / home_name(str(here))) <= {"project.json", ".central-venv"} | {
        f".central-venv/{name}" for name in ("home.lock", "project", "project/.venv.lock")
    }
