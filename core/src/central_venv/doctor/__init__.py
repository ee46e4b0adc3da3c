"""What is wrong with a store, a project or this machine, or could be better; each with its remedy.

Looking changes nothing, and whatever lies in a store or a project is a finding at most, never a failure.
"""

from __future__ import annotations

from central_venv.doctor.finding import MACHINE, NOTE, PROJECT, STORE, TOPICS, WRONG, Finding, guarded, note, wrong
from central_venv.errors import CentralVenvError
from central_venv.policy.settings import load_settings
from central_venv.store.store import Store, open_store, open_stores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

__all__ = ["MACHINE", "NOTE", "PROJECT", "STORE", "TOPICS", "WRONG", "Finding", "examine"]


def examine(root: str | None, problem: CentralVenvError | None = None) -> Iterator[Finding]:
    """Look at the store, the project and the machine.

    Args:
        root: true path of the project root; None to look at no project.
        problem: why nobody can tell which project that is.
    """
    seen = set()
    for finding in _examine(root, problem):
        if finding.what not in seen:  # a store's record can be the project's own
            seen.add(finding.what)
            yield finding


def _examine(root: str | None, problem: CentralVenvError | None) -> Iterator[Finding]:
    from central_venv.doctor import machine, project, store

    found, settings = None, None
    others: list[Store] = []
    problems: list[CentralVenvError] = []
    try:
        users = load_settings(None)
        found = open_store(users, root)
        others = open_stores(users, on_problem=problems.append)
    except CentralVenvError as error:
        yield wrong(STORE, "store-unknown", error.message, error.hint)
    if found is not None:
        yield from guarded(STORE, found.path, store.examine(found, root))
        for other in others:
            if other.path != found.path:
                yield from guarded(STORE, other.path, store.examine(other, None))
    for each in problems:
        yield note(STORE, "other-store-not-readable", each.message, each.hint)
    if problem is not None:
        yield wrong(PROJECT, "settings-not-usable", problem.message, problem.hint)
    if root is not None:
        try:
            settings = load_settings(root)
        except CentralVenvError as error:
            yield wrong(PROJECT, "settings-not-usable", error.message, error.hint)
        yield from guarded(PROJECT, root, project.examine(root, settings, found))
    yield from guarded(MACHINE, "this machine", machine.examine(found, root))
