"""What can stand at the end of a command line, by what the commands' own parsers say and what is in the store."""

from __future__ import annotations

from argparse import REMAINDER, ArgumentParser
from importlib import import_module

from central_venv.cli import complain
from central_venv.cli.parser import COMMANDS
from central_venv.inventory.found import SHARED
from central_venv.policy.layout import PROJECT_RUNNER

TYPE_CHECKING = False
if TYPE_CHECKING:
    from argparse import Action
    from collections.abc import Iterator, Sequence

    from central_venv.inventory.found import FoundProject

    Candidates = Iterator[tuple[str, str]]

#: What can stand in a command's place.
_OPTIONS = {"--help": "show what the commands do", "--version": "show the version"}
#: How often a positional argument stands there that can stand there again.
_AGAIN = frozenset({"*", "+"})


class BegunLine:
    """A command line of which the last word is only begun.

    Attributes:
        inner: how many of the last words are a command of their own; 0 if there is none.
    """

    def __init__(self, words: Sequence[str]) -> None:
        """Read a line.

        Args:
            words: what follows the program's name: at least one, which may be empty.
        """
        self.inner = 0
        self._command, self._begun = (words[0] if len(words) > 1 else None), words[-1]
        self._values: dict[str, str] = {}
        self._expected: Action | None = None
        self._no_options = False
        if self._command == "uv":  # whatever it takes, it hands on
            self.inner = len(words)
        actions = [] if self._command is None else _actions(self._command)
        self._options = {option: action for action in actions for option in action.option_strings}
        self._positional = [action for action in actions if not action.option_strings]
        self._read(words)

    def candidates(self) -> Candidates:
        """Each that goes on as the last word begins, and what it means; none that has no place on a line."""
        if not self.inner:
            for candidate, meaning in self._possible():
                if candidate.startswith(self._begun) and candidate.isprintable():
                    yield candidate, " ".join(meaning.split())

    def _read(self, words: Sequence[str]) -> None:
        for number, word in enumerate(words[1:-1], 1):
            if self.inner:
                return
            self._take(word, len(words) - number)
        if self._expected is None and not self._begins_option() and self._begins_command():
            self.inner = self.inner or 1

    def _take(self, word: str, rest: int) -> None:
        """Take note of a word, with which a command of so many words may begin."""
        option, equals, value = word.partition("=")
        if self._expected is not None:
            self._values[self._expected.dest] = word
            self._expected = None
        elif self._no_options or not word.startswith("-"):
            if self._begins_command():
                self.inner = rest
            elif self._positional and self._positional[0].nargs not in _AGAIN:
                del self._positional[0]
        elif word == "--":
            self._no_options = True
        elif (action := self._options.get(option)) is not None and action.nargs != 0:
            if equals:
                self._values[action.dest] = value
            else:
                self._expected = action

    def _begins_option(self) -> bool:
        return self._begun.startswith("-") and not self._no_options

    def _begins_command(self) -> bool:
        return bool(self._positional) and self._positional[0].nargs == REMAINDER

    def _possible(self) -> Candidates:
        if self._command is None:
            yield from ((name, summary) for name, (_, summary) in COMMANDS.items())
            if self._begins_option():
                yield from _OPTIONS.items()
        elif self._expected is not None:
            yield from self._values_of(self._expected)
        elif self._begins_option():
            yield from self._options_begun()
        elif self._positional:
            yield from self._values_of(self._positional[0])

    def _options_begun(self) -> Candidates:
        option, equals, _ = self._begun.partition("=")
        if not equals:
            yield from ((name, (action.help or "").replace("%%", "%")) for name, action in self._options.items())
        elif option in self._options:
            yield from ((f"{option}={value}", meaning) for value, meaning in self._values_of(self._options[option]))

    def _values_of(self, action: Action) -> Candidates:
        if action.choices is not None:
            yield from ((str(choice), "") for choice in action.choices)
        elif action.option_strings:
            yield from self._values_of_option(action.dest)
        elif self._command == "activate":
            yield from _projects()
            yield from _shared()
        elif self._command == "use":
            yield from _shared()
            yield "--none", self._options["--none"].help or ""
        elif self._command == "remove":
            yield from self._environments(self._values.get("runner"))
            yield from _shared()

    def _values_of_option(self, name: str) -> Candidates:
        if name == "shell":
            from central_venv.cli.env import JSON
            from central_venv.project_environment.shell import SHELLS

            yield from ((shell, "") for shell in [*SHELLS, JSON])
        elif name == "runner":
            yield from _runners()
        elif name == "env":
            yield from self._environments(self._values.get("runner", PROJECT_RUNNER))

    def _environments(self, runner: str | None) -> Candidates:
        """Those of the project that the line is about; of one runner, or of all."""
        from central_venv.cli.stored import stored_project

        _, project = stored_project(self._values.get("project"))
        for environment in project.environments:
            if runner in {None, environment.runner}:
                yield environment.directory, f"{environment.runner}, Python {environment.python or 'not known'}"


def _actions(command: str) -> list[Action]:
    if command not in COMMANDS:
        return []
    parser = ArgumentParser()
    import_module(f"central_venv.cli.{COMMANDS[command][0]}").add_arguments(parser)
    return parser._actions  # noqa: SLF001  # nothing else tells what a parser takes


def _stored() -> Iterator[FoundProject]:
    from central_venv.inventory.search import find_projects
    from central_venv.policy.settings import load_settings
    from central_venv.store.store import open_stores

    for store in open_stores(load_settings(None), on_problem=complain):
        yield from find_projects(store, on_problem=complain)


def _projects() -> Candidates:
    from central_venv.inventory.naming import names

    yield from names(_stored()).items()


def _shared() -> Candidates:
    for project in _stored():
        if project.state == SHARED:
            for environment in project.environments:
                yield environment.directory, f"shared, Python {environment.python or 'not known'}"


def _runners() -> Candidates:
    found = {environment.runner for project in _stored() for environment in project.environments}
    yield from ((runner, "") for runner in sorted(found))
