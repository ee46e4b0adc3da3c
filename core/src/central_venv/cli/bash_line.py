"""A command line that somebody types in bash, which hands over the raw text and inserts raw text.

Of quoting, bash's own completion knows nothing but for the names of files.
"""

from __future__ import annotations

#: What needs no backslash in front of it.
_PLAIN = frozenset("@%+:,./-_=")
#: What needs one between double quotes.
_SPECIAL_IN_QUOTES = frozenset('"\\$`')
#: What means earlier lines even there, where a backslash in front of it would stay.
_HISTORY = "!"


class TypedLine:
    """What is typed so far.

    Attributes:
        words: the words as the shell will understand them; the last one is being typed, and may be empty.
        raw: the last one as it is typed.
        quote: the quote that is open at the end; empty if there is none.
    """

    __slots__ = ("quote", "raw", "words")

    def __init__(self, line: str) -> None:
        """Read a line, expanding nothing.

        Args:
            line: what is typed behind the program's name.
        """
        self.words: list[str] = []
        self.raw = self.quote = ""
        word, escaped = "", False
        for character in line:
            if not (self.quote or escaped) and character.isspace():
                if self.raw:
                    self.words.append(word)
                word = self.raw = ""
                continue
            self.raw += character
            if escaped:
                word += character
                escaped = False
            elif character == "\\" and self.quote != "'":
                escaped = True
            elif character == self.quote:
                self.quote = ""
            elif character in {"'", '"'} and not self.quote:
                self.quote = character
            else:
                word += character
        self.words.append(word)

    def insertion(self, text: str, word: str) -> str | None:
        """What stands for a text in the place of the word that bash completes; None if that cannot be written there.

        Args:
            text: the whole of what the last word is to become.
            word: the part of it that bash replaces: it takes `=` and `:` for ends of words, and leaves out open quotes.
        """
        if self.quote == '"' and _HISTORY in text:
            return None
        written = self.quote + self._quoted(text)
        return written.removeprefix(self.raw.removesuffix(word)) if written.startswith(self.raw) else None

    def _quoted(self, text: str) -> str:
        if self.quote == "'":
            return text.replace("'", "'\\''")
        if self.quote:
            return "".join(f"\\{character}" if character in _SPECIAL_IN_QUOTES else character for character in text)
        return "".join(
            character if character.isalnum() or character in _PLAIN else f"\\{character}" for character in text
        )
