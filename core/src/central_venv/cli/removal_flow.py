"""What `prune`, `remove` and `clean` have in common: a plan, a question, and the removal."""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from central_venv.cli import DONE, FAILED, complain
from central_venv.cli.options import add_json
from central_venv.cli.progress import bar, measure
from central_venv.cli.question import agreed
from central_venv.cli.removal_report import complain_of, freed_words, in_words, print_dry_run, print_plan, print_report
from central_venv.cli.text import print_safely
from central_venv.errors import CentralVenvError
from central_venv.machine.words import counted, printable
from central_venv.policy import layout
from central_venv.project_link.kernels import naming
from central_venv.removal.removal import find_leftovers, remove, sweep
from central_venv.store.deleted import Deleted
from central_venv.store.trash_leftovers import empty_in_background, empty_leftovers, foreign, leftovers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Callable, Sequence

    from central_venv.cli.plan import Plan
    from central_venv.removal.target import Removed
    from central_venv.store.store import Store
    from central_venv.store.trash import Trash


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


def carry_out(stores: Sequence[Store], plan: Plan, arguments: Namespace, *, agreement: str = "y") -> int:
    """Show a plan, ask, remove and report.

    Args:
        stores: those that the plan is about.
        plan: what to do.
        arguments: what all three commands take.
        agreement: the answer that lets it begin.

    Returns:
        The exit status: 1 if something that was asked for is still there.
    """
    plan.kernels = naming([each.path for each in plan.environments], [store.path for store in stores])
    if arguments.dry_run or not arguments.yes:
        measure(plan.environments)
    if arguments.dry_run:
        left = sum(len(find_leftovers(store, _swept(plan, store))) for store in stores)
        print_dry_run(stores, plan, leftovers=left, unfinished=_unfinished(stores), as_json=arguments.json)
        return DONE
    if plan.targets and not arguments.yes:
        print_plan(plan, to=sys.stderr)
        if not agreed(f"remove {in_words(plan)}?", agreement):
            print("nothing was removed", file=sys.stderr)
            return FAILED
    unfinished = _unfinished(stores)
    removed, trashes = _remove(stores, plan)
    removed.kept[:0] = plan.kept
    if arguments.background:
        for trash in trashes:
            trash.close()
        status = print_report(stores, removed, None, plan.kernels, unfinished=unfinished, as_json=arguments.json)
        sys.stdout.flush()
        for store in stores:
            if os.path.isdir(store.path):
                empty_in_background(store.path)
        return status
    deleted = _delete(trashes)
    deleted.add(removed.swept)
    status = print_report(stores, removed, deleted, plan.kernels, unfinished=unfinished, as_json=arguments.json)
    return status or max(map(_finish_others, stores))


def _remove(stores: Sequence[Store], plan: Plan) -> tuple[Removed, list[Trash]]:
    """Rename what a plan removes out of the way, store by store, and sweep the rest."""
    parts: list[Removed] = []
    done = 0
    with bar("moving out of the way", len(plan.targets)) as on_progress:
        for store in stores:
            targets = [target for target in plan.targets if os.path.dirname(target.project.home) == store.path]
            part = remove(store, targets, on_progress=_from(done, on_progress))
            sweep(store, _swept(plan, store), part)
            parts.append(part)
            done += len(targets)
    trashes = [part.trash for part in parts]
    for part in parts[1:]:
        parts[0].add(part)
    return parts[0], trashes


def _swept(plan: Plan, store: Store) -> list[str]:
    """The homes of a store whose leftovers are swept, too."""
    return [home for home in plan.homes if store.path in {home, os.path.dirname(home)}]


def _unfinished(stores: Sequence[Store]) -> int:
    """How many removals did not end because they were killed."""
    count = 0
    for store in stores:
        with suppress(CentralVenvError):  # whoever finishes them tells of it
            count += len(leftovers(store.path))
    return count


def _delete(trashes: Sequence[Trash]) -> Deleted:
    """Delete what is out of the way."""
    deleted, done = Deleted(), 0
    try:
        with bar("deleting", sum(len(trash.names) for trash in trashes)) as on_progress:
            for trash in trashes:
                count = len(trash.names)
                deleted.add(trash.empty(on_progress=_from(done, on_progress)))
                done += count
    except KeyboardInterrupt:
        print(
            "stopped: what was removed is out of the way, and the next `central-venv prune` deletes the rest",
            file=sys.stderr,
        )
        raise
    return deleted


def _from(start: int, on_progress: Callable[[int], None]) -> Callable[[int], None]:
    """Go on with a progress that others began."""
    return lambda done: on_progress(start + done)


def _finish_others(store: Store) -> int:
    """Delete what earlier removals left that were killed; returns the exit status."""
    try:
        count, deleted = empty_leftovers(store.path)
        others = foreign(store.path)
    except CentralVenvError as error:
        complain(error)
        return FAILED
    if count:
        print(
            f"finished {counted(count, 'removal')} that had been broken off, freed {freed_words(deleted)}",
            file=sys.stderr,
        )
    if others:
        from central_venv.doctor.finding import named

        what = f"{counted(len(others), 'entry', 'entries')} in `{layout.trash_directory(store.path)}`"
        print_safely(printable(f"kept {what}, which no removal put there: {named(others)}"), to=sys.stderr)
    complain_of(deleted)
    return FAILED if deleted.failures else DONE
