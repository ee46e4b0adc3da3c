"""Mending what is installed in an environment: where editable packages are, and the lists of packages' files."""

from __future__ import annotations

import ast
import base64
import csv
import hashlib
import io
import os
import warnings

from central_venv.machine import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from central_venv.repair.changes import Changes, File


def look_at_packages(changes: Changes) -> None:
    """Find what is to change in the packages of an environment.

    Raises:
        UnrepairableError: something there cannot be mended.
        OSError: something there cannot be read.
    """
    for place in _package_places(changes.path):
        for entry in files.entries(place):
            if entry.is_symlink():
                changes.change_link(entry.path)
            elif entry.name.endswith((".pth", ".egg-link")):
                changes.change(entry.path, changes.places.in_path_file)
                _look_at_modules(changes, changes.file(entry.path), _imported)
            elif entry.name.endswith(".start"):
                _look_at_modules(changes, changes.read(entry.path), _started)
            elif entry.name.endswith(".dist-info"):
                changes.change(os.path.join(entry.path, "direct_url.json"), changes.places.in_json)


def lists_of_files(changes: Changes, changed: dict[str, File]) -> Iterator[File]:
    """The lists of packages' files that have to tell other hashes and sizes now.

    Args:
        changes: what is to change in the environment.
        changed: its files that are to hold something else.
    """
    names = {os.fsencode(os.path.basename(path)) for path in changed}
    for place in _package_places(changes.path) if changed else ():
        for entry in files.entries(place):
            if not entry.name.endswith(".dist-info") or entry.is_symlink():
                continue
            listed = changes.read(os.path.join(entry.path, "RECORD"))
            if listed is None or not any(name in listed.old for name in names):
                continue
            lines = listed.old.splitlines(keepends=True)
            listed.new = b"".join(_line_of_list(line, place, changed) for line in lines)
            if listed.new != listed.old:
                yield listed


def remove_compiled(path: str) -> None:
    """Remove what Python compiled of a module: of one that is as long as before, the time alone tells them apart."""
    directory, name = os.path.split(path)
    stem, extension = os.path.splitext(name)
    if extension == ".py":
        for entry in files.entries(os.path.join(directory, "__pycache__")):
            if entry.name.startswith(f"{stem}.") and entry.name.endswith(".pyc"):
                os.unlink(entry.path)


def _look_at_modules(changes: Changes, file: File | None, named: Callable[[bytes], Iterable[str]]) -> None:
    """The modules that Python loads when it starts are where build backends note the places of editable packages.

    Args:
        changes: what is to change in the environment.
        file: the one that names them; None if there is none.
        named: the modules that one of its lines names.
    """
    if file is None:
        return
    for line in file.old.splitlines():
        for name in named(line):
            module = os.path.join(os.path.dirname(file.path), *name.split(".")) + ".py"
            changes.change(module, changes.places.in_python)


def _package_places(environment: str) -> Iterator[str]:
    """The directories with packages, none of which is behind a link."""
    for name in ("lib", "lib64", "Lib"):
        for entry in (*_directories(os.path.join(environment, name)),):
            if entry.name in {"site-packages", "dist-packages"}:
                yield entry.path
            else:
                for below in _directories(entry.path):
                    if below.name in {"site-packages", "dist-packages"}:
                        yield below.path
    for entry in _directories(environment):
        if entry.name == "site-packages":  # PyPy's of old
            yield entry.path


def _imported(line: bytes) -> Iterator[str]:
    """The modules that a line of a `.pth` file imports by statements of their own."""
    if not line.startswith((b"import ", b"import\t")):
        return
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of escapes in other people's strings
            statements = ast.parse(line).body
    except (SyntaxError, ValueError):
        return
    for statement in statements:
        if isinstance(statement, ast.Import):
            yield from (alias.name for alias in statement.names)
        elif isinstance(statement, ast.ImportFrom) and statement.module and not statement.level:
            yield statement.module


def _started(line: bytes) -> Iterator[str]:
    """The module of a line of a `.start` file, which is `module:function` (Python >= 3.15)."""
    name, colon, _ = os.fsdecode(line).strip().partition(":")
    if colon and all(part.isidentifier() for part in name.split(".")):
        yield name


def _line_of_list(line: bytes, place: str, changed: dict[str, File]) -> bytes:
    """A line of a list of files, which is path, hash and size."""
    text = line.decode("utf-8", "surrogateescape")
    try:
        fields = next(csv.reader([text.rstrip("\r\n")]), [])
    except csv.Error:
        return line
    if len(fields) < 3 or not fields[1]:  # noqa: PLR2004
        return line
    file = changed.get(os.path.normpath(os.path.join(place, *fields[0].split("/"))))
    if file is None:
        return line
    digest = base64.urlsafe_b64encode(hashlib.sha256(file.new).digest()).decode().rstrip("=")
    written = io.StringIO()
    end = text[len(text.rstrip("\r\n")) :]
    csv.writer(written, lineterminator=end).writerow([fields[0], f"sha256={digest}", len(file.new), *fields[3:]])
    return written.getvalue().encode("utf-8", "surrogateescape")


def _directories(path: str) -> Iterator[os.DirEntry[str]]:
    return (entry for entry in files.entries(path) if entry.is_dir(follow_symlinks=False))
