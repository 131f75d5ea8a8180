"""Measures what a candidate's calls cost, level by level, beside those of the reference."""

from __future__ import annotations

import marshal
import os
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import inf
from typing import Any, NamedTuple

from codeeval.sandbox.assessor import Assessor
from codeeval.sandbox.bench import Bench, BrokenJail, Case
from codeeval.sandbox.builder import built_reference
from codeeval.sandbox.costs import (
    Pair,
    Repeat,
    percentile,
    ratio,
    seen,
)
from codeeval.sandbox.launching import Launcher, timer_of
from codeeval.sandbox.ledger import ENOUGH, MATTERS, SURER, UNSURE, Ledger, spread
from codeeval.sandbox.pacing import NO_USAGE, Call, Timed, Timer
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
LOOK_COPIES, LOOK_BYTES, LOOK_SPANS = 3, 2**16, 2
"""How often each call may be made at a first look, or how many bytes of arguments that may take;
and how many spans the further ones may take that the reference gets."""
CLEARLY = 1.1
SPANS = 10
"""A candidate that is slower than the reference may take so many times its span."""
CENSORING = ("timeout", "memory_limit")


class Stop(NamedTuple):
    """Why a level was not finished."""

    status: str
    message: str
    censored: bool
    """Whether it is for lack of time or memory."""
    number: int
    """The case."""


class Costing(Ledger):
    """One `Costs` check of one candidate.

    Args:
        bench: Where processes are started.
        check: The fields of the check.
        case: The candidate.
    """

    looks_again = True
    """Whether a call that is short is made several times at a first look."""
    over = OVER
    """A call is ended when it has taken so many times the CPU time that it may."""

    def __init__(self, bench: Bench, check: Mapping[str, Any], case: Case) -> None:
        self._bench, self._case = bench, case
        self.clock: str = check["clock"]
        if self.clock.startswith("instructions"):
            self.over = OVER_IN_INSTRUCTIONS
        trusted = marshal.loads(bench.host.blob(check["trusted"]))
        self._source, self._checker, self._expected, *times = trusted
        super().__init__(check, *times[:2])
        self._copies: list[int] = times[2]
        self._native: list[tuple[float, float, float]] = times[3]
        self._inputs: list[bytes] = marshal.loads(bench.host.blob(check["inputs"]))
        self._memory: dict[int, tuple[int, int]] = {}
        self._footprints: dict[int, tuple[float, float]] = {}
        self._finished: list[int] = []
        self._done: set[int] = set()
        """The calls that were answered rightly."""
        self._left = False
        self._idle = 0.0
        """How long its processes have waited for something else than a core."""
        self._right: dict[int, bytes] = {}
        """The last answer to each call that was found right, as a digest."""
        self._usage: dict[str, Any] = dict(NO_USAGE)

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
            "completed": len(self._done),
            "total": len(self._inputs),
            "failures": [stop.number] if failed else [],
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

    def _seconds_for(self, number: int) -> float:
        """Return what a call may take before it is ended."""
        level = self._level_of(number)
        if level in self._scale.references:
            return self._scale.enough(level) * self.over
        slowest = max(self._seconds[each] for each in self._cases[level])
        return max(UNTIMED_SECONDS, UNTIMED_FACTOR * slowest)

    def _look(self) -> Stop | None:
        """Make each call once and compare the answers, with a process for each timed level.

        What a process keeps from one call to the next can pay for no other such level. One that is
        not timed comes after the one that follows it, in the same process; if anything is wrong
        there, they are looked at one by one.
        """
        levels = list(range(len(self._cases)))
        while levels:
            level, *rest = levels
            joined = (
                rest and level not in self._scale.references and self._is_looked_at_well(rest[0])
            )
            if joined and self._first_look(rest[0], self._cases[level])[1] is None:
                levels = rest[1:]
                continue
            if stop := self._look_at(level):
                return stop
            levels = rest
        return None

    def _is_looked_at_well(self, level: int) -> bool:
        """Whether a first look tells more of a level than what is right."""
        return self.looks_again and level in self._scale.references

    def _look_at(self, level: int) -> Stop | None:
        """Make each call of a level once, or more often what took too long."""
        numbers, stop = self._first_look(level)
        while stop is not None and stop.status == "timeout":
            # A second look at what took too long, in a process of its own, by the speed that the
            # machine has now; then at the rest.
            call = self._call(stop.number, 1, slower=self._slower(stop.number))
            run = self._run_candidate([call])
            self._note([stop.number], run)
            if again := self._judge([stop.number], run):
                return again
            numbers = numbers[numbers.index(stop.number) + 1 :]
            if not numbers:
                return None
            run = self._run_candidate(self._calls_at_look(numbers))
            self._note(numbers, run)
            stop = self._judge(numbers, run)
        return stop

    def _first_look(self, level: int, more: Sequence[int] = ()) -> tuple[list[int], Stop | None]:
        """Look at a level in one process; what is slowest for the reference comes first.

        So nothing is known before it, and it is as good as a repeat in a process of its own: where
        it will take one, the reference is timed just before.

        Args:
            level: The level.
            more: Further cases to look at.

        Returns:
            The cases in their order, and what is wrong.
        """
        numbers, reference = list(self._cases[level]), None
        if self._is_looked_at_well(level):
            first = max(numbers, key=self._seconds.__getitem__)
            numbers.remove(first)
            numbers = [first, *numbers, *more]
            if self._is_to_be_timed(level):
                reference = self._run_reference(first, self._copies[first], beside=numbers[1:])
        calls = self._calls_at_look(numbers)
        once = calls[0].copies == 1
        if reference is not None:
            most = SPANS * self._check["span_seconds"]
            calls[0] = self._call(numbers[0], self._copies[numbers[0]], most_seconds=most)
        run = self._run_candidate(calls)
        self._note(numbers, run, once=once)
        stop = self._judge(numbers, run)
        if reference is not None and run.repeats and (stop is None or stop.number != numbers[0]):
            self._take_pair(numbers[0], reference, run)
        return numbers, stop

    def _calls_at_look(self, numbers: Sequence[int]) -> list[Call]:
        """Return the calls of a first look: of short ones more than one each, they tell more."""
        most = LOOK_SPANS * self._check["span_seconds"]
        calls = []
        for number in numbers:
            copies = 1
            if self._is_looked_at_well(level := self._level_of(number)):
                size = max(len(self._inputs[each]) for each in self._cases[level])
                copies = min(self._copies[number], max(1, LOOK_BYTES // size))
            calls.append(self._call(number, copies, most_seconds=most))
        return calls

    def _call(
        self, number: int, copies: int, *, slower: float = 1.0, most_seconds: float = inf
    ) -> Call:
        """Return a call as the candidate is to make it."""
        seconds = self._seconds_for(number) * slower
        return Call(self._inputs[number], seconds, copies, most_seconds)

    def _reference_call(self, number: int, copies: int) -> Call:
        return Call(self._inputs[number], REFERENCE_SECONDS, copies)

    def _note(self, numbers: Sequence[int], run: Timed, *, once: bool = False) -> None:
        """Take down what calls cost at a first look.

        That is all that was done for the answer, less what is usual beside a call. Those after the
        first in a process find much at hand, but they cost no less than the call.

        Args:
            numbers: What was called.
            run: What came of it.
            once: Whether what a call is likely to cost is told by the first time that it was made,
                as most were made once.
        """
        for number, repeat in zip(numbers, run.repeats, strict=False):
            about = self._seconds[number], self._around[number]
            most, likely = seen(repeat, *about, self._limit_of(number))
            if once:
                _, likely = seen(repeat._replace(steady=repeat.call), *about, 0.0)
            self._looks[number], self._likely[number] = most, likely

    def _slower(self, number: int) -> float:
        """Return how many times slower the machine is now than when the reference was timed."""
        now = self._run_reference(number, 1).repeats[0].cold
        return max(1.0, now / (self._seconds[number] + self._around[number]))

    def _run_reference(self, number: int, copies: int, beside: Sequence[int] = ()) -> Timed:
        others = [self._reference_call(each, 1) for each in beside]
        calls = [self._reference_call(number, copies)]
        run = self._timer.run(self._reference, calls, beside=others)
        if not run.repeats:
            raise BrokenJail(f"a reference that ran before: {run.status}")
        return run

    def _run_candidate(
        self,
        calls: Sequence[Call],
        *,
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
        timer = timer or self._timer
        run = timer.run(self._case, calls, idle=left, footprint=footprint)
        self._idle += run.idle_seconds
        self._left |= run.left
        for key, value in run.usage.items():
            usage[key] = max(usage[key], value) if key == "memory_bytes" else usage[key] + value
        return run

    def _judge(self, numbers: list[int], run: Timed) -> Stop | None:
        """Compare the answers of a process; return what is wrong with it."""
        for number, (kind, answer) in zip(numbers, run.answers, strict=False):
            if answer != self._expected[number] or self._check["given"]:
                digest = sha256(bytes([kind]) + answer).digest()
                if digest != self._right.get(number):
                    if fault := self._assessor.fault(number, kind, answer):
                        return Stop("wrong_answer", fault, False, number)
                    self._right[number] = digest
            self._done.add(number)
        if run.status == "passed":
            return None
        number = numbers[min(len(run.repeats), len(numbers) - 1)]
        name = run.message.partition(":")[0]
        censored = run.status in CENSORING or name in self._check["censoring"]
        return Stop(run.status, f"call {number + 1}: {run.message}", censored, number)

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
        while True:
            case = self._case_to_time(level)
            hardest = max(self._cases[level], key=self._seconds.__getitem__)
            pairs = self._pairs.get(case, [])
            worthless = self._cost(case) > self._unit_of(case)  # not to be told by one pair
            least = self._check["repeats"][0] if worthless or self._matters(level, ENOUGH) else 1
            doubts = self._matters(level, MATTERS) and self._enough_to_believe(case, pairs)
            if len(pairs) < (doubts or least):
                stop = self._add_pair(case)
            elif (
                self._seconds[hardest] > CLEARLY * self._seconds[case]
                and len(self._pairs.get(hardest, [])) < least
            ):
                stop = self._add_pair(hardest, doubted=False)
            else:
                return None
            if stop is not None:
                return stop

    def _repeat(self) -> Stop | None:
        """Repeat the levels that were finished until the score is known well enough."""
        most = self._check["repeats"][1]
        for level in self._finished:
            if self._is_timed(level) and (stop := self._measure(level)):
                return stop
        while self._finished:
            drawn = {level: self._drawn_costs(level) for level in self._finished}
            scores = [
                self._scale.score(dict(zip(drawn, each, strict=True)))
                for each in zip(*drawn.values(), strict=True)
            ]
            if spread(scores) < self._check["precision"]:
                return None
            widths = {level: spread(drawn[level]) * self._scale.weight(level) for level in drawn}
            level = max(widths, key=widths.__getitem__)
            if len(self._pairs.get(self._slowest_case(level), ())) >= most:
                return None  # what is known least cannot be known better
            if stop := self._add_pair(self._case_to_time(level)) or self._measure(level):
                return stop
        return None

    def _look_at_memory(self) -> Stop | None:
        """Find out what memory each level takes over time; return what is wrong with it."""
        for level in self._finished:
            case = self._slowest_case(level)
            calls = [self._reference_call(case, 1)]
            reference = self._timer.run(self._reference, calls, footprint=True)
            run = self._run_candidate([self._call(case, 1)], footprint=True)
            if stop := self._judge([case], run):
                return stop
            self._memory.setdefault(case, (run.peak_bytes, reference.peak_bytes))
            # Memory that is less in a run that takes longer is paid for by the time of that run.
            longer = max(1.0, run.repeats[0].call / self._slowness / self._cost(case))
            self._footprints[case] = run.mean_memory_bytes * longer, reference.mean_memory_bytes
        return None

    def _add_pair(self, case: int, *, doubted: bool = True) -> Stop | None:
        """Time reference and candidate once more; return what is wrong with the candidate.

        If it is doubted that a case that was not timed is slower than the one that was, a second
        look comes first, which may settle that it is not.
        """
        copies, level = self._copies[case], self._level_of(case)
        doubted = doubted and self._is_timed(level) and case not in self._pairs
        reference = None if doubted else self._run_reference(case, copies)
        span = SPANS * self._check["span_seconds"]
        most = copies_of(self._cost(case), len(self._inputs[case]), span)
        run = self._run_candidate([self._call(case, min(copies, most))])
        stop = self._judge([case], run)
        if stop is not None and (not stop.censored or not run.started):
            return stop
        if reference is None:
            known = self._looks[case], self._likely[case]
            self._note([case], run)
            self._looks[case] = min(known[0], self._looks[case])
            self._likely[case] = min(known[1], self._likely[case])
            if self._slowest_case(level) != case:
                return None
            reference = self._run_reference(case, copies)
        self._take_pair(case, reference, run)
        return None

    def _take_pair(self, case: int, reference: Timed, run: Timed) -> None:
        """Take down a repeat of the reference and one of the candidate."""
        over = self._seconds_for(case)
        repeat = run.repeats[0] if run.repeats else Repeat(over, over, over)
        pairs = self._pairs.setdefault(case, [])
        pairs.append(Pair(reference.repeats[0], repeat))
        self._costs[case] = ratio(pairs, self._unit_of(case)) * self._seconds[case]
        now = [min(pair.reference.steady for pair in each) for each in self._pairs.values()]
        self._slowness = sum(now) / sum(self._seconds[each] for each in self._pairs)
        known = self._memory.get(case, (0, 0))
        sizes = run.peak_bytes, reference.peak_bytes
        self._memory[case] = max(known[0], sizes[0]), max(known[1], sizes[1])

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
