r"""Paths that virtualenv writes as numbers or as bytes set apart, so that a shell reads them in any locale.

Since 21.15.11, of a path that is not ASCII:

    activate        VIRTUAL_ENV=/a/"$(... printf '%b' '\0303\0251')"/foo      each run of its letters in octal
    activate.csh    setenv VIRTUAL_ENV '/a/<C3>''<A9>''/foo'                    each of its bytes in quotes of its own
    activate.xsh    bytes.fromhex('2f612fc3a92f666f6f')                         the whole path in hexadecimal

and before that already, of one that is odd in xonsh, `''.join(map(chr, (47, 97, ...)))`, the whole path as numbers. Of
one that is not UTF-8, the line that has `/bin/sh` start a script has `"$(printf '\057\141...')"`, all of it in octal.
"""

from __future__ import annotations

import os
import re
import shlex

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

#: A backslash in single quotes, in a line that `/bin/sh` and Python read.
DOUBLED_BACKSLASH = b"'\"\\\\\"'"

#: Where a word begins that is an absolute path.
_WORD_BEGINS = rb"(?<![^\s=(])(?='?(?:/|[A-Za-z]:[/\\]))"
_OCTAL = rb"\"\$\([^()\"']*'%b' '(?:\\0[0-7]{3})+'\)\""
_BASH_WORD = re.compile(_WORD_BEGINS + rb"(?:[\w@%+=:,./-]|'[^']*'|\"'\"|" + _OCTAL + rb")+")
_BASH_PART = re.compile(
    rb"'(?P<quoted>[^']*)'|\"(?P<quote>')\"|(?P<how>\"\$\([^()\"']*'%b' )'(?P<octal>[\\0-7]+)'\)\"|(?P<bare>[^'\"]+)"
)
_CSH_WORD = re.compile(_WORD_BEGINS + rb"'[^']*'(?:'[^']*'|\"'\"|\\[\\!])*")
_CSH_PART = re.compile(rb"'(?P<quoted>[^']*)'|\"(?P<quote>')\"|\\(?P<escaped>.)")
_APART = re.compile(rb"[\x80-\xff]''")
_HEXADECIMAL = re.compile(rb"(?<=\.fromhex\(')[0-9a-f]+(?='\))")
_NUMBERS = re.compile(rb"(?<=\.chr, \()\d+(?:, \d+)*(?=,?\)\))")
_START = re.compile(rb"(?<=\A#!/bin/sh\n'''exec' \"\$\(printf ')(?:\\[0-7]{3})+(?='\)\")")
_NOT_ASCII = re.compile(r"([^\x00-\x7f]+)")


def rewrite(content: bytes, new: Callable[[str], str]) -> bytes:
    """An activation file, with other paths where they are written so.

    Args:
        content: what it holds.
        new: the path to be written instead of one.
    """
    content = _BASH_WORD.sub(lambda word: _bash(word[0], new), content)
    content = _CSH_WORD.sub(lambda word: _csh(word[0], new), content)
    content = _HEXADECIMAL.sub(lambda word: _hexadecimal(word[0], new), content)
    return _NUMBERS.sub(lambda word: _letters(word[0], new), content)


def rewrite_start(content: bytes, new: Callable[[str], str]) -> bytes:
    """A script, with another Python where `/bin/sh` starts that by a path that is written so.

    Args:
        content: what it holds.
        new: the path to be written instead of one.
    """
    return _START.sub(lambda word: _octal(word[0], new), content)


def _octal(word: bytes, new: Callable[[str], str]) -> bytes:
    old = os.fsdecode(_bytes_of(word.split(b"\\")))
    return b"".join(b"\\%03o" % byte for byte in os.fsencode(new(old)))


def _bytes_of(numbers: list[bytes]) -> bytes:
    """The bytes of octal numbers, but the first, which is what stands before them."""
    return bytes(int(number, 8) & 0xFF for number in numbers[1:])


def _bash(word: bytes, new: Callable[[str], str]) -> bytes:
    parts = list(_BASH_PART.finditer(word))
    how = next((part["how"] for part in parts if part["how"]), None)
    if how is None:
        return word
    old = os.fsdecode(b"".join(map(_bash_value, parts)))
    if (path := new(old)) == old:
        return word
    return b"".join(
        os.fsencode(shlex.quote(part))
        if part.isascii()
        else how + b"'" + b"".join(b"\\0%03o" % byte for byte in os.fsencode(part)) + b"')\""
        for part in _NOT_ASCII.split(path)
        if part
    )


def _bash_value(part: re.Match[bytes]) -> bytes:
    if part["octal"]:
        return _bytes_of(part["octal"].split(b"\\0"))
    return part["quoted"] or part["quote"] or part["bare"] or b""


def _csh(word: bytes, new: Callable[[str], str]) -> bytes:
    if not _APART.search(word):
        return word
    parts = _CSH_PART.finditer(word)
    old = os.fsdecode(b"".join(part["quoted"] or part["quote"] or part["escaped"] or b"" for part in parts))
    if (path := new(old)) == old:
        return word
    quoted = os.fsencode(path).replace(b"'", b"'\"'\"'").replace(b"\\", b"'\\\\'").replace(b"!", b"'\\!'")
    return b"'" + re.sub(rb"[\x80-\xff]", rb"\g<0>''", quoted) + b"'"


def _hexadecimal(word: bytes, new: Callable[[str], str]) -> bytes:
    try:
        old = bytes.fromhex(word.decode())
    except ValueError:  # half a byte
        return word
    return os.fsencode(new(os.fsdecode(old))).hex().encode()


def _letters(word: bytes, new: Callable[[str], str]) -> bytes:
    try:
        old = "".join(chr(int(number)) for number in word.split(b", "))
    except (ValueError, OverflowError):
        return word
    return ", ".join(str(ord(letter)) for letter in new(old)).encode()
