"""The settings in force and where they came from."""

from __future__ import annotations

import builtins
import errno
import json
import os
import platform
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from central_venv import project_home
from central_venv.cli import main
from central_venv.errors import SettingsError
from central_venv.machine import host
from central_venv.machine.directories import data_directory
from central_venv.policy.project import find_root
from central_venv.policy.settings import config_files, load_settings
from support.faults import UNREADABLE, needs_unreadable
from support.trees import listing, write_tree

if TYPE_CHECKING:
    from collections.abc import Callable

posix_only = pytest.mark.skipif(sys.platform == "win32", reason="absolute paths are written with slashes here")

VARIABLES = {
    "enabled": "CENTRAL_VENV",
    "store": "CENTRAL_VENV_HOME",
    "name": "CENTRAL_VENV_NAME",
    "per-python": "CENTRAL_VENV_PER_PYTHON",
    "isolated-selection": "CENTRAL_VENV_ISOLATED_SELECTION",
    "link": "CENTRAL_VENV_LINK",
}


def file_of(kind: str, project: Path) -> str:
    return str(project / "pyproject.toml") if kind == "project" else config_files()[kind]


def write(kind: str, project: Path, text: str) -> str:
    path = file_of(kind, project)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(f"[tool.central-venv]\n{text}" if kind == "project" else text)
    return path


@pytest.fixture
def put(project: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str, str, str, str], str]:
    """Makes a setting in one of the places and says where: as TOML in a file, or as a variable."""

    def put(kind: str, key: str, toml: str, variable: str) -> str:
        if kind == "environment":
            monkeypatch.setenv(VARIABLES[key], variable)
            return VARIABLES[key]
        return write(kind, project, f"{key} = {toml}\n")

    return put


def refused(root: str | None) -> SettingsError:
    with pytest.raises(SettingsError) as caught:
        load_settings(root)
    return caught.value


def test_defaults(project: Path) -> None:
    settings = load_settings(str(project))

    assert [(key, value, str(origin)) for key, value, origin in settings.items()] == [
        ("enabled", True, "default"),
        ("store", data_directory(), "default"),
        ("name", ".venv", "default"),
        ("per-python", False, "default"),
        ("isolated-selection", False, "default"),
        ("link", "none", "default"),
        ("policy", [], "default"),
    ]


def test_loading_settings_writes_nothing(project: Path, tmp_path: Path) -> None:
    before = listing(tmp_path)

    load_settings(str(project))

    assert listing(tmp_path) == before


ORDER = ("default", "site", "user", "project", "environment")
BOOLEANS = [
    (key, stronger, weaker)
    for key in ("enabled", "per-python", "isolated-selection")
    for number, stronger in enumerate(ORDER)
    for weaker in ORDER[:number]
]


@posix_only
@pytest.mark.parametrize(
    ("key", "stronger", "weaker"), BOOLEANS, ids=[f"{key}: {one} before {two}" for key, one, two in BOOLEANS]
)
@pytest.mark.parametrize("value", [True, False])
def test_the_stronger_source_wins(
    key: str,
    stronger: str,
    weaker: str,
    value: bool,  # noqa: FBT001
    put: Callable[[str, str, str, str], str],
    project: Path,
) -> None:
    if weaker != "default":
        put(weaker, key, str(not value).lower(), "0" if value else "1")
    place = put(stronger, key, str(value).lower(), "1" if value else "0")

    settings = load_settings(str(project))

    values = {
        "enabled": settings.enabled,
        "per-python": settings.per_python,
        "isolated-selection": settings.isolated_selection,
    }
    assert values[key] is value
    assert (settings.origins[key].kind, settings.origins[key].name) == (stronger, place)
    assert str(settings.origins[key]) == f"{stronger}: {place}"


@posix_only
@pytest.mark.parametrize(
    ("kinds", "winner"),
    [
        (["site"], "site"),
        (["site", "user"], "user"),
        (["site", "user", "environment"], "environment"),
        (["site", "environment"], "environment"),
    ],
)
def test_the_store_of_the_strongest_source_wins(
    kinds: list[str], winner: str, put: Callable[[str, str, str, str], str], project: Path
) -> None:
    for kind in kinds:
        put(kind, "store", f"'/{kind}'", f"/{kind}")

    settings = load_settings(str(project))

    assert (settings.store, settings.origins["store"].kind) == (f"/{winner}", winner)


TEXTS = [
    (key, stronger, weaker)
    for key in ("name", "link")
    for number, stronger in enumerate(ORDER)
    for weaker in ORDER[:number]
]


@posix_only
@pytest.mark.parametrize(
    ("key", "stronger", "weaker"), TEXTS, ids=[f"{key}: {one} before {two}" for key, one, two in TEXTS]
)
def test_the_name_and_the_link_of_the_stronger_source_win(
    key: str, stronger: str, weaker: str, put: Callable[[str, str, str, str], str], project: Path
) -> None:
    weak, strong = {"name": (".venv-a", ".venv-b"), "link": ("none", "symlink")}[key]
    if weaker != "default":
        put(weaker, key, f"'{weak}'", weak)
    put(stronger, key, f"'{strong}'", strong)

    settings = load_settings(str(project))

    assert {"name": settings.name, "link": settings.link}[key] == strong
    assert settings.origins[key].kind == stronger


NAMES = [".venv", ".venv-a", ".venv-docs_2", ".venv--a", ".venv-ABC", f".venv-{'x' * 58}"]


@pytest.mark.parametrize("name", NAMES)
def test_a_name_that_the_environments_directory_can_have_is_taken(name: str, project: Path) -> None:
    write("project", project, f"name = '{name}'")

    assert load_settings(str(project)).name == name


@pytest.mark.parametrize(
    "name",
    [
        "venv",
        ".tox",
        "@torch",
        ".venvs",
        ".venv/a",
        ".venv-../a",
        ".venv-é",
        ".venv-3.12",
        ".venv-a+extra.b",
        ".venv-a\n",
        ".venv-",
        f".venv-{'x' * 59}",
    ],
)
@pytest.mark.parametrize("kind", ["project", "environment"])
def test_a_name_that_is_not_safe_or_means_a_python_or_selection_is_refused(
    kind: str, name: str, put: Callable[[str, str, str, str], str], project: Path
) -> None:
    put(kind, "name", json.dumps(name), name)

    error = refused(str(project))

    assert error.message.startswith("`name` in `")
    assert error.hint == (
        "it must be `.venv`, or that with `-` and letters, digits, `-`, `_` behind it, such as `.venv-docs`"
    )


@pytest.mark.parametrize("toml", ["'junction'", "true", "1", "['symlink']", "{}"])
def test_a_link_of_another_kind_is_refused(toml: str, project: Path) -> None:
    write("project", project, f"link = {toml}")

    assert refused(str(project)).hint == 'it must be "none" or "symlink"'


def test_a_variable_with_another_link_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRAL_VENV_LINK", "yes")

    error = refused(None)

    assert error.message == "`link` in `CENTRAL_VENV_LINK` is 'yes'"
    assert error.hint == 'it must be "none" or "symlink"'


@pytest.mark.parametrize(("kinds", "winner"), [(["site"], "site"), (["site", "user"], "user")])
def test_the_policy_of_the_strongest_source_replaces_the_others(kinds: list[str], winner: str, project: Path) -> None:
    for kind in kinds:
        write(kind, project, f"policy = ['{kind}', 'more.{kind}']")

    settings = load_settings(str(project))

    assert (settings.policy, settings.origins["policy"].kind) == ((winner, f"more.{winner}"), winner)


@posix_only
def test_sources_that_set_different_keys_add_up(put: Callable[[str, str, str, str], str], project: Path) -> None:
    places = [
        write("site", project, "policy = ['rules']"),
        write("user", project, "store = '/venvs'"),
        write("project", project, "per-python = true"),
        put("environment", "enabled", "", "no"),
    ]

    settings = load_settings(str(project))

    assert [(key, value, str(origin)) for key, value, origin in settings.items()] == [
        ("enabled", False, f"environment: {places[3]}"),
        ("store", "/venvs", f"user: {places[1]}"),
        ("name", ".venv", "default"),
        ("per-python", True, f"project: {places[2]}"),
        ("isolated-selection", False, "default"),
        ("link", "none", "default"),
        ("policy", ["rules"], f"site: {places[0]}"),
    ]


def test_without_a_project_its_file_is_left_out(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write("project", project, "enabled = false")
    monkeypatch.chdir(project)

    assert load_settings(None).enabled


@pytest.mark.parametrize(
    ("text", "enabled"),
    [(text, True) for text in ("1", "true", "yes", "on", "TRUE", "On")]
    + [(text, False) for text in ("0", "false", "no", "off", "False", "OFF")],
)
def test_a_variable_says_yes_or_no(text: str, enabled: bool, monkeypatch: pytest.MonkeyPatch) -> None:  # noqa: FBT001
    monkeypatch.setenv("CENTRAL_VENV", text)

    assert load_settings(None).enabled is enabled


@pytest.mark.parametrize("variable", VARIABLES.values())
def test_an_empty_variable_sets_nothing(variable: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(variable, "")

    assert {str(origin) for _, _, origin in load_settings(None).items()} == {"default"}


@pytest.mark.parametrize("variable", ["CENTRAL_VENV", "CENTRAL_VENV_PER_PYTHON", "CENTRAL_VENV_ISOLATED_SELECTION"])
@pytest.mark.parametrize("text", ["2", "maybe", " ", "1 ", "none"])
def test_a_variable_that_says_something_else_is_refused(
    variable: str, text: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, text)

    error = refused(None)

    assert error.message == f"the variable `{variable}` is {text!r}"
    assert error.hint == "it must be 1 or 0 (or true, false, yes, no, on, off)"


@pytest.mark.parametrize(
    ("line", "message", "hint"),
    [
        pytest.param(
            "colour = 1",
            "unknown key `colour` in {place}",
            "the keys are `enabled`, `store`, `name`, `per-python`, `isolated-selection`, `link`, `policy`",
            id="unknown key",
        ),
        pytest.param(
            "per_python = true",
            "unknown key `per_python` in {place}",
            "the keys are `enabled`, `store`, `name`, `per-python`, `isolated-selection`, `link`, `policy`",
            id="misspelt key",
        ),
        pytest.param("enabled = 1", "`enabled` in {place} is 1", "it must be true or false", id="a number"),
        pytest.param("enabled = 'on'", "`enabled` in {place} is 'on'", "it must be true or false", id="a text"),
        pytest.param("per-python = []", "`per-python` in {place} is []", "it must be true or false", id="a list"),
        pytest.param("store = true", "`store` in {place} is true", "it must be an absolute path", id="no path"),
        pytest.param("store = ''", "`store` in {place} is ''", "it must be an absolute path", id="an empty path"),
        pytest.param(
            "policy = 'a'", "`policy` in {place} is 'a'", "it must be a list of module names", id="one module"
        ),
        pytest.param(
            "policy = ['a', 1]",
            "`policy` in {place} is ['a', 1]",
            "it must be a list of module names",
            id="no name of a module",
        ),
        pytest.param(
            "policy = ['a/b']",
            "`policy` in {place} is ['a/b']",
            "it must be a list of module names",
            id="a path of a module",
        ),
        pytest.param(
            "policy = ['.a']",
            "`policy` in {place} is ['.a']",
            "it must be a list of module names",
            id="a relative name",
        ),
    ],
)
@pytest.mark.parametrize("kind", ["site", "user"])
def test_a_file_with_something_else_is_refused(kind: str, line: str, message: str, hint: str, project: Path) -> None:
    path = write(kind, project, line)

    error = refused(None)

    assert (error.message, error.hint) == (message.format(place=f"`{path}`"), hint)


@pytest.mark.parametrize("line", ["store = '/elsewhere'", "policy = ['evil']", "store = 1", "policy = []"])
def test_a_project_cannot_choose_paths_or_code(line: str, project: Path) -> None:
    path = write("project", project, line)

    error = refused(str(project))

    key = line.split(" ", maxsplit=1)[0]
    assert error.message == (
        f"`{key}` is not allowed in `{path}`, table `tool.central-venv`: a project must not choose it"
    )
    assert error.hint == f"set it in `{file_of('user', project)}`"


def test_the_keys_that_a_project_may_set_are_told(project: Path) -> None:
    path = write("project", project, "colour = 1")

    error = refused(str(project))

    assert error.message == f"unknown key `colour` in `{path}`, table `tool.central-venv`"
    assert error.hint == "the keys are `enabled`, `name`, `per-python`, `isolated-selection`, `link`"


def test_a_wrong_value_in_a_project_is_refused(project: Path) -> None:
    path = write("project", project, "enabled = 'no'")

    error = refused(str(project))

    assert error.message == f"`enabled` in `{path}`, table `tool.central-venv` is 'no'"


@pytest.mark.parametrize(
    "text", ["tool = 1  # central-venv", "[tool]\ncentral-venv = true", "[[tool.central-venv]]\nenabled = false"]
)
def test_a_project_table_that_is_no_table_is_refused(text: str, project: Path) -> None:
    path = project / "pyproject.toml"
    path.write_text(text)

    error = refused(str(project))

    assert (error.message, error.hint) == (f"`tool.central-venv` in `{path}` is not a table", "make it a table")


@pytest.mark.parametrize("kind", ["site", "user"])
def test_a_file_that_is_no_toml_is_refused(kind: str, project: Path) -> None:
    path = write(kind, project, "enabled =")

    error = refused(None)

    assert error.message.startswith(f"cannot read `{path}` as TOML: ")
    assert error.hint == "correct it, or remove it"


@pytest.mark.parametrize("kind", ["site", "user"])
def test_a_file_that_cannot_be_read_is_refused(kind: str, project: Path) -> None:
    os.makedirs(file_of(kind, project))

    error = refused(None)

    assert error.message.startswith(f"cannot read `{file_of(kind, project)}`: ")
    assert error.hint == "make it readable, or remove it"


@posix_only
def test_a_file_that_is_a_dangling_link_is_refused(project: Path) -> None:
    os.makedirs(os.path.dirname(file_of("user", project)))
    os.symlink("nowhere", file_of("user", project))

    error = refused(None)

    assert error.message == f"cannot read `{file_of('user', project)}`: no such file or directory"


def test_a_closed_file_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write("user", project, "enabled = false")

    def refuse(*_: Any, **__: Any) -> None:
        raise PermissionError(errno.EACCES, "")

    monkeypatch.setattr(builtins, "open", refuse)
    with pytest.raises(SettingsError) as caught:
        load_settings(None)
    monkeypatch.undo()

    assert caught.value.message == f"cannot read `{path}`: permission denied"


@needs_unreadable
def test_a_pyproject_that_cannot_be_read_is_refused_unless_a_variable_turns_all_off(
    base: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (base / "pyproject.toml").symlink_to(UNREADABLE)

    with pytest.raises(SettingsError) as caught:
        project_home(base)

    assert (
        str(caught.value)
        == f"cannot read `{base}/pyproject.toml`: input/output error\nhint: make it readable, or remove it"
    )
    monkeypatch.setenv("CENTRAL_VENV", "0")
    assert project_home(base) is None


def test_a_pyproject_that_does_not_mention_us_may_be_no_toml(project: Path) -> None:
    (project / "pyproject.toml").write_text("enabled =")

    assert load_settings(str(project)).origins["enabled"].kind == "default"


def test_a_pyproject_that_does_not_mention_us_is_not_parsed(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import central_venv.machine.toml

    parsed: list[str] = []
    monkeypatch.setattr(central_venv.machine.toml, "load", parsed.append)

    load_settings(str(project))

    assert parsed == []


def test_a_pyproject_that_mentions_us_elsewhere_sets_nothing(project: Path) -> None:
    (project / "pyproject.toml").write_text("[project]\nname = 'central-venv'\n[tool.other]\nenabled = false\n")

    assert load_settings(str(project)).origins["enabled"].kind == "default"


def test_a_pyproject_that_mentions_us_must_be_toml(project: Path) -> None:
    path = project / "pyproject.toml"
    path.write_text("[tool.central-venv]\nenabled =")

    assert refused(str(project)).message.startswith(f"cannot read `{path}` as TOML: ")


@pytest.mark.parametrize("files", [{}, {"pyproject.toml/file": ""}], ids=["no file", "a directory"])
def test_a_project_without_a_readable_pyproject_sets_nothing(files: dict[str, str], base: Path) -> None:
    root = write_tree(base / "other", files)

    assert load_settings(str(root)).origins["enabled"].kind == "default"


@posix_only
@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("/venvs", "/venvs", id="an absolute path stays"),
        pytest.param("/venvs//all/./", "/venvs/all", id="needless parts go"),
        pytest.param("~", "{home}", id="a tilde is the home directory"),
        pytest.param("~/venvs", "{home}/venvs", id="below the home directory"),
        pytest.param("/a/~", "/a/~", id="a tilde elsewhere is a name"),
        pytest.param("$FAST/venvs", "/fast/disk/venvs", id="a variable"),
        pytest.param("${FAST}/venvs", "/fast/disk/venvs", id="a variable in braces"),
        pytest.param("/a-{user}", "/a-{name}", id="the user's name"),
        pytest.param("/a/{hostname}", "/a/{host}", id="the machine's name"),
        pytest.param("/a/{platform}", "/a/{system}", id="the platform's name"),
        pytest.param("/{user}/{user}/{hostname}", "/{name}/{name}/{host}", id="several placeholders"),
        pytest.param("/a b/é", "/a b/é", id="spaces and accents"),
        pytest.param("/a{b", "/a{{b", id="one brace is a name"),
    ],
)
@pytest.mark.parametrize("kind", ["user", "environment"])
def test_a_store_is_expanded(
    kind: str, text: str, expected: str, put: Callable[[str, str, str, str], str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAST", "/fast/disk")
    monkeypatch.setattr(host, "name", lambda: "box.example.org")
    monkeypatch.setattr(platform, "machine", lambda: "X86_64")
    put(kind, "store", f"'{text}'", text)

    settings = load_settings(None)

    user = __import__("pwd").getpwuid(os.getuid()).pw_name
    places = {"home": os.environ["HOME"], "name": user, "host": "box", "system": f"{sys.platform}-x86_64"}
    assert settings.store == expected.format(**places)


@posix_only
def test_a_user_without_a_name_is_shown_by_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 4242424)
    monkeypatch.setenv("CENTRAL_VENV_HOME", "/venvs/{user}")

    assert load_settings(None).store == "/venvs/4242424"


@posix_only
@pytest.mark.parametrize(
    ("text", "part"),
    [
        pytest.param("$NOBODY_SET_THIS/venvs", "$NOBODY_SET_THIS", id="unset variable"),
        pytest.param("/a/${NOBODY_SET_THIS}", "${NOBODY_SET_THIS}", id="unset variable in braces"),
        pytest.param("/a/b-{project}/c", "b-{project}", id="unknown placeholder"),
        pytest.param("/a/{}", "{}", id="empty placeholder"),
    ],
)
@pytest.mark.parametrize("kind", ["site", "user", "environment"])
def test_a_store_with_an_unknown_part_is_refused(
    kind: str, text: str, part: str, put: Callable[[str, str, str, str], str]
) -> None:
    place = put(kind, "store", f"'{text}'", text)

    error = refused(None)

    assert error.message == f"the store {text!r} from `{place}` holds {part!r}, which stands for nothing here"
    assert error.hint == "set the variable, or use one of `{user}`, `{hostname}`, `{platform}`"


@posix_only
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("venvs", id="relative"),
        pytest.param("./venvs", id="relative with a dot"),
        pytest.param("{user}/a", id="a placeholder that is no absolute path"),
        pytest.param("$RELATIVE/a", id="a variable that is no absolute path"),
        pytest.param("~nobody-has-this-name/a", id="the home of an unknown user"),
    ],
)
def test_a_store_that_is_not_absolute_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("RELATIVE", "relative")
    monkeypatch.setenv("CENTRAL_VENV_HOME", text)

    error = refused(None)

    assert error.message == f"the store {text!r} from `CENTRAL_VENV_HOME` is not an absolute path"
    assert error.hint == "it must begin with `/`, `~` or a variable that does"


@posix_only
@pytest.mark.parametrize(
    "text",
    [
        pytest.param("/", id="the root directory"),
        pytest.param("/a/../b", id="a step up"),
        pytest.param("~/..", id="a step up from the home directory"),
        pytest.param("$UP/a", id="a variable with a step up"),
    ],
)
def test_a_path_that_no_store_can_have_is_refused(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("UP", "/a/..")
    monkeypatch.setenv("CENTRAL_VENV_HOME", text)

    error = refused(None)

    assert error.message == f"the store {text!r} from `CENTRAL_VENV_HOME` cannot be one"
    assert error.hint == "give a directory of its own, without `..` in its path"


@posix_only
@pytest.mark.parametrize("source", ["variable", "user's file", "site's file", "default"])
def test_a_store_that_the_path_cannot_hold_is_refused(source: str, base: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = str(base / "a:b" / "s")
    if source == "variable":
        monkeypatch.setenv("CENTRAL_VENV_HOME", path)
    elif source == "default":
        monkeypatch.delenv("CENTRAL_VENV_HOME", raising=False)
        monkeypatch.setenv("XDG_DATA_HOME", str(base / "a:b"))
    else:
        monkeypatch.delenv("CENTRAL_VENV_HOME", raising=False)
        write("user" if source == "user's file" else "site", base, f"store = '{path}'")

    error = refused(None)

    assert error.message.startswith(f"the store '{base}/a:b/")
    assert error.message.endswith(" holds a `:`, which `PATH` cannot hold")
    assert error.hint == "set `CENTRAL_VENV_HOME`, or `store` in your configuration, to a path without `:`"


@posix_only
def test_who_uses_no_store_need_not_mind_its_path(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRAL_VENV", "0")
    monkeypatch.setenv("CENTRAL_VENV_HOME", "/a:b")

    assert not load_settings(None).enabled


@posix_only
def test_dots_in_a_name_are_no_step_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRAL_VENV_HOME", "/a..b/...")

    assert load_settings(None).store == "/a..b/..."


def test_no_home_when_turned_off(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CENTRAL_VENV", "0")

    assert project_home(project) is None


def configure(text: str) -> None:
    write_tree(Path(config_files()["user"]).parent, {"config.toml": text})


def test_a_store_with_a_null_character_is_refused(project: Path) -> None:
    configure('store = "/a\\u0000b"\n')

    with pytest.raises(SettingsError):
        project_home(project)


def test_a_file_of_nothing_but_brackets_is_no_toml() -> None:
    configure("policy = " + "[" * 10_000)

    with pytest.raises(SettingsError, match="as TOML"):
        load_settings(None)


@pytest.mark.parametrize("command", ["path", "env --shell bash", "run true", "info", "config", "create", "link"])
def test_a_key_of_a_thousand_parts_is_one_clear_error_everywhere(
    command: str, project: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    path = project / "pyproject.toml"
    path.write_text(f"[tool.central-venv]\nname.{'.'.join('a' * 1000)} = 1\n")
    monkeypatch.chdir(project)

    status = main(command.split())

    said = capfd.readouterr()
    assert (status, said.out) == (1, "")
    assert said.err == (
        f"error: cannot read `{path}` as TOML: it has a key of more than 32 parts\nhint: correct it, or remove it\n"
    )


@pytest.mark.parametrize(
    "value",
    [
        pytest.param("{a = " * 60 + "1" + "}" * 60, id="tables"),
        pytest.param("[" * 60 + "]" * 60, id="lists"),
        pytest.param(f"'{'x' * 10_000}'", id="a long text"),
        pytest.param(f"{{{'.'.join('a' * 31)} = " * 60 + "1" + "}" * 60, id="1,860 levels"),
    ],
)
def test_a_value_that_is_refused_is_shown_in_short(value: str, project: Path) -> None:
    (project / "pyproject.toml").write_text(f"[tool.central-venv]\nname = {value}\n")

    error = refused(str(project))

    assert "`name` in" in error.message
    assert len(error.message) < 500


def test_a_key_that_is_refused_is_shown_in_short(project: Path) -> None:
    (project / "pyproject.toml").write_text(f"[tool.central-venv]\n{'x' * 10_000} = 1\n")

    assert len(refused(str(project)).message) < 500


def test_a_large_pyproject_that_does_not_mention_us_sets_nothing(project: Path) -> None:
    (project / "pyproject.toml").write_text("[[package]]\nname = 'a'\n" * 100_000)

    assert load_settings(str(project)).origins["enabled"].kind == "default"


def test_a_pyproject_of_a_size_that_would_keep_us_busy_is_refused_if_it_mentions_us(project: Path) -> None:
    path = project / "pyproject.toml"
    path.write_text("[[package]]\nname = 'a'\n" * 100_000 + "[tool.central-venv]\nenabled = false\n")

    assert refused(str(project)).message == f"cannot read `{path}` as TOML: it is larger than 1 MiB"


def test_a_pyproject_of_nothing_but_brackets_is_no_workspace(base: Path) -> None:
    write_tree(base, {"pyproject.toml": "workspace = " + "[" * 10_000, "packages/a/pyproject.toml": ""})

    assert find_root(str(base / "packages" / "a")) == str(base / "packages" / "a")


@pytest.mark.parametrize("text", ["store = 'relative'", "colour = 1"])
def test_the_variable_turns_everything_off_whatever_the_files_say(
    text: str, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    configure(text)
    monkeypatch.setenv("CENTRAL_VENV", "0")

    assert project_home(project) is None
