"""``central-venv adopt``: environments in the project's tree, replaced by central ones."""

from __future__ import annotations

import os
import sys

from central_venv.adoption.adopting import adopt
from central_venv.adoption.frozen import freeze
from central_venv.adoption.in_tree import DIRECTORIES, find, holds_more
from central_venv.adoption.in_tree_removal import delete_all, give_back_leftovers, leftovers, objection, take_away
from central_venv.cli import DONE, FAILED, complain, options
from central_venv.cli.adoption_report import (
    Candidate,
    Plan,
    complain_of,
    print_json,
    print_plan,
    print_report,
    removed_words,
)
from central_venv.cli.progress import bar
from central_venv.cli.project import home_here
from central_venv.cli.provision import keep_link, say_wait
from central_venv.cli.question import agreed
from central_venv.cli.text import print_safely
from central_venv.errors import AdoptionError, CentralVenvError, LinkError
from central_venv.machine import host
from central_venv.machine.words import counted, printable
from central_venv.policy.layout import PROJECT_RUNNER
from central_venv.project_environment.choice import choose
from central_venv.project_link.found import REDIRECT
from central_venv.project_link.found import find as find_link
from central_venv.project_link.kernels import mend
from central_venv.project_link.removing import drop_dangling
from central_venv.project_link.writing import say_kernels
from central_venv.store.disk_usage import measure

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from central_venv.adoption.in_tree import InTree, Tree
    from central_venv.policy.settings import Settings
    from central_venv.project_environment.choice import Choice
    from central_venv.store.environment import Environment
    from central_venv.store.home import Home

DESCRIPTION = """Replace environments in the project's tree by central ones: what is installed is read, installed
centrally and compared. Only when the new one works, and you agree, the old one is removed."""


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument(
        "names",
        metavar="NAME",
        nargs="*",
        help="`.venv`, `venv`, `.tox`, `.nox` or one environment such as `.tox/py312` (default: all but `venv`)",
    )
    options.add_project(parser)
    options.add_adoption(parser)


def conflict(arguments: Namespace) -> str | None:
    """What is wrong with the names, if anything."""
    arguments.names = [name.replace(os.sep, "/").rstrip("/") for name in arguments.names]
    for name in arguments.names:
        top, slash, child = name.partition("/")
        if top not in DIRECTORIES or "/" in child or child in {".", ".."}:
            return f"{name!r} is none of {', '.join(DIRECTORIES)}, and no environment in one of the last two"
        if slash and DIRECTORIES[top] == PROJECT_RUNNER:
            return f"{name!r}: `{top}` is one environment"
    return None


def run(arguments: Namespace) -> int:
    """Adopt what was named, or all that is there."""
    return adopt_in_tree(arguments.names, arguments)


def adopt_in_tree(
    names: Sequence[str], arguments: Namespace, *, env: str | None = None, python: str | None = None
) -> int:
    """Replace environments in the project's tree by central ones.

    Args:
        names: such as ``.venv`` or ``.tox/py312``; none for all.
        arguments: with `project`, `keep`, `dry_run`, `yes` and `json`.
        env: the name of the directory of the project environment that takes the place of the project's own one.
        python: the Python that this is to be of.

    Returns:
        The exit status: 1 if something that was asked for was not replaced.

    Raises:
        CentralVenvError: there is no project, or no such environment.
    """
    home, settings = home_here(arguments.project)
    if not arguments.dry_run:
        for error in give_back_leftovers(home.root):
            complain(error)
    plan = _plan(home, choose(home, settings, env=env, python=python), names, keep=arguments.keep)
    environments = [candidate.environment for candidate in plan.candidates]
    try:
        return _replace(home, plan, settings, arguments)
    finally:
        for environment in environments:
            environment.uses.end()


def _replace(home: Home, plan: Plan, settings: Settings, arguments: Namespace) -> int:
    if not arguments.dry_run:
        print_plan(home, plan, to=sys.stderr)
        _adopt(home, plan)
    elif not arguments.json:
        print_plan(home, plan, to=sys.stdout)
    for _, error in plan.failed:
        complain(error)
    refused = False
    if not (arguments.keep or arguments.dry_run):
        refused = not _remove(home, plan, ask=not arguments.yes)
        if any(candidate.removed and candidate.old.runner == PROJECT_RUNNER for candidate in plan.candidates):
            keep_link(plan.choice, settings)
    if arguments.json:
        print_json(home, plan, dry_run=arguments.dry_run)
    elif not arguments.dry_run:
        print_report(plan)
    if not (plan.candidates or plan.failed or plan.leftovers):
        print_safely(f"there is no environment in the tree of {printable(home.root)}", to=sys.stderr)
        return FAILED
    left = not arguments.keep and any(candidate.reason is not None for candidate in plan.candidates)
    return FAILED if plan.failed or plan.deleted.failures or left or refused else DONE


def _plan(home: Home, choice: Choice, names: Sequence[str], *, keep: bool) -> Plan:
    left, missing = [] if keep else leftovers(home.root), None
    try:
        trees = find(home.root, names, home.store.path)
    except AdoptionError as error:
        if not left:  # else it may be what a removal took that was broken off
            raise
        trees, missing = [], error
    plan = Plan(choice, trees, left)
    plan.redirect = _redirect(home.root)
    if missing is not None:
        plan.failed.append((home.root, missing))
    for tree in plan.trees:
        for old in tree.environments:
            try:
                plan.candidates.append(_candidate(home, choice, tree, old, keep=keep))
            except (FileNotFoundError, NotADirectoryError):  # somebody else adopted it
                continue
            except CentralVenvError as error:
                if os.path.lexists(old.path):
                    plan.failed.append((old.path, error))
    paths = [*(candidate.old.path for candidate in plan.candidates), *plan.leftovers]
    with bar("measuring", len(paths)) as on_progress:
        sizes = [usage.size for usage in measure(paths, on_progress=on_progress)]
    for candidate, size in zip(plan.candidates, sizes, strict=False):
        candidate.size = size
    plan.size_of_leftovers = sum(sizes[len(plan.candidates) :])
    return plan


def _redirect(root: str) -> str | None:
    """The environment in the tree that a file `.venv` leads to, as tox writes it; it may be gone."""
    try:
        found = find_link(root)
    except LinkError:  # nobody can tell
        return None
    places = tuple(os.path.join(root, name) for name in DIRECTORIES)
    is_in_tree = any(os.path.join(found.target, "").startswith(os.path.join(place, "")) for place in places)
    return found.target if found.kind == REDIRECT and is_in_tree else None


def _candidate(home: Home, choice: Choice, tree: Tree, old: InTree, *, keep: bool) -> Candidate:
    if not keep and (reason := objection(home.root, old.path)) is not None:
        hint = "run the command again once that is no longer so, or keep the old one with `--keep`"
        if host.mounts_below(old.path):
            hint = "`central-venv adopt --keep` makes the new one; then unmount that, or leave out the volume"
        raise AdoptionError(f"`{old.path}` could not be removed: {reason}", hint=hint)
    frozen = freeze(old, tree.path, home.root)
    if old.runner == PROJECT_RUNNER:
        return Candidate(tree, old, frozen, _project_environment(choice, old, frozen.python))
    return Candidate(tree, old, frozen, home.environment(old.runner, os.path.basename(old.path)))


def _project_environment(choice: Choice, old: InTree, python: str) -> Environment:
    if choice.is_foreign:
        raise AdoptionError(
            f"`UV_PROJECT_ENVIRONMENT` names `{choice.path}`, so nothing would use a central environment",
            hint="unset that variable first",
        )
    if choice.is_shared and not choice.environment.is_ready():
        raise AdoptionError(
            f"the project uses the shared environment `{choice.directory}`, which is not there",
            hint="let it use its own with `central-venv use --none`, then try again",
        )
    if choice.request is not None:
        from central_venv.policy.python_request import python_name

        if python_name(choice.request, trusted=choice.trusted) != python:
            raise AdoptionError(
                f"`{old.path}` is of Python {python}, and this project's environment would be `{choice.directory}`",
                hint=f"ask for that Python, as with `UV_PYTHON={python}`, or remove the old one",
            )
    return choice.environment


def _adopt(home: Home, plan: Plan) -> None:
    """Make and prove the new ones; what fails is told, and the rest goes on."""
    for candidate in list(plan.candidates):
        frozen, path = candidate.frozen, candidate.environment.path
        packages = counted(len(frozen.wanted), "package")
        print_safely(f"adopting {printable(candidate.old.name)} with {packages} as {printable(path)}", to=sys.stderr)
        try:
            changes = adopt(frozen, candidate.environment, home.root, on_wait=say_wait)
        except CentralVenvError as error:
            plan.failed.append((candidate.old.path, error))
            plan.candidates.remove(candidate)
        else:
            for change in changes:
                print_safely(f"warning: {printable(change)}", to=sys.stderr)


def _remove(home: Home, plan: Plan, *, ask: bool) -> bool:
    """Remove the old ones; returns whether somebody agreed."""
    going = plan.going()
    if not going and not plan.leftovers:
        return True
    if ask and not agreed(f"remove {removed_words(going, plan)}?"):
        ready = "; the new ones are ready" if going else ""
        print(f"nothing was removed{ready}", file=sys.stderr)
        return False
    _mend_kernels(home, [candidate for _, candidates in going for candidate in candidates])
    away: list[str] = []
    for path, candidates in going:
        _take_away(home.root, path, candidates, away)
    away += [path for path in plan.leftovers if os.path.lexists(path)]  # some may have gone with their directory
    if plan.redirect is not None and drop_dangling(home.root, plan.redirect):
        print_safely(f"removed the file .venv, which led to {printable(plan.redirect)}", to=sys.stderr)
    try:
        with bar("deleting", len(away)) as on_progress:
            plan.deleted = delete_all(away, on_progress=on_progress)
    except KeyboardInterrupt:
        print(
            "stopped: what was removed is out of the way, and the next `central-venv adopt` deletes the rest",
            file=sys.stderr,
        )
        raise
    complain_of(plan.deleted)
    return True


def _mend_kernels(home: Home, going: Sequence[Candidate]) -> None:
    """Let kernels of Jupyter name the new ones while the old ones are still there: a kill leaves none that dangles."""
    moved = {candidate.old.path: candidate.environment.path for candidate in going}
    say_kernels(mend(moved, [home.store.path]), moved)


def _take_away(root: str, path: str, candidates: Sequence[Candidate], away: list[str]) -> None:
    """Rename what is to be deleted, or note what speaks against it."""
    tree = candidates[0].tree
    reason = None
    try:
        reason = _objection(root, path, candidates)
        if reason is None and path == tree.path and holds_more(tree):
            print_safely(f"{printable(path)} stays: something came into it since it was looked at", to=sys.stderr)
            for candidate in candidates:
                _take_away(root, candidate.old.path, [candidate], away)
            return
        if reason is None:
            known = {candidate.old.path: candidate.frozen.identity for candidate in candidates}
            away.append(take_away(path, {**known, path: tree.identity} if path == tree.path else known))
    except FileNotFoundError:  # somebody else removed it
        pass
    except CentralVenvError as error:
        if os.path.lexists(path):
            complain(error)
            reason = error.message
    for candidate in candidates:
        candidate.reason = reason
        candidate.removed = reason is None


def _objection(root: str, path: str, candidates: Sequence[Candidate]) -> str | None:
    """What speaks against removing a directory with what was adopted in it, if anything."""
    for candidate in candidates:
        old = candidate.old.path
        if (reason := objection(root, old)) is not None:
            return reason
        if not candidate.frozen.is_still_true() and os.path.lexists(old):
            return "it was changed since it was looked at"
        if not candidate.environment.is_ready():
            return "the new one is gone"
    return objection(root, path)
