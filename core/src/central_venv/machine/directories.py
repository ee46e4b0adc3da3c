"""Where this system keeps a user's data and configuration.

The rules are those of platformdirs, which is asked itself on Windows. Elsewhere they are written out: importing it
takes three times as long as starting Python, and one of these paths is needed at every lookup.
"""

from __future__ import annotations

import os
import sys

from central_venv.errors import SettingsError

APPLICATION = "central-venv"

if sys.platform == "win32":

    def data_directory() -> str:
        r"""The default store: ``%LOCALAPPDATA%\central-venv``."""
        from platformdirs.windows import Windows

        return Windows(APPLICATION, appauthor=False).user_data_dir

    def user_config_directory() -> str | None:
        r"""The directory of the user's own configuration: ``%LOCALAPPDATA%\central-venv``."""
        from platformdirs.windows import Windows

        return Windows(APPLICATION, appauthor=False).user_config_dir

    def site_config_directory() -> str:
        r"""The directory of the machine's configuration: ``%PROGRAMDATA%\central-venv``."""
        from platformdirs.windows import Windows

        return Windows(APPLICATION, appauthor=False).site_config_dir

else:

    def data_directory() -> str:
        """The default store: ``~/.local/share/central-venv``, on macOS too, because spaces in a path break shebangs.

        Raises:
            SettingsError: the user has no home directory.
        """
        directory = _absolute(os.environ.get("XDG_DATA_HOME", ""))
        if directory is None:
            home = _home()
            if home is None:
                raise SettingsError(
                    f"nobody knows the home directory of the user with id {os.getuid()}, where the store would be",
                    hint="set `CENTRAL_VENV_HOME` to a directory for the store, or set `HOME`",
                )
            directory = f"{home}/.local/share"
        return _join(directory)

    def user_config_directory() -> str | None:
        """The directory of the user's own configuration: ``~/.config/central-venv``; None for a user without a home.

        On macOS ``~/Library/Application Support/central-venv``, unless ``XDG_CONFIG_HOME`` is set.
        """
        default = "Library/Application Support" if sys.platform == "darwin" else ".config"
        directory = _absolute(os.environ.get("XDG_CONFIG_HOME", ""))
        if directory is None:
            home = _home()
            directory = None if home is None else f"{home}/{default}"
        return None if directory is None else _join(directory)

    def site_config_directory() -> str:
        """The directory of the machine's configuration: ``/etc/xdg/central-venv``.

        On macOS ``/Library/Application Support/central-venv``, unless ``XDG_CONFIG_DIRS`` is set.
        """
        default = "/Library/Application Support" if sys.platform == "darwin" else "/etc/xdg"
        return _join(_absolute(*os.environ.get("XDG_CONFIG_DIRS", "").split(":")) or default)

    def _absolute(*candidates: str) -> str | None:
        # The XDG base directory specification: a relative path in one of its variables is to be ignored.
        return next((path for path in candidates if path.startswith("/")), None)

    def _home() -> str | None:
        """The user's home directory; None if nobody knows one, as for the arbitrary user of a container."""
        home = os.environ.get("HOME", "")
        if not home.startswith("/"):
            from pwd import getpwuid

            try:
                home = getpwuid(os.getuid()).pw_dir
            except KeyError:
                return None
        return home.rstrip("/")

    def _join(directory: str) -> str:
        return os.path.join(directory, APPLICATION)
