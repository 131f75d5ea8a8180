"""Checks for which a candidate's process says one word at most: that it ran to its end."""

from __future__ import annotations

import marshal
import os
import re
import signal
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from codeeval.sandbox.bench import GRADER_CPU_SECONDS, Bench, BrokenJail, Case
from codeeval.sandbox.builder import start_of
from codeeval.sandbox.codec import encode, loads
from codeeval.sandbox.grading import conclude, difference, limit_grader
from codeeval.sandbox.host import kept
from codeeval.sandbox.records import FirstRecord, write_all
from codeeval.sandbox.sample import Capture, Order, Sample

__all__ = ["OneWord"]

STDIO_BYTES = 16 * 2**20
SEARCHED = 1 << 14
"""In so much of the end of what is printed it is looked for what failing tests say."""


@dataclass
class Run:
    """One candidate's process that has ended, and what came of it."""

    sample: Sample
    record: tuple[int, bytes] | None
    left: bool
    """Whether something is left of it."""
    status: str
    message: str
    unloadable: bool
    """Whether its code did not even load."""


class OneWord(Bench):
    """Judges tests in the candidate's process, and what programs print."""

    def _judge_asserts(self, check: Mapping[str, Any], case: Case) -> dict[str, Any]:
        """Run tests in the candidate's process; only the nonce at the end is a pass."""
        nonce = os.urandom(16)
        tests = kept(marshal.dumps((check["setup"], check["tests"], nonce), 2))
        order = Order("asserts", (), case.code, -1, tests, self.nothing)
        made = self._run(case, order, nonce, tests)
        return {
            "status": made.status,
            "message": made.message,
            "completed": int(made.status == "passed"),
            "total": 1,
            "failures": [] if made.status == "passed" else [0],
            "sealed": False,
            "usage": made.sample.ending.usage(),
            "recycle": made.left,
            "unloadable": made.unloadable,
        }

    def _judge_stdio(self, check: Mapping[str, Any], case: Case) -> dict[str, Any]:
        """Run the candidate as a script on each input; compare what it printed, outside of it."""
        texts: list[str] = marshal.loads(self.host.blob(check["inputs"]))

        def run(number: int) -> Run:
            made, printed = self._run_program(case, texts[number])
            if made.status == "passed":
                made.message = self._difference(printed.data(), check["expected"], number)
                made.status = "wrong_answer" if made.message else "passed"
            return made

        names = [f"test {number}" for number in range(len(texts))]
        return self._run_each(run, names, sealed=True, keep_going=check["all_failures"])

    def _judge_ending(self, check: Mapping[str, Any], case: Case) -> dict[str, Any]:
        """Run a program with its tests; only the secret at the end of what it prints is a pass."""

        def run(number: int) -> Run:
            made, printed = self._run_program(case, "")
            text, found, rest = printed.data().rpartition(check["secret"].encode())
            said = case.stderr.text()
            last = next((line for line in reversed(said.splitlines()) if line.strip()), "")[:400]
            tail = rest[:SEARCHED].decode("utf-8", "replace").strip()
            ended = found and re.fullmatch(check["after"], tail, re.DOTALL)
            if made.status == "passed" and not ended:
                made.status, made.message = "wrong_answer", "ended before its tests did"
            elif made.status == "passed" and check["fails"] and case.stderr.truncated:
                made.status, made.message = "wrong_answer", "too much on standard error"
            elif made.status == "passed" and check["fails"] and re.search(check["fails"], said):
                made.status, made.message = "wrong_answer", last
            elif made.status == "runtime_error":
                printed_text = (text or rest)[-SEARCHED:].decode("utf-8", "replace")
                everything = f"{made.message}\n{said}\n{printed_text}"
                if check["wrong"] and re.search(check["wrong"], everything):
                    made.status = "wrong_answer"
                made.message = "; ".join(filter(None, (made.message, last)))
            return made

        return self._run_each(run, ["tests"], sealed=False, keep_going=False)

    def _judge_printed(self, check: Mapping[str, Any], case: Case) -> dict[str, Any]:
        """Run a trusted program on each input and hand back what it printed."""
        inputs: list[bytes] = marshal.loads(self.host.blob(check["inputs"]))
        outputs: list[bytes] = []

        def run(number: int) -> Run:
            made, printed = self._run_program(case, loads(inputs[number])[0])
            outputs.append(encode(printed.data().decode("utf-8", "backslashreplace")))
            return made

        names = [f"input {number}" for number in range(len(inputs))]
        result = self._run_each(run, names, sealed=True, keep_going=False)
        return {**result, "outputs": marshal.dumps((outputs, [], [], [], []), 2)}

    def _run_program(self, case: Case, text: str) -> tuple[Run, Capture]:
        """Run the candidate as a program that reads a text."""
        printed = Capture(2 * STDIO_BYTES)
        stdin = kept(text.encode("utf-8", "surrogatepass"))
        order = Order(*start_of(case), case.code, -1, self.nothing, stdin)
        made = self._run(replace(case, stdout=printed), order, b"", stdin)
        ending = made.sample.ending
        if made.record is None and not ending.limit and ending.wait_status == 0:
            made.status, made.message = "passed", ""  # it left by os._exit(0), as it may
        case.stdout.feed(printed.data()[: case.limits["output_bytes"]])
        if made.status == "passed" and printed.truncated:
            made.status, made.message = "output_limit", f"printed {printed.size} bytes"
        return made, printed

    def _judge_unittests(self, check: Mapping[str, Any], case: Case) -> dict[str, Any]:
        """Run each test in a candidate's process of its own; the nonce at its end is a pass."""

        def run(number: int) -> Run:
            nonce = os.urandom(16)
            given = kept(marshal.dumps((check["tests"], nonce), 2))
            what = (check["names"][number],)
            order = Order("unittest", what, case.code, -1, given, self.nothing)
            return self._run(case, order, nonce, given)

        names = check["names"]
        return self._run_each(run, names, sealed=False, keep_going=check["all_failures"])

    def _run_each(
        self, run: Callable[[int], Run], names: list[str], *, sealed: bool, keep_going: bool
    ) -> dict[str, Any]:
        """Run one process after the other until one fails, or with ``keep_going`` all of them."""
        result: dict[str, Any] = {"status": "passed", "message": "", "completed": 0}
        failures, recycle = list[int](), False
        usage = {"wall_seconds": 0.0, "cpu_seconds": 0.0, "memory_bytes": 0, "waiting_seconds": 0.0}
        for number, name in enumerate(names):
            made = run(number)
            recycle |= made.left
            for key, value in made.sample.ending.usage().items():
                usage[key] = max(usage[key], value) if key == "memory_bytes" else usage[key] + value
            if made.status != "passed":
                failures.append(number)
                if result["status"] == "passed":
                    result["status"], result["message"] = made.status, f"{name}: {made.message}"
                if made.unloadable or not keep_going or self.unfit:
                    result["unloadable"] = made.unloadable
                    break
            elif self.unfit and number + 1 < len(names):
                raise BrokenJail("a sample cannot be cleared away")
            result["completed"] = number + 1
        return {
            **result,
            "total": len(names),
            "failures": failures,
            "sealed": sealed,
            "usage": usage,
            "recycle": recycle,
        }

    def _run(self, case: Case, order: Order, nonce: bytes, given: int) -> Run:
        """Run one candidate that says one word at most; ``given`` is closed.

        What it prints counts to its end: it is not settled before that.
        """
        channel, channel_end = os.pipe()
        first = FirstRecord()
        try:
            sample = self.start(case, order._replace(channel=channel_end))
        finally:
            os.close(given)
        left = self.await_word(sample, channel, first)
        status, message, unloadable = conclude(sample, first.record, nonce)
        return Run(sample, first.record, left, status, message, unloadable)

    def _difference(self, printed: bytes, expected: str, number: int) -> str:
        """Compare in a child, which alone knows the answer; return a message if they differ."""
        reader, writer = os.pipe()
        child = os.fork()
        if child == 0:
            try:
                answers = marshal.loads(self.host.blob(expected))
                self.confinement.become(self.confinement.grader)
                limit_grader(GRADER_CPU_SECONDS)
                message = ""
                if printed.strip() != answers[number].strip().encode("utf-8", "surrogatepass"):
                    message = difference(printed, answers[number])
                write_all(writer, b"+" + message.encode("utf-8", "backslashreplace"))
            finally:
                os._exit(0)
        os.close(writer)
        with open(reader, "rb") as file:
            said = file.read()
        code = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if code == -signal.SIGXCPU:
            return "output that takes too long to be compared"
        if said[:1] != b"+":
            raise BrokenJail(f"the grader ended with exit code {code}")
        return said[1:].decode()
