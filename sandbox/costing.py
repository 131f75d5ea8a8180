"""Measures what a candidate's calls cost, level by level, beside those of the reference."""

from __future__ import annotations

import os
from typing import Any

from codeeval.sandbox.assessor import Assessor
from codeeval.sandbox.builder import built_reference
from codeeval.sandbox.costs import FIRST_SECONDS, FIRST_SHARE, percentile
from codeeval.sandbox.launching import timer_of
from codeeval.sandbox.ledger import ENOUGH, MATTERS, SURER, UNSURE, spread
from codeeval.sandbox.looking import IDLE_SECONDS, SPANS, Looking, Stop
from codeeval.sandbox.reference_costs import copies_of

__all__ = ["Costing"]

NEAR = 0.8
"""From this share of what it may take on, a first look does not settle that a level is finished."""
CLEARLY = 1.1
PAID = 0.8
"""If a call did so many times its cost more in the company of others, it may have been for them."""


class Costing(Looking):
    """One `Costs` check of one candidate.

    Args:
        bench: Where processes are started.
        check: The fields of the check.
        case: The candidate.
    """

    def run(self) -> dict[str, Any]:
        """Measure; return the result's fields."""
        source = self._source.encode("utf-8", "surrogatepass")
        reference = built_reference(self._bench, source, self._case)
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
            "completed": self._completed(stop.number if failed else None),
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
            worthless = self._cost(case) > self._scale.limit(level)  # not to be told by one pair
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
            usual = {level: percentile(costs, 0.5) for level, costs in drawn.items()}
            widths = {
                level: spread([self._scale.score({**usual, level: each}) for each in costs])
                for level, costs in drawn.items()
            }
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
            self._note_alone(case, run)
            if self._slowest_case(level) == case:
                reference = self._run_reference(case, copies)
        if reference is not None:
            self._take_pair(case, reference, run)
        told = self._cold.pop(case, 0.0)
        if run.repeats:
            cold, steady = run.repeats[0].cold, run.repeats[0].steady
            if told > cold + FIRST_SECONDS + max(FIRST_SHARE * cold, PAID * steady):
                return self._look_at_others(level)
        return None

    def _results(self) -> list[dict[str, Any]]:
        """Return the fields of `Cost` for each timed level that was begun."""
        found = []
        for place, (level, reference) in enumerate(self._scale.references.items()):
            finished, enough = level in self._finished, self._scale.enough(level)
            case, seconds, low, high = self._cases[level][0], enough, 0.0, enough
            if self._is_looked_at(level):
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
