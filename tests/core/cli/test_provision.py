"""Entering an environment that another process changes at the same time, or whose use cannot be noted."""

from __future__ import annotations

import errno
import os
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from central_venv.cli.provision import enter
from central_venv.errors import StoreError
from central_venv.policy.settings import load_settings
from central_venv.project_environment.choice import choose
from central_venv.store.use import Uses
from support.environments import INTERPRETER, seal

if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv import Home
    from central_venv.project_environment.choice import Choice


@pytest.fixture
def choice(home_of: Home) -> Choice:
    """The project's environment, which is complete."""
    seal(home_of, ".venv", "project")
    return choose(home_of, load_settings(home_of.root), env=None, python=None)


def refuse_to_note(monkeypatch: pytest.MonkeyPatch, first: Callable[[], object]) -> None:
    """Let no use be noted; what happens before that is told."""

    def refuse(_: Uses) -> None:
        first()
        raise StoreError("cannot write", hint="free some space") from OSError(errno.ENOSPC, "")

    monkeypatch.setattr(Uses, "begin", refuse)


def test_an_environment_whose_use_cannot_be_noted_is_entered(
    choice: Choice, home_of: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_to_note(monkeypatch, lambda: None)

    assert enter(choice, load_settings(home_of.root))["VIRTUAL_ENV"] == choice.path


def test_an_environment_that_breaks_while_its_use_cannot_be_noted_is_not_entered(
    choice: Choice, home_of: Home, monkeypatch: pytest.MonkeyPatch
) -> None:
    refuse_to_note(monkeypatch, lambda: os.unlink(Path(choice.path, INTERPRETER)))

    with pytest.raises(StoreError, match=r"^cannot write\n"):
        enter(choice, load_settings(home_of.root))
