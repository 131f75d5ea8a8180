"""EffiBench and its kin: time, peak and integral of memory, and what they are worth.

Times are seconds, memory is in bytes, its integral over time in byte-seconds. The benchmarks call
them ET (execution time), MU or MP (peak), TMU or MI (integral); N in front says normalised by the
reference.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

__all__ = [
    "CappedScores",
    "Footprint",
    "Ratios",
    "capped_scores",
    "footprint",
    "footprint_over_tests",
    "footprint_ratios",
    "mean_footprint",
    "mean_of_ratios",
    "mean_over_languages",
    "parse_memory_trace",
    "ratio_of_totals",
    "solved_by_both",
]

MEGABYTE = 2**20
"""Bytes of what memory_profiler calls a megabyte."""
T = TypeVar("T")


@dataclass(frozen=True, kw_only=True)
class Footprint:
    """What a run took.

    Attributes:
        seconds: ET, from the first to the last reading.
        peak_bytes: MU, the greatest reading. A mean of several need not be whole.
        byte_seconds: TMU, the integral of memory over time.

    Raises:
        ValueError: If one is below 0 or not finite.
    """

    seconds: float
    peak_bytes: float
    byte_seconds: float

    def __post_init__(self) -> None:
        for name in ("seconds", "peak_bytes", "byte_seconds"):
            value = getattr(self, name)
            if not (isfinite(value) and value >= 0):
                raise ValueError(f"{name} is finite and not below 0, not {value}")


@dataclass(frozen=True, kw_only=True)
class Ratios:
    """How many times more than the reference a model takes: of time, peak and integral."""

    net: float
    nmu: float
    ntmu: float


@dataclass(frozen=True, kw_only=True)
class CappedScores:
    """Scores of EffiBench-X in [0, 1]: of time, peak and integral; 1 is as good as the reference.

    They mix being right with being cheap, and nothing is above 1: report pass@1 beside them.
    """

    et: float
    mp: float
    mi: float


def parse_memory_trace(text: str) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Read the text form of a trace: what memory_profiler's ``mprof`` writes.

    A reading is a line ``MEM <megabytes> <unix time>``, a megabyte being 2**20 bytes. Other lines,
    such as ``CMDLINE``, ``FUNC`` or ``CHLD``, are skipped.

    Returns:
        Seconds and bytes of the readings in their order, shape ``(readings,)`` each; both empty if
        there is none.

    Raises:
        ValueError: If a ``MEM`` line is malformed, with its number.
    """
    seconds, sizes = [], []
    for number, line in enumerate(text.splitlines(), 1):
        fields = line.split()
        if not fields or fields[0] != "MEM":
            continue
        try:
            megabytes, stamp = map(float, fields[1:])
            if not (0 <= megabytes < 2**63 / MEGABYTE and isfinite(stamp)):
                raise ValueError
        except ValueError:
            raise ValueError(
                f"line {number}: {line!r}; expected 'MEM <megabytes> <unix time>', "
                "two finite numbers, the first not below 0"
            ) from None
        seconds.append(stamp)
        sizes.append(round(megabytes * MEGABYTE))
    return np.array(seconds, dtype=np.float64), np.array(sizes, dtype=np.int64)


def footprint(seconds: ArrayLike, memory_bytes: ArrayLike) -> Footprint:
    """Return what a run took, from readings of its memory.

    The integral is that of straight lines between readings: ``sum (m_a + m_b) / 2 (t_b - t_a)``.

    Args:
        seconds: Time of each reading by any clock, never going back; shape ``(readings,)``.
        memory_bytes: Memory at that time, not below 0; same shape.

    Raises:
        ValueError: If there is no reading, shapes differ, a value is not finite, or times go back.

    Source: Huang et al. 2024, "EffiBench: Benchmarking the Efficiency of Automatically Generated
    Code".
    """
    times = np.asarray(seconds, dtype=np.float64)
    sizes = np.asarray(memory_bytes, dtype=np.float64)
    if times.shape != sizes.shape or times.ndim != 1 or not times.size:
        raise ValueError(
            f"a trace needs times and sizes of at least 1 reading, not {times.shape}, {sizes.shape}"
        )
    if not (np.isfinite(times).all() and np.isfinite(sizes).all() and (sizes >= 0).all()):
        raise ValueError("times and sizes are finite numbers, and sizes not below 0")
    steps = np.diff(times)
    if (steps < 0).any():
        index = int(np.flatnonzero(steps < 0)[0])
        raise ValueError(
            f"reading {index + 1} is earlier than the one before it: "
            f"{times[index + 1]} after {times[index]}"
        )
    return Footprint(
        seconds=float(times[-1] - times[0]),
        peak_bytes=float(sizes.max()),
        byte_seconds=float(((sizes[:-1] + sizes[1:]) / 2 * steps).sum()),
    )


def mean_footprint(problems: Sequence[Footprint]) -> Footprint:
    """Return ET, MU and TMU of a model: the means over problems.

    Args:
        problems: Of those that it solved. Two models are comparable on the same ones only: see
            `solved_by_both`.

    Raises:
        ValueError: If there is no problem.
    """
    seconds, peak, integral = _columns(problems).mean(axis=0).tolist()
    return Footprint(seconds=seconds, peak_bytes=peak, byte_seconds=integral)


def footprint_ratios(model: Sequence[Footprint], reference: Sequence[Footprint]) -> list[Ratios]:
    """Return for each problem what the model takes over what the reference takes.

    Args:
        model: Of each problem that the model solved.
        reference: Of the same problems in the same order.

    Raises:
        ValueError: If lengths differ, there is no problem, or a value of a reference is 0: a run
            with one reading has no duration.
    """
    own, theirs = _pair(model, reference)
    if not (theirs > 0).all():
        problem = int(np.argwhere(theirs <= 0)[0, 0])
        raise ValueError(
            f"the reference of problem {problem} took nothing: {reference[problem]}; "
            "a ratio needs values above 0"
        )
    return [_ratios(row) for row in own / theirs]


def mean_of_ratios(model: Sequence[Footprint], reference: Sequence[Footprint]) -> Ratios:
    """Return NET, NMU and NTMU as means over problems of the problems' ratios.

    Each problem has the same weight. This is the form of Effi-Code.

    Args and errors are those of `footprint_ratios`.

    Source: Huang et al. 2024, "Effi-Code: Unleashing Code Efficiency in Language Models".
    """
    every = footprint_ratios(model, reference)
    return _ratios(np.array([[each.net, each.nmu, each.ntmu] for each in every]).mean(axis=0))


def ratio_of_totals(model: Sequence[Footprint], reference: Sequence[Footprint]) -> Ratios:
    """Return NET, NMU and NTMU as ratios of the sums over problems.

    Problems that take long have the most weight. This is what EffiBench's own program prints.

    Args:
        model: As in `footprint_ratios`.
        reference: As in `footprint_ratios`.

    Raises:
        ValueError: If lengths differ, there is no problem, or the references sum to 0.

    Source: the program of Huang et al. 2024, "EffiBench".
    """
    own, theirs = (table.sum(axis=0) for table in _pair(model, reference))
    if not (theirs > 0).all():
        raise ValueError("the references took nothing in sum; a ratio needs values above 0")
    return _ratios(own / theirs)


def solved_by_both(
    a: Mapping[str, T | None], b: Mapping[str, T | None]
) -> tuple[dict[str, T], dict[str, T]]:
    """Restrict two models to the problems that both solved, as Effi-Code compares them.

    Args:
        a: By problem, any value that a solved problem has; None where it was not solved.
        b: The same of the other model, with the same problems.

    Returns:
        The values of each, both in the order of ``a``. They are empty if no problem is shared.

    Raises:
        ValueError: If one model lacks a problem of the other: not measured is not the same as not
            solved.
    """
    for mine, other, name in ((a, b, "second"), (b, a, "first")):
        if missing := [task_id for task_id in mine if task_id not in other]:
            some = ", ".join(missing[:3])
            raise ValueError(f"{len(missing)} problems are missing in the {name}: {some}")
    first: dict[str, T] = {}
    second: dict[str, T] = {}
    for task_id, value in a.items():
        opposite = b[task_id]
        if value is not None and opposite is not None:
            first[task_id], second[task_id] = value, opposite
    return first, second


def footprint_over_tests(tests: Sequence[Footprint]) -> Footprint:
    """Join the runs of one program on its tests, as EffiBench-X does.

    Returns:
        The sum of times, the greatest peak, the sum of integrals.

    Raises:
        ValueError: If there is no test.
    """
    table = _columns(tests, "test")
    return Footprint(
        seconds=float(table[:, 0].sum()),
        peak_bytes=float(table[:, 1].max()),
        byte_seconds=float(table[:, 2].sum()),
    )


def capped_scores(
    model: Footprint | None, *, fastest: Footprint, leanest: Footprint
) -> CappedScores:
    """Return the scores of EffiBench-X of one problem in one language.

    Each is ``min(1, reference / model)``: of time against the reference that is known as the
    fastest, of the peak against the one known as the leanest, and of the integral against the
    smaller of both. It is 1 where the model takes nothing.

    Args:
        model: Over all tests, of `footprint_over_tests`; None if it fails any of them, or there is
            no program: then all scores are 0.
        fastest: Of the reference chosen for its time.
        leanest: Of the reference chosen for its memory; it may be the same.

    Source: Qing et al. 2025, "EffiBench-X".
    """
    if model is None:
        return CappedScores(et=0.0, mp=0.0, mi=0.0)
    smaller = min(fastest.byte_seconds, leanest.byte_seconds)
    return CappedScores(
        et=_capped(fastest.seconds, model.seconds),
        mp=_capped(leanest.peak_bytes, model.peak_bytes),
        mi=_capped(smaller, model.byte_seconds),
    )


def mean_over_languages(languages: Mapping[str, Sequence[CappedScores]]) -> CappedScores:
    """Return ET, MP and MI of a model: means over all problems of a language, then over languages.

    Args:
        languages: For each language the scores of all problems, those that failed among them.

    Raises:
        ValueError: If there is no language, one has no problem, or their numbers of problems
            differ: one that was not solved counts, as 0.
    """
    lengths = sorted({len(problems) for problems in languages.values()})
    if len(lengths) != 1 or lengths[0] == 0:
        raise ValueError(
            f"languages have {lengths} problems; expected one number above 0 for all of them"
        )
    rows = [[[each.et, each.mp, each.mi] for each in problems] for problems in languages.values()]
    et, mp, mi = np.array(rows, dtype=np.float64).mean(axis=1).mean(axis=0).tolist()
    return CappedScores(et=et, mp=mp, mi=mi)


def _capped(reference: float, model: float) -> float:
    return 1.0 if model <= reference else reference / model


def _columns(footprints: Sequence[Footprint], what: str = "problem") -> NDArray[np.float64]:
    """Return seconds, peak and integral as columns."""
    if not footprints:
        raise ValueError(f"time and memory need at least 1 {what}")
    rows = [[each.seconds, each.peak_bytes, each.byte_seconds] for each in footprints]
    return np.array(rows, dtype=np.float64)


def _pair(
    model: Sequence[Footprint], reference: Sequence[Footprint]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if len(model) != len(reference):
        raise ValueError(f"{len(model)} problems of the model, {len(reference)} of the reference")
    return _columns(model), _columns(reference)


def _ratios(row: NDArray[np.float64]) -> Ratios:
    net, nmu, ntmu = row.tolist()
    return Ratios(net=net, nmu=nmu, ntmu=ntmu)
