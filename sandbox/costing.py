"""Measures what a candidate's calls cost, level by level, beside those of the reference."""

from __future__ import annotations

import marshal
import os
import random
from collections.abc import Mapping
from typing import Any, NamedTuple

from codeeval.sandbox.assessor import Assessor
from codeeval.sandbox.bench import Bench, BrokenJail, Case
from codeeval.sandbox.costs import (
    Pair,
    Repeat,
    charged,
    drawn_ratios,
    fraction,
    is_unlike,
    percentile,
    ratio,
    score,
    time_limit,
)
from codeeval.sandbox.host import kept
from codeeval.sandbox.pacing import Timed, Timer
from codeeval.sandbox.records import DIGEST

__all__ = ["Costing", "reference_costs"]

OVER = 1.5
"""A call is ended when it has taken this many times what it may: it is surely beyond it."""
NEAR = 0.8
"""From this share of what it may take on, a first look does not settle that a level is finished."""
UNTIMED_SECONDS, UNTIMED_FACTOR = 10.0, 100.0
"""What a call may take in a level that is not timed: the clock decides nothing there."""
WARM, COPIES, COPIED_BYTES = 6, 200, 2**20
DOUBTFUL = 10
"""How many pairs it takes to believe that a candidate does more in its first call than later."""
CLEARLY = 1.1
SPANS = 10
"""A candidate that is slower than the reference may take so many times its span."""
DRAWS = 100
REFERENCE_SECONDS = 300.0
REFERENCE_REPEATS = 6
NO_USAGE = {"wall_seconds": 0, "cpu_seconds": 0, "memory_bytes": 0, "waiting_seconds": 0}
CENSORING = ("timeout", "memory_limit")


class Stop(NamedTuple):
    """Why a level was not finished."""

    status: str
    message: str
    censored: bool
    """Whether it is for lack of time or memory."""
    number: int
    """The case."""


class Costing:
    """One `Costs` check of one candidate.

    Args:
        bench: Where processes are started.
        check: The fields of the check.
        case: The candidate.
    """

    def __init__(self, bench: Bench, check: Mapping[str, Any], case: Case) -> None:
        self._bench, self._check, self._case = bench, check, case
        trusted = marshal.loads(bench.host.blob(check["trusted"]))
        self._source, self._checker, self._expected, *times = trusted
        self._seconds: list[float] = times[0]
        self._around: list[float] = times[1]
        self._copies: list[int] = times[2]
        self._inputs: list[bytes] = marshal.loads(bench.host.blob(check["inputs"]))
        self._weights: list[float] = [weight for _, weight, _ in check["levels"]]
        sizes = [count for count, _, _ in check["levels"]]
        self._cases = [range(sum(sizes[:n]), sum(sizes[: n + 1])) for n in range(len(sizes))]
        self._slowest = {
            level: max(self._seconds[number] for number in self._cases[level])
            for level, weight in enumerate(self._weights)
            if weight > 0
        }
        """What the reference's slowest case of each timed level costs."""
        self._limit = time_limit(list(self._slowest.values()), check["limit_factor"])
        self._enough: float = max(self._limit, check["limit_floor"])
        """Beyond this a level is censored."""
        self._costs: dict[int, float] = {}
        """What each case costs that was timed: at most, until there are pairs of it."""
        self._pairs: dict[int, list[Pair]] = {}
        self._memory: dict[int, tuple[int, int]] = {}
        self._drawn: dict[int, tuple[tuple[int, int], list[float]]] = {}
        """Scores that each level may have, with the case and the pairs that they are from."""
        self._finished: list[int] = []
        self._completed = 0
        self._left = False
        self._usage: dict[str, Any] = dict(NO_USAGE)
        self._random = random.Random(0)

    def run(self) -> dict[str, Any]:
        """Measure; return the result's fields."""
        reference = self._bench.quiet(kept(self._source.encode("utf-8", "surrogatepass")))
        what = self._inputs, self._expected, self._checker, self._check["entry_point"]
        try:
            with Assessor(self._bench, *what) as self._assessor:
                self._timer = Timer(self._bench, self._check["clock"], what[3], self._assessor.pid)
                self._reference = reference
                stop = self._go_through() or Stop("passed", "", False, 0)
        finally:
            os.close(reference.code)
        failed = stop.status != "passed" and not stop.censored
        return {
            "status": stop.status if failed else "passed",
            "message": stop.message,
            "completed": self._completed,
            "total": len(self._inputs),
            "failures": [min(self._completed, len(self._inputs) - 1)] if failed else [],
            "sealed": True,
            "usage": self._usage,
            "recycle": self._left,
            "costs": [] if failed else self._results(),
        }

    def _go_through(self) -> Stop | None:
        """Look at all cases, then repeat; return what ended it early, if anything did."""
        stop = self._look()
        level = len(self._weights) if stop is None else self._level_of(stop.number)
        for timed in self._slowest:
            if timed >= level:
                break
            if found := self._excess(timed):
                stop, level = found, timed
                break
            self._finished.append(timed)
        if stop is not None:
            stop = stop._replace(message=f"level {level}: {stop.message}")
            if not stop.censored or level not in self._slowest:
                return stop._replace(censored=False)
        return self._repeat() or stop

    def _level_of(self, number: int) -> int:
        return next(level for level, cases in enumerate(self._cases) if number in cases)

    def _seconds_for(self, number: int) -> float:
        """Return what a call may take before it is ended."""
        level = self._level_of(number)
        if level in self._slowest:
            return self._enough * OVER
        slowest = max(self._seconds[each] for each in self._cases[level])
        return max(UNTIMED_SECONDS, UNTIMED_FACTOR * slowest)

    def _look(self) -> Stop | None:
        """Make each call once and compare the answers, with a process for each level.

        What a process keeps from one call to the next can pay for no other level.
        """
        for level in range(len(self._weights)):
            if stop := self._look_at(list(self._cases[level])):
                return stop
        return None

    def _look_at(self, numbers: list[int]) -> Stop | None:
        while numbers:
            run = self._run_candidate(numbers)
            for number, repeat in zip(numbers, run.repeats, strict=False):
                self._costs[number] = charged(repeat, self._around[number], self._limit)
            stop = self._judge(numbers, run)
            timed_out = stop is not None and stop.status == "timeout"
            if stop is None or not timed_out or len(numbers) == 1:
                return stop
            # A second look at what took too long, in a process of its own; then at the rest.
            rest = numbers[numbers.index(stop.number) + 1 :]
            run = self._run_candidate([stop.number])
            again = self._judge([stop.number], run)
            if again is not None:
                return again
            around = self._around[stop.number]
            self._costs[stop.number] = charged(run.repeats[0], around, self._limit)
            numbers = rest
        return None

    def _run_candidate(self, numbers: list[int], *, copies: int = 1) -> Timed:
        calls = [self._inputs[number] for number in numbers]
        seconds = list(map(self._seconds_for, numbers))
        run = self._timer.run(self._case, calls, seconds=seconds, copies=copies)
        self._left |= run.left
        for key, value in run.usage.items():
            known = self._usage[key]
            self._usage[key] = max(known, value) if key == "memory_bytes" else known + value
        return run

    def _judge(self, numbers: list[int], run: Timed) -> Stop | None:
        """Compare the answers of a process; return what is wrong with it."""
        for number, (kind, answer) in zip(numbers, run.answers, strict=False):
            if answer == self._expected[number]:
                continue
            fault = self._assessor.fault(number, kind, answer)
            if fault:
                self._completed = number
                return Stop("wrong_answer", fault, False, number)
        if run.status == "passed":
            self._completed = max(self._completed, numbers[-1] + 1)
            return None
        number = numbers[min(len(run.repeats), len(numbers) - 1)]
        self._completed = max(self._completed, number)
        name = run.message.partition(":")[0]
        censored = run.status in CENSORING or name in self._check["censoring"]
        return Stop(run.status, f"call {number + 1}: {run.message}", censored, number)

    def _slowest_case(self, level: int) -> int:
        return max(self._cases[level], key=self._costs.__getitem__)

    def _excess(self, level: int) -> Stop | None:
        """Say whether a level that was gone through took too long; if it is close, repeat."""
        if self._costs[self._slowest_case(level)] <= NEAR * self._enough:
            return None
        if stop := self._measure(level):
            return stop
        case = self._slowest_case(level)
        late = self._costs[case] > self._enough
        return Stop("timeout", "took longer than it may", True, case) if late else None

    def _measure(self, level: int) -> Stop | None:
        """Repeat the slowest case of a level, and what comes out as slower then, often enough.

        What is slowest for the reference is repeated, too, if it is clearly slower for it: there a
        candidate may have found in the call before what it needs.
        """
        least = self._check["repeats"][0]
        while True:
            case = self._slowest_case(level)
            hardest = max(self._cases[level], key=self._seconds.__getitem__)
            pairs = self._pairs.get(case, [])
            if len(pairs) < (DOUBTFUL if pairs and is_unlike(pairs, self._limit) else least):
                stop = self._add_pair(case)
            elif (
                self._seconds[hardest] > CLEARLY * self._seconds[case]
                and len(self._pairs.get(hardest, [])) < least
            ):
                stop = self._add_pair(hardest)
            else:
                return None
            if stop is not None:
                return stop

    def _repeat(self) -> Stop | None:
        """Repeat the levels that were finished until their score is known well enough."""
        most = self._check["repeats"][1]
        while self._finished:
            drawn = {level: self._drawn_fractions(level) for level in self._finished}
            weights = [self._weights[level] for level in drawn]
            missing = sum(self._weights) - sum(weights)
            scores = [
                score([*each, 0.0], [*weights, missing])
                for each in zip(*drawn.values(), strict=True)
            ]
            if spread(scores) < self._check["precision"]:
                return None
            widths = {
                level: spread(drawn[level]) * self._weights[level]
                for level in drawn
                if len(self._pairs.get(self._slowest_case(level), ())) < most
            }
            if not widths:
                return None
            level = max(widths, key=widths.__getitem__)
            if stop := self._add_pair(self._slowest_case(level)) or self._measure(level):
                return stop
        return None

    def _drawn_fractions(self, level: int) -> list[float]:
        """Return scores that a level may have: from the bootstrap, or between the bounds."""
        case, reference = self._slowest_case(level), self._slowest[level]
        pairs = self._pairs.get(case)
        state = case, len(pairs or ())
        if level in self._drawn and self._drawn[level][0] == state:
            return self._drawn[level][1]
        if pairs is None:  # noise only adds to a cost: it is between nothing and what was seen
            drawn = [self._costs[case] * (number % 2) for number in range(DRAWS)]
            self._random.shuffle(drawn)
        else:
            mine = self._seconds[case]
            drawn = [each * mine for each in drawn_ratios(pairs, self._limit, DRAWS, self._random)]
        fractions = [fraction(each, reference, self._limit) for each in drawn]
        self._drawn[level] = state, fractions
        return fractions

    def _add_pair(self, case: int) -> Stop | None:
        """Time reference and candidate once more; return what is wrong with the candidate."""
        mine, own = self._seconds[case], self._costs[case]
        calls, seconds = [self._inputs[case]], self._enough * OVER
        copies = self._copies[case]
        reference = self._timer.run(
            self._reference, calls, seconds=[REFERENCE_SECONDS], copies=copies
        )
        if not reference.repeats:
            raise BrokenJail(f"a reference that ran before: {reference.status}")
        most = copies_of(own, len(calls[0]), SPANS * self._check["span_seconds"])
        run = self._run_candidate([case], copies=min(copies, most))
        stop = self._judge([case], run)
        if stop is not None and not stop.censored:
            return stop
        repeat = run.repeats[0] if run.repeats else Repeat(seconds, seconds, 0.0)
        pairs = self._pairs.setdefault(case, [])
        pairs.append(Pair(reference.repeats[0], repeat))
        self._costs[case] = ratio(pairs, self._limit) * mine
        known = self._memory.get(case, (0, 0))
        sizes = run.usage["memory_bytes"], reference.usage["memory_bytes"]
        self._memory[case] = max(known[0], sizes[0]), max(known[1], sizes[1])
        return None

    def _results(self) -> list[dict[str, Any]]:
        """Return the fields of `Cost` for each timed level that was begun."""
        found = []
        for level in self._slowest:
            known = [number for number in self._cases[level] if number in self._costs]
            finished = level in self._finished
            case = max(known, key=self._costs.__getitem__) if known else self._cases[level][0]
            pairs = self._pairs.get(case, [])
            seconds = self._costs.get(case, self._enough)
            low, high = 0.0, seconds  # noise only adds to what was seen once
            if len(pairs) > 1:
                drawn = drawn_ratios(pairs, self._limit, DRAWS, self._random)
                low, high = (percentile(drawn, p) * self._seconds[case] for p in (0.025, 0.975))
            censored = not finished or seconds > self._enough
            memory = self._memory.get(case, (0, 0))
            found.append(
                {
                    "level": level,
                    "size": self._check["levels"][level][2],
                    "case": case - self._cases[level][0],
                    "seconds": max(seconds, self._enough) if censored else seconds,
                    "low": low,
                    "high": max(high, seconds),
                    "reference_seconds": self._slowest[level],
                    "limit_seconds": self._limit,
                    "repeats": len(pairs),
                    "censored": censored,
                    "memory_bytes": memory[0],
                    "reference_memory_bytes": memory[1],
                }
            )
            if censored:
                break
        return found


def spread(values: list[float]) -> float:
    """Return how wide the middle 95 % of some values are."""
    return percentile(values, 0.975) - percentile(values, 0.025)


def copies_of(seconds: float, size: int, span: float) -> int:
    """Return how often to make a call in one process: once, or so often that it is warm.

    Args:
        seconds: What the call takes.
        size: The bytes of its arguments.
        span: What all of them should take at least.
    """
    if seconds >= span:
        return 1
    copies = min(COPIES if seconds < span / 4 else WARM, COPIED_BYTES // size)
    return copies if copies >= WARM else 1


def reference_costs(bench: Bench, check: Mapping[str, Any], case: Case) -> dict[str, Any]:
    """Run a trusted reference; return its outputs, what each call costs, and what is around it.

    All calls are gone through several times: a machine is slow for a while, not for one call.
    """
    timer = Timer(bench, check["clock"], check["entry_point"])
    inputs: list[bytes] = marshal.loads(bench.host.blob(check["inputs"]))
    outputs: list[bytes] = []
    known: list[list[Repeat]] = [[] for _ in inputs]
    around: list[float] = []
    copies = [1] * len(inputs)
    status, message, left = "passed", "", False
    for turn in range(1 + REFERENCE_REPEATS):
        for number, call in enumerate(inputs):
            run = timer.run(case, [call], seconds=[REFERENCE_SECONDS], copies=copies[number])
            left |= run.left
            if run.status != "passed":
                status, message = run.status, run.message
                break
            if not turn:
                kind, answer = run.answers[0]
                outputs.append(b"h" + answer if kind == DIGEST else answer)
            known[number].append(run.repeats[0])
        if status != "passed":
            break
        if not turn:
            first = [repeats[0].first for repeats in known]
            around = [repeats[0].around for repeats in known]
            copies = copies_in_groups(check, first, list(map(len, inputs)))
            known = [each if copies[number] == 1 else [] for number, each in enumerate(known)]
    return {
        "status": status,
        "message": message,
        "completed": len(outputs),
        "total": len(inputs),
        "failures": [],
        "sealed": True,
        "usage": NO_USAGE,
        "recycle": left,
        "outputs": marshal.dumps(
            (
                outputs,
                [min((repeat.steady for repeat in repeats), default=0.0) for repeats in known],
                around,
                copies,
            ),
            2,
        ),
    }


def copies_in_groups(check: Mapping[str, Any], seconds: list[float], sizes: list[int]) -> list[int]:
    """Return how often to make each call in one process: the same within a group."""
    found: list[int] = []
    for count in check["groups"] or [1] * len(seconds):
        place = slice(len(found), len(found) + count)
        if count:
            slowest, largest = max(seconds[place]), max(sizes[place])
            found += [copies_of(slowest, largest, check["span_seconds"])] * count
    return found
