"""The TOML parser: the standard library's, or its ancestor on Python 3.10."""

from __future__ import annotations

import sys

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


class NotTOMLError(ValueError):
    """A file is no TOML, whatever the parser takes offence at."""


def load(path: str) -> dict[str, object]:
    """The content of a TOML file.

    Raises:
        OSError: it cannot be read.
        NotTOMLError: it is no TOML, is not UTF-8, or is nested thousands of levels deep.
    """
    with open(path, "rb") as file:
        try:
            return tomllib.load(file)
        except UnicodeDecodeError as error:
            raise NotTOMLError(f"not UTF-8: {error.reason} at byte {error.start}") from error
        except RecursionError as error:
            raise NotTOMLError("nested too deeply") from error
        except tomllib.TOMLDecodeError as error:
            raise NotTOMLError(str(error)) from error
