"""What estimators from counts share: their checks, and the chance that a draw holds none."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from math import inf

import numpy as np
from numpy.typing import NDArray

__all__ = ["Counts", "check_k", "checked_counts", "for_each", "integers", "log_miss", "shortage"]

LARGEST = 2**31 - 1
"""Samples of one problem."""
Counts = Sequence[int] | NDArray[np.integer]


def log_miss(n: int, c: int, k: int) -> float:
    """Return log q_k, the log of the chance that k of n samples hold none of the c correct ones.

    ``C(n-c, k) / C(n, k) = C(n-k, c) / C(n, c)``, so min(c, k) factors do.
    """
    if n - c < k:
        return -inf
    few, many = min(c, k), max(c, k)
    return float(np.log1p(-many / np.arange(n - few + 1, n + 1)).sum())


def for_each(
    function: Callable[[int, int, int], float],
    n: NDArray[np.int64],
    c: NDArray[np.int64],
    k: int,
) -> NDArray[np.float64]:
    """Apply ``function`` to each (n, c), once for equal ones: a benchmark has few different."""
    base = int(n.max()) + 1
    different, where = np.unique(n * base + c, return_inverse=True)
    values = [function(int(pair) // base, int(pair) % base, k) for pair in different]
    return np.array(values)[where]


def checked_counts(
    num_samples: Counts,
    num_correct: Counts,
    k: int,
    *,
    metric: str,
    problem_ids: Sequence[str] | None = None,
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return n and c of each problem as arrays.

    Args:
        num_samples: n of each problem.
        num_correct: c of each problem.
        k: Samples drawn.
        metric: Its name with its k, for messages: ``pass@5``.
        problem_ids: Names for messages.

    Raises:
        ValueError: If a count is no integer or out of range, or the lengths differ.
    """
    check_k(k, metric)
    n = integers(num_samples, "samples", metric, problem_ids)
    c = integers(num_correct, "correct samples", metric, problem_ids)
    if n.size != c.size:
        raise ValueError(f"sample counts of {n.size} problems, correct counts of {c.size}")
    if k > n.min():
        raise ValueError(shortage(n, k, metric, problem_ids))
    if n.max() > LARGEST:
        raise ValueError(f"{metric}: more than {LARGEST} samples of a problem are not supported")
    wrong = np.flatnonzero((c < 0) | (c > n))
    if wrong.size:
        first = wrong[0]
        raise ValueError(
            f"{_name(first, problem_ids)} has {c[first]} correct out of {n[first]} samples"
        )
    return n, c


def integers(
    counts: Counts, what: str, metric: str, problem_ids: Sequence[str] | None
) -> NDArray[np.int64]:
    """Return counts, one for each problem, as an array.

    Raises:
        ValueError: If there are none, or one is no integer.
    """
    if len(counts) == 0:
        raise ValueError(f"{metric.partition('@')[0]}@k needs at least 1 problem")
    if problem_ids is not None and len(problem_ids) != len(counts):
        raise ValueError(f"{len(problem_ids)} problem ids for {len(counts)} problems")
    array = np.asarray(counts)
    if array.ndim == 1 and array.dtype.kind in "iu":
        return array.astype(np.int64)
    for index, count in enumerate(counts):
        if isinstance(count, bool) or not isinstance(count, int | np.integer):
            name = _name(index, problem_ids)
            raise ValueError(f"{name} has {count!r} {what}; a count is an integer")
    raise ValueError(f"counts of {what} do not fit 64 bits: {counts!r}")


def check_k(k: int, metric: str) -> None:
    """Refuse a k that is none.

    Raises:
        ValueError: If it is no integer from 1 on.
    """
    if isinstance(k, bool) or not isinstance(k, int | np.integer) or k < 1:
        raise ValueError(f"{metric}: k is an integer from 1 on, not {k!r}")


def shortage(n: NDArray[np.int64], k: int, metric: str, problem_ids: Sequence[str] | None) -> str:
    """Say which problems have fewer than k samples."""
    short = np.flatnonzero(n < k)
    named = ", ".join(f"{_name(index, problem_ids)} has {n[index]}" for index in short[:3])
    more = f" and {short.size - 3} more are short" if short.size > 3 else ""
    plural = "" if k == 1 else "s"
    return f"{metric} needs at least {k} sample{plural} of every problem; {named}{more}"


def _name(index: int, problem_ids: Sequence[str] | None) -> str:
    return f"problem {index}" if problem_ids is None else repr(problem_ids[index])
