"""What a command line of uv asks of the project environment: where the project is, which Python, what is installed.

uv is told its environment by a variable, before it reads its command line; so that is read here first. A test compares
the options with those that uv names in its help.
"""

from __future__ import annotations

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

#: The options that take a value: what follows one is no command. `--script` takes none for `run`.
OPTIONS_WITH_VALUE = frozenset(
    """
    --allow-insecure-host --batch --bounds --branch --bump --cache-dir --color --config-file --config-setting
    --config-settings --config-settings-package --constraint --constraints --default-index --depth --directory
    --env-file --exclude-newer --exclude-newer-package --extra --extra-index-url --find-links --fork-strategy --format
    --group --index --index-strategy --index-url --keyring-provider --link-mode --marker --max-recursion-depth
    --no-binary-package --no-build-isolation-package
    --no-build-package --no-editable-package --no-emit-package --no-extra --no-group --no-install-package
    --no-sources-package --only-emit-package --only-group --only-install-package --optional --output-file
    --output-format --package --prerelease --prerelease-package --preview-features --project --prompt --prune --python
    --python-fetch --python-platform --python-preference --python-version --refresh-package --reinstall-package
    --requirement --requirements --resolution --rev --tag --upgrade-group --upgrade-package --with --with-editable
    --with-requirements
    """.split()  # noqa: SIM905  # three words fit on a line, not one
)
#: The same for those of one letter; which one `-c` and `-m` are depends on the command.
LETTERS_WITH_VALUE = frozenset("pwifPCrbdo")
_LETTERS_OF_ADD = frozenset("cm")

#: The commands that work in the project environment, and make it if there is none.
_IN_ENVIRONMENT = frozenset({"run", "sync", "add", "remove"})
_PIP_IN_ENVIRONMENT = frozenset({"install", "sync"})
#: With one of these, such a command works elsewhere.
_ELSEWHERE = frozenset(
    """
    --no-project --isolated --script --gui-script --help --version -s -h -V --system --target --prefix -t
    """.split()  # noqa: SIM905  # three words fit on a line, not one
)
#: With one of these, it changes nothing.
_CHANGING_NOTHING = frozenset({"--dry-run", "--check"})
#: The variables that stand for one of these options.
_ELSEWHERE_BY_VARIABLE = {"run": ("UV_ISOLATED", "UV_NO_PROJECT"), "pip": ("UV_SYSTEM_PYTHON",)}
#: The commands in which no project's environment has a part.
_WITHOUT_PROJECT = frozenset({"auth", "build", "cache", "format", "help", "init", "publish", "self", "tool"})
#: The commands of pip that look into an environment or take something out of it.
_PIP_LOOKING = frozenset({"check", "freeze", "list", "show", "tree", "uninstall"})
#: The commands that may change the environment, though they do not need it.
_MAY_CHANGE = frozenset({"check", "version"})
#: The commands whose `--python` is that of the project environment.
_WITH_PYTHON = _IN_ENVIRONMENT | {"audit", "check", "export", "lock", "tree", "venv", "version"}
#: The commands that leave in the environment what is selected.
_SELECTING = frozenset({"run", "sync"})

#: What a selection is made of: the options with a name, and those without.
_NAMED = {
    "--package": "package",
    "--extra": "extra",
    "--no-extra": "no-extra",
    "--group": "group",
    "--no-group": "no-group",
    "--only-group": "only-group",
}
_UNNAMED = {
    "--all-packages": "all-packages",
    "--all-extras": "all-extras",
    "--all-groups": "all-groups",
    "--no-default-groups": "no-default-groups",
    "--dev": "group.dev",
    "--no-dev": "no-group.dev",
    "--only-dev": "only-group.dev",
}
_VARIABLES = {
    "UV_DEV": "group.dev",
    "UV_NO_DEV": "no-group.dev",
    "UV_NO_DEFAULT_GROUPS": "no-default-groups",
}
_OFF = frozenset({"", "0", "false", "f", "no", "n", "off"})

#: A longer name of an environment would not fit everywhere.
_LONGEST = 100


class UvArguments:
    """A command line of uv.

    Attributes:
        command: its command, such as ``run``; for ``pip``, both words; empty if there is none.
        options: each option with its value, or with None.
        words: what is neither, from the command's own first one on; for ``run`` that is what it runs.
        position: how many arguments there are up to the command's name.
    """

    __slots__ = ("command", "options", "position", "words")

    def __init__(self, arguments: Sequence[str]) -> None:
        """Read a command line.

        Args:
            arguments: what uv is given.
        """
        self.command = ""
        self.options: list[tuple[str, str | None]] = []
        self.words: list[str] = []
        self.position = 0
        rest = list(arguments)
        while rest:
            word = rest.pop(0)
            if word == "--":
                self.words += rest
                break
            if word.startswith("--"):
                self._read_option(word, rest)
            elif word.startswith("-") and word != "-":
                self._read_letters(word[1:], rest)
            elif not self.command or self.command == "pip":
                self.command = f"{self.command} {word}".lstrip()
                self.position = len(arguments) - len(rest)
            else:
                self.words.append(word)
                if self.command == "run":
                    break  # all that follows is for the program

    def value(self, *names: str) -> str | None:
        """The value of an option that was given last; None if it was not."""
        return next((value for name, value in reversed(self.options) if name in names), None)

    def has(self, *names: str) -> bool:
        """Whether one of these options was given."""
        return any(name in names for name, _ in self.options)

    @property
    def directory(self) -> str:
        """Where uv begins to look for the project: an absolute path, or one from the current directory."""
        project = self.value("--project") or os.environ.get("UV_PROJECT") or os.curdir
        return os.path.join(self._working_directory, project)

    @property
    def is_about_project(self) -> bool:
        """Whether a project can have a part in it."""
        if self.command == "python":
            return self.words[:1] == ["find"]
        return self.command not in _WITHOUT_PROJECT

    @property
    def python(self) -> str | None:
        """The Python that the command line asks the project environment for."""
        if self.is_pip:
            return self._version_for_pip
        request = self.value("--python", "-p") if self.command in _WITH_PYTHON else None
        if request is None or not os.path.dirname(request):
            return request
        return os.path.join(self._working_directory, request)

    @property
    def is_about_environment(self) -> bool:
        """Whether it works in the project environment, or looks into it."""
        if not _ELSEWHERE.isdisjoint(name for name, _ in self.options):
            return False
        if any(_is_on(variable) for variable in _ELSEWHERE_BY_VARIABLE.get(self.command.partition(" ")[0], ())):
            return False
        if self.is_pip:
            return not self.has("--python", "-p") or self._version_for_pip is not None
        if self._changes_nothing:
            return False
        return self.command in _IN_ENVIRONMENT | _MAY_CHANGE and not (self.command == "run" and self._is_script)

    @property
    def uses_environment(self) -> bool:
        """Whether it works in the project environment, so that this has to be there."""
        if self._changes_nothing or (self.is_pip and self._pip_command not in _PIP_IN_ENVIRONMENT):
            return False
        return self.is_about_environment and self.command not in _MAY_CHANGE

    @property
    def looks_into_environment(self) -> bool:
        """Whether it makes no sense without an environment; uv would take another one that it finds."""
        looks = self._pip_command in (_PIP_LOOKING | _PIP_IN_ENVIRONMENT if self._changes_nothing else _PIP_LOOKING)
        return self.is_pip and looks and self.is_about_environment

    @property
    def is_pip(self) -> bool:
        """Whether it is one of the commands that are as pip's."""
        return self.command.startswith("pip ")

    @property
    def is_frozen(self) -> bool:
        """Whether the lock file is to stay as it is, so that nothing is installed or removed either."""
        return self.has("--frozen") or _is_on("UV_FROZEN")

    def selection(self, member: str | None) -> str:
        """What is added to the environment's name for what is selected, in whatever order; empty if that is the usual.

        Two selections have the same only if they are the same, but for what uv takes for the same.

        Args:
            member: the workspace's member that uv works in, and selects if no other package is; None in the root.
        """
        if self.command not in _SELECTING:
            return ""
        parts = set(self._selected())
        if member is not None and not self.has("--package", "--all-packages"):
            parts.add(f"package.{_normalized(member)}")
        if not parts:
            return ""
        name = "+".join(["", *sorted(parts)])
        if len(name) <= _LONGEST and all(map(_is_plain, parts)):
            return name
        from hashlib import sha256

        exact = os.fsencode("\0".join(sorted(parts)))
        return f"+selection.{sha256(exact).hexdigest()[:16]}"

    def _selected(self) -> Iterator[str]:
        for option, value in self.options:
            if option in _UNNAMED:
                yield _UNNAMED[option]
            elif option in _NAMED:
                for name in filter(None, (value or "").split(",")):
                    yield f"{_NAMED[option]}.{_normalized(name)}"
        for variable, part in _VARIABLES.items():
            if _is_on(variable):
                yield part
        for name in os.environ.get("UV_NO_GROUP", "").split():
            yield f"no-group.{_normalized(name)}"

    @property
    def _pip_command(self) -> str:
        """For pip, its own command, such as ``install``."""
        return self.command.removeprefix("pip ")

    @property
    def _changes_nothing(self) -> bool:
        return self.has(*_CHANGING_NOTHING)

    @property
    def _version_for_pip(self) -> str | None:
        """The version that pip's command is for; a path or a name is an interpreter, wherever that is."""
        request = self.value("--python", "-p")
        if request is None or self._pip_command not in _PIP_IN_ENVIRONMENT | _PIP_LOOKING:
            return None
        from central_venv.policy.python_request import is_version

        return request if is_version(request) else None

    @property
    def _working_directory(self) -> str:
        return self.value("--directory") or os.environ.get("UV_WORKING_DIR") or os.curdir

    @property
    def _is_script(self) -> bool:
        """Whether uv is to run a script that says what it needs (PEP 723): it has an environment elsewhere for that."""
        from central_venv.errors import SettingsError
        from central_venv.machine import files

        if self.words[:1] == ["-"] or not self.words:
            return bool(self.words)
        try:
            return files.mentions(os.path.join(self._working_directory, self.words[0]), b"# /// script") is True
        except SettingsError:  # uv says so itself
            return False

    def _read_option(self, word: str, rest: list[str]) -> None:
        name, equals, value = word.partition("=")
        if equals:
            self.options.append((name, value))
        elif name in OPTIONS_WITH_VALUE or (name == "--script" and self.command != "run"):
            self.options.append((name, rest.pop(0) if rest else None))
        else:
            self.options.append((name, None))

    def _read_letters(self, letters: str, rest: list[str]) -> None:
        with_value = LETTERS_WITH_VALUE | (_LETTERS_OF_ADD if self.command not in {"run", "venv"} else frozenset())
        while letters:
            letter, letters = letters[0], letters[1:]
            if letter not in with_value:
                self.options.append((f"-{letter}", None))
                continue
            value = letters.removeprefix("=") if letters else rest.pop(0) if rest else None
            self.options.append((f"-{letter}", value))
            return


def _is_on(variable: str) -> bool:
    return os.environ.get(variable, "").lower() not in _OFF


def _normalized(name: str) -> str:
    """A name as uv compares it (PEP 503): small letters, and one hyphen for each run of separators.

    What is no such name stays as it is.
    """
    normal = name.lower().replace("_", "-").replace(".", "-")
    while "--" in normal:
        normal = normal.replace("--", "-")
    return normal if _is_name(normal) else name


def _is_name(text: str) -> bool:
    return text.isascii() and text.replace("-", "").isalnum() and text == text.strip("-")


def _is_plain(part: str) -> bool:
    """Whether a part of a selection cannot be taken for anything else in the name of a directory."""
    _, dot, name = part.partition(".")
    return not dot or (_is_name(name) and name == name.lower())
