"""How a path is rewritten in each format that holds one: as a whole, and in the quotes of that format."""

from __future__ import annotations

import ast
import json
import os
import re
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING
from urllib.parse import quote

import pytest
from central_venv.repair.link_paths import LinkPaths
from central_venv.repair.places import Places, UnrepairableError
from hypothesis import given
from hypothesis import strategies as st
from virtualenv.activation.bash import BashActivator
from virtualenv.activation.cshell import CShellActivator
from virtualenv.activation.fish import FishActivator
from virtualenv.activation.xonsh import XonshActivator

if TYPE_CHECKING:
    from collections.abc import Callable

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="the paths are POSIX")

STORE = "/home/joe/store"
OLD, NEW = "foo-bd6c414b", "bar-00c0ffee"

#: What a path can hold: everything but a zero byte; a separator only begins a name.
NAMES = st.text(st.characters(exclude_characters="\0/", exclude_categories=["Cs"]), min_size=1, max_size=12).filter(
    lambda name: name not in {".", ".."}
)
ROOTS = st.lists(NAMES, min_size=1, max_size=3).map(lambda names: "/" + "/".join(names))


def places(store: str = STORE, roots: tuple[str, ...] = ("/p/foo",), root: str = "/p/bar") -> Places:
    return Places(store, [OLD], NEW, roots, root)


QUOTED: dict[str, Callable[[str], str]] = {
    "bare": str,
    "shell": shlex.quote,
    "shell, the other way": lambda text: "'" + text.replace("'", "'\\''") + "'",
    "double quotes as they are": lambda text: f'"{text}"',
    "Python": repr,
    "Python in ASCII": ascii,
    "JSON": json.dumps,
    "JSON in Unicode": lambda text: json.dumps(text, ensure_ascii=False),
    "PowerShell": lambda text: "'" + text.replace("'", "''") + "'",
    "cmd": lambda text: '"' + text.replace("%", "%%") + '"',
    "script of virtualenv": lambda text: shlex.quote(text).replace("\\", "'\"\\\\\"'"),
    "fish of virtualenv": FishActivator.quote,
    "csh of virtualenv": CShellActivator.quote,
    "nushell": lambda text: f"r#'{text}'#",
    "URL of pip": lambda text: "file://" + quote(text),
    "URL of uv": lambda text: "file://" + quote(text, safe="/!$&'()*+,;=:@~"),
}
STORES = [
    "/home/joe/store",
    "/a b/store",
    "/it's/store",
    '/"x"/store',
    "/$HOME/`x`",
    "/100%/store",
    "/日本/é",
    "/a\\b/s",
    "/!bang/s",
]


@pytest.mark.parametrize("write", QUOTED.values(), ids=QUOTED)
@pytest.mark.parametrize("store", STORES)
def test_a_home_is_renamed_in_any_quotes(store: str, write: Callable[[str], str]) -> None:
    def text(name: str) -> bytes:
        return f"a = {write(f'{store}/{name}/.venv/bin')}; b\n".encode()

    assert places(store).in_text(text(OLD)) == text(NEW)


def csh_of_virtualenv(text: str) -> bytes:
    """A word of ``activate.csh``, where each byte that is not ASCII ends its quotes."""
    return re.sub(rb"[\x80-\xff]", rb"\g<0>''", CShellActivator.quote(text).encode())


#: How virtualenv hides letters from shells that read a file in another encoding.
CODED: dict[str, Callable[[str], bytes]] = {
    "bash": lambda text: b"VIRTUAL_ENV=" + BashActivator.quote(text).encode(),
    "csh": lambda text: b"source " + csh_of_virtualenv(text) + b'"/"\'bin\'"/deactivate.csh"',
    "xonsh": lambda text: f"embedded = ({XonshActivator.quote(text)}, 1)".encode(),
    "xonsh in bytes": lambda text: f"builtins.bytes.fromhex('{text.encode().hex()}')".encode(),
}


@pytest.mark.parametrize("write", CODED.values(), ids=CODED)
@pytest.mark.parametrize("store", [*STORES, "/é", "/st-é", "/a é b/x y", "/=é+", "/it's é!\\ü", "/é'ü", "/new\nline é"])
@pytest.mark.parametrize("environment", [".venv", "my env", "é", "it's"])
def test_a_home_is_renamed_where_virtualenv_hides_it(
    store: str, environment: str, write: Callable[[str], bytes]
) -> None:
    def text(name: str) -> bytes:
        return b"it's\n[ ! -d " + write(f"{store}/{name}/{environment}") + b" ] # don't\n"

    assert places(store).in_activation(text(OLD)) == text(NEW)


@pytest.mark.parametrize("write", CODED.values(), ids=CODED)
@pytest.mark.parametrize("path", [f"{STORE}/{OLD}2/é", f"/é{STORE}/{OLD}/x", f"/é/{OLD}/x'%", "/p/foo/é'"])
def test_another_path_stays_where_virtualenv_hides_it(path: str, write: Callable[[str], bytes]) -> None:
    assert places().in_activation(write(path)) == write(path)


@pytest.mark.parametrize("text", [b".fromhex('123')", b".chr, (1114112, 47))", b".chr, (99999999999999999999, 1))"])
def test_numbers_that_are_no_path_stay(text: bytes) -> None:
    assert places().in_activation(text) == text


@given(store=ROOTS, environment=NAMES)
def test_a_home_is_renamed_where_virtualenv_hides_it_whatever_it_is_called(store: str, environment: str) -> None:
    there = Places(store, [OLD], NEW, (), "/p/bar")
    for name, write in CODED.items():
        old, new = (write(f"{store}/{home}/{environment}") for home in (OLD, NEW))
        assert there.in_activation(old) == new, name


@pytest.mark.parametrize("store", [b"/home/\xe9", b"/home/a b"])
def test_a_script_that_a_shell_starts_by_numbers_starts_the_new_python(store: bytes) -> None:
    def script(name: str) -> bytes:
        path = store + f"/{name}/.venv/bin/python".encode()
        octal = b"".join(b"\\%03o" % byte for byte in path)
        return b"#!/bin/sh\n'''exec' \"$(printf '" + octal + b"')\" \"$0\" \"$@\"\n' '''\nprint('$(printf')\n"

    assert places(os.fsdecode(store)).in_script(script(OLD)) == script(NEW)


@pytest.mark.parametrize(
    "text",
    [
        f"/mnt{STORE}/{OLD}/bin",
        f"/é{STORE}/{OLD}/bin",
        f"~{STORE}/{OLD}/bin",
        f"{STORE}/{OLD}2/bin",
        f"{STORE}/{OLD}-old/bin",
        f"{STORE}/{OLD}.bak/bin",
        f"{STORE}/{OLD} copy/bin",
        f"{STORE}/{OLD}é/bin",
        f"{STORE}/x{OLD}/bin",
        f"{STORE}2/{OLD}/bin",
        f"/other/store/{OLD}/bin",
        f"file:////{STORE}/{OLD}/bin",
    ],
)
def test_another_path_stays(text: str) -> None:
    assert places().in_text(text.encode()) == text.encode()


@pytest.mark.parametrize("before", ["", "#!", "=", ":", "(", "'", '"', " ", "file://", "\t", "\n"])
@pytest.mark.parametrize("after", ["/bin", "", ":", '"', "'", "\n", ")"])
def test_a_path_ends_and_begins_where_it_can(before: str, after: str) -> None:
    assert places().in_text(f"{before}{STORE}/{OLD}{after}".encode()) == f"{before}{STORE}/{NEW}{after}".encode()


def test_a_store_behind_a_link_is_known_by_both_paths(tmp_path: os.PathLike[str]) -> None:
    real, link = os.path.join(os.path.realpath(tmp_path), "real"), os.path.join(os.path.realpath(tmp_path), "link")
    os.mkdir(real)
    os.symlink(real, link)
    there = places(link)

    assert there.in_text(f"{real}/{OLD}/x {link}/{OLD}/x".encode()) == f"{real}/{NEW}/x {link}/{NEW}/x".encode()
    assert there.of_path(f"{real}/{OLD}/x") == f"{real}/{NEW}/x"


@pytest.mark.parametrize(
    ("path", "expected"),
    [
        ("/p/foo", "/p/bar"),
        ("/p/foo/src", "/p/bar/src"),
        ("/p/foo-bar", "/p/foo-bar"),
        ("/p/foo bar/src", "/p/foo bar/src"),
        ("/p/foo.bak", "/p/foo.bak"),
        ("/x/p/foo", "/x/p/foo"),
        ("p/foo", "p/foo"),
        (f"{STORE}/{OLD}", f"{STORE}/{NEW}"),
        (f"{STORE}/{OLD}/.venv", f"{STORE}/{NEW}/.venv"),
    ],
)
def test_a_path_leads_to_the_same_in_the_new_place(path: str, expected: str) -> None:
    assert places().of_path(path) == expected


def test_the_longest_of_several_former_places_counts() -> None:
    there = places(roots=("/p", "/p/foo"), root="/q")

    assert there.of_path("/p/foo/src") == "/q/src"
    assert there.of_path("/p/x") == "/q/x"


@pytest.mark.parametrize(
    ("roots", "root", "again", "expected"),
    [
        (("/p/foo",), "/p/bar", True, False),
        (("/p/foo",), "/p/foo/foo", False, False),
        (("/p/foo",), "/p/foo/foo", True, True),
        (("/p/foo/foo",), "/p/foo", True, True),
        (("/p/foo", "/p/foo/x"), "/q", False, True),
        (("/p/foo", "/p/foo2"), "/q", True, False),
        (("/p/foo", "/q"), "/q", True, False),
    ],
)
def test_places_overlap_where_a_path_may_be_in_two(
    roots: tuple[str, ...], root: str, again: object, expected: object
) -> None:
    assert places(roots=roots, root=root).overlap(again=bool(again)) is expected


def test_a_line_of_a_path_file_is_a_path_or_is_run() -> None:
    before = (
        "# a comment with /p/foo\n/p/foo/src\n/p/foo-bar\nimport x; x.add('/p/foo/src', '/p/foo-bar')\r\n"
        "/p/foo\nimport os; os.environ.get('/p')\n\n/p/foo"
    )
    after = (
        "# a comment with /p/foo\n/p/bar/src\n/p/foo-bar\nimport x; x.add('/p/bar/src', '/p/foo-bar')\r\n"
        "/p/bar\nimport os; os.environ.get('/p')\n\n/p/bar"
    )

    assert places().in_path_file(before.encode()) == after.encode()


@pytest.mark.parametrize("root", ["/p/two\nlines", "/p/ends with a blank ", "/p/line\u2028separator"])
def test_what_no_path_file_can_hold_is_said(root: str) -> None:
    with pytest.raises(UnrepairableError, match=r"which `.pth` files cannot hold"):
        places(root=root).in_path_file(b"/p/foo\n")


def test_strings_of_python_keep_their_value_and_nothing_else_changes() -> None:
    before = (
        "MAPPING: dict = {'demo': \"/p/foo/it's\", \"x\": '/p/foo-bar'}  # /p/foo\nx = f'/p/foo/{1}', '''/p/foo'''\n"
    )

    after = places(root="/new/'\"é").in_python(before.encode()).decode()

    assert ast.literal_eval(after.partition(" = ")[2].partition("  #")[0]) == {
        "demo": "/new/'\"é/it's",
        "x": "/p/foo-bar",
    }
    assert after.endswith("  # /p/foo\nx = f'/p/foo/{1}', '/new/\\'\"é'\n")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        pytest.param(b"# \xe9\nx = '/p/foo'\n", b"# \xe9\nx = '/p/bar'\n", id="not UTF-8"),
        pytest.param(b"\xef\xbb\xbfx = '/p/foo'\n", b"\xef\xbb\xbfx = '/p/bar'\n", id="after a byte order mark"),
        pytest.param(b"x = 0777, '/p/foo'\n", b"x = 0777, '/p/bar'\n", id="the grammar of another Python"),
        pytest.param(b"'\\d', '/p/foo/\\d'\n", b"'\\d', '/p/bar/\\\\d'\n", id="an escape that means itself"),
        pytest.param(b"x = 1\r'/p/foo'\x0c\r\n", b"x = 1\r'/p/bar'\x0c\r\n", id="ends of lines"),
        pytest.param(b"def f(): return'/p/foo'\n", b"def f(): return'/p/bar'\n", id="behind a word"),
        pytest.param(b"x = r'/p/foo', u'/p/foo'\n", b"x = '/p/bar', '/p/bar'\n", id="with a prefix"),
        pytest.param(b"x = '/p/\\\nfoo'\n", b"x = '/p/bar'\n", id="on two lines"),
        pytest.param(b"# it's\nx = '/p/foo'\n", b"# it's\nx = '/p/bar'\n", id="a quote in a comment"),
    ],
)
def test_strings_of_python_are_found_whatever_stands_around_them(before: bytes, after: bytes) -> None:
    assert places().in_python(before) == after


@pytest.mark.parametrize(
    "source",
    [
        pytest.param(b"x = f\"{'/p/foo'}\"\n", id="in a string that is computed"),
        pytest.param(b"x = Rb'/p/foo', t'/p/foo'\n", id="no string"),
        pytest.param(b"x = '/p/foo\xe9'\n", id="not UTF-8"),
        pytest.param(b"x = '''\n'/p/foo'\n'''\n", id="in a longer string"),
    ],
)
def test_what_is_no_path_alone_stays_in_python(source: bytes) -> None:
    assert places().in_python(source) == source


@pytest.mark.parametrize("source", [b"x = '/p/foo\n'", b"x = '/p/foo\\", b'x = """/p/foo""\\"'])
def test_a_string_that_never_ends_is_no_python(source: bytes) -> None:
    with pytest.raises(UnrepairableError, match=r"should be Python, and is not"):
        places().in_python(source)


def test_what_is_no_python_stays_unless_it_mentions_the_project() -> None:
    assert places().in_python(b"'''never ends\n") == b"'''never ends\n"
    with pytest.raises(UnrepairableError, match=r"should be Python, and is not"):
        places().in_python(b"x = '/p/foo'\n'''never ends\n")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("/p/foo/x", "/p/bar/x"),
        ("file:///p/foo", "file:///p/bar"),
        ("file:///p/%66oo/a%20b?q#f", "file:///p/bar/a%20b?q#f"),
        ("file://localhost/p/foo/", "file://localhost/p/bar/"),
        ("file:///p/foo-bar", "file:///p/foo-bar"),
        ("file://host/p/foo", "file://host/p/foo"),
        ("https://host/p/foo", "https://host/p/foo"),
        ("-e /p/foo", "-e /p/bar"),
        ("-e /p/foo[test]", "-e /p/bar[test]"),
        ("--find-links=/p/foo/wheels", "--find-links=/p/bar/wheels"),
        ("demo @ file:///p/foo/sub", "demo @ file:///p/bar/sub"),
        ("-e /p/foo-bar", "-e /p/foo-bar"),
        ("-e /p/foo bar", "-e /p/foo bar"),
        ("-e /x/p/foo", "-e /x/p/foo"),
        ("nothing of it", "nothing of it"),
    ],
)
def test_strings_of_json(value: str, expected: str) -> None:
    text = json.dumps({"deps": [value], "more": {"x": 1}}, indent=2)

    assert json.loads(places().in_json(text.encode())) == {"deps": [expected], "more": {"x": 1}}


def test_json_keeps_its_form() -> None:
    text = b'{"a": 1,\n\t"url": "file:///p/foo", "b": "\\u00e9"}'

    assert places().in_json(text) == b'{"a": 1,\n\t"url": "file:///p/bar", "b": "\\u00e9"}'


def test_a_url_is_quoted_as_uv_and_pip_read_it() -> None:
    found = json.loads(places(root="/new/a b%é(1)+").in_json(b'{"url": "file:///p/foo/x"}'))

    assert found["url"] == "file:///new/a%20b%25%C3%A9(1)+/x"


def test_a_configuration_keeps_its_prompt() -> None:
    before = (
        f"home = /p/foo/python/bin\ncommand = /x/python -m venv {STORE}/{OLD}/.venv\nprompt = /p/foo\n"
        "version = 3\nno value\n"
    )
    after = (
        f"home = /p/bar/python/bin\ncommand = /x/python -m venv {STORE}/{NEW}/.venv\nprompt = /p/foo\n"
        "version = 3\nno value\n"
    )

    assert places().in_configuration(before.encode()) == after.encode()


@given(old=ROOTS, new=ROOTS)
def test_python_and_json_mean_the_new_path_whatever_it_is(old: str, new: str) -> None:
    there = places(roots=(old,), root=new)

    assert ast.literal_eval(there.in_python(repr(f"{old}/x").encode()).decode()) == f"{new}/x"
    assert json.loads(there.in_json(json.dumps(f"{old}/x").encode())) == f"{new}/x"
    url = "file://" + quote(f"{old}/x")
    assert (
        places(roots=(old,), root=new).in_json(json.dumps(url).encode())
        == json.dumps("file://" + quote(f"{new}/x", safe="/!$&'()*+,;=:@~")).encode()
        or old == new
    )


@given(st.binary(max_size=200))
def test_what_holds_none_of_the_places_stays_byte_for_byte(content: bytes) -> None:
    there = Places("/no/such/store", [OLD], NEW, ["/no/such/root"], "/p/bar")

    assert there.in_text(content) == content
    assert there.in_configuration(content) == content
    assert there.in_json(content) == content
    assert there.in_path_file(content) == content
    assert there.in_python(content) == content


# the paths of a link in the project


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("#!/p/foo/.venv/bin/python -I\nx", "#!/s/e/bin/python -I\nx"),
        ("#! /p/foo/.venv/bin/python\n'/p/foo/.venv'", "#! /s/e/bin/python\n'/p/foo/.venv'"),
        ("#!/p/foo/.venv-3.13/bin/python\n", "#!/p/foo/.venv-3.13/bin/python\n"),
        ("#!/x/p/foo/.venv/bin/python\n", "#!/x/p/foo/.venv/bin/python\n"),
    ],
)
def test_a_first_line_that_names_a_link_names_the_environment(text: str, expected: str) -> None:
    assert LinkPaths(["/p/foo/.venv"], "/s/e").in_beginning(text.encode()).decode() == expected


@pytest.mark.parametrize("environment", ["/s/e", "/s/it's a", '/s/"$x`\\e'])
@pytest.mark.parametrize("word", ["'/p/foo/.venv/bin/python'", '"/p/foo/.venv/bin/python"', "/p/foo/.venv/bin/python"])
def test_a_shell_that_is_told_of_a_link_finds_the_environment(word: str, environment: str) -> None:
    text = f"#!/bin/sh\n'''exec' {word} \"$0\"\n' '''\n".encode()

    found = LinkPaths(["/p/foo/.venv"], environment).in_beginning(text)

    command = found.split(b"\n")[1].replace(b"'''exec'", b"printf %s,%s")
    said = subprocess.run(["sh", "-c", command], check=True, capture_output=True, text=True).stdout
    assert said == f"{environment}/bin/python,sh"


@pytest.mark.parametrize("link", ["/p/it's a/.venv", '/p/"$x`/.venv'])
@pytest.mark.parametrize("environment", ["/s/e", "/s/it's a", '/s/"$x`\\e'])
def test_a_link_in_an_activation_file_can_be_called_anything(link: str, environment: str) -> None:
    text = f"VIRTUAL_ENV={shlex.quote(link)}\nx".encode()

    found = LinkPaths([link], environment).in_text(text).decode()

    assert shlex.split(found) == [f"VIRTUAL_ENV={environment}", "x"]


@pytest.mark.parametrize("environment", ["/s/e", "/s/it's a\\x", '/s/"$x`\\e'])
@pytest.mark.parametrize("word", ["'/p/foo/.venv/bin/python'", '"/p/foo/.venv/bin/python"', "/p/foo/.venv/bin/python"])
def test_python_reads_the_line_by_which_a_shell_starts_it(word: str, environment: str) -> None:
    text = f"#!/bin/sh\n'''exec' {word} \"$0\" \"$@\"\n' '''\n".encode()

    found = LinkPaths(["/p/foo/.venv"], environment).in_beginning(text)

    subprocess.run([sys.executable, "-W", "error", "-c", found], check=True)


@pytest.mark.parametrize("link", ["/p/é/.venv", "/p/it's é!/.venv"])
@pytest.mark.parametrize("environment", ["/s/e", "/s/it's ü!\\n"])
@pytest.mark.parametrize("write", CODED.values(), ids=CODED)
def test_a_link_that_virtualenv_hides_becomes_the_environment(
    link: str, environment: str, write: Callable[[str], bytes]
) -> None:
    there = places()
    there.link = LinkPaths([link], environment)

    found = there.in_activation(write(link))

    assert value(found) == environment
    assert there.in_activation(write(f"{link}-3.13")) == write(f"{link}-3.13")


def value(text: bytes) -> str:
    """The path in one of those texts."""
    word = text.decode("utf-8", "surrogateescape")
    if word.startswith("embedded"):
        found: str = eval(word.partition(" = ")[2])[0]  # our own
        return found
    if word.startswith("builtins"):
        return eval(word.removeprefix("builtins.")).decode()  # type: ignore[no-any-return]  # our own
    if word.startswith("source"):
        return (
            shlex.split(word, posix=True)[1]
            .removesuffix("/bin/deactivate.csh")
            .encode("utf-8", "surrogateescape")
            .decode()
        )
    said = subprocess.run(["sh", "-c", f'{word}; printf %s "$VIRTUAL_ENV"'], check=True, capture_output=True)
    return said.stdout.decode()


def test_a_raw_string_of_nushell_that_names_a_link_names_the_environment() -> None:
    found = LinkPaths(["/p/foo/.venv"], "/s/it's").in_text(b"let virtual_env = r#'/p/foo/.venv'#\n")

    assert found == b"let virtual_env = r#'/s/it's'#\n"
