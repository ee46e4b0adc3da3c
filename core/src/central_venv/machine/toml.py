"""The TOML parser: the standard library's, or its ancestor on Python 3.10."""

from __future__ import annotations

import os
import re
import stat
import sys

from central_venv.machine.files import MAXIMUM_SIZE, READ_WITHOUT_WAITING

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


#: How many parts a dotted key may have: the parser takes a time that grows with their square.
_MOST_PARTS = 32
_KEY = rb"""(?:[A-Za-z0-9_-]+|"(?:[^"\\\n]|\\.)*"|'[^'\n]*')"""
#: What a file is made of, each read once: texts and comments can hold what looks like a key.
_TOKENS = rb'''
    """ (?:[^"\\]|\\[\s\S]|"(?!""))* (?:"{3,5}|\Z)
    | \'{3} (?:[^\']|\'(?!\'\'))* (?:\'{3,5}|\Z)
    | \# [^\n]*
    | (?P<deep> KEY (?:[ \t]*\.[ \t]*KEY){MOST,} )
    | KEY (?:[ \t]*\.[ \t]*KEY)*
    | "(?:[^"\\\n]|\\.)* | \'[^\'\n]*
    | [^"\'\#A-Za-z0-9_-]+
    | .
'''
#: How much of the parser's own words is repeated.
_LONGEST_REASON = 300


class NotTOMLError(ValueError):
    """A file is no TOML, whatever the parser takes offence at, or would keep us busy."""


def load(path: str) -> dict[str, object]:
    """The content of a TOML file.

    Raises:
        OSError: it cannot be read.
        NotTOMLError: it is no TOML, is not UTF-8, is larger than `MAXIMUM_SIZE`, or is nested too deeply.
    """
    with open(os.open(path, READ_WITHOUT_WAITING), "rb") as file:
        if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
            raise NotTOMLError("not a regular file")
        content = file.read(MAXIMUM_SIZE + 1)
    if len(content) > MAXIMUM_SIZE:
        raise NotTOMLError(f"it is larger than {MAXIMUM_SIZE >> 20} MiB")
    if _has_deep_key(content):
        raise NotTOMLError(f"it has a key of more than {_MOST_PARTS} parts")
    try:
        return tomllib.loads(content.decode())
    except UnicodeDecodeError as error:
        raise NotTOMLError(f"not UTF-8: {error.reason} at byte {error.start}") from error
    except RecursionError as error:
        raise NotTOMLError("nested too deeply") from error
    except ValueError as error:  # the parser's own error, or a number with more digits than Python converts
        raise NotTOMLError(str(error)[:_LONGEST_REASON]) from error


def _has_deep_key(content: bytes) -> bool:
    """Whether a key has more parts than are allowed; few files have a line that could hold one."""
    if all(line.count(b".") < _MOST_PARTS for line in content.split(b"\n")):
        return False
    pattern = _TOKENS.replace(b"KEY", _KEY).replace(b"MOST", b"%d" % _MOST_PARTS)
    return any(token["deep"] is not None for token in re.finditer(pattern, content, re.VERBOSE))
