"""The TOML parser: the standard library's, or its ancestor on Python 3.10."""

from __future__ import annotations

import sys

if sys.version_info >= (3, 11):
    from tomllib import TOMLDecodeError
    from tomllib import load as _load
else:
    from tomli import TOMLDecodeError
    from tomli import load as _load

__all__ = ["TOMLDecodeError", "load"]


def load(path: str) -> dict[str, object]:
    """The content of a TOML file.

    Raises:
        OSError: it cannot be read.
        TOMLDecodeError: it is no TOML, or not UTF-8.
    """
    with open(path, "rb") as file:
        try:
            return _load(file)
        except UnicodeDecodeError as error:
            raise TOMLDecodeError(f"not UTF-8: {error.reason} at byte {error.start}") from error
        except RecursionError as error:  # thousands of brackets
            raise TOMLDecodeError("nested too deeply") from error
