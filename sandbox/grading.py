"""From what came through a candidate's pipe to a verdict."""

from __future__ import annotations

import os
import resource
import select
import signal
import time
from collections.abc import Mapping
from typing import Any

from codeeval.sandbox.grader import Judge, stdio_matches
from codeeval.sandbox.records import DIGEST, ENDED, FAILED, RAISED, READY, VALUE, RecordReader
from codeeval.sandbox.sample import Sample

__all__ = ["Grading", "conclude", "difference", "failure_of", "limit_grader", "limit_memory"]

SAID_BY_CANDIDATE = ("wrong_answer", "runtime_error", "syntax_error", "memory_limit")
GRADER_BYTES = 1536 * 2**20
READ_BYTES = 1 << 20
LOOK_SECONDS = 0.1


def limit_grader(cpu_seconds: int) -> None:
    """Bound what hostile answers can cost: this process gets so much CPU time, and memory."""
    limit_memory()
    signal.signal(signal.SIGXCPU, signal.SIG_DFL)
    resource.setrlimit(resource.RLIMIT_CPU, (cpu_seconds, cpu_seconds + 1))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def limit_memory() -> None:
    """Bound what hostile answers can take of memory."""
    with open("/proc/self/statm") as file:
        present = int(file.read().split()[0]) * resource.getpagesize()
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    if hard == resource.RLIM_INFINITY:
        resource.setrlimit(resource.RLIMIT_AS, (present + GRADER_BYTES, hard))


def conclude(
    sample: Sample, record: tuple[int, bytes] | None, nonce: bytes
) -> tuple[str, str, bool]:
    """Return status, message and whether the code did not even load, from a sample's end."""
    if sample.ending.limit:
        return *sample.ending.describe(), False
    if record == (ENDED, nonce):
        return "passed", "", False
    if record is not None and record[0] == FAILED:
        status, message = failure_of(record[1])
        return status, message, status == "syntax_error"
    return *sample.ending.describe(), False


def failure_of(data: bytes) -> tuple[str, str]:
    """Read what a candidate says of its failure; it can say nothing but a failure."""
    status, _, message = data.decode("utf-8", "replace").partition("\n")
    return (status if status in SAID_BY_CANDIDATE else "runtime_error"), message[:4400]


def difference(printed: bytes, expected: str) -> str:
    """Return a message if what was printed is not what was expected, else nothing."""
    try:
        if stdio_matches(printed, expected):
            return ""
    except MemoryError:
        return "output too large to be compared"
    shown = printed[:200].decode("utf-8", "backslashreplace")
    return f"printed {shown!r}, expected {expected[:200]!r}"


class CallClock:
    """CPU time that a sample spends on one call.

    That of its first process counts from the answer before; that of the others is looked at while
    no answer comes, and counts from the first such look on.
    """

    def __init__(self, sample: Sample) -> None:
        self._sample = sample
        self._first = self._next_look = self._others = 0.0
        self._others_at_first: float | None = None

    def begin(self) -> None:
        """Begin with the next call."""
        self._first = self._sample.cpu_seconds() or self._first
        self._others_at_first = None

    def seconds(self) -> float:
        """Return what the call has taken so far."""
        first, now = self._sample.cpu_seconds(), time.monotonic()
        if now >= self._next_look or self._others_at_first is None:
            self._next_look = now + LOOK_SECONDS
            self._others = self._sample.all_cpu_seconds() - first
            if self._others_at_first is None:
                self._others_at_first = self._others
        return first - self._first + max(0.0, self._others - self._others_at_first)


class Grading:
    """Reads a candidate's answers and decides. Runs in the grader's process.

    Args:
        check: The fields of the check.
        inputs: The arguments of each call, encoded.
        expected: The right answer to each call, encoded.
        seconds: The reference's CPU time of each call.
        sample: Whose answers they are.
    """

    def __init__(
        self,
        check: Mapping[str, Any],
        inputs: list[bytes],
        expected: list[bytes],
        seconds: list[float],
        sample: Sample,
    ) -> None:
        self.sample = sample
        self.expected = expected
        self.limits = [
            max(check["minimum_seconds"], check["time_factor"] * second) for second in seconds
        ]
        self.keep_going: bool = check["all_failures"]
        self.judge = Judge(check["oracle"], check["atol"], expected, inputs, check["entry_point"])
        self.completed = 0
        self.failures: list[int] = []
        self.first: tuple[str, str] | None = None
        self.ready = False
        self.unloadable = False

    def run(self, channel: int) -> dict[str, Any]:
        """Read answers until they end or are settled; return the verdict."""
        try:
            self._read(channel)
        except MemoryError:
            self._fail("wrong_answer", "an answer too large to be compared")
        return self._verdict()

    def _read(self, channel: int) -> None:
        reader = RecordReader()
        poll = select.poll()
        poll.register(channel, select.POLLIN)
        total, call = len(self.expected), CallClock(self.sample)
        while self.completed < total or not self.ready:
            records = []
            if poll.poll(LOOK_SECONDS * 1000):
                data = os.read(channel, READ_BYTES)
                if not data:
                    if self.ready:
                        self.failures.append(self.completed)
                    return
                records = reader.feed(data)
            for kind, value in records:
                if self.ready and self.completed >= total:
                    return  # whatever comes after the last answer is nobody's business
                if not self._take(kind, value):
                    return
            if reader.broken and self.completed < total:
                self._fail("wrong_answer", "answers that cannot be read")
                return
            if records:
                call.begin()
                if self.completed < total:
                    time.sleep(0.001)  # let some answers come together
            elif self.ready and call.seconds() > self.limits[self.completed]:
                limit = self.limits[self.completed]
                self._fail("timeout", f"took longer than its limit of {limit:g} CPU seconds")
                return

    def _take(self, kind: int, value: bytes) -> bool:
        """Judge one record; False if it settles the verdict."""
        if kind == READY and not self.ready:
            self.ready = True
            return True
        if kind == FAILED and not self.ready:
            self.first = failure_of(value)
            self.failures.append(0)
            self.unloadable = True
            return False
        if not self.ready:
            self._fail("wrong_answer", "an answer that nobody asked for")
            return False
        number = self.completed
        if kind == RAISED:
            return self._fail(*failure_of(value))
        if kind == DIGEST:
            message = (
                None if self.expected[number] == b"h" + value else "a large output that differs"
            )
        elif kind == VALUE:
            message = self.judge.judge(number, value)
        else:
            message = "an answer of an unknown kind"
        if message is not None:
            return self._fail("wrong_answer", message)
        self.completed += 1
        return True

    def _fail(self, status: str, message: str) -> bool:
        """Note a failure of the current call; whether to go on."""
        if self.first is None:
            if not message.startswith("call "):
                message = f"call {self.completed + 1}: {message}"
            self.first = status, message
        self.failures.append(self.completed)
        self.completed += 1
        return self.keep_going and status != "timeout"

    def _verdict(self) -> dict[str, Any]:
        total = len(self.expected)
        if self.first is not None:
            status, message = self.first
        elif self.completed == total and self.ready:
            status, message = "passed", ""
        else:
            status, message = "ended", ""
        failures = [number for number in self.failures if number < total]
        return {
            "status": status,
            "message": message,
            "completed": 0 if self.unloadable else min(self.completed, total),
            "total": total,
            "failures": failures or ([] if status == "passed" else [min(self.completed, total)]),
            "unloadable": self.unloadable,
        }
