from __future__ import annotations

import gzip
import io
import json
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from codeeval.samples import document as module
from codeeval.samples.document import Document
from codeeval.samples.errors import SampleError
from codeeval.samples.source import open_bytes

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


class Dribble(io.RawIOBase):
    """Bytes that arrive one at a time, the worst that a file can do."""

    def __init__(self, raw: bytes) -> None:
        self._raw, self._at = raw, 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer) -> int:
        piece = self._raw[self._at : self._at + 1]
        buffer[: len(piece)] = piece
        self._at += len(piece)
        return len(piece)


def document(raw: bytes, limit: int = 10**6) -> Document:
    return Document(Path("x.json"), io.BufferedReader(Dribble(raw)), max_characters=limit)


def walk(cursor: Document):
    """Rebuild the value, walking into every list and object."""
    first = cursor.peek()
    if first == "[":
        return [walk(cursor) for _ in cursor.elements()]
    if first == "{":
        return {key: walk(cursor) for key in cursor.members()}
    return cursor.value()


def consume(cursor: Document) -> None:
    """Read a list or object to its end, its items whole."""
    for _ in cursor.elements() if cursor.peek() == "[" else cursor.members():
        cursor.value()
    cursor.end()


@pytest.fixture(autouse=True)
def tiny_chunks(monkeypatch):
    monkeypatch.setattr(module, "_CHUNK_BYTES", 1)


@settings(deadline=None)
@given(JSON, st.booleans(), st.sampled_from([None, 0, 3]))
def test_walking_and_reading_whole_agree_with_json(value, ascii_only, indent):
    raw = json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode(errors="replace")
    expected = json.loads(raw)
    for read in (walk, Document.value):
        cursor = document(raw)
        assert read(cursor) == expected
        cursor.end()


@settings(deadline=None)
@given(JSON, st.data())
def test_a_document_cut_anywhere_is_an_error(value, data):
    raw = json.dumps([value]).encode()
    cut = data.draw(st.integers(0, len(raw) - 1))
    for read in (walk, Document.value):
        with pytest.raises(SampleError, match=r"x\.json, line 1"):
            read(document(raw[:cut]))


@pytest.mark.parametrize(
    ("raw", "message"),
    [
        (b"[1,]", "column 4: Expecting value"),
        (b"[\n1 2]", "line 2: invalid JSON at column 3: expected ',' or ']', found '2'"),
        (b"{1: 2}", "column 2: expected a key in double quotes"),
        (b'{"a" 2}', "column 6: expected ':', found '2'"),
        (b"[tru]", "column 2: Expecting value"),
        (b"[" * 10**5, "nested too deeply|ends too early"),
        (b"[\n\n\xff]", "line 3: not UTF-8"),
        (b'["\xc3', "not UTF-8"),
        (b"[1] x", "column 5: text after the end"),
    ],
)
def test_a_fault_is_told_with_line_and_column(raw, message):
    cursor = document(raw)
    with pytest.raises(SampleError, match=message):
        consume(cursor)


def test_a_value_that_never_ends_is_refused_at_the_limit():
    cursor = document(b'["' + b"x" * 10**4, limit=1000)
    with pytest.raises(SampleError, match="a value of more than 1000 characters"):
        consume(cursor)


def test_an_error_early_in_a_value_is_told_before_the_rest_is_read():
    source = Dribble(b'[{"a": oops, "b": "' + b"x" * 10**5)
    cursor = Document(Path("x"), io.BufferedReader(source, 16), max_characters=10**6)
    with pytest.raises(SampleError, match="column 8: Expecting value"):
        consume(cursor)
    assert source._at < 1000


def test_a_cut_off_gzip_document_yields_what_arrived(tmp_path):
    whole = gzip.compress(json.dumps([[number * 77777] for number in range(50_000)]).encode())
    (tmp_path / "x.json").write_bytes(whole[: len(whole) // 2])
    rows = deque()
    with open_bytes(tmp_path / "x.json") as source:
        cursor = Document(tmp_path / "x.json", source, max_characters=10**6)
        with pytest.raises(SampleError, match="the gzip file is cut off"):
            rows.extend(cursor.value() for _ in cursor.elements())
    assert list(rows) == [[number * 77777] for number in range(len(rows))]
    assert len(rows) > 10_000
