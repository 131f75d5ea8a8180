"""From clock readings to costs: minima of interleaved repeats, their ratio, how sure it is.

A repeat of a call is made in a process of its own, by reference and candidate in turn. Noise only
ever adds to a cost, so the smallest of the repeats is nearest to it.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import log
from typing import NamedTuple

__all__ = [
    "FIRST_SECONDS",
    "FIRST_SHARE",
    "LEAST_SECONDS",
    "Pair",
    "Repeat",
    "Scale",
    "drawn_ratios",
    "fraction",
    "is_unlike",
    "percentile",
    "ratio",
    "score",
    "seen",
    "speed",
    "time_limit",
]

LEAST_SECONDS = 1e-7
"""No call is said to take less."""
FAST = 2.0
"""How many times faster than the reference a candidate is need not be known well beyond this."""
NOISE_SECONDS, NOISE_SHARE, LIMIT_SHARE = 5e-6, 0.05, 0.01
"""By how much what a process does for its first answer may seem to be more than it was: so much and
this share of what the reference's does for it or a further call takes, or this share of T."""


FIRST_SECONDS, FIRST_SHARE = 1e-4, 0.3
"""How much longer, and by which share, a first answer may take in a single repeat."""


class Repeat(NamedTuple):
    """What one process took for a call, in seconds of the clock.

    ``cold`` is all that it did for its first answer, from the loading of the code until that was
    sent; ``call`` the first call alone; ``steady`` each of the further ones, the same as ``call``
    where there are none.
    """

    cold: float
    call: float
    steady: float


class Pair(NamedTuple):
    """A repeat of the reference and one of the candidate, one right after the other."""

    reference: Repeat
    candidate: Repeat


def ratio(pairs: Sequence[Pair], limit: float) -> float:
    """Return what a call of the candidate costs, in calls of the reference: a ratio of minima.

    Further calls in one process tell most, as a first call has to fetch its memory. But a program
    may keep what it found in the first, or find it before that: if it does more for its first
    answer than the further calls tell, beyond what the reference does more, all of that counts.

    Args:
        pairs: At least one.
        limit: T.
    """
    return _ratio(_columns(pairs), range(len(pairs)), limit)


def seen(
    repeat: Repeat, reference: float, around: float, limit: float, noise: float = 1.0
) -> tuple[float, float]:
    """Return what a call costs at most by a single repeat, and what it is likely to cost.

    That a first answer takes longer than usual is most often noise, of which single repeats have
    much.

    Args:
        repeat: The candidate's.
        reference: What the call costs the reference.
        around: What the reference's process does for a first answer beside a usual call.
        limit: T.
        noise: The share of the usual noise that is to be expected.
    """
    if repeat.steady == repeat.call:
        most = max(repeat.cold - around, repeat.call)
        return most, most
    minima = reference + around, reference, repeat.cold, repeat.steady
    hidden = _hidden(minima, limit)
    beyond = max(0.0, hidden - noise * (FIRST_SECONDS + FIRST_SHARE * (reference + around)))
    return repeat.steady + hidden, repeat.steady + beyond


def drawn_ratios(
    pairs: Sequence[Pair], limit: float, draws: int, source: random.Random
) -> list[float]:
    """Return ratios of pairs that are drawn with replacement: the bootstrap."""
    columns, places = _columns(pairs), range(len(pairs))
    hidden = _hidden(_minima(columns, places), limit)
    drawn = [_minima(columns, source.choices(places, k=len(pairs))) for _ in range(draws)]
    return [(steady + hidden) / reference for _, reference, _, steady in drawn]


def is_unlike(pairs: Sequence[Pair], limit: float) -> bool:
    """Whether the candidate does more for its first answer than further calls tell."""
    return _hidden(_minima(_columns(pairs), range(len(pairs))), limit) > 0


class _Columns(NamedTuple):
    """Pairs, column by column; or the smallest of each."""

    reference_cold: Sequence[float]
    reference: Sequence[float]
    cold: Sequence[float]
    steady: Sequence[float]


def _columns(pairs: Sequence[Pair]) -> _Columns:
    return _Columns(
        [pair.reference.cold for pair in pairs],
        [pair.reference.steady for pair in pairs],
        [pair.candidate.cold for pair in pairs],
        [pair.candidate.steady for pair in pairs],
    )


def _minima(columns: _Columns, places: Sequence[int]) -> tuple[float, ...]:
    return tuple(min([column[place] for place in places]) for column in columns)


def _hidden(minima: Sequence[float], limit: float) -> float:
    """Return what the candidate did for its first answer that its further calls do not tell."""
    reference_cold, reference, cold, steady = minima
    more = (cold - steady) - (reference_cold - reference)
    noise = NOISE_SECONDS + NOISE_SHARE * max(reference_cold, steady)
    tolerated = max(noise, LIMIT_SHARE * limit)
    return more if more > tolerated else 0.0


def _ratio(columns: _Columns, places: Sequence[int], limit: float) -> float:
    minima = _minima(columns, places)
    return (minima[3] + _hidden(minima, limit)) / minima[1]


@dataclass(frozen=True)
class Scale:
    """How costs of levels become a score, and when a level is not finished.

    Attributes:
        score_name: ``fraction``: e, for which all levels have one limit T, by the slowest of them.
            ``speed``: what the reference takes for all levels by what the candidate does, up to
            `FAST`; each level has a limit of its own. ``ratio``: the logarithm of the same, without
            a bound.
        references: What the reference costs in each timed level.
        weights: How much each of them counts; not for ``speed``.
        factor: A limit in times of what the reference takes.
        floor: What a level may take at least, in seconds.
    """

    score_name: str
    references: Mapping[int, float]
    weights: Mapping[int, float]
    factor: float
    floor: float

    def unit(self, level: int) -> float:
        """Return what a cost is to be seen beside: T, or what the reference takes."""
        if self.score_name == "fraction":
            return time_limit(list(self.references.values()), self.factor)
        return self.references[level]

    def limit(self, level: int) -> float:
        """Return the limit of a level, in seconds."""
        return self.unit(level) * (1.0 if self.score_name == "fraction" else self.factor)

    def enough(self, level: int) -> float:
        """Return beyond which cost a level is not finished."""
        return max(self.limit(level), self.floor)

    def reach(self, level: int, costs: Mapping[int, float], share: float) -> float:
        """Return how much the score may be off if the cost of a level is less by a share of it."""
        if self.score_name != "fraction":
            return share * costs[level] / max(sum(costs.values()), LEAST_SECONDS)
        weight, most = self.weights[level] / sum(self.weights.values()), self.unit(level)
        off = min(costs[level], most) - min(costs[level] * (1 - share), most)
        return weight * off / (most - self.references[level])

    def score(self, costs: Mapping[int, float]) -> float:
        """Return the score, given the costs of the levels that were finished."""
        if self.score_name != "fraction":
            finished = costs.keys() == self.references.keys()
            known = speed(list(costs.values()), list(self.references.values())) if finished else 0.0
            if self.score_name == "ratio":
                return log(known) if finished else 0.0
            return min(known, FAST)
        limit = time_limit(list(self.references.values()), self.factor)
        fractions = [
            fraction(costs[level], reference, limit) if level in costs else 0.0
            for level, reference in self.references.items()
        ]
        return score(fractions, list(self.weights.values()))


def speed(costs: Sequence[float], references: Sequence[float]) -> float:
    """Return how many times faster than the reference a candidate is over all levels."""
    return sum(references) / max(sum(costs), LEAST_SECONDS)


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
