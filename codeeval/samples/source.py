"""Bytes of a samples file, plain or gzip, as JSON records line by line."""

from __future__ import annotations

import gzip
import io
import json
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from codeeval.samples.errors import SampleError, sample_error, shown

__all__ = ["BOM", "DAMAGE", "MAX_LINE_BYTES", "damaged", "open_bytes", "records"]

MAX_LINE_BYTES = 64 * 2**20
BOM = b"\xef\xbb\xbf"
DAMAGE = (EOFError, zlib.error, OSError)
"""What reading raises when a file is cut off, corrupt or unreadable."""

_BUFFER_BYTES = 2**20
_GZIP_MAGIC = b"\x1f\x8b"


class _Unzipped(io.RawIOBase):
    """A gzip file, one decompressed piece per read.

    GzipFile.readinto() reads until its buffer is full: when the file is cut off, it raises and
    loses the pieces it already had.
    """

    def __init__(self, file: gzip.GzipFile) -> None:
        self._file = file

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        piece = self._file.read1(len(buffer))
        buffer[: len(piece)] = piece
        return len(piece)


@contextmanager
def open_bytes(path: Path) -> Iterator[io.BufferedReader]:
    """Open ``path`` to read; gzip is recognised by its first bytes, whatever the name says.

    Raises:
        SampleError: If it cannot be opened.
    """
    try:
        file: io.BufferedReader = io.BufferedReader(path.open("rb", buffering=0), _BUFFER_BYTES)
    except OSError as error:
        raise sample_error(path, f"cannot be read ({error.strerror})") from error
    with file:
        if file.peek(2)[:2] == _GZIP_MAGIC:
            with gzip.GzipFile(fileobj=file) as unzipped:
                yield io.BufferedReader(_Unzipped(unzipped), _BUFFER_BYTES)
        else:
            yield file


def damaged(path: Path, line: int, error: Exception) -> SampleError:
    """Return the error for what reading ``line`` raised: one of DAMAGE, or no UTF-8."""
    if isinstance(error, UnicodeDecodeError):
        return sample_error(path, f"not UTF-8 (byte 0x{error.object[error.start]:02x})", line=line)
    if isinstance(error, EOFError):
        return sample_error(
            path, "the gzip file is cut off here; copy or write it again", line=line
        )
    if isinstance(error, (gzip.BadGzipFile, zlib.error)):
        return sample_error(path, f"the gzip file is corrupt here ({error})", line=line)
    return sample_error(path, f"cannot be read ({error})", line=line)


def records(path: Path, *, max_line_bytes: int) -> Iterator[tuple[int, dict[str, Any]]]:
    """Yield line number, from 1, and object of each line that is not blank.

    Raises:
        SampleError: If the file is cut off, or a line is too long, no UTF-8, or no JSON object.
            Every line before the bad one has been yielded.
    """
    decode = json.JSONDecoder().raw_decode  # without the checks of loads(), which cost a third
    with open_bytes(path) as source:
        line = 0
        while True:
            line += 1
            try:
                raw = source.readline(max_line_bytes + 1)
            except DAMAGE as error:
                raise damaged(path, line, error) from error
            if not raw:
                return
            if len(raw) > max_line_bytes and raw[-1] != ord("\n"):
                limit = f"{max_line_bytes} bytes"
                raise sample_error(path, f"longer than {limit}; one sample a line", line=line)
            if line == 1:
                raw = raw.removeprefix(BOM)
            try:
                text = raw.decode().strip()
                if not text:
                    continue
                record, end = decode(text)
            except (ValueError, RecursionError) as error:
                raise _bad_line(path, line, raw, error) from error
            if end != len(text):
                column = len(text) - len(text[end:].lstrip()) + 1 + _indent(raw)
                problem = f"invalid JSON at column {column}: more than one value on the line"
                raise sample_error(path, problem, line=line)
            if type(record) is not dict:
                problem = f"expected a JSON object, found {shown(record)}"
                raise sample_error(path, problem, line=line)
            yield line, record


def _bad_line(path: Path, line: int, raw: bytes, error: Exception) -> SampleError:
    """Return the error for a line that is no UTF-8 or no JSON."""
    if isinstance(error, UnicodeDecodeError):
        byte = f"byte 0x{raw[error.start]:02x} at position {error.start + 1}"
        return sample_error(path, f"not UTF-8 ({byte})", line=line)
    if isinstance(error, json.JSONDecodeError):
        column = error.pos + 1 + _indent(raw)
        return sample_error(path, f"invalid JSON at column {column}: {error.msg}", line=line)
    if isinstance(error, RecursionError):
        return sample_error(path, "invalid JSON: nested too deeply", line=line)
    return sample_error(path, f"invalid JSON: {error}", line=line)


def _indent(raw: bytes) -> int:
    text = raw.decode()
    return len(text) - len(text.lstrip())
