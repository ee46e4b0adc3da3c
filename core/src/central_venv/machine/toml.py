"""The TOML parser: the standard library's, or its ancestor on Python 3.10."""

from __future__ import annotations

import os
import stat
import sys

from central_venv.machine.files import READ_WITHOUT_WAITING

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
    with open(os.open(path, READ_WITHOUT_WAITING), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotTOMLError("not a regular file")
        try:
            return tomllib.load(file)
        except UnicodeDecodeError as error:
            raise NotTOMLError(f"not UTF-8: {error.reason} at byte {error.start}") from error
        except RecursionError as error:
            raise NotTOMLError("nested too deeply") from error
        except ValueError as error:  # the parser's own error, or a number with more digits than Python converts
            raise NotTOMLError(str(error)) from error
