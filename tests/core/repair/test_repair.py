"""What works in an environment works after its home was renamed and its project moved."""

from __future__ import annotations

import base64
import csv
import hashlib
import json
import os
import shutil
import sys
from typing import TYPE_CHECKING

import pytest
from central_venv.repair import starting
from central_venv.repair.places import Places, UnrepairableError
from central_venv.repair.repair import repair, repair_packages
from central_venv.repair.starting import start
from support import editors, virtualenvs
from support.debian import find_program
from support.hosts import UV
from support.trees import contents, write_tree
from support.virtualenvs import call, install, make, mentions, python

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the scripts of POSIX")

OLD, NEW = "foo-bd6c414b", "a-longer-name-00c0ffee"
SHELLS = {
    "bash": ("bash", ["-c"], "activate", ".", ""),
    "zsh": ("zsh", ["-fc"], "activate", ".", ""),
    "fish": ("fish", ["--no-config", "-c"], "activate.fish", "source", ""),
}
#: What activates in the others, and runs a program then.
ODD_SHELLS = {
    "dash": '. "$ENVIRONMENT/bin/activate"; {}; deactivate\n',
    "tcsh": 'source "$ENVIRONMENT:q/bin/activate.csh"\n{}\ndeactivate\n',
    "xonsh": "source @($ENVIRONMENT + '/bin/activate.xsh')\n{}\ndeactivate\n",
}
SAY_WHERE = "python -c 'import os, sys; print(os.environ[\"VIRTUAL_ENV\"], sys.prefix, sep=chr(10))'"


class Moved:
    """A project and an environment of it, before and after both are moved."""

    def __init__(self, base: Path, *, store: str = "store", old: str = "p/foo", new: str = "p/bar") -> None:
        self.store = base / store
        self.environment = self.store / OLD / ".venv"
        self.moved = self.store / NEW / ".venv"
        self.root, self.moved_root = base / old, base / new

    @property
    def places(self) -> Places:
        return Places(str(self.store), [OLD], NEW, [str(self.root)], str(self.moved_root))

    def make(self, maker: str, project: dict[str, str] | None = None) -> Path:
        make(maker, self.environment)
        if project is not None:
            write_tree(self.root, project)
        return self.environment

    def move(self) -> Path:
        """Move both; returns where the environment is then."""
        self.environment.parent.rename(self.moved.parent)
        if self.root.exists():
            self.moved_root.parent.mkdir(parents=True, exist_ok=True)
            self.root.rename(self.moved_root)
        return self.moved

    def repair(self) -> None:
        scratch = self.moved.parent / ".central-venv"
        scratch.mkdir(exist_ok=True)
        repair(str(self.moved), self.places, str(scratch))
        assert os.listdir(scratch) == []

    def move_and_repair(self) -> Path:
        self.move()
        self.repair()
        return self.moved

    def file(self, name: str, content: str, mode: int = 0o644) -> Path:
        """Write a file into the environment; ``HOME`` and ``ROOT`` in it are the paths of both, ``NEAR`` is beside."""
        text = content.replace("HOME", str(self.environment.parent)).replace("ROOT", str(self.root))
        text = text.replace("NEAR", f"{self.root}-other")
        write_tree(self.environment, {name: text})
        (self.environment / name).chmod(mode)
        return self.moved / name

    def expected(self, content: str) -> str:
        """What such a file is to hold afterwards."""
        text = content.replace("HOME", str(self.moved.parent)).replace("ROOT", str(self.moved_root))
        return text.replace("NEAR", f"{self.root}-other")


@pytest.fixture
def moved(base: Path) -> Moved:
    """An environment that only looks like one."""
    moved = Moved(base)
    write_tree(moved.environment, {"pyvenv.cfg": "home = /usr/bin\n", f"{PACKAGES}/x.py": ""})
    return moved


PACKAGES = "lib/python3.12/site-packages"


def packages(environment: Path) -> Path:
    return next(environment.glob("lib/python*/site-packages"))


def wrong_in_lists(environment: Path) -> list[str]:
    """What the lists of packages' files say that is not so."""
    wrong = []
    for listed in packages(environment).glob("*.dist-info/RECORD"):
        for path, digest, size in csv.reader(listed.read_text(encoding="utf-8").splitlines()):
            if digest:
                content = (packages(environment) / path).read_bytes()
                real = base64.urlsafe_b64encode(hashlib.sha256(content).digest()).decode().rstrip("=")
                if (digest, int(size)) != (f"sha256={real}", len(content)):
                    wrong.append(path)
    return wrong


# real environments


@pytest.mark.parametrize("maker", virtualenvs.MAKERS)
@pytest.mark.parametrize(
    ("store", "old", "new"),
    [
        pytest.param("store", "p/foo", "p/bar", id="plain"),
        pytest.param("a störe", "my prøject", "mein 日本 Projekt", id="spaces and letters"),
        pytest.param("store", "foo", 'it\'s "quoted" $HOME `x` \\ %41', id="quotes"),
    ],
)
def test_an_environment_works_where_it_is_now(base: Path, maker: str, store: str, old: str, new: str) -> None:
    moved = Moved(base, store=store, old=old, new=new)
    install(moved.make(maker, virtualenvs.SETUPTOOLS), moved.root)
    before = python(moved.environment, "import demo; print(demo.__file__)")
    assert before == str(moved.root / "src" / "demo" / "__init__.py")

    environment = moved.move_and_repair()

    start(str(environment))
    assert call(environment / "bin" / "demo-say") == f"{moved.moved_root}/src/demo/__init__.py\n"
    assert python(environment, "import sys; print(sys.prefix)") == str(environment)
    assert mentions(environment, moved.environment.parent, moved.root) == []
    assert wrong_in_lists(environment) == []
    assert not moved.environment.parent.exists()


@pytest.mark.parametrize("maker", ["uv", "virtualenv"])
@pytest.mark.parametrize("store", ['it\'s a "store"', "$HOME `x` \\", "two\nlines", "日本"])
def test_an_odd_store_is_mended_as_its_makers_quote_it(base: Path, maker: str, store: str) -> None:
    moved = Moved(base, store=store)
    moved.make(maker)

    environment = moved.move_and_repair()

    start(str(environment))
    assert mentions(environment, OLD) == []
    said = call("bash", "-c", '. "$1" && printf %s "$VIRTUAL_ENV"', "-", environment / "bin" / "activate")
    assert said == str(environment)


@pytest.mark.parametrize("maker", virtualenvs.MAKERS)
@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("store", ["store", "a störe"])
def test_an_activation_file_activates_the_new_place(base: Path, maker: str, shell: str, store: str) -> None:
    program = find_program(shell)
    if program is None:
        pytest.skip(f"no {shell} here")
    _, options, script, source, _ = SHELLS[shell]
    moved = Moved(base, store=store)
    moved.make(maker)

    environment = moved.move_and_repair()

    code = f"{source} '{environment}/bin/{script}'; printf '%s\\n' \"$VIRTUAL_ENV\"; command -v python"
    variables = program.variables | {"PATH": os.environ["PATH"]}
    said = call(program.path, *options, code, variables=variables)
    assert said == f"{environment}\n{environment}/bin/python\n"


@pytest.mark.parametrize(
    ("maker", "store"), [("uv", "a störe"), ("virtualenv", "a störe"), ("virtualenv", "it's 日本\\!")]
)
@pytest.mark.parametrize("shell", ODD_SHELLS)
def test_an_activation_file_of_another_shell_activates_the_new_place(
    base: Path, maker: str, store: str, shell: str
) -> None:
    program = odd_shell(shell)
    moved = Moved(base, store=store)
    moved.make(maker)

    environment = moved.move_and_repair()

    script = base / "script"
    script.write_text(ODD_SHELLS[shell].format(SAY_WHERE))
    said = call(*program, script, variables={"ENVIRONMENT": str(environment), "LC_ALL": "C.UTF-8"})
    assert said == f"{environment}\n{environment}\n"


def odd_shell(name: str) -> list[str]:
    """How to run a script of it; the test is skipped where there is none."""
    if name == "xonsh":
        return [*editors.install(name), "--no-rc"]
    program = find_program(name)
    if program is None:
        pytest.skip(f"no {name} here")
    return [program.path, *(["-f"] if name == "tcsh" else [])]


@pytest.mark.parametrize("store", ["store", "it's a störe"])
def test_pip_that_virtualenv_installs_starts_in_the_new_place(base: Path, store: str) -> None:
    moved = Moved(base, store=f"{store}\\x")
    moved.environment.parent.mkdir(parents=True)
    call(sys.executable, "-m", "virtualenv", "--quiet", "--no-periodic-update", moved.environment)

    environment = moved.move_and_repair()

    start(str(environment), [str(moved.store)])
    assert str(environment) in call(environment / "bin" / "pip", "--version")
    assert mentions(environment, OLD) == []
    assert wrong_in_lists(environment) == []


@pytest.mark.usefixtures("index")
def test_pip_of_a_moved_environment_checks_and_uninstalls(base: Path) -> None:
    moved = Moved(base)
    call(sys.executable, "-m", "venv", moved.environment)
    write_tree(moved.root, virtualenvs.SETUPTOOLS)
    call(moved.environment / "bin" / "pip", "install", "--quiet", "--editable", moved.root)

    environment = moved.move_and_repair()

    pip = environment / "bin" / "pip"
    assert wrong_in_lists(environment) == []
    assert call(pip, "check") == "No broken requirements found.\n"
    shown = json.loads(call(pip, "inspect"))["installed"]
    urls = {each["metadata"]["name"]: each.get("direct_url") for each in shown}
    assert urls["demo"] == {"url": f"file://{moved.moved_root}", "dir_info": {"editable": True}}
    call(pip, "uninstall", "--quiet", "--yes", "demo")
    assert not (environment / "bin" / "demo-say").exists()
    assert list(packages(environment).glob("*demo*")) == []


def test_uv_has_nothing_to_change_in_a_moved_environment(base: Path) -> None:
    moved = Moved(base)
    install(moved.make("uv", virtualenvs.HATCHLING), moved.root)

    environment = moved.move_and_repair()

    call(UV, "pip", "check", "--python", environment)
    before = contents(environment)
    install(environment, moved.moved_root)
    assert {name for name, content in contents(environment).items() if before.get(name) != content} <= {".lock"}


@pytest.mark.parametrize(
    "project",
    [
        pytest.param(virtualenvs.SETUPTOOLS_WITH_FINDER, id="setuptools"),
        pytest.param(virtualenvs.HATCHLING_WITH_FINDER, id="hatchling"),
        pytest.param(virtualenvs.HATCHLING, id="hatchling by a path"),
    ],
)
def test_an_editable_install_finds_the_project_by_any_means(base: Path, project: dict[str, str]) -> None:
    moved = Moved(base, new="p/it's here")
    install(moved.make("uv", project), moved.root)
    found = python(moved.environment, "import demo; print(demo.__file__)")  # and compiles the finder

    environment = moved.move_and_repair()

    now = python(environment, "import demo; print(demo.__file__)")
    assert now == found.replace(str(moved.root), str(moved.moved_root))
    assert mentions(environment, moved.root) == []
    assert wrong_in_lists(environment) == []


def test_a_script_whose_path_becomes_too_long_for_a_first_line_still_runs(base: Path) -> None:
    filler = 127 - len(f"#!{base}/{'x'}/{OLD}/.venv/bin/python") - 2
    if filler < 1:
        pytest.skip("the temporary directory's path is too long")
    moved = Moved(base, store="x" * filler)
    install(moved.make("uv", virtualenvs.SETUPTOOLS), moved.root)
    assert (
        (moved.environment / "bin" / "demo-say")
        .read_bytes()
        .startswith(b"#!/tmp" if str(base).startswith("/tmp") else b"#!/")
    )

    environment = moved.move_and_repair()

    script = (environment / "bin" / "demo-say").read_text()
    assert script.startswith(f"#!/bin/sh\n'''exec' '{environment}/bin/python' \"$0\" \"$@\"\n' '''\n")
    assert call(environment / "bin" / "demo-say") == f"{moved.moved_root}/src/demo/__init__.py\n"
    assert wrong_in_lists(environment) == []


def test_no_file_that_uv_shares_with_its_cache_is_written(base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UV_CACHE_DIR", str(base / "cache"))
    monkeypatch.setenv("UV_LINK_MODE", "hardlink")
    moved = Moved(base)
    install(moved.make("uv", virtualenvs.SETUPTOOLS), moved.root)
    shared = base / "shared"
    for path in moved.environment.rglob("*"):
        if path.is_file() and not path.is_symlink():
            link = shared / path.relative_to(moved.environment)
            link.parent.mkdir(parents=True, exist_ok=True)
            os.link(path, link)
    before, cache = contents(shared), contents(base / "cache")

    moved.move_and_repair()

    assert contents(shared) == before
    assert contents(base / "cache") == cache


def test_a_second_repair_changes_nothing(base: Path) -> None:
    moved = Moved(base)
    install(moved.make("virtualenv", virtualenvs.SETUPTOOLS_WITH_FINDER), moved.root)
    environment = moved.move_and_repair()
    before = {path: path.lstat().st_mtime_ns for path in environment.rglob("*")}

    moved.repair()

    assert {path: path.lstat().st_mtime_ns for path in environment.rglob("*")} == before


# one kind of file each


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("pyvenv.cfg", "home = ROOT/.python/bin\ncommand = python -m venv HOME/.venv\nprompt = foo\n"),
        (".tox-info.json", '{"PythonRun": {"deps": ["-e ROOT/sub", "NEAR", "-c HOME/x"]}}'),
        ("bin/activate", "VIRTUAL_ENV='HOME/.venv'\n"),
        ("bin/tool", '#!/bin/sh\nexec "HOME/.venv/bin/node" "$@"\n'),
        ("bin/wrapper", "#!HOME/.venv/bin/python -E\n__file__ = 'ROOT/scripts/wrapper'\n"),
        (f"{PACKAGES}/demo.pth", "ROOT/src\nNEAR/src\n"),
        (f"{PACKAGES}/demo.egg-link", "ROOT/src\n."),
        (f"{PACKAGES}/easy-install.pth", "ROOT/src\n"),
        (f"{PACKAGES}/demo-1.dist-info/direct_url.json", '{"url": "file://ROOT", "dir_info": {"editable": true}}'),
        ("lib64/python3.12/site-packages/x.pth", "ROOT/src\n"),
        ("lib/python3/dist-packages/x.pth", "ROOT/src\n"),
        ("site-packages/x.pth", "ROOT/src\n"),
        ("share/jupyter/kernels/foo/kernel.json", '{"argv": ["HOME/.venv/bin/python", "-m", "ipykernel"]}'),
    ],
    ids=lambda value: value if "\n" not in value and "{" not in value else "",
)
def test_a_file_leads_to_the_new_places(moved: Moved, name: str, content: str) -> None:
    file = moved.file(name, content)

    moved.move_and_repair()

    assert file.read_text(encoding="utf-8") == moved.expected(content)


@pytest.mark.parametrize(
    "name",
    [f"{PACKAGES}/demo/data.json", f"{PACKAGES}/demo.py", "log/1.log", f"{PACKAGES}/demo-1.dist-info/METADATA"],
)
def test_what_is_no_such_file_stays_as_it_is(moved: Moved, name: str) -> None:
    file = moved.file(name, "'HOME/.venv' 'ROOT/src'\n")

    moved.move_and_repair()

    assert file.read_text() == f"'{moved.environment.parent}/.venv' '{moved.root}/src'\n"


def test_the_modules_that_a_path_file_imports_are_mended(moved: Moved) -> None:
    code = "places = ['ROOT/build', 'HOME/.venv/bin/ninja', 'NEAR']\n"
    moved.file(f"{PACKAGES}/demo.pth", "import _demo_loader, sys; sys.x = 1\n")
    moved.file(f"{PACKAGES}/other.pth", "import os; from deep.inside import thing\nimport\tnonsense(\n")
    loader = moved.file(f"{PACKAGES}/_demo_loader.py", code)
    deep = moved.file(f"{PACKAGES}/deep/inside.py", code)
    stranger = moved.file(f"{PACKAGES}/stranger.py", code)

    moved.move_and_repair()

    assert loader.read_text() == deep.read_text() == moved.expected(code)
    assert stranger.read_text() != moved.expected(code)


def test_the_modules_that_a_start_file_names_are_mended(moved: Moved) -> None:
    code = "places = ['ROOT/build', 'HOME/.venv/bin/ninja', 'NEAR']\n"
    lines = "# stranger:of\n_demo_loader:install\r\n  deep.inside:thing.call\n\nstranger\n./stranger:of\n"
    moved.file(f"{PACKAGES}/demo.start", lines)
    loader = moved.file(f"{PACKAGES}/_demo_loader.py", code)
    deep = moved.file(f"{PACKAGES}/deep/inside.py", code)
    stranger = moved.file(f"{PACKAGES}/stranger.py", code)

    moved.move_and_repair()

    assert loader.read_text() == deep.read_text() == moved.expected(code)
    assert stranger.read_text() != moved.expected(code)


def test_a_path_file_with_an_escape_that_means_itself_is_read(moved: Moved) -> None:
    moved.file(f"{PACKAGES}/demo.pth", "import _demo_loader; x = '\\d'\n")
    loader = moved.file(f"{PACKAGES}/_demo_loader.py", "x = 'ROOT/src'\n")

    moved.move_and_repair()

    assert loader.read_text() == moved.expected("x = 'ROOT/src'\n")


def test_a_line_of_a_path_file_that_no_python_can_read_imports_nothing(moved: Moved) -> None:
    content = "import loader\0\n"
    file = moved.file(f"{PACKAGES}/demo.pth", content)

    moved.move_and_repair()

    assert file.read_text() == content


def test_a_line_of_a_path_file_that_python_does_not_run_imports_nothing(moved: Moved) -> None:
    moved.file(f"{PACKAGES}/demo.pth", "from stranger import x\n import stranger\n")
    stranger = moved.file(f"{PACKAGES}/stranger.py", "places = ['ROOT/build']\n")

    moved.move_and_repair()

    assert stranger.read_text() == f"places = ['{moved.root}/build']\n"


def test_what_was_compiled_of_a_changed_module_goes(moved: Moved) -> None:
    moved.file(f"{PACKAGES}/demo.pth", "import loader, unchanged\n")
    moved.file(f"{PACKAGES}/loader.py", "x = 'ROOT/src'\n")
    moved.file(f"{PACKAGES}/unchanged.py", "x = 1\n")
    for name in ("loader.cpython-312", "loader.cpython-312.opt-1", "unchanged.cpython-312", "loader2.cpython-312"):
        moved.file(f"{PACKAGES}/__pycache__/{name}.pyc", "compiled")

    environment = moved.move_and_repair()

    left = os.listdir(environment / PACKAGES / "__pycache__")
    assert sorted(left) == ["loader2.cpython-312.pyc", "unchanged.cpython-312.pyc"]


@pytest.mark.parametrize("mode", [0o644, 0o755, 0o444, 0o700])
def test_a_file_keeps_its_mode(moved: Moved, mode: int) -> None:
    file = moved.file("bin/tool", "#!HOME/.venv/bin/python\n", mode)

    moved.move_and_repair()

    assert file.stat().st_mode & 0o777 == mode


def test_an_environment_is_as_old_as_before(moved: Moved) -> None:
    file = moved.file("pyvenv.cfg", "command = python -m venv HOME/.venv\n")
    os.utime(moved.environment / "pyvenv.cfg", (1_700_000_000.25, 1_700_000_000.25))

    moved.move_and_repair()

    assert file.stat().st_mtime == 1_700_000_000.25
    assert str(moved.moved) in file.read_text()


def test_arguments_stay_in_a_first_line_that_is_too_long(moved: Moved) -> None:
    deep = "d" * 120
    file = moved.file(f"bin/{deep}", f"#!HOME/.venv/{deep}/python3.12 -E -s\nprint()\n")

    moved.move_and_repair()

    program = f"{moved.moved}/{deep}/python3.12"
    assert file.read_text() == f"#!/bin/sh\n'''exec' '{program}' -E -s \"$0\" \"$@\"\n' '''\nprint()\n"


def test_a_first_line_with_a_blank_in_its_path_is_written_so_that_it_works(base: Path) -> None:
    moved = Moved(base, store="it's here")
    write_tree(moved.environment, {"pyvenv.cfg": ""})
    file = moved.file("bin/tool", "#!HOME/.venv/bin/python\nprint()\n")

    moved.move_and_repair()

    program = str(moved.moved / "bin" / "python").replace("'", "'\"'\"'")
    assert file.read_text() == f"#!/bin/sh\n'''exec' '{program}' \"$0\" \"$@\"\n' '''\nprint()\n"


@pytest.mark.parametrize(
    "line", ["#!HOME/.venv/bin/python\n", "#!/bin/sh\n#exec# 'NAMED/.venv/bin/python' \"$0\"\n' ###\n"]
)
def test_python_reads_a_path_with_backslashes_in_a_line_of_the_shell(base: Path, line: str) -> None:
    moved = Moved(base, store="\\x and \\d's")
    make("uv", moved.environment)
    named = str(moved.environment.parent).replace("'", "'\"'\"'").replace("\\", "'\"\\\\\"'")
    moved.file(
        "bin/tool",
        line.replace("#exec#", "'''exec'").replace("###", "'''").replace("NAMED", named) + "print(1)\n",
        0o755,
    )

    environment = moved.move_and_repair()

    tool = environment / "bin" / "tool"
    assert call(tool) == "1\n"
    assert call(sys.executable, "-W", "error", tool) == "1\n"


def test_a_first_line_that_is_too_long_for_another_program_is_a_reason(moved: Moved) -> None:
    moved.file("bin/tool", f"#!HOME/.venv/{'d' * 120}/node\n")
    moved.move()

    with pytest.raises(UnrepairableError, match=r"the first line of `bin/tool` is too long for this system now"):
        moved.repair()


def test_a_first_line_that_names_no_old_place_stays_however_long_it_is(moved: Moved) -> None:
    content = f"#!/{'d' * 600}/perl\nplace = 'HOME/.venv'\n"
    file = moved.file("bin/tool", content)

    moved.move_and_repair()

    assert file.read_text() == moved.expected(content)


def test_an_archive_behind_a_first_line_stays_whole(moved: Moved) -> None:
    file = moved.file("bin/archive", "#!HOME/.venv/bin/python\n")
    rest = b"PK\0\xff" + os.fsencode(moved.environment) + b"\0"
    with (moved.environment / "bin" / "archive").open("ab") as stream:
        stream.write(rest)

    moved.move_and_repair()

    assert file.read_bytes() == f"#!{moved.moved}/bin/python\n".encode() + rest


def test_a_program_is_not_taken_for_text(moved: Moved) -> None:
    binary = b"\x7fELF\0" + os.fsencode(moved.environment) + b"/bin\0"
    (moved.environment / "bin").mkdir()
    (moved.environment / "bin" / "tool").write_bytes(binary)

    assert (moved.move_and_repair() / "bin" / "tool").read_bytes() == binary


def test_a_launcher_of_windows_is_a_reason(moved: Moved) -> None:
    (moved.environment / "bin").mkdir()
    (moved.environment / "bin" / "other.exe").write_bytes(b"MZ\0 PK\0")
    launcher = b"MZ\0#!" + os.fsencode(moved.environment) + b"/bin/python.exe\nPK\0"
    (moved.environment / "bin" / "demo.exe").write_bytes(launcher)
    moved.move()

    with pytest.raises(UnrepairableError, match=r"^the launcher `bin/demo\.exe` holds the path of its former place$"):
        moved.repair()
    assert (moved.moved / "bin" / "demo.exe").read_bytes() == launcher


def test_an_environment_of_conda_is_a_reason(moved: Moved) -> None:
    (moved.environment / "pyvenv.cfg").unlink()
    moved.file("conda-meta/history", "HOME")
    moved.move()

    with pytest.raises(UnrepairableError, match=r"^conda writes paths into whatever it installs"):
        moved.repair()
    assert str(moved.environment.parent) in (moved.moved / "conda-meta" / "history").read_text()


def test_a_reason_names_the_file(moved: Moved) -> None:
    moved.moved_root = moved.moved_root.with_name("two\nlines")
    moved.file(f"{PACKAGES}/demo.pth", "ROOT/src\n")
    moved.move()

    with pytest.raises(UnrepairableError, match=rf"^`{PACKAGES}/demo.pth`: the project's path has line breaks"):
        moved.repair()


def test_nothing_is_changed_if_something_cannot_be_mended(moved: Moved) -> None:
    moved.file("bin/demo.exe", "HOME/.venv/bin/python")
    moved.file("bin/activate", "VIRTUAL_ENV='HOME/.venv'\n")
    moved.file("pyvenv.cfg", "command = python -m venv HOME/.venv\n")
    before = contents(moved.environment)
    moved.move()

    with pytest.raises(UnrepairableError):
        moved.repair()
    assert contents(moved.moved) == before


# links


@pytest.mark.parametrize(
    ("name", "target"),
    [
        ("bin/python", "HOME/.venv-3.12/bin/python"),
        ("bin/tool", "ROOT/tool"),
        (f"{PACKAGES}/demo", "ROOT/src/demo"),
        ("lib64", "HOME/.venv/lib"),
    ],
)
def test_a_link_leads_to_the_new_places(moved: Moved, name: str, target: str) -> None:
    link = moved.environment / name
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(target.replace("HOME", str(moved.environment.parent)).replace("ROOT", str(moved.root)))

    environment = moved.move_and_repair()

    assert os.readlink(environment / name) == moved.expected(target)


def test_a_link_that_leads_elsewhere_stays(moved: Moved) -> None:
    (moved.environment / "bin").mkdir()
    targets = {"python": "/usr/bin/python3", "python3": "python", "x": f"{moved.root}-other/x"}
    for name, target in targets.items():
        (moved.environment / "bin" / name).symlink_to(target)

    environment = moved.move_and_repair()

    assert {name: os.readlink(environment / "bin" / name) for name in targets} == targets


@pytest.mark.parametrize("name", ["bin", "bin/tool", "lib", PACKAGES, f"{PACKAGES}/x.pth", "pyvenv.cfg", "share"])
def test_no_link_is_followed_out_of_an_environment(base: Path, moved: Moved, name: str) -> None:
    text = f"{moved.environment}/x\n{moved.root}/src\n"
    outside = write_tree(
        base / "outside",
        dict.fromkeys(("tool", "x.pth", "python3.12/site-packages/x.pth", "jupyter/kernels/x/kernel.json"), text),
    )
    before = contents(outside)
    link = moved.environment / name
    if link.is_dir():
        shutil.rmtree(link)
    link.unlink(missing_ok=True)
    link.parent.mkdir(exist_ok=True)
    link.symlink_to(outside / link.name if (outside / link.name).is_file() else outside)

    moved.move_and_repair()

    assert contents(outside) == before


# lists of files


def test_the_list_of_a_packages_files_changes_where_its_files_did(moved: Moved) -> None:
    script = moved.file("bin/demo", "#!HOME/.venv/bin/python\n")
    lines = [
        "../../../bin/demo,sha256=old,3\r\n",
        '"a,b.py",sha256=keep,1\n',
        "../../../bin/other,sha256=keep,2\n",
        "demo.pth,,\n",
        "demo-1.dist-info/RECORD,,",
    ]
    moved.file(f"{PACKAGES}/demo.pth", "ROOT/src\n")
    listed = moved.file(f"{PACKAGES}/demo-1.dist-info/RECORD", "")
    (moved.environment / PACKAGES / "demo-1.dist-info" / "RECORD").write_bytes("".join(lines).encode())

    moved.move_and_repair()

    digest = base64.urlsafe_b64encode(hashlib.sha256(script.read_bytes()).digest()).decode().rstrip("=")
    lines[0] = f"../../../bin/demo,sha256={digest},{script.stat().st_size}\r\n"
    assert listed.read_bytes() == "".join(lines).encode()


def test_a_list_of_files_that_makes_no_sense_stays(moved: Moved) -> None:
    moved.file("bin/demo", "#!HOME/.venv/bin/python\n")
    content = b'../../../bin/demo\n"../../../bin/demo,sha256=x,1\n\xff../../../bin/demo,sha256=x,1\n'
    listed = moved.file(f"{PACKAGES}/demo-1.dist-info/RECORD", "")
    (moved.environment / PACKAGES / "demo-1.dist-info" / "RECORD").write_bytes(content)

    moved.move_and_repair()

    assert listed.read_bytes() == content


def test_a_repair_that_was_broken_off_after_the_list_of_files_is_finished(
    moved: Moved, monkeypatch: pytest.MonkeyPatch
) -> None:
    script = moved.file("bin/demo", "#!HOME/.venv/bin/python\n")
    moved.file(f"{PACKAGES}/demo-1.dist-info/RECORD", "../../../bin/demo,sha256=x,1\n")
    moved.move()
    broken = broken_off_at(script)
    monkeypatch.setattr(os, "replace", broken)
    with pytest.raises(KeyboardInterrupt):
        moved.repair()
    assert wrong_in_lists(moved.moved) == ["../../../bin/demo"]
    monkeypatch.undo()

    moved.repair()

    assert script.read_text() == f"#!{moved.moved}/bin/python\n"
    assert wrong_in_lists(moved.moved) == []


def broken_off_at(path: Path) -> Callable[[str, str], None]:
    replace = os.replace

    def broken(source: str, target: str) -> None:
        if target == str(path):
            raise KeyboardInterrupt
        replace(source, target)

    return broken


# what the system refuses


def test_what_cannot_be_written_is_a_reason(moved: Moved) -> None:
    moved.file("bin/demo", "#!HOME/.venv/bin/python\n")
    moved.move()

    with pytest.raises(UnrepairableError, match=r"cannot be mended: no such file or directory$"):
        repair(str(moved.moved), moved.places, str(moved.store / "nowhere"))


def test_a_pipe_is_not_waited_for(moved: Moved) -> None:
    (moved.environment / "bin").mkdir()
    os.mkfifo(moved.environment / "bin" / "pipe")
    os.mkfifo(moved.environment / PACKAGES / "pipe.pth")
    os.mkfifo(moved.environment / "pipe.json")

    moved.move_and_repair()


# shared environments


def test_of_a_shared_environment_only_what_is_installed_from_the_project_changes(base: Path) -> None:
    moved = Moved(base)
    install(moved.make("uv", virtualenvs.SETUPTOOLS), moved.root)
    moved.root.rename(base / "p" / "bar")
    before = contents(moved.environment)

    repair_packages(
        str(moved.environment), Places(str(moved.store), (), "", [str(moved.root)], str(moved.moved_root)), str(base)
    )

    assert call(moved.environment / "bin" / "demo-say") == f"{moved.moved_root}/src/demo/__init__.py\n"
    changed = {
        name.rpartition("/")[2] for name, content in contents(moved.environment).items() if before.get(name) != content
    }
    assert changed - {"__pycache__"} == {"__editable__.demo-1.pth", "direct_url.json", "RECORD"}


# starting


def test_an_environment_whose_python_is_gone_does_not_start(moved: Moved) -> None:
    (moved.environment / "bin").mkdir()
    (moved.environment / "bin" / "python").symlink_to("/no/such/python")

    with pytest.raises(UnrepairableError, match=r"^the Python that it was made from is gone$"):
        start(str(moved.environment))


@pytest.mark.parametrize(
    ("script", "reason"),
    [
        (
            "#!/bin/sh\necho one >&2; echo 'ModuleNotFoundError: x' >&2; echo >&2; exit 1\n",
            "not start: ModuleNotFoundError: x$",
        ),
        ("#!/bin/sh\nexit 4\n", "does not start: status 4$"),
        ("#!/bin/sh\nkill -9 $$\n", "does not start: status -9$"),
        ("#!/no/such/program\n", "cannot be started: no such file or directory$"),
        ("no program\0", "cannot be started: exec format error$"),
    ],
)
def test_a_python_that_does_not_start_says_why(moved: Moved, script: str, reason: str) -> None:
    moved.file("bin/python", script, 0o755)

    with pytest.raises(UnrepairableError, match=reason):
        start(str(moved.environment))


def test_a_script_whose_python_is_gone_from_one_of_the_places_is_named(moved: Moved) -> None:
    lost = f"{moved.root}/venv/bin/python"
    moved.file("bin/python", "#!/bin/sh\n", 0o755)
    moved.file("bin/hi", f"#!{lost}\n", 0o755)
    moved.file("bin/theirs", "#!/opt/gone/bin/python\n", 0o755)

    start(str(moved.environment))
    with pytest.raises(UnrepairableError, match=f"^its program `hi` names the Python `{lost}`, which is not there$"):
        start(str(moved.environment), [str(moved.root)])


def test_a_python_of_another_environment_is_found_out(base: Path, moved: Moved) -> None:
    other = make("uv", base / "other")
    moved.file("bin/python", f'#!/bin/sh\nexec "{other}/bin/python" "$@"\n', 0o755)

    with pytest.raises(UnrepairableError, match=r"^its Python takes itself for another one$"):
        start(str(moved.environment))


def test_a_python_that_hangs_is_given_up(moved: Moved, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(starting, "_PROBE_TIMEOUT", 0.2)
    moved.file("bin/python", "#!/bin/sh\nexec sleep 60\n", 0o755)

    with pytest.raises(UnrepairableError, match=r"^its Python did not start within 0\.2 seconds$"):
        start(str(moved.environment))


def test_nothing_in_the_project_or_the_variables_is_run_to_start_it(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = make("uv", base / "env")
    evil = write_tree(base / "evil", {"os.py": "raise SystemExit(1)", "sitecustomize.py": "raise SystemExit(1)"})
    monkeypatch.chdir(evil)
    monkeypatch.setenv("PYTHONPATH", str(evil))
    monkeypatch.setenv("PYTHONHOME", str(evil))

    start(str(environment))


def test_an_old_python_is_started_with_what_it_understands(moved: Moved) -> None:
    moved.file("pyvenv.cfg", "version_info = 2.7.18.final.0\n")
    moved.file("bin/python", '#!/bin/sh\n[ "$1" = -E ]\n', 0o755)

    start(str(moved.environment))
