"""What `prune`, `remove` and `clean` have in common: a plan, a question, and the removal."""

from __future__ import annotations

import os
import sys

from central_venv.cli import DONE, FAILED, complain
from central_venv.cli.options import add_json
from central_venv.cli.progress import bar, measure
from central_venv.cli.question import agreed
from central_venv.cli.removal_report import complain_of, freed_words, in_words, print_dry_run, print_plan, print_report
from central_venv.errors import CentralVenvError
from central_venv.machine.words import counted
from central_venv.removal.removal import remove, sweep
from central_venv.store.trash import empty_in_background, empty_leftovers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

    from central_venv.cli.plan import Plan
    from central_venv.store.store import Store


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what all three commands take."""
    parser.add_argument("--dry-run", action="store_true", help="show what would be removed, and remove nothing")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask before removing")
    parser.add_argument(
        "--background",
        action="store_true",
        help="return after moving everything to the trash; delete in the background",
    )
    add_json(parser)


def carry_out(store: Store, plan: Plan, arguments: Namespace, *, agreement: str = "y") -> int:
    """Show a plan, ask, remove and report.

    Args:
        store: what the plan is about.
        plan: what to do.
        arguments: what all three commands take.
        agreement: the answer that lets it begin.

    Returns:
        The exit status: 1 if something that was asked for is still there.
    """
    if arguments.dry_run or not arguments.yes:
        measure(plan.environments)
    if arguments.dry_run:
        print_dry_run(store, plan, as_json=arguments.json)
        return DONE
    if plan.targets and not arguments.yes:
        print_plan(plan, to=sys.stderr)
        if not agreed(f"remove {in_words(plan)}?", agreement):
            print("nothing was removed", file=sys.stderr)
            return FAILED
    with bar("moving out of the way", len(plan.targets)) as on_progress:
        removed = remove(store, plan.targets, on_progress=on_progress)
    sweep(store, plan.homes, removed)
    removed.kept[:0] = plan.kept
    if arguments.background:
        removed.trash.close()
        status = print_report(store, removed, None, as_json=arguments.json)
        sys.stdout.flush()
        if os.path.isdir(store.path):
            empty_in_background(store.path)
        return status
    try:
        with bar("deleting", len(removed.trash.names)) as on_progress:
            deleted = removed.trash.empty(on_progress=on_progress)
    except KeyboardInterrupt:
        print(
            "stopped: what was removed is out of the way, and the next `central-venv prune` deletes the rest",
            file=sys.stderr,
        )
        raise
    deleted.add(removed.swept)
    return print_report(store, removed, deleted, as_json=arguments.json) or _finish_others(store)


def _finish_others(store: Store) -> int:
    """Delete what earlier removals left that were killed; returns the exit status."""
    try:
        count, deleted = empty_leftovers(store.path)
    except CentralVenvError as error:
        complain(error)
        return FAILED
    if count:
        print(
            f"finished {counted(count, 'removal')} that had been broken off, freed {freed_words(deleted)}",
            file=sys.stderr,
        )
    complain_of(deleted)
    return FAILED if deleted.failures else DONE
