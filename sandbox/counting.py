"""Costs that are instructions: counted by a simulator, the same each time, so nothing is repeated.

They are given in seconds all the same, of a machine that executes a billion instructions in each.
Whether a candidate is right, and which cases are worth a count, its usual runs tell.
"""

from __future__ import annotations

import marshal
import os
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from codeeval.sandbox.bench import Bench, BrokenJail, Case
from codeeval.sandbox.costing import Costing
from codeeval.sandbox.costs import Pair, percentile, ratio
from codeeval.sandbox.host import kept
from codeeval.sandbox.looking import SPANS, Stop
from codeeval.sandbox.pacing import Call, Timed, Timer
from codeeval.sandbox.reference_costs import REFERENCE_SECONDS, copies_of, reference_costs
from codeeval.sandbox.simulator import SLOWNESS

__all__ = ["CLOCK", "CountedCosting", "reference_counts"]

CLOCK, NATIVE = "instructions-sim", "cpu"
SECONDS = 1e-9
"""What an instruction is said to take."""
LEAST_COUNT = 2000
LEAST = LEAST_COUNT * SECONDS
"""No call is said to execute less: counts of processes differ by some hundreds."""
FAR, CHEAP_SECONDS = 0.5, 2e-3
"""What takes less than this share of the slowest case of its level is not counted, if that takes so
much: the first call of a process takes longer than others, and looks tell little of short calls.
The slowest case of the reference is always counted."""
UNLIKE, LOOKS = 4.0, 3
"""If a call takes so many times the CPU time that its instructions tell, beside the reference in so
many pairs, then CPU time counts: it has had work done that is not counted, by the kernel or by
other programs."""
LOADING, LIMIT_SHARE = 2e-5, 0.01
"""Loading may take so much more than the reference's, or this share of T, before it is charged."""
SHORT, LIKE = 3e-3, 3e-6
"""If a call costs less than the one, the next call in a process tells better what it costs, where
that is no further away than the other: counts of processes differ by so much for no reason."""
EMPTY = "def {}(*_):\n    pass\n"


class CountedCosting(Costing):
    """A `Costs` check of one candidate by the clock `CLOCK`; see `Costing`."""

    looks_again = False

    def __init__(self, bench: Bench, check: Mapping[str, Any], case: Case) -> None:
        limits = {
            key: value * SLOWNESS if key in ("cpu_seconds", "wall_seconds") else value
            for key, value in case.limits.items()
        }
        super().__init__(bench, check, replace(case, limits=limits))
        self.clock = NATIVE
        self._counts, self._beside, self._counted = self._seconds, self._around, self._scale
        self._seconds, self._around, self._second = map(list, zip(*self._native, strict=True))
        self._scale = self._scale_of(self._seconds, check["limit_floor"])
        # The floor is one of CPU time.
        floor = (
            check["limit_floor"]
            * sum(self._counts)
            / sum(took for took, count in zip(self._seconds, self._counts, strict=True) if count)
        )
        self._counted = replace(self._counted, floor=floor)
        self._loading: float | None = None
        """What it takes to load the candidate beyond what it takes to load the reference."""
        self._took: dict[int, float] = {}
        """What each case took by a first look, in CPU time."""

    def _look(self) -> Stop | None:
        stop = super()._look()
        self._took, self._looks = self._looks, {}
        self._cpu, self._native_scale = self._seconds, self._scale
        self._seconds, self._around, self._scale = self._counts, self._beside, self._counted
        who = self._check["entry_point"], self._assessor.pid
        self._counter = Timer(self._bench, self.clock, *who, simulated=True)
        return stop

    def _excess(self, level: int) -> Stop | None:
        """Count what a level's cases execute; say whether that is too much."""
        for case in self._cases[level]:
            self._looks[case] = 0.0
        while (following := self._next_case(level)) is not None:
            if stop := self._count(following):
                return stop
        case, enough = self._slowest_case(level), self._scale.enough(level)
        if self._looks[case] <= enough:
            return None
        many, most = (f"{seconds / SECONDS:.3g}" for seconds in (self._looks[case], enough))
        return Stop("timeout", f"call {case + 1}: {many} instructions, above {most}", True, case)

    def _next_case(self, level: int) -> int | None:
        """Return which case of a level to count next; None if no other can be the slowest."""
        cases = self._cases[level]
        left = [case for case in cases if not self._looks[case]]
        if len(left) == len(cases):
            return max(cases, key=self._seconds.__getitem__)
        most = max(self._looks[case] for case in cases)
        cheap = max(self._took[case] for case in cases) <= CHEAP_SECONDS
        return next((case for case in left if cheap or self._told(case) >= FAR * most), None)

    def _told(self, case: int) -> float:
        """Return what a case costs by its CPU time."""
        return self._took[case] / self._cpu[case] * self._seconds[case]

    def _count(self, case: int) -> Stop | None:
        """Count a case; where that fails, CPU time tells what it costs: it was right before."""
        cost, told = self._counted_cost(case), list[float]()
        while not cost or self._told(case) > UNLIKE * cost:
            if len(told) == LOOKS:
                # No minimum: a machine that gets faster within a pair makes a candidate cheaper.
                cost = percentile(told, 0.5) * self._seconds[case]
                break
            pair = self._native_pair(case)
            if isinstance(pair, Stop):
                return pair
            told.append(ratio([pair], self._native_scale.unit(self._level_of(case))))
            # Noise only adds: one pair without it clears a candidate.
            self._took[case] = min(told) * self._cpu[case]
        self._looks[case] = max(cost, LEAST)
        return None

    def _native_pair(self, case: int) -> Pair | Stop:
        """Time reference and candidate by CPU time."""
        span = SPANS * self._check["span_seconds"]
        most = copies_of(self._took[case], len(self._inputs[case]), span)
        copies = min(self._copies[case], most)
        reference = self._run_reference(case, copies)
        run = self._run_candidate([self._call(case, copies)])
        return self._judge([case], run) or Pair(reference.repeats[0], run.repeats[0])

    def _counted_cost(self, case: int) -> float:
        """Return what a case costs by its count; 0 if there is none."""
        one = self._counts_of(case, 1)
        if one is None:
            return 0.0
        if self._loading is None:
            trusted = self._counter.run(self._reference, [self._reference_call(case, 0)])
            if trusted.instructions is None:
                raise BrokenJail(f"a reference cannot be counted: {trusted.status}")
            mine = self._counts_of(case, 0)
            if mine is None:
                return 0.0
            self._loading = mine - trusted.instructions * SECONDS
        usual = self._around[case]
        if self._loading < max(LOADING, LIMIT_SHARE * self._scale.unit(self._level_of(case))):
            usual += self._loading
        cost = one - usual
        if cost < SHORT:
            two = self._counts_of(case, 2)
            if two is None:
                return 0.0
            further = two - one - self._second[case]
            cost = further if abs(further - cost) < LIKE else max(cost, further)
        return max(cost, LEAST)

    def _counts_of(self, case: int, copies: int) -> float | None:
        run = self._run_candidate([self._call(case, copies)], timer=self._counter)
        return None if run.instructions is None else run.instructions * SECONDS

    def _repeat(self) -> Stop | None:
        return None

    def _drawn_costs(self, level: int) -> list[float]:
        return [self._cost(self._slowest_case(level))] * 2


def reference_counts(bench: Bench, check: Mapping[str, Any], case: Case) -> dict[str, Any]:
    """Run a trusted reference; return its outputs and how many instructions each call executes.

    A call is what a second one in the same process adds, less what a call of nothing does, as the
    arguments are decoded for each; or what a first one does more than a call of nothing, if that is
    less. The rest of a process with one call is usual beside it.
    """
    bench.simulator()  # the rest is of no use without one
    found = reference_costs(bench, {**check, "clock": NATIVE}, case)
    outputs, seconds, around, copies, _ = marshal.loads(found["outputs"])
    if found["status"] != "passed":
        return found
    entry_point = check["entry_point"]
    empty = bench.quiet(kept(EMPTY.format(entry_point).encode()))
    timer = Timer(bench, NATIVE, entry_point, simulated=True)

    def count(program: Case, call: bytes, copies: int) -> int:
        run: Timed = timer.run(program, [Call(call, REFERENCE_SECONDS, copies)])
        if run.status != "passed" or run.instructions is None:
            raise BrokenJail(f"instructions cannot be counted here: {run.status}: {run.message}")
        return run.instructions

    counts, beside, seconds_beside = [], [], []
    timed = [weight > 0 for cases, weight, _ in check["levels"] for _ in range(cases)]
    inputs: list[bytes] = marshal.loads(bench.host.blob(check["inputs"]))
    for call, is_timed in zip(inputs, timed, strict=True):
        cost = one = between = 0
        if is_timed:
            one, two = count(case, call, 1), count(case, call, 2)
            nothing, none = count(empty, call, 1), count(empty, call, 2)
            between = none - nothing
            cost = max(LEAST_COUNT, min(two - one - between, one - nothing))
        counts.append(cost * SECONDS)
        beside.append((one - cost) * SECONDS)
        seconds_beside.append(between * SECONDS)
    os.close(empty.code)
    native = list(zip(seconds, around, seconds_beside, strict=True))
    return {**found, "outputs": marshal.dumps((outputs, counts, beside, copies, native), 2)}
