"""The records, whatever their files hold."""

from __future__ import annotations

import json
import os
import sys
from typing import TYPE_CHECKING

import pytest
from central_venv.errors import CentralVenvError, DamagedRecordError, NewerRecordError
from central_venv.store.environment_record import (
    CREATING,
    READY,
    EnvironmentRecord,
    Holder,
    read_environment,
    write_environment,
)
from central_venv.store.project_record import ProjectRecord, is_project_record_of, read_project, write_project
from hypothesis import given
from hypothesis import strategies as st

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ROOT = "C:\\project" if sys.platform == "win32" else "/project"

texts = st.text(st.characters(exclude_characters="\0", exclude_categories=()), min_size=1).filter(
    # JSON joins two surrogates that make a pair: no file name has them
    lambda text: text == json.loads(json.dumps(text))
)
optional = st.none() | texts
# A root is a path, and not every text can be one.
roots = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])).map(ROOT.__add__)
holders = st.none() | st.tuples(st.integers(0, 1 << 64), texts, texts)

PROJECT = {"schema": 1, "root": ROOT, "created": "c", "host": "h", "mount": "/", "volume": "v", "inode": 7}
ENVIRONMENT = {
    "schema": 1,
    "runner": "tox",
    "name": "py312",
    "state": "ready",
    "path": "/store/py312",
    "created": 1795251600.25,
    "python": "3.12.1",
    "holder": {"pid": 1, "host": "h", "command": "c"},
    "request": "3.12",
}
READERS = [
    pytest.param(read_project, PROJECT, id="project"),
    pytest.param(read_environment, ENVIRONMENT, id="environment"),
]


def project_fields(record: ProjectRecord | None) -> object:
    return record and (record.root, record.created, record.host, record.mount, record.volume, record.inode)


def environment_fields(record: EnvironmentRecord | None) -> tuple[object, ...]:
    assert record is not None
    holder = record.holder and (record.holder.pid, record.holder.host, record.holder.command)
    return record.runner, record.name, record.state, record.created, record.python, holder


@pytest.fixture(scope="module")
def path(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("records") / "record.json")


@given(
    root=roots,
    created=optional,
    host=optional,
    mount=optional,
    volume=optional,
    inode=st.none() | st.integers(0, 1 << 64),
)
def test_a_project_record_is_read_as_it_was_written(  # noqa: PLR0913, PLR0917
    root: str,
    created: str | None,
    host: str | None,
    mount: str | None,
    volume: str | None,
    inode: int | None,
    path: str,
) -> None:
    write_project(path, ProjectRecord(root, created=created, host=host, mount=mount, volume=volume, inode=inode))

    assert project_fields(read_project(path)) == (root, created, host, mount, volume, inode)
    assert is_project_record_of(path, root)
    assert not is_project_record_of(path, root[:-1])
    assert not is_project_record_of(path, f"{root}x")


@given(
    runner=texts,
    name=texts,
    state=st.sampled_from([READY, CREATING]),
    created=st.none() | st.floats(allow_nan=False),
    python=optional,
    holder=holders,
    request=optional | st.just(""),
)
def test_an_environment_record_is_read_as_it_was_written(  # noqa: PLR0913, PLR0917
    runner: str,
    name: str,
    state: str,
    created: float | None,
    python: str | None,
    holder: tuple[int, str, str] | None,
    request: str | None,
    path: str,
) -> None:
    held = None if holder is None else Holder(*holder)
    written = EnvironmentRecord(runner, name, state=state, created=created, python=python, holder=held, request=request)
    write_environment(path, written)

    found = read_environment(path)
    assert found is not None
    assert (*environment_fields(found), found.request) == (runner, name, state, created, python, holder, request)


def test_the_last_use_is_the_time_of_the_file(tmp_path: Path) -> None:
    path = str(tmp_path / "py312.json")
    write_environment(path, EnvironmentRecord("tox", "py312", state=READY))
    os.utime(path, (86400, 1795521600.5))

    record = read_environment(path)

    assert record is not None
    assert record.last_used == 1795521600.5


def test_a_record_that_was_not_read_from_a_file_was_never_used() -> None:
    assert EnvironmentRecord("tox", "py312", state=READY).last_used is None


def test_a_last_use_that_an_old_record_tells_is_overlooked(tmp_path: Path) -> None:
    path = tmp_path / "py312.json"
    path.write_text(json.dumps({**ENVIRONMENT, "last_used": "2026-11-21T09:00:00Z"}))
    os.utime(path, (0, 86400))

    record = read_environment(str(path))

    assert record is not None
    assert record.last_used == 86400


@pytest.mark.skipif(sys.platform == "win32", reason="paths are POSIX")
def test_a_project_record_is_plain_json(tmp_path: Path) -> None:
    record = ProjectRecord(
        "/é\udcff",
        created="2026-11-21T09:00:00Z",
        host="laptop",
        mount="/",
        volume=None,
        inode=1234,
        generation=99,
        parent=1200,
        born=1795251600.25,
        parent_born=1795200000.5,
        parent_volume="8a6bf1d3",
        recorded="2026-11-22T09:00:00Z",
    )

    write_project(str(tmp_path / "project.json"), record)

    assert (tmp_path / "project.json").read_bytes() == (
        b'{"schema": 1, "root": "/\\u00e9\\udcff", "created": "2026-11-21T09:00:00Z", '
        b'"host": "laptop", "mount": "/", "volume": null, "inode": 1234, '
        b'"generation": 99, "parent": 1200, "born": 1795251600.25, "parent_born": 1795200000.5, '
        b'"parent_volume": "8a6bf1d3", "recorded": "2026-11-22T09:00:00Z"}\n'
    )


def test_a_project_record_of_an_older_version_knows_nothing_of_the_directory_above(tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    path.write_text(json.dumps(PROJECT))

    record = read_project(str(path))

    assert record is not None
    assert (record.inode, record.parent, record.born, record.recorded) == (7, None, None, None)


@pytest.mark.parametrize("born", ["7", True, 7, [7], {}])
def test_a_birth_that_is_no_time_is_unknown(born: object, tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    path.write_text(json.dumps({**PROJECT, "born": born, "parent_born": born}))

    record = read_project(str(path))

    assert record is not None
    assert (record.born, record.parent_born) == (None, None)


def test_a_project_record_survives_a_power_cut(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    flushed: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda descriptor: flushed.append(os.fstat(descriptor).st_size))

    write_project(str(tmp_path / "project.json"), ProjectRecord(ROOT))

    assert flushed == [(tmp_path / "project.json").stat().st_size]


def test_an_environment_record_is_plain_json(tmp_path: Path) -> None:
    record = EnvironmentRecord(
        "tox",
        "py312",
        state=READY,
        path="/store/py312",
        created=1795251600.25,
        python="3.12.1",
        holder=Holder(123, "laptop", "tox run"),
        last_used=86400,
    )

    write_environment(str(tmp_path / "py312.json"), record)

    assert (tmp_path / "py312.json").read_bytes() == (
        b'{"schema": 1, "runner": "tox", "name": "py312", "state": "ready", "path": "/store/py312", '
        b'"created": 1795251600.25, "python": "3.12.1", '
        b'"holder": {"pid": 123, "host": "laptop", "command": "tox run"}}\n'
    )


def test_a_request_is_written_if_there_is_one(tmp_path: Path) -> None:
    record = EnvironmentRecord("hatch", "default", state=CREATING, request="3.12")

    write_environment(str(tmp_path / "default.json"), record)

    assert (tmp_path / "default.json").read_bytes() == (
        b'{"schema": 1, "runner": "hatch", "name": "default", "state": "creating", "created": null, '
        b'"python": null, "holder": null, "request": "3.12"}\n'
    )


def test_without_a_request_the_file_says_nothing_of_one(tmp_path: Path) -> None:
    path = tmp_path / "py312.json"

    write_environment(str(path), EnvironmentRecord("tox", "py312", state=READY))

    record = read_environment(str(path))
    assert "request" not in json.loads(path.read_text())
    assert record is not None
    assert record.request is None


@pytest.mark.parametrize("request_", [None, 1, 3.12, True, [], ["3.12"], {}], ids=str)
def test_a_request_that_is_no_text_is_unknown(request_: object, tmp_path: Path) -> None:
    path = tmp_path / "py312.json"
    path.write_text(json.dumps({**ENVIRONMENT, "request": request_}))

    record = read_environment(str(path))

    assert record is not None
    assert record.request is None
    assert record.state == READY


def test_a_holder_is_shown_with_its_command_process_and_machine() -> None:
    assert str(Holder(123, "laptop", "tox run")) == "`tox run` (process 123 on laptop)"


@pytest.mark.parametrize("read", [read_project, read_environment])
def test_no_file_is_no_record(read: Callable[[str], object], tmp_path: Path) -> None:
    assert read(str(tmp_path / "missing.json")) is None


def test_no_file_is_nobodys_project_record(tmp_path: Path) -> None:
    assert not is_project_record_of(str(tmp_path / "missing.json"), ROOT)


@pytest.mark.parametrize(("read", "fields"), READERS)
def test_a_record_that_was_cut_anywhere_is_damaged(
    read: Callable[[str], object], fields: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "record.json"
    whole = json.dumps(fields).encode()

    for length in range(len(whole)):
        path.write_bytes(whole[:length])
        with pytest.raises(DamagedRecordError):
            read(str(path))


def test_a_project_record_that_was_cut_before_its_root_ends_is_not_surely_ours(tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    whole = json.dumps(PROJECT).encode()

    for length in range(len(whole.partition(b' "created"')[0])):
        path.write_bytes(whole[:length])
        assert not is_project_record_of(str(path), ROOT)


@pytest.mark.parametrize(("read", "fields"), READERS)
@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"", id="empty"),
        pytest.param(b"\0" * 100, id="zeros, as after a crash"),
        pytest.param(b"\xff\xfe\x00", id="no Unicode"),
        pytest.param(b"[]", id="a list"),
        pytest.param(b"null", id="null"),
        pytest.param(b'"text"', id="a text"),
        pytest.param(b"1", id="a number"),
        pytest.param(b"NaN", id="not a number"),
        pytest.param(b"{}", id="no fields"),
        pytest.param(b"[" * 200_000, id="nested lists"),
        pytest.param(b'{"a":' * 100_000, id="nested objects"),
        pytest.param(b'{"schema": 1} trailing', id="something behind it"),
        pytest.param(b'{"schema": ' + b"9" * 10_000 + b"}", id="a number of ten thousand digits"),
        pytest.param(b" " * (3 << 20), id="three megabytes"),
    ],
)
def test_what_is_no_record_is_damaged(
    content: bytes, read: Callable[[str], object], fields: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "record.json"
    path.write_bytes(content)

    with pytest.raises(DamagedRecordError) as caught:
        read(str(path))

    assert caught.value.message == f"the record `{path}` is damaged"
    assert caught.value.hint.startswith("remove that file: it is written anew when ")
    assert path.read_bytes() == content
    assert not is_project_record_of(str(path), ROOT)


@pytest.mark.parametrize(("read", "fields"), READERS)
@pytest.mark.parametrize("schema", [None, True, False, 0, -1, "1", 1.0, [1], {"1": 1}, float("nan")])
def test_a_record_of_no_known_schema_is_damaged(
    schema: object, read: Callable[[str], object], fields: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "record.json"
    path.write_text(json.dumps({**fields, "schema": schema}))

    with pytest.raises(DamagedRecordError):
        read(str(path))


@pytest.mark.parametrize(("read", "fields"), READERS)
@pytest.mark.parametrize("rest", [{}, {"root": None, "runner": None}], ids=["same fields", "other fields"])
def test_a_record_of_a_newer_schema_is_left_to_a_newer_version(
    rest: dict[str, object], read: Callable[[str], object], fields: dict[str, object], tmp_path: Path
) -> None:
    path = tmp_path / "record.json"
    path.write_text(json.dumps({**fields, **rest, "schema": 2}))

    with pytest.raises(NewerRecordError) as caught:
        read(str(path))

    assert caught.value.message == f"`{path}` was written by a newer central-venv (schema 2, known is 1)"
    assert caught.value.hint == "upgrade central-venv here; nothing was changed"
    assert not is_project_record_of(str(path), ROOT)


@pytest.mark.parametrize("root", [None, 1, "", "relative", "../up", f"{ROOT}\0", ["/a"], {}], ids=ascii)
def test_a_project_record_without_an_absolute_root_is_damaged(root: object, tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    path.write_text(json.dumps({**PROJECT, "root": root}))

    with pytest.raises(DamagedRecordError):
        read_project(str(path))


@pytest.mark.parametrize("value", [None, 1, True, "", "a\0", [], {}, float("inf")])
def test_fields_of_a_project_record_that_are_no_texts_are_unknown(value: object, tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    path.write_text(json.dumps({**PROJECT, **dict.fromkeys(["created", "host", "mount", "volume"], value)}))

    assert project_fields(read_project(str(path))) == (ROOT, None, None, None, None, 7)


@pytest.mark.parametrize("inode", [None, "7", True, 7.0, [7], {}, float("nan")])
def test_an_inode_that_is_no_number_is_unknown(inode: object, tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    path.write_text(json.dumps({**PROJECT, "inode": inode}))

    assert project_fields(read_project(str(path))) == (ROOT, "c", "h", "/", "v", None)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has names with lone surrogates")
@pytest.mark.parametrize("name", ["\ud800", "a\ud83d", "\udcff\udfff"], ids=ascii)
def test_a_project_record_whose_root_cannot_be_a_path_is_damaged(name: str, tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    path.write_text(json.dumps({**PROJECT, "root": f"/project/{name}"}))

    with pytest.raises(DamagedRecordError):
        read_project(str(path))


@pytest.mark.parametrize("python", [None, 1, 3.12, True, "", "a\0", [], {}])
@pytest.mark.parametrize("created", [None, True, "", "2026-11-21T09:00:00Z", [], {}])
def test_fields_of_an_environment_record_that_are_of_another_kind_are_unknown(
    python: object, created: object, tmp_path: Path
) -> None:
    path = tmp_path / "py312.json"
    path.write_text(json.dumps({**ENVIRONMENT, "created": created, "python": python}))

    assert environment_fields(read_environment(str(path))) == ("tox", "py312", "ready", None, None, (1, "h", "c"))


@pytest.mark.parametrize(
    "change",
    [
        {"runner": None},
        {"runner": 1},
        {"runner": ""},
        {"name": None},
        {"name": ["py312"]},
        {"name": "a\0b"},
        {"state": None},
        {"state": "broken"},
        {"state": 1},
        {"state": True},
    ],
    ids=str,
)
def test_an_environment_record_with_a_wrong_field_is_damaged(change: dict[str, object], tmp_path: Path) -> None:
    path = tmp_path / "py312.json"
    path.write_text(json.dumps({**ENVIRONMENT, **change}))

    with pytest.raises(DamagedRecordError):
        read_environment(str(path))


@pytest.mark.parametrize(
    "holder",
    [
        None,
        1,
        "tox",
        [],
        {},
        {"pid": "1", "host": "h", "command": "c"},
        {"pid": 1.5, "host": "h", "command": "c"},
        {"pid": 1, "host": 2, "command": "c"},
        {"pid": 1, "host": "h", "command": None},
    ],
    ids=str,
)
def test_a_holder_that_is_none_is_unknown(holder: object, tmp_path: Path) -> None:
    path = tmp_path / "py312.json"
    path.write_text(json.dumps({**ENVIRONMENT, "holder": holder}))

    assert environment_fields(read_environment(str(path))) == ("tox", "py312", "ready", 1795251600.25, "3.12.1", None)


def test_fields_that_are_not_known_are_overlooked(tmp_path: Path) -> None:
    path = tmp_path / "py312.json"
    path.write_text(json.dumps({**ENVIRONMENT, "colour": "red"}))

    assert environment_fields(read_environment(str(path))) == (
        "tox",
        "py312",
        "ready",
        1795251600.25,
        "3.12.1",
        (1, "h", "c"),
    )


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda children: st.lists(children) | st.dictionaries(st.text(), children),
    max_leaves=8,
)


changes = st.dictionaries(st.sampled_from([*PROJECT, *ENVIRONMENT]), json_values)
jsons = st.builds(lambda fields, changes: {**fields, **changes}, st.sampled_from([{}, PROJECT, ENVIRONMENT]), changes)


@given(fields=jsons)
def test_every_json_is_a_record_or_an_error_of_ours(fields: dict[str, object], path: str) -> None:
    with open(path, "w", encoding="utf-8") as file:
        json.dump(fields, file)

    for read in (read_project, read_environment):
        try:
            record: object = read(path)
        except CentralVenvError:
            continue
        assert record is not None
        assert fields["schema"] == 1


@given(content=st.binary())
def test_all_bytes_are_a_record_or_an_error_of_ours(content: bytes, path: str) -> None:
    with open(path, "wb") as file:
        file.write(content)

    for read in (read_project, read_environment):
        with pytest.raises(DamagedRecordError):
            read(path)


@pytest.mark.skipif(sys.platform == "win32", reason="links are POSIX")
def test_a_record_behind_a_link_is_damaged(tmp_path: Path) -> None:
    write_project(str(tmp_path / "elsewhere.json"), ProjectRecord(ROOT))
    os.symlink("elsewhere.json", tmp_path / "project.json")

    with pytest.raises(DamagedRecordError):
        read_project(str(tmp_path / "project.json"))

    assert not is_project_record_of(str(tmp_path / "project.json"), ROOT)


@pytest.mark.parametrize("state", [[], {}, ["ready"]], ids=str)
def test_an_environment_record_whose_state_is_no_text_is_damaged(state: object, tmp_path: Path) -> None:
    path = tmp_path / "py312.json"
    path.write_text(json.dumps({"schema": 1, "runner": "tox", "name": "a", "state": state}))

    with pytest.raises(DamagedRecordError):
        read_environment(str(path))


def test_a_project_record_that_was_cut_anywhere_is_not_surely_ours(tmp_path: Path) -> None:
    path = tmp_path / "project.json"
    write_project(str(path), ProjectRecord("/project", created="c", host="h"))
    whole = path.read_bytes()

    for length in range(len(whole) - 1):  # only the last line break may be missing
        path.write_bytes(whole[:length])
        assert not is_project_record_of(str(path), "/project")
