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
from dataclasses import replace
from typing import Any

from codeeval.sandbox.bench import (
    GRACE_SECONDS,
    GRADER_CPU_SECONDS,
    GRADER_KILLED,
    GRADER_WALL_SECONDS,
    NOTHING_COMPLETED,
    BrokenJail,
    Case,
)
from codeeval.sandbox.builder import Built, blame, build, require
from codeeval.sandbox.confine import Confinement
from codeeval.sandbox.costing import Costing
from codeeval.sandbox.counting import CLOCK, CountedCosting, reference_counts
from codeeval.sandbox.examiner import Examiner
from codeeval.sandbox.grading import Grading, limit_grader
from codeeval.sandbox.host import Host, HostGone, Lacking
from codeeval.sandbox.one_word import OneWord
from codeeval.sandbox.records import (
    DIGEST,
    FAILED,
    RAISED,
    SECONDS,
    TOOK,
    VALUE,
    RecordReader,
    printable,
    write_all,
)
from codeeval.sandbox.reference_costs import reference_costs
from codeeval.sandbox.removal import remove
from codeeval.sandbox.sample import CHUNK, Capture, Order, Sample
from codeeval.sandbox.zygote import Zygote

__all__ = ["main"]


class Runner(OneWord):
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
        header = self._with_secret(header, source)
        case = Case(source, limits, stdout, stderr)
        recipe = header.get("recipe")
        try:
            if recipe is not None:
                return self._judge_recipe(header, replace(case, recipe=recipe), reply)
            return self._judge_checks(header, case, reply)
        except BrokenJail as error:
            return {"broken": str(error)}, b""
        except Lacking as error:
            return {"unavailable": str(error), "recycle": True}, b""

    def _with_secret(self, header: Mapping[str, Any], source: int) -> Mapping[str, Any]:
        """Put a secret into a program that is to say it at its end, and into its checks."""
        ends = [check["end"].encode() for check in header["checks"] if check["kind"] == "ending"]
        if not ends:
            return header
        secret = os.urandom(16).hex()
        # The last one is the harness's; what a model writes stands before the tests.
        before, _, after = os.pread(source, os.fstat(source).st_size, 0).rpartition(ends[0])
        text = b"".join((before, secret.encode(), after))
        os.ftruncate(source, 0)
        os.lseek(source, 0, os.SEEK_SET)
        write_all(source, text)
        os.lseek(source, 0, os.SEEK_SET)
        return {**header, "checks": [{**each, "secret": secret} for each in header["checks"]]}

    def _judge_recipe(
        self, header: Mapping[str, Any], case: Case, reply: dict[str, Any]
    ) -> tuple[dict[str, Any], bytes]:
        """Compile a program if need be, go through its checks, tell apart why it failed."""
        recipe, source = case.recipe or {}, case.code
        if recipe["compiler"]:
            built = build(self, source, recipe)
            reply["recycle"] |= built.left
            if built.program is None:
                blame(recipe, source)
                return self._unbuilt(built, "compile_error", header, case, reply), b""
            case = replace(case, code=built.program)
            if self.unfit:
                raise BrokenJail("a compiler cannot be cleared away")
        else:
            require(recipe)
        try:
            reply, outputs = self._judge_checks(header, case, reply)
        finally:
            if case.code != source:
                os.close(case.code)
        failed = [each for each in reply["results"] if each["status"] == "runtime_error"]
        if failed:
            blame(recipe, source)
        fresh = all(each["completed"] == 0 for each in failed)
        if failed and fresh and recipe["checker"] and not self.unfit:
            built = build(self, source, {**recipe, "compiler": recipe["checker"], "product": ""})
            reply["recycle"] |= built.left
            if built.refused:
                return self._unbuilt(built, "syntax_error", header, case, reply), outputs
            if built.program is not None:
                os.close(built.program)
        if recipe["exhausted"] and recipe["exhausted"] in reply["stderr"]:
            for each in failed:
                each["status"] = "memory_limit"
        return reply, outputs

    def _unbuilt(
        self,
        built: Built,
        status: str,
        header: Mapping[str, Any],
        case: Case,
        reply: dict[str, Any],
    ) -> dict[str, Any]:
        """Return the reply for a program whose source is at fault, in each check alike."""
        if not case.stderr.size:
            case.stderr.feed(built.errors.encode())
        failure = {
            "status": status,
            "message": built.message,
            **NOTHING_COMPLETED,
            "total": 1,
            "failures": [0],
            "sealed": True,
            "usage": built.usage,
        }
        reply["results"] = [{**failure, "name": each["name"]} for each in header["checks"]]
        return self._finished(reply, case)

    def _judge_checks(
        self, header: Mapping[str, Any], case: Case, reply: dict[str, Any]
    ) -> tuple[dict[str, Any], bytes]:
        """Go through the checks of a program; return the reply's header and payload."""
        outputs = b""
        for check in header["checks"]:
            judge_check: Callable[..., dict[str, Any]] = getattr(self, "_judge_" + check["kind"])
            result = judge_check(check, case)
            outputs = result.pop("outputs", b"")
            reply["recycle"] |= result.pop("recycle")
            unloadable = result.pop("unloadable", False)
            reply["results"].append({"name": check["name"], **result})
            rest = header["checks"][len(reply["results"]) :]
            if self.unfit and rest and result["status"] == "passed":
                raise BrokenJail("a sample cannot be cleared away")
            if unloadable:  # what cannot be loaded fails every check alike
                rest, reply["results"] = header["checks"], []
            if unloadable or self.unfit:
                reply["results"] += [{**result, "name": other["name"]} for other in rest]
                break
        return self._finished(reply, case), outputs

    def _finished(self, reply: dict[str, Any], case: Case) -> dict[str, Any]:
        for name, stream in (("stdout", case.stdout), ("stderr", case.stderr)):
            reply[name] = stream.text()
            reply["truncated"] = reply.get("truncated", False) or stream.truncated
        return reply

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
            self.confinement.kill_all(self.confinement.grader, self.staying)
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
