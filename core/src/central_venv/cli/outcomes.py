"""What became of environments that were to be mended, in words and for programs."""

from __future__ import annotations

import sys

from central_venv.cli.text import print_safely
from central_venv.machine.words import printable
from central_venv.store.environment_record import BROKEN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from central_venv.relocation.move import Outcome

SCHEMA = 1


def say_broken(outcomes: Iterable[Outcome], *, of: str | None = None) -> None:
    """Tell the user which environments are broken, and why.

    Args:
        outcomes: what became of environments; of one that nobody could touch, the reason was told.
        of: the project that they are of, if that has to be told.
    """
    end = "" if of is None else f" of {of}"
    for outcome in outcomes:
        if outcome.reason is not None and outcome.state == BROKEN:
            environment = outcome.environment
            what = printable(
                f"{environment.runner} {environment.name}{end} is broken, and is made anew on its next use"
            )
            print_safely(f"warning: {what}: {printable(outcome.reason)}", to=sys.stderr)


def outcome_as_json(outcome: Outcome) -> dict[str, object]:
    """What became of an environment, as programs read it."""
    return {
        "runner": outcome.environment.runner,
        "name": outcome.environment.name,
        "path": outcome.environment.path,
        "state": outcome.state,
        "reason": outcome.reason,
    }
