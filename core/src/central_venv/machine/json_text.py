"""JSON as the standard library writes it, without loading that.

`json` loads the regular expressions, which take half of Python's start-up time. Each lookup compares a record with what
would be written, and a shell or mise asks for an answer in JSON whenever a directory is entered.
"""

from __future__ import annotations


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
