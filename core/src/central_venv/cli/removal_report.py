"""What `prune`, `remove` and `clean` say: the plan, and what became of it; for people and for programs."""

from __future__ import annotations

import os
import sys

from central_venv.cli import DONE, FAILED, complain
from central_venv.cli.rows import environment_row, project_cell, size_cells
from central_venv.cli.text import align, print_document, print_safely
from central_venv.errors import StoreError
from central_venv.inventory.found import ORPHAN
from central_venv.machine.words import counted, printable, size
from central_venv.store import identity
from central_venv.store.disk_usage import total

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import TextIO

    from central_venv.cli.plan import Plan
    from central_venv.inventory.found import FoundEnvironment, FoundProject
    from central_venv.project_link.kernels import Kernel
    from central_venv.removal.target import Kept, Removed
    from central_venv.store.deleted import Deleted
    from central_venv.store.store import Store

SCHEMA = 1


def in_words(plan: Plan) -> str:
    """How much a plan removes."""
    usages = [environment.usage for environment in plan.environments if environment.usage is not None]
    environments, projects = counted(len(plan.environments), "environment"), counted(len(plan.targets), "project")
    return f"{environments} of {projects}, {size(total(usages))}"


def print_dry_run(stores: Sequence[Store], plan: Plan, *, leftovers: int, unfinished: int, as_json: bool) -> None:
    """Print what a plan would remove.

    Args:
        stores: where.
        plan: what to do; its sizes were counted.
        leftovers: how many leftovers would be swept, too.
        unfinished: how many removals that did not end would be finished.
        as_json: whether a program reads it.
    """
    if as_json:
        removed = [(target.project, environment) for target in plan.targets for environment in target.environments]
        document = _document(stores, removed, plan.kept, dry_run=True)
        print_document({**document, "links": [], "kernels": _entries(plan.kernels), "freed": None})
        return
    print_plan(plan, to=sys.stdout)
    if plan.targets:
        print(f"would remove {in_words(plan)}")
    if leftovers:
        print(f"would remove {_leftovers(leftovers)}")
    if unfinished:
        print(f"would finish {counted(unfinished, 'removal')} that had been broken off")
    if not (plan.targets or leftovers or unfinished):
        print("nothing to remove")
    _say_kept(plan.kept)


def print_plan(plan: Plan, *, to: TextIO) -> None:
    """Print what a plan removes, by project.

    Args:
        plan: what to remove; its sizes were counted.
        to: where to.
    """
    rows = [
        [*environment_row(environment), environment.state, *size_cells(environment)]
        for environment in plan.environments
    ]
    lines = iter(align(rows, indent="  ") if rows else [])
    for target in plan.targets:
        print_safely(project_cell(target.project) + _moved(target.project), to=to)
        for _ in target.environments:
            print_safely(next(lines), to=to)
    for kernel in plan.kernels:
        print_safely(f"  the kernel {printable(kernel.path)} names {printable(kernel.place)}", to=to)


def _moved(project: FoundProject) -> str:
    """Where a project that is gone seems to be now."""
    if project.state != ORPHAN or project.record is None:
        return ""
    path = identity.moved_to(project.record, ())
    return "" if path is None else f", which seems to be {printable(path)} now"


def print_report(
    stores: Sequence[Store],
    removed: Removed,
    deleted: Deleted | None,
    kernels: Sequence[Kernel],
    *,
    unfinished: int,
    as_json: bool,
) -> int:
    """Say what was done and what was not.

    Args:
        stores: where.
        removed: what is out of the way.
        deleted: what that gave back; None if it is being deleted in the background.
        kernels: those of Jupyter that named what was to be removed.
        unfinished: how many removals that did not end are finished after this one.
        as_json: whether a program reads it.

    Returns:
        The exit status.
    """
    gone = {environment.path for _, environment in removed.environments}
    kernels = [kernel for kernel in kernels if kernel.place in gone]
    if as_json:
        freed = None if deleted is None else deleted.freed
        document = _document(stores, removed.environments, removed.kept, dry_run=False)
        print_document({**document, "links": removed.links, "kernels": _entries(kernels), "freed": freed})
    elif removed.environments or removed.homes:
        what = counted(len(removed.environments), "environment")
        homes = f" and {counted(removed.homes, 'home')}" if removed.homes else ""
        outcome = "being deleted in the background" if deleted is None else f"freed {freed_words(deleted)}"
        print(f"removed {what}{homes}, {outcome}")
        for path in removed.links:
            print_safely(f"removed the link {printable(path)}")
    elif removed.leftovers:
        print(f"removed {_leftovers(removed.leftovers)}{'' if deleted is None else f', freed {freed_words(deleted)}'}")
    elif not (removed.kept or unfinished):
        print("nothing to remove")
    if unfinished and deleted is None and not as_json:
        print(f"finishing in the background {counted(unfinished, 'removal')} that had been broken off")
    _say_kept(removed.kept)
    _say_dangling(kernels)
    if removed.unseen is not None:
        print_safely(f"warning: {removed.unseen}", to=sys.stderr)
    if deleted is not None:
        complain_of(deleted)
    return FAILED if removed.kept or (deleted is not None and deleted.failures) else DONE


def _leftovers(count: int) -> str:
    return f"{counted(count, 'record, lock or unfinished file', 'records, locks and unfinished files')} of what is gone"


def freed_words(deleted: Deleted) -> str:
    """How much a deletion gave back, as far as that can be known."""
    if deleted.cloned:
        return f"{'up to' if deleted.complete else 'about'} {size(deleted.freed)}"
    return size(deleted.freed) if deleted.complete else f"at least {size(deleted.freed)}"


def _say_kept(kept: Sequence[Kept]) -> None:
    for project, environment, reason in kept:
        what = "the home" if environment is None else f"{environment.runner} {environment.name}"
        print_safely(f"kept {printable(f'{what} of {project.root or project.home}: {reason}')}", to=sys.stderr)


def _say_dangling(kernels: Sequence[Kernel]) -> None:
    for kernel in kernels:
        print_safely(
            f"warning: the kernel {printable(f'`{kernel.path}` of Jupyter names `{kernel.place}`')}, which is gone\n"
            f"hint: remove {printable(f'`{os.path.dirname(kernel.path)}`')}, or install the kernel anew",
            to=sys.stderr,
        )


def _document(
    stores: Sequence[Store],
    removed: Sequence[tuple[FoundProject, FoundEnvironment]],
    kept: Sequence[Kept],
    *,
    dry_run: bool,
) -> dict[str, object]:
    return {
        "schema": SCHEMA,
        "store": stores[0].path,
        "stores": [store.path for store in stores],
        "dry_run": dry_run,
        "removed": [_entry(project, environment) for project, environment in removed],
        "kept": [{**_entry(project, environment), "reason": reason} for project, environment, reason in kept],
    }


def _entries(kernels: Sequence[Kernel]) -> list[dict[str, str]]:
    return [{"name": kernel.name, "path": kernel.path, "environment": kernel.place} for kernel in kernels]


def _entry(project: FoundProject, environment: FoundEnvironment | None) -> dict[str, object]:
    return {
        "root": project.root,
        "home": project.home,
        "runner": None if environment is None else environment.runner,
        "name": None if environment is None else environment.name,
        "path": project.home if environment is None else environment.path,
        "size": None if environment is None else environment.size,
    }


def complain_of(deleted: Deleted) -> None:
    """Say what could not be deleted."""
    for path, reason in deleted.failures:
        complain(
            StoreError(
                f"cannot delete `{path}`: {reason[:1].lower()}{reason[1:]}",
                hint="make it deletable; the next `central-venv prune` finishes",
            )
        )
