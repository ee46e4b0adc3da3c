"""Run the command line, or make an environment, and be killed in the middle.

    python crash.py STEP command …            central-venv with these arguments
    python crash.py STEP create STORE ROOT NAME   an environment of tox
    python crash.py STEP renew STORE ROOT NAME    the same without what an interrupted creation left
    python crash.py STEP make-link PATH TARGET    a link in a project

The process is killed before its STEP-th change to the file system: Python tells of each before it makes it.
"""

from __future__ import annotations

import os
import signal
import sys
from pathlib import Path

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).parents[1]))

from support import drives

CHANGES = {"os.mkdir", "os.rename", "os.remove", "os.rmdir", "os.link", "os.symlink", "os.utime", "os.chmod"}
WRITING = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_TRUNC

#: The exit status of a process that was not killed because there were fewer steps.
SURVIVED = 42


def arm(step: int) -> None:
    """Die before the step-th change from now on."""
    left = step

    def hook(event: str, arguments: tuple[object, ...]) -> None:
        nonlocal left
        writing = event == "open" and isinstance(arguments[2], int) and arguments[2] & WRITING
        if event in CHANGES or writing:
            left -= 1
            if left == 0:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(hook)


def create(store: str, root: str, name: str, *, anew: bool = False) -> None:
    """Make an environment as a runner does; anew if its creation was interrupted."""
    from central_venv import Home, Store

    environment = Home(Store(store), root).environment("tox", name)
    environment.claim(name, on_wait=lambda _: None)
    if anew and environment.interrupted:
        environment.discard()
    path = Path(environment.path)
    (path / "bin").mkdir(parents=True, exist_ok=True)
    (path / "pyvenv.cfg").write_text("version_info = 3.12.1\n", encoding="utf-8")
    (path / "bin" / "python").write_text("", encoding="utf-8")
    environment.seal()
    environment.release()


def main() -> None:
    step, job, *arguments = sys.argv[1:]
    if drives.VARIABLE in os.environ:
        drives.simulate(os.environ[drives.VARIABLE])
    from central_venv.cli import main as command_line
    from central_venv.project_link.link import make_link

    arm(int(step))
    if job in {"create", "renew"}:
        create(*arguments, anew=job == "renew")
    elif job == "make-link":
        make_link(*arguments)
    else:
        command_line([job, *arguments])
    os._exit(SURVIVED)


if __name__ == "__main__":
    main()
