"""Records on pipes inside the jail: a kind, a length, bytes. The writer may be hostile."""

from __future__ import annotations

import os
import struct

__all__ = [
    "DIGEST",
    "ENDED",
    "FAILED",
    "LARGEST",
    "RAISED",
    "READY",
    "VALUE",
    "RecordReader",
    "write_record",
]

HEADER = struct.Struct("<BI")
LARGEST = 64 * 2**20
"""Larger values are sent as the digest of their encoding."""

READY, VALUE, DIGEST, RAISED, FAILED, ENDED = range(1, 7)
"""The candidate's code ran; an output; an output's digest; an exception of a call; an exception
before the calls; the end of the tests."""


def write_record(descriptor: int, kind: int, data: bytes = b"") -> None:
    """Write one record, all of it."""
    record = memoryview(HEADER.pack(kind, len(data)) + data)
    while record:
        record = record[os.write(descriptor, record) :]


class RecordReader:
    """Splits a stream of bytes into records; wrong ones end it."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self.broken = False

    def feed(self, data: bytes) -> list[tuple[int, bytes]]:
        """Take bytes and return the records that are complete."""
        buffer = self._buffer
        buffer += data
        records, start = [], 0
        while len(buffer) - start >= HEADER.size and not self.broken:
            kind, size = HEADER.unpack_from(buffer, start)
            if size > LARGEST + 1024 or not READY <= kind <= ENDED:
                self.broken = True
                break
            end = start + HEADER.size + size
            if len(buffer) < end:
                break
            records.append((kind, bytes(buffer[start + HEADER.size : end])))
            start = end
        if start:
            del buffer[:start]
        return records
