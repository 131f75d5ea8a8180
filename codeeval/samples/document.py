"""One large JSON document, walked piece by piece: only one value is in memory at a time."""

from __future__ import annotations

import codecs
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from codeeval.samples.errors import SampleError, sample_error
from codeeval.samples.source import DAMAGE, damaged

__all__ = ["Document"]

_CHUNK_BYTES = 2**16
_BLANK = re.compile(r"[ \t\n\r]*")
# Text that ends inside a value makes the decoder fail at its end, or at the start of a string
# or of its last word (at most "-Infinity"). Anything else is an error that no more text can mend.
_LONGEST_WORD = 16
_NUMBER_CHARACTERS = "0123456789+-.eE"


class Document:
    """A cursor in a JSON text.

    ``elements`` and ``members`` stop before each item; the caller consumes exactly one value there,
    by ``value`` or by walking deeper.
    """

    def __init__(self, path: Path, source: io.BufferedReader, *, max_characters: int) -> None:
        self._path = path
        self._source = source
        self._max_characters = max_characters
        self._decode_bytes = codecs.getincrementaldecoder("utf-8-sig")().decode
        self._decode_value = json.JSONDecoder().raw_decode
        self._text = ""
        self._at = 0
        self._newlines = 0  # before the place _counted
        self._counted = 0
        self._column_base = 0
        self._ended = False
        self._damage: Exception | None = None

    @property
    def line(self) -> int:
        """The line that the cursor is on, from 1."""
        self._newlines += self._text.count("\n", self._counted, self._at)
        self._counted = self._at
        return 1 + self._newlines

    def peek(self) -> str:
        """Skip white space and return the next character; empty at the end."""
        while True:
            self._at = _BLANK.match(self._text, self._at).end()  # type: ignore[union-attr]
            if self._at < len(self._text):
                return self._text[self._at]
            if not self._read_more(_CHUNK_BYTES):
                return ""

    def value(self) -> Any:
        """Consume and return one value of any kind."""
        if not self.peek():
            raise self.error("the document ends too early")
        while True:
            try:
                value, end = self._decode_value(self._text, self._at)
            except json.JSONDecodeError as error:
                unfinished = error.msg.startswith("Unterminated string")
                if not unfinished and error.pos < len(self._text) - _LONGEST_WORD:
                    raise self._invalid(error.msg, error.pos) from error
                if self._grow():
                    continue
                raise self._invalid(error.msg, error.pos) from error
            except RecursionError as error:
                raise self.error("invalid JSON: nested too deeply") from error
            except ValueError as error:
                raise self.error(f"invalid JSON: {error}") from error
            # Of a number that goes on in the next chunk, the decoder takes what is one: 1 of "1.".
            rest = self._text[end : end + _LONGEST_WORD]
            if rest.strip(_NUMBER_CHARACTERS) or not self._grow():
                self._at = end
                return value

    def elements(self) -> Iterator[None]:
        """Consume a list, stopping before each of its elements."""
        self._expect("[")
        if self.peek() == "]":
            self._at += 1
            return
        while True:
            yield
            if self._expect(",", "]") == "]":
                return

    def members(self) -> Iterator[str]:
        """Consume an object, stopping before each of its values; yield the keys."""
        self._expect("{")
        if self.peek() == "}":
            self._at += 1
            return
        while True:
            if self.peek() != '"':
                raise self._invalid("expected a key in double quotes", self._at)
            key: str = self.value()
            self._expect(":")
            yield key
            if self._expect(",", "}") == "}":
                return

    def end(self) -> None:
        """Make sure that nothing follows."""
        if self.peek():
            raise self._invalid("text after the end of the document", self._at)

    def error(self, problem: str) -> SampleError:
        """Return an error that names the file and the current line."""
        return sample_error(self._path, problem, line=self.line)

    def _expect(self, *characters: str) -> str:
        found = self.peek()
        if found not in characters or not found:
            wanted = " or ".join(repr(character) for character in characters)
            if not found:
                raise self.error(f"the document ends too early; expected {wanted}")
            raise self._invalid(f"expected {wanted}, found {found!r}", self._at)
        self._at += 1
        return found

    def _invalid(self, problem: str, position: int) -> SampleError:
        line_start = self._text.rfind("\n", 0, position) + 1
        column = position - line_start + 1 + (0 if line_start else self._column_base)
        line = self.line + self._text.count("\n", self._at, position)
        return sample_error(self._path, f"invalid JSON at column {column}: {problem}", line=line)

    def _grow(self) -> bool:
        """Read as much again as is waiting, so that long values cost linear time."""
        waiting = len(self._text) - self._at
        if waiting > self._max_characters:
            raise self.error(f"a value of more than {self._max_characters} characters")
        return self._read_more(max(_CHUNK_BYTES, waiting))

    def _read_more(self, size: int) -> bool:
        """Drop the text behind the cursor and append about ``size`` bytes; False at the end."""
        if self._ended:
            return False
        _ = self.line  # counts the newlines behind the cursor, before they are dropped
        last_newline = self._text.rfind("\n", 0, self._at)
        self._column_base = (
            self._at - last_newline - 1 if last_newline >= 0 else self._column_base + self._at
        )
        text = self._text = self._text[self._at :]
        self._at = self._counted = 0
        pieces: list[str] = []
        while not self._ended and self._damage is None and (size > 0 or not any(pieces)):
            try:
                raw = self._source.read1(size if size > 0 else _CHUNK_BYTES)
            except DAMAGE as error:
                self._damage = error  # told when all that arrived whole has been consumed
                break
            self._ended = not raw
            size -= len(raw)
            try:
                pieces.append(self._decode_bytes(raw, self._ended))
            except UnicodeDecodeError as error:
                pieces.append(error.object[: error.start].decode())
                self._damage = error
        self._text = "".join((text, *pieces))
        if self._damage is not None and not any(pieces):
            line = self.line + self._text.count("\n")
            raise damaged(self._path, line, self._damage) from self._damage
        return any(pieces)
