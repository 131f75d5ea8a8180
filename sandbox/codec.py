"""Values as bytes that a hostile process may have written.

A value of plain data (None, bool, int, float, complex, str, bytes, list, tuple, dict, set,
frozenset) becomes ``b"p"`` and its marshal form, version 2, which the interpreter writes quickly
and writes alike for like values. A value that holds anything else becomes ``b"t"`` and the marshal
form of a tagged tree, in which every node says what it is, so that no plain value can be taken for
an encoded one.

Marshal's own reader is not made for hostile bytes. It is used for bytes of ours only (`unpack`,
`loads`); what a candidate wrote is read by `decode`, which is bounded in depth, nodes and size.
"""

from __future__ import annotations

import marshal
import struct
import sys
from typing import Any

from codeeval.sandbox.trees import (
    MAX_DEPTH,
    PLAIN_LEAVES,
    Malformed,
    Numpy,
    Unencodable,
    tagged,
    untagged,
)

__all__ = [
    "Malformed",
    "Unencodable",
    "decode",
    "encode",
    "encode_plain",
    "loads",
    "pack",
    "unpack",
]

MAX_NODES = 30_000_000
_INT, _FLOAT = struct.Struct("<i"), struct.Struct("<d")
_CONSTANTS = {b"T": True, b"F": False, b"N": None}


def encode(value: Any, *, shared: bool = False) -> bytes:
    """Return ``value`` as bytes.

    Subclasses of plain types are encoded by their stored content, never by their own methods.

    Args:
        value: Anything.
        shared: Whether what is in it twice, or in itself, is to be so again when it is decoded.

    Raises:
        Unencodable: If the value is nested too deeply or, without ``shared``, refers to itself.
    """
    if not shared:
        try:
            data = encode_plain(value)
        except Unencodable:  # which is how marshal says: not plain, deep, cyclic
            data = b""
        # It would write any object with a buffer (an array, a mapping) as bytes.
        modules = sys.modules  # looked up in, never gone through: this is done for each value
        buffers = (
            "array" in modules or "ctypes" in modules or "mmap" in modules or "numpy" in modules
        )
        if data and (not buffers or _plain(value)):
            return data
    try:
        return b"t" + marshal.dumps(tagged(value, shared=shared), 2)
    except (RecursionError, ValueError, MemoryError) as error:
        raise Unencodable(type(error).__name__) from None


def encode_plain(value: Any) -> bytes:
    """Do as `encode` with a value that is known to be plain; see `codeeval.sandbox.trees.form`.

    Raises:
        Unencodable: If it is nested too deeply.
    """
    try:
        return b"p" + marshal.dumps(value, 2)
    except ValueError as error:
        raise Unencodable(str(error)) from None


def _plain(value: Any) -> bool:
    """Whether ``value`` is of exact plain types all through; a cyclic one is not."""
    stack, seen = [value], 0
    while stack:
        item = stack.pop()
        kind = type(item)
        if kind in PLAIN_LEAVES:
            continue
        seen += 1
        if seen > MAX_NODES or len(stack) > MAX_NODES:
            return False
        if kind is dict:
            stack.extend(item.keys())
            stack.extend(item.values())
        elif kind in (list, tuple, set, frozenset):
            if not PLAIN_LEAVES.issuperset(map(type, item)):
                stack.extend(item)
        else:
            return False
    return True


def decode(data: bytes, *, shared: bool = False, numpy: Numpy = "stand-ins") -> Any:
    """Return the value that `encode` made ``data`` of; the bytes may be hostile.

    Args:
        data: The bytes.
        shared: Whether they may have been made with ``shared``; see `untagged`.
        numpy: What to make of what is numpy's; see `untagged`.

    Raises:
        Malformed: If they are not an encoded value, or are beyond the bounds.
    """
    if data[:1] not in (b"p", b"t"):
        raise Malformed("no known form")
    reader = _Reader(data)
    try:
        value = reader.value(0)
        if reader.position != len(data):
            raise Malformed("bytes after the value")
        return value if data[:1] == b"p" else untagged(value, shared=shared, numpy=numpy)
    except RecursionError:
        raise Malformed("nested too deeply") from None
    except struct.error:
        raise Malformed("ends in the middle of a value") from None


def loads(data: bytes, *, numpy: Numpy = "stand-ins") -> Any:
    """Return the value that `encode` made ``data`` of; for bytes that are ours.

    Args:
        data: The bytes.
        numpy: What to make of what is numpy's; see `untagged`.
    """
    value = marshal.loads(memoryview(data)[1:])
    return value if data[:1] == b"p" else untagged(value, shared=True, numpy=numpy)


def pack(items: list[bytes]) -> bytes:
    """Join byte strings, such as encoded values, to one."""
    return marshal.dumps(items, 2)


def unpack(data: bytes) -> list[bytes]:
    """Split what `pack` joined; for bytes that are ours."""
    items: list[bytes] = marshal.loads(data)
    return items


class _Reader:
    """Reads marshal's version 2 with bounds; types beyond plain data are malformed."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.position = 1
        self.nodes = 0

    def take(self, size: int) -> bytes:
        """Return the next ``size`` bytes."""
        end = self.position + size
        if size < 0 or end > len(self.data):
            raise Malformed("ends in the middle of a value")
        part = self.data[self.position : end]
        self.position = end
        return part

    def number(self) -> int:
        """Read an int of four bytes."""
        self.position += 4
        number: int = _INT.unpack_from(self.data, self.position - 4)[0]
        return number

    def count(self) -> int:
        """Return a length that the rest of the data can hold."""
        size = self.number()
        if not 0 <= size <= len(self.data) - self.position:
            raise Malformed("a length beyond the data")
        return size

    def value(self, depth: int) -> Any:
        """Read one value."""
        self.nodes += 1
        if depth > MAX_DEPTH * 3 or self.nodes > MAX_NODES:
            raise Malformed("too deep or too large")
        tag = self.data[self.position : self.position + 1]
        self.position += 1
        if tag == b"i":
            return self.number()
        if tag in _CONSTANTS:
            return _CONSTANTS[tag]
        if tag == b"u":
            try:
                return self.take(self.count()).decode("utf-8", "surrogatepass")
            except UnicodeDecodeError:
                raise Malformed("text that is not UTF-8") from None
        if tag == b"g":
            self.position += 8
            return _FLOAT.unpack_from(self.data, self.position - 8)[0]
        if tag == b"[":
            return [self.value(depth + 1) for _ in range(self.count())]
        if tag == b"(":
            return tuple([self.value(depth + 1) for _ in range(self.count())])
        if tag == b"l":
            return self.long()
        if tag == b"s":
            return self.take(self.count())
        if tag == b"y":
            return complex(*struct.unpack("<2d", self.take(16)))
        try:
            if tag == b"{":
                return self.mapping(depth)
            if tag == b"<":
                return {self.value(depth + 1) for _ in range(self.count())}
            if tag == b">":
                return frozenset([self.value(depth + 1) for _ in range(self.count())])
        except TypeError:
            raise Malformed("an unhashable key") from None
        raise Malformed(f"type {tag!r}")

    def mapping(self, depth: int) -> dict[Any, Any]:
        """Read the pairs of a dict up to its end mark."""
        pairs: dict[Any, Any] = {}
        while self.data[self.position : self.position + 1] != b"0":
            key = self.value(depth + 1)
            pairs[key] = self.value(depth + 1)
        self.position += 1
        return pairs

    def long(self) -> int:
        """Read an int of any size: digits of 15 bits, the sign in their count."""
        count = self.number()
        if abs(count) * 2 > len(self.data) - self.position:
            raise Malformed("a length beyond the data")
        digits = struct.unpack(f"<{abs(count)}H", self.take(abs(count) * 2))
        if any(digit > 0x7FFF for digit in digits):
            raise Malformed("a digit beyond 15 bits")
        number = _join(digits)
        return -number if count < 0 else number


def _join(digits: tuple[int, ...]) -> int:
    """Join digits of 15 bits, lowest first, in halves: linear steps would be quadratic in time."""
    if len(digits) <= 64:
        number = 0
        for digit in reversed(digits):
            number = number << 15 | digit
        return number
    half = len(digits) // 2
    return _join(digits[half:]) << 15 * half | _join(digits[:half])
