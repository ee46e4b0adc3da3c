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
    if os.path.dirname(name):
        path = os.path.abspath(name)
        return find_in(os.path.basename(path), [os.path.dirname(path)])
    return find_in(name, directories)


def variables_elsewhere() -> dict[str, str]:
    """What a program is to find in its environment that runs in another directory: a path means what it means here."""
    variables = {name: value for name, value in os.environ.items() if name not in _OF_THIS_DIRECTORY}
    for name in _PATHS_OF_UV:
        if variables.get(name):
            variables[name] = os.path.abspath(variables[name])
    return variables


if sys.platform == "win32":

    def find_in(name: str, directories: list[str]) -> str | None:
        """The path of the first program of a name; None if there is none.

        Not by `shutil.which`, which looks in the current directory first.

        Args:
            name: its name, which may lack what Windows knows programs by, such as ``.exe``.
            directories: paths, in the order in which they are looked through.
        """
        extensions = ["", *filter(None, os.environ.get("PATHEXT", ".COM;.EXE;.BAT;.CMD").split(os.pathsep))]
        paths = (os.path.join(each, name + extension) for each in directories for extension in extensions)
        return next((path for path in paths if os.path.splitext(path)[1] and os.path.isfile(path)), None)

    def find_named(name: str, directories: list[str]) -> str | None:
        """The path of the first that could be meant by the name of a program, whether it can be run or not."""
        return find_in(name, directories)

else:  # `shutil` loads the compression modules

    def find_in(name: str, directories: list[str]) -> str | None:
        """The path of the first program of a name; None if there is none.

        Args:
            name: its name.
            directories: paths, in the order in which they are looked through.
        """
        paths = (os.path.join(directory, name) for directory in directories)
        return next((path for path in paths if os.path.isfile(path) and os.access(path, os.X_OK)), None)

    def find_named(name: str, directories: list[str]) -> str | None:
        """The path of the first that could be meant by the name of a program, whether it can be run or not."""
        paths = (os.path.join(directory, name) for directory in directories)
        return next((path for path in paths if os.path.lexists(path) and not os.path.isdir(path)), None)
