"""Times whole programs from outside: what a process does with a text on its standard input."""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from codeeval.sandbox.bench import Bench, Case
from codeeval.sandbox.builder import start_of
from codeeval.sandbox.clocks import NoClock, clock_of
from codeeval.sandbox.codec import encode, loads
from codeeval.sandbox.costs import LEAST_SECONDS, Repeat
from codeeval.sandbox.grading import failure_of
from codeeval.sandbox.group import clock
from codeeval.sandbox.host import kept
from codeeval.sandbox.pacing import (
    MARGIN_SECONDS,
    NO_USAGE,
    TRUSTED_IDLE_SECONDS,
    WALL_FACTOR,
    WALL_SECONDS,
    Call,
    Timed,
    Timer,
    mean_over_time,
)
from codeeval.sandbox.records import FAILED, LARGEST, PAUSED, VALUE, RecordReader
from codeeval.sandbox.sample import (
    CHUNK,
    PAGE_BYTES,
    Capture,
    Order,
    Sample,
    resident_pages,
    waiting_seconds,
)

__all__ = ["Launcher", "timer_of"]

PRINTED_BYTES = 16 * 2**20
UNSEEN_SECONDS = 0.1
"""How long a process may have waited for a core since it was looked at last."""


def timer_of(
    bench: Bench, clock: str, check: Mapping[str, Any], case: Case, judge: int = 0
) -> Timer | Launcher:
    """Return what times a check's calls, or whole programs if it has no entry point.

    Raises:
        NoClock: If its clock is not to be had here.
    """
    if check["entry_point"]:
        return Timer(bench, clock, check["entry_point"], judge)
    return Launcher(bench, clock, judge)


class Launcher:
    """Runs programs one at a time on one core and times them.

    A program is charged for all that its process does from the moment when its code may begin until
    its end; of one that was compiled that is what the system does to start it, too.

    Args:
        bench: Where they are started.
        clock: The name of the clock.
        judge: The id of a process that is to survive them, or 0.
    """

    def __init__(self, bench: Bench, clock: str, judge: int = 0) -> None:
        self._bench, self._clock, self.judge = bench, clock, judge

    def run(
        self,
        case: Case,
        calls: Sequence[Call],
        *,
        idle: float = TRUSTED_IDLE_SECONDS,
        footprint: bool = False,
        beside: Sequence[Call] = (),
    ) -> Timed:
        """Run the program once for each text, until it fails.

        Args:
            case: The program.
            calls: What it gets.
            idle: How long they may wait for something else than a core, in seconds.
            footprint: Whether to look at its memory all the time, which disturbs what is timed.
            beside: Not used.

        Raises:
            NoClock: If the clock is not to be had here.
        """
        whole = Timed([], [], "passed", "", dict(NO_USAGE), False)
        for call in calls:
            left = idle - whole.idle_seconds
            run = self._launch(case, loads(call.arguments)[0], call.seconds, left, footprint)
            usage = {
                key: max(value, run.usage[key]) if key == "memory_bytes" else value + run.usage[key]
                for key, value in whole.usage.items()
            }
            whole = Timed(
                whole.repeats + run.repeats,
                whole.answers + run.answers,
                run.status,
                run.message,
                usage,
                whole.left or run.left,
                whole.idle_seconds + run.idle_seconds,
                peak_bytes=whole.peak_bytes or run.usage["memory_bytes"],
                mean_memory_bytes=run.mean_memory_bytes,
            )
            if run.status != "passed" or self._bench.unfit:
                break
        return whole

    def _launch(self, case: Case, text: str, seconds: float, idle: float, footprint: bool) -> Timed:
        """Run the program once."""
        bench = self._bench
        channel, channel_end = os.pipe()
        paced, pace = os.pipe()
        stdin = kept(text.encode("utf-8", "surrogatepass"))
        enough = seconds + MARGIN_SECONDS
        alone = case.recipe is not None and bench.confinement.filters_calls
        limits = {
            **case.limits,
            "cpu_seconds": enough + 2,
            "wall_seconds": enough * WALL_FACTOR + WALL_SECONDS + max(0.0, idle),
            "processes": case.limits["processes"] if alone else 1,
        }
        printed = Capture(2 * PRINTED_BYTES)
        order = Order(
            *start_of(case, paced=True, alone=alone),
            *(case.code, channel_end, bench.nothing, stdin, paced),
        )
        try:
            sample = bench.start(replace(case, limits=limits, stdout=printed), order)
        finally:
            os.close(stdin)
            os.close(paced)
        sample.grader = sample.grader or self.judge
        watcher = _Watcher(sample, limits, pace, enough)
        try:
            with clock_of(self._clock, sample.pid) as read:
                watcher.read = read
                look = watcher.look if footprint else None
                sample.watch({channel: watcher.take}, bench.host.frames, look)
                over = time.monotonic()
                left = bench.finish(sample)
                os.set_blocking(channel, False)
                with contextlib.suppress(BlockingIOError):
                    while data := os.read(channel, CHUNK):
                        watcher.take(data)
                # Of a process that is over, the kernel tells its CPU time and nothing else.
                if self._clock == "cpu":
                    end = sample.ending.cpu_seconds
                else:
                    end = over if self._clock == "wall" else read()
        except NoClock:
            bench.finish(sample)
            raise
        finally:
            os.close(channel)
            os.close(pace)
        case.stdout.feed(printed.data()[: case.limits["output_bytes"]])
        ending = sample.ending
        status, message = "passed", ""
        if watcher.failure is not None and not ending.limit:
            status, message = failure_of(watcher.failure)
        elif ending.limit or ending.wait_status != 0:
            status, message = ending.describe()
            message = message.replace("ended before its checks did, with", "ended with")
        elif printed.truncated:
            status, message = "output_limit", f"printed {printed.size} bytes"
        repeats, answers = [], []
        answer = encode(printed.data().decode("utf-8", "backslashreplace"))
        if status == "passed" and len(answer) > LARGEST:
            status, message = "output_limit", f"printed {printed.size} bytes"
        elif status == "passed" and watcher.start is not None:
            if not 0 < watcher.start < end:
                raise NoClock(f"the clock {self._clock!r} cannot be read in this sandbox")
            took = max(end - watcher.start, LEAST_SECONDS)
            repeats, answers = [Repeat(took, took, took)], [(VALUE, answer)]
        elif status == "passed":
            status, message = "runtime_error", "ended before it began"
        passed = max(0.0, over - watcher.began) if watcher.began else 0.0
        own = ending.cpu_seconds - watcher.cpu_at_start
        waited = max(0.0, sample.waited - watcher.waited_at_start)
        rest = max(0.0, passed - own - waited - UNSEEN_SECONDS)
        return Timed(
            *(repeats, answers, status, message, ending.usage(), left, rest),
            mean_memory_bytes=mean_over_time(watcher.readings) or ending.memory_bytes,
        )


class _Watcher:
    """Reads a process's clock when its code may begin."""

    def __init__(self, sample: Sample, limits: dict[str, Any], pace: int, enough: float) -> None:
        self._sample, self._limits, self._pace, self._enough = sample, limits, pace, enough
        self._reader = RecordReader()
        self.read = time.monotonic
        self.start: float | None = None
        self.began = self.cpu_at_start = self.waited_at_start = 0.0
        self.failure: bytes | None = None
        self.readings: list[tuple[float, int]] = []
        """CPU time and resident bytes of the process since then."""

    def look(self) -> None:
        """Take down how much memory it has."""
        pid = self._sample.pid
        size = resident_pages(pid) * PAGE_BYTES if self.start is not None else 0
        if size:
            self.readings.append((clock(pid), size))

    def take(self, data: bytes) -> bool:
        """Take what came through the pipe; whether nothing more is to be waited for."""
        for kind, value in self._reader.feed(data):
            if kind == PAUSED and self.start is None:
                pid = self._sample.pid
                self.waited_at_start = waiting_seconds(pid)
                self.cpu_at_start = clock(pid)
                self._limits["cpu_seconds"] = self.cpu_at_start + self._enough
                self.began, self.start = time.monotonic(), self.read()
                with contextlib.suppress(OSError):
                    os.write(self._pace, b".")
            elif kind == FAILED and self.failure is None:
                self.failure = value
        return False
