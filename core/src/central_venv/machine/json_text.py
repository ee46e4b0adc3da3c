"""JSON as the standard library writes and reads it, which is loaded only when it must be.

`json` loads the regular expressions, which take half of Python's start-up time. Each lookup compares a record with what
would be written, and a shell or mise asks for an answer in JSON whenever a directory is entered.
"""

from __future__ import annotations

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SPACE = " \t\n\r"
_decode: Callable[[str], tuple[object, int]] | None = None


def parse(text: str) -> object:
    """Return the value of a JSON text as `json.loads` does, which takes a third longer: a list parses thousands.

    Raises:
        ValueError: it is no JSON text.
        RecursionError: it is nested too deeply.
    """
    global _decode  # noqa: PLW0603  # loaded with the first text
    if _decode is None:
        from json import JSONDecoder

        _decode = JSONDecoder().raw_decode
    text = text.strip(_SPACE)
    value, end = _decode(text)
    if end != len(text):
        raise ValueError(f"something follows the JSON value at character {end}")
    return value


def json_text(value: object) -> str:
    """Return a value as JSON on one line: byte for byte what `json.dumps` returns.

    Args:
        value: made of texts, whole numbers, booleans, None, and lists and dictionaries of these by texts.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(value, str):
        return _quoted(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        return f"[{', '.join(map(json_text, value))}]"
    if isinstance(value, dict):
        return f"{{{', '.join(f'{_quoted(key)}: {json_text(each)}' for key, each in value.items())}}}"
    raise TypeError(f"{type(value).__name__} has no form in JSON here")


def _quoted(text: str) -> str:
    if text.isascii() and text.isprintable():  # as nearly all are
        escaped = text.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    try:
        from _json import encode_basestring_ascii
    except ImportError:  # pragma: no cover  # a Python without its accelerators
        from json.encoder import py_encode_basestring_ascii as encode_basestring_ascii
    return encode_basestring_ascii(text)
