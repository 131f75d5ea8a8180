"""Records on pipes inside the jail: a kind, a length, bytes. The writer may be hostile."""

from __future__ import annotations

import os
import struct
from collections.abc import Sequence

__all__ = [
    "DIGEST",
    "ENDED",
    "FAILED",
    "FirstRecord",
    "LARGEST",
    "PAUSED",
    "RAISED",
    "READY",
    "SECONDS",
    "TOOK",
    "VALUE",
    "RecordReader",
    "printable",
    "read_parts",
    "read_request",
    "write_all",
    "write_parts",
    "write_record",
]

HEADER = struct.Struct("<BI")
COUNT, SIZE = struct.Struct("<Q"), "<{}Q"
LARGEST = 64 * 2**20
"""Larger values are sent as the digest of their encoding."""
PIPE_BYTES = 1 << 16

READY, VALUE, DIGEST, RAISED, FAILED, ENDED, TOOK, PAUSED = range(1, 9)
"""The candidate's code ran; an output; an output's digest; an exception of a call; an exception
before the calls; the end of the tests; the CPU time of a reference's call; a wait for a clock to be
read."""
SECONDS = struct.Struct("<d")


def write_record(descriptor: int, kind: int, data: bytes = b"") -> None:
    """Write one record, all of it."""
    write_all(descriptor, HEADER.pack(kind, len(data)) + data)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of ``data``."""
    while (size := os.write(descriptor, data)) < len(data):
        data = memoryview(data)[size:]


def write_parts(file: int, parts: Sequence[bytes]) -> None:
    """Write some byte strings to an empty file, each as it is: they may be large."""
    sizes = struct.pack(SIZE.format(len(parts)), *map(len, parts))
    write_all(file, COUNT.pack(len(parts)) + sizes)
    for part in parts:
        write_all(file, part)


def read_parts(file: int) -> list[bytes]:
    """Return what `write_parts` has written."""
    (count,) = COUNT.unpack(os.pread(file, COUNT.size, 0))
    place = COUNT.size * (1 + count)
    sizes = struct.unpack(SIZE.format(count), os.pread(file, COUNT.size * count, COUNT.size))
    parts = []
    for size in sizes:
        parts.append(os.pread(file, size, place))
        place += size
    return parts


def read_request(descriptor: int) -> bytes:
    """Return the bytes of the next record, or nothing at the end.

    The writer is trusted, and writes one record at a time: it waits for an answer to each.
    """
    data = os.read(descriptor, PIPE_BYTES)
    if not data:
        return b""
    parts, missing = [data], HEADER.size + HEADER.unpack_from(data)[1] - len(data)
    while missing > 0:
        data = os.read(descriptor, missing)
        if not data:
            return b""
        parts.append(data)
        missing -= len(data)
    return b"".join(parts)[HEADER.size :]


def printable(text: str) -> str:
    """Return a text without lone surrogates, which no file and no JSON could hold."""
    return text.encode("utf-8", "backslashreplace").decode()


class RecordReader:
    """Splits a stream of bytes into records; wrong ones end it.

    Args:
        largest: The most bytes that a record may hold.
    """

    def __init__(self, largest: int = LARGEST + 1024) -> None:
        self._largest = largest
        self._buffer = bytearray()
        self.broken = False

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take bytes and return the records that are complete."""
        if self.broken:
            return []
        buffer = self._buffer
        buffer += data
        records, start = [], 0
        while len(buffer) - start >= HEADER.size and not self.broken:
            kind, size = HEADER.unpack_from(buffer, start)
            if size > self._largest or not READY <= kind <= PAUSED:
                self.broken = True
                break
            end = start + HEADER.size + size
            if len(buffer) < end:
                break
            records.append((kind, bytes(buffer[start + HEADER.size : end])))
            start = end
        if self.broken:
            buffer.clear()
        elif start:
            del buffer[:start]
        return records


class FirstRecord:
    """Takes a stream of bytes and keeps its first record only; the rest costs nothing."""

    LARGEST = 64 * 2**10

    def __init__(self) -> None:
        self._reader = RecordReader(self.LARGEST)
        self.record: tuple[int, bytes] | None = None

    def feed(self, data: bytes) -> bool:
        """Take bytes; whether the record is there, or can no longer come."""
        if self.record is None:
            records = self._reader.feed(data)
            if records:
                self.record = records[0]
        return self.record is not None or self._reader.broken
