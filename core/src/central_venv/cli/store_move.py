"""``central-venv move --store``: mend what is in a store that was moved."""

from __future__ import annotations

import sys
from contextlib import suppress
from functools import partial

from central_venv.cli import DONE, FAILED, complain
from central_venv.cli.outcomes import SCHEMA, outcome_as_json, say_broken
from central_venv.cli.progress import bar
from central_venv.cli.project import root_here
from central_venv.cli.provision import say_wait
from central_venv.cli.text import print_document, print_safely
from central_venv.errors import ProjectNotFoundError
from central_venv.machine.words import counted, printable
from central_venv.policy.settings import load_settings
from central_venv.relocation.store_move import carry_out_store, plan_stores
from central_venv.store.store import open_stores

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from central_venv.errors import CentralVenvError
    from central_venv.relocation.move import Outcome
    from central_venv.relocation.whereabouts import Whereabouts
    from central_venv.store.store import Store


def run(old: str, *, dry_run: bool, as_json: bool) -> int:
    """Mend the store in force, and each other one that is known.

    Args:
        old: the directory that it was.
        dry_run: whether nothing is to be changed.
        as_json: whether a program reads the answer.
    """
    problems: list[CentralVenvError] = []

    def tell(error: CentralVenvError) -> None:
        problems.append(error)
        complain(error)

    moves = plan_stores(_stores(), old, on_problem=complain)
    stores = [move.store.path for move in moves]
    if dry_run:
        found = [(home.where, home.foreseen()) for move in moves for home in move.homes]
        _report(stores, found, "would mend", as_json=as_json)
        return DONE
    count = sum(len(home.environments) for move in moves for home in move.homes)
    outcomes: list[tuple[Whereabouts, list[Outcome]]] = []
    with bar("mending", count if count > 1 else 0) as on_progress:
        try:
            for move in moves:
                done = sum(len(of_home) for _, of_home in outcomes)
                advance = partial(_advance, on_progress, done)
                outcomes += carry_out_store(move, on_problem=tell, on_wait=say_wait, on_progress=advance)
        except KeyboardInterrupt:
            print("stopped: the same command does the rest", file=sys.stderr)
            raise
    failed = _report(stores, outcomes, "mended", as_json=as_json)
    return FAILED if failed or problems else DONE


def _stores() -> list[Store]:
    """All that are known, and that of the current project: a site's rules may choose it since it was moved only."""
    root = None
    with suppress(ProjectNotFoundError):
        root = root_here(None)
    return open_stores(load_settings(None), root, on_problem=complain)


def _advance(on_progress: Callable[[int], None], before: int, done: int) -> None:
    on_progress(before + done)


def _report(stores: list[str], found: list[tuple[Whereabouts, list[Outcome]]], did: str, *, as_json: bool) -> bool:
    """Tell what became of each environment; returns whether any of them is not ready."""
    outcomes = [outcome for _, of_home in found for outcome in of_home]
    if as_json:
        _print_json(stores, found)
    else:
        ready = sum(outcome.reason is None for outcome in outcomes)
        print_safely(f"{did} {counted(ready, 'environment')} in {', '.join(map(printable, stores))}")
    for where, of_home in found:
        say_broken(of_home, of=where.root)
    return any(outcome.reason is not None for outcome in outcomes)


def _by_home(where: Whereabouts, outcomes: list[Outcome]) -> list[tuple[str, list[Outcome]]]:
    """As `list` has them: what projects share is each a home of its own."""
    if where.path != where.store:
        return [(where.path, outcomes)]
    return [(outcome.environment.path, [outcome]) for outcome in outcomes]


def _print_json(stores: list[str], found: list[tuple[Whereabouts, list[Outcome]]]) -> None:
    projects = [
        {"root": where.root, "home": home, "environments": list(map(outcome_as_json, outcomes))}
        for where, of_home in found
        for home, outcomes in _by_home(where, of_home)
    ]
    print_document({"schema": SCHEMA, "store": stores[0], "stores": stores, "projects": projects})
