"""A process that compares answers with expected ones, one after the other, as they come."""

from __future__ import annotations

import contextlib
import os
import select
import signal
import struct
import time
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Any, Self

from codeeval.sandbox.bench import GRADER_KILLED, Bench, BrokenJail
from codeeval.sandbox.codec import decode, loads
from codeeval.sandbox.grader import Judge
from codeeval.sandbox.grading import limit_grader
from codeeval.sandbox.host import HostGone
from codeeval.sandbox.records import (
    DIGEST,
    ENDED,
    RecordReader,
    printable,
    write_record,
)
from codeeval.sandbox.trees import Malformed

__all__ = ["Assessor"]

CPU_SECONDS, WALL_SECONDS = 120, 300.0
LONGEST = 1000
NUMBER = struct.Struct("<I")
LARGEST_REQUEST = 65 * 2**20
TOO_LONG = "an answer that takes too long to be compared"


class Assessor:
    """Compares the answers of one program. Use as a context manager.

    Args:
        bench: Whose process this is forked from.
        inputs: The arguments of each call, encoded.
        expected: The right answer to each, encoded.
        checker: Source of ``__check(arguments, expected, returned)``; empty if they must be equal.
        entry_point: The function's name, for messages.
        always: Whether the checker is asked even of answers that equal what is expected.
    """

    def __init__(
        self,
        bench: Bench,
        inputs: Sequence[bytes],
        expected: Sequence[bytes],
        checker: str,
        entry_point: str,
        always: bool = False,
    ) -> None:
        self._bench, self._always = bench, always
        self._inputs, self._expected, self._checker = inputs, expected, checker
        self._judge = Judge("equal", 0.0, list(expected), list(inputs), entry_point)
        self.pid = 0

    def __enter__(self) -> Self:
        self._bench.dismiss()
        requests, self._requests = os.pipe()
        self._replies, replies = os.pipe()
        self.pid = os.fork()
        if self.pid == 0:
            try:
                self._bench.confinement.become(self._bench.confinement.grader)
                limit_grader(CPU_SECONDS)
                os.close(self._requests)
                self._serve(requests, replies)
            except BaseException as error:
                os.write(2, f"assessor: {type(error).__name__}: {error}\n".encode())
            os._exit(0)
        os.close(requests)
        os.close(replies)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._requests)
        os.close(self._replies)
        with contextlib.suppress(ChildProcessError):  # it was collected with a sample
            os.waitpid(self.pid, 0)

    def fault(self, number: int, kind: int, answer: bytes) -> str:
        """Return what is wrong with the answer to a call, or nothing."""
        try:
            write_record(self._requests, kind, NUMBER.pack(number) + answer)
        except BrokenPipeError:
            return self._lost()
        reader, deadline = RecordReader(), time.monotonic() + WALL_SECONDS
        poll = select.poll()
        poll.register(self._replies, select.POLLIN)
        poll.register(self._bench.host.frames, 0)
        while time.monotonic() < deadline:
            ready = [descriptor for descriptor, _ in poll.poll(1000)]
            if self._bench.host.frames in ready:
                raise HostGone
            if self._replies in ready:
                data = os.read(self._replies, 1 << 16)
                if not data:
                    return self._lost()
                for _, message in reader.feed(data):
                    return message.decode()
        return TOO_LONG

    def _lost(self) -> str:
        """Say why there is no process any more that compares."""
        with contextlib.suppress(ChildProcessError):  # it was collected with a sample
            status = os.waitpid(self.pid, 0)[1]
            if os.waitstatus_to_exitcode(status) == -signal.SIGXCPU:
                return TOO_LONG
        if not self._bench.confinement.users:  # in reach of the candidate
            return GRADER_KILLED
        raise BrokenJail("the process that compares answers died")

    def _serve(self, requests: int, replies: int) -> None:
        """Compare until nobody asks any more."""
        check: Callable[..., Any] | None = None
        if self._checker:
            namespace: dict[str, Any] = {}
            exec(compile(self._checker, "<checker>", "exec", dont_inherit=True), namespace)
            check = namespace["__check"]
        reader = RecordReader(LARGEST_REQUEST)
        while data := os.read(requests, 1 << 20):
            for kind, content in reader.feed(data):
                number = NUMBER.unpack_from(content)[0]
                message = self._compare(number, kind, content[NUMBER.size :], check)
                write_record(replies, ENDED, printable(message)[:LONGEST].encode())

    def _compare(
        self, number: int, kind: int, answer: bytes, check: Callable[..., Any] | None
    ) -> str:
        expected = self._expected[number]
        if kind == DIGEST:
            same = expected == b"h" + answer
            return "" if same else f"call {number + 1}: a large output that differs"
        if check is None:
            return self._judge.judge(number, answer) or ""
        if answer == expected and not self._always:
            return ""
        try:
            returned = decode(answer)
            if check(loads(self._inputs[number]), loads(expected), returned):
                return ""
        except (Malformed, RecursionError) as error:
            return f"call {number + 1}: what it returned cannot be read: {error!s:.100}"
        except Exception:  # a checker meets what it was not made for
            pass
        return f"call {number + 1}: {self._judge.describe(number, answer)}"
