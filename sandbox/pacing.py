"""Times calls from outside: a process pauses, its clock is read, it may go on.

All that a process does from the first pause to the last is charged, so nothing is gained by saying
that a call has not begun yet, or is over. Nothing that it says is believed but its answers, which
another process compares.
"""

from __future__ import annotations

import contextlib
import marshal
import os
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from math import inf
from typing import Any, NamedTuple

from codeeval.sandbox.bench import Bench, Case
from codeeval.sandbox.clocks import NoClock, clock_of
from codeeval.sandbox.costs import LEAST_SECONDS, Repeat
from codeeval.sandbox.grading import failure_of
from codeeval.sandbox.group import clock
from codeeval.sandbox.host import kept, nameless
from codeeval.sandbox.measured import MORE
from codeeval.sandbox.records import (
    DIGEST,
    FAILED,
    PAUSED,
    RAISED,
    VALUE,
    RecordReader,
    write_parts,
)
from codeeval.sandbox.sample import (
    CHUNK,
    PAGE_BYTES,
    Order,
    Sample,
    peak_bytes,
    resident_pages,
    waiting_seconds,
)
from codeeval.sandbox.simulator import SLOWNESS

__all__ = ["Call", "Timed", "Timer"]

MARGIN_SECONDS = 0.05
"""What a step may take beyond what a call may: to load code, to read arguments."""
WALL_SECONDS, WALL_FACTOR = 5.0, 2.0
"""How long a step may go on, beside CPU time that it may take and time it waits for a core."""
TRUSTED_IDLE_SECONDS = 60.0
SIMULATOR_BYTES = 2**28
"""What the simulator may need of memory for a process."""
NO_USAGE = {"wall_seconds": 0, "cpu_seconds": 0, "memory_bytes": 0, "waiting_seconds": 0}
EMPTY_REPEATS = 7
EMPTY = b"def f():\n    pass\n"
IN_FIRST_CALL, SENT = 2, 4
"""How many pauses have begun while a process makes a call, and when its answer was sent; the first
is that which ended the call before."""
EXIT_SECONDS = 2e-3
"""What a process may take to end."""
UNNOTED_SECONDS = 5e-4
"""How long a process may have been idle without anybody asking whether it waited for a core."""


class Call(NamedTuple):
    """A call that a process is to make.

    Attributes:
        arguments: Encoded; of whole programs a tuple of one text, their standard input.
        seconds: What it may take, in CPU time.
        copies: How often it may be made; 0 for not at all, as if the function did nothing. Whole
            programs are run once.
        further_seconds: It is made once if the further times would take longer than this.
    """

    arguments: bytes
    seconds: float
    copies: int = 1
    further_seconds: float = inf


@dataclass(frozen=True)
class Timed:
    """What one process did.

    Attributes:
        repeats: What each call took that was finished.
        answers: Kind of record and content of the answer, for each of those.
        status: ``passed`` if all calls were finished, else why not.
        message: The same for a person.
        usage: The fields of ``Usage``.
        left: Whether something is left of it.
        idle_seconds: How long it waited for something else than a core, up to its last pause.
        started: Whether it was started at all.
        instructions: How many it has executed since its first pause, if they were counted.
        peak_bytes: The most memory that it had up to its first answer; of a whole program, in all.
        mean_memory_bytes: Its resident memory, as a mean over the CPU time of the calls, if that
            was looked at.
    """

    repeats: list[Repeat]
    answers: list[tuple[int, bytes]]
    status: str
    message: str
    usage: Mapping[str, Any]
    left: bool
    idle_seconds: float = 0.0
    started: bool = True
    instructions: int | None = None
    peak_bytes: int = 0
    mean_memory_bytes: float = 0.0

    @classmethod
    def nothing(cls, status: str, message: str) -> Timed:
        """Return what a process did that was not started."""
        return cls([], [], status, message, NO_USAGE, False, started=False)


class Timer:
    """Runs processes one at a time on one core and times their calls.

    Args:
        bench: Where they are started.
        clock: The name of the clock.
        entry_point: The function that they call.
        judge: The id of a process that is to survive them, or 0.
        simulated: Whether they run on the processor that counts instructions.
    """

    def __init__(
        self,
        bench: Bench,
        clock: str,
        entry_point: str,
        judge: int = 0,
        *,
        simulated: bool = False,
    ) -> None:
        self._bench, self._clock, self._entry_point = bench, clock, entry_point
        self._simulated = simulated
        self._slowness = SLOWNESS if simulated else 1
        self.judge = judge
        if clock not in bench.empty_seconds:
            bench.empty_seconds[clock] = 0.0
            try:
                bench.empty_seconds[clock] = self._empty()
            except BaseException:
                del bench.empty_seconds[clock]
                raise

    def _empty(self) -> float:
        """Return what a call of nothing seems to take."""
        timer = Timer(self._bench, self._clock, "f", self.judge)
        case = self._bench.quiet(kept(EMPTY))
        nothing = [Call(b"p" + marshal.dumps((), 2), 5.0)]
        try:
            runs = [timer.run(case, nothing) for _ in range(EMPTY_REPEATS)]
        finally:
            os.close(case.code)
        if not all(run.repeats and run.repeats[0].cold > 0 for run in runs):
            raise NoClock(f"the clock {self._clock!r} cannot be read in this sandbox")
        return min(run.repeats[0].call for run in runs)

    def run(
        self,
        case: Case,
        calls: Sequence[Call],
        *,
        idle: float = TRUSTED_IDLE_SECONDS,
        footprint: bool = False,
        beside: Sequence[Call] = (),
    ) -> Timed:
        """Run one process that makes some calls.

        Args:
            case: The program.
            calls: What it is to call.
            idle: How long it may wait for something else than a core, in seconds.
            footprint: Whether to look at its memory all the time, which disturbs what is timed.
            beside: Calls that it does not make, but has the arguments of: where memory is taken and
                given back has an effect on what calls take.

        Raises:
            NoClock: If the clock is not to be had here.
        """
        bench = self._bench
        channel, channel_end = os.pipe()
        paced, pace = os.pipe()
        given = nameless()
        write_parts(given, [call.arguments for call in (*calls, *beside)])
        enough = [(call.seconds + MARGIN_SECONDS) * self._slowness for call in calls]
        most = sum(call.seconds * call.copies + MARGIN_SECONDS for call in calls)
        limits = {
            **case.limits,
            "cpu_seconds": (most + 2) * self._slowness,
            "wall_seconds": 2 * WALL_SECONDS * self._slowness,
            "processes": 1 + self._simulated,
            "memory_bytes": case.limits["memory_bytes"] + SIMULATOR_BYTES * self._simulated,
        }
        if self._simulated:
            bench.simulator().forget()
        what = (self._entry_point, tuple(call.copies for call in calls), self._simulated)
        order = Order("measured", what, case.code, channel_end, given, bench.nothing, paced)
        try:
            started = replace(case, limits=limits)
            sample = bench.start(started, order, simulated=self._simulated)
        finally:
            os.close(given)
            os.close(paced)
        sample.grader = sample.grader or self.judge
        try:
            with clock_of(self._clock, sample.pid) as read:
                pacer = Pacer(sample, limits, pace, read, calls, enough, idle, footprint)
                look = pacer.look if footprint else None
                sample.watch({channel: pacer.take}, bench.host.frames, look)
                left = bench.finish(sample)
                os.set_blocking(channel, False)
                with contextlib.suppress(BlockingIOError):
                    while data := os.read(channel, CHUNK):
                        pacer.take(data)
        except NoClock:
            bench.finish(sample)
            raise
        finally:
            os.close(channel)
            os.close(pace)
        repeats = pacer.repeats(bench.empty_seconds[self._clock])
        status, message = "passed", ""
        if pacer.failure is not None:
            status, message = failure_of(pacer.failure)
        elif len(repeats) < len(calls) or sample.ending.orphaned:
            status, message = sample.ending.describe()
        if repeats and not bench.confinement.users:
            # Other processes cannot be forbidden here: what they did is charged.
            others = sample.ending.cpu_seconds - pacer.clock_at_end - EXIT_SECONDS
            repeats = [each._replace(cold=each.cold + max(0.0, others)) for each in repeats]
        usage = {**sample.ending.usage(), "waiting_seconds": pacer.waited}
        count = None
        if self._simulated:
            ended = sample.ending.wait_status == 0
            count = bench.simulator().count(sample.pid) if ended else None
            usage["memory_bytes"] = 0  # most of it is the simulator's
        return Timed(
            *(repeats, pacer.answers, status, message, usage, left, pacer.idle),
            instructions=count,
            peak_bytes=max(pacer.peak_bytes, *(size for _, size in pacer.readings), 0),
            mean_memory_bytes=mean_over_time(pacer.readings),
        )


class Pacer:
    """Reads a process's clock at each of its pauses and lets it go on.

    Args:
        sample: The process.
        limits: Its limits, which change from step to step.
        pace: Where the bytes go that end its pauses.
        read: Reads its clock.
        calls: What it calls.
        enough: CPU seconds that a step may take, for each call.
        most_idle: How long it may wait for something else than a core.
        footprint: Whether to read its memory when a call begins and ends, too.
    """

    def __init__(
        self,
        sample: Sample,
        limits: dict[str, Any],
        pace: int,
        read: Callable[[], float],
        calls: Sequence[Call],
        enough: Sequence[float],
        most_idle: float,
        footprint: bool,
    ) -> None:
        self._most_idle, self._footprint = most_idle, footprint
        self._cores = os.sched_getaffinity(0)
        self._start: tuple[float, float, float] | None = None
        self.idle = self.waited = 0.0
        """How long it has waited for something else than a core since its first pause, and for
        one."""
        self._sample, self._limits, self._pace, self._read = sample, limits, pace, read
        self._to_make, self._enough = calls, enough
        self._reader = RecordReader()
        self._marks: list[float] = []
        """What its clock was at the pauses of the call that it makes."""
        self._calls: list[list[float]] = []
        """The same of the calls that are over."""
        self.clock_at_end = 0.0
        """CPU time of the process at its last pause."""
        self.answers: list[tuple[int, bytes]] = []
        self.failure: bytes | None = None
        self.peak_bytes = 0
        """The most memory that it had up to its first answer."""
        self.readings: list[tuple[float, int]] = []
        """CPU time and resident bytes of the process while it makes its first call."""

    def take(self, data: bytes) -> bool:
        """Take what came through the pipe; whether nothing more is to be waited for."""
        for kind, value in self._reader.feed(data):
            if kind == PAUSED and len(self._calls) < len(self._enough):
                now = self._read()
                if not self._is_pinned() or (self._marks and now < self._marks[-1]):
                    return True  # of what runs elsewhere, or has ended, the clock tells nothing
                self._look_if_asked()
                again = self._mark(now)
                self._look_if_asked()
                self.clock_at_end = clock(self._sample.pid)
                place = min(len(self._calls), len(self._enough) - 1)
                more = self._enough[place] * (self._to_make[place].copies if again else 1)
                self._limits["cpu_seconds"] = self.clock_at_end + more
                passed = self._note_idle()
                if self.idle > self._most_idle:
                    ending = self._sample.ending
                    ending.limit, ending.message = "timeout", f"did nothing for {self.idle:.0f} s"
                    return True
                self._limits["wall_seconds"] = passed + more * WALL_FACTOR + WALL_SECONDS
                with contextlib.suppress(OSError):
                    os.write(self._pace, MORE if again else b".")
            elif kind in (VALUE, DIGEST) and len(self.answers) == len(self._calls):
                self.answers.append((kind, value))
            else:
                if kind in (FAILED, RAISED) and self.failure is None:
                    self.failure = value
                return True
        return self._reader.broken

    def _mark(self, now: float) -> bool:
        """Take down a pause; whether the call is to be made again after it."""
        marks = self._marks
        marks.append(now)
        if len(marks) == SENT:
            if not self._calls:
                known = self._sample.ending.memory_bytes  # a program can reset the kernel's
                self.peak_bytes = max(peak_bytes(self._sample.pid), known)
            call = self._to_make[len(self._calls)]
            further = call.copies - 1
            if further > 0 and further * (marks[2] - marks[1]) <= call.further_seconds:
                return True
        if len(marks) in (SENT, SENT + 2):
            self._calls.append(marks)
            self._marks = [now]
        return False

    def _look_if_asked(self) -> None:
        if self._footprint:
            self.look()

    def look(self) -> None:
        """Take down how much memory it has, while it makes its first call."""
        if not self._calls and len(self._marks) == IN_FIRST_CALL:
            pid = self._sample.pid
            size = resident_pages(pid) * PAGE_BYTES
            if size:
                self.readings.append((clock(pid), size))

    def _note_idle(self) -> float:
        """Take down how long the process has been idle; return the seconds since it was started."""
        now, pid = time.monotonic(), self._sample.pid
        if self._start is None:
            self._start = now, self.clock_at_end, waiting_seconds(pid)
        start, cpu, waited = self._start
        rest = (now - start) - (self.clock_at_end - cpu)
        # To ask takes longer than most steps.
        if rest - self.waited > self.idle + UNNOTED_SECONDS or len(self._calls) == len(
            self._enough
        ):
            self.waited = waiting_seconds(pid) - waited
            self.idle = max(self.idle, rest - self.waited)
        return now - self._sample.started

    def _is_pinned(self) -> bool:
        """Whether the process runs where it was put, on the core that this one runs on."""
        try:
            return os.sched_getaffinity(self._sample.pid) == self._cores
        except OSError:
            return False

    def repeats(self, empty: float) -> list[Repeat]:
        """Return what the finished calls took, the first less what a call of nothing takes."""
        found = []
        more = 0.0  # what further calls of the one before did beyond it: that may be for this one
        for marks, wanted, _ in zip(self._calls, self._to_make, self.answers, strict=False):
            start, begin, end, sent, *further = marks
            call = steady = max(end - begin - empty, LEAST_SECONDS)
            if further:
                took = further[1] - further[0] - empty
                times = wanted.copies - 1
                steady = max(took / times, LEAST_SECONDS / wanted.copies)
            found.append(Repeat(sent - start - empty + more, call, steady))
            more = 0.0
            if further:
                usual = times * (end - begin), times * (begin - start)
                more = max(0.0, further[1] - further[0] - usual[0])
                more += max(0.0, further[0] - sent - usual[1])
            empty = 0.0  # to pause at further calls of a process takes less than at the first
        return found


def mean_over_time(readings: Sequence[tuple[float, int]]) -> float:
    """Return the mean of what was read at some times, along straight lines between them."""
    area = sum((a + b) / 2 * (t - s) for (s, a), (t, b) in pairwise(readings))
    over = readings[-1][0] - readings[0][0] if readings else 0.0
    return area / over if over > 0 else float(max((size for _, size in readings), default=0))
