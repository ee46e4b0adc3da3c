"""What `prune`, `remove` and `clean` have in common: a plan, a question, the removal, and a report of what was done."""

from __future__ import annotations

import os
import sys

from central_venv.cli import DONE, FAILED, complain
from central_venv.cli.listing import environment_row, project_cell, size_cells
from central_venv.cli.options import add_json
from central_venv.cli.progress import bar, measure
from central_venv.cli.text import align, counted, print_document, print_safely, printable, size
from central_venv.disk_usage import total
from central_venv.errors import CentralVenvError, StoreError
from central_venv.inventory import UNREACHABLE, UNRECORDED
from central_venv.removal import Target, remove, sweep
from central_venv.trash import empty_in_background, empty_leftovers

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence
    from typing import TextIO

    from central_venv.deletion import Deleted
    from central_venv.inventory import FoundEnvironment, FoundProject
    from central_venv.removal import Kept, Removed
    from central_venv.store import Store

SCHEMA = 1


class Plan:
    """What a command is about to do.

    Attributes:
        targets: what it removes.
        kept: what was asked for, too, and is not removed, with the reasons.
        homes: those whose leftovers are swept, too; absolute paths.
    """

    __slots__ = ("homes", "kept", "targets")

    def __init__(self) -> None:
        self.targets: list[Target] = []
        self.kept: list[Kept] = []
        self.homes: list[str] = []

    @property
    def environments(self) -> list[FoundEnvironment]:
        """Each environment that is to be removed."""
        return [environment for target in self.targets for environment in target.environments]

    def add(
        self, project: FoundProject, environments: Sequence[FoundEnvironment], *, whole: bool, state: str | None
    ) -> None:
        """Plan to remove environments of a project, unless it is one that must be asked for by its state.

        Args:
            project: whose.
            environments: which.
            whole: whether the home goes, too.
            state: the state that was asked for.
        """
        unknown = project.state == UNREACHABLE or (project.state == UNRECORDED and project.root is None)
        if unknown and project.state != state:
            reason = f"its project is {project.state}, and may come back: `--state {project.state}` removes it"
            self.kept += [(project, environment, reason) for environment in environments]
            if not environments and os.path.lexists(project.home):
                self.kept.append((project, None, reason))
        elif os.path.lexists(project.home):
            self.targets.append(Target(project, environments, whole=whole))


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what all three commands take."""
    parser.add_argument("--dry-run", action="store_true", help="show what would be removed, and remove nothing")
    parser.add_argument("-y", "--yes", action="store_true", help="do not ask")
    parser.add_argument(
        "--background", action="store_true", help="return as soon as all is out of the way, and delete it after that"
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
        _show_dry_run(store, plan, as_json=arguments.json)
        return DONE
    if plan.targets and not arguments.yes:
        _print_plan(plan, to=sys.stderr)
        if not _agreed(plan, agreement):
            print("nothing was removed", file=sys.stderr)
            return FAILED
    with bar("moving out of the way", len(plan.targets)) as on_progress:
        removed = remove(store, plan.targets, on_progress=on_progress)
    sweep(store, plan.homes, removed)
    removed.kept[:0] = plan.kept
    if arguments.background:
        removed.trash.close()
        if os.path.isdir(store.path):
            empty_in_background(store.path)
        return _report(store, removed, None, as_json=arguments.json)
    with bar("deleting", len(removed.trash.names)) as on_progress:
        deleted = removed.trash.empty(on_progress=on_progress)
    deleted.add(removed.swept)
    return _report(store, removed, deleted, as_json=arguments.json) or _finish_others(store)


def _finish_others(store: Store) -> int:
    """Delete what earlier removals left that were killed; returns the exit status."""
    try:
        count, deleted = empty_leftovers(store.path)
    except CentralVenvError as error:
        complain(error)
        return FAILED
    if count:
        print(
            f"finished {counted(count, 'removal')} that had been broken off, freed {_freed(deleted)}", file=sys.stderr
        )
    _complain_of(deleted)
    return FAILED if deleted.failures else DONE


def _complain_of(deleted: Deleted) -> None:
    for path, reason in deleted.failures:
        complain(
            StoreError(
                f"cannot delete `{path}`: {reason[:1].lower()}{reason[1:]}",
                hint="make it deletable; the next `central-venv prune` finishes",
            )
        )


def _agreed(plan: Plan, agreement: str) -> bool:
    what = _counted(plan.environments, plan.targets)
    how = "[y/N]" if agreement == "y" else f"type `{agreement}` to go on:"
    print(f"remove {what}, {size(_sum(plan.environments))}? {how} ", end="", file=sys.stderr, flush=True)
    try:
        answer = sys.stdin.readline() if sys.stdin is not None else ""
    except UnicodeDecodeError:
        answer = "\n"
    if not answer:  # nobody can answer
        print(file=sys.stderr)
        print("hint: `--yes` removes without a question", file=sys.stderr)
    return answer.strip().lower() in ({"y", "yes"} if agreement == "y" else {agreement})


def _counted(environments: Sequence[FoundEnvironment], targets: Sequence[Target]) -> str:
    return f"{counted(len(environments), 'environment')} of {counted(len(targets), 'project')}"


def _sum(environments: Sequence[FoundEnvironment]) -> int:
    return total(environment.usage for environment in environments if environment.usage is not None)


def _show_dry_run(store: Store, plan: Plan, *, as_json: bool) -> None:
    if as_json:
        removed = [(target.project, environment) for target in plan.targets for environment in target.environments]
        _print_json(store, removed, plan.kept, freed=None, dry_run=True)
        return
    _print_plan(plan, to=sys.stdout)
    what = _counted(plan.environments, plan.targets)
    print(f"would remove {what}, {size(_sum(plan.environments))}" if plan.targets else "nothing to remove")
    _say_kept(plan.kept)


def _print_plan(plan: Plan, *, to: TextIO) -> None:
    rows = [
        [*environment_row(environment), environment.state, *size_cells(environment)]
        for environment in plan.environments
    ]
    lines = iter(align(rows, indent="  ") if rows else [])
    for target in plan.targets:
        print_safely(project_cell(target.project), to=to)
        for _ in target.environments:
            print_safely(next(lines), to=to)


def _report(store: Store, removed: Removed, deleted: Deleted | None, *, as_json: bool) -> int:
    """Say what was done and what was not.

    Args:
        store: where.
        removed: what is out of the way.
        deleted: what that gave back; None if it is being deleted in the background.
        as_json: whether a program reads it.
    """
    if as_json:
        freed = None if deleted is None else deleted.freed
        _print_json(store, removed.environments, removed.kept, freed=freed, dry_run=False)
    elif removed.environments or removed.homes:
        what = counted(len(removed.environments), "environment")
        homes = f" and {counted(removed.homes, 'home')}" if removed.homes else ""
        outcome = "being deleted in the background" if deleted is None else f"freed {_freed(deleted)}"
        print(f"removed {what}{homes}, {outcome}")
    elif not removed.kept:
        print("nothing to remove")
    _say_kept(removed.kept)
    if deleted is not None:
        _complain_of(deleted)
    return FAILED if removed.kept or (deleted is not None and deleted.failures) else DONE


def _freed(deleted: Deleted) -> str:
    return size(deleted.freed) if deleted.complete else f"at least {size(deleted.freed)}"


def _say_kept(kept: Sequence[Kept]) -> None:
    for project, environment, reason in kept:
        what = "the home" if environment is None else f"{environment.runner} {environment.name}"
        print_safely(f"kept {printable(f'{what} of {project.root or project.home}: {reason}')}", to=sys.stderr)


def _print_json(
    store: Store,
    removed: Sequence[tuple[FoundProject, FoundEnvironment]],
    kept: Sequence[Kept],
    *,
    freed: int | None,
    dry_run: bool,
) -> None:
    print_document(
        {
            "schema": SCHEMA,
            "store": store.path,
            "dry_run": dry_run,
            "removed": [_entry(project, environment) for project, environment in removed],
            "kept": [{**_entry(project, environment), "reason": reason} for project, environment, reason in kept],
            "freed": freed,
        }
    )


def _entry(project: FoundProject, environment: FoundEnvironment | None) -> dict[str, object]:
    return {
        "root": project.root,
        "home": project.home,
        "runner": None if environment is None else environment.runner,
        "name": None if environment is None else environment.name,
        "path": project.home if environment is None else environment.path,
        "size": None if environment is None else environment.size,
    }
