"""From clock readings to costs: minima of interleaved repeats, their ratio, how sure it is.

A repeat of a call is made in a process of its own, by reference and candidate in turn. Noise only
ever adds to a cost, so the smallest of the repeats is nearest to it.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import NamedTuple

__all__ = [
    "Pair",
    "Repeat",
    "charged",
    "drawn_ratios",
    "fraction",
    "is_unlike",
    "percentile",
    "ratio",
    "score",
    "time_limit",
]

AROUND_SECONDS, AROUND_SHARE, LIMIT_SHARE = 3e-5, 0.1, 0.05
"""What a candidate may do outside its calls beyond what the reference does there, as that is noise:
so much and this share of it, or this share of what the call itself may take."""
COLD_SECONDS, COLD_SHARE = 3e-5, 0.1
"""By how much more than the reference's its first call may take longer than further ones."""


class Repeat(NamedTuple):
    """What one process took for a call, in seconds of the clock.

    ``first`` is the first call, ``steady`` each of the further ones; the same where there are
    none. ``around`` is everything else, from the loading of the code to the sending of the answer.
    """

    first: float
    steady: float
    around: float


class Pair(NamedTuple):
    """A repeat of the reference and one of the candidate, one right after the other."""

    reference: Repeat
    candidate: Repeat


def charged(repeat: Repeat, usual: float, limit: float) -> float:
    """Return the cost of a candidate's first call, with what it did beside it.

    Args:
        repeat: The candidate's.
        usual: What the reference does beside its call.
        limit: T.
    """
    more = repeat.around - usual
    tolerated = max(AROUND_SECONDS + AROUND_SHARE * usual, LIMIT_SHARE * limit)
    return repeat.first + (more if more > tolerated else 0.0)


def ratio(pairs: Sequence[Pair], limit: float) -> float:
    """Return what a call of the candidate costs, in calls of the reference: a ratio of minima.

    Further calls in one process tell most, as a first call has to fetch its memory. But a program
    may keep what it found in the first: if that took longer than the further ones by more than the
    reference's did, all of that counts.

    Args:
        pairs: At least one.
        limit: T.
    """
    return _ratio(_columns(pairs, limit), range(len(pairs)))


def drawn_ratios(
    pairs: Sequence[Pair], limit: float, draws: int, source: random.Random
) -> list[float]:
    """Return ratios of pairs that are drawn with replacement: the bootstrap."""
    columns, places = _columns(pairs, limit), range(len(pairs))
    return [_ratio(columns, source.choices(places, k=len(pairs))) for _ in range(draws)]


class _Columns(NamedTuple):
    """Pairs, column by column."""

    steady: list[float]
    first: list[float]
    charged: list[float]
    further: list[float]


def _columns(pairs: Sequence[Pair], limit: float) -> _Columns:
    usual = sorted(pair.reference.around for pair in pairs)[len(pairs) // 2]
    alone = all(pair.candidate.first == pair.candidate.steady for pair in pairs)
    return _Columns(
        [pair.reference.steady for pair in pairs],
        [pair.reference.first for pair in pairs],
        [charged(pair.candidate, usual, limit) for pair in pairs],
        [0.0 if alone else pair.candidate.steady for pair in pairs],
    )


def is_unlike(pairs: Sequence[Pair], limit: float) -> bool:
    """Whether the candidate's first call took longer than further ones by more than is usual."""
    steady, unlike, _ = _minima(_columns(pairs, limit), range(len(pairs)))
    return unlike > COLD_SECONDS + COLD_SHARE * steady


def _minima(columns: _Columns, places: Sequence[int]) -> tuple[float, float, float]:
    """Return a call of the reference, what a first call of the candidate takes more, a further."""
    steady, first, cost, further = (min([column[place] for place in places]) for column in columns)
    alike = cost - max(0.0, first - steady)
    return (steady, alike - further, further) if further else (steady, 0.0, alike)


def _ratio(columns: _Columns, places: Sequence[int]) -> float:
    steady, unlike, further = _minima(columns, places)
    if unlike > COLD_SECONDS + COLD_SHARE * steady:
        further += unlike
    return further / steady


def time_limit(references: Sequence[float], factor: float) -> float:
    """Return T, at which a level is worth nothing: a multiple of the slowest level.

    Args:
        references: What the reference costs in each timed level.
        factor: alpha.
    """
    return factor * max(references)


def fraction(cost: float, reference: float, limit: float) -> float:
    """Return the score of one level: the share of the time that is left, as the reference's is 1.

    This is ``max(0, T - t) / (T - t_ref)``: above 1 for what is faster than the reference.

    Source: Qiu et al. 2024, "How Efficient is LLM-Generated Code?", eq. 1.
    """
    return max(0.0, limit - cost) / (limit - reference)


def score(fractions: Sequence[float], weights: Sequence[float]) -> float:
    """Return e: the mean over levels by hardness; levels that were not reached are worth 0."""
    return sum(f * w for f, w in zip(fractions, weights, strict=True)) / sum(weights)


def percentile(values: Sequence[float], share: float) -> float:
    """Return the value below which a share of values lies, between two of them."""
    ordered = sorted(values)
    place = share * (len(ordered) - 1)
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (place - below) * (ordered[above] - ordered[below])
