"""``central-venv complete``: what can stand at the end of a command line, for the hooks of the shells.

One candidate per line, with a tab and what it means behind it; for bash, which quotes nothing, what it has to insert
instead. A line of a tab and a number says that so many words, the last ones, are a command of their own. Where nothing
is printed, the shell offers files.
"""

from __future__ import annotations

from central_venv.cli import DONE, write_answer
from central_venv.cli.candidates import BegunLine

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator

DESCRIPTION = "Print what can stand at the end of a command line, for a shell's completion."


def add_arguments(parser: ArgumentParser) -> None:
    """Declare what the command takes."""
    parser.add_argument("words", metavar="WORD", nargs="*", help="what is typed; the last word is only begun")
    parser.add_argument("--line", help="for bash: the same, raw")
    parser.add_argument("--word", default="", help="for bash: the part of the last word that it replaces")


def run(arguments: Namespace) -> int:
    """Print the candidates."""
    if arguments.line is None:
        lines = _lines(arguments.words or [""])
    else:
        lines = _lines_for_bash(arguments.line, arguments.word)
    write_answer("".join(f"{line}\n" for line in lines).encode())
    return DONE


def _lines(words: list[str]) -> Iterator[str]:
    begun = BegunLine(words)
    if begun.inner:
        yield f"\t{begun.inner}"
    for candidate, meaning in begun.candidates():
        yield f"{candidate}\t{meaning}"


def _lines_for_bash(text: str, word: str) -> Iterator[str]:
    from central_venv.cli.bash_line import TypedLine

    typed = TypedLine(text)
    begun = BegunLine(typed.words)
    if begun.inner:
        yield f"\t{begun.inner}"
    for candidate, _ in begun.candidates():
        if (insertion := typed.insertion(candidate, word)) is not None:
            yield insertion
