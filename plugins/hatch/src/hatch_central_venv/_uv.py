"""Environments that uv makes."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

from hatch.env.utils import add_verbosity_flag
from hatch.venv.core import UVVirtualEnv

if TYPE_CHECKING:
    from hatch.utils.fs import Path


class UVWithPrompt(UVVirtualEnv):
    """One with a prompt of its own: hatch leaves it to uv, which takes the name of the directory."""

    def __init__(self, directory: Path, platform: Any, verbosity: int, prompt: str) -> None:
        """Name an environment.

        Args:
            directory: where it is or will be.
            platform: hatch's view of the system.
            verbosity: hatch's.
            prompt: what an activated shell shows.
        """
        super().__init__(directory, platform, verbosity)
        self._prompt = prompt

    def create(self, python: str, *, allow_system_packages: bool = False) -> None:
        """Create it, and end with uv's status if that fails."""
        command = [os.environ.get("HATCH_UV", "uv"), "venv", str(self.directory)]
        command += ["--python", python, "--prompt", self._prompt]
        if allow_system_packages:
            command.append("--system-site-packages")
        add_verbosity_flag(command, self.verbosity, adjustment=-1)
        self.platform.check_command(command)
