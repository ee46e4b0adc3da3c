"""Reading and writing the small JSON files that are records.

Directories are the truth and records annotate them: a reader believes nothing in a record that the directories or the
key can tell, and treats whatever does not look like one of ours as damaged.
"""

from __future__ import annotations

from central_venv.errors import DamagedRecordError, NewerRecordError
from central_venv.machine import files
from central_venv.machine.json_text import json_text, parse

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Mapping

#: The number of the form that records have; a greater one is of a newer central-venv.
SCHEMA = 1


def begins_with(path: str, fields: Mapping[str, str]) -> bool:
    """Whether a file is surely a record of ours with certain fields; False means that it must be looked at closely.

    Every lookup and every command in an environment asks that, so it takes the short way: it compares the bytes that
    `encode` would write.

    Args:
        path: the file.
        fields: the first ones, in their order.
    """
    content = files.read(path)
    if content is None:
        return False
    start = json_text({"schema": SCHEMA, **fields}).removesuffix("}") + ", "
    return content.startswith(start.encode()) and content.rstrip().endswith(b"}")


def text_in(fields: Mapping[str, object], key: str) -> str | None:
    """A field that is a text which can stand for something; None if it is not."""
    value = fields.get(key)
    return value if type(value) is str and value and "\0" not in value else None


def encode(fields: Mapping[str, object]) -> bytes:
    """The content of a record with certain fields."""
    import json

    return f"{json.dumps({'schema': SCHEMA, **fields})}\n".encode()


def decode(path: str, content: bytes, remedy: str) -> dict[str, object]:
    """The fields of a record.

    Args:
        path: the record's file, for complaints.
        content: what it holds.
        remedy: what comes of removing it, in words.

    Raises:
        DamagedRecordError: it is no record.
        NewerRecordError: it was written by a newer central-venv.
    """
    try:
        fields = parse(content.decode())
    except (ValueError, RecursionError) as error:  # no JSON, no Unicode, or thousands of brackets
        raise damaged(path, remedy) from error
    if not isinstance(fields, dict):
        raise damaged(path, remedy)
    schema = fields.get("schema")
    if type(schema) is int and schema == SCHEMA:
        return fields
    if not isinstance(schema, int) or isinstance(schema, bool) or schema < SCHEMA:
        raise damaged(path, remedy)
    raise NewerRecordError(
        f"`{path}` was written by a newer central-venv (schema {schema}, known is {SCHEMA})",
        hint="upgrade central-venv here; nothing was changed",
    )


def damaged(path: str, remedy: str) -> DamagedRecordError:
    """The error that a record is not what central-venv writes."""
    return DamagedRecordError(f"the record `{path}` is damaged", hint=f"remove that file: {remedy}")
