"""Which further stores a site's rules chose, so that what lies in them is found for good.

A small file for each, in the store that the settings name::

    <store>/.stores/venvs-1a2b3c4d.json    {"schema": 1, "store": "/fast/venvs"}

There is no list that two processes could write at once.
"""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.store.record_file import damaged, decode, encode, text_in

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def is_remembered(store: str, other: str) -> bool:
    """Whether a store knows of another one.

    Args:
        store: absolute path of the store that the settings name.
        other: absolute path of the one that was chosen.

    Raises:
        StoreError: the note cannot be read.
    """
    return files.read(layout.store_note_path(store, other)) == encode({"store": other})


def remember(store: str, other: str) -> None:
    """Let a store know of another one.

    Args:
        store: absolute path of the store that the settings name, which exists.
        other: absolute path of the one that was chosen.

    Raises:
        StoreError: it cannot be noted.
    """
    path = layout.store_note_path(store, other)
    files.make_private_directory(os.path.dirname(path))
    files.write(path, encode({"store": other}), durable=True)


def remembered(store: str, *, on_problem: Callable[[CentralVenvError], None]) -> Iterator[tuple[str, str]]:
    """The absolute path of each store that a store knows of, and of the note that says so.

    Args:
        store: absolute path of the store that the settings name.
        on_problem: told of each note that cannot be read; the others are.

    Raises:
        StoreError: the notes cannot be listed.
    """
    for entry in files.entries(layout.stores_directory(store)):
        if not entry.name.endswith(layout.NOTE):
            continue
        try:
            other = _read(entry.path)
        except CentralVenvError as error:
            on_problem(error)
            continue
        if other is not None:
            yield other, entry.path


def _read(note: str) -> str | None:
    """The store that a note names; None if it was removed meanwhile."""
    remedy = "the store is noted again when it is next used"
    content = files.read(note)
    if content is None:
        return None
    other = text_in(decode(note, content, remedy), "store")
    if other is None or not os.path.isabs(other):
        raise damaged(note, remedy)
    return other
