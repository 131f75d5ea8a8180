"""Whether every problem has its samples: counted while they stream by."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from codeeval.samples.errors import SampleError
from codeeval.samples.ids import SampleIds
from codeeval.samples.numbering import MAX_INDEX, Numbering
from codeeval.tasks.task import Sample

__all__ = ["Completeness", "Missing"]

Missing = Literal["error", "fail", "skip"]

_NAMED = 10


class Completeness:
    """Counts the samples of each problem; holds one bit per sample."""

    def __init__(self, ids: SampleIds) -> None:
        self._ids = ids
        self._numbering = Numbering()
        self._doubled = 0
        self._first_doubled: list[tuple[str, int]] = []

    def add(self, sample: Sample) -> None:
        """Count one sample.

        Raises:
            ValueError: If its index is out of range.
        """
        if not 0 <= sample.index <= MAX_INDEX:
            raise ValueError(f"index must be 0 to {MAX_INDEX}, found {sample.index}")
        if not self._numbering.take(sample.task_id, sample.index):
            self._doubled += 1
            if len(self._first_doubled) < _NAMED:
                self._first_doubled.append((sample.task_id, sample.index))

    def watch(self, samples: Iterable[Sample]) -> Iterator[Sample]:
        """Pass ``samples`` on, and count them."""
        for sample in samples:
            self.add(sample)
            yield sample

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of distinct samples of each problem, 0 included, in the task's order."""
        counts = self._numbering.counts
        return {task_id: counts.get(task_id, 0) for task_id in self._ids.ids}

    @property
    def missing(self) -> tuple[str, ...]:
        """The problems without a sample, in the task's order."""
        return tuple(task_id for task_id, count in self.counts.items() if not count)

    @property
    def doubled(self) -> tuple[tuple[str, int], ...]:
        """The first ten id and index pairs that came more than once."""
        return tuple(self._first_doubled)

    @property
    def uneven(self) -> tuple[int, int] | None:
        """Least and most samples of the problems that have any, if the two differ."""
        present = [count for count in self.counts.values() if count]
        if not present or min(present) == max(present):
            return None
        return min(present), max(present)

    def check(self, missing: Missing = "error") -> tuple[str, ...]:
        """Return the problems without a sample; ``fail`` and ``skip`` leave them to the caller.

        Raises:
            SampleError: If a sample came twice, or ``missing`` is ``error`` and one is missing.
            ValueError: If ``missing`` is none of the three words.
        """
        if missing not in ("error", "fail", "skip"):
            raise ValueError(f"missing must be error, fail or skip, found {missing!r}")
        if self._doubled:
            pairs = ", ".join(f"{task_id} {index}" for task_id, index in self._first_doubled)
            raise SampleError(f"{self._doubled} samples came twice: {_dots(pairs, self._doubled)}")
        absent = self.missing
        if absent and missing == "error":
            names = _dots(", ".join(absent[:_NAMED]), len(absent))
            raise SampleError(
                f"{len(absent)} of {len(self._ids.ids)} problems have no sample: {names}; "
                "add them, or choose what a missing problem is worth (fail, skip)"
            )
        return absent


def _dots(text: str, count: int) -> str:
    return f"{text}, ..." if count > _NAMED else text
