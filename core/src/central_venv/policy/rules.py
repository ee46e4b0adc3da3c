"""Rules of a site that no configuration file can say, as hooks of pluggy.

A user or a site names modules under ``policy`` in its `config.toml`; a project cannot. A module implements the hooks it
wants::

    from central_venv import hookimpl


    @hookimpl
    def central_venv_store(root, default):
        return "/fast/venvs" if root and root.startswith("/scratch/") else None
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from importlib import import_module
from inspect import Parameter, isfunction, signature

import pluggy

from central_venv.errors import SettingsError
from central_venv.policy.store_path import refuse_separator

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import ModuleType

    from central_venv.policy.settings import Settings

_NAME = "central_venv"
#: What the name of each hook begins with.
_PREFIX = "central_venv_"
_REST = (Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD)

hookspec = pluggy.HookspecMarker(_NAME)
hookimpl = pluggy.HookimplMarker(_NAME)


@hookspec(firstresult=True)
def central_venv_store(root: str | None, default: str) -> str | None:
    """Say where the store is.

    Args:
        root: true path of the project that asks; None if the question is not about a project.
        default: the absolute path that the settings say.

    Returns:
        An absolute path, or None to leave it to the next module, and in the end to the settings.
    """


@hookspec
def central_venv_stores() -> Iterable[str]:
    """Name every store that `central_venv_store` may choose, for `list`, `prune` and the like to look into all of them.

    Those in which anything was made are known without that.

    Returns:
        Absolute paths. What is not there is passed over.
    """
    return ()  # of a specification, nobody asks


@hookspec(firstresult=True)
def central_venv_project_root(directory: str) -> str | None:
    """Say which project a directory belongs to, for the command line and uv.

    Args:
        directory: true path of a directory.

    Returns:
        Absolute path of the project root, or None to leave it to the next module, and in the end to the markers.
    """


def store_path(settings: Settings, root: str | None) -> str:
    """The store's path as the site's modules have it.

    Raises:
        SettingsError: a module cannot be loaded, or answered with something else than the path of a store.
    """
    answer = _ask(settings, "central_venv_store", root=root, default=settings.store)
    if answer is None:
        return settings.store
    path = _path(answer, "central_venv_store", settings)
    refuse_separator(path, f"the store {path!r} of a policy module ({settings.origins['policy']})")
    return path


def store_paths(settings: Settings) -> list[str]:
    """The paths of the further stores that the site's modules name.

    Raises:
        SettingsError: a module cannot be loaded, or answered with something else than absolute paths.
    """
    hook = "central_venv_stores"
    answers = _ask(settings, hook)
    paths = []
    for answer in answers if isinstance(answers, list) else []:
        if isinstance(answer, (str, bytes)) or not isinstance(answer, Iterable):
            raise _wrong(answer, hook, settings, "a list of absolute paths")
        paths += [_path(path, hook, settings) for path in answer]
    return paths


def project_root(settings: Settings, directory: str) -> str | None:
    """The project root as the site's modules have it, or None if they leave it to the markers.

    Raises:
        SettingsError: a module cannot be loaded, or answered with something else than an absolute path.
    """
    answer = _ask(settings, "central_venv_project_root", directory=directory)
    return None if answer is None else _path(answer, "central_venv_project_root", settings)


def _ask(settings: Settings, hook: str, **arguments: str | None) -> object:
    """What the modules answer to a question: the first answer, or a list of all of them, as the hook has it."""
    manager = _manager(settings)
    try:
        answer: object = getattr(manager.hook, hook)(**arguments)
    except Exception as error:  # whatever a site's own code raises, it is the site's module that has to be mended
        raise SettingsError(
            f"a policy module ({settings.origins['policy']}) failed at `{hook}`: {error!r}",
            hint="fix the module, or remove it from `policy`",
        ) from error
    return answer


def _path(answer: object, hook: str, settings: Settings) -> str:
    path = os.fspath(answer) if isinstance(answer, (str, os.PathLike)) else None
    if not isinstance(path, str) or not os.path.isabs(path):
        raise _wrong(answer, hook, settings, "an absolute path, or None")
    return os.path.normpath(path)


def _wrong(answer: object, hook: str, settings: Settings, right: str) -> SettingsError:
    return SettingsError(
        f"`{hook}` of a policy module ({settings.origins['policy']}) answered {answer!r}", hint=f"it must be {right}"
    )


def _manager(settings: Settings) -> pluggy.PluginManager:
    """What calls the hooks of all modules, none of which can be misunderstood."""
    manager = pluggy.PluginManager(_NAME)
    specifications = import_module(__name__)
    manager.add_hookspecs(specifications)
    hooks = {name: hook for name, hook in vars(specifications).items() if name.startswith(_PREFIX)}
    for name in dict.fromkeys(settings.policy):
        module = _load(name, settings)
        for attribute, function in vars(module).items():
            options = manager.parse_hookimpl_opts(module, attribute)
            if options is None and not isfunction(function):
                continue
            called = (options and options.get("specname")) or attribute
            if options is not None and options.get("optionalhook") and called not in hooks:
                continue  # one of another version
            if (problem := _problem(called, function, hooks, marked=options is not None)) is not None:
                what, hint = problem
                raise SettingsError(
                    f"`{attribute}` in the policy module `{name}` ({settings.origins['policy']}) {what}", hint=hint
                )
        try:
            manager.register(module)
        except pluggy.PluginValidationError as error:
            raise SettingsError(
                f"the policy module `{name}` ({settings.origins['policy']}) is wrong: {' '.join(str(error).split())}",
                hint="fix the module, or remove it from `policy`",
            ) from error
    return manager


def _problem(
    name: str, function: object, hooks: Mapping[str, Callable[..., object]], *, marked: bool
) -> tuple[str, str] | None:
    """Why a function would be left out without a word, or cannot be called, and the remedy."""
    if name not in hooks:
        nearest = _nearest(name, hooks) if marked or name.startswith(_PREFIX) else None
        if nearest is not None:
            return "is no hook", f"did you mean `{nearest}`?"
        return ("is no hook", f"the hooks are {_listed(hooks)}") if marked else None
    if not marked:
        return "is not marked as a hook", "put `@hookimpl` before it, which `central_venv` has"
    known = signature(hooks[name]).parameters
    for parameter in signature(function).parameters.values() if callable(function) else ():
        if parameter.name not in known and parameter.default is parameter.empty and parameter.kind not in _REST:
            what = f"may take {_listed(known)}" if known else "takes nothing"
            return f"takes `{parameter.name}`, which no hook of that name gets", f"it {what}"
    return None


def _nearest(name: str, hooks: Iterable[str]) -> str | None:
    """The hook that a name was likely meant to be."""
    from difflib import get_close_matches

    # What all of them begin with would make everything alike.
    found = get_close_matches(name.removeprefix(_PREFIX), [hook.removeprefix(_PREFIX) for hook in hooks], n=1)
    return f"{_PREFIX}{found[0]}" if found else None


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def _load(name: str, settings: Settings) -> ModuleType:
    try:
        return import_module(name)
    except Exception as error:  # whatever a site's own code raises, it is the configuration that has to be mended
        raise SettingsError(
            f"cannot import the policy module `{name}` ({settings.origins['policy']}): {error}",
            hint="install it for this Python, or remove it from `policy`",
        ) from error
