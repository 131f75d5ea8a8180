"""Which sample indices of each problem are taken, at one bit per numbered sample."""

from __future__ import annotations

__all__ = ["MAX_INDEX", "Numbering"]

MAX_INDEX = 2**24 - 1  # a bound on the bits of one problem: 2 MiB


class Numbering:
    """Counts the samples of each problem; holds the indices that files state themselves."""

    def __init__(self) -> None:
        self.counts: dict[str, int] = {}
        self._taken: dict[str, bytearray] = {}

    def next(self, task_id: str) -> int | None:
        """Return the number of samples so far as the next one's index; None if that is taken."""
        index = self.counts.get(task_id, 0)
        if task_id in self._taken:
            return index if self.take(task_id, index) else None
        self.counts[task_id] = index + 1
        return index

    def take(self, task_id: str, index: int) -> bool:
        """Take ``index``, 0 to MAX_INDEX; return False if another sample has it."""
        count = self.counts.get(task_id, 0)
        bits = self._taken.get(task_id)
        if bits is None:
            # Until now indices were 0, 1, 2, ...: no need to have kept them.
            bits = bytearray(b"\xff" * (count // 8) + bytes([(1 << count % 8) - 1]))
            self._taken[task_id] = bits
        byte, bit = index >> 3, 1 << (index & 7)
        if byte >= len(bits):
            bits.extend(bytes(byte + 1 - len(bits)))
        if bits[byte] & bit:
            return False
        bits[byte] |= bit
        self.counts[task_id] = count + 1
        return True
