"""The shortest names that tell projects apart."""

from __future__ import annotations

import os

from central_venv.inventory.found import ACTIVE, ORPHAN, FoundProject
from central_venv.inventory.naming import names
from central_venv.store.project_record import ProjectRecord


def project(*parts: str, state: str = ACTIVE) -> FoundProject:
    root = os.path.join(os.sep, *parts)
    return FoundProject(root, state=state, environments=[], record=ProjectRecord(root))


def test_a_project_is_called_by_the_shortest_end_that_is_no_others() -> None:
    projects = [project("work", "api"), project("home", "api"), project("home", "docs")]

    assert names(projects) == {
        os.path.join("work", "api"): os.path.join(os.sep, "work", "api"),
        os.path.join("home", "api"): os.path.join(os.sep, "home", "api"),
        "docs": os.path.join(os.sep, "home", "docs"),
    }


def test_a_project_that_is_gone_leaves_its_name_to_others() -> None:
    projects = [project("work", "api"), project("home", "api", state=ORPHAN)]

    assert names(projects) == {"api": os.path.join(os.sep, "work", "api")}
