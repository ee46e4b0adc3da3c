"""``central-venv move``: let a project that was moved or renamed keep its environments."""

from __future__ import annotations

import os
import sys

from central_venv.cli import DONE, FAILED, complain
from central_venv.cli.options import add_json
from central_venv.cli.outcomes import SCHEMA, outcome_as_json, say_broken
from central_venv.cli.progress import bar
from central_venv.cli.project import root_here
from central_venv.cli.provision import say_wait
from central_venv.cli.question import agreed
from central_venv.cli.text import print_document, print_safely
from central_venv.errors import MoveError, ProjectNotFoundError, SettingsError
from central_venv.inventory.filters import is_called
from central_venv.inventory.search import find_projects
from central_venv.machine.words import counted, printable
from central_venv.policy.project import true_path
from central_venv.policy.settings import load_settings
from central_venv.relocation.execution import carry_out
from central_venv.relocation.planning import plan
from central_venv.store import identity
from central_venv.store.home import Home
from central_venv.store.store import open_store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from central_venv.errors import CentralVenvError
    from central_venv.relocation.move import Move, Outcome

DESCRIPTION = """Let the environments of a project that was moved or renamed follow it: what in them holds its former
path is mended, and each is started to see whether it works. With --store, mend everything in a store that was moved."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("old", metavar="OLD", nargs="?", help="former project directory, or the name of its home")
    parser.add_argument("new", metavar="NEW", nargs="?", help="present project directory (default: current project)")
    parser.add_argument(
        "--store", metavar="OLD", dest="old_store", help="mend what is in the store, which was the directory OLD before"
    )
    parser.add_argument("--dry-run", action="store_true", help="show what would be moved, and move nothing")
    parser.add_argument(
        "-y", "--yes", action="store_true", help="do not ask, even if the project may not have been moved"
    )
    add_json(parser)


def conflict(arguments: Namespace) -> str | None:
    """What is wrong with a combination of options, if anything."""
    if arguments.old_store is not None and arguments.old is not None:
        return "--store is about the whole store: it goes without a project"
    if arguments.old_store == "":
        return "--store needs the directory that the store was"
    return "the following arguments are required: OLD" if arguments.old_store is None is arguments.old else None


def run(arguments: Namespace) -> int:
    """Move what belongs to the project, or mend a store."""
    if arguments.old_store is not None:
        from central_venv.cli.store_move import run as mend_store

        return mend_store(arguments.old_store, dry_run=arguments.dry_run, as_json=arguments.json)
    home = _home(arguments.old, arguments.new)
    move = plan(home, arguments.old)
    if arguments.dry_run:
        _print_dry_run(move, as_json=arguments.json)
        return DONE
    if (
        move.doubt is not None
        and not arguments.yes
        and not agreed(f"{printable(move.doubt)}\nmove its environments all the same?")
    ):
        print("nothing was moved", file=sys.stderr)
        return FAILED
    count = len(move.environments)
    problems: list[CentralVenvError] = []

    def tell(error: CentralVenvError) -> None:
        problems.append(error)
        complain(error)

    with bar("mending", count if count > 1 else 0) as on_progress:
        try:
            outcomes = carry_out(move, on_problem=tell, on_wait=say_wait, on_progress=on_progress)
        except KeyboardInterrupt:
            print("stopped: the same command does the rest", file=sys.stderr)
            raise
    status = _report(home, outcomes, as_json=arguments.json)
    return FAILED if problems else status


def _home(old: str, new: str | None) -> Home:
    """The home of the project at its new place."""
    root = _root(old, new)
    settings = load_settings(root)
    if not settings.enabled:
        raise SettingsError(
            f"central environments are turned off for `{root}` ({settings.origins['enabled']})",
            hint="turn them on there, or with `CENTRAL_VENV=1`",
        )
    store, others = open_store(settings, root), open_store(load_settings(None), None)
    if true_path(store.path) != true_path(others.path) and not _knows(store.path, old) and _knows(others.path, old):
        raise MoveError(
            f"the environments of `{old}` are in the store `{others.path}`, and those of `{root}` belong into another "
            f"one, `{store.path}`",
            hint="let the runner make them anew there",
        )
    return Home(store, root)


def _knows(store: str, name: str) -> bool:
    from central_venv.store.store import Store

    is_meant = is_called(name)
    return any(is_meant(project) for project in find_projects(Store(store), on_problem=lambda _: None))


def _root(old: str, new: str | None) -> str:
    """The true path of the project at its new place."""
    if new is not None:
        if not os.path.exists(new):
            raise ProjectNotFoundError(f"there is no `{new}`", hint="name the directory that the project has now")
        return true_path(new)
    try:
        root = root_here(None)
    except ProjectNotFoundError as error:
        seen = _seen(old, None)
        if seen is None:
            raise
        raise ProjectNotFoundError(error.message, hint=_suggestion(old, seen)) from error
    seen = _seen(old, root)
    if seen is not None and seen != root:
        raise MoveError(f"the current project, `{root}`, is not the one that `{old}` was", hint=_suggestion(old, seen))
    return root


def _seen(old: str, root: str | None) -> str | None:
    """Where a project that is gone from its place seems to be now."""
    is_meant = is_called(old)
    for project in find_projects(open_store(load_settings(root), root), on_problem=lambda _: None):
        if is_meant(project) and project.record is not None:
            return identity.moved_to(project.record, () if root is None else (root,))
    return None


def _suggestion(old: str, seen: str) -> str:
    from shlex import join

    return f"it seems to be `{seen}` now: `{join(['central-venv', 'move', old, seen])}`"


def _print_dry_run(move: Move, *, as_json: bool) -> None:
    outcomes = move.foreseen()
    if as_json:
        _print_json(move.home, outcomes)
        return
    print_safely(f"would move {counted(len(outcomes), 'environment')} to {printable(move.home.path)}")
    say_broken(outcomes)


def _report(home: Home, outcomes: Sequence[Outcome], *, as_json: bool) -> int:
    if as_json:
        _print_json(home, outcomes)
    else:
        print_safely(f"moved {counted(len(outcomes), 'environment')} to {printable(home.path)}")
    say_broken(outcomes)
    return FAILED if any(outcome.reason is not None for outcome in outcomes) else DONE


def _print_json(home: Home, outcomes: Sequence[Outcome]) -> None:
    print_document(
        {
            "schema": SCHEMA,
            "store": home.store.path,
            "home": home.path,
            "root": home.root,
            "environments": list(map(outcome_as_json, outcomes)),
        }
    )
