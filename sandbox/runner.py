"""The runner: the program inside every jail. It judges one program after the other.

It imports what programs commonly need, starts the zygote, and watches what that forks. It says when
the jail is to be thrown away.

Candidates are forked by the zygote, graders and the examiner by this process: what it knows is
never in the memory of a candidate.
"""

from __future__ import annotations

import contextlib
import gc
import json
import marshal
import os
import select
import signal
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from codeeval.sandbox.bench import (
    GRACE_SECONDS,
    GRADER_CPU_SECONDS,
    GRADER_KILLED,
    GRADER_WALL_SECONDS,
    NOTHING_COMPLETED,
    Bench,
    BrokenJail,
    Case,
)
from codeeval.sandbox.clocks import NoClock
from codeeval.sandbox.confine import Confinement
from codeeval.sandbox.costing import Costing
from codeeval.sandbox.counting import CLOCK, CountedCosting, reference_counts
from codeeval.sandbox.examiner import Examiner
from codeeval.sandbox.grading import Grading, conclude, difference, limit_grader
from codeeval.sandbox.host import Host, HostGone, kept
from codeeval.sandbox.records import (
    DIGEST,
    FAILED,
    RAISED,
    SECONDS,
    TOOK,
    VALUE,
    FirstRecord,
    RecordReader,
    printable,
    write_all,
)
from codeeval.sandbox.reference_costs import reference_costs
from codeeval.sandbox.removal import remove
from codeeval.sandbox.sample import CHUNK, Capture, Order, Sample
from codeeval.sandbox.zygote import Zygote

__all__ = ["main"]

STDIO_BYTES = 16 * 2**20


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


class Runner(Bench):
    """Judges the programs that come in frames."""

    def serve(self) -> None:
        """Answer programs until they end."""
        while True:
            header, source = self.host.receive()
            try:
                reply = self.judge(header, source)
            finally:
                os.close(source)
            self.host.reply(*reply)

    def judge(self, header: Mapping[str, Any], source: int) -> tuple[dict[str, Any], bytes]:
        """Judge one program; return the reply's header and payload."""
        limits = header["limits"]
        reply: dict[str, Any] = {"results": [], "recycle": False}
        stdout, stderr = Capture(limits["output_bytes"]), Capture(limits["output_bytes"])
        case = Case(source, limits, stdout, stderr)
        outputs = b""
        for check in header["checks"]:
            judge_check: Callable[..., dict[str, Any]] = getattr(self, "_judge_" + check["kind"])
            try:
                result = judge_check(check, case)
            except BrokenJail as error:
                return {"broken": str(error)}, b""
            except NoClock as error:
                return {"unavailable": str(error), "recycle": False}, b""
            outputs = result.pop("outputs", b"")
            reply["recycle"] |= result.pop("recycle")
            unloadable = result.pop("unloadable", False)
            reply["results"].append({"name": check["name"], **result})
            rest = header["checks"][len(reply["results"]) :]
            if self.unfit and rest and result["status"] == "passed":
                return {"broken": "a sample cannot be cleared away"}, b""
            if unloadable:  # what cannot be loaded fails every check alike
                rest, reply["results"] = header["checks"], []
            if unloadable or self.unfit:
                reply["results"] += [{**result, "name": other["name"]} for other in rest]
                break
        for name, stream in (("stdout", stdout), ("stderr", stderr)):
            reply[name] = stream.text()
            reply["truncated"] = reply.get("truncated", False) or stream.truncated
        return reply, outputs

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

    def _judge_calls(self, check: Mapping[str, Any], case: Case) -> dict[str, Any]:
        """Call the candidate in one process, compare in another, under another user."""
        channel, channel_end = os.pipe()
        verdict_end, report = os.pipe()
        said = bytearray()
        self.dismiss()
        what = check["entry_point"], check["all_failures"], check["listed"]
        inputs = self.host.file(check["inputs"])
        sample = self.start(
            case, Order("calls", what, case.code, channel_end, inputs, self.nothing)
        )
        sample.grader = grader = os.fork()
        if grader == 0:
            self._grade(check, channel, report, sample)
        os.close(channel)
        os.close(report)

        def take(data: bytes) -> bool:
            said.extend(data)
            if data:
                return False
            if b'"status": "passed"' not in said:
                return True
            sample.settles_at = time.monotonic() + GRACE_SECONDS
            return False

        sample.watch({verdict_end: take}, self.host.frames)
        recycle = self.finish(sample)
        verdict = self._grader_verdict(sample, grader, verdict_end, said, stuck=recycle)
        # A limit that was reached only after the last right answer takes nothing back.
        if verdict["status"] == "ended" or (sample.ending.limit and verdict["status"] != "passed"):
            verdict["status"], verdict["message"] = sample.ending.describe()
        return {**verdict, "sealed": True, "usage": sample.ending.usage(), "recycle": recycle}

    def _grader_verdict(
        self, sample: Sample, grader: int, descriptor: int, said: bytearray, *, stuck: bool
    ) -> dict[str, Any]:
        """Wait for the grader's verdict; a grader that was killed is no verdict.

        One that is ``stuck`` waits for the end of a sample that could not be cleared away.
        """
        deadline = time.monotonic() + (GRACE_SECONDS if stuck else GRADER_WALL_SECONDS)
        poll = select.poll()
        poll.register(descriptor, select.POLLIN)
        poll.register(self.host.frames, 0)
        while time.monotonic() < deadline:
            ready = [number for number, _ in poll.poll(1000)]
            if self.host.frames in ready:
                raise HostGone
            if ready:
                data = os.read(descriptor, CHUNK)
                if not data:
                    break
                said.extend(data)
        os.close(descriptor)
        if sample.grader_status is None:
            self.confinement.kill_all(self.confinement.grader, self.zygotes)
            sample.grader_status = os.waitpid(grader, 0)[1]
        code = os.waitstatus_to_exitcode(sample.grader_status)
        if code == -signal.SIGXCPU:
            message = "answers that take too long to be compared"
            return {"status": "wrong_answer", "message": message} | NOTHING_COMPLETED
        try:
            verdict: dict[str, Any] = json.loads(said)
        except ValueError:
            if stuck:
                return {"status": "ended", "message": ""} | NOTHING_COMPLETED
            if code < 0 and not self.confinement.users:  # in reach of the candidate alone
                return {"status": "runtime_error", "message": GRADER_KILLED} | NOTHING_COMPLETED
            raise BrokenJail(f"the grader ended with exit code {code}") from None
        return verdict

    def _grade(self, check: Mapping[str, Any], channel: int, report: int, sample: Sample) -> None:
        """Be the grader: read the answers, compare, write the verdict; never returns."""
        try:
            expected, seconds = marshal.loads(self.host.blob(check["expected"]))
            inputs = marshal.loads(self.host.blob(check["inputs"]))
            self.confinement.become(self.confinement.grader)
            limit_grader(GRADER_CPU_SECONDS)
            sample.grader = os.getpid()
            verdict = Grading(check, inputs, expected, seconds, sample).run(channel)
            verdict["message"] = printable(verdict["message"])
            write_all(report, json.dumps(verdict).encode())
        except BaseException as error:
            os.write(2, f"grader: {type(error).__name__}: {error}\n".encode())
            os._exit(70)
        os._exit(0)

    def _judge_sealed(self, check: Mapping[str, Any], case: Case) -> dict[str, Any]:
        """Run the candidate in one process and the tests in the examiner's."""
        if self.examiner is None:
            self.examiner = Examiner(self.confinement)
        examiner = self.examiner
        channel, channel_end = os.pipe()
        requests_end, requests = os.pipe()
        said = list[bytes]()

        def take(data: bytes) -> bool:
            said.append(data)
            sample.settles_at = time.monotonic() + GRACE_SECONDS
            return False

        order = Order("served", (), case.code, channel_end, requests_end, self.nothing)
        try:
            sample = self.start(case, order)
        finally:
            os.close(requests_end)
        examiner.examine(self.host.file(check["tests"]), check["tests"], channel, requests)
        sample.watch({examiner.socket.fileno(): take}, self.host.frames)
        recycle = self.finish(sample)
        if not said and not sample.ending.limit:
            # Of what could not be cleared away something may hold its end of a pipe for ever.
            patience = GRACE_SECONDS if recycle else GRADER_WALL_SECONDS
            said.append(self._await_examiner(examiner, patience))
        if said and said[0]:
            verdict: dict[str, Any] = json.loads(said[0])
        else:
            verdict = self._without_examiner(sample, examiner)
        if verdict["status"] == "ended" or (sample.ending.limit and verdict["status"] != "passed"):
            verdict["status"], verdict["message"] = sample.ending.describe()
        return {**verdict, "sealed": True, "usage": sample.ending.usage(), "recycle": recycle}

    def _judge_costs(self, check: Mapping[str, Any], case: Case) -> dict[str, Any]:
        """Measure what calls cost beside those of the reference."""
        with self.pinned():
            kind = CountedCosting if check["clock"] == CLOCK else Costing
            return kind(self, check, case).run()

    def _judge_costs_of_reference(self, check: Mapping[str, Any], case: Case) -> dict[str, Any]:
        """Measure what calls of a trusted reference cost, and hand back its outputs."""
        with self.pinned():
            measure = reference_counts if check["clock"] == CLOCK else reference_costs
            return measure(self, check, case)

    def _judge_outputs(self, check: Mapping[str, Any], case: Case) -> dict[str, Any]:
        """Run a trusted reference and hand back its outputs, with the CPU time of each call."""
        total = len(marshal.loads(self.host.blob(check["inputs"])))
        channel, channel_end = os.pipe()
        reader, outputs, seconds = RecordReader(), list[bytes](), list[float]()
        failure = list[bytes]()

        def take(data: bytes) -> bool:
            for kind, value in reader.feed(data):
                if kind in (FAILED, RAISED):
                    failure.append(value)
                elif kind in (VALUE, DIGEST):
                    outputs.append(b"h" + value if kind == DIGEST else value)
                elif kind == TOOK:
                    seconds.append(SECONDS.unpack(value)[0])
            return bool(failure)

        what, inputs = (check["entry_point"], check["whole"]), self.host.file(check["inputs"])
        sample = self.start(
            case, Order("reference", what, case.code, channel_end, inputs, self.nothing)
        )
        sample.watch({channel: take}, self.host.frames)
        recycle = self.finish(sample)
        os.set_blocking(channel, False)
        with contextlib.suppress(BlockingIOError):
            while data := os.read(channel, CHUNK):
                take(data)
        os.close(channel)
        status, message = "passed", ""
        if failure:
            status, _, message = failure[0].decode("utf-8", "replace").partition("\n")
        elif len(seconds) < total:
            status, message = sample.ending.describe()
        return {
            "status": status,
            "message": message,
            "completed": len(outputs),
            "total": total,
            "failures": [],
            "sealed": True,
            "usage": sample.ending.usage(),
            "recycle": recycle,
            "outputs": marshal.dumps((outputs, seconds, [], [], []), 2),
        }

    def _judge_stdio(self, check: Mapping[str, Any], case: Case) -> dict[str, Any]:
        """Run the candidate as a script on each input; compare what it printed, outside of it."""
        texts: list[str] = marshal.loads(self.host.blob(check["inputs"]))

        def run(number: int) -> Run:
            printed = Capture(2 * STDIO_BYTES)
            stdin = kept(texts[number].encode("utf-8", "surrogatepass"))
            order = Order("script", (), case.code, -1, self.nothing, stdin)
            made = self._run(replace(case, stdout=printed), order, b"", stdin)
            ending = made.sample.ending
            if made.record is None and not ending.limit and ending.wait_status == 0:
                made.status, made.message = "passed", ""  # it left by os._exit(0), as it may
            text = printed.data()
            case.stdout.feed(text[: case.limits["output_bytes"]])
            if made.status == "passed" and printed.truncated:
                made.status, made.message = "output_limit", f"printed {printed.size} bytes"
            elif made.status == "passed":
                made.message = self._difference(text, check["expected"], number)
                made.status = "wrong_answer" if made.message else "passed"
            return made

        names = [f"test {number}" for number in range(len(texts))]
        return self._run_each(run, names, sealed=True, keep_going=check["all_failures"])

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
        left = self._await(sample, channel, first)
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


def probe(confinement: Confinement) -> dict[str, Any]:
    """Say what this jail gives: for the doctor, and for whoever reads a verdict."""
    with open("/proc/self/status") as file:
        facts = dict(line.split(":\t", 1) for line in file if ":\t" in line)
    return {
        "python": sys.version.split()[0],
        "users": confinement.users,
        "filter_calls": confinement.filters_calls,
        "capabilities": facts.get("CapEff", "").strip(),
        "no_new_privileges": facts.get("NoNewPrivs", "").strip(),
        "seccomp": facts.get("Seccomp", "").strip(),
        "pid": os.getpid(),
    }


def main(config: Mapping[str, Any], zygote: Zygote) -> None:
    """Say hello, then serve until nobody asks any more. Started by ``bundle.BOOT``.

    Args:
        config: See `Bench`, and `codeeval.sandbox.zygote.start`.
        zygote: Forks the candidates.
    """
    frames, replies = os.dup(0), os.dup(1)
    null = os.open("/dev/null", os.O_RDWR)
    os.dup2(null, 0)
    os.dup2(2, 1)
    for descriptor in (frames, replies):
        os.set_inheritable(descriptor, False)
    runner = Runner(config, zygote, Host(frames, replies))
    zygote.wait_until_ready()
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        runner.host.reply({"hello": probe(runner.confinement)})
        runner.serve()
    except (HostGone, BrokenPipeError):
        for _ in range(50):
            runner.confinement.kill_all(runner.confinement.user(runner.sequence))
            with contextlib.suppress(ChildProcessError):
                while os.waitpid(-1, os.WNOHANG)[0]:
                    continue
        if config["temporary"]:
            remove(config["temporary"])
        os._exit(0)
