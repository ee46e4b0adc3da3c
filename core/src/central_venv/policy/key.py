"""The name of a project's home in the store: ``<slug>-<hash>``.

The formula is a contract with everything that writes it in another language, such as mise's templates, and with every
home that exists: it never changes without a new schema number in ``project.json``.
"""

from __future__ import annotations

import os
import sys

# `hashlib` loads OpenSSL: 2 ms of the 8 that Python needs to start. The same function stands alone in a small module.
try:
    if "hashlib" in sys.modules:  # a host has loaded it already
        from hashlib import sha256
    elif sys.version_info >= (3, 12):
        from _sha2 import sha256  # type: ignore[import-not-found,no-redef,unused-ignore]
    else:
        from _sha256 import sha256  # type: ignore[import-not-found,no-redef,unused-ignore]
except ImportError:  # pragma: no cover  # a Python that was built without its own hash functions
    from hashlib import sha256

SLUG_LENGTH = 24
HASH_LENGTH = 8

_HEXADECIMAL = frozenset("0123456789abcdef")
_SLUG_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789")
_NAME = _SLUG_CHARACTERS | {"-"}


def slug(component: str) -> str:
    """The readable half of a home's name.

    Args:
        component: the last component of a project root, as the file system spells it.

    Returns:
        At most 24 characters of ``[a-z0-9-]``; ``project`` if nothing of the component can be shown.
    """
    marked = "".join(character if character in _SLUG_CHARACTERS else "-" for character in component.lower())
    words = [word for word in marked.split("-") if word]
    return "-".join(words)[:SLUG_LENGTH].rstrip("-") or "project"


def digest(root: str) -> str:
    """The distinguishing half of a home's name: 8 hexadecimal digits of the SHA-256 of the root's bytes.

    Args:
        root: the true path of a project root. Bytes that no text can hold are hashed as they are on disk.
    """
    hexadecimal: str = sha256(os.fsencode(root)).hexdigest()
    return hexadecimal[:HASH_LENGTH]


def is_home_name(name: str) -> bool:
    """Whether a directory of a store can be a project's home by its name."""
    readable, dash, hexadecimal = name[: -HASH_LENGTH - 1], name[-HASH_LENGTH - 1 : -HASH_LENGTH], name[-HASH_LENGTH:]
    return dash == "-" and bool(readable) and _HEXADECIMAL.issuperset(hexadecimal) and _NAME.issuperset(readable)


def home_name(root: str) -> str:
    """The name of the home of the project at a root.

    Args:
        root: the true path of the project root, as `central_venv.policy.project.true_path` returns it.
    """
    return f"{slug(os.path.basename(root))}-{digest(root)}"
