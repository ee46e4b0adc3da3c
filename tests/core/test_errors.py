"""The errors and what they tell."""

from __future__ import annotations

import pickle

import pytest
from central_venv import errors
from central_venv.errors import CentralVenvError

KINDS = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, CentralVenvError)]


def test_all_errors_are_known_here() -> None:
    assert sorted(kind.__name__ for kind in KINDS) == [
        "AdoptionError",
        "CentralVenvError",
        "CommandError",
        "CreationError",
        "DamagedRecordError",
        "EnvironmentNameError",
        "HomeConflictError",
        "HungMountError",
        "LinkError",
        "MoveError",
        "MovedEnvironmentError",
        "NewerRecordError",
        "ProgramNotFoundError",
        "ProjectNotFoundError",
        "PythonRequestError",
        "RecordError",
        "RepositoryError",
        "SettingsError",
        "StoreError",
        "UnmovableError",
        "WaitCancelledError",
    ]


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_shows_its_hint_on_a_line_of_its_own(kind: type[CentralVenvError]) -> None:
    assert str(kind("it failed", hint="try again")) == "it failed\nhint: try again"


@pytest.mark.parametrize("kind", KINDS)
def test_an_error_survives_pickling(kind: type[CentralVenvError]) -> None:
    copy = pickle.loads(pickle.dumps(kind("it failed", hint="try again")))

    assert (type(copy), copy.message, copy.hint, str(copy)) == (
        kind,
        "it failed",
        "try again",
        "it failed\nhint: try again",
    )


@pytest.mark.parametrize("kind", [errors.DamagedRecordError, errors.NewerRecordError])
def test_every_record_that_cannot_be_used_is_a_record_error(kind: type[CentralVenvError]) -> None:
    assert issubclass(kind, errors.RecordError)
