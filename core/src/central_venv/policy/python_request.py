"""What the Python that was asked for is called in the name of an environment: ``3.12``, ``3.13t``, ``pypy3.10``.

It is made of what the request comes to (implementation, minor version, variant), not of its words: ``3.12``,
``python3.12`` and ``cpython-3.12.4-linux-x86_64`` are one environment.
"""

from __future__ import annotations

import os
import re
import subprocess

from central_venv.errors import PythonRequestError
from central_venv.machine import files
from central_venv.machine.executable import find_program, variables_elsewhere

TYPE_CHECKING = False
if TYPE_CHECKING:
    from packaging.specifiers import SpecifierSet

#: Seconds that an interpreter may take to say what it is.
_PROBE_TIMEOUT = 30

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

_VERSION = "import platform; print(platform.python_version())"
#: The minor versions of Python 3 that are looked for by their names.
_OLDEST, _NEWEST = 6, 30


def python_name(request: str, *, trusted: bool = True) -> str:
    """What a Python is called in an environment's name: its implementation unless CPython, minor version and variant.

    Args:
        request: as uv takes it: a version, an implementation and version, a range, an interpreter's path or name.
        trusted: whether the user says so. A path or a name is run to hear what it is, which a project's file must
            not bring about.

    Raises:
        PythonRequestError: nobody here can tell which Python that is.
    """
    if match := _REQUEST.fullmatch(request.strip().lower()):
        implementation = _SHORT.get(match["implementation"], match["implementation"])
        return _name(
            implementation, match["major"], match["minor"] or match["compact"], "t" if match["variant"] else ""
        )
    if not trusted:
        _check_harmless(request)
    return _name(*_ask(_interpreter(request), request))


def find_version(request: str) -> str | None:
    """The interpreter on the path that is of a version; None if there is none.

    Args:
        request: as uv takes it, such as ``3.12`` or ``pypy@3.10``; beyond the minor version it does not count.
    """
    name = python_name(request)
    found = find_program(f"python{name}" if name[0].isdigit() else name)
    # Not every Python is there under the name of its version, too.
    return found or (newest_in_range(f"=={name}.*") if name.replace(".", "").isdigit() else None)


def newest_in_range(request: str) -> str | None:
    """The newest interpreter on the path that a range of versions allows; None if there is none, or it is no range.

    Args:
        request: as uv takes it, such as ``>=3.11,<3.14``.
    """
    allowed = _range(request)
    if allowed is None:
        return None
    for name in (*(f"python3.{minor}" for minor in range(_NEWEST, _OLDEST - 1, -1)), "python3", "python"):
        interpreter = find_program(name)
        version = "" if interpreter is None else _output_of([interpreter, "-I", "-c", _VERSION])
        # What was built from a repository has a `+` at its end.
        if version and allowed.contains(version.rstrip("+"), prereleases=True):
            return interpreter
    return None


def is_version(request: str) -> bool:
    """Whether a request names one version, so that nothing has to be run to know which environment is meant.

    Args:
        request: as uv takes it.
    """
    return _REQUEST.fullmatch(request.strip().lower()) is not None


def allows(request: str, version: str) -> bool:
    """Whether an environment can be taken for one of the Python that the user asks for; if nobody can tell, it can.

    Args:
        request: as uv takes it.
        version: the environment's Python, such as ``3.12.1`` or ``pypy3.10.14``, which does not tell the variant.

    Raises:
        PythonRequestError: nobody here can tell which Python is asked for.
    """
    if not is_version(version):
        return True
    if (allowed := _range(request)) is not None:
        return version[0].isdigit() and allowed.contains(version, prereleases=True)
    return python_name(request).removesuffix("t") == python_name(version)


def file_request(root: str) -> str | None:
    """What a project's ``.python-version`` asks for: its first line that is not a comment."""
    content = files.read_of_project(os.path.join(root, ".python-version"))
    lines = (line.strip() for line in (content or b"").decode("utf-8-sig", "replace").splitlines())
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
    from central_venv.machine import toml

    path = os.path.join(root, "pyproject.toml")
    if files.mentions(path, b"requires-python") is False:  # also if it is of a size that would keep us busy
        return None
    try:
        project = toml.load(path).get("project")
    except FileNotFoundError:
        return None
    except (OSError, toml.NotTOMLError) as error:
        reason = files.reason(error) if isinstance(error, OSError) else str(error)
        raise PythonRequestError(
            f"cannot read `{path}`: {reason}", hint="mend it, or set `UV_PYTHON` to a Python"
        ) from error
    required = project.get("requires-python") if isinstance(project, dict) else None
    return required if isinstance(required, str) and required.strip() else None


def _check_harmless(request: str) -> None:
    """Refuse a project's request that is neither a version nor a range, for it may be a program of the project's."""
    if len(request) > _LONGEST or not _RANGE.fullmatch(request):
        raise PythonRequestError(
            f"the project asks for the Python `{request[:_LONGEST]}`, which is no version",
            hint="give a version in `.python-version`, or set `UV_PYTHON` to an interpreter",
        )


def _range(request: str) -> SpecifierSet | None:
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    try:
        return SpecifierSet(request)
    except InvalidSpecifier:
        return None


def _name(implementation: str, major: str, minor: str, variant: str) -> str:
    prefix = "" if implementation == "cpython" else implementation
    return f"{prefix}{major}.{minor}{variant}"


def _interpreter(request: str) -> str:
    """The interpreter that a path, a name or a range means."""
    if _range(request) is None and (found := find_program(request)):
        return found
    if (uv := find_program("uv")) and (
        found := _output_of([uv, "python", "find", "--system", "--no-project", request])
    ):
        return found
    if found := newest_in_range(request):
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
            command,
            cwd=os.sep,
            env=variables_elsewhere(),
            capture_output=True,
            check=True,
            timeout=_PROBE_TIMEOUT,
        )
        return os.fsdecode(done.stdout).strip()  # a path, as a rule
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return ""
