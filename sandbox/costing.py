"""Measures what a candidate's calls cost, level by level, beside those of the reference."""

from __future__ import annotations

import marshal
import os
import random
from collections.abc import Mapping
from hashlib import sha256
from typing import Any, NamedTuple

from codeeval.sandbox.assessor import Assessor
from codeeval.sandbox.bench import Bench, BrokenJail, Case
from codeeval.sandbox.builder import built_reference
from codeeval.sandbox.costs import (
    Pair,
    Repeat,
    Scale,
    drawn_ratios,
    is_unlike,
    percentile,
    ratio,
)
from codeeval.sandbox.launching import Launcher, timer_of
from codeeval.sandbox.pacing import NO_USAGE, Timed, Timer
from codeeval.sandbox.reference_costs import REFERENCE_SECONDS, copies_of

__all__ = ["SPANS", "Costing", "Stop"]

OVER, OVER_IN_INSTRUCTIONS = 1.5, 4.0
"""A call is ended when it has taken this many times what it may: it is surely beyond it. CPU time
does not tell as well how many instructions were executed."""
NEAR = 0.8
"""From this share of what it may take on, a first look does not settle that a level is finished."""
UNTIMED_SECONDS, UNTIMED_FACTOR = 10.0, 100.0
"""What a call may take in a level that is not timed: the clock decides nothing there."""
IDLE_SECONDS = 20.0
"""How long all processes of a candidate may wait for something else than a core."""
DOUBTFUL, LONG_SECONDS, BEATEN = (10, 3), 0.01, 0.9
"""How many pairs it takes, of short calls and of long ones, to believe that a candidate takes less
than this share of the reference's time, or that it does more for its first answer than later."""
CLEARLY, CLOSE = 1.1, 1.05
SPANS = 10
"""A candidate that is slower than the reference may take so many times its span."""
DRAWS = 100
UNSURE, SURER = 0.12, 0.6
"""How far a cost may be off at least, as a share of it, after one pair; and the power of the number
of pairs by which that shrinks. A bootstrap of few minima is too narrow: docs/efficiency.md."""
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

    over = OVER
    """A call is ended when it has taken so many times the CPU time that it may."""

    def __init__(self, bench: Bench, check: Mapping[str, Any], case: Case) -> None:
        self._bench, self._check, self._case = bench, check, case
        self.clock: str = check["clock"]
        if self.clock.startswith("instructions"):
            self.over = OVER_IN_INSTRUCTIONS
        trusted = marshal.loads(bench.host.blob(check["trusted"]))
        self._source, self._checker, self._expected, *times = trusted
        self._seconds: list[float] = times[0]
        self._around: list[float] = times[1]
        self._copies: list[int] = times[2]
        self._native: list[tuple[float, float, float]] = times[3]
        self._inputs: list[bytes] = marshal.loads(bench.host.blob(check["inputs"]))
        sizes = [count for count, _, _ in check["levels"]]
        self._cases = [range(sum(sizes[:n]), sum(sizes[: n + 1])) for n in range(len(sizes))]
        self._scale = self._scale_of(self._seconds, check["limit_floor"])
        self._looks: dict[int, float] = {}
        """What each case costs at most by a first look, at the speed of that moment."""
        self._costs: dict[int, float] = {}
        """What each case costs that was timed beside the reference."""
        self._slowness = 1.0
        """What the reference takes now, in times of what it took when it was timed."""
        self._pairs: dict[int, list[Pair]] = {}
        self._memory: dict[int, tuple[int, int]] = {}
        self._footprints: dict[int, tuple[float, float]] = {}
        self._drawn: dict[int, tuple[tuple[int, float], list[float]]] = {}
        """What each level may cost, with the case and the pairs that it is from."""
        self._finished: list[int] = []
        self._completed = 0
        self._left = False
        self._idle = 0.0
        """How long its processes have waited for something else than a core."""
        self._right: dict[int, bytes] = {}
        """The last answer to each call that was found right, as a digest."""
        self._usage: dict[str, Any] = dict(NO_USAGE)
        self._random = random.Random(0)

    def _scale_of(self, seconds: list[float], floor: float) -> Scale:
        """Return the scale that goes with what the reference's calls take."""
        levels = self._check["levels"]
        weights = {level: weight for level, (_, weight, _) in enumerate(levels) if weight}
        slowest = {level: max(map(seconds.__getitem__, self._cases[level])) for level in weights}
        return Scale(self._check["score"], slowest, weights, self._check["limit_factor"], floor)

    def run(self) -> dict[str, Any]:
        """Measure; return the result's fields."""
        source = self._source.encode("utf-8", "surrogatepass")
        reference = built_reference(self._bench, source, self._case.build)
        what = self._inputs, self._expected, self._checker, self._check["entry_point"]
        try:
            with Assessor(self._bench, *what, self._check["given"]) as self._assessor:
                self._timer = timer_of(
                    self._bench, self.clock, self._check, reference, self._assessor.pid
                )
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
        level = len(self._cases) if stop is None else self._level_of(stop.number)
        for timed in self._scale.references:
            if timed >= level:
                break
            if found := self._excess(timed):
                stop, level = found, timed
                break
            self._finished.append(timed)
        if stop is not None:
            stop = stop._replace(message=f"level {level}: {stop.message}")
            if not stop.censored or level not in self._scale.references:
                return stop._replace(censored=False)
        ended = self._repeat()
        if self._check["footprint"] and not ended and not stop:
            ended = self._look_at_memory()
        if self._check["footprint"] and ended:  # half of what was asked for is no measure
            self._finished.clear()
        if self._idle > IDLE_SECONDS:  # what it has done by now is no measure
            self._finished.clear()
        return ended or stop

    def _level_of(self, number: int) -> int:
        return next(level for level, cases in enumerate(self._cases) if number in cases)

    def _unit_of(self, number: int) -> float:
        return self._scale.unit(self._level_of(number))

    def _seconds_for(self, number: int) -> float:
        """Return what a call may take before it is ended."""
        level = self._level_of(number)
        if level in self._scale.references:
            return self._scale.enough(level) * self.over
        slowest = max(self._seconds[each] for each in self._cases[level])
        return max(UNTIMED_SECONDS, UNTIMED_FACTOR * slowest)

    def _look(self) -> Stop | None:
        """Make each call once and compare the answers, with a process for each level.

        What a process keeps from one call to the next can pay for no other level.
        """
        for level in range(len(self._cases)):
            if stop := self._look_at(list(self._cases[level])):
                return stop
        return None

    def _look_at(self, numbers: list[int]) -> Stop | None:
        while numbers:
            run = self._run_candidate(numbers)
            self._note(numbers, run)
            stop = self._judge(numbers, run)
            if stop is None or stop.status != "timeout":
                return stop
            # A second look at what took too long, in a process of its own, by the speed that the
            # machine has now; then at the rest.
            rest = numbers[numbers.index(stop.number) + 1 :]
            run = self._run_candidate([stop.number], slower=self._slower(stop.number))
            self._note([stop.number], run)
            again = self._judge([stop.number], run)
            if again is not None:
                return again
            numbers = rest
        return None

    def _note(self, numbers: list[int], run: Timed) -> None:
        """Take down what calls cost at a first look.

        That is all that was done for the answer, less what is usual beside a call. Those after the
        first in a process find much at hand, but they cost no less than the call.
        """
        for number, repeat in zip(numbers, run.repeats, strict=False):
            self._looks[number] = max(repeat.cold - self._around[number], repeat.call)

    def _slower(self, number: int) -> float:
        """Return how many times slower the machine is now than when the reference was timed."""
        now = self._run_reference(number, 1).repeats[0].cold
        return max(1.0, now / (self._seconds[number] + self._around[number]))

    def _run_reference(self, number: int, copies: int) -> Timed:
        calls = [self._inputs[number]]
        run = self._timer.run(self._reference, calls, seconds=[REFERENCE_SECONDS], copies=copies)
        if not run.repeats:
            raise BrokenJail(f"a reference that ran before: {run.status}")
        return run

    def _run_candidate(
        self,
        numbers: list[int],
        *,
        copies: int = 1,
        slower: float = 1.0,
        timer: Timer | Launcher | None = None,
        footprint: bool = False,
    ) -> Timed:
        usage, limits = self._usage, self._case.limits
        if self._bench.unfit:
            return Timed.nothing("runtime_error", "left a process that cannot be cleared away")
        left = IDLE_SECONDS - self._idle
        if left < 0:
            return Timed.nothing("timeout", f"did nothing for {self._idle:.0f} s in all its calls")
        for name in ("cpu_seconds", "wall_seconds"):
            if usage[name] > limits[name]:
                return Timed.nothing("timeout", f"took {usage[name]:.0f} {name} in all its calls")
        calls = [self._inputs[number] for number in numbers]
        seconds = [self._seconds_for(number) * slower for number in numbers]
        timer = timer or self._timer
        run = timer.run(
            *(self._case, calls), seconds=seconds, copies=copies, idle=left, footprint=footprint
        )
        self._idle += run.idle_seconds
        self._left |= run.left
        for key, value in run.usage.items():
            usage[key] = max(usage[key], value) if key == "memory_bytes" else usage[key] + value
        return run

    def _judge(self, numbers: list[int], run: Timed) -> Stop | None:
        """Compare the answers of a process; return what is wrong with it."""
        for number, (kind, answer) in zip(numbers, run.answers, strict=False):
            if answer == self._expected[number] and not self._check["given"]:
                continue
            digest = sha256(bytes([kind]) + answer).digest()
            if digest == self._right.get(number):
                continue
            fault = self._assessor.fault(number, kind, answer)
            if fault:
                self._completed = number
                return Stop("wrong_answer", fault, False, number)
            self._right[number] = digest
        if run.status == "passed":
            self._completed = max(self._completed, numbers[-1] + 1)
            return None
        number = numbers[min(len(run.repeats), len(numbers) - 1)]
        self._completed = max(self._completed, number)
        name = run.message.partition(":")[0]
        censored = run.status in CENSORING or name in self._check["censoring"]
        return Stop(run.status, f"call {number + 1}: {run.message}", censored, number)

    def _slowest_case(self, level: int) -> int:
        """Return the case that is slowest, as far as is known; one with pairs if it is close."""
        return max(filter(self._looks.__contains__, self._cases[level]), key=self._rank)

    def _rank(self, number: int) -> float:
        return self._cost(number) * (CLOSE if number in self._pairs else 1.0)

    def _cost(self, number: int) -> float:
        if number in self._costs:
            return self._costs[number]
        return self._looks[number] / self._slowness

    def _excess(self, level: int) -> Stop | None:
        """Say whether a level that was gone through took too long; if it is close, repeat."""
        enough = self._scale.enough(level)
        if self._cost(self._slowest_case(level)) <= NEAR * enough:
            return None
        if stop := self._measure(level):
            return stop
        case = self._slowest_case(level)
        cost = self._cost(case)
        if cost <= enough:
            return None
        message = f"call {case + 1} costs {cost:.3g} s, more than {enough:.3g} s"
        return Stop("timeout", message, True, case)

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
            if len(pairs) < (self._enough_to_believe(case, pairs) or least):
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

    def _enough_to_believe(self, case: int, pairs: list[Pair]) -> int:
        """Return how many pairs it takes to believe what a candidate seems to be; else 0.

        That is, faster than the reference, or one that does its work beside the call.
        """
        beaten = self._cost(case) < BEATEN * self._seconds[case]
        if not pairs or not (beaten or is_unlike(pairs, self._unit_of(case))):
            return 0
        return DOUBTFUL[self._seconds[case] > LONG_SECONDS]

    def _repeat(self) -> Stop | None:
        """Repeat the levels that were finished until the score is known well enough."""
        most = self._check["repeats"][1]
        while self._finished:
            drawn = {level: self._drawn_costs(level) for level in self._finished}
            scores = [
                self._scale.score(dict(zip(drawn, each, strict=True)))
                for each in zip(*drawn.values(), strict=True)
            ]
            if spread(scores) < self._check["precision"]:
                return None
            widths = {
                level: spread(drawn[level]) * self._scale.weight(level)
                for level in drawn
                if len(self._pairs.get(self._slowest_case(level), ())) < most
            }
            if not widths:
                return None
            level = max(widths, key=widths.__getitem__)
            if stop := self._add_pair(self._slowest_case(level)) or self._measure(level):
                return stop
        return None

    def _look_at_memory(self) -> Stop | None:
        """Find out what memory each level takes over time; return what is wrong with it."""
        for level in self._finished:
            case = self._slowest_case(level)
            calls, enough = [self._inputs[case]], [REFERENCE_SECONDS]
            reference = self._timer.run(self._reference, calls, seconds=enough, footprint=True)
            run = self._run_candidate([case], footprint=True)
            if stop := self._judge([case], run):
                return stop
            sizes = run.usage["memory_bytes"], reference.usage["memory_bytes"]
            self._memory.setdefault(case, sizes)
            # Memory that is less in a run that takes longer is paid for by the time of that run.
            longer = max(1.0, run.repeats[0].call / self._slowness / self._cost(case))
            self._footprints[case] = run.mean_memory_bytes * longer, reference.mean_memory_bytes
        return None

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

    def _add_pair(self, case: int) -> Stop | None:
        """Time reference and candidate once more; return what is wrong with the candidate."""
        copies = self._copies[case]
        reference = self._run_reference(case, copies)
        span = SPANS * self._check["span_seconds"]
        most = copies_of(self._cost(case), len(self._inputs[case]), span)
        run = self._run_candidate([case], copies=min(copies, most))
        stop = self._judge([case], run)
        if stop is not None and (not stop.censored or not run.started):
            return stop
        over = self._seconds_for(case)
        repeat = run.repeats[0] if run.repeats else Repeat(over, over, over)
        pairs = self._pairs.setdefault(case, [])
        pairs.append(Pair(reference.repeats[0], repeat))
        self._costs[case] = ratio(pairs, self._unit_of(case)) * self._seconds[case]
        now = [min(pair.reference.steady for pair in each) for each in self._pairs.values()]
        self._slowness = sum(now) / sum(self._seconds[each] for each in self._pairs)
        known = self._memory.get(case, (0, 0))
        sizes = run.usage["memory_bytes"], reference.usage["memory_bytes"]
        self._memory[case] = max(known[0], sizes[0]), max(known[1], sizes[1])
        return None

    def _results(self) -> list[dict[str, Any]]:
        """Return the fields of `Cost` for each timed level that was begun."""
        found = []
        for place, (level, reference) in enumerate(self._scale.references.items()):
            finished, enough = level in self._finished, self._scale.enough(level)
            case, seconds, low, high = self._cases[level][0], enough, 0.0, enough
            if case in self._looks:
                case, drawn = self._slowest_case(level), self._drawn_costs(level)
                seconds = self._cost(case)
                low, high = (percentile(drawn, share) for share in (0.025, 0.975))
                if case in self._pairs:
                    share = UNSURE * len(self._pairs[case]) ** -SURER
                    low, high = min(low, seconds * (1 - share)), max(high, seconds * (1 + share))
            censored = not finished or seconds > enough
            memory = self._memory.get(case, (0, 0))
            means = self._footprints.get(case, (0.0, 0.0))
            found.append(
                {
                    "level": level,
                    "size": self._check["levels"][level][2],
                    "case": case - self._cases[level][0],
                    "seconds": max(seconds, enough) if censored else seconds,
                    "low": min(low, seconds),
                    "high": max(high, seconds),
                    "reference_seconds": reference,
                    "limit_seconds": self._scale.limit(level),
                    "repeats": len(self._pairs.get(case, ())),
                    "censored": censored,
                    "memory_bytes": memory[0],
                    "reference_memory_bytes": memory[1],
                    "mean_memory_bytes": means[0],
                    "reference_mean_memory_bytes": means[1],
                    "rival_seconds": [each[place] for each in self._check["rivals"]],
                    "clock": self._check["clock"],
                }
            )
            if censored:
                break
        return found


def spread(values: list[float]) -> float:
    """Return how wide the middle 95 % of some values are."""
    return percentile(values, 0.975) - percentile(values, 0.025)
