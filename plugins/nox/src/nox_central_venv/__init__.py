"""nox keeps its sessions' environments in one central store instead of in every project.

In a noxfile::

    import nox_central_venv

    nox_central_venv.enable()

or, for a noxfile that nobody wants to edit, the command ``nox-central-venv`` instead of ``nox``.
"""

from __future__ import annotations

__all__ = ["enable"]


def enable(*, link: bool = False) -> None:
    """Put the environments of this noxfile's sessions into the project's home in the store.

    This sets `nox.options.envdir`, and writes nothing until a session runs: not for ``nox -l``. ``--envdir``, and
    whatever the noxfile assigns to `nox.options.envdir` later, win. Does nothing if the user turned central
    environments off. What is wrong with the store or a configuration file is said before the first session.

    Args:
        link: whether `.nox` in the project is to lead there, for what spells that path.
    """
    import os

    import nox

    from nox_central_venv._hooks import centralize
    from nox_central_venv._place import Place

    # Usually nox loads a noxfile in its directory. Where it does not, the place is found again before a session runs.
    place = Place(os.getcwd())
    if place.envdir is not None:
        nox.options.envdir = place.envdir
        centralize(place.envdir, link=link)
