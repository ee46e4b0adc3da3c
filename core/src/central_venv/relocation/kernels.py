"""Letting kernels of Jupyter outside of what is mended name the new places."""

from __future__ import annotations

import os

from central_venv.project_link.kernel_places import environments
from central_venv.project_link.kernels import mend
from central_venv.project_link.writing import say_kernels
from central_venv.relocation.mending import former_homes
from central_venv.store.move_record import read_move

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Sequence

    from central_venv.relocation.move import Move


def mend_kernels(move: Move) -> None:
    """Let kernels that name the former home, or something in the project, name what that is now.

    Those in the home itself are mended with their environments.

    Args:
        move: of a project, whose home has its new name.
    """
    root = move.home.root
    roots = {*read_move(move.home.path).roots, *([] if move.former is None else [move.former])} - {root}
    moved = dict.fromkeys(former_homes(move), move.home.path)
    moved |= {old: root for old in roots if not os.path.lexists(old)}  # else, what they name may be there
    say_kernels(mend(moved, [move.home.store.path], but=move.home.path), moved)


def mend_kernels_of_store(stores: Sequence[str], store: str) -> None:
    """Let kernels name environments where they are now, unless those are still where they were, too.

    Those in the store itself are mended with their environments.

    Args:
        stores: absolute paths of where the store was.
        store: absolute path of where it is.
    """
    pairs = ((old + path[len(store) :], path) for path in environments(store) for old in stores)
    moved = {old: path for old, path in pairs if not os.path.lexists(old)}
    say_kernels(mend(moved, [], but=store), moved)
