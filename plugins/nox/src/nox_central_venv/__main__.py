"""The command `nox-central-venv`: nox, but for where the environments of its sessions go."""

from __future__ import annotations

import os
import sys
from inspect import signature
from typing import TYPE_CHECKING, Any, NoReturn

import nox.__main__
from nox import _options

from nox_central_venv._hooks import centralize
from nox_central_venv._place import Place
from nox_central_venv._sessions import sessions

if TYPE_CHECKING:
    from collections.abc import Callable


def main() -> None:
    """Run nox with the arguments of this process."""
    noxfile = _noxfile()
    if not hasattr(nox, "_cli"):
        noxfile = os.path.realpath(noxfile)  # nox < 2025.2.9 goes where a link leads
    place = Place(os.path.realpath(os.path.dirname(noxfile)))
    if place.envdir is not None:
        sys.argv[1:1] = ["--envdir", place.envdir]  # first, so that the user's own comes later and wins
        centralize(place.envdir)
        _centralize_script_mode(place)
        _centralize_children()
    nox.__main__.main()


def _noxfile() -> str:
    """The noxfile as the arguments name it: only nox's own parser can tell what `-rf x` means."""
    try:
        options, _ = _options.options.parser().parse_known_args()
    except AttributeError:
        raise SystemExit(
            "error: this nox is newer than nox-central-venv knows\n"
            "hint: upgrade nox-central-venv, or call `nox --envdir` with what `central-venv path --runner nox` prints"
        ) from None
    return os.path.expandvars(getattr(options, "noxfile", None) or "noxfile.py")


def _centralize_script_mode(place: Place) -> None:
    """Be there when nox >= 2025.2.9 makes an environment for itself, for a noxfile that is a script (PEP 723)."""
    cli = getattr(nox, "_cli", None)
    run_script_mode: Callable[..., NoReturn] | None = getattr(cli, "run_script_mode", None)
    if cli is None or run_script_mode is None:
        return

    def central_script_mode(*arguments: Any, **options: Any) -> NoReturn:
        told = signature(run_script_mode).bind(*arguments, **options).arguments["envdir"]
        if str(told) == place.envdir:
            sessions().make_for_nox(place)
        run_script_mode(*arguments, **options)

    cli.run_script_mode = central_script_mode


def _centralize_children() -> None:
    """Let the processes in which nox >= 2026.8.10 runs sessions in parallel be this command, too."""
    try:
        from nox import _parallel
    except ImportError:
        return
    arguments_of: Callable[..., list[str]] | None = getattr(_parallel, "_child_argv", None)
    if arguments_of is None:
        return

    def central_child(*arguments: Any) -> list[str]:
        words = arguments_of(*arguments)
        return [*words[:1], "-m", "nox_central_venv", *words[3:]] if words[1:3] == ["-m", "nox"] else words

    _parallel._child_argv = central_child  # type: ignore[assignment]  # noqa: SLF001  # no public way


if __name__ == "__main__":
    main()
