"""Mounts that wait for a server or a program which does not answer: whoever looks at one waits, too, and for good.

Another process looks first. If it does not come back, it is given up: in such a wait, a process cannot even be killed,
and one that had only a thread waiting could not end.
"""

from __future__ import annotations

import os
import sys

from central_venv.machine import host

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

#: Seconds that a mount has to answer.
ANSWER_TIMEOUT = 3
#: Kinds of file systems that wait for somebody else, beside those of FUSE.
_WAITING = frozenset({"9p", "autofs", "beegfs", "coda", "gpfs", "orangefs", "prl_fs", "vboxsf", "virtiofs"})
_FUSE = "fuse"
#: What looks at a path and at its mount: what was seen of a path before may be known without asking.
_LOOK = """
import os, sys
for look, path in zip((os.stat, os.statvfs), sys.argv[1:]):
    try:
        look(path)
    except OSError:
        pass
"""
_SIGKILL = 9  # everywhere; `signal` takes long to load


class HungMounts:
    """The mounts that do not answer. Each is asked once, when something on it is asked for."""

    __slots__ = ("_hung", "_on_hung", "_waiting")

    def __init__(self, on_hung: Callable[[str], None]) -> None:
        """Begin without asking any.

        Args:
            on_hung: told where each is mounted that does not answer, once.
        """
        self._on_hung = on_hung
        self._waiting: list[str] | None = None  # where mounts are that may be hung, the longest path first
        self._hung: dict[str, bool] = {}  # of those that were asked, whether they are

    def holds(self, path: str) -> bool:
        """Whether a path lies on a mount that does not answer; no where nothing tells.

        Args:
            path: a true path, which is not looked at unless its mount answers.
        """
        if self._waiting is None:
            points = {point for point, kind in host.mounts() if _may_hang(kind)}
            self._waiting = sorted(points, key=len, reverse=True)
        for point in self._waiting:  # noqa: SIM110  # mostly there is none, and a list asks for thousands of paths
            if _is_at(path, point) and self._is_hung(point, path):
                return True
        return False

    def _is_hung(self, point: str, path: str) -> bool:
        if point not in self._hung:
            self._hung[point] = not _answers(point, path)
            if self._hung[point]:
                self._on_hung(point)
        return self._hung[point]


def _may_hang(kind: str) -> bool:
    return kind in _WAITING or kind in host.OF_SERVERS or kind.startswith(_FUSE)


def _is_at(path: str, point: str) -> bool:
    return path == point or path.startswith(os.path.join(point, ""))


if sys.platform == "win32":

    def _answers(point: str, path: str) -> bool:  # noqa: ARG001  # nothing tells there where mounts are
        """Yes."""
        return True

else:

    def _answers(point: str, path: str) -> bool:
        """Whether a mount answers in time; yes if another process cannot ask.

        Args:
            point: where it is mounted.
            path: a path on it.
        """
        from contextlib import suppress  # to load these takes as long as to look at a hundred homes
        from select import poll

        end, other_end = os.pipe()
        # It may be there for long, and others wait for the end of our output: it holds nothing but the pipe.
        held = [(os.POSIX_SPAWN_DUP2, other_end, descriptor) for descriptor in range(3)]
        command = [sys.executable, "-I", "-S", "-c", _LOOK, path, point]
        try:
            process = os.posix_spawn(sys.executable, command, os.environ, file_actions=held)
            os.close(other_end)
            other_end = -1
            polled = poll()
            polled.register(end)
            answered = bool(polled.poll(ANSWER_TIMEOUT * 1000))
        except (OSError, ValueError):  # ValueError: a path that this system cannot have
            return True
        finally:
            os.close(end)
            if other_end >= 0:
                os.close(other_end)
        with suppress(ProcessLookupError, ChildProcessError):  # who ignores SIGCHLD has no children to wait for
            if answered:
                os.waitpid(process, 0)
            else:
                os.kill(process, _SIGKILL)
        return answered
