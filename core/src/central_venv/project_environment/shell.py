"""Scripts that set variables, for each shell: whatever is in a value, it stays text."""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

#: What PowerShell takes for a single quote.
_QUOTES_OF_POWERSHELL = "'\u2018\u2019\u201a\u201b"


def script(shell: str, variables: Mapping[str, str], first_on_path: str | None) -> str:
    """What a shell has to evaluate.

    Args:
        shell: one of `SHELLS`.
        variables: what to set.
        first_on_path: the directory in which programs are to be looked for first, which is put there unless it is
            there already; None to leave that as it is.
    """
    dialect = SHELLS[shell]
    return "".join(f"{line}\n" for line in dialect(variables, first_on_path))


def watching(paths: Iterable[str]) -> str:
    """What lets direnv look again when one of these files changes, comes or goes.

    Args:
        paths: absolute paths.
    """
    return "".join(f"watch_file {_posix_quoted(path)}\n" for path in paths)


def call(shell: str, function: str, arguments: Iterable[str]) -> str:
    """What calls a function of a shell.

    Args:
        shell: one of `QUOTED`.
        function: its name.
        arguments: any text.
    """
    return " ".join([function, *map(QUOTED[shell], arguments)]) + "\n"


def _posix(variables: Mapping[str, str], first_on_path: str | None) -> Iterator[str]:
    for name, value in variables.items():
        yield f"export {name}={_posix_quoted(value)}"
    if first_on_path is not None:
        quoted = _posix_quoted(first_on_path)
        yield f'case "${{PATH-}}:" in {quoted}:*) ;; *) export PATH={quoted}"${{PATH:+:$PATH}}" ;; esac'


def _fish(variables: Mapping[str, str], first_on_path: str | None) -> Iterator[str]:
    for name, value in variables.items():
        yield f"set -gx {name} {_fish_quoted(value)}"
    if first_on_path is not None:
        quoted = _fish_quoted(first_on_path)
        yield f'test "$PATH[1]" = {quoted}; or set -gx PATH {quoted} $PATH'


def _powershell(variables: Mapping[str, str], first_on_path: str | None) -> Iterator[str]:
    for name, value in variables.items():
        yield f"$env:{name} = {_powershell_quoted(value)}"
    if first_on_path is not None:
        quoted = _powershell_quoted(first_on_path + os.pathsep)
        yield f'if (-not "$env:PATH".StartsWith({quoted}, "Ordinal")) {{ $env:PATH = {quoted} + $env:PATH }}'


def _posix_quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"


def _fish_quoted(text: str) -> str:
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _powershell_quoted(text: str) -> str:
    return "'" + "".join(character * 2 if character in _QUOTES_OF_POWERSHELL else character for character in text) + "'"


#: Each shell that has activation, and how text is written there so that it stays text.
QUOTED: dict[str, Callable[[str], str]] = {
    "bash": _posix_quoted,
    "zsh": _posix_quoted,
    "fish": _fish_quoted,
    "pwsh": _powershell_quoted,
}

#: Each shell, and how it is told.
SHELLS: dict[str, Callable[[Mapping[str, str], str | None], Iterator[str]]] = {
    "bash": _posix,
    "zsh": _posix,
    "fish": _fish,
    "pwsh": _powershell,
    "direnv": _posix,  # an .envrc is a script of bash
}
