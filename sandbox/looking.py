"""Runs a candidate's calls and judges its answers; the first look at each of them."""

from __future__ import annotations

import marshal
from collections.abc import Mapping, Sequence
from hashlib import sha256
from math import inf
from typing import Any, NamedTuple

from codeeval.sandbox.assessor import Assessor
from codeeval.sandbox.bench import Bench, BrokenJail, Case
from codeeval.sandbox.costs import Pair, Repeat, ratio, seen
from codeeval.sandbox.launching import Launcher
from codeeval.sandbox.ledger import Ledger
from codeeval.sandbox.pacing import NO_USAGE, Call, Timed, Timer
from codeeval.sandbox.reference_costs import REFERENCE_SECONDS

__all__ = ["IDLE_SECONDS", "SPANS", "Looking", "Stop"]

OVER, OVER_IN_INSTRUCTIONS = 1.5, 4.0
"""A call is ended when it has taken this many times what it may: it is surely beyond it. CPU time
does not tell as well how many instructions were executed."""
UNTIMED_SECONDS, UNTIMED_FACTOR = 10.0, 100.0
"""What a call may take in a level that is not timed: the clock decides nothing there."""
IDLE_SECONDS = 20.0
"""How long all processes of a candidate may wait for something else than a core."""
LOOK_BYTES, LOOK_SPANS = 2**16, 2
"""How many bytes of arguments the copies of a call may have at a first look, and how many spans
that the reference gets they may take."""
ALONE = 0.4
"""Of the noise of a first answer among others so much is expected in a process of its own."""
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


class Looking(Ledger):
    """A candidate's processes, and what they tell at first.

    Args:
        bench: Where processes are started.
        check: The fields of the check.
        case: The candidate.
    """

    looks_again = True
    """Whether a first look serves to time calls, too."""
    over = OVER
    """A call is ended when it has taken so many times the CPU time that it may."""
    _assessor: Assessor
    _timer: Timer | Launcher
    _reference: Case
    """Set before anything is run."""

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
        self._cold: dict[int, float] = {}
        """What was done for the answer to a call in the company of others."""
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

    def _completed(self, failed: int | None) -> int:
        """Return how many calls were answered rightly before the first that was not."""
        numbers = range(len(self._inputs))
        missing = (each for each in numbers if each == failed or each not in self._done)
        return next(missing, len(numbers))

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
        not timed comes after the one that follows it, in the same process; what is wrong there is
        looked at alone, as earlier calls may be why.
        """
        levels = [level for level, cases in enumerate(self._cases) if cases]
        while levels:
            level, *rest = levels
            known: tuple[list[int], Stop] | None = None
            if rest and level not in self._scale.references and self._is_looked_at_well(rest[0]):
                numbers, stop = self._first_look(rest[0], self._cases[level])
                if stop is None:
                    levels = rest[1:]
                    continue
                own = numbers[: len(self._cases[rest[0]])]
                if stop.number in own:
                    known = own, stop
                elif found := self._look_alone(stop.number):
                    return found
            if found := self._look_again(*self._first_look(level)):
                return found
            if known is not None:  # nobody gets a second try
                if found := self._look_again(*known):
                    return found
                rest = rest[1:]
            levels = rest
        return None

    def _is_looked_at_well(self, level: int) -> bool:
        """Whether a first look tells more of a level than what is right."""
        return self.looks_again and level in self._scale.references

    def _look_again(self, numbers: list[int], stop: Stop | None) -> Stop | None:
        """Look once more at what took too long at a first look, and then at the rest."""
        while stop is not None and stop.status == "timeout":
            if again := self._look_alone(stop.number):
                return again
            numbers = numbers[numbers.index(stop.number) + 1 :]
            if not numbers:
                return None
            run = self._run_candidate(self._calls_at_look(numbers))
            self._note(numbers, run)
            stop = self._judge(numbers, run)
        return stop

    def _look_alone(self, number: int) -> Stop | None:
        """Look at a case in a process of its own, by the speed that the machine has now."""
        run = self._run_candidate([self._call(number, 1, slower=self._slower(number))])
        self._note([number], run)
        return self._judge([number], run)

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
            calls[0] = self._timed_call(numbers[0])
        run = self._run_candidate(calls)
        self._note(numbers, run, once=once)
        stop = self._judge(numbers, run)
        right = stop is None or (not more and stop.number != numbers[0])
        if reference is not None and run.repeats and right:
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

    def _timed_call(self, number: int) -> Call:
        """Return a call that is made as often as the reference makes it, if that takes no age."""
        most = SPANS * self._check["span_seconds"]
        return self._call(number, self._copies[number], most_seconds=most)

    def _reference_call(self, number: int, copies: int) -> Call:
        return Call(self._inputs[number], REFERENCE_SECONDS, copies)

    def _note(
        self, numbers: Sequence[int], run: Timed, *, once: bool = False, noise: float = 1.0
    ) -> None:
        """Take down what calls cost at a first look.

        That is all that was done for the answer, less what is usual beside a call. Those after the
        first in a process find much at hand, but they cost no less than the call.

        Args:
            numbers: What was called.
            run: What came of it.
            once: Whether what a call is likely to cost is told by the first time that it was made,
                as most were made once.
            noise: See `seen`.
        """
        for number, repeat in zip(numbers, run.repeats, strict=False):
            about = self._seconds[number], self._around[number]
            most, likely = seen(repeat, *about, self._limit_of(number), noise)
            if once:
                _, likely = seen(repeat._replace(steady=repeat.call), *about, 0.0)
            self._looks[number], self._likely[number] = most, likely
            if len(numbers) > 1:
                self._cold[number] = repeat.cold

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

    def _note_alone(self, case: int, run: Timed) -> None:
        """Take down what a call costs in a process of its own."""
        known = self._looks[case], self._likely[case]
        self._note([case], run, noise=ALONE)
        self._looks[case] = min(known[0], self._looks[case])
        self._likely[case] = min(known[1], self._likely[case])
        self._alone.add(case)

    def _look_at_others(self, level: int) -> Stop | None:
        """Look at each case of a level alone: one did more in their company, maybe for them."""
        for case in self._cases[level]:
            if case in self._alone or case in self._pairs or case not in self._looks:
                continue
            run = self._run_candidate([self._timed_call(case)])
            if (stop := self._judge([case], run)) and not (stop.censored and run.started):
                return stop
            over = self._seconds_for(case)
            self._looks[case] = self._likely[case] = over
            self._cold.pop(case, None)
            if run.repeats:
                self._note_alone(case, run)
        return None
