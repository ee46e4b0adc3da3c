"""Making central environments of others, with the real uv, pip, `venv` and virtualenv."""

from __future__ import annotations

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv import Home, Store
from central_venv.adoption.adopting import adopt
from central_venv.adoption.distribution import Distribution, Origin
from central_venv.adoption.frozen import freeze
from central_venv.adoption.in_tree import InTree
from central_venv.adoption.installed import installed, program_path
from central_venv.adoption.strays import strays
from central_venv.errors import AdoptionError, CreationError, StoreError
from central_venv.machine.foreground import run
from central_venv.store.use import user_of
from support.network import need_index
from support.packages import uv, write_project, write_real_environment, write_wheel
from support.trees import contents, listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from central_venv.store.environment import Environment
    from central_venv.store.environment_record import Holder

    Digests = Mapping[str, tuple[str, str] | None]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="signals and pipes are POSIX")

MINOR = ".".join(map(str, sys.version_info[:2]))

#: What a build says that it has begun, and waits for a word then.
WAITING = """
with open({started!r}, "w") as file:
    file.write("started")
with open({go_on!r}) as file:
    file.read()
"""

ADOPT = """
import sys
from central_venv import Home, Store
from central_venv.adoption.adopting import adopt
from central_venv.adoption.frozen import freeze
from central_venv.adoption.in_tree import InTree
store, root, old = sys.argv[1:]
environment = Home(Store(store), root).environment("project", ".venv")
adopt(freeze(InTree(old, "project", ".venv"), old, root), environment, root, on_wait=lambda holder: None)
"""


@pytest.fixture
def environment(home_of: Home) -> Environment:
    """The project's own environment; nothing is there yet."""
    return home_of.environment("project", ".venv")


@pytest.fixture(params=["uv", "pip"])
def installer(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """With uv, and without."""
    if request.param == "pip":
        programs = tmp_path / "programs"
        programs.mkdir()
        for name in ("python3", f"python{MINOR}"):
            (programs / name).symlink_to(sys.executable)
        monkeypatch.setenv("PATH", str(programs))
        monkeypatch.setenv("PIP_NO_INDEX", "1")
    return str(request.param)


def refuse_to_wait(holder: Holder | None) -> None:
    raise AssertionError(f"nobody should have it, but {holder} does")


def replace(old: Path, environment: Environment, *, runner: str = "project", tree: Path | None = None) -> list[str]:
    """Adopt an environment; returns what changed."""
    frozen = freeze(InTree(str(old), runner, old.name), str(tree or old), "/project")
    return adopt(frozen, environment, "/project", on_wait=refuse_to_wait)


def packages(path: str | Path) -> dict[str, str]:
    return {name: each.version for name, each in installed(str(path)).distributions.items()}


def output_of(environment: Environment, name: str) -> str:
    """What a program in an environment says."""
    command = [program_path(environment.path, name)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def state(environment: Environment) -> str | None:
    record = environment.read()
    return None if record is None else record.state


# the new one


@pytest.mark.usefixtures("installer")
def test_the_new_one_holds_what_the_old_one_holds_and_works(base: Path, environment: Environment) -> None:
    wheel, editable = write_wheel(base / "sp ace"), write_project(base / "日本 #1", "editable", "2")
    old = write_real_environment(base / "old", wheel)
    uv("pip", "install", "--python", old, "-r", requirements(base, f"-e editable @ {editable.as_uri()}"))
    before = contents(old)

    assert replace(old, environment) == []

    now, then = installed(environment.path).distributions, installed(str(old)).distributions
    assert now.keys() == then.keys()
    assert all(now[name].is_like(then[name]) for name in then)
    assert output_of(environment, "demo") == "demo 1"
    assert output_of(environment, "editable") == "editable 2"
    assert (state(environment), environment.claimed) == ("ready", False)
    assert contents(old) == before


def requirements(base: Path, *lines: str) -> Path:
    return write_tree(base, {"requirements.txt": "\n".join(lines)}) / "requirements.txt"


@pytest.mark.usefixtures("installer")
def test_one_without_packages_gets_none_and_no_pip(base: Path, environment: Environment) -> None:
    replace(write_real_environment(base / "old"), environment)

    assert packages(environment.path) == {}
    assert state(environment) == "ready"


def test_pip_is_there_if_it_was(installer: str, base: Path, environment: Environment) -> None:
    if installer == "uv":  # which takes pip from the index
        need_index()
    subprocess.run([sys.executable, "-m", "venv", base / "old"], check=True)

    replace(base / "old", environment)

    assert packages(environment.path) == packages(base / "old")
    assert "pip" in packages(environment.path)


@pytest.mark.parametrize("maker", ["uv", "venv"])
def test_it_is_made_by_the_same_kind_of_program(maker: str, base: Path, environment: Environment) -> None:
    old = base / "old"
    if maker == "uv":
        write_real_environment(old)
    else:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", old], check=True)

    replace(old, environment)

    made_by_uv = "\nuv = " in Path(environment.path, "pyvenv.cfg").read_text()
    assert made_by_uv is (maker == "uv")


def test_what_virtualenv_made_is_adopted(base: Path, environment: Environment) -> None:
    uv("tool", "run", "virtualenv", "--quiet", base / "old")
    uv("pip", "install", "--python", base / "old", write_wheel(base))

    replace(base / "old", environment)

    assert packages(environment.path) == packages(base / "old")
    assert strays(str(base / "old"), installed(str(base / "old")), "project") == []


def test_the_python_is_the_same(base: Path, environment: Environment, other_python: str) -> None:
    replace(write_real_environment(base / "old", write_wheel(base), python=other_python), environment)

    assert installed(environment.path).python == other_python
    assert output_of(environment, "demo") == "demo 1"


@pytest.fixture
def other_python(monkeypatch: pytest.MonkeyPatch) -> str:
    """The minor version of another Python that is installed beside the running one."""
    for path in sorted(Path(sys.base_prefix).parent.glob("*/bin/python3.1[0-9]")):
        version = path.name.removeprefix("python")
        if version != MINOR:
            monkeypatch.setenv("PATH", os.pathsep.join([os.environ["PATH"], str(path.parent)]))
            return version
    pytest.skip("there is no other Python here")


def test_one_whose_python_is_gone_gets_another_of_its_version(
    base: Path, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", os.pathsep.join([os.environ["PATH"], os.path.join(sys.base_prefix, "bin")]))
    old = write_real_environment(base / "old", write_wheel(base))
    shutil.rmtree(old / ("Scripts" if sys.platform == "win32" else "bin"))
    (old / "pyvenv.cfg").write_text(f"home = {base}/gone\nversion_info = {MINOR}.0\n")

    replace(old, environment)

    assert installed(environment.path).python == MINOR
    assert packages(environment.path) == packages(old)


@posix_only
@pytest.mark.parametrize("where", ["bin", "link", "outside"])
def test_a_python_that_lies_in_the_project_is_not_run(where: str, base: Path, environment: Environment) -> None:
    project = base / "evil"
    old = write_real_environment(project / ".venv", write_wheel(base))
    ran = base / "ran"
    place = (base if where == "outside" else project) / where
    program = project / "program" / f"python{MINOR}"
    write_tree(project, {f"program/python{MINOR}": f"#!/bin/sh\n: >{shlex.quote(str(ran))}\nexit 1\n"})
    program.chmod(0o755)
    if where == "link":
        place.symlink_to(os.path.join(sys.base_prefix, "bin"))
    else:
        place.mkdir()
        (place / program.name).symlink_to(program)
    (old / "pyvenv.cfg").write_text(f"home = {place}\nversion_info = {MINOR}.0\n")

    frozen = freeze(InTree(str(old), "project", ".venv"), str(old), str(project))

    assert frozen.interpreter is None
    adopt(frozen, environment, str(project), on_wait=refuse_to_wait)
    assert not ran.exists()
    assert output_of(environment, "demo") == "demo 1"


def test_one_that_sees_the_packages_of_its_python_does_so_afterwards(base: Path, environment: Environment) -> None:
    uv("venv", "--no-project", "--system-site-packages", base / "old")

    replace(base / "old", environment)

    assert "include-system-site-packages = true" in Path(environment.path, "pyvenv.cfg").read_text().lower()
    assert packages(environment.path) == {}


def test_what_is_built_from_a_directory_that_changed_is_told(base: Path, environment: Environment) -> None:
    old = write_real_environment(base / "old", write_project(base / "project"))
    write_project(base / "project", version="1.1")

    assert replace(old, environment) == ["`demo` is 1.1 now, and was 1: its directory has changed"]


def test_nothing_is_written_into_the_project(base: Path, environment: Environment, project: Path) -> None:
    old = write_real_environment(project / ".venv", write_wheel(base))
    before = contents(project)

    replace(old, environment)

    assert contents(project) == before


def test_what_uv_and_pip_say_is_no_answer(
    base: Path, environment: Environment, capfd: pytest.CaptureFixture[str]
) -> None:
    replace(write_real_environment(base / "old", write_wheel(base)), environment)

    assert capfd.readouterr().out == ""


def test_what_uv_warns_of_is_passed_on(
    base: Path, environment: Environment, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    def warn(command: list[str], directory: str, variables: Mapping[str, str]) -> tuple[int, str]:
        status, _ = run(command, directory, variables)
        return status, "warning: it is odd"

    monkeypatch.setattr("central_venv.adoption.adopting.run", warn)

    replace(write_real_environment(base / "old", write_wheel(base)), environment)

    assert "warning: it is odd\n" in capfd.readouterr().err


# what cannot be adopted


def assert_untouched(old: Path, environment: Environment, before: dict[str, object]) -> None:
    assert contents(old) == before
    assert not os.path.lexists(environment.path)
    assert (state(environment), environment.claimed) == (None, False)
    assert listing(Path(environment.store, ".trash")) == set()


def test_a_package_whose_file_is_gone_is_named(base: Path, environment: Environment) -> None:
    wheel = write_wheel(base)
    old = write_real_environment(base / "old", wheel)
    wheel.unlink()

    with pytest.raises(AdoptionError, match=f"`demo` was installed from `{wheel}`, which is gone"):
        replace(old, environment)

    assert not os.path.lexists(environment.path)


@pytest.mark.parametrize("how", [[], ["--editable"]])
def test_a_package_that_lies_in_the_old_one_is_named(how: list[str], base: Path, environment: Environment) -> None:
    old = write_real_environment(base / "old")
    project = write_project(old / "src" / "demo")
    uv("pip", "install", "--python", old, *how, project)

    with pytest.raises(AdoptionError, match=f"`demo` is installed from `{project}`, which would go with `{old}`"):
        replace(old, environment)

    assert not os.path.lexists(environment.path)


def test_a_conda_environment_is_left_to_conda(base: Path, environment: Environment) -> None:
    old = write_tree(base / "old", {"conda-meta/python-3.12.1-0.json": "{}"})

    with pytest.raises(AdoptionError, match="is an environment of conda"):
        replace(old, environment)


@pytest.mark.usefixtures("installer")
def test_what_cannot_be_installed_leaves_nothing_behind(
    base: Path, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_NO_INDEX", "1")
    write_wheel(base / "index")
    old = write_real_environment(base / "old")
    uv("pip", "install", "--python", old, "--no-index", "--find-links", base / "index", "demo")
    before = contents(old)

    with pytest.raises(CreationError, match=r"could not install what is in the old one: .*demo"):
        replace(old, environment)

    assert_untouched(old, environment, before)


def from_index(wheel: Path) -> list[str | Path]:
    """How to install a wheel as one from an index."""
    return ["--no-index", "--find-links", wheel.parent, wheel.name.partition("-")[0]]


def test_another_content_of_the_same_name_and_version_is_discarded(
    base: Path, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = write_real_environment(base / "old", *from_index(write_wheel(base / "one")))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(write_wheel(base / "other", end="# not the same\n").parent))
    before = contents(old)

    with pytest.raises(AdoptionError, match=r"`demo` 1 has another content: `demo\.py` is not the same file"):
        replace(old, environment)

    assert_untouched(old, environment, before)


def test_the_same_content_of_another_index_is_the_same(
    base: Path, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = write_real_environment(base / "old", *from_index(write_wheel(base / "one")))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    monkeypatch.setenv("UV_FIND_LINKS", str(write_wheel(base / "other").parent))

    assert replace(old, environment) == []


def test_a_central_one_with_another_content_does_not_take_the_place(base: Path, environment: Environment) -> None:
    old = write_real_environment(base / "old", *from_index(write_wheel(base / "one")))
    write_real_environment(Path(environment.path), *from_index(write_wheel(base / "other", end="# not the same\n")))
    before = contents(old)

    with pytest.raises(AdoptionError, match="has another content"):
        replace(old, environment)

    assert contents(old) == before


ORIGIN = Origin({"url": "file:///source", "dir_info": {}})


@pytest.mark.parametrize(
    ("mine", "theirs", "origin", "told"),
    [
        ({"a": ("sha256", "1")}, {"a": ("sha256", "2")}, None, "a"),
        ({"a": ("sha256", "1"), "b": None}, {"b": ("sha256", "2")}, None, "a"),
        ({"a": ("sha256", "1")}, {"a": ("sha256", "1"), "b": ("sha256", "2")}, None, None),
        ({"a": ("sha256", "1")}, {"a": ("sha512", "2")}, None, None),
        ({"a": ("sha256", "1")}, {"a": None}, None, None),
        ({"a": None}, {"a": ("sha256", "1")}, None, None),
        ({"a": ("sha256", "1")}, {}, None, None),
        ({"a": ("sha256", "1")}, {"a": ("sha256", "2")}, ORIGIN, None),
    ],
    ids=["other", "missing", "more", "algorithm", "no digest", "none of mine", "none at all", "built from a directory"],
)
def test_files_are_compared_where_both_have_digests(
    mine: Digests, theirs: Digests, origin: Origin | None, told: str | None
) -> None:
    one, other = (Distribution("demo", "1", origin, frozenset(), each) for each in (mine, theirs))

    assert one.other_file(other) == told


@pytest.mark.usefixtures("installer")
def test_a_wheel_that_is_another_one_now_leaves_nothing_behind(base: Path, environment: Environment) -> None:
    wheel = write_wheel(base)
    old = write_real_environment(base / "old", wheel)
    (url,) = old.rglob("direct_url.json")
    url.write_text(json.dumps({"url": wheel.as_uri(), "archive_info": {"hash": f"sha256={'ab' * 32}"}}))
    before = contents(old)

    with pytest.raises(CreationError, match="could not install"):
        replace(old, environment)

    assert_untouched(old, environment, before)


def test_a_new_one_that_lacks_a_program_is_discarded(base: Path, environment: Environment) -> None:
    old = write_real_environment(base / "old", write_project(base / "project", programs="one two"))
    write_project(base / "project", programs="one")
    before = contents(old)

    with pytest.raises(AdoptionError, match="the program `two` is missing"):
        replace(old, environment)

    assert_untouched(old, environment, before)


def test_a_new_one_that_became_something_else_is_discarded(base: Path, environment: Environment) -> None:
    old = write_real_environment(base / "old", write_project(base / "project"))
    write_project(base / "project", first="NAME = 'other'; open('other.py', 'w').close()")
    before = contents(old)

    with pytest.raises((AdoptionError, CreationError)):
        replace(old, environment)

    assert_untouched(old, environment, before)


def test_many_differences_are_counted(base: Path, environment: Environment) -> None:
    names = [f"p{number}" for number in range(8)]
    old = write_real_environment(base / "old", *(write_wheel(base, name) for name in names))
    write_real_environment(Path(environment.path))

    with pytest.raises(AdoptionError, match=r"`p0` is missing; .* and 11 more differences"):
        replace(old, environment)


@posix_only
def test_a_python_that_is_nowhere_is_one_clear_error(
    base: Path, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UV_PYTHON_DOWNLOADS", "never")
    old = write_tree(
        base / "old",
        {"pyvenv.cfg": "home = /gone\nversion = 3.99.1\n", "lib/python3.99/site-packages/README.txt": ""},
    )
    before = contents(old)

    with pytest.raises(CreationError, match=r"3\.99"):
        replace(old, environment)

    assert_untouched(old, environment, before)


def test_an_environment_of_an_outer_run_is_not_waited_for(
    base: Path, environment: Environment, monkeypatch: pytest.MonkeyPatch
) -> None:
    from central_venv.store import outer_claims

    old = write_real_environment(base / "old")
    other = Home(Store(environment.store), str(base / "project")).environment("project", ".venv")
    other.claim(".venv", on_wait=refuse_to_wait)
    for name, value in outer_claims.variables(other.store, other.path).items():
        monkeypatch.setenv(name, value)

    with pytest.raises(AdoptionError, match="belongs to the run that this command is part of"):
        replace(old, environment)

    other.release()


@posix_only
def test_a_full_disk_leaves_the_old_one_alone(small_disk: Path, base: Path, project: Path) -> None:
    old = write_real_environment(base / "old", write_wheel(base))
    environment = Home(Store(str(small_disk / "store")), str(project)).environment("project", ".venv")
    before = contents(old)

    with pytest.raises((CreationError, StoreError), match=r"(?i)no space left on device"):
        replace(old, environment)

    assert contents(old) == before
    assert not os.path.lexists(environment.path)


@posix_only
def test_a_read_only_store_leaves_the_old_one_alone(read_only_disk: Path, base: Path, project: Path) -> None:
    old = write_real_environment(base / "old", write_wheel(base))
    environment = Home(Store(str(read_only_disk / "store")), str(project)).environment("project", ".venv")
    before = contents(old)

    with pytest.raises(StoreError, match="read-only file system"):
        replace(old, environment)

    assert contents(old) == before


# a central one that is there


def test_one_that_holds_it_already_is_left_as_it_is(base: Path, environment: Environment) -> None:
    old = write_real_environment(base / "old", write_wheel(base))
    new = write_real_environment(Path(environment.path), write_wheel(base), write_wheel(base, "more"))
    before = contents(new)

    assert replace(old, environment) == []

    assert contents(new) == before


@pytest.mark.parametrize("there", [[], [("demo", "2")]])
def test_one_that_does_not_hold_it_is_an_error_and_left_as_it_is(
    there: list[tuple[str, str]], base: Path, environment: Environment
) -> None:
    old = write_real_environment(base / "old", write_wheel(base))
    new = write_real_environment(Path(environment.path), *(write_wheel(base, *each) for each in there))
    before = contents(old), contents(new)

    with pytest.raises(AdoptionError, match=r"is not what .*`demo` is"):
        replace(old, environment)

    assert (contents(old), contents(new)) == before


def test_one_of_another_python_is_an_error(base: Path, environment: Environment, other_python: str) -> None:
    old = write_real_environment(base / "old")
    write_real_environment(Path(environment.path), python=other_python)

    with pytest.raises(AdoptionError, match=f"its Python is {other_python} instead of {MINOR}"):
        replace(old, environment)


def test_one_that_does_not_see_the_packages_of_its_python_is_an_error(base: Path, environment: Environment) -> None:
    old = write_real_environment(base / "old", write_wheel(base))
    configuration = (old / "pyvenv.cfg").read_text()
    (old / "pyvenv.cfg").write_text(configuration.replace("packages = false", "packages = true"))
    write_real_environment(Path(environment.path), write_wheel(base))

    with pytest.raises(AdoptionError, match="it does not see the packages of its Python"):
        replace(old, environment)


def test_the_new_one_is_marked_as_used_until_the_caller_ends_that(base: Path, environment: Environment) -> None:
    old = write_real_environment(base / "old")

    for _ in ("made", "proved"):
        replace(old, environment)

        assert user_of(environment.uses.directory) is not None
        environment.uses.end()
        assert user_of(environment.uses.directory) is None


def test_one_whose_making_was_interrupted_is_made_anew(base: Path, environment: Environment) -> None:
    environment.claim(".venv", on_wait=refuse_to_wait)
    half = write_tree(Path(environment.path), {"pyvenv.cfg": "", "half": ""}) / "half"
    environment.release()

    replace(write_real_environment(base / "old", write_wheel(base)), environment)

    assert output_of(environment, "demo") == "demo 1"
    assert not half.exists()


@posix_only
def test_the_central_environment_itself_is_no_old_one(base: Path, environment: Environment) -> None:
    write_real_environment(Path(environment.path))
    (base / "link").symlink_to(environment.path)

    with pytest.raises(AdoptionError, match="is the central environment itself"):
        replace(base / "link", environment)


# what runners need


def tox_environment(path: Path, *installed_there: str | Path) -> Path:
    write_real_environment(path, *installed_there)
    return write_tree(path, {".tox-info.json": '{"ToxEnv": {}}'})


def test_what_tox_noted_of_an_environment_goes_with_it(base: Path, home_of: Home) -> None:
    environment = home_of.environment("tox", "a")

    replace(tox_environment(base / ".tox" / "a"), environment, runner="tox", tree=base / ".tox")

    assert Path(environment.path, ".tox-info.json").read_text() == '{"ToxEnv": {}}'


def test_an_environment_that_tox_does_not_know_is_left_to_tox(base: Path, home_of: Home) -> None:
    old = write_real_environment(base / ".tox" / "a")

    with pytest.raises(AdoptionError, match=r"has no `\.tox-info\.json`, so tox does not know it"):
        replace(old, home_of.environment("tox", "a"), runner="tox", tree=base / ".tox")


def test_a_package_that_tox_built_and_deleted_is_left_out(base: Path, home_of: Home) -> None:
    built = write_wheel(base / ".tox" / ".tmp" / "package" / "1", "built")
    old = tox_environment(base / ".tox" / "a", built, write_wheel(base))
    built.unlink()
    environment = home_of.environment("tox", "a")

    replace(old, environment, runner="tox", tree=base / ".tox")

    assert list(packages(environment.path)) == ["demo"]


# what is in an environment beside packages


def test_what_was_put_there_by_hand_is_known(base: Path) -> None:
    old = write_real_environment(base / "old", write_wheel(base))
    found = installed(str(old))
    place = Path(found.places[0]).relative_to(old)
    programs = Path(program_path("", "demo")).parent
    assert strays(str(old), found, "project") == []

    mine = [Path("secrets.env"), Path("share", "mine"), place / "mine.pth", place / "mine", programs / "mine"]
    write_tree(
        old,
        {
            "secrets.env": "",
            "share/mine/kernel.json": "",
            str(place / "mine.pth"): "",
            str(place / "mine" / "__init__.py"): "",
            str(place / "left" / "__pycache__" / "a.pyc"): "",
            str(place / "~emo" / "a.py"): "",
            str(programs / "mine"): "",
        },
    )

    assert strays(str(old), found, "project") == sorted(map(str, [Path("share"), *mine[:1], *mine[2:]]))


_PLACE = f"lib/python{MINOR}/site-packages"


@posix_only
@pytest.mark.parametrize(
    ("file", "told"),
    [
        *((name, name.partition("/")[0]) for name in ("tmp/x", "log/x", "dist/x", ".meta/x", ".tox-info.json")),
        *((name, None) for name in ("cachedir.tag", "Pyvenv.cfg", "lib/Python")),
        (".project/x", ".project"),
        *((f"bin/{name}", None) for name in ("pipeline.sh", "venv-tool", "activate_mine.sh", "python-run", "pip.txt")),
        ("bin/python/x", "bin/python"),
        (f"lib/python{MINOR}/mydata/x", f"lib/python{MINOR}/mydata"),
        ("lib/python3.5/site-packages/x.py", "lib/python3.5"),
        ("lib/pythonstuff/x", "lib/pythonstuff"),
        ("include/my.h", None),
        (f"include/python{MINOR}/my.h", f"include/python{MINOR}"),
        (f"{_PLACE}/mine.pyc", None),
        (f"{_PLACE}/demo-mine.virtualenv/x", f"{_PLACE}/demo-mine.virtualenv"),
        (f"{_PLACE}/easy-install.pth", None),
        (f"{_PLACE}/_virtualenv.pth", None),
        (f"{_PLACE}/distutils-precedence.pth", None),
    ],
)
def test_what_only_looks_like_a_makers_or_a_runners_is_known(file: str, told: str | None, base: Path) -> None:
    old = write_real_environment(base / "old", write_wheel(base))
    if file == "bin/python/x":
        (old / "bin" / "python").unlink()
    write_tree(old, {file: "/mine\n"})

    assert strays(str(old), installed(str(old)), "project") == [told or file]


@posix_only
def test_what_a_package_put_outside_of_its_environment_is_no_stray(base: Path) -> None:
    package = f"{_PLACE}/demo-1.dist-info"
    files = {
        "pyvenv.cfg": f"version_info = {MINOR}.1\n",
        f"{package}/METADATA": "Metadata-Version: 2.1\nName: demo\nVersion: 1\n",
        f"{package}/RECORD": "../../../../outside,,\n/outside,,\n"
        "demo-1.dist-info/METADATA,,\ndemo-1.dist-info/RECORD,,\n",
    }
    old = write_tree(base / "old", files)
    write_tree(base, {"outside": ""})

    assert strays(str(old), installed(str(old)), "project") == []


@posix_only
def test_what_setup_py_develop_and_virtualenv_wrote_beside_packages_is_nobodys_work(base: Path) -> None:
    old = write_real_environment(base / "old")
    source = write_tree(base / "source", {"x.egg-info/PKG-INFO": "Metadata-Version: 2.1\nName: x\nVersion: 1\n"})
    begin = "import sys; sys.__plen = len(sys.path)"
    end = (
        "import sys; new=sys.path[sys.__plen:]; del sys.path[sys.__plen:]; p=getattr(sys,'__egginsert',0); "
        "sys.path[p:p]=new; sys.__egginsert = p+len(new)"
    )
    files = {
        "x.egg-link": f"{source}\n.",
        "easy-install.pth": f"{begin}\n{source}\n{end}\n",
        "_virtualenv.pth": "import _virtualenv",
        "_virtualenv.py": "",
    }
    write_tree(old, {f"{_PLACE}/{name}": content for name, content in files.items()})

    assert strays(str(old), installed(str(old)), "project") == []


@pytest.mark.parametrize("runner", ["tox", "nox"])
def test_what_a_runner_writes_into_its_own_environment_is_nobodys_work(runner: str, base: Path) -> None:
    old = write_real_environment(base / "old")
    notes = {"tox": {"tmp/x": "", "log/1.log": "", ".tox-info.json": ""}, "nox": {"tmp/x": ""}}
    write_tree(old, notes[runner])

    assert strays(str(old), installed(str(old)), runner) == []


@pytest.mark.parametrize("options", [[], ["--without-pip", "--system-site-packages"]])
def test_what_venv_put_there_is_nobodys_work(options: list[str], base: Path) -> None:
    subprocess.run([sys.executable, "-m", "venv", *options, base / "old"], check=True)

    assert strays(str(base / "old"), installed(str(base / "old")), "project") == []


@pytest.mark.parametrize("options", [[], ["--seed"], ["--relocatable"]])
def test_what_uv_put_there_is_nobodys_work(options: list[str], base: Path) -> None:
    uv("venv", "--no-project", *options, base / "old")

    assert strays(str(base / "old"), installed(str(base / "old")), "project") == []


@pytest.mark.parametrize("content", ["", "mine", "/one\n/two\n"])
def test_a_project_file_that_says_more_or_less_than_a_path_is_known(content: str, base: Path) -> None:
    old = write_real_environment(base / "old")
    write_tree(old, {".project": content})

    assert strays(str(old), installed(str(old)), "project") == [".project"]


# two at once, and signals


def adopting(environment: Environment, root: Path, old: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-c", ADOPT, environment.store, str(root), str(old)]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def test_two_at_once_make_one(base: Path, environment: Environment, project: Path) -> None:
    old = write_real_environment(base / "old", write_wheel(base))

    both = [adopting(environment, project, old) for _ in range(2)]

    assert [process.communicate(timeout=60)[1] for process in both] == ["", ""]
    assert [process.returncode for process in both] == [0, 0]
    assert packages(environment.path) == packages(old)


@pytest.fixture
def waiting(base: Path, environment: Environment, project: Path) -> Callable[[], subprocess.Popen[str]]:
    """Begins an adoption whose installation does not end by itself; it has begun then."""
    started, go_on = base / "started", base / "go-on"
    source = write_project(base / "source")
    old = write_real_environment(base / "old", "--editable", source)
    os.mkfifo(started)
    os.mkfifo(go_on)
    write_project(source, first=WAITING.format(started=str(started), go_on=str(go_on)))

    def begin() -> subprocess.Popen[str]:
        process = adopting(environment, project, old)
        assert started.read_text() == "started"
        return process

    return begin


@posix_only
@pytest.mark.parametrize("name", ["SIGTERM", "SIGINT"])
def test_a_signal_ends_the_installation_and_leaves_nothing(
    name: str, waiting: Callable[[], subprocess.Popen[str]], environment: Environment, base: Path
) -> None:
    process = waiting()
    before = contents(base / "old")

    process.send_signal(getattr(signal, name))
    process.communicate(timeout=60)

    assert process.returncode != 0
    assert environment.holder_elsewhere() is None
    assert_untouched(base / "old", environment, before)


@posix_only
def test_an_adoption_that_is_killed_is_repaired_by_the_next(
    waiting: Callable[[], subprocess.Popen[str]], environment: Environment, base: Path
) -> None:
    process = waiting()
    process.kill()
    process.communicate(timeout=60)
    write_project(base / "source")
    with open(base / "go-on", "w", encoding="utf-8"):
        pass  # the installer ends, which has outlived its parent and keeps the claim

    frozen = freeze(InTree(str(base / "old"), "project", ".venv"), str(base / "old"), "/project")
    adopt(frozen, environment, "/project", on_wait=lambda _: None)

    assert output_of(environment, "demo") == "demo 1"
    assert state(environment) == "ready"
