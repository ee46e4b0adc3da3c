"""Writing and removing the `.venv` of a project, whichever form it has, and what goes with that.

What cannot be done beside it is a warning: an environment can be used without a link.
"""

from __future__ import annotations

import os

from central_venv.errors import CentralVenvError, LinkError, RepositoryError
from central_venv.machine import files
from central_venv.policy import layout
from central_venv.project_link import link, temporary
from central_venv.project_link.found import LINK, REDIRECT, Found
from central_venv.store import venv

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from central_venv.project_link.kernels import Kernel


def write(path: str, kind: str, environment: str, *, anew: bool) -> None:
    """Make it, or let it lead elsewhere.

    Raises:
        FileExistsError: something is there that was not.
        LinkError: it cannot be made.
    """
    temporary.sweep(os.path.dirname(path))
    try:
        if kind == REDIRECT:
            from central_venv.project_link import redirect

            (redirect.place if anew else redirect.replace)(path, environment)
        else:
            (link.place if anew else link.replace)(path, environment)
    except FileExistsError:
        raise
    except OSError as error:
        raise LinkError(
            f"cannot make the link `{path}`: {files.reason(error)}",
            hint="make its directory writable; where there are no links, try `central-venv link --redirect`",
        ) from error


def remove_link(path: str) -> None:
    """Remove it, if it is there.

    Raises:
        LinkError: it cannot be removed.
    """
    try:
        link.remove(path)
    except FileNotFoundError:
        return
    except OSError as error:
        raise LinkError(
            f"cannot remove the link `{path}`: {files.reason(error)}", hint="make its directory writable"
        ) from error


def keep_installed(found: Found) -> None:
    """Let what was installed through a link go on to belong to the environment that it leads to as yet.

    That is programs in the environment, and kernels of Jupyter.
    """
    if found.kind != LINK or not venv.is_environment(found.target):
        return
    from central_venv.project_link import kernels, programs

    try:
        programs.keep(found.path, found.target)
    except LinkError as error:
        warn(error)
    parent = os.path.dirname(found.target)
    store = parent if os.path.basename(found.target).startswith(layout.SHARED_PREFIX) else os.path.dirname(parent)
    moved = {found.path: found.target}
    say_kernels(kernels.mend(moved, [store]), moved)


def say_kernels(kernels: Iterable[Kernel], moved: Mapping[str, str]) -> None:
    """Tell on stderr which kernels were changed, and which could not be.

    Args:
        kernels: what `kernels.mend` returned.
        moved: what that was told.
    """
    import sys

    from central_venv.machine.words import printable

    for kernel in kernels:
        old, new = kernel.place, moved[kernel.place]
        if kernel.reason is None:
            said = f"note: the kernel `{kernel.name}` of Jupyter names `{new}` now, instead of `{old}`"
        else:
            said = f"warning: the kernel `{kernel.path}` of Jupyter still names `{old}`: {kernel.reason}"
        sys.stderr.write(f"{printable(said)}\n")
        if kernel.reason is not None:
            sys.stderr.write(f"hint: {printable(f'let it name `{new}`, or install it anew')}\n")


def hide(path: str) -> bool:
    """Let git not show it; returns whether git was told so just now."""
    from central_venv.project_link import repository

    try:
        return repository.hide(path)
    except RepositoryError as error:
        warn(error)
        return False


def show(path: str) -> None:
    """Take back what `hide` told git."""
    from central_venv.project_link import repository

    try:
        repository.show(path)
    except RepositoryError as error:
        warn(error)


def warn(error: CentralVenvError) -> None:
    """Tell on stderr what could not be done."""
    import sys

    from central_venv.machine.words import printable

    sys.stderr.write(f"warning: {printable(error.message)}: {printable(error.hint)}\n")
