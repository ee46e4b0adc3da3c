"""Rules of a site, in modules that its users or administrators name."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import invalidate_caches
from pathlib import Path
from typing import TYPE_CHECKING
from uuid import uuid4

import pytest
from central_venv import load_settings, project_home
from central_venv.cli import main
from central_venv.cli.project import root_here
from central_venv.errors import SettingsError
from central_venv.policy.settings import config_files
from central_venv.store.store import open_store
from support.trees import write_tree

if TYPE_CHECKING:
    from collections.abc import Callable

    Module = Callable[[str], str]

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="absolute paths are written with slashes here")

IMPORT = "from central_venv import hookimpl\n\n"


def configure(*modules: str) -> str:
    path = Path(config_files()["user"])
    write_tree(path.parent, {"config.toml": f"policy = {list(modules)}\n"})
    return str(path)


def hook(signature: str, body: str) -> str:
    return f"{IMPORT}@hookimpl\ndef {signature}:\n    {body}\n"


@pytest.fixture
def module(base: Path, monkeypatch: pytest.MonkeyPatch) -> Module:
    """Makes a module that can be imported, under a name of its own."""
    monkeypatch.syspath_prepend(write_tree(base / "modules", {}))

    def make(source: str) -> str:
        name = f"rules_{uuid4().hex}"
        write_tree(base / "modules", {f"{name}.py": source})
        invalidate_caches()
        return name

    return make


@posix_only
def test_a_module_says_where_the_store_is(module: Module, project: Path) -> None:
    configure(module(hook("central_venv_store(root, default)", "return f'/fast{root}{default}/../x'")))

    home = project_home(project)

    assert home is not None
    assert home.store.path == f"/fast{project}{os.path.dirname(load_settings(None).store)}/x"


@posix_only
def test_a_module_may_answer_with_a_path_object(module: Module) -> None:
    configure(module("import pathlib\n" + hook("central_venv_store()", "return pathlib.Path('/fast')")))

    assert open_store(load_settings(None), None).path == "/fast"


def test_a_module_is_asked_without_a_project_too(module: Module, base: Path) -> None:
    configure(module(hook("central_venv_store(root, default)", f"return {str(base)!r} if root is None else None")))

    assert open_store(load_settings(None), None).path == str(base)


@pytest.mark.parametrize("source", ["", hook("central_venv_store(root)", "return None")], ids=["no hook", "no answer"])
def test_without_an_answer_the_settings_decide(source: str, module: Module, project: Path, store: Path) -> None:
    configure(module(source))

    home = project_home(project)

    assert home is not None
    assert home.store.path == str(store)


@posix_only
def test_the_last_module_with_an_answer_decides(module: Module) -> None:
    answers = ("return '/first'", "return '/second'", "return None")
    configure(*(module(hook("central_venv_store()", answer)) for answer in answers))

    assert open_store(load_settings(None), None).path == "/second"


def test_a_module_says_which_project_a_directory_belongs_to(
    module: Module, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    inner = write_tree(project / "inner", {"pyproject.toml": ""})
    configure(module(hook("central_venv_project_root(directory)", "return directory.rpartition('inner')[0] or None")))

    monkeypatch.chdir(inner)
    asked = root_here(None)

    assert asked == str(project)
    assert root_here(str(inner)) == str(inner)  # what was named is not asked for


def test_without_an_answer_the_markers_decide(module: Module, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(module(hook("central_venv_project_root(directory)", "return None")))
    monkeypatch.chdir(project)

    assert root_here(None) == str(project)


@posix_only
def test_the_answer_of_a_module_becomes_a_true_path(
    module: Module, project: Path, base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "link").symlink_to(project)
    configure(module(hook("central_venv_project_root()", f"return {str(base / 'link')!r}")))
    monkeypatch.chdir(base)

    assert root_here(None) == str(project)


@pytest.mark.parametrize(
    "answer", ["1", "''", "'relative'", "b'/bytes'", "True", "['/list']", "__import__('pathlib').Path('a')"]
)
def test_an_answer_that_is_no_absolute_path_is_refused(
    answer: str, module: Module, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = hook("central_venv_store()", f"return {answer}") + hook("central_venv_project_root()", f"return {answer}")
    path = configure(module(source))
    monkeypatch.chdir(project)

    with pytest.raises(SettingsError) as store:
        open_store(load_settings(None), None)
    with pytest.raises(SettingsError) as root:
        root_here(None)

    shown = repr(eval(answer))
    assert store.value.message == f"`central_venv_store` of a policy module (user: {path}) answered {shown}"
    assert root.value.message == f"`central_venv_project_root` of a policy module (user: {path}) answered {shown}"
    assert store.value.hint == root.value.hint == "it must be an absolute path, or None"


@pytest.mark.skipif(os.name == "nt", reason="the separator of POSIX")
def test_an_answer_that_the_path_cannot_hold_is_refused(module: Module) -> None:
    path = configure(module(hook("central_venv_store()", "return '/a:b'")))

    with pytest.raises(SettingsError) as refusal:
        open_store(load_settings(None), None)

    assert refusal.value.message == (
        f"the store '/a:b' of a policy module (user: {path}) holds a `:`, which `PATH` cannot hold"
    )


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        pytest.param("raise RuntimeError('no luck')", "no luck", id="it raises"),
        pytest.param("import nothing_of_this_name", "No module named 'nothing_of_this_name'", id="it lacks something"),
        pytest.param("1 +", "invalid syntax", id="it is no Python"),
    ],
)
def test_a_module_that_cannot_be_imported_is_refused(source: str, reason: str, module: Module, project: Path) -> None:
    name = module(source)
    path = configure(name)

    with pytest.raises(SettingsError) as caught:
        project_home(project)

    assert caught.value.message.startswith(f"cannot import the policy module `{name}` (user: {path}): {reason}")
    assert caught.value.hint == "install it for this Python, or remove it from `policy`"


def test_a_module_that_is_not_there_is_refused(project: Path) -> None:
    configure("nothing_of_this_name")

    with pytest.raises(SettingsError, match="cannot import the policy module `nothing_of_this_name`"):
        project_home(project)


def test_a_project_cannot_name_a_module(module: Module, project: Path) -> None:
    name = module("raise SystemExit('imported')")
    write_tree(project, {"pyproject.toml": f"[tool.central-venv]\npolicy = ['{name}']\n"})

    with pytest.raises(SettingsError, match="a project must not choose it"):
        project_home(project)

    assert name not in sys.modules


def test_a_module_is_not_loaded_where_central_environments_are_off(
    module: Module, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = module("")
    configure(name)
    monkeypatch.setenv("CENTRAL_VENV", "0")

    project_home(project)

    assert name not in sys.modules


def test_without_a_module_nothing_of_this_is_imported(project: Path) -> None:
    look_up = "import sys, central_venv; central_venv.project_home(sys.argv[1])"
    code = f"{look_up}; print('central_venv.policy.rules' in sys.modules)"

    said = subprocess.run([sys.executable, "-c", code, project], capture_output=True, text=True, check=True).stdout

    assert said == "False\n"


@posix_only
def test_the_command_line_obeys(module: Module, project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    configure(module(hook("central_venv_store()", "return '/fast'")))

    status = main(["path", "--project", str(project), "--home"])

    assert status == 0
    assert os.path.dirname(capfd.readouterr().out) == "/fast"


def test_a_module_that_is_named_twice_counts_once(project: Path) -> None:
    configure("colorsys", "colorsys")

    assert project_home(project) is not None


def test_a_hook_that_raises_is_an_error_of_ours(module: Module, project: Path) -> None:
    configure(module(hook("central_venv_store()", "return 1 / 0")))

    with pytest.raises(SettingsError, match="failed at `central_venv_store`: ZeroDivisionError"):
        project_home(project)


@pytest.mark.parametrize(
    ("source", "what", "hint"),
    [
        pytest.param(
            hook("central_venv_stor(root)", "return '/fast'"),
            "`central_venv_stor` {} is no hook",
            "did you mean `central_venv_store`?",
            id="a slip",
        ),
        pytest.param(
            hook("centralvenv_project_root(directory)", "return None"),
            "`centralvenv_project_root` {} is no hook",
            "did you mean `central_venv_project_root`?",
            id="a slip at its beginning",
        ),
        pytest.param(
            "def central_venv_stoer(root):\n    return '/fast'\n",
            "`central_venv_stoer` {} is no hook",
            "did you mean `central_venv_store`?",
            id="a slip, and no mark",
        ),
        pytest.param(
            hook("pytest_configure(config)", "return None"),
            "`pytest_configure` {} is no hook",
            "the hooks are `central_venv_store`, `central_venv_stores`, `central_venv_project_root`",
            id="nothing like a hook",
        ),
        pytest.param(
            "def central_venv_store(root):\n    return '/fast'\n",
            "`central_venv_store` {} is not marked as a hook",
            "put `@hookimpl` before it, which `central_venv` has",
            id="no mark",
        ),
        pytest.param(
            hook("central_venv_stores(root)", "return ()"),
            "`central_venv_stores` {} takes `root`, which no hook of that name gets",
            "it takes nothing",
            id="an argument for a hook that gets none",
        ),
        pytest.param(
            hook("central_venv_store(project)", "return None"),
            "`central_venv_store` {} takes `project`, which no hook of that name gets",
            "it may take `root`, `default`",
            id="an argument that is not passed",
        ),
    ],
)
def test_what_would_never_be_called_is_refused_by_its_name(
    source: str, what: str, hint: str, module: Module, project: Path
) -> None:
    name = module(source)
    path = configure(name)

    with pytest.raises(SettingsError) as caught:
        project_home(project)

    assert caught.value.message == what.format(f"in the policy module `{name}` (user: {path})")
    assert caught.value.hint == hint


@posix_only
@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def central_venv_mounts():\n    return []\n", id="a function for itself"),
        pytest.param(
            f"{IMPORT}@hookimpl(optionalhook=True)\ndef central_venv_of_the_future(x):\n    return x\n",
            id="a hook of another version",
        ),
    ],
)
def test_what_is_meant_for_nobody_here_may_be_in_a_module(source: str, module: Module) -> None:
    configure(module(source + hook("central_venv_store(root, *rest, mine=1, **more)", "return '/fast'")))

    assert open_store(load_settings(None), None).path == "/fast"


def test_a_hook_that_pluggy_refuses_is_an_error_of_ours(module: Module, project: Path) -> None:
    name = module(f"{IMPORT}@hookimpl(wrapper=True)\ndef central_venv_store():\n    return None\n")
    configure(name)

    with pytest.raises(SettingsError, match=rf"the policy module `{name}` \(user: .*\) is wrong: "):
        project_home(project)
