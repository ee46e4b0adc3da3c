"""What git says of a path in the project, and the line that keeps it from showing a link of ours.

Only `.git/info/exclude` is written, which is this clone's own. Nothing that belongs to the project is run: git is asked
with what it would run turned off, and is not waited for without end.
"""

from __future__ import annotations

import os
import stat
import time
from contextlib import contextmanager, suppress

from central_venv.errors import RepositoryError, StoreError, WaitCancelledError
from central_venv.machine import files
from central_venv.machine.executable import find_program
from central_venv.policy.project import upward
from central_venv.project_link import project_file, temporary
from central_venv.store.lock import Lock

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

#: Seconds that git may take.
_PROBE_TIMEOUT = 10
#: Seconds that another process may take to change git's file.
_LOCK_TIMEOUT = 10

#: The line above each of ours, which tells them from the user's own.
_COMMENT = b"# made by central-venv, for the link to the project's environment"

#: The end of the name of a lock beside git's file, which is there only while that is changed.
_LOCK = ".central-venv-lock"

#: Without what git would run, and without directories that only look like a repository.
_OPTIONS = ("--no-pager", "-c", "core.fsmonitor=false", "-c", "safe.bareRepository=explicit")
_VARIABLES = {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", "GIT_TERMINAL_PROMPT": "0"}
#: By these, a hook of another repository would have git look at that one.
_FOREIGN = frozenset({"GIT_DIR", "GIT_WORK_TREE", "GIT_COMMON_DIR", "GIT_INDEX_FILE", "GIT_NAMESPACE", "GIT_PREFIX"})

#: What git says where it shows nothing.
_NO_WORK_TREE = (b"not a git repository", b"must be run in a work tree")

#: What means something in a pattern.
_SPECIAL = (b"\\", b"*", b"?", b"[")


def hide(path: str) -> bool:
    """Have git not show a path, if it lies in a repository that would.

    Args:
        path: its absolute path; that of its directory is a true one. Nothing need be there.

    Returns:
        Whether a line was added to `.git/info/exclude`.

    Raises:
        RepositoryError: git does not say, or the line cannot be added.
    """
    git = _repository_of(path)
    if git is None:
        return False
    if git.ignores():
        with suppress(RepositoryError):  # it need not be in what git shows
            _sweep(git.exclude_file())
        return False
    pattern = git.pattern()
    exclude = git.exclude_file()
    added = _change(exclude, pattern, _with_line)
    if git.ignores():
        return added
    _change(exclude, pattern, _without_line)
    raise RepositoryError(
        f"git shows `{path}` although `{exclude}` says otherwise",
        hint="a `.gitignore` has a pattern that begins with `!`: drop it, or live with that",
    )


def show(path: str) -> None:
    """Take back what `hide` did for a path that is gone, unless another work tree of the repository needs it.

    Args:
        path: its absolute path; that of its directory is a true one.

    Raises:
        RepositoryError: git does not say, or the line cannot be removed.
    """
    git = _repository_of(path)
    if git is None or not git.has_work_tree():
        return
    exclude = git.exclude_file()
    _sweep(exclude)
    if _COMMENT in (files.read_of_project(exclude) or b"") and not git.elsewhere():
        _change(exclude, git.pattern(), _without_line)


class _Git:
    """What git says of a path."""

    __slots__ = ("_directory", "_name", "_program")

    def __init__(self, program: str, path: str) -> None:
        self._program = program
        self._directory, self._name = os.path.split(path)
        while not os.path.isdir(self._directory) and os.path.dirname(self._directory) != self._directory:
            self._directory, name = os.path.split(self._directory)  # the project was moved away
            self._name = f"{name}/{self._name}"

    def ignores(self) -> bool:
        """Whether git does not show the path; whether it is tracked does not matter."""
        status, _, said = self._run("check-ignore", "--no-index", "-q", "--", self._name)
        if status in {0, 1}:
            return status == 0
        return self._shows_nothing(said)

    def has_work_tree(self) -> bool:
        """Whether the path lies in what git shows."""
        status, _, said = self._run("rev-parse", "--show-prefix")
        return status == 0 or not self._shows_nothing(said)

    def pattern(self) -> bytes:
        """The pattern that means the path and nothing else."""
        prefix = self._answer("rev-parse", "--show-prefix")
        if b"\n" in prefix:
            raise RepositoryError(
                f"git cannot be told not to show `{os.path.join(self._directory, self._name)}`: it takes no pattern "
                "with a line break",
                hint="add a pattern such as `.venv` to the `.gitignore` beside it",
            )
        path = prefix + os.fsencode(self._name)
        for sign in _SPECIAL:
            path = path.replace(sign, b"\\" + sign)
        return b"/" + path

    def exclude_file(self) -> str:
        """The absolute path of the file with the patterns that are this clone's own."""
        path = os.fsdecode(self._answer("rev-parse", "--git-path", "info/exclude"))
        return os.path.normpath(os.path.join(self._directory, path))

    def elsewhere(self) -> bool:
        """Whether something lies at the same place in one of the repository's work trees, this one included."""
        place = os.fsdecode(self._answer("rev-parse", "--show-prefix")) + self._name
        trees = [
            line.removeprefix(b"worktree ") for line in self._answer("worktree", "list", "--porcelain").split(b"\n")
        ]
        return any(os.path.lexists(os.path.join(os.fsdecode(tree), place)) for tree in trees if os.path.isabs(tree))

    def _answer(self, *arguments: str) -> bytes:
        status, answer, said = self._run(*arguments)
        if status:
            raise self._failed(said)
        return answer.removesuffix(b"\n")

    def _shows_nothing(self, said: bytes) -> bool:
        if any(words in said for words in _NO_WORK_TREE):
            return True
        raise self._failed(said)

    def _failed(self, said: bytes) -> RepositoryError:
        lines = said.decode("utf-8", "replace").splitlines() or ["it does not say why"]
        return RepositoryError(
            f"git fails in `{self._directory}`: {lines[0].removeprefix('fatal: ')}",
            hint=f"mend that if git shows `{self._name}` and must not",
        )

    def _run(self, *arguments: str) -> tuple[int, bytes, bytes]:
        import subprocess

        variables = {key: value for key, value in os.environ.items() if key not in _FOREIGN} | _VARIABLES
        try:
            done = subprocess.run(  # noqa: S603  # git, by its path
                [self._program, *_OPTIONS, *arguments],
                cwd=self._directory,
                env=variables,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                check=False,
                timeout=_PROBE_TIMEOUT,
            )
        except subprocess.TimeoutExpired:
            return -1, b"", f"it does not answer within {_PROBE_TIMEOUT} s".encode()
        except OSError as error:
            return -1, b"", files.reason(error).encode()
        return done.returncode, done.stdout, done.stderr


def _repository_of(path: str) -> _Git | None:
    """None if there is nothing to ask, or nobody."""
    directory = os.path.dirname(path)
    if not any(os.path.lexists(os.path.join(above, ".git")) for above in upward(directory)):
        return None
    program = find_program("git")
    return None if program is None or not os.path.isabs(program) else _Git(program, path)


def _change(exclude: str, pattern: bytes, change: Callable[[bytes, bytes], bytes]) -> bool:
    """Change git's file, alone among those of us who do; whether it is another now."""
    if os.path.islink(os.path.dirname(exclude)):
        raise _refusal(f"`{os.path.dirname(exclude)}` is a link, so `{exclude}` was not changed", pattern)
    try:
        os.makedirs(os.path.dirname(exclude), exist_ok=True)
        with _locked(exclude):
            temporary.sweep(os.path.dirname(exclude))
            before = _read(exclude)
            after = None if before is None else change(before, pattern)
            if after is not None and after != before:
                project_file.replace(exclude, after)
    except OSError as error:
        raise _refusal(f"cannot change `{exclude}`: {files.reason(error)}", pattern) from error
    except (StoreError, WaitCancelledError) as error:
        raise _refusal(error.message, pattern) from error
    if after is None:
        raise _refusal(f"`{exclude}` is no file, or too large, so it was not changed", pattern)
    return after != before


def _sweep(exclude: str) -> None:
    """Remove what killed processes left beside git's file: nobody writes there without the lock."""
    directory = os.path.dirname(exclude)
    if os.path.lexists(f"{exclude}{_LOCK}") or next(temporary.find(directory), None) is not None:
        with suppress(StoreError, WaitCancelledError), _locked(exclude):
            temporary.sweep(directory)


def _refusal(message: str, pattern: bytes) -> RepositoryError:
    return RepositoryError(message, hint=f"add the line `{os.fsdecode(pattern)}` to it, if git must not show the link")


@contextmanager
def _locked(exclude: str) -> Iterator[None]:
    lock = Lock(f"{exclude}{_LOCK}", make_directories=False)
    deadline = time.monotonic() + _LOCK_TIMEOUT
    lock.acquire(on_wait=lambda: None, cancelled=lambda: time.monotonic() > deadline)
    try:
        yield
    finally:
        lock.remove()


def _read(exclude: str) -> bytes | None:
    """The content of git's file; None if it is a link or something else that is not to be replaced."""
    try:
        status = os.lstat(exclude)
    except FileNotFoundError:
        return b""
    if not stat.S_ISREG(status.st_mode) or status.st_size > files.MAXIMUM_SIZE:
        return None
    with open(exclude, "rb") as file:
        return file.read()


def _with_line(content: bytes, pattern: bytes) -> bytes:
    if _without_line(content, pattern) != content:  # somebody else has just added it
        return content
    end = b"" if not content or content.endswith(b"\n") else b"\n"
    return b"".join((content, end, _COMMENT, b"\n", pattern, b"\n"))


def _without_line(content: bytes, pattern: bytes) -> bytes:
    lines = content.split(b"\n")
    for number, line in enumerate(lines[:-1]):
        if (line.rstrip(b"\r"), lines[number + 1].rstrip(b"\r")) == (_COMMENT, pattern):
            del lines[number : number + 2]
            break
    return b"\n".join(lines)
