"""What is wrong with the homes in a store."""

from __future__ import annotations

import os

from central_venv.doctor.finding import STORE, command, named, note, stands_in_the_way, wrong
from central_venv.errors import CentralVenvError
from central_venv.inventory.found import ACTIVE, ORPHAN, UNREACHABLE, UNRECORDED
from central_venv.inventory.project_state import Moment
from central_venv.inventory.search import find_project
from central_venv.machine import host
from central_venv.machine.words import counted
from central_venv.policy import layout
from central_venv.policy.key import home_name
from central_venv.policy.project import true_path
from central_venv.relocation.refusal import can_be_replaced
from central_venv.store import identity, origin, venv
from central_venv.store.environment_record import BROKEN, CREATING, read_environment
from central_venv.store.move_record import former_root, has_move_record
from central_venv.store.project_record import read_project
from central_venv.store.renewal import refuse_another_project

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from central_venv.doctor.finding import Finding
    from central_venv.inventory.found import FoundEnvironment, FoundProject
    from central_venv.store.project_record import ProjectRecord


def examine(homes: Sequence[str], root: str | None) -> Iterator[Finding]:
    """Look at homes.

    Args:
        homes: absolute paths of directories in a store.
        root: true path of the project root that was asked about, if any.
    """
    projects: list[FoundProject] = []
    unrecorded: list[str] = []
    hung: list[CentralVenvError] = []
    seen = Moment(hung.append)
    for home in homes:
        problems: list[CentralVenvError] = []
        project = find_project(home, on_problem=problems.append, seen=seen)
        projects.append(project)
        for problem in problems:
            yield wrong(STORE, "record-not-readable", problem.message, problem.hint)
        if project.state == UNRECORDED and not problems:
            record = record_of(home)
            if record is None:
                unrecorded.append(os.path.basename(home))
            else:
                yield _renamed(home, record.root)
        yield from _look(project)
    for error in hung:
        yield wrong(STORE, "mount-hung", error.message, error.hint)
    yield from _elsewhere(projects)
    yield from _compared(projects, root, seen)
    yield from _unrecorded(unrecorded)


def _elsewhere(projects: Sequence[FoundProject]) -> Iterator[Finding]:
    """Environments that lie elsewhere than where they were made."""
    by_store: dict[str, int] = {}
    for project in projects:
        for environment in project.environments:
            made, path = environment.former_path, environment.path
            if made is None:
                continue
            former = origin.former_store(path, made, os.path.dirname(project.home))
            if former is not None:
                by_store[former] = by_store.get(former, 0) + 1
            elif project.state != UNRECORDED:  # then it is the home that has another name, as is told
                yield wrong(
                    STORE,
                    "environment-made-elsewhere",
                    f"the environment `{path}` was made at `{made}`",
                    "move it back there, or remove it",
                )
    for former, count in by_store.items():
        what = counted(count, "environment was", "environments were")
        yield wrong(
            STORE,
            "store-moved",
            f"{what} made where the store is not any more, in `{former}`, so their programs are not found",
            command("central-venv", "move", "--store", former),
        )


def _compared(projects: Sequence[FoundProject], root: str | None, seen: Moment) -> Iterator[Finding]:
    """Whether projects are what they were when their homes were made, and where they were."""
    numbers: dict[int | None, list[str]] = {}
    if any(project.state in {ORPHAN, UNREACHABLE} for project in projects):
        for path in (root, *(project.root for project in projects if project.state != UNREACHABLE)):
            if path is not None:
                numbers.setdefault(host.inode(path), []).append(path)
    lost: list[FoundProject] = []
    for project in projects:
        record = project.record
        if record is not None and project.state == ACTIVE:
            yield from _there(project, record)
        elif record is not None and project.state in {ORPHAN, UNREACHABLE}:
            new = None
            if not seen.hung.holds(record.root):
                new = identity.moved_to(record, numbers.get(record.inode, ()))
            if new is None:
                lost.append(project)
            else:
                yield _moved(record.root, new)
    yield from _gone([project for project in lost if project.state == ORPHAN])
    yield from _unreachable([project for project in lost if project.state == UNREACHABLE])


def _there(project: FoundProject, record: ProjectRecord) -> Iterator[Finding]:
    """Whether the directory at a project's path is the one that its home was made for."""
    now = true_path(record.root)
    if now != record.root:
        yield note(
            STORE,
            "project-behind-a-link",
            f"`{record.root}` is a link to `{now}` now, so its environments in `{project.home}` are not found any more",
            command("central-venv", "clean", "--project", os.path.basename(project.home))
            if _has_its_own(project.home, record, now)
            else command("central-venv", "move", record.root, now),
        )
        return
    try:
        refuse_another_project(project.home, record.root)
    except CentralVenvError as error:
        yield wrong(STORE, "project-replaced", error.message, error.hint)
        return
    if identity.replaced(record, [environment.created for environment in project.environments]):
        yield note(
            STORE,
            "project-younger-than-environments",
            f"the project `{record.root}` is younger than environments in its home, so those were made for an older "
            "one at that path",
            f"if that matters, {command('central-venv', 'clean', '--project', record.root)}, and run the runner again",
        )


def _has_its_own(home: str, record: ProjectRecord, root: str) -> bool:
    """Whether what a link leads to is another project than the former one, or has environments of its own already."""
    own = os.path.join(os.path.dirname(home), home_name(root))
    return identity.lived_beside(record, identity.observed(root, created=None)) or (
        os.path.lexists(own) and not can_be_replaced(own)
    )


def _look(project: FoundProject) -> Iterator[Finding]:
    """What is wrong with one home, seen by itself."""
    if stands_in_the_way(path := os.path.join(project.home, layout.RECORDS)):
        yield wrong(
            STORE, "records-not-a-directory", f"`{path}` is not a directory, so there can be no records", "remove it"
        )
    if project.state == ACTIVE:
        yield from _shared(project)
    if project.state == UNRECORDED and has_move_record(project.home):
        return  # a new home, made by whatever is run, would be in the way of the move
    if project.state in {ACTIVE, UNRECORDED}:  # `prune` skips the others, or takes them as a whole
        yield from _broken(project)


def _shared(project: FoundProject) -> Iterator[Finding]:
    """Whether the shared environment is there that a project uses."""
    name = None if project.record is None else project.record.shared
    if name is not None and not venv.is_environment(os.path.join(os.path.dirname(project.home), name)):
        yield wrong(
            STORE,
            "shared-environment-missing",
            f"`{project.root}` uses the shared environment `{name}`, which is not there",
            f"{command('central-venv', 'create', name)}, or "
            f"{command('central-venv', 'use', '--none', '--project', str(project.root))}",
        )


def record_of(home: str) -> ProjectRecord | None:
    """The project record of a home, if it has one that can be used."""
    try:
        return read_project(layout.project_record_path(home))
    except CentralVenvError:
        return None


def _renamed(home: str, root: str) -> Finding:
    try:
        former = former_root(home)
    except CentralVenvError as error:
        return wrong(STORE, "move-not-readable", error.message, error.hint)
    if former is not None:
        what = f"a move of `{former}` to `{root}` did not end"
        return wrong(STORE, "move-not-finished", what, command("central-venv", "move", former, root))
    right = os.path.join(os.path.dirname(home), home_name(root))
    what = f"the home `{home}` was renamed or copied by hand: it says that it is of `{root}`, whose home is `{right}`"
    return wrong(
        STORE, "home-renamed", what, "remove it" if os.path.lexists(right) else f"rename it to `{right}`, or remove it"
    )


def _moved(old: str, new: str) -> Finding:
    return wrong(
        STORE,
        "project-moved",
        f"project `{old}` seems to be `{new}` now, and its environments do not know",
        command("central-venv", "move", old, new),
    )


def _gone(projects: Sequence[FoundProject]) -> Iterator[Finding]:
    if projects:
        yield note(
            STORE,
            "projects-gone",
            f"{counted(len(projects), 'project is', 'projects are')} gone, "
            f"{_environments(projects)}: {_roots(projects)}",
            "`central-venv prune` removes what is left of them",
        )


def _unreachable(projects: Sequence[FoundProject]) -> Iterator[Finding]:
    elsewhere: dict[str | None, list[FoundProject]] = {}
    for project in projects:
        recorded = None if project.record is None else project.record.host
        elsewhere.setdefault(None if recorded == host.name() else recorded, []).append(project)
    for machine, found in sorted(elsewhere.items(), key=lambda item: item[0] or ""):
        by = "" if machine is None else f" that the machine `{machine}` recorded"
        yield note(
            STORE,
            "projects-unreachable",
            f"{counted(len(found), 'project')}{by} cannot be seen now, {_environments(found)}: {_roots(found)}",
            "mount what they lie on; until then their environments are kept"
            if machine is None
            else f"look at them on `{machine}`; here, their environments are kept",
        )


def _environments(projects: Sequence[FoundProject]) -> str:
    return f"with {counted(sum(len(project.environments) for project in projects), 'environment')} in the store"


def _roots(projects: Sequence[FoundProject]) -> str:
    return named(sorted(project.root or project.home for project in projects))


def _unrecorded(names: Sequence[str]) -> Iterator[Finding]:
    if names:
        what = counted(
            len(names), "home does not say which project it is of", "homes do not say which project they are of"
        )
        yield note(
            STORE,
            "homes-without-record",
            f"{what}: {named(names)}",
            "the next run in such a project records it; without one, remove the directory",
        )


def _broken(project: FoundProject) -> Iterator[Finding]:
    broken = [environment for environment in project.environments if environment.state == BROKEN]
    lost = [environment for environment in broken if _lost_python(project.home, environment)]
    half_made = [environment for environment in broken if environment not in lost]
    removal = "remove the directory" if project.state == UNRECORDED else "`central-venv prune --state broken`"
    for make, code, environments, singular, plural in (
        (
            wrong,
            "environments-without-python",
            lost,
            "lost the Python it was made from",
            "lost the Python they were made from",
        ),
        (note, "environments-half-made", half_made, "is half made", "are half made"),
    ):
        if environments:
            place = project.root or project.home
            what = counted(
                len(environments), f"environment of `{place}` {singular}", f"environments of `{place}` {plural}"
            )
            names = named(sorted(f"{environment.runner} {environment.name}" for environment in environments))
            yield make(STORE, code, f"{what}: {names}", f"run the runner again, or {removal}")


def _lost_python(home: str, environment: FoundEnvironment) -> bool:
    """Whether an environment without its Python had been complete."""
    path = environment.path
    if not venv.is_environment(path) or venv.has_interpreter(path):
        return False
    try:
        record = read_environment(layout.environment_record_path(home, environment.runner, environment.directory))
    except CentralVenvError:
        record = None
    if record is not None and record.state == CREATING:
        return False
    if record is not None and record.created == environment.created:
        return True
    return os.path.islink(os.path.join(path, venv.PYTHON))  # which leads nowhere: it led somewhere once
