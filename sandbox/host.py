"""The host as the runner sees it: frames that come and go (see `codeeval.sandbox.wire`)."""

from __future__ import annotations

import json
import os
import struct
from collections.abc import Mapping
from typing import Any

from codeeval.sandbox.records import write_all

__all__ = ["Host", "HostGone", "Lacking", "kept", "nameless"]

FRAME = struct.Struct(">II")
BUFFER_BYTES = 1 << 18


class Lacking(Exception):
    """This sandbox lacks what a program needs, be it right or wrong."""


class HostGone(BaseException):
    """Nobody is there any more to tell a verdict to."""


def nameless(mode: int = 0o600) -> int:
    """Return an empty file without a name, which nobody else can open by way of ``/proc``.

    Args:
        mode: All that stands before it where a kernel such as gVisor asks no more.
    """
    file = os.memfd_create("kept", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.fchmod(file, mode)
    return file


def kept(data: bytes) -> int:
    """Return a file without a name that holds ``data``, at its start."""
    file = nameless()
    write_all(file, data)
    os.lseek(file, 0, os.SEEK_SET)
    return file


class Host:
    """Receives programs and what they share, which it keeps in files without a name.

    Args:
        frames: Descriptor that frames come from.
        replies: Descriptor that replies go to.
    """

    def __init__(self, frames: int, replies: int) -> None:
        self.frames, self._replies = frames, replies
        self._blobs: dict[str, int] = {}
        self._buffer = bytearray(BUFFER_BYTES)
        self.changes = 0
        """How often something that is kept came or went."""

    def receive(self) -> tuple[dict[str, Any], int]:
        """Return the next program: its header, and a file with its source, to be closed.

        Raises:
            HostGone: If no more come.
        """
        while True:
            header_size, payload_size = FRAME.unpack(self._read(FRAME.size))
            header = json.loads(self._read(header_size))
            self.changes += "blob" in header or "drop" in header
            if "blob" in header:
                self._blobs[header["blob"]] = self._keep(payload_size)
            elif "drop" in header:
                os.close(self._blobs.pop(header["drop"]))
            else:
                return header, self._keep(payload_size)

    def reply(self, header: Mapping[str, Any], payload: bytes = b"") -> None:
        """Write one frame."""
        text = json.dumps(header).encode()
        write_all(self._replies, FRAME.pack(len(text), len(payload)) + text + payload)

    def file(self, digest: str) -> int:
        """Return the descriptor of the file with what was sent under this name."""
        return self._blobs[digest]

    def blob(self, digest: str) -> bytes:
        """Return what was sent under this name."""
        file, parts, size = self._blobs[digest], list[bytes](), 0
        while data := os.pread(file, 1 << 30, size):
            parts.append(data)
            size += len(data)
        return parts[0] if len(parts) == 1 else b"".join(parts)

    def _read(self, size: int) -> bytes:
        parts = []
        while size:
            data = os.read(self.frames, min(size, 1 << 20))
            if not data:
                raise HostGone
            parts.append(data)
            size -= len(data)
        return b"".join(parts)

    def _keep(self, size: int) -> int:
        """Put the next bytes of the frames into a file."""
        file = nameless()
        view = memoryview(self._buffer)
        while size:
            count = os.readv(self.frames, [view[: min(size, BUFFER_BYTES)]])
            if not count:
                raise HostGone
            write_all(file, view[:count])
            size -= count
        return file
