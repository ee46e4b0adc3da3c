"""What `adopt` says: the plan, and what became of it; for people and for programs."""

from __future__ import annotations

import os
import sys

from central_venv.cli import complain
from central_venv.cli.removal_report import freed_words
from central_venv.cli.text import align, print_document, print_safely
from central_venv.errors import StoreError
from central_venv.machine.words import counted, printable, size
from central_venv.store.deleted import Deleted

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import TextIO

    from central_venv.adoption.frozen import Frozen
    from central_venv.adoption.in_tree import InTree, Tree
    from central_venv.errors import CentralVenvError
    from central_venv.project_environment.choice import Choice
    from central_venv.store.environment import Environment
    from central_venv.store.home import Home

SCHEMA = 1


class Candidate:
    """An environment in the tree that can be adopted.

    Attributes:
        tree: the directory that it may go with.
        old: the environment in the tree.
        frozen: what it holds.
        environment: the central one that takes its place.
        size: bytes that it takes on disk.
        removed: whether it is out of the way.
        reason: why it stays although it was adopted; None if it need not.
    """

    __slots__ = ("environment", "frozen", "old", "reason", "removed", "size", "tree")

    def __init__(self, tree: Tree, old: InTree, frozen: Frozen, environment: Environment) -> None:
        self.tree = tree
        self.old = old
        self.frozen = frozen
        self.environment = environment
        self.size = 0
        self.removed = False
        strays = _named(frozen.strays)
        self.reason = f"it holds {strays}, which neither a package nor its runner put there" if strays else None


class Plan:
    """What `adopt` is about to do, and has done.

    Attributes:
        choice: which project environment is meant.
        trees: the directories in which there is something to adopt.
        candidates: the environments that can be adopted; after that, those that were.
        failed: the paths of those that cannot, or could not, with the reasons.
        redirect: the environment in the tree that a file `.venv` leads to, by its absolute path; None if none does.
        leftovers: what killed removals left, by the absolute paths.
        size_of_leftovers: bytes that those take on disk.
        deleted: what the removal gave back.
    """

    __slots__ = ("candidates", "choice", "deleted", "failed", "leftovers", "redirect", "size_of_leftovers", "trees")

    def __init__(self, choice: Choice, trees: list[Tree], leftovers: list[str]) -> None:
        self.choice = choice
        self.trees = trees
        self.candidates: list[Candidate] = []
        self.failed: list[tuple[str, CentralVenvError]] = []
        self.leftovers = leftovers
        self.redirect: str | None = None
        self.size_of_leftovers = 0
        self.deleted = Deleted()

    def going(self) -> list[tuple[str, list[Candidate]]]:
        """What is to be removed after the adoption: each directory with the environments that go with it."""
        going = []
        for tree in self.trees:
            candidates = [each for each in self.candidates if each.tree is tree and each.reason is None]
            if candidates and len(candidates) == len(tree.environments) and not tree.staying:
                going.append((tree.path, candidates))
            else:
                going += [(each.old.path, [each]) for each in candidates]
        return going


def removed_words(going: Sequence[tuple[str, Sequence[Candidate]]], plan: Plan) -> str:
    """What is to be removed, for the question."""
    paths = [path for path, _ in going]
    words = [f"the old `{printable(paths[0])}`" if len(paths) == 1 else f"the {len(paths)} old ones"] if paths else []
    if plan.leftovers:
        words.append(f"what {counted(len(plan.leftovers), 'removal')} left that had been broken off")
    number = sum(each.size for _, candidates in going for each in candidates) + plan.size_of_leftovers
    return f"{' and '.join(words)}, {size(number)}"


def print_plan(home: Home, plan: Plan, *, to: TextIO) -> None:
    """Print what is to be adopted, what goes with it and what stays."""
    rows = [
        [
            printable(each.old.name),
            each.frozen.python,
            counted(len(each.frozen.wanted), "package"),
            size(each.size),
            f"to {printable(each.environment.path)}",
        ]
        for each in plan.candidates
    ]
    if not rows and not plan.leftovers:
        return
    print_safely(printable(home.root), to=to)
    for line in align(rows, indent="  ") if rows else []:
        print_safely(line, to=to)
    for each in plan.candidates:
        if each.frozen.left_out:
            left_out = _named(each.frozen.left_out)
            print_safely(f"  {printable(each.old.name)} without {left_out}: {each.old.runner} builds that anew", to=to)
        if each.reason is not None:
            print_safely(f"  {printable(each.old.name)} stays: {each.reason}", to=to)
    whole = {path for path, _ in plan.going()}
    for tree in plan.trees:
        name = os.path.basename(tree.path)
        if tree.path in whole and tree.going:
            print_safely(f"  with {name} goes {_named(tree.going)}", to=to)
        elif tree.staying:
            print_safely(f"  {name} stays with {_named(sorted([*tree.going, *tree.staying]))}", to=to)
    broken_off = [f"{path} is what a removal left that was broken off" for path in plan.leftovers]
    for words in (*_redirect_words(home.root, plan.redirect), *broken_off):
        print_safely(f"  {printable(words)}", to=to)


def _redirect_words(root: str, environment: str | None) -> Iterator[str]:
    """Where the file `.venv` leads, if it leads into the tree, and what that lets uv do."""
    if environment is None:
        return
    from central_venv.project_link.redirect import taken_by_uv

    what = taken_by_uv(environment)
    words = f"the file .venv leads to {os.path.relpath(environment, root)}, and goes with it"
    yield words if what is None else f"{words}; until then, {what}"


def print_report(plan: Plan) -> None:
    """Say what was done."""
    for each in plan.candidates:
        print_safely(f"adopted {printable(each.old.name)} as {printable(each.environment.path)}")
    for each in plan.candidates:
        if each.reason is not None:
            print_safely(f"kept {printable(f'{each.old.path}: {each.reason}')}", to=sys.stderr)
    removed = sum(each.removed for each in plan.candidates)
    if removed or plan.deleted.freed:
        print(f"removed {counted(removed, 'environment')} from the tree, freed {freed_words(plan.deleted)}")


def complain_of(deleted: Deleted) -> None:
    """Say what could not be deleted."""
    for path, reason in deleted.failures:
        complain(
            StoreError(
                f"cannot delete `{path}`: {reason[:1].lower()}{reason[1:]}",
                hint="make it deletable; the next `central-venv adopt` finishes",
            )
        )


def print_json(home: Home, plan: Plan, *, dry_run: bool) -> None:
    """Print what was done, or would be, for a program."""
    print_document(
        {
            "schema": SCHEMA,
            "store": home.store.path,
            "root": home.root,
            "dry_run": dry_run,
            "adopted": [
                {
                    "from": each.old.path,
                    "to": each.environment.path,
                    "runner": each.old.runner,
                    "name": each.environment.directory,
                    "removed": each.removed,
                    "reason": each.reason,
                    "size": each.size,
                }
                for each in plan.candidates
            ],
            "failed": [{"from": path, "reason": error.message} for path, error in plan.failed],
        }
    )


def _named(names: Sequence[str]) -> str:
    return ", ".join(f"`{printable(name)}`" for name in names)
