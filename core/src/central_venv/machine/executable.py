"""Where a program is, and what it is told that runs in another directory."""

from __future__ import annotations

import os
import sys

#: Where uv goes, and looks for a project.
_OF_THIS_DIRECTORY = frozenset({"UV_PROJECT", "UV_WORKING_DIR"})
_PATHS_OF_UV = ("UV_CACHE_DIR", "UV_CONFIG_FILE", "UV_PYTHON_INSTALL_DIR")


def find_program(name: str) -> str | None:
    """The absolute path of a program; None if there is none.

    It is not looked for in directories of `PATH` that are relative: they may be the project's, or anybody's.

    Args:
        name: its name, or a path.
    """
    directories = [each for each in os.environ.get("PATH", os.defpath).split(os.pathsep) if os.path.isabs(each)]
    return _find(name, directories)


def variables_elsewhere() -> dict[str, str]:
    """What a program is to find in its environment that runs in another directory: a path means what it means here."""
    variables = {name: value for name, value in os.environ.items() if name not in _OF_THIS_DIRECTORY}
    for name in _PATHS_OF_UV:
        if variables.get(name):
            variables[name] = os.path.abspath(variables[name])
    return variables


if sys.platform == "win32":

    def _find(name: str, directories: list[str]) -> str | None:
        """Not by `shutil.which`: that looks in the current directory first."""
        extensions = ["", *filter(None, os.environ.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").split(os.pathsep))]
        bases = [os.path.abspath(name)] if os.path.dirname(name) else [os.path.join(each, name) for each in directories]
        paths = (base + extension for base in bases for extension in extensions)
        return next((path for path in paths if os.path.splitext(path)[1] and os.path.isfile(path)), None)

else:  # `shutil` loads the compression modules

    def _find(name: str, directories: list[str]) -> str | None:
        if os.path.dirname(name):
            return os.path.abspath(name) if _is_program(name) else None
        paths = (os.path.join(directory, name) for directory in directories)
        return next(filter(_is_program, paths), None)

    def _is_program(path: str) -> bool:
        return os.path.isfile(path) and os.access(path, os.X_OK)
