"""What the user, the project and the site want, and where each value came from.

First hit wins: ``CENTRAL_VENV_*`` variables, the project's ``[tool.central-venv]``, the user's file, the site's file,
the defaults. A project's file comes from whoever wrote the project, so it can only switch things on and off: it never
names a path or code to load.
"""

from __future__ import annotations

import os

from central_venv.errors import SettingsError
from central_venv.machine import files
from central_venv.machine.directories import data_directory, site_config_directory, user_config_directory
from central_venv.policy.layout import PROJECT_ENVIRONMENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


CONFIG_FILE = "config.toml"
PROJECT_TABLE = "tool.central-venv"
#: What `link` can be.
NO_LINK = "none"
SYMLINK = "symlink"
#: What is added for a Python and a selection has to fit into a file's name, too.
_LONGEST_NAME = 64
#: How much of what a file says is repeated when it is wrong.
_LONGEST_SHOWN = 200
_TRUE = frozenset({"1", "true", "yes", "on"})
_FALSE = frozenset({"0", "false", "no", "off"})


class Origin:
    """Where a value came from.

    Attributes:
        kind: ``environment``, ``project``, ``user``, ``site``, ``policy`` or ``default``.
        name: the variable, the file or the modules; None for a default.
    """

    __slots__ = ("kind", "name")

    def __init__(self, kind: str, name: str | None = None) -> None:
        self.kind = kind
        self.name = name

    def __str__(self) -> str:
        return self.kind if self.name is None else f"{self.kind}: {self.name}"


class Settings:
    """The settings in force for one project, or for none.

    Attributes:
        enabled: whether runners' environments go to the store at all.
        store: absolute path of the store.
        name: the name of the project environment's directory, before what a Python or a selection adds.
        per_python: whether a project environment is named after the Python in ``.python-version``.
        isolated_selection: whether each selection of uv (`--extra`, `--group`, …) has an environment of its own.
        link: whether a `.venv` in the project leads to its environment: `NO_LINK` or `SYMLINK`.
        policy: modules with the site's own rules; see `central_venv.policy.rules`.
        origins: where each value came from, by its key in the configuration files.
        varies: whether the store is another one on other machines, or with other variables.
    """

    __slots__ = ("enabled", "isolated_selection", "link", "name", "origins", "per_python", "policy", "store", "varies")

    def __init__(self, values: dict[str, object], origins: dict[str, Origin], *, varies: bool) -> None:
        self.enabled: bool = values["enabled"] is True
        self.store: str = str(values["store"])
        self.name: str = str(values["name"])
        self.per_python: bool = values["per-python"] is True
        self.isolated_selection: bool = values["isolated-selection"] is True
        self.link: str = str(values["link"])
        policy = values["policy"]
        self.policy: tuple[str, ...] = tuple(map(str, policy)) if isinstance(policy, list) else ()
        self.origins = origins
        self.varies = varies

    def items(self) -> Iterator[tuple[str, bool | str | list[str], Origin]]:
        """Each setting's key, value and origin, in the order of the documentation."""
        values: dict[str, bool | str | list[str]] = {
            "enabled": self.enabled,
            "store": self.store,
            "name": self.name,
            "per-python": self.per_python,
            "isolated-selection": self.isolated_selection,
            "link": self.link,
            "policy": list(self.policy),
        }
        for key, value in values.items():
            yield key, value, self.origins[key]


class _Definition:
    """What a setting may be, and who may set it."""

    __slots__ = ("allowed", "check", "key", "private", "variable")

    def __init__(
        self,
        key: str,
        *,
        allowed: str,
        check: Callable[[object], bool],
        variable: str | None = None,
        private: bool = False,
    ) -> None:
        self.key = key
        self.allowed = allowed
        self.check = check
        self.variable = variable
        #: a project's file must not set it
        self.private = private


def _is_boolean(value: object) -> bool:
    return isinstance(value, bool)


def _is_text(value: object) -> bool:
    return isinstance(value, str) and bool(value)


def _is_environment_name(value: object) -> bool:
    """Without regular expressions, which take half of Python's start-up time."""
    if not isinstance(value, str) or not value.startswith(PROJECT_ENVIRONMENT) or len(value) > _LONGEST_NAME:
        return False
    rest = value.removeprefix(PROJECT_ENVIRONMENT)
    return not rest or (rest[0] == "-" and rest.isascii() and rest.replace("-", "").replace("_", "").isalnum())


def _is_link(value: object) -> bool:
    return value in (NO_LINK, SYMLINK)  # it may be no hashable value


def _is_list_of_modules(value: object) -> bool:
    return isinstance(value, list) and all(
        isinstance(name, str) and all(part.isidentifier() for part in name.split(".")) for name in value
    )


_DEFINITIONS = {
    definition.key: definition
    for definition in (
        _Definition("enabled", allowed="true or false", check=_is_boolean, variable="CENTRAL_VENV"),
        _Definition("store", allowed="an absolute path", check=_is_text, variable="CENTRAL_VENV_HOME", private=True),
        _Definition(
            "name",
            allowed="`.venv`, or that with `-` and letters, digits, `-`, `_` behind it, such as `.venv-docs`",
            check=_is_environment_name,
            variable="CENTRAL_VENV_NAME",
        ),
        _Definition("per-python", allowed="true or false", check=_is_boolean, variable="CENTRAL_VENV_PER_PYTHON"),
        _Definition(
            "isolated-selection",
            allowed="true or false",
            check=_is_boolean,
            variable="CENTRAL_VENV_ISOLATED_SELECTION",
        ),
        _Definition("link", allowed=f'"{NO_LINK}" or "{SYMLINK}"', check=_is_link, variable="CENTRAL_VENV_LINK"),
        _Definition("policy", allowed="a list of module names", check=_is_list_of_modules, private=True),
    )
}


def switched_off() -> bool:
    """Whether the variable turns everything off, whatever the files say and however broken they are.

    Raises:
        SettingsError: the variable holds something that is not allowed.
    """
    definition = _DEFINITIONS["enabled"]
    text = os.environ.get(str(definition.variable), "")
    return bool(text) and _from_variable(definition, text) is False


def load_settings(root: str | None) -> Settings:
    """The settings in force.

    Args:
        root: true path of the project root; None to leave projects out.

    Raises:
        SettingsError: a variable or file holds something that is not allowed, or a file cannot be read.
    """
    values: dict[str, object] = {
        "enabled": True,
        "name": PROJECT_ENVIRONMENT,
        "per-python": False,
        "isolated-selection": False,
        "link": NO_LINK,
        "policy": [],
    }
    origins = {key: Origin("default") for key in _DEFINITIONS}
    for origin, found in _sources(root):
        for key, value in found.items():
            values[key] = value
            origins[key] = origin
    written = str(values.get("store", ""))
    if "store" in values:
        from central_venv.policy.store_path import expand

        values["store"] = expand(written, _place(origins["store"]))
    else:
        values["store"] = data_directory()
    if os.pathsep in str(values["store"]) and values["enabled"]:
        from central_venv.policy.store_path import refuse_separator

        refuse_separator(str(values["store"]), f"the store {values['store']!r} ({origins['store']})")
    return Settings(values, origins, varies=any(sign in written for sign in ("{hostname}", "{platform}", "$")))


def project_settings(root: str, outside: Settings) -> Settings:
    """Return the settings in force for a project, for a caller that has those outside of any.

    Args:
        root: true path of the project root.
        outside: what `load_settings` returns without a project.

    Raises:
        SettingsError: the project's file holds something that is not allowed, or cannot be read.
    """
    return load_settings(root) if _mentions_table(os.path.join(root, "pyproject.toml")) else outside


def config_files() -> dict[str, str]:
    """The absolute paths of the ``site`` and the ``user`` configuration file, whether they exist or not.

    A user without a home directory has none.
    """
    user = user_config_directory()
    directories = {"site": site_config_directory(), **({} if user is None else {"user": user})}
    return {kind: os.path.join(directory, CONFIG_FILE) for kind, directory in directories.items()}


def _sources(root: str | None) -> Iterator[tuple[Origin, dict[str, object]]]:
    """What each source sets, the weakest first."""
    for kind, path in config_files().items():
        if os.path.lexists(path):
            origin = Origin(kind, path)
            yield origin, _checked(_read_toml(path), origin)
    if root is not None:
        path = os.path.join(root, "pyproject.toml")
        if _mentions_table(path):
            origin = Origin("project", path)
            yield origin, _checked(_project_table(_read_toml(path), origin), origin)
    for definition in _DEFINITIONS.values():
        if definition.variable is not None and (text := os.environ.get(definition.variable, "")):
            yield Origin("environment", definition.variable), {definition.key: _from_variable(definition, text)}


def _mentions_table(path: str) -> bool:
    """Whether a pyproject.toml can hold our table."""
    return files.mentions(path, b"central-venv") is True


def _read_toml(path: str) -> dict[str, object]:
    from central_venv.machine.toml import NotTOMLError, load

    try:
        return load(path)
    except OSError as error:
        raise SettingsError(
            f"cannot read `{path}`: {files.reason(error)}", hint="make it readable, or remove it"
        ) from error
    except NotTOMLError as error:
        raise SettingsError(f"cannot read `{path}` as TOML: {error}", hint="correct it, or remove it") from error


def _project_table(document: dict[str, object], origin: Origin) -> dict[str, object]:
    table: object = document
    for key in PROJECT_TABLE.split("."):
        if not isinstance(table, dict):
            raise SettingsError(f"`{PROJECT_TABLE}` in `{origin.name}` is not a table", hint="make it a table")
        table = table.get(key, {})
    if not isinstance(table, dict):
        raise SettingsError(f"`{PROJECT_TABLE}` in `{origin.name}` is not a table", hint="make it a table")
    return table


def _checked(table: dict[str, object], origin: Origin) -> dict[str, object]:
    in_project = origin.kind == "project"
    for key, value in table.items():
        definition = _DEFINITIONS.get(key)
        if definition is None:
            allowed = [name for name, known in _DEFINITIONS.items() if not (in_project and known.private)]
            raise SettingsError(
                f"unknown key `{key[:_LONGEST_SHOWN]}` in {_place(origin)}",
                hint=f"the keys are {', '.join(f'`{name}`' for name in allowed)}",
            )
        if in_project and definition.private:
            raise SettingsError(
                f"`{key}` is not allowed in {_place(origin)}: a project must not choose it",
                hint=f"set it in `{config_files().get('user') or config_files()['site']}`",
            )
        if not definition.check(value):
            raise SettingsError(
                f"`{key}` in {_place(origin)} is {_shown(value)}", hint=f"it must be {definition.allowed}"
            )
    return table


def _place(origin: Origin) -> str:
    return f"`{origin.name}`" + (f", table `{PROJECT_TABLE}`" if origin.kind == "project" else "")


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    from reprlib import Repr  # `repr` follows whatever a project nests, however deep

    shown = Repr()
    shown.maxstring = shown.maxlong = shown.maxother = _LONGEST_SHOWN
    return shown.repr(value)


def _from_variable(definition: _Definition, text: str) -> object:
    if definition.check is not _is_boolean:
        return _checked({definition.key: text}, Origin("environment", definition.variable))[definition.key]
    if text.lower() in _TRUE:
        return True
    if text.lower() in _FALSE:
        return False
    raise SettingsError(
        f"the variable `{definition.variable}` is {text!r}", hint="it must be 1 or 0 (or true, false, yes, no, on, off)"
    )
