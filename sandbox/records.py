"""Records on pipes inside the jail: a kind, a length, bytes. The writer may be hostile."""

from __future__ import annotations

import os
import re
import struct
from hashlib import blake2b

__all__ = [
    "DIGEST",
    "ENDED",
    "FAILED",
    "FirstRecord",
    "LARGEST",
    "RAISED",
    "READY",
    "SECONDS",
    "TOOK",
    "VALUE",
    "RecordReader",
    "hidden",
    "revealed",
    "write_all",
    "write_record",
]

HEADER = struct.Struct("<BI")
LARGEST = 64 * 2**20
"""Larger values are sent as the digest of their encoding."""

READY, VALUE, DIGEST, RAISED, FAILED, ENDED, TOOK = range(1, 8)
"""The candidate's code ran; an output; an output's digest; an exception of a call; an exception
before the calls; the end of the tests; the CPU time of a reference's call."""
SECONDS = struct.Struct("<d")


def write_record(descriptor: int, kind: int, data: bytes = b"") -> None:
    """Write one record, all of it."""
    write_all(descriptor, HEADER.pack(kind, len(data)) + data)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write all of ``data``."""
    view = memoryview(data)
    while view:
        view = view[os.write(descriptor, view) :]


def hidden(message: str, key: bytes) -> str:
    """Return a message as a word that says nothing to whoever has not the key.

    What a grader says of a difference holds the right answer, and passes through the runner, of
    whose memory the next candidate has a copy.
    """
    nonce = os.urandom(8)
    text = message.encode("utf-8", "backslashreplace")
    return f"\0{(nonce + _mixed(text, key + nonce)).hex()}\0" if message else ""


def revealed(message: str, key: bytes) -> str:
    """Return a message with the words in it that `hidden` made, as they were."""

    def reveal(word: re.Match[str]) -> str:
        data = bytes.fromhex(word[1])
        return _mixed(data[8:], key + data[:8]).decode("utf-8", "backslashreplace")

    return re.sub("\0((?:[0-9a-f]{2}){8,})\0", reveal, message)


def _mixed(data: bytes, key: bytes) -> bytes:
    stream = b"".join(
        blake2b(number.to_bytes(8, "big"), key=key).digest()
        for number in range(len(data) // 64 + 1)
    )
    return bytes(a ^ b for a, b in zip(data, stream, strict=False))


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
            if size > self._largest or not READY <= kind <= TOOK:
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
