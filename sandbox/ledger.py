"""What is known of the cost of a candidate's calls: by first looks, by pairs with the reference."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from math import inf
from typing import Any

from codeeval.sandbox.costs import Pair, Scale, drawn_ratios, is_unlike, percentile, ratio

__all__ = ["ENOUGH", "MATTERS", "SURER", "UNSURE", "Ledger", "spread"]

DOUBTFUL, LONG_SECONDS, BEATEN = (10, 3), 0.01, 0.9
"""How many pairs it takes, of short calls and of long ones, to believe that a candidate takes less
than this share of the reference's time, or that it does more for its first answer than later."""
CLOSE, ALIKE = 1.1, 1.25
"""A case that was timed is the slowest one unless another is likely to take so many times as long;
and of cases whose looks are as near to each other, the reference's slowest is timed first."""
TOLD = 1.3
"""By how much a first look may tell more than what a call turns out to cost, for all in a level."""
DRAWS = 100
UNSURE, SURER = 0.12, 0.6
"""How far a cost may be off at least, as a share of it, after one pair; and the power of the number
of pairs by which that shrinks. A bootstrap of few minima is too narrow: docs/efficiency.md."""
MATTERS, ENOUGH = 0.4, 0.6
"""If what one pair leaves open is no more than this share of the precision that is asked for, a
cost is believed that seems to be too low; or one pair will do for a cost that does not."""


class Ledger:
    """The cases of a check, and what each of them costs as far as is known.

    Args:
        check: The fields of the check.
        seconds: What each case costs the reference.
        around: What a process of the reference does for a first answer beside that.
    """

    def __init__(
        self, check: Mapping[str, Any], seconds: Sequence[float], around: Sequence[float]
    ) -> None:
        self._check = check
        self._seconds, self._around = list(seconds), list(around)
        sizes = [count for count, _, _ in check["levels"]]
        self._cases = [range(sum(sizes[:n]), sum(sizes[: n + 1])) for n in range(len(sizes))]
        self._scale = self._scale_of(self._seconds, check["limit_floor"])
        self._looks: dict[int, float] = {}
        """What each case costs at most by a first look, at the speed of that moment."""
        self._likely: dict[int, float] = {}
        """What it is likely to cost by that look."""
        self._alone: set[int] = set()
        """Those of which both are from a process of their own."""
        self._costs: dict[int, float] = {}
        """What each case costs that was timed beside the reference."""
        self._slowness = 1.0
        """What the reference takes now, in times of what it took when it was timed."""
        self._pairs: dict[int, list[Pair]] = {}
        self._drawn: dict[int, tuple[tuple[int, float], list[float]]] = {}
        """What each level may cost, with the case and the pairs that it is from."""
        self._random = random.Random(0)

    def _scale_of(self, seconds: list[float], floor: float) -> Scale:
        """Return the scale that goes with what the reference's calls take."""
        levels = self._check["levels"]
        weights = {level: weight for level, (_, weight, _) in enumerate(levels) if weight}
        slowest = {level: max(map(seconds.__getitem__, self._cases[level])) for level in weights}
        return Scale(self._check["score"], slowest, weights, self._check["limit_factor"], floor)

    def _level_of(self, number: int) -> int:
        return next(level for level, cases in enumerate(self._cases) if number in cases)

    def _unit_of(self, number: int) -> float:
        return self._scale.unit(self._level_of(number))

    def _limit_of(self, number: int) -> float:
        """Return T of a case, 0 in a level that is not timed."""
        level = self._level_of(number)
        return self._scale.unit(level) if level in self._scale.references else 0.0

    def _slowest_case(self, level: int) -> int:
        """Return the case that is slowest, as far as is known; one with pairs if it is close."""
        cases = [case for case in self._cases[level] if case in self._looks]
        if not any(case in self._pairs for case in cases):
            return max(cases, key=self._cost)
        return max(cases, key=self._rank)

    def _case_to_time(self, level: int) -> int:
        """Return the case to repeat next: of a level without pairs one that may be the slowest.

        If that may be several, it is the one that is slowest for the reference.
        """
        slowest = self._slowest_case(level)
        if slowest in self._pairs:
            return slowest
        enough = self._cost(slowest) / ALIKE
        cases = [case for case in self._cases[level] if case in self._looks]
        if any(case in self._pairs for case in cases):
            return slowest
        alike = [case for case in cases if self._cost(case) >= enough]
        return max(alike, key=self._seconds.__getitem__)

    def _rank(self, number: int) -> float:
        if number in self._costs:
            return self._costs[number] * CLOSE
        level = self._cases[self._level_of(number)]
        known = max(filter(self._costs.__contains__, level), key=self._costs.__getitem__)
        told = self._likely[known] / self._slowness / self._costs[known]
        most = CLOSE if number in self._alone else TOLD
        return self._likely[number] / self._slowness / min(max(told, 1.0), most)

    def _cost(self, number: int) -> float:
        if number in self._costs:
            return self._costs[number]
        return self._looks[number] / self._slowness

    def _drawn_costs(self, level: int) -> list[float]:
        """Return what a level may cost: from the bootstrap, or from a first look."""
        case = self._slowest_case(level)
        pairs = self._pairs.get(case)
        state = case, len(pairs) if pairs else -self._slowness
        if level in self._drawn and self._drawn[level][0] == state:
            return self._drawn[level][1]
        if pairs is None:  # noise only adds to a cost: it is between nothing and what was seen
            drawn = [self._cost(case) * (number % 2) for number in range(DRAWS)]
            self._random.shuffle(drawn)
        else:
            mine, unit = self._seconds[case], self._unit_of(case)
            drawn = [each * mine for each in drawn_ratios(pairs, unit, DRAWS, self._random)]
        self._drawn[level] = state, drawn
        return drawn

    def _matters(self, level: int, share: float) -> bool:
        """Whether the score would be off by a share of the precision if a pair tells a wrong cost.

        One that seems to be less than the reference's may be wrong by as much as that is.
        """
        known = self._scale.references
        levels = [each for each in known if self._is_looked_at(each)]
        costs = {each: max(self._cost(self._slowest_case(each)), known[each]) for each in levels}
        most: float = share * self._check["precision"]
        case, off = self._slowest_case(level), 2 * UNSURE
        if pairs := self._pairs.get(case):  # what is done for a first answer may have been noise
            usual = ratio(pairs, inf) * self._seconds[case]
            off = max(off, 1 - usual / costs[level])
        return self._scale.reach(level, costs, off) > most

    def _is_to_be_timed(self, level: int) -> bool:
        """Whether a level takes a pair even if a candidate's cost is not above the reference's."""
        known = self._scale.references
        most: float = MATTERS * self._check["precision"]
        return self._scale.reach(level, known, 1.0) > most

    def _is_timed(self, level: int) -> bool:
        return any(case in self._pairs for case in self._cases[level])

    def _is_looked_at(self, level: int) -> bool:
        return any(case in self._looks for case in self._cases[level])

    def _enough_to_believe(self, case: int, pairs: list[Pair]) -> int:
        """Return how many pairs it takes to believe what a candidate seems to be; else 0.

        That is, faster than the reference, or one that does its work beside the call.
        """
        beaten = self._cost(case) < BEATEN * self._seconds[case]
        if not pairs or not (beaten or is_unlike(pairs, self._unit_of(case))):
            return 0
        return DOUBTFUL[max(self._seconds[case], self._cost(case)) > LONG_SECONDS]


def spread(values: list[float]) -> float:
    """Return how wide the middle 95 % of some values are."""
    return percentile(values, 0.975) - percentile(values, 0.025)
