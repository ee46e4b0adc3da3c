"""The name of a project environment for the Python that was asked for: ``.venv-3.12``, ``.venv-3.13t``.

It is made of what the request comes to (implementation, minor version, variant), not of its words: ``3.12``,
``python3.12`` and ``cpython-3.12.4-linux-x86_64`` are one environment.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess

from central_venv import files
from central_venv.errors import PythonRequestError
from central_venv.layout import PROJECT_ENVIRONMENT

#: Seconds that an interpreter may take to say what it is.
_PATIENCE = 30

_SHORT = {"": "cpython", "py": "cpython", "python": "cpython", "cp": "cpython", "pp": "pypy", "gp": "graalpy"}

# What uv and virtualenv take for a version: `3.12`, `3.12.1rc1`, `cp312`, `pypy@3.10`, `cpython-3.13+freethreaded`.
_REQUEST = re.compile(
    r"""
    (?P<implementation> cpython | cp | python | py | pypy | pp | graalpy | gp | ) [@-]?
    (?P<major> [23] ) (?: \. (?P<minor> \d+ ) (?: \. \d+ )? (?: (?:a|b|rc) \d+ )? | (?P<compact> \d{1,2} ) )
    (?P<variant> t | \+freethreaded | )
    (?: - [a-z0-9_.-]+ )?           # operating system, architecture, libc
    """,
    re.VERBOSE,
)

#: A range of versions (PEP 440), such as `>=3.11,<3.14`; nothing that can be a path.
_RANGE = re.compile(
    r"(?: \s* (?: [<>] | [<>=!~]= | === ) \s* [0-9a-z.*+!]+ \s* (?: , | $ ) )+", re.VERBOSE | re.IGNORECASE
)

#: How long a project's request may be.
_LONGEST = 80

_QUESTION = (
    "import sys, sysconfig;"
    "variant = 't' if sysconfig.get_config_var('Py_GIL_DISABLED') else '';"
    "print(sys.implementation.name, *sys.version_info[:2], variant, sep=',')"
)
_ANSWERS = 4


def environment_directory(request: str, *, trusted: bool = True) -> str:
    """The directory of the project environment for a Python.

    Args:
        request: as uv takes it: a version, an implementation and version, a range, an interpreter's path or name.
        trusted: whether the user says so. A path or a name is run to hear what it is, which a project's file must
            not bring about.

    Raises:
        PythonRequestError: nobody here can tell which Python that is.
    """
    if match := _REQUEST.fullmatch(request.strip().lower()):
        implementation = _SHORT.get(match["implementation"], match["implementation"])
        return _directory(
            implementation, match["major"], match["minor"] or match["compact"], "t" if match["variant"] else ""
        )
    if not trusted:
        _check_harmless(request)
    return _directory(*_ask(_interpreter(request), request))


def is_version(request: str) -> bool:
    """Whether a request names one version, so that nothing has to be run to know which environment is meant.

    Args:
        request: as uv takes it.
    """
    return _REQUEST.fullmatch(request.strip().lower()) is not None


def file_request(root: str) -> str | None:
    """What a project's ``.python-version`` asks for: its first line that is not a comment."""
    content = files.read_of_project(os.path.join(root, ".python-version"))
    lines = (line.strip() for line in (content or b"").decode("utf-8", "replace").splitlines())
    return next((line for line in lines if line and not line.startswith("#")), None)


def project_request(root: str) -> str | None:
    """The Python that a project asks for: its ``.python-version``, or else ``requires-python``; None if it does not.

    Args:
        root: true path of the project.

    Raises:
        PythonRequestError: that is neither a version nor a range, or its pyproject.toml cannot be read.
    """
    request = file_request(root) or _required(root)
    if request is not None and not is_version(request):
        _check_harmless(request)
    return request


def _required(root: str) -> str | None:
    """What ``requires-python`` of a project says (PEP 621)."""
    from central_venv import toml

    path = os.path.join(root, "pyproject.toml")
    if files.mentions(path, b"requires-python") is False:  # also if it is of a size that would keep us busy
        return None
    try:
        project = toml.load(path).get("project")
    except FileNotFoundError:
        return None
    except (OSError, toml.NotTOMLError) as error:
        reason = files.reason(error) if isinstance(error, OSError) else str(error)
        raise PythonRequestError(f"cannot read `{path}`: {reason}", hint="mend it, or use `--python`") from error
    required = project.get("requires-python") if isinstance(project, dict) else None
    return required if isinstance(required, str) and required.strip() else None


def _check_harmless(request: str) -> None:
    """Refuse a project's request that is neither a version nor a range, for it may be a program of the project's."""
    if len(request) > _LONGEST or not _RANGE.fullmatch(request):
        raise PythonRequestError(
            f"the project asks for the Python `{request[:_LONGEST]}`, which is no version",
            hint="give a version in `.python-version`, or say which interpreter with `--python`",
        )


def _directory(implementation: str, major: str, minor: str, variant: str) -> str:
    prefix = "" if implementation == "cpython" else implementation
    return f"{PROJECT_ENVIRONMENT}-{prefix}{major}.{minor}{variant}"


def _interpreter(request: str) -> str:
    """The interpreter that a path, a name or a range means."""
    if found := shutil.which(request):
        return os.path.abspath(found)
    if (uv := shutil.which("uv")) and (
        found := _output_of([uv, "python", "find", "--system", "--no-project", request])
    ):
        return found
    raise PythonRequestError(
        f"cannot tell which Python `{request}` is", hint="give a version such as `3.12`, or the path of an interpreter"
    )


def _ask(interpreter: str, request: str) -> tuple[str, str, str, str]:
    answer = _output_of([interpreter, "-I", "-c", _QUESTION]).split(",")
    if len(answer) != _ANSWERS:
        raise PythonRequestError(
            f"`{interpreter}`, which `{request}` means, does not say which Python it is",
            hint="give a version such as `3.12`, or the path of an interpreter that works",
        )
    implementation, major, minor, variant = answer
    return implementation, major, minor, variant


def _output_of(command: list[str]) -> str:
    """What a program answers that runs outside of any project; nothing if it cannot be run, fails or takes too long."""
    try:
        done = subprocess.run(  # noqa: S603
            command, cwd=os.sep, capture_output=True, text=True, errors="replace", check=True, timeout=_PATIENCE
        )
    except (OSError, subprocess.SubprocessError):
        return ""
    return done.stdout.strip()
