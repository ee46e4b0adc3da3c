"""Directories made from and compared as mappings of paths to contents."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path


def write_tree(root: Path, files: dict[str, str]) -> Path:
    """Make a directory with files; keys are paths in it, with slashes."""
    root.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    return root


def listing(root: Path) -> set[str]:
    """Every file and directory below a directory."""
    return {str(path.relative_to(root)) for path in root.rglob("*")}


def contents(root: Path) -> dict[str, object]:
    """Everything below a directory: the bytes of files, the targets of links, the kind of the rest."""
    found: dict[str, object] = {}
    for path in root.rglob("*"):
        name = str(path.relative_to(root))
        if path.is_symlink():
            found[name] = ("link", path.readlink())
        elif path.is_file():
            found[name] = path.read_bytes()
        else:
            found[name] = "directory" if path.is_dir() else "special"
    return found
